//! The sheet `survey`: rows become the tree, groups nest, names are checked.

mod checks;
mod containers;
mod headers;

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::boolean;
use crate::choices::Choices;
use crate::entities::Entities;
use crate::parameters::{self, Given};
use crate::problem::{Place, ProblemKind, Problems};
use crate::references::references;
use crate::settings::Settings;
use crate::table::{Row, Table, Text};
use crate::tree::{Id, Node, NodeKind, ROOT, Tree};
use crate::types::{self, Container, RowType, Special, row_type};

pub(crate) use headers::HEADERS;

/// The state while the rows are read.
pub(crate) struct Survey<'a> {
    pub(crate) table: &'a Table,
    pub(crate) default_language: &'a str,
    pub(crate) keep_columns: &'a [String],
    pub(crate) reserved_names: &'a [String],
    pub(crate) choices: &'a mut Choices,
    pub(crate) external: &'a Choices,
    pub(crate) osm: &'a Choices,
    pub(crate) settings: &'a mut Settings,
    pub(crate) entities: &'a mut Entities,
    pub(crate) problems: &'a mut Problems,
    pub(crate) tree: Tree,
    /// How often each name stands in the sheet.
    pub(crate) names: BTreeMap<String, usize>,
    /// What goes into the meta block.
    pub(crate) meta: Vec<Node>,
    open: Vec<Open>,
    /// From a group with `table-list` to the next end of a group: the list, once it is known.
    pub(crate) table_list: Option<Option<String>>,
    /// Groups that are open beyond the depth that is kept.
    too_deep: usize,
    repeats: BTreeSet<String>,
    questions: BTreeSet<String>,
    triggers: Vec<(String, Place)>,
    /// What counts the rows of a repeat and is not named by the sheet.
    counters: Vec<(String, u32)>,
    geometries: Vec<(String, Place)>,
    files: BTreeSet<String>,
}

/// A group that is not closed yet.
struct Open {
    container: Option<Container>,
    id: Id,
    row: u32,
    names: BTreeMap<String, u32>,
    lower: BTreeSet<String>,
    loop_list: Option<String>,
    /// When the group is flat: what is asked before anything in it is.
    flat: Option<Flat>,
}

/// A group without a node.
struct Flat {
    relevant: Option<String>,
}

impl Open {
    fn new(container: Option<Container>, id: Id, row: u32) -> Self {
        let (names, lower) = (BTreeMap::new(), BTreeSet::new());
        Self { container, id, row, names, lower, loop_list: None, flat: None }
    }
}

