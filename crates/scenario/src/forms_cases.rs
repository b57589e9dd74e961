//! Whole forms: each that another engine loads has to load and start here.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use form::{Environment, LocalTime, Resources};
use serde::Deserialize;
use xlsform::{Kind, Options, Severity};

use crate::scenario::Scenario;
use crate::tally::{Outcome, Tally};

const GATED: &str = "must load";
const FREE: &str = "refused by other engines";
const TIERS: &[&str] = &[GATED, FREE];

#[derive(Debug, Deserialize)]
struct Index {
    forms: Vec<Case>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    file: PathBuf,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    file: String,
    /// The same file, compressed.
    stored_as: Option<String>,
    must_parse: bool,
}

/// Loads every form that these index files (or the folders that hold an `index.json`) name; gives whether all that must
/// load do.
pub fn run(
    paths: &[PathBuf],
    report: Option<&PathBuf>,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut tally = Tally::new(TIERS, 1, report.map(PathBuf::as_path))?;
    for path in paths {
        let path = if path.is_dir() { path.join("index.json") } else { path.clone() };
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = std::fs::read(&path).with_context(|| format!("opening {}", path.display()))?;
        let index: Index = serde_json::from_slice(&text)?;
        let resources = resources(folder, &index.attachments)?;
        for case in index.forms {
            let loaded = load(folder, &case, &resources);
            tally.add(&outcome(case, loaded), out)?;
        }
    }
    tally.finish(out)
}

fn outcome(case: Case, loaded: Result<(), String>) -> Outcome {
    // Of a form that other engines refuse nothing is expected; what we do is told.
    let passed = loaded.is_ok() == case.must_parse;
    Outcome {
        id: case.id,
        tier: if case.must_parse { GATED } else { FREE },
        input: case.file,
        expected: if case.must_parse { "loads" } else { "refused" }.to_owned(),
        got: loaded.err().unwrap_or_else(|| "loads".to_owned()),
        passed,
    }
}

/// Reads, compiles and starts one form.
fn load(folder: &Path, case: &Case, resources: &Resources) -> Result<(), String> {
    let bytes = bytes(folder, case).map_err(|error| error.to_string())?;
    let xml = match Kind::from_file_name(&case.file) {
        Some(kind) => convert(&bytes, kind, &case.file)?,
        None => String::from_utf8(bytes).map_err(|error| error.to_string())?,
    };
    let environment = Environment {
        now: LocalTime { unix_ms: 1_795_441_572_000, offset_min: -420 },
        seed: 1,
        instance_id: "uuid:case".to_owned(),
        ..Environment::default()
    };
    Scenario::open(xml.trim_start(), resources, environment)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn bytes(folder: &Path, case: &Case) -> std::io::Result<Vec<u8>> {
    let Some(stored) = &case.stored_as else { return std::fs::read(folder.join(&case.file)) };
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(folder.join(stored))?)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn convert(bytes: &[u8], kind: Kind, name: &str) -> Result<String, String> {
    let workbook = xlsform::read_workbook(bytes, kind).map_err(|error| error.to_string())?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let options = Options { form_id: Some(stem.to_owned()), ..Options::default() };
    let (form, problems) = xlsform::convert(&workbook, &options);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    form.map(|form| form::write_xform(&form)).ok_or_else(|| errors.join(" | "))
}

/// The files that forms refer to, by name.
fn resources(folder: &Path, attachments: &[Attachment]) -> anyhow::Result<Resources> {
    let mut files = BTreeMap::new();
    for attachment in attachments {
        let path = folder.join(&attachment.file);
        let text = std::fs::read(&path).with_context(|| format!("opening {}", path.display()))?;
        files.insert(attachment.name.clone(), String::from_utf8_lossy(&text).into_owned());
    }
    Ok(Resources { files })
}
