//! Requests that schemathesis makes up out of the API's own description, against the real server, by people of each role: no
//! answer may be a server's error, or one that the description does not tell of.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::build::{self, Running, Tested};
use crate::step::{root, run, step};
use crate::tools;

/// Who asks: two whom the pack brings, and one who manages accounts.
const OFFICER: &str = "canbo.longkhanh";
const COORDINATOR: &str = "dieuphoi";
const ADMINISTRATOR: &str = "quantri";
const PASSWORD: &str = "a password for this run only";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[derive(clap::Args)]
pub struct Args {
    /// For how long each person asks.
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// The seed of a run that is to be seen again.
    #[arg(long)]
    seed: Option<String>,
}

pub fn schemathesis(args: &Args) -> Result<()> {
    let program = tools::schemathesis()?;
    let server = Tested::build(&["devices"])?.server;
    let data = build::target().join("schemathesis");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::create_dir_all(&data)?;
    step("the pack and three people", || people(&server, &data))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut serve = build::server_command(&server, &data);
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
    let log = std::fs::File::create(data.join("server.log"))?;
    let _running = Running::start(serve.stdout(Stdio::null()).stderr(log))?;

    let address = format!("http://127.0.0.1:{port}");
    let mut found = Vec::new();
    for name in [OFFICER, COORDINATOR, ADMINISTRATOR] {
        let mut ask = Command::new(&program);
        ask.arg("run").arg(format!("{address}/api/openapi.json"));
        ask.args(["--wait-for-schema", "60", "--checks", CHECKS, "--continue-on-failure"]);
        ask.args(["--warnings", "off", "--max-time", &(args.minutes * 60).to_string()]);
        // Whoever has signed out is answered nothing more.
        ask.args(["--exclude-operation-id", "sign_out"]);
        if let Some(seed) = &args.seed {
            ask.args(["--seed", seed]);
        }
        ask.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", root().join("tests/schemathesis"));
        ask.env("SOTAY_NAME", name).env("SOTAY_PASSWORD", PASSWORD);
        ask.env("SOTAY_SERVER_ADDRESS", &address).current_dir(&data);
        if let Err(error) = step(&format!("requests of {name}"), || run(&mut ask)) {
            println!("{error:#}");
            found.push(name);
        }
    }
    if !found.is_empty() {
        bail!("wrong answers for {}; the server's log is in {}", found.join(", "), data.display());
    }
    Ok(())
}

fn people(server: &Path, data: &Path) -> Result<()> {
    let mut load = build::server_command(server, data);
    load.args(["pack", "load"]).arg(build::default_pack());
    run(load.args(["--demo-users", "--demo-password", PASSWORD]))?;
    let password = data.join("password");
    std::fs::write(&password, PASSWORD)?;
    let mut add = build::server_command(server, data);
    add.args(["user", "add", ADMINISTRATOR, "--role", "administrator"]);
    run(add.args(["--unit", "so_noi_vu_dong_nai", "--password-file"]).arg(password))
}
