//! `sotay-server key show`, `key rotate`.

use std::process::ExitCode;

use anyhow::bail;
use server::bundle::keys::{KeyFolder, OrganisationKey};
use server::clock;
use server::config::Config;

use super::{open, say};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the name of the key in force, and whether its private half is here.
    Show,
    /// Put a new key in force. The old ones stay: files sealed to them are still on their way.
    Rotate,
}

/// Shows the organisation's key, or makes a new one.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let database = open(config).await?;
    let keys = KeyFolder::new(config.key_folder());
    match command {
        Command::Show => {
            let Some(key) = database.organisation_key().await? else {
                bail!("the organisation has no key yet; the server makes it when it starts");
            };
            let is_here = keys.find(key.id())?.is_some();
            say(&format!("{}: {}", key.id(), if is_here { "in force" } else { "not here" }));
            Ok(if is_here { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Rotate => {
            let key = OrganisationKey::new();
            keys.add(&key)?;
            database.add_organisation_key(&key.public(), false, clock::now_ms()).await?;
            say(&format!("{}: in force", key.public().id()));
            Ok(ExitCode::SUCCESS)
        }
    }
}
