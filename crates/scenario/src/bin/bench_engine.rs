//! What the engine costs on this machine, natively: JSON on standard output.
//!
//! Forms are generated in memory. Times are in milliseconds or microseconds, as the key says; where a figure is taken
//! several times the median (`p50`) and the 95th percentile (`p95`) are given.

#![expect(clippy::disallowed_methods, reason = "the clock is what this is for")]

use std::alloc::System;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser as _;
use form::{
    Environment, LocalTime, NodeId, NodeKind, Program, Resources, Session, compile, parse_xform,
};
use scenario::generated;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SEED: u64 = 1;
/// How often an opening is measured.
const OPENINGS: usize = 15;

type Measure = (&'static str, fn() -> Value);

/// What is measured, by the name of its figures. The first must come first: it looks at the peak of the process.
const MEASURES: [Measure; 8] = [
    ("peak_memory_5000_kb", first_peak),
    ("questions", all_questions),
    ("repeat_50x10", repeat),
    ("chain_10000", chain),
    ("choices_50000", choices),
    ("csv_100000", csv),
    ("rows_500", rows),
    ("peak_memory_kb", peak_memory_kb),
];

#[derive(clap::Parser)]
#[command(about = "Measures the form engine natively; JSON on standard output.")]
struct Arguments {
    /// Only the measure of this name.
    only: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let only = Arguments::parse().only;
    let wanted = MEASURES.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name));
    let figures: serde_json::Map<String, Value> =
        wanted.map(|(name, measure)| ((*name).to_owned(), measure())).collect();
    writeln!(std::io::stdout(), "{:#}", Value::Object(figures))?;
    Ok(())
}

/// The peak of this process after it has opened 5,000 questions and done nothing else.
fn first_peak() -> Value {
    drop(open(&generated::questions(5_000, SEED), &Resources::default()));
    peak_memory_kb()
}

fn all_questions() -> Value {
    [100, 1_000, 5_000].map(questions).into()
}

fn questions(n: usize) -> Value {
    let xml = generated::questions(n, SEED);
    let opening = opening(&xml, &Resources::default());
    let mut session = open(&xml, &Resources::default());
    let answers = answers(&mut session);
    let violations = timed(OPENINGS, || session.violations());
    let serialise = timed(OPENINGS, || session.to_xml());
    let fields = timed(OPENINGS, || session.fields());
    json!({
        "n": n,
        "opening": opening,
        "answer": answers,
        "validate_ms": violations,
        "serialise_ms": serialise,
        "fields_ms": fields,
    })
}

fn repeat() -> Value {
    let xml = generated::rows(10, Some(50));
    json!({ "opening": opening(&xml, &Resources::default()), "answer": answers(&mut open(&xml, &Resources::default())) })
}

fn chain() -> Value {
    let xml = generated::chain(10_000);
    let mut session = open(&xml, &Resources::default());
    let first = session.find("c0").expect("the form has the question");
    let samples: Vec<Sample> =
        (0..50).map(|n| answer(&mut session, first, &n.to_string())).collect();
    json!({ "opening": opening(&xml, &Resources::default()), "answer": summary(&samples) })
}

fn choices() -> Value {
    long_list(&generated::long_list(50_000), &Resources::default())
}

fn long_list(xml: &str, resources: &Resources) -> Value {
    let mut session = open(xml, resources);
    let area = session.find("area").expect("the form has the question");
    let place = session.find("place").expect("the form has the question");
    let mut samples = Vec::new();
    let mut first_use = None;
    for n in 0..100 {
        let began = Instant::now();
        let mut sample = answer(&mut session, area, &format!("a{n}"));
        let choices = session.choices(place);
        sample.us = micros(began);
        assert_eq!(choices.len(), generated::TOGETHER, "the filter finds its choices");
        let value = choices[0].value.clone();
        let picked = answer(&mut session, place, &value);
        if first_use.is_none() {
            first_use = Some(sample.us + picked.us);
        } else {
            samples.push(sample);
            samples.push(picked);
        }
    }
    json!({
        "opening": opening(xml, resources),
        "first_answer_us": first_use,
        "answer": summary(&samples),
    })
}

fn csv() -> Value {
    let (xml, csv) = generated::long_file(100_000);
    let mut resources = Resources::default();
    resources.files.insert("places.csv".to_owned(), csv);
    long_list(&xml, &resources)
}

fn rows() -> Value {
    let mut session = open(&generated::rows(10, None), &Resources::default());
    let repeat = session.find("lines").expect("the form has the repeat");
    let mut samples = Vec::new();
    for n in 0..500 {
        samples.push(sample(&mut session, |session| {
            session.add_row(repeat, &format!("k{n}")).expect("the key is new").len()
        }));
    }
    let last = samples.split_off(450);
    samples.truncate(50);
    let factor = session.find("lines[k250]/r3").expect("the row is there");
    answer(&mut session, factor, "2");
    let in_row = session.find("lines[k250]/r2").expect("the row is there");
    let answers: Vec<Sample> =
        (0..50).map(|n| answer(&mut session, in_row, &n.to_string())).collect();
    json!({ "first_50": summary(&samples), "last_50": summary(&last), "answer_in_row": summary(&answers) })
}

