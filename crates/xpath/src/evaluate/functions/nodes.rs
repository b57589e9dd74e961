//! Functions of nodes, and those that the host answers.

use std::borrow::Cow;

use super::Arguments;
use crate::{
    ast::Name,
    context::Host,
    error::EvalError,
    evaluate::Evaluated,
    function::Function,
    number::is_space,
    tree::{NodeKind, Tree},
    value::{Nodes, Value},
};

const XML: &str = "http://www.w3.org/XML/1998/namespace";

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    let (tree, host) = (a.context().tree, a.context().host);
    Ok(match a.function {
        Function::Count => Value::Number(a.nodes(0)?.len() as f64),
        Function::CountNonEmpty => {
            let nodes = a.nodes(0)?;
            a.evaluator.spend(nodes.len())?;
            Value::Number(
                nodes.iter().filter(|node| !a.evaluator.read(*node).is_empty()).count() as f64
            )
        }
        Function::Last => Value::Number(a.focus.size as f64),
        Function::Position if a.len() == 0 => Value::Number(a.focus.position as f64),
        Function::Position => {
            let node = a.nodes(0)?.first();
            node.map_or(Ok(f64::NAN), |node| position(a, node)).map(Value::Number)?
        }
        Function::Current => Value::Nodes(Nodes::One(a.context().current)),
        Function::Instance => Value::Nodes(Nodes::One(instance(a, &a.text(0)?)?)),
        Function::LocalName => name(a, |node| tree.local_name(node).into())?,
        Function::NamespaceUri => name(a, |node| tree.namespace(node).into())?,
        Function::Name => name(a, |node| match tree.prefix(node) {
            "" => tree.local_name(node).into(),
            prefix => format!("{prefix}:{}", tree.local_name(node)).into(),
        })?,
        Function::Id => Value::Nodes(by_id(a)?),
        Function::Lang => Value::Boolean(lang(a, &a.text(0)?)?),
        Function::Coalesce => {
            // What was calculated from nothing is nothing.
            let first = a.value(0)?;
            let nothing = matches!(first, Value::Number(number) if number.is_nan())
                || a.evaluator.text_of(&first).is_empty();
            // It gives a text, whatever it chose from.
            let chosen = if nothing { a.value(1)? } else { first };
            Value::Text(match chosen {
                // The usual one takes no memory.
                Value::Number(0.0) => "0".into(),
                chosen => a.evaluator.text_of(&chosen),
            })
        }
        Function::Once => {
            let kept = host.kept(a.focus.node).unwrap_or_else(|| a.evaluator.read(a.focus.node));
            if kept.is_empty() { a.value(0)? } else { Value::Text(kept) }
        }
        Function::Itext => Value::Text(host.itext(&a.text(0)?).unwrap_or_default()),
        Function::ChoiceName => {
            let label = host.choice_name(&a.text(0)?, &a.text(1)?, a.focus.node);
            Value::Text(label.unwrap_or_default())
        }
        Function::IndexedRepeat => Value::Nodes(indexed_repeat(a)?),
        _ => pulldata(a)?,
    })
}

fn name<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
    of: impl Fn(T::Node) -> Cow<'a, str>,
) -> Evaluated<'a, T> {
    Ok(Value::Text(a.node_or_context()?.map(of).unwrap_or_default()))
}

/// The number of a repeat instance among its siblings of the same name.
fn position<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    node: T::Node,
) -> Result<f64, EvalError> {
    if let Some(position) = a.context().host.position(node) {
        return Ok(position as f64);
    }
    let tree = a.context().tree;
    let mut position = 1;
    let mut at = tree.previous_sibling(node);
    while let Some(sibling) = at {
        a.evaluator.spend(1)?;
        let same = tree.kind(sibling) == NodeKind::Element
            && tree.local_name(sibling) == tree.local_name(node)
            && tree.namespace(sibling) == tree.namespace(node);
        position += usize::from(same);
        at = tree.previous_sibling(sibling);
    }
    Ok(position as f64)
}

/// The node above the root element of a secondary instance.
fn instance<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    id: &str,
) -> Result<T::Node, EvalError> {
    a.context().host.instance(id).ok_or_else(|| EvalError::UnknownInstance(id.to_owned()))
}

/// The elements whose attribute `id` is one of the words, in document order.
fn by_id<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
) -> Result<Nodes<T::Node>, EvalError> {
    let texts = a.texts(0)?;
    let wanted: Vec<&str> =
        texts.iter().flat_map(|text| text.split(is_space)).filter(|id| !id.is_empty()).collect();
    let tree = a.context().tree;
    let mut found = Nodes::None;
    let mut work = 0;
    a.evaluator.below(tree.top(a.focus.node), &mut |node| {
        let mut attribute = tree.first_attribute(node);
        while let Some(at) = attribute {
            work += wanted.len();
            let is_id = tree.local_name(at) == "id" && tree.namespace(at).is_empty();
            if is_id && wanted.contains(&&*tree.text(at)) {
                found.push(node);
            }
            attribute = tree.next_attribute(at);
        }
    })?;
    a.evaluator.spend(work)?;
    Ok(found)
}

