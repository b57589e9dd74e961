//! A record as its form tells it: headings, labels and answers in the order of the form.

use std::{collections::BTreeMap, sync::Arc};

use form::{
    Aspects, Environment, LocalTime, NodeId, NodeKind, Program, Question, QuestionControl, Session,
};
use sync::{
    view::{Level, RecordView},
    wire::{FileRef, Value},
};

use crate::form_view::{answer_text, map_link};
use crate::locale::Language;
use crate::platform::clock;
use crate::stores::{form_entry::fields_of, records::Written};

/// One line of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A group or a row of a repeat; the depth from 0.
    Heading(usize, String),
    /// One row of many, by what it is called and what of it is not as most are, with what stands in it: shown when somebody looks for it.
    Folded(String, String, Vec<Line>),
    /// What the form says of the answers.
    Note(String),
    /// A question with its answer.
    Answer {
        /// The field's path.
        path: String,
        /// The question.
        label: String,
        /// The answer, or all that stand.
        answers: Vec<Answer>,
        /// Of what an act changed, what stood there before; else nothing.
        was: Vec<Answer>,
    },
}

/// An answer to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Words.
    Text(String),
    /// A place with its map.
    Place(String, String),
    /// A picture or another file.
    File(FileRef),
    /// A file that is named and never came.
    Missing(String),
}

/// From so many rows on each is folded: a list of attendance is looked through, an answer of one person looked up.
const FOLDED_FROM: usize = 8;

/// How many answers a folded row is called by.
const NAMED_BY: usize = 3;

/// How many files the record names that never came.
pub(super) fn missing_files(lines: &[Line]) -> usize {
    let missing = |line: &Line| match line {
        Line::Answer { answers, .. } => {
            answers.iter().filter(|answer| matches!(answer, Answer::Missing(_))).count()
        }
        Line::Folded(_, _, lines) => missing_files(lines),
        Line::Heading(..) | Line::Note(_) => 0,
    };
    lines.iter().map(missing).sum()
}

/// The record in the engine, to be read: labels, choices and what is relevant come from there.
pub(super) fn read_only(program: &Arc<Program>, view: &RecordView, language: Language) -> Session {
    begin(Session::as_stored, program, view, clock::local_now(), language)
}

/// As [`read_only`], with all that the form works out worked out anew, as of a moment.
pub(super) fn worked_out(
    program: &Arc<Program>,
    view: &RecordView,
    now: LocalTime,
    language: Language,
) -> Session {
    begin(Session::resume, program, view, now, language)
}

fn begin(
    begin: fn(Arc<Program>, Environment, &BTreeMap<String, String>) -> Session,
    program: &Arc<Program>,
    view: &RecordView,
    now: LocalTime,
    language: Language,
) -> Session {
    let environment = Environment { now, ..Environment::default() };
    let mut session = begin(program.clone(), environment, &fields_of(view));
    let name =
        session.languages().iter().find(|name| Language::of_form(&name.name) == Some(language));
    if let Some(name) = name.map(|name| name.name.clone()) {
        session.set_language(&name);
    }
    session.set_numbers(language.numbers());
    session
}

/// The record by its form.
pub(super) fn outline(session: &Session, view: &RecordView, language: Language) -> Vec<Line> {
    Telling { session, view, language, is_whole: true }.tell()
}

/// What an act wrote into a record, by its form.
pub(super) fn outline_of_changes(
    session: &Session,
    view: &RecordView,
    written: &[Written],
    language: Language,
) -> Vec<Line> {
    let mut changes = view.clone();
    changes.fields.clear();
    changes.conflicts.clear();
    for Written { path, value, replaced } in written {
        let value = match value {
            Some(value) => value.clone(),
            None if *replaced > 0 => language.left_empty().to_owned(),
            None => continue,
        };
        changes.fields.insert(path.clone(), Value::Text(value));
    }
    let telling = Telling { session, view: &changes, language, is_whole: false };
    let mut lines = telling.tell();
    for line in &mut lines {
        let Line::Answer { answers, .. } = line else { continue };
        for answer in answers {
            // Of an act we know the name of its file, not whether it came.
            if let Answer::Missing(name) = answer {
                *answer = Answer::Text(std::mem::take(name));
            }
        }
    }
    lines
}

