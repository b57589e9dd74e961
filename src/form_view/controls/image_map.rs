//! A picture whose regions are the choices. The list stands below it: a picture says nothing to a screen reader.

use form::Choice;
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{effect, memo};

use super::is_chosen;
use super::select_many::{SelectMany, with_choice};
use super::select_one::SelectOne;
use crate::form_view::question::Asked;
use crate::platform::{log_error, picture};

/// The choices on a picture, and as a list.
#[component]
pub(super) fn ImageMap(asked: Asked, many: bool) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let value = asked.value();
    let choices = asked.entry.choices(asked.id);
    let address =
        memo(move || asked.state.read().label.as_ref().and_then(|label| label.image.clone()));
    effect(move || {
        let (Some(frame), Some(address)) = (frame.get(), address.get()) else { return };
        let Some(svg) = asked.entry.media_text(&address) else { return };
        match form::read_picture(&svg) {
            Ok(found) => picture::draw(&frame, &found.view_box, &drawn(&found, &choices.read())),
            Err(error) => log_error(&format!("picture of choices: {error}")),
        }
    });
    effect(move || {
        let (Some(frame), value) = (frame.get(), value.get()) else { return };
        // Where the picture is drawn anew, so are its marks.
        address.track();
        choices.track();
        picture::mark_regions(&frame, |region| is_chosen(&value, region, many));
    });
    let press = move |region: String| {
        if asked.readonly().get_untracked() {
            return;
        }
        let value = asked.value_at_once();
        let is_in = !is_chosen(&value, &region, many);
        if many {
            let choices = choices.get_untracked();
            asked.choose(&with_choice(&value, &region, is_in, &choices));
        } else {
            asked.choose(&region);
        }
    };
    view! {
        <div
            class="image-map"
            aria-hidden="true"
            node_ref=frame
            on:click=move |event| {
                if let Some(region) = picture::pressed_region(&event) {
                    press(region);
                }
            }
        ></div>
        {if many {
            view! { <SelectMany asked=asked /> }.into_any()
        } else {
            view! { <SelectOne asked=asked /> }.into_any()
        }}
    }
}

/// The shapes, each with the choice that its region is.
fn drawn<'a>(found: &'a form::Picture, choices: &[Choice]) -> Vec<picture::Drawn<'a>> {
    let is_choice = |id: &&String| choices.iter().any(|choice| choice.value == **id);
    found
        .shapes
        .iter()
        .map(|shape| picture::Drawn {
            element: shape.element,
            attributes: shape
                .attributes
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect(),
            text: &shape.text,
            region: shape.ids.iter().find(is_choice).map(String::as_str),
        })
        .collect()
}
