//! The column `parameters`: `key=value` pairs, and what each question type accepts.

use std::collections::BTreeMap;

use form::definition::ActionKind;

use crate::problem::{Place, ProblemKind, Problems};
use crate::tree::{ActionOn, Node, NodeAction};

/// Parameters by name.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Reads the cell; the error is the text that is no pair.
pub(crate) fn parse(text: &str) -> Result<Parameters, String> {
    let spaced = text.replace('=', " = ");
    let separated = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let words: Vec<&str> = spaced.split(separated).filter(|w| !w.is_empty()).collect();
    let mut parameters = Parameters::new();
    for pair in words.chunks(3) {
        match pair {
            [key, "=", value] if *key != "=" && *value != "=" => {
                let key = key.to_lowercase();
                let keeps_case = key == "label" || key == "value";
                let value = if keeps_case { (*value).to_owned() } else { value.to_lowercase() };
                parameters.insert(key, value);
            }
            _ => return Err(pair.concat()),
        }
    }
    Ok(parameters)
}

/// A question's parameters, with the place to complain about.
pub(crate) struct Given<'a> {
    pub(crate) parameters: &'a Parameters,
    pub(crate) place: &'a Place,
    pub(crate) problems: &'a mut Problems,
}

impl Given<'_> {
    /// Complains about keys that are not accepted.
    pub(crate) fn accept(&mut self, accepted: &[&str]) {
        for key in self.parameters.keys().filter(|k| !accepted.contains(&k.as_str())) {
            let accepted = accepted.join(", ");
            let kind = ProblemKind::UnknownParameter { key: key.clone(), accepted };
            self.problems.error(self.place, kind);
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.parameters.get(key).map(String::as_str)
    }

    pub(crate) fn refuse(&mut self, key: &str, expected: &str) {
        let value = self.get(key).unwrap_or_default().to_owned();
        let (key, expected) = (key.to_owned(), expected.to_owned());
        self.problems.error(self.place, ProblemKind::BadParameter { key, value, expected });
    }

    /// The value, complaining unless it is one of these.
    fn one_of(&mut self, key: &str, values: &[&str]) -> Option<String> {
        let value = self.get(key)?.to_owned();
        if values.contains(&value.as_str()) {
            return Some(value);
        }
        self.refuse(key, &format!("one of {}", values.join(", ")));
        None
    }

    /// The value, complaining unless it is a whole number.
    fn whole(&mut self, key: &str) -> Option<i64> {
        let number = self.get(key)?.parse();
        if number.is_err() {
            self.refuse(key, "a whole number");
        }
        number.ok()
    }

    pub(crate) fn decimal(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?.to_owned();
        if value.parse::<f64>().is_ok() {
            return Some(value);
        }
        self.refuse(key, "a number");
        None
    }
}

const BOOLEANS: [&str; 2] = ["true", "false"];

/// `rows` of a text question.
pub(crate) fn text(given: &mut Given, node: &mut Node) {
    given.accept(&["rows"]);
    if let Some(rows) = given.whole("rows") {
        node.set_control("rows", rows.to_string());
    }
}

/// `max-pixels` and `app` of an image.
pub(crate) fn photo(given: &mut Given, node: &mut Node) {
    given.accept(&["app", "max-pixels"]);
    if given.get("max-pixels").is_none() {
        given.problems.warn(given.place, ProblemKind::ImageWithoutMaxPixels);
    }
    if let Some(pixels) = given.whole("max-pixels") {
        node.set_bind("orx:max-pixels", pixels.to_string());
    }
    let plain = matches!(node.control("appearance"), None | Some("annotate"));
    if let Some(app) = given.get("app").filter(|_| plain).map(str::to_owned) {
        match package_problem(&app) {
            None => node.set_control("intent", app),
            Some(expected) => given.refuse("app", expected),
        }
    }
}

/// Why a text is no name of an Android package.
fn package_problem(name: &str) -> Option<&'static str> {
    let mut parts = name.split('.');
    let bad_start = |p: &str| p.starts_with(|c: char| c == '_' || c.is_ascii_digit());
    let bad_letter = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    if !name.contains('.') {
        Some("a package name has at least one '.'")
    } else if parts.clone().any(str::is_empty) {
        Some("the parts of a package name must not be empty")
    } else if parts.clone().any(bad_start) {
        Some("a part of a package name begins with a letter")
    } else if parts.any(|p| p.contains(bad_letter)) {
        Some("a package name has only letters, digits, '.' and '_'")
    } else {
        None
    }
}