/// Changes, each with what stood there before.
pub(super) fn with_before(mut changes: Vec<Line>, before: Vec<Line>) -> Vec<Line> {
    let stood = before.into_iter().filter_map(|line| match line {
        Line::Answer { path, answers, .. } => Some((path, answers)),
        Line::Heading(..) | Line::Folded(..) | Line::Note(_) => None,
    });
    let mut stood: BTreeMap<_, _> = stood.collect();
    for line in &mut changes {
        if let Line::Answer { path, was, .. } = line {
            *was = stood.remove(path).unwrap_or_default();
        }
    }
    changes
}

/// The record when its form is not on this phone: answers by the names of their fields.
pub(super) fn outline_by_path(view: &RecordView) -> Vec<Line> {
    let line = |(path, value): (&String, &Value)| Line::Answer {
        path: path.clone(),
        label: path.clone(),
        answers: answer(value, &|text| Answer::Text(text.to_owned())).into_iter().collect(),
        was: Vec::new(),
    };
    view.fields.iter().filter(|(path, _)| !path.ends_with(']')).map(line).collect()
}

/// A record that is told by its form.
struct Telling<'a> {
    session: &'a Session,
    view: &'a RecordView,
    language: Language,
    /// Whether all of it is told: then many rows are folded, and what the form says of the answers is told too.
    is_whole: bool,
}

impl Telling<'_> {
    fn tell(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for node in self.session.children(self.session.root()) {
            self.walk(node, 0, &mut lines);
        }
        lines
    }

    fn walk(&self, node: NodeId, depth: usize, lines: &mut Vec<Line>) {
        let session = self.session;
        let Some(state) = session.state(node) else { return };
        if !state.relevant {
            return;
        }
        let label = state.label.map(|label| label.text).unwrap_or_default();
        match state.kind {
            NodeKind::Question(question) if question.control == QuestionControl::Note => {
                // A note that reads answers is a result, such as a score; another one was for whoever filled in.
                if self.is_whole && session.may_change(node).contains(Aspects::LABEL) {
                    lines.push(Line::Note(label));
                }
            }
            NodeKind::Question(question) => {
                let label = if label.is_empty() { state.name } else { label };
                lines.extend(self.question_line(node, &question, label));
            }
            NodeKind::Repeat { .. } => {
                let rows = session.children(node);
                let folds = self.is_whole && rows.len() >= FOLDED_FROM;
                for row in rows {
                    let label = called(session, row).unwrap_or_default();
                    if folds {
                        lines.extend(self.folded(row, &label));
                    } else {
                        self.section(row, depth, label, lines);
                    }
                }
            }
            NodeKind::Root | NodeKind::Group { .. } | NodeKind::Row { .. } => {
                self.section(node, depth, label, lines);
            }
        }
    }

    /// A heading with what lies below it; nothing if nothing does.
    fn section(&self, node: NodeId, depth: usize, label: String, lines: &mut Vec<Line>) {
        let mut inside = Vec::new();
        let has_heading = !label.is_empty();
        for child in self.session.children(node) {
            self.walk(child, depth + usize::from(has_heading), &mut inside);
        }
        if has_heading && !inside.is_empty() {
            lines.push(Line::Heading(depth, label));
        }
        lines.extend(inside);
    }

    /// A row, called by its first answers.
    fn folded(&self, row: NodeId, label: &str) -> Option<Line> {
        let session = self.session;
        let mut inside = Vec::new();
        self.section(row, 1, String::new(), &mut inside);
        let texts = inside.iter().filter_map(|line| match line {
            Line::Answer { path, answers, .. } => match answers.first()? {
                Answer::Text(text) => Some((path, text.as_str())),
                _ => None,
            },
            Line::Heading(..) | Line::Folded(..) | Line::Note(_) => None,
        });
        let names = texts.clone().take(NAMED_BY).map(|(_, text)| text);
        let name = std::iter::once(label).chain(names).collect::<Vec<_>>().join(" · ");
        // Whoever is absent among those who are taken to be there.
        let departs = |(path, _): &(&String, &str)| {
            session.find(path).is_some_and(|question| session.departs_from_default(question))
        };
        let departing = texts.skip(NAMED_BY).filter(departs).map(|(_, text)| text);
        let departing = departing.collect::<Vec<_>>().join(" · ");
        (!inside.is_empty()).then_some(Line::Folded(name, departing, inside))
    }

    fn question_line(&self, node: NodeId, question: &Question, label: String) -> Option<Line> {
        let view = self.view;
        let path = self.session.path(node);
        let read = |text: &str| read_answer(self.session, self.language, node, question, text);
        let contested = view
            .conflicts
            .iter()
            .find(|conflict| conflict.level == Level::Decide && conflict.path == path);
        let answers: Vec<Answer> = match contested {
            Some(conflict) if conflict.values.len() > 1 => {
                conflict.values.iter().filter_map(|sibling| answer(&sibling.value, &read)).collect()
            }
            _ => {
                view.fields.get(&path).and_then(|value| answer(value, &read)).into_iter().collect()
            }
        };
        let was = Vec::new();
        (!answers.is_empty()).then_some(Line::Answer { path, label, answers, was })
    }
}

