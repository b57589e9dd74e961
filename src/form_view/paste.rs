//! A list of names that becomes rows: nobody types 150 people one by one. Columns beside the names answer what the form asks by the
//! same words.

use form::{Choice, DataType, NodeId, NodeKind, QuestionControl};
use leptos::prelude::*;
use report::{Column, ColumnKind, Offered, PastedName, read_names};

use super::controls::{choice_name, is_sheet};
use super::offer_undo;
use super::question::Asked;
use super::repeat::label_of;
use crate::components::{Button, ButtonKind, Glyph, Sheet, Toaster};
use crate::locale::Language;
use crate::platform::text::composed;
use crate::reactive::{Show, memo};
use crate::stores::{FormEntry, Named, preferences::use_words};

/// The button for it, and the sheet that it opens. `on_added`: the first of the rows that came.
#[component]
pub(super) fn PasteRows(
    repeat: NodeId,
    name_label: Signal<String>,
    #[prop(into)] on_added: Callback<NodeId>,
) -> impl IntoView {
    let words = use_words();
    let open = RwSignal::new(false);
    let close = move |()| {
        open.try_set(false);
    };
    view! {
        <Button
            kind=ButtonKind::Quiet
            icon=Glyph::Copy
            label=words.say(Language::paste_list)
            on_click=move |()| open.set(true)
        />
        <Sheet open=open title=words.say(Language::paste_list) close_label=words.say(Language::close) on_close=close>
            <PasteField
                repeat=repeat
                name_label=name_label
                on_added=move |row| {
                    close(());
                    on_added.run(row);
                }
            />
        </Sheet>
    }
}

#[component]
fn PasteField(
    repeat: NodeId,
    name_label: Signal<String>,
    #[prop(into)] on_added: Callback<NodeId>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let pasted = RwSignal::new(String::new());
    let takes_known = RwSignal::new(false);
    let there: Vec<String> = entry.row_names(repeat).iter().map(|name| composed(name)).collect();
    let (fields, columns): (Vec<_>, Vec<_>) = columns(entry, repeat).into_iter().unzip();
    let needs_row = fields.is_empty() && !entry.columns(repeat).is_empty();
    let labels: Vec<String> = columns.iter().map(|column| column.label.clone()).collect();
    let choices = choices(entry, repeat, &fields, &columns);
    // What is chosen for all, by the column's place.
    let for_all = RwSignal::new(Vec::<(usize, String)>::new());
    let list =
        memo(move || read_names(&composed(&pasted.read()), &there, &name_label.read(), &columns));
    let known = memo(move || {
        let list = list.read();
        let known = list.names.iter().filter(|name| name.is_known);
        known.map(|name| name.text.clone()).collect::<Vec<_>>()
    });
    let chosen = memo(move || {
        let takes_known = takes_known.get();
        let list = list.read();
        let chosen = list.names.iter().filter(|name| takes_known || !name.is_known);
        chosen.cloned().collect::<Vec<_>>()
    });
    let unread = move || chosen.read().iter().map(|name| name.unread).sum::<usize>();
    let taken = move || {
        let list = list.read();
        let of = |at: &usize| labels.get(*at).cloned();
        let taken = std::iter::once(name_label.get()).chain(list.columns.iter().filter_map(of));
        match list.columns.is_empty() {
            false => words.now().columns_taken(&taken.collect::<Vec<_>>(), &list.left, unread()),
            true if list.lacks_heads => words.now().paste_with_heads().to_owned(),
            true if !list.left.is_empty() && needs_row => words.now().paste_needs_row().to_owned(),
            true if !list.left.is_empty() => words.now().paste_names_only().to_owned(),
            true => String::new(),
        }
    };
    // All of their names would hide what is to be pressed, and a reader would say them at each change.
    let told = move || match known.read().len() {
        0 => String::new(),
        count => words.now().names_known(count),
    };
    let add = move |()| {
        let language = words.at_once();
        let (chosen, known) = untrack(|| (chosen.get(), known.read().len()));
        let mut for_all = for_all.get_untracked();
        for_all.retain(|(at, _)| !list.read_untracked().columns.contains(at));
        let person = |name: &PastedName| {
            let answer =
                |(at, answer): &(usize, String)| Some((fields.get(*at)?.clone(), answer.clone()));
            let answers = sync::gather(name.answers.iter().chain(&for_all).filter_map(answer));
            Named { name: name.text.clone(), answers }
        };
        let people: Vec<Named> = chosen.iter().map(person).collect();
        let mut text = language.rows_added(chosen.len());
        if !takes_known.get_untracked() && known > 0 {
            text = format!("{text}. {}", language.names_known(known));
        }
        if let Some(first) = add_people(entry, toaster, language, repeat, &people, text) {
            on_added.run(first);
        }
    };
    let field = format!("q{}-paste", repeat.index());
    let about = format!("{field}-about");
    view! {
        <div class="field">
            <label for=field.clone()>{move || words.now().one_a_line(&name_label.read())}</label>
            <textarea
                id=field
                rows="8"
                autocomplete="off"
                spellcheck="false"
                aria-describedby=about.clone()
                on:input:target=move |event| pasted.set(event.target().value())
            ></textarea>
            <p class="muted" role="status">{taken}</p>
            <p class="muted" id=about role="status">{told}</p>
            <Show when=move || !known.read().is_empty()>
                <p class="muted names-known" tabindex="0">{move || known.read().join(", ")}</p>
                <label class="check-line">
                    <input type="checkbox" on:change:target=move |event| takes_known.set(event.target().checked()) />
                    <span>{words.say(Language::names_known_too)}</span>
                </label>
            </Show>
        </div>
        {choices
            .into_iter()
            .map(|(at, label, offered)| {
                let is_asked = move || {
                    let list = list.read();
                    !list.names.is_empty() && !list.columns.contains(&at)
                };
                view! { <ForAll at=at label=label offered=offered is_asked=is_asked chosen=for_all /> }
            })
            .collect_view()}
        <Button
            icon=Glyph::Plus
            label=Signal::derive(move || words.now().add_rows(chosen.read().len()))
            disabled=Signal::derive(move || chosen.read().is_empty())
            on_click=add
        />
    }
}

