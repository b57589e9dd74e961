//! Which question stands on the cards of a list of people: one column is gone through at a time, as on paper. Who is there, who signs,
//! the scores of all.

use form::{DataType, NodeId, NodeKind, QuestionControl};
use leptos::prelude::*;

use super::card_answer::{CARD_CHOICES, CardAnswer};
use super::controls::Number;
use super::question::{Asked, Problem};
use super::repeat::label_of;
use crate::components::{ChipSelect, ChoiceOption};
use crate::locale::Language;
use crate::platform::document;
use crate::reactive::{Show, memo};
use crate::stores::{FormEntry, preferences::use_words};

/// How a question is answered on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCard {
    Choice,
    Signature,
    Number { whole: bool },
}

impl OnCard {
    /// `None`: in the open row only.
    pub fn of(entry: FormEntry, question: NodeId) -> Option<Self> {
        let few = || entry.choices(question).read_untracked().len() < CARD_CHOICES;
        entry.node(question).with_untracked(|state| {
            let NodeKind::Question(asked) = &state.kind else { return None };
            let looks = |word: &str| state.appearance.iter().any(|other| other == word);
            match (&asked.control, asked.data_type) {
                (QuestionControl::Select1, _) if few() => Some(Self::Choice),
                (QuestionControl::Upload { .. }, _) if looks("signature") => Some(Self::Signature),
                (QuestionControl::Input, DataType::Int) => Some(Self::Number { whole: true }),
                (QuestionControl::Input, DataType::Decimal) => Some(Self::Number { whole: false }),
                _ => None,
            }
        })
    }
}

/// The questions that can stand on the cards, by their paths below a row: the one that is marked first. Of fewer than two nobody
/// chooses.
fn columns(entry: FormEntry, repeat: NodeId) -> Vec<ChoiceOption> {
    let Some(row) = entry.children(repeat).read().first().copied() else { return Vec::new() };
    let column = |path: String| {
        let question = entry.within(row, &path)?;
        OnCard::of(entry, question)?;
        Some(ChoiceOption { label: label_of(&entry.node(question).read()), value: path })
    };
    let mut asked = entry.of_the_day(repeat).into_iter();
    // Where what is marked has too many choices for a card, nothing stands in its place.
    let Some(marked) = asked.next().and_then(column) else { return Vec::new() };
    std::iter::once(marked).chain(asked.filter_map(column)).collect()
}

/// Chooses what stands on the cards.
#[component]
pub(super) fn ColumnChip(
    repeat: NodeId,
    /// Empty for the one that is marked.
    column: RwSignal<String>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let columns = memo(move || columns(entry, repeat));
    let first = Signal::derive(move || {
        columns.read().first().map(|first| first.label.clone()).unwrap_or_default()
    });
    let others = Signal::derive(move || columns.get().into_iter().skip(1).collect::<Vec<_>>());
    view! {
        <Show when=move || !others.read().is_empty()>
            <ChipSelect
                label=words.say(Language::on_the_cards)
                any_label=first
                options=others
                value=column
                on_choose=move |chosen| column.set(chosen)
            />
        </Show>
    }
}

/// The answer of a column on a closed card, where its question is asked.
#[component]
pub(super) fn CardField(
    row: NodeId,
    question: NodeId,
    is_open: Memo<bool>,
    #[prop(into)] row_name: Signal<String>,
    #[prop(into)] on_press: Callback<bool>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let state = entry.node(question);
    let on_card = OnCard::of(entry, question);
    let is_asked = memo(move || {
        let state = state.read();
        state.relevant && !state.readonly && !is_open.get()
    });
    view! {
        <Show when=move || is_asked.get()>
            {match on_card {
                Some(OnCard::Number { whole }) => {
                    view! { <CardNumber row=row question=question whole=whole row_name=row_name /> }.into_any()
                }
                _ => {
                    view! { <CardAnswer question=question is_open=is_open row_name=row_name on_press=on_press /> }.into_any()
                }
            }}
        </Show>
    }
}

/// A number on a card. Enter goes on to the next.
#[component]
fn CardNumber(
    row: NodeId,
    question: NodeId,
    whole: bool,
    row_name: Signal<String>,
) -> impl IntoView {
    let asked = Asked::of(question);
    let next = format!("#row{} ~ .row-card:not([hidden]) .card-number input", row.index());
    view! {
        <div
            class="card-number"
            on:focusin=move |_| asked.enter()
            on:focusout=move |event| asked.leave(&event)
            on:keydown=move |event| {
                if event.key() == "Enter" {
                    document::focus(&next);
                }
            }
        >
            <label class="visually-hidden" for=asked.input_id()>
                {move || format!("{} · {}", row_name.get(), asked.label_text().get())}
            </label>
            <Number asked=asked whole=whole />
            <Problem asked=asked />
        </div>
    }
}
