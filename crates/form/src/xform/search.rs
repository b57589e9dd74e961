//! `search('file', …)` in an appearance: ODK's older way to choices from a list beside the form.
//!
//! The items of such a question name columns of the list. They are read as the itemset that they mean; those whose value
//! is a whole number are choices as they stand. The document keeps the call: other clients search by it themselves.

use xpath::Expr;
use xpath::ast::{Axis, Call, Expression, Name, Path, Start, Step, Test};

use crate::definition::{
    BodyNode, Control, ControlKind, Form, Item, Itemset, Label, Secondary, Source, TextPart,
    Translation,
};
use crate::problem::{Problem, ProblemKind};

/// A call that was read.
struct Search {
    file: String,
    /// What an item of the list must meet, one after the other.
    conditions: Vec<String>,
}

/// Gives every question that searches in a file its itemset, and the form the lists that they need.
pub(super) fn add_itemsets(form: &mut Form, problems: &mut Vec<Problem>) {
    let mut body = std::mem::take(&mut form.body);
    let mut rest: Vec<&mut BodyNode> = body.iter_mut().rev().collect();
    while let Some(node) = rest.pop() {
        match node {
            BodyNode::Control(control) => add_itemset(control, form, problems),
            BodyNode::Group(group) => rest.extend(group.children.iter_mut().rev()),
            BodyNode::Repeat(repeat) => rest.extend(repeat.children.iter_mut().rev()),
        }
    }
    form.body = body;
}

/// Whether an appearance has the choices looked up.
pub(crate) fn is_searched(control: &Control) -> bool {
    let selects = [ControlKind::Select1, ControlKind::Select, ControlKind::Rank];
    let is_select = selects.contains(&control.kind);
    is_select && control.appearance.as_deref().is_some_and(|words| words.contains(CALL))
}

const CALL: &str = "search(";

/// Whether a form, as it is stored, may read a file whose name has this in it. What is searched in stands there without its ending.
#[must_use]
pub fn may_read(xml: &str, name: &str) -> bool {
    xml.contains(name) || xml.contains(CALL)
}

/// The columns of a list that an expression reads of an item, as they come.
#[must_use]
pub fn columns_read(expression: &str) -> Vec<String> {
    let Ok(expression) = Expr::parse(expression) else { return Vec::new() };
    let column = |path: &Path| match (&path.start, path.steps.as_slice()) {
        (Start::Context, [Step { axis: Axis::Child, test: Test::Name(name), predicates }]) => {
            predicates.is_empty().then(|| name.local.to_string())
        }
        _ => None,
    };
    expression.paths().into_iter().filter_map(column).collect()
}

fn add_itemset(control: &mut Control, form: &mut Form, problems: &mut Vec<Problem>) {
    let appearance = control.appearance.as_deref().unwrap_or_default();
    if !is_searched(control) || control.itemset.is_some() {
        return;
    }
    let Some(columns) = control.items.iter().find(|item| !is_choice(item)) else { return };
    let Some(Search { file, conditions }) = call(appearance).and_then(|call| search(&call)) else {
        let kind = ProblemKind::UnreadableSearch(appearance.to_owned());
        problems.push(Problem::new(control.reference.clone(), kind));
        return;
    };
    let conditions: String = conditions.iter().map(|text| format!("[{text}]")).collect();
    let label = shown(&columns.label, &form.itext).unwrap_or_else(|| column(&columns.value));
    control.itemset = Some(Itemset {
        nodeset: format!("instance('{}')/root/item{conditions}", list(form, &file)),
        value: column(&columns.value),
        label,
    });
    control.items.retain(is_choice);
}

/// Whether an item is a choice and names no column.
fn is_choice(item: &Item) -> bool {
    item.value.trim().parse::<i64>().is_ok()
}

/// The id of the instance that has the file; a new one if none has.
fn list(form: &mut Form, file: &str) -> String {
    let source = Source::External(format!("jr://file-csv/{file}.csv"));
    if let Some(known) = form.secondary.iter().find(|list| list.source == source) {
        return known.id.clone();
    }
    let is_taken = form.secondary.iter().any(|list| list.id == file);
    let id = if is_taken { format!("{file}.csv") } else { file.to_owned() };
    form.secondary.push(Secondary { id: id.clone(), source });
    id
}

/// The call in an appearance, up to the parenthesis that closes it.
fn call(appearance: &str) -> Option<Call> {
    let text = appearance.get(appearance.find(CALL)?..)?;
    let (mut depth, mut quote) = (0_u32, None);
    let end = text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        (c == ')' && depth == 0 && quote.is_none()).then_some(at + 1)
    })?;
    match Expr::parse(text.get(..end)?).ok()?.ast() {
        Expression::Call(call) => Some(call.clone()),
        _ => None,
    }
}

