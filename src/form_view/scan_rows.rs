//! Codes that are read one after the other: each leads to the row in which it stands.

use form::NodeId;
use leptos::prelude::*;

use crate::reactive::Show;

use super::card_answer::card_question;
use super::controls::ScanSheet;
use super::repeat::{answer_of, name_of_row};
use crate::components::{Glyph, Icon, IconButton};
use crate::locale::Language;
use crate::platform::{barcode, camera::Side, vibration};
use crate::stores::{FormEntry, preferences::use_words};

/// What whoever holds the phone feels when somebody is found, and when nobody is: their eyes are on the next badge.
const HIT_MS: [u16; 1] = [60];
const MISS_MS: [u16; 3] = [200, 100, 200];

/// The part of a code that a person reads: the name on an identity card, not its number.
fn readable(code: &str) -> &str {
    let is_name = |part: &&str| {
        part.contains(char::is_alphabetic) && !part.contains(|c: char| c.is_ascii_digit())
    };
    code.split('|').find(is_name).unwrap_or(code)
}

/// A button that reads codes until it is enough. Who was found is told below the picture with how they are marked, and so is a code
/// of nobody.
#[component]
pub(super) fn ScanRows(
    repeat: NodeId,
    #[prop(into)] on_found: Callback<NodeId>,
    /// When it is enough: whoever was found last.
    #[prop(into)]
    on_end: Callback<NodeId>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let open = RwSignal::new(false);
    let told = RwSignal::new(None::<(String, Option<NodeId>)>);
    let scanned = move |code: String| {
        // A code is read many times as long as it is before the camera.
        let is_same =
            |told: &Option<(String, _)>| told.as_ref().is_some_and(|(last, _)| *last == code);
        if entry.is_closed() || told.try_with_untracked(is_same) != Some(false) {
            return true;
        }
        let row = entry.row_with(repeat, &code);
        vibration::shake(if row.is_some() { &HIT_MS } else { &MISS_MS });
        if let Some(row) = row {
            on_found.try_run(row);
        }
        told.try_set(Some((code, row)));
        true
    };
    let below = move || {
        let text = move || match told.get() {
            Some((_, Some(row))) => {
                let marked = card_question(entry, row);
                let marked = marked.and_then(|question| answer_of(entry, words.now(), question));
                let mut told = vec![name_of_row(entry, words.now(), row)];
                told.extend(marked);
                told.join(" · ")
            }
            Some((code, None)) => words.now().code_of_nobody(readable(&code)),
            None => String::new(),
        };
        let is_found = move || told.get().map(|(_, row)| row.is_some());
        let icon = move || {
            let glyph = if is_found()? { Glyph::Check } else { Glyph::Warning };
            Some(view! { <Icon glyph=glyph /> })
        };
        // Whoever reads no more sees whom they found.
        on_cleanup(move || {
            if let Some((_, Some(row))) = told.try_get_untracked().flatten() {
                on_end.try_run(row);
            }
            told.try_set(None);
        });
        view! { <p class="scan-told" class:scan-miss=move || is_found() == Some(false) role="status">{icon} " " {text}</p> }
    };
    view! {
        <Show when=barcode::is_supported>
            <IconButton label=words.say(Language::scan) glyph=Glyph::Barcode on_click=move |()| open.set(true) />
        </Show>
        <ScanSheet open=open side=Side::Back on_code=scanned below=below />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_identity_card_the_name_is_told_and_of_any_other_code_all_of_it() {
        let card = "079085001234||Nguyễn Văn An|05031985|Nam|12 Hùng Vương|01012022";
        assert_eq!(readable(card), "Nguyễn Văn An");
        assert_eq!(readable("8934567890123"), "8934567890123");
        assert_eq!(readable("12|34"), "12|34");
    }
}
