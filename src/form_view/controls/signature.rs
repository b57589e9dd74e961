//! A signature or a drawing, made with a finger or a mouse on a sheet that fills the phone's width.

use leptos::ev::PointerEvent;
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::file::{RemoveFile, Taking, TakingNews, answer_file, begin, keep};
use crate::components::{Button, ButtonKind, Glyph, Sheet};
use crate::form_view::FilePicture;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{drawing::Pad, files::Picked, tasks};

/// What is said of the paper.
#[derive(Clone, Copy)]
struct About {
    begin: fn(Language) -> &'static str,
    again: fn(Language) -> &'static str,
    wipe: fn(Language) -> &'static str,
    keep: fn(Language) -> &'static str,
    file: &'static str,
}

const SIGNATURE: About = About {
    begin: Language::sign_here,
    again: Language::sign_again,
    wipe: Language::wipe,
    keep: Language::keep_signature,
    file: "signature.png",
};

const DRAWING: About = About {
    begin: Language::draw_here,
    again: Language::draw_again,
    wipe: Language::wipe_drawing,
    keep: Language::keep_drawing,
    file: "drawing.png",
};

/// A signature, or with `draw` a drawing.
#[component]
pub(super) fn Signature(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let taking = RwSignal::new(Taking::Idle);
    let file = answer_file(asked);
    let open = RwSignal::new(false);
    let about = if asked.looks("draw") { DRAWING } else { SIGNATURE };
    let label = Signal::derive(move || {
        let say = if file.read().is_some() { about.again } else { about.begin };
        say(words.now()).to_owned()
    });
    view! {
        <div class="photo" role="group" aria-labelledby=asked.label_id() aria-describedby=asked.described_by()>
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
        <PaperSheet asked=asked taking=taking open=open about=about title=asked.label_text() />
    }
}

/// A sheet for a signature alone, open from the beginning.
#[component]
pub(in crate::form_view) fn SignSheet(
    asked: Asked,
    #[prop(into)] title: Signal<String>,
) -> impl IntoView {
    let (open, taking) = (RwSignal::new(true), RwSignal::new(Taking::Idle));
    view! { <PaperSheet asked=asked taking=taking open=open about=SIGNATURE title=title /> }
}

#[component]
fn PaperSheet(
    asked: Asked,
    taking: RwSignal<Taking>,
    open: RwSignal<bool>,
    about: About,
    title: Signal<String>,
) -> impl IntoView {
    view! {
        <Sheet
            open=open
            title=title
            close_label=asked.words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <Paper asked=asked taking=taking open=open about=about />
        </Sheet>
    }
}

/// Whoever draws has come further than this from where it touched, in CSS pixels; a hand that rests wobbles about one place.
const DRAWS_PX: f64 = 12.0;
/// So long after it touched a hand rests, if it drew nothing.
const RESTS_MS: f64 = 250.0;

/// Where the finger that draws was last, or the mouse, and where and when it touched first.
#[derive(Clone, Copy)]
struct Tip {
    pointer: i32,
    place: (f64, f64),
    touched: (f64, f64),
    touched_ms: f64,
}

impl Tip {
    fn of(event: &PointerEvent) -> Self {
        let place = (f64::from(event.client_x()), f64::from(event.client_y()));
        Self { pointer: event.pointer_id(), place, touched: place, touched_ms: event.time_stamp() }
    }

    fn draws(self) -> bool {
        let ((x, y), (from_x, from_y)) = (self.place, self.touched);
        (x - from_x).hypot(y - from_y) > DRAWS_PX
    }

    /// From where it draws to here, if it is the one that does. A second finger draws nothing, nor the hand that comes down
    /// beside one that draws; a hand that rests on the glass gives way to the finger.
    fn draws_from(self, last: Option<Self>, begins: bool) -> Option<Self> {
        if begins {
            let rests = |last: Self| !last.draws() && self.touched_ms - last.touched_ms > RESTS_MS;
            let is_free = last.is_none_or(|last| last.pointer == self.pointer || rests(last));
            return is_free.then_some(Self { place: (self.place.0 - 0.1, self.place.1), ..self });
        }
        last.filter(|last| last.pointer == self.pointer)
    }
}

/// What is drawn on a canvas.
#[derive(Clone, Copy)]
pub(super) struct Strokes {
    pad: StoredValue<Option<Pad>, LocalStorage>,
    last: StoredValue<Option<Tip>>,
    drawn: RwSignal<bool>,
    /// Counts what was done on it.
    changes: StoredValue<u32>,
}

impl Strokes {
    pub fn new() -> Self {
        Self {
            pad: StoredValue::new_local(None),
            last: StoredValue::new(None),
            drawn: RwSignal::new(false),
            changes: StoredValue::new(0),
        }
    }

    /// From here on there is something to draw on.
    pub fn begin_on(self, pad: Pad) {
        self.pad.try_update_value(|own| *own = Some(pad));
    }

    pub fn pad(self) -> Option<Pad> {
        self.pad.get_value()
    }

    /// Whether something was drawn.
    pub fn is_drawn(self) -> bool {
        self.drawn.get()
    }

    /// Counts what was drawn and wiped. `None`: there is nothing to draw on any more.
    pub fn changes(self) -> Option<u32> {
        self.changes.try_get_value()
    }

    /// Whether something is drawn on it from now on.
    fn change(self, drawn: bool) {
        self.changes.try_update_value(|changes| *changes += 1);
        self.drawn.set(drawn);
    }

