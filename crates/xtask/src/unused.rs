//! Public items that nothing but tests uses: the compiler says nothing of them, for others might.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tidy::sources_in;

/// What an item may be.
const KINDS: &[&str] = &["fn", "const", "static", "struct", "enum", "type", "trait"];
/// Crates that are there for tests.
const FOR_TESTS: &[&str] = &["scenario"];
/// What a test asks because nothing that is sent or shown tells it.
const KNOWN: &[&str] = &["room_left"];

/// Tells of those in the app and in all crates.
pub fn check(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["src", "crates", "tests"] {
        let found = sources_in(&root.join(folder))?;
        files.extend(found.into_iter().map(|(path, text)| (Path::new(folder).join(path), text)));
    }
    wrong.extend(unused(&files));
    Ok(())
}

/// A test of another crate is a use: it sees an item as any user does.
fn unused(files: &[(PathBuf, String)]) -> Vec<String> {
    let (tests, shipped): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| is_test(path));
    let shipped: Vec<_> = shipped.iter().map(|(path, text)| (path, without_tests(text))).collect();
    let mut uses = BTreeMap::<&str, usize>::new();
    for word in shipped.iter().flat_map(|(_, text)| words(text)) {
        *uses.entry(word).or_default() += 1;
    }
    let mut told = Vec::new();
    for (path, text) in shipped.iter().filter(|(path, _)| !FOR_TESTS.contains(&owner(path))) {
        let is_alone = |name: &&str| uses.get(name) == Some(&1) && !KNOWN.contains(name);
        for name in public(text).filter(is_alone) {
            let mut others = tests.iter().filter(|(other, _)| owner(other) != owner(path));
            if !others.any(|(_, text)| words(text).any(|word| word == name)) {
                told.push(format!("{}: nothing but its own tests uses {name}", path.display()));
            }
        }
    }
    told
}

/// Whether a file is there for tests alone.
fn is_test(path: &Path) -> bool {
    let names = ["tests", "tests.rs", "benches", "examples"];
    path.iter().any(|part| names.iter().any(|name| part == *name))
}

/// The crate of a file; nothing is the app.
fn owner(path: &Path) -> &str {
    let inside = path.strip_prefix("crates").ok();
    inside.and_then(|inside| inside.iter().next()?.to_str()).unwrap_or_default()
}

/// A file without its tests, its comments and what it only passes on.
fn without_tests(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let mut passes_on = false;
    let is_said = |line: &&str| {
        let begins = line.trim_start().starts_with("pub use ");
        let is_passed_on = begins || passes_on;
        passes_on = is_passed_on && !line.ends_with(';');
        !is_passed_on && !line.trim_start().starts_with("//")
    };
    text[..end].lines().filter(is_said).collect::<Vec<_>>().join("\n")
}

/// The names of the items that a file makes public.
fn public(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix("pub ")?;
        let mut words = words(line).skip_while(|word| ["async", "unsafe"].contains(word));
        let kind = words.next().filter(|kind| KINDS.contains(kind))?;
        words.find(|word| kind != "const" || *word != "fn")
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_used_by_more_than_its_own_tests() {
        let lib = "pub use b::{\n    used,\n    dead,\n};\n// dead()\npub const fn dead() {}\npub async fn used() {}\n\
            pub struct Seen;\n#[cfg(test)]\nmod tests {\n    dead(); }";
        let files = [
            ("crates/a/src/lib.rs", lib),
            ("crates/a/tests/it/main.rs", "fn it() { a::dead(); }"),
            ("crates/b/src/main.rs", "fn main() { a::used() }"),
            ("crates/b/tests/main.rs", "fn it() { a::Seen }"),
            ("crates/scenario/src/lib.rs", "pub fn asked() {}"),
            ("src/main.rs", "pub trait Shown {}"),
            ("tests/browser/main.rs", "impl Shown for X {}"),
        ];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        assert_eq!(
            unused(&files),
            [
                "crates/a/src/lib.rs: nothing but its own tests uses dead",
                "src/main.rs: nothing but its own tests uses Shown",
            ]
        );
    }
}
