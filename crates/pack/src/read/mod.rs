//! From the files of a pack folder to a [`Pack`], or to everything that is wrong with them.

mod check;
mod manifest;
mod plan;
mod rows;
mod schema;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

pub use manifest::{Demo, DemoUser, Issuer, Manifest, ROLES};
pub use schema::Table;

use crate::phone::{PhoneForm, PhonePack, PublishedForm};
use crate::{
    Clause, Event, FormRow, Indicator, Kind, LegalRef, OutlineItem, PersonalField, Problem,
    Severity, Task, Units, Violation,
};

/// The manifest's place in a pack.
const MANIFEST: &str = "pack.toml";

/// What one authority brings to the product, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// [`content_hash`] of the files it was read from.
    pub hash: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Units, past and present.
    pub units: Units,
    /// Changes of the organisation.
    pub events: Vec<Event>,
    /// The table of its forms.
    pub forms: Vec<FormRow>,
    /// Questions that ask for personal data.
    pub personal_data: Vec<PersonalField>,
    /// The plan, piece by piece.
    pub clauses: Vec<Clause>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
    /// Legal references.
    pub legal_refs: Vec<LegalRef>,
    /// Forbidden acts.
    pub violations: Vec<Violation>,
    /// The report's outline.
    pub report_outline: Vec<OutlineItem>,
    /// The text of the plan's document.
    pub plan_text: String,
}

impl Pack {
    /// The folder of the files beside a form, with the `/` behind it.
    #[must_use]
    pub fn media_folder(&self, form: &FormRow) -> String {
        self.manifest.media_folder(&form.file)
    }

    /// Where the spreadsheet of a form is, inside the pack.
    #[must_use]
    pub fn form_path(&self, form: &FormRow) -> String {
        self.manifest.form_path(&form.file)
    }
}

/// Reads a pack out of its files, by path inside the pack folder, with `/` between names.
///
/// The pack is there when no problem is an error; warnings may be left. Every problem is listed at
/// once, in the order of files and rows.
#[must_use]
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> (Option<Pack>, Vec<Problem>) {
    let mut problems = Vec::new();
    let pack = read_all(files, &mut problems);
    problems.sort();
    problems.dedup();
    let usable = problems.iter().all(|problem| problem.severity() == Severity::Warning);
    (pack.filter(|_| usable), problems)
}

/// The manifest alone, also of a pack with errors, as far as it can be read.
#[must_use]
pub fn manifest(files: &BTreeMap<String, Vec<u8>>) -> Option<Manifest> {
    read_manifest(files, &mut Vec::new())
}

fn read_manifest(
    files: &BTreeMap<String, Vec<u8>>,
    problems: &mut Vec<Problem>,
) -> Option<Manifest> {
    let Some(bytes) = files.get(MANIFEST) else {
        let kind = Kind::FileMissing(MANIFEST.to_owned());
        problems.push(Problem { file: MANIFEST.to_owned(), row: None, column: None, kind });
        return None;
    };
    manifest::read(&text_of(MANIFEST, bytes, problems)?, problems)
}

/// A file that the manifest names in that key, and that is not there.
fn not_there(key: &str, path: &str) -> Problem {
    let (file, kind) = (MANIFEST.to_owned(), Kind::FileMissing(path.to_owned()));
    Problem { file, row: None, column: Some(key.to_owned()), kind }
}

fn read_all(files: &BTreeMap<String, Vec<u8>>, problems: &mut Vec<Problem>) -> Option<Pack> {
    let manifest = read_manifest(files, problems)?;
    let mut reader = rows::Reader::new(&manifest, files, problems);
    let units = Units::from(reader.units());
    let mut pack = Pack {
        hash: content_hash(files),
        units,
        events: reader.events(),
        forms: reader.forms(),
        personal_data: reader.personal_data(),
        clauses: reader.clauses(),
        tasks: reader.tasks(),
        indicators: reader.indicators(),
        legal_refs: reader.legal_refs(),
        violations: reader.violations(),
        report_outline: reader.report_outline(),
        plan_text: String::new(),
        manifest,
    };
    if let Some(plan) = &pack.manifest.plan
        && let Some(bytes) = files.get(&plan.document)
    {
        pack.plan_text = text_of(&plan.document, bytes, problems).unwrap_or_default();
    }
    check_files(&pack, files, problems);
    if problems.iter().all(|problem| !problem.kind.leaves_a_gap()) {
        plan::check_coverage(&pack, problems);
        check::check(&pack, problems);
    }
    Some(pack)
}

