//! Under More: sets, changes and takes away the PIN, and says when the app locks itself.

use leptos::prelude::*;

use super::{
    pin_pad::PinPad,
    unlock::{FEW, pin_text},
};
use crate::components::{Banner, Button, ChoiceOption, Segmented, Toast, Toaster, Tone};
use crate::locale::Language;
use crate::platform::{document, tasks};
use crate::reactive::{Show, memo};
use crate::stores::{Door, Library, door::PinError, pack::REQUIRED, pin, preferences::use_words};

/// What the person does with the PIN, and how far they are.
#[derive(Clone, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Idle,
    /// The PIN in use is asked for; then another follows, or none.
    Old {
        then_none: bool,
    },
    New {
        old: Option<String>,
    },
    Again {
        old: Option<String>,
        new: String,
    },
}

/// Whoever comes here has asked for a PIN already.
#[derive(Clone, Copy)]
pub(super) struct AtOnce;

/// The PIN and the lock.
#[component]
pub fn PinSettings() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = door.inside();
    let has_pin = memo(move || inside.read().as_ref().is_some_and(|here| here.row.pin.is_some()));
    let library = expect_context::<Library>();
    let is_required = memo(move || library.pack().read().pin.as_deref() == Some(REQUIRED));
    let is_asked_at_once = use_context::<AtOnce>().is_some() && !has_pin.get_untracked();
    let step = RwSignal::new(if is_asked_at_once { Step::New { old: None } } else { Step::Idle });
    let failure = RwSignal::new(None::<String>);
    let go = move |to: Step| {
        failure.set(None);
        step.set(to);
    };
    view! {
        <p>{move || if has_pin.get() { words.now().has_pin() } else { words.now().no_pin_yet() }}</p>
        <Show when=move || step.get() == Step::Idle>
            <div class="button-row">
                <Button
                    label=Signal::derive(move || {
                        if has_pin.get() { words.now().change_pin() } else { words.now().set_pin() }.to_owned()
                    })
                    on_click=move |()| go(if has_pin.get_untracked() {
                        Step::Old { then_none: false }
                    } else {
                        Step::New { old: None }
                    })
                />
                <Show when=move || has_pin.get() && !is_required.get()>
                    <Button label=words.say(Language::remove_pin) on_click=move |()| go(Step::Old { then_none: true }) />
                </Show>
            </div>
        </Show>
        <Show when=move || step.get() != Step::Idle>
            <Asking step=step failure=failure />
            <p class="muted">{words.say(Language::pin_forgotten)}</p>
            <Button label=words.say(Language::cancel) on_click=move |()| go(Step::Idle) />
        </Show>
        {move || failure.get().map(|text| view! { <Banner tone=Tone::Bad title=text /> })}
        <Show when=move || has_pin.get()>
            <IdleChoice />
        </Show>
    }
}

#[component]
fn Asking(step: RwSignal<Step>, failure: RwSignal<Option<String>>) -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let toaster = expect_context::<Toaster>();
    let busy = RwSignal::new(false);
    let label = Signal::derive(move || {
        let language = words.now();
        match step.get() {
            Step::Idle | Step::Old { .. } => language.enter_old_pin(),
            Step::New { .. } => language.enter_new_pin(),
            Step::Again { .. } => language.repeat_pin(),
        }
        .to_owned()
    });
    let fail = move |error: &PinError, back: Step| {
        let language = words.at_once();
        // Here too a wrong one counts.
        let inside = door.inside();
        let left = inside.read_untracked().as_ref().and_then(|here| here.row.tries_left());
        let left = left.filter(|left| *error == PinError::Wrong && (1..=FEW).contains(left));
        let left = left.map(|left| language.pins_left(left)).unwrap_or_default();
        failure
            .try_set(Some(format!("{} {left}", pin_text(language, error)).trim_end().to_owned()));
        step.try_set(back);
    };
    let set = move |old: Option<String>, new: Option<String>| {
        busy.set(true);
        tasks::spawn(async move {
            tasks::sleep(0).await;
            let done = door.set_pin(old.as_deref(), new.as_deref()).await;
            busy.try_set(false);
            match done {
                Ok(()) => {
                    step.try_set(Step::Idle);
                    // The pad that they were on is gone.
                    request_animation_frame(|| document::catch_focus(None, "#content"));
                    let said: fn(Language) -> &'static str =
                        if new.is_some() { Language::pin_is_set } else { Language::pin_is_removed };
                    let text = said(words.at_once()).to_owned();
                    toaster.show(Toast { text, action: None });
                }
                Err(error) => {
                    let again = match old {
                        Some(_) => Step::Old { then_none: new.is_none() },
                        None => Step::New { old: None },
                    };
                    fail(&error, again);
                }
            }
        });
    };
    let take = move |entered: String| {
        failure.set(None);
        match step.get_untracked() {
            Step::Idle => {}
            Step::Old { then_none: true } => set(Some(entered), None),
            Step::Old { then_none: false } => step.set(Step::New { old: Some(entered) }),
            Step::New { old } => match pin::check(&entered) {
                Ok(()) => step.set(Step::Again { old, new: entered }),
                Err(bad) => fail(&bad.into(), Step::New { old }),
            },
            Step::Again { old, new } if new == entered => set(old, Some(new)),
            Step::Again { old, .. } => {
                failure.set(Some(words.at_once().pins_differ().to_owned()));
                step.set(Step::New { old });
            }
        }
    };
    view! { <PinPad label=label disabled=busy on_pin=take /> }
}

#[component]
fn IdleChoice() -> impl IntoView {
    const MINUTES: [u32; 4] = [1, 5, 15, 60];
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = door.inside();
    let options = Signal::derive(move || {
        let option = |minutes: u32| ChoiceOption {
            value: minutes.to_string(),
            label: words.now().minutes(minutes),
        };
        MINUTES.map(option).to_vec()
    });
    let value = Signal::derive(move || {
        inside.read().as_ref().map_or_else(String::new, |here| here.row.idle_min.to_string())
    });
    view! {
        <h3>{words.say(Language::locked_after)}</h3>
        <Segmented
            name="lock-after"
            label=words.say(Language::locked_after)
            options=options
            value=value
            on_choose=move |minutes: String| {
                let Ok(minutes) = minutes.parse() else { return };
                tasks::spawn(async move {
                    if let Err(error) = door.set_idle(minutes).await {
                        crate::platform::log_error(&format!("lock not changed: {error}"));
                    }
                });
            }
        />
    }
}
