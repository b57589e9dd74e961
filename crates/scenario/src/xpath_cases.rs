//! Cases of expressions: an expression and a document, and the value that other engines give.

use std::{borrow::Cow, collections::BTreeMap, io::Write, path::PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use xpath::{Context, Expr, Host, LocalTime, Random, Tree, Value};

use crate::{
    corpus,
    document::{Document, NodeId, Reading},
    tally::{Outcome, Tally},
};

const GATED: &str = "two or more engines";
const SINGLE: &str = "one engine";
const TIERS: &[&str] = &[GATED, SINGLE];

/// The clock of the recordings: 2026-11-23T06:46:12 in Phoenix, which has no summer time.
const NOW: LocalTime = LocalTime { unix_ms: 1_795_441_572_000, offset_min: -420 };

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    expr: String,
    #[serde(default)]
    context_xml: String,
    context_node: Option<String>,
    root_node: Option<String>,
    expect_type: String,
    #[serde(default)]
    expect: Json,
    #[serde(default)]
    engines: Vec<String>,
    #[serde(default)]
    namespaces: BTreeMap<String, String>,
    language: Option<String>,
    tolerance: Option<f64>,
    round_factor: Option<f64>,
    /// The zone a result holds in.
    tz: Option<String>,
    /// What can be said of a result that depends on clock or randomness, as `/pattern/`.
    expect_regex: Option<String>,
    expect_length: Option<usize>,
    #[serde(default)]
    unordered: bool,
    #[serde(default)]
    cdata_text_nodes_unmerged: bool,
}

/// Runs all cases of these files; gives whether every gated case passed.
pub fn run(
    paths: &[PathBuf],
    report: Option<&PathBuf>,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut tally = Tally::new(TIERS, 1, report.map(PathBuf::as_path))?;
    for path in paths {
        for case in corpus::read::<Case>(path)? {
            tally.add(&outcome(&case)?, out)?;
        }
    }
    tally.finish(out)
}

fn outcome(case: &Case) -> anyhow::Result<Outcome> {
    let (got, passed) = match case.expect_type.as_str() {
        "parse" => {
            let got = if Expr::parse(&case.expr).is_ok() { "ok" } else { "error" };
            (json!(got), case.expect == json!(got))
        }
        _ => evaluate(case).with_context(|| case.id.clone())?,
    };
    let expected = if case.expect_type == "error" { json!("error") } else { case.expect.clone() };
    Ok(Outcome {
        id: case.id.clone(),
        tier: if case.engines.len() >= 2 { GATED } else { SINGLE },
        input: case.expr.clone(),
        expected: expected.to_string(),
        got: got.to_string(),
        passed,
    })
}

/// What our engine gives, as JSON, and whether it is what the case expects.
fn evaluate(case: &Case) -> anyhow::Result<(Json, bool)> {
    let reading = Reading { split_cdata: case.cdata_text_nodes_unmerged };
    let document = Document::parse(&case.context_xml, reading)?;
    let find = |path: &String| {
        document.find(path).with_context(|| format!("the document has no node {path}"))
    };
    let node = case.context_node.as_ref().map(find).transpose()?.unwrap_or(document.root());
    let root = case.root_node.as_ref().map(find).transpose()?;
    let host = CaseHost { document: &document, case, root };
    let random = Random::new(1);
    let mut context = Context::new(&document, &host, node, now(case), &random);
    context.root = root;
    let expr = match Expr::parse(&case.expr) {
        Ok(expr) => expr,
        Err(error) => return Ok((json!(error.to_string()), case.expect_type == "error")),
    };
    let value = match xpath::evaluate(&expr, &context) {
        Ok(value) => value,
        Err(error) => return Ok((json!(error.to_string()), case.expect_type == "error")),
    };
    Ok(compare(case, &document, &context, &value))
}

