//! Text as the browser composes it.

use js_sys::JsString;

/// Letters with their marks in one: Vietnamese is typed and pasted either way.
#[must_use]
pub fn composed(text: &str) -> String {
    JsString::from(text).normalize("NFC").into()
}

/// The first letter of each word large, as names are written; a search is typed in small ones.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let large = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(String::from).unwrap_or_default();
        format!("{}{}", String::from(JsString::from(first).to_upper_case()), letters.as_str())
    };
    text.split(' ').map(large).collect::<Vec<_>>().join(" ")
}
