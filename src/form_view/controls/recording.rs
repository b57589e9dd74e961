//! Sound and film: recorded here, or chosen.

use leptos::prelude::*;

use crate::reactive::Show;

use super::file::{FileUpload, Taking, TakingNews, begin, keep};
use crate::components::{Banner, Button, Glyph, Icon, Tone};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{
    recorder::{self, Recorder, Sound},
    tasks, visibility,
};

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
    let is_starting = RwSignal::new(false);
    let denied = RwSignal::new(false);
    // What is kept is awaited no more; the sound that is being recorded by now is.
    let await_again = move || {
        if is_running.try_get_untracked() == Some(true) {
            asked.entry.make_file(asked.id);
        }
    };
    // Also when the system ends it.
    let stop = move || {
        is_running.try_set(false);
        let Some(recorder) = running.try_update_value(Option::take).flatten() else { return };
        let coming = begin(asked, taking);
        tasks::spawn(async move {
            keep(asked, coming, recorder.finish().await, taking).await;
            await_again();
        });
    };
    // What there is when the system may end the app: it is lost in the browser's hands.
    let keep_so_far = move |sound: Sound| {
        let coming = asked.entry.file_comes(asked.id);
        tasks::spawn(async move {
            if let Ok(sound) = sound.file().await {
                keep(asked, coming, Ok(sound), taking).await;
            }
            await_again();
        });
    };
    let hides = leptos::ev::Custom::<leptos::ev::Event>::new("visibilitychange");
    let hidden = window_event_listener(hides, move |_| {
        running.with_value(|running| {
            if let Some(recorder) = running.as_ref().filter(|_| !visibility::is_visible()) {
                recorder.give();
            }
        });
    });
    let start = move || {
        denied.set(false);
        is_starting.set(true);
        tasks::spawn(async move {
            let started = Recorder::start(stop, keep_so_far).await;
            is_starting.try_set(false);
            match started {
                Ok(recorder) => {
                    // If the question is gone since the microphone was asked for, it goes off.
                    if running.try_set_value(Some(recorder)).is_none() {
                        is_running.try_set(true);
                        asked.entry.make_file(asked.id);
                        asked.entry.ends_by(asked.id, stop);
                    }
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
        hidden.remove();
        stop();
    });
    view! {
        <Show when=move || recorder::is_supported() && !asked.readonly().get()>
            <div class="button-row">
                <Button
                    icon=Glyph::Microphone
                    label=label
                    // Switched off while the microphone is asked for, it would throw the focus out.
                    on_click=move |()| {
                        if is_running.get_untracked() {
                            stop();
                        } else if !is_starting.get_untracked() {
                            start();
                        }
                    }
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
