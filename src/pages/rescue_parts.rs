//! What is missing of a rescue file in several files, of which some were opened here: on Today, and where the next is opened.

use leptos::prelude::*;

use crate::components::{Banner, Button, ButtonKind, Tone};
use crate::locale::Language;
use crate::platform::{document, log_error, tasks};
use crate::router::A;
use crate::stores::{Carry, carry::Parts, preferences::use_words};

/// Says which are missing, until they came or are given up.
#[component]
pub(super) fn RescueParts(
    carry: Carry,
    /// Whether the next is opened on this very screen.
    is_there: bool,
) -> impl IntoView {
    let words = use_words();
    let missing = RwSignal::new(Vec::<Parts>::new());
    tasks::spawn(async move {
        match carry.missing_parts().await {
            Ok(parts) => drop(missing.try_set(parts)),
            Err(error) => log_error(&format!("missing files not read: {error}")),
        }
    });
    let give_up = move |()| {
        tasks::spawn(async move {
            match carry.give_up_parts().await {
                Ok(()) => {
                    missing.try_set(Vec::new());
                    request_animation_frame(|| document::catch_focus(None, "#content"));
                }
                Err(error) => log_error(&format!("missing files not given up: {error}")),
            }
        });
    };
    move || {
        missing.read().first().map(|parts| {
            let (of, places) = (parts.of, parts.missing());
            let title = Signal::derive(move || words.now().rescue_parts_missing(of, &places));
            view! {
                <Banner tone=Tone::Attention title=title>
                    <p>{words.say(Language::rescue_parts_why)}</p>
                    <div class="button-row">
                        {(!is_there)
                            .then(|| view! { <A href="/carry" attr:class="button">{words.say(Language::restore_title)}</A> })}
                        <Button kind=ButtonKind::Quiet label=words.say(Language::rescue_parts_gone) on_click=give_up />
                    </div>
                </Banner>
            }
        })
    }
}
