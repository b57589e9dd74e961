//! Numbers as people write them: `1.234,5` in Vietnamese, `1,234.5` in English.

use super::Language;

const fn marks(lang: Language) -> (char, char) {
    match lang {
        Language::Vi => ('.', ','),
        Language::En => (',', '.'),
    }
}

impl Language {
    /// A whole number with its thousands apart.
    #[must_use]
    pub fn count(self, number: usize) -> String {
        group(&number.to_string(), marks(self).0)
    }

    /// A number in the form's notation (`-1234.5`) as people write it. Other text comes back as it is.
    #[must_use]
    pub fn number(self, plain: &str) -> String {
        let (group_mark, decimal_mark) = marks(self);
        let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
        let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || fraction.is_some_and(|fraction| !digits(fraction)) {
            return plain.to_owned();
        }
        let whole = group(whole, group_mark);
        match fraction.filter(|fraction| fraction.bytes().any(|digit| digit != b'0')) {
            Some(fraction) => format!("{sign}{whole}{decimal_mark}{fraction}"),
            None => format!("{sign}{whole}"),
        }
    }

    /// An integer answer as people write it: with group marks from 10 000 on, as a year or a code must not be cut up.
    #[must_use]
    pub fn whole_number(self, plain: &str) -> String {
        if plain.trim_start_matches('-').len() < 5 { plain.to_owned() } else { self.number(plain) }
    }

    /// As [`Self::number`], to be changed by hand: a digit more or less would leave the marks of thousands where they mean another number.
    #[must_use]
    pub fn number_to_edit(self, plain: &str) -> String {
        let text = self.number(plain);
        if text == plain { text } else { text.replace(marks(self).0, "") }
    }

    /// How a form's texts write a number that it worked out. In Vietnamese a percent sign stands apart.
    #[must_use]
    pub fn numbers(self) -> form::Numbers {
        match self {
            Self::Vi => |number, next| {
                let number = Self::Vi.worked_out(number);
                if next.starts_with('%') { number + "\u{a0}" } else { number }
            },
            Self::En => |number, _| Self::En.worked_out(number),
        }
    }

    fn worked_out(self, number: &str) -> String {
        if number.contains('.') { self.number(number) } else { self.whole_number(number) }
    }

    /// What was typed, in the form's notation. Text that is no number comes back as it is: the form says what is wrong.
    #[must_use]
    pub fn parse_number(self, typed: &str) -> String {
        let (group_mark, decimal_mark) = marks(self);
        let text: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, fraction) = match rest.split_once(decimal_mark) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None if is_grouped(rest, group_mark) => (rest, None),
            // A phone's number pad may only have the other mark: `1.5` is one and a half in any language.
            None => match rest.split_once(group_mark) {
                Some((whole, fraction)) => (whole, Some(fraction)),
                None => (rest, None),
            },
        };
        let whole: String = whole.chars().filter(|c| *c != group_mark).collect();
        let all = format!("{whole}{}", fraction.unwrap_or_default());
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return typed.trim().to_owned();
        }
        let whole = if whole.is_empty() { "0" } else { &whole };
        match fraction {
            Some(fraction) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{whole}"),
        }
    }

    /// A size in the largest fitting unit.
    #[must_use]
    pub fn bytes(self, bytes: u64) -> String {
        const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
        let mut tenths = bytes.saturating_mul(10);
        let mut unit = 0;
        while tenths >= 10_240 && unit + 1 < UNITS.len() {
            tenths /= 1024;
            unit += 1;
        }
        let plain = if unit == 0 || tenths >= 100 {
            format!("{}", tenths / 10)
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        format!("{} {}", self.number(&plain), UNITS[unit])
    }
}

fn group(digits: &str, mark: char) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(mark);
        }
        grouped.push(digit);
    }
    grouped
}

