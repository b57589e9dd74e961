//! Patterns of `regex()`, as people wrote them for the engines of Java and of browsers.

use std::borrow::Cow;

use regex_lite::{Error, Regex, RegexBuilder};

/// The sizes of program that are tried, in bytes. Only a limit that it keeps tells how large one is.
pub(super) const SIZES: [usize; 5] = [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20];

/// Letters, for `\p{L}`: those of Latin script, with all that Vietnamese is written with.
const LETTERS: &str = "A-Za-zªµºÀ-ÖØ-öø-ʯ\u{300}-\u{36f}Ḁ-ỿ";

/// Why a pattern cannot be read by [`regex()`](crate::Function::Regex); `None` when it can.
#[must_use]
pub fn pattern_fault(pattern: &str) -> Option<String> {
    compiled(pattern, SIZES[SIZES.len() - 1]).err().map(|error| error.to_string())
}

/// The program of a pattern that takes no more than so many bytes.
pub(super) fn compiled(pattern: &str, size: usize) -> Result<Regex, Error> {
    RegexBuilder::new(&spelled_out(pattern)).size_limit(size).build()
}

/// The pattern with what the engines of Java and of browsers guess written out: a `-` beside a class such as `\w`, a `[`
/// and `&&` among characters, and a `{` that counts nothing mean themselves.
fn spelled_out(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains(['[', '{']) {
        return Cow::Borrowed(pattern);
    }
    let mut text = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    // Among the characters between `[` and `]`, and whether the one before is a class of its own.
    let (mut inside, mut after_class) = (false, false);
    while let Some(first) = rest.chars().next() {
        let (taken, class) = match first {
            '\\' => escaped(rest, inside, &mut text),
            '[' if inside => {
                text.push_str("\\[");
                (1, false)
            }
            '[' => {
                inside = true;
                let opening = if rest.starts_with("[^") { "[^" } else { "[" };
                text.push_str(opening);
                (opening.len(), false)
            }
            ']' => {
                inside = false;
                text.push(']');
                (1, false)
            }
            '-' if inside && (after_class || rest.strip_prefix('-').is_some_and(is_class)) => {
                text.push_str("\\-");
                (1, false)
            }
            '&' if inside && rest.starts_with("&&") => {
                text.push_str("\\&");
                (1, false)
            }
            '{' if !inside && !rest.strip_prefix('{').is_some_and(counts) => {
                text.push_str("\\{");
                (1, false)
            }
            other => {
                text.push(other);
                (other.len_utf8(), false)
            }
        };
        after_class = class;
        rest = rest.get(taken..).unwrap_or_default();
    }
    Cow::Owned(text)
}

/// Writes what begins with `\`; how many bytes it took, and whether it is a class of characters.
fn escaped(rest: &str, inside: bool, text: &mut String) -> (usize, bool) {
    for letters in ["\\p{L}", "\\p{IsAlphabetic}", "\\p{Alpha}"] {
        if rest.starts_with(letters) {
            text.push_str(if inside { "" } else { "[" });
            text.push_str(LETTERS);
            text.push_str(if inside { "" } else { "]" });
            return (letters.len(), true);
        }
    }
    let pair = rest.chars().take(2);
    text.extend(pair.clone());
    (pair.map(char::len_utf8).sum(), is_class(rest))
}

/// Whether a class such as `\w` stands here.
fn is_class(rest: &str) -> bool {
    rest.strip_prefix('\\')
        .is_some_and(|rest| rest.starts_with(['d', 'D', 'w', 'W', 's', 'S', 'p']))
}

/// Whether what follows a `{` says how often: `3}`, `3,}` or `3,5}`.
fn counts(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}
