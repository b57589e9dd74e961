//! A repeat: each row a card with its first answers, one of them open at a time.

mod search;
mod walk_in;

use std::collections::BTreeMap;

use form::{Figure, NodeId, NodeKind, NodeState, Question, QuestionControl};
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

pub(super) use self::search::{Card, Cards, Found, read_anew};
use self::search::{Chips, Wanted, search};
use self::walk_in::WalkIn;
use super::answer_text;
use super::card_answer::CardSheet;
use super::card_column::ColumnChip;
use super::marks::{MarkRest, mark_found};
use super::paste::{PasteRows, name_label};
use super::row_card::RowCard;
use super::scan_rows::ScanRows;
use super::{Tried, focus_once_drawn, offer_undo};
use crate::components::{Glyph, IconButton, RichText, SearchField, Toaster, keyed_list};
use crate::locale::Language;
use crate::platform::{document as dom, tasks};
use crate::stores::{FormEntry, SaveState, preferences::use_words};

/// From so many rows on there is a search.
const SEARCH_FROM: usize = 8;

/// A repeat with its rows.
#[component]
pub(super) fn RepeatView(id: NodeId) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let state = entry.node(id);
    let rows = entry.children(id);
    let drawn = draw_in_turns(rows);
    let open = RwSignal::new(None::<NodeId>);
    let is_long = memo(move || rows.read().len() >= SEARCH_FROM);
    let lacking = lacking(entry, id);
    let wanted = Wanted::all(entry, id, open, lacking, is_long);
    // A form that starts with one row wants it filled: no press is needed to begin.
    if let [only] = rows.get_untracked()[..]
        && untrack(|| is_untouched(entry, only))
    {
        open.set(Some(only));
    }
    let sent_to = move || {
        let node = entry.focused().get()?;
        Some((row_around(entry, id, node)?, node))
    };
    // Whoever looks for a row, adds one or is sent to one finds it drawn.
    effect(move || {
        let count = match open.get().or_else(|| Some(sent_to()?.0)) {
            _ if wanted.is_narrowed() => usize::MAX,
            None => 0,
            Some(open) => rows.read_untracked().iter().take_while(|row| **row != open).count() + 1,
        };
        if count > drawn.get_untracked() {
            drawn.set(count);
        }
    });
    let cards = Cards::default();
    // Whoever is sent to a question inside a row finds that row open, whatever is sought; whoever comes back finds its card.
    effect(move || {
        if let Some((row, node)) = sent_to()
            && row != node
        {
            open.set(Some(row));
            if let Some(hidden) = cards.with_value(|cards| Some(cards.get(&row)?.is_hidden)) {
                hidden.try_set(false);
            }
        }
    });
    let label = Signal::derive(move || label_of(&state.read()));
    let can_add = memo(move || matches!(state.read().kind, NodeKind::Repeat { can_add: true, .. }));
    let can_remove =
        memo(move || matches!(state.read().kind, NodeKind::Repeat { can_remove: true, .. }));
    let turned = RwSignal::new(None);
    let named = name_label(entry, id);
    let column = RwSignal::new(String::new());
    let found = search(entry, rows, named.is_some(), wanted, cards);
    let figures = memo(move || if is_long.get() { entry.figures(id) } else { Vec::new() });
    let count = move || {
        let (language, all) = (words.now(), rows.read().len());
        let part = found.get().map(|found| format!("{}/", language.count(found.count)));
        part.unwrap_or_default() + &language.count(all)
    };
    let none = move || found.get().and_then(|found| found.told(words.now()));
    let name = state.with_untracked(|state| state.name.clone());
    let heading = format!("q{}-heading", id.index());
    let add_label = Signal::derive(move || words.now().add_one(&label.read()));
    let add = move |()| {
        wanted.widen();
        if let Some(row) = entry.add_row(id) {
            open.set(Some(row));
            show_row(row);
        }
    };
    let pasted = move |first: NodeId| {
        wanted.widen();
        open.set(None);
        let before = rows.read_untracked().iter().take_while(|row| **row != first).count();
        draw_from(before, rows, drawn);
        focus_once_drawn(head_of(first));
    };
    let has_codes = entry.has_codes(id);
    let scanned = move |row: NodeId| {
        entry.remember_place(row);
        wanted.widen();
        open.try_set((!mark_found(entry, row)).then_some(row));
    };
    view! {
        <section class="repeat" data-repeat=name aria-labelledby=heading id=format!("q{}", id.index())>
            <RepeatHead id=id label=label column=column is_long=is_long count=Signal::derive(count) />
            <Show when=move || is_long.get() || has_codes>
                <div class="repeat-bar" class:repeat-told=move || !figures.read().is_empty()>
                    <Figures figures=figures />
                    <Show when=move || is_long.get()>
                        <SearchField
                            label=words.say(Language::search)
                            clear_label=words.say(Language::clear_search)
                            sought=wanted.sought
                            found=Signal::derive(move || {
                                none().unwrap_or_else(|| format!("{} · {}", count(), label.read()))
                            })
                            on_input=move |text| wanted.seek(text)
                        />
                    </Show>
                    <ScanRows repeat=id on_found=scanned on_end=move |row| focus_once_drawn(head_of(row)) />
                    <Show when=move || is_long.get() && can_add.get()>
                        <IconButton label=add_label glyph=Glyph::Plus on_click=add />
                    </Show>
                </div>
            </Show>
            <Chips wanted=wanted is_long=is_long />
            {move || none().map(|none| view! { <p class="muted">{none}</p> })}
            <MarkRest repeat=id cards=cards found=found column=column />
            <ul class="repeat-rows">
                {keyed_list(
                    move || rows.read().iter().copied().take(drawn.get()).collect(),
                    |row| row.index().to_string(),
                    move |row| view! { <RowCard row=row open=open cards=cards lacking=lacking turned=turned can_remove=can_remove column=column /> }.into_any(),
                )}
            </ul>
            <Show when=move || can_add.get()>
                <WalkIn repeat=id is_named=named.is_some() sought=wanted.sought found=found add_label=add_label on_add=add on_added=pasted />
                {named.map(|label| view! { <PasteRows repeat=id name_label=label on_added=pasted /> })}
            </Show>
            {move || turned.get().map(|(row, question)| view! { <CardSheet row=row question=question cards=cards /> })}
        </section>
    }
}

