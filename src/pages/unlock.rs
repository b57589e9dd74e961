//! The lock: whose store it is, and the pad for their PIN.

use leptos::prelude::*;

use super::{pin_pad::PinPad, sign_in::LanguageChoice, title_page};
use crate::components::{Banner, Button, ButtonKind, Sheet, Tone};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::{address, connectivity, document, log_error, tasks};
use crate::reactive::{Show, memo};
use crate::stores::{
    Door,
    door::PinError,
    pin::BadPin,
    preferences::use_words,
    wipe::{self, Outcome},
};

/// With so few wrong PINs left before the phone is emptied, it says so.
pub(super) const FEW: u32 = 3;
/// The next try to bring what is unsent to the server, if no network appears before.
const RETRY_MS: u32 = 60_000;

/// Asks whoever is to be let in for their PIN.
#[component]
pub fn UnlockPage() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    title_page(words.say(Language::enter_pin));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<PinError>);
    let asked = door.asked();
    let is_lost = move || asked.read().as_ref().is_some_and(|person| person.row.is_lost());
    let is_aside = move || asked.read().as_ref().is_some_and(|person| person.row.aside.is_some());
    let has_pin = move || asked.read().as_ref().is_none_or(|person| person.row.pin.is_some());
    let is_pinned = memo(has_pin);
    let name = move || asked.read().as_ref().map(|person| person.label.name.clone());
    let wait = Wait { all: RwSignal::new(0), left: RwSignal::new(0) };
    wait.count_down(door, failure);
    let tried = Tried::new(door);
    tried.settle();
    connectivity::on_change(move |online| {
        if online {
            tried.settle();
        }
    });
    let disabled = Signal::derive(move || busy.get() || wait.left.get() > 0);
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
                wait.count_down(door, failure);
                tried.settle();
            }
        });
    };
    let wrong = move |wait_s: i64| match failure.get() {
        _ if wait_s > 0 => Some(words.now().wait_for_pin(wait_s)),
        Some(PinError::Wait(_)) | None => None,
        Some(error) => Some(pin_text(words.now(), &error)),
    };
    let said = move || match is_lost() {
        true => Some(words.now().is_lost().to_owned()),
        false if is_aside() => Some(words.now().data_aside().to_owned()),
        false => tried_text(words.now(), tried.outcome.get()),
    };
    view! {
        <main class="sign-in unlock">
            <LanguageChoice />
            <h1>{name}</h1>
            <Show when=move || tried.outcome.get() == Some(Outcome::Wiped)>
                <Wiped why=match (is_lost(), is_aside()) {
                    (true, _) => Language::wiped_lost,
                    (_, true) => Language::wiped_aside,
                    _ => Language::wiped_why,
                } />
            </Show>
            <Show when=move || tried.outcome.get() != Some(Outcome::Wiped)>
                // Above the keys: below them a small phone would hide how many tries are left.
                <div class="pin-said">
                    {move || match (wrong(wait.all.get()), said()) {
                        (None, None) => ().into_any(),
                        (None, Some(said)) => {
                            view! { <Banner tone=Tone::Attention stands=true title=said /> }.into_any()
                        }
                        (Some(_), said) => {
                            let title = Signal::derive(move || wrong(wait.left.get()).unwrap_or_default());
                            view! {
                                <Banner tone=Tone::Bad stands=true title=title>
                                    {said.map(|said| view! { <p>{said}</p> })}
                                </Banner>
                            }
                            .into_any()
                        }
                    }}
                </div>
                // Told once: the seconds that run down would leave nothing else to be heard.
                <p class="visually-hidden" role="alert">
                    {move || [wrong(wait.all.get()), said()].into_iter().flatten().collect::<Vec<_>>().join(" ")}
                </p>
                <Show when=has_pin>
                    <PinPad label=words.say(Language::enter_pin) disabled=disabled on_pin=open />
                </Show>
                <div class="button-row">
                    {move || {
                        // Where there is no PIN, nothing else is to be done.
                        let (kind, label) = match is_pinned.get() {
                            true => (ButtonKind::Secondary, words.say(Language::somebody_else)),
                            false => (ButtonKind::Primary, words.say(Language::sign_in)),
                        };
                        view! { <Button kind=kind label=label on_click=move |()| door.ask_nobody() /> }
                    }}
                    <Show when=move || has_pin() && !is_aside()>
                        <Forgotten />
                    </Show>
                </div>
            </Show>
        </main>
    }
}

