//! Says that work does not stay where the app was opened: in the browser inside of a chat, and in Safari, which deletes what was not opened
//! for a week. As long as it is so: nobody puts it away for good.

use leptos::prelude::*;

use super::copy_button::CopyButton;
use crate::components::{Banner, ButtonKind, Tone};
use crate::locale::Language;
use crate::platform::address;
use crate::platform::install::{self, Way};
use crate::reactive::memo;
use crate::stores::{InstallOffer, SpaceWatch, SyncStatus, preferences::use_words};

/// The warning. Comes with the forms.
#[component]
pub(super) fn NotHere() -> impl IntoView {
    let words = use_words();
    let (space, offer) = (expect_context::<SpaceWatch>().space(), expect_context::<InstallOffer>());
    let standing = expect_context::<SyncStatus>().standing();
    let has_unsent = memo(move || {
        let standing = standing.read();
        standing.unsent_records + standing.unsent_files > 0
    });
    if install::is_in_another_app() {
        let unsent = move || {
            has_unsent.get().then(|| view! { <p>{words.say(Language::send_all_first)}</p> })
        };
        return view! {
            <Banner tone=Tone::Attention title=words.say(Language::open_in_browser)>
                {unsent}
                <CopyButton label=words.say(Language::copy_link) text=|| address::origin() kind=ButtonKind::Primary />
            </Banner>
        }
        .into_any();
    }
    let goes =
        memo(move || offer.way() == Way::ByHand && !space.read().persisted && has_unsent.get());
    let title = words.say(Language::safari_deletes);
    (move || goes.get().then(|| view! { <Banner tone=Tone::Attention title=title /> })).into_any()
}
