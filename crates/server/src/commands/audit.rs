//! `sotay-server audit list`, `audit verify`.

use std::process::ExitCode;

use server::config::Config;
use server::database::AuditOf;
use sync::wire::Hash;

use super::{date, open, say, tell};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the newest rows, newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 50, value_name = "ROWS")]
        last: u64,
        /// Only rows before this one.
        #[arg(long, value_name = "ROW")]
        before: Option<i64>,
    },
    /// Prove that no row was changed, removed or moved, and print the head: the last row and its hash. Exit code 1 if one was.
    Verify {
        /// A head that an earlier run printed and that was noted elsewhere: proves that the log was not written anew since.
        #[arg(long, value_parser = noted_head, value_name = "ROW:HASH")]
        head: Option<(u64, Hash)>,
    },
}

fn noted_head(text: &str) -> Result<(u64, Hash), String> {
    let read = |(row, hash): (&str, &str)| Some((row.parse().ok()?, hash.parse().ok()?));
    text.split_once(':').and_then(read).ok_or_else(|| "a row and its hash, as 17:9f…".to_owned())
}

/// Prints the log, or proves it.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let database = open(config).await?;
    match command {
        Command::List { last, before } => {
            for entry in database.audit(AuditOf::All, before, last).await? {
                let actor = entry.actor.as_deref().unwrap_or("-");
                let unit = entry.unit.as_deref().unwrap_or("-");
                say(&format!(
                    "{:>6}  {}  {actor:<16} {:<16} {:<24} {unit:<24} {}",
                    entry.seq,
                    date(entry.at_ms),
                    entry.action,
                    entry.object,
                    entry.detail
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { head } => match database.verify_audit(head).await? {
            Ok((rows, head)) => {
                say(&format!("{rows} rows, none changed, removed or moved; head {rows}:{head}"));
                Ok(ExitCode::SUCCESS)
            }
            Err(broken) => {
                tell(&format!("the audit log was tampered with: {broken}"));
                Ok(ExitCode::from(1))
            }
        },
    }
}
