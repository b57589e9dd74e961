//! `sotay-server`: serves, loads packs, manages people, makes backups.

use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use server::accounts::{self, CODE_MINUTES, MAX_CODE_MINUTES, MAX_NAME, Role};
use server::bundle::keys::{KeyFolder, OrganisationKey};
use server::bundle::{self, ImportError, Receipt};
use server::config::{Config, Schedule};
use server::database::{AuditOf, Database, NewAccount, NewClient, Revoked, Seen};
use server::persons::{Mention, Wanted};
use server::{App, backup, clock, openrosa, pack_load, passwords, persons};
use sync::wire::{DeviceId, Hash, RecordId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The server of Sotay: keeps what phones send and serves the app.
#[derive(Parser)]
#[command(name = "sotay-server", version, arg_required_else_help = true)]
struct Cli {
    /// The folder of the database and the files.
    #[arg(long, global = true, env = "SOTAY_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Keep the records in this PostgreSQL database, which several servers may share: `postgres://USER:PASSWORD@HOST/NAME`. It
    /// must exist. Without it they are in a file in the data folder.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = postgres_url)]
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
    Serve(Serve),
    /// Check a pack folder, or put it in force.
    #[command(subcommand)]
    Pack(PackCommand),
    /// People who may sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Who is signed in, on which device.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Who did what, when, to what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// What is held about a person: find it, hand it out, erase it.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Erase the personal data that are older than the pack says they are kept. A server that runs does so daily.
    Retention {
        /// Only say how much that would be.
        #[arg(long)]
        dry_run: bool,
    },
    /// Work of phones that came as files.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// The organisation's keys: what phones seal such files to.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add a copy of all data to a backup folder, while the server runs, and prove it. Files that the folder holds
    /// already are not copied again.
    Backup {
        /// The backup folder, best on another disk.
        folder: PathBuf,
    },
    /// Put a copy of a backup folder into an empty data folder, and prove every file.
    Restore {
        /// The backup folder.
        folder: PathBuf,
        /// The copy's file name; the newest, if not given.
        #[arg(long, value_name = "NAME")]
        copy: Option<String>,
    },
}

#[derive(Args)]
struct Serve {
    /// The address to listen on.
    #[arg(long, env = "SOTAY_LISTEN", default_value = "127.0.0.1:8342")]
    listen: SocketAddr,
    /// The address that people type, for example `https://sotay.example.vn`. With https, cookies are sent over https only.
    #[arg(long, env = "SOTAY_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// A reverse proxy stands in front: believe its X-Forwarded-For and X-Forwarded-Proto.
    #[arg(long, env = "SOTAY_BEHIND_PROXY")]
    behind_proxy: bool,
    /// People of these roles who have a passkey sign in with that, or with a code: their password alone is not enough.
    #[arg(long, env = "SOTAY_PASSKEYS_FOR", value_name = "ROLE,…", value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::name)))]
    passkeys_for: Vec<String>,
    /// Make backups in this folder by itself, best on another disk: each is put back once to prove it.
    #[arg(long, env = "SOTAY_BACKUP_TO", value_name = "DIR")]
    backup_to: Option<PathBuf>,
    /// How old the newest backup may become: a number and `m`, `h` or `d`.
    #[arg(long, env = "SOTAY_BACKUP_EVERY", default_value = "24h", requires = "backup_to", value_name = "TIME", value_parser = age_ms)]
    backup_every: i64,
    /// How many copies of the database stay in it.
    #[arg(long, env = "SOTAY_BACKUP_KEEP", default_value_t = 14, requires = "backup_to", value_name = "COPIES",
        value_parser = clap::value_parser!(u16).range(1..))]
    backup_keep: u16,
    /// Serve the app from this folder, not from the one built in.
    #[arg(long, env = "SOTAY_APP", value_name = "DIR")]
    app: Option<PathBuf>,
}

