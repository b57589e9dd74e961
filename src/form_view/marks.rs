//! Marks of rows in a list of people: of one who has none yet, of all who have none, and taken back.

use form::NodeId;
use leptos::prelude::*;

use super::card_answer::card_question;
use super::controls::chosen_name;
use super::offer_undo;
use super::repeat::{Cards, Found, row_around};
use crate::components::{Button, ButtonKind, Glyph, Toaster};
use crate::locale::Language;
use crate::platform::document;
use crate::reactive::{Show, memo};
use crate::stores::{FormEntry, Marked, preferences::use_words};

/// Marks somebody of whom nobody has said anything yet; whether that was so.
pub(super) fn mark_first(entry: FormEntry, question: NodeId) -> bool {
    let mark = entry.unmarked(question);
    mark.is_some_and(|mark| entry.mark(&[(question, mark)]).is_some())
}

/// Marks whoever was found in a list, as a press on their card does; whether there is anything to mark of them.
pub(super) fn mark_found(entry: FormEntry, row: NodeId) -> bool {
    let question = card_question(entry, row);
    question.map(|question| mark_first(entry, question)).is_some()
}

/// Says what was marked, and offers to take it back with what the form answered because of it.
pub(super) fn offer_unmark(
    entry: FormEntry,
    toaster: Toaster,
    language: Language,
    told: String,
    marked: Marked,
    cards: Cards,
) {
    if marked.is_empty() {
        return;
    }
    // A search finds by the marks, too.
    let read_anew = move || {
        cards.try_update_value(|cards| cards.values_mut().for_each(|card| card.text = None));
    };
    read_anew();
    offer_undo(entry, toaster, language, told, move || {
        entry.take_back_marks(&marked);
        read_anew();
    });
}

/// One press for all of whom nobody has said anything yet; of those that a search shows.
#[component]
pub(super) fn MarkRest(
    repeat: NodeId,
    cards: Cards,
    found: RwSignal<Option<Found>>,
    /// Another question that stands on the cards; else empty.
    column: RwSignal<String>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let is_shown = move |question: &NodeId| {
        let row = row_around(entry, repeat, *question);
        let is_hidden = |row| cards.with_value(|cards| cards.get(&row).map(|card| card.is_hidden));
        let is_hidden = row.and_then(is_hidden);
        !is_hidden.is_some_and(|hidden| hidden.get_untracked())
    };
    let left = move || {
        let mut left = entry.all_unmarked(repeat);
        left.retain(is_shown);
        left
    };
    let first = memo(move || {
        found.track();
        let left = left();
        left.first().map(|first| (*first, left.len()))
    });
    let answer = move |question: NodeId| {
        let mark = entry.unmarked(question).unwrap_or_default();
        chosen_name(&entry.choices(question).read(), &mark)
    };
    let label = Signal::derive(move || match first.get() {
        Some((first, count)) => {
            words.now().mark_rest(&answer(first), count, found.read().is_some())
        }
        None => String::new(),
    });
    // Whoever is no more than near what was sought is not meant by it.
    let is_near = move || found.read().is_some_and(|found| found.is_near);
    let mark = move |()| {
        let language = words.at_once();
        let questions = untrack(left);
        let mark = |question: &NodeId| Some((*question, entry.unmarked(*question)?));
        let marks: Vec<_> = questions.iter().filter_map(mark).collect();
        let Some((first, _)) = marks.first() else { return };
        let told = format!("{}: {}", untrack(|| answer(*first)), marks.len());
        let Some(marked) = entry.mark(&marks) else { return };
        offer_unmark(entry, toaster, language, told, marked, cards);
        // With nobody left the button goes: whoever pressed it is at the list that it stood above.
        let list = format!("#q{} > .repeat-rows > :not([hidden]) .row-summary", repeat.index());
        request_animation_frame(move || document::catch_focus(None, &list));
    };
    view! {
        <Show when=move || first.read().is_some() && !is_near() && column.read().is_empty()>
            <Button kind=ButtonKind::Quiet icon=Glyph::Check label=label on_click=mark />
        </Show>
    }
}
