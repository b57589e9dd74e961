//! Rules that the compiler does not keep: who may depend on whom, what lies where, and that each word is read somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::{cargo, output, root};
use crate::{long_functions, named_tests, unused};

/// Crates that decide: no browser, no runtime, no I/O.
const PURE: &[&str] = &["xpath", "form", "xlsform", "pack", "sync", "report", "barcode"];
/// What none of them may reach, however far down.
const IMPURE: &[&str] = &[
    "leptos",
    "web-sys",
    "js-sys",
    "idb",
    "gloo-storage",
    "gloo-utils",
    "tokio",
    "axum",
    "sqlx",
    "getrandom",
    "rand",
];
/// What may be reached after all: reading a workbook brings a library for archives that can also make them.
const EXCEPTIONS: &[(&str, &[&str])] = &[("xlsform", &["getrandom", "js-sys"])];
/// Which of our crates each may name as a dependency.
const OURS: &[(&str, &[&str])] = &[
    ("barcode", &[]),
    ("xpath", &[]),
    ("form", &["xpath"]),
    ("xlsform", &["form", "xpath"]),
    ("sync", &[]),
    ("pack", &[]),
    ("report", &["form"]),
    ("scenario", &["form", "xlsform", "xpath"]),
    ("server", &["form", "pack", "report", "sync", "xlsform", "xpath"]),
    ("sotay", &["barcode", "form", "pack", "report", "sync"]),
    ("xtask", &[]),
];
/// Which module of the phone app may use which.
const MODULES: &[(&str, &[&str])] = &[
    ("app", &["pages", "reactive", "router", "components", "stores", "platform", "locale"]),
    (
        "pages",
        &[
            "form_view",
            "reactive",
            "router",
            "components",
            "stores",
            "platform",
            "locale",
            "sync_runner",
        ],
    ),
    ("router", &["platform", "reactive"]),
    ("reactive", &[]),
    ("form_view", &["components", "reactive", "stores", "locale", "platform"]),
    ("components", &["platform", "reactive"]),
    ("sync_runner", &["stores", "platform", "reactive"]),
    ("stores", &["platform", "reactive", "locale"]),
    ("platform", &[]),
    ("locale", &[]),
];
/// Names of web APIs; only `src/platform/` may say them.
const WEB: &[&str] = &["web_sys::", "js_sys::", "idb::", "gloo_storage::", "wasm_bindgen::"];

/// Our crates that `name` may be built from, however far down, itself left out.
pub fn crates_below(name: &str) -> BTreeSet<&'static str> {
    let mut below = BTreeSet::new();
    for (_, used) in OURS.iter().filter(|(known, _)| *known == name) {
        for used in *used {
            below.insert(*used);
            below.append(&mut crates_below(used));
        }
    }
    below
}

/// Checks every rule and lists all that is wrong.
pub fn tidy() -> Result<()> {
    let mut wrong = Vec::new();
    dependencies(&mut wrong)?;
    modules(&mut wrong)?;
    words(&mut wrong)?;
    decisions(&mut wrong)?;
    named_tests::check(&root(), &mut wrong)?;
    unused::check(&root(), &mut wrong)?;
    long_functions::check(&root(), &mut wrong)?;
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\n"));
}

fn dependencies(wrong: &mut Vec<String>) -> Result<()> {
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let names = names(&metadata)?;
    let edges = edges(&metadata)?;
    let ours: BTreeSet<&str> = OURS.iter().map(|(name, _)| *name).collect();
    let id_of = |name: &str| {
        let mut ids = names.iter().filter(|(id, found)| {
            **found == name && (id.contains("path+") || !id.contains("registry"))
        });
        ids.next()
            .map(|(id, _)| id.as_str())
            .with_context(|| format!("no package {name} in the workspace"))
    };
    for name in PURE {
        let excepted = EXCEPTIONS.iter().find(|(crate_name, _)| crate_name == name);
        let excepted = excepted.map_or(&[][..], |(_, reached)| reached);
        for reached in reachable(id_of(name)?, &edges) {
            let reached = names[reached];
            if IMPURE.contains(&reached) && !excepted.contains(&reached) {
                wrong.push(format!("crates/{name} must stay pure, but reaches {reached} (cargo tree -p {name} -i {reached})"));
            }
        }
    }
    for (name, allowed) in OURS {
        for id in edges.get(id_of(name)?).into_iter().flatten() {
            let used = names[id.as_str()];
            if ours.contains(used) && !allowed.contains(&used) {
                wrong.push(format!("{name} may not depend on {used}"));
            }
        }
    }
    Ok(())
}

