//! The trials: a form with one thing in it, and what becomes of that.

use std::sync::Arc;

use form::{DataType, Environment, LocalTime, NodeKind, QuestionControl, Resources, Session};
use xlsform::{Options, Workbook};

use super::tables::FUNCTIONS;

const DATA: &str = "<a>3</a><b>4</b><t>Xuân Lập</t><s>x y z</s><d>2024-11-23</d><pick>x</pick><empty/>\
    <row><v>1</v></row><row><v>2</v></row>";

pub(super) const NOT_ASKED: &str = "nothing is asked";

/// What a row of this type is drawn as, and the words of its appearance.
pub(super) fn asked(name: &str, appearance: &str) -> Result<(String, Vec<String>), String> {
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
pub(super) fn parameter(name: &str, given: &str, attribute: &str) -> Result<(), String> {
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
pub(super) fn media() -> Result<(), String> {
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
pub(super) fn searched() -> Result<String, String> {
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
pub(super) fn calculated() -> Vec<String> {
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
