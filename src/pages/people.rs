//! `/people`: people, the devices that they are signed in on, and what was done. For those who look after units; for everybody
//! else, their own devices. Needs a network.

use std::sync::Arc;

use leptos::prelude::*;

use super::copy_button::CopyButton;
use super::more::role_text;
use super::people_asked::{Asked, AskedSheet, Wish};
use super::people_data::{EraseSheet, Hands, PersonalData, take};
use super::people_devices::Devices;
use super::people_log::Log;
use super::people_passkeys::OwnPasskeys;
use super::people_password::OwnPassword;
use super::people_token::OwnToken;
use super::person_sheet::{PersonSheet, Whose};
use super::{moment, title_page};
use crate::components::{
    Badge, Banner, Button, ButtonKind, ChoiceOption, EmptyState, Glyph, Qr, SearchField, Segmented,
    Sheet, Toast, Toaster, Tone, keyed_list,
};
use crate::locale::Language;
use crate::platform::{passkeys, tasks};
use crate::reactive::{Show, effect, memo};
use crate::stores::{
    Library,
    people::{self, Again, Person, Rights, SignInCode, Whom},
    preferences::use_words,
    records::{FetchError, is_signed_out},
    search,
};

/// Which list is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    People,
    Devices,
    Log,
    Data,
}

impl List {
    const ALL: [Self; 4] = [Self::People, Self::Devices, Self::Log, Self::Data];

    /// Whether the person signed in may see it.
    fn is_open(self, rights: Rights) -> bool {
        self != Self::Data || rights.manages
    }

    const fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Devices => "devices",
            Self::Log => "log",
            Self::Data => "data",
        }
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            Self::People => language.people(),
            Self::Devices => language.devices(),
            Self::Log => language.audit_log(),
            Self::Data => language.personal_data(),
        }
    }
}

/// People, devices and the log, one at a time.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let words = use_words();
    let rights = Rights::now();
    let list = RwSignal::new(if rights.sees_people { List::People } else { List::Devices });
    let title =
        words.say(if rights.sees_people { Language::people_title } else { Language::my_devices });
    title_page(title);
    let options = Signal::derive(move || {
        let option = |list: List| ChoiceOption {
            value: list.name().to_owned(),
            label: list.title(words.now()).to_owned(),
        };
        List::ALL.into_iter().filter(|list| list.is_open(rights)).map(option).collect()
    });
    let failure = RwSignal::new(None::<FetchError>);
    // Moves when the list is to ask once more: what it has, and what is typed in it, stays.
    let again = RwSignal::new(0_u32);
    view! {
        <div class="page people">
            <header class="page-head">
                <h1>{move || title.get()}</h1>
                {rights
                    .sees_people
                    .then(|| {
                        view! {
                            <Segmented
                                name="people-list"
                                label=title
                                options=options
                                value=Signal::derive(move || list.get().name().to_owned())
                                on_choose=move |name: String| {
                                    if let Some(chosen) = List::ALL.into_iter().find(|list| list.name() == name) {
                                        failure.set(None);
                                        list.set(chosen);
                                    }
                                }
                            />
                        }
                    })}
            </header>
            <WhyNot
                error=failure
                tone=Tone::Attention
                say=no_list
                again=move |()| {
                    failure.set(None);
                    again.update(|times| *times += 1);
                }
            />
            {move || match list.get() {
                List::People => view! { <People rights=rights failure=failure again=again /> }.into_any(),
                List::Devices => view! {
                    <Devices failure=failure again=again />
                    <OwnPassword />
                    {passkeys::are_here().then(|| view! { <OwnPasskeys /> })}
                    <OwnToken on_made=move |()| again.update(|times| *times += 1) />
                }
                .into_any(),
                List::Log => view! { <Log failure=failure again=again /> }.into_any(),
                List::Data => view! { <PersonalData /> }.into_any(),
            }}
        </div>
    }
}

/// That the server's answer is awaited, as long as it has neither come nor failed.
pub(super) fn awaited(
    failure: RwSignal<Option<FetchError>>,
    has_come: impl Fn() -> bool + Send + Sync + 'static,
) -> impl IntoView {
    let words = use_words();
    view! {
        <Show when=move || !has_come() && failure.read().is_none()>
            <p class="opening" role="status">{words.say(Language::opening)}</p>
        </Show>
    }
}

