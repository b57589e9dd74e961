//! Rows of cells to the typed rows of `tables`.

use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::not_there;
use super::schema::Table;
use super::sheet::{Row, Sheet, finite};
use crate::tables::Extra;
use crate::text::reference;
use crate::{
    Clause, Date, Event, FormRow, Indicator, Kind, LegalRef, OutlineItem, PersonalField, Problem,
    Target, Task, Unit, Violation,
};

/// A unit as others are looked up by: without the remark that may follow it. What is all remark names none, and stays as it is.
fn named(item: String) -> String {
    reference(&item).map(str::to_owned).unwrap_or(item)
}

/// Reads the tables that the manifest names.
pub(super) struct Reader<'a> {
    manifest: &'a Manifest,
    files: &'a BTreeMap<String, Vec<u8>>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub fn new(
        manifest: &'a Manifest,
        files: &'a BTreeMap<String, Vec<u8>>,
        problems: &'a mut Vec<Problem>,
    ) -> Reader<'a> {
        Reader { manifest, files, problems }
    }

    fn rows<T>(&mut self, table: Table, read: impl Fn(Row<'_>) -> T) -> Vec<T> {
        let Some(file) = self.manifest.tables.get(&table) else { return Vec::new() };
        let Some(bytes) = self.files.get(file) else {
            self.problems.push(not_there(&format!("tables.{}", table.name()), file));
            return Vec::new();
        };
        let sheet = Sheet::read(table, file, bytes, self.manifest);
        let rows = sheet.rows().map(read).collect();
        self.problems.extend(sheet.into_problems());
        rows
    }

    pub fn units(&mut self) -> Vec<Unit> {
        self.rows(Table::Units, |row| {
            let (valid_from, valid_to) = period(&row, "valid_from", "valid_to");
            Unit {
                row: row.number,
                id: row.word("id"),
                name: row.texts("name"),
                kind: row.word("kind"),
                level: row.word("level"),
                parent: Some(named(row.word("parent"))).filter(|parent| !parent.is_empty()),
                code: row.word("code"),
                valid_from,
                valid_to,
                predecessors: row.list("predecessors").into_iter().map(named).collect(),
                successors: row.list("successors").into_iter().map(named).collect(),
                basis: row.text("basis"),
                clauses: row.list("clauses"),
                role: row.word("role"),
                enabled: row.flag("enabled", true),
                verification: row.text("verification"),
                note: row.text("note"),
                extra: row.extra(),
            }
        })
    }

    pub fn events(&mut self) -> Vec<Event> {
        self.rows(Table::Events, |row| Event {
            row: row.number,
            date: written_date(&row, "date"),
            title: row.texts("title"),
            from_units: row.list("from_units"),
            to_units: row.list("to_units"),
            basis: row.text("basis"),
            data_rule: row.text("data_rule"),
            verification: row.text("verification"),
            extra: row.extra(),
        })
    }

    pub fn forms(&mut self) -> Vec<FormRow> {
        self.rows(Table::Forms, |row| FormRow {
            row: row.number,
            file: row.word("file"),
            form_id: row.word("form_id"),
            version: row.word("version"),
            title: row.texts("title"),
            kind: row.word("kind"),
            programme: row.word("programme"),
            used_by: row.text("used_by"),
            clauses: row.list("clauses"),
            how_often: row.texts("how_often"),
            rows: row.whole("rows"),
            checklist_items: row.whole("checklist_items"),
            personal_data: row.flag("personal_data", false),
            sensitive_data: row.flag("sensitive_data", false),
            withdrawn: row.flag("withdrawn", false),
            extra: row.extra(),
        })
    }

    pub fn personal_data(&mut self) -> Vec<PersonalField> {
        self.rows(Table::PersonalData, |row| {
            let months = row.whole("months");
            if months == Some(0) {
                row.problem("months", Kind::NotANumber("0".to_owned()));
            }
            PersonalField {
                row: row.number,
                form: row.word("form"),
                field: row.word("field"),
                person: row.word("person"),
                purpose: row.texts("purpose"),
                months: months.unwrap_or_default(),
                seen_by: row.list("seen_by"),
                extra: row.extra(),
            }
        })
    }

    pub fn clauses(&mut self) -> Vec<Clause> {
        self.rows(Table::Clauses, |row| Clause {
            row: row.number,
            id: row.word("id"),
            order: row.whole("order").unwrap_or_default(),
            kind: row.word("kind"),
            text: row.text("text"),
            actor: row.text("actor"),
            meaning: row.texts("meaning"),
            forms: row.list("forms"),
            records: row.text("records"),
            reports: row.text("reports"),
            tasks: row.list("tasks"),
            note: row.text("note"),
            extra: row.extra(),
        })
    }

    pub fn tasks(&mut self) -> Vec<Task> {
        self.rows(Table::Tasks, |row| {
            let (start, due) = period(&row, "start", "due");
            Task {
                row: row.number,
                id: row.word("id"),
                clause: row.word("clause"),
                title: row.texts("title"),
                lead: row.word("lead"),
                partners: row.list("partners"),
                modality: row.split("modality", ','),
                recurrence: row.text("recurrence"),
                rrule: recurrence_rule(&row),
                start,
                due,
                due_rule: row.text("due_rule"),
                output: row.texts("output"),
                forms: row.list("forms"),
                indicators: row.list("indicators"),
                evidence: row.text("evidence"),
                verification: row.text("verification"),
                note: row.text("note"),
                extra: row.extra(),
            }
        })
    }

    pub fn indicators(&mut self) -> Vec<Indicator> {
        self.rows(Table::Indicators, |row| {
            let mut extra = row.extra();
            Indicator {
                row: row.number,
                id: row.word("id"),
                group: row.text("group"),
                name: row.texts("name"),
                unit: row.text("unit"),
                direction: row.text("direction"),
                baseline: row.number("baseline"),
                baseline_year: row.whole("baseline_year"),
                baseline_scope: row.text("baseline_scope"),
                targets: targets(&row, &mut extra),
                level: row.text("level"),
                formula: row.text("formula"),
                source: row.text("source"),
                frequency: row.text("frequency"),
                document: row.text("document"),
                verification: row.text("verification"),
                note: row.text("note"),
                extra,
            }
        })
    }

    pub fn legal_refs(&mut self) -> Vec<LegalRef> {
        self.rows(Table::LegalRefs, |row| LegalRef {
            row: row.number,
            id: row.word("id"),
            document: row.text("document"),
            number: row.text("number"),
            date: written_date(&row, "date"),
            in_force_from: written_date(&row, "in_force_from"),
            status: row.text("status"),
            articles: row.text("articles"),
            used_in: row.text("used_in"),
            verification: row.text("verification"),
            evidence: row.text("evidence"),
            extra: row.extra(),
        })
    }

    pub fn violations(&mut self) -> Vec<Violation> {
        self.rows(Table::Violations, |row| Violation {
            row: row.number,
            id: row.word("id"),
            area: row.word("area"),
            act: row.texts("act"),
            sanction: row.text("sanction"),
            verification: row.text("verification"),
            source: row.text("source"),
            extra: row.extra(),
        })
    }

    pub fn report_outline(&mut self) -> Vec<OutlineItem> {
        self.rows(Table::ReportOutline, |row| OutlineItem {
            row: row.number,
            order: row.whole("order").unwrap_or_default(),
            level: row.whole("level").unwrap_or_default(),
            kind: row.word("kind"),
            heading: row.texts("heading"),
            content: row.text("content"),
            sources: row.list("sources"),
            aggregation: row.text("aggregation"),
            extra: row.extra(),
        })
    }
}

