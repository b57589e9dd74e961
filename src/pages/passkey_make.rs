//! On the sign-in screen: whoever brings a code and needs a passkey makes one, and comes in by both. Comes when the server says so.

use leptos::prelude::*;

use super::passkey_sign_in::{Entering, not_let_in};
use super::sign_in::Invitation;
use crate::components::{Banner, Button, ButtonKind, Tone};
use crate::locale::Language;
use crate::platform::{document, passkeys::PasskeyError, tasks};
use crate::stores::{
    Door, OpenForms, SignIn,
    passkeys::{self, PasskeyFailure},
    preferences::use_words,
    records::FetchError,
};

const PLACE: &str = ".make-passkey";

/// Says why, and makes it at a tap: browsers want one.
#[component]
pub fn PasskeyMake() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = use_context::<SignIn>().zip(use_context::<OpenForms>());
    let Invitation(code, _) = expect_context();
    let entering = Entering::new();
    let Entering { busy, failure, .. } = entering;
    let make = move || {
        let making =
            async move { passkeys::make_at_the_door(door, inside, &code.get_untracked()).await };
        entering.enter(making, PLACE);
    };
    // The code was typed further down: a small phone shows this above its edge.
    drop(tasks::after(0, || {
        document::go_to(PLACE);
    }));
    let label = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.adding_passkey() } else { language.make_passkey() }.to_owned()
    });
    view! {
        <div class="sign-in-form make-passkey">
            <Banner tone=Tone::Attention title=words.say(Language::passkey_to_make) />
            <p class="muted">{words.say(Language::passkeys_why)}</p>
            {move || {
                let why = failure.read().as_ref().map(|why| not_made(words.now(), why))?;
                Some(view! { <Banner tone=Tone::Bad title=why /> })
            }}
            <Button kind=ButtonKind::Primary label=label disabled=busy on_click=move |()| make() />
        </div>
    }
}

fn not_made(language: Language, why: &PasskeyFailure) -> String {
    match why {
        PasskeyFailure::Browser(PasskeyError::Cancelled) => language.passkey_not_made().to_owned(),
        PasskeyFailure::Browser(PasskeyError::Known) => language.passkey_here_already().to_owned(),
        PasskeyFailure::Server(FetchError::Refused(code)) if code == "wrong_code" => {
            language.wrong_code().to_owned()
        }
        why => not_let_in(language, why),
    }
}
