//! The main job: from nothing to a running server with the pack in it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::build;
use crate::pwa;
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
    listen: SocketAddr,
    /// The pack to load.
    #[arg(long)]
    pack: Option<PathBuf>,
}

/// Builds, loads the pack and serves until the person ends it.
pub fn serve(args: &Args) -> Result<()> {
    // Minutes of building come before the server would find out.
    TcpListener::bind(args.listen).with_context(|| {
        let (listen, next) = (args.listen, args.listen.port().wrapping_add(1));
        format!("cannot listen on {listen}: does a server run there already? End it, or choose another address: --listen {}:{next}", listen.ip())
    })?;
    let tools = Tools::ensure(&[Need::Pwa])?;
    pwa::pwa(&tools)?;
    let binary = build::server()?;
    let data = root().join(&args.data);
    let pack = args.pack.clone().unwrap_or_else(build::default_pack);
    step("loading the pack", || {
        run(build::server_command(&binary, &data).args(["pack", "load"]).arg(&pack).args([
            // Whoever tries packs out tries different ones.
            "--replace",
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
    let mut server = build::server_command(&binary, &data);
    become_it(server.args(["serve", "--listen", &args.listen.to_string()]))
}

/// Puts the server in this process's place: what ends this task then ends the server, which finishes its work first.
#[cfg(unix)]
fn become_it(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(server.exec()).with_context(|| format!("could not start {server:?}"))
}

#[cfg(not(unix))]
fn become_it(server: &mut Command) -> Result<()> {
    run(server)
}