/// What the row of a path is called.
pub(super) fn row_called(session: &Session, path: &str) -> Option<String> {
    called(session, session.find(path)?)
}

/// A question by what it is called, behind the groups and rows that it stands in: many rows ask the same.
pub(super) fn placed(session: &Session, path: &str, label: &str) -> String {
    let mut names = names(session, session.find(path).and_then(|node| session.parent(node)));
    names.push(label.to_owned());
    names.join(" › ")
}

/// A group or a row by what it and those around it are called; `None` if the form has no words for them.
pub(super) fn group_called(session: &Session, path: &str) -> Option<String> {
    let names = names(session, Some(session.find(path)?));
    (!names.is_empty()).then(|| names.join(" › "))
}

/// What a group or row and those around it are called, the outermost first.
fn names(session: &Session, node: Option<NodeId>) -> Vec<String> {
    let mut names = Vec::new();
    let mut around = node;
    while let Some(node) = around {
        let name = match session.state(node) {
            Some(state) if matches!(state.kind, NodeKind::Group { .. }) => {
                state.label.map(|label| label.text).filter(|label| !label.is_empty())
            }
            _ => called(session, node),
        };
        names.extend(name);
        around = session.parent(node);
    }
    names.reverse();
    names
}

/// What a row is called: as its repeat, with its place there.
fn called(session: &Session, row: NodeId) -> Option<String> {
    let NodeKind::Row { position, .. } = session.state(row)?.kind else { return None };
    let repeat = session.parent(row).and_then(|repeat| session.state(repeat)?.label);
    let label = repeat.map(|label| label.text).unwrap_or_default();
    Some(format!("{label} · {position}"))
}

/// An answer in the words of its question.
fn read_answer(
    session: &Session,
    language: Language,
    node: NodeId,
    question: &Question,
    text: &str,
) -> Answer {
    // A file that came is no text. A picture to begin with is the form's own.
    let is_file = matches!(question.control, QuestionControl::Upload { .. });
    if is_file && !text.starts_with("jr://") {
        return Answer::Missing(text.to_owned());
    }
    let choices = session.choices_with(node, text);
    let words = answer_text(language, &question.control, question.data_type, text, &choices);
    match map_link(text).filter(|_| question.data_type == form::DataType::Geopoint) {
        Some(href) => Answer::Place(words, href),
        None => Answer::Text(words),
    }
}

