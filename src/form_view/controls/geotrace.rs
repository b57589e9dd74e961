//! A line or an area on the earth: its corners one after another, measured on the spot or while walking.

use futures::StreamExt;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::geopoint::{Measuring, MeasuringNews, PATIENCE_MS, Wanted};
use super::text::{Notation, Text};
use crate::components::{Button, ButtonKind, Glyph};
use crate::form_view::map::{Mark, OnMap, Place};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::activity::AtWork;
use crate::platform::location::{self, LocationError, News, Watch};
use crate::platform::tasks::{self, Timer};

/// While walking, the next corner is at least so far away: receivers wander by less than this.
const STRIDE_M: f64 = 10.0;
/// While walking, where nothing better comes: worse is where a network guesses the phone, not where a receiver found it.
const ROUGH_M: f64 = 50.0;
/// A walk that comes no further for so long was forgotten: it would keep the screen on until the battery is empty, and the app open.
const FORGOTTEN_MS: u32 = 600_000;

/// The corners of an answer as it is stored; of an area without the first one again at its end.
fn corners(value: &str, closed: bool) -> Vec<String> {
    let corners = value.split(';').map(str::trim).filter(|corner| !corner.is_empty());
    let mut corners: Vec<String> = corners.map(str::to_owned).collect();
    if closed && corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    corners
}

/// The answer with these corners. An area is closed as soon as it is one.
fn answer(corners: &[String], closed: bool) -> String {
    let again = corners.first().filter(|_| closed && corners.len() >= 3);
    let all: Vec<&str> = corners.iter().chain(again).map(String::as_str).collect();
    all.join(";")
}

const LINE: Notation = Notation {
    show: |value| corners(value, false).join(";"),
    read: |typed| answer(&typed_corners(typed, false), false),
};
/// Whoever types an area need not close it.
const AREA: Notation = Notation {
    show: |value| corners(value, true).join(";"),
    read: |typed| answer(&typed_corners(typed, true), true),
};

/// Typed corners: a comma stands for a point, or before a space between two numbers.
fn typed_corners(typed: &str, closed: bool) -> Vec<String> {
    corners(&typed.replace(", ", " ").replace(',', "."), closed)
}

/// How much shorter a degree of longitude is at a latitude: its cosine, to a thousandth. The exact one is 1 KB of what a
/// phone loads.
fn shrink(latitude: f64) -> f64 {
    let square = latitude.to_radians().powi(2);
    1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0))
}

/// Metres between two corners that are near each other.
fn distance_m(from: Place, to: Place) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let across = (to.longitude - from.longitude) * shrink((from.latitude + to.latitude) / 2.0);
    (to.latitude - from.latitude).hypot(across) * METRES_PER_DEGREE
}

/// How a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Here is the next corner.
    Corner,
    /// The walker is where the last corner is.
    Near,
    /// Nothing can be said of where the walker is.
    Unsure,
    /// That has been so for long.
    Late,
    /// There will be nothing more.
    End,
}

/// What the receiver's news mean for a walk. A fix that is not as good as wanted counts only once none better came for long, and
/// any only if it lies further from the last corner than it may err.
fn step(news: &News, is_late: bool, accuracy_m: f64, last: Option<Place>) -> Step {
    let is_good = |error_m| error_m <= accuracy_m || is_late && error_m <= ROUGH_M;
    match news {
        Ok(fix) if is_good(fix.accuracy_m) => {
            let here = Place { latitude: fix.latitude, longitude: fix.longitude };
            let stride_m = STRIDE_M.max(fix.accuracy_m);
            let is_corner = last.is_none_or(|last| distance_m(last, here) >= stride_m);
            if is_corner { Step::Corner } else { Step::Near }
        }
        // The receiver may still find something.
        Ok(_) | Err(LocationError::Unavailable) => Step::Unsure,
        Err(LocationError::TimedOut) => Step::Late,
        Err(LocationError::Denied | LocationError::Unsupported(_)) => Step::End,
    }
}

fn places(corners: &[String]) -> Vec<Place> {
    corners.iter().filter_map(|corner| Place::read(corner)).collect()
}

/// How long a line is, or the way around an area.
fn length_m(places: &[Place], closed: bool) -> f64 {
    // The sum of nothing is -0.
    let along = places.windows(2).map(|pair| distance_m(pair[0], pair[1])).sum::<f64>().abs();
    match places {
        [first, _, .., last] if closed => along + distance_m(*last, *first),
        _ => along,
    }
}

/// What was measured, in words.
fn measured(language: Language, corners: &[String], closed: bool) -> String {
    let is_area = closed && corners.len() >= 3;
    let area_m2 = is_area.then(|| form::area_m2(&corners.join(";"))).flatten();
    language.corners(corners.len(), length_m(&places(corners), closed), area_m2)
}

