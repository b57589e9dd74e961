//! A signature, drawn with a finger or a mouse on a sheet that fills the phone's width.

use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::file::{RemoveFile, Taking, TakingNews, answer_file, keep};
use crate::components::{Button, ButtonKind, Glyph, Sheet};
use crate::form_view::FilePicture;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{drawing::Pad, tasks};

/// A signature.
#[component]
pub(super) fn Signature(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let taking = RwSignal::new(Taking::Idle);
    let file = answer_file(asked);
    let open = RwSignal::new(false);
    let label = Signal::derive(move || {
        let language = words.now();
        if file.read().is_some() { language.sign_again() } else { language.sign_here() }.to_owned()
    });
    view! {
        <div class="photo" role="group" aria-labelledby=asked.label_id()>
            <Show when=move || file.read().is_some()>
                <FilePicture file=file alt=asked.label_text() />
            </Show>
            <div class="button-row">
                <Button icon=Glyph::Sign label=label disabled=asked.readonly() on_click=move |()| open.set(true) />
                <Show when=move || file.read().is_some() && !asked.readonly().get()>
                    <RemoveFile asked=asked />
                </Show>
            </div>
        </div>
        <TakingNews asked=asked taking=taking />
        <Sheet
            open=open
            title=asked.label_text()
            close_label=words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <Paper asked=asked taking=taking open=open />
        </Sheet>
    }
}

/// The paper to sign on.
#[component]
fn Paper(asked: Asked, taking: RwSignal<Taking>, open: RwSignal<bool>) -> impl IntoView {
    let words = asked.words;
    let canvas = NodeRef::<html::Canvas>::new();
    let pad = StoredValue::new_local(None::<Pad>);
    let last = StoredValue::new(None::<(f64, f64)>);
    let is_signed = RwSignal::new(false);
    effect(move || {
        let Some(canvas) = canvas.get() else { return };
        // Its size is known once the sheet is shown.
        request_animation_frame(move || {
            pad.try_update_value(|pad| *pad = Pad::new(canvas));
        });
    });
    let draw_to = move |to: (f64, f64)| {
        let Some(from) = last.get_value() else { return };
        pad.with_value(|pad| {
            if let Some(pad) = pad {
                pad.stroke(from, to);
            }
        });
        last.set_value(Some(to));
        is_signed.set(true);
    };
    let clear = move |()| {
        pad.with_value(|pad| {
            if let Some(pad) = pad {
                pad.clear();
            }
        });
        is_signed.set(false);
    };
    let use_it = move |()| {
        let Some(pad) = pad.get_value() else { return };
        taking.set(Taking::Busy);
        tasks::spawn(async move {
            match pad.png().await {
                Ok(bytes) => keep(asked, "signature.png", "image/png", &bytes, taking).await,
                Err(_undrawn) => {
                    taking.try_set(Taking::Unreadable);
                }
            }
            open.try_set(false);
        });
    };
    view! {
        <canvas
            class="signature-pad"
            node_ref=canvas
            aria-label=words.say(Language::sign_here)
            on:pointerdown=move |event| {
                event.prevent_default();
                let at = (f64::from(event.client_x()), f64::from(event.client_y()));
                last.set_value(Some(at));
                draw_to((at.0 + 0.1, at.1));
            }
            on:pointermove=move |event| draw_to((f64::from(event.client_x()), f64::from(event.client_y())))
            on:pointerup=move |_| last.set_value(None)
            on:pointerleave=move |_| last.set_value(None)
            on:pointercancel=move |_| last.set_value(None)
        ></canvas>
        <div class="button-row">
            <Button label=words.say(Language::wipe) on_click=clear />
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Check
                label=words.say(Language::keep_signature)
                disabled=Signal::derive(move || !is_signed.get())
                on_click=use_it
            />
        </div>
    }
}
