//! What the tables say of one another: every reference leads somewhere, and no chain of units leads
//! back to itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{MANIFEST, ROLES, Table};
use crate::{Date, Kind, Pack, Problem, Unit, reference};

/// The word for every indicator.
const ALL_INDICATORS: &str = "all";

/// Adds everything that is wrong between the tables of a pack.
pub(super) fn check(pack: &Pack, problems: &mut Vec<Problem>) {
    let mut checker = Checker::new(pack, problems);
    checker.manifest();
    checker.units();
    checker.relations();
    checker.cycles();
    checker.events();
    checker.forms();
    checker.personal_data();
    checker.clauses();
    checker.tasks();
    checker.report_outline();
}

/// The units that one step leads to.
type Next<'a> = fn(&'a Unit) -> &'a [String];

/// The pack, the names that a reference can lead to, and where problems go.
struct Checker<'a> {
    pack: &'a Pack,
    forms: BTreeSet<&'a str>,
    clauses: BTreeSet<&'a str>,
    tasks: BTreeSet<&'a str>,
    indicators: BTreeSet<&'a str>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn new(pack: &'a Pack, problems: &'a mut Vec<Problem>) -> Checker<'a> {
        Checker {
            pack,
            forms: pack.forms.iter().map(|form| form.file.as_str()).collect(),
            clauses: pack.clauses.iter().map(|clause| clause.id.as_str()).collect(),
            tasks: pack.tasks.iter().map(|task| task.id.as_str()).collect(),
            indicators: pack.indicators.iter().map(|indicator| indicator.id.as_str()).collect(),
            problems,
        }
    }

    fn at(&mut self, table: Table, row: u32, field: &str, kind: Kind) {
        let manifest = &self.pack.manifest;
        self.problems.push(Problem {
            file: manifest.tables.get(&table).cloned().unwrap_or_default(),
            row: Some(row),
            column: Some(manifest.header(table, field)),
            kind,
        });
    }

    fn in_manifest(&mut self, line: Option<u32>, key: String, kind: Kind) {
        self.problems.push(Problem {
            file: MANIFEST.to_owned(),
            row: line,
            column: Some(key),
            kind,
        });
    }

    fn manifest(&mut self) {
        let manifest = &self.pack.manifest;
        let named = [("issuer.unit", &manifest.issuer.unit)];
        let roots = manifest.roots.iter().map(|root| ("roots", root));
        for (key, unit) in named.into_iter().chain(roots).filter(|(_, unit)| !unit.is_empty()) {
            if self.pack.units.get(unit).is_none() {
                self.in_manifest(
                    None,
                    key.to_owned(),
                    Kind::Unknown { what: "unit", name: unit.clone() },
                );
            }
        }
        let kinds: BTreeSet<&str> = self.pack.units.iter().map(|unit| unit.kind.as_str()).collect();
        for group in &manifest.groups {
            for kind in group.kinds.iter().filter(|kind| !kinds.contains(kind.as_str())) {
                let problem = Kind::Unknown { what: "kind of unit", name: kind.clone() };
                self.in_manifest(None, format!("groups.{}.kinds", group.id), problem);
            }
        }
        let programme = manifest.programme.iter();
        for name in programme.filter(|name| !self.has_programme(name)).collect::<Vec<_>>() {
            let kind = Kind::Unknown { what: "programme", name: name.clone() };
            self.in_manifest(None, "programme".to_owned(), kind);
        }
        self.demo();
    }

    fn has_programme(&self, name: &str) -> bool {
        self.pack.manifest.programmes.iter().any(|programme| programme.id == name)
    }

    fn demo(&mut self) {
        let Some(demo) = &self.pack.manifest.demo else { return };
        let mut names: BTreeMap<&str, u32> = BTreeMap::new();
        for user in &demo.users {
            let key = |field: &str| format!("demo.users.{}.{field}", user.name);
            if let Some(first) = names.insert(&user.name, user.line) {
                let kind = Kind::Duplicate { id: user.name.clone(), first };
                self.in_manifest(Some(user.line), key("name"), kind);
            }
            for unit in user.scope.iter().filter(|unit| self.pack.units.get(unit).is_none()) {
                let kind = Kind::Unknown { what: "unit", name: unit.clone() };
                self.in_manifest(Some(user.line), key("scope"), kind);
            }
            let kind = match self.pack.units.get(&user.unit) {
                None => Kind::Unknown { what: "unit", name: user.unit.clone() },
                Some(unit) if !unit.valid_on(demo.day) => not_valid(unit, demo.day),
                Some(_) => continue,
            };
            self.in_manifest(Some(user.line), key("unit"), kind);
        }
    }

    fn units(&mut self) {
        for unit in &self.pack.units {
            let is_root = self.pack.manifest.roots.contains(&unit.id);
            if is_root == unit.parent.is_some() && !unit.id.is_empty() {
                let kind = Kind::Root { unit: unit.id.clone(), has_parent: unit.parent.is_some() };
                self.at(Table::Units, unit.row, "parent", kind);
            }
            let parent = unit.parent.as_slice();
            for (field, ids) in [
                ("parent", parent),
                ("predecessors", &unit.predecessors[..]),
                ("successors", &unit.successors[..]),
            ] {
                for id in ids.iter().filter_map(|id| reference(id)) {
                    if self.pack.units.get(id).is_none() {
                        self.at(
                            Table::Units,
                            unit.row,
                            field,
                            Kind::Unknown { what: "unit", name: id.to_owned() },
                        );
                    }
                }
            }
            self.clause_references(Table::Units, unit.row, &unit.clauses);
        }
    }

    /// A successor names its predecessor back, and the other way round.
    fn relations(&mut self) {
        let units = &self.pack.units;
        for here in units {
            for (field, ids, back) in [
                ("predecessors", &here.predecessors, "successors"),
                ("successors", &here.successors, "predecessors"),
            ] {
                for there in ids.iter().filter_map(|id| units.get(id)) {
                    let named =
                        if back == "successors" { &there.successors } else { &there.predecessors };
                    if !named.contains(&here.id) {
                        let column = self.pack.manifest.header(Table::Units, back);
                        let kind = Kind::OneSided {
                            here: here.id.clone(),
                            there: there.id.clone(),
                            column,
                        };
                        self.at(Table::Units, here.row, field, kind);
                    }
                }
            }
        }
    }

    /// Each circle is named once, at the unit of it that stands first in the table.
    fn cycles(&mut self) {
        let units = &self.pack.units;
        let ways: [(&str, Next<'a>); 2] = [
            ("parent", |unit| unit.parent.as_slice()),
            ("successors", |unit| unit.successors.as_slice()),
        ];
        for (field, next) in ways {
            let mut named: BTreeSet<&str> = BTreeSet::new();
            for unit in units
                .iter()
                .filter(|unit| units.get(&unit.id).is_some_and(|first| first.row == unit.row))
            {
                let Some(circle) = self.circle(unit, next) else { continue };
                if circle.iter().any(|id| named.contains(id)) {
                    continue;
                }
                named.extend(circle.iter().copied());
                let kind = Kind::Cycle([&circle[..], &[unit.id.as_str()]].concat().join(" → "));
                self.at(Table::Units, unit.row, field, kind);
            }
        }
    }

    /// The shortest way from a unit back to itself, without the last step.
    fn circle(&self, start: &'a Unit, next: Next<'a>) -> Option<Vec<&'a str>> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut ways = vec![vec![start]];
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in &ways {
                for id in way.last().map_or(&[][..], |unit| next(unit)) {
                    if *id == start.id {
                        return Some(way.iter().map(|unit| unit.id.as_str()).collect());
                    }
                    if let Some(unit) = self.pack.units.get(id)
                        && seen.insert(&unit.id)
                    {
                        longer.push([&way[..], &[unit]].concat());
                    }
                }
            }
            ways = longer;
        }
        None
    }

    fn events(&mut self) {
        for event in &self.pack.events {
            for (field, ids) in [("from_units", &event.from_units), ("to_units", &event.to_units)] {
                for id in ids.iter().filter_map(|id| reference(id)) {
                    let found = match id.strip_suffix('*') {
                        Some(start) => {
                            self.pack.units.iter().any(|unit| unit.id.starts_with(start))
                        }
                        None => self.pack.units.get(id).is_some(),
                    };
                    if !found {
                        self.at(
                            Table::Events,
                            event.row,
                            field,
                            Kind::Unknown { what: "unit", name: id.to_owned() },
                        );
                    }
                }
            }
        }
    }

    fn forms(&mut self) {
        let kinds = &self.pack.manifest.form_kinds;
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.id.as_str()).collect();
        for form in &self.pack.forms {
            if !form.kind.is_empty() && !kinds.contains(&form.kind.as_str()) {
                let kind =
                    Kind::UnknownWord { found: form.kind.clone(), allowed: kinds.join(", ") };
                self.at(Table::Forms, form.row, "kind", kind);
            }
            if !form.programme.is_empty() && !self.has_programme(&form.programme) {
                let kind = Kind::Unknown { what: "programme", name: form.programme.clone() };
                self.at(Table::Forms, form.row, "programme", kind);
            }
            self.clause_references(Table::Forms, form.row, &form.clauses);
            for name in form.clauses.iter().filter_map(|clause| reference(clause)) {
                let mut meant =
                    self.pack.clauses.iter().filter(|clause| belongs(&clause.id, name)).peekable();
                if meant.peek().is_some() && !meant.any(|clause| names(&clause.forms, &form.file)) {
                    let column = self.pack.manifest.header(Table::Clauses, "forms");
                    let kind =
                        Kind::OneSided { here: form.file.clone(), there: name.to_owned(), column };
                    self.at(Table::Forms, form.row, "clauses", kind);
                }
            }
        }
    }

    fn personal_data(&mut self) {
        let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for field in &self.pack.personal_data {
            let (table, row) = (Table::PersonalData, field.row);
            if !field.form.is_empty() && !self.forms.contains(field.form.as_str()) {
                self.at(
                    table,
                    row,
                    "form",
                    Kind::Unknown { what: "form", name: field.form.clone() },
                );
            }
            if let Some(first) = seen.insert((&field.form, &field.field), row) {
                let kind = Kind::Duplicate { id: field.field.clone(), first };
                self.at(table, row, "field", kind);
            }
            for role in field.seen_by.iter().filter(|role| !ROLES.contains(&role.as_str())) {
                let kind = Kind::UnknownWord { found: role.clone(), allowed: ROLES.join(", ") };
                self.at(table, row, "seen_by", kind);
            }
        }
        // A pack without the table does not say anything about its fields.
        if !self.pack.manifest.tables.contains_key(&Table::PersonalData) {
            return;
        }
        for form in &self.pack.forms {
            let is_said = form.personal_data || form.sensitive_data;
            if is_said && !seen.keys().any(|(of, _)| *of == form.file) {
                self.at(Table::Forms, form.row, "personal_data", Kind::PersonalWithoutField);
            }
        }
    }

    fn clauses(&mut self) {
        for clause in &self.pack.clauses {
            self.form_references(Table::Clauses, clause.row, "forms", &clause.forms, &[]);
            let forms = self.pack.forms.iter().filter(|form| names(&clause.forms, &form.file));
            for form in forms.filter(|form| {
                !form
                    .clauses
                    .iter()
                    .filter_map(|name| reference(name))
                    .any(|name| belongs(&clause.id, name))
            }) {
                let column = self.pack.manifest.header(Table::Forms, "clauses");
                let kind =
                    Kind::OneSided { here: clause.id.clone(), there: form.file.clone(), column };
                self.at(Table::Clauses, clause.row, "forms", kind);
            }
            for task in clause.tasks.iter().filter_map(|task| reference(task)) {
                if !self.tasks.contains(task) {
                    let kind = Kind::Unknown { what: "task", name: task.to_owned() };
                    self.at(Table::Clauses, clause.row, "tasks", kind);
                }
            }
        }
    }

    fn tasks(&mut self) {
        let pack = self.pack;
        for task in &pack.tasks {
            self.form_references(Table::Tasks, task.row, "forms", &task.forms, &[]);
            for indicator in task.indicators.iter().filter_map(|id| reference(id)) {
                if indicator != ALL_INDICATORS && !self.indicators.contains(indicator) {
                    let kind = Kind::Unknown { what: "indicator", name: indicator.to_owned() };
                    self.at(Table::Tasks, task.row, "indicators", kind);
                }
            }
            for (field, unit) in std::iter::once(("lead", &task.lead))
                .chain(task.partners.iter().map(|unit| ("partners", unit)))
            {
                self.unit_or_group(task.row, field, unit, task.start);
            }
            let allowed: Vec<&str> =
                pack.manifest.modalities.iter().map(|word| word.id.as_str()).collect();
            for word in task.modality.iter().filter(|word| !allowed.contains(&word.as_str())) {
                let kind = Kind::UnknownWord { found: word.clone(), allowed: allowed.join(", ") };
                self.at(Table::Tasks, task.row, "modality", kind);
            }
            self.task_clause(task.row, &task.id, &task.clause);
        }
    }

    fn unit_or_group(&mut self, row: u32, field: &str, name: &str, start: Option<Date>) {
        let Some(id) = reference(name) else { return };
        if self.pack.manifest.groups.iter().any(|group| group.id == id) {
            return;
        }
        let kind = match (self.pack.units.get(id), start) {
            (None, _) => Kind::Unknown { what: "unit or group", name: id.to_owned() },
            (Some(unit), Some(start)) if !unit.valid_on(start) => not_valid(unit, start),
            _ => return,
        };
        self.at(Table::Tasks, row, field, kind);
    }

    /// The clause of a task exists and names the task back.
    fn task_clause(&mut self, row: u32, task: &str, clause: &str) {
        if clause.is_empty() {
            return;
        }
        let Some(found) = self.pack.clauses.iter().find(|known| known.id == clause) else {
            let kind = Kind::Unknown { what: "clause", name: clause.to_owned() };
            return self.at(Table::Tasks, row, "clause", kind);
        };
        if !names(&found.tasks, task) {
            let column = self.pack.manifest.header(Table::Clauses, "tasks");
            let kind = Kind::OneSided { here: task.to_owned(), there: clause.to_owned(), column };
            self.at(Table::Tasks, row, "clause", kind);
        }
    }

    /// Sources of figures: forms, `start_*` for several, tables of the pack, and the manifest's own
    /// words.
    fn report_outline(&mut self) {
        let manifest = &self.pack.manifest;
        let tables = manifest
            .tables
            .values()
            .filter_map(|path| path.rsplit('/').next()?.strip_suffix(".csv"));
        let other: Vec<&str> =
            manifest.other_sources.iter().map(String::as_str).chain(tables).collect();
        for item in &self.pack.report_outline {
            self.form_references(Table::ReportOutline, item.row, "sources", &item.sources, &other);
        }
    }

    fn form_references(
        &mut self,
        table: Table,
        row: u32,
        field: &str,
        items: &[String],
        other: &[&str],
    ) {
        for name in items.iter().filter_map(|item| reference(item)) {
            let found = match name.strip_suffix('*') {
                Some(start) => self.forms.iter().any(|form| form.starts_with(start)),
                None => self.forms.contains(name) || other.contains(&name),
            };
            if !found {
                self.at(table, row, field, Kind::Unknown { what: "form", name: name.to_owned() });
            }
        }
    }

    /// A clause, or a part of the plan that clauses stand in: `IV.6` for `IV.6.a` and `IV.6.b`.
    fn clause_references(&mut self, table: Table, row: u32, items: &[String]) {
        if !self.pack.manifest.tables.contains_key(&Table::Clauses) {
            return;
        }
        for name in items.iter().filter_map(|item| reference(item)) {
            if !self.clauses.iter().any(|clause| belongs(clause, name)) {
                self.at(
                    table,
                    row,
                    "clauses",
                    Kind::Unknown { what: "clause", name: name.to_owned() },
                );
            }
        }
    }
}

/// Whether a reference to a clause means this one: its own id, or the part of the plan that it
/// stands in.
fn belongs(clause: &str, name: &str) -> bool {
    clause.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn names(items: &[String], name: &str) -> bool {
    items.iter().any(|item| reference(item) == Some(name))
}

fn not_valid(unit: &Unit, day: Date) -> Kind {
    Kind::NotValidOn { unit: unit.id.clone(), day: day.to_string() }
}
