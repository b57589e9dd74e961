//! Drawing over a photo: what matters on it is marked with a finger.

use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::file::{Taking, TakingNews, answer_file, begin, keep};
use super::signature::{Drawing, Strokes};
use crate::components::{Button, ButtonKind, Glyph, Sheet};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{drawing::Pad, files::Picked, log_error, tasks};
use crate::stores::Records;

/// The button that opens the photo to draw on.
#[component]
pub(super) fn Annotate(asked: Asked, taking: RwSignal<Taking>) -> impl IntoView {
    let words = asked.words;
    let open = RwSignal::new(false);
    view! {
        <Button icon=Glyph::Sign label=words.say(Language::draw_on_photo) on_click=move |()| open.set(true) />
        <Sheet
            open=open
            title=asked.label_text()
            close_label=words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <Photo asked=asked taking=taking open=open />
        </Sheet>
    }
}

/// The photo as it is kept, under the finger. What is drawn becomes part of it when it is kept.
#[component]
fn Photo(asked: Asked, taking: RwSignal<Taking>, open: RwSignal<bool>) -> impl IntoView {
    let words = asked.words;
    let records = expect_context::<Records>();
    let file = answer_file(asked);
    let canvas = NodeRef::<html::Canvas>::new();
    let strokes = Strokes::new();
    let is_away = RwSignal::new(false);
    effect(move || {
        let (Some(canvas), Some(file)) = (canvas.get(), file.get_untracked()) else { return };
        tasks::spawn(async move {
            let Ok(photo) = records.file(&file).await else {
                is_away.try_set(true);
                return;
            };
            match Pad::over(canvas, &photo).await {
                Ok(pad) => strokes.begin_on(pad),
                Err(error) => {
                    log_error(&format!("photo not drawn: {error}"));
                    taking.try_set(Taking::Unreadable);
                }
            }
        });
    });
    let use_it = move |()| {
        let Some(pad) = strokes.pad() else { return };
        let (coming, used) = (begin(asked, taking), strokes.changes());
        tasks::spawn(async move {
            let media_type = "image/jpeg".to_owned();
            let drawn = pad.jpeg().await;
            let drawn = drawn
                .map(|bytes| Picked { name: "photo.jpg".to_owned(), media_type, bytes }.to_keep());
            keep(asked, coming, drawn, taking).await;
            // What could not be kept stays under the finger, and what was drawn since.
            if taking.try_get_untracked() == Some(Taking::Idle) && strokes.changes() == used {
                open.try_set(false);
            }
        });
    };
    view! {
        <Drawing canvas=canvas class="photo-pad" label=words.say(Language::draw_on_photo) strokes=strokes />
        <Show when=move || is_away.get()>
            <p class="muted" role="status">{words.say(Language::photo_not_here)}</p>
        </Show>
        <TakingNews asked=asked taking=taking is_photo=true />
        <div class="button-row">
            <Button label=words.say(Language::wipe_drawing) on_click=move |()| strokes.wipe() />
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Check
                label=words.say(Language::keep_drawing)
                disabled=Signal::derive(move || !strokes.is_drawn())
                on_click=use_it
            />
        </div>
    }
}
