//! Codes that are read one after the other: each leads to the row in which it stands.

use form::NodeId;
use leptos::prelude::*;

use crate::reactive::Show;

use super::controls::ScanSheet;
use super::repeat::name_of_row_around;
use crate::components::{Glyph, IconButton};
use crate::locale::Language;
use crate::platform::{barcode, camera::Side};
use crate::stores::{FormEntry, preferences::use_words};

/// A button that reads codes until it is enough. Who was found is told below the picture, and so is a code of nobody.
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
        told.try_set(Some((code, row)));
        if let Some(row) = row {
            on_found.try_run(row);
        }
        true
    };
    let below = move || {
        let text = move || match told.get() {
            Some((_, Some(row))) => name_of_row_around(entry, words.now(), row),
            Some((code, None)) => words.now().code_of_nobody(&code),
            None => String::new(),
        };
        // Whoever reads no more sees whom they found.
        on_cleanup(move || {
            if let Some((_, Some(row))) = told.try_get_untracked().flatten() {
                on_end.try_run(row);
            }
            told.try_set(None);
        });
        view! { <p class="scan-told" role="status">{text}</p> }
    };
    view! {
        <Show when=barcode::is_supported>
            <IconButton label=words.say(Language::scan) glyph=Glyph::Barcode on_click=move |()| open.set(true) />
        </Show>
        <ScanSheet open=open side=Side::Back on_code=scanned below=below />
    }
}
