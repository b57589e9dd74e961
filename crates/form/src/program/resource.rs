//! Secondary instances from the form and from the files beside it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xpath::number;

use super::Program;
use super::body::queried_list;
use super::json::{Json, parse as parse_json};
use super::list::List;
use crate::definition::{BodyNode, Form, Source};
use crate::problem::{Problem, ProblemKind};
use crate::xform::read_element;

/// Files beside the form, by their `jr://` address: CSV, XML or `GeoJSON` as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Address -> text. An address may also be the file's name alone.
    pub files: BTreeMap<String, String>,
}

impl Resources {
    fn get(&self, address: &str) -> Option<&str> {
        let name = address.rsplit('/').next().unwrap_or(address);
        self.files.get(address).or_else(|| self.files.get(name)).map(String::as_str)
    }

    /// What the items of a list say in two of their columns, such as value and label. Nothing of a list that is not there
    /// or cannot be read, or of an item without both.
    #[must_use]
    pub fn pairs(&self, address: &str, one: &str, other: &str) -> Vec<(String, String)> {
        let Ok(list) = from_file("", address, self) else { return Vec::new() };
        let text = |item, name| Some(list.string_value(list.child(item, name)?));
        let items = std::iter::successors(list.first_child(1), |item| list.next(*item));
        items.filter_map(|item| Some((text(item, one)?, text(item, other)?))).collect()
    }
}

/// The form's lists. One that no resource is for, and that was read `before`, is taken from there as it is, with its
/// indexes.
pub(super) fn lists(
    form: &Form,
    resources: &Resources,
    before: Option<&Program>,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<List>> {
    let mut lists: Vec<Arc<List>> = Vec::new();
    for (number, instance) in form.secondary.iter().enumerate() {
        let place = format!("instance('{}')", instance.id);
        if form.secondary.iter().skip(number + 1).any(|later| later.id == instance.id) {
            problems.push(Problem::new(place, ProblemKind::DuplicateInstance(instance.id.clone())));
            continue;
        }
        let had = || before.and_then(|before| before.read_list(&instance.id, &place));
        lists.push(match &instance.source {
            Source::External(address) if resources.get(address).is_some() => {
                Arc::new(from_file(&instance.id, address, resources).unwrap_or_else(|kind| {
                    problems.push(Problem::new(place, kind));
                    List::empty(&instance.id)
                }))
            }
            Source::Internal(root) => {
                had().unwrap_or_else(|| Arc::new(List::from_element(&instance.id, root)))
            }
            Source::External(address) => had().unwrap_or_else(|| {
                // No record was saved before the first.
                if address != LAST_SAVED {
                    let missing = ProblemKind::MissingResource(address.clone());
                    problems.push(Problem::new(place, missing));
                }
                Arc::new(List::empty(&instance.id))
            }),
        });
    }
    external(&form.body, resources, before, &mut lists, problems);
    lists
}

impl Program {
    /// A list that was read without a problem at its place.
    fn read_list(&self, id: &str, place: &str) -> Option<Arc<List>> {
        let about_list = |warning: &&Problem| {
            warning.place == place && !matches!(warning.kind, ProblemKind::DuplicateInstance(_))
        };
        let is_sound = !self.warnings.iter().any(|warning| about_list(&warning));
        self.lists.iter().find(|list| list.id == id && is_sound).map(Arc::clone)
    }
}

/// The record that was submitted last, which no file of the form is.
const LAST_SAVED: &str = "jr://instance/last-saved";

/// The file in which ODK keeps the sheet `external_choices`: all its lists, told apart by `list_name`.
pub const ITEMSETS: &str = "itemsets.csv";

/// Adds the lists that inputs search in and that are not in the form.
fn external(
    body: &[BodyNode],
    resources: &Resources,
    before: Option<&Program>,
    lists: &mut Vec<Arc<List>>,
    problems: &mut Vec<Problem>,
) {
    let mut rest: Vec<&BodyNode> = body.iter().rev().collect();
    while let Some(node) = rest.pop() {
        let control = match node {
            BodyNode::Control(control) => control,
            BodyNode::Group(group) => {
                rest.extend(group.children.iter().rev());
                continue;
            }
            BodyNode::Repeat(repeat) => {
                rest.extend(repeat.children.iter().rev());
                continue;
            }
        };
        let Some(set) = control.external_choices() else { continue };
        let Some(id) = queried_list(&set.nodeset) else { continue };
        if lists.iter().any(|list| list.id == id) {
            continue;
        }
        let had = || before.and_then(|before| before.read_list(id, &control.reference));
        let list = resources.get(ITEMSETS).map(|text| Arc::new(csv(id, text, Some(id))));
        match list.or_else(had) {
            Some(list) => lists.push(list),
            None => {
                let missing = ProblemKind::MissingResource(ITEMSETS.to_owned());
                problems.push(Problem::new(control.reference.clone(), missing));
            }
        }
    }
}

fn from_file(id: &str, address: &str, resources: &Resources) -> Result<List, ProblemKind> {
    let Some(text) = resources.get(address) else {
        return Err(ProblemKind::MissingResource(address.to_owned()));
    };
    let unreadable =
        |message: String| ProblemKind::UnreadableResource { name: address.to_owned(), message };
    let ending = address.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "csv" => Ok(csv(id, text, None)),
        "geojson" => geojson(id, text).map_err(unreadable),
        _ => {
            let document =
                roxmltree::Document::parse(text).map_err(|e| unreadable(e.to_string()))?;
            let root =
                read_element(document.root_element()).map_err(|e| unreadable(e.to_string()))?;
            Ok(List::from_element(id, &root))
        }
    }
}

