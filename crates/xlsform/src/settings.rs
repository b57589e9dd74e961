//! The sheet `settings`: one row about the whole form.

use std::collections::BTreeMap;

use form::definition::STANDARD_NAMESPACES;

use crate::names::{is_name, is_plain_name};
use crate::problem::{Place, ProblemKind, Problems};
use crate::table::{Headers, Row, Table};

/// How the headers are read.
pub(crate) const HEADERS: Headers = Headers {
    sheet: "settings",
    known: &[
        "title",
        "id_string",
        "version",
        "instance_name",
        "default_language",
        "public_key",
        "submission_url",
        "auto_send",
        "auto_delete",
        "client_editable",
        "style",
        "name",
        "namespaces",
        "attribute",
        "allow_choice_duplicates",
        "clean_text_values",
        "omit_instanceID",
        "instance_id",
        "prefix",
        "delimiter",
        "instance_xmlns",
        "sms_keyword",
        "sms_separator",
        "sms_allow_media",
        "sms_date_format",
        "sms_datetime_format",
        "sms_response",
        "add_none_option",
        "flat",
    ],
    aliases: &[
        ("form_title", &["title"]),
        ("set_form_title", &["title"]),
        ("form_id", &["id_string"]),
        ("set_form_id", &["id_string"]),
        ("prefix", &["prefix"]),
    ],
    collapse: false,
};

/// What the sheet says.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) title: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) instance_name: Option<String>,
    pub(crate) default_language: Option<String>,
    pub(crate) public_key: Option<String>,
    pub(crate) submission_url: Option<String>,
    pub(crate) auto_send: Option<String>,
    pub(crate) auto_delete: Option<String>,
    pub(crate) client_editable: bool,
    pub(crate) style: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) namespaces: Vec<(String, String)>,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) allow_choice_duplicates: bool,
    pub(crate) keep_blanks: bool,
    pub(crate) omit_instance_id: bool,
    pub(crate) instance_id: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) delimiter: Option<String>,
    pub(crate) instance_xmlns: Option<String>,
    /// Groups are there for the eye alone: what is in them stands beside them in the instance.
    pub(crate) flat: bool,
}

/// `yes`, `no` and their spellings.
pub(crate) fn yes_no(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "true()" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "false()" => Some(false),
        _ => None,
    }
}

impl Settings {
    /// Whether a text can be the name of an element or attribute: its prefix, if any, is declared.
    pub(crate) fn allows_name(&self, name: &str) -> bool {
        let standard = STANDARD_NAMESPACES.iter().map(|(prefix, _)| *prefix);
        let mut prefixes = standard.chain(self.namespaces.iter().map(|(p, _)| p.as_str()));
        let declared = name.split_once(':').is_none_or(|(prefix, _)| prefixes.any(|p| p == prefix));
        is_name(name) && declared
    }

    /// Whether a text can be the name of an attribute: it may also be one that every XML knows.
    pub(crate) fn allows_attribute(&self, name: &str) -> bool {
        self.allows_name(name) || name.strip_prefix("xml:").is_some_and(is_plain_name)
    }

