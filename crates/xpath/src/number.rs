//! Numbers to text and back, by the rules of XPath 1.0 and ODK.

use lexical_parse_float::FromLexical;

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
    plain(text).unwrap_or_else(|| crate::calendar::days_from_stored(text, offset_min))
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
    parse(text)
}

/// `7.9e-12`: digits, a point, signs and an exponent. Otherwise NaN.
pub(crate) fn with_exponent(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let is_part = |byte: u8| byte.is_ascii_digit() || b".+-eE".contains(&byte);
    parse(text).filter(|_| text.bytes().all(is_part)).unwrap_or(f64::NAN)
}

/// The nearest number to a decimal text, with or without exponent: what `str::parse` gives, without the 10 KB of tables
/// that a phone would have to fetch for it.
pub fn parse(text: &str) -> Option<f64> {
    f64::from_lexical(text.as_bytes()).ok()
}

/// Whether there is nothing but white space.
pub(crate) fn is_space_only(text: &str) -> bool {
    text.chars().all(is_space)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn a_text_that_is_no_decimal_number_is_none() {
        for text in ["", ".", "-", "e5", "1e", "1,5", "1 2", " 1", "0x10", "--1", "1.2.3", "một"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_to_the_last_bit(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            for text in [number.to_string(), format!("{number:e}"), format!("{number:.5}")] {
                prop_assert_eq!(parse(&text).map(f64::to_bits), text.parse().ok().map(f64::to_bits));
            }
        }

        #[test]
        fn whatever_looks_like_a_number_is_read_as_the_standard_library_reads_it(text in "[-+]?[0-9]{0,25}[.]?[0-9]{0,25}([eE][-+]?[0-9]{1,3})?") {
            prop_assert_eq!(parse(&text), text.parse().ok());
        }
    }
}