type Names<'a> = BTreeMap<String, &'a str>;
type Edges = BTreeMap<String, Vec<String>>;

fn names(metadata: &Value) -> Result<Names<'_>> {
    let packages = metadata["packages"].as_array().context("metadata has no packages")?;
    packages
        .iter()
        .map(|package| id_and_name(package).context("a package without a name"))
        .collect()
}

fn id_and_name(package: &Value) -> Option<(String, &str)> {
    Some((package["id"].as_str()?.to_owned(), package["name"].as_str()?))
}

/// Normal dependencies only: what a crate uses for its tests does not ship.
fn edges(metadata: &Value) -> Result<Edges> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("metadata has no graph")?;
    let mut edges = Edges::new();
    for node in nodes {
        let id = node["id"].as_str().context("a node without an id")?;
        let deps = node["deps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_normal = |dep: &&Value| {
            let kinds = dep["dep_kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
            kinds.iter().any(|kind| kind["kind"].is_null())
        };
        let normal =
            deps.iter().filter(is_normal).filter_map(|dep| dep["pkg"].as_str().map(str::to_owned));
        edges.insert(id.to_owned(), normal.collect());
    }
    Ok(edges)
}

fn reachable<'a>(from: &'a str, edges: &'a Edges) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            next.extend(edges.get(id).into_iter().flatten().map(String::as_str));
        }
    }
    seen
}

fn modules(wrong: &mut Vec<String>) -> Result<()> {
    for (name, text) in sources()? {
        module(&name, &text, wrong);
    }
    Ok(())
}

/// The phone app's files, by their paths in `src/`.
fn sources() -> Result<Vec<(PathBuf, String)>> {
    sources_in(&root().join("src"))
}

/// Rust files in a folder and those below it, by their paths in it.
pub fn sources_in(top: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut folders = vec![top.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)?;
                files.push((path.strip_prefix(top)?.to_owned(), text));
            }
        }
    }
    Ok(files)
}

/// Words that nobody reads: they are public, so that the compiler says nothing of them.
fn words(wrong: &mut Vec<String>) -> Result<()> {
    words_of(&sources()?, wrong);
    Ok(())
}

/// Words that no code says, and those that say what another one says in every language: both are sent to each phone.
fn words_of(sources: &[(PathBuf, String)], wrong: &mut Vec<String>) {
    let code =
        || sources.iter().flat_map(|(_, text)| text.lines()).filter(|line| !is_comment(line));
    let named = code().flat_map(|line| line.split("Language::").skip(1)).map(word);
    let called = code().flat_map(|line| line.split('.').skip(1)).filter_map(|rest| {
        let word = word(rest);
        rest[word.len()..].starts_with('(').then_some(word)
    });
    let said: BTreeSet<&str> = named.chain(called).collect();
    let mut entries = BTreeMap::<&str, &str>::new();
    for (name, text) in sources.iter().filter(|(name, _)| name.starts_with("locale")) {
        for (number, line) in text.lines().enumerate() {
            let is_entry = |(word, rest): &(&str, &str)| {
                rest.starts_with('"') && !word.contains(|c: char| !c.is_alphanumeric() && c != '_')
            };
            let entry = line.trim_start().split_once(": ").filter(is_entry);
            let Some((word, texts)) = entry else { continue };
            let place = format!("src/{}:{}", name.display(), number + 1);
            if !said.contains(word) {
                wrong.push(format!("{place}: nothing says {word}"));
            }
            if let Some(first) = entries.insert(texts, word) {
                wrong.push(format!("{place}: {word} says what {first} says"));
            }
        }
    }
}

