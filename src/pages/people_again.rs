//! Showing once more who one is, for what lasts or cannot be undone.

use leptos::prelude::*;

use super::people::why_not;
use crate::components::{Banner, Button, PasswordField, TextField, Tone, keyed_list};
use crate::locale::Language;
use crate::platform::{
    passkeys::{self as browser, PasskeyError},
    tasks,
};
use crate::reactive::memo;
use crate::stores::{
    passkeys::{self, PasskeyFailure},
    people::Again,
    preferences::use_words,
};

/// What was given. What a passkey signed is good once, so it goes with this.
pub(super) fn given(typed: RwSignal<Again>) -> Again {
    let given = typed.get_untracked();
    if given.passkey.is_some() {
        typed.update(|typed| typed.passkey = None);
    }
    given
}

/// Fields that are drawn anew, and so empty and hidden, at each `round`: nobody who takes the phone up next is to show what was typed.
/// A form's own `reset` unticks "show" and shows on.
pub(super) fn fresh(
    round: RwSignal<u32>,
    fields: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    keyed_list(move || vec![round.get()], u32::to_string, move |_| fields())
}

/// One's password, a code for who has none, or a passkey. `ids`: of the two fields.
#[component]
pub(super) fn AgainFields(ids: [&'static str; 2], typed: RwSignal<Again>) -> impl IntoView {
    let words = use_words();
    let [password, code] = ids;
    view! {
        <PasswordField
            id=password
            label=words.say(Language::your_password)
            show_label=words.say(Language::show_password)
            on_input=move |text| {
                typed.try_update(|typed| typed.password = text);
            }
        />
        <TextField
            id=code
            label=words.say(Language::code_instead_of_password)
            autocomplete="one-time-code"
            on_input=move |text| {
                typed.try_update(|typed| typed.code = text);
            }
        />
        {browser::are_here().then(|| view! { <ByPasskey typed=typed /> })}
    }
}

/// Has a passkey sign, and says that it did.
#[component]
fn ByPasskey(typed: RwSignal<Again>) -> impl IntoView {
    let words = use_words();
    let failure = RwSignal::new(None::<PasskeyFailure>);
    let busy = RwSignal::new(false);
    let sign = move |()| {
        busy.set(true);
        failure.set(None);
        tasks::spawn(async move {
            match passkeys::sign_again().await {
                Ok(signed) => {
                    typed.try_update(|typed| typed.passkey = Some(signed));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let is_signed = memo(move || typed.read().passkey.is_some());
    move || {
        if is_signed.get() {
            let title = words.say(Language::signed_again_by_passkey);
            return view! { <Banner tone=Tone::Good title=title /> }.into_any();
        }
        view! {
            {move || {
                let why = failure.read().as_ref().map(|why| not_signed(words.now(), why))?;
                Some(view! { <Banner tone=Tone::Bad title=why /> })
            }}
            <Button label=words.say(Language::sign_again_by_passkey) disabled=busy on_click=sign />
        }
        .into_any()
    }
}

fn not_signed(language: Language, why: &PasskeyFailure) -> String {
    match why {
        PasskeyFailure::Browser(PasskeyError::Cancelled) => {
            language.passkey_not_confirmed().to_owned()
        }
        PasskeyFailure::Browser(PasskeyError::NotHere(_)) => {
            language.passkey_impossible().to_owned()
        }
        PasskeyFailure::Browser(_) => language.passkey_failed().to_owned(),
        PasskeyFailure::Server(error) => why_not(language, error),
        PasskeyFailure::SignIn(_) => language.server_failed().to_owned(),
    }
}
