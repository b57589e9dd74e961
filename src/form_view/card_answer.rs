//! An answer that is changed on the closed card of a row.

use form::{Aspects, NodeId, NodeKind, QuestionControl};
use leptos::prelude::*;

use crate::reactive::memo;

use super::controls::OneSheet;
use super::question::Asked;
use super::repeat::{answer_of, label_of, name_of_row_around};
use crate::stores::{FormEntry, preferences::use_words};

/// From so many choices on, an answer is changed in the open row only.
const CARD_CHOICES: usize = 8;

/// Whether a question is answered on the closed card too: one of a few, which the form takes for granted until somebody says
/// otherwise. A trainer who calls 150 names opens no row for whoever is absent.
pub(super) fn stands_on_card(entry: FormEntry, question: NodeId) -> bool {
    let state = entry.node(question);
    let is_one_of = state.with_untracked(|state| {
        let NodeKind::Question(asked) = &state.kind else { return false };
        asked.control == QuestionControl::Select1 && state.relevant && !state.readonly
    });
    let fixed = !entry.may_change(question).intersects(Aspects::RELEVANT | Aspects::READONLY);
    is_one_of && fixed && entry.choices(question).read_untracked().len() < CARD_CHOICES
}

/// The answer that a closed card tells, and a press that changes it.
#[component]
pub(super) fn CardAnswer(
    question: NodeId,
    is_open: Memo<bool>,
    /// What its row is called: an answer in a list of hundreds says whose it is.
    #[prop(into)]
    row_name: Signal<String>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let label = entry.node(question);
    let answer = memo(move || {
        let text = answer_of(entry, words.now(), question).unwrap_or_default();
        if text.is_empty() { words.now().choose().to_owned() } else { text }
    });
    view! {
        <button
            type="button"
            class="card-answer"
            class:card-departs=move || {
                answer.track();
                entry.departs_from_default(question)
            }
            hidden=move || is_open.get()
            aria-haspopup="dialog"
            aria-label=move || format!("{} · {}: {}", row_name.get(), label_of(&label.read()), answer.read())
            on:click=move |_| on_press.run(())
        >
            {answer}
        </button>
    }
}

/// Where the answer on a card is changed. It names the row.
#[component]
pub(super) fn CardSheet(question: NodeId) -> impl IntoView {
    let asked = Asked::of(question);
    let words = asked.words;
    let title = Signal::derive(move || {
        let row = name_of_row_around(asked.entry, words.now(), question);
        format!("{row} · {}", asked.label_text().get())
    });
    view! { <OneSheet asked=asked open=RwSignal::new(true) title=title /> }
}
