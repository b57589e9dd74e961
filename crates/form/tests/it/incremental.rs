//! Incremental recalculation equals recomputing everything: random forms, random answers.

use std::fmt::Write as _;

use form::Session;
use proptest::prelude::*;

use crate::dsl::{environment, program};

/// A random form of `n` questions and `n` calculations, in and outside a repeat. Expressions read
/// only what comes before them, so there is no cycle.
#[derive(Debug, Clone)]
struct Plan {
    binds: Vec<(u8, u8, u8, u8)>,
    steps: Vec<(u8, u8, u8)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let bind = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let step = (0u8..8, any::<u8>(), 0u8..5);
    (prop::collection::vec(bind, 4..14), prop::collection::vec(step, 1..25))
        .prop_map(|(binds, steps)| Plan { binds, steps })
}

impl Plan {
    fn xml(&self) -> (String, String, String) {
        let (mut data, mut rows, mut binds, mut body, mut row_body) =
            (String::new(), String::new(), String::new(), String::new(), String::new());
        for (n, (kind, a, b, place)) in self.binds.iter().enumerate() {
            let in_row = place % 2 == 1;
            let parent = if in_row { "/data/row" } else { "/data" };
            let read = |pick: u8| -> String {
                let Some(other) = usize::from(pick).checked_rem(n) else { return "1".to_owned() };
                let other_in_row = self.binds[other].3 % 2 == 1;
                let prefix = if pick.is_multiple_of(2) { "q" } else { "c" };
                match (in_row, other_in_row) {
                    (_, false) => format!("/data/{prefix}{other}"),
                    (true, true) if pick.is_multiple_of(3) => format!("/data/row/{prefix}{other}"),
                    (true, true) => format!("../{prefix}{other}"),
                    (false, true) => format!("sum(/data/row/{prefix}{other}[. != ''])"),
                }
            };
            let (a, b) = (read(*a), read(*b));
            let expression = match kind % 6 {
                0 => format!("coalesce({a}, '1') + coalesce({b}, '2')"),
                1 => format!("if({a} = '1', {b}, 'x')"),
                2 => format!("concat({a}, {b})"),
                3 if in_row => format!("position(..) + count(/data/row) + string-length({a})"),
                3 => format!("count(/data/row) + string-length({a})"),
                4 => format!("string-length({a}) * 2"),
                _ => format!("concat({a}, '.')"),
            };
            let nodes = format!("<q{n}/><c{n}/>");
            if in_row { &mut rows } else { &mut data }.push_str(&nodes);
            write!(binds, r#"<bind nodeset="{parent}/c{n}" calculate="{expression}"/>"#)
                .expect("text");
            let relevant = if kind.is_multiple_of(3) {
                format!(r#" relevant="{a} != '3'""#)
            } else {
                String::new()
            };
            write!(binds, r#"<bind nodeset="{parent}/q{n}" constraint=". != {b}"{relevant}/>"#)
                .expect("text");
            let input = format!(r#"<input ref="{parent}/q{n}"/>"#);
            if in_row { &mut row_body } else { &mut body }.push_str(&input);
        }
        write!(data, r#"<row jr:template="">{rows}<end/></row>"#).expect("text");
        write!(body, r#"<repeat nodeset="/data/row">{row_body}</repeat>"#).expect("text");
        (data, binds, body)
    }
}

/// Everything that can be seen of a session.
fn seen(form: &Session) -> Vec<String> {
    let mut lines: Vec<String> =
        form.fields().into_iter().map(|(path, text)| format!("{path} = {text}")).collect();
    let mut rest = vec![form.root()];
    while let Some(id) = rest.pop() {
        let state = form.state(id).expect("a drawn node");
        lines.push(format!("{} {} {:?}", form.path(id), state.relevant, state.problem));
        rest.extend(form.children(id));
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn incremental_recalculation_equals_recomputing_everything(plan in plan()) {
        let (data, binds, body) = plan.xml();
        let program = program(&data, &binds, &body);
        let mut form = Session::start(program.clone(), environment());
        for (n, (what, which, text)) in plan.steps.iter().enumerate() {
            let repeat = form.find("row").expect("the repeat");
            let rows = form.children(repeat);
            let row = (!rows.is_empty()).then(|| rows[usize::from(*which) % rows.len()]);
            match (what, row) {
                (0 | 1, _) => {
                    form.add_row(repeat, &format!("k{n}")).expect("a new key");
                }
                (2, Some(row)) => {
                    form.remove_row(row).expect("the row is there");
                }
                _ => {
                    let around = row.filter(|_| what.is_multiple_of(2)).unwrap_or(form.root());
                    let questions = form.children(around);
                    let question = questions.get(usize::from(*which) % questions.len().max(1));
                    if let Some(question) = question.filter(|id| **id != repeat) {
                        let text = ["", "1", "2", "3", "ab"][usize::from(*text)];
                        form.answer(*question, text).expect("a question");
                    }
                }
            }
            let anew = Session::resume(program.clone(), environment(), &form.fields());
            prop_assert_eq!(seen(&form), seen(&anew), "after step {}", n);
        }
    }
}