/// A question by its path, and values as its answers; `None` if nobody is asked it: the form works it out, or hides it.
pub(super) fn asked_at(
    session: &Session,
    language: Language,
    path: &str,
    values: &[Value],
) -> Option<(String, Vec<Answer>)> {
    let node = session.find(path)?;
    let state = session.state(node)?;
    let is_asked = state.relevant && !state.readonly;
    let NodeKind::Question(question) = state.kind.clone() else { return None };
    if !is_asked {
        return None;
    }
    let label = state.label.map(|label| label.text).filter(|label| !label.is_empty());
    let read = |text: &str| read_answer(session, language, node, &question, text);
    let empty = || Answer::Text(language.left_empty().to_owned());
    let answers = values.iter().map(|value| answer(value, &read).unwrap_or_else(empty));
    Some((label.unwrap_or(state.name), answers.collect()))
}

fn answer(value: &Value, read: &dyn Fn(&str) -> Answer) -> Option<Answer> {
    match value {
        Value::Empty => None,
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) => Some(read(text)),
        Value::File(file) => Some(Answer::File(file.clone())),
    }
}

#[cfg(test)]
mod tests {
    use sync::wire::{Hash, RecordId};

    use super::*;
    use crate::pages::repair::empty_view;

    const FORM: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>
        <model><instance><data id="t" version="1"><chung><ngay/></chung><vp><muc/></vp></data></instance></model></h:head>
        <h:body><group ref="/data/chung"><label>Chung</label><input ref="/data/chung/ngay"><label>Ngày</label></input></group>
        <group ref="/data/vp"><label>Vi phạm</label><repeat nodeset="/data/vp"><input ref="/data/vp/muc"><label>Mức phạt</label></input>
        </repeat></group></h:body></h:html>"#;

    #[test]
    fn a_question_of_one_row_is_told_from_that_of_another() {
        let (form, _) = form::parse_xform(FORM).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        let fields = [("vp[a]", "1"), ("vp[a]/muc", "5"), ("vp[b]", "2"), ("vp[b]/muc", "6")];
        let fields = fields.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        let session = Session::as_stored(Arc::new(program), Environment::default(), &fields);
        for (path, label, told) in [
            ("vp[a]/muc", "Mức phạt", "Vi phạm · 1 › Mức phạt"),
            ("vp[b]/muc", "Mức phạt", "Vi phạm · 2 › Mức phạt"),
            ("chung/ngay", "Ngày", "Chung › Ngày"),
        ] {
            assert_eq!(placed(&session, path, label), told);
        }
        assert_eq!(row_called(&session, "vp[b]").as_deref(), Some("Vi phạm · 2"));
        assert_eq!(group_called(&session, "vp[b]").as_deref(), Some("Vi phạm · 2"));
        assert_eq!(group_called(&session, "chung").as_deref(), Some("Chung"));
    }

    /// A form with a list of units, each up to a day.
    const UNITS: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>
        <model><instance><data id="t" version="1"><ngay/><dv/></data></instance><instance id="dv"><root>
        <item><name>p_mot</name><label>Phường Một</label><to>5</to></item><item><name>x_hai</name><label>Xã Hai</label><to>9</to></item>
        </root></instance></model></h:head><h:body><input ref="/data/ngay"><label>Ngày</label></input><select1 ref="/data/dv">
        <label>Đơn vị</label><itemset nodeset="instance('dv')/root/item[to &gt; /data/ngay ]"><value ref="name"/><label ref="label"/></itemset>
        </select1></h:body></h:html>"#;

    fn units() -> (Session, RecordView) {
        let (form, _) = form::parse_xform(UNITS).expect("the form is XML");
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        let mut view = empty_view(RecordId([0; 16]), Hash([0; 32]));
        view.fields.insert("dv".to_owned(), Value::Text("p_mot".to_owned()));
        (read_only(&Arc::new(program), &view, Language::Vi), view)
    }

