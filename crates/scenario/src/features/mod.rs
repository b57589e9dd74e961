//! What of XLSForm and ODK XForms works, found out by trying each: `docs/feature-matrix.md`.
//!
//! A type is tried as a row of a workbook, a function as a calculation with a known result, an appearance by whether the
//! app asks for its word and a journey has a row with it. What a browser cannot do is said with its reason.

mod tables;
mod trials;

use std::collections::BTreeSet;
use std::path::Path;

use tables::{APPEARANCES, AS_WITHOUT, ASKED, FILES, FUNCTIONS, MEDIA, PARAMETERS, STORED};
use trials::{NOT_ASKED, asked, calculated, media, parameter, searched};

/// The matrix as markdown. `root`: the folder of the project, of which the app's sources are read.
pub fn matrix(root: &Path) -> std::io::Result<String> {
    let mut out = String::from(
        "# What works\n\nMade by `cargo run -p scenario --bin feature_matrix > docs/feature-matrix.md`: every line was \
         tried.\n\n## Question types\n\n| type | |\n|---|---|\n",
    );
    for (name, drawn, reason) in ASKED {
        let got = asked(name, "").map_or_else(|why| why, |(got, _)| got);
        line(&mut out, &[&format!("`{name}`"), &said(&got, drawn, reason)]);
    }
    for (name, reason) in STORED {
        let got = asked(name, "").map_or_else(|why| why, |(got, _)| got);
        line(&mut out, &[&format!("`{name}`"), &said(&got, NOT_ASKED, reason)]);
    }
    out.push_str(FILES);
    out.push_str("\n## Appearances\n\nThe engine passes every word on; this is what the app draws.\n\n| type, appearance | |\n|---|---|\n");
    let views = sources(&root.join("src/form_view"))?;
    let asked_for = asked_words(&(views.clone() + &sources(&root.join("crates/form/src"))?));
    let journeys = sources(&root.join("tests/e2e/journeys"))?;
    for (name, word, otherwise) in APPEARANCES {
        // A table is made by the reader: a field list whose first select shows the labels.
        let sought = if *word == "table-list" { "field-list" } else { word };
        let passed = asked(name, word).is_ok_and(|(_, words)| words.iter().any(|w| w == sought));
        let how = match (passed, is_looked_for(&asked_for, sought)) {
            (true, true) if !is_tried(&journeys, name, word) => {
                "fails: no journey tries it".to_owned()
            }
            (true, true) => "works".to_owned(),
            (true, false) => format!("degraded: {otherwise}"),
            (false, _) => "fails".to_owned(),
        };
        let name = name.split(' ').next().unwrap_or_default();
        line(&mut out, &[&format!("`{name}` `{word}`"), &how]);
    }
    for (name, word, why) in AS_WITHOUT {
        let passed = asked(name, word).is_ok_and(|(_, words)| words.iter().any(|w| w == word));
        let how = if passed { format!("degraded: {why}") } else { "fails".to_owned() };
        let name = name.split(' ').next().unwrap_or_default();
        line(&mut out, &[&format!("`{name}` `{word}`"), &how]);
    }
    let searched = match searched() {
        Ok(found) if found == "bq Bảo Quang" => "works".to_owned(),
        other => format!("fails: {other:?}"),
    };
    line(&mut out, &["`select_one` `search('xa', 'matches', …)`", &searched]);
    out.push_str("\n## Parameters\n\n| type, parameters | |\n|---|---|\n");
    for (name, given, attribute, otherwise) in PARAMETERS {
        // What is no attribute of its own is in the answer's limits: a journey has to try it.
        let is_numbers = attribute.is_empty();
        let is_journey = || given.split(' ').all(|word| is_tried(&journeys, name, word));
        let is_asked = is_numbers || views.contains(&format!("(\"{attribute}\")"));
        let how = match parameter(name, given, attribute) {
            Ok(()) if is_numbers && !is_journey() => "fails: no journey tries it".to_owned(),
            Ok(()) if is_asked => "works".to_owned(),
            Ok(()) => format!("degraded: {otherwise}"),
            Err(why) => format!("fails: {why}"),
        };
        line(&mut out, &[&format!("`{name}` `{given}`"), &how]);
    }
    out.push_str("\n## Media\n\n| column | |\n|---|---|\n");
    let got = media().map_or_else(|why| why, |()| String::new());
    for (column, reason) in MEDIA {
        line(&mut out, &[column, &said(&got, "", reason)]);
    }
    out.push_str("\n## Functions\n\n| function | tried as | |\n|---|---|---|\n");
    for ((name, tried, expected), got) in FUNCTIONS.iter().zip(calculated()) {
        let works = if *expected == "*" { !got.is_empty() } else { got == *expected };
        let how = if works { "works".to_owned() } else { format!("fails: gives `{got}`") };
        line(&mut out, &[&format!("`{name}`"), &format!("`{tried}`"), &how]);
    }
    Ok(out)
}

