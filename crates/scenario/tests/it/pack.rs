//! The pack's workbooks, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use form::definition::Form;
use form::{Environment, LocalTime, Program, Resources, compile, parse_xform, write_xform};
use scenario::scenario::Scenario;
use xlsform::{Kind, Options, Severity, convert, read_workbook};

/// 2024-12-01T08:30:00+07:00
pub const DECEMBER_2024: i64 = 1_733_016_600_000;
/// 2025-08-02T08:30:00+07:00
pub const AUGUST_2025: i64 = 1_754_098_200_000;

/// 2026-11-30T08:30:00+07:00
pub const NOVEMBER_2026: i64 = 1_796_002_200_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024/forms")
}

/// The names of all forms.
pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the pack is there");
    let stem = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned()
    };
    let mut names: Vec<String> = entries.map(stem).collect();
    names.sort();
    names
}

/// A workbook as a phone gets it: converted, written as an `XForm`, read again and compiled. Nothing may be wrong on the way.
pub fn program(name: &str) -> Arc<Program> {
    let bytes = std::fs::read(folder().join(format!("{name}.xlsx"))).expect("the workbook");
    let workbook = read_workbook(&bytes, Kind::Spreadsheet).expect("a workbook");
    let keep_columns = vec!["weight".to_owned()];
    let options = Options { form_id: Some(name.to_owned()), keep_columns, ..Options::default() };
    let (form, problems) = convert(&workbook, &options);
    let errors: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    let xml = write_xform(&form.expect("a form without errors"));
    let (form, problems) = parse_xform(&xml).expect("an XForm");
    assert!(problems.is_empty(), "{name}: {problems:#?}");
    let program = compile(form, &Resources::default()).expect("a form without problems");
    assert!(program.warnings().is_empty(), "{name}: {:#?}", program.warnings());
    Arc::new(program)
}

pub fn environment(unix_ms: i64) -> Environment {
    Environment {
        now: LocalTime { unix_ms, offset_min: 420 },
        seed: 1,
        properties: [("username".to_owned(), "lan".to_owned())].into(),
        instance_id: "uuid:phieu".to_owned(),
    }
}

pub fn start(name: &str) -> Scenario {
    start_at(name, DECEMBER_2024)
}

pub fn start_at(name: &str, unix_ms: i64) -> Scenario {
    Scenario::start(program(name), environment(unix_ms))
}

/// The path of the question of this name, rows left out.
pub fn path(form: &Form, name: &str) -> String {
    let ends = |nodeset: &&str| nodeset.rsplit('/').next() == Some(name);
    let found = form.binds.iter().map(|bind| bind.nodeset.as_str()).find(ends);
    found.unwrap_or_else(|| panic!("the form has no {name}")).to_owned()
}

pub trait ByName {
    fn path(&self, name: &str) -> String;
    fn put(&mut self, name: &str, text: &str);
    fn put_in_row(&mut self, repeat: &str, row: usize, name: &str, text: &str);
    /// A row to write in: a new form has one in each repeat.
    fn row(&mut self, repeat: &str, number: usize) -> usize;
    fn text(&self, name: &str) -> String;
    fn number(&self, name: &str) -> f64;
    fn relevant(&self, name: &str) -> bool;
    fn fill(&mut self, rows: usize);
}

impl ByName for Scenario {
    fn path(&self, name: &str) -> String {
        path(self.session().program().form(), name)
    }

    fn put(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        self.answer(&path, text).unwrap_or_else(|error| panic!("{error}"));
    }

    fn put_in_row(&mut self, repeat: &str, row: usize, name: &str, text: &str) {
        let path = format!("/data/{repeat}[{row}]/{name}");
        self.answer(&path, text).unwrap_or_else(|error| panic!("{error}"));
    }

    fn row(&mut self, repeat: &str, number: usize) -> usize {
        while self.row_count(repeat).expect("a repeat") < number {
            self.add_row(repeat).expect("a row can be added");
        }
        number
    }

    fn text(&self, name: &str) -> String {
        self.value(&self.path(name))
    }

    fn number(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} is '{}'", self.text(name)))
    }

    fn relevant(&self, name: &str) -> bool {
        let state = self.state(&self.path(name));
        state.unwrap_or_else(|| panic!("{name} is not drawn")).relevant
    }

    fn fill(&mut self, rows: usize) {
        let stuck = scenario::person::fill(self.session_mut(), rows);
        assert!(stuck.is_empty(), "no answer was found for {stuck:?}");
    }
}
