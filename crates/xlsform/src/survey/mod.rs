//! The sheet `survey`: rows become the tree, groups nest, names are checked.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::boolean;
use crate::choices::Choices;
use crate::entities::Entities;
use crate::parameters::{self, Given};
use crate::problem::{Place, ProblemKind, Problems};
use crate::references::{references, sole_reference};
use crate::settings::Settings;
use crate::table::{Headers, Row, Table, Text};
use crate::tree::{Id, LoopChoice, Node, NodeKind, ROOT, Tree};
use crate::types::{self, CALCULATE, Container, NOTE, RowType, Special, row_type};

/// How the headers are read.
pub(crate) const HEADERS: Headers = Headers {
    sheet: "survey",
    known: &[
        "type",
        "name",
        "label",
        "hint",
        "guidance_hint",
        "default",
        "parameters",
        "choice_filter",
        "trigger",
        "bind",
        "control",
        "instance",
        "media",
        "query",
        "sms_field",
        "choices",
        "itemset",
    ],
    aliases: &[
        ("compact_tag", &["instance", "odk:tag"]),
        ("read_only", &["bind", "readonly"]),
        ("readonly", &["bind", "readonly"]),
        ("relevant", &["bind", "relevant"]),
        ("relevance", &["bind", "relevant"]),
        ("caption", &["label"]),
        ("appearance", &["control", "appearance"]),
        ("required", &["bind", "required"]),
        ("constraint", &["bind", "constraint"]),
        ("constraining_message", &["bind", "jr:constraintMsg"]),
        ("constraint_message", &["bind", "jr:constraintMsg"]),
        ("calculation", &["bind", "calculate"]),
        ("calculate", &["bind", "calculate"]),
        ("command", &["type"]),
        ("tag", &["name"]),
        ("value", &["name"]),
        ("image", &["media", "image"]),
        ("big-image", &["media", "big-image"]),
        ("audio", &["media", "audio"]),
        ("video", &["media", "video"]),
        ("count", &["control", "jr:count"]),
        ("repeat_count", &["control", "jr:count"]),
        ("jr:count", &["control", "jr:count"]),
        ("autoplay", &["control", "autoplay"]),
        ("rows", &["control", "rows"]),
        ("noapperrorstring", &["bind", "jr:noAppErrorString"]),
        ("no_app_error_string", &["bind", "jr:noAppErrorString"]),
        ("requiredmsg", &["bind", "jr:requiredMsg"]),
        ("required_message", &["bind", "jr:requiredMsg"]),
        ("body", &["control"]),
        ("save_to", &["bind", "entities:saveto"]),
    ],
    collapse: true,
};

