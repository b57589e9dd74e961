//! A workbook to a form: reads the sheets in turn, checks references and expressions, and writes
//! the definition.

use std::collections::BTreeMap;

use form::definition::{Attribute, Element, Form, Secondary, Source, Submission};

use crate::bindings::{self, Triggers};
use crate::body::{Body, searched_lists};
use crate::choices::{self, Choices};
use crate::entities::{self, Entities};
use crate::entity_places::places;
use crate::instances;
use crate::names::is_plain_name;
use crate::paths::Paths;
use crate::problem::{Place, Problem, ProblemKind, Problems, Severity};
use crate::questions;
use crate::references::references;
use crate::settings::{self, Settings};
use crate::survey::{self, Context, Survey};
use crate::table::{Headers, Heading, Row, Table};
use crate::texts::Texts;
use crate::translations;
use crate::tree::{Id, Node, NodeKind, ROOT, Tree};
use crate::types::{self, RowType, row_type};
use crate::workbook::Workbook;

/// The namespace of the columns that are kept: [`Options::keep_columns`].
pub const SOTAY_NAMESPACE: &str = "https://sotay.vn/xforms";

/// What the workbook itself does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The form's id when the settings have none: the file's name.
    pub form_id: Option<String>,
    /// Name of the root when the settings have none; `data` otherwise.
    pub root_name: Option<String>,
    /// Further columns of the survey, kept as attributes of the binds in [`SOTAY_NAMESPACE`].
    pub keep_columns: Vec<String>,
    /// Names that nothing directly below the root may have: whoever keeps the records needs them.
    pub reserved_names: Vec<String>,
}

/// The sheets with their headers understood.
struct Sheets {
    settings: Table,
    survey: Table,
    choices: Table,
    external: Table,
    osm: Table,
    entities: Table,
}

impl Sheets {
    fn read(workbook: &Workbook, problems: &mut Problems) -> (Self, Settings) {
        let table =
            |headers: &Headers, name: &str, problems: &mut Problems| match workbook.sheet(name) {
                Some(sheet) => Table::read(sheet, headers, problems),
                None => Table { name: name.to_owned(), ..Table::default() },
            };
        let settings_table = table(&settings::HEADERS, "settings", problems);
        let settings = Settings::read(&settings_table, problems);
        let collapse = !settings.keep_blanks;
        let headers = Headers { collapse, ..survey::HEADERS };
        let sheets = Self {
            survey: table(&headers, "survey", problems),
            choices: table(&choices::HEADERS, "choices", problems),
            external: table(&choices::HEADERS, "external_choices", problems),
            osm: table(&choices::HEADERS, "osm", problems),
            entities: table(&entities::HEADERS, "entities", problems),
            settings: settings_table,
        };
        (sheets, settings)
    }
}

/// Makes a form. All problems are listed at once; with an error among them there is no form.
#[must_use]
pub fn convert(workbook: &Workbook, options: &Options) -> (Option<Form>, Vec<Problem>) {
    let mut problems = Problems::default();
    if workbook.sheet("survey").is_none() {
        problems.error(&Place::sheet("survey"), missing(workbook, "survey"));
        return (None, problems.0);
    }
    let (sheets, settings) = Sheets::read(workbook, &mut problems);
    for name in ["settings", "entities"].into_iter().filter(|n| workbook.sheet(n).is_none()) {
        misspelt(workbook, name, &mut problems);
    }
    if !sheets.survey.has("type") {
        let kind = ProblemKind::MissingColumn { column: "type".to_owned() };
        problems.error(&sheets.survey.place(1, &[]), kind);
        return (None, problems.0);
    }
    let form = Conversion { workbook, options, sheets, settings, problems: &mut problems }.form();
    let sound = !problems.has_errors();
    (form.filter(|_| sound), problems.0)
}

/// Every sheet that is ignored and may be meant to be this one.
fn misspelt(workbook: &Workbook, name: &str, problems: &mut Problems) {
    for sheet in workbook.misspelt(name) {
        let kind = ProblemKind::MisspeltSheet { meant: name.to_owned() };
        problems.warn(&Place::sheet(sheet), kind);
    }
}

