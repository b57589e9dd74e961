//! `/repair`: work that the server could not apply, for those who look after units. Needs a network.

use std::sync::Arc;

use form::Program;
use leptos::prelude::*;
use sync::view::RecordView as View;
use sync::wire::{FormRef, Hash, RecordId, State, Value, field::is_ours};

use super::people::WhyNot;
use super::reason::{Reason, ReasonField};
use super::record_history::{Changes, did};
use super::record_outline::{outline_by_path, outline_of_changes, read_only};
use super::record_row::form_title;
use super::repair_entities::{MetEntities, WaitingChanges};
use super::sheet_request::{SheetRequest, is_open_for};
use super::{moment, record_href, title_page};
use crate::components::{
    Badge, Button, ButtonKind, ChipToggle, EmptyState, Glyph, Icon, Sheet, Toast, Toaster, Tone,
    keyed_list,
};
use crate::locale::Language;
use crate::platform::{log_error, tasks};
use crate::reactive::{Show, effect, memo};
use crate::router::A;
use crate::stores::{
    Library, Records, SyncStatus,
    preferences::use_words,
    records::{FetchError, is_signed_out},
    repair::{Case, Cases, RepairDesk, Settled},
};

/// Asks what waits for repair whenever the server was talked to, for the count in the menu.
pub(super) fn count_repairs() {
    let desk = expect_context::<RepairDesk>();
    let standing = expect_context::<SyncStatus>().standing();
    let talked = memo(move || standing.read().last_success_ms);
    effect(move || {
        if talked.get().is_some() && desk.is_open() {
            tasks::spawn(async move {
                if let Err(error) = desk.refresh().await {
                    log_error(&format!("repair desk not read: {error}"));
                }
            });
        }
    });
}