/// Every file that is referred to exists, and every file that exists is referred to.
fn check_files(pack: &Pack, files: &BTreeMap<String, Vec<u8>>, problems: &mut Vec<Problem>) {
    let manifest = &pack.manifest;
    let mut known: BTreeSet<String> = [MANIFEST.to_owned(), "README.md".to_owned()].into();
    known.extend(manifest.tables.values().cloned());
    let template = manifest.report_template.iter().map(|path| ("report.template", path));
    let documents = manifest.documents.iter().map(|path| ("documents", path));
    let plan = manifest.plan.iter().map(|plan| ("plan.document", &plan.document));
    for (key, path) in template.chain(documents).chain(plan) {
        if !files.contains_key(path) {
            problems.push(not_there(key, path));
        }
        known.insert(path.clone());
    }
    for form in &pack.forms {
        let path = pack.form_path(form);
        if !form.file.is_empty() && !files.contains_key(&path) {
            problems.push(Problem {
                file: manifest.tables.get(&Table::Forms).cloned().unwrap_or_default(),
                row: Some(form.row),
                column: Some(manifest.header(Table::Forms, "file")),
                kind: Kind::Unknown { what: "file", name: path.clone() },
            });
        }
        known.insert(path);
        // Which of them the form names is seen when the form is read.
        let beside = manifest.media_folder(&form.file);
        let is_in =
            |path: &&String| path.strip_prefix(&beside).is_some_and(|name| !name.contains('/'));
        known.extend(files.keys().filter(is_in).cloned());
    }
    // What a wrong manifest fails to name is not unused.
    let is_named = |problem: &Problem| matches!(problem.kind, Kind::FileMissing(_));
    if problems.iter().any(|problem| problem.file == MANIFEST && !is_named(problem)) {
        return;
    }
    let form_files = format!("{}/", manifest.forms_folder);
    for path in files.keys().filter(|path| !known.contains(*path)) {
        let form = path.starts_with(&form_files) && path.ends_with(".xlsx");
        let kind = if form { Kind::FormNotInTable } else { Kind::FileUnused };
        problems.push(Problem { file: path.clone(), row: None, column: None, kind });
    }
}

/// The text of a file, without the byte order mark that spreadsheet programs begin with.
fn text_of(path: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before =
                bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            let (file, row) = (path.to_owned(), u32::try_from(before + 1).ok());
            problems.push(Problem { file, row, column: None, kind: Kind::NotUtf8 });
            None
        }
    }
}

/// SHA-256 over the files in the order of their names, in hexadecimal. Each name and each content
/// goes in with its length, so that no two packs run together to the same bytes.
#[must_use]
pub fn content_hash(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in files {
        feed(&mut hasher, name.as_bytes());
        feed(&mut hasher, bytes);
    }
    hex(hasher)
}

fn feed(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(
        u64::try_from(bytes.len()).expect("no file is longer than 2^64 bytes").to_le_bytes(),
    );
    hasher.update(bytes);
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `GET /api/v1/pack` answers: the pack with the forms that were published from it. Its `hash`
/// covers both, since a newer converter can make another form out of the same spreadsheet.
#[must_use]
pub fn phone_json(pack: &Pack, forms: &[PublishedForm]) -> serde_json::Value {
    serde_json::to_value(phone_pack(pack, forms))
        .expect("string keys and plain data always make JSON")
}

fn phone_pack(pack: &Pack, published: &[PublishedForm]) -> PhonePack {
    let mut hasher = Sha256::new();
    feed(&mut hasher, pack.hash.as_bytes());
    for form in published {
        feed(&mut hasher, form.id.as_bytes());
        feed(&mut hasher, form.hash.as_bytes());
        for file in &form.files {
            feed(&mut hasher, file.name.as_bytes());
            feed(&mut hasher, file.hash.as_bytes());
        }
    }
    let forms = pack.forms.iter().flat_map(|row| {
        published
            .iter()
            .filter(|form| form.id == row.form_id)
            .map(|form| phone_form(&pack.manifest, row, form))
    });
    let manifest = &pack.manifest;
    PhonePack {
        hash: hex(hasher),
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        title: manifest.title.clone(),
        languages: manifest.languages.clone(),
        default_language: manifest.default_language.clone(),
        issuer: manifest.issuer.unit.clone(),
        plan: manifest.plan.clone(),
        roots: manifest.roots.clone(),
        form_kinds: manifest.form_kinds.clone(),
        programmes: manifest.programmes.clone(),
        periods: manifest.periods.clone(),
        forms: forms.collect(),
        keep_columns: manifest.keep_columns.clone(),
        wipe_after: manifest.wipe_after,
        pin: manifest.pin.clone(),
        units: pack.units.clone(),
        groups: manifest.groups.clone(),
        modalities: manifest.modalities.clone(),
        events: pack.events.clone(),
        clauses: pack.clauses.clone(),
        tasks: pack.tasks.clone(),
        indicators: pack.indicators.clone(),
        legal_refs: pack.legal_refs.clone(),
        violations: pack.violations.clone(),
        report_outline: pack.report_outline.clone(),
    }
}

fn phone_form(manifest: &Manifest, row: &FormRow, form: &PublishedForm) -> PhoneForm {
    PhoneForm {
        id: form.id.clone(),
        file: row.file.clone(),
        version: form.version.clone(),
        hash: form.hash.clone(),
        bytes: form.bytes,
        files: form.files.clone(),
        title: row.title.clone(),
        kind: row.kind.clone(),
        programme: manifest.programme_of(row).map(str::to_owned),
        how_often: row.how_often.clone(),
        clauses: row.clauses.clone(),
        used_by: row.used_by.clone(),
        personal_data: row.personal_data,
        sensitive_data: row.sensitive_data,
        checklist_items: row.checklist_items,
        withdrawn: row.withdrawn,
        extra: row.extra.clone(),
    }
}
