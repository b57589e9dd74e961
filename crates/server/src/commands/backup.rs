//! `sotay-server backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use server::backup::{self, Moved};
use server::clock;
use server::config::Config;

use super::{say, tell};

#[derive(clap::Args)]
pub struct Args {
    /// The backup folder, best on another disk.
    folder: PathBuf,
}

/// Adds a copy to a backup folder.
pub async fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let moved = backup::backup(config, &args.folder, clock::now_ms()).await?;
    Ok(tell_moved(&moved, "copied and checked"))
}

/// What was copied, in a line. Exit code 1 if a file is lost.
pub(super) fn tell_moved(moved: &Moved, what: &str) -> ExitCode {
    let Moved { copy, held, copied, lost } = moved;
    for hash in lost {
        tell(&format!(
            "{hash}: missing or damaged; the phones that have it are asked for it again"
        ));
    }
    say(&format!("{}: {what}; {copied} files copied, {held} there already", copy.display()));
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
