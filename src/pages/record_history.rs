//! The history of a record: who did what, when, on which device, and what that changed.

use std::sync::Arc;

use form::{Program, Session};
use leptos::prelude::*;
use sync::view::RecordView as View;

use super::moment;
use super::record_lines::draw_lines;
use super::record_outline::{Line, outline_of_changes, read_only};
use crate::components::{Badge, Button, Glyph, Tone};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    Records,
    preferences::use_words,
    records::{FetchError, HistoryEntry},
};

/// Where fetching the history stands.
#[derive(Clone)]
enum Asked {
    No,
    Running,
    Told(Result<Vec<HistoryEntry>, FetchError>),
}

/// Who did what, told by the server when it can be reached.
#[component]
pub(super) fn History(
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let record = view.with_value(|view| view.record);
    let asked = RwSignal::new(Asked::No);
    let ask = move |()| {
        asked.set(Asked::Running);
        tasks::spawn(async move {
            asked.try_set(Asked::Told(records.history(record).await));
        });
    };
    let failure = move |error: &FetchError| match error {
        FetchError::Http(_) => words.now().history_needs_network().to_owned(),
        FetchError::Wait(minutes) => words.now().asked_to_wait(*minutes),
        FetchError::Refused(code) if code == "not_found" => words.now().history_empty().to_owned(),
        FetchError::Refused(_) | FetchError::Garbled(_) | FetchError::Storage(_) => {
            words.now().history_failed().to_owned()
        }
    };
    view! {
        <section class="history" aria-labelledby="history-heading">
            <h2 id="history-heading">{words.say(Language::history)}</h2>
            {move || match asked.get() {
                Asked::No => {
                    view! { <Button icon=Glyph::History label=words.say(Language::show_history) on_click=ask /> }.into_any()
                }
                Asked::Running => view! { <p class="muted" role="status">{words.say(Language::opening)}</p> }.into_any(),
                Asked::Told(Err(error)) => {
                    view! {
                        <p class="muted">{failure(&error)}</p>
                        <Button label=words.say(Language::try_again) on_click=ask />
                    }
                        .into_any()
                }
                Asked::Told(Ok(entries)) if entries.is_empty() => {
                    view! { <p class="muted">{words.say(Language::history_empty)}</p> }.into_any()
                }
                Asked::Told(Ok(entries)) => {
                    let language = words.now();
                    let told = view.with_value(|view| {
                        let session = program.get_value().map(|program| read_only(&program, view, language));
                        let told = |entry| tell(entry, view, session.as_ref(), language);
                        entries.into_iter().map(told).collect_view()
                    });
                    view! { <ol class="history-list">{told}</ol> }.into_any()
                }
            }}
        </section>
    }
}

/// One act: who, when, on which device, and what it changed.
fn tell(
    entry: HistoryEntry,
    view: &View,
    session: Option<&Session>,
    language: Language,
) -> AnyView {
    let HistoryEntry {
        author,
        author_name,
        device,
        action,
        outcome,
        wall_ms,
        received_ms,
        fields,
        ..
    } = entry;
    let who = if author_name.is_empty() { author } else { author_name };
    let did = did(language, &action).to_owned();
    let when = format!(
        "{} · {} {} · {device}",
        moment(language, wall_ms),
        language.received(),
        moment(language, received_ms),
    );
    let lines = session.map(|session| outline_of_changes(session, view, &fields, language));
    let lines = lines.unwrap_or_default();
    let is_kept_aside = outcome == "quarantined";
    view! {
        <li>
            <p><strong>{who}</strong>" "{did}</p>
            <p class="muted">{when}</p>
            {is_kept_aside
                .then(|| view! { <Badge tone=Tone::Attention icon=Glyph::Warning label=Signal::stored(language.in_repair().to_owned()) /> })}
            <Changes lines=lines />
        </li>
    }
    .into_any()
}

/// What was done, in words.
pub(super) fn did(language: Language, action: &str) -> &str {
    match action {
        "create" => language.did_create(),
        "edit" => language.did_edit(),
        "submit" => language.did_submit(),
        "amend" => language.did_amend(),
        "delete" => language.did_delete(),
        "undelete" => language.did_undelete(),
        "resolve" => language.did_resolve(),
        other => other,
    }
}

/// The answers that an act wrote, folded away; drawn when they are asked for.
#[component]
pub(super) fn Changes(lines: Vec<Line>) -> impl IntoView {
    let words = use_words();
    let is_open = RwSignal::new(false);
    let count = lines.iter().filter(|line| matches!(line, Line::Answer { .. })).count();
    (count > 0).then(|| {
        view! {
            <details class="changes" on:toggle=move |_| is_open.set(true)>
                <summary>{move || words.now().answer_count(count)}</summary>
                {move || is_open.get().then(|| draw_lines(lines.clone()))}
            </details>
        }
    })
}
