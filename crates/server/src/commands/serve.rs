//! `sotay-server serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use server::accounts::Role;
use server::backup;
use server::config::{Config, Schedule};
use server::passkeys::Site;

#[derive(clap::Args)]
pub struct Args {
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
    /// Everybody of these roles signs in with a passkey. Who has none, or lost it, makes one when they come with a code: neither a
    /// password nor a code lets them in by itself.
    #[arg(long, env = "SOTAY_PASSKEYS_MUST", value_name = "ROLE,…", value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::name)))]
    passkeys_must: Vec<String>,
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
    /// Show a map in the app, out of this `.mbtiles` file of pictures (png, jpg, webp): phones ask nobody else for one.
    #[arg(long, env = "SOTAY_MAP", value_name = "FILE")]
    map: Option<PathBuf>,
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

/// Serves until it is interrupted.
pub async fn run(mut config: Config, args: Args) -> anyhow::Result<ExitCode> {
    if args
        .public_url
        .as_deref()
        .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
    {
        bail!("--public-url must begin with http:// or https://");
    }
    if let Some(url) = args.public_url.as_deref()
        && !args.passkeys_must.is_empty()
        && Site::of(url).is_none()
    {
        bail!(
            "--passkeys-must needs a --public-url with https and a name: at {url} there are no passkeys"
        );
    }
    config.public_url = args.public_url;
    config.behind_proxy = args.behind_proxy;
    config.app = args.app;
    config.map = args.map;
    let roles = |names: &[String]| names.iter().filter_map(|name| Role::named(name)).collect();
    config.passkey_roles = roles(&args.passkeys_for);
    config.passkeys_must = roles(&args.passkeys_must);
    if let Some(folder) = &args.backup_to {
        backup::check_folder(&config, folder)?;
    }
    config.backups = args.backup_to.map(|folder| Schedule {
        folder,
        every_ms: args.backup_every,
        keep: usize::from(args.backup_keep),
    });
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tokio::select! {
        served = server::serve(config, listener, interrupted()) => {
            served?;
            tracing::info!("stopped");
        }
        // What was acknowledged is on the disk.
        () = async { interrupted().await; interrupted().await } => tracing::warn!("stopped at once"),
    }
    Ok(ExitCode::SUCCESS)
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