    fn unit(answer: &str, was: &[&str]) -> Line {
        let text = |text: &str| Answer::Text(text.to_owned());
        Line::Answer {
            path: "dv".to_owned(),
            label: "Đơn vị".to_owned(),
            answers: vec![text(answer)],
            was: was.iter().copied().map(text).collect(),
        }
    }

    #[test]
    fn what_was_chosen_is_called_by_its_label_where_the_filter_lets_nothing_through() {
        let (session, view) = units();
        assert_eq!(outline(&session, &view, Language::Vi), [unit("Phường Một", &[])]);
    }

    #[test]
    fn a_change_is_told_with_what_stood_there_before() {
        let (session, view) = units();
        let wrote = |path: &str, value: &str| Written {
            path: path.to_owned(),
            value: Some(value.to_owned()),
            replaced: 1,
        };
        let told = |written: &[Written]| outline_of_changes(&session, &view, written, Language::Vi);
        let before = told(&[wrote("ngay", "3"), wrote("dv", "p_mot")]);
        let lines = with_before(told(&[wrote("dv", "x_hai")]), before);
        assert_eq!(lines, [unit("Xã Hai", &["Phường Một"])]);
        assert_eq!(with_before(told(&[wrote("dv", "x_hai")]), vec![]), [unit("Xã Hai", &[])]);
    }

    #[test]
    fn whoever_is_absent_is_told_in_a_list_of_many_and_nobody_else() {
        let marked = |constraint: &str| {
            let form = format!(
                r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>
                <model><instance><data id="t" version="1"><hv xmlns:jr="http://openrosa.org/javarosa" jr:template=""><ten/><a/><b/><tt>chua</tt></hv></data></instance>
                <bind nodeset="/data/hv/tt" type="string" constraint="{constraint}"/></model></h:head>
                <h:body><group ref="/data/hv"><label>Học viên</label><repeat nodeset="/data/hv"><input ref="/data/hv/ten"/><input ref="/data/hv/a"/>
                <input ref="/data/hv/b"/><select1 ref="/data/hv/tt"><item><label>Chưa</label><value>chua</value></item>
                <item><label>Có mặt</label><value>co</value></item><item><label>Vắng</label><value>vang</value></item></select1>
                </repeat></group></h:body></h:html>"#
            );
            let (form, _) = form::parse_xform(&form).expect("the form is XML");
            let program = form::compile(form, &form::Resources::default()).expect("it is right");
            let mut view = empty_view(RecordId([0; 16]), Hash([0; 32]));
            for row in 1..=FOLDED_FROM {
                let mark = ["vang", "co", "chua"][row.min(3) - 1];
                let of = [
                    ("", row.to_string()),
                    ("/ten", format!("An {row}")),
                    ("/a", "Nữ".to_owned()),
                    ("/b", "1985".to_owned()),
                    ("/tt", mark.to_owned()),
                ];
                view.fields.extend(
                    of.map(|(below, text)| (format!("hv[{row}]{below}"), Value::Text(text))),
                );
            }
            let session = read_only(&Arc::new(program), &view, Language::Vi);
            let lines = outline(&session, &view, Language::Vi).into_iter();
            lines
                .filter_map(|line| match line {
                    Line::Folded(name, departing, _) => Some((name, departing)),
                    _ => None,
                })
                .take(3)
                .collect::<Vec<_>>()
        };
        let told = |texts: [&str; 3]| -> Vec<(String, String)> {
            let name = |row: usize| format!("Học viên · {row} · An {row} · Nữ · 1985");
            (1..).map(name).zip(texts.map(str::to_owned)).collect()
        };
        assert_eq!(marked("true()"), told(["Vắng", "Có mặt", ""]));
        assert_eq!(marked(". != 'chua'"), told(["Vắng", "", ""]), "whoever was called is there");
    }
}
