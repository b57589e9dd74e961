//! What can be seen in a text without parsing it: tokens that make a default dynamic, calls of
//! `pulldata()`, and `instance()` paths within a label.

use std::ops::Range;

use crate::names::leading_name;
use crate::references::references;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A number, a time, a name, a quoted text: nothing to compute.
    Plain,
    Operator(char),
    Call,
    Reference,
    Open,
    Close,
    Blank,
}

/// Splits a text into tokens, never failing: anything is a token.
fn tokens(text: &str) -> Vec<(Token, Range<usize>)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (token, length) = token(rest);
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens
}

fn token(rest: &str) -> (Token, usize) {
    let word = [" mod ", " div "].into_iter().find(|w| rest.starts_with(w));
    if word.is_some() {
        return (Token::Operator('m'), 4);
    }
    let first = rest.chars().next().expect("the rest is not empty");
    let length = number_or_time(rest);
    if length > 0 {
        return (Token::Plain, length);
    }
    match first {
        '*' | '+' | '-' | '|' => (Token::Operator(first), 1),
        '[' => (Token::Open, 1),
        ']' => (Token::Close, 1),
        '"' | '\'' => match rest.get(1..).and_then(|r| r.find(first)) {
            Some(end) => (Token::Plain, end + 2),
            None => (Token::Plain, 1),
        },
        '$' => match references(rest).into_iter().next() {
            Some(Ok(reference)) if reference.range.start == 0 => {
                (Token::Reference, reference.range.end)
            }
            _ => (Token::Plain, 1),
        },
        c if c.is_whitespace() => (Token::Blank, c.len_utf8()),
        c => {
            let length = name_length(rest);
            match rest.get(length..).and_then(|r| r.chars().next()) {
                _ if length == 0 => (Token::Plain, c.len_utf8()),
                Some('(') => (Token::Call, length + 1),
                _ => (Token::Plain, length),
            }
        }
    }
}

/// Length of a name, with its prefix.
fn name_length(rest: &str) -> usize {
    let name = leading_name(rest).len();
    let local = rest.get(name..).and_then(|r| r.strip_prefix(':')).map(leading_name);
    match local {
        Some(local) if name > 0 && !local.is_empty() => name + 1 + local.len(),
        _ => name,
    }
}

/// Length of a number, a date or a time with its offset at the start of a text, else 0.
fn number_or_time(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let time = |at: usize| {
        let pattern = bytes.get(at..at + 8).unwrap_or_default();
        let fits = |(i, b): (usize, &u8)| if i % 3 == 2 { *b == b':' } else { b.is_ascii_digit() };
        pattern.len() == 8 && pattern.iter().enumerate().all(fits)
    };
    let moment = |at: usize| {
        let offset = bytes.get(at + 8).is_some_and(|b| b"+-".contains(b)) && digits(at + 9) == 2;
        let minutes = bytes.get(at + 11) == Some(&b':') && digits(at + 12) >= 2;
        if offset && minutes { at + 14 } else { at + 8 }
    };
    if time(0) {
        return moment(0);
    }
    if rest.get(4..5) == Some("-") && rest.get(10..11) == Some("T") && time(11) {
        return moment(11);
    }
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(sign);
    let point = sign + whole;
    let fraction = if bytes.get(point) == Some(&b'.') { digits(point + 1) } else { 0 };
    match (whole, fraction) {
        (0, 0) => 0,
        (_, 0) => point + usize::from(bytes.get(point) == Some(&b'.')),
        _ => point + 1 + fraction,
    }
}

/// Whether a default is an expression and not a text. A `-` in dates and places is no operator.
pub(crate) fn is_dynamic(default: &str, type_name: &str) -> bool {
    let hyphens = ["date", "dateTime", "geopoint", "geotrace", "geoshape"].contains(&type_name);
    for (token, _) in tokens(default) {
        match token {
            Token::Operator('-') if hyphens => return false,
            Token::Operator(_) | Token::Call | Token::Reference => return true,
            _ => {}
        }
    }
    false
}

/// The `instance('…')/…` paths in a label: each ends at the first blank outside `[…]`, or where
/// nothing that continues a path comes behind a `]`.
pub(crate) fn instance_paths(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if !text.contains("instance(") {
        return found;
    }
    let mut open: Option<(usize, usize)> = None;
    let mut closed = false;
    for (token, range) in tokens(text) {
        let goes_on = token == Token::Open || text.get(range.clone()) == Some("/");
        if std::mem::take(&mut closed) && !goes_on {
            found.extend(open.take().map(|(start, _)| start..range.start));
        }
        match (&mut open, token) {
            (None, Token::Call) if text.get(range.clone()) == Some("instance(") => {
                open = Some((range.start, 0));
            }
            (Some((_, depth)), Token::Open) => *depth += 1,
            (Some((_, depth)), Token::Close) => {
                closed = *depth == 1;
                *depth = depth.saturating_sub(1);
            }
            (Some((start, 0)), Token::Blank) => {
                found.push(*start..range.start);
                open = None;
            }
            _ => {}
        }
    }
    found.extend(open.map(|(start, _)| start..text.len()));
    found.retain(|range| text.get(range.clone()).is_some_and(|t| t.contains(")/")));
    found
}

/// The first arguments of the calls of `pulldata()`.
pub(crate) fn pulled_files(text: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("pulldata") {
        rest = after;
        let Some(arguments) = after.trim_start().strip_prefix('(') else { continue };
        let Some((first, _)) = arguments.split_once(',') else { continue };
        files.push(first.replace(['\'', '"'], "").trim().to_owned());
    }
    files
}