fn missing(workbook: &Workbook, sheet: &str) -> ProblemKind {
    let similar = workbook.misspelt(sheet).next().map(str::to_owned);
    ProblemKind::MissingSheet { sheet: sheet.to_owned(), similar }
}

/// How often each name can be meant by `${…}`.
struct Names {
    /// From questions.
    meant: BTreeMap<String, usize>,
    /// In the sheet, files too.
    in_sheet: BTreeMap<String, usize>,
}

/// One run.
struct Conversion<'a> {
    workbook: &'a Workbook,
    options: &'a Options,
    sheets: Sheets,
    settings: Settings,
    problems: &'a mut Problems,
}

impl Conversion<'_> {
    fn form(mut self) -> Option<Form> {
        let language =
            self.settings.default_language.clone().unwrap_or_else(|| "default".to_owned());
        let mut lists = |table: &Table, strict| {
            Choices::read(table, &language, &self.settings, strict, self.problems)
        };
        let mut choices = lists(&self.sheets.choices, true);
        let external = lists(&self.sheets.external, false);
        let osm = lists(&self.sheets.osm, false);
        if !self.settings.allow_choice_duplicates {
            choices.check_duplicates(&self.sheets.choices, self.problems);
        }
        let mut entities = Entities::read(&self.sheets.entities, self.problems);
        let root = self.settings.name.as_ref().or(self.options.root_name.as_ref());
        let root = root.cloned().unwrap_or_else(|| "data".to_owned());
        if !self.settings.allows_name(&root) {
            // What the sheet names is told with its cell.
            if self.settings.name.is_none() {
                let kind = ProblemKind::BadName { value: root };
                self.problems.error(&Place::sheet(&self.sheets.settings.name), kind);
            }
            return None;
        }
        let context = Context {
            table: &self.sheets.survey,
            default_language: &language,
            keep_columns: &self.options.keep_columns,
            reserved_names: &self.options.reserved_names,
            choices: &mut choices,
            external: &external,
            osm: &osm,
            settings: &mut self.settings,
            entities: &mut entities,
            problems: self.problems,
        };
        let mut survey = Survey::new(context, &root);
        survey.read();
        let Survey { mut tree, names: in_sheet, meta, .. } = survey;
        // A question of a loop exists once for each choice, if there are any; a file is none.
        let exist = |name: &str, count| tree.named(name).err().unwrap_or(count);
        let names = in_sheet.iter().map(|(name, count)| (name.clone(), exist(name, *count)));
        let names = Names { meant: names.collect(), in_sheet };
        self.missing_choices(&choices, &external);
        let in_repeat = self.add_meta(&mut tree, meta, &entities);
        self.check_references(names);
        translations::check(&self.sheets.survey, &self.sheets.choices, self.problems);
        self.check_columns();
        self.check_expressions();
        // Broken expressions hinder nothing that is looked at from here on.
        let hinders = |p: &Problem| {
            p.severity == Severity::Error && !matches!(p.kind, ProblemKind::BrokenExpression { .. })
        };
        if self.problems.0.iter().any(hinders) {
            return None;
        }
        let version = (!entities.lists.is_empty()).then(|| entities.version(in_repeat));
        Some(self.definition(&tree, (&choices, &osm), &language, version))
    }

    /// A sheet that is missing altogether explains its missing lists.
    fn missing_choices(&mut self, choices: &Choices, external: &Choices) {
        for (name, lists) in [("choices", choices), ("external_choices", external)] {
            let wanted = |p: &Problem| matches!(p.kind, ProblemKind::MissingList { .. });
            let absent = self.workbook.sheet(name).is_none() && lists.is_empty();
            if absent && self.problems.0.iter().any(wanted) {
                misspelt(self.workbook, name, self.problems);
            }
        }
    }

    /// The meta block of the root, and the entities; whether one stands in a repeat.
    fn add_meta(&mut self, tree: &mut Tree, mut nodes: Vec<Node>, entities: &Entities) -> bool {
        if !self.settings.omit_instance_id {
            let mut node = Node::new(NodeKind::Question(types::CALCULATE), "instanceID", 0);
            types::apply(types::CALCULATE, &mut node);
            node.set_bind("readonly", "true()");
            let uid = self.settings.instance_id.clone();
            node.set_bind("jr:preload", uid.unwrap_or_else(|| "uid".to_owned()));
            nodes.push(node);
        }
        if let Some(name) = &self.settings.instance_name {
            let mut node = Node::new(NodeKind::Question(types::CALCULATE), "instanceName", 0);
            types::apply(types::CALCULATE, &mut node);
            node.set_bind("calculate", name);
            nodes.push(node);
        }
        let sheets = (&self.sheets.survey, &self.sheets.entities);
        let places = places(entities, tree, sheets, self.problems);
        let mut root_meta = None;
        let mut any_in_repeat = false;
        for (entity, group) in places {
            let repeat = tree.nodes[group].kind == NodeKind::Repeat;
            let in_repeat = repeat || tree.repeat_around(group).is_some();
            any_in_repeat |= in_repeat;
            let meta = entities.lists[entity].add_to(tree, group, in_repeat);
            if group == ROOT {
                root_meta = Some(meta);
            }
        }
        if nodes.is_empty() {
            return any_in_repeat;
        }
        let meta: Id =
            root_meta.unwrap_or_else(|| tree.add(ROOT, Node::new(NodeKind::Meta, "meta", 0)));
        for node in nodes {
            tree.add(meta, node);
        }
        any_in_repeat
    }

    /// Every `${…}` must name exactly one thing.
    fn check_references(&mut self, mut names: Names) {
        if !self.settings.omit_instance_id {
            for names in [&mut names.meant, &mut names.in_sheet] {
                *names.entry("instanceID".to_owned()).or_default() += 1;
            }
        }
        let Names { meant, in_sheet } = &names;
        let of_sheet = |_: &Row| meant;
        // The row of a file keeps its name alone: what else stands there reaches no question.
        let of_survey = |row: &Row| match row.get(&self.sheets.survey, &["type"]).and_then(row_type)
        {
            Some(RowType::External { .. }) => in_sheet,
            _ => meant,
        };
        let Sheets { settings, survey, choices, entities, .. } = &self.sheets;
        let all = |_: &Row, _: &[String]| true;
        let survey_columns = |row: &Row, path: &[String]| match path[0].as_str() {
            "name" | "trigger" => false,
            // What is not shown offers nothing.
            "type" => is_shown(row, survey),
            _ => true,
        };
        // Without labels there is no telling which columns are texts.
        let labelled = choices.has("label");
        let texts =
            |_: &Row, path: &[String]| !labelled || ["label", "media"].contains(&path[0].as_str());
        let lists = |_: &Row, path: &[String]| !["dataset", "repeat"].contains(&path[0].as_str());
        check_cells(settings, of_sheet, all, self.problems);
        check_cells(entities, of_sheet, lists, self.problems);
        check_cells(survey, of_survey, survey_columns, self.problems);
        check_cells(choices, of_sheet, texts, self.problems);
    }

    /// Columns that say nothing here are told, not dropped in silence.
    fn check_columns(&mut self) {
        const FURTHER: [&str; 10] = [
            "disabled",
            "intent",
            "note",
            "sms_option",
            "sms_separator",
            "sms_allow_media",
            "sms_date_format",
            "sms_datetime_format",
            "sms_response",
            "list_name",
        ];
        let kept = &self.options.keep_columns;
        for heading in &self.sheets.survey.headings {
            let name = heading.path[0].as_str();
            let known = survey::HEADERS.known.contains(&name) || FURTHER.contains(&name);
            if !known && !kept.iter().any(|k| k == name) {
                let place = self.sheets.survey.cell(1, heading);
                self.problems.warn(&place, ProblemKind::UnknownColumn);
            }
        }
        let attributes = |h: &&Heading| {
            ["bind", "control", "instance", "attribute"].contains(&h.path[0].as_str())
                && settings::declared_prefix(&h.path).is_none()
        };
        for table in [&self.sheets.survey, &self.sheets.settings] {
            for heading in table.headings.iter().filter(attributes) {
                let value = heading.path.get(1).cloned().unwrap_or_default();
                let place = table.cell(1, heading);
                let own = questions::OWN.contains(&(&heading.path[0], &value));
                let beyond =
                    heading.path.len() > 2 && !questions::MESSAGES.contains(&value.as_str());
                if !self.settings.allows_attribute(&value) {
                    self.problems.error(&place, ProblemKind::BadName { value });
                } else if own || beyond {
                    self.problems.warn(&place, ProblemKind::UnknownColumn);
                }
            }
        }
        let what = "add_none_option";
        if self.sheets.settings.has(what) {
            let place = self.sheets.settings.place(1, &[what]);
            self.problems.warn(&place, ProblemKind::NotSupported { what: what.to_owned() });
        }
    }

    /// Expressions are parsed as they stand in the cells, so that problems name the character.
    fn check_expressions(&mut self) {
        const COLUMNS: [&[&str]; 7] = [
            &["bind", "relevant"],
            &["bind", "required"],
            &["bind", "readonly"],
            &["bind", "constraint"],
            &["bind", "calculate"],
            &["choice_filter"],
            &["control", "jr:count"],
        ];
        let table = &self.sheets.survey;
        for row in table.rows.iter().filter(|r| r.get(table, &["type"]).is_some()) {
            for path in COLUMNS {
                if let Some(cell) = row.get(table, path) {
                    let name = path.last().copied().unwrap_or_default();
                    let text = bindings::boolean(name, cell);
                    check_expression(text, &table.place(row.number, path), self.problems);
                }
            }
        }
    }

    fn definition(
        self,
        tree: &Tree,
        (choices, osm): (&Choices, &Choices),
        language: &str,
        entities: Option<&str>,
    ) -> Form {
        let Self { options, sheets, settings, problems, .. } = self;
        let paths = Paths::new(tree);
        let triggers = Triggers::collect(&paths);
        let searched = searched_lists(&paths, &sheets.survey, problems);
        let id = settings.id.clone().or_else(|| options.form_id.clone());
        let id = id.unwrap_or_else(|| "data".to_owned());
        let place = |row: u32| sheets.survey.place(row.max(1), &["type"]);
        let secondary = instances::secondary(&paths, choices, &searched, place, problems);
        let mut model_attributes = vec![Attribute::new("odk:xforms-version", "1.0.0")];
        if let Some(version) = entities {
            model_attributes.push(Attribute::new("entities:entities-version", version));
        }
        let mut namespaces = settings.namespaces.clone();
        if !options.keep_columns.is_empty() {
            namespaces.retain(|(prefix, _)| prefix != questions::KEPT_PREFIX);
            namespaces.push((questions::KEPT_PREFIX.to_owned(), SOTAY_NAMESPACE.to_owned()));
        }
        let table = &sheets.survey;
        let itext = Texts::collect(&paths, choices, language);
        translations::check_codes(&itext, [table, &sheets.choices, &sheets.settings], problems);
        let body =
            Body { paths: &paths, choices, osm, triggers: &triggers, table, problems }.nodes();
        Form {
            title: settings.title.clone().unwrap_or_else(|| id.clone()),
            namespaces,
            model_attributes,
            body_class: settings.style.clone(),
            primary: instances::primary(&paths, &settings, &id),
            secondary,
            binds: bindings::binds(&paths),
            itext,
            actions: bindings::model_actions(&paths),
            submission: submission(&settings),
            body,
        }
    }
}