/// `1.234`, but not `0.125`: no group begins with a zero.
fn is_grouped(text: &str, mark: char) -> bool {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let begins = (1..=3).contains(&first.len()) && !first.starts_with('0');
    begins && !rest.is_empty() && rest.iter().all(|part| part.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn a_year_keeps_its_digits_together_and_a_sum_of_money_does_not() {
        assert_eq!(Language::Vi.whole_number("1985"), "1985");
        assert_eq!(Language::Vi.whole_number("-1985"), "-1985");
        assert_eq!(Language::Vi.whole_number("1500000"), "1.500.000");
        assert_eq!(Language::En.whole_number("12345"), "12,345");
    }

    #[test]
    fn numbers_are_written_with_the_marks_of_the_language() {
        let cases = [
            ("0", "0", "0"),
            ("1234", "1.234", "1,234"),
            ("1234567.25", "1.234.567,25", "1,234,567.25"),
            ("-1234.5", "-1.234,5", "-1,234.5"),
            ("khoảng 3", "khoảng 3", "khoảng 3"),
            ("1.", "1.", "1."),
            ("", "", ""),
        ];
        for (plain, vi, en) in cases {
            assert_eq!(Language::Vi.number(plain), vi);
            assert_eq!(Language::En.number(plain), en);
        }
    }

    #[test]
    fn a_number_that_is_changed_by_hand_has_no_marks_of_thousands() {
        let cases = [
            ("12345", "12345", "12345"),
            ("1234567.25", "1234567,25", "1234567.25"),
            ("-1234.50", "-1234,50", "-1234.50"),
            ("999", "999", "999"),
            ("1.2.3", "1.2.3", "1.2.3"),
            ("1,2,3", "1,2,3", "1,2,3"),
            ("", "", ""),
        ];
        for (plain, vi, en) in cases {
            assert_eq!(Language::Vi.number_to_edit(plain), vi);
            assert_eq!(Language::En.number_to_edit(plain), en);
        }
    }

    #[test]
    fn what_a_form_works_out_is_written_as_people_do() {
        let cases = [
            ("94.3", "%", "94,3\u{a0}%", "94.3"),
            ("94.3", " kg", "94,3", "94.3"),
            ("2026", "", "2026", "2026"),
            ("12345.5", "", "12.345,5", "12,345.5"),
            ("", "%", "\u{a0}%", ""),
        ];
        for (number, next, vi, en) in cases {
            let vi = vi.trim_end_matches('%');
            assert_eq!((Language::Vi.numbers())(number, next), vi);
            assert_eq!((Language::En.numbers())(number, next), en);
        }
    }

    #[test]
    fn what_is_typed_is_read_in_the_language_of_the_app() {
        let cases = [
            (Language::Vi, "1.234,5", "1234.5"),
            (Language::Vi, "1,5", "1.5"),
            (Language::Vi, "1.5", "1.5"),
            (Language::Vi, "1.234", "1234"),
            (Language::Vi, "12.345.678", "12345678"),
            (Language::Vi, "0.125", "0.125"),
            (Language::Vi, "-0.125", "-0.125"),
            (Language::Vi, "1 234", "1234"),
            (Language::Vi, ",5", "0.5"),
            (Language::Vi, "5,", "5"),
            (Language::Vi, "-3", "-3"),
            (Language::Vi, "ba", "ba"),
            (Language::Vi, "", ""),
            (Language::Vi, "-", "-"),
            (Language::En, "1,234.5", "1234.5"),
            (Language::En, "1,234", "1234"),
            (Language::En, "1,5", "1.5"),
            (Language::En, "0,125", "0.125"),
        ];
        for (lang, typed, plain) in cases {
            assert_eq!(lang.parse_number(typed), plain, "{typed}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        for plain in ["0", "7", "999", "1000", "123456.789", "-1000000"] {
            for lang in Language::ALL {
                assert_eq!(lang.parse_number(&lang.number(plain)), plain);
            }
        }
    }

    #[test]
    fn sizes_use_the_largest_fitting_unit() {
        let cases = [(0, "0 B"), (1_023, "1.023 B"), (1_536, "1,5 KB"), (52_428_800, "50 MB")];
        for (bytes, text) in cases {
            assert_eq!(Language::Vi.bytes(bytes), text);
        }
    }
}