/// Why the server did not do it, if it did not. `say`: in the words of the page; `again`: asks it once more.
#[component]
pub(super) fn WhyNot(
    error: RwSignal<Option<FetchError>>,
    #[prop(default = Tone::Bad)] tone: Tone,
    #[prop(default = why_not)] say: fn(Language, &FetchError) -> String,
    #[prop(optional, into)] again: Option<Callback<()>>,
) -> impl IntoView {
    let words = use_words();
    move || {
        let error = error.get()?;
        // In a page of its own: what was typed here stays, and goes through once the session is new.
        let signs_in = matches!(&error, FetchError::Refused(code) if is_signed_out(code)).then(|| {
            view! { <a href="/sign-in" target="_blank" class="button">{words.say(Language::sign_in_again)}</a> }
        });
        let title = Signal::derive(move || say(words.now(), &error));
        let again = again.map(|again| {
            view! { <Button label=words.say(Language::try_again) on_click=move |()| again.run(()) /> }
        });
        Some(view! { <Banner tone=tone title=title>{signs_in}{again}</Banner> })
    }
}

/// Why a list of the page did not come.
fn no_list(language: Language, error: &FetchError) -> String {
    match error {
        FetchError::Http(_) => language.people_need_network().to_owned(),
        error => why_not(language, error),
    }
}

pub(super) fn why_not(language: Language, error: &FetchError) -> String {
    let text = match error {
        FetchError::Wait(minutes) => return language.asked_to_wait(*minutes),
        FetchError::Http(_) => language.server_unreachable(),
        FetchError::Refused(code) => match code.as_str() {
            "not_allowed" => language.people_not_allowed(),
            code if is_signed_out(code) => language.session_ended(),
            "name_taken" => language.account_taken(),
            "bad_account" => language.bad_account(),
            "bad_name" => language.bad_name(),
            "unknown_unit" => language.bad_unit(),
            "disabled" => language.person_disabled(),
            "own_account" => language.own_account(),
            "sign_in_again" => language.show_who_you_are(),
            "no_field_work" => language.no_field_work(),
            "too_short" => language.too_short(),
            "other_count" => language.other_count(),
            "wrong_password" => language.wrong_password(),
            "wrong_code" => language.wrong_code(),
            "no_passkeys" => language.passkey_impossible(),
            "no_passkey_yet" => language.no_passkeys_yet(),
            "wrong_passkey" => language.passkey_not_taken(),
            "passkey_expired" => language.passkey_expired(),
            "passkey_known" => language.passkey_known(),
            "too_many_passkeys" => language.too_many_passkeys(),
            "short_password" => language.short_password(),
            "long_password" => language.long_password(),
            "common_password" => language.common_password(),
            "name_password" => language.name_password(),
            _ => language.server_failed(),
        },
        FetchError::Garbled(_) | FetchError::Storage(_) => language.server_failed(),
    };
    text.to_owned()
}

