//! `/sign-in`: who works on this phone.

use leptos::prelude::*;

use super::{InPart, Later, shell::NewVersion, title_page};
use crate::components::{
    Banner, Button, ButtonKind, ChoiceOption, PasswordField, Segmented, TextField, Toast, Toaster,
    Tone,
};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::{address, install, passkeys, tasks};
use crate::reactive::Show;
use crate::router::{A, Router, use_router};
use crate::stores::{
    Door, OpenForms, Preferences, SignIn,
    door::{Key, LetIn},
    preferences::{Words, use_words},
    sign_in::SignInError,
};

/// The code that somebody brought, and what uses it: they may have to make a passkey with it, or to bring it elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Invitation(pub(super) RwSignal<String>, pub(super) Callback<bool>);

/// What was tried: it is said there that it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// Above all else: whoever opened it need not look for why they are not in.
    Link,
    Code,
    Password,
}

/// What failed, in words.
type Failure = RwSignal<Option<(Tried, String)>>;

/// Name and password; once, with a network.
#[component]
pub fn SignInPage() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = use_context::<SignIn>().zip(use_context::<OpenForms>());
    title_page(words.say(Language::sign_in));
    let name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let failure = Failure::new(None);
    let busy = RwSignal::new(false);
    let router = use_router();
    let code = RwSignal::new(String::new());
    let makes_passkey = RwSignal::new(false);
    let toaster = expect_context::<Toaster>();
    // Whoever works here already has a way back to it.
    let is_in = inside.is_some_and(|(sign_in, _)| sign_in.profile().is_some());
    let expired = inside.map(|(sign_in, _)| sign_in.expired());
    // Whether a link's code waits here to be brought to where the app can stay.
    let passes_by = RwSignal::new(false);
    // Whether the code is a link's that no server has seen yet: whoever brought it need not go back for another.
    let is_invited = RwSignal::new(false);
    let enter = Callback::new(move |with_code: bool| {
        if busy.get_untracked() {
            return;
        }
        let (name, password) = (name.get_untracked(), password.get_untracked());
        let code = code.get_untracked();
        let language = words.at_once();
        let tried = if with_code { Tried::Code } else { Tried::Password };
        let missing = match with_code {
            true => code.trim().is_empty().then(|| language.fill_in_code()),
            false => {
                (name.trim().is_empty() || password.is_empty()).then(|| language.fill_in_name())
            }
        };
        if let Some(missing) = missing {
            return failure.set(Some((tried, missing.to_owned())));
        }
        busy.set(true);
        failure.set(None);
        makes_passkey.set(false);
        passes_by.set(false);
        tasks::spawn(async move {
            let key = match with_code {
                true => Key::Code { code: code.trim() },
                false => Key::Password { name: name.trim(), password: &password },
            };
            let answer = door.sign_in(key, inside).await;
            busy.try_set(false);
            let by_link = with_code && is_invited.try_get_untracked() == Some(true);
            if by_link && was_heard(&answer) {
                is_invited.try_set(false);
                router.replace("/sign-in");
            }
            match answer {
                Ok(whom) => go_on(router, whom),
                Err(SignInError::Refused(code)) if code == "passkey_to_make" => {
                    makes_passkey.try_set(true);
                }
                Err(error) => {
                    let text = failure_text(words.at_once(), &error);
                    // For many the link in a chat is how they open the app: they go on with their work.
                    let expired = expired.and_then(|expired| expired.try_get_untracked());
                    if by_link && is_in && expired == Some(false) {
                        router.replace("/");
                        toaster.show(Toast { text, action: None });
                    } else {
                        let tried = if by_link { Tried::Link } else { tried };
                        failure.try_set(Some((tried, text)));
                    }
                }
            }
        });
    });
    provide_context(Invitation(code, enter));
    // A link that a coordinator sent, or a picture that was scanned: its code is used at once, and leaves the address then. But not
    // where the app cannot stay: it is good once.
    let brought = address::fragment();
    if !brought.is_empty() {
        is_invited.set(true);
        code.set(brought);
        match !is_in && install::passes_by() {
            true => passes_by.set(true),
            false => enter.run(true),
        }
    }
    let button = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.signing_in() } else { language.sign_in() }.to_owned()
    });
    // Whoever comes for the first time mostly has a code.
    let is_first = door.people().with_untracked(Vec::is_empty);
    let by_code = move || view! { <ByCode is_first code busy failure enter /> };
    view! {
        <main class="sign-in">
            <LanguageChoice />
            <NewVersion />
            <h1>{words.say(Language::app_name)}</h1>
            {is_in.then(|| view! { <A href="/" attr:class="button">{words.say(Language::to_today)}</A> })}
            {move || passes_by.get().then(|| view! { <InPart screen=Later::PassingBy /> })}
            {move || has_others(door).then(|| view! { <InPart screen=Later::PeopleHere /> })}
            <LinkFailed failure is_invited busy enter />
            <p class="muted">{words.say(Language::sign_in_why)}</p>
            {is_first.then(by_code)}
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    enter.run(false);
                }
            >
                {name_and_password(words, name, password)}
                {said(failure, Tried::Password)}
                <Button kind=ButtonKind::Primary label=button disabled=busy submits=true on_click=|()| {} />
            </form>
            {move || makes_passkey.get().then(|| view! { <InPart screen=Later::PasskeyMake /> })}
            {passkeys::are_here().then(|| view! { <ByPasskey /> })}
            {(!is_first).then(by_code)}
            <A href="/carry" attr:class="button button-quiet">{words.say(Language::restore_title)}</A>
        </main>
    }
}

