//! What of XLSForm and ODK XForms works, found out by trying each: `docs/feature-matrix.md`.
//!
//! A type is tried as a row of a workbook, a function as a calculation with a known result, an appearance by whether the
//! app asks for its word and a journey has a row with it. What a browser cannot do is said with its reason.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use form::{DataType, Environment, LocalTime, NodeKind, QuestionControl, Resources, Session};
use xlsform::{Options, Workbook};

/// Types of the sheet `survey` that are asked: type, what it is drawn as, why less than elsewhere.
const ASKED: &[(&str, &str, &str)] = &[
    ("text", "Input String", ""),
    ("string", "Input String", ""),
    ("phone number", "Input String", ""),
    ("integer", "Input Int", ""),
    ("percentage", "Input Int", ""),
    ("number of days in last month", "Input Int", ""),
    ("number of days in last six months", "Input Int", ""),
    ("number of days in last year", "Input Int", ""),
    ("decimal", "Input Decimal", ""),
    ("range", "Range Int", ""),
    ("note", "Note String", ""),
    ("date", "Input Date", ""),
    ("time", "Input Time", ""),
    ("dateTime", "Input DateTime", ""),
    ("geopoint", "Input Geopoint", ""),
    ("gps", "Input Geopoint", ""),
    ("geotrace", "Input Geotrace", ""),
    ("q geotrace", "Input Geotrace", ""),
    ("geoshape", "Input Geoshape", ""),
    ("q geoshape", "Input Geoshape", ""),
    ("barcode", "Input Barcode", ""),
    ("image", "Upload Binary", ""),
    ("q picture", "Upload Binary", ""),
    ("audio", "Upload Binary", ""),
    ("q audio", "Upload Binary", ""),
    ("video", "Upload Binary", ""),
    ("file", "Upload Binary", ""),
    ("osm", "Upload Binary", "any file: there is no editor of the map's things"),
    ("acknowledge", "Trigger String", ""),
    ("trigger", "Trigger String", ""),
    ("select_one l", "Select1 String", ""),
    ("select1 l", "Select1 String", ""),
    ("select_multiple l", "Select String", ""),
    ("select_one l or_other", "Select1 String", ""),
    ("select_multiple l or_other", "Select String", ""),
    ("rank l", "Rank String", ""),
    ("select_one_from_file m.csv", "Select1 String", ""),
    ("select_one_from_file m.xml", "Select1 String", ""),
    ("select_one_from_file m.geojson", "Select1 String", ""),
    ("select_multiple_from_file m.csv", "Select String", ""),
    ("select_one_external l", "Select1 String", ""),
    ("csv-external", "Ex", ""),
    ("xml-external", "Ex", ""),
    ("begin_group", "Group", ""),
    ("begin_repeat", "Repeat", ""),
    ("begin_loop over l", "Group", ""),
];

/// Types that are only stored.
const STORED: &[(&str, &str)] = &[
    ("calculate", ""),
    ("hidden", ""),
    ("start", ""),
    ("end", ""),
    ("today", ""),
    ("deviceid", ""),
    ("username", ""),
    ("phonenumber", ""),
    ("email", ""),
    ("simserial", NOT_TOLD),
    ("subscriberid", NOT_TOLD),
    ("uri:deviceid", ""),
    ("uri:username", ""),
    ("uri:email", ""),
    ("uri:phonenumber", ""),
    ("uri:simserial", NOT_TOLD),
    ("uri:subscriberid", NOT_TOLD),
    ("start-geopoint", ""),
    ("background-geopoint", ""),
    ("audit", ""),
    (
        "background-audio",
        "kept as an empty field: sound is recorded by a question of type `audio` alone, which one starts and sees running",
    ),
];

const NOT_TOLD: &str = "empty: no browser tells it";
const READ_BACK: &str =
    "entered in the Gregorian calendar, read back in this one where the browser has it";
const MEASURED: &str = "measured or typed";
const FILES: &str = "\nFiles beside a form (`jr://…`: lists, pictures, sounds) come with the pack (`forms/NAME-media/`, docs/pack.md), and where a form is \
    tried, at `/forms/preview`, dropped together with it. The last record (`jr://instance/last-saved`), lists of entities \
    and `external_choices` need no file: phones and the server make the first two, and the form carries the third.\n\n\
    A code (`barcode`) is read by the browser where it can, else by the app: QR, EAN-13, EAN-8, UPC-A, Code 128, Code 39 and ITF, \
    without a network too.\n";