/// `failure`: why the list did not come; `again` moves when it is asked for once more.
#[component]
fn People(
    rights: Rights,
    failure: RwSignal<Option<FetchError>>,
    #[prop(into)] again: Signal<u32>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let all = RwSignal::new(None::<Arc<Vec<Person>>>);
    let sought = RwSignal::new(String::new());
    let code = RwSignal::new(None::<SignInCode>);
    let changes = RwSignal::new(None::<Whose>);
    let asks = RwSignal::new(None::<Asked>);
    // A second press must not end the code that the first one made.
    let is_waiting = RwSignal::new(false);
    // What was asked for is not done by asking for the list again.
    let undone = RwSignal::new(None::<FetchError>);
    let hands = Hands {
        failure: undone,
        erases: RwSignal::new(None),
        busy: RwSignal::new(false),
        toaster: expect_context::<Toaster>(),
        words,
    };
    let ask = move || {
        tasks::spawn(async move {
            match people::people().await {
                Ok(people) => {
                    all.try_set(Some(Arc::new(people)));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    effect(move || {
        again.track();
        ask();
    });
    let found = memo(move || {
        let sought = sought.read();
        let is_found = |person: &&Person| {
            let unit = library.unit_name(&person.unit, words.now());
            let told = report::fold(&format!("{} {} {unit}", person.name, person.account));
            search::matches(&told, &sought)
        };
        let all = all.read();
        all.iter().flat_map(|all| all.iter()).filter(is_found).cloned().collect::<Vec<_>>()
    });
    let done = move |(asked, made): (Asked, Option<SignInCode>)| match (asked.wish, made) {
        (_, Some(made)) => {
            code.try_set(Some(made));
        }
        (Wish::RemovePasskeys, None) => {
            let text = words.at_once().passkey_removed().to_owned();
            hands.toaster.show(Toast { text, action: None });
            ask();
        }
        (_, None) => ask(),
    };
    let begin = move |asked: Asked| {
        if !asked.is_done_at_once() {
            asks.try_set(Some(asked));
            return;
        }
        is_waiting.set(true);
        tasks::spawn(async move {
            let answer = asked.ask(&Again::default()).await;
            is_waiting.try_set(false);
            match answer {
                Ok(made) => done((asked, made)),
                Err(error) => {
                    undone.try_set(Some(error));
                }
            }
        });
    };
    let act = Callback::new(move |act: Act| {
        undone.set(None);
        match act {
            Act::Change(person) => changes.set(Some(Whose::Of(person))),
            Act::TakeData(account) => take(Whom::Account(account), hands),
            Act::Erase(account) => hands.erases.set(Some(Whom::Account(account))),
            Act::Ask(_) if is_waiting.get_untracked() => {}
            Act::Ask(asked) => begin(asked),
        }
    });
    view! {
        <WhyNot error=undone tone=Tone::Attention />
        <div class="title-line">
            <SearchField
                label=words.say(Language::search_people)
                clear_label=words.say(Language::clear_search)
                found=Signal::derive(move || words.now().matches(found.read().len()))
                on_input=move |text| {
                    sought.try_set(text);
                }
            />
            {rights
                .manages
                .then(|| {
                    view! {
                        <Button icon=Glyph::Plus label=words.say(Language::add_person) on_click=move |()| changes.set(Some(Whose::New)) />
                    }
                })}
        </div>
        {awaited(failure, move || all.read().is_some())}
        <Show when=move || all.read().is_some() && found.read().is_empty()>
            <EmptyState glyph=Glyph::Search text=words.say(Language::no_person_found) />
        </Show>
        <ul class="people-list">
            {keyed_list(
                move || found.get(),
                |person| {
                    let Person { account, name, role, unit, scope, disabled_ms, programmes, passkeys, .. } = person;
                    format!("{account} {name} {role:?} {unit} {scope:?} {disabled_ms:?} {programmes:?} {passkeys}")
                },
                move |person| view! { <PersonCard person=person rights=rights act=act busy=hands.busy /> }.into_any(),
            )}
        </ul>
        <CodeSheet code=code />
        <PersonSheet
            whose=changes
            on_added=move |person| begin(Asked { wish: Wish::MakeCode, person })
            on_changed=move |()| ask()
        />
        <AskedSheet asked=asks on_done=done />
        <EraseSheet whom=hands.erases on_erased=move |()| ask() />
    }
}

/// Whose records a person sees, where that is not what everybody in their unit sees.
pub(super) fn sees(
    language: Language,
    library: Library,
    unit: Option<&str>,
    scope: &[String],
) -> Option<String> {
    let is_own = matches!(scope, [one] if Some(one.as_str()) == unit);
    let names: Vec<String> = scope.iter().map(|unit| library.unit_name(unit, language)).collect();
    (!is_own && !names.is_empty()).then(|| format!("{}: {}", language.sees(), names.join(", ")))
}

/// What a person's rights are limited to.
pub(super) fn limits(language: Language, library: Library, programmes: &[String]) -> String {
    let pack = library.pack().read();
    let title = |id: &String| {
        let known = pack.programmes.iter().find(|programme| programme.id == *id);
        known.map_or(id.as_str(), |programme| programme.title.get(language)).to_owned()
    };
    let titles: Vec<String> = programmes.iter().map(title).collect();
    let told =
        if titles.is_empty() { language.all_programmes().to_owned() } else { titles.join(", ") };
    format!("{}: {told}", language.programmes())
}

/// What can be done to a person.
enum Act {
    /// The server does it.
    Ask(Asked),
    /// Change who they are and what they may do.
    Change(Person),
    /// Hand out what is held about them.
    TakeData(String),
    /// Erase their name.
    Erase(String),
}

#[component]
fn PersonCard(
    person: Person,
    rights: Rights,
    act: Callback<Act>,
    /// Whether data are handed out.
    #[prop(into)]
    busy: Signal<bool>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let meant = StoredValue::new(person.clone());
    let ask = move |wish| act.run(Act::Ask(Asked { wish, person: meant.get_value() }));
    let Person {
        account,
        name,
        role,
        unit,
        scope,
        programmes,
        disabled_ms,
        passkeys,
        may_make_code,
    } = person;
    let unit = StoredValue::new(unit);
    let sees =
        move || unit.with_value(|unit| sees(words.now(), library, Some(unit.as_str()), &scope));
    let limits =
        move || (!programmes.is_empty()).then(|| limits(words.now(), library, &programmes));
    let place = move || {
        let language = words.now();
        let unit = unit.with_value(|unit| library.unit_name(unit, language));
        format!("{} · {unit}", role_text(language, role))
    };
    let is_disabled = disabled_ms.is_some();
    let account = StoredValue::new(account);
    view! {
        <li class="card" data-account=account.get_value()>
            <h3>
                {name}
                {is_disabled
                    .then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::cannot_sign_in) /> })}
            </h3>
            <p>{place}</p>
            <p class="muted">{account.get_value()}</p>
            {move || sees().map(|sees| view! { <p>{sees}</p> })}
            {move || limits().map(|limits| view! { <p>{limits}</p> })}
            <div class="button-row">
                {may_make_code
                    .then(|| {
                        view! {
                            <Button label=words.say(Language::make_code) on_click=move |()| ask(Wish::MakeCode) />
                        }
                    })}
                {rights
                    .manages
                    .then(|| match is_disabled {
                        true => view! { <Button label=words.say(Language::enable_person) on_click=move |()| ask(Wish::Enable) /> }.into_any(),
                        false => view! {
                            <Button
                                kind=ButtonKind::Quiet
                                label=words.say(Language::disable_person)
                                on_click=move |()| ask(Wish::Disable)
                            />
                        }
                        .into_any(),
                    })}
            </div>
            {(passkeys > 0)
                .then(|| {
                    // Who looks after somebody removes all: whoever lost a device cannot say which was on it.
                    let is_allowed = may_make_code || rights.manages && is_disabled;
                    view! {
                        <p>{move || words.now().has_passkeys(passkeys)}</p>
                        {is_allowed
                            .then(|| {
                                view! {
                                    <Button
                                        kind=ButtonKind::Quiet
                                        label=words.say(Language::remove_passkeys)
                                        on_click=move |()| ask(Wish::RemovePasskeys)
                                    />
                                }
                            })}
                    }
                })}
            {rights
                .manages
                .then(|| {
                    view! {
                        <details>
                            <summary>{words.say(Language::more)}</summary>
                            <div class="button-row">
                                <Button
                                    label=words.say(Language::edit_person)
                                    on_click=move |()| act.run(Act::Change(meant.get_value()))
                                />
                                <Button
                                    label=words.say(Language::take_data)
                                    disabled=busy
                                    on_click=move |()| act.run(Act::TakeData(account.get_value()))
                                />
                                <Button
                                    kind=ButtonKind::Quiet
                                    label=words.say(Language::erase_account)
                                    on_click=move |()| act.run(Act::Erase(account.get_value()))
                                />
                            </div>
                        </details>
                    }
                })}
        </li>
    }
}

/// The code that was made: a picture to scan, a link to send, letters to read out.
#[component]
fn CodeSheet(code: RwSignal<Option<SignInCode>>) -> impl IntoView {
    let words = use_words();
    let title = Signal::derive(move || {
        let account = code.read().as_ref().map(|code| code.account.clone()).unwrap_or_default();
        format!("{} {account}", words.now().code_for())
    });
    let link = move |()| {
        code.with_untracked(|code| code.as_ref().map(SignInCode::link)).unwrap_or_default()
    };
    view! {
        <Sheet
            open=Signal::derive(move || code.read().is_some())
            title=title
            close_label=words.say(Language::close)
            on_close=move |()| {
                code.try_set(None);
            }
        >
            {move || {
                let made = code.get()?;
                let until = move || {
                    format!("{} {}", words.now().code_until(), moment(words.now(), made.ends_ms))
                };
                Some(
                    view! {
                        <p>{words.say(Language::code_how)}</p>
                        <Qr text=made.link() label=words.say(Language::sign_in_code) />
                        <p class="sign-in-code">{made.code.clone()}</p>
                        <p class="muted">{until}</p>
                    },
                )
            }}
            <CopyButton label=words.say(Language::copy_link) text=link />
        </Sheet>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::HttpError;

    #[test]
    fn without_a_network_it_is_told_of_the_list_that_it_did_not_come_and_of_a_deed_that_it_was_not_done()
     {
        let line = FetchError::Http(HttpError::TimedOut);
        assert_eq!(no_list(Language::Vi, &line), Language::Vi.people_need_network());
        assert_eq!(why_not(Language::Vi, &line), Language::Vi.server_unreachable());
        let refused = FetchError::Refused("not_allowed".to_owned());
        assert_eq!(no_list(Language::Vi, &refused), why_not(Language::Vi, &refused));
    }

    #[test]
    fn of_who_was_locked_meanwhile_it_is_not_told_to_try_later() {
        let refused = FetchError::Refused("disabled".to_owned());
        assert_eq!(why_not(Language::Vi, &refused), Language::Vi.person_disabled());
    }
}
