//! The harness that measures others beside us. It is not part of this repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::step::{root, run};
use crate::tools;

/// Where it is.
#[derive(clap::Args)]
#[group(skip)]
pub struct Harness {
    /// The folder of the harness that measures others beside us, for `forms` and `sync`.
    #[arg(long, env = "SOTAY_PEERS", default_value = "../shared/peers")]
    peers: PathBuf,
}

impl Harness {
    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        root().join(&self.peers)
    }

    /// Whether it is on this machine.
    pub fn is_here(&self) -> bool {
        self.folder().join("run_forms.mjs").is_file()
    }

    /// Copies it to where it may write, fetches its packages, once, and says where that is.
    pub fn fetch(&self) -> Result<PathBuf> {
        if !self.is_here() {
            bail!("no harness in {}: say where it is with --peers", self.folder().display());
        }
        let place = build::target().join("bench/peers");
        copy(&self.folder(), &place)?;
        install(&place)?;
        Ok(place)
    }
}

/// Fetches the packages of a folder, once.
pub fn install(folder: &Path) -> Result<()> {
    // Npm's own list of what it has put there, which it writes last.
    if folder.join("node_modules/.package-lock.json").exists() {
        return Ok(());
    }
    let mut npm = tools::npm()?;
    run(npm.current_dir(folder).args(["install", "--ignore-scripts", "--no-audit", "--no-fund"]))
}

/// Copies a folder over another. The originals may be read-only, their copies must not be.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::write(&target, std::fs::read(&source)?)?;
        }
    }
    Ok(())
}
