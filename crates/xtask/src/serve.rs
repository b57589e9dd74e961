//! The main job: from nothing to a running server with the pack in it.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

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
    let pack = pack(args.pack.as_deref().unwrap_or(&build::default_pack()))?;
    let tools = Tools::ensure(&[Need::Pwa])?;
    pwa::pwa(&tools)?;
    let binary = build::server()?;
    let data = root().join(&args.data);
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
        "\nOpen http://{} and sign in with one of the names above; the password is {DEMO_PASSWORD}, unless it was changed since",
        args.listen
    );
    println!("Ctrl+C ends it. The data stays in {}", data.display());
    let mut server = build::server_command(&binary, &data);
    become_it(server.args(["serve", "--listen", &args.listen.to_string()]))
}

/// The pack's folder as the server finds it, which runs in the project's root wherever the task was called from.
fn pack(named: &Path) -> Result<PathBuf> {
    let pack = std::path::absolute(named)?;
    ensure!(pack.join("pack.toml").is_file(), "there is no pack in {}", pack.display());
    Ok(pack)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run in the crate's folder.
    #[test]
    fn a_pack_is_found_from_where_it_was_named_and_one_that_is_not_there_told() {
        let found = pack(Path::new("../../packs/long-khanh-2024")).expect("it is there");
        assert!(found.is_absolute());
        let told = pack(Path::new("packs/long-khanh-2024")).expect_err("no pack lies there");
        assert!(told.to_string().ends_with("xtask/packs/long-khanh-2024"), "{told}");
    }
}