/// Appearances, by type; why one is not drawn as asked.
const APPEARANCES: &[(&str, &str, &str)] = &[
    ("text", "multiline", "one growing field for all texts"),
    ("text", "numbers", "a text field; the keyboard is the phone's"),
    ("text", "masked", "a text field"),
    ("text", "url", "a link"),
    ("integer", "thousands-sep", "plain digits while typing"),
    ("decimal", "bearing", "typed"),
    ("integer", "counter", "a number field"),
    ("date", "year", "a whole date"),
    ("date", "month-year", "a whole date"),
    ("date", "no-calendar", "the browser's own field"),
    ("date", "ethiopian", READ_BACK),
    ("date", "coptic", READ_BACK),
    ("date", "islamic", READ_BACK),
    ("date", "persian", READ_BACK),
    ("date", "bikram-sambat", "Gregorian: no browser knows this calendar"),
    ("date", "myanmar", "Gregorian: no browser knows this calendar"),
    ("select_one l", "minimal", "a list"),
    ("select_one l", "autocomplete", "a list"),
    ("select_one l", "quick", "a list; the next page is a tap away"),
    ("select_one l", "columns", "one column"),
    ("select_one l", "columns-pack", "one column"),
    ("select_one l", "columns-2", "one column"),
    ("select_one l", "compact", "one column"),
    ("select_one l", "compact-2", "one column"),
    ("select_one l", "quickcompact", "one column"),
    ("select_one l", "horizontal", "one column"),
    ("select_one l", "horizontal-compact", "one column"),
    ("select_one l", "search", "a list"),
    ("select_one l", "no-buttons", "with buttons"),
    ("select_one l", "likert", "a list"),
    ("select_one l", "map", "a list"),
    ("select_one l", "image-map", "a list"),
    ("select_one l", "label", "a list with its labels"),
    ("select_one l", "list-nolabel", "a list with its labels"),
    ("select_multiple l", "columns", "one column"),
    ("select_multiple l", "no-buttons", "with buttons"),
    ("select_multiple l", "image-map", "a list"),
    ("select_multiple l", "label", "a list with its labels"),
    ("select_multiple l", "list-nolabel", "a list with its labels"),
    ("geopoint", "placement-map", MEASURED),
    ("geopoint", "maps", MEASURED),
    ("geotrace", "placement-map", MEASURED),
    ("geoshape", "placement-map", MEASURED),
    ("image", "annotate", "a photo"),
    ("image", "draw", "a photo"),
    ("image", "signature", "a photo"),
    ("image", "new", "the phone offers its gallery, too"),
    ("image", "new-front", "the phone chooses the camera"),
    ("barcode", "front", "the back camera"),
    ("range", "vertical", "horizontal"),
    ("range", "picker", "a slider"),
    ("range", "rating", "a slider"),
    ("range", "no-ticks", "a slider with marks"),
    ("begin_group", "field-list", "a page for each question"),
    ("begin_group", "table-list", "a page for each question"),
];

/// Appearances that are drawn as the type without them is; why.
const AS_WITHOUT: &[(&str, &str, &str)] = &[
    ("text", "ex:org.example.app", NO_APP),
    ("integer", "ex:org.example.app", NO_APP),
    ("decimal", "ex:org.example.app", NO_APP),
    ("image", "ex:org.example.app", NO_APP),
    ("text", "printer:org.example.app", NO_APP),
    ("text", "thousands-sep", "a text stands there as it was typed"),
    ("text", "comment", "a question of its own, beside the one that it is about"),
    ("text", "w1", "as wide as the page: on a phone there is no room for two"),
    ("text", "w10", "as wide as the page: on a phone there is no room for two"),
    ("decimal", "thousands-sep", "every decimal has the marks of the language"),
    ("dateTime", "year", WHOLE_MOMENT),
    ("dateTime", "month-year", WHOLE_MOMENT),
    ("dateTime", "no-calendar", WHOLE_MOMENT),
    ("dateTime", "ethiopian", WHOLE_MOMENT),
    ("dateTime", "coptic", WHOLE_MOMENT),
    ("dateTime", "islamic", WHOLE_MOMENT),
    ("dateTime", "persian", WHOLE_MOMENT),
    ("dateTime", "bikram-sambat", WHOLE_MOMENT),
    ("dateTime", "myanmar", WHOLE_MOMENT),
    ("select_one l", "list", "a list with its labels"),
    (
        "select_one l",
        "autocomplete_chars",
        "a list; `autocomplete` has a search, and so have more than 30 choices",
    ),
    ("select_multiple l", "list", "a list with its labels"),
    (
        "barcode",
        "hidden-answer",
        "the code that was read stands there, so that it can be put right",
    ),
    ("geopoint", "hide-input", "the fields are folded away"),
    ("image", "selfie", "the phone chooses the camera"),
    ("video", "selfie", "the phone chooses the camera"),
    ("begin_group", "no-collapse", "no group folds"),
];

