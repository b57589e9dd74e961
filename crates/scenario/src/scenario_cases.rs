//! Cases of forms that are filled in: after each step what other engines show.
//!
//! A case counts in the gate as a whole: it passes when everything holds on which two engines agree. Beside that each
//! expectation counts in its tier.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use form::{Environment, LocalTime, NodeState, Resources, ViolationKind};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::scenario::{Scenario, program};
use crate::tally::{Outcome, Tally};
use crate::{canonical, corpus};

const CASES: &str = "cases, by what two engines agree on";
const TIER_1: &str = "expectations of two engines";
const TIER_2: &str = "expectations of one engine";
const TIER_3: &str = "disputed expectations";
const TIERS: &[&str] = &[CASES, TIER_1, TIER_2, TIER_3];

/// How far numbers may be apart that other engines give with other roundings of a date.
const NUMBER_TOLERANCE: f64 = 1e-9;

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    source: String,
    form_xml: String,
    #[serde(default)]
    resources: BTreeMap<String, String>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    loads_in: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default)]
    preload_properties: BTreeMap<String, String>,
    #[serde(default)]
    geolocation: Vec<String>,
    edit_instance: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Step {
    op: String,
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    value: Json,
    values: Option<Vec<String>>,
    labels: Option<Vec<Option<String>>>,
    violations: Option<Vec<Broken>>,
    xml: Option<String>,
    compare: Option<String>,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default)]
    disputed: bool,
}

#[derive(Debug, Deserialize)]
struct Broken {
    #[serde(rename = "ref")]
    reference: String,
    condition: String,
}

impl Step {
    fn tier(&self) -> &'static str {
        match (self.disputed, self.by.len()) {
            (true, _) => TIER_3,
            (false, 2..) => TIER_1,
            _ => TIER_2,
        }
    }

    fn wanted(&self) -> String {
        match (&self.values, &self.xml, &self.value) {
            (Some(values), _, _) => json!([values, self.labels]).to_string(),
            (_, Some(xml), _) => xml.clone(),
            (_, _, Json::String(text)) => text.clone(),
            (_, _, other) => other.to_string(),
        }
    }
}

/// What was seen, and whether it is what the step expects. `None`: there is nothing to look at.
type Seen = Option<(String, bool)>;

/// Runs all cases of these files; gives whether every gated case passed.
pub fn run(
    paths: &[PathBuf],
    report: Option<&PathBuf>,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut tally = Tally::new(TIERS, 1, report.map(PathBuf::as_path))?;
    for path in paths {
        for case in corpus::read::<Case>(path)? {
            for outcome in outcomes(&case) {
                tally.add(&outcome, out)?;
            }
        }
    }
    tally.finish(out)
}

/// The outcome of each expectation, and of the case when two engines agree on any.
fn outcomes(case: &Case) -> Vec<Outcome> {
    let mut all = Vec::new();
    let mut tell = |tier, input: String, expected: String, got: String, passed| {
        all.push(Outcome { id: case.id.clone(), tier, input, expected, got, passed });
    };
    let refusal = case.steps.iter().find(|step| step.op == "expect_init_error");
    match (open(case), refusal) {
        (Ok(scenario), Some(step)) => {
            // An expression that has no value at the start is told of, and all else runs.
            let faults = scenario.session().faults();
            let got = if faults.is_empty() { "loads".to_owned() } else { faults.join(" | ") };
            tell(step.tier(), step.op.clone(), "refused".into(), got, !faults.is_empty());
        }
        (Err(error), Some(step)) => {
            tell(step.tier(), step.op.clone(), "refused".into(), error, true);
        }
        (Err(error), None) => {
            let tier = if case.loads_in.len() >= 2 { TIER_1 } else { TIER_2 };
            tell(tier, "load".into(), "loads".into(), error, false);
        }
        (Ok(mut scenario), None) => {
            let mut taken = BTreeSet::new();
            for (number, step) in case.steps.iter().enumerate() {
                if !step.op.starts_with("expect_") {
                    if let Err(refused) = act(&mut scenario, step, number) {
                        taken.insert(refused);
                    }
                } else if let Some((got, passed)) = look(&scenario, step) {
                    let input = format!("step {number}: {} {}", step.op, step.reference);
                    tell(step.tier(), input, step.wanted(), got, passed);
                }
            }
            if case.loads_in.len() >= 2 {
                tell(TIER_1, "load".into(), "loads".into(), "loads".into(), true);
            }
            if let Some(first) = all.iter_mut().find(|outcome| !outcome.passed) {
                // Why a step could not be done helps to understand the first failure.
                taken.iter().for_each(|refused| first.got.push_str(&format!(" [{refused}]")));
            }
        }
    }
    let gated: Vec<&Outcome> = all.iter().filter(|outcome| outcome.tier == TIER_1).collect();
    if !gated.is_empty() {
        let failed = gated.iter().filter(|outcome| !outcome.passed).count();
        let outcome = Outcome {
            id: case.id.clone(),
            tier: CASES,
            input: case.source.clone(),
            expected: "all".to_owned(),
            got: format!("{failed} of {} fail", gated.len()),
            passed: failed == 0,
        };
        all.push(outcome);
    }
    all
}