#[derive(Subcommand)]
enum PackCommand {
    /// List everything that is wrong with a pack, by file, row and column. Exit code 1 if it cannot be loaded.
    Check {
        /// The pack's folder.
        folder: PathBuf,
    },
    /// Put a pack in force. With any error in it nothing changes. Forms of earlier packs stay.
    Load {
        /// The pack's folder.
        folder: PathBuf,
        /// Add the people that the pack names for trying it out.
        #[arg(long)]
        demo_users: bool,
        /// The password of those people, instead of the pack's own.
        #[arg(long, env = "SOTAY_DEMO_PASSWORD", requires = "demo_users", value_name = "PASSWORD")]
        demo_password: Option<String>,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person. The password comes from a file or from standard input; if neither, one is made and printed.
    Add(UserAdd),
    /// List people.
    List,
    /// Make a code that lets a person in once, and print it. Earlier codes of theirs are good no longer.
    Code {
        /// The name of their account.
        name: String,
        /// How many minutes it is good.
        #[arg(long, default_value_t = CODE_MINUTES, value_name = "MINUTES",
            value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CODE_MINUTES)))]
        minutes: u32,
    },
    /// Make a token for a person's ODK Collect or the like, and print the address to give it. It is listed and ended as a
    /// session.
    Token {
        /// The name of their account.
        name: String,
        /// What the device is to be called among the sessions.
        #[arg(long, default_value = openrosa::CLIENT, value_name = "NAME")]
        device_name: String,
    },
    /// Take a person's right to sign in, and end their sessions. What they still send is kept in quarantine.
    Disable {
        /// The name they sign in with.
        name: String,
    },
}

#[derive(Args)]
struct UserAdd {
    /// What the person signs in with.
    name: String,
    /// What the person does.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::name)))]
    role: String,
    /// The id of the unit where the person works.
    #[arg(long)]
    unit: String,
    /// Units whose records the person sees, each with all below it. Their own unit, if not given.
    #[arg(long, value_delimiter = ',', value_name = "UNIT,…")]
    scope: Vec<String>,
    /// Programmes that this is limited to: the person sees and sends records of their forms only. All, if not given.
    #[arg(long = "programme", value_delimiter = ',', value_name = "PROGRAMME,…")]
    programmes: Vec<String>,
    /// What others see.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The file that holds the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from standard input.
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
}