const NO_APP: &str = "as without it: a browser cannot open another app and get an answer back";
const WHOLE_MOMENT: &str = "the phone's own picker of a date and a time, in the Gregorian calendar";

/// Parameters: a type with what is given, the attribute that they become, and why one does nothing.
const PARAMETERS: &[(&str, &str, &str, &str)] = &[
    ("text", "rows=5", "rows", ""),
    ("image", "max-pixels=640", "max-pixels", ""),
    ("image", "app=org.example.app", "intent", NO_APP),
    ("audio", "quality=voice-only", "quality", "the browser chooses how it records"),
    ("range", "start=5 end=1 step=1", "", ""),
    ("range", "start=1 end=9 tick_interval=2", "tick-interval", ""),
    ("range", "start=1 end=9 placeholder=5", "placeholder", ""),
    ("geopoint", "capture-accuracy=5", "accuracyThreshold", ""),
    ("geopoint", "warning-accuracy=50", "unacceptableAccuracyThreshold", ""),
    (
        "geopoint",
        "allow-mock-accuracy=true",
        "allow-mock-accuracy",
        "no browser tells a place that is made up from one that was measured",
    ),
    (
        "geotrace",
        "allow-mock-accuracy=true",
        "allow-mock-accuracy",
        "no browser tells a place that is made up from one that was measured",
    ),
    (
        "geotrace",
        "incremental=true",
        "incremental",
        "what is worked out from a line follows each of its corners, always",
    ),
    (
        "geoshape",
        "incremental=true",
        "incremental",
        "what is worked out from an area follows each of its corners, always",
    ),
];

/// What is seen and heard of a label and of a choice, and why it is less than elsewhere.
const MEDIA: &[(&str, &str)] = &[
    ("`media::image`, `media::audio`, `media::video`, `big-image` of a label", ""),
    ("`media::image` of a choice", ""),
    (
        "`media::audio`, `media::video`, `big-image` of a choice",
        "where the choices stand on the page; in a sheet, a table, an order and on a map a choice has its words and at most its picture",
    ),
    (
        "`autoplay`",
        "a browser plays a sound or a film when it is pressed: the player stands at the label",
    ),
];

