//! What `sotay-server` does: a file for each command, with its arguments and what it prints.

pub mod audit;
pub mod backup;
pub mod bundle;
pub mod key;
pub mod pack;
pub mod person;
pub mod restore;
pub mod retention;
pub mod serve;
pub mod session;
pub mod user;

use std::cmp::Ordering;
use std::io::Write;

use anyhow::{Context, bail};
use server::clock;
use server::config::Config;
use server::database::Database;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A line for whoever runs the command. A closed pipe is not an error: nobody is left to read it.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap_or_default();
}

/// A line of what went wrong.
pub fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
}

/// A folder that was mistyped is no empty database: it would answer that all is well.
pub fn expect_database(config: &Config) -> anyhow::Result<()> {
    if config.database_url.is_none() && !config.database_file().exists() {
        let folder = config.data.display();
        bail!(
            "there is no database in {folder}: --data names its folder; `pack load` and `serve` make one"
        );
    }
    Ok(())
}

/// A command of a newer program would change the tables of the older server that runs, and that one could never be started again.
pub async fn expect_version(config: &Config) -> anyhow::Result<()> {
    let age = Database::age(config).await.with_context(|| config.database_name())?;
    if age.is_some_and(Ordering::is_lt) {
        bail!(
            "{} is of an older version than this program: start this version's `serve` first",
            config.database_name()
        );
    }
    Ok(())
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    config.make_data_folder().with_context(|| config.data.display().to_string())?;
    let database = Database::of(config, clock::now_ms()).await;
    database.with_context(|| config.database_name())
}

fn date(ms: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| ms.to_string())
}
