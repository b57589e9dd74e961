//! Whether a version in `Cargo.lock` was taken back by its maker: for a fault that others should not build on, most often.
//!
//! A lock file keeps such a version without a word. Cargo refuses it where there is no lock file yet, so a crate is made up that
//! wants exactly ours.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::step::{cargo, root};

/// A crate's name and version.
type Locked = (String, String);

/// Names every version in `Cargo.lock` that was yanked, and fails if there is one.
pub fn yanked() -> Result<()> {
    let lock = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let all = locked(&text);
    let folder = Folder::new()?;
    let (mut left, mut found) = (all.clone(), Vec::new());
    loop {
        match resolve(&folder.0, &left)? {
            Answer::Good => break,
            Answer::Unreachable(why) => {
                println!("NOT CHECKED, the registry was not reached: {why}");
                return Ok(());
            }
            Answer::Yanked(one) => {
                let before = left.len();
                left.retain(|locked| *locked != one);
                if left.len() == before {
                    bail!("cargo speaks of {} {}, which is not in Cargo.lock", one.0, one.1);
                }
                found.push(one);
            }
        }
    }
    for (name, version) in &found {
        println!("yanked: {name} {version}");
    }
    println!("{} versions from the registry, {} yanked", all.len(), found.len());
    if found.is_empty() { Ok(()) } else { bail!("take others: `cargo update -p NAME`") }
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("sotay-yanked-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src"))?;
        std::fs::write(folder.join("src/lib.rs"), "")?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            println!("{}: {error}", self.0.display());
        }
    }
}

/// What comes from a registry.
fn locked(lock: &str) -> Vec<Locked> {
    let entry = |text: &str| {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
        };
        value("source").filter(|source| source.starts_with("registry+"))?;
        Some((value("name")?, value("version")?))
    };
    lock.split("[[package]]").filter_map(entry).collect()
}

fn manifest(all: &[Locked]) -> String {
    let head = "[package]\nname = \"locked\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n";
    let mut text = head.to_owned();
    for (number, (name, version)) in all.iter().enumerate() {
        writeln!(text, "d{number} = {{ package = \"{name}\", version = \"={version}\", default-features = false }}")
            .expect("a string takes every line");
    }
    text
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Good,
    Yanked(Locked),
    Unreachable(String),
}

fn resolve(folder: &Path, all: &[Locked]) -> Result<Answer> {
    std::fs::write(folder.join("Cargo.toml"), manifest(all))?;
    let lock = folder.join("Cargo.lock");
    if lock.exists() {
        std::fs::remove_file(&lock)?;
    }
    let run = cargo().arg("generate-lockfile").current_dir(folder).output();
    let run = run.context("could not start cargo")?;
    if run.status.success() {
        return Ok(Answer::Good);
    }
    let said = String::from_utf8_lossy(&run.stderr);
    read(&said).with_context(|| format!("cargo said something else: {said}"))
}

/// What cargo's error says.
fn read(said: &str) -> Option<Answer> {
    if let Some(why) = said.lines().find(|line| line.contains("failed to download")) {
        return Some(Answer::Unreachable(why.trim().to_owned()));
    }
    let (_, behind) = said.split_once("for the requirement `")?;
    let (name, behind) = behind.split_once(" = \"=")?;
    let (version, behind) = behind.split_once('"')?;
    let is_yanked = behind.lines().nth(1)?.trim() == format!("version {version} is yanked");
    is_yanked.then(|| Answer::Yanked((name.to_owned(), version.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_a_registry_is_asked_for_exactly() {
        let lock = r#"version = 4

[[package]]
name = "bytes"
version = "1.6.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "00"

[[package]]
name = "server"
version = "0.1.0"
dependencies = [
 "bytes",
]
"#;
        let all = locked(lock);
        assert_eq!(all, [("bytes".to_owned(), "1.6.1".to_owned())]);
        assert!(manifest(&all).ends_with(
            "d0 = { package = \"bytes\", version = \"=1.6.1\", default-features = false }\n"
        ));
        let ours = std::fs::read_to_string(root().join("Cargo.lock")).expect("ours");
        assert!(locked(&ours).len() > 100);
    }

    #[test]
    fn a_version_that_was_taken_back_is_told_from_a_registry_out_of_reach() {
        let yanked = "    Updating crates.io index\nerror: failed to select a version for the requirement `futures-util = \"=0.3.30\"`\n  \
            version 0.3.30 is yanked\nlocation searched: crates.io index\nrequired by package `locked v0.0.0`\n";
        let named = ("futures-util".to_owned(), "0.3.30".to_owned());
        assert_eq!(read(yanked), Some(Answer::Yanked(named)));
        let unreachable = "error: failed to get `bytes` as a dependency\n\nCaused by:\n  failed to download from `https://index`\n";
        assert!(matches!(read(unreachable), Some(Answer::Unreachable(_))));
        let other = yanked.replace("version 0.3.30 is yanked", "candidate versions found: 0.3.31");
        assert_eq!(read(&other), None);
    }
}
