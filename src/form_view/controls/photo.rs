//! A photo: taken or picked, made small, kept on the phone.

use leptos::prelude::*;

use crate::reactive::Show;

use super::annotate::Annotate;
use super::camera::TakePhoto;
use super::file::{RemoveFile, Taking, TakingNews, answer_file, begin, keep};
use crate::components::{Glyph, Icon};
use crate::form_view::FilePicture;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{camera, files, photo, tasks};

/// A photo: by the camera in the page, by the phone's own where the browser has none, or a picture already taken.
#[component]
pub(super) fn Photo(asked: Asked, max_pixels: Option<u32>) -> impl IntoView {
    let words = asked.words;
    let max_pixels = max_pixels.unwrap_or(photo::MAX_PIXELS_DEFAULT);
    let taking = RwSignal::new(Taking::Idle);
    let file = answer_file(asked);
    let is_new_only = asked.looks("new") || asked.looks("new-front");
    let is_drawn_on = asked.looks("annotate");
    let label = Signal::derive(move || {
        let language = words.now();
        if file.read().is_some() { language.change_photo() } else { language.take_photo() }
            .to_owned()
    });
    view! {
        <div class="photo" role="group" aria-labelledby=asked.label_id() aria-describedby=asked.described_by()>
            <Show when=move || file.read().is_some()>
                <FilePicture file=file alt=asked.label_text() />
            </Show>
            <div class="button-row">
                {if camera::is_supported() {
                    view! { <TakePhoto asked=asked max_pixels=max_pixels label=label /> }.into_any()
                } else {
                    view! { <PhotoInput asked=asked taking=taking max_pixels=max_pixels camera=true label=label /> }
                        .into_any()
                }}
                <Show when=move || !is_new_only>
                    <PhotoInput
                        asked=asked
                        taking=taking
                        max_pixels=max_pixels
                        camera=false
                        label=words.say(Language::choose_photo)
                    />
                </Show>
                <Show when=move || is_drawn_on && file.read().is_some() && !asked.readonly().get()>
                    <Annotate asked=asked taking=taking />
                </Show>
                <Show when=move || file.read().is_some() && !asked.readonly().get()>
                    <RemoveFile asked=asked />
                </Show>
            </div>
        </div>
        <TakingNews asked=asked taking=taking is_photo=true />
    }
}

/// The phone's own camera, or its pictures. Either may end the app meanwhile, so the disk knows first what is waited for.
#[component]
pub(super) fn PhotoInput(
    asked: Asked,
    taking: RwSignal<Taking>,
    max_pixels: u32,
    camera: bool,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    view! {
        <label class="button file-button" class:button-off=move || asked.readonly().get()>
            <input
                class="visually-hidden"
                type="file"
                accept="image/*"
                capture=camera.then_some(if asked.looks("new-front") { "user" } else { "environment" })
                disabled=asked.locked()
                aria-describedby=asked.described_by()
                on:click=move |_| asked.entry.await_file(asked.id, true)
                on:cancel=move |event: leptos::ev::Event| {
                    // It bubbles, and a dialog around it takes it for its own.
                    event.stop_propagation();
                    asked.entry.await_file(asked.id, false);
                }
                on:change:target=move |event| {
                    let Some(picked) = files::take_picked(&event.target()) else { return };
                    let coming = begin(asked, taking);
                    tasks::spawn(async move {
                        keep(asked, coming, photo::shrink(&picked, max_pixels).await, taking).await;
                    });
                }
            />
            {camera.then(|| view! { <Icon glyph=Glyph::Camera /> })}
            <span>{label}</span>
        </label>
    }
}
