//! The card of a row: closed its first answers, open its questions.

use form::{NodeId, NodeKind};
use leptos::prelude::*;

use super::card_answer::{CardAnswer, card_question};
use super::card_column::CardField;
use super::focus_once_drawn;
use super::group::Children;
use super::marks::mark_first;
use super::repeat::{
    Card, Cards, Lacking, departures, head_of, is_untouched, neighbour_of, read_anew, remove_row,
    summarise,
};
use crate::components::{Button, ButtonKind, Glyph, Icon, Toaster};
use crate::locale::Language;
use crate::reactive::{Show, memo};
use crate::stores::{FormEntry, preferences::use_words};

/// How many answers stand on a card.
const SUMMARY: usize = 3;

/// A row of a repeat.
#[component]
pub(super) fn RowCard(
    row: NodeId,
    open: RwSignal<Option<NodeId>>,
    cards: Cards,
    lacking: RwSignal<Lacking>,
    /// The row and the question whose answer is chosen on a sheet.
    turned: RwSignal<Option<(NodeId, NodeId)>>,
    can_remove: Memo<bool>,
    /// What stands on the cards in the place of what is marked, by its path below the row; else empty.
    column: RwSignal<String>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let state = entry.node(row);
    let is_hidden = RwSignal::new(false);
    cards.update_value(|cards| {
        cards.insert(row, Card { is_hidden, text: None });
    });
    let is_open = memo(move || open.get() == Some(row));
    // An open row says it beside its questions.
    let lacks = memo(move || lacking.read().get(&row).copied().filter(|_| !is_open.get()));
    let position = memo(move || match state.read().kind {
        NodeKind::Row { position, .. } => position,
        _ => 0,
    });
    let card_question = card_question(entry, row);
    let summary = memo(move || {
        let mut texts = Vec::new();
        // A row is called by its first answer: what a default put into a later one is no name.
        if is_untouched(entry, row) {
            texts.push(words.now().empty_row().to_owned());
        }
        summarise(entry, words.now(), row, card_question, SUMMARY, &mut texts);
        texts
    });
    let row_name = Signal::derive(move || {
        summary.read().first().map_or_else(|| words.now().empty_row().to_owned(), Clone::clone)
    });
    let others =
        entry.defaulted(row).into_iter().filter(|question| Some(*question) != card_question);
    let others = others.collect::<Vec<_>>();
    let departing = (!others.is_empty()).then(|| {
        memo(move || {
            let told = |text: &String| summary.read().contains(text);
            let texts = departures(entry, words.now(), &others).into_iter();
            texts.filter(|text| !told(text)).collect::<Vec<_>>().join(" · ")
        })
    });
    let press = move |question| {
        move |turns: bool| {
            read_anew(cards, row);
            // What was said of somebody else has been seen.
            toaster.pass();
            if turns || !mark_first(entry, question) {
                turned.set(Some((row, question)));
            }
        }
    };
    view! {
        <li
            class="row-card"
            class:row-open=move || is_open.get()
            hidden=move || is_hidden.get()
            id=format!("row{}", row.index())>
            <div class="row-head" class:row-answered=card_question.is_some()>
                <button
                    type="button"
                    class="row-summary"
                    aria-expanded=move || if is_open.get() { "true" } else { "false" }
                    on:click=move |_| {
                        entry.remember_place(row);
                        open.set((!is_open.get_untracked()).then_some(row));
                    }
                >
                    {card_question.is_none().then(|| view! { <span class="row-number">{move || position.get()}</span> })}
                    <span class="row-texts">
                        {move || {
                            let first = row_name.get();
                            // In a list of people a name needs the room of a number beside it.
                            let number = card_question.map(|_| position.get().to_string());
                            let rest = number.into_iter().chain(summary.get().into_iter().skip(1));
                            let rest = rest.collect::<Vec<_>>().join(" · ");
                            view! {
                                <span class="row-title">{first}</span>
                                <span class="row-rest muted">{rest}</span>
                                {departing.map(|departing| view! { <span class="row-departures">{departing}</span> })}
                            }
                        }}
                        {move || {
                            lacks.get().map(|count| {
                                view! { <span class="row-departures row-lacks">{words.now().row_lacks(count)}</span> }
                            })
                        }}
                    </span>
                    <Icon glyph=Glyph::Expand />
                </button>
                {move || {
                    let column = column.read();
                    match column.is_empty() {
                        true => card_question.map(|question| {
                            view! { <CardAnswer question=question is_open=is_open row_name=row_name on_press=press(question) /> }.into_any()
                        }),
                        false => entry.within(row, &column).map(|question| {
                            view! { <CardField row=row question=question is_open=is_open row_name=row_name on_press=press(question) /> }.into_any()
                        }),
                    }
                }}
            </div>
            <Show when=move || is_open.get()>
                <RowBody row=row open=open can_remove=can_remove />
            </Show>
        </li>
    }
}

/// The questions of an open row, and what closes or removes it.
#[component]
fn RowBody(row: NodeId, open: RwSignal<Option<NodeId>>, can_remove: Memo<bool>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let remove = move |()| {
        let neighbour = neighbour_of(entry, row);
        if remove_row(entry, row, toaster, words.at_once(), || {}) {
            open.try_set(None);
            focus_once_drawn(neighbour);
        }
    };
    // The row that a form starts with may be one too many.
    let may_be_none = move || {
        untrack(|| {
            let repeat = entry.parent(row);
            let is_only = repeat.is_some_and(|repeat| entry.children(repeat).read().len() == 1);
            is_only && can_remove.get() && !entry.is_begun(row)
        })
    };
    view! {
        <div class="row-body">
            {may_be_none()
                .then(|| {
                    view! {
                        <Button
                            kind=ButtonKind::Quiet
                            icon=Glyph::Bin
                            label=words.say(Language::remove_if_none)
                            on_click=remove
                        />
                    }
                })}
            <Children of=row />
            <Button
                kind=ButtonKind::Secondary
                icon=Glyph::Check
                label=words.say(Language::done)
                on_click=move |()| {
                    open.try_set(None);
                    focus_once_drawn(head_of(row));
                }
            />
            // Not on the closed card: among hundreds a thumb that scrolls would meet it.
            <Show when=move || can_remove.get()>
                <Button kind=ButtonKind::Quiet icon=Glyph::Bin label=words.say(Language::remove_row) on_click=remove />
            </Show>
        </div>
    }
}
