//! A bearing, read from the phone's compass.

use leptos::prelude::*;

use crate::reactive::Show;

use crate::components::{Button, Glyph, Trouble};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{compass, tasks};

/// The button that reads the compass, beside a number that can be typed too.
#[component]
pub(super) fn Compass(asked: Asked, whole: bool) -> impl IntoView {
    let words = asked.words;
    let failed = RwSignal::new(false);
    // The button stays as it is meanwhile: switched off, it would throw the focus out.
    let busy = StoredValue::new(false);
    let read = move |()| {
        if busy.get_value() {
            return;
        }
        busy.set_value(true);
        failed.set(false);
        tasks::spawn(async move {
            match compass::bearing().await {
                Some(degrees) if whole => asked.choose(&format!("{degrees:.0}")),
                Some(degrees) => asked.choose(&format!("{degrees:.1}")),
                None => {
                    failed.try_set(true);
                }
            }
            busy.try_set_value(false);
        });
    };
    view! {
        <Show when=move || compass::is_supported() && !asked.readonly().get()>
            <Button icon=Glyph::Pin label=words.say(Language::read_compass) on_click=read />
        </Show>
        <Trouble told=Signal::derive(move || failed.get().then(|| words.now().no_compass().to_owned())) />
    }
}
