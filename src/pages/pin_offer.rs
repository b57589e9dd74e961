//! The offer to set a PIN: on Today once the phone is ready for work, until there is one or it is put away.

use leptos::prelude::*;

use super::{Later, parts::InPart, pin_settings::AtOnce};
use crate::components::{Banner, Button, ButtonKind, Sheet};
use crate::locale::Language;
use crate::platform::clock;
use crate::reactive::{effect, memo};
use crate::stores::{
    Door, Library, Preferences,
    pack::{REQUIRED, WANTED},
    preferences::use_words,
};

/// Where a PIN is wanted the offer that was put away comes again after so long.
const AGAIN_AFTER_MS: i64 = 7 * 86_400_000;

/// Whether somebody without a PIN is offered one: as the organisation wishes, and as they put it away.
fn is_offered(wish: Option<&str>, put_away_ms: Option<i64>, now_ms: i64) -> bool {
    match (wish, put_away_ms) {
        (Some(REQUIRED), _) | (_, None) => true,
        // Put away in the future it was by a clock that was wrong.
        (Some(WANTED), Some(at_ms)) => !(at_ms..at_ms + AGAIN_AFTER_MS).contains(&now_ms),
        (_, Some(_)) => false,
    }
}

/// The offer.
#[component]
pub(super) fn PinOffer() -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let preferences = expect_context::<Preferences>();
    let inside = expect_context::<Door>().inside();
    let forms_held = library.all_forms_held();
    let wish = memo(move || library.pack().read().pin.clone());
    let has_none = memo(move || inside.read().as_ref().is_some_and(|here| here.row.pin.is_none()));
    let is_offered = memo(move || {
        let put_away_ms = preferences.chosen().read().pin_put_away_ms;
        forms_held.get()
            && has_none.get()
            && is_offered(wish.read().as_deref(), put_away_ms, clock::now_ms())
    });
    let setting = RwSignal::new(false);
    effect(move || {
        if !has_none.get() {
            setting.set(false);
        }
    });
    provide_context(AtOnce);
    let put_away = move |()| {
        preferences.change(|chosen| chosen.pin_put_away_ms = Some(clock::now_ms()));
    };
    let is_required = move || wish.read().as_deref() == Some(REQUIRED);
    let wished = move || {
        let text = match wish.read().as_deref() {
            Some(REQUIRED) => Language::pin_required,
            Some(WANTED) => Language::pin_wanted,
            _ => return None,
        };
        Some(view! { <p>{words.say(text)}</p> })
    };
    let banner = move || {
        is_offered.get().then(|| {
            view! {
                <div data-pin-offer="">
                    <Banner title=words.say(Language::no_pin_yet)>
                        {wished}
                        <div class="button-row">
                            <Button
                                kind=ButtonKind::Primary
                                label=words.say(Language::set_pin)
                                on_click=move |()| setting.set(true)
                            />
                            {move || (!is_required()).then(|| view! { <Button label=words.say(Language::not_now) on_click=put_away /> })}
                        </div>
                    </Banner>
                </div>
            }
        })
    };
    view! {
        {banner}
        // Beside the offer, which goes for a while when forms come: nobody loses the digits of a PIN by that.
        <Sheet
            open=setting
            title=words.say(Language::lock)
            close_label=words.say(Language::close)
            on_close=move |()| {
                setting.try_set(false);
            }
        >
            <InPart screen=Later::PinSettings />
        </Sheet>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_that_was_put_away_comes_again_where_a_pin_is_wanted_and_stays_where_it_is_required()
    {
        let now_ms = 100 * AGAIN_AFTER_MS;
        let (yesterday, long_ago) = (now_ms - 86_400_000, now_ms - AGAIN_AFTER_MS);
        for (wish, put_away_ms, offered) in [
            (None, None, true),
            (None, Some(long_ago), false),
            (Some("another word"), Some(long_ago), false),
            (Some(WANTED), None, true),
            (Some(WANTED), Some(yesterday), false),
            (Some(WANTED), Some(long_ago), true),
            (Some(WANTED), Some(now_ms + 1), true),
            (Some(REQUIRED), Some(yesterday), true),
        ] {
            assert_eq!(is_offered(wish, put_away_ms, now_ms), offered, "{wish:?} {put_away_ms:?}");
        }
    }
}
