//! The words of an export, and the texts of a form in one language.

use form::definition::{Form, Label, TextPart};
use sync::wire::State;

/// A language of headings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vietnamese,
    /// English.
    English,
}

/// Headings of the columns that every form has.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub record: &'static str,
    /// What opens it.
    pub link: &'static str,
    pub title: &'static str,
    pub state: &'static str,
    /// How much in the record waits for a choice.
    pub to_decide: &'static str,
    pub unit: &'static str,
    pub author: &'static str,
    pub received: &'static str,
    pub begun: &'static str,
    pub row: &'static str,
    pub parent_row: &'static str,
    pub latitude: &'static str,
    pub longitude: &'static str,
    /// What stands for the `OK` of whoever confirmed something.
    pub confirmed: &'static str,
    /// The last sheet, and what stands above what was chosen there.
    pub chosen_by: &'static str,
    pub in_this_file: &'static str,
    pub form: &'static str,
    /// Where nothing was chosen.
    pub all: &'static str,
    /// What stands behind a unit with those below it.
    pub and_below: &'static str,
    pub begun_from: &'static str,
    pub begun_until: &'static str,
    pub asks: &'static str,
    pub to_look_at: &'static str,
    pub sought: &'static str,
    pub taken: &'static str,
    pub taken_by: &'static str,
}

const VIETNAMESE: Words = Words {
    record: "Mã hồ sơ",
    link: "Mở hồ sơ",
    title: "Tên hồ sơ",
    state: "Trạng thái",
    to_decide: "Cần quyết định",
    unit: "Đơn vị",
    author: "Người nhập (tài khoản)",
    received: "Máy chủ nhận lúc",
    begun: "Bắt đầu nhập",
    row: "Dòng",
    parent_row: "Thuộc dòng",
    latitude: "vĩ độ",
    longitude: "kinh độ",
    confirmed: "Đã xác nhận",
    chosen_by: "Lọc theo",
    in_this_file: "Tệp này gồm",
    form: "Mẫu phiếu",
    all: "Tất cả",
    and_below: " và các đơn vị trực thuộc",
    begun_from: "Bắt đầu nhập từ ngày",
    begun_until: "Bắt đầu nhập đến hết ngày",
    asks: "Việc cần làm",
    to_look_at: "Nên xem lại",
    sought: "Tìm",
    taken: "Tải lúc",
    taken_by: "Người tải (tài khoản)",
};

const ENGLISH: Words = Words {
    record: "Record",
    link: "Open it",
    title: "Name",
    state: "State",
    to_decide: "To decide",
    unit: "Unit",
    author: "Filled by (account)",
    received: "Received by the server",
    begun: "Begun",
    row: "Row",
    parent_row: "Parent row",
    latitude: "latitude",
    longitude: "longitude",
    confirmed: "Confirmed",
    chosen_by: "Filtered by",
    in_this_file: "In this file",
    form: "Form",
    all: "All",
    and_below: " and the units below it",
    begun_from: "Begun from",
    begun_until: "Begun until the end of",
    asks: "To be done",
    to_look_at: "Worth a look",
    sought: "Search",
    taken: "Exported at",
    taken_by: "Exported by (account)",
};

impl Language {
    /// The language of a tag; Vietnamese for all but `en`.
    #[must_use]
    pub fn from_tag(tag: Option<&str>) -> Self {
        match tag {
            Some(tag) if tag.eq_ignore_ascii_case("en") => Self::English,
            _ => Self::Vietnamese,
        }
    }

    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    pub(super) fn words(self) -> Words {
        match self {
            Self::Vietnamese => VIETNAMESE,
            Self::English => ENGLISH,
        }
    }

    /// A state in the words that the app has for it.
    pub(super) fn state(self, state: State) -> &'static str {
        match (self, state) {
            (Self::Vietnamese, State::Draft) => "Làm dở",
            (Self::Vietnamese, State::Submitted) => "Đã nộp",
            (Self::Vietnamese, State::Returned) => "Bị trả lại",
            (Self::Vietnamese, State::Approved) => "Đã duyệt",
            (Self::Vietnamese, State::Withdrawn) => "Đã rút",
            (Self::English, State::Draft) => "Draft",
            (Self::English, State::Submitted) => "Submitted",
            (Self::English, State::Returned) => "Returned",
            (Self::English, State::Approved) => "Approved",
            (Self::English, State::Withdrawn) => "Withdrawn",
        }
    }
}

/// A form's texts in one language, or in its default one where it does not speak that.
pub(super) struct Texts<'f> {
    form: &'f Form,
    /// The words beside the form's own.
    pub(super) words: Words,
    translation: Option<usize>,
}

impl<'f> Texts<'f> {
    pub(super) fn new(form: &'f Form, language: Language) -> Self {
        let tag = language.tag();
        let suffix = format!("({tag})");
        let speaks =
            |name: &str| name.eq_ignore_ascii_case(tag) || name.trim_end().ends_with(&suffix);
        let itext = &form.itext;
        let translation = itext
            .iter()
            .position(|translation| speaks(&translation.language))
            .or_else(|| itext.iter().position(|translation| translation.is_default))
            .or_else(|| (!itext.is_empty()).then_some(0));
        Self { form, words: language.words(), translation }
    }

    /// The plain text of `jr:itext('id')`.
    pub(super) fn itext(&self, id: &str) -> Option<String> {
        let translation = self.form.itext.get(self.translation?)?;
        let text = translation.texts.iter().find(|text| text.id == id)?;
        let value = text.values.iter().find(|value| value.form.is_none())?;
        Some(plain(&value.parts))
    }

    pub(super) fn label(&self, label: &Label) -> Option<String> {
        let text = match &label.reference {
            Some(reference) => self.itext(itext_id(reference)?)?,
            None => plain(&label.parts),
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

fn itext_id(reference: &str) -> Option<&str> {
    let id = reference.trim().strip_prefix("jr:itext(")?.strip_suffix(')')?.trim();
    Some(id.trim_matches(['\'', '"']))
}

/// Text without markup; a star that marks nothing, as in `(*)`, stays. What is calculated into it is left as an ellipsis.
fn plain(parts: &[TextPart]) -> String {
    let joined: String = parts
        .iter()
        .map(|part| match part {
            TextPart::Literal(text) => text.as_str(),
            TextPart::Output(_) => "…",
        })
        .collect();
    let mut text = String::with_capacity(joined.len());
    let mut in_tag = false;
    let mut before = None;
    for (at, c) in joined.char_indices() {
        let next = joined.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let is_mark = c == '*'
            && [before, next].into_iter().flatten().any(|c: char| c == '*' || c.is_alphanumeric());
        before = Some(c);
        in_tag |= c == '<' && next.is_some_and(|next| next == '/' || next.is_ascii_alphabetic());
        if !in_tag && !is_mark {
            text.push(c);
        }
        in_tag &= c != '>';
    }
    let words: Vec<&str> = text.trim_start_matches(['#', ' ']).split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_no_markup_and_keeps_what_is_none() {
        for (label, heading) in [
            ("**Loại** hình", "Loại hình"),
            ("Ghi *rõ* nguồn", "Ghi rõ nguồn"),
            ("B2. Thời lượng tin, bài tăng (*)", "B2. Thời lượng tin, bài tăng (*)"),
            ("## Chung <b>đậm</b>", "Chung đậm"),
            ("Dài * rộng", "Dài * rộng"),
        ] {
            assert_eq!(plain(&[TextPart::Literal(label.to_owned())]), heading, "{label}");
        }
    }
}
