//! The history of a record: who did what, when, on which device, and what that changed.

use std::sync::Arc;

use form::{Program, Session};
use leptos::prelude::*;
use sync::review;
use sync::view::RecordView as View;
use sync::wire::{Dot, State, field};

use super::record_lines::draw_lines;
use super::record_outline::{Line, outline_of_changes, read_only, with_before};
use super::{Later, Parts, moment};
use crate::components::{Badge, Button, Glyph, Tone};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    Records,
    preferences::use_words,
    records::{FetchError, HistoryEntry, Written},
};

/// The record whose history is told.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub view: StoredValue<View>,
    pub program: StoredValue<Option<Arc<Program>>>,
    /// Only what is new to whoever judges the record, with what was written.
    pub is_news: bool,
}

/// The way to the history. Whoever asks for it has a network, which brings the part that tells it as well.
#[component]
pub(super) fn History(
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
) -> impl IntoView {
    let words = use_words();
    let parts = expect_context::<Parts>();
    let part = parts.of(Later::History);
    let is_asked = RwSignal::new(false);
    let ask = move |()| {
        is_asked.set(true);
        parts.fetch(Later::History);
    };
    view! {
        <section class="history" aria-labelledby="history-heading">
            <h2 id="history-heading">{words.say(Language::history)}</h2>
            {move || match (is_asked.get(), part.get()) {
                (true, Some(Ok(draw))) => {
                    provide_context(Told { view, program, is_news: false });
                    draw(Later::History)
                }
                (true, None) => view! { <p class="muted" role="status">{words.say(Language::opening)}</p> }.into_any(),
                (asked, _) => {
                    let label = if asked { Language::try_again } else { Language::show_history };
                    view! {
                        {asked.then(|| view! { <p class="muted">{words.say(Language::history_needs_network)}</p> })}
                        <Button icon=Glyph::History label=words.say(label) on_click=ask />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

/// Who did what, told by the server when it can be reached. Loaded with the desk.
#[component]
pub(super) fn HistoryList() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let Told { view, program, is_news } = expect_context::<Told>();
    let record = view.with_value(|view| view.record);
    let told = RwSignal::new(None::<Result<Vec<HistoryEntry>, FetchError>>);
    let ask = move |()| {
        told.set(None);
        tasks::spawn(async move {
            told.try_set(Some(records.history(record).await));
        });
    };
    ask(());
    move || match told.get() {
        None => {
            view! { <p class="muted" role="status">{words.say(Language::opening)}</p> }.into_any()
        }
        Some(Err(error)) => view! {
            <p class="muted">{not_told(words.now(), &error)}</p>
            <Button label=words.say(Language::try_again) on_click=ask />
        }
        .into_any(),
        Some(Ok(entries)) if entries.is_empty() => {
            view! { <p class="muted">{words.say(Language::history_empty)}</p> }.into_any()
        }
        Some(Ok(entries)) => {
            let language = words.now();
            let acts = view.with_value(|view| {
                let stands = view.dots.get(field::DELETED).map_or(&[][..], Vec::as_slice);
                let first = if is_news { seen(&entries, stands) } else { 0 };
                let session =
                    program.get_value().map(|program| read_only(&program, view, language));
                let told = |at| {
                    let was = is_news.then(|| before(&entries, at));
                    tell(entries[at].clone(), view, session.as_ref(), was, language)
                };
                (first..entries.len()).map(told).collect_view()
            });
            view! { <ol class="history-list">{acts}</ol> }.into_any()
        }
    }
}

/// How many of the first acts whoever judged the record last has seen: what was done after somebody last said where it stands, before
/// what stands now. That is the last act, or several that did not see each other: an approval and what was changed beside it. Where one
/// act stands alone, only who judged counts: who handed in again has not judged what was mended.
fn seen(entries: &[HistoryEntry], stands: &[Dot]) -> usize {
    let is_alone = stands.len() == 1;
    let stands = |entry: &HistoryEntry| stands.iter().any(|dot| entry.is(*dot));
    let first = entries.iter().position(stands).unwrap_or(entries.len());
    let said = |entry: &HistoryEntry| {
        let state = written(&entry.fields, field::STATE).and_then(|state| state.parse().ok());
        let judges = |state| matches!(state, State::Returned | State::Approved);
        state.is_some_and(|state| !is_alone || judges(state))
    };
    entries[..first].iter().rposition(said).map_or(0, |last| last + 1)
}

/// What stood before an act in the fields that it wrote, as earlier acts had written it.
fn before(entries: &[HistoryEntry], at: usize) -> Vec<Written> {
    let (earlier, rest) = entries.split_at(at);
    let applied = || earlier.iter().rev().filter(|entry| entry.outcome != KEPT_ASIDE);
    let was = |now: &Written| {
        applied().flat_map(|entry| &entry.fields).find(|then| then.path == now.path).cloned()
    };
    rest.first().into_iter().flat_map(|act| &act.fields).filter_map(was).collect()
}

/// The outcome of an act that waits at the repair desk, or was set aside there.
const KEPT_ASIDE: &str = "quarantined";

/// Why the server did not tell the history.
pub(super) fn not_told(language: Language, error: &FetchError) -> String {
    let text = match error {
        FetchError::Http(_) => language.history_needs_network(),
        FetchError::Wait(minutes) => return language.asked_to_wait(*minutes),
        FetchError::Refused(code) if code == "not_found" => language.history_empty(),
        FetchError::Refused(_) | FetchError::Garbled(_) | FetchError::Storage(_) => {
            language.history_failed()
        }
    };
    text.to_owned()
}

/// One act: who, when, on which device, and what it changed; with what stood there before, if that is wanted.
fn tell(
    entry: HistoryEntry,
    view: &View,
    session: Option<&Session>,
    was: Option<Vec<Written>>,
    language: Language,
) -> AnyView {
    let (at_ms, wrong) = (entry.at_ms(), entry.wrong_by());
    let HistoryEntry { author, author_name, device, action, outcome, .. } = entry;
    let HistoryEntry { received_ms, fields, .. } = entry;
    let who = if author_name.is_empty() { author } else { author_name };
    let did = did(language, &action, &fields);
    let why = written(&fields, field::REASON).and_then(review::read).map(|(_, why)| why.to_owned());
    let when = format!(
        "{} · {} {} · {device}",
        moment(language, at_ms),
        language.received(),
        moment(language, received_ms),
    );
    let outline = |written: &[Written]| {
        let lines = session.map(|session| outline_of_changes(session, view, written, language));
        lines.unwrap_or_default()
    };
    let is_open = was.is_some();
    let mut lines = outline(&fields);
    if let Some(was) = was {
        lines = with_before(lines, outline(&was));
    }
    let wrong = wrong.map(|behind| language.clock_is_wrong(behind));
    let is_kept_aside = outcome == KEPT_ASIDE;
    let met = match outcome.as_str() {
        "merged" => Some(language.merged_with_other()),
        "conflict" => Some(language.met_other_answer()),
        _ => None,
    };
    view! {
        <li>
            <p><strong>{who}</strong>" "{did}</p>
            {why.map(|why| view! { <p class="reason">{why}</p> })}
            <p class="muted">{when}</p>
            {wrong.map(|wrong| view! { <p class="muted">{wrong}</p> })}
            {met.map(|met| view! { <Badge label=Signal::stored(met.to_owned()) /> })}
            {is_kept_aside
                .then(|| view! { <Badge tone=Tone::Attention icon=Glyph::Warning label=Signal::stored(language.in_repair().to_owned()) /> })}
            <Changes lines=lines is_open=is_open />
        </li>
    }
    .into_any()
}

fn written<'a>(fields: &'a [Written], path: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.path == path)?.value.as_deref()
}

/// What was done, in words. Where a record stands is said by a field: what the protocol calls the act knows only of submitting.
pub(super) fn did(language: Language, action: &str, fields: &[Written]) -> &'static str {
    let stands = written(fields, field::STATE).and_then(|state| state.parse().ok());
    match (action, stands) {
        (_, Some(State::Approved)) => return language.did_approve(),
        (_, Some(State::Returned)) => return language.did_return(),
        (_, Some(State::Withdrawn)) => return language.did_withdraw(),
        ("amend", Some(State::Submitted)) => return language.did_take_back(),
        _ => {}
    }
    let wrote_nothing = fields.iter().all(|field| field.path == field::DELETED);
    match action {
        "resolve" if wrote_nothing => language.did_leave(),
        "create" => language.did_create(),
        "edit" => language.did_edit(),
        "submit" => language.did_submit(),
        "amend" => language.did_amend(),
        "delete" => language.did_delete(),
        "undelete" => language.did_undelete(),
        "resolve" => language.did_resolve(),
        _ => language.did_something(),
    }
}

/// The answers that an act wrote, folded away; drawn when they are asked for.
#[component]
pub(super) fn Changes(lines: Vec<Line>, #[prop(optional)] is_open: bool) -> impl IntoView {
    let words = use_words();
    let is_open = RwSignal::new(is_open);
    let count = lines.iter().filter(|line| matches!(line, Line::Answer { .. })).count();
    (count > 0).then(|| {
        view! {
            <details class="changes" open=is_open.get_untracked() on:toggle=move |_| is_open.set(true)>
                <summary>{move || words.now().answer_count(count)}</summary>
                {move || is_open.get().then(|| draw_lines(lines.clone()))}
            </details>
        }
    })
}

#[cfg(test)]
mod tests {
    use sync::wire::DeviceId;

    use super::*;

    fn act(device: u8, seq: u64, state: Option<State>) -> HistoryEntry {
        let state = state.map(|state| Written {
            path: field::STATE.to_owned(),
            value: Some(state.name().to_owned()),
            replaced: 1,
        });
        let device_id = DeviceId([device; 16]).to_string();
        HistoryEntry {
            device_id,
            seq,
            fields: state.into_iter().collect(),
            ..HistoryEntry::default()
        }
    }

    #[test]
    fn what_is_new_is_what_came_since_somebody_said_where_the_record_stands() {
        const OFFICER: u8 = 1;
        const REVIEWER: u8 = 2;
        let dot = |(device, seq)| Dot { device: DeviceId([device; 16]), seq };
        let seen = |acts: &[HistoryEntry], stands: &[(u8, u64)]| {
            seen(acts, &stands.iter().copied().map(dot).collect::<Vec<_>>())
        };
        let submitted = act(OFFICER, 1, Some(State::Submitted));
        let returned = act(REVIEWER, 1, Some(State::Returned));
        let mended = act(OFFICER, 2, None);
        let again = act(OFFICER, 3, Some(State::Submitted));
        let acts = [submitted.clone(), returned, mended, again];
        assert_eq!(seen(&acts, &[(OFFICER, 3)]), 2, "what was mended");
        // What was done to it afterwards, by whomever, is new beside that.
        for (device, seq) in [(OFFICER, 4), (REVIEWER, 2)] {
            let more = [&acts[..], &[act(device, seq, None)]].concat();
            assert_eq!(seen(&more, &[(device, seq)]), 2);
        }
        // An approval, and beside it what an officer wrote who was away: whichever came first.
        let approved = act(REVIEWER, 2, Some(State::Approved));
        let beside = [act(OFFICER, 2, None), act(OFFICER, 3, None)];
        let stands = [(REVIEWER, 2), (OFFICER, 3)];
        let [one, two] = beside;
        for acts in [
            [submitted.clone(), approved.clone(), one.clone(), two.clone()],
            [submitted.clone(), one, two, approved],
        ] {
            assert_eq!(seen(&acts, &stands), 1);
        }
        assert_eq!(seen(&[], &stands), 0);
        assert_eq!(seen(&[submitted], &[]), 1, "what stands was not sent yet");
    }

    #[test]
    fn what_stood_before_an_act_is_what_was_last_written_there_and_applied() {
        let wrote = |path: &str, value: &str| Written {
            path: path.to_owned(),
            value: Some(value.to_owned()),
            replaced: 1,
        };
        let act = |fields: &[(&str, &str)], outcome: &str| HistoryEntry {
            fields: fields.iter().map(|(path, value)| wrote(path, value)).collect(),
            outcome: outcome.to_owned(),
            ..HistoryEntry::default()
        };
        let acts = [
            act(&[("a", "1"), ("b", "1")], "applied"),
            act(&[("a", "2")], "merged"),
            act(&[("a", "3")], KEPT_ASIDE),
            act(&[("a", "4"), ("c", "1")], "applied"),
        ];
        assert_eq!(before(&acts, 3), [wrote("a", "2")]);
        assert_eq!(before(&acts, 0), []);
    }

    #[test]
    fn what_was_taken_out_is_told_as_that_and_not_as_amended() {
        let did = |state| did(Language::Vi, "amend", &act(1, 1, Some(state)).fields);
        assert_eq!(did(State::Withdrawn), "rút hồ sơ");
        assert_eq!(did(State::Submitted), "đưa hồ sơ về Đã nộp");
    }
}
