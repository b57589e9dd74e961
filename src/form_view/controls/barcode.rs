//! A code: typed always, scanned where there is a camera.

use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::Typing;
use crate::components::{Button, Glyph, Sheet, Trouble};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{
    barcode::{self, Reader},
    camera::Side,
    tasks,
};
use crate::stores::preferences::use_words;

/// A code.
#[component]
pub(super) fn Barcode(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let typing = Typing::new(asked, |value| value);
    let open = RwSignal::new(false);
    let side = if asked.looks("front") { Side::Front } else { Side::Back };
    let scanned = move |code: String| {
        asked.choose(&code);
        false
    };
    view! {
        <div class="barcode">
            <input
                id=asked.input_id()
                type="text"
                dir="ltr"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                readonly=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| typing.take(event.target().value().trim())
                on:blur=move |_| typing.leave()
            />
            <Show when=move || barcode::is_supported() && !asked.readonly().get()>
                <Button icon=Glyph::Barcode label=words.say(Language::scan) on_click=move |()| open.set(true) />
            </Show>
        </div>
        <ScanSheet open=open side=side on_code=scanned />
    }
}

/// A sheet with the camera's picture, until a code is read with which it ends.
#[component]
pub(in crate::form_view) fn ScanSheet(
    open: RwSignal<bool>,
    side: Side,
    /// Takes a code that was read, and tells whether the next one is waited for.
    #[prop(into)]
    on_code: Callback<String, bool>,
    /// What stands below the picture.
    #[prop(optional, into)]
    below: ViewFn,
) -> impl IntoView {
    let words = use_words();
    let denied = RwSignal::new(false);
    view! {
        <Trouble told=Signal::derive(move || denied.get().then(|| words.now().scan_denied().to_owned())) />
        <Sheet
            open=open
            title=words.say(Language::scanning)
            close_label=words.say(Language::stop_scanning)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            {scanner(Scan { side, on_code, open, denied })}
            {below.run()}
        </Sheet>
    }
}

/// How codes are read where the browser cannot: that is in another part of the app, and pages know how it comes.
#[derive(Clone)]
pub(in crate::form_view) struct ReaderSlot(pub ViewFn);

/// What a code is scanned for.
#[derive(Clone, Copy)]
struct Scan {
    side: Side,
    on_code: Callback<String, bool>,
    open: RwSignal<bool>,
    denied: RwSignal<bool>,
}

/// Draws the camera's picture with a reader that is in another part.
#[derive(Clone, Copy)]
struct Scanner(Callback<Reader, AnyView>);

fn scanner(scan: Scan) -> AnyView {
    let draw = move |reader| view! { <Camera scan=scan reader=reader /> }.into_any();
    if let Some(reader) = barcode::of_browser() {
        return draw(reader);
    }
    provide_context(Scanner(Callback::new(draw)));
    expect_context::<ReaderSlot>().0.run()
}

/// The camera's picture until this reader has read a code in it: for the part of the app that has one.
#[must_use]
pub fn scan_with(reader: Reader) -> AnyView {
    expect_context::<Scanner>().0.run(reader)
}

/// The camera's picture, until a code is read with which it ends.
#[component]
fn Camera(scan: Scan, reader: Reader) -> impl IntoView {
    let Scan { side, on_code, open, denied } = scan;
    let video = NodeRef::<html::Video>::new();
    let stop = StoredValue::new_local(barcode::Stop::default());
    effect(move || {
        let Some(video) = video.get() else { return };
        let stop = stop.get_value();
        denied.set(false);
        tasks::spawn(async move {
            let take = move |code| on_code.try_run(code) == Some(true);
            if let Err(error) = barcode::scan(video.into(), side, stop, reader, take).await {
                crate::platform::log_error(&error.to_string());
                denied.try_set(true);
            }
            open.try_set(false);
        });
    });
    on_cleanup(move || {
        if let Some(stop) = stop.try_get_value() {
            stop.stop();
        }
    });
    view! { <video class="scan-video" node_ref=video playsinline muted></video> }
}