/// That the link did not let them in, and the way to use it again.
#[component]
fn LinkFailed(
    failure: Failure,
    is_invited: RwSignal<bool>,
    busy: RwSignal<bool>,
    enter: Callback<bool>,
) -> impl IntoView {
    let words = use_words();
    move || {
        let (Tried::Link, text) = failure.get()? else { return None };
        Some(view! {
            <Banner tone=Tone::Bad title=text>
                <Show when=move || is_invited.get()>
                    <Button label=words.say(Language::try_again) disabled=busy on_click=move |()| enter.run(true) />
                </Show>
            </Banner>
        })
    }
}

/// That what was tried failed.
fn said(failure: Failure, what: Tried) -> impl Fn() -> Option<AnyView> {
    move || {
        let (tried, text) = failure.get()?;
        (tried == what).then(|| view! { <Banner tone=Tone::Bad title=text /> }.into_any())
    }
}

fn name_and_password(
    words: Words,
    name: RwSignal<String>,
    password: RwSignal<String>,
) -> impl IntoView {
    view! {
        <TextField
            id="name"
            label=words.say(Language::account_name)
            autocomplete="username"
            on_input=move |text| {
                name.try_set(text);
            }
        />
        <PasswordField
            id="password"
            label=words.say(Language::password)
            show_label=words.say(Language::show_password)
            on_input=move |text| {
                password.try_set(text);
            }
        />
    }
}

/// Whoever only had to sign in again goes on where they were.
pub(super) fn go_on(router: Router, whom: LetIn) {
    match whom {
        LetIn::Again => router.return_from_here(),
        LetIn::Anew => router.replace("/"),
    }
}

/// Whether a server said something of what was shown to it.
fn was_heard(answer: &Result<LetIn, SignInError>) -> bool {
    match answer {
        // What stands between may refuse too: a status alone.
        Err(SignInError::Refused(code)) => code.parse::<u16>().is_err(),
        Ok(_) | Err(SignInError::WrongCode | SignInError::PasskeyNeeded) => true,
        Err(_) => false,
    }
}

/// For whom a coordinator made a code.
#[component]
fn ByCode(
    /// Whether it is what they see first.
    is_first: bool,
    code: RwSignal<String>,
    busy: RwSignal<bool>,
    failure: Failure,
    enter: Callback<bool>,
) -> impl IntoView {
    let words = use_words();
    view! {
        <details open=is_first>
            <summary>{words.say(Language::have_code)}</summary>
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    enter.run(true);
                }
            >
                <TextField
                    id="code"
                    label=words.say(Language::sign_in_code)
                    autocomplete="one-time-code"
                    on_input=move |text| {
                        code.try_set(text);
                    }
                />
                {said(failure, Tried::Code)}
                <Button label=words.say(Language::sign_in_by_code) disabled=busy submits=true on_click=|()| {} />
            </form>
        </details>
    }
}

/// A button. What it does comes at the first tap, and does it then.
#[component]
fn ByPasskey() -> impl IntoView {
    let words = use_words();
    let is_asked = RwSignal::new(false);
    move || {
        match is_asked.get() {
        true => view! { <InPart screen=Later::PasskeySignIn /> }.into_any(),
        false => view! {
            <Button label=words.say(Language::sign_in_by_passkey) on_click=move |()| is_asked.set(true) />
        }
        .into_any(),
    }
    }
}

/// Whether somebody has a store on this phone, beside whoever is in.
fn has_others(door: Door) -> bool {
    let here = door.inside().read().as_ref().map(|here| here.id.clone());
    door.people().read().iter().any(|person| Some(&person.id) != here.as_ref())
}

/// The app's languages side by side.
#[component]
pub(super) fn LanguageChoice() -> impl IntoView {
    let words = use_words();
    let preferences = expect_context::<Preferences>();
    let options: Vec<ChoiceOption> = Language::ALL
        .map(|language| ChoiceOption {
            value: language.code().to_owned(),
            label: language.own_name().to_owned(),
        })
        .into();
    view! {
        <Segmented
            name="app-language"
            label=words.say(Language::language)
            options=Signal::stored(options)
            value=Signal::derive(move || words.now().code().to_owned())
            on_choose=move |code: String| {
                if let Some(language) = Language::from_code(&code) {
                    preferences.change(|chosen| chosen.language = language);
                }
            }
        />
    }
}

/// Why signing in or out did not work, in words.
pub(super) fn failure_text(language: Language, error: &SignInError) -> String {
    match error {
        SignInError::WrongCode => language.wrong_code().to_owned(),
        SignInError::WrongCredentials => language.wrong_credentials().to_owned(),
        SignInError::PasskeyNeeded => language.passkey_needed().to_owned(),
        SignInError::Unreachable => language.server_unreachable().to_owned(),
        SignInError::Refused(code) => language.sign_in_refused(code),
        SignInError::Wait(minutes) => language.asked_to_wait(*minutes),
        SignInError::UnsentWork(count) => language.unsent_work(*count),
        SignInError::Storage(error) => storage_advice(language, error).to_owned(),
    }
}
