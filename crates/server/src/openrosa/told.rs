//! What a submission is answered in words, which clients show to their people: in the language that the pack names first.

use crate::export::Language;

/// It is kept; whether it stands in its record, and which of its files did not come.
pub(super) fn received(language: Language, is_applied: bool, missing: &[String]) -> String {
    let (received, waits, lacks) = match language {
        Language::Vietnamese => {
            ("Đã nhận", "; đang chờ người điều phối xử lý", "; chưa nhận được các tệp: ")
        }
        Language::English => (
            "Received",
            "; it waits for the coordinator's decision",
            "; these attachments did not come: ",
        ),
    };
    let mut told = received.to_owned();
    if !is_applied {
        told += waits;
    }
    if !missing.is_empty() {
        told += lacks;
        told += &missing.join(", ");
    }
    told
}

/// The answers are kept, and a file beside them is not.
pub(super) fn too_large(language: Language, name: &str) -> String {
    match language {
        Language::Vietnamese => {
            format!("Đã nhận câu trả lời; tệp này quá lớn nên chưa nhận: {name}")
        }
        Language::English => format!("The answers arrived; this file is too large: {name}"),
    }
}

/// The address opens nothing. Who asks is not known, nor is the database asked for a pack: it is said in both languages.
pub(super) const NO_TOKEN: &str = "Địa chỉ này không còn dùng được. Tạo địa chỉ mới trong Sổ tay. \
    (The address holds a token that was ended or never was; make a new one.)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_a_pack_in_english_is_told_in_english() {
        let missing = ["a.jpg".to_owned(), "b.jpg".to_owned()];
        let told = received(Language::from_tag(Some("en")), false, &missing);
        assert_eq!(
            told,
            "Received; it waits for the coordinator's decision; these attachments did not come: a.jpg, b.jpg"
        );
    }
}