fn submission(settings: &Settings) -> Option<Submission> {
    let mut attributes = Vec::new();
    let mut add = |name: &str, value: Option<&String>| {
        attributes.extend(value.map(|value| Attribute::new(name, value.clone())));
    };
    add("action", settings.submission_url.as_ref());
    add("method", settings.submission_url.as_ref().map(|_| "post".to_owned()).as_ref());
    add("base64RsaPublicKey", settings.public_key.as_ref());
    add("orx:auto-send", settings.auto_send.as_ref());
    add("orx:auto-delete", settings.auto_delete.as_ref());
    add("odk:client-editable", settings.client_editable.then(|| "true".to_owned()).as_ref());
    (!attributes.is_empty()).then_some(Submission { attributes })
}

/// Checks the references in some columns of a sheet, each row against its names.
fn check_cells<'n>(
    table: &Table,
    names: impl Fn(&Row) -> &'n BTreeMap<String, usize>,
    wanted: impl Fn(&Row, &[String]) -> bool,
    problems: &mut Problems,
) {
    for row in table.rows.iter().filter(|row| !row.is_disabled(table)) {
        let names = names(row);
        for (heading, cell) in row.cells(table).filter(|(h, _)| wanted(row, &h.path)) {
            for reference in references(cell) {
                let kind = match reference {
                    Err(bad) => ProblemKind::BadReference { value: bad.0.to_owned() },
                    Ok(reference) => match names.get(reference.name) {
                        Some(1) => continue,
                        None | Some(0) => {
                            ProblemKind::UnknownReference { name: reference.name.to_owned() }
                        }
                        Some(_) => {
                            ProblemKind::AmbiguousReference { name: reference.name.to_owned() }
                        }
                    },
                };
                problems.error(&table.cell(row.number, heading), kind);
            }
        }
    }
}

