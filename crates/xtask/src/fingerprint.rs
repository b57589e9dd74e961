//! What `dist/` is made of, and what it is, each in one hash: of the bytes and not of the hours, which a checkout changes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::dist::hex;
use crate::step::{output, root};
use crate::tidy;
use crate::tools::Tools;

/// Files and folders that the phone app is made of, its crates aside.
const SOURCES: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "crates/xtask/src/dist.rs",
    "crates/xtask/src/function_order.rs",
    "crates/xtask/src/pwa.rs",
    "crates/xtask/src/split.rs",
    "crates/xtask/src/stylesheet.rs",
    "index.html",
    "public",
    "src",
    "style",
];

/// The hash of everything that goes into the app.
pub struct Fingerprint(String);

impl Fingerprint {
    /// What is written down after a build: what went in and what came out.
    pub fn with_output(&self, dist: &Path) -> Result<String> {
        let mut hash = Sha256::new();
        add(&mut hash, dist)?;
        Ok(format!("{}\n{}\n", self.0, hex(&hash.finalize())))
    }
}

/// The fingerprint of the sources and tools as they are now.
pub fn inputs(tools: &Tools) -> Result<Fingerprint> {
    let mut hash = Sha256::new();
    for source in SOURCES {
        add(&mut hash, &root().join(source))?;
    }
    for name in tidy::crates_below("sotay") {
        let folder = root().join("crates").join(name);
        add(&mut hash, &folder.join("Cargo.toml"))?;
        add(&mut hash, &folder.join("src"))?;
    }
    hash.update(output(Command::new("rustc").arg("-vV").current_dir(root()))?);
    hash.update(tools.versions());
    Ok(Fingerprint(hex(&hash.finalize())))
}

/// Adds a file, or every file below a folder, with its path and its length, so that no two trees read the same.
fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>()?;
        paths.sort();
        return paths.iter().try_for_each(|path| add(hash, path));
    }
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let name = path.strip_prefix(root()).unwrap_or(path);
    hash.update(format!("{}\0{}\0", name.display(), bytes.len()));
    hash.update(bytes);
    Ok(())
}