/// Rows of a CSV become `root/item` with an element for each column; with `of`, only those whose `list_name` it is.
fn csv(id: &str, text: &str, of: Option<&str>) -> List {
    let mut rows = CsvRows::new(text);
    let mut cells = Vec::new();
    rows.read(&mut cells);
    let mut list = List::new(id);
    let list_name = cells.iter().position(|name| name.trim() == "list_name");
    let columns: Vec<Option<u32>> = cells
        .iter()
        .map(|name| Some(name.trim()).filter(|name| !name.is_empty()).map(|name| list.name(name)))
        .collect();
    let root = list.open(0, "root", "");
    let item_name = list.name("item");
    while rows.read(&mut cells) {
        let in_list = list_name.and_then(|at| cells.get(at)).map(|name| name.trim());
        if cells.iter().all(|cell| cell.is_empty()) || of.is_some_and(|of| in_list != Some(of)) {
            continue;
        }
        let item = list.open_named(root, item_name, "");
        for (number, name) in columns.iter().enumerate() {
            let text = cells.get(number).map_or("", |cell| cell.trim());
            if let Some(name) = name {
                let cell = list.open_named(item, *name, text);
                list.close(cell);
            }
        }
        list.close(item);
    }
    list.close(root);
    list
}

/// The rows of a CSV text (RFC 4180), with line breaks inside quotes.
#[derive(Debug)]
pub struct CsvRows<'a> {
    rest: &'a str,
    delimiter: char,
}

