//! A place on the earth: measured, or typed where the phone cannot measure.

use form::{DataType, Question, QuestionControl};
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use crate::components::{Button, ButtonKind, Glyph, Icon, Trouble};
use crate::form_view::answer_text::{answer_text, map_link};
use crate::form_view::map::{Mark, OnMap, Place};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::location::{self, Fix, LocationError};
use crate::platform::tasks;

/// Good enough to stop measuring, where the form does not say.
const ACCURACY_M: f64 = 10.0;
/// A place that may lie so far off is told to be rough, where the form does not say.
const ROUGH_M: f64 = 100.0;
/// After so long the best measurement counts.
pub(super) const PATIENCE_MS: u32 = 30_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measuring {
    Idle,
    Running,
    Found,
    /// Of a walk, which goes on.
    Late,
    /// Of a walk, which is over.
    Forgotten,
    Failed(LocationError),
}

/// How well a place is to be measured.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Measuring ends when it is known so well.
    pub(super) accuracy_m: f64,
    /// Whoever measured is told when it is known no better than this.
    rough_m: f64,
}

impl Wanted {
    pub(super) fn by(question: &Question) -> Self {
        let metres = |name| question.parameter(name).and_then(form::parse_number);
        Self {
            accuracy_m: metres("accuracyThreshold").unwrap_or(ACCURACY_M),
            rough_m: metres("unacceptableAccuracyThreshold").unwrap_or(ROUGH_M),
        }
    }

    /// How far off a place may lie, if that is too far.
    pub(super) fn rough_m(self, place: &str) -> Option<f64> {
        let accuracy_m = place.split_whitespace().nth(3).and_then(form::parse_number);
        accuracy_m.filter(|accuracy_m| *accuracy_m > self.rough_m)
    }
}

/// A place: a button that measures, what it found, and how sure that is.
#[component]
pub(super) fn Geopoint(asked: Asked, wanted: Wanted) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let measuring = RwSignal::new(Measuring::Idle);
    let measure = move |()| {
        if *measuring.read_untracked() == Measuring::Running {
            return;
        }
        measuring.set(Measuring::Running);
        tasks::spawn(async move {
            // Whoever answers meanwhile has the last word.
            let mut ours = asked.value_at_once();
            let mut take = |fix: Fix| {
                if asked.value_at_once() == ours {
                    asked.entry.answer(asked.id, &fix.to_geopoint());
                    ours = asked.value_at_once();
                }
            };
            let outcome = match location::locate(wanted.accuracy_m, PATIENCE_MS, &mut take).await {
                Ok(fix) => {
                    take(fix);
                    asked.entry.leave(asked.id);
                    Measuring::Found
                }
                Err(error) => Measuring::Failed(error),
            };
            measuring.try_set(outcome);
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        if value.read().is_empty() {
            language.get_location()
        } else {
            language.get_location_again()
        }
        .to_owned()
    });
    let place = Signal::derive(move || {
        answer_text(words.now(), &QuestionControl::Input, DataType::Geopoint, &value.read(), &[])
    });
    let rough_m = memo(move || wanted.rough_m(&value.read()));
    let can_clear = asked.can_clear();
    let marks = memo(move || Mark::read(&value.read(), true).into_iter().collect());
    let is_placed = asked.looks("placement-map");
    let put =
        is_placed.then(|| Callback::new(move |place: Place| asked.choose(&place.to_geopoint())));
    view! {
        <div class="geopoint" role="group" aria-labelledby=asked.label_id() aria-describedby=asked.described_by()>
            <OnMap asked=asked marks=marks opens={is_placed || asked.looks("maps")} put=put />
            <Show when=move || Place::read(&value.read()).is_some()>
                <p class="geopoint-value">
                    <Icon glyph=Glyph::Pin />
                    <span>{place}</span>
                </p>
                {move || {
                    map_link(&value.read())
                        .map(|href| view! { <a href=href target="_blank" rel="noopener noreferrer">{words.say(Language::open_map)}</a> })
                }}
            </Show>
            <Button
                icon=Glyph::Pin
                label=label
                disabled=asked.readonly()
                on_click=measure
            />
            <Show when=move || can_clear.get()>
                <Button kind=ButtonKind::Quiet label=words.say(Language::clear_entry) on_click=move |()| asked.clear() />
            </Show>
            <MeasuringNews asked=asked measuring=measuring found=place rough_m=rough_m />
            <TypedPlace asked=asked />
        </div>
    }
}

