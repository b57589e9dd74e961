//! Cases of `XLSForm`: a workbook, and the form that pyxform makes of it or the fact that it refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
};

use anyhow::Context as _;
use form::definition::{STANDARD_NAMESPACES, XFORMS_NAMESPACE};
use serde::Deserialize;
use xlsform::{Kind, Options, Problem, ProblemKind, Severity, Workbook};
use xpath::{Context, Expr, Host, LocalTime, Random, Tree};

use crate::{
    canonical, corpus,
    document::{Document, NodeId, Reading},
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
    xpath_exact: Vec<(String, Vec<String>)>,
    xml_contains: Vec<String>,
    xml_excludes: Vec<String>,
    model_contains: Vec<String>,
    model_excludes: Vec<String>,
    instance_contains: Vec<String>,
    instance_excludes: Vec<String>,
    itext_contains: Vec<String>,
    itext_excludes: Vec<String>,
    warnings_count: Option<usize>,
}

/// What an assertion wants.
enum Wanted<'a> {
    /// So many nodes.
    Count(&'a str, usize),
    /// These nodes, whatever their order.
    Nodes(&'a str, &'a [String]),
    /// A text in the first element of a name, or in the whole document; or that it is not there.
    Text { part: Option<&'a str>, text: &'a str, there: bool },
    /// So many warnings.
    Warnings(usize),
}

impl Asserts {
    fn all(&self) -> Vec<Wanted<'_>> {
        let mut all: Vec<Wanted<'_>> =
            self.xpath_match.iter().map(|xpath| Wanted::Count(xpath, 1)).collect();
        all.extend(self.xpath_count.iter().map(|(xpath, count)| Wanted::Count(xpath, *count)));
        all.extend(self.xpath_exact.iter().map(|(xpath, nodes)| Wanted::Nodes(xpath, nodes)));
        for (part, contains, excludes) in [
            (None, &self.xml_contains, &self.xml_excludes),
            (Some("model"), &self.model_contains, &self.model_excludes),
            (Some("instance"), &self.instance_contains, &self.instance_excludes),
            (Some("itext"), &self.itext_contains, &self.itext_excludes),
        ] {
            for (texts, there) in [(contains, true), (excludes, false)] {
                all.extend(texts.iter().map(|text| Wanted::Text { part, text, there }));
            }
        }
        all.extend(self.warnings_count.map(Wanted::Warnings));
        all
    }
}

impl Wanted<'_> {
    /// What is asserted, and what of it.
    fn told(&self) -> (String, String) {
        match self {
            Wanted::Count(xpath, count) => ((*xpath).to_owned(), count.to_string()),
            Wanted::Nodes(xpath, nodes) => ((*xpath).to_owned(), format!("{nodes:?}")),
            Wanted::Text { part, text, there } => {
                let not = if *there { "" } else { "not " };
                (part.unwrap_or("xml").to_owned(), format!("{not}{text}"))
            }
            Wanted::Warnings(count) => ("warnings".to_owned(), count.to_string()),
        }
    }

    /// What we have instead, and whether it is that.
    fn holds(&self, document: &Document, problems: &[Problem]) -> (String, bool) {
        match self {
            Wanted::Count(xpath, wanted) => {
                let got = find(document, xpath).map(|nodes| nodes.len());
                (format!("{got:?}"), got == Ok(*wanted))
            }
            Wanted::Nodes(xpath, wanted) => {
                let nodes = find(document, xpath).map(|nodes| {
                    nodes.iter().map(|node| document.source(*node)).collect::<Vec<_>>()
                });
                let same = |nodes: &Vec<String>| {
                    let [ours, theirs] = [nodes, *wanted].map(|all| {
                        all.iter().map(|text| canonical_source(text)).collect::<BTreeSet<_>>()
                    });
                    ours == theirs
                };
                (format!("{nodes:?}"), nodes.as_ref().is_ok_and(same))
            }
            Wanted::Text { part, text, there } => {
                let source = match part {
                    None => Some(document.source(document.root())),
                    Some(name) => part_source(document, name),
                };
                let has = source
                    .is_some_and(|source| without_blanks(&source).contains(&without_blanks(text)));
                (if has { "there" } else { "not there" }.to_owned(), has == *there)
            }
            Wanted::Warnings(wanted) => {
                let said: BTreeSet<String> = problems.iter().filter_map(warning).collect();
                (format!("{}: {said:?}", said.len()), said.len() == *wanted)
            }
        }
    }
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
    let Some(xform) = &case.xform else { return outcomes };
    // Without a form nothing holds that is asserted of it.
    let xml = form.as_ref().map(form::write_xform).unwrap_or_default();
    let document = Document::parse(&xml, Reading::default());
    for wanted in case.asserts.iter().flat_map(Asserts::all) {
        let (what, expected) = wanted.told();
        let (got, passed) = match &document {
            Ok(document) => wanted.holds(document, &problems),
            Err(_) if form.is_none() => ("no form".to_owned(), false),
            Err(error) => (error.to_string(), false),
        };
        outcomes.push(outcome(ASSERTS, &what, expected, got, passed));
    }
    let (input, wanted, got) = match (canonical::parse(&xml), canonical::parse(xform)) {
        _ if form.is_none() => ("no form".to_owned(), "a form".to_owned(), verdict(&problems)),
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

/// The nodes of a document that an expression finds.
fn find(document: &Document, expression: &str) -> Result<Vec<NodeId>, String> {
    let expr = Expr::parse(expression).map_err(|e| e.to_string())?;
    let now = LocalTime { unix_ms: 0, offset_min: 0 };
    let random = Random::new(1);
    let context = Context::new(document, &Prefixes, document.root(), now, &random);
    match xpath::evaluate(&expr, &context).map_err(|e| e.to_string())? {
        xpath::Value::Nodes(nodes) => Ok(nodes.into_vec()),
        _ => Err("not nodes".to_owned()),
    }
}

/// The first element of this name among those of the form, with the namespaces of the document.
fn part_source(document: &Document, name: &str) -> Option<String> {
    let declared = document.elements().next()?;
    let part = document.elements().find(|id| {
        document.local_name(*id) == name && document.namespace(*id) == XFORMS_NAMESPACE
    })?;
    let namespaces = document.namespaces(declared).into_iter();
    let declared: String = namespaces
        .map(|id| format!(" {}=\"{}\"", document.qualified_name(id), document.text(id)))
        .collect();
    Some(document.source(part).replacen(name, &format!("{name}{declared}"), 1))
}

/// Cases are written with blanks as pyxform writes them.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A node of a case so that it can be compared: an element as a tree, all else without blanks.
fn canonical_source(source: &str) -> String {
    let mut wrapped = format!("<nodes xmlns=\"{XFORMS_NAMESPACE}\"");
    for (prefix, uri) in STANDARD_NAMESPACES {
        wrapped.push_str(&format!(" xmlns:{prefix}=\"{uri}\""));
    }
    wrapped.push_str(&format!(">{source}</nodes>"));
    match canonical::parse(&wrapped) {
        Ok(tree) if source.starts_with('<') => format!("{tree:?}"),
        _ => without_blanks(source),
    }
}

/// The prefixes that the cases use.
struct Prefixes;

impl Host<Document> for Prefixes {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "x" => Some(XFORMS_NAMESPACE),
            "" => None,
            _ => {
                let known = STANDARD_NAMESPACES.iter();
                known.into_iter().find(|(p, _)| *p == prefix).map(|(_, uri)| *uri)
            }
        }
    }
}
