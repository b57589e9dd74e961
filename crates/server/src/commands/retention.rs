//! `sotay-server retention`.

use std::process::ExitCode;

use server::config::Config;
use server::{App, clock, persons};

use super::say;

#[derive(clap::Args)]
pub struct Args {
    /// Only say how much that would be.
    #[arg(long)]
    dry_run: bool,
}

/// Erases what is older than the pack says it is kept.
pub async fn run(config: Config, args: Args) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    let now_ms = clock::now_ms();
    let (fields, records) = persons::retention(&app, now_ms, args.dry_run).await?;
    if !args.dry_run {
        // Whoever runs it says that the clock is right.
        app.database().hear(now_ms).await?;
    }
    let what = if args.dry_run { "would be erased" } else { "erased" };
    say(&format!("{fields} fields of {records} records {what}"));
    app.database().close().await;
    Ok(ExitCode::SUCCESS)
}
