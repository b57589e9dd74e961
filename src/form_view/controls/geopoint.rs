//! A place on the earth: measured, or typed where the phone cannot measure.

use form::{DataType, QuestionControl};
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use crate::components::{Banner, Button, Glyph, Icon, Tone};
use crate::form_view::answer_text::{answer_text, map_link};
use crate::form_view::map::{Mark, OnMap, Place};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::location::{self, LocationError};
use crate::platform::tasks;

/// Good enough to stop measuring, where the form does not say.
pub(super) const ACCURACY_M: f64 = 10.0;
/// After so long the best measurement counts.
pub(super) const PATIENCE_MS: u32 = 30_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Measuring {
    Idle,
    Running,
    Failed(LocationError),
}

/// A place: a button that measures, what it found, and how sure that is.
#[component]
pub(super) fn Geopoint(asked: Asked, accuracy_m: Option<f64>) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let measuring = RwSignal::new(Measuring::Idle);
    let accuracy_m = accuracy_m.unwrap_or(ACCURACY_M);
    let measure = move |()| {
        measuring.set(Measuring::Running);
        tasks::spawn(async move {
            let found = location::locate(accuracy_m, PATIENCE_MS, |fix| {
                asked.entry.answer(asked.id, &fix.to_geopoint());
            })
            .await;
            let outcome = match found {
                Ok(fix) => {
                    asked.choose(&fix.to_geopoint());
                    Measuring::Idle
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
    let is_running = memo(move || *measuring.read() == Measuring::Running);
    let marks = memo(move || Mark::read(&value.read(), true).into_iter().collect());
    let is_placed = asked.looks("placement-map");
    let put =
        is_placed.then(|| Callback::new(move |place: Place| asked.choose(&place.to_geopoint())));
    view! {
        <div class="geopoint" role="group" aria-labelledby=asked.label_id()>
            <OnMap asked=asked marks=marks opens={is_placed || asked.looks("maps")} put=put />
            <Show when=move || !value.read().is_empty()>
                <p class="geopoint-value">
                    <Icon glyph=Glyph::Pin />
                    <span>{move || answer_text(words.now(), &QuestionControl::Input, DataType::Geopoint, &value.read(), &[])}</span>
                </p>
                {move || {
                    map_link(&value.read())
                        .map(|href| view! { <a href=href target="_blank" rel="noopener noreferrer">{words.say(Language::open_map)}</a> })
                }}
            </Show>
            <Button
                icon=Glyph::Pin
                label=label
                disabled=Signal::derive(move || is_running.get() || asked.readonly().get())
                on_click=measure
            />
            <MeasuringNews asked=asked measuring=measuring />
            <TypedPlace asked=asked />
        </div>
    }
}

#[component]
pub(super) fn MeasuringNews(asked: Asked, measuring: RwSignal<Measuring>) -> impl IntoView {
    let words = asked.words;
    move || match measuring.get() {
        Measuring::Idle => ().into_any(),
        Measuring::Running => {
            view! { <p class="muted" role="status">{words.say(Language::locating)}</p> }.into_any()
        }
        Measuring::Failed(error) => {
            let text = match error {
                LocationError::Denied => Language::location_denied,
                LocationError::TimedOut => Language::location_late,
                LocationError::Unavailable | LocationError::Unsupported(_) => {
                    Language::location_unavailable
                }
            };
            view! { <Banner tone=Tone::Attention title=words.say(text) /> }.into_any()
        }
    }
}

/// Coordinates typed by hand.
#[component]
fn TypedPlace(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let latitude = NodeRef::<html::Input>::new();
    let longitude = NodeRef::<html::Input>::new();
    let take = move || {
        let (Some(latitude), Some(longitude)) =
            (latitude.get_untracked(), longitude.get_untracked())
        else {
            return;
        };
        let number = |text: String| text.trim().replace(',', ".");
        let (latitude, longitude) = (number(latitude.value()), number(longitude.value()));
        if !latitude.is_empty() && !longitude.is_empty() {
            asked.entry.answer(asked.id, &format!("{latitude} {longitude} 0 0"));
        }
    };
    view! {
        <details class="guidance">
            <summary>{words.say(Language::type_location)}</summary>
            <div class="two-fields">
                <label class="field">
                    <span>{words.say(Language::latitude)}</span>
                    <input node_ref=latitude type="text" inputmode="decimal" autocomplete="off" id=asked.input_id() on:input=move |_| take() />
                </label>
                <label class="field">
                    <span>{words.say(Language::longitude)}</span>
                    <input node_ref=longitude type="text" inputmode="decimal" autocomplete="off" on:input=move |_| take() />
                </label>
            </div>
        </details>
    }
}
