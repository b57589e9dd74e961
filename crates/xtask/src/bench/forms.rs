//! Opens generated forms here and in ODK Web Forms, run by run in turn, with a harness that knows neither.
//!
//! The harness drives `/forms/preview`, which anybody may open: page by page as phones do, and the whole form on one page.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::harness::{Harness, copy};
use crate::build::{self, Running};
use crate::step::{root, run};
use crate::tools::{Need, Tools};
use crate::{browser, pwa};

/// What is compared.
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// How often `forms` opens each form.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Which forms `forms` opens.
    #[arg(long, default_value = "bench100r50x10,bench1000,bench5000")]
    forms: String,
}

pub fn measure(args: &Args, harness: &Harness) -> Result<Value> {
    let tools = Tools::ensure(Need::ALL)?;
    pwa::pwa(&tools)?;
    let server = build::server()?;
    let place = harness.fetch()?;
    prepare(&place)?;

    let site = place.join("site");
    copy(&root().join("dist"), &site)?;
    copy(&place.join("forms"), &site.join("forms"))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let data = place.join("data");
    std::fs::create_dir_all(&data)?;
    let mut serve = build::server_command(&server, &data);
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).env("SOTAY_APP", &site);
    let _running = Running::start(serve.stdout(Stdio::null()).stderr(Stdio::null()))?;

    let address = format!("http://127.0.0.1:{port}/forms/preview");
    let pages = format!("{address}?src=/forms/{{form}}.xml");
    let whole = format!("{address}?view=whole&src=/forms/{{form}}.xml");
    let results = place.join("results/forms.json");
    if results.exists() {
        std::fs::remove_file(&results)?;
    }
    let mut node = browser::node(&server)?;
    node.current_dir(&place).args(["run_forms.mjs", "--answer-runs", "1"]);
    node.args(["--target", &format!("odk,{pages},{whole}")]);
    node.args(["--forms", &args.forms, "--runs", &args.runs.to_string()]);
    run(&mut node)?;
    let figures = std::fs::read_to_string(&results).context("the harness left no figures")?;
    named(serde_json::from_str(&figures)?, &[(&pages, "pages"), (&whole, "whole")])
}

/// The harness's figures under names that do not change from run to run. Where it answered nothing (it sees only what is in the page, and
/// `pages` has one page of the form there) its figures of answers are of failing, and are left out with what it said.
fn named(mut figures: Value, names: &[(&str, &str)]) -> Result<Value> {
    let targets = figures.as_object_mut().context("the harness's figures are no object")?;
    for (address, name) in names {
        if let Some(of_target) = targets.remove(*address) {
            targets.insert((*name).to_owned(), of_target);
        }
    }
    let of_forms = targets.values_mut().filter_map(Value::as_object_mut);
    let measured = of_forms.flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for figures in measured.flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        if figures.get("answers").is_some_and(|answers| answers["n"] == 0) {
            let said =
                figures.remove("answers").map_or(Value::Null, |mut of| of["firstErr"].take());
            figures.insert("answers_not_measured".to_owned(), said);
        }
    }
    Ok(figures)
}

/// Fetches what the harness needs for forms, once: their generator, the peer's page.
fn prepare(place: &Path) -> Result<()> {
    let here = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(place);
        command
    };
    // The last that the generator makes.
    if !place.join("forms/bench5000c10.json").exists() {
        run(here(Path::new("python3")).args(["-m", "venv", "venv"]))?;
        run(here(&place.join("venv/bin/pip")).args(["install", "-q", "pyxform", "openpyxl"]))?;
        run(here(Path::new("bash")).arg("gen/gen_all.sh"))?;
    }
    if !place.join("dist/odk").exists() {
        run(here(Path::new("bash")).arg("build_odk.sh"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_called_alike_in_each_run_and_what_was_not_answered_is_no_figure() {
        let here = "http://127.0.0.1:4711/forms/preview?src=/forms/{form}.xml";
        let answered = json!({"n": 200, "errors": 0, "cpu_ms_each": 3.1});
        let figures = json!({
            here: {"bench100": {"x4": {"ready_ms": 7, "answers": {"n": 0, "errors": 200, "firstErr": "no element q12", "cpu_ms_each": 12.7}}}},
            "odk": {"bench100": {"x4": {"ready_ms": 9, "answers": answered}}},
        });
        let named = named(figures, &[(here, "pages")]).expect("figures");
        let expected = json!({
            "pages": {"bench100": {"x4": {"ready_ms": 7, "answers_not_measured": "no element q12"}}},
            "odk": {"bench100": {"x4": {"ready_ms": 9, "answers": answered}}},
        });
        assert_eq!(named, expected);
    }
}
