//! How fast forms are read and answers evaluated, without a browser. The program that measures belongs to `crates/scenario`.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::step::{cargo, output, root, run};

const PROGRAM: &str = "bench_engine";

pub fn measure() -> Result<Value> {
    run(cargo().args(["build", "--locked", "--release", "-p", "scenario", "--bin", PROGRAM]))?;
    let program = build::target().join("release").join(PROGRAM);
    let figures = output(Command::new(program).current_dir(root()))?;
    serde_json::from_str(&figures).with_context(|| format!("{PROGRAM} printed no JSON"))
}