    pub(crate) fn read(table: &Table, problems: &mut Problems) -> Self {
        let Some(row) = table.rows.iter().find(|r| !r.is_blank()) else {
            return Self::default();
        };
        let get = |name: &str| row.get(table, &[name]).map(str::to_owned);
        // ODK knows `true` and `false` alone.
        let switch = |name: &str| {
            get(name).map(|text| yes_no(&text).map_or(text, |is_on| is_on.to_string()))
        };
        let is = |name: &str, wanted| get(name).and_then(|t| yes_no(&t)) == Some(wanted);
        let attributes = row.cells(table).filter_map(|(heading, value)| {
            let [first, name] = heading.path.as_slice() else { return None };
            let written = first == "attribute" && declared_prefix(&heading.path).is_none();
            written.then(|| (name.clone(), value.to_owned()))
        });
        let attributes = attributes.collect();
        let settings = Self {
            title: get("title"),
            id: get("id_string"),
            version: get("version"),
            instance_name: get("instance_name"),
            default_language: get("default_language"),
            public_key: get("public_key"),
            submission_url: get("submission_url"),
            auto_send: switch("auto_send"),
            auto_delete: switch("auto_delete"),
            client_editable: is("client_editable", true),
            style: get("style"),
            name: get("name"),
            namespaces: namespaces(table, row, problems),
            attributes,
            allow_choice_duplicates: is("allow_choice_duplicates", true),
            keep_blanks: is("clean_text_values", false),
            omit_instance_id: is("omit_instanceID", true),
            instance_id: get("instance_id"),
            prefix: get("prefix"),
            delimiter: get("delimiter"),
            instance_xmlns: get("instance_xmlns"),
            flat: get("flat").is_some_and(|text| yes_no(&text) != Some(false)),
        };
        if let Some(name) = settings.name.as_ref().filter(|name| !settings.allows_name(name)) {
            let kind = ProblemKind::BadName { value: name.clone() };
            problems.error(&table.place(row.number, &["name"]), kind);
        }
        // Answers go to the server that the form came from, and as they are.
        let elsewhere =
            [("public_key", &settings.public_key), ("submission_url", &settings.submission_url)];
        for (what, _) in elsewhere.iter().filter(|(_, given)| given.is_some()) {
            let kind = ProblemKind::NotSupported { what: (*what).to_owned() };
            problems.warn(&table.place(row.number, &[what]), kind);
        }
        if settings.omit_instance_id && settings.public_key.is_some() {
            let place = table.place(row.number, &["omit_instanceID"]);
            problems.error(&place, ProblemKind::EncryptedWithoutInstanceId);
        }
        settings
    }
}

/// The prefix that a column `attribute::xmlns:prefix` declares.
pub(crate) fn declared_prefix(path: &[String]) -> Option<&str> {
    let [first, name] = path else { return None };
    name.strip_prefix("xmlns:").filter(|_| first == "attribute")
}

/// `prefix="uri" prefix2="uri2"`, or a column for a prefix: one pair for each, without those that
/// every form has.
///
/// What declares nothing, because it is no such pair or because the prefix stands for something else, is told.
fn namespaces(table: &Table, row: &Row, problems: &mut Problems) -> Vec<(String, String)> {
    let cells = row.cells(table).filter_map(|(heading, value)| {
        let pairs = match declared_prefix(&heading.path) {
            Some(prefix) => vec![format!("{prefix}={value}")],
            None if heading.path == ["namespaces"] => {
                value.split_whitespace().map(str::to_owned).collect()
            }
            None => return None,
        };
        Some((table.cell(row.number, heading), pairs))
    });
    let cells: Vec<(Place, Vec<String>)> = cells.collect();
    let pairs = cells.iter().flat_map(|(place, pairs)| pairs.iter().map(move |pair| (place, pair)));
    let mut declared: BTreeMap<&str, (usize, (&Place, &String), String)> = BTreeMap::new();
    let mut idle = Vec::new();
    for (at, pair) in pairs.enumerate() {
        let Some((prefix, uri)) = pair.1.split_once('=') else {
            idle.push(pair);
            continue;
        };
        let uri = uri.replace(['"', '\''], "");
        let reserved = ["xml", "xmlns"].contains(&prefix) || !is_plain_name(prefix);
        let standard = STANDARD_NAMESPACES.iter().find(|(known, _)| *known == prefix);
        if reserved || uri.is_empty() || uri.contains('=') {
            idle.push(pair);
        } else if let Some((_, known)) = standard {
            idle.extend((uri != *known).then_some(pair));
        } else {
            let first = declared.get(prefix).map_or(at, |(first, ..)| *first);
            // The last one counts.
            if let Some((_, other, old)) = declared.insert(prefix, (first, pair, uri.clone()))
                && old != uri
            {
                idle.push(other);
            }
        }
    }
    for (place, pair) in idle {
        problems.warn(place, ProblemKind::NotSupported { what: pair.clone() });
    }
    let mut pairs: Vec<_> = declared.into_iter().collect();
    pairs.sort_by_key(|(_, (first, ..))| *first);
    pairs.into_iter().map(|(prefix, (_, _, uri))| (prefix.to_owned(), uri)).collect()
}
