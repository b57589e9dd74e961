//! A document that names the test for what it says is only right as long as there is such a test.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The document whose rows name tests, as `file: name` between backticks.
const DOCUMENT: &str = "docs/security.md";

/// Where the files are that it names.
const FOLDERS: [&str; 5] = ["", "crates", "crates/server/tests", "tests", "tests/e2e"];

/// Lists every test that the document names and that is not there.
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
    Ok(())
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

/// What stands as `file: name` between backticks, in a line of its own paragraph or table row.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pieces = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    pieces
        .filter_map(|piece| piece.split_once(": "))
        .filter(|(file, _)| file.ends_with(".rs") || file.ends_with(".mjs"))
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
