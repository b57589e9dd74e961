//! `${name}` in cells.

use std::ops::Range;

use crate::names::is_plain_name;

/// A reference in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// Where `${…}` stands.
    pub(crate) range: Range<usize>,
    /// The question that is meant.
    pub(crate) name: &'a str,
    /// Whether its answer in the last saved record is meant.
    pub(crate) last_saved: bool,
}

/// A piece that begins like a reference and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadReference<'a>(pub(crate) &'a str);

/// Every reference of a text. A text that is `${` and no more begins none.
pub(crate) fn references(text: &str) -> Vec<Result<Reference<'_>, BadReference<'_>>> {
    let mut found = Vec::new();
    if text == "${" {
        return found;
    }
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|t| t.find("${")).map(|at| at + from) {
        let rest = text.get(start + 2..).unwrap_or_default();
        let Some(length) = rest.find('}') else {
            found.push(Err(BadReference(text.get(start..).unwrap_or_default())));
            break;
        };
        let inner = rest.get(..length).unwrap_or_default();
        let range = start..start + 2 + length + 1;
        let (name, last_saved) = match inner.strip_prefix("last-saved#") {
            Some(name) => (name, true),
            None => (inner, false),
        };
        from = range.end;
        found.push(if is_plain_name(name) {
            Ok(Reference { range, name, last_saved })
        } else {
            Err(BadReference(text.get(range).unwrap_or_default()))
        });
    }
    found
}

/// The references that are well written.
pub(crate) fn good_references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    references(text).into_iter().filter_map(Result::ok)
}

/// Whether a text has a reference.
pub(crate) fn has_reference(text: &str) -> bool {
    good_references(text).next().is_some()
}

/// The name, when a text is one reference and nothing else.
pub(crate) fn sole_reference(text: &str) -> Option<&str> {
    let reference = good_references(text).next()?;
    (reference.range == (0..text.len())).then_some(reference.name)
}