/// Whether the question of a row is asked: what is computed and has no text is not.
fn is_shown(row: &Row, survey: &Table) -> bool {
    let has = |path: &[&str]| row.under(survey, path).next().is_some();
    let computed = has(&["bind", "calculate"]) || has(&["trigger"]);
    let heads = row.get(survey, &["control", "appearance"]) == Some("label");
    !computed || heads || has(&["label"]) || has(&["hint"])
}

/// Parses an expression with blanks and a name of the same length for each reference.
fn check_expression(text: &str, place: &Place, problems: &mut Problems) {
    let mut plain = text.to_owned();
    for reference in crate::references::good_references(text) {
        let name = "_".repeat(reference.range.len() - 2);
        plain.replace_range(reference.range, &format!(" {name} "));
    }
    if let Err(error) = xpath::Expr::parse(&plain) {
        let offset = plain.get(..error.offset).map_or(0, |before| before.chars().count()) + 1;
        let message = error.kind.to_string();
        problems.error(place, ProblemKind::BrokenExpression { offset, message });
    }
}

/// The sheet `external_choices` as the file `itemsets.csv` that clients read beside the form.
#[must_use]
pub fn external_choices_csv(workbook: &Workbook) -> Option<String> {
    let sheet = workbook.sheet("external_choices")?;
    let header = sheet.rows.first()?;
    let columns: Vec<usize> = (0..header.len()).filter(|at| header[*at].is_some()).collect();
    let mut writer =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    for row in &sheet.rows {
        let cell = |at: &usize| row.get(*at).and_then(Option::as_deref).unwrap_or_default();
        writer.write_record(columns.iter().map(cell)).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// The lists of the sheet `external_choices` as instances of the form, for clients that get nothing beside it.
///
/// A column whose header is no name in XML, such as a translation, is left out; the first label is the label.
#[must_use]
pub fn external_choices_lists(workbook: &Workbook) -> Vec<Secondary> {
    let Some(sheet) = workbook.sheet("external_choices") else { return Vec::new() };
    let mut rows = sheet.rows.iter();
    let Some(header) = rows.next() else { return Vec::new() };
    let names: Vec<&str> =
        header.iter().map(|cell| cell.as_deref().unwrap_or_default().trim()).collect();
    let list_at = names.iter().position(|name| matches!(*name, "list_name" | "list name"));
    let is_label = |name: &&str| name.split(':').next() == Some("label");
    let label_at =
        names.iter().position(|name| *name == "label").or_else(|| names.iter().position(is_label));
    let mut lists: Vec<Secondary> = Vec::new();
    for row in rows {
        let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default().trim();
        let id = list_at.map(cell).unwrap_or_default();
        if id.is_empty() {
            continue;
        }
        let mut item = Element::new("item");
        for (at, name) in names.iter().enumerate() {
            let name = if label_at == Some(at) { "label" } else { name };
            if Some(at) != list_at && is_plain_name(name) {
                item.children.push(Element::text(name, cell(at)));
            }
        }
        match lists.iter_mut().find(|list| list.id == id) {
            Some(Secondary { source: Source::Internal(root), .. }) => root.children.push(item),
            _ => {
                let root = Element { children: vec![item], ..Element::new("root") };
                lists.push(Secondary { id: id.to_owned(), source: Source::Internal(root) });
            }
        }
    }
    lists
}
