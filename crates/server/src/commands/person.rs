//! `sotay-server person find`, `person export`, `person erase`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use server::config::Config;
use server::persons::{self, Mention, Place, Wanted};
use server::{App, clock};

use super::say;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List where records speak of a person.
    Find(WhomByValue),
    /// Write all that is held about a person into a ZIP file: `person.json`, and the files.
    Export {
        /// The file to write, which must not be there yet.
        file: PathBuf,
        #[command(flatten)]
        whom: Whom,
    },
    /// Erase what is said of a person: in records, their history and the copies on phones; or the name of an account. It stays
    /// erased when a backup is put back. Figures and records stay.
    Erase {
        #[command(flatten)]
        whom: Whom,
        /// How many mentions `person find` listed: nothing is erased if it is another number now.
        #[arg(long, value_name = "NUMBER", required_unless_present = "account")]
        mentions: Option<usize>,
    },
}

#[derive(clap::Args)]
pub struct WhomByValue {
    /// An answer that is about the person: a name or a phone number. Capitals and accents do not matter.
    #[arg(long, value_name = "TEXT")]
    value: String,
    /// Only in this record, or in this row of it; may be given several times. Two people may have one name.
    #[arg(long = "record", value_name = "RECORD[/ROW]")]
    records: Vec<Place>,
}

#[derive(clap::Args)]
pub struct Whom {
    /// The account of a person who has one.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["value", "records"])]
    account: Option<String>,
    /// An answer that is about the person: a name or a phone number. Capitals and accents do not matter.
    #[arg(long, value_name = "TEXT", required_unless_present = "account")]
    value: Option<String>,
    /// Only in this record, or in this row of it; may be given several times. Two people may have one name.
    #[arg(long = "record", value_name = "RECORD[/ROW]")]
    records: Vec<Place>,
}

/// Finds a person, hands out what is held about them, or erases it.
pub async fn run(config: Config, command: Command) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    let now_ms = clock::now_ms();
    match command {
        Command::Find(WhomByValue { value, records }) => {
            let found = persons::find(&app, &wanted(&value, records)?).await?;
            for mention in &found {
                say(&mentioned(mention));
            }
            say(&format!("{} mentions", found.len()));
        }
        Command::Export { file, whom } => {
            // First: what cannot be written is not handed out either.
            let mut place = new_file(&file).with_context(|| file.display().to_string())?;
            let made = match export(&app, whom, now_ms).await {
                Ok(zip) => place.write_all(&zip).with_context(|| file.display().to_string()),
                Err(error) => Err(error),
            };
            if made.is_err() {
                std::fs::remove_file(&file).unwrap_or_default();
            }
            made?;
            say(&format!("{}: written", file.display()));
        }
        Command::Erase { whom: Whom { account: Some(account), .. }, .. } => {
            if !persons::erase_account(&app, &account, None, now_ms).await? {
                bail!("no account with a name is called {account}");
            }
            say(&format!("{account}: the name is erased, sessions ended"));
        }
        Command::Erase { whom: Whom { value, records, .. }, mentions } => {
            let wanted = wanted(&value.unwrap_or_default(), records)?;
            let erased =
                persons::erase(&app, &wanted, mentions.unwrap_or_default(), None, now_ms).await?;
            for mention in &erased {
                say(&mentioned(mention));
            }
            say(&format!(
                "{} mentions erased; make a backup now, and let older ones go",
                erased.len()
            ));
        }
    }
    app.database().close().await;
    Ok(ExitCode::SUCCESS)
}

/// A file that is nobody else's to read, and was not there before.
fn new_file(file: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

async fn export(app: &App, whom: Whom, now_ms: i64) -> anyhow::Result<Vec<u8>> {
    let Whom { account, value, records } = whom;
    Ok(match account {
        Some(account) => persons::export_account(app, &account, None, now_ms).await?,
        None => {
            let wanted = wanted(&value.unwrap_or_default(), records)?;
            persons::export(app, &wanted, None, now_ms).await?
        }
    })
}

fn wanted(value: &str, records: Vec<Place>) -> anyhow::Result<Wanted> {
    Ok(Wanted::by(value)?.only_in(records.into_iter().collect()))
}

fn mentioned(mention: &Mention) -> String {
    let Mention { record, form, unit, person, row, paths } = mention;
    format!("{record}  {form:<24} {unit:<24} {person} {row} ({} fields)", paths.len())
}
