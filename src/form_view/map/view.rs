//! A map that one moves: pictures of the server's own, what lies on them, and a cross in the middle by which a place is put.
//! Nothing moves by itself.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use super::Mapped;
use super::fingers::{Ended, Fingers, Motion};
use super::mercator::{Pixel, Sight, Spot, Tile, from_to, world_px};
use super::place::{Mark, Place, Shape};
use crate::components::{Button, ButtonKind, Glyph, IconButton, keyed_list};
use crate::locale::Language;
use crate::platform::connectivity;
use crate::stores::server_map::MapAbout;

/// How far an arrow key moves it.
const STEP_PX: f64 = 64.0;
/// How far a wheel turns for one step nearer or further.
const NOTCH: f64 = 60.0;

/// What is in sight, and all that changes it.
#[derive(Clone)]
struct Seen {
    mapped: Mapped,
    sight: RwSignal<Sight>,
    /// From where marks and pictures count their pixels: moving the map moves all of them at once.
    anchor: Spot,
    /// The pictures in sight, and those that did not come.
    tiles: Memo<Vec<Tile>>,
    missing: RwSignal<Vec<Tile>>,
}

impl Seen {
    fn change(&self, to: impl FnOnce(Sight, &MapAbout) -> Sight) {
        self.sight.update(|sight| *sight = to(*sight, &self.mapped.about));
    }

    fn nearer(&self, steps: f64, about: Pixel) {
        self.change(|sight, map| sight.moved(about, about, steps, map).settled());
    }

    fn nearer_in_the_middle(&self, steps: f64) {
        self.nearer(steps, self.sight.get_untracked().middle());
    }

    fn by(&self, x: f64, y: f64) {
        self.change(|sight, map| sight.moved((x, y), (0.0, 0.0), 0.0, map));
    }

    fn follow(&self, Motion { from, to, scale }: Motion) {
        self.change(|sight, map| sight.moved(from, to, scale.log2(), map));
    }

    fn key(&self, key: &str) -> bool {
        match key {
            "ArrowLeft" => self.by(-STEP_PX, 0.0),
            "ArrowRight" => self.by(STEP_PX, 0.0),
            "ArrowUp" => self.by(0.0, -STEP_PX),
            "ArrowDown" => self.by(0.0, STEP_PX),
            "+" | "=" => self.nearer_in_the_middle(1.0),
            "-" => self.nearer_in_the_middle(-1.0),
            _ => return false,
        }
        true
    }
}

/// The map of a question.
#[component]
pub fn MapView() -> impl IntoView {
    let mapped = expect_context::<Mapped>();
    let (words, marks, about) = (mapped.words, mapped.marks, mapped.about.clone());
    let frame = NodeRef::<html::Div>::new();
    let begun = Sight::first(&about, &marks.get_untracked(), (0.0, 0.0));
    let sight = RwSignal::new(begun);
    let tiles = memo({
        let about = about.clone();
        move || sight.get().tiles(&about)
    });
    let missing = RwSignal::new(Vec::new());
    let anchor = begun.centre;
    let seen = StoredValue::new(Seen { mapped: mapped.clone(), sight, anchor, tiles, missing });
    keep_size(frame, seen);
    keep_answer_in_sight(seen);
    let plane = move || {
        let sight = sight.get();
        let (x, y) = sight.pixel(anchor);
        format!("translate({x:.1}px, {y:.1}px)")
    };
    let (pick, put, locked) = (mapped.pick, mapped.put, mapped.locked);
    let touch = move |at: Pixel| {
        let touched = sight.get_untracked().touched(&marks.read_untracked(), at);
        match (pick, touched, locked.get_untracked()) {
            (Some(pick), Some(mark), false) => pick.run(mark),
            // For whoever cannot drag.
            _ => seen.with_value(|seen| {
                seen.change(|sight, map| sight.moved(at, sight.middle(), 0.0, map));
            }),
        }
    };
    let middle = move || Place::from(sight.get().centre);
    let named = Signal::derive(move || format!("{}: {}", words.now().map(), mapped.label.get()));
    let attribution = about.attribution.clone();
    view! {
        <div class="map">
            <Window frame=frame seen=seen label=named on_touch=touch>
                <div class="map-plane" style:transform=plane>
                    <Tiles seen=seen />
                    <Marks seen=seen />
                </div>
            </Window>
            {put.map(|_| view! { <span class="map-cross" aria-hidden="true"></span> })}
            <NotHere seen=seen />
            <div class="map-zoom">
                <IconButton
                    glyph=Glyph::Plus
                    label=words.say(Language::zoom_in)
                    on_click=move |()| seen.with_value(|seen| seen.nearer_in_the_middle(1.0))
                />
                <IconButton
                    glyph=Glyph::Minus
                    label=words.say(Language::zoom_out)
                    on_click=move |()| seen.with_value(|seen| seen.nearer_in_the_middle(-1.0))
                />
            </div>
        </div>
        {put.map(|put| {
            let at = move || words.now().map_middle(middle().latitude, middle().longitude);
            view! {
                <Button
                    kind=ButtonKind::Primary
                    icon=Glyph::Pin
                    label=words.say(Language::put_in_the_middle)
                    disabled=locked
                    on_click=move |()| put.run(Place::from(sight.get_untracked().centre))
                />
                <p class="muted">{at}</p>
            }
        })}
        {(!attribution.is_empty()).then(|| view! { <p class="muted">{attribution}</p> })}
    }
}