/// What a repeat is called, how many there are, and what stands on the cards of many.
#[component]
fn RepeatHead(
    id: NodeId,
    label: Signal<String>,
    column: RwSignal<String>,
    is_long: Memo<bool>,
    count: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="repeat-head">
            <h2 id=format!("q{}-heading", id.index())><RichText text=label /></h2>
            <Show when=move || is_long.get()>
                <ColumnChip repeat=id column=column />
            </Show>
            <span class="muted">{count}</span>
        </div>
    }
}

/// How many are in a list of people, in sight while it is gone through. Whoever marks one after the other is not told it at each.
#[component]
fn Figures(figures: Memo<Vec<Figure>>) -> impl IntoView {
    move || {
        let told = figures.get();
        (!told.is_empty()).then(|| {
            let draw = |figure: Figure| {
                view! {
                    <li>
                        <span class="figure-label">{figure.label}</span>
                        " "
                        <strong>{figure.value}</strong>
                    </li>
                }
            };
            view! { <ul class="repeat-figures">{told.into_iter().map(draw).collect_view()}</ul> }
        })
    }
}

/// How many rows are drawn: hundreds at once would keep a phone from showing the first.
fn draw_in_turns(rows: Signal<Vec<NodeId>>) -> RwSignal<usize> {
    let drawn = RwSignal::new(usize::MAX);
    draw_from(0, rows, drawn);
    drawn
}