/// Each function with an expression and what it gives in [`DATA`]. An expected `*` is any text.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("abs", "abs(-3)", "3"),
    ("acos", "acos(1)", "0"),
    ("area", "area('0 0;0 1;1 1;1 0;0 0') > 12000000000", "true"),
    ("asin", "asin(0)", "0"),
    ("atan", "atan(0)", "0"),
    ("atan2", "atan2(0, 1)", "0"),
    ("base64-decode", "base64-decode('VsSDbg==')", "Văn"),
    ("boolean", "boolean(/data/t)", "true"),
    ("boolean-from-string", "boolean-from-string('0')", "false"),
    ("ceiling", "ceiling(1.2)", "2"),
    ("checklist", "checklist(1, 2, 1 = 1, 1 = 2)", "true"),
    ("jr:choice-name", "jr:choice-name(/data/pick, '/data/pick')", "Ex"),
    ("coalesce", "coalesce(/data/empty, 'other')", "other"),
    ("concat", "concat(/data/a, '-', /data/row/v)", "3-12"),
    ("contains", "contains(/data/t, 'Lập')", "true"),
    ("cos", "cos(0)", "1"),
    ("count", "count(/data/row)", "2"),
    ("count-non-empty", "count-non-empty(/data/empty | /data/a)", "1"),
    ("count-selected", "count-selected(/data/s)", "3"),
    ("current", "instance('l')/root/item[name = current()/../pick]/label", "Ex"),
    ("date", "date('2024-11-23') + 1 = date('2024-11-24')", "true"),
    ("date-time", "date-time('2024-11-23T08:30:00+07:00')", "2024-11-23T08:30:00.000+07:00"),
    ("decimal-date-time", "round(decimal-date-time('2024-11-23T07:00:00+07:00'), 3)", "20050"),
    ("decimal-time", "decimal-time('12:00:00+07:00')", "0.5"),
    ("digest", "digest('a', 'SHA-1', 'hex')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    ("distance", "distance('10 107', '10 107')", "0"),
    ("ends-with", "ends-with(/data/t, 'p')", "true"),
    ("exp", "exp(0)", "1"),
    ("exp10", "exp10(2)", "100"),
    ("false", "false()", "false"),
    ("floor", "floor(1.8)", "1"),
    ("format-date", "format-date(/data/d, '%d/%m/%Y')", "23/11/2024"),
    ("format-date-time", "format-date-time('2024-11-23T08:05:00+07:00', '%H:%M')", "08:05"),
    ("geofence", "geofence('0.5 0.5 0 0', '0 0;0 1;1 1;1 0;0 0')", "true"),
    ("id", "count(id('nothing'))", "0"),
    ("if", "if(/data/a = 3, 'yes', 'no')", "yes"),
    ("indexed-repeat", "indexed-repeat(/data/row/v, /data/row, 2)", "2"),
    ("instance", "instance('l')/root/item[2]/name", "y"),
    ("int", "int(3.9)", "3"),
    ("jr:itext", "jr:itext('hello')", "Xin chào"),
    ("join", "join(', ', /data/row/v)", "1, 2"),
    ("lang", "lang('vi')", "false"),
    ("last", "/data/row[last()]/v", "2"),
    ("local-name", "local-name(/data/a)", "a"),
    ("log", "log(1)", "0"),
    ("log10", "log10(1000)", "3"),
    ("max", "max(/data/row/v)", "2"),
    ("min", "min(/data/a, /data/b)", "3"),
    ("name", "name(/data/a)", "a"),
    ("namespace-uri", "namespace-uri(/data/a)", ""),
    ("normalize-space", "normalize-space('  a   b ')", "a b"),
    ("not", "not(1 = 1)", "false"),
    ("now", "now()", "2024-11-23T08:30:00.000+07:00"),
    ("number", "number('1.50')", "1.5"),
    ("once", "once(/data/a)", "3"),
    ("pi", "round(pi(), 2)", "3.14"),
    ("position", "position(/data/row[2])", "2"),
    ("pow", "pow(2, 10)", "1024"),
    ("pulldata", "pulldata('l', 'label', 'name', 'y')", "Why"),
    ("random", "random() < 1", "true"),
    ("randomize", "join(' ', randomize(/data/row/v, 7))", "*"),
    ("regex", "regex(/data/t, '^Xuân')", "true"),
    ("round", "round(2.345, 2)", "2.35"),
    ("selected", "selected(/data/s, 'y')", "true"),
    ("selected-at", "selected-at(/data/s, 1)", "y"),
    ("sin", "sin(0)", "0"),
    ("sqrt", "sqrt(9)", "3"),
    ("starts-with", "starts-with(/data/t, 'X')", "true"),
    ("string", "string(/data/a)", "3"),
    ("string-length", "string-length(/data/t)", "8"),
    ("substr", "substr(/data/t, 5)", "Lập"),
    ("substring", "substring(/data/t, 1, 4)", "Xuân"),
    ("substring-after", "substring-after(/data/d, '2024-')", "11-23"),
    ("substring-before", "substring-before(/data/d, '-')", "2024"),
    ("sum", "sum(/data/row/v)", "3"),
    ("tan", "tan(0)", "0"),
    ("today", "today()", "2024-11-23"),
    ("translate", "translate(/data/d, '-', '/')", "2024/11/23"),
    ("true", "true()", "true"),
    ("uuid", "string-length(uuid())", "36"),
    ("weighted-checklist", "weighted-checklist(3, 5, 1 = 1, 4)", "true"),
];

