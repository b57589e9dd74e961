//! `sotay-server`: serves, loads packs, manages people, makes backups. This reads the arguments; what is done is in `commands`.

mod commands;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};
use server::config::Config;

use commands::{
    audit, backup, bundle, key, pack, person, restore, retention, serve, session, tell, user,
};

/// The server of Sotay: keeps what phones send and serves the app.
#[derive(Parser)]
#[command(name = "sotay-server", version, arg_required_else_help = true)]
struct Cli {
    /// The folder of the database and the files.
    #[arg(long, global = true, env = "SOTAY_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Keep the records in this PostgreSQL database, which several servers may share: `postgres://USER:PASSWORD@HOST/NAME`. It
    /// must exist. Without it they are in a file in the data folder.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
    /// Keep photos and other files in this bucket, which several servers may share: `s3://BUCKET/PREFIX`. `AWS_ENDPOINT_URL`,
    /// `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and the like say how. Without it they are in the data folder.
    #[arg(long, global = true, env = "SOTAY_BLOBS", value_name = "URL")]
    blobs: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app and its API until interrupted.
    Serve(serve::Args),
    /// Check a pack folder, or put it in force.
    #[command(subcommand)]
    Pack(pack::Command),
    /// People who may sign in.
    #[command(subcommand)]
    User(user::Command),
    /// Who is signed in, on which device.
    #[command(subcommand)]
    Session(session::Command),
    /// Who did what, when, to what.
    #[command(subcommand)]
    Audit(audit::Command),
    /// What is held about a person: find it, hand it out, erase it.
    #[command(subcommand)]
    Person(person::Command),
    /// Erase the personal data that are older than the pack says they are kept. A server that runs does so daily.
    Retention(retention::Args),
    /// Work of phones that came as files.
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// The organisation's keys: what phones seal such files to.
    #[command(subcommand)]
    Key(key::Command),
    /// Add a copy of all data to a backup folder, while the server runs, and prove it. Files that the folder holds
    /// already are not copied again.
    Backup(backup::Args),
    /// Put a copy of a backup folder into an empty data folder, and prove every file.
    Restore(restore::Args),
}

impl Command {
    /// Whether it may come to an empty place: all others ask about what is there.
    fn makes_database(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Pack(_) | Self::Restore(_))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            ExitCode::from(1)
        }
    }
}

/// For people at a terminal, JSON otherwise. `RUST_LOG` chooses what is written.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_not_set| "info,tower_http=info".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().with_span_list(false).init();
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Not by the parser, which would print the value: it has a password in it.
    let is_postgres =
        |url: &String| url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !cli.database.as_ref().is_none_or(is_postgres) {
        bail!(
            "--database, or DATABASE_URL, must begin with postgres://; an SQLite file is in the folder that --data names"
        );
    }
    let of_store = |(name, value): (OsString, OsString)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        name.starts_with("AWS_").then(|| (name.to_ascii_lowercase(), value))
    };
    let config = Config {
        database_url: cli.database,
        blobs_url: cli.blobs,
        blobs_options: std::env::vars_os().filter_map(of_store).collect(),
        ..Config::new(&cli.data)
    };
    if !cli.command.makes_database() {
        commands::expect_database(&config)?;
        commands::expect_version(&config).await?;
    }
    match cli.command {
        Command::Serve(args) => serve::run(config, args).await,
        Command::Pack(command) => pack::run(&config, command).await,
        Command::User(command) => user::run(&config, command).await,
        Command::Session(command) => session::run(&config, command).await,
        Command::Audit(command) => audit::run(&config, command).await,
        Command::Person(command) => person::run(config, command).await,
        Command::Retention(args) => retention::run(config, args).await,
        Command::Bundle(command) => bundle::run(config, command).await,
        Command::Key(command) => key::run(&config, command).await,
        Command::Backup(args) => backup::run(&config, args).await,
        Command::Restore(args) => restore::run(&config, args).await,
    }
}
