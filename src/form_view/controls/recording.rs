//! Sound and film: recorded here, or chosen.

use leptos::prelude::*;

use crate::reactive::Show;

use super::file::{FileUpload, Taking, TakingNews, keep};
use crate::components::{Banner, Button, Glyph, Icon, Tone};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::recorder::{self, Recorder};
use crate::platform::tasks;

/// A sound or a film. A film is made by the phone's own camera, which does it better than a page can.
#[component]
pub(super) fn Recording(asked: Asked, media: String) -> impl IntoView {
    let is_audio = media.starts_with("audio");
    let record = if is_audio {
        view! { <Microphone asked=asked /> }.into_any()
    } else {
        view! { <Camera asked=asked /> }.into_any()
    };
    view! {
        {record}
        <FileUpload asked=asked media=media />
    }
}

/// Records a sound by the microphone.
#[component]
fn Microphone(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let taking = RwSignal::new(Taking::Idle);
    let running = StoredValue::new_local(None::<Recorder>);
    let is_running = RwSignal::new(false);
    let denied = RwSignal::new(false);
    // Also when the system ends it.
    let stop = move || {
        is_running.try_set(false);
        let Some(recorder) = running.try_update_value(Option::take).flatten() else { return };
        taking.try_set(Taking::Busy);
        let coming = asked.entry.file_comes(asked.id);
        tasks::spawn(async move {
            keep(asked, coming, recorder.finish().await, taking).await;
        });
    };
    let start = move || {
        denied.set(false);
        tasks::spawn(async move {
            match Recorder::start(stop).await {
                Ok(recorder) => {
                    if let Some(Some(unwanted)) = running.try_set_value(Some(recorder)) {
                        // The question is gone since the microphone was asked for.
                        drop(unwanted.finish().await);
                    }
                    is_running.try_set(true);
                }
                Err(error) => {
                    crate::platform::log_error(&error.to_string());
                    denied.try_set(true);
                }
            }
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        if is_running.get() { language.stop_recording() } else { language.record_sound() }
            .to_owned()
    });
    // What is being said when the page goes away is kept too.
    on_cleanup(move || {
        if let Some(Some(recorder)) = running.try_update_value(Option::take) {
            let coming = asked.entry.file_comes(asked.id);
            tasks::spawn(async move { keep(asked, coming, recorder.finish().await, taking).await });
        }
    });
    view! {
        <Show when=move || recorder::is_supported() && !asked.readonly().get()>
            <div class="button-row">
                <Button
                    icon=Glyph::Microphone
                    label=label
                    on_click=move |()| if is_running.get_untracked() { stop() } else { start() }
                />
                <Show when=move || is_running.get()>
                    <span class="recording" role="status">{words.say(Language::recording)}</span>
                </Show>
            </div>
        </Show>
        <Show when=move || denied.get()>
            <Banner tone=Tone::Attention title=words.say(Language::microphone_denied) />
        </Show>
        <TakingNews asked=asked taking=taking />
    }
}

/// Opens the phone's camera for a film.
#[component]
fn Camera(asked: Asked) -> impl IntoView {
    let taking = RwSignal::new(Taking::Idle);
    view! {
        <label class="button file-button" class:button-off=move || asked.readonly().get()>
            <input
                class="visually-hidden"
                type="file"
                id=format!("{}-camera", asked.input_id())
                accept="video/*"
                capture="environment"
                disabled=asked.locked()
                on:click=move |_| asked.entry.await_file(asked.id, true)
                on:cancel=move |_: leptos::ev::Event| asked.entry.await_file(asked.id, false)
                on:change:target=move |event| super::file::take(asked, &event.target(), taking)
            />
            <Icon glyph=Glyph::Camera />
            <span>{asked.words.say(Language::record_film)}</span>
        </label>
        <TakingNews asked=asked taking=taking />
    }
}
