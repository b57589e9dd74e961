//! Says that the phone is almost full, where people begin a record or take a photo: before it is. And that a window keeps nothing.

use leptos::prelude::*;

use crate::components::{Banner, Tone};
use crate::locale::Language;
use crate::platform::storage::{LOW_BYTES, Space};
use crate::reactive::{Show, memo};
use crate::stores::{SpaceWatch, preferences::use_words};

/// The warning, as long as there is little room.
#[component]
pub(super) fn LowSpace(
    /// Without what to do about it: a form needs the page for itself.
    #[prop(optional)]
    brief: bool,
) -> impl IntoView {
    let words = use_words();
    let space = expect_context::<SpaceWatch>().space();
    let is_low = memo(move || space.read().is_low());
    let title =
        Signal::derive(move || words.now().low_space(&room_text(words.now(), *space.read())));
    view! {
        <Show when=move || is_low.get()>
            <Banner tone=Tone::Attention title=title>
                {(!brief).then(|| view! { <p>{words.say(Language::low_space_what_to_do)}</p> })}
            </Banner>
        </Show>
    }
}

/// The warning of a window that keeps nothing. Before the first record: whoever followed a link may have come by it.
#[component]
pub(super) fn PrivateWindow() -> impl IntoView {
    let words = use_words();
    let space = expect_context::<SpaceWatch>().space();
    let passes = memo(move || space.read().passes);
    view! {
        <Show when=move || passes.get()>
            <Banner tone=Tone::Bad stands=true title=words.say(Language::private_window)>
                <p>{words.say(Language::private_window_what_to_do)}</p>
            </Banner>
        </Show>
    }
}

/// How much room is left.
pub(super) fn room_text(language: Language, space: Space) -> String {
    match space.left() {
        // A browser that refuses so little has not told the truth.
        Some(left) if !space.refuses || left < LOW_BYTES => language.bytes(left),
        _ if space.refuses => language.less_than(LOW_BYTES),
        _ => language.unknown().to_owned(),
    }
}
