//! `sotay-server restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use server::backup;
use server::config::Config;

use super::backup::tell_moved;

#[derive(clap::Args)]
pub struct Args {
    /// The backup folder.
    folder: PathBuf,
    /// The copy's file name; the newest, if not given.
    #[arg(long, value_name = "NAME")]
    copy: Option<String>,
}

/// Puts a copy back.
pub async fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let moved = backup::restore(config, &args.folder, args.copy.as_deref()).await?;
    Ok(tell_moved(&moved, "put back and checked"))
}
