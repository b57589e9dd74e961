//! A file of a record in words: played in place or saved, once somebody asks for it.

use std::rc::Rc;

use leptos::{html, prelude::*};
use sync::wire::FileRef;

use crate::components::{Button, Glyph, Icon};
use crate::locale::Language;
use crate::platform::{
    document,
    files::{self, ObjectUrl},
    log_error, tasks,
};
use crate::reactive::{Show, effect};
use crate::stores::{Records, preferences::use_words};

/// How far a file that was asked for is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coming {
    No,
    Now,
    /// Neither this phone nor the server gave it.
    Failed,
}

/// A file by its name, and the button that plays it or saves it. Its bytes come from the phone, else from the server; only at
/// a press, for they may be many.
#[component]
pub fn StoredFile(file: FileRef) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let is_film = file.media_type.starts_with("video/");
    // As long as this browser does not say that it cannot.
    let plays = RwSignal::new(is_film || file.media_type.starts_with("audio/"));
    let coming = RwSignal::new(Coming::No);
    let url = RwSignal::new_local(None::<Rc<ObjectUrl>>);
    // What it is: its name is mostly a moment in digits. It is saved under that.
    let (name, media, size) = (file.name.clone(), file.media_type.clone(), file.size);
    let text = Signal::derive(move || {
        let language = words.now();
        format!("{} · {}", language.file_kind(&name, &media), language.bytes(size))
    });
    let file = StoredValue::new(file);
    let open = move |()| {
        if coming.get_untracked() == Coming::Now {
            return;
        }
        coming.set(Coming::Now);
        tasks::spawn(async move {
            let Some(file) = file.try_get_value() else { return };
            let loaded = records.file(&file).await.map_err(|error| error.to_string());
            let Some(plays) = plays.try_get_untracked() else { return };
            let opened = loaded.and_then(|loaded| {
                let opened = ObjectUrl::of(&loaded).and_then(|opened| {
                    if !plays {
                        return files::click_download(opened, &file.name);
                    }
                    url.try_set(Some(Rc::new(opened)));
                    Ok(())
                });
                opened.map_err(|error| error.to_string())
            });
            if let Err(error) = &opened {
                log_error(&format!("file not opened: {error}"));
            }
            coming.try_set(if opened.is_ok() { Coming::No } else { Coming::Failed });
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        if plays.get() { language.play_file() } else { language.save_file() }.to_owned()
    });
    let give_up = move || {
        plays.try_set(false);
        url.try_set(None);
    };
    // The player takes the place of the button that has the focus.
    let place = NodeRef::<html::Div>::new();
    effect(move || {
        if let (Some(place), true) = (place.get(), url.read().is_some()) {
            request_animation_frame(move || document::catch_focus_in(&place, ".player"));
        }
    });
    view! {
        <div class="stored-file" node_ref=place>
            <span class="answer-text"><Icon glyph=Glyph::Clip />{text}</span>
            {move || match url.get() {
                None => view! { <Button label=label on_click=open /> }.into_any(),
                Some(url) if is_film => view! {
                    <video class="player" controls autoplay playsinline src=url.as_str().to_owned() aria-label=text on:error=move |_| give_up()></video>
                }
                .into_any(),
                Some(url) => view! {
                    <audio class="player" controls autoplay src=url.as_str().to_owned() aria-label=text on:error=move |_| give_up()></audio>
                }
                .into_any(),
            }}
            <Show when=move || coming.get() == Coming::Failed>
                <p class="muted" role="status">{words.say(Language::file_not_here)}</p>
            </Show>
        </div>
    }
}