/// First and last day; the last must not come before the first.
fn period(row: &Row<'_>, first: &str, last: &str) -> (Option<Date>, Option<Date>) {
    let (from, to) = (row.date(first), row.date(last));
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        row.problem(last, Kind::EndsBeforeStart { first: from.to_string(), last: to.to_string() });
    }
    (from, to)
}

/// A date as a document writes it: whole or in part, ISO or day first, with a remark in
/// parentheses. Kept as written.
fn written_date(row: &Row<'_>, field: &str) -> String {
    let text = row.word(field);
    if let Some(date) = reference(&text)
        && !is_written_date(date)
    {
        row.problem(field, Kind::NotAWrittenDate(text.clone()));
    }
    text
}

fn is_written_date(text: &str) -> bool {
    let divider = if text.contains('/') { '/' } else { '-' };
    let mut parts: Vec<&str> = text.split(divider).collect();
    if divider == '/' {
        parts.reverse();
    }
    let numbers: Option<Vec<u16>> = parts
        .iter()
        .map(|part| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?)
        .collect();
    match numbers.as_deref() {
        Some([year]) => Date::new(*year, 1, 1).is_some(),
        Some([year, month]) => {
            u8::try_from(*month).ok().and_then(|month| Date::new(*year, month, 1)).is_some()
        }
        Some([year, month, day]) => {
            let date = u8::try_from(*month).ok().zip(u8::try_from(*day).ok());
            date.and_then(|(month, day)| Date::new(*year, month, day)).is_some()
        }
        _ => false,
    }
}