/// Everything that is read before the survey.
pub(crate) struct Context<'a> {
    pub(crate) table: &'a Table,
    pub(crate) default_language: &'a str,
    pub(crate) keep_columns: &'a [String],
    pub(crate) reserved_names: &'a [String],
    pub(crate) choices: &'a mut Choices,
    pub(crate) external: &'a Choices,
    pub(crate) osm: &'a Choices,
    pub(crate) settings: &'a mut Settings,
    pub(crate) entities: &'a mut Entities,
    pub(crate) problems: &'a mut Problems,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(context: Context<'a>, root: &str) -> Self {
        let Context { table, default_language, choices, external, osm, .. } = context;
        Self {
            table,
            default_language,
            keep_columns: context.keep_columns,
            reserved_names: context.reserved_names,
            choices,
            external,
            osm,
            settings: context.settings,
            entities: context.entities,
            problems: context.problems,
            tree: Tree::new(Node::new(NodeKind::Root, root, 0)),
            names: BTreeMap::new(),
            meta: Vec::new(),
            open: vec![Open::new(None, ROOT, 0)],
            table_list: None,
            too_deep: 0,
            repeats: BTreeSet::new(),
            questions: BTreeSet::new(),
            triggers: Vec::new(),
            counters: Vec::new(),
            geometries: Vec::new(),
            files: BTreeSet::new(),
        }
    }

    /// Reads every row.
    pub(crate) fn read(&mut self) {
        let table = self.table;
        for row in table.rows.iter().filter(|r| !r.is_blank()) {
            if row.get(table, &["disabled"]).is_some() {
                let place = self.place(row.number, &["disabled"]);
                self.problems.warn(&place, ProblemKind::Disabled);
            }
            let says_more = row.cells(table).any(|(heading, _)| heading.path != ["disabled"]);
            if says_more && !row.is_disabled(table) {
                self.row(row);
            }
        }
        while self.open.len() > 1 {
            let Some(open) = self.open.pop() else { break };
            let what = open.container.map_or("group", Container::name).to_owned();
            let name = self.tree.nodes[open.id].name.clone();
            self.problems
                .error(&self.place(open.row, &["type"]), ProblemKind::UnclosedGroup { what, name });
        }
        self.check_triggers();
        self.check_targets();
        self.check_counters();
        self.check_geometries();
    }

    pub(crate) fn place(&self, row: u32, path: &[&str]) -> Place {
        self.table.place(row, path)
    }

    fn row(&mut self, row: &Row) {
        let table = self.table;
        let Some(text) = row.get(table, &["type"]) else {
            let named = row.get(table, &["name"]).is_some()
                || !row.text(table, &["label"], self.default_language).is_empty();
            let place = self.place(row.number, &["type"]);
            return match named {
                true => self.problems.error(&place, ProblemKind::MissingType),
                false => self.problems.warn(&place, ProblemKind::SkippedRow),
            };
        };
        let Some(kind) = row_type(text) else {
            let kind = ProblemKind::UnknownType { value: text.to_owned() };
            self.problems.error(&self.place(row.number, &["type"]), kind);
            return;
        };
        if !matches!(kind, RowType::Question(_) | RowType::Select(_) | RowType::Osm { .. }) {
            // They mean nothing there, but what is no reference and no pair is a mistake all the same.
            self.triggers(row);
            self.parameters(row);
        }
        if !matches!(kind, RowType::Begin(..)) && row.get(table, &["intent"]).is_some() {
            let kind = ProblemKind::NotSupported { what: "intent".to_owned() };
            self.problems.warn(&self.place(row.number, &["intent"]), kind);
        }
        match kind {
            RowType::End(container) => self.end(row, container),
            RowType::Setting(setting) => self.setting(row, setting),
            RowType::Question(q) if q.special == Special::Audit => self.audit(row),
            kind => {
                let Some(name) = self.row_name(row, &kind) else { return };
                match kind {
                    RowType::Begin(container, list) => self.begin(row, &name, container, list),
                    RowType::Select(select) => self.select(row, &name, &select),
                    RowType::External { csv } => self.external_file(row, name, csv),
                    RowType::Osm { list } => self.osm(row, &name, list),
                    _ => self.question(row, &name, text),
                }
            }
        }
    }

    fn setting(&mut self, row: &Row, setting: &str) {
        let value = row.get(self.table, &["name"]).map(str::to_owned);
        match setting {
            "title" => self.settings.title = value,
            _ => self.settings.id = value,
        }
    }

    /// The name of a row, checked; notes may do without one.
    fn row_name(&mut self, row: &Row, kind: &RowType) -> Option<String> {
        let note = matches!(kind, RowType::Question(q) if q.special == Special::Note);
        let name = match row.get(self.table, &["name"]) {
            Some(name) => name.to_owned(),
            None if note => format!("generated_note_name_{}", row.number),
            None => {
                self.problems.error(&self.place(row.number, &["name"]), ProblemKind::MissingName);
                return None;
            }
        };
        let place = self.place(row.number, &["name"]);
        if !self.settings.allows_name(&name) {
            self.problems.error(&place, ProblemKind::BadName { value: name });
            return None;
        }
        *self.names.entry(name.clone()).or_default() += 1;
        if name == "meta" || self.is_at_top() && self.reserved_names.contains(&name) {
            self.problems.error(&place, ProblemKind::ReservedName { value: name.clone() });
        }
        self.check_name(&name, row.number, &place, true);
        Some(name)
    }

    /// Whether what comes now stands directly below the root.
    fn is_at_top(&self) -> bool {
        self.open.iter().rfind(|open| open.flat.is_none()).is_some_and(|open| open.id == ROOT)
    }

    pub(crate) fn parent(&self) -> Id {
        self.open.last().map_or(ROOT, |open| open.id)
    }

    /// Adds a node that the sheet does not name itself.
    pub(crate) fn add_generated(&mut self, node: Node, row: u32) {
        let place = self.place(row, &["name"]);
        self.check_name(&node.name, row, &place, false);
        self.add(node);
    }

    /// Adds a node to the group that is open. What a flat group asks first falls to what is in it.
    pub(crate) fn add(&mut self, mut node: Node) -> Id {
        let flat = self.open.last().and_then(|open| open.flat.as_ref());
        if let Some(first) = flat.and_then(|flat| flat.relevant.as_deref()) {
            let own = node.bind("relevant").map(|own| boolean("relevant", own));
            let both = own.map(|own| format!("({first}) and ({own})"));
            node.set_bind("relevant", both.unwrap_or_else(|| first.to_owned()));
        }
        // An element that labels the choices of its group may itself stay unlabelled.
        if node.label.is_empty() && node.control("appearance") == Some("label") {
            node.label = Text::plain(" ");
        }
        let parent = self.parent();
        self.tree.add(parent, node)
    }

    pub(crate) fn in_repeat(&self) -> bool {
        self.open.iter().any(|open| open.container == Some(Container::Repeat))
    }

    fn external_file(&mut self, row: &Row, name: String, csv: bool) {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        self.files.insert(stem);
        self.questions.insert(name.clone());
        self.save_to(row, &name, false);
        self.add(Node::new(NodeKind::External { csv }, name, row.number));
    }

    /// Remembers an instance that a select reads.
    pub(crate) fn add_file(&mut self, list: &str) {
        let stem = list.rsplit_once('.').map_or(list, |(stem, _)| stem);
        self.files.insert(stem.to_owned());
    }

    pub(crate) fn add_question_name(&mut self, name: &str) {
        self.questions.insert(name.to_owned());
    }

    pub(crate) fn add_geometry(&mut self, target: &str, place: Place) {
        self.geometries.push((target.to_owned(), place));
    }

    fn audit(&mut self, row: &Row) {
        if row.get(self.table, &["name"]).is_some_and(|name| name != "audit") {
            self.problems.error(&self.place(row.number, &["name"]), ProblemKind::AuditName);
        }
        if let Some(first) = self.meta.iter().find(|node| node.name == "audit") {
            let (value, first) = ("audit".to_owned(), first.row);
            let kind = ProblemKind::DuplicateName { value, first };
            self.problems.error(&self.place(row.number, &["name"]), kind);
        }
        // It means nothing here, but what is no reference is a mistake all the same.
        self.triggers(row);
        let mut node = self.node(row, NodeKind::Question(types::AUDIT), "audit");
        let place = self.place(row.number, &["parameters"]);
        let parameters = self.parameters(row);
        let mut given = Given { parameters: &parameters, place: &place, problems: self.problems };
        parameters::audit(&mut given, &mut node);
        self.meta.push(node);
    }

    /// The questions that trigger a row.
    pub(crate) fn triggers(&mut self, row: &Row) -> Vec<String> {
        let Some(cell) = row.get(self.table, &["trigger"]) else { return Vec::new() };
        let place = self.place(row.number, &["trigger"]);
        let mut names = Vec::new();
        for part in cell.split(',') {
            match references(part).as_slice() {
                [] if part.trim().is_empty() => {}
                [Ok(reference)] => {
                    names.push(reference.name.to_owned());
                    self.triggers.push((reference.name.to_owned(), place.clone()));
                }
                _ => {
                    let kind = ProblemKind::BadReference { value: part.trim().to_owned() };
                    self.problems.error(&place, kind);
                }
            }
        }
        names
    }

    /// What the row says about entities.
    pub(crate) fn save_to(&mut self, row: &Row, name: &str, container: bool) -> Option<String> {
        let with_nodes = self.open.iter().filter(|open| open.flat.is_none());
        let path: Vec<Id> = with_nodes.map(|open| open.id).collect();
        let cell = row.get(self.table, &["bind", "entities:saveto"]).map(str::to_owned);
        let place = self.place(row.number, &["bind", "entities:saveto"]);
        if !name.is_empty() {
            self.entities.note_question(name, &path, row.number);
        }
        self.entities.save_to(
            cell.as_deref()?,
            &path,
            container,
            (row.number, &place),
            self.problems,
        )
    }

    /// A text of a row in its languages.
    pub(crate) fn text(&self, row: &Row, path: &[&str]) -> Text {
        row.text(self.table, path, self.default_language)
    }
}