fn open(case: &Case) -> Result<Scenario, String> {
    let mut properties = BTreeMap::new();
    for (name, text) in &case.options.preload_properties {
        properties.insert(name.to_lowercase(), text.clone());
        properties.insert(name.clone(), text.clone());
    }
    if let Some(place) = case.options.geolocation.first() {
        properties.insert("geopoint".to_owned(), place.clone());
    }
    let environment = Environment {
        // The clock of the recordings, in Phoenix.
        now: LocalTime { unix_ms: 1_795_441_572_000, offset_min: -420 },
        seed: 1,
        properties,
        instance_id: "uuid:case".to_owned(),
    };
    let resources = Resources { files: case.resources.clone() };
    let program = program(case.form_xml.trim_start(), &resources).map_err(|e| e.to_string())?;
    match &case.options.edit_instance {
        None => Ok(Scenario::start(program, environment)),
        Some(xml) => {
            let fields =
                program.fields_to_edit(xml.trim_start()).map_err(|error| error.to_string())?;
            Ok(Scenario::resume(program, environment, &fields))
        }
    }
}

fn act(scenario: &mut Scenario, step: &Step, number: usize) -> Result<(), String> {
    let text = step.value.as_str().unwrap_or_default();
    let done = match step.op.as_str() {
        "answer" => scenario.answer(&step.reference, text).map(|_| ()),
        "add_repeat" => scenario.add_row(&step.reference).map(|_| ()),
        "remove_repeat" => scenario.remove_row(&step.reference),
        "set_language" => {
            scenario.set_language(text);
            Ok(())
        }
        "save_and_reload" => {
            scenario.reload();
            Ok(())
        }
        "edit" => {
            scenario.edit(&format!("uuid:edit-{number}"));
            Ok(())
        }
        "finalize" => {
            let now = LocalTime { unix_ms: 1_795_441_572_000, offset_min: -420 };
            scenario.session_mut().finalise(now);
            Ok(())
        }
        other => return Err(format!("there is no action {other}")),
    };
    done.map_err(|error| error.to_string())
}

fn look(scenario: &Scenario, step: &Step) -> Seen {
    let state = || scenario.state(&step.reference);
    match step.op.as_str() {
        "expect_value" | "expect_attribute" => {
            let got = scenario.value(&step.reference);
            let same = same_text(step, &got);
            Some((got, same))
        }
        "expect_label" | "expect_hint" => {
            let state = state()?;
            let said = if step.op == "expect_label" { state.label } else { state.hint };
            let got = said.map(|said| said.text.trim().to_owned()).unwrap_or_default();
            let same = same_text(step, &got);
            Some((got, same))
        }
        "expect_relevant" => {
            let got = match state() {
                Some(state) => state.relevant,
                None => scenario
                    .is_relevant_field(&step.reference)
                    .unwrap_or_else(|| scenario.is_submitted(&step.reference)),
            };
            Some(flag(step, got))
        }
        "expect_required" => Some(flag(step, state()?.required)),
        "expect_readonly" => Some(flag(step, state()?.readonly)),
        "expect_constraint_ok" => Some(flag(step, !has(&state()?, ViolationKind::Constraint))),
        "expect_required_ok" => Some(flag(step, !has(&state()?, ViolationKind::Required))),
        "expect_answer_result" => {
            let got = state()?.problem.map_or("ok", |problem| name(problem.kind));
            Some((got.to_owned(), step.value.as_str() == Some(got)))
        }
        "expect_choices" => Some(choices(scenario, step)),
        "expect_repeat_count" => {
            let got = scenario.row_count(&step.reference);
            let same = got.and_then(|n| u64::try_from(n).ok()) == step.value.as_u64();
            Some((got.map_or("no repeat".to_owned(), |count| count.to_string()), same))
        }
        "expect_missing" => {
            let got = state().is_some() || !scenario.value(&step.reference).is_empty();
            Some((if got { "there" } else { "missing" }.to_owned(), !got))
        }
        "expect_valid" => Some(valid(scenario, step)),
        "expect_instance_xml" | "expect_submission" => Some(submission(scenario, step)),
        other => Some((format!("there is no expectation {other}"), false)),
    }
}