const DATA: &str = "<a>3</a><b>4</b><t>Xuân Lập</t><s>x y z</s><d>2024-11-23</d><pick>x</pick><empty/>\
    <row><v>1</v></row><row><v>2</v></row>";

/// The matrix as markdown. `root`: the folder of the project, of which the app's sources are read.
pub fn matrix(root: &Path) -> std::io::Result<String> {
    let mut out = String::from(
        "# What works\n\nMade by `cargo run -p scenario --bin feature_matrix > docs/feature-matrix.md`: every line was \
         tried.\n\n## Question types\n\n| type | |\n|---|---|\n",
    );
    for (name, drawn, reason) in ASKED {
        let got = asked(name, "").map_or_else(|why| why, |(got, _)| got);
        line(&mut out, &[&format!("`{name}`"), &said(&got, drawn, reason)]);
    }
    for (name, reason) in STORED {
        let got = asked(name, "").map_or_else(|why| why, |(got, _)| got);
        line(&mut out, &[&format!("`{name}`"), &said(&got, NOT_ASKED, reason)]);
    }
    out.push_str(FILES);
    out.push_str("\n## Appearances\n\nThe engine passes every word on; this is what the app draws.\n\n| type, appearance | |\n|---|---|\n");
    let views = sources(&root.join("src/form_view"))?;
    let asked_for = asked_words(&(views.clone() + &sources(&root.join("crates/form/src"))?));
    let journeys = sources(&root.join("tests/e2e/journeys"))?;
    for (name, word, otherwise) in APPEARANCES {
        // A table is made by the reader: a field list whose first select shows the labels.
        let sought = if *word == "table-list" { "field-list" } else { word };
        let passed = asked(name, word).is_ok_and(|(_, words)| words.iter().any(|w| w == sought));
        let how = match (passed, is_looked_for(&asked_for, sought)) {
            (true, true) if !is_tried(&journeys, name, word) => {
                "fails: no journey tries it".to_owned()
            }
            (true, true) => "works".to_owned(),
            (true, false) => format!("degraded: {otherwise}"),
            (false, _) => "fails".to_owned(),
        };
        let name = name.split(' ').next().unwrap_or_default();
        line(&mut out, &[&format!("`{name}` `{word}`"), &how]);
    }
    for (name, word, why) in AS_WITHOUT {
        let passed = asked(name, word).is_ok_and(|(_, words)| words.iter().any(|w| w == word));
        let how = if passed { format!("degraded: {why}") } else { "fails".to_owned() };
        let name = name.split(' ').next().unwrap_or_default();
        line(&mut out, &[&format!("`{name}` `{word}`"), &how]);
    }
    let searched = match searched() {
        Ok(found) if found == "bq Bảo Quang" => "works".to_owned(),
        other => format!("fails: {other:?}"),
    };
    line(&mut out, &["`select_one` `search('xa', 'matches', …)`", &searched]);
    out.push_str("\n## Parameters\n\n| type, parameters | |\n|---|---|\n");
    for (name, given, attribute, otherwise) in PARAMETERS {
        // What is no attribute of its own is in the answer's limits: a journey has to try it.
        let is_numbers = attribute.is_empty();
        let is_journey = || given.split(' ').all(|word| is_tried(&journeys, name, word));
        let is_asked = is_numbers || views.contains(&format!("(\"{attribute}\")"));
        let how = match parameter(name, given, attribute) {
            Ok(()) if is_numbers && !is_journey() => "fails: no journey tries it".to_owned(),
            Ok(()) if is_asked => "works".to_owned(),
            Ok(()) => format!("degraded: {otherwise}"),
            Err(why) => format!("fails: {why}"),
        };
        line(&mut out, &[&format!("`{name}` `{given}`"), &how]);
    }
    out.push_str("\n## Media\n\n| column | |\n|---|---|\n");
    let got = media().map_or_else(|why| why, |()| String::new());
    for (column, reason) in MEDIA {
        line(&mut out, &[column, &said(&got, "", reason)]);
    }
    out.push_str("\n## Functions\n\n| function | tried as | |\n|---|---|---|\n");
    for ((name, tried, expected), got) in FUNCTIONS.iter().zip(calculated()) {
        let works = if *expected == "*" { !got.is_empty() } else { got == *expected };
        let how = if works { "works".to_owned() } else { format!("fails: gives `{got}`") };
        line(&mut out, &[&format!("`{name}`"), &format!("`{tried}`"), &how]);
    }
    Ok(out)
}