/// How the measuring stands. The button that began it stays as it is meanwhile: switched off, it would throw the focus out.
#[component]
pub(super) fn MeasuringNews(
    asked: Asked,
    measuring: RwSignal<Measuring>,
    /// What was found, in words: whoever does not see it hears it.
    #[prop(into)]
    found: Signal<String>,
    /// How far off it may lie, if that is too far: as long as it is the answer.
    rough_m: Memo<Option<f64>>,
) -> impl IntoView {
    let words = asked.words;
    let news = move || match measuring.get() {
        Measuring::Idle | Measuring::Late | Measuring::Forgotten | Measuring::Failed(_) => {
            String::new()
        }
        Measuring::Running => words.now().locating().to_owned(),
        Measuring::Found => found.get_untracked(),
    };
    // What was found stands there already.
    let class = move || match *measuring.read() {
        Measuring::Running => "muted",
        _ => "visually-hidden",
    };
    let trouble = move || {
        let language = words.now();
        let text = match measuring.get() {
            Measuring::Running => return None,
            Measuring::Idle | Measuring::Found => {
                return Some(language.rough_place(rough_m.get()?));
            }
            Measuring::Late => language.walk_late(),
            Measuring::Forgotten => language.walk_forgotten(),
            Measuring::Failed(LocationError::Denied) => language.location_denied(),
            Measuring::Failed(LocationError::TimedOut) => language.location_late(),
            Measuring::Failed(_) => language.location_unavailable(),
        };
        Some(text.to_owned())
    };
    view! {
        <p class=class role="status">{news}</p>
        <Trouble told=Signal::derive(trouble) />
    }
}

/// What stands in an answer for a coordinate that is not typed yet: with it the answer is no place, and told to be none.
const MISSING: &str = "-";

/// Coordinates typed by hand, or measured and put right.
#[component]
fn TypedPlace(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let latitude = NodeRef::<html::Input>::new();
    let longitude = NodeRef::<html::Input>::new();
    let typed = StoredValue::new(String::new());
    // They are written when the answer is another than they gave.
    effect(move || {
        let (Some(latitude), Some(longitude), value) =
            (latitude.get(), longitude.get(), value.get())
        else {
            return;
        };
        if typed.with_value(|typed| *typed != value) {
            let mut parts = value.split_whitespace();
            for input in [latitude, longitude] {
                input.set_value(parts.next().filter(|part| *part != MISSING).unwrap_or_default());
            }
            typed.set_value(value);
        }
    });
    let take = move || {
        let coordinate = |input: NodeRef<html::Input>| {
            let text = input.get_untracked().map(|input| input.value()).unwrap_or_default();
            text.trim().replace(',', ".")
        };
        let place = typed_place(&coordinate(latitude), &coordinate(longitude));
        asked.entry.answer(asked.id, &place);
        typed.set_value(asked.value_at_once());
    };
    let coordinate = move |input: NodeRef<html::Input>,
                           label: fn(Language) -> &'static str,
                           id: Option<String>| {
        view! {
            <label class="field">
                <span>{words.say(label)}</span>
                <input
                    node_ref=input
                    type="text"
                    dir="ltr"
                    inputmode="decimal"
                    autocomplete="off"
                    id=id
                    readonly=asked.locked()
                    aria-describedby=asked.described_by()
                    aria-invalid=asked.invalid()
                    on:input=move |_| take()
                />
            </label>
        }
    };
    view! {
        <details class="guidance">
            <summary>{words.say(Language::type_location)}</summary>
            <div class="two-fields">
                {coordinate(latitude, Language::latitude, Some(asked.input_id()))}
                {coordinate(longitude, Language::longitude, None)}
            </div>
        </details>
    }
}

/// The answer that typed coordinates are.
fn typed_place(latitude: &str, longitude: &str) -> String {
    match (latitude, longitude) {
        ("", "") => String::new(),
        ("", longitude) => format!("{MISSING} {longitude} 0 0"),
        (latitude, "") => format!("{latitude} {MISSING} 0 0"),
        _ => format!("{latitude} {longitude} 0 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_rough_where_it_may_err_by_more_than_the_form_takes() {
        let wanted = |parameters: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Wanted::by(&Question {
                control: QuestionControl::Input,
                data_type: DataType::Geopoint,
                parameters: parameters.iter().map(owned).collect(),
            })
        };
        let said = [("accuracyThreshold", "5"), ("unacceptableAccuracyThreshold", "50")];
        assert!((wanted(&said).accuracy_m - 5.0).abs() < 1e-9);
        let cases = [
            (&said[..], "10.9 107.2 0 50", None),
            (&said, "10.9 107.2 0 51", Some(51.0)),
            (&[], "10.9 107.2 0 100", None),
            (&[], "10.9 107.2 0 101", Some(101.0)),
            // Typed, or taken away.
            (&[], "10.9 107.2 0 0", None),
            (&[], "10.9 107.2", None),
            (&[], "", None),
        ];
        for (parameters, place, rough_m) in cases {
            assert_eq!(wanted(parameters).rough_m(place), rough_m, "{place}");
        }
    }

    #[test]
    fn a_place_of_which_a_coordinate_is_missing_is_an_answer_and_no_place() {
        let cases = [
            ("10.95", "107.2", "10.95 107.2 0 0", true),
            ("10.95", "", "10.95 - 0 0", false),
            ("", "107.2", "- 107.2 0 0", false),
            ("", "", "", false),
        ];
        for (latitude, longitude, answer, is_place) in cases {
            assert_eq!(typed_place(latitude, longitude), answer);
            assert_eq!(Place::read(answer).is_some(), is_place, "{answer}");
        }
    }
}
