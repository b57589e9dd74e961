//! `sotay-server user add`, `user list`, `user code`, `user token`, `user disable`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use server::accounts::{self, CODE_MINUTES, MAX_CODE_MINUTES, Role};
use server::config::Config;
use server::database::{Database, NewAccount, NewClient, Seen};
use server::{clock, openrosa, passwords};
use sync::wire::DeviceId;

use super::{date, open, say};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Add a person. The password comes from a file or from standard input; if neither, one is made and printed.
    Add(Add),
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

#[derive(clap::Args)]
pub struct Add {
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

/// Adds people, lists them, gives them ways in, or takes those.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let database = open(config).await?;
    match command {
        Command::Add(args) => add(&database, args).await?,
        Command::List => list(&database).await?,
        Command::Code { name, minutes } => code(&database, &name, minutes).await?,
        Command::Token { name, device_name } => token(&database, &name, &device_name).await?,
        Command::Disable { name } => disable(&database, &name).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(database: &Database, add: Add) -> anyhow::Result<()> {
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
    if !accounts::is_name(&add.name) {
        bail!("`{}` is no name to sign in with: {}", add.name, accounts::NAME_RULE);
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

async fn list(database: &Database) -> anyhow::Result<()> {
    for account in database.accounts(Seen::All).await? {
        let disabled = if account.is_disabled() { "disabled" } else { "" };
        let (name, role, unit) = (account.name, account.role.name(), account.unit);
        say(&format!("{name:<16} {role:<14} {unit:<24} {:<24} {disabled}", account.display_name));
    }
    Ok(())
}

async fn code(database: &Database, name: &str, minutes: u32) -> anyhow::Result<()> {
    let (code, key) = accounts::new_code();
    let now_ms = clock::now_ms();
    let ends_ms = accounts::code_end(minutes, now_ms);
    let account = database.account(name).await?.with_context(|| nobody(name))?;
    if !database.add_code(&account, &key, ends_ms, None, now_ms).await? {
        bail!(disabled(name));
    }
    say(&format!("{name}: lets in once, until {}", date(ends_ms)));
    say(&format!("code: {code}"));
    Ok(())
}

async fn token(database: &Database, name: &str, device_name: &str) -> anyhow::Result<()> {
    let account = database.account(name).await?.with_context(|| nobody(name))?;
    if !account.role.does_field_work() {
        bail!("{name} does no field work");
    }
    let (token, _) = accounts::new_token();
    let device = DeviceId(accounts::random());
    let client = NewClient { device, device_name };
    if !database.add_token(&account, &token, client, None, clock::now_ms()).await? {
        bail!(disabled(name));
    }
    let root = openrosa::ROOT;
    say(&format!(
        "{name}: the client's address is this server's, and behind it what follows; or {root}, with the name {name} \
         and what stands behind {root}/ as the password"
    ));
    say(&openrosa::address(&token));
    Ok(())
}

fn nobody(name: &str) -> String {
    format!("nobody is called {name}")
}

fn disabled(name: &str) -> String {
    format!("{name} may not sign in, or was changed this moment")
}

async fn disable(database: &Database, name: &str) -> anyhow::Result<()> {
    if !database.disable_account(name, None, clock::now_ms()).await? {
        bail!(nobody(name));
    }
    say(&format!("{name}: disabled, sessions ended"));
    Ok(())
}
