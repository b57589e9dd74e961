//! A document that names the test for what it says is only right as long as there is such a test, and one that names a source file as
//! long as that is there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The document whose rows name tests, as `file: name` between backticks.
const DOCUMENT: &str = "docs/security.md";

/// The folders whose documents may name source files.
const DOCUMENTS: [&str; 3] = ["", "docs", "docs/decisions"];

/// Where the files are that they name.
const FOLDERS: [&str; 7] =
    ["", "src", "crates", "crates/server/src", "crates/server/tests", "tests", "tests/e2e"];

/// Lists every test and every source file that a document names and that is not there.
pub fn check(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let document = root.join(DOCUMENT);
    let text = std::fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let missing = missing(&text, |file| {
        let places = FOLDERS.iter().map(|folder| root.join(folder).join(file));
        let there: Option<PathBuf> = places.into_iter().find(|place| place.is_file());
        there.and_then(|place| std::fs::read_to_string(place).ok())
    });
    wrong.extend(missing.into_iter().map(|named| format!("{DOCUMENT}: there is no test {named}")));
    let is_there = |file: &str| FOLDERS.iter().any(|folder| root.join(folder).join(file).is_file());
    for folder in DOCUMENTS {
        for document in std::fs::read_dir(root.join(folder))? {
            let document = document?.path();
            if document.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&document)?;
            let document = document.strip_prefix(root)?.display();
            let gone = source_files(&text).filter(|file| !is_there(file));
            wrong.extend(gone.map(|file| format!("{document}: there is no file `{file}`")));
        }
    }
    Ok(())
}

/// The source files that a text names alone between backticks.
fn source_files(text: &str) -> impl Iterator<Item = &str> {
    quoted(text).filter(|piece| is_source(piece) && !piece.contains([' ', '*', '<']))
}

fn is_source(name: &str) -> bool {
    name.ends_with(".rs") || name.ends_with(".mjs")
}

/// What stands between backticks, in a line of its own paragraph or table row.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The tests that a text names and that no file has. `read` gives a file's text.
fn missing(text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let is_missing = |(file, name): &(&str, &str)| {
        read(file).is_none_or(|source| {
            let ways = match file.ends_with(".rs") {
                true => vec![format!("fn {name}(")],
                false => ["'", "\"", "`"].map(|quote| format!("test({quote}{name}{quote}")).into(),
            };
            !ways.iter().any(|way| source.contains(way.as_str()))
        })
    };
    let named = named(text).filter(is_missing);
    named.map(|(file, name)| format!("`{file}: {name}`")).collect()
}

/// What stands as `file: name` between backticks.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    quoted(text).filter_map(|piece| piece.split_once(": ")).filter(|(file, _)| is_source(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Option<String> {
        let text = match file {
            "it/session.rs" => "#[tokio::test]\nasync fn one_signs_in() {\n",
            "journeys/people.test.mjs" => "test('the link lets in, once', async () => {",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn source_files_are_found_in_a_text() {
        let text = "see `tests/it/s3.rs`, `it/a.rs: a test`, `ls *.rs`, `Cargo.lock`\n\
                    | `release.mjs` | that.rs |";
        assert_eq!(source_files(text).collect::<Vec<_>>(), ["tests/it/s3.rs", "release.mjs"]);
    }

    #[test]
    fn a_test_that_is_named_and_not_there_is_told() {
        let text = "| V1 | words | `it/session.rs: one_signs_in`, `journeys/people.test.mjs: the link lets in, once` |\n\
                    | V2 | words | `it/session.rs: one_signs`, `it/gone.rs: one_signs_in`; `cookie: value`, `Cargo.lock` |\n\
                    `journeys/people.test.mjs: the link lets in`";
        assert_eq!(
            missing(text, read),
            [
                "`it/session.rs: one_signs`",
                "`it/gone.rs: one_signs_in`",
                "`journeys/people.test.mjs: the link lets in`",
            ]
        );
    }
}
