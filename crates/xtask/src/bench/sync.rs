//! How fast phones and a server exchange records: phones without a browser, which belong to the server's crate, a first pull and a
//! push in Chromium, and the same records in `PouchDB` with its server.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::harness::{Harness, install};
use crate::build;
use crate::step::{cargo, output, run};
use crate::tools::{Need, Tools};
use crate::{browser, pwa};

const PROGRAM: &str = "bench_sync";

pub fn measure(harness: &Harness) -> Result<Value> {
    let tools = Tools::ensure(Need::ALL)?;
    pwa::pwa(&tools)?;
    let server = build::server()?;
    run(cargo().args(["build", "--locked", "--release", "-p", "server", "--example", PROGRAM]))?;
    let program = build::target().join("release/examples").join(PROGRAM);
    // On the disk that servers use: a temporary folder may be in memory.
    let folder = build::target().join("bench");
    let mut program = Command::new(program);
    let figures = output(program.env("TMPDIR", &folder).env("SOTAY_SERVER", &server))?;
    let phones: Value =
        serde_json::from_str(&figures).with_context(|| format!("{PROGRAM} printed no JSON"))?;

    let in_chromium = |bench: &str| -> Result<Value> {
        let mut node = browser::node(&server)?;
        node.arg(bench).env("TMPDIR", &folder);
        if harness.is_here() {
            node.env("PEERS", harness.folder());
        }
        let figures = output(&mut node)?;
        serde_json::from_str(&figures).with_context(|| format!("{bench} printed no JSON"))
    };
    let pull = in_chromium("bench/pull.mjs")?;
    let push = in_chromium("bench/push.mjs")?;
    let peers = if harness.is_here() { peers(harness)? } else { Value::Null };
    Ok(json!({ "phones": phones, "chromium": { "pull": pull, "push": push }, "pouchdb": peers }))
}

/// `PouchDB` in Chromium and its server, the same records, as the harness measures them.
fn peers(harness: &Harness) -> Result<Value> {
    /// The harness builds this page for its measure of stores only.
    const PAGE: &str = "import { build } from 'esbuild';
        import { writeFileSync } from 'node:fs';
        await build({ entryPoints: ['store/page.js'], bundle: true, format: 'iife', minify: true,
            outfile: 'dist/store/page.js', alias: { dexie: './node_modules/rxdb/node_modules/dexie' },
            define: { global: 'globalThis', 'process.env.NODE_ENV': '\"production\"' } });
        writeFileSync('dist/store/sync.html', '<!doctype html><meta charset=utf-8><script src=\"page.js\"></script>');";
    let place = harness.fetch()?;
    install(&place.join("pds"))?;
    let here = |arguments: &[&str]| -> Result<()> {
        let mut node = Command::new(crate::tools::node()?);
        run(node.current_dir(&place).args(arguments).env("CHROMIUM", crate::tools::chromium()?.0))
    };
    here(&["--input-type=module", "--eval", PAGE])?;
    let results = place.join("results/sync.json");
    if results.exists() {
        std::fs::remove_file(&results)?;
    }
    here(&["run_sync.mjs", "--runs", "1", "--pull", "10000", "--push", "10000"])?;
    let figures = std::fs::read_to_string(&results).context("the harness left no figures")?;
    Ok(serde_json::from_str(&figures)?)
}
