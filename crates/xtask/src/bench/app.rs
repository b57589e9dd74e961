//! Runs a program of `tests/e2e/bench/` on the built app and the released server.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::step::output;
use crate::tools::{Need, Tools};
use crate::{browser, pwa};

pub fn measure(program: &str) -> Result<Value> {
    let tools = Tools::ensure(Need::ALL)?;
    pwa::pwa(&tools)?;
    let server = build::server()?;
    let mut node = browser::node(&server)?;
    let figures = output(node.arg(format!("bench/{program}")))?;
    serde_json::from_str(&figures).context("the figures are no JSON")
}