/// The words that lines of code ask an appearance for, each without the number that it may end with.
fn asked_words(sources: &str) -> BTreeSet<String> {
    let asks = |line: &&str| {
        let ways = ["looks(", "word ==", "w ==", "strip_prefix("];
        !line.trim_start().starts_with("//") && ways.iter().any(|way| line.contains(way))
    };
    let is_word = |before: &str| {
        ["looks(", "== ", "strip_prefix(", "[", ", "].iter().any(|end| before.ends_with(end))
    };
    let mut words = BTreeSet::new();
    for line in sources.lines().filter(asks) {
        let parts: Vec<&str> = line.split('"').collect();
        let of_line = parts.windows(2).step_by(2).filter(|pair| is_word(pair[0]));
        words.extend(of_line.map(|pair| pair[1].to_owned()));
    }
    words
}

/// Whether the app asks for a word: for all of it, or for what stands before the number that it ends with.
fn is_looked_for(asked: &BTreeSet<String>, word: &str) -> bool {
    asked.contains(unnumbered(word))
}

fn unnumbered(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether a sheet in the journeys has a row of this type with this word behind it.
fn is_tried(journeys: &str, name: &str, word: &str) -> bool {
    let first = |text: &str| -> String {
        let first = text.split(' ').next().unwrap_or_default();
        first.trim_end_matches("_from_file").to_owned()
    };
    let sought = first(name);
    journeys.replace("\\n", "\n").lines().any(|line| {
        let mut cells = line.split(['\'', ',', '[']);
        cells.any(|cell| first(cell) == sought)
            && cells.any(|cell| cell.split(' ').any(|other| other == word))
    })
}

/// The names of the types that are tried, with what stands behind them.
pub fn types() -> impl Iterator<Item = &'static str> {
    ASKED.iter().map(|(name, _, _)| *name).chain(STORED.iter().map(|(name, _)| *name))
}

/// The words of appearances that the matrix tells of, each without the number that it may end with.
pub fn appearances() -> impl Iterator<Item = &'static str> {
    APPEARANCES.iter().chain(AS_WITHOUT).map(|(_, word, _)| unnumbered(word))
}

/// The words of appearances that the app asks for, each without the number that it may end with.
pub fn asked_appearances(root: &Path) -> std::io::Result<BTreeSet<String>> {
    let views = sources(&root.join("src/form_view"))?;
    let mut words = asked_words(&views);
    // The calendars stand in a table.
    let table = views.split("const CALENDARS").nth(1).and_then(|rest| rest.split(';').nth(1));
    let rows = table.unwrap_or_default().split("(\"").skip(1);
    words.extend(rows.filter_map(|row| row.split('"').next()).map(str::to_owned));
    Ok(words)
}

/// The names of the functions that are tried.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _, _)| *name)
}

fn line(out: &mut String, cells: &[&str]) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell.replace('|', "\\|"));
        out.push(' ');
    }
    out.push_str("|\n");
}

fn said(got: &str, expected: &str, reason: &str) -> String {
    match (got == expected, reason) {
        (false, _) => format!("fails: {got}"),
        (true, "") => "works".to_owned(),
        (true, reason) => format!("degraded: {reason}"),
    }
}

const NOT_ASKED: &str = "nothing is asked";

/// What a row of this type is drawn as, and the words of its appearance.
fn asked(name: &str, appearance: &str) -> Result<(String, Vec<String>), String> {
    let session = tried(name, appearance, "")?;
    if is_file(name) {
        let read = session.fields().get("q").cloned();
        return Ok((read.unwrap_or_default(), Vec::new()));
    }
    let node = session.find("q").ok_or(NOT_ASKED)?;
    let state = session.state(node).ok_or(NOT_ASKED)?;
    match state.kind {
        NodeKind::Question(question) => {
            if name.starts_with("select") && session.choices(node).is_empty() {
                return Err("it has no choices".to_owned());
            }
            Ok((drawn(&question.control, question.data_type), state.appearance))
        }
        NodeKind::Group { .. } => Ok(("Group".to_owned(), state.appearance)),
        NodeKind::Repeat { .. } => Ok(("Repeat".to_owned(), state.appearance)),
        _ => Err("it is no question".to_owned()),
    }
}

