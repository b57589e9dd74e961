//! On the sign-in screen: a passkey lets in. Comes when somebody asks for it.

use leptos::prelude::*;

use super::sign_in::{failure_text, go_on};
use crate::components::{Banner, Button, Tone};
use crate::locale::Language;
use crate::platform::{document, passkeys::PasskeyError, tasks};
use crate::router::{Router, use_router};
use crate::stores::{
    Door, OpenForms, SignIn,
    door::LetIn,
    passkeys::{self, PasskeyFailure},
    preferences::use_words,
    records::FetchError,
    sign_in::SignInError,
};

/// Asks at once, and again at a tap.
#[component]
pub fn PasskeySignIn() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = use_context::<SignIn>().zip(use_context::<OpenForms>());
    let entering = Entering::new();
    let Entering { busy, failure, .. } = entering;
    let enter = move || entering.enter(passkeys::sign_in(door, inside), ".by-passkey");
    enter();
    let label = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.signing_in() } else { language.sign_in_by_passkey() }.to_owned()
    });
    view! {
        <div class="sign-in-form by-passkey">
            {move || {
                let why = failure.read().as_ref().map(|why| not_let_in(words.now(), why))?;
                Some(view! { <Banner tone=Tone::Bad title=why /> })
            }}
            <Button label=label disabled=busy on_click=move |()| enter() />
        </div>
    }
}

/// A passkey that lets somebody in, one try at a time.
#[derive(Clone, Copy)]
pub(super) struct Entering {
    pub busy: RwSignal<bool>,
    pub failure: RwSignal<Option<PasskeyFailure>>,
    router: Router,
}

impl Entering {
    pub fn new() -> Self {
        Self { busy: RwSignal::new(false), failure: RwSignal::new(None), router: use_router() }
    }

    /// Tries, and goes on; a failure is shown at `place`.
    pub fn enter(
        self,
        attempt: impl Future<Output = Result<LetIn, PasskeyFailure>> + 'static,
        place: &'static str,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        tasks::spawn(async move {
            let answer = attempt.await;
            self.busy.try_set(false);
            match answer {
                Ok(whom) => go_on(self.router, whom),
                Err(error) => {
                    self.failure.try_set(Some(error));
                    // A small phone shows the words below its edge.
                    drop(tasks::after(0, move || {
                        document::go_to(place);
                    }));
                }
            }
        });
    }
}

/// Why a passkey let nobody in, in words.
pub(super) fn not_let_in(language: Language, why: &PasskeyFailure) -> String {
    let code = match why {
        PasskeyFailure::Browser(error) => {
            return match error {
                PasskeyError::Cancelled => language.passkey_cancelled(),
                PasskeyError::NotHere(_) => language.passkey_impossible(),
                PasskeyError::Known | PasskeyError::Failed(_) => language.passkey_failed(),
            }
            .to_owned();
        }
        PasskeyFailure::Server(FetchError::Http(_)) => {
            return language.server_unreachable().to_owned();
        }
        PasskeyFailure::Server(FetchError::Wait(minutes)) => {
            return language.asked_to_wait(*minutes);
        }
        PasskeyFailure::Server(FetchError::Refused(code))
        | PasskeyFailure::SignIn(SignInError::Refused(code)) => code,
        PasskeyFailure::Server(FetchError::Garbled(_) | FetchError::Storage(_)) => {
            return language.server_failed().to_owned();
        }
        PasskeyFailure::SignIn(error) => return failure_text(language, error),
    };
    match code.as_str() {
        "wrong_passkey" => language.passkey_wrong().to_owned(),
        "passkey_expired" => language.passkey_expired().to_owned(),
        "no_passkeys" => language.passkey_impossible().to_owned(),
        code => language.sign_in_refused(code),
    }
}
