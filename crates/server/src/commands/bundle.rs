//! `sotay-server bundle import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use server::App;
use server::bundle::{self, ImportError, Receipt};
use server::config::Config;

use super::{say, tell};

#[derive(clap::Subcommand)]
pub enum Command {
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

/// Takes files that phones made.
pub async fn run(config: Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Import { files, from, receipts } = command;
    let from = from.as_deref();
    let app = App::open(config).await?;
    if let Some(name) = from
        && app.database().account(name).await?.is_none()
    {
        bail!("nobody is called {name}");
    }
    let mut code = ExitCode::SUCCESS;
    for file in &files {
        // A name that was mistyped is no failure of the server.
        if let Err(error) = std::fs::File::open(file) {
            tell(&format!("{}: not read: {error}", file.display()));
            code = ExitCode::from(1);
            continue;
        }
        match bundle::import(&app, file, from, None).await {
            Ok(receipt) => {
                say(&taken(file, &receipt));
                // The work is on the disk: that its receipt could not be written takes nothing of it back.
                if let Err(error) = write_receipt(file, receipts.as_deref(), &receipt) {
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
    let Receipt { quarantined, files, new_files, damaged_files, unwanted_files, proven, .. } =
        receipt;
    let mut line = format!(
        "{}: {account}, {device_name}: {operations} operations, {new_operations} of them new, {quarantined} at the repair \
         desk; {files} files, {new_files} of them new",
        file.display()
    );
    if *damaged_files > 0 {
        line.push_str(&format!(", {damaged_files} damaged"));
    }
    if *unwanted_files > 0 {
        line.push_str(&format!(", {unwanted_files} that nothing here names yet: take the other files, then this one again"));
    }
    if !proven {
        line.push_str("; signed by a key that is not known");
    }
    line
}
