//! One's own passkeys. Shown by [`super::people::PeoplePage`], below one's devices, where the browser has them.

use leptos::prelude::*;

use super::moment;
use super::people::{WhyNot, why_not};
use super::people_again::{AgainFields, fresh, given};
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{
    Banner, Button, ButtonKind, Sheet, TextField, Toast, Toaster, Tone, keyed_list,
};
use crate::locale::Language;
use crate::platform::{passkeys::PasskeyError, tasks};
use crate::reactive::Show;
use crate::stores::{
    passkeys::{self, Passkey, PasskeyFailure},
    people::Again,
    preferences::use_words,
    records::FetchError,
};

/// What the list and its lines share.
#[derive(Clone, Copy)]
struct Hands {
    keys: RwSignal<Option<Vec<Passkey>>>,
    failure: RwSignal<Option<FetchError>>,
    renames: RwSignal<Option<Passkey>>,
    removes: RwSignal<Option<i64>>,
    toaster: Toaster,
}

impl Hands {
    fn ask(self) {
        tasks::spawn(async move {
            match passkeys::list().await {
                Ok(all) => {
                    self.keys.try_set(Some(all));
                }
                Err(error) => {
                    self.failure.try_set(Some(error));
                }
            }
        });
    }

    fn tell(self, text: &str) {
        self.toaster.show(Toast { text: text.to_owned(), action: None });
        self.ask();
    }
}

/// The list, and a form to add one.
#[component]
pub(super) fn OwnPasskeys() -> impl IntoView {
    let words = use_words();
    let hands = Hands {
        keys: RwSignal::new(None),
        failure: RwSignal::new(None),
        renames: RwSignal::new(None),
        removes: RwSignal::new(None),
        toaster: expect_context::<Toaster>(),
    };
    hands.ask();
    view! {
        <details class="passkeys">
            <summary>{words.say(Language::passkeys)}</summary>
            <p class="muted">{words.say(Language::passkeys_why)}</p>
            <WhyNot error=hands.failure />
            <Show when=move || hands.keys.read().as_ref().is_some_and(Vec::is_empty)>
                <p>{words.say(Language::no_passkeys_yet)}</p>
            </Show>
            <ul class="people-list">
                {keyed_list(
                    move || hands.keys.get().unwrap_or_default(),
                    |key| format!("{} {} {:?}", key.id, key.name, key.used_ms),
                    move |key| view! { <KeyCard key=key hands=hands /> }.into_any(),
                )}
            </ul>
            <AddForm hands=hands />
            <RenameSheet hands=hands />
            <RemoveSheet hands=hands />
        </details>
    }
}

#[component]
fn KeyCard(key: Passkey, hands: Hands) -> impl IntoView {
    let words = use_words();
    let Passkey { id, name, created_ms, used_ms } = key.clone();
    let used = move || {
        let language = words.now();
        used_ms.map_or_else(
            || language.passkey_not_used().to_owned(),
            |used_ms| moment(language, used_ms),
        )
    };
    view! {
        <li class="card" data-passkey=id>
            <h3>{name}</h3>
            <dl class="facts facts-inline">
                <dt>{words.say(Language::passkey_created)}</dt>
                <dd>{move || moment(words.now(), created_ms)}</dd>
                <dt>{words.say(Language::passkey_used)}</dt>
                <dd>{used}</dd>
            </dl>
            <div class="button-row">
                <Button
                    label=words.say(Language::rename_passkey)
                    on_click=move |()| hands.renames.set(Some(key.clone()))
                />
                <Button
                    kind=ButtonKind::Quiet
                    label=words.say(Language::remove_passkey)
                    on_click=move |()| hands.removes.set(Some(id))
                />
            </div>
        </li>
    }
}

