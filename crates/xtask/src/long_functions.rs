//! Functions of the app that are longer than a screen. Clippy keeps the same limit (`clippy.toml`), and does not see into components.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tidy::sources_in;

/// Lines of a function, without blank ones and comments.
const LIMIT: usize = 120;
/// Those that were longer when the limit came, and how long they may be. They only become shorter, and fewer.
const KNOWN: &[(&str, usize)] =
    &[("Viewfinder", 221), ("Fields", 151), ("VirtualList", 132), ("People", 128)];

/// Tells of those that are too long, and of what is known of none.
pub fn check(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    wrong.extend(too_long(&sources_in(&root.join("src"))?, KNOWN));
    Ok(())
}

fn too_long(files: &[(PathBuf, String)], known: &[(&str, usize)]) -> Vec<String> {
    let mut told = Vec::new();
    let mut seen = Vec::new();
    for (path, text) in files {
        for (name, lines) in functions(text).filter(|(_, lines)| *lines > LIMIT) {
            let most =
                known.iter().find(|(known, _)| *known == name).map_or(LIMIT, |(_, most)| *most);
            if lines > most {
                let place = path.display();
                told.push(format!("src/{place}: {name} has {lines} lines, and may have {most}"));
            }
            seen.push(name);
        }
    }
    let struck = known.iter().filter(|(name, _)| !seen.contains(name));
    told.extend(struck.map(|(name, _)| {
        format!("{name} is short by now: strike it from KNOWN in long_functions.rs")
    }));
    told
}

/// Each function with how many lines it has, from its name to the brace that ends it.
fn functions(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = lines.iter().copied().enumerate();
    let found: Vec<_> = begins.filter_map(|(at, line)| Some((at, line, name(line)?))).collect();
    found.into_iter().map(move |(at, line, name)| {
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &&&str| {
            let deep = line.len() - line.trim_start().len();
            deep == indent && line.ends_with(['}', ';'])
        };
        let is_said =
            |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let behind = &lines[at..];
        let last = behind.iter().position(|line| ends(&line)).unwrap_or(behind.len() - 1);
        (name, behind[..=last].iter().filter(is_said).count())
    })
}

/// The name of the function that a line begins.
fn name(line: &str) -> Option<&str> {
    let mut words = line.trim_start().split(' ');
    let is_before =
        |word: &&str| word.starts_with("pub") || ["async", "const", "unsafe"].contains(word);
    if words.find(|word| !is_before(word))? != "fn" {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_longer_than_a_screen_is_told_and_a_known_one_does_not_grow() {
        let function = |name: &str, lines: usize| {
            let body = "        go(\n        );\n\n        // on\n".repeat((lines - 2) / 2);
            format!("    pub(super) async fn {name}<T>(\n{body}    }}\n")
        };
        let text = format!(
            "fn short() {{ go() }}\nimpl A {{\n{}{}{}{}}}\n",
            function("just", 120),
            function("long", 122),
            function("known", 140),
            function("grown", 142)
        );
        let known = [("known", 140), ("grown", 140), ("gone", 130)];
        assert_eq!(
            too_long(&[(PathBuf::from("a.rs"), text)], &known),
            [
                "src/a.rs: long has 122 lines, and may have 120",
                "src/a.rs: grown has 142 lines, and may have 140",
                "gone is short by now: strike it from KNOWN in long_functions.rs",
            ]
        );
    }
}
