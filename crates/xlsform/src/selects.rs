//! Rows that are questions with choices.

use form::definition::ControlKind;

use crate::parameters::Given;
use crate::problem::ProblemKind;
use crate::references::{has_reference, sole_reference};
use crate::survey::Survey;
use crate::table::{Row, Text};
use crate::tree::{Node, NodeKind};
use crate::types::{self, SelectType, TEXT, select};

/// The extension of a file that choices can come from.
pub(crate) fn file_extension(list: &str) -> Option<&str> {
    let at = list.rfind('.').filter(|at| *at > 0)?;
    list.get(at..).filter(|e| [".csv", ".xml", ".geojson"].contains(e))
}

impl Survey<'_> {
    /// A row such as `select_one list`.
    pub(crate) fn select(&mut self, row: &Row, name: &str, asked: &SelectType) {
        let kind = select(asked.kind, asked.external);
        let mut node = self.question_node(row, name, kind, "select");
        let is_other = |data: &str| !["string", "odk:rank"].contains(&data);
        if !asked.external && node.bind("type").is_some_and(is_other) {
            let (key, value) =
                ("type".to_owned(), node.bind("type").unwrap_or_default().to_owned());
            let kind = ProblemKind::BadParameter { key, value, expected: "string".to_owned() };
            self.problems.error(&self.place(row.number, &["bind", "type"]), kind);
        }
        self.check_list(row, asked);
        self.select_parameters(row, asked, &mut node);
        node.itemset = Some(asked.list.clone());
        let filtered = node.choice_filter.is_some();
        if self.table_list.is_some() {
            self.table_heading(row, asked, kind, filtered);
            node.set_control("appearance", "list-nolabel");
        }
        if filtered && asked.or_other {
            self.refuse_filter(row, "or_other");
        }
        self.add(node);
        if asked.or_other {
            let elsewhere = asked.external
                || file_extension(&asked.list).is_some()
                || has_reference(&asked.list);
            match self.choices.list_mut(&asked.list) {
                Some(list) => list.add_other(),
                // A list that is missing is told already; none but those of the workbook can have one choice more.
                None if elsewhere => {
                    let kind = ProblemKind::MissingList { list: asked.list.clone() };
                    self.problems.error(&self.place(row.number, &["type"]), kind);
                }
                None => {}
            }
            let mut other =
                Node::new(NodeKind::Question(TEXT), format!("{name}_other"), row.number);
            types::apply(TEXT, &mut other);
            other.label = Text::plain("Specify other.");
            other.set_bind("relevant", format!("selected(../{name}, 'other')"));
            self.add_generated(other, row.number);
        }
    }

    fn refuse_filter(&mut self, row: &Row, with: &str) {
        let place = self.place(row.number, &["choice_filter"]);
        let kind = ProblemKind::ChoiceFilterNotAllowed { with: with.to_owned() };
        self.problems.error(&place, kind);
    }

    /// The list must exist: in the workbook, as a file, or as a question in a repeat.
    fn check_list(&mut self, row: &Row, asked: &SelectType) {
        let list = asked.list.clone();
        let place = self.place(row.number, &["type"]);
        let file = file_extension(&list);
        if asked.external {
            if row.get(self.table, &["choice_filter"]).is_none() {
                let place = self.place(row.number, &["choice_filter"]);
                self.problems.warn(&place, ProblemKind::MissingChoiceFilter);
            }
            if self.external.list(&list).is_none() {
                self.problems.error(&place, ProblemKind::MissingList { list });
            }
            return;
        }
        self.add_file(&list);
        if asked.from_file && (file.is_none() || list.matches('.').count() != 1) {
            self.problems.error(&place, ProblemKind::UnknownFileKind { value: list });
            return;
        }
        if file.is_some() || has_reference(&list) {
            return;
        }
        let Some(choices) = self.choices.list(&list) else {
            self.problems.error(&place, ProblemKind::MissingList { list });
            return;
        };
        let several = asked.kind == ControlKind::Select;
        if let Some(value) = choices.blank.clone().filter(|_| several) {
            self.problems.error(&place, ProblemKind::ChoiceNameWithBlank { list, value });
        }
    }

    fn select_parameters(&mut self, row: &Row, asked: &SelectType, node: &mut Node) {
        let place = self.place(row.number, &["parameters"]);
        let parameters = self.parameters(row);
        let mut given = Given { parameters: &parameters, place: &place, problems: self.problems };
        if asked.from_file {
            given.accept(&["label", "randomize", "seed", "value"]);
            for key in ["value", "label"] {
                if given.get(key).is_some_and(|value| !crate::names::is_name(value)) {
                    given.refuse(key, "a name");
                }
            }
        } else {
            given.accept(&["randomize", "seed"]);
        }
        match given.get("randomize") {
            None if given.get("seed").is_some() => {
                given.refuse("seed", "it needs randomize=true");
            }
            None | Some("true" | "false") => {}
            Some(_) => given.refuse("randomize", "true or false"),
        }
        if given.get("seed").is_some_and(|seed| sole_reference(seed).is_none()) {
            given.decimal("seed");
        }
        // Names are written as the sheet has them, though other values are not.
        node.parameters = parameters;
        let raw = row.get(self.table, &["parameters"]).unwrap_or_default();
        if let Some(seed) = node.parameters.get_mut("seed")
            && let Some(at) = raw.to_lowercase().find(seed.as_str())
            && let Some(written) = raw.get(at..at + seed.len())
        {
            *seed = written.to_owned();
        }
    }

    /// In a `table-list`, a select without label goes before the first one and shows the choices.
    fn table_heading(
        &mut self,
        row: &Row,
        asked: &SelectType,
        kind: types::QuestionType,
        filtered: bool,
    ) {
        let value = asked.list.clone();
        let Some(list) = &mut self.table_list else { return };
        let first = match list {
            Some(first) => Some(first.clone()),
            None => {
                *list = Some(value.clone());
                None
            }
        };
        match first {
            Some(first) if first != value => {
                let place = self.place(row.number, &["type"]);
                self.problems.error(&place, ProblemKind::TableListMismatch { first, value });
            }
            Some(_) => {}
            None => {
                if filtered {
                    self.refuse_filter(row, "table-list");
                }
                let name = format!("reserved_name_for_field_list_labels_{}", row.number);
                let mut heading = Node::new(NodeKind::Question(kind), name, row.number);
                types::apply(kind, &mut heading);
                heading.set_control("appearance", "label");
                heading.itemset = Some(value);
                self.add(heading);
            }
        }
    }
}
