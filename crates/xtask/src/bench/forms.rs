//! Opens generated forms here and in ODK Web Forms, run by run in turn, with a harness that knows neither.
//!
//! The harness drives `/forms/preview`, which anybody may open: page by page as phones do, and the whole form on one page.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build::{self, Profile};
use crate::step::{root, run};
use crate::tools::{self, Need, Tools};
use crate::{browser, pwa};

/// What is compared.
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// The folder of the harness that `forms` uses.
    #[arg(long, env = "SOTAY_PEERS", default_value = "../shared/peers")]
    peers: PathBuf,
    /// How often `forms` opens each form.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Which forms `forms` opens.
    #[arg(long, default_value = "bench100r50x10,bench1000,bench5000")]
    forms: String,
}

impl Args {
    fn harness(&self) -> PathBuf {
        root().join(&self.peers)
    }

    /// Whether the harness is on this machine.
    pub fn has_harness(&self) -> bool {
        self.harness().join("run_forms.mjs").is_file()
    }
}

/// A server that ends with its scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub fn measure(args: &Args) -> Result<Value> {
    if !args.has_harness() {
        bail!("no harness in {}: say where it is with --peers", args.harness().display());
    }
    let tools = Tools::ensure(Need::ALL)?;
    pwa::pwa(&tools)?;
    let server = build::server(Profile::Release)?;
    let place = build::target().join("bench/peers");
    copy(&args.harness(), &place)?;
    prepare(&place)?;

    let site = place.join("site");
    copy(&root().join("dist"), &site)?;
    copy(&place.join("forms"), &site.join("forms"))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let data = place.join("data");
    std::fs::create_dir_all(&data)?;
    let mut serve = build::server_command(&server, &data);
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).env("SOTAY_APP", &site);
    let _running = Running(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);

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
    Ok(serde_json::from_str(&figures)?)
}

/// Fetches what the harness needs, once: its packages, the generator of forms, the peer's page.
fn prepare(place: &Path) -> Result<()> {
    let here = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(place);
        command
    };
    if !place.join("node_modules").exists() {
        let mut npm = tools::npm()?;
        npm.current_dir(place).args(["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run(&mut npm)?;
    }
    if !place.join("forms").exists() {
        run(here(Path::new("python3")).args(["-m", "venv", "venv"]))?;
        run(here(&place.join("venv/bin/pip")).args(["install", "-q", "pyxform", "openpyxl"]))?;
        run(here(Path::new("bash")).arg("gen/gen_all.sh"))?;
    }
    if !place.join("dist/odk").exists() {
        run(here(Path::new("bash")).arg("build_odk.sh"))?;
    }
    Ok(())
}

/// Copies a folder over another. The originals may be read-only, their copies must not be.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::write(&target, std::fs::read(&source)?)?;
        }
    }
    Ok(())
}