/// The way on for whoever does not know the PIN any more.
#[component]
fn Forgotten() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let open = RwSignal::new(false);
    view! {
        <Button
            kind=ButtonKind::Quiet
            label=words.say(Language::forgot_pin)
            on_click=move |()| open.set(true)
        />
        <Sheet
            open=open
            title=words.say(Language::forgot_pin)
            close_label=words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <p>{words.say(Language::forgot_pin_closed)}</p>
            <p>{words.say(Language::forgot_pin_anew)}</p>
            <p>{words.say(Language::forgot_pin_keep)}</p>
            <Button
                kind=ButtonKind::Primary
                label=words.say(Language::sign_in_again)
                on_click=move |()| door.forget_pin()
            />
        </Sheet>
    }
}

/// Nothing of the person is on the phone any more.
#[component]
fn Wiped(why: fn(Language) -> &'static str) -> impl IntoView {
    let words = use_words();
    let begin_anew = |()| {
        address::change("/", true);
        document::reload();
    };
    view! {
        <Banner tone=Tone::Attention title=words.say(Language::wiped)>
            <p>{words.say(why)}</p>
        </Banner>
        <Button kind=ButtonKind::Primary label=words.say(Language::sign_in) on_click=begin_anew />
    }
}

/// Where the phone stands after the wrong PINs so far.
#[derive(Clone, Copy)]
struct Tried {
    door: Door,
    outcome: RwSignal<Option<Outcome>>,
    /// Whether it is being found out.
    busy: RwSignal<bool>,
}

impl Tried {
    fn new(door: Door) -> Self {
        Self { door, outcome: RwSignal::new(None), busy: RwSignal::new(false) }
    }

    /// Does what is to be done after the wrong PINs so far, as long as the page is there.
    fn settle(self) {
        if self.busy.try_get_untracked() != Some(false) {
            return;
        }
        let Some(person) = self.door.asked().get_untracked() else { return };
        self.busy.set(true);
        tasks::spawn(async move {
            let settled = wipe::settle(self.door, &person).await;
            self.busy.try_set(false);
            match settled {
                Ok(outcome) => {
                    self.outcome.try_set(Some(outcome));
                    if outcome == Outcome::NotBrought {
                        // It fires once; the page may be another one then.
                        drop(tasks::after(RETRY_MS, move || self.settle()));
                    }
                }
                Err(error) => log_error(&format!("wrong PINs not followed up: {error}")),
            }
        });
    }
}

/// What follows of the wrong PINs so far, in words; nothing as long as there are many left.
fn tried_text(language: Language, outcome: Option<Outcome>) -> Option<String> {
    Some(match outcome? {
        Outcome::Waits(Some(left)) if left <= FEW => language.pins_left(left),
        Outcome::Keeps => language.pins_used_up_kept().to_owned(),
        Outcome::NotBrought => language.pins_used_up_unsent().to_owned(),
        Outcome::Waits(_) | Outcome::Wiped => return None,
    })
}

/// The seconds until the next PIN can be tried.
#[derive(Clone, Copy)]
struct Wait {
    /// As many as they were when they began; 0 when they are over.
    all: RwSignal<i64>,
    /// As many as are left.
    left: RwSignal<i64>,
}

impl Wait {
    /// What was wrong before has been seen once they run.
    fn count_down(self, door: Door, failure: RwSignal<Option<PinError>>) {
        tasks::spawn(async move {
            let Some(person) = door.asked().get_untracked() else { return };
            for turn in 0_u32.. {
                // A store that cannot be read is told when the next PIN is tried.
                let wait_ms = door.wait_ms(&person.id).await.unwrap_or_default();
                let left = (wait_ms + 999) / 1_000;
                if self.left.try_set(left).is_some() {
                    return;
                }
                if turn == 0 || left == 0 {
                    self.all.try_set(left);
                }
                match (turn, left) {
                    (_, 0) => return,
                    (0, _) => drop(failure.try_set(None)),
                    _ => {}
                }
                tasks::sleep(1_000).await;
            }
        });
    }
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
