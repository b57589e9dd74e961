//! Who is signed in on which devices. Shown by [`super::people::PeoplePage`].

use leptos::prelude::*;

use super::moment;
use super::more::role_text;
use crate::components::{
    Badge, Button, ButtonKind, EmptyState, Glyph, Sheet, Toast, Toaster, Tone, keyed_list,
};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::{Show, effect};
use crate::stores::{
    Library,
    people::{self, OpenSession},
    preferences::use_words,
    records::FetchError,
};

/// Everybody's for those who look after units, else one's own.
#[component]
pub(super) fn Devices(
    failure: RwSignal<Option<FetchError>>,
    /// Moves when there is one more.
    again: RwSignal<u32>,
) -> impl IntoView {
    let words = use_words();
    let sessions = RwSignal::new(None::<Vec<OpenSession>>);
    let ask = Callback::new(move |()| {
        tasks::spawn(async move {
            match people::sessions().await {
                Ok(all) => {
                    sessions.try_set(Some(all));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    });
    effect(move || {
        again.track();
        ask.run(());
    });
    view! {
        <Show when=move || sessions.read().as_ref().is_some_and(Vec::is_empty)>
            <EmptyState glyph=Glyph::Phone text=words.say(Language::no_sessions) />
        </Show>
        <ul class="people-list">
            {keyed_list(
                move || sessions.get().unwrap_or_default(),
                |session| format!("{} {:?} {}", session.id, session.unsent, session.contact_ms),
                move |session| view! { <SessionCard session=session failure=failure on_ended=ask /> }.into_any(),
            )}
        </ul>
    }
}

#[component]
fn SessionCard(
    session: OpenSession,
    failure: RwSignal<Option<FetchError>>,
    on_ended: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let toaster = expect_context::<Toaster>();
    let is_asking = RwSignal::new(false);
    let OpenSession {
        id,
        is_this,
        account_name,
        role,
        unit,
        device_name,
        contact_ms,
        unsent,
        files_missing,
        may_end,
    } = session;
    let place = move || {
        let language = words.now();
        format!("{} · {}", role_text(language, role), library.unit_name(&unit, language))
    };
    let end = move |()| {
        is_asking.set(false);
        failure.set(None);
        tasks::spawn(async move {
            match people::end(id).await {
                Ok(()) => {
                    let text = words.at_once().session_is_over().to_owned();
                    toaster.show(Toast { text, action: None });
                    on_ended.try_run(());
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <li class="card" data-session=id>
            <h3>
                {account_name}
                {is_this.then(|| view! { <Badge tone=Tone::Good label=words.say(Language::this_device) /> })}
            </h3>
            <p>{place}</p>
            <dl class="facts facts-inline">
                <dt>{words.say(Language::from_device)}</dt>
                <dd>{device_name}</dd>
                <dt>{words.say(Language::last_contact)}</dt>
                <dd>{move || moment(words.now(), contact_ms)}</dd>
                <dt>{words.say(Language::still_on_device)}</dt>
                <dd>{move || words.now().still_there(unsent, files_missing)}</dd>
            </dl>
            {(may_end && !is_this)
                .then(|| {
                    view! {
                        <Button label=words.say(Language::end_session) on_click=move |()| is_asking.set(true) />
                        <Sheet
                            open=is_asking
                            title=words.say(Language::end_session_title)
                            close_label=words.say(Language::close)
                            on_close=move |()| {
                                is_asking.try_set(false);
                            }
                        >
                            <p>{words.say(Language::end_session_why)}</p>
                            <Button kind=ButtonKind::Danger label=words.say(Language::end_session) on_click=end />
                        </Sheet>
                    }
                })}
        </li>
    }
}