/// What waits, or what was settled.
#[component]
pub fn RepairPage() -> impl IntoView {
    let words = use_words();
    let desk = expect_context::<RepairDesk>();
    title_page(words.say(Language::repair_title));
    let settled = RwSignal::new(Arc::<Cases>::default());
    let waiting_changes = RwSignal::new(Vec::new());
    let shows_settled = RwSignal::new(false);
    let failure = RwSignal::new(None::<FetchError>);
    // The case that somebody is about to set aside.
    let aside = RwSignal::new(None::<i64>);
    // That there is nothing is not known before the server tells it.
    let answered = RwSignal::new(false);
    let ask = move |is_settled: bool| {
        failure.set(None);
        answered.set(false);
        shows_settled.set(is_settled);
        tasks::spawn(async move {
            let answer = if is_settled {
                desk.settled(None).await.map(|cases| {
                    settled.try_set(Arc::new(cases));
                })
            } else {
                match desk.refresh().await {
                    Ok(()) => desk.waiting_changes().await.map(|changes| {
                        waiting_changes.try_set(changes);
                    }),
                    failed => failed,
                }
            };
            if shows_settled.try_get_untracked() != Some(is_settled) {
                return; // the other list was asked for meanwhile
            }
            match answer {
                Ok(()) => drop(answered.try_set(true)),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    ask(false);
    let busy = RwSignal::new(false);
    let ask_older = move |()| {
        busy.set(true);
        failure.set(None);
        let known = shows_settled.get_untracked().then(|| settled.get_untracked());
        tasks::spawn(async move {
            let answer = match known {
                Some(known) => {
                    let older = desk.settled(known.list.last().map(|case| case.id)).await;
                    older.map(|older| {
                        // Unless it was asked for anew meanwhile.
                        if settled.try_get_untracked().is_some_and(|now| Arc::ptr_eq(&now, &known))
                        {
                            settled.try_set(Arc::new(Cases::clone(&known).with_older(older)));
                        }
                    })
                }
                None => desk.ask_older().await,
            };
            busy.try_set(false);
            if let Err(error) = answer {
                failure.try_set(Some(error));
            }
        });
    };
    let cases =
        memo(move || if shows_settled.get() { settled.get() } else { desk.waiting().get() });
    view! {
        <div class="page repair">
            <header class="page-head">
                <div class="title-line">
                    <h1>{words.say(Language::repair_title)}</h1>
                    <ChipToggle
                        label=words.say(Language::settled_cases)
                        on=shows_settled
                        on_toggle=move |on: bool| ask(on)
                    />
                </div>
                <p class="muted">{words.say(Language::repair_why)}</p>
            </header>
            <WhyNot
                error=failure
                tone=Tone::Attention
                say=why_not
                again=move |()| ask(shows_settled.get_untracked())
            />
            <Show when=move || !shows_settled.get()>
                <MetEntities />
                <WaitingChanges changes=waiting_changes />
            </Show>
            <Show when=move || cases.read().list.is_empty() && failure.read().is_none() && (shows_settled.get() || desk.met().read().is_empty() && waiting_changes.read().is_empty())>
                {move || {
                    if answered.get() {
                        let text = if shows_settled.get() { Language::nothing_settled } else { Language::nothing_to_repair };
                        view! { <EmptyState glyph=Glyph::Check text=words.say(text) /> }.into_any()
                    } else {
                        view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any()
                    }
                }}
            </Show>
            <ol class="cases">
                {keyed_list(
                    move || cases.read().list.clone(),
                    |case| format!("{} {}", case.id, case.settled.is_some()),
                    move |case| view! { <CaseCard case=case aside=aside /> }.into_any(),
                )}
            </ol>
            <Show when=move || cases.read().has_older>
                <Button label=words.say(Language::older) disabled=busy on_click=ask_older />
            </Show>
            <SetAsideSheet case=aside />
        </div>
    }
}

/// Why the server did not do it.
pub(super) fn why_not(language: Language, error: &FetchError) -> String {
    let text = match error {
        FetchError::Wait(minutes) => return language.asked_to_wait(*minutes),
        FetchError::Http(_) => language.repair_needs_network(),
        FetchError::Refused(code) => match code.as_str() {
            "not_allowed" => language.repair_not_allowed(),
            code if is_signed_out(code) => language.session_ended(),
            "already_settled" => language.settled_by_other(),
            "cannot_apply" => language.cannot_apply_now(),
            "changed" => language.entity_changed(),
            _ => language.server_failed(),
        },
        FetchError::Garbled(_) | FetchError::Storage(_) => language.server_failed(),
    };
    text.to_owned()
}

#[component]
fn CaseCard(case: Case, aside: RwSignal<Option<i64>>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let case = StoredValue::new(case);
    let title = move || {
        case.with_value(|case| match &case.form_id {
            Some(form) => form_title(library, words.now(), form),
            None => words.now().unreadable_work().to_owned(),
        })
    };
    let reason = Signal::derive(move || {
        let mut reason = case.with_value(|case| words.now().repair_reason(&case.reason).to_owned());
        // It stands alone here.
        if let Some(first) = reason.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        reason
    });
    let who = case
        .with_value(|case| case.author_name.clone().unwrap_or_else(|| case.sender_name.clone()));
    let did = move || {
        case.with_value(|case| {
            case.action.as_deref().map(|action| did(words.now(), action, &case.fields))
        })
    };
    let when = move || {
        let received = case.with_value(|case| case.received_ms);
        format!("{} {}", words.now().received(), moment(words.now(), received))
    };
    let unit = move || {
        case.with_value(|case| case.unit.as_ref().map(|unit| library.unit_name(unit, words.now())))
            .unwrap_or_else(|| "–".to_owned())
    };
    let device = case.with_value(|case| case.device_name.clone());
    let record = case.with_value(|case| {
        let id = case.record.as_ref().filter(|_| case.record_exists);
        id.and_then(|id| id.parse::<RecordId>().ok())
    });
    view! {
        <li class="case card" data-case=case.with_value(|case| case.id)>
            <h2>{title}</h2>
            <p><strong>{who}</strong>" "{did}" · "{when}</p>
            <p><Badge tone=Tone::Attention icon=Glyph::Warning label=reason /></p>
            <dl class="facts facts-inline">
                <dt>{words.say(Language::unit)}</dt>
                <dd>{unit}</dd>
                <dt>{words.say(Language::from_device)}</dt>
                <dd>{device}</dd>
            </dl>
            <Answers case=case />
            {record
                .map(|record| {
                    view! {
                        <A href=record_href(record) attr:class="button button-quiet">
                            <Icon glyph=Glyph::Records />
                            <span>{words.say(Language::see_record)}</span>
                        </A>
                    }
                })}
            {match case.with_value(|case| case.settled.clone()) {
                Some(settled) => view! { <Outcome settled=settled /> }.into_any(),
                None => view! { <Settle case=case aside=aside /> }.into_any(),
            }}
        </li>
    }
}

/// What the act wrote, by its form where the server has it.
#[component]
fn Answers(case: StoredValue<Case>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let found = RwSignal::new(None::<(View, Option<Arc<Program>>)>);
    // Before anything is waited for: the case may be gone then.
    let Case { record, form_hash, fields, .. } = case.get_value();
    tasks::spawn(async move {
        let Some(id) = record.and_then(|id| id.parse::<RecordId>().ok()) else { return };
        let hash = form_hash.and_then(|hash| hash.parse::<Hash>().ok());
        let program = match hash {
            Some(hash) => library.program(hash).await.ok(),
            None => None,
        };
        let known = records.view(id).await.ok().flatten();
        let mut view = known.unwrap_or_else(|| empty_view(id, hash.unwrap_or(Hash([0; 32]))));
        for field in fields {
            if !is_ours(&field.path) {
                let value = field.value.map_or(Value::Empty, Value::Text);
                view.fields.insert(field.path, value);
            }
        }
        found.try_set(Some((view, program)));
    });
    move || {
        let (view, program) = found.get()?;
        let language = words.now();
        let lines = match program {
            Some(program) => {
                let session = read_only(&program, &view, language);
                case.with_value(|case| outline_of_changes(&session, &view, &case.fields, language))
            }
            None => outline_by_path(&view),
        };
        Some(view! { <Changes lines=lines /> })
    }
}

/// A record of which this device holds nothing: an act's answers are read into it.
pub(super) fn empty_view(record: RecordId, hash: Hash) -> View {
    View {
        record,
        form: FormRef { id: String::new(), version: String::new(), hash },
        unit: String::new(),
        author: String::new(),
        state: State::Draft,
        reasons: Vec::new(),
        deleted: false,
        title: String::new(),
        fields: std::collections::BTreeMap::new(),
        salts: std::collections::BTreeMap::new(),
        dots: std::collections::BTreeMap::new(),
        conflicts: Vec::new(),
        writers: std::collections::BTreeMap::new(),
        pending: false,
        quarantined: false,
        kept: None,
        received_ms: None,
        changed_ms: 0,
    }
}

#[component]
fn Outcome(settled: Settled) -> impl IntoView {
    let words = use_words();
    let Settled { by_name, at_ms, reason } = settled;
    let told = move || {
        let language = words.now();
        let when = moment(language, at_ms);
        match &reason {
            Some(reason) => format!("{}: {reason} · {by_name}, {when}", language.case_set_aside()),
            None => format!("{} · {by_name}, {when}", language.case_applied()),
        }
    };
    view! { <p class="case-outcome">{told}</p> }
}

/// Settles a case, and says so. None applies it.
async fn settle(
    desk: RepairDesk,
    sync_status: SyncStatus,
    case: i64,
    reason: Option<&str>,
) -> Result<fn(Language) -> &'static str, FetchError> {
    let settled: fn(Language) -> &'static str = match reason {
        Some(reason) => {
            desk.set_aside(case, reason).await?;
            Language::case_set_aside
        }
        None => {
            desk.apply(case).await?;
            Language::case_applied
        }
    };
    sync_status.sync_now();
    Ok(settled)
}

/// Applying it, or the way to set it aside.
#[component]
fn Settle(case: StoredValue<Case>, aside: RwSignal<Option<i64>>) -> impl IntoView {
    let words = use_words();
    let desk = expect_context::<RepairDesk>();
    let sync_status = expect_context::<SyncStatus>();
    let toaster = expect_context::<Toaster>();
    let busy = RwSignal::new(false);
    let (id, obstacle) = case.with_value(|case| (case.id, case.obstacle.clone()));
    let apply = move |()| {
        busy.set(true);
        tasks::spawn(async move {
            let text = match settle(desk, sync_status, id, None).await {
                Ok(settled) => settled(words.at_once()).to_owned(),
                Err(error) => why_not(words.at_once(), &error),
            };
            toaster.show(Toast { text, action: None });
            busy.try_set(false);
        });
    };
    let can_apply = obstacle.is_none();
    let obstacle = obstacle.map(|code| {
        let told = move || {
            let language = words.now();
            format!("{}: {}.", language.cannot_apply_now(), language.repair_reason(&code))
        };
        view! { <p class="muted">{told}</p> }
    });
    desk.may_settle().then(|| {
        view! {
            {obstacle}
            <div class="button-row">
                {can_apply
                    .then(|| {
                        view! {
                            <Button
                                kind=ButtonKind::Primary
                                icon=Glyph::Check
                                label=words.say(Language::apply_case)
                                disabled=busy
                                on_click=apply
                            />
                        }
                    })}
                <Button
                    label=words.say(Language::set_aside)
                    disabled=busy
                    on_click=move |()| aside.set(Some(id))
                />
            </div>
        }
    })
}

/// Asks why a case is set aside. It stands beside the list: a list that comes anew takes no words away.
#[component]
fn SetAsideSheet(case: RwSignal<Option<i64>>) -> impl IntoView {
    let words = use_words();
    let desk = expect_context::<RepairDesk>();
    let sync_status = expect_context::<SyncStatus>();
    let reason = Reason::new();
    let request = SheetRequest::new(why_not, move || {
        case.try_set(None);
    });
    let set_aside = move |()| {
        let meant = case.get_untracked().zip(reason.given());
        let Some((id, text)) = meant.filter(|_| request.begins()) else { return };
        tasks::spawn(async move {
            let answer = settle(desk, sync_status, id, Some(&text)).await;
            let is_open = is_open_for(case, |open| *open == id);
            if let Some(settled) = request.answered(answer, is_open, None) {
                request.tell(settled(words.at_once()).to_owned());
            }
        });
    };
    view! {
        <Sheet
            open=Signal::derive(move || case.read().is_some())
            title=words.say(Language::set_aside)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            <ReasonField
                reason=reason
                label=words.say(Language::why_set_aside)
                lacking=words.say(Language::say_why_aside)
                max="500"
            />
            <WhyNot error=request.failure say=why_not />
            <Button
                kind=ButtonKind::Danger
                label=words.say(Language::set_aside)
                disabled=request.busy
                on_click=set_aside
            />
        </Sheet>
    }
}
