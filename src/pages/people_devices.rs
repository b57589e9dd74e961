//! Who is signed in on which devices. Shown by [`super::people::PeoplePage`].

use leptos::prelude::*;

use super::moment;
use super::more::role_text;
use super::people::{WhyNot, awaited, why_not};
use super::people_again::{AgainFields, given};
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{
    Badge, Button, ButtonKind, EmptyState, Glyph, SearchField, Sheet, Tone, keyed_list,
};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::{Show, effect, memo};
use crate::stores::{
    Library,
    people::{self, Again, OpenSession, Rights},
    preferences::use_words,
    records::FetchError,
    search,
};

/// Everybody's for those who look after units, else one's own.
#[component]
pub(super) fn Devices(
    failure: RwSignal<Option<FetchError>>,
    /// Moves when there is one more, and when what did not come is asked for once more.
    #[prop(into)]
    again: Signal<u32>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let sought = RwSignal::new(String::new());
    let sessions = RwSignal::new(None::<Vec<OpenSession>>);
    let ends = RwSignal::new(None::<OpenSession>);
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
    let found = memo(move || {
        let sought = sought.read();
        let is_found = |session: &&OpenSession| {
            let OpenSession { account, account_name, unit, device_name, .. } = session;
            let unit = library.unit_name(unit, words.now());
            let told = report::fold(&format!("{account_name} {account} {unit} {device_name}"));
            search::matches(&told, &sought)
        };
        let all = sessions.read();
        all.iter().flatten().filter(is_found).cloned().collect::<Vec<_>>()
    });
    view! {
        {Rights::now()
            .sees_people
            .then(|| {
                view! {
                    <SearchField
                        label=words.say(Language::search_devices)
                        clear_label=words.say(Language::clear_search)
                        found=Signal::derive(move || words.now().matches(found.read().len()))
                        on_input=move |text| {
                            sought.try_set(text);
                        }
                    />
                }
            })}
        {awaited(failure, move || sessions.read().is_some())}
        <Show when=move || sessions.read().as_ref().is_some_and(Vec::is_empty)>
            <EmptyState glyph=Glyph::Phone text=words.say(Language::no_sessions) />
        </Show>
        <Show when=move || found.read().is_empty() && sessions.read().as_ref().is_some_and(|all| !all.is_empty())>
            <EmptyState glyph=Glyph::Search text=words.say(Language::no_device_found) />
        </Show>
        <ul class="people-list">
            {keyed_list(
                move || found.get(),
                |session| format!("{} {:?} {} {:?}", session.id, session.unsent, session.contact_ms, session.ended_ms),
                move |session| view! { <SessionCard session=session ends=ends /> }.into_any(),
            )}
        </ul>
        <EndSheet session=ends on_ended=ask />
    }
}

#[component]
fn SessionCard(session: OpenSession, ends: RwSignal<Option<OpenSession>>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let meant = session.clone();
    let OpenSession {
        id,
        is_this,
        account,
        account_name,
        role,
        unit,
        device_name,
        contact_ms,
        unsent,
        files_missing,
        may_end,
        ended_ms,
    } = session;
    let is_over = ended_ms.is_some();
    let place = move || {
        let language = words.now();
        format!("{} · {}", role_text(language, role), library.unit_name(&unit, language))
    };
    view! {
        <li class="card" data-session=id>
            <h3>
                {account_name}
                {is_this.then(|| view! { <Badge tone=Tone::Good label=words.say(Language::this_device) /> })}
                {is_over.then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::session_that_ended) /> })}
            </h3>
            <p>{place}</p>
            <p class="muted">{account}</p>
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
                    let ask = move |()| ends.set(Some(meant.clone()));
                    let label = if is_over { Language::report_lost } else { Language::end_session };
                    view! { <Button label=words.say(label) on_click=ask /> }
                })}
        </li>
    }
}

/// Asks again who one is, and ends a session then.
#[component]
fn EndSheet(
    session: RwSignal<Option<OpenSession>>,
    #[prop(into)] on_ended: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let lost = RwSignal::new(false);
    let request = SheetRequest::new(why_not, move || {
        session.try_set(None);
        typed.try_set(Again::default());
        lost.try_set(false);
    });
    let end = move || {
        let meant = session.get_untracked().filter(|_| request.begins());
        let Some(OpenSession { id, account_name: whose, ended_ms, .. }) = meant else { return };
        let (lost, again) = (ended_ms.is_some() || lost.get_untracked(), given(typed));
        tasks::spawn(async move {
            let answer = people::end(id, lost, &again).await;
            let is_open = is_open_for(session, |open| open.id == id);
            if request.answered(answer, is_open, Some(&whose)).is_some() {
                on_ended.try_run(());
                request.tell(format!("{}: {whose}", words.at_once().session_is_over()));
            }
        });
    };
    let fields = move || {
        let OpenSession { account_name, device_name, ended_ms, .. } = session.get()?;
        let is_over = ended_ms.is_some();
        let label = if is_over { Language::report_lost } else { Language::end_session };
        let what = if is_over {
            view! { <p>{words.say(Language::device_is_lost)}</p> }.into_any()
        } else {
            view! {
                <p>{words.say(Language::end_session_why)}</p>
                <label class="check-line">
                    <input
                        type="checkbox"
                        on:change:target=move |event| {
                            lost.try_set(event.target().checked());
                        }
                    />
                    <span>{words.say(Language::device_is_lost)}</span>
                </label>
            }
            .into_any()
        };
        Some(view! {
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    end();
                }
            >
                <p><strong>{format!("{account_name} · {device_name}")}</strong></p>
                {what}
                <AgainFields ids=["end-password", "end-code"] typed=typed />
                <WhyNot error=request.failure />
                <Button
                    kind=ButtonKind::Danger
                    label=words.say(label)
                    disabled=request.busy
                    submits=true
                    on_click=|()| {}
                />
            </form>
        })
    };
    let title = move || {
        let is_over = session.read().as_ref().is_some_and(|open| open.ended_ms.is_some());
        let title = if is_over { Language::report_lost } else { Language::end_session_title };
        title(words.now()).to_owned()
    };
    view! {
        <Sheet
            open=Signal::derive(move || session.read().is_some())
            title=Signal::derive(title)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            {fields}
        </Sheet>
    }
}