/// The corners on a square of 100 by 100, north above, in the same proportion: for `points` of a line.
fn sketch(corners: &[Place]) -> String {
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    let shrink = corners.first().map_or(1.0, |corner| shrink(corner.latitude));
    let plane: Vec<(f64, f64)> =
        corners.iter().map(|corner| (corner.longitude * shrink, -corner.latitude)).collect();
    for (x, y) in &plane {
        low = (low.0.min(*x), low.1.min(*y));
        high = (high.0.max(*x), high.1.max(*y));
    }
    let side = (high.0 - low.0).max(high.1 - low.1).max(1e-9);
    let place = |(x, y): &(f64, f64)| {
        let on = |from: f64, to: f64, at: f64| (at - (from + to) / 2.0) / side * 84.0 + 50.0;
        format!("{:.1},{:.1}", on(low.0, high.0, *x), on(low.1, high.1, *y))
    };
    plane.iter().map(place).collect::<Vec<_>>().join(" ")
}

type Walk = RwSignal<Option<Watch>, LocalStorage>;

/// Tells the walk once no good fix came for long.
fn late_alarm(walk: Walk) -> Timer {
    let late = |walk: &Option<Watch>| walk.as_ref().map(|watch| watch.late_after(PATIENCE_MS));
    walk.try_with_untracked(late).flatten().unwrap_or_default()
}

/// Ends the walk once it came no further for [`FORGOTTEN_MS`].
fn forgotten_alarm(walk: Walk, measuring: RwSignal<Measuring>) -> Timer {
    tasks::after(FORGOTTEN_MS, move || {
        measuring.try_set(Measuring::Forgotten);
        walk.try_set(None);
    })
}

/// A trace, or with `closed` an area.
#[component]
pub(super) fn Geotrace(asked: Asked, closed: bool, wanted: Wanted) -> impl IntoView {
    asked.comes_bit_by_bit();
    let (words, value) = (asked.words, asked.value());
    let measuring = RwSignal::new(Measuring::Idle);
    let walk = RwSignal::new_local(None::<Watch>);
    let is_walking = memo(move || walk.read().is_some());
    let accuracy_m = wanted.accuracy_m;
    let now = move || corners(&asked.value_at_once(), closed);
    let add = move |corner: String| {
        let mut all = now();
        all.push(corner);
        asked.choose(&answer(&all, closed));
    };
    let measure = move |()| {
        if *measuring.read_untracked() == Measuring::Running {
            return;
        }
        measuring.set(Measuring::Running);
        tasks::spawn(async move {
            let outcome = match location::locate(accuracy_m, PATIENCE_MS, |_| {}).await {
                Ok(fix) => {
                    add(fix.to_geopoint());
                    Measuring::Found
                }
                Err(error) => Measuring::Failed(error),
            };
            measuring.try_set(outcome);
        });
    };
    let start_or_stop = move |()| {
        measuring.set(Measuring::Idle);
        if walk.try_update(Option::take).flatten().is_some() {
            return;
        }
        let mut told = match Watch::begin() {
            Ok((watch, told)) => {
                walk.set(Some(watch));
                told
            }
            Err(error) => return measuring.set(Measuring::Failed(error)),
        };
        tasks::spawn(async move {
            // Whoever walks touches nothing.
            let _at_work = AtWork::begin();
            let (mut is_late, mut late) = (false, late_alarm(walk));
            let mut forgotten = forgotten_alarm(walk, measuring);
            // It ends with the watch, which ends with the question.
            while let Some(news) = told.next().await {
                if walk.try_with_untracked(Option::is_some) != Some(true) {
                    break;
                }
                let last = now().last().and_then(|last| Place::read(last));
                let step = step(&news, is_late, accuracy_m, last);
                if matches!(&news, Ok(fix) if fix.accuracy_m <= accuracy_m) {
                    late.cancel();
                    (is_late, late) = (false, late_alarm(walk));
                }
                match (step, news) {
                    (Step::Corner, Ok(fix)) => {
                        forgotten.cancel();
                        forgotten = forgotten_alarm(walk, measuring);
                        measuring.try_set(Measuring::Idle);
                        add(fix.to_geopoint());
                    }
                    (Step::Near, _) => {
                        measuring.try_set(Measuring::Idle);
                    }
                    (Step::End, Err(error)) => {
                        measuring.try_set(Measuring::Failed(error));
                        walk.try_set(None);
                    }
                    (Step::Late, _) => {
                        is_late = true;
                        measuring.try_set(Measuring::Late);
                    }
                    _ => {}
                }
            }
            forgotten.cancel();
        });
    };
    let undo = move |()| {
        let mut all = now();
        all.pop();
        asked.choose(&answer(&all, closed));
        if all.is_empty() {
            asked.take_focus();
        }
    };
    let found =
        Signal::derive(move || measured(words.now(), &corners(&value.read(), closed), closed));
    let is_off = Signal::derive(move || is_walking.get() || asked.readonly().get());
    let can_clear = asked.can_clear();
    let can_undo = memo(move || !value.read().is_empty() && !asked.readonly().get());
    let walk_label = Signal::derive(move || {
        let language = words.now();
        if is_walking.get() { language.stop_walking() } else { language.start_walking() }.to_owned()
    });
    let marks = memo(move || Mark::read(&value.read(), true).into_iter().collect());
    let is_placed = asked.looks("placement-map");
    let put = is_placed.then(|| Callback::new(move |place: Place| add(place.to_geopoint())));
    view! {
        <div class="geopoint" role="group" aria-labelledby=asked.label_id() aria-describedby=asked.described_by()>
            <OnMap asked=asked marks=marks opens={is_placed || asked.looks("maps")} put=put />
            {move || view! { <Corners corners=corners(&value.read(), closed) closed=closed asked=asked /> }}
            <div class="button-row">
                <Button icon=Glyph::Pin label=words.say(Language::add_corner) disabled=is_off on_click=measure />
                <Show when=move || !asked.readonly().get()>
                    <Button icon=Glyph::Sending label=walk_label on_click=start_or_stop />
                </Show>
                <Show when=move || can_undo.get()>
                    <Button kind=ButtonKind::Quiet label=words.say(Language::remove_corner) on_click=undo />
                </Show>
                <Show when=move || can_clear.get()>
                    <Button kind=ButtonKind::Quiet label=words.say(Language::clear_entry) on_click=move |()| asked.clear() />
                </Show>
            </div>
            <MeasuringNews asked=asked measuring=measuring found=found rough_m=rough_corner(wanted, value, closed) />
            <TypedCorners asked=asked notation={if closed { AREA } else { LINE }} />
        </div>
    }
}

