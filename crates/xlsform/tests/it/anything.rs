//! Any workbook has an answer: a form that can be written, or errors. Never a panic.

use xlsform::{Options, Severity, Workbook, convert};

const HEADERS: [&str; 22] = [
    "type",
    "name",
    "label",
    "label::vi",
    "hint",
    "relevant",
    "calculation",
    "required",
    "constraint",
    "default",
    "trigger",
    "parameters",
    "choice_filter",
    "appearance",
    "repeat_count",
    "save_to",
    "media::image",
    "list_name",
    "entity_id",
    "create_if",
    "::",
    "bind::a:x",
];
const CELLS: [&str; 40] = [
    "text",
    "begin group",
    "end group",
    "begin repeat",
    "end repeat",
    "begin loop over l",
    "end loop",
    "select_one l",
    "select_multiple l or_other",
    "select_one ${a}",
    "select_one_from_file a.csv",
    "select_one_external l",
    "rank l",
    "calculate",
    "range",
    "note",
    "audit",
    "background-geopoint",
    "csv-external",
    "geopoint",
    "image",
    "a",
    "b",
    "l",
    "meta",
    "${a}",
    "${",
    "${a} ${b}",
    "}",
    "${last-saved#a}",
    "pulldata('f', 'a'",
    "instance('l')/root/item[name = ${a}",
    "search('x')",
    "table-list",
    "start=1 end=",
    "yes",
    "1 + ",
    "indexed-repeat(${a}, ${b}, 1)",
    "l#p",
    "ế%(label)s’",
];
const SHEETS: [&str; 3] = ["settings", "entities", "external_choices"];

/// A small generator of numbers: the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// A cell, mostly empty.
fn seldom(numbers: &mut Numbers) -> Option<String> {
    (numbers.below(12) == 0).then(|| CELLS[numbers.below(CELLS.len())].to_owned())
}

/// A survey that is nearly right, with lists that it can use, and now and then another sheet.
fn workbook(numbers: &mut Numbers) -> Workbook {
    let text = |text: &str| Some(text.to_owned());
    let mut survey = vec![vec![text("type"), text("name"), text("label")]];
    for _ in 0..numbers.below(3) {
        survey[0].push(text(HEADERS[numbers.below(HEADERS.len())]));
    }
    let columns = survey[0].len();
    for (row, name) in ["a", "b", "c", "d"].into_iter().enumerate().take(1 + numbers.below(4)) {
        let kind = if row == 0 { "text" } else { CELLS[numbers.below(20)] };
        let mut cells = vec![text(kind), text(name), text(["A", "${a}"][numbers.below(2)])];
        cells.extend((3..columns).map(|_| seldom(numbers)));
        survey.push(cells);
    }
    let choices = vec![
        vec![text("list_name"), text("name"), text("label")],
        vec![text("l"), text("x"), text("X")],
        vec![text("l"), text("y"), seldom(numbers)],
    ];
    let mut sheets = vec![("survey".to_owned(), survey), ("choices".to_owned(), choices)];
    if numbers.below(3) == 0 {
        let sheet = SHEETS[numbers.below(SHEETS.len())].to_owned();
        let row = |numbers: &mut Numbers, from: &[&str]| {
            (0..4).map(|_| text(from[numbers.below(from.len())])).collect()
        };
        sheets.push((sheet, vec![row(numbers, &HEADERS), row(numbers, &CELLS)]));
    }
    Workbook::from_grid(sheets)
}

#[test]
fn any_workbook_gives_a_form_or_errors() {
    let mut forms = 0;
    for seed in 0..4_000 {
        let workbook = workbook(&mut Numbers(seed));
        let (form, problems) = convert(&workbook, &Options::default());
        let failed = problems.iter().any(|p| p.severity == Severity::Error);
        assert_eq!(form.is_none(), failed, "seed {seed}: {problems:?}");
        if let Some(form) = form {
            forms += 1;
            let xml = form::write_xform(&form);
            let canonical = scenario::canonical::parse(&xml);
            assert!(canonical.is_ok(), "seed {seed}: {canonical:?}\n{xml}");
        }
    }
    assert!(forms > 20, "only {forms} of the workbooks were forms");
}
