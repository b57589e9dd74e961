//! The pack of the repository: it loads, holds everything its tables hold, and leaves nothing of the plan out.

use std::collections::BTreeMap;

use pack::{Kind, Severity, Table};

use crate::{real_files, real_pack, repository};

#[test]
fn it_loads_without_an_error() {
    let (pack, problems) = pack::read(&real_files());
    let errors: Vec<String> = problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let pack = pack.expect("no error, so it is there");
    let sizes = [
        pack.units.len(),
        pack.events.len(),
        pack.forms.len(),
        pack.clauses.len(),
        pack.tasks.len(),
        pack.indicators.len(),
        pack.legal_refs.len(),
        pack.violations.len(),
        pack.report_outline.len(),
    ];
    assert_eq!(sizes, [48, 7, 18, 66, 44, 48, 30, 35, 37]);
}

#[test]
fn its_warnings_are_the_known_disagreements_of_its_tables() {
    let (_, problems) = pack::read(&real_files());
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for problem in &problems {
        let what = match problem.kind {
            Kind::OneSided { .. } => "one-sided",
            Kind::NotARule(_) => "rule",
            _ => "other",
        };
        *counts.entry((problem.file.as_str(), what)).or_default() += 1;
    }
    let expected = [
        // Forms and clauses do not name each other in every row.
        (("tables/forms.csv", "one-sided"), 12),
        // The city's five successors are the heirs of its wards, and do not name the city itself.
        (("tables/org_units.csv", "one-sided"), 5),
        (("tables/seed_map.csv", "one-sided"), 12),
        // FREQ=QUARTERLY.
        (("tables/tasks.csv", "rule"), 3),
    ];
    assert_eq!(counts, BTreeMap::from(expected), "{problems:#?}");
}

/// Every cell that holds something is found again in the pack's own data, so no column is dropped on the way.
#[test]
fn nothing_of_its_tables_is_lost() {
    let files = real_files();
    let pack = real_pack();
    for (table, path) in &pack.manifest.tables {
        let json = match table {
            Table::Units => serde_json::to_value(&pack.units),
            Table::Events => serde_json::to_value(&pack.events),
            Table::Forms => serde_json::to_value(&pack.forms),
            Table::PersonalData => serde_json::to_value(&pack.personal_data),
            Table::Clauses => serde_json::to_value(&pack.clauses),
            Table::Tasks => serde_json::to_value(&pack.tasks),
            Table::Indicators => serde_json::to_value(&pack.indicators),
            Table::LegalRefs => serde_json::to_value(&pack.legal_refs),
            Table::Violations => serde_json::to_value(&pack.violations),
            Table::ReportOutline => serde_json::to_value(&pack.report_outline),
        };
        let rows = json.expect("plain data").as_array().expect("a list of rows").clone();
        let mut reader = csv::Reader::from_reader(&files[path][..]);
        let headers = reader.headers().expect("a header").clone();
        let records: Vec<csv::StringRecord> =
            reader.records().map(|record| record.expect("a row")).collect();
        assert_eq!(records.len(), rows.len(), "{path}");
        for (record, row) in records.iter().zip(&rows) {
            let mut kept = Vec::new();
            leaves(row, &mut kept);
            for (header, cell) in headers.iter().zip(record) {
                let items = if kept.iter().any(|leaf| leaf == cell) {
                    vec![]
                } else {
                    cell.split([';', ',']).collect()
                };
                for item in items.into_iter().map(str::trim).filter(|item| !item.is_empty()) {
                    let number = item.parse::<f64>().ok();
                    let found = kept.iter().any(|leaf| {
                        leaf.contains(item) || number.is_some() && leaf.parse().ok() == number
                    });
                    assert!(found, "{path}, {header}: {item} is not in {row}");
                }
            }
        }
    }
}

/// The texts of a row, flags as tables write them.
fn leaves(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Number(number) => into.push(number.to_string()),
        serde_json::Value::Bool(flag) => into.push(u8::from(*flag).to_string()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| leaves(field, into)),
        serde_json::Value::Null => {}
    }
}

#[test]
fn its_clauses_are_the_whole_plan_and_its_typing_errors_are_kept() {
    let pack = real_pack();
    let solid = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).count();
    let mapped: usize = pack.clauses.iter().map(|clause| solid(&clause.text)).sum();
    assert_eq!(mapped, solid(&pack.plan_text));
    for typed in ["đông bào", "môi quan hệ", "UBNDTTQVN", "năm 2023"] {
        assert!(pack.clauses.iter().any(|clause| clause.text.contains(typed)), "{typed}");
    }
}

#[test]
fn a_body_that_the_plan_only_asks_is_not_ordered() {
    let pack = real_pack();
    let asks = |word: &String| {
        pack.manifest.modalities.iter().any(|known| known.id == *word && known.request)
    };
    for task in &pack.tasks {
        let partner = ["ldld_tp", "ubmttq_tp"].contains(&task.lead.as_str());
        assert_eq!(
            task.modality.iter().any(asks),
            partner || task.clause == "III.2",
            "{}",
            task.id
        );
    }
}

#[test]
fn its_demonstration_has_the_people_that_the_product_is_shown_with() {
    let pack = real_pack();
    let demo = pack.manifest.demo.expect("it has one");
    let of = |role: &str| demo.users.iter().filter(|user| user.role == role).collect::<Vec<_>>();
    let wards: std::collections::BTreeSet<&str> =
        of("officer").iter().map(|user| user.unit.as_str()).collect();
    assert!(wards.len() >= 2, "officers of two wards");
    assert_eq!((of("trainer").len(), of("coordinator").len()), (1, 1));
    let everything = pack.units.scope(&of("coordinator")[0].scope);
    assert!(wards.iter().all(|ward| everything.contains(*ward)));
}

#[test]
fn its_hash_changes_with_any_name_or_byte_and_with_nothing_else() {
    let files = real_files();
    let hash = pack::content_hash(&files);
    assert_eq!(hash, pack::content_hash(&files.clone()));
    let mut changed = files.clone();
    changed.get_mut("tables/tasks.csv").expect("it has tasks").push(b'\n');
    assert_ne!(hash, pack::content_hash(&changed));
    let mut renamed = files;
    let tasks = renamed.remove("tables/tasks.csv").expect("it has tasks");
    renamed.insert("tables/tasks2.csv".to_owned(), tasks);
    assert_ne!(hash, pack::content_hash(&renamed));
}

#[test]
fn the_schema_document_has_every_field_of_every_table() {
    let text =
        std::fs::read_to_string(repository().join("docs/pack.md")).expect("docs/pack.md is there");
    for table in Table::ALL {
        let heading = format!("### `{}`", table.name());
        let (_, section) = text.split_once(&heading).unwrap_or_else(|| panic!("{heading}"));
        let section = section.split("\n## ").next().and_then(|text| text.split("\n### ").next());
        let section = section.expect("splitting leaves at least one piece");
        for (field, _) in table.fields() {
            assert!(section.contains(&format!("| `{field}` |")), "{}.{field}", table.name());
        }
    }
}
