//! One row of the survey to one node.

use form::definition::ActionKind;

use crate::choices::media;
use crate::expression::is_dynamic;
use crate::parameters::{self, Given, Parameters};
use crate::problem::ProblemKind;
use crate::range::range;
use crate::survey::Survey;
use crate::table::Row;
use crate::tree::{ActionOn, Node, NodeAction, NodeKind};
use crate::types::{self, QuestionType, Special, question_type};

/// Messages of a bind; they are texts, not expressions.
pub(crate) const MESSAGES: [&str; 3] =
    ["jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"];

/// Attributes that every element of a column's has from its place in the form.
pub(crate) const OWN: [(&str, &str); 3] =
    [("bind", "nodeset"), ("control", "ref"), ("control", "nodeset")];

/// Namespace prefix of the columns that are kept beside those of `XLSForm`.
pub(crate) const KEPT_PREFIX: &str = "sotay";

impl Survey<'_> {
    /// A node with what every kind of row has.
    pub(crate) fn node(&mut self, row: &Row, kind: NodeKind, name: &str) -> Node {
        let table = self.table;
        let mut node = Node::new(kind, name, row.number);
        node.label = self.text(row, &["label"]);
        node.hint = self.text(row, &["hint"]);
        node.guidance = self.text(row, &["guidance_hint"]);
        node.media = media(table, row, self.default_language);
        if row.get(table, &["media"]).is_some() {
            // It says no kind, so it is no medium; the question is shown all the same, as pyxform has it.
            node.has_idle_media = true;
            self.problems
                .warn(&self.table.place(row.number, &["media"]), ProblemKind::UnknownColumn);
        }
        let pairs = |column: &str| -> Vec<(String, String)> {
            let cells = row.cells(table).filter_map(|(heading, value)| {
                let [first, name] = heading.path.as_slice() else { return None };
                let given = first == column && !OWN.contains(&(column, name));
                given.then(|| (name.clone(), value.to_owned()))
            });
            cells.collect()
        };
        node.bind = pairs("bind");
        node.bind
            .retain(|(name, _)| !MESSAGES.contains(&name.as_str()) && name != "entities:saveto");
        for message in MESSAGES {
            let text = self.text(row, &["bind", message]);
            if !text.is_empty() {
                node.messages.push((message, text));
            }
        }
        node.control = pairs("control");
        node.instance = pairs("instance");
        node.choice_filter = row.get(table, &["choice_filter"]).map(str::to_owned);
        node.query = row.get(table, &["query"]).map(str::to_owned);
        for column in self.keep_columns {
            if let Some(value) = row.get(table, &[column.as_str()]) {
                node.set_bind(&format!("{KEPT_PREFIX}:{column}"), value);
            }
        }
        for (kind, _) in &node.media {
            if !["image", "big-image", "audio", "video"].contains(&kind.as_str()) {
                let place = self.table.place(row.number, &["media", kind.as_str()]);
                self.problems.error(&place, ProblemKind::UnknownMedium { value: kind.clone() });
            }
        }
        if let NodeKind::Question(question) = kind {
            types::apply(question, &mut node);
        }
        node
    }

    /// A node of a question: triggers, default and what it saves to.
    pub(crate) fn question_node(
        &mut self,
        row: &Row,
        name: &str,
        kind: QuestionType,
        type_name: &str,
    ) -> Node {
        let mut node = self.node(row, NodeKind::Question(kind), name);
        self.add_question_name(name);
        if let Some(property) = self.save_to(row, name, false) {
            node.set_bind("entities:saveto", property);
        }
        node.trigger = self.triggers(row);
        node.default = row.get(self.table, &["default"]).map(str::to_owned);
        if let Some(default) = &node.default
            && is_dynamic(default, type_name)
        {
            node.dynamic_default = true;
            let events = ["odk-instance-first-load", "odk-new-repeat"];
            for event in events.into_iter().take(1 + usize::from(self.in_repeat())) {
                let attributes = Vec::new();
                node.actions.push(NodeAction { kind: ActionOn::Default, event, attributes });
            }
        }
        node
    }

    /// The parameters of a row.
    pub(crate) fn parameters(&mut self, row: &Row) -> Parameters {
        let cell = row.get(self.table, &["parameters"]).unwrap_or_default();
        parameters::parse(cell).unwrap_or_else(|value| {
            let place = self.place(row.number, &["parameters"]);
            self.problems.error(&place, ProblemKind::BadParameters { value });
            Parameters::new()
        })
    }

    /// A row that is a question without choices.
    pub(crate) fn question(&mut self, row: &Row, name: &str, type_name: &str) {
        let Some(kind) = question_type(type_name) else { return };
        let mut node = self.question_node(row, name, kind, type_name);
        let parameters = self.parameters(row);
        let place = self.place(row.number, &["parameters"]);
        // Not their longer spellings: what is told is what pyxform tells.
        if ["simserial", "subscriberid"].contains(&type_name) {
            let kind = ProblemKind::OldType { value: type_name.to_owned() };
            self.problems.warn(&self.place(row.number, &["type"]), kind);
        }
        let choices = &*self.choices;
        let mut given = Given { parameters: &parameters, place: &place, problems: self.problems };
        match kind.special {
            Special::Text => parameters::text(&mut given, &mut node),
            Special::Photo => parameters::photo(&mut given, &mut node),
            Special::Audio => parameters::audio(&mut given, &mut node),
            Special::BackgroundAudio => parameters::background_audio(&mut given, &mut node),
            Special::Geopoint => parameters::geopoint(&mut given, &mut node),
            Special::Geoshape => parameters::geoshape(&mut given, &mut node),
            Special::Range => range(&mut given, &mut node, choices),
            _ => {}
        }
        self.check_question(row, &mut node, kind.special);
        let geometry = matches!(kind.special, Special::Geopoint | Special::Geoshape);
        if let Some(target) = node.itemset.as_ref().filter(|_| geometry) {
            self.add_geometry(target, place);
        }
        self.add(node);
    }

    /// A row such as `osm list`, whose list is of tags.
    pub(crate) fn osm(&mut self, row: &Row, name: &str, list: String) {
        let mut node = self.question_node(row, name, types::OSM, "osm");
        // Without the sheet, the client asks for what it likes.
        if self.osm.list(&list).is_none() && !self.osm.is_empty() {
            let kind = ProblemKind::MissingList { list: list.clone() };
            self.problems.error(&self.place(row.number, &["type"]), kind);
        }
        node.itemset = Some(list);
        self.parameters(row);
        self.add(node);
    }

    fn check_question(&mut self, row: &Row, node: &mut Node, special: Special) {
        match special {
            Special::Calculate if node.bind("calculate").is_none() && !node.dynamic_default => {
                let place = self.place(row.number, &["bind", "calculate"]);
                self.problems.error(&place, ProblemKind::MissingCalculation);
            }
            Special::Photo => {
                if let Some(default) = node.default.as_mut().filter(|d| !d.contains("jr://images/"))
                {
                    default.insert_str(0, "jr://images/");
                }
            }
            Special::StartGeopoint => {
                let kind = ActionOn::Other(ActionKind::SetGeopoint);
                let (event, attributes) = ("odk-instance-first-load", Vec::new());
                node.actions.push(NodeAction { kind, event, attributes });
            }
            Special::BackgroundGeopoint
                if node.trigger.is_empty() || node.bind("calculate").is_some() =>
            {
                let place = self.place(row.number, &["trigger"]);
                self.problems.error(&place, ProblemKind::BackgroundGeopoint);
            }
            _ => {}
        }
    }
}