/// Whether a parameter comes through to the view.
fn parameter(name: &str, given: &str, attribute: &str) -> Result<(), String> {
    let session = tried(name, "", given)?;
    let state = session.find("q").and_then(|node| session.state(node)).ok_or(NOT_ASKED)?;
    match state.kind {
        NodeKind::Question(question) => {
            let is_there = attribute.is_empty() || question.parameter(attribute).is_some();
            is_there.then_some(()).ok_or_else(|| "it is lost".to_owned())
        }
        _ => Err("it is no question".to_owned()),
    }
}

/// Whether pictures, sounds and films of a label and of a choice come through to the view, and `autoplay`.
fn media() -> Result<(), String> {
    let columns = ["media::image", "media::big-image", "media::audio", "media::video"];
    let files = ["a.png", "b.png", "c.wav", "d.mp4"];
    let heads = [&["type", "name", "label", "autoplay"][..], &columns].concat();
    let asks = [&["select_one l", "q", "Q", "audio"][..], &files].concat();
    let choice_heads = [&["list_name", "name", "label"][..], &columns].concat();
    let choice = [&["l", "x", "Ex"][..], &files].concat();
    let sheets = vec![
        ("survey".to_owned(), grid(&[&heads, &asks])),
        ("choices".to_owned(), grid(&[&choice_heads, &choice])),
    ];
    let session = opened(sheets, &Resources::default())?;
    let node = session.find("q").ok_or(NOT_ASKED)?;
    let state = session.state(node).ok_or(NOT_ASKED)?;
    let NodeKind::Question(question) = &state.kind else { return Err(NOT_ASKED.to_owned()) };
    let choices = session.choices(node);
    let is_whole = |label: &form::RichText| {
        let all = [&label.image, &label.big_image, &label.audio, &label.video];
        all.iter().zip(files).all(|(got, file)| got.as_ref().is_some_and(|got| got.ends_with(file)))
    };
    let are_whole = state.label.iter().chain(choices.iter().map(|choice| &choice.label));
    match are_whole.filter(|label| is_whole(label)).count() {
        2 if question.parameter("autoplay") == Some("audio") => Ok(()),
        _ => Err("it is lost".to_owned()),
    }
}

/// The one choice that a search in a file finds: its value and its label.
fn searched() -> Result<String, String> {
    let sheets = vec![
        (
            "survey".to_owned(),
            grid(&[
                &["type", "name", "label", "appearance"],
                &["select_one l", "q", "Q", "search('xa', 'matches', 'huyen', 'lk')"],
            ]),
        ),
        ("choices".to_owned(), grid(&[&["list_name", "name", "label"], &["l", "ma_xa", "ten_xa"]])),
    ];
    let file = "huyen,ma_xa,ten_xa\nlk,bq,Bảo Quang\nxl,xb,Xuân Bảo\n".to_owned();
    let session = opened(sheets, &Resources { files: [("xa.csv".to_owned(), file)].into() })?;
    let choices = session.choices(session.find("q").ok_or(NOT_ASKED)?);
    let told: Vec<String> =
        choices.iter().map(|choice| format!("{} {}", choice.value, choice.label.text)).collect();
    Ok(told.join(", "))
}

/// Whether a type stands for a file and is no question.
fn is_file(name: &str) -> bool {
    name.ends_with("-external")
}

