//! An answer as people read it.

use form::{Choice, DataType, QuestionControl};

use super::controls::{chosen_name, number_name};
use super::map::Place;
use crate::locale::{Language, date};

/// An answer as people read it: labels of choices, dates day first, numbers with the marks of the language.
#[must_use]
pub fn answer_text(
    language: Language,
    control: &QuestionControl,
    data_type: DataType,
    value: &str,
    choices: &[Choice],
) -> String {
    let label = |value: &str| chosen_name(choices, value);
    if let QuestionControl::Range { .. } = control
        && let Some(name) = number_name(choices, value)
    {
        return name;
    }
    match (control, data_type) {
        (QuestionControl::Select1, _) => label(value),
        (QuestionControl::Select | QuestionControl::Rank, _) => {
            value.split_whitespace().map(label).collect::<Vec<_>>().join("; ")
        }
        (QuestionControl::Trigger, _) if value == "OK" => language.i_confirm().to_owned(),
        (_, DataType::Int) => language.whole_number(value),
        (_, DataType::Decimal) => language.number(value),
        (QuestionControl::Range { .. }, _) => language.number(value),
        (_, DataType::Date) => date::date(value),
        (_, DataType::Time) => date::time(value),
        (_, DataType::DateTime) => date::date_time(value),
        (_, DataType::Geopoint) => language.place(value),
        _ => value.to_owned(),
    }
}

/// Where a map of a geopoint is found.
#[must_use]
pub fn map_link(value: &str) -> Option<String> {
    Place::read(value)?;
    let mut parts = value.split_whitespace();
    let (latitude, longitude) = (parts.next()?, parts.next()?);
    Some(format!(
        "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"
    ))
}

#[cfg(test)]
mod tests {
    use form::RichText;

    use super::*;

    fn choice(value: &str, label: &str) -> Choice {
        Choice {
            value: value.to_owned(),
            label: RichText { text: label.to_owned(), ..RichText::default() },
            geometry: None,
        }
    }

    #[test]
    fn answers_are_shown_as_people_read_them() {
        let choices = [
            choice("dat", "Đạt"),
            choice("chua_dat", "**Chưa đạt** ([văn bản](https://vbpl.vn/1))"),
            choice("chom", ""),
            choice("5", "*Rất tốt*"),
        ];
        let range = || QuestionControl::Range {
            start: "1".to_owned(),
            end: "5".to_owned(),
            step: "0.5".to_owned(),
        };
        let cases = [
            (QuestionControl::Select1, DataType::String, "dat", "Đạt"),
            (QuestionControl::Select1, DataType::String, "cu", "cu"),
            (
                QuestionControl::Select,
                DataType::String,
                "dat chua_dat chom",
                "Đạt; Chưa đạt (văn bản); chom",
            ),
            (range(), DataType::Decimal, "5.0", "Rất tốt"),
            (range(), DataType::Decimal, "4.5", "4,5"),
            (QuestionControl::Input, DataType::Decimal, "1234.5", "1.234,5"),
            (QuestionControl::Input, DataType::Date, "2024-03-07", "07/03/2024"),
            (QuestionControl::Input, DataType::Time, "08:30:00.000+07:00", "08:30"),
            (
                QuestionControl::Input,
                DataType::Geopoint,
                "10.93 107.24 0.0 12.0",
                "10.93, 107.24 (sai số khoảng 12 m)",
            ),
            (
                QuestionControl::Input,
                DataType::Geopoint,
                "10.9300000 107.2400000 0 0",
                "10.93, 107.24",
            ),
            (QuestionControl::Input, DataType::String, "1234", "1234"),
        ];
        for (control, data_type, value, text) in cases {
            assert_eq!(answer_text(Language::Vi, &control, data_type, value, &choices), text);
        }
    }

    #[test]
    fn only_a_real_place_has_a_map() {
        assert!(
            map_link("10.93 107.24 0 0").is_some_and(|link| link.ends_with("#map=17/10.93/107.24"))
        );
        assert_eq!(map_link("\"><script> 1"), None);
        assert_eq!(map_link("100 107"), None);
        assert_eq!(map_link(""), None);
    }
}
