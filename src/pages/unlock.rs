//! The lock: whose store it is, and the pad for their PIN.

use leptos::prelude::*;

use super::{pin_pad::PinPad, sign_in::LanguageChoice, title_page};
use crate::components::{Banner, Button, Tone};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{Door, door::PinError, pin::BadPin, preferences::use_words};

/// Asks whoever is to be let in for their PIN.
#[component]
pub fn UnlockPage() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    title_page(words.say(Language::enter_pin));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<PinError>);
    let asked = door.asked();
    let name = move || asked.read().as_ref().map(|person| person.label.name.clone());
    let waits = RwSignal::new(0_i64);
    count_down(door, waits);
    let disabled = Signal::derive(move || busy.get() || waits.get() > 0);
    let open = move |pin: String| {
        busy.set(true);
        failure.set(None);
        tasks::spawn(async move {
            // The pad shows that it is at work before the key keeps the page busy.
            tasks::sleep(0).await;
            let opened = door.unlock(&pin).await;
            busy.try_set(false);
            if let Err(error) = opened {
                failure.try_set(Some(error));
                count_down(door, waits);
            }
        });
    };
    view! {
        <main class="sign-in unlock">
            <LanguageChoice />
            <h1>{name}</h1>
            <PinPad label=words.say(Language::enter_pin) disabled=disabled on_pin=open />
            <div class="pin-said">
                {move || {
                    let language = words.now();
                    let said = match (failure.get(), waits.get()) {
                        (_, wait) if wait > 0 => language.wait_for_pin(wait),
                        (Some(PinError::Wait(_)), _) => return None,
                        (Some(error), _) => pin_text(language, &error),
                        (None, _) => return None,
                    };
                    Some(view! { <Banner tone=Tone::Bad title=said /> })
                }}
            </div>
            <Button label=words.say(Language::somebody_else) on_click=move |()| door.ask_nobody() />
        </main>
    }
}

/// Counts the seconds until the next PIN can be tried.
fn count_down(door: Door, waits: RwSignal<i64>) {
    tasks::spawn(async move {
        let Some(person) = door.asked().get_untracked() else { return };
        loop {
            // A store that cannot be read is told when the next PIN is tried.
            let wait_ms = door.wait_ms(&person.id).await.unwrap_or_default();
            if waits.try_set((wait_ms + 999) / 1_000).is_some() || wait_ms == 0 {
                return;
            }
            tasks::sleep(1_000).await;
        }
    });
}

/// Why a PIN did not do, in words.
pub(super) fn pin_text(language: Language, error: &PinError) -> String {
    match error {
        PinError::Wrong => language.wrong_pin().to_owned(),
        PinError::Wait(wait_ms) => language.wait_for_pin((wait_ms + 999) / 1_000),
        PinError::Bad(BadPin::NotDigits) => language.pin_digits().to_owned(),
        PinError::Bad(BadPin::Guessed) => language.pin_guessed().to_owned(),
        PinError::NoKey(_) => language.pin_no_key().to_owned(),
        PinError::Storage(error) => storage_advice(language, error).to_owned(),
    }
}
