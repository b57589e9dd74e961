//! The offer to put the app on the home screen: on Today, until it is taken or put away. It stays on the last screen.

use leptos::prelude::*;

use crate::components::{Banner, Button, ButtonKind, Glyph};
use crate::locale::Language;
use crate::platform::install::Way;
use crate::reactive::memo;
use crate::stores::{InstallOffer, Preferences, preferences::use_words};

/// The offer, where this browser has one.
#[component]
pub(super) fn InstallBanner() -> impl IntoView {
    let words = use_words();
    let offer = expect_context::<InstallOffer>();
    let preferences = expect_context::<Preferences>();
    let way = memo(move || {
        let is_put_away = preferences.chosen().read().install_dismissed;
        if is_put_away { Way::None } else { offer.way() }
    });
    let put_away = move |()| preferences.change(|chosen| chosen.install_dismissed = true);
    move || {
        let step = match way.get() {
            Way::Installed | Way::None => return None,
            Way::ByHand => view! { <p>{words.say(Language::install_iphone)}</p> }.into_any(),
            Way::Prompt => view! {
                <Button
                    kind=ButtonKind::Primary
                    icon=Glyph::Download
                    label=words.say(Language::install_button)
                    on_click=move |()| offer.show()
                />
            }
            .into_any(),
        };
        let offered = view! {
            <div data-install-offer="">
                <Banner title=words.say(Language::install)>
                    <p>{words.say(Language::install_why)}</p>
                    {step}
                    <Button label=words.say(Language::not_now) on_click=put_away />
                </Banner>
            </div>
        };
        Some(offered.into_any())
    }
}