/// One answer for everybody in a list, where none of its columns gives it.
#[component]
fn ForAll(
    at: usize,
    label: String,
    offered: Vec<Offered>,
    is_asked: impl Fn() -> bool + Send + Sync + 'static,
    chosen: RwSignal<Vec<(usize, String)>>,
) -> impl IntoView {
    let words = use_words();
    let choose = move |value: String| {
        chosen.update(|chosen| {
            chosen.retain(|(other, _)| *other != at);
            chosen.extend((!value.is_empty()).then_some((at, value)));
        });
    };
    view! {
        <Show when=is_asked>
            <label class="field">
                <span>{words.now().for_all(&label)}</span>
                <select class="select" on:change:target=move |event| choose(event.target().value())>
                    <option value=""></option>
                    {offered
                        .iter()
                        .map(|Offered { value, label, .. }| {
                            let is_chosen = chosen.read_untracked().iter().any(|(other, chosen)| *other == at && chosen == value);
                            view! { <option value=value.clone() selected=is_chosen>{label.clone()}</option> }
                        })
                        .collect_view()}
                </select>
            </label>
        </Show>
    }
}

/// Adds people in one go, says so and offers to take them back. The first of their rows.
pub(super) fn add_people(
    entry: FormEntry,
    toaster: Toaster,
    language: Language,
    repeat: NodeId,
    people: &[Named],
    said: String,
) -> Option<NodeId> {
    let added = entry.add_named_rows(repeat, people)?;
    let first = entry.rows_of(&added).first().copied();
    offer_undo(entry, toaster, language, said, move || entry.take_back(&added));
    first
}

/// Of the columns, by their place, those whose choices are listed on a sheet: it would be opened for one row after the other. What is
/// one press in a row, such as a consent, nobody gives for all.
fn choices(
    entry: FormEntry,
    repeat: NodeId,
    fields: &[String],
    columns: &[Column],
) -> Vec<(usize, String, Vec<Offered>)> {
    let Some(row) = entry.children(repeat).read_untracked().first().copied() else {
        return Vec::new();
    };
    let listed = |(at, (below, column)): (usize, (&String, &Column))| {
        let ColumnKind::Choice(offered) = &column.kind else { return None };
        entry.within(row, below).filter(|id| is_sheet(Asked::of(*id)))?;
        Some((at, column.label.clone(), offered.clone()))
    };
    fields.iter().zip(columns).enumerate().filter_map(listed).collect()
}

/// What columns beside the names may answer, by path below a row, as it is asked in a row that is there.
fn columns(entry: FormEntry, repeat: NodeId) -> Vec<(String, Column)> {
    let Some(row) = entry.children(repeat).read_untracked().first().copied() else {
        return Vec::new();
    };
    let column = |below: String| {
        let question = entry.within(row, &below)?;
        let state = entry.node(question).get_untracked();
        let NodeKind::Question(asked) = &state.kind else { return None };
        let kind = match (&asked.control, asked.data_type) {
            (QuestionControl::Select1, _) => {
                let choices = entry.choices(question).get_untracked();
                let offered = |choice: &Choice| {
                    Offered::new(choice.value.clone(), composed(&choice_name(choice)))
                };
                ColumnKind::Choice(choices.iter().map(offered).collect())
            }
            (_, DataType::Int) => ColumnKind::Whole,
            (_, DataType::Decimal) => ColumnKind::Number,
            (_, DataType::Date) => ColumnKind::Day,
            (_, DataType::String | DataType::Barcode) => ColumnKind::Text,
            _ => return None,
        };
        Some((below, Column { label: label_of(&state), kind }))
    };
    entry.columns(repeat).into_iter().filter_map(column).collect()
}

/// What the question is asked as that rows are called by, if rows are called by a text: in a row that is there, or by the repeat's own
/// label.
pub(super) fn name_label(entry: FormEntry, repeat: NodeId) -> Option<Signal<String>> {
    let name = entry.row_name(repeat)?;
    let state = entry.node(repeat);
    Some(Signal::derive(move || {
        let asked = entry.children(repeat).read().first().and_then(|row| entry.within(*row, &name));
        asked.map_or_else(
            || label_of(&state.read()),
            |question| label_of(&entry.node(question).read()),
        )
    }))
}
