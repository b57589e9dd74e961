//! The main job: from nothing to a running server with the pack in it.

use std::path::PathBuf;

use anyhow::Result;

use crate::build::{self, Profile};
use crate::step::{root, run, step};
use crate::tools::{Need, Tools};

/// The password of the demo sign-ins. They exist only where this task loaded them.
const DEMO_PASSWORD: &str = "sotay-demo";

#[derive(clap::Args)]
pub struct Args {
    /// Where the database and the media lie.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8342")]
    listen: String,
    /// The pack to load.
    #[arg(long)]
    pack: Option<PathBuf>,
}

/// Builds, loads the pack and serves until the person ends it.
pub fn serve(args: &Args) -> Result<()> {
    let tools = Tools::ensure(&[Need::Pwa])?;
    build::pwa(&tools)?;
    let binary = build::server(Profile::Release)?;
    let data = root().join(&args.data);
    let pack = args.pack.clone().unwrap_or_else(build::default_pack);
    step("loading the pack", || {
        run(build::server_command(&binary, &data).args(["pack", "load"]).arg(&pack).args([
            "--demo-users",
            "--demo-password",
            DEMO_PASSWORD,
        ]))
    })?;
    println!(
        "\nOpen http://{} and sign in with one of the names above; the password is {DEMO_PASSWORD}",
        args.listen
    );
    println!("Ctrl+C ends it. The data stays in {}", data.display());
    run(build::server_command(&binary, &data).args(["serve", "--listen", &args.listen]))
}