/// One thing that a person did, and what it cost.
struct Sample {
    us: f64,
    evaluated: u64,
    allocations: usize,
    bytes: usize,
    changes: usize,
}

fn sample(session: &mut Session, work: impl FnOnce(&mut Session) -> usize) -> Sample {
    let before = session.evaluated();
    let region = Region::new(MEMORY);
    let began = Instant::now();
    let changes = work(session);
    let us = micros(began);
    let memory = region.change();
    Sample {
        us,
        evaluated: session.evaluated() - before,
        allocations: memory.allocations + memory.reallocations,
        bytes: memory.bytes_allocated,
        changes,
    }
}

fn answer(session: &mut Session, node: NodeId, text: &str) -> Sample {
    sample(session, |session| session.answer(node, text).expect("the question takes answers").len())
}

/// Answers up to 500 questions, spread over the form, twice each with different answers.
fn answers(session: &mut Session) -> Value {
    let mut asked = Vec::new();
    let mut rest = vec![session.root()];
    while let Some(id) = rest.pop() {
        rest.extend(session.children(id));
        let state = session.state(id).expect("a drawn node");
        if let NodeKind::Question(question) = &state.kind
            && !state.readonly
        {
            asked.push((id, Arc::clone(question)));
        }
    }
    let step = asked.len().div_ceil(500).max(1);
    let mut samples = Vec::new();
    for (id, question) in asked.into_iter().step_by(step) {
        let choices = session.choices(id);
        let texts = match (question.data_type, choices.is_empty()) {
            (_, false) => [choices[1].value.clone(), choices[3].value.clone()],
            (form::DataType::Int, _) => ["7".to_owned(), "3".to_owned()],
            (form::DataType::Date, _) => ["2024-11-23".to_owned(), "2024-11-24".to_owned()],
            _ => ["Nguyễn Thị Lan".to_owned(), "Trần Văn Bình".to_owned()],
        };
        samples.extend(texts.iter().map(|text| answer(session, id, text)));
    }
    summary(&samples)
}

fn summary(samples: &[Sample]) -> Value {
    let of = |figure: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get((all.len() * part / 100).min(all.len() - 1)).copied();
        json!({ "best": at(0), "p50": at(50), "p95": at(95), "max": all.last() })
    };
    json!({
        "samples": samples.len(),
        "us": of(|s| s.us),
        "evaluated": of(|s| s.evaluated as f64),
        "allocations": of(|s| s.allocations as f64),
        "bytes": of(|s| s.bytes as f64),
        "changes": of(|s| s.changes as f64),
    })
}

/// From text to a session whose calculations have run.
fn opening(xml: &str, resources: &Resources) -> Value {
    let (mut parse, mut compile_, mut start, mut whole) = (vec![], vec![], vec![], vec![]);
    let mut session = None;
    let mut region = Region::new(MEMORY);
    for _ in 0..OPENINGS {
        drop(session.take());
        region = Region::new(MEMORY);
        let began = Instant::now();
        let (form, _) = parse_xform(xml).expect("a generated form is an XForm");
        let parsed = micros(began);
        let program = compile(form, resources).expect("a generated form has no problems");
        let compiled = micros(began);
        session = Some(Session::start(Arc::new(program), environment()));
        let all = micros(began);
        parse.push(parsed);
        compile_.push(compiled - parsed);
        start.push(all - compiled);
        whole.push(all);
    }
    let memory = region.change();
    let kept = memory.bytes_allocated.saturating_sub(memory.bytes_deallocated) / 1024;
    json!({
        "xml_kb": xml.len() / 1024,
        "parse_ms": median(parse),
        "compile_ms": median(compile_),
        "start_ms": median(start),
        "whole_best_ms": whole.iter().copied().fold(f64::INFINITY, f64::min) / 1_000.0,
        "whole_ms": median(whole),
        "evaluated": session.as_ref().map(Session::evaluated),
        "allocations": memory.allocations + memory.reallocations,
        "kept_kb": kept,
    })
}

fn timed<R>(times: usize, mut work: impl FnMut() -> R) -> f64 {
    let once = |_| {
        let began = Instant::now();
        let result = work();
        let us = micros(began);
        drop(result);
        us
    };
    median((0..times).map(once).collect())
}

/// Of microseconds, in milliseconds.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2] / 1_000.0
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn open(xml: &str, resources: &Resources) -> Session {
    let (form, problems) = parse_xform(xml).expect("a generated form is an XForm");
    assert!(problems.is_empty(), "{problems:?}");
    let program: Program = compile(form, resources).expect("a generated form has no problems");
    Session::start(Arc::new(program), environment())
}

fn environment() -> Environment {
    Environment {
        now: LocalTime { unix_ms: 1_732_325_400_000, offset_min: 420 },
        seed: SEED,
        instance_id: "uuid:bench".to_owned(),
        ..Environment::default()
    }
}

/// The most memory that the process has held so far; null where the system does not tell.
fn peak_memory_kb() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number =
        line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    number.map_or(Value::Null, Value::from)
}
