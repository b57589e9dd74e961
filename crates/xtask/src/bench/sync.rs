//! How fast phones and a server exchange records. The program that measures belongs to the server's crate.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::step::{cargo, output, run};

const PROGRAM: &str = "bench_sync";

pub fn measure() -> Result<Value> {
    run(cargo().args(["build", "--locked", "--release", "-p", "server", "--example", PROGRAM]))?;
    let program = build::target().join("release/examples").join(PROGRAM);
    // On the disk that servers use: a temporary folder may be in memory.
    let folder = build::target().join("bench");
    let figures = output(Command::new(program).env("TMPDIR", folder))?;
    serde_json::from_str(&figures).with_context(|| format!("{PROGRAM} printed no JSON"))
}