/// Decisions that the index of them does not name: nobody finds these.
fn decisions(wrong: &mut Vec<String>) -> Result<()> {
    let folder = root().join("docs/decisions");
    let index = std::fs::read_to_string(folder.join("README.md"))?;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "README.md" && !index.contains(&format!("({name})")) {
            wrong.push(format!("docs/decisions/README.md does not name {name}"));
        }
    }
    Ok(())
}

fn module(name: &Path, text: &str, wrong: &mut Vec<String>) {
    let top =
        name.components().next().and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
    let top = top.strip_suffix(".rs").unwrap_or(top);
    let Some((_, allowed)) = MODULES.iter().find(|(module, _)| *module == top) else {
        if !["lib", "main"].contains(&top) {
            wrong.push(format!("src/{}: no rule says whom {top} may use", name.display()));
        }
        return;
    };
    let place = |number: usize| format!("src/{}:{}", name.display(), number + 1);
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !is_comment(line)) {
        for used in used_modules(line, &lines[number + 1..]) {
            let known = MODULES.iter().any(|(module, _)| *module == used);
            if known && used != top && !allowed.contains(&used) {
                wrong.push(format!("{}: {top} may not use {used}", place(number)));
            }
        }
        if top != "platform"
            && let Some(api) = WEB.iter().find(|api| line.contains(*api))
        {
            wrong.push(format!("{}: {api} belongs in src/platform/", place(number)));
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The modules of the phone app that a line names as `crate::module`, or as one of the group `crate::{…}` that goes on in the lines
/// behind it.
fn used_modules<'a>(line: &'a str, behind: &[&'a str]) -> Vec<&'a str> {
    let mut used: Vec<&str> = line.split("crate::").skip(1).map(word).collect();
    let Some((_, first)) = line.split_once("crate::{") else { return used };
    let mut depth = 1_u32;
    for line in [&first].into_iter().chain(behind) {
        let mut begins = depth == 1;
        for (at, letter) in line.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => begins = depth == 1,
                letter if begins && !letter.is_whitespace() => {
                    used.push(word(&line[at..]));
                    begins = false;
                }
                _ => {}
            }
            if depth == 0 {
                return used;
            }
        }
    }
    used
}

/// The name that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_which_no_rule_tells_is_told() {
        let mut wrong = Vec::new();
        module(Path::new("foo.rs"), "use crate::pages::Today;", &mut wrong);
        module(Path::new("lib.rs"), "pub mod pages;", &mut wrong);
        assert_eq!(wrong, ["src/foo.rs: no rule says whom foo may use"]);
    }

    #[test]
    fn a_word_is_said_by_code_only_and_by_one_name() {
        let words = "words! {\n    photos: \"Ảnh\", \"Photos\";\n    back: \"Quay lại\", \"Back\";\n    \
            goes: \"Quay lại\", \"Back\";\n    left: \"Quay lại\", \"Left\";\n}\n";
        let page = "// Language::photos\nphotos: u64,\nlet photos = device.photos;\nlanguage.back()\n\
            Language::goes);\n    .left();\n";
        let sources = [("locale/about.rs", words), ("pages/more.rs", page)];
        let mut wrong = Vec::new();
        words_of(&sources.map(|(name, text)| (name.into(), text.to_owned())), &mut wrong);
        let told = [
            "src/locale/about.rs:2: nothing says photos",
            "src/locale/about.rs:4: goes says what back says",
        ];
        assert_eq!(wrong, told);
    }

    #[test]
    fn modules_are_seen_however_they_are_named() {
        let used = |text: &str| {
            let lines: Vec<&str> = text.lines().collect();
            used_modules(lines[0], &lines[1..])
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(used("use crate::stores::{Door, blobs};"), "stores");
        assert_eq!(
            used("use crate::{locale, platform::{clock, tasks}, stores};"),
            "locale platform stores"
        );
        assert_eq!(
            used(
                "use crate::{\n    platform::{\n        clock,\n        tasks,\n    },\n    stores::Door,\n};\nuse a::{b};"
            ),
            "platform stores"
        );
        assert_eq!(used("    crate::platform::log_error(&x);"), "platform");
    }
}