/// Groups in one another.
const MAX_DEPTH: usize = 64;
/// Nodes that loops may make.
const MAX_NODES: usize = 200_000;

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

    /// Names are unique within a group that has a node. Those of the sheet should differ in more than case.
    fn check_name(&mut self, name: &str, row: u32, place: &Place, of_sheet: bool) {
        let Some(open) = self.open.iter_mut().rfind(|open| open.flat.is_none()) else { return };
        let value = name.to_owned();
        if let Some(first) = open.names.get(name) {
            let kind = ProblemKind::DuplicateName { value, first: *first };
            self.problems.error(place, kind);
        } else if of_sheet && !open.lower.insert(name.to_lowercase()) {
            self.problems.warn(place, ProblemKind::NameDiffersInCase { value });
        }
        open.names.entry(name.to_owned()).or_insert(row);
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

    fn begin(&mut self, row: &Row, name: &str, container: Container, list: Option<String>) {
        let place = self.place(row.number, &["name"]);
        if container == Container::Repeat {
            let root = self.tree.nodes[ROOT].name == name;
            if !self.repeats.insert(name.to_owned()) || root {
                let kind = ProblemKind::DuplicateRepeat { value: name.to_owned() };
                self.problems.error(&place, kind);
            }
        }
        let kind = match container {
            Container::Repeat => NodeKind::Repeat,
            Container::Group | Container::Loop => NodeKind::Group,
        };
        let mut node = self.node(row, kind, name);
        if container == Container::Repeat && node.label.is_empty() && node.media.is_empty() {
            let place = self.place(row.number, &["label"]);
            self.problems.warn(&place, ProblemKind::MissingRepeatLabel);
        }
        // A group shows no hint that could be unfolded.
        node.guidance = Text::default();
        self.save_to(row, name, true);
        if let Some(count) = node.control("jr:count").map(str::to_owned)
            && sole_reference(&count).is_none()
        {
            let counter = format!("{name}_count");
            let mut counted = Node::new(NodeKind::Question(CALCULATE), counter.clone(), row.number);
            types::apply(CALCULATE, &mut counted);
            counted.set_bind("readonly", "true()");
            counted.set_bind("calculate", count);
            self.add_generated(counted, row.number);
            node.set_control("jr:count", format!("${{{counter}}}"));
            self.counters.push((counter, row.number));
        }
        if let Some(intent) = row.get(self.table, &["intent"]) {
            node.set_control("intent", intent);
        }
        if self.open.len() > MAX_DEPTH {
            let kind = ProblemKind::NestedTooDeeply { limit: MAX_DEPTH };
            self.problems.error(&place, kind);
            self.too_deep += 1;
            return;
        }
        let mut open = Open::new(Some(container), 0, row.number);
        let heading = self.table_list_heading(row, &mut node);
        node.flat = self.settings.flat && container == Container::Group;
        let flat = node.flat;
        open.id = self.add(node);
        if flat {
            let relevant = self.tree.nodes[open.id].bind("relevant");
            let relevant = relevant.map(|text| boolean("relevant", text).to_owned());
            open.flat = Some(Flat { relevant });
        }
        open.loop_list = self.loop_list(row, container, list);
        self.open.push(open);
        if let Some(heading) = heading {
            self.add(heading);
        }
    }

    /// `table-list` is a field list whose first select shows the labels; the group's own label
    /// becomes a note in it.
    fn table_list_heading(&mut self, row: &Row, node: &mut Node) -> Option<Node> {
        let words = node.control("appearance")?.to_owned();
        let others: Vec<&str> = words.split_whitespace().filter(|w| *w != "table-list").collect();
        if others.len() == words.split_whitespace().count() {
            return None;
        }
        self.table_list = Some(None);
        let appearance = [&["field-list"], others.as_slice()].concat().join(" ");
        node.set_control("appearance", appearance);
        let (label, hint) = (std::mem::take(&mut node.label), std::mem::take(&mut node.hint));
        if label.is_empty() && hint.is_empty() {
            return None;
        }
        let name = format!("generated_table_list_label_{}", row.number);
        let mut heading = Node::new(NodeKind::Question(NOTE), name, row.number);
        types::apply(NOTE, &mut heading);
        (heading.label, heading.hint) = (label, hint);
        Some(heading)
    }

    fn loop_list(
        &mut self,
        row: &Row,
        container: Container,
        list: Option<String>,
    ) -> Option<String> {
        if container != Container::Loop {
            return None;
        }
        let list = list.unwrap_or_default();
        if self.choices.list(&list).is_none() {
            let kind = ProblemKind::MissingList { list };
            self.problems.error(&self.place(row.number, &["type"]), kind);
            return None;
        }
        Some(list)
    }

    fn end(&mut self, row: &Row, container: Container) {
        self.save_to(row, "", true);
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let matches = self.open.last().is_some_and(|open| open.container == Some(container));
        if !matches {
            let what = container.name().to_owned();
            let kind = ProblemKind::UnmatchedEnd { what };
            self.problems.error(&self.place(row.number, &["type"]), kind);
            return;
        }
        let Some(open) = self.open.pop() else { return };
        self.table_list = None;
        if let Some(list) = open.loop_list {
            self.expand_loop(open.id, &list);
        }
    }

    /// One group for each choice, with a copy of the loop's questions.
    fn expand_loop(&mut self, id: Id, list: &str) {
        let Some(list) = self.choices.list(list) else { return };
        let columns: Vec<_> = list.choices.iter().filter(|c| c.name != "none").collect();
        let copies = columns.len() * self.tree.descendants(id).len();
        if copies + self.tree.nodes.len() > MAX_NODES {
            let row = self.tree.nodes[id].row;
            self.problems.error(&self.table.place(row, &["type"]), ProblemKind::LoopTooLarge);
            return;
        }
        if let Some(bad) = columns.iter().find(|choice| !self.settings.allows_name(&choice.name)) {
            let place = self.table.place(self.tree.nodes[id].row, &["type"]);
            self.problems.error(&place, ProblemKind::BadName { value: bad.name.clone() });
            return;
        }
        let templates = self.tree.detach_children(id);
        for choice in columns {
            let mut group = Node::new(NodeKind::Group, choice.name.clone(), 0);
            group.label = choice.label.clone();
            group.media = choice.media.clone();
            let group = self.tree.add(id, group);
            let (name, label, language) = (&choice.name, &choice.label, self.default_language);
            let asked = LoopChoice { name, label, language };
            for template in &templates {
                self.tree.copy(*template, group, &asked);
            }
        }
        self.check_copied_repeats(id);
    }

    /// A repeat in a loop would exist once for each choice.
    fn check_copied_repeats(&mut self, id: Id) {
        let mut seen = BTreeSet::new();
        for node in self.tree.descendants(id).into_iter().map(|id| &self.tree.nodes[id]) {
            if node.kind == NodeKind::Repeat && !seen.insert(&node.name) {
                let kind = ProblemKind::DuplicateRepeat { value: node.name.clone() };
                self.problems.error(&self.table.place(node.row, &["name"]), kind);
            }
        }
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

    fn check_triggers(&mut self) {
        for (name, place) in std::mem::take(&mut self.triggers) {
            if !self.questions.contains(&name) {
                self.problems.error(&place, ProblemKind::UnknownReference { name });
            }
        }
    }

    /// What a trigger sets is found by its name.
    fn check_targets(&mut self) {
        let mut told = BTreeSet::new();
        for id in self.tree.descendants(ROOT) {
            let node = &self.tree.nodes[id];
            let several = || self.tree.named(&node.name).is_err_and(|count| count > 1);
            if !node.trigger.is_empty() && several() && told.insert(node.row) {
                let place = self.table.place(node.row, &["trigger"]);
                let kind = ProblemKind::AmbiguousReference { name: node.name.clone() };
                self.problems.error(&place, kind);
            }
        }
    }

    /// A repeat finds what counts its rows by its name.
    fn check_counters(&mut self) {
        for (name, row) in std::mem::take(&mut self.counters) {
            if self.tree.named(&name).is_err_and(|count| count > 1) {
                let place = self.table.place(row, &["control", "jr:count"]);
                self.problems.error(&place, ProblemKind::AmbiguousReference { name });
            }
        }
    }

    fn check_geometries(&mut self) {
        for (target, place) in std::mem::take(&mut self.geometries) {
            let repeat = sole_reference(&target).is_some_and(|name| self.repeats.contains(name));
            let known = repeat
                || self.files.contains(&target)
                || self.choices.list(&target).is_some()
                || self.entities.has(&target);
            if !known {
                let key = "reference-geometry".to_owned();
                let expected = "a list, a file or a repeat".to_owned();
                let kind = ProblemKind::BadParameter { key, value: target, expected };
                self.problems.error(&place, kind);
            }
        }
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