/// The names that a rule of RFC 5545 may be made of.
const RULE_PARTS: [&str; 14] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];
const FREQUENCIES: [&str; 7] =
    ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

fn recurrence_rule(row: &Row<'_>) -> String {
    let rule = row.word("rrule");
    for part in rule.split(';').filter(|_| !rule.is_empty()) {
        let known = part.split_once('=').is_some_and(|(name, value)| {
            RULE_PARTS.contains(&name)
                && !value.is_empty()
                && (name != "FREQ" || FREQUENCIES.contains(&value))
        });
        if !known {
            row.problem("rrule", Kind::NotARule(part.to_owned()));
        }
    }
    if !rule.is_empty() && !rule.split(';').any(|part| part.starts_with("FREQ=")) {
        row.problem("rrule", Kind::RuleWithoutFrequency);
    }
    rule
}

/// Targets stand in three columns for each year, `target_2025`, `op_2025` and `value_2025`; they
/// leave the extra columns.
fn targets(row: &Row<'_>, extra: &mut Extra) -> Vec<Target> {
    let year =
        |column: &str| column.rsplit_once('_').and_then(|(_, year)| year.parse::<u32>().ok());
    let mut targets: BTreeMap<u32, Target> = BTreeMap::new();
    for part in ["target", "op", "value"] {
        let columns: Vec<String> = extra
            .keys()
            .filter(|column| column.starts_with(&format!("{part}_")))
            .cloned()
            .collect();
        for column in columns {
            let Some(year) = year(&column).filter(|year| column == format!("{part}_{year}")) else {
                continue;
            };
            let cell = extra.remove(&column).unwrap_or_default();
            let target = targets.entry(year).or_insert_with(|| Target {
                year,
                text: String::new(),
                op: String::new(),
                value: None,
            });
            match part {
                "target" => target.text = cell,
                "op" => {
                    let allowed = ["<", "<=", "=", ">=", ">", "~"];
                    if !allowed.contains(&cell.trim()) {
                        let kind =
                            Kind::UnknownWord { found: cell.clone(), allowed: allowed.join(" ") };
                        row.problem_in(&column, kind);
                    }
                    cell.trim().clone_into(&mut target.op);
                }
                _ => {
                    target.value = finite(cell.trim());
                    if target.value.is_none() {
                        row.problem_in(&column, Kind::NotANumber(cell));
                    }
                }
            }
        }
    }
    targets.into_values().collect()
}