/// How far off the last corner may lie, if that is too far.
fn rough_corner(wanted: Wanted, value: Memo<String>, closed: bool) -> Memo<Option<f64>> {
    memo(move || wanted.rough_m(corners(&value.read(), closed).last()?))
}

/// Corners typed by hand, or measured and put right.
#[component]
fn TypedCorners(asked: Asked, notation: Notation) -> impl IntoView {
    view! {
        <details class="guidance">
            <summary>{asked.words.say(Language::type_location)}</summary>
            <p>{asked.words.say(Language::type_corners)}</p>
            <Text asked=asked rows=Some(3) secret=false notation=notation />
        </details>
    }
}

/// What was measured: a sketch, and each corner with its coordinates and accuracy.
#[component]
fn Corners(corners: Vec<String>, closed: bool, asked: Asked) -> AnyView {
    if corners.is_empty() {
        return ().into_any();
    }
    let language = asked.words.now();
    let places = places(&corners);
    let points = sketch(&places);
    let dots = points.split(' ').filter_map(|dot| dot.split_once(',')).map(|(x, y)| {
        view! { <circle cx=x.to_owned() cy=y.to_owned() r="2.5" /> }
    });
    let line = if closed {
        view! { <polygon points=points.clone() /> }.into_any()
    } else {
        view! { <polyline points=points.clone() /> }.into_any()
    };
    let row = |corner: &String| view! { <li>{language.place(corner)}</li> };
    view! {
        <div class="trace">
            <svg class="trace-sketch" viewBox="0 0 100 100" aria-hidden="true">{line} {dots.collect_view()}</svg>
            <p class="muted">{measured(language, &corners, closed)}</p>
        </div>
        <ol class="trace-corners">{corners.iter().map(row).collect_view()}</ol>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::location::Fix;

    fn list(corners: &[&str]) -> Vec<String> {
        corners.iter().map(|corner| (*corner).to_owned()).collect()
    }

    #[test]
    fn an_area_is_closed_as_soon_as_it_has_three_corners() {
        let cases = [
            (&["10 107 0 5"][..], true, "10 107 0 5"),
            (&["10 107 0 5", "11 107 0 5"], true, "10 107 0 5;11 107 0 5"),
            (
                &["10 107 0 5", "11 107 0 5", "11 108 0 5"],
                true,
                "10 107 0 5;11 107 0 5;11 108 0 5;10 107 0 5",
            ),
            (
                &["10 107 0 5", "11 107 0 5", "11 108 0 5"],
                false,
                "10 107 0 5;11 107 0 5;11 108 0 5",
            ),
        ];
        for (given, closed, stored) in cases {
            assert_eq!(answer(&list(given), closed), stored);
            assert_eq!(corners(stored, closed), given);
        }
        assert!(corners("", true).is_empty());
    }

    #[test]
    fn what_is_typed_is_stored_as_what_is_measured() {
        let area = "10.93 107.24;10.93 107.25;10.94 107.25;10.93 107.24";
        for typed in [
            "10,93 107,24;10,93 107,25;10,94 107,25",
            "10.93, 107.24; 10.93, 107.25;\n10.94, 107.25;",
            area,
        ] {
            assert_eq!((AREA.read)(typed), area);
        }
        assert_eq!((AREA.show)(area), "10.93 107.24;10.93 107.25;10.94 107.25");
        assert_eq!((LINE.read)("10,93 107,24;"), "10.93 107.24");
        assert_eq!((LINE.show)(area), area);
        assert_eq!((AREA.read)("abc"), "abc");
    }

    #[test]
    fn a_stride_is_measured_on_the_earth() {
        let place = |latitude, longitude| Place { latitude, longitude };
        let metres = distance_m(place(10.93, 107.24), place(10.93, 107.241));
        for latitude in [0.0, 21.0, -45.0, 70.0, 90.0_f64] {
            assert!((shrink(latitude) - latitude.to_radians().cos()).abs() < 1e-3, "{latitude}");
        }
        assert!((109.0..109.4).contains(&metres), "{metres}");
        assert!((distance_m(place(10.0, 107.0), place(10.001, 107.0)) - 111.195).abs() < 0.01);
    }

    #[test]
    fn of_a_plot_the_way_around_it_and_its_size_are_told_and_of_a_line_its_length() {
        let plot = |side: &str| {
            let (north, east) = (format!("10.93{side}"), format!("107.24{side}"));
            let corner = |latitude: &str, longitude: &str| format!("{latitude} {longitude} 0 5");
            vec![
                corner("10.93", "107.24"),
                corner(&north, "107.24"),
                corner(&north, &east),
                corner("10.93", &east),
            ]
        };
        let cases = [
            (Language::Vi, "05", 4, true, "4 điểm, chu vi 220 m, diện tích 3.042 m²"),
            (Language::Vi, "5", 4, true, "4 điểm, chu vi 2.204 m, diện tích 30,42 ha"),
            (Language::En, "05", 3, true, "3 points, 188 m around, 1,521 m²"),
            (Language::Vi, "05", 2, true, "2 điểm, dài 56 m"),
            (Language::Vi, "05", 4, false, "4 điểm, dài 166 m"),
            (Language::En, "05", 1, false, "1 point, 0 m"),
        ];
        for (language, side, count, closed, told) in cases {
            assert_eq!(measured(language, &plot(side)[..count], closed), told);
        }
    }

    #[test]
    fn a_walk_takes_no_fix_for_a_corner_that_may_err_further_than_it_lies() {
        const NORTH_100_M: f64 = 0.0009;
        let last = Place { latitude: 10.93, longitude: 107.24 };
        let fix = |north, accuracy_m| {
            let (latitude, longitude) = (last.latitude + north, last.longitude);
            Ok(Fix { latitude, longitude, altitude_m: None, accuracy_m })
        };
        let cases = [
            (fix(NORTH_100_M, 5.0), false, Step::Corner),
            (fix(NORTH_100_M / 20.0, 5.0), false, Step::Near),
            // Under leaves: only once nothing better came.
            (fix(NORTH_100_M, 40.0), false, Step::Unsure),
            (fix(NORTH_100_M, 40.0), true, Step::Corner),
            (fix(NORTH_100_M / 4.0, 40.0), true, Step::Near),
            // By a mast of the network.
            (fix(NORTH_100_M * 10.0, 800.0), false, Step::Unsure),
            (fix(NORTH_100_M * 10.0, 800.0), true, Step::Unsure),
            // It goes on until nobody may know where the phone is.
            (Err(LocationError::Unavailable), true, Step::Unsure),
            (Err(LocationError::TimedOut), false, Step::Late),
            (Err(LocationError::Denied), false, Step::End),
        ];
        for (news, is_late, then) in cases {
            assert_eq!(step(&news, is_late, 10.0, Some(last)), then, "{news:?} late: {is_late}");
        }
        assert_eq!(step(&fix(0.0, 5.0), false, 10.0, None), Step::Corner);
    }

    #[test]
    fn a_sketch_keeps_north_above_and_the_proportion() {
        let place = |latitude, longitude| Place { latitude, longitude };
        let corners = [place(0.0, 0.0), place(2.0, 0.0), place(2.0, 1.0)];
        assert_eq!(sketch(&corners), "29.0,92.0 29.0,8.0 71.0,8.0");
        assert_eq!(sketch(&[place(10.0, 107.0)]), "50.0,50.0");
    }
}
