//! A photo: taken or picked, made small, kept on the phone.

use leptos::prelude::*;

use crate::reactive::Show;

use super::annotate::Annotate;
use super::file::{RemoveFile, Taking, TakingNews, answer_file, keep};
use crate::components::{Glyph, Icon};
use crate::form_view::FilePicture;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{files, photo, tasks};

/// A photo. The camera opens at once where there is one; a picture already taken can be picked too.
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
        <div class="photo" role="group" aria-labelledby=asked.label_id()>
            <Show when=move || file.read().is_some()>
                <FilePicture file=file alt=asked.label_text() />
            </Show>
            <div class="button-row">
                <PhotoInput asked=asked taking=taking max_pixels=max_pixels camera=true label=label />
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
        <TakingNews asked=asked taking=taking />
    }
}

#[component]
fn PhotoInput(
    asked: Asked,
    taking: RwSignal<Taking>,
    max_pixels: u32,
    camera: bool,
    label: Signal<String>,
) -> impl IntoView {
    let id = if camera { asked.input_id() } else { format!("{}-pick", asked.input_id()) };
    view! {
        <label class="button file-button" class:button-off=move || asked.readonly().get()>
            <input
                class="visually-hidden"
                type="file"
                id=id
                accept="image/*"
                capture=camera.then_some(if asked.looks("new-front") { "user" } else { "environment" })
                disabled=asked.readonly()
                aria-describedby=asked.described_by()
                on:change:target=move |event| {
                    let Some(picked) = files::take_picked(&event.target()) else { return };
                    taking.set(Taking::Busy);
                    tasks::spawn(async move {
                        match photo::shrink(&picked, max_pixels).await {
                            Ok(small) => keep(asked, &small.name, &small.media_type, &small.bytes, taking).await,
                            Err(_unreadable) => {
                                taking.try_set(Taking::Unreadable);
                            }
                        }
                    });
                }
            />
            <Icon glyph=if camera { Glyph::Camera } else { Glyph::Clip } />
            <span>{label}</span>
        </label>
    }
}