/// Whether the nearest `xml:lang` is this language or one of its dialects.
fn lang<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    wanted: &str,
) -> Result<bool, EvalError> {
    let tree = a.context().tree;
    let mut at = Some(a.focus.node);
    while let Some(node) = at {
        let mut attribute = tree.first_attribute(node);
        while let Some(here) = attribute {
            a.evaluator.spend(1)?;
            if tree.local_name(here) == "lang" && tree.namespace(here) == XML {
                let lang = tree.text(here).to_ascii_lowercase();
                let rest = lang.strip_prefix(&wanted.to_ascii_lowercase());
                return Ok(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
            }
            attribute = tree.next_attribute(here);
        }
        at = tree.parent(node);
    }
    Ok(false)
}

/// `indexed-repeat(node, repeat1, index1, …)`: of all nodes, those within the chosen instance of each repeat in turn.
fn indexed_repeat<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
) -> Result<Nodes<T::Node>, EvalError> {
    if a.len().is_multiple_of(2) {
        return Err(a.arity_error());
    }
    let mut repeats = Vec::new();
    for index in (1..a.len()).step_by(2) {
        repeats.push((a.nodes(index)?, a.number(index + 1)?));
    }
    // The outer repeat chooses first, in whatever order they are named.
    repeats.sort_by_key(|(rows, _)| rows.first().map(|row| depth(a.context().tree, row)));
    let mut within: Option<T::Node> = None;
    for (rows, wanted) in repeats {
        let rows = below(a, &rows, within)?;
        let row = rows.iter().enumerate().find(|(at, _)| (at + 1) as f64 == wanted);
        let Some((_, row)) = row else { return Ok(Nodes::None) };
        within = Some(row);
    }
    below(a, &a.nodes(0)?, within)
}

/// How many nodes are above one.
fn depth<T: Tree>(tree: &T, node: T::Node) -> usize {
    std::iter::successors(tree.parent(node), |above| tree.parent(*above)).count()
}

/// Those nodes that are below another.
fn below<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    nodes: &Nodes<T::Node>,
    top: Option<T::Node>,
) -> Result<Nodes<T::Node>, EvalError> {
    let Some(top) = top else { return Ok(nodes.clone()) };
    let tree = a.context().tree;
    let mut kept = Nodes::None;
    for node in nodes.iter() {
        let mut at = Some(node);
        while let Some(up) = at {
            a.evaluator.spend(1)?;
            if up == top {
                kept.push(node);
                break;
            }
            at = tree.parent(up);
        }
    }
    Ok(kept)
}

/// `pulldata(instance, wanted, key, value)`: of the items below the root of the instance, the cell `wanted` of
/// the first whose cell `key` is `value`. A cell is a child element, or an attribute when its name begins with `@`.
fn pulldata<'a, T: Tree, H: Host<T>>(a: &Arguments<'_, '_, 'a, T, H>) -> Evaluated<'a, T> {
    let above = instance(a, &a.text(0)?)?;
    let tree = a.context().tree;
    let mut root = tree.first_child(above);
    while let Some(node) = root.filter(|node| tree.kind(*node) != NodeKind::Element) {
        root = tree.next_sibling(node);
    }
    let Some(root) = root else { return Ok(Value::Text("".into())) };
    let (wanted, key, value) = (a.text(1)?, a.text(2)?, a.text(3)?);
    let child = |row, name: &str| {
        if let Some(name) = name.strip_prefix('@') {
            let mut at = tree.first_attribute(row);
            while let Some(cell) = at.filter(|cell| tree.local_name(*cell) != name) {
                at = tree.next_attribute(cell);
            }
            return at;
        }
        let mut at = tree.first_child(row);
        while let Some(cell) = at {
            if tree.kind(cell) == NodeKind::Element && tree.local_name(cell) == name {
                return Some(cell);
            }
            at = tree.next_sibling(cell);
        }
        None
    };
    let lookup = || a.context().host.lookup(root, &Name::local("item"), &Name::local(&key), &value);
    let indexed = if key.starts_with('@') { None } else { lookup() };
    let row = if let Some(rows) = indexed {
        rows.first()
    } else {
        let mut at = tree.first_child(root);
        while let Some(row) = at {
            a.evaluator.spend(4)?;
            if child(row, &key).is_some_and(|cell| a.evaluator.read(cell) == value) {
                break;
            }
            at = tree.next_sibling(row);
        }
        at
    };
    let cell = row.and_then(|row| child(row, &wanted));
    Ok(Value::Text(cell.map(|cell| a.evaluator.read(cell)).unwrap_or_default()))
}
