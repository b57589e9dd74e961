//! A map whose marks are the choices. The list stands below it: a map says nothing to a screen reader, and it may not be there.

use leptos::prelude::*;

use crate::reactive::memo;

use super::one_of;
use crate::form_view::map::{Mark, OnMap};
use crate::form_view::question::Asked;

/// The choices that lie somewhere on a map, and all of them as a list.
#[component]
pub(super) fn ChooseOnMap(asked: Asked) -> impl IntoView {
    let value = asked.value();
    let choices = asked.entry.choices(asked.id);
    let placed = memo(move || {
        let (value, choices) = (value.read(), choices.read());
        let placed = choices.iter().filter_map(|choice| {
            let mark = Mark::read(choice.geometry.as_deref()?, choice.value == *value)?;
            Some((choice.value.clone(), mark))
        });
        placed.collect::<Vec<_>>()
    });
    let marks = memo(move || placed.read().iter().map(|(_, mark)| mark.clone()).collect());
    let pick = Callback::new(move |mark: usize| {
        let value =
            placed.with_untracked(|placed| placed.get(mark).map(|(value, _)| value.clone()));
        if let Some(value) = value {
            asked.choose(&value);
        }
    });
    view! {
        <div class="geopoint">
            <OnMap asked=asked marks=marks opens=true pick=Some(pick) />
        </div>
        {one_of(asked)}
    }
}
