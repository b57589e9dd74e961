//! `sotay-server pack check`, `pack load`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use server::config::Config;
use server::database::Database;
use server::{clock, pack_load};

use super::{expect_version, open, say, tell};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List everything that is wrong with a pack, by file, row and column. Exit code 1 if it cannot be loaded.
    Check {
        /// The pack's folder.
        folder: PathBuf,
    },
    /// Put a pack in force. With any error in it nothing changes. Forms of earlier packs stay.
    Load {
        /// The pack's folder.
        folder: PathBuf,
        /// Also where it is another pack than the one in force, lacks units that people or records are of, lays records or a
        /// programme out of people's sight, or calls a question personal that no version of its form asks.
        #[arg(long)]
        replace: bool,
        /// Add the people that the pack names for trying it out.
        #[arg(long)]
        demo_users: bool,
        /// The password of those people, instead of the pack's own.
        #[arg(long, env = "SOTAY_DEMO_PASSWORD", requires = "demo_users", value_name = "PASSWORD")]
        demo_password: Option<String>,
    },
}

/// Checks a pack, or puts it in force.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { folder } => {
            let files = pack_load::read_folder(&folder)?;
            let is_good = report(&files).is_some();
            Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Load { folder, replace, demo_users, demo_password } => {
            let files = pack_load::read_folder(&folder)?;
            let Some(checked) = report(&files) else {
                bail!("the pack has errors; nothing was loaded")
            };
            expect_version(config).await?;
            let database = open(config).await?;
            let mut against = pack_load::losses(&database, &checked.pack).await?;
            against.extend(pack_load::mistyped(&database, &checked).await?);
            for line in &against {
                tell(line);
            }
            if !against.is_empty() && !replace {
                bail!("nothing was loaded; --replace puts it in force all the same");
            }
            let mut warnings = pack_load::left_out(&database, &checked.pack).await?;
            warnings.extend(pack_load::same_version(&database, &checked).await?);
            for line in warnings {
                tell(&format!("warning: {line}"));
            }
            load(&database, &checked).await?;
            if demo_users {
                add_demo_users(&database, &checked, demo_password.as_deref()).await?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints every problem; the pack if there is none that matters.
fn report(files: &BTreeMap<String, Vec<u8>>) -> Option<pack_load::Checked> {
    let (checked, problems) = pack_load::check(files);
    for problem in &problems {
        tell(&problem.to_string());
    }
    let warnings = problems.iter().filter(|problem| problem.is_warning).count();
    let errors = problems.len() - warnings;
    say(&format!("{} files, {errors} errors, {warnings} warnings", files.len()));
    checked
}

async fn load(database: &Database, checked: &pack_load::Checked) -> anyhow::Result<()> {
    let new = checked.to_load();
    let now_ms = clock::now_ms();
    let changed = database.load_pack(&new, now_ms).await?;
    let what = if changed { "in force now" } else { "was in force already" };
    let (forms, units) = (new.forms.len(), new.units.len());
    say(&format!(
        "{}: {what}; {forms} forms, {units} units, {}",
        checked.pack.manifest.id, new.hash
    ));
    for line in pack_load::out_of_time(database, &checked.pack, now_ms).await? {
        say(&line);
    }
    Ok(())
}

async fn add_demo_users(
    database: &Database,
    checked: &pack_load::Checked,
    password: Option<&str>,
) -> anyhow::Result<()> {
    let users = checked.demo_users();
    let there = pack_load::add_demo_users(database, users, password, clock::now_ms()).await?;
    for user in users {
        let kept = if there.contains(&user.name) { " (left as it was, password too)" } else { "" };
        say(&format!(
            "  {:<16} {:<14} {:<24} {}{kept}",
            user.name, user.role, user.unit, user.full_name
        ));
    }
    Ok(())
}