#[derive(Subcommand)]
enum SessionCommand {
    /// List open sessions, newest use first.
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

#[derive(Subcommand)]
enum PersonCommand {
    /// List where records speak of a person.
    Find(WhomByValue),
    /// Write all that is held about a person into a ZIP file: `person.json`, and the files.
    Export {
        /// The file to write.
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

#[derive(Args)]
struct WhomByValue {
    /// An answer that is about the person: a name or a phone number. Capitals and accents do not matter.
    #[arg(long, value_name = "TEXT")]
    value: String,
    /// Only in this record; may be given several times. Two people may have one name.
    #[arg(long = "record", value_name = "RECORD")]
    records: Vec<RecordId>,
}

#[derive(Args)]
struct Whom {
    /// The account of a person who has one.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["value", "records"])]
    account: Option<String>,
    /// An answer that is about the person: a name or a phone number. Capitals and accents do not matter.
    #[arg(long, value_name = "TEXT", required_unless_present = "account")]
    value: Option<String>,
    /// Only in this record; may be given several times. Two people may have one name.
    #[arg(long = "record", value_name = "RECORD")]
    records: Vec<RecordId>,
}

#[derive(Subcommand)]
enum AuditCommand {
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

fn postgres_url(url: &str) -> Result<String, String> {
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let why = "it must begin with postgres://; an SQLite file is in the folder that --data names";
    if is_postgres { Ok(url.to_owned()) } else { Err(why.to_owned()) }
}

#[derive(Subcommand)]
enum BundleCommand {
    /// Take files that phones made to be carried. It may run beside the server; taking one again changes nothing. For each a
    /// receipt is written, to be carried back to the phone that made it. Exit code 1 if any file was refused or any receipt
    /// could not be written.
    Import {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Who brought them: needed for those of a phone whose key this server does not know. They wait at the repair desk.
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
        /// The folder for the receipts. Without it each lies beside its file, as `NAME-bien-nhan.sotay`.
        #[arg(long, value_name = "DIR")]
        receipts: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Print the name of the key in force, and whether its private half is here.
    Show,
    /// Put a new key in force. The old ones stay: files sealed to them are still on their way.
    Rotate,
}

/// `30m`, `24h`, `7d`.
fn age_ms(text: &str) -> Result<i64, String> {
    let units = [("m", 60), ("h", 3600), ("d", 24 * 3600)];
    let read = |(unit, seconds): (&str, i64)| {
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        (number > 0).then(|| number.saturating_mul(seconds * 1000))
    };
    units.into_iter().find_map(read).ok_or_else(|| "a number and m, h or d, as 24h".to_owned())
}

fn noted_head(text: &str) -> Result<(u64, Hash), String> {
    let read = |(row, hash): (&str, &str)| Some((row.parse().ok()?, hash.parse().ok()?));
    text.split_once(':').and_then(read).ok_or_else(|| "a row and its hash, as 17:9f…".to_owned())
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

/// A line for whoever runs the command. A closed pipe is not an error: nobody is left to read it.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap_or_default();
}

fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
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
    match cli.command {
        Command::Serve(serve) => run_server(config, serve).await?,
        Command::Pack(PackCommand::Check { folder }) => {
            let files = pack_load::read_folder(&folder)?;
            return Ok(if report(&files).is_some() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            });
        }
        Command::Pack(PackCommand::Load { folder, demo_users, demo_password }) => {
            let files = pack_load::read_folder(&folder)?;
            let Some(checked) = report(&files) else {
                bail!("the pack has errors; nothing was loaded")
            };
            let database = open(&config).await?;
            load(&database, &checked).await?;
            if demo_users {
                add_demo_users(&database, &checked, demo_password.as_deref()).await?;
            }
        }
        Command::User(command) => user(&open(&config).await?, command).await?,
        Command::Session(command) => session(&open(&config).await?, command).await?,
        Command::Audit(command) => return audit(&open(&config).await?, command).await,
        Command::Person(command) => person(config, command).await?,
        Command::Retention { dry_run } => {
            let app = App::open(config).await?;
            let (fields, records) = persons::retention(&app, clock::now_ms(), dry_run).await?;
            let what = if dry_run { "would be erased" } else { "erased" };
            say(&format!("{fields} fields of {records} records {what}"));
            app.database().close().await;
        }
        Command::Bundle(BundleCommand::Import { files, from, receipts }) => {
            return import(config, &files, from.as_deref(), receipts.as_deref()).await;
        }
        Command::Key(command) => return key(&config, command).await,
        Command::Backup { folder } => {
            if config.database_url.is_none() && !config.database_file().exists() {
                bail!("there is no database in {}", config.data.display());
            }
            let moved = backup::backup(&config, &folder, clock::now_ms()).await?;
            return Ok(tell_moved(&moved, "copied and checked"));
        }
        Command::Restore { folder, copy } => {
            let moved = backup::restore(&config, &folder, copy.as_deref()).await?;
            return Ok(tell_moved(&moved, "put back and checked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if a file is lost.
fn tell_moved(moved: &backup::Moved, what: &str) -> ExitCode {
    let backup::Moved { copy, held, copied, lost } = moved;
    for hash in lost {
        tell(&format!(
            "{hash}: missing or damaged; the phones that have it are asked for it again"
        ));
    }
    say(&format!("{}: {what}; {copied} files copied, {held} there already", copy.display()));
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    std::fs::create_dir_all(&config.data).with_context(|| config.data.display().to_string())?;
    let database = Database::of(config, clock::now_ms()).await;
    database.with_context(|| match &config.database_url {
        Some(_) => "PostgreSQL".to_owned(),
        None => config.database_file().display().to_string(),
    })
}

async fn run_server(mut config: Config, serve: Serve) -> anyhow::Result<()> {
    if serve
        .public_url
        .as_deref()
        .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
    {
        bail!("--public-url must begin with http:// or https://");
    }
    config.public_url = serve.public_url;
    config.behind_proxy = serve.behind_proxy;
    config.app = serve.app;
    config.passkey_roles = serve.passkeys_for.iter().filter_map(|name| Role::named(name)).collect();
    config.backups = serve.backup_to.map(|folder| Schedule {
        folder,
        every_ms: serve.backup_every,
        keep: usize::from(serve.backup_keep),
    });
    let listener = tokio::net::TcpListener::bind(serve.listen)
        .await
        .with_context(|| format!("cannot listen on {}", serve.listen))?;
    tracing::info!(address = %listener.local_addr()?, data = %config.data.display(), "serving");
    server::serve(config, listener, interrupted()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Ctrl+C, or the signal by which a service manager ends a service.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut end = signal(SignalKind::terminate()).expect("a process can listen to its signals");
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.expect("a process can listen to its signals"),
        _ = end.recv() => {}
    }
}

/// Prints every problem; the pack if there is none that matters.
fn report(files: &std::collections::BTreeMap<String, Vec<u8>>) -> Option<pack_load::Checked> {
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
    let changed = database.load_pack(&new, clock::now_ms()).await?;
    let what = if changed { "in force now" } else { "was in force already" };
    let (forms, units) = (new.forms.len(), new.units.len());
    say(&format!(
        "{}: {what}; {forms} forms, {units} units, {}",
        checked.pack.manifest.id, new.hash
    ));
    Ok(())
}

async fn add_demo_users(
    database: &Database,
    checked: &pack_load::Checked,
    password: Option<&str>,
) -> anyhow::Result<()> {
    let users = checked.demo_users();
    pack_load::add_demo_users(database, users, password, clock::now_ms()).await?;
    for user in users {
        say(&format!("  {:<16} {:<14} {:<24} {}", user.name, user.role, user.unit, user.full_name));
    }
    Ok(())
}

async fn user(database: &Database, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add(add) => add_user(database, add).await,
        UserCommand::List => {
            for account in database.accounts(Seen::All).await? {
                let disabled = if account.is_disabled() { "disabled" } else { "" };
                let (name, role, unit) = (account.name, account.role.name(), account.unit);
                say(&format!(
                    "{name:<16} {role:<14} {unit:<24} {:<24} {disabled}",
                    account.display_name
                ));
            }
            Ok(())
        }
        UserCommand::Code { name, minutes } => {
            let (code, key) = accounts::new_code();
            let now_ms = clock::now_ms();
            let ends_ms = accounts::code_end(minutes, now_ms);
            if !database.add_code(&name, &key, ends_ms, None, now_ms).await? {
                bail!("nobody who may sign in is called {name}");
            }
            say(&format!("{name}: lets in once, until {}", date(ends_ms)));
            say(&format!("code: {code}"));
            Ok(())
        }
        UserCommand::Token { name, device_name } => {
            let account = database.account(&name).await?;
            if account.is_some_and(|account| !account.role.does_field_work()) {
                bail!("{name} does no field work");
            }
            let (token, _) = accounts::new_token();
            let device = DeviceId(accounts::random());
            let client = NewClient { device, device_name: &device_name };
            if !database.add_token(&name, &token, client, None, clock::now_ms()).await? {
                bail!("nobody who may sign in is called {name}");
            }
            let root = openrosa::ROOT;
            say(&format!(
                "{name}: the client's address is this server's, and behind it what follows; or {root}, with the name {name} \
                 and what stands behind {root}/ as the password"
            ));
            say(&openrosa::address(&token));
            Ok(())
        }
        UserCommand::Disable { name } => {
            if !database.disable_account(&name, None, clock::now_ms()).await? {
                bail!("nobody is called {name}");
            }
            say(&format!("{name}: disabled, sessions ended"));
            Ok(())
        }
    }
}

async fn add_user(database: &Database, add: UserAdd) -> anyhow::Result<()> {
    let scope = if add.scope.is_empty() { vec![add.unit.clone()] } else { add.scope };
    for unit in scope.iter().chain([&add.unit]) {
        if !database.has_unit(unit).await? {
            bail!("no pack that was loaded has a unit {unit}");
        }
    }
    for programme in &add.programmes {
        if !database.has_programme(programme).await? {
            bail!("no form that was loaded is of a programme {programme}");
        }
    }
    let given = match add.password_file {
        Some(file) => {
            Some(std::fs::read_to_string(&file).with_context(|| file.display().to_string())?)
        }
        None if add.password_stdin => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            Some(text)
        }
        None => None,
    };
    if add.name.is_empty() || add.name.len() > MAX_NAME {
        bail!("a name has 1 to {MAX_NAME} bytes");
    }
    let made = given.is_none();
    let password = given
        .map_or_else(accounts::new_password, |text| text.trim_end_matches(['\r', '\n']).to_owned());
    let display_name = add.display_name.unwrap_or_else(|| add.name.clone());
    if !made {
        passwords::check(&password, &[&add.name, &display_name, &add.unit])?;
    }
    let account = NewAccount {
        display_name,
        name: add.name.clone(),
        role: Role::named(&add.role).context("a role that the arguments allow")?,
        unit: add.unit,
        scope,
        programmes: add.programmes,
        password: accounts::hash_password(password.clone()).await?,
    };
    if !database.add_account(&account, None, clock::now_ms()).await? {
        bail!("somebody is called {} already", add.name);
    }
    say(&format!("{}: added", add.name));
    if made {
        say(&format!("password: {password}"));
    }
    Ok(())
}

async fn session(database: &Database, command: SessionCommand) -> anyhow::Result<()> {
    match command {
        SessionCommand::List => {
            for session in database.sessions(Seen::All).await? {
                let (id, account) = (session.id, session.account);
                let unsent = session.unsent.map_or("?".to_owned(), |unsent| unsent.to_string());
                say(&format!(
                    "{id:>6}  {account:<16} last heard of {}  unsent {unsent:<4} files missing {:<4} {}",
                    date(session.contact_ms),
                    session.files_missing,
                    session.device_name
                ));
            }
        }
        SessionCommand::Revoke { id, lost } => {
            let how = if lost { Revoked::Lost } else { Revoked::SignedOut };
            if !database.revoke_session(id, how, None, clock::now_ms()).await? {
                bail!("no open session has the number {id}");
            }
            say(&format!("session {id}: ended"));
        }
    }
    Ok(())
}

async fn audit(database: &Database, command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::List { last, before } => {
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
        AuditCommand::Verify { head } => match database.verify_audit(head).await? {
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

async fn person(config: Config, command: PersonCommand) -> anyhow::Result<()> {
    let app = App::open(config).await?;
    let now_ms = clock::now_ms();
    match command {
        PersonCommand::Find(WhomByValue { value, records }) => {
            let found = persons::find(&app, &wanted(&value, records)?).await?;
            for mention in &found {
                say(&mentioned(mention));
            }
            say(&format!("{} mentions", found.len()));
        }
        PersonCommand::Export { file, whom: Whom { account, value, records } } => {
            let zip = match (account, value) {
                (Some(account), _) => persons::export_account(&app, &account, None, now_ms).await?,
                (None, value) => {
                    let wanted = wanted(&value.unwrap_or_default(), records)?;
                    persons::export(&app, &wanted, None, now_ms).await?
                }
            };
            std::fs::write(&file, zip).with_context(|| file.display().to_string())?;
            say(&format!("{}: written", file.display()));
        }
        PersonCommand::Erase { whom: Whom { account: Some(account), .. }, .. } => {
            if !persons::erase_account(&app, &account, None, now_ms).await? {
                bail!("no account with a name is called {account}");
            }
            say(&format!("{account}: the name is erased, sessions ended"));
        }
        PersonCommand::Erase { whom: Whom { value, records, .. }, mentions } => {
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
    Ok(())
}

fn wanted(value: &str, records: Vec<RecordId>) -> anyhow::Result<Wanted> {
    Ok(Wanted::by(value)?.only_in(records.into_iter().collect()))
}

fn mentioned(mention: &Mention) -> String {
    let Mention { record, form, unit, person, row, paths } = mention;
    format!("{record}  {form:<24} {unit:<24} {person} {row} ({} fields)", paths.len())
}

async fn import(
    config: Config,
    files: &[PathBuf],
    from: Option<&str>,
    receipts: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    if let Some(name) = from
        && app.database().account(name).await?.is_none()
    {
        bail!("nobody is called {name}");
    }
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match bundle::import(&app, file, from, None).await {
            Ok(receipt) => {
                say(&taken(file, &receipt));
                // The work is on the disk: that its receipt could not be written takes nothing of it back.
                if let Err(error) = write_receipt(file, receipts, &receipt) {
                    tell(&format!("{}: no receipt: {error}", file.display()));
                    code = ExitCode::from(1);
                }
            }
            Err(ImportError::Refused(refusal)) => {
                tell(&format!("{}: refused: {refusal}", file.display()));
                code = ExitCode::from(1);
            }
            Err(ImportError::Failed(error)) => bail!("{}: {error}", file.display()),
        }
    }
    app.database().close().await;
    Ok(code)
}

/// Writes what goes back to the phone that made a bundle, if it can be sure of that phone.
fn write_receipt(file: &Path, folder: Option<&Path>, receipt: &Receipt) -> std::io::Result<()> {
    let Some(bytes) = receipt.file() else { return Ok(()) };
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push("-bien-nhan.sotay");
    let path = match folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.join(name)
        }
        None => file.with_file_name(name),
    };
    std::fs::write(&path, bytes)?;
    say(&format!("{}: for the phone that made it", path.display()));
    Ok(())
}

/// What became of a bundle, in a line.
fn taken(file: &Path, receipt: &Receipt) -> String {
    let Receipt { account, device_name, operations, new_operations, .. } = receipt;
    let Receipt { quarantined, files, new_files, damaged_files, proven, .. } = receipt;
    let mut line = format!(
        "{}: {account}, {device_name}: {operations} operations, {new_operations} of them new, {quarantined} at the repair \
         desk; {files} files, {new_files} of them new",
        file.display()
    );
    if *damaged_files > 0 {
        line.push_str(&format!(", {damaged_files} damaged"));
    }
    if !proven {
        line.push_str("; signed by a key that is not known");
    }
    line
}

async fn key(config: &Config, command: KeyCommand) -> anyhow::Result<ExitCode> {
    let database = open(config).await?;
    let keys = KeyFolder::new(config.key_folder());
    match command {
        KeyCommand::Show => {
            let Some(key) = database.organisation_key().await? else {
                bail!("the organisation has no key yet; the server makes it when it starts");
            };
            let is_here = keys.find(key.id())?.is_some();
            say(&format!("{}: {}", key.id(), if is_here { "in force" } else { "not here" }));
            Ok(if is_here { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        KeyCommand::Rotate => {
            let key = OrganisationKey::new();
            keys.add(&key)?;
            database.add_organisation_key(&key.public(), false, clock::now_ms()).await?;
            say(&format!("{}: in force", key.public().id()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn date(ms: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| ms.to_string())
}
