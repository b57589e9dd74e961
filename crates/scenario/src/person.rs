//! A person who answers everything that a form asks, with answers that it accepts.

use form::{DataType, NodeId, NodeKind, Question, QuestionControl, Session};

/// Rounds over the form: answers make other questions relevant.
const MAX_ROUNDS: usize = 50;

/// Answers every relevant question that has no answer or a wrong one, and gives each repeat this many rows. Gives the
/// field paths of questions for which no answer was found.
pub fn fill(session: &mut Session, rows: usize) -> Vec<String> {
    let mut added = 0;
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        let mut stuck = Vec::new();
        for id in in_order(session) {
            let Some(state) = session.state(id).filter(|state| state.relevant) else { continue };
            match &state.kind {
                NodeKind::Repeat { can_add: true, count, .. } => {
                    for _ in *count..rows {
                        added += 1;
                        changed |= session.add_row(id, &format!("person{added}")).is_ok();
                    }
                }
                NodeKind::Question(question) if !state.readonly && !is_fine(session, id) => {
                    if answer(session, id, question) {
                        changed = true;
                    } else {
                        stuck.push(session.path(id));
                    }
                }
                _ => {}
            }
        }
        if !changed {
            return stuck;
        }
    }
    vec!["the form asks without end".to_owned()]
}

/// Everything drawn, in the form's order.
fn in_order(session: &Session) -> Vec<NodeId> {
    let mut all = Vec::new();
    let mut rest = vec![session.root()];
    while let Some(id) = rest.pop() {
        all.push(id);
        rest.extend(session.children(id).into_iter().rev());
    }
    all
}

fn is_fine(session: &Session, id: NodeId) -> bool {
    session.state(id).is_none_or(|state| !state.value.is_empty() && state.problem.is_none())
}

/// Tries answers until one is accepted.
fn answer(session: &mut Session, id: NodeId, question: &Question) -> bool {
    candidates(session, id, question)
        .iter()
        .any(|text| session.answer(id, text).is_ok() && is_fine(session, id))
}

/// Answers that could be right, the likely ones first.
fn candidates(session: &Session, id: NodeId, question: &Question) -> Vec<String> {
    let choices = session.choices(id);
    let values = || choices.iter().map(|choice| choice.value.clone());
    match &question.control {
        QuestionControl::Select1 | QuestionControl::Select => values().collect(),
        QuestionControl::Rank => vec![values().collect::<Vec<_>>().join(" ")],
        QuestionControl::Trigger => vec!["OK".to_owned()],
        QuestionControl::Upload { .. } => vec!["tep.jpg".to_owned()],
        QuestionControl::Range { start, .. } => vec![start.clone()],
        QuestionControl::Note => Vec::new(),
        QuestionControl::Input | QuestionControl::Secret => {
            typed(question.data_type).iter().map(|text| (*text).to_owned()).collect()
        }
    }
}

/// What a person of Long Khánh would type.
fn typed(data_type: DataType) -> &'static [&'static str] {
    match data_type {
        DataType::Int => &["1", "0", "12", "1985", "2024"],
        DataType::Decimal => &["1.5", "0.0"],
        DataType::Boolean => &["true"],
        DataType::Date => &["2024-12-01", "2024-03-20", "2025-08-01"],
        DataType::Time => &["08:30:00.000+07:00"],
        DataType::DateTime => &["2024-12-01T08:30:00.000+07:00"],
        DataType::Geopoint => &["10.9333 107.2417 150.0 5.0"],
        DataType::Geotrace => &["10.93 107.24 0.0 0.0;10.94 107.25 0.0 0.0"],
        DataType::Geoshape => {
            &["10.93 107.24 0 0;10.94 107.25 0 0;10.93 107.26 0 0;10.93 107.24 0 0"]
        }
        _ => &[
            "Nguyễn Thị Lan",
            "LK-2024-01",
            "0912345678",
            "3600123456",
            "Chị em tổ dân phố sinh hoạt đều, họp tháng một lần, giúp nhau làm kinh tế gia đình",
        ],
    }
}
