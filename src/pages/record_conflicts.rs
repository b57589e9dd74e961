//! Where people answered differently without having seen each other: every answer with who gave it and when, and for who looks
//! after the unit the choice between them.

use std::{collections::BTreeMap, sync::Arc};

use form::Program;
use leptos::prelude::*;
use sync::view::RecordView as View;
use sync::wire::{Action, Dot, RecordId};

mod settlement;

use self::settlement::{
    Choice, Contested, asks_for_a_look, contested, met_in_form, settlement, side_by_side,
};
use super::parts::beside;
use super::record::deleted;
use super::record_history::not_told;
use super::record_lines::draw_answer;
use super::record_outline::Answer;
use super::{Later, moment};
use crate::components::{Banner, Button, Glyph, Toast, Toaster, Tone};
use crate::locale::Language;
use crate::platform::{log_error, tasks};
use crate::reactive::{Show, effect, memo};
use crate::stores::{
    Records, RepairDesk, SyncStatus,
    form_entry::following::has_its_lists,
    preferences::use_words,
    records::{FetchError, HistoryEntry},
};

/// What is known of who answered.
#[derive(Clone)]
enum Tellers {
    /// Nobody has asked the server yet.
    Unasked,
    /// It is asked.
    Asked,
    /// It did not tell, and why.
    Unknown(FetchError),
    /// It told what was done to the record.
    Told(Arc<Vec<HistoryEntry>>),
}

impl Tellers {
    /// Whether the server may tell if it is asked now. One that refused would refuse again.
    fn is_to_ask(&self) -> bool {
        matches!(self, Self::Unasked | Self::Unknown(FetchError::Http(_)))
    }
}

/// What of a record asks for a choice.
#[component]
pub(super) fn Conflicts(
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let may_settle = expect_context::<RepairDesk>().may_settle();
    let tellers = RwSignal::new(Tellers::Unasked);
    let failed = RwSignal::new(false);
    let contested = memo(move || {
        let language = words.now();
        view.with_value(|view| contested(program.get_value().as_ref(), view, language))
    });
    let rest = view.with_value(met_in_form);
    // Where something is to be chosen, whoever chooses looks at all of it.
    let looks = may_settle && view.with_value(asks_for_a_look);
    let has_form = program.with_value(Option::is_some);
    let works_out = program
        .with_value(|program| program.as_ref().is_some_and(|program| has_its_lists(program)));
    let asks = move || !contested.read().is_empty();
    let by = move |dot: Dot| {
        let account = view.with_value(|view| view.writers.get(&dot.device).cloned());
        records.person(&account.unwrap_or_default())
    };
    let offer = move |chosen| Offer { view, program, chosen, tellers, failed };
    let draw = move |Contested { path, label, choices }: Contested| {
        let alt = label.clone();
        let of = path.clone();
        let draw_choice = move |choice: Choice| {
            let offer = offer(Some((of.clone(), choice.clone())));
            let answer = draw_answer(choice.answer, &alt);
            view! {
                <li class="conflict-choice">
                    <div>{answer}</div>
                    {(!may_settle).then(|| view! { <p class="muted">{by(choice.dot)}</p> })}
                    {may_settle.then(|| beside(Later::Choosing, offer))}
                </li>
            }
        };
        view! {
            <div class="conflict" data-conflict=path>
                <h3>{label}</h3>
                <ul class="conflict-choices">{choices.into_iter().map(draw_choice).collect_view()}</ul>
            </div>
        }
    };
    let heading = move || {
        let language = words.now();
        if asks() { language.to_choose() } else { language.in_conflict() }
    };
    let why = move || {
        let language = words.now();
        match (asks(), has_form) {
            (true, _) if may_settle => language.both_stand(),
            (true, _) => language.choosing_is_for(),
            (false, true) if works_out => language.results_met(),
            (false, true) => language.results_need_lists(),
            (false, false) => language.choosing_needs_form(),
        }
    };
    view! {
        <Show when=move || asks() || rest>
            <section class="conflicts card" aria-labelledby="conflicts-heading">
                <h2 id="conflicts-heading">{heading}</h2>
                <p>{why}</p>
                <Show when=move || failed.get()>
                    <Banner tone=Tone::Bad title=words.say(Language::not_chosen) />
                </Show>
                {move || contested.get().into_iter().map(draw).collect_view()}
                <Show when=move || may_settle && works_out && !asks()>{beside(Later::Choosing, offer(None))}</Show>
            </section>
        </Show>
        {looks.then(|| beside(Later::Looking, Looked { view, program }))}
    }
}

/// What people changed side by side in one part of the form: nothing is to be chosen there. For who looks after the unit; loaded with
/// the desk.
#[component]
pub(super) fn Looking() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let sync_status = expect_context::<SyncStatus>();
    let toaster = expect_context::<Toaster>();
    let Looked { view, program } = expect_context::<Looked>();
    let failed = RwSignal::new(false);
    let groups = memo(move || {
        view.with_value(|view| side_by_side(program.get_value().as_ref(), view, words.now()))
    });
    let draw = move |(label, accounts): (String, Vec<String>)| {
        let names: Vec<String> = accounts.iter().map(|account| records.person(account)).collect();
        view! { <li><strong>{label}</strong>" · "{names.join(", ")}</li> }
    };
    let look = move |()| {
        failed.set(false);
        let shown = view.get_value();
        tasks::spawn(async move {
            // Whoever writes after both has seen them.
            match records.settle(&shown, BTreeMap::new(), Action::Resolve).await {
                Ok(()) => {
                    let text = words.at_once().looked_at().to_owned();
                    toaster.show(Toast { text, action: None });
                    sync_status.sync_now();
                }
                Err(error) => {
                    log_error(&format!("not looked at: {error}"));
                    failed.try_set(true);
                }
            }
        });
    };
    view! {
        <section class="looks card" aria-labelledby="looks-heading">
            <h2 id="looks-heading">{words.say(Language::to_look_at)}</h2>
            <p>{words.say(Language::changed_side_by_side)}</p>
            <Show when=move || failed.get()>
                <Banner tone=Tone::Bad title=words.say(Language::not_judged) />
            </Show>
            <ul>{move || groups.get().into_iter().map(draw).collect_view()}</ul>
            <Button icon=Glyph::Check label=words.say(Language::looked_at) on_click=look />
        </section>
    }
}

