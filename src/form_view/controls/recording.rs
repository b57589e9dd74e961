//! Sound and film: recorded here, or chosen; heard and seen again in place.

use std::rc::Rc;

use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use super::file::{FileUpload, Taking, TakingNews, answer_file, keep};
use crate::components::{Banner, Button, Glyph, Icon, Tone};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::recorder::{self, Recorder};
use crate::platform::{files, tasks};
use crate::stores::Records;

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
        <Player asked=asked is_audio=is_audio />
        {record}
        <FileUpload asked=asked media=media />
    }
}

/// What was recorded.
#[component]
fn Player(asked: Asked, is_audio: bool) -> impl IntoView {
    let records = expect_context::<Records>();
    let file = answer_file(asked);
    let file = memo(move || file.get());
    let url = RwSignal::new_local(None::<Rc<files::ObjectUrl>>);
    effect(move || {
        url.set(None);
        let Some(file) = file.get() else { return };
        tasks::spawn(async move {
            if let Ok(bytes) = records.file(&file).await {
                url.try_set(files::ObjectUrl::new(&bytes, &file.media_type).ok().map(Rc::new));
            }
        });
    });
    move || {
        let src = url.get()?.as_str().to_owned();
        let name = asked.label_text();
        Some(if is_audio {
            view! { <audio class="player" controls src=src aria-label=name></audio> }.into_any()
        } else {
            view! { <video class="player" controls playsinline src=src aria-label=name></video> }
                .into_any()
        })
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
        tasks::spawn(async move {
            match recorder.finish().await {
                Ok(sound) => {
                    keep(asked, &sound.name, &sound.media_type, &sound.bytes, taking).await;
                }
                Err(_unheard) => {
                    taking.try_set(Taking::Unreadable);
                }
            }
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
            tasks::spawn(async move {
                if let Ok(sound) = recorder.finish().await {
                    keep(asked, &sound.name, &sound.media_type, &sound.bytes, taking).await;
                }
            });
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
                <span class=move || if is_running.get() { "recording" } else { "visually-hidden" } role="status">
                    {move || is_running.get().then(|| words.now().recording())}
                </span>
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
