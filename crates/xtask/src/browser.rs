//! Tests that need a browser: storage on real IndexedDB, and the journey through the built app.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::build::{self, Tested};
use crate::step::{cargo, root, run, step};
use crate::tools::{self, Tools};

/// `tests/browser/` in headless Chromium.
pub fn storage_tests(tools: &Tools) -> Result<()> {
    let (_, driver) = tools::chromium()?;
    step("browser tests: storage on real IndexedDB", || {
        let mut test = cargo();
        tools.prepare(&mut test);
        run(test
            .args([
                "test",
                "--locked",
                "--target",
                "wasm32-unknown-unknown",
                "-p",
                "sotay",
                "--test",
                "browser",
            ])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools.wasm_test_runner())
            .env("CHROMEDRIVER", driver)
            // For all of them together: a minute alone, nearly two beside the server's tests on PostgreSQL on two cores.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "900")
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"))
    })
}

/// `tests/e2e/` on the built app and the built server.
pub fn journey(filter: Option<&str>) -> Result<()> {
    let server = Tested::build(&["devices"])?.server;
    let mut node = node(&server)?;
    // Two at a time: one waits for a browser, a disk or a clock while the other works. All of them took 18 minutes one by one on two
    // cores, and 12 to 15 so. Each may take twice as long for it.
    node.args(["--test", "--test-concurrency=2", "--test-timeout=300000", "--test-reporter=spec"]);
    if let Some(filter) = filter {
        node.arg(format!("--test-name-pattern={filter}"));
    }
    step("the journey in Chromium", || run(node.arg("journeys/")))
}

/// Node in `tests/e2e/`, told where the server, the pack and the browser are.
pub fn node(server: &Path) -> Result<Command> {
    let (chromium, _) = tools::chromium()?;
    let mut node = Command::new(tools::node()?);
    node.current_dir(root().join("tests/e2e"))
        .env("SOTAY_SERVER", server)
        .env("SOTAY_PACK", build::default_pack())
        .env("SOTAY_DIST", root().join("dist"))
        .env("SOTAY_ARTIFACTS", build::target().join("e2e"))
        .env("CHROMIUM", chromium);
    Ok(node)
}
