//! What is told about translations: columns that a language lacks, and languages without a code.

use std::collections::{BTreeMap, BTreeSet};

use form::definition::Translation;

use crate::problem::{ProblemKind, Problems};
use crate::table::{Heading, Table};
use crate::types::{RowType, row_type};

/// The language of columns without one.
const DEFAULT: &str = "default";

/// Columns of the survey with a text in each language: (end of the path, name).
const SURVEY: &[(&str, &str)] = &[
    ("label", "label"),
    ("hint", "hint"),
    ("guidance_hint", "guidance_hint"),
    ("image", "image"),
    ("big-image", "big-image"),
    ("audio", "audio"),
    ("video", "video"),
    ("jr:constraintMsg", "constraint_message"),
    ("jr:requiredMsg", "required_message"),
];

/// Those of the choices.
const CHOICES: &[(&str, &str)] = &[
    ("label", "label"),
    ("image", "image"),
    ("big-image", "big-image"),
    ("audio", "audio"),
    ("video", "video"),
];

/// The languages of two letters, ISO 639-1 with the older codes of BCP 47.
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co \
    cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi \
    ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr \
    ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn \
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so \
    sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi \
    yo za zh zu";

/// The languages of three letters that have none of two, from the registry of BCP 47: their first two letters, and
/// each that may follow.
const LONG_CODES: &str = include_str!("languages.txt");

/// Every language should have every kind of text that another one has.
pub(crate) fn check(survey: &Table, choices: &Table, problems: &mut Problems) {
    let translated = [(survey, SURVEY), (choices, CHOICES)]
        .map(|(table, columns)| check_columns(table, columns, problems));
    if !translated.contains(&true) {
        return;
    }
    for row in survey.rows.iter().filter(|row| !row.is_disabled(survey)) {
        let kind = row.get(survey, &["type"]).and_then(row_type);
        if matches!(kind, Some(RowType::Select(select)) if select.or_other) {
            problems.warn(&survey.place(row.number, &["type"]), ProblemKind::UntranslatedOther);
        }
    }
}

/// Tells what a sheet lacks; whether it has translations at all.
fn check_columns(table: &Table, columns: &[(&str, &str)], problems: &mut Problems) -> bool {
    let mut languages = BTreeSet::new();
    let mut kinds: BTreeMap<&str, (&Heading, BTreeSet<&str>)> = BTreeMap::new();
    for heading in &table.headings {
        let path: Vec<&str> = heading.path.iter().map(String::as_str).collect();
        let path = match path.as_slice() {
            ["media" | "bind", rest @ ..] if !rest.is_empty() => rest,
            path => path,
        };
        let Some((_, what)) = columns.iter().find(|(end, _)| path.first() == Some(end)) else {
            continue;
        };
        let language = path.get(1).copied().unwrap_or(DEFAULT);
        languages.insert(language);
        kinds.entry(what).or_insert((heading, BTreeSet::new())).1.insert(language);
    }
    if languages.iter().all(|language| *language == DEFAULT) {
        return false;
    }
    for (what, (heading, has)) in kinds {
        for language in languages.difference(&has) {
            let (language, what) = ((*language).to_owned(), what.to_owned());
            let kind = ProblemKind::MissingTranslation { language, what };
            problems.warn(&table.cell(1, heading), kind);
        }
    }
    true
}

/// Clients choose a language by its code.
pub(crate) fn check_codes(
    itext: &[Translation],
    [survey, choices, settings]: [&Table; 3],
    problems: &mut Problems,
) {
    for value in itext.iter().map(|translation| &translation.language) {
        // Two letters are a code by themselves.
        if value == DEFAULT || value.chars().count() < 3 || has_code(value) {
            continue;
        }
        let is_last =
            |heading: &&Heading| heading.path.len() > 1 && heading.path.last() == Some(value);
        let place = [survey, choices]
            .into_iter()
            .find_map(|table| Some(table.cell(1, table.headings.iter().find(is_last)?)));
        let place = place.unwrap_or_else(|| settings.place(1, &["default_language"]));
        problems.warn(&place, ProblemKind::LanguageWithoutCode { value: value.clone() });
    }
}

/// Whether a language ends with a BCP 47 code: `Tiếng Việt (vi)`.
fn has_code(language: &str) -> bool {
    let code = language.strip_suffix(')').and_then(|l| l.split_once('(')).map(|(_, code)| code);
    let mut parts = code.unwrap_or_default().split('-');
    let first = parts.next().unwrap_or_default();
    let known = match first.len() {
        2 => CODES.split(' ').any(|code| code == first),
        3 => first.split_at_checked(2).is_some_and(|(start, last)| {
            let mut groups = LONG_CODES.split_whitespace().filter_map(|g| g.strip_prefix(start));
            groups.any(|ends| ends.contains(last))
        }),
        _ => false,
    };
    let letters = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric());
    known && parts.all(|part| (1..=8).contains(&part.len()) && letters(part))
}
