//! What is asked where answers met, and what a choice between them writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use form::{Program, Session};
use sync::view::{Conflict, Level, RecordView as View, asks};
use sync::wire::{Action, Dot, Sibling, State, Value, field};

use crate::locale::Language;
use crate::pages::record_outline::{Answer, asked_at, group_called, read_only, worked_out};
use crate::pages::record_row::state_text;
use crate::platform::clock;
use crate::stores::form_entry::following::{following, has_its_lists};

/// One thing that asks for a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contested {
    pub path: String,
    pub label: String,
    pub choices: Vec<Choice>,
}

/// One of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub dot: Dot,
    pub value: Value,
    pub answer: Answer,
}

/// What asks for a choice: questions of the form, rows that one removed and another changed, and whether the record stays. What the
/// form works out by itself, and the title, follow the choice.
pub(super) fn contested(
    program: Option<&Arc<Program>>,
    view: &View,
    language: Language,
) -> Vec<Contested> {
    let session = program.map(|program| read_only(program, view, language));
    let session = session.as_ref();
    let rows = removed_rows(view);
    let two = |conflict: &&Conflict| {
        conflict.level == Level::Decide
            && conflict.values.len() > 1
            && !rows.iter().any(|row| is_in(row, &conflict.path))
    };
    let mut found = Vec::new();
    for row in &rows {
        found.extend(program.and_then(|program| contested_row(program, view, row, language)));
    }
    for conflict in view.conflicts.iter().filter(two) {
        let values: Vec<Value> =
            conflict.values.iter().map(|sibling| sibling.value.clone()).collect();
        let asked = if conflict.path == field::DELETED {
            let stay = |value: &Value| match value {
                Value::Text(_) | Value::File(_) => language.delete_record(),
                Value::Empty => language.keep_record(),
            };
            let answers = values.iter().map(|value| Answer::Text(stay(value).to_owned()));
            Some((language.whole_record().to_owned(), answers.collect()))
        } else if conflict.path == field::STATE {
            let answers = conflict.values.iter().filter_map(stands);
            let answers = answers.map(|state| Answer::Text(state_text(language, state).to_owned()));
            Some((language.state().to_owned(), answers.collect()))
        } else {
            session.and_then(|session| asked_at(session, language, &conflict.path, &values))
        };
        let Some((label, answers)) = asked else { continue };
        let mut choices: Vec<Choice> = Vec::new();
        for ((sibling, value), answer) in conflict.values.iter().zip(values).zip(answers) {
            // Who gave the same answer as somebody else need not be chosen between.
            if choices.iter().all(|choice| choice.value != value) {
                choices.push(Choice { dot: sibling.dot, value, answer });
            }
        }
        found.push(Contested { path: conflict.path.clone(), label, choices });
    }
    found
}

/// Whether something met that the form has to do with: a question, a row, what it works out, or the title.
pub(super) fn met_in_form(view: &View) -> bool {
    let is_of_form = |path: &str| path == field::TITLE || !field::is_ours(path);
    let mut met = view.conflicts.iter().filter(|conflict| conflict.level == Level::Decide);
    met.any(|conflict| is_of_form(&conflict.path))
}

/// Whether people changed something side by side, and nothing is to be decided.
pub(super) fn asks_for_a_look(view: &View) -> bool {
    asks(&view.conflicts) == Some(Level::Look)
}

/// The groups of questions that people changed without having seen each other's change, each by what it is called, with their
/// accounts.
pub(super) fn side_by_side(
    program: Option<&Arc<Program>>,
    view: &View,
    language: Language,
) -> Vec<(String, Vec<String>)> {
    let session = program.map(|program| read_only(program, view, language));
    let groups = view.conflicts.iter().filter(|conflict| conflict.level == Level::Look);
    let told = groups.map(|Conflict { path, .. }| {
        let label = session.as_ref().and_then(|session| group_called(session, path));
        let label = label.unwrap_or_else(|| language.whole_record().to_owned());
        (label, view.met_in(path).into_iter().map(str::to_owned).collect())
    });
    told.collect()
}

pub(super) fn stands(sibling: &Sibling) -> Option<State> {
    match &sibling.value {
        Value::Text(name) => name.parse().ok(),
        Value::Empty | Value::File(_) => None,
    }
}

