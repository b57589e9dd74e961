//! XML names.

/// Whether a character may begin a name.
pub(crate) fn begins_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Whether a character may stand further on in a name.
pub(crate) fn continues_name(c: char) -> bool {
    begins_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// The name at the start of a text, without a prefix; empty when there is none.
pub(crate) fn leading_name(text: &str) -> &str {
    let first = text.chars().next().filter(|c| begins_name(*c));
    let Some(_) = first else { return "" };
    let end = text.find(|c| !continues_name(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether a text is a name without a prefix.
pub(crate) fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && leading_name(text) == text
}

/// Whether a text can be the name of an element: a name, or prefix and name.
pub(crate) fn is_name(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, name)) => is_plain_name(prefix) && is_plain_name(name),
        None => is_plain_name(text),
    }
}