fn flag(step: &Step, got: bool) -> (String, bool) {
    (got.to_string(), step.value.as_bool() == Some(got))
}

fn has(state: &NodeState, kind: ViolationKind) -> bool {
    state.problem.as_ref().is_some_and(|problem| problem.kind == kind)
}

fn name(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Required => "required",
        ViolationKind::Constraint => "constraint",
        ViolationKind::Type => "type",
        ViolationKind::Length => "length",
    }
}

fn choices(scenario: &Scenario, step: &Step) -> (String, bool) {
    let offered = scenario.question(&step.reference).map(|node| scenario.session().choices(node));
    let offered = offered.iter().flat_map(|all| all.iter());
    let (values, labels): (Vec<String>, Vec<String>) =
        offered.map(|c| (c.value.clone(), c.label.text.trim().to_owned())).unzip();
    let wanted = |labels: &Vec<Option<String>>| -> Vec<String> {
        labels.iter().map(|label| label.as_deref().unwrap_or_default().trim().to_owned()).collect()
    };
    let same = step.values.as_ref() == Some(&values)
        && step.labels.as_ref().is_none_or(|all| wanted(all) == labels);
    (json!([values, labels]).to_string(), same)
}

/// Engines that refuse an answer of a wrong type have none, so a wrong type is not looked at here. The broken rules of a
/// step are those that each of its engines names; it may be that another names more.
fn valid(scenario: &Scenario, step: &Step) -> (String, bool) {
    let broken: BTreeSet<(String, &str)> = scenario
        .violations()
        .into_iter()
        .filter(|(_, kind, _)| *kind != ViolationKind::Type)
        .map(|(reference, kind, _)| (reference, name(kind)))
        .collect();
    let same = step.value.as_bool() == Some(broken.is_empty());
    let named = |wanted: &Vec<Broken>| {
        let wanted: BTreeSet<(String, &str)> =
            wanted.iter().map(|b| (b.reference.clone(), b.condition.as_str())).collect();
        wanted.is_subset(&broken)
    };
    (format!("{broken:?}"), same && step.violations.as_ref().is_none_or(named))
}

/// Any uuid is as good as another.
fn submission(scenario: &Scenario, step: &Step) -> (String, bool) {
    let uuid = regex_lite::Regex::new("uuid:[^<\"]*").expect("the pattern is right");
    let got = scenario.session().to_xml();
    let plain = |xml: &str| canonical::parse(&uuid.replace_all(xml, "uuid:*"));
    let wanted = step.xml.as_deref().unwrap_or_default();
    let same = match (plain(&got), plain(wanted)) {
        (Ok(got), Ok(wanted)) => canonical::difference(&got, &wanted).is_none(),
        _ => false,
    };
    (got, same)
}

fn same_text(step: &Step, got: &str) -> bool {
    let wanted = step.wanted();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let words = |text: &str| -> BTreeSet<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    };
    let moment = |text: &str| xpath::number::from_text(text, -420);
    let near = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * a.abs().max(1.0);
    match step.compare.as_deref() {
        Some("number") => number(&wanted)
            .zip(number(got))
            .map_or(wanted == got, |(a, b)| near(a, b, NUMBER_TOLERANCE)),
        Some("approx") => number(&wanted).zip(number(got)).is_some_and(|(a, b)| near(a, b, 0.001)),
        Some("instant") => near(moment(&wanted), moment(got), 1e-10),
        Some("tokens") => words(&wanted) == words(got),
        _ if step.op == "expect_value" => wanted == got,
        _ => wanted.trim() == got.trim(),
    }
}