/// Draws the rows behind so many in turns.
fn draw_from(before: usize, rows: Signal<Vec<NodeId>>, drawn: RwSignal<usize>) {
    let count = move || rows.try_with_untracked(Vec::len).unwrap_or_default();
    if count() <= before + AT_ONCE {
        return;
    }
    drawn.set(before + AT_ONCE);
    tasks::spawn(async move {
        loop {
            tasks::sleep(0).await;
            let Some(so_far) = drawn.try_get_untracked().filter(|drawn| *drawn != usize::MAX)
            else {
                return;
            };
            let next = so_far + AT_ONCE;
            drawn.try_set(if next < count() { next } else { usize::MAX });
        }
    });
}

/// How much is missing or wrong in each row that has been begun, or in any once somebody tried to go on.
pub(super) type Lacking = BTreeMap<NodeId, usize>;

/// As it was when all was last stored: not at each letter, but all gaps of the form are gone through then.
fn lacking(entry: FormEntry, repeat: NodeId) -> RwSignal<Lacking> {
    let Tried(tried) = expect_context::<Tried>();
    let lacking = RwSignal::new(Lacking::new());
    effect(move || {
        let tried = tried.get();
        if *entry.save_state().read() == SaveState::Saving {
            return;
        }
        let mut rows = Lacking::new();
        for violation in entry.violations() {
            if let Some(row) = row_around(entry, repeat, violation.node) {
                *rows.entry(row).or_default() += 1;
            }
        }
        rows.retain(|row, _| tried || entry.is_begun(*row));
        if *lacking.read_untracked() != rows {
            lacking.set(rows);
        }
    });
    lacking
}

/// So many cards come or go in one frame; no screen shows more.
const AT_ONCE: usize = 16;

/// Removes a row and offers to bring it back; `then` runs when it has gone, and when it has come back.
pub(super) fn remove_row(
    entry: FormEntry,
    row: NodeId,
    toaster: Toaster,
    language: Language,
    then: impl Fn() + Send + Sync + 'static,
) -> bool {
    let Some(removed) = entry.remove_row(row) else { return false };
    then();
    offer_undo(entry, toaster, language, language.row_removed().to_owned(), move || {
        if entry.restore_row(&removed) {
            then();
        }
    });
    true
}

/// The row around a node in which nobody has answered anything, if it may go.
pub(super) fn blank_row_around(entry: FormEntry, node: NodeId) -> Option<NodeId> {
    let ways_up = std::iter::successors(Some(node), move |node| entry.parent(*node));
    ways_up.into_iter().find(|row| {
        let is_row = matches!(entry.node(*row).read_untracked().kind, NodeKind::Row { .. });
        is_row && may_go(entry, *row) && !entry.is_begun(*row)
    })
}

fn may_go(entry: FormEntry, row: NodeId) -> bool {
    entry.parent(row).is_some_and(|repeat| {
        let kind = &entry.node(repeat).read_untracked().kind;
        matches!(kind, NodeKind::Repeat { can_remove: true, .. })
    })
}

/// Whether the first question of a row has no answer; defaults may have filled later ones.
pub(super) fn is_untouched(entry: FormEntry, row: NodeId) -> bool {
    let first =
        entry.children(row).get().into_iter().find(|child| entry.node(*child).read().relevant);
    first.is_some_and(|child| {
        let state = entry.node(child).read();
        matches!(state.kind, NodeKind::Question(_)) && state.value.is_empty()
    })
}

/// The row that a node lies in, by its repeat, its place and what it is called; empty outside of rows.
pub(super) fn name_of_row_around(entry: FormEntry, language: Language, node: NodeId) -> String {
    let mut ways_up = std::iter::successors(Some(node), move |node| entry.parent(*node));
    let named = ways_up.find_map(|row| match entry.node(row).read().kind {
        NodeKind::Row { .. } => {
            let repeat = label_of(&entry.node(entry.parent(row)?).read());
            Some(format!("{repeat} · {}", name_of_row(entry, language, row)))
        }
        _ => None,
    });
    named.unwrap_or_default()
}