/// The window takes the room that the page gives it.
fn keep_size(frame: NodeRef<html::Div>, seen: StoredValue<Seen>) {
    let measure = move || {
        let Some(frame) = frame.get_untracked() else { return };
        let size = (f64::from(frame.client_width()), f64::from(frame.client_height()));
        seen.try_with_value(|seen| {
            let is_first = seen.sight.get_untracked().size.0 == 0.0;
            seen.change(|sight, about| match is_first {
                true => Sight::first(about, &seen.mapped.marks.get_untracked(), size),
                false => Sight { size, ..sight },
            });
        });
    };
    effect(move || {
        frame.track();
        if let Ok(next) = request_animation_frame_with_handle(measure) {
            on_cleanup(move || next.cancel());
        }
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
}

/// A place that was measured comes to the middle; of a line, or of what was chosen, only what is out of sight does.
fn keep_answer_in_sight(seen: StoredValue<Seen>) {
    let marks = seen.with_value(|seen| seen.mapped.marks);
    let answer = memo(move || marks.read().iter().find(|mark| mark.chosen).and_then(Mark::newest));
    let before = StoredValue::new(answer.get_untracked());
    effect(move || {
        let now = answer.get();
        if before.get_value() == now {
            return;
        }
        before.set_value(now);
        let Some(place) = now else { return };
        seen.with_value(|seen| {
            let is_point = seen.mapped.pick.is_none()
                && marks.with_untracked(|marks| {
                    matches!(marks.as_slice(), [Mark { shape: Shape::Point(_), .. }])
                });
            if is_point || !seen.sight.get_untracked().shows(place) {
                seen.change(|sight, _| sight.at(place));
            }
        });
    });
}

/// What fingers, mouse, wheel and keys move.
#[component]
fn Window(
    frame: NodeRef<html::Div>,
    seen: StoredValue<Seen>,
    label: Signal<String>,
    #[prop(into)] on_touch: Callback<Pixel>,
    children: Children,
) -> impl IntoView {
    let words = seen.with_value(|seen| seen.mapped.words);
    let fingers = StoredValue::new(Fingers::default());
    let turned = StoredValue::new(0.0);
    let inside = move |x: i32, y: i32| -> Pixel {
        let corner = frame.get_untracked().map(|frame| frame.get_bounding_client_rect());
        let corner = corner.map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
        (f64::from(x) - corner.0, f64::from(y) - corner.1)
    };
    // Fingers that the browser takes away leave the map where they brought it, as those that are lifted do.
    let lift = move |id: i32| {
        let ended = fingers.try_update_value(|fingers| fingers.lifted(id));
        if ended == Some(Ended::Move) {
            seen.with_value(|seen| seen.change(|sight, _| sight.settled()));
        }
        ended
    };
    view! {
        <div
            class="map-window"
            node_ref=frame
            tabindex="0"
            role="application"
            aria-label=move || label.get()
            aria-roledescription=words.say(Language::map)
            title=words.say(Language::map_help)
            on:pointerdown=move |event| {
                if event.button() == 0 {
                    let at = inside(event.client_x(), event.client_y());
                    fingers.update_value(|fingers| fingers.put(event.pointer_id(), at));
                    // Without it a mouse that leaves the window is not heard of: nothing worse.
                    drop(frame.get_untracked().map(|frame| frame.set_pointer_capture(event.pointer_id())));
                }
            }
            on:pointermove=move |event| {
                let at = inside(event.client_x(), event.client_y());
                let moved = fingers.try_update_value(|fingers| fingers.moved(event.pointer_id(), at));
                if let Some(Some(motion)) = moved {
                    seen.with_value(|seen| seen.follow(motion));
                }
            }
            on:pointerup=move |event| {
                if let Some(Ended::Touch(at)) = lift(event.pointer_id()) {
                    on_touch.run(at);
                }
            }
            on:pointercancel=move |event| {
                lift(event.pointer_id());
            }
            on:wheel=move |event| {
                event.prevent_default();
                let total = turned.get_value() + event.delta_y();
                let steps = (total / NOTCH).trunc().clamp(-1.0, 1.0);
                turned.set_value(if steps == 0.0 { total } else { 0.0 });
                if steps != 0.0 {
                    let at = inside(event.client_x(), event.client_y());
                    seen.with_value(|seen| seen.nearer(-steps, at));
                }
            }
            on:keydown=move |event| {
                if seen.with_value(|seen| seen.key(&event.key())) {
                    event.prevent_default();
                }
            }
        >
            {children()}
        </div>
    }
}

/// The pictures. Where one does not come there is plain ground.
#[component]
fn Tiles(seen: StoredValue<Seen>) -> impl IntoView {
    let Seen { mapped, sight, anchor, tiles, missing } = seen.get_value();
    let root = format!("/api/v1/map/{}", mapped.about.version);
    let zoom = memo(move || sight.get().zoom);
    // What did not come is asked for anew when there is a network again.
    let network = RwSignal::new(0_u32);
    let came = window_event_listener(ev::online, move |_| {
        missing.update(Vec::clear);
        network.update(|count| *count += 1);
    });
    on_cleanup(move || came.remove());
    keyed_list(
        move || {
            let network = network.get();
            tiles.get().into_iter().map(|tile| (network, tile)).collect()
        },
        |(network, Tile { z, x, y })| format!("{network} {z} {x} {y}"),
        move |(_, tile)| {
            let place = move || {
                let (x, y) = from_to(anchor, tile.corner(), zoom.get());
                format!("translate({x:.1}px, {y:.1}px)")
            };
            let side = move || format!("{:.1}px", world_px(zoom.get() - f64::from(tile.z)));
            view! {
                <img
                    class="map-tile"
                    alt=""
                    draggable="false"
                    // Browsers draw a frame around a picture that did not come.
                    hidden=move || missing.read().contains(&tile)
                    src=format!("{root}/{}/{}/{}", tile.z, tile.x, tile.y)
                    style:transform=place
                    style:width=side
                    style:height=side
                    on:error=move |_| missing.update(|missing| missing.push(tile))
                />
            }
            .into_any()
        },
    )
}

/// Says why there is plain ground, where the network is the reason.
#[component]
fn NotHere(seen: StoredValue<Seen>) -> impl IntoView {
    let Seen { mapped, tiles, missing, .. } = seen.get_value();
    let online = RwSignal::new(connectivity::is_online());
    let came = window_event_listener(ev::online, move |_| online.set(true));
    let went = window_event_listener(ev::offline, move |_| online.set(false));
    on_cleanup(move || {
        came.remove();
        went.remove();
    });
    let is_missing =
        move || !online.get() && tiles.read().iter().any(|tile| missing.read().contains(tile));
    // A status is heard when it changes, so it is there before.
    view! {
        <div class="map-news" role="status">
            <Show when=is_missing>
                <p>{mapped.words.say(Language::map_not_here)}</p>
            </Show>
        </div>
    }
}

/// What lies on it. The list or the corners beneath the map say the same to a screen reader.
#[component]
fn Marks(seen: StoredValue<Seen>) -> impl IntoView {
    let Seen { mapped, sight, anchor, .. } = seen.get_value();
    let zoom = memo(move || sight.get().zoom);
    let drawn = move || {
        let zoom = zoom.get();
        let marks = mapped.marks.read();
        // What was chosen lies above the rest.
        let (chosen, others): (Vec<&Mark>, Vec<&Mark>) = marks.iter().partition(|mark| mark.chosen);
        others.into_iter().chain(chosen).map(|mark| draw(mark, anchor, zoom)).collect_view()
    };
    view! { <svg class="map-marks" aria-hidden="true">{drawn}</svg> }
}

fn draw(mark: &Mark, anchor: Spot, zoom: f64) -> AnyView {
    let class = if mark.chosen { "map-chosen" } else { "map-mark" };
    let pixel = |place: Place| from_to(anchor, place.into(), zoom);
    let dot = |place: Place, radius: &'static str| {
        let (x, y) = pixel(place);
        view! { <circle cx=format!("{x:.1}") cy=format!("{y:.1}") r=radius /> }
    };
    let points = || {
        let points = mark.places().map(|place| {
            let (x, y) = pixel(place);
            format!("{x:.1},{y:.1}")
        });
        points.collect::<Vec<_>>().join(" ")
    };
    let dots = || mark.places().map(|place| dot(place, "4")).collect_view();
    let inside = match &mark.shape {
        Shape::Point(place) => {
            let radius = mark.accuracy_m * Sight::px_per_metre(zoom, *place);
            let (x, y) = pixel(*place);
            let around = (radius > 0.0).then(|| {
                view! { <circle class="map-around" cx=format!("{x:.1}") cy=format!("{y:.1}") r=format!("{radius:.1}") /> }
            });
            view! {
                {around}
                {dot(*place, "9")}
            }
            .into_any()
        }
        Shape::Line(_) => view! {
            <polyline points=points() />
            {dots()}
        }
        .into_any(),
        Shape::Area(_) => view! {
            <polygon points=points() />
            {dots()}
        }
        .into_any(),
    };
    view! { <g class=class>{inside}</g> }.into_any()
}
