//! Pictures, sounds and films that a form brings along for its labels and choices.

use form::{Choice, RichText};
use leptos::prelude::*;

use crate::reactive::memo;

use super::controls::choice_name;
use crate::components::{Button, ButtonKind, FullImage, Thumbnail};
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

/// A choice with what it has to be heard and seen besides its picture. That stands below it: whoever plays it has chosen nothing.
pub(super) fn with_media(entry: FormEntry, choice: &Choice, drawn: AnyView) -> AnyView {
    let RichText { big_image, audio, video, .. } = &choice.label;
    let full = big_image.as_deref().and_then(|address| entry.media(address));
    let is_here = |address: &Option<String>| {
        address.as_deref().is_some_and(|address| entry.media(address).is_some())
    };
    if full.is_none() && !is_here(audio) && !is_here(video) {
        return drawn;
    }
    let name = Signal::stored(choice_name(choice));
    let plays = RichText { audio: audio.clone(), video: video.clone(), ..RichText::default() };
    view! {
        <div class="choice-with-media">
            {drawn} {full.map(|src| view! { <InFull src=src name=name /> })}
            <LabelMedia of=Signal::stored(plays) alt=name />
        </div>
    }
    .into_any()
}

/// A button that opens the large picture of a choice.
#[component]
fn InFull(#[prop(into)] src: Signal<String>, name: Signal<String>) -> impl IntoView {
    let words = use_words();
    let is_open = RwSignal::new(false);
    let label = Signal::derive(move || format!("{}: {}", words.now().see_full(), name.read()));
    let close = move |()| {
        is_open.try_set(false);
    };
    view! {
        <Button kind=ButtonKind::Quiet label=label on_click=move |()| is_open.set(true) />
        <FullImage src=src alt=name open=is_open close_label=words.say(Language::close) on_close=close />
    }
}
