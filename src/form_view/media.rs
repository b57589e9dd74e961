//! Pictures, sounds and films that a form brings along for its labels and choices.

use form::{Choice, RichText};
use leptos::prelude::*;

use crate::reactive::memo;

use crate::components::{FullImage, Thumbnail};
use crate::locale::Language;
use crate::stores::{FormEntry, preferences::use_words};

/// What stands under a question's label. A file that is not on this phone leaves nothing behind: the text says enough.
#[component]
pub(super) fn LabelMedia(
    #[prop(into)] of: Signal<RichText>,
    #[prop(into)] alt: Signal<String>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let of = memo(move || of.get());
    let url =
        move |address: &Option<String>| address.as_deref().and_then(|address| entry.media(address));
    move || {
        let of = of.read();
        let image = url(&of.image).map(|src| {
            let full = url(&of.big_image).unwrap_or_else(|| src.clone());
            let is_open = RwSignal::new(false);
            let close = move |()| {
                is_open.try_set(false);
            };
            view! {
                <Thumbnail src=src alt=alt open_label=words.say(Language::see_full) on_open=move |()| is_open.set(true) />
                <FullImage src=full alt=alt open=is_open close_label=words.say(Language::close) on_close=close />
            }
        });
        let audio = url(&of.audio)
            .map(|src| view! { <audio class="player" controls preload="none" src=src aria-label=alt></audio> });
        let video = url(&of.video)
            .map(|src| view! { <video class="player" controls preload="none" src=src aria-label=alt></video> });
        let is_some = image.is_some() || audio.is_some() || video.is_some();
        is_some.then(|| view! { <div class="label-media">{image} {audio} {video}</div> })
    }
}

/// The picture of a choice, if it has one here. The choice's words beside it say what it is.
pub(super) fn choice_picture(entry: FormEntry, choice: &Choice) -> Option<AnyView> {
    let src = entry.media(choice.label.image.as_deref()?)?;
    Some(view! { <img class="choice-picture" src=src alt="" /> }.into_any())
}
