//! Numbers to text and back, by the rules of XPath 1.0 and ODK.

/// `string(number)`: no exponent, no needless digits.
pub fn to_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// `number(text)`: a decimal number, or the days since 1970-01-01 of a date or date and time. Otherwise NaN.
pub fn from_text(text: &str, offset_min: i32) -> f64 {
    let text = text.trim_matches(is_space);
    plain(text).unwrap_or_else(|| crate::calendar::days_from_text(text, offset_min))
}

/// White space as XML has it.
pub fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// `-12.5`, `.5`, `12.`: digits with at most one point and one minus in front.
fn plain(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut points = 0;
    let mut any = false;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => any = true,
            b'.' => points += 1,
            _ => return None,
        }
    }
    if !any || points > 1 {
        return None;
    }
    text.parse().ok()
}

/// Whether there is nothing but white space.
pub(crate) fn is_space_only(text: &str) -> bool {
    text.chars().all(is_space)
}
