//! `sotay-server session list`, `session revoke`.

use std::process::ExitCode;

use anyhow::bail;
use server::clock;
use server::config::Config;
use server::database::{Revoked, Seen};

use super::{date, open, say};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List open sessions, newest use first, and those that ended with something else on devices where nobody signed in since.
    List,
    /// End a session, as for a lost phone. What it still sends is kept in quarantine.
    Revoke {
        /// Its number.
        id: i64,
        /// The device is lost: it locks when it hears of that, and where the pack says so it empties itself of what the
        /// server has.
        #[arg(long)]
        lost: bool,
    },
}

/// Lists sessions, or ends one.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let database = open(config).await?;
    match command {
        Command::List => {
            for session in database.sessions(Seen::All).await? {
                let (id, account) = (session.id, session.account);
                let unsent = session.unsent.map_or("?".to_owned(), |unsent| unsent.to_string());
                say(&format!(
                    "{id:>6}  {account:<16} last heard of {}  unsent {unsent:<4} files missing {:<4} {}{}",
                    date(session.contact_ms),
                    session.files_missing,
                    session.device_name,
                    if session.ended_ms.is_some() { "  (ended)" } else { "" }
                ));
            }
        }
        Command::Revoke { id, lost } => {
            let how = if lost { Revoked::Lost } else { Revoked::SignedOut };
            if !database.revoke_session(id, how, None, clock::now_ms()).await? {
                bail!("no session that can be ended has the number {id}");
            }
            say(&format!("session {id}: ended"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