/// The outermost rows that one person removed while another changed what is in them.
pub(super) fn removed_rows(view: &View) -> BTreeSet<String> {
    let is_removed = |conflict: &&Conflict| {
        let mut values = conflict.values.iter();
        conflict.level == Level::Decide
            && conflict.path.ends_with(']')
            && values.any(|sibling| sibling.value == Value::Empty)
    };
    let removed = view.conflicts.iter().filter(is_removed).map(|conflict| &conflict.path);
    let mut rows: BTreeSet<String> = BTreeSet::new();
    for row in removed {
        if !rows.iter().any(|outer| is_in(outer, row)) {
            rows.retain(|inner| !is_in(row, inner));
            rows.insert(row.clone());
        }
    }
    rows
}

/// Whether a path is a row's, or of something in it.
fn is_in(row: &str, path: &str) -> bool {
    path.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answers in a removed row that stand against the removal, each the last that was given.
fn against_removal<'a>(
    view: &'a View,
    row: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Sibling)> {
    let inside = view.conflicts.iter().filter(move |c| c.path != row && is_in(row, &c.path));
    inside.filter_map(|conflict| {
        let answers = conflict.values.iter().filter(|sibling| sibling.value != Value::Empty);
        let last = answers.max_by_key(|sibling| (sibling.dot.seq, sibling.dot.device))?;
        Some((conflict.path.as_str(), last))
    })
}

/// What stands of a row if it stays: its place, and what was answered in it by who did not know of the removal.
pub(super) fn row_again(view: &View, row: &str) -> BTreeMap<String, Value> {
    let rows = row.rsplit_once('[').map_or(row, |(repeat, _)| repeat);
    let place = |path: &str, value: &Value| match value {
        Value::Text(text) if path.rsplit_once('[').is_some_and(|(repeat, _)| repeat == rows) => {
            text.parse::<u64>().ok()
        }
        _ => None,
    };
    let last = view.fields.iter().filter_map(|(path, value)| place(path, value)).max();
    let mut fields: BTreeMap<String, Value> =
        sync::gather([(row.to_owned(), Value::Text((last.unwrap_or_default() + 1).to_string()))]);
    fields.extend(
        against_removal(view, row).map(|(path, last)| (path.to_owned(), last.value.clone())),
    );
    fields
}

/// The choice between a row that goes and one that stays with what was changed in it. What the other answers in it were, only the
/// history knows.
fn contested_row(
    program: &Arc<Program>,
    view: &View,
    row: &str,
    language: Language,
) -> Option<Contested> {
    let mut stays = view.clone();
    let again = row_again(view, row);
    stays.fields.extend(again.clone());
    let session = read_only(program, &stays, language);
    let node = session.find(row)?;
    let label = |node| session.state(node).and_then(|state| state.label).map(|label| label.text);
    let label = session.parent(node).and_then(label).or_else(|| label(node)).unwrap_or_default();
    let answers = against_removal(view, row).filter_map(|(path, last)| {
        let (label, answers) =
            asked_at(&session, language, path, std::slice::from_ref(&last.value))?;
        Some((label, answers.into_iter().next()?))
    });
    let texts: Vec<String> = answers
        .map(|(label, answer)| match answer {
            Answer::Text(text) | Answer::Place(text, _) | Answer::Missing(text) => {
                format!("{label}: {text}")
            }
            Answer::File(file) => format!("{label}: {}", file.name),
        })
        .collect();
    let conflict = view.conflicts.iter().find(|conflict| conflict.path == row)?;
    let removed = conflict.values.iter().find(|sibling| sibling.value == Value::Empty)?.dot;
    let inside = view.dots.iter().filter(|(path, _)| is_in(row, path)).flat_map(|(_, dots)| dots);
    let changed = against_removal(view, row).map(|(_, last)| last.dot).max();
    let changed = changed.or_else(|| inside.copied().filter(|dot| *dot != removed).max());
    let choices = [
        (removed, Value::Empty, language.row_goes().to_owned()),
        (changed?, again.get(row)?.clone(), language.row_stays_with(&texts)),
    ];
    let choice = |(dot, value, text)| Choice { dot, value, answer: Answer::Text(text) };
    Some(Contested { path: row.to_owned(), label, choices: choices.map(choice).into() })
}

