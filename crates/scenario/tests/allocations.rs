//! What an answer takes from memory: no more in a form of 5,000 questions than in one of 100, and no more for the last
//! row than for the first. One test in a process of its own, as the count is of the whole process.

use std::alloc::System;
use std::sync::Arc;

use form::{Environment, Resources, Session, compile, parse_xform};
use scenario::generated;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn open(xml: &str) -> Session {
    let (form, _) = parse_xform(xml).expect("a generated form is an XForm");
    let program = compile(form, &Resources::default()).expect("a generated form has no problems");
    Session::start(Arc::new(program), Environment::default())
}

fn taken(work: impl FnOnce()) -> usize {
    let region = Region::new(MEMORY);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

/// The most that an answer takes, over the first 100 questions that take answers.
fn most(session: &mut Session) -> usize {
    let mut asked = Vec::new();
    let mut rest = vec![session.root()];
    while let Some(id) = rest.pop() {
        rest.extend(session.children(id).into_iter().rev());
        asked.push(id);
    }
    let mut most = 0;
    let mut answered = 0;
    for id in asked {
        for text in ["7", "3"] {
            most = most.max(taken(|| answered += usize::from(session.answer(id, text).is_ok())));
        }
        if answered >= 200 {
            break;
        }
    }
    assert!(answered >= 100, "{answered} answers");
    most
}

#[test]
fn an_answer_takes_a_few_pieces_of_memory_however_large_the_form_is() {
    let [small, large] = [100, 5_000].map(|n| most(&mut open(&generated::questions(n, 1))));
    // A few for each of the ten dependents that an answer may have.
    assert!(small <= 40 && large <= 40, "{small} in 100 questions, {large} in 5,000");

    let mut form = open(&generated::chain(10_000));
    let first = form.find("c0").expect("the question");
    let chain = taken(|| drop(form.answer(first, "1")));
    assert!(chain < 20_000, "{chain} for 10,000 calculations");

    let mut form = open(&generated::rows(10, None));
    let repeat = form.find("lines").expect("the repeat");
    let mut add = |n: usize| taken(|| drop(form.add_row(repeat, &format!("k{n}"))));
    let rows: Vec<usize> = (0..500).map(&mut add).collect();
    assert!(rows[499] <= rows[10] + 16, "{} for row 11, {} for row 500", rows[10], rows[499]);

    let mut form = open(&generated::long_list(50_000));
    let area = form.find("area").expect("the question");
    let place = form.find("place").expect("the question");
    let mut pick = |n: usize| {
        taken(|| {
            form.answer(area, &format!("a{n}")).expect("an answer");
            assert_eq!(form.choices(place).len(), generated::TOGETHER);
        })
    };
    let (first, later) = (pick(0), pick(1));
    assert!(first < 300 && later < 200, "{first}, then {later}");
}