/// The record in which people changed something side by side.
#[derive(Clone, Copy)]
struct Looked {
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
}

/// An answer that may be chosen; `None`: where nothing is left to choose, what the form works out may be worked out anew.
#[derive(Clone)]
struct Offer {
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
    /// A path, and what may stand there.
    chosen: Option<(String, Choice)>,
    /// For all choices in the record.
    tellers: RwSignal<Tellers>,
    failed: RwSignal<bool>,
}

/// Who gave an answer and when, and the button that chooses it. Loaded with the desk, as only coordinators choose.
#[component]
pub(super) fn Choosing() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let toaster = expect_context::<Toaster>();
    let sync_status = expect_context::<SyncStatus>();
    let Offer { view, program, chosen, tellers, failed } = expect_context::<Offer>();
    let record = view.with_value(|view| view.record);
    let dot = chosen.as_ref().map(|(_, choice)| choice.dot);
    let writer = |dot: Dot| view.with_value(|view| view.writers.get(&dot.device).cloned());
    let teller = dot.map(|dot| {
        let writer = records.person(&writer(dot).unwrap_or_default());
        view! { <Teller record=record dot=dot writer=writer tellers=tellers /> }
    });
    let answer = chosen.as_ref().map(|(_, choice)| choice.answer.clone());
    let label = move || match &answer {
        Some(Answer::Text(text) | Answer::Place(text, _)) => words.now().choose_answer(text),
        Some(Answer::File(_) | Answer::Missing(_)) => words.now().choose_file_this().to_owned(),
        None => words.now().work_out_again().to_owned(),
    };
    let choose = move |()| {
        failed.set(false);
        let shown = view.get_value();
        let chosen = chosen.as_ref().map(|(path, choice)| (path.as_str(), &choice.value));
        let (values, action) =
            settlement(program.get_value().as_ref(), &shown, chosen, words.at_once());
        let is_chosen = chosen.is_some();
        tasks::spawn(async move {
            match records.settle(&shown, values, action).await {
                Ok(()) => {
                    let language = words.at_once();
                    let text = match is_chosen {
                        true => language.chosen_answer(),
                        false => language.worked_out_again(),
                    };
                    toaster.show(match action {
                        Action::Delete => deleted(record, records, toaster, language),
                        _ => Toast { text: text.to_owned(), action: None },
                    });
                    sync_status.sync_now();
                }
                Err(error) => {
                    log_error(&format!("not settled: {error}"));
                    failed.try_set(true);
                }
            }
        });
    };
    view! {
        {teller}
        <Button icon=Glyph::Check label=Signal::derive(label) on_click=choose />
    }
}

/// Who gave an answer, and when. Where the server was not reached it is asked again once it was heard of.
#[component]
fn Teller(
    record: RecordId,
    dot: Dot,
    /// Whose device it came from.
    writer: String,
    tellers: RwSignal<Tellers>,
) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let standing = expect_context::<SyncStatus>().standing();
    let heard_of = memo(move || standing.read().last_success_ms);
    effect(move || {
        heard_of.get();
        if !tellers.read_untracked().is_to_ask() {
            return;
        }
        tellers.set(Tellers::Asked);
        tasks::spawn(async move {
            let told = records.history(record).await.map(Arc::new);
            if let Err(error) = &told {
                log_error(&format!("who answered is not known: {error}"));
            }
            tellers.try_set(told.map_or_else(Tellers::Unknown, Tellers::Told));
        });
    });
    let told = move || {
        let language = words.now();
        let tellers = tellers.read();
        let by = match &*tellers {
            Tellers::Told(entries) => entries.iter().find(|entry| entry.is(dot)),
            Tellers::Unasked | Tellers::Asked | Tellers::Unknown(_) => None,
        };
        match (by, &*tellers) {
            (Some(entry), _) => {
                let name = match entry.author_name.is_empty() {
                    true => &entry.author,
                    false => &entry.author_name,
                };
                format!("{name} · {}", moment(language, entry.wall_ms))
            }
            _ if records.device().device == dot.device => language.answered_here().to_owned(),
            (None, Tellers::Unasked | Tellers::Asked) => language.opening().to_owned(),
            (None, Tellers::Unknown(FetchError::Http(_))) => {
                language.who_needs_network().to_owned()
            }
            (None, Tellers::Told(_)) => writer.clone(),
            (None, Tellers::Unknown(error)) => not_told(language, error),
        }
    };
    view! { <p class="muted">{told}</p> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::HttpError;

    #[test]
    fn who_answered_is_asked_again_where_the_line_went_and_not_where_the_server_refused() {
        let unknown = |error| Tellers::Unknown(error).is_to_ask();
        assert!(Tellers::Unasked.is_to_ask());
        assert!(unknown(FetchError::Http(HttpError::TimedOut)));
        let refusal = FetchError::Refused("not_allowed".to_owned());
        for error in [refusal, FetchError::Garbled("<html>".to_owned()), FetchError::Wait(5)] {
            assert!(!unknown(error));
        }
        assert!(!Tellers::Asked.is_to_ask());
    }
}