/// What a choice writes, and as which act; of no choice, what follows from the answers that stand. What the form works out of the
/// answers is worked out anew, where its lists are here.
pub(super) fn settlement(
    program: Option<&Arc<Program>>,
    view: &View,
    chosen: Option<(&str, &Value)>,
    language: Language,
) -> (BTreeMap<String, Value>, Action) {
    if let Some((field::DELETED, value)) = chosen {
        let goes = *value != Value::Empty;
        return (BTreeMap::new(), if goes { Action::Delete } else { Action::Resolve });
    }
    let mut values = chosen.map(|(path, value)| written(view, path, value)).unwrap_or_default();
    let Some(program) = program.filter(|program| has_its_lists(program)) else {
        return (values, Action::Resolve);
    };
    // What follows from a choice is told from what another moment gives.
    let now = clock::local_now();
    let with = |values: &BTreeMap<String, Value>| {
        let mut with = view.clone();
        with.fields.extend(values.clone());
        worked_out(program, &with, now, language)
    };
    let session = with(&values);
    let is_asked = |path: &str| asked_at(&session, language, path, &[]).is_some();
    let mut followed = following(&session, view, |path| !is_asked(path));
    if let Some((path, _)) = chosen {
        // A result that stands alone may be that of another answer.
        let others = others(view, path).filter(|other| *other != values);
        followed.extend(others.flat_map(|other| changed(view, &session, &with(&other))));
    }
    followed.retain(|path, _| !values.contains_key(path));
    values.extend(followed);
    (values, Action::Resolve)
}

/// What an answer writes, or a row that goes or stays.
pub(super) fn written(view: &View, path: &str, value: &Value) -> BTreeMap<String, Value> {
    match value {
        Value::Text(_) if path.ends_with(']') => row_again(view, path),
        _ => sync::gather([(path.to_owned(), value.clone())]),
    }
}

/// What each of the choices writes.
fn others<'a>(view: &'a View, path: &'a str) -> impl Iterator<Item = BTreeMap<String, Value>> + 'a {
    let values: Vec<Value> = match path.ends_with(']') {
        true => vec![Value::Empty, Value::Text(String::new())],
        false => {
            let here = view.conflicts.iter().filter(move |conflict| conflict.path == path);
            here.flat_map(|conflict| &conflict.values).map(|one| one.value.clone()).collect()
        }
    };
    values.into_iter().map(move |value| written(view, path, &value))
}

/// The results that are others than those of another choice, where they do not stand yet.
fn changed(view: &View, chosen: &Session, other: &Session) -> BTreeMap<String, Value> {
    let (given, others) = (chosen.fields(), other.fields());
    let paths =
        given.keys().chain(others.keys()).filter(|path| given.get(*path) != others.get(*path));
    let value = |path: &String| given.get(path).cloned().map_or(Value::Empty, Value::Text);
    let results =
        paths.filter(|path| chosen.is_worked_out(path)).map(|path| (path.clone(), value(path)));
    let mut results: BTreeMap<String, Value> = sync::gather(
        results.filter(|(path, value)| view.fields.get(path).unwrap_or(&Value::Empty) != value),
    );
    let title = chosen.name().unwrap_or_default();
    if title != other.name().unwrap_or_default() && title != view.title {
        results.insert(field::TITLE.to_owned(), Value::Text(title));
    }
    results
}

#[cfg(test)]
mod tests {
    use sync::device::DeviceState;
    use sync::view::Base;
    use sync::wire::{DeviceId, FormRef, Hash, RecordId, RecordState};

    use super::*;

