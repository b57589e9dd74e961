//! Questions with the same choices as one table: the choices on top, a row for each question (`label`, `list-nolabel`).

use form::{Choice, NodeId, NodeKind, QuestionControl};
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::controls::{choice_text, is_chosen, with_choice};
use super::question::{Asked, Label, Problem};
use super::repeat::label_of;
use crate::components::{Glyph, IconButton, RichText, keyed_list};
use crate::stores::FormEntry;

/// What a node is to a grid.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It shows the choices of the rows that follow.
    Head,
    Row,
    Other,
}

fn part(entry: FormEntry, id: NodeId) -> Part {
    entry.node(id).with_untracked(|state| {
        let is_select = matches!(
            &state.kind,
            NodeKind::Question(question)
                if matches!(question.control, QuestionControl::Select1 | QuestionControl::Select)
        );
        let looks = |word: &str| is_select && state.appearance.iter().any(|other| other == word);
        match (looks("label"), looks("list-nolabel")) {
            (true, _) => Part::Head,
            (false, true) => Part::Row,
            (false, false) => Part::Other,
        }
    })
}

/// Whether a question stands in a grid even if it stands alone.
pub(super) fn is_row(entry: FormEntry, id: NodeId) -> bool {
    part(entry, id) == Part::Row
}

/// Nodes one after another; those of a grid together.
pub(super) fn runs(entry: FormEntry, nodes: Vec<NodeId>) -> Vec<Vec<NodeId>> {
    let mut runs: Vec<Vec<NodeId>> = Vec::new();
    let mut in_grid = false;
    for id in nodes {
        let part = part(entry, id);
        match runs.last_mut() {
            Some(run) if in_grid && part == Part::Row => run.push(id),
            _ => runs.push(vec![id]),
        }
        in_grid = part != Part::Other;
    }
    runs
}

/// A choice on top of the table: its column is named by its place.
fn column_id(grid: NodeId, place: usize) -> String {
    format!("q{}-column{place}", grid.index())
}

/// A grid. It scrolls in itself, so that choices and questions stay in sight.
///
/// Its rows are laid out by themselves, so that those out of sight cost nothing at a tap; the roles say what such rows
/// are to a screen reader.
#[component]
pub(super) fn Grid(run: Vec<NodeId>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let grid = run[0];
    let head = (part(entry, grid) == Part::Head).then(|| Asked::of(grid));
    let rows: Vec<NodeId> = run.into_iter().skip(usize::from(head.is_some())).collect();
    let all = rows.clone();
    let columns = memo(move || {
        let mut columns: Vec<Choice> = Vec::new();
        for id in head.map(|head| head.id).into_iter().chain(all.iter().copied()) {
            for choice in entry.choices(id).get().iter() {
                if !columns.iter().any(|known| known.value == choice.value) {
                    columns.push(choice.clone());
                }
            }
        }
        columns
    });
    let all = rows.clone();
    let clears = memo(move || {
        let asks_none = |id: &NodeId| !entry.node(*id).read().required;
        all.iter().any(asks_none)
    });
    let corner = head.map(|head| {
        let text = Signal::derive(move || label_of(&head.state.read()));
        view! { <span id=head.label_id()><RichText text=text /></span> }
    });
    let column = move |(place, choice): (usize, Choice)| {
        view! { <th role="columnheader" scope="col" id=column_id(grid, place)><RichText text=choice_text(&choice) /></th> }
            .into_any()
    };
    view! {
        <div class="grid" style=("--columns", move || (columns.read().len() + usize::from(clears.get())).to_string())>
            <table role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <td role="cell">{corner}</td>
                        {keyed_list(
                            move || columns.get().into_iter().enumerate().collect(),
                            |(place, choice)| format!("{place}\n{}\n{}", choice.value, choice.label.text),
                            column,
                        )}
                        <Show when=move || clears.get()><td role="cell"></td></Show>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {rows
                        .into_iter()
                        .map(|id| {
                            let relevant = memo(move || entry.node(id).read().relevant);
                            view! {
                                <Show when=move || relevant.get()>
                                    <Row id=id grid=grid columns=columns clears=clears />
                                </Show>
                            }
                                .into_any()
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}

/// One question of a grid.
#[component]
fn Row(id: NodeId, grid: NodeId, columns: Memo<Vec<Choice>>, clears: Memo<bool>) -> impl IntoView {
    let asked = Asked::of(id);
    let choices = asked.entry.choices(id);
    let value = asked.value();
    let is_many = asked.state.with_untracked(|state| {
        matches!(&state.kind, NodeKind::Question(question) if question.control == QuestionControl::Select)
    });
    let can_clear = asked.can_clear();
    // A cell for each column; one without a choice of this question stays empty.
    let cells = move || {
        let choices = choices.read();
        let offers = |choice: &Choice| choices.iter().any(|own| own.value == choice.value);
        let columns = columns.get().into_iter().enumerate();
        columns.map(|(place, choice)| (place, offers(&choice), choice.value)).collect()
    };
    let cell = move |(place, is_offered, choice): (usize, bool, String)| {
        if !is_offered {
            return view! { <td role="cell"></td> }.into_any();
        }
        let (this, chosen) = (choice.clone(), choice.clone());
        view! {
            <td role="cell">
                <label class="grid-choice">
                    <input
                        type=if is_many { "checkbox" } else { "radio" }
                        name=asked.input_id()
                        value=choice
                        disabled=asked.locked()
                        aria-labelledby=format!("{} {}", asked.label_id(), column_id(grid, place))
                        aria-describedby=asked.described_by()
                        prop:checked=move || is_chosen(&value.read(), &this, is_many)
                        on:change:target=move |event| {
                            if is_many {
                                let choices = asked.entry.choices(id).get_untracked();
                                let is_in = event.target().checked();
                                asked.choose(&with_choice(&asked.value_at_once(), &chosen, is_in, &choices));
                            } else {
                                asked.choose(&chosen);
                            }
                        }
                    />
                </label>
            </td>
        }
        .into_any()
    };
    view! {
        <tr
            role="row"
            class="grid-row"
            class:question-wrong=move || asked.is_wrong()
            id=asked.container_id()
            data-q=asked.name()
            on:focusin=move |_| asked.enter()
            on:focusout=move |event| asked.leave(&event)
        >
            <th role="rowheader" scope="row">
                <Label asked=asked is_input=false />
                <Problem asked=asked />
            </th>
            {keyed_list(cells, |(place, is_offered, choice)| format!("{place}\n{is_offered}\n{choice}"), cell)}
            <Show when=move || clears.get()>
                <td role="cell">
                    <Show when=move || can_clear.get()>
                        <IconButton
                            label=Signal::derive(move || {
                                format!("{}: {}", asked.words.now().clear_answer(), asked.label_text().get())
                            })
                            glyph=Glyph::Close
                            on_click=move |()| asked.clear()
                        />
                    </Show>
                </td>
            </Show>
        </tr>
    }
}