impl<'a> CsvRows<'a> {
    /// The delimiter is whatever separates the cells of the first row.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let header = text.split(['\r', '\n']).next().unwrap_or_default();
        let stands = |delimiter: &char| header.contains(*delimiter);
        let delimiter = [',', ';', '\t', '|'].into_iter().find(stands).unwrap_or(',');
        Self { rest: text, delimiter }
    }

    /// Reads the cells of the next row; `false` when there is none.
    pub fn read(&mut self, cells: &mut Vec<Cow<'a, str>>) -> bool {
        cells.clear();
        if self.rest.is_empty() {
            return false;
        }
        loop {
            cells.push(self.cell());
            let mut rest = self.rest.chars();
            let sign = rest.next();
            self.rest = rest.as_str();
            if sign == Some('\r') {
                // Rows end with LF, CR LF or CR.
                self.rest = self.rest.strip_prefix('\n').unwrap_or(self.rest);
            }
            if sign != Some(self.delimiter) {
                return true;
            }
        }
    }

    fn cell(&mut self) -> Cow<'a, str> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            return Cow::Borrowed(self.plain());
        };
        let mut text = String::new();
        self.rest = quoted;
        loop {
            let (inside, after) = self.rest.split_once('"').unwrap_or((self.rest, ""));
            text.push_str(inside);
            match after.strip_prefix('"') {
                Some(rest) => {
                    text.push('"');
                    self.rest = rest;
                }
                None => {
                    self.rest = after;
                    break;
                }
            }
        }
        text.push_str(self.plain());
        Cow::Owned(text)
    }

    /// The text up to the end of the cell.
    fn plain(&mut self) -> &'a str {
        let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }
}

/// Features of a `GeoJSON` become `root/item` with `geometry`, `id` and an element for each property.
fn geojson(id: &str, text: &str) -> Result<List, String> {
    let value = parse_json(text)?;
    if !is_called(&value, "FeatureCollection") {
        return Err("not a FeatureCollection".to_owned());
    }
    let features = value.get("features").and_then(Json::items).ok_or("no features")?;
    let mut list = List::new(id);
    let root = list.open(0, "root", "");
    for feature in features {
        if !is_called(feature, "Feature") {
            return Err("a feature that is not of type Feature".to_owned());
        }
        let item = list.open(root, "item", "");
        let mut leaf = |name: &str, text: &str| {
            let node = list.open(item, name, text);
            list.close(node);
        };
        let geometry = feature.get("geometry").ok_or("a feature without geometry")?;
        // RFC 7946: a feature that lies nowhere has the geometry `null`.
        let points = if *geometry == Json::Null { String::new() } else { points(geometry)? };
        leaf("geometry", &points);
        let properties = feature.get("properties").map(Json::members).unwrap_or_default();
        // Its own counts before a property of that name, as in JavaRosa and Web Forms.
        let own_id = feature.get("id").filter(|id| **id != Json::Null);
        if let Some(id) = own_id {
            leaf("id", &id.text());
        }
        let is_taken = |name: &str| name == "geometry" || (name == "id" && own_id.is_some());
        for (name, value) in properties.iter().filter(|(name, _)| !is_taken(name)) {
            leaf(name, &value.text());
        }
        list.close(item);
    }
    list.close(root);
    Ok(list)
}

fn is_called(value: &Json, kind: &str) -> bool {
    value.get("type").is_some_and(|found| found.text() == kind)
}

/// A coordinate without zeros at its end.
fn degrees(coordinate: &Json) -> String {
    let text = coordinate.text();
    if !text.contains(['.', 'e', 'E']) {
        return text;
    }
    number::parse(&text).map_or(text, number::to_text)
}

/// A geometry as ODK writes points: `lat lon 0 0`, several separated by `;`.
fn points(geometry: &Json) -> Result<String, String> {
    let coordinates = geometry.get("coordinates").ok_or("a geometry without coordinates")?;
    let kind = geometry.get("type").map(Json::text).unwrap_or_default();
    let point = |pair: &Json| -> Result<String, String> {
        match pair.items() {
            Some([longitude, latitude, ..]) => {
                Ok(format!("{} {} 0 0", degrees(latitude), degrees(longitude)))
            }
            _ => Err("a point without two numbers".to_owned()),
        }
    };
    let many = |list: &Json| -> Result<String, String> {
        let all: Result<Vec<String>, String> =
            list.items().unwrap_or_default().iter().map(point).collect();
        Ok(all?.join("; "))
    };
    match kind.as_str() {
        "Point" => point(coordinates),
        "LineString" => many(coordinates),
        "Polygon" => many(coordinates.items().and_then(<[_]>::first).ok_or("an empty polygon")?),
        other => Err(format!("geometry {other} is not supported")),
    }
}