fn compare(
    case: &Case,
    document: &Document,
    context: &Context<'_, Document, CaseHost<'_>>,
    value: &Value<'_, NodeId>,
) -> (Json, bool) {
    match case.expect_type.as_str() {
        "string" if case.expect_regex.is_some() || case.expect_length.is_some() => {
            let got = value.text(context);
            let fits = |pattern: &str| {
                let pattern = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/'));
                pattern
                    .and_then(|p| regex_lite::Regex::new(p).ok())
                    .is_some_and(|r| r.is_match(&got))
            };
            let same = case.expect_regex.as_deref().is_none_or(fits)
                && case.expect_length.is_none_or(|length| got.chars().count() == length);
            (json!(got), same)
        }
        "string" => {
            let got = json!(value.text(context));
            let same = case.expect == got;
            (got, same)
        }
        "boolean" => {
            let got = json!(value.boolean());
            let same = case.expect == got;
            (got, same)
        }
        "number" => {
            let got = value.number(context);
            let same = number_of(&case.expect).is_some_and(|wanted| same_number(case, wanted, got));
            (json!(xpath::number::to_text(got)), same)
        }
        "nodeset" => {
            let Value::Nodes(nodes) = value else { return (json!("no nodes"), false) };
            let got: Vec<Json> = nodes.iter().map(|node| describe(document, node)).collect();
            let wanted = case.expect.as_array().cloned().unwrap_or_default();
            let same = if case.unordered { same_set(&got, &wanted) } else { got == wanted };
            (json!(got), same)
        }
        _ => (json!(value.text(context)), false),
    }
}

/// The clock of the recordings in the zone of the case.
fn now(case: &Case) -> LocalTime {
    match case.tz.as_deref() {
        Some("UTC" | "GMT") => LocalTime { offset_min: 0, ..NOW },
        _ => NOW,
    }
}

fn describe(document: &Document, node: NodeId) -> Json {
    let kind = document.kind(node);
    let (name, value) = match kind {
        xpath::NodeKind::Document if node == document.root() => ("#document".into(), None),
        xpath::NodeKind::Document => (document.qualified_name(node), None),
        xpath::NodeKind::Text if document.is_cdata(node) => {
            ("#cdata-section".to_owned(), Some(document.text(node)))
        }
        xpath::NodeKind::Text => ("#text".to_owned(), Some(document.text(node))),
        xpath::NodeKind::Comment => ("#comment".to_owned(), Some(document.text(node))),
        _ => (document.qualified_name(node), Some(document.text(node))),
    };
    json!({ "path": document.path(node), "name": name, "value": value })
}

fn same_set(got: &[Json], wanted: &[Json]) -> bool {
    got.len() == wanted.len() && wanted.iter().all(|node| got.contains(node))
}

/// A number of the corpus: JSON cannot hold them all.
fn number_of(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some("-0") => Some(0.0),
        _ => json.as_f64(),
    }
}

fn same_number(case: &Case, wanted: f64, got: f64) -> bool {
    if wanted.is_nan() {
        return got.is_nan();
    }
    match (case.tolerance, case.round_factor) {
        (Some(tolerance), _) => wanted == got || (wanted - got).abs() <= tolerance,
        (_, Some(factor)) => (got * factor).round() / factor == wanted,
        _ => wanted == got,
    }
}

/// Answers for the document of one case, as a form would.
struct CaseHost<'c> {
    document: &'c Document,
    case: &'c Case,
    root: Option<NodeId>,
}

impl CaseHost<'_> {
    fn children(&self, parent: NodeId, name: &'static str) -> impl Iterator<Item = NodeId> {
        let named = move |id: &NodeId| self.document.local_name(*id) == name;
        self.document.child_elements(parent).filter(named)
    }
}

impl Host<Document> for CaseHost<'_> {
    fn instance(&self, id: &str) -> Option<NodeId> {
        self.document.elements().find(|element| {
            self.document.local_name(*element) == "instance"
                && self.document.attribute(*element, "id") == Some(id)
        })
    }

    fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix.is_empty() {
            // In a form, names without prefix are those of the instance.
            return self.root.map(|root| self.document.namespace(root));
        }
        self.case.namespaces.get(prefix).map(String::as_str)
    }

    fn itext(&self, id: &str) -> Option<Cow<'_, str>> {
        let itext = self.document.elements().find(|e| self.document.local_name(*e) == "itext")?;
        let translations: Vec<NodeId> = self.children(itext, "translation").collect();
        let attribute = |node, name| self.document.attribute(node, name);
        let language = self.case.language.as_deref();
        let translation = translations
            .iter()
            .find(|t| language.is_some() && attribute(**t, "lang") == language)
            .or_else(|| translations.iter().find(|t| attribute(**t, "default").is_some()))
            .or(translations.first())?;
        let text = self.children(*translation, "text").find(|t| attribute(*t, "id") == Some(id))?;
        let value = self.children(text, "value").find(|v| attribute(*v, "form").is_none())?;
        Some(self.document.text(value))
    }
}