/// `quality` of a recording.
pub(crate) fn audio(given: &mut Given, node: &mut Node) {
    given.accept(&["quality"]);
    let quality = given.one_of("quality", &["voice-only", "low", "normal", "external"]);
    if let Some(quality) = quality {
        node.set_bind("odk:quality", quality);
    }
}

/// `quality` of a recording in the background.
pub(crate) fn background_audio(given: &mut Given, node: &mut Node) {
    given.accept(&["quality"]);
    let quality = given.one_of("quality", &["voice-only", "low", "normal"]);
    let attributes = quality.map(|q| ("odk:quality".to_owned(), q)).into_iter().collect();
    let kind = ActionOn::Other(ActionKind::RecordAudio);
    node.actions.push(NodeAction { kind, event: "odk-instance-load", attributes });
}

/// Accuracy of a position.
pub(crate) fn geopoint(given: &mut Given, node: &mut Node) {
    const KEYS: [&str; 4] =
        ["allow-mock-accuracy", "capture-accuracy", "reference-geometry", "warning-accuracy"];
    given.accept(&KEYS);
    if let Some(accuracy) = given.decimal("capture-accuracy") {
        node.set_control("accuracyThreshold", accuracy);
    }
    if let Some(accuracy) = given.decimal("warning-accuracy") {
        node.set_control("unacceptableAccuracyThreshold", accuracy);
    }
    geometry(given, node);
}

/// Lines and areas.
pub(crate) fn geoshape(given: &mut Given, node: &mut Node) {
    given.accept(&["allow-mock-accuracy", "incremental", "reference-geometry"]);
    match given.get("incremental") {
        None => {}
        Some("yes" | "true" | "true()") => node.set_control("incremental", "true"),
        Some(_) => given.refuse("incremental", "only 'true' has a meaning"),
    }
    geometry(given, node);
}

fn geometry(given: &mut Given, node: &mut Node) {
    if let Some(allowed) = given.one_of("allow-mock-accuracy", &BOOLEANS) {
        node.set_bind("odk:allow-mock-accuracy", allowed);
    }
    node.itemset = given.get("reference-geometry").map(str::to_owned);
}

/// What an audit records.
pub(crate) fn audit(given: &mut Given, node: &mut Node) {
    const PLACE: [&str; 3] = ["location-max-age", "location-min-interval", "location-priority"];
    const PRIORITIES: [&str; 4] = ["no-power", "low-power", "balanced", "high-accuracy"];
    given.accept(&[
        "identify-user",
        PLACE[0],
        PLACE[1],
        PLACE[2],
        "track-changes",
        "track-changes-reasons",
    ]);
    let choices: [(&str, &[&str]); 3] = [
        ("track-changes", &BOOLEANS),
        ("track-changes-reasons", &["on-form-edit"]),
        ("identify-user", &BOOLEANS),
    ];
    for (key, values) in choices {
        if let Some(value) = given.one_of(key, values) {
            node.set_bind(&format!("odk:{key}"), value);
        }
    }
    if PLACE.iter().all(|key| given.get(key).is_none()) {
        return;
    }
    for key in PLACE {
        if given.get(key).is_some() {
            continue;
        }
        let expected = format!("location needs all of {}", PLACE.join(", "));
        let kind = ProblemKind::MissingParameter { key: key.to_owned(), expected };
        given.problems.error(given.place, kind);
    }
    given.one_of("location-priority", &PRIORITIES);
    let interval = given.whole("location-min-interval");
    let age = given.whole("location-max-age");
    if interval.is_some_and(|i| i < 0) {
        given.refuse("location-min-interval", "zero or more");
    }
    if age.is_some_and(|age| age < interval.unwrap_or(0).max(0)) {
        given.refuse("location-max-age", "not less than location-min-interval");
    }
    for key in PLACE {
        if let Some(value) = given.get(key).map(str::to_owned) {
            node.set_bind(&format!("odk:{key}"), value);
        }
    }
}