/// A row, by its place and what it is called.
pub(super) fn name_of_row(entry: FormEntry, language: Language, row: NodeId) -> String {
    let NodeKind::Row { position, .. } = entry.node(row).read().kind else { return String::new() };
    let place = position.to_string();
    std::iter::once(place).chain(called(entry, language, row)).collect::<Vec<_>>().join(" · ")
}

/// What a row is called; `None` as long as its first question has no answer.
pub(super) fn called(entry: FormEntry, language: Language, row: NodeId) -> Option<String> {
    let mut texts = Vec::new();
    if !is_untouched(entry, row) {
        summarise(entry, language, row, None, 1, &mut texts);
    }
    texts.pop()
}

/// The first answers below a node, as people read them; not of the question that stands on its card.
pub(super) fn summarise(
    entry: FormEntry,
    language: Language,
    of: NodeId,
    on_card: Option<NodeId>,
    count: usize,
    texts: &mut Vec<String>,
) {
    for child in entry.children(of).get() {
        if texts.len() == count {
            return;
        }
        let state = entry.node(child).read();
        match &state.kind {
            NodeKind::Question(_) if on_card == Some(child) => {}
            NodeKind::Question(_) => texts.extend(answer_of(entry, language, child)),
            NodeKind::Group { .. } if state.relevant => {
                summarise(entry, language, child, on_card, count, texts);
            }
            NodeKind::Group { .. }
            | NodeKind::Root
            | NodeKind::Repeat { .. }
            | NodeKind::Row { .. } => {}
        }
    }
}

/// The answers that stand where the form gave another: who is absent among those who are taken to be there.
pub(super) fn departures(
    entry: FormEntry,
    language: Language,
    defaulted: &[NodeId],
) -> Vec<String> {
    let departs = |question: &&NodeId| {
        // Whatever changes the answer changes what is told.
        entry.node(**question).track();
        entry.departs_from_default(**question)
    };
    let departing = defaulted.iter().filter(departs);
    departing.filter_map(|question| answer_of(entry, language, *question)).collect()
}

/// What was answered, as people read it; `None` for a file, and where there is no answer.
pub(super) fn answer_of(entry: FormEntry, language: Language, question: NodeId) -> Option<String> {
    let state = entry.node(question).read();
    let NodeKind::Question(asked) = &state.kind else { return None };
    if !state.relevant || state.value.is_empty() || is_file(asked) {
        return None;
    }
    let choices = entry.choices(question).read();
    Some(answer_text(language, &asked.control, asked.data_type, &state.value, &choices))
}

fn is_file(question: &Question) -> bool {
    matches!(question.control, QuestionControl::Upload { .. })
}

pub(super) fn label_of(state: &NodeState) -> String {
    state.label.as_ref().map(|label| label.text.clone()).unwrap_or_default()
}

/// The row of `repeat` in which a node lies.
pub(super) fn row_around(entry: FormEntry, repeat: NodeId, node: NodeId) -> Option<NodeId> {
    let ways_up = std::iter::successors(Some(node), move |node| entry.parent(*node));
    ways_up.take_while(|node| *node != repeat).find(|node| entry.parent(*node) == Some(repeat))
}

/// What a row is opened by.
pub(super) fn head_of(row: NodeId) -> String {
    format!("#row{} .row-summary", row.index())
}

/// Where whoever removes a row finds themselves: at the next one, or where one is added.
pub(super) fn neighbour_of(entry: FormEntry, row: NodeId) -> String {
    let repeat = entry.parent(row).unwrap_or(row);
    let rows = entry.children(repeat).get_untracked();
    let next = rows.iter().skip_while(|other| **other != row).nth(1);
    next.map_or_else(
        || format!("#q{} > .repeat-rows ~ .button", repeat.index()),
        |next| head_of(*next),
    )
}

/// Brings a row in sight once it is drawn, and goes to its first field.
fn show_row(row: NodeId) {
    request_animation_frame(move || {
        dom::go_to(&format!("#row{} .row-body", row.index()));
    });
}
