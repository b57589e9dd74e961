//! Cases of `XLSForm`: a workbook, and the form that pyxform makes of it or the fact that it refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
};

use anyhow::Context as _;
use serde::Deserialize;
use xlsform::{Kind, Options, Problem, ProblemKind, Severity, Workbook};
use xpath::{Context, Expr, Host, LocalTime, Random};

use crate::{
    canonical, corpus,
    document::{Document, Reading},
    tally::{Outcome, Tally},
};

const VERDICT: &str = "verdict";
const ASSERTS: &str = "asserts";
const CANONICAL: &str = "canonical XML";
const TIERS: &[&str] = &[VERDICT, ASSERTS, CANONICAL];

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    #[serde(default)]
    grid: Option<Grid>,
    /// The workbook beside the cases, in `forms/`.
    file: Option<String>,
    #[serde(default)]
    form_name: Option<String>,
    ok: bool,
    xform: Option<String>,
    error: Option<String>,
    #[serde(default)]
    asserts: Option<Asserts>,
}

/// Sheets by name: rows of cells, headers first.
type Grid = BTreeMap<String, Vec<Vec<Option<String>>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asserts {
    xpath_match: Vec<String>,
    xpath_count: Vec<(String, usize)>,
    warnings_count: Option<usize>,
}

/// Runs all cases of these files; gives whether every verdict and assertion holds.
pub fn run(
    paths: &[PathBuf],
    report: Option<&PathBuf>,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut tally = Tally::new(TIERS, 2, report.map(PathBuf::as_path))?;
    for path in paths {
        let folder = path.parent().map(|folder| folder.join("forms")).unwrap_or_default();
        for case in corpus::read::<Case>(path)? {
            let workbook = workbook(&case, &folder).with_context(|| case.id.clone())?;
            for outcome in outcomes(&case, &workbook) {
                tally.add(&outcome, out)?;
            }
        }
    }
    tally.finish(out)
}

fn workbook(case: &Case, folder: &std::path::Path) -> anyhow::Result<Workbook> {
    if let Some(file) = &case.file {
        let name = file.rsplit('/').next().unwrap_or(file);
        let kind = Kind::from_file_name(name).context("a file of no known kind")?;
        let bytes = std::fs::read(folder.join(name))?;
        return Ok(xlsform::read_workbook(&bytes, kind).unwrap_or_default());
    }
    let grid = case.grid.clone().context("a case without a workbook")?;
    Ok(Workbook::from_grid(grid.into_iter().collect()))
}

fn outcomes(case: &Case, workbook: &Workbook) -> Vec<Outcome> {
    let form_id = case.file.as_deref().map(|file| {
        let name = file.rsplit('/').next().unwrap_or(file);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    });
    let options = Options { form_id, root_name: case.form_name.clone(), ..Options::default() };
    let (form, problems) = xlsform::convert(workbook, &options);
    let outcome = |tier, input: &str, expected: String, got: String, passed| Outcome {
        id: case.id.clone(),
        tier,
        input: input.to_owned(),
        expected,
        got,
        passed,
    };
    let expected = case.error.clone().unwrap_or_else(|| "a form".to_owned());
    let same = problems.iter().all(|p| !refuses(p)) == case.ok;
    let mut outcomes = vec![outcome(VERDICT, "", expected, verdict(&problems), same)];
    let (Some(form), Some(xform)) = (form, &case.xform) else { return outcomes };
    let xml = form::write_xform(&form);
    let asserts = case.asserts.as_ref();
    let matches = asserts.iter().flat_map(|a| a.xpath_match.iter().map(|x| (x.as_str(), 1)));
    let counts = asserts.iter().flat_map(|a| a.xpath_count.iter().map(|(x, n)| (x.as_str(), *n)));
    for (expression, wanted) in matches.chain(counts) {
        let got = count(&xml, expression);
        let passed = got == Ok(wanted);
        outcomes.push(outcome(ASSERTS, expression, wanted.to_string(), format!("{got:?}"), passed));
    }
    if let Some(wanted) = asserts.and_then(|asserts| asserts.warnings_count) {
        let said: BTreeSet<String> = problems.iter().filter_map(warning).collect();
        let (wanted_text, got) = (wanted.to_string(), format!("{}: {said:?}", said.len()));
        outcomes.push(outcome(ASSERTS, "warnings", wanted_text, got, said.len() == wanted));
    }
    let (input, wanted, got) = match (canonical::parse(&xml), canonical::parse(xform)) {
        (Ok(ours), Ok(theirs)) => canonical::difference(&theirs, &ours).unwrap_or_default(),
        (ours, theirs) => {
            ("not XML".to_owned(), format!("{:?}", theirs.err()), format!("{:?}", ours.err()))
        }
    };
    let passed = input.is_empty();
    outcomes.push(outcome(CANONICAL, &input, wanted, got, passed));
    outcomes
}

/// Whether pyxform would refuse for such a problem: it does not read expressions, another tool does that after it.
fn refuses(problem: &Problem) -> bool {
    let expression = matches!(problem.kind, ProblemKind::BrokenExpression { .. });
    problem.severity == Severity::Error && !expression
}

/// A warning that pyxform has too. What it says in one sentence for the whole form is one here as well.
fn warning(problem: &Problem) -> Option<String> {
    use ProblemKind as Kind;
    let whole = |what: &str| Some(what.to_owned());
    match &problem.kind {
        _ if problem.severity == Severity::Error => None,
        Kind::MissingTranslation { .. } => whole("missing translations"),
        Kind::LanguageWithoutCode { .. } => whole("languages without a code"),
        Kind::UntranslatedOther => whole("or_other with translations"),
        Kind::MisspeltSheet { meant } => whole(meant),
        Kind::MissingChoiceLabel | Kind::UnknownColumn if !is_choices(problem) => None,
        Kind::DuplicateColumn { .. }
        | Kind::UnknownColumn
        | Kind::Disabled
        | Kind::SkippedRow
        | Kind::OldType { .. }
        | Kind::NameDiffersInCase { .. }
        | Kind::MissingRepeatLabel
        | Kind::MissingChoiceFilter
        | Kind::MissingChoiceLabel
        | Kind::ImageWithoutMaxPixels => Some(problem.to_string()),
        _ => None,
    }
}

fn is_choices(problem: &Problem) -> bool {
    problem.sheet.eq_ignore_ascii_case("choices")
}

fn verdict(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|p| p.severity == Severity::Error);
    let texts: Vec<String> = errors.map(ToString::to_string).collect();
    if texts.is_empty() { "a form".to_owned() } else { texts.join("; ") }
}

/// How many nodes of a document an expression finds.
fn count(xml: &str, expression: &str) -> Result<usize, String> {
    let document = Document::parse(xml, Reading::default()).map_err(|e| e.to_string())?;
    let expr = Expr::parse(expression).map_err(|e| e.to_string())?;
    let now = LocalTime { unix_ms: 0, offset_min: 0 };
    let random = Random::new(1);
    let context = Context::new(&document, &Prefixes, document.root(), now, &random);
    match xpath::evaluate(&expr, &context).map_err(|e| e.to_string())? {
        xpath::Value::Nodes(nodes) => Ok(nodes.len()),
        _ => Err("not nodes".to_owned()),
    }
}

/// The prefixes that the cases use.
struct Prefixes;

impl Host<Document> for Prefixes {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "x" => Some(form::definition::XFORMS_NAMESPACE),
            "" => None,
            _ => {
                let known = form::definition::STANDARD_NAMESPACES.iter();
                known.into_iter().find(|(p, _)| *p == prefix).map(|(_, uri)| *uri)
            }
        }
    }
}