    const FORM: &str = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms">
  <h:head>
    <h:title>Phiếu thử</h:title>
    <model>
      <instance>
        <data id="thu" version="1"><so/><ten/><tong/><an/><orx:meta><orx:instanceName/></orx:meta></data>
      </instance>
      <bind nodeset="/data/so" type="int"/>
      <bind nodeset="/data/ten" type="string"/>
      <bind nodeset="/data/tong" type="int" readonly="true()" calculate="/data/so * 10"/>
      <bind nodeset="/data/an" type="int" calculate="/data/so + 1"/>
      <bind nodeset="/data/orx:meta/orx:instanceName" type="string" calculate="concat('Phiếu ', /data/so)"/>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/so"><label>Mấy người</label></input>
    <input ref="/data/ten"><label>Tên</label></input>
    <input ref="/data/tong"><label>Tổng</label></input>
  </h:body>
</h:html>"#;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// A record of the form in whose fields these values stand, each written by a device of its own.
    fn record(fields: &[(&str, &[&str])]) -> (Arc<Program>, View) {
        let (form, _) = form::parse_xform(FORM).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        let sibling = |at: usize, value: &str| Sibling {
            dot: Dot { device: DeviceId([u8::try_from(at).unwrap_or(9) + 1; 16]), seq: 1 },
            value: if value.is_empty() { Value::Empty } else { text(value) },
        };
        let siblings = |values: &[&str]| {
            values.iter().enumerate().map(|(at, value)| sibling(at, value)).collect()
        };
        let fields = fields.iter().map(|(path, values)| ((*path).to_owned(), siblings(values)));
        let state = RecordState {
            record: RecordId([3; 16]),
            form: FormRef { id: "thu".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
            unit: "u".to_owned(),
            author: "an".to_owned(),
            received_ms: 1,
            changed_ms: 2,
            fields: fields.collect(),
            rv: 1,
            left: false,
            writers: BTreeMap::new(),
        };
        let base = Base { state, included: 0, generation: 0 };
        let device = DeviceState::new(DeviceId([8; 16]));
        let view = sync::view::view(&device, Some(&base), &[], None).expect("a record");
        (Arc::new(program), view)
    }

    #[test]
    fn people_are_asked_what_people_answered_and_not_what_the_form_works_out() {
        let (program, view) = record(&[
            ("so", &["2", "3", "2"]),
            ("ten", &["An", ""]),
            ("tong", &["20", "30"]),
            ("an", &["3", "4"]),
            (field::TITLE, &["Phiếu 2", "Phiếu 3"]),
        ]);
        let found = contested(Some(&program), &view, Language::Vi);
        let told: Vec<(&str, Vec<Value>)> = found
            .iter()
            .map(|one| {
                (
                    one.label.as_str(),
                    one.choices.iter().map(|choice| choice.value.clone()).collect(),
                )
            })
            .collect();
        // The same answer twice is one to choose; an answer that was taken away is one too.
        let expected =
            [("Mấy người", vec![text("2"), text("3")]), ("Tên", vec![text("An"), Value::Empty])];
        assert_eq!(told, expected);
        assert_eq!(found[1].choices[1].answer, Answer::Text(Language::Vi.left_empty().to_owned()));
    }

    #[test]
    fn two_who_judged_a_record_differently_leave_it_to_be_chosen_where_it_stands() {
        let (program, view) = record(&[(field::STATE, &["approved", "submitted"])]);
        let found = contested(Some(&program), &view, Language::Vi);
        let told: Vec<&Answer> = found[0].choices.iter().map(|choice| &choice.answer).collect();
        assert_eq!(found[0].label, "Trạng thái");
        assert_eq!(
            told,
            [&Answer::Text("Đã duyệt".to_owned()), &Answer::Text("Đã nộp".to_owned())]
        );
        let (values, action) = settlement(
            Some(&program),
            &view,
            Some((field::STATE, &text("approved"))),
            Language::Vi,
        );
        assert_eq!(action, Action::Resolve);
        assert_eq!(values, [(field::STATE.to_owned(), text("approved"))].into());
    }

    #[test]
    fn what_the_form_works_out_of_an_answer_follows_the_choice() {
        let (program, view) = record(&[
            ("so", &["2", "3"]),
            ("ten", &["An", "Bình"]),
            ("tong", &["20", "30"]),
            ("an", &["3", "4"]),
            ("orx:meta/orx:instanceName", &["Phiếu 2", "Phiếu 3"]),
            (field::TITLE, &["Phiếu 2", "Phiếu 3"]),
        ]);
        // The second is the one that is shown.
        for (so, tong, an, title) in [("2", "20", "3", "Phiếu 2"), ("3", "30", "4", "Phiếu 3")]
        {
            let chosen = text(so);
            let settled = settlement(Some(&program), &view, Some(("so", &chosen)), Language::Vi);
            let expected = [
                ("so", so),
                ("tong", tong),
                ("an", an),
                ("orx:meta/orx:instanceName", title),
                (field::TITLE, title),
            ];
            let expected = expected.map(|(path, value)| (path.to_owned(), text(value)));
            assert_eq!(
                settled,
                (expected.into(), Action::Resolve),
                "and nothing of the other question"
            );
        }
    }

    #[test]
    fn a_result_on_which_nobody_disagrees_follows_the_choice_as_well() {
        // Settled before with the other of these two, or the same before and after one of them.
        let (program, view) = record(&[
            ("so", &["2", "3"]),
            ("ten", &["An"]),
            ("tong", &["20"]),
            ("an", &["4"]),
            ("orx:meta/orx:instanceName", &["Phiếu 2"]),
            (field::TITLE, &["Phiếu 2"]),
        ]);
        for (so, followed) in [
            ("2", vec![("an", "3")]),
            (
                "3",
                vec![
                    ("tong", "30"),
                    ("orx:meta/orx:instanceName", "Phiếu 3"),
                    (field::TITLE, "Phiếu 3"),
                ],
            ),
        ] {
            let chosen = text(so);
            let (settled, _) =
                settlement(Some(&program), &view, Some(("so", &chosen)), Language::Vi);
            let expected = followed.into_iter().chain([("so", so)]);
            let expected = expected.map(|(path, value)| (path.to_owned(), text(value)));
            assert_eq!(settled, expected.collect());
        }
    }

    #[test]
    fn when_it_was_filled_in_is_not_told_anew_by_who_chooses() {
        let (_, view) = record(&[("so", &["2", "3"]), ("luc", &["2026-05-01T08:00:00.000+07:00"])]);
        let timed = FORM.replace("<ten/>", "<ten/><luc/>").replace(
            "</model>",
            "<bind nodeset=\"/data/luc\" type=\"dateTime\" calculate=\"now()\"/></model>",
        );
        let (form, _) = form::parse_xform(&timed).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        let program = Arc::new(program);
        clock::let_run();
        let (settled, _) =
            settlement(Some(&program), &view, Some(("so", &text("2"))), Language::Vi);
        assert_eq!(settled.get("tong"), Some(&text("20")));
        assert_eq!(settled.get("luc"), None);
    }

    #[test]
    fn where_only_results_met_they_are_worked_out_again_out_of_what_was_answered() {
        let (program, view) = record(&[
            ("so", &["2"]),
            ("tong", &["10", "30"]),
            (field::TITLE, &["Phiếu 1", "Phiếu 3"]),
        ]);
        assert_eq!(contested(Some(&program), &view, Language::Vi), []);
        assert!(met_in_form(&view), "something to press");
        let (settled, action) = settlement(Some(&program), &view, None, Language::Vi);
        let expected = [("tong", text("20")), (field::TITLE, text("Phiếu 2"))];
        assert_eq!(settled, expected.map(|(path, value)| (path.to_owned(), value)).into());
        assert_eq!(action, Action::Resolve);
        let (_, calm) = record(&[("so", &["2"]), (field::STATE, &["approved", "submitted"])]);
        assert!(!met_in_form(&calm));
    }

    #[test]
    fn nothing_is_worked_out_where_a_list_of_the_form_is_not_here() {
        let (_, view) = record(&[
            ("so", &["2", "3"]),
            ("tong", &["1200", "3400"]),
            ("an", &["3"]),
            (field::TITLE, &["Phiếu 2", "Phiếu 3"]),
        ]);
        let looking = FORM
            .replace("</instance>", "</instance><instance id=\"xa\" src=\"jr://file-csv/xa.csv\"/>")
            .replace("/data/so * 10", "instance('xa')/root/item[name = /data/so]/nguoi");
        let (form, _) = form::parse_xform(&looking).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("it opens without");
        let program = Arc::new(program);
        let chosen = text("2");
        let (settled, _) = settlement(Some(&program), &view, Some(("so", &chosen)), Language::Vi);
        assert_eq!(settled, [("so".to_owned(), chosen)].into());
        let (settled, _) = settlement(Some(&program), &view, None, Language::Vi);
        assert_eq!(settled, BTreeMap::new());
    }

    /// A form of rows, a record of it with two, of which one person removed the second while another corrected an age in it.
    fn removed_row() -> (Arc<Program>, View) {
        let rows = FORM.replace("<ten/>", "<ten/><nguoi><ho_ten/><tuoi/></nguoi>").replace(
            "</h:body>",
            "<group ref=\"/data/nguoi\"><label>Người</label><repeat nodeset=\"/data/nguoi\">\
             <input ref=\"/data/nguoi/ho_ten\"><label>Họ tên</label></input>\
             <input ref=\"/data/nguoi/tuoi\"><label>Tuổi</label></input></repeat></group></h:body>",
        );
        let (form, _) = form::parse_xform(&rows).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        let [begun, removed, changed] =
            [1, 2, 3].map(|device| Dot { device: DeviceId([device; 16]), seq: 1 });
        let (_, view) = record(&[]);
        let one = |dot, value: Value| vec![Sibling { dot, value }];
        let fields = [
            ("nguoi[a]", one(begun, text("1"))),
            ("nguoi[a]/ho_ten", one(begun, text("An"))),
            ("nguoi[b]", one(removed, Value::Empty)),
            ("nguoi[b]/ho_ten", one(removed, Value::Empty)),
            ("nguoi[b]/tuoi", [one(removed, Value::Empty), one(changed, text("45"))].concat()),
            (field::DELETED, [one(removed, Value::Empty), one(changed, Value::Empty)].concat()),
        ];
        let state = RecordState {
            record: view.record,
            form: view.form,
            unit: view.unit,
            author: "an".to_owned(),
            received_ms: 1,
            changed_ms: 2,
            fields: fields.map(|(path, siblings)| (path.to_owned(), siblings)).into(),
            rv: 1,
            left: false,
            writers: BTreeMap::new(),
        };
        (Arc::new(program), View::of(&state))
    }

    #[test]
    fn a_row_that_one_removed_and_another_changed_goes_or_stays_as_it_is_chosen() {
        let (program, view) = removed_row();
        let found = contested(Some(&program), &view, Language::Vi);
        let [row] = &found[..] else { panic!("the row, and not what is in it: {found:?}") };
        assert_eq!((row.path.as_str(), row.label.as_str()), ("nguoi[b]", "Người"));
        let told: Vec<&Answer> = row.choices.iter().map(|choice| &choice.answer).collect();
        let stays = Language::Vi.row_stays_with(&["Tuổi: 45".to_owned()]);
        assert!(stays.contains("Tuổi: 45"));
        let goes = Language::Vi.row_goes().to_owned();
        assert_eq!(told, [&Answer::Text(goes), &Answer::Text(stays)]);
        assert_ne!(row.choices[0].dot, row.choices[1].dot, "each has who did it");

        let chosen = |at: usize| {
            let value = &row.choices[at].value;
            settlement(Some(&program), &view, Some((&row.path, value)), Language::Vi)
        };
        let gone = [("nguoi[b]", Value::Empty), ("nguoi[b]/tuoi", Value::Empty)];
        let stays = [("nguoi[b]", text("2")), ("nguoi[b]/tuoi", text("45"))];
        for (at, expected) in [gone, stays].into_iter().enumerate() {
            let expected = expected.map(|(path, value)| (path.to_owned(), value));
            assert_eq!(chosen(at), (expected.into(), Action::Resolve));
        }
    }

    #[test]
    fn a_record_that_one_put_away_and_another_changed_stays_or_goes_as_it_is_chosen() {
        let (program, view) = record(&[("so", &["2"]), (field::DELETED, &["1", ""])]);
        let found = contested(None, &view, Language::Vi);
        assert_eq!(found.len(), 1, "{found:?}");
        let act = |value: &Value| {
            settlement(Some(&program), &view, Some((field::DELETED, value)), Language::Vi)
        };
        assert_eq!(act(&text("1")), (BTreeMap::new(), Action::Delete));
        assert_eq!(act(&Value::Empty), (BTreeMap::new(), Action::Resolve));
    }
}