/// `search(file)`, `search(file, how, columns, text)`, or both with `, column, value` behind.
fn search(call: &Call) -> Option<Search> {
    let (file, by, only) = match call.arguments.as_slice() {
        [file] => (file, None, None),
        [file, how, columns, text] => (file, Some((how, columns, text)), None),
        [file, how, columns, text, column, value] => {
            (file, Some((how, columns, text)), Some((column, value)))
        }
        _ => return None,
    };
    let file = written(file)?;
    let file = file.strip_suffix(".csv").unwrap_or(file).to_owned();
    if file.is_empty() || file.contains(['\'', '"', '/']) {
        return None;
    }
    let mut conditions = Vec::new();
    // What is equal is found by an index: it comes first.
    if let Some((name, value)) = only {
        conditions.push(format!("{} = {}", column(written(name)?), asked(value)));
    }
    if let Some((how, columns, text)) = by {
        let (how, text) = (written(how)?, asked(text));
        let tests: Vec<String> =
            names(written(columns)?).map(|name| test(how, &column(name), &text)).collect();
        conditions.extend((!tests.is_empty()).then(|| tests.join(" or ")));
    }
    Some(Search { file, conditions })
}

/// Whether a column is what is searched for, or has it in it: then the letters of ASCII are the same in both cases.
fn test(how: &str, column: &str, text: &str) -> String {
    let function = match how.trim() {
        "matches" => return format!("{column} = {text}"),
        "startswith" => "starts-with",
        "endswith" => "ends-with",
        _ => "contains",
    };
    let small = |text: &str| {
        format!("translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')")
    };
    format!("{function}({}, {})", small(column), small(text))
}

/// A text that stands in the call itself.
fn written(argument: &Expression) -> Option<&str> {
    match argument {
        Expression::Literal(text) => Some(text.trim()),
        _ => None,
    }
}

/// What is searched for, as an item of the list reads it: paths start at the question.
fn asked(argument: &Expression) -> String {
    let mut argument = match argument {
        // Cells are texts.
        Expression::Number(_) => Expression::Literal(argument.to_string().into()),
        other => other.clone(),
    };
    start_at_question(&mut argument);
    argument.to_string()
}

fn start_at_question(expression: &mut Expression) {
    match expression {
        Expression::Number(_) | Expression::Literal(_) | Expression::Variable(_) => {}
        Expression::Negate(inner) => start_at_question(inner),
        Expression::Chain { first, rest } => {
            start_at_question(first);
            rest.iter_mut().for_each(|(_, operand)| start_at_question(operand));
        }
        Expression::Call(call) => call.arguments.iter_mut().for_each(start_at_question),
        Expression::Path(Path { start, .. }) => match start {
            Start::Root => {}
            Start::Expression { expression, .. } => start_at_question(expression),
            Start::Context => {
                let function = Some(xpath::Function::Current);
                let name = Name::local("current");
                let current = Expression::Call(Call { name, function, arguments: Vec::new() });
                *start =
                    Start::Expression { expression: Box::new(current), predicates: Vec::new() };
            }
        },
    }
}

/// The columns that a text names: between commas, else between blanks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let has_commas = text.contains(',');
    let parts = text.split(move |c: char| if has_commas { c == ',' } else { c.is_whitespace() });
    parts.map(str::trim).filter(|name| !name.is_empty())
}

/// The path from an item to a column.
fn column(name: &str) -> String {
    let name = name.trim();
    let rest = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_name =
        name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(rest);
    match is_name {
        true => name.to_owned(),
        false => format!("*[name() = {}]", Expression::Literal(name.into())),
    }
}

/// What is shown of an item: by the text of the label, which may name other columns in another language.
fn shown(label: &Label, itext: &[Translation]) -> Option<String> {
    let reference = label.reference.as_deref();
    let id = reference.and_then(crate::program::itext_argument);
    let of_id = id.map(|id| id.trim_matches(['\'', '"']));
    let mut texts: Vec<String> = Vec::new();
    for language in itext {
        let text = language.texts.iter().find(|text| Some(text.id.as_str()) == of_id);
        let values = text.iter().flat_map(|text| &text.values);
        let long =
            values.into_iter().find(|value| matches!(value.form.as_deref(), None | Some("long")));
        let text = long.map(|value| plain(&value.parts)).filter(|text| !text.is_empty());
        texts.extend(text.filter(|text| !texts.contains(text)));
    }
    if texts.is_empty() {
        texts.extend(Some(plain(&label.parts)).filter(|text| !text.is_empty()));
    }
    let mut texts = texts.into_iter().rev();
    let last = columns(&texts.next()?)?;
    Some(texts.fold(last, |otherwise, text| match (columns(&text), id) {
        (Some(columns), Some(id)) => {
            let this = Expression::Literal(text.into());
            format!("if(jr:itext({id}) = {this}, {columns}, {otherwise})")
        }
        _ => otherwise,
    }))
}

fn plain(parts: &[TextPart]) -> String {
    let literal = parts.iter().filter_map(|part| match part {
        TextPart::Literal(text) => Some(text.as_str()),
        TextPart::Output(_) => None,
    });
    literal.collect::<String>().trim().to_owned()
}

/// `a` as it stands, further columns behind it: `a (b: …) (c: …)`.
fn columns(text: &str) -> Option<String> {
    let mut names = names(text);
    let first = column(names.next()?);
    let further: Vec<String> = names
        .map(|name| {
            let before = Expression::Literal(format!(" ({name}: ").into());
            format!("{before}, {}, ')'", column(name))
        })
        .collect();
    Some(match further.is_empty() {
        true => first,
        false => format!("concat({first}, {})", further.join(", ")),
    })
}