/// The words that lines of code ask an appearance for, each without the number that it may end with.
fn asked_words(sources: &str) -> BTreeSet<String> {
    let asks = |line: &&str| {
        let ways = ["looks(", "word ==", "w ==", "strip_prefix("];
        !line.trim_start().starts_with("//") && ways.iter().any(|way| line.contains(way))
    };
    let is_word = |before: &str| {
        ["looks(", "== ", "strip_prefix(", "[", ", "].iter().any(|end| before.ends_with(end))
    };
    let mut words = BTreeSet::new();
    for line in sources.lines().filter(asks) {
        let parts: Vec<&str> = line.split('"').collect();
        let of_line = parts.windows(2).step_by(2).filter(|pair| is_word(pair[0]));
        words.extend(of_line.map(|pair| pair[1].to_owned()));
    }
    words
}

/// Whether the app asks for a word: for all of it, or for what stands before the number that it ends with.
fn is_looked_for(asked: &BTreeSet<String>, word: &str) -> bool {
    asked.contains(unnumbered(word))
}

fn unnumbered(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether a sheet in the journeys has a row of this type with this word behind it.
fn is_tried(journeys: &str, name: &str, word: &str) -> bool {
    let first = |text: &str| -> String {
        let first = text.split(' ').next().unwrap_or_default();
        first.trim_end_matches("_from_file").to_owned()
    };
    let sought = first(name);
    journeys.replace("\\n", "\n").lines().any(|line| {
        let mut cells = line.split(['\'', ',', '[']);
        cells.any(|cell| first(cell) == sought)
            && cells.any(|cell| cell.split(' ').any(|other| other == word))
    })
}

/// The names of the types that are tried, with what stands behind them.
pub fn types() -> impl Iterator<Item = &'static str> {
    ASKED.iter().map(|(name, _, _)| *name).chain(STORED.iter().map(|(name, _)| *name))
}

/// The words of appearances that the matrix tells of, each without the number that it may end with.
pub fn appearances() -> impl Iterator<Item = &'static str> {
    APPEARANCES.iter().chain(AS_WITHOUT).map(|(_, word, _)| unnumbered(word))
}

/// The words of appearances that the app asks for, each without the number that it may end with.
pub fn asked_appearances(root: &Path) -> std::io::Result<BTreeSet<String>> {
    let views = sources(&root.join("src/form_view"))?;
    let mut words = asked_words(&views);
    // The calendars stand in a table.
    let table = views.split("const CALENDARS").nth(1).and_then(|rest| rest.split(';').nth(1));
    let rows = table.unwrap_or_default().split("(\"").skip(1);
    words.extend(rows.filter_map(|row| row.split('"').next()).map(str::to_owned));
    Ok(words)
}

/// The names of the functions that are tried.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _, _)| *name)
}

fn line(out: &mut String, cells: &[&str]) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell.replace('|', "\\|"));
        out.push(' ');
    }
    out.push_str("|\n");
}

fn said(got: &str, expected: &str, reason: &str) -> String {
    match (got == expected, reason) {
        (false, _) => format!("fails: {got}"),
        (true, "") => "works".to_owned(),
        (true, reason) => format!("degraded: {reason}"),
    }
}

/// All sources of a folder, with those of its folders.
fn sources(folder: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            text.push_str(&sources(&path)?);
        } else {
            text.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    Ok(text)
}
