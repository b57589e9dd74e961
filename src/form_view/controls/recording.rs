//! Sound and film: recorded here, or chosen.

use leptos::prelude::*;

use sync::blob::MAX_SIZE;

use crate::reactive::Show;

use super::file::{FileUpload, Says, Taking, TakingNews, begin, keep};
use crate::components::{Button, Glyph, Icon, Trouble};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{
    recorder::{self, News, Recorder, Wanted},
    tasks, visibility,
};

/// So many bits has a second of a sound: by its `quality`, as other apps take them. An hour of the best is 29 MB.
pub(super) fn bits(quality: Option<&str>) -> u32 {
    match quality {
        Some("voice-only") => 16_000,
        Some("low") => 24_000,
        _ => 64_000,
    }
}

/// What comes between that a recording is found too long and its end.
const LAST_BYTES: u64 = 4 << 20;

/// A sound or a film. A film is made by the phone's own camera, which does it better than a page can.
#[component]
pub(super) fn Recording(asked: Asked, media: String, bits: u32) -> impl IntoView {
    let is_audio = media.starts_with("audio");
    let record = if is_audio {
        view! { <Microphone asked=asked bits=bits /> }.into_any()
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
fn Microphone(asked: Asked, bits: u32) -> impl IntoView {
    let words = asked.words;
    let taking = RwSignal::new(Taking::Idle);
    let running = StoredValue::new_local(None::<Recorder>);
    let is_running = RwSignal::new(false);
    let is_starting = RwSignal::new(false);
    let trouble = RwSignal::new(None::<Says>);
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
        trouble.try_set(recorder.is_full().then_some(Language::recording_full));
        let coming = begin(asked, taking);
        tasks::spawn(async move {
            keep(asked, coming, recorder.finish().await, taking).await;
            await_again();
        });
    };
    let give = move || {
        running.try_with_value(|running| running.as_ref().map(Recorder::give));
    };
    let hear = move |news: News| match news {
        News::Taken(is_taken) => {
            trouble.try_set(is_taken.then_some(Language::microphone_taken));
            give();
        }
        // In the browser's hands it is lost when the system ends the app.
        News::Heard(sound) => {
            let coming = asked.entry.file_comes(asked.id);
            tasks::spawn(async move {
                if let Ok(sound) = sound.file() {
                    keep(asked, coming, Ok(sound), taking).await;
                }
                await_again();
            });
        }
    };
    let hides = leptos::ev::Custom::<leptos::ev::Event>::new("visibilitychange");
    let hidden = window_event_listener(hides, move |_| {
        if !visibility::is_visible() {
            give();
        }
    });
    let start = move || {
        trouble.set(None);
        taking.set(Taking::Idle);
        is_starting.set(true);
        tasks::spawn(async move {
            let wanted = Wanted { bits, longest: MAX_SIZE - LAST_BYTES };
            let started = Recorder::start(wanted, stop, hear).await;
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
                    trouble.try_set(Some(Language::microphone_denied));
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
        <Trouble told=Signal::derive(move || trouble.get().map(|text| text(words.now()).to_owned())) />
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
