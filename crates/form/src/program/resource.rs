//! Secondary instances from the form and from the files beside it.

use std::collections::BTreeMap;

use super::list::List;
use crate::definition::{Form, Source};
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
}

pub(super) fn lists(form: &Form, resources: &Resources, problems: &mut Vec<Problem>) -> Vec<List> {
    let mut lists: Vec<List> = Vec::new();
    for instance in &form.secondary {
        let place = format!("instance('{}')", instance.id);
        if lists.iter().any(|list| list.id == instance.id) {
            problems.push(Problem::new(place, ProblemKind::DuplicateInstance(instance.id.clone())));
            continue;
        }
        lists.push(match &instance.source {
            Source::Internal(root) => List::from_element(&instance.id, root),
            Source::External(address) => {
                external(&instance.id, address, resources).unwrap_or_else(|kind| {
                    problems.push(Problem::new(place, kind));
                    List::empty(&instance.id)
                })
            }
        });
    }
    lists
}

fn external(id: &str, address: &str, resources: &Resources) -> Result<List, ProblemKind> {
    // No record was saved before the first.
    let Some(text) = resources.get(address) else {
        if address == "jr://instance/last-saved" {
            return Ok(List::empty(id));
        }
        return Err(ProblemKind::MissingResource(address.to_owned()));
    };
    let unreadable =
        |message: String| ProblemKind::UnreadableResource { name: address.to_owned(), message };
    let ending = address.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "csv" => Ok(csv(id, text)),
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

/// Rows of a CSV become `root/item` with an element for each column.
fn csv(id: &str, text: &str) -> List {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.split(['\r', '\n']).next().unwrap_or_default();
    let stands = |delimiter: &char| header.contains(*delimiter);
    let delimiter = [',', ';', '\t', '|'].into_iter().find(stands).unwrap_or(',');
    let mut rows = CsvRows { rest: text, delimiter };
    let header: Vec<String> =
        rows.next().unwrap_or_default().iter().map(|name| name.trim().to_owned()).collect();
    let mut list = List::new(id);
    let root = list.open(0, "root", "");
    for row in rows.filter(|row| row.iter().any(|cell| !cell.is_empty())) {
        let item = list.open(root, "item", "");
        for (number, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let cell = list.open(item, name, row.get(number).map_or("", |cell| cell.trim()));
            list.close(cell);
        }
        list.close(item);
    }
    list.close(root);
    list
}

/// The rows of a CSV text (RFC 4180), with line breaks inside quotes.
struct CsvRows<'a> {
    rest: &'a str,
    delimiter: char,
}

impl Iterator for CsvRows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = vec![String::new()];
        let mut quoted = false;
        let mut chars = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            let cell = row.last_mut()?;
            match c {
                '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if cell.is_empty() => quoted = true,
                // Rows end with LF, CR LF or CR.
                '\r' if !quoted && chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
                '\n' | '\r' if !quoted => {
                    end = at + 1;
                    break;
                }
                c if c == self.delimiter && !quoted => row.push(String::new()),
                c => cell.push(c),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        Some(row)
    }
}

/// Features of a `GeoJSON` become `root/item` with `geometry`, `id` and an element for each property.
fn geojson(id: &str, text: &str) -> Result<List, String> {
    let value = super::json::parse(text)?;
    let features = value.get("features").and_then(super::json::Json::items).ok_or("no features")?;
    let mut list = List::new(id);
    let root = list.open(0, "root", "");
    for feature in features {
        let item = list.open(root, "item", "");
        let mut leaf = |name: &str, text: &str| {
            let node = list.open(item, name, text);
            list.close(node);
        };
        let geometry = feature.get("geometry").ok_or("a feature without geometry")?;
        leaf("geometry", &points(geometry)?);
        let properties =
            feature.get("properties").map(super::json::Json::members).unwrap_or_default();
        let own_id = feature.get("id").filter(|_| !properties.iter().any(|(name, _)| name == "id"));
        if let Some(id) = own_id {
            leaf("id", &id.text());
        }
        for (name, value) in properties.iter().filter(|(name, _)| name != "geometry") {
            leaf(name, &value.text());
        }
        list.close(item);
    }
    list.close(root);
    Ok(list)
}

/// A geometry as ODK writes points: `lat lon 0 0`, several separated by `;`.
fn points(geometry: &super::json::Json) -> Result<String, String> {
    let coordinates = geometry.get("coordinates").ok_or("a geometry without coordinates")?;
    let kind = geometry.get("type").map(super::json::Json::text).unwrap_or_default();
    let point = |pair: &super::json::Json| -> Result<String, String> {
        match pair.items() {
            Some([longitude, latitude, ..]) => {
                Ok(format!("{} {} 0 0", latitude.text(), longitude.text()))
            }
            _ => Err("a point without two numbers".to_owned()),
        }
    };
    let many = |list: &super::json::Json| -> Result<String, String> {
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
