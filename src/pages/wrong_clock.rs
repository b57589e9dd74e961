//! Says that the phone's clock is wrong, where people begin a record or fill one in: forms take the day from it.

use leptos::prelude::*;

use crate::components::{Banner, Tone};
use crate::locale::Language;
use crate::reactive::memo;
use crate::stores::{Records, SyncStatus, preferences::use_words, records::wrong_by};

/// The warning, as long as the clock is far from the server's. Comes with the forms.
#[component]
pub(super) fn WrongClock() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let standing = expect_context::<SyncStatus>().standing();
    let behind = memo(move || {
        // It is known from each talk with the server.
        standing.track();
        wrong_by(records.device().offset_ms())
    });
    move || {
        let behind = behind.get()?;
        let title = Signal::derive(move || words.now().clock_is_wrong(behind));
        Some(view! {
            <Banner tone=Tone::Attention title=title>
                <p>{words.say(Language::clock_what_to_do)}</p>
            </Banner>
        })
    }
}
