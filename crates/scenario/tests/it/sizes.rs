//! What an answer makes the engine do does not grow with the form: counted, not timed.

use std::sync::Arc;

use form::{Environment, NodeId, Resources, Session, compile, parse_xform};
use scenario::generated;

fn open(xml: &str, resources: &Resources) -> Session {
    let (form, problems) = parse_xform(xml).expect("a generated form is an XForm");
    assert!(problems.is_empty(), "{problems:?}");
    let program = compile(form, resources).expect("a generated form has no problems");
    Session::start(Arc::new(program), Environment::default())
}

/// What `work` makes the engine evaluate, and how many nodes and calls that is.
fn cost(form: &mut Session, work: impl FnOnce(&mut Session)) -> (u64, u64) {
    let before = (form.evaluated(), form.visited());
    work(form);
    (form.evaluated() - before.0, form.visited() - before.1)
}

fn answer(form: &mut Session, node: NodeId, text: &str) -> (u64, u64) {
    cost(form, |form| drop(form.answer(node, text).expect("the question takes answers")))
}

/// The most expressions that any answer runs.
fn most(n: usize) -> u64 {
    let mut form = open(&generated::questions(n, 1), &Resources::default());
    let mut rest = vec![form.root()];
    let mut most = 0;
    while let Some(id) = rest.pop() {
        rest.extend(form.children(id));
        for text in ["7", "3"] {
            let (evaluated, _) = cost(&mut form, |form| drop(form.answer(id, text)));
            most = most.max(evaluated);
        }
    }
    most
}

#[test]
fn an_answer_runs_its_dependents_however_large_the_form_is() {
    let (small, large) = (most(100), most(3_000));
    assert!((1..=25).contains(&small) && (1..=25).contains(&large), "{small}, {large}");
}

#[test]
fn the_five_hundredth_row_runs_what_the_first_did() {
    let mut form = open(&generated::rows(10, None), &Resources::default());
    let repeat = form.find("lines").expect("the repeat");
    let mut add = |n: usize| {
        let key = format!("k{n}");
        cost(&mut form, |form| drop(form.add_row(repeat, &key).expect("a new key"))).0
    };
    let costs: Vec<u64> = (0..500).map(&mut add).collect();
    assert_eq!(costs[0], costs[499]);
}

#[test]
fn a_filter_over_fifty_thousand_choices_looks_at_those_that_it_finds() {
    let file = generated::long_file(100_000);
    let mut resources = Resources::default();
    resources.files.insert("places.csv".to_owned(), file.1);
    let forms =
        [open(&generated::long_list(50_000), &Resources::default()), open(&file.0, &resources)];
    for mut form in forms {
        let area = form.find("area").expect("the question");
        let place = form.find("place").expect("the question");
        for n in [0, 1, 999] {
            let (_, visited) = cost(&mut form, |form| {
                form.answer(area, &format!("a{n}")).expect("an answer");
                assert_eq!(form.choices(place).len(), generated::TOGETHER);
            });
            assert!(visited < 200, "{visited} nodes visited");
        }
        let chosen = form.choices(place)[3].clone();
        let (evaluated, visited) = answer(&mut form, place, &chosen.value);
        assert!(evaluated <= 2 && visited < 200, "{evaluated}, {visited}");
        assert_eq!(form.fields().get("label"), Some(&chosen.label.text));
    }
}

#[test]
fn a_chain_of_ten_thousand_calculations_is_run_once_and_in_order() {
    let mut form = open(&generated::chain(10_000), &Resources::default());
    let first = form.find("c0").expect("the question");
    let (evaluated, _) = answer(&mut form, first, "5");
    assert_eq!((evaluated, form.fields()["c10000"].as_str()), (10_000, "10005"));
}

#[test]
fn fifty_rows_of_ten_questions_are_counted_in() {
    let form = open(&generated::rows(10, Some(50)), &Resources::default());
    let repeat = form.find("lines").expect("the repeat");
    assert_eq!(form.children(repeat).len(), 50);
    assert_eq!(form.fields().get("grand").map(String::as_str), Some("0"));
}