    /// Takes away what was drawn.
    pub fn wipe(self) {
        self.pad.with_value(|pad| {
            if let Some(pad) = pad {
                pad.clear();
            }
        });
        self.change(false);
    }

    /// Where a finger is, or the mouse.
    fn to(self, event: &PointerEvent, begins: bool) {
        let tip = Tip::of(event);
        let Some(from) = tip.draws_from(self.last.get_value(), begins) else { return };
        let Some(pad) = self.pad() else { return };
        pad.stroke(from.place, tip.place);
        let Tip { touched, touched_ms, .. } = from;
        self.last.set_value(Some(Tip { touched, touched_ms, ..tip }));
        self.change(true);
    }

    fn lift(self, event: &PointerEvent) {
        if self.last.get_value().is_some_and(|last| last.pointer == event.pointer_id()) {
            self.last.set_value(None);
        }
    }
}

/// The paper to draw on.
#[component]
fn Paper(
    asked: Asked,
    taking: RwSignal<Taking>,
    open: RwSignal<bool>,
    about: About,
) -> impl IntoView {
    let words = asked.words;
    let canvas = NodeRef::<html::Canvas>::new();
    let strokes = Strokes::new();
    effect(move || {
        let Some(canvas) = canvas.get() else { return };
        // Its size is known once the sheet is shown.
        request_animation_frame(move || {
            if let Some(pad) = Pad::new(canvas) {
                strokes.begin_on(pad);
            }
        });
    });
    let use_it = move |()| {
        let Some(pad) = strokes.pad() else { return };
        let (coming, used) = (begin(asked, taking), strokes.changes());
        tasks::spawn(async move {
            let media_type = "image/png".to_owned();
            let drawn = pad.png().await;
            let drawn = drawn
                .map(|bytes| Picked { name: about.file.to_owned(), media_type, bytes }.to_keep());
            keep(asked, coming, drawn, taking).await;
            // What could not be kept stays under the finger, and what was drawn since.
            if taking.try_get_untracked() == Some(Taking::Idle) && strokes.changes() == used {
                open.try_set(false);
            }
        });
    };
    view! {
        <Drawing canvas=canvas class="signature-pad" label=words.say(about.begin) strokes=strokes />
        <TakingNews asked=asked taking=taking />
        <div class="button-row">
            <Button label=words.say(about.wipe) on_click=move |()| strokes.wipe() />
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Check
                label=words.say(about.keep)
                disabled=Signal::derive(move || !strokes.is_drawn())
                on_click=use_it
            />
        </div>
    }
}

/// A canvas that follows the finger.
#[component]
pub(super) fn Drawing(
    canvas: NodeRef<html::Canvas>,
    class: &'static str,
    label: Signal<String>,
    strokes: Strokes,
) -> impl IntoView {
    view! {
        <canvas
            class=class
            node_ref=canvas
            aria-label=label
            on:pointerdown=move |event| {
                event.prevent_default();
                strokes.to(&event, true);
            }
            on:pointermove=move |event| strokes.to(&event, false)
            on:pointerup=move |event| strokes.lift(&event)
            on:pointerleave=move |event| strokes.lift(&event)
            on:pointercancel=move |event| strokes.lift(&event)
        ></canvas>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(pointer: i32, touched_ms: f64, (touched, x): (f64, f64)) -> Tip {
        Tip { pointer, place: (x, 0.0), touched: (touched, 0.0), touched_ms }
    }

    fn from(tip: Tip, last: Option<Tip>, begins: bool) -> Option<(f64, f64)> {
        tip.draws_from(last, begins).map(|last| last.place)
    }

    #[test]
    fn a_sheet_on_which_was_drawn_or_wiped_since_is_not_the_one_that_is_kept() {
        Owner::new().with(|| {
            let strokes = Strokes::new();
            let mut known = strokes.changes();
            for change in
                [|it: Strokes| it.change(true), Strokes::wipe, |it: Strokes| it.change(true)]
            {
                change(strokes);
                assert_ne!(strokes.changes(), known);
                known = strokes.changes();
            }
        });
    }

    #[test]
    fn one_finger_draws_and_the_hand_beside_it_neither_draws_nor_stops_it() {
        let touching = tip(1, 0.0, (10.0, 10.0));
        assert!(from(touching, None, true).is_some());
        let finger = tip(1, 0.0, (10.0, 30.0));
        for (last, at_ms) in [(touching, 40.0), (finger, 40.0), (finger, 900.0)] {
            let hand = tip(2, at_ms, (90.0, 90.0));
            assert_eq!(from(hand, Some(last), true), None, "it comes down beside the finger");
            assert_eq!(from(hand, Some(last), false), None);
        }
        assert_eq!(from(tip(1, 0.0, (32.0, 32.0)), Some(finger), false), Some((30.0, 0.0)));
        assert_eq!(from(finger, None, false), None, "it came from beside the paper");
    }

    #[test]
    fn a_hand_that_rests_on_the_paper_gives_way_to_the_finger() {
        let hand = tip(1, 0.0, (90.0, 93.0));
        let finger = tip(2, RESTS_MS + 1.0, (10.0, 10.0));
        let begins =
            from(finger, Some(hand), true).expect("it draws, however lately the hand moved");
        assert!((begins.0 - 10.0).abs() < 1.0, "no line joins the two");
        assert_eq!(from(tip(1, 900.0, (94.0, 94.0)), Some(finger), false), None);
    }
}