fn grid(rows: &[&[&str]]) -> Vec<Vec<Option<String>>> {
    let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

/// A record of the form that sheets make, which phones read from what is written.
fn opened(
    sheets: Vec<(String, Vec<Vec<Option<String>>>)>,
    resources: &Resources,
) -> Result<Session, String> {
    let (form, problems) = xlsform::convert(&Workbook::from_grid(sheets), &Options::default());
    let form = form.ok_or_else(|| format!("{problems:?}"))?;
    let (form, _) = form::parse_xform(&form::write_xform(&form)).map_err(|e| e.to_string())?;
    let program = form::compile(form, resources).map_err(|problems| format!("{problems:?}"))?;
    Ok(Session::start(Arc::new(program), environment()))
}

/// A record of a form with a row of this type.
fn tried(name: &str, appearance: &str, parameters: &str) -> Result<Session, String> {
    let is_file = is_file(name);
    let called = match name {
        "audit" => "audit",
        _ if is_file => "m",
        _ => "q",
    };
    let calculation = if name == "calculate" { "1 + 1" } else { "" };
    let trigger = if name == "background-geopoint" { "${t}" } else { "" };
    // With a label it is asked as well.
    let label = if is_file || !trigger.is_empty() { "" } else { "Q" };
    let header = ["type", "name", "label", "appearance", "calculation", "trigger", "parameters"];
    let row = [name, called, label, appearance, calculation, trigger, parameters];
    let mut survey: Vec<&[&str]> = vec![&header, &["text", "t", "T"], &row];
    let end = name.split(' ').next().unwrap_or_default().replace("begin", "end");
    let end = [end.as_str()];
    if name.starts_with("begin") {
        survey.extend([&["select_one l", "i", "I"], &end[..]]);
    }
    if is_file {
        survey.push(&["calculate", "q", "", "", "instance('m')/root/item[1]/label"]);
    }
    let choices: &[&[&str]] = &[&["list_name", "name", "label"], &["l", "x", "Ex"]];
    let mut sheets =
        vec![("survey".to_owned(), grid(&survey)), ("choices".to_owned(), grid(choices))];
    if name.starts_with("select_one_external") {
        sheets.push(("external_choices".to_owned(), grid(choices)));
    }
    let mut resources = Resources::default();
    let external = "list_name,name,label\nl,x,Ex\n".to_owned();
    resources.files.insert("itemsets.csv".to_owned(), external);
    resources.files.insert("m.csv".to_owned(), "name,label\nx,Ex\n".to_owned());
    let items = "<root><item><name>x</name><label>Ex</label></item></root>";
    resources.files.insert("m.xml".to_owned(), items.to_owned());
    let place = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"x","geometry":{"type":"Point","coordinates":[107,10]},
        "properties":{"id":"x","title":"Ex"}}]}"#;
    resources.files.insert("m.geojson".to_owned(), place.to_owned());
    opened(sheets, &resources)
}

fn drawn(control: &QuestionControl, data_type: DataType) -> String {
    let control = match control {
        QuestionControl::Upload { .. } => "Upload".to_owned(),
        QuestionControl::Range { .. } => "Range".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{control} {data_type:?}")
}

/// What each function gives.
fn calculated() -> Vec<String> {
    let names: String = (0..FUNCTIONS.len()).map(|n| format!("<f{n}/>")).collect();
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let bind = |(n, (_, tried, _)): (usize, &(&str, &str, &str))| {
        format!("<bind nodeset=\"/data/f{n}\" calculate=\"{}\"/>", escaped(tried))
    };
    let binds: String = FUNCTIONS.iter().enumerate().map(bind).collect();
    let xml = format!(
        "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\" \
         xmlns:jr=\"http://openrosa.org/javarosa\"><h:head><h:title>F</h:title><model>\
         <itext><translation lang=\"vi\"><text id=\"hello\"><value>Xin chào</value></text></translation></itext>\
         <instance><data id=\"f\">{DATA}{names}</data></instance>\
         <instance id=\"l\"><root><item><name>x</name><label>Ex</label></item>\
         <item><name>y</name><label>Why</label></item></root></instance>{binds}</model></h:head><h:body>\
         <select1 ref=\"/data/pick\"><itemset nodeset=\"instance('l')/root/item\"><value ref=\"name\"/>\
         <label ref=\"label\"/></itemset></select1><repeat nodeset=\"/data/row\"><input ref=\"/data/row/v\"/>\
         </repeat></h:body></h:html>"
    );
    let (form, _) = form::parse_xform(&xml).expect("the form is an XForm");
    let program = form::compile(form, &Resources::default()).expect("the form has no problems");
    let fields = Session::start(Arc::new(program), environment()).fields();
    let value = |n: usize| fields.get(&format!("f{n}")).cloned().unwrap_or_default();
    (0..FUNCTIONS.len()).map(value).collect()
}

fn environment() -> Environment {
    // 2024-11-23T08:30:00+07:00
    Environment {
        now: LocalTime { unix_ms: 1_732_325_400_000, offset_min: 420 },
        seed: 1,
        ..Environment::default()
    }
}

/// All sources of a folder, with those of its folders.
fn sources(folder: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            text.push_str(&sources(&path)?);
        } else {
            text.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    Ok(text)
}