#[component]
fn AddForm(hands: Hands) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let name = RwSignal::new(String::new());
    let failure = RwSignal::new(None::<PasskeyFailure>);
    let busy = RwSignal::new(false);
    let round = RwSignal::new(0);
    let add = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        tasks::spawn(async move {
            let (called, again) = (name.get_untracked(), given(typed));
            let answer = passkeys::add(called.trim(), &again).await;
            busy.try_set(false);
            match answer {
                Ok(_added) => {
                    typed.try_set(Again::default());
                    name.try_set(String::new());
                    round.try_update(|round| *round += 1);
                    hands.tell(words.at_once().passkey_added());
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.adding_passkey() } else { language.add_passkey() }.to_owned()
    });
    let fields = move || {
        view! {
            <TextField
                id="passkey-name"
                label=words.say(Language::passkey_name)
                autocomplete="off"
                on_input=move |text| {
                    name.try_set(text);
                }
            />
            <AgainFields ids=["passkey-password", "passkey-code"] typed=typed />
        }
        .into_any()
    };
    view! {
        <form
            class="sign-in-form"
            on:submit=move |event| {
                event.prevent_default();
                add();
            }
        >
            {fresh(round, fields)}
            {move || {
                let why = failure.read().as_ref().map(|why| not_added(words.now(), why))?;
                Some(view! { <Banner tone=Tone::Bad title=why /> })
            }}
            <Button label=label disabled=busy submits=true on_click=|()| {} />
        </form>
    }
}

/// Why no passkey was added, in words.
fn not_added(language: Language, why: &PasskeyFailure) -> String {
    match why {
        PasskeyFailure::Browser(PasskeyError::Cancelled) => language.passkey_not_made(),
        PasskeyFailure::Browser(PasskeyError::Known) => language.passkey_known(),
        PasskeyFailure::Browser(PasskeyError::NotHere(_)) => language.passkey_impossible(),
        PasskeyFailure::Browser(PasskeyError::Failed(_)) => language.passkey_failed(),
        PasskeyFailure::Server(error) => return not_named(language, error),
        PasskeyFailure::SignIn(_) => language.server_failed(),
    }
    .to_owned()
}

/// Why the server did not take a passkey with its name, in words.
fn not_named(language: Language, error: &FetchError) -> String {
    match error {
        FetchError::Refused(code) if code == "bad_name" => language.name_passkey().to_owned(),
        error => why_not(language, error),
    }
}

#[component]
fn RenameSheet(hands: Hands) -> impl IntoView {
    let words = use_words();
    let name = NodeRef::<leptos::html::Input>::new();
    let request = SheetRequest::new(not_named, move || {
        hands.renames.try_set(None);
    });
    let rename = move |()| {
        let Some(key) = hands.renames.get_untracked().filter(|_| request.begins()) else { return };
        let called = name.get_untracked().map(|field| field.value()).unwrap_or_default();
        tasks::spawn(async move {
            let answer = passkeys::rename(key.id, called.trim()).await;
            let is_open = is_open_for(hands.renames, |open| *open == key);
            if request.answered(answer, is_open, None).is_some() {
                hands.tell(words.at_once().passkey_renamed());
            } else if !is_open {
                hands.ask();
            }
        });
    };
    view! {
        <Sheet
            open=Signal::derive(move || hands.renames.read().is_some())
            title=words.say(Language::rename_passkey)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            <label class="field">
                <span>{words.say(Language::passkey_name)}</span>
                <input
                    node_ref=name
                    type="text"
                    autocomplete="off"
                    prop:value=move || hands.renames.read().as_ref().map(|key| key.name.clone()).unwrap_or_default()
                />
            </label>
            <WhyNot error=request.failure say=not_named />
            <Button kind=ButtonKind::Primary label=words.say(Language::rename_passkey) disabled=request.busy on_click=rename />
        </Sheet>
    }
}

#[component]
fn RemoveSheet(hands: Hands) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let request = SheetRequest::new(why_not, move || {
        typed.try_set(Again::default());
        hands.removes.try_set(None);
    });
    let remove = move || {
        let Some(id) = hands.removes.get_untracked().filter(|_| request.begins()) else { return };
        tasks::spawn(async move {
            let answer = passkeys::remove(id, &given(typed)).await;
            let is_open = is_open_for(hands.removes, |open| *open == id);
            if request.answered(answer, is_open, None).is_some() {
                hands.tell(words.at_once().passkey_removed());
            } else if !is_open {
                hands.ask();
            }
        });
    };
    view! {
        <Sheet
            open=Signal::derive(move || hands.removes.read().is_some())
            title=words.say(Language::remove_passkey_title)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    remove();
                }
            >
                <p>{words.say(Language::remove_passkey_why)}</p>
                <AgainFields ids=["remove-passkey-password", "remove-passkey-code"] typed=typed />
                <WhyNot error=request.failure />
                <Button
                    kind=ButtonKind::Danger
                    label=words.say(Language::remove_passkey)
                    disabled=request.busy
                    submits=true
                    on_click=|()| {}
                />
            </form>
        </Sheet>
    }
}
