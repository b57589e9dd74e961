//! An answer that is changed on the closed card of a row.

use form::{Aspects, NodeId, NodeKind, QuestionControl};
use leptos::prelude::*;

use crate::reactive::memo;

use super::card_column::OnCard;
use super::controls::{OneSheet, SignSheet};
use super::marks::offer_unmark;
use super::question::Asked;
use super::repeat::{Cards, answer_of, called, label_of, name_of_row};
use crate::components::Toaster;
use crate::stores::{FormEntry, preferences::use_words};

/// From so many choices on, an answer is changed in the open row only.
pub(super) const CARD_CHOICES: usize = 8;

/// The question that is answered on the closed card of a row too: one of a few, which the form takes for granted until somebody says
/// otherwise. A trainer who calls 150 names opens no row for whoever is absent.
pub(super) fn card_question(entry: FormEntry, row: NodeId) -> Option<NodeId> {
    entry.defaulted(row).into_iter().find(|question| stands_on_card(entry, *question))
}

fn stands_on_card(entry: FormEntry, question: NodeId) -> bool {
    let state = entry.node(question);
    let is_one_of = state.with_untracked(|state| {
        let NodeKind::Question(asked) = &state.kind else { return false };
        asked.control == QuestionControl::Select1 && state.relevant && !state.readonly
    });
    let fixed = !entry.may_change(question).intersects(Aspects::RELEVANT | Aspects::READONLY);
    is_one_of && fixed && entry.choices(question).read_untracked().len() < CARD_CHOICES
}

/// The answer that a closed card tells, and a press that marks it, where nobody has said anything yet, or changes it.
#[component]
pub(super) fn CardAnswer(
    question: NodeId,
    is_open: Memo<bool>,
    /// What its row is called: an answer in a list of hundreds says whose it is.
    #[prop(into)]
    row_name: Signal<String>,
    /// Whether it was pressed so long that another answer than the usual is meant.
    #[prop(into)]
    on_press: Callback<bool>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let label = entry.node(question);
    let is_signed = OnCard::of(entry, question) == Some(OnCard::Signature);
    let answer = memo(move || {
        let language = words.now();
        match answer_of(entry, language, question) {
            Some(text) if !text.is_empty() => text,
            _ if !is_signed => language.choose().to_owned(),
            _ if label.read().value.is_empty() => language.sign().to_owned(),
            _ => language.signed().to_owned(),
        }
    });
    let is_unmarked = memo(move || {
        is_signed && label.read().value.is_empty() || {
            label.track();
            entry.unmarked(question).is_some()
        }
    });
    view! {
        <button
            type="button"
            class="card-answer"
            class:card-unmarked=move || is_unmarked.get()
            class:card-departs=move || {
                label.track();
                entry.departs_from_default(question)
            }
            hidden=move || is_open.get()
            aria-haspopup=move || (is_signed || !is_unmarked.get()).then_some("dialog")
            aria-label=move || format!("{} · {}: {}", row_name.get(), label_of(&label.read()), answer.read())
            on:click=move |_| on_press.run(false)
            on:contextmenu=move |event| {
                event.prevent_default();
                on_press.run(true);
            }
        >
            {answer}
        </button>
    }
}

/// Where the answer on a card is changed. It names the row.
#[component]
pub(super) fn CardSheet(row: NodeId, question: NodeId, cards: Cards) -> impl IntoView {
    let asked = Asked::of(question);
    let toaster = expect_context::<Toaster>();
    let (entry, words) = (asked.entry, asked.words);
    let title = Signal::derive(move || {
        format!("{} · {}", name_of_row(entry, words.now(), row), asked.label_text().get())
    });
    let choose = move |answer: String| {
        let language = words.at_once();
        let Some(marked) = entry.mark(&[(question, answer)]) else { return };
        let told = untrack(|| {
            let answer = answer_of(entry, language, question).unwrap_or_default();
            let name = called(entry, language, row);
            let name = name.unwrap_or_else(|| name_of_row(entry, language, row));
            format!("{name}: {answer}")
        });
        offer_unmark(entry, toaster, language, told, marked, cards);
    };
    match OnCard::of(entry, question) {
        Some(OnCard::Signature) => view! { <SignSheet asked=asked title=title /> }.into_any(),
        _ => {
            let open = RwSignal::new(true);
            view! { <OneSheet asked=asked open=open title=title on_choose=choose /> }.into_any()
        }
    }
}
