//! The end of a form: what is missing, with a way to each, and submitting.

use std::collections::{BTreeMap, BTreeSet};

use form::{NodeId, NodeKind, Violation, ViolationKind};
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use super::page::Onward;
use super::question::type_of;
use super::repeat::{blank_row_around, label_of, name_of_row_around, remove_row};
use crate::components::{Banner, Button, Glyph, Icon, RichText, Toaster, Tone, keyed_list};
use crate::locale::Language;
use crate::platform::{document, tasks};
use crate::stores::{FormEntry, form_entry::SubmitError, preferences::use_words};

/// Whoever presses twice to come here has not submitted with that.
const LOOK_MS: u32 = 400;

/// What is missing, and what submits.
#[component]
pub(super) fn Review(
    /// What the button below is then.
    onward: RwSignal<Option<Onward>>,
    /// A question is gone to.
    #[prop(into)]
    on_jump: Callback<()>,
    #[prop(into)] on_submitted: Callback<()>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let missing = RwSignal::new(lacks(entry, entry.violations()));
    let failed = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let is_new = RwSignal::new(true);
    tasks::spawn(async move {
        tasks::sleep(LOOK_MS).await;
        is_new.try_set(false);
    });
    let reason = RwSignal::new(String::new());
    let asks_reason = entry.asks_reason();
    entry.reviewed();
    // In another language the form's own messages read differently; and a file may come that is on its way.
    effect(move || {
        entry.language().track();
        entry.save_state().track();
        missing.set(lacks(entry, entry.violations()));
    });
    let submit = move |()| {
        busy.set(true);
        failed.set(None);
        if asks_reason {
            entry.give_reason(reason.get_untracked().trim());
        }
        tasks::spawn(async move {
            match entry.submit().await {
                Ok(()) => {
                    // Nobody to tell if the person went elsewhere meanwhile.
                    on_submitted.try_run(());
                }
                Err(SubmitError::Problems(violations)) => {
                    missing.try_set(lacks(entry, violations));
                }
                Err(SubmitError::Act(error)) => {
                    crate::platform::log_error(&format!("not submitted: {error}"));
                    failed.try_set(Some(words.at_once().could_not_submit().to_owned()));
                }
            }
            busy.try_set(false);
        });
    };
    let later = if entry.is_submitted().get_untracked() {
        Language::amend_later
    } else {
        Language::submit_later
    };
    let count = memo(move || missing.read().iter().map(|lack| lack.count).sum::<usize>());
    let is_complete = memo(move || count.get() == 0);
    let first_gap = move |()| {
        if let Some(node) = missing.read_untracked().first().map(|lack| lack.violation.node) {
            entry.go_to_question(node);
            on_jump.run(());
        }
    };
    let act = Callback::new(
        move |()| if is_complete.get_untracked() { submit(()) } else { first_gap(()) },
    );
    effect(move || {
        let label = match (is_complete.get(), busy.get(), entry.is_submitted().get()) {
            (false, ..) => Language::first_gap,
            (true, true, _) => Language::submitting,
            (true, false, true) => Language::submit_changes,
            (true, false, false) => Language::submit,
        };
        let lacks_reason = is_complete.get() && asks_reason && reason.read().trim().is_empty();
        let disabled = is_new.get() || busy.get() || lacks_reason;
        onward.try_set(Some(Onward { label, disabled, act }));
    });
    view! {
        <div class="review">
            {move || {
                if is_complete.get() {
                    view! { <Banner tone=Tone::Good title=words.say(Language::all_answered) /> }.into_any()
                } else {
                    let title = Signal::derive(move || words.now().to_fix(count.get()));
                    view! { <Banner tone=Tone::Attention title=title /> }.into_any()
                }
            }}
            <ol class="review-list">
                {keyed_list(
                    move || missing.get(),
                    |Lack { violation, of, count }| {
                        let message = violation.message.as_deref().unwrap_or_default();
                        let rows = match of {
                            Of::Rows(_, rows) => *rows,
                            _ => 0,
                        };
                        format!("{} {count} {rows} {message}", violation.path)
                    },
                    move |lack| view! { <Missing lack=lack missing=missing on_jump=on_jump /> }.into_any(),
                )}
            </ol>
            {move || failed.get().map(|text| view! { <Banner tone=Tone::Bad title=text /> })}
            <Show
                when=move || is_complete.get()
                fallback=move || view! { <p class="muted">{words.say(later)}</p> }
            >
                <p class="muted">{words.say(Language::after_submit)}</p>
            </Show>
            {asks_reason
                .then(|| {
                    view! {
                        <label class="field">
                            <span>{words.say(Language::why_changed)}</span>
                            <textarea rows="2" on:input:target=move |event| reason.set(event.target().value())></textarea>
                        </label>
                    }
                })}
        </div>
    }
}

/// From so many rows of a repeat on in which something is missing, each is told as one thing to settle.
const EACH_ROW_FROM: usize = 8;
/// And from so many on all of them are: a list of names that was pasted lacks the same in each.
const ALL_ROWS_FROM: usize = 21;

/// Something that is missing or wrong.
#[derive(Clone, PartialEq)]
struct Lack {
    /// The question, or the first one of what is told as one.
    violation: Violation,
    of: Of,
    /// How many questions that are.
    count: usize,
}

/// What is told as one thing to settle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Question(NodeId),
    /// A row in which nothing is entered and that may go: however many questions it has.
    BlankRow(NodeId),
    /// A row of a repeat.
    Row(NodeId, NodeId),
    /// So many rows of a repeat.
    Rows(NodeId, usize),
}

fn lacks(entry: FormEntry, violations: Vec<Violation>) -> Vec<Lack> {
    let of = |violation: Violation| {
        let of = of(entry, violation.node);
        (violation, of)
    };
    as_one(violations.into_iter().map(of).collect())
}

/// What a gap is of: the outermost row around it, if there is one.
fn of(entry: FormEntry, node: NodeId) -> Of {
    if let Some(row) = blank_row_around(entry, node) {
        return Of::BlankRow(row);
    }
    let ways_up = std::iter::successors(Some(node), move |node| entry.parent(*node));
    let is_row =
        |node: &NodeId| matches!(entry.node(*node).read_untracked().kind, NodeKind::Row { .. });
    let row = ways_up.filter(is_row).last();
    row.and_then(|row| Some(Of::Row(entry.parent(row)?, row))).unwrap_or(Of::Question(node))
}

/// The gaps, with those of many rows told together.
fn as_one(gaps: Vec<(Violation, Of)>) -> Vec<Lack> {
    let mut rows: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for (_, of) in &gaps {
        if let Of::Row(repeat, row) = of {
            rows.entry(*repeat).or_default().insert(*row);
        }
    }
    let mut lacks: Vec<Lack> = Vec::new();
    let mut told = BTreeMap::new();
    for (violation, mut of) in gaps {
        if let Of::Row(repeat, _) = of {
            match rows.get(&repeat).map_or(0, BTreeSet::len) {
                0..EACH_ROW_FROM => of = Of::Question(violation.node),
                EACH_ROW_FROM..ALL_ROWS_FROM => {}
                count => of = Of::Rows(repeat, count),
            }
        }
        let at = *told.entry(of).or_insert(lacks.len());
        match lacks.get_mut(at) {
            Some(Lack { of: Of::BlankRow(_), .. }) => {}
            Some(lack) => lack.count += 1,
            None => lacks.push(Lack { violation, of, count: 1 }),
        }
    }
    lacks
}

#[component]
fn Missing(lack: Lack, missing: RwSignal<Vec<Lack>>, on_jump: Callback<()>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let Lack { violation, of, count } = lack;
    let node = violation.node;
    let name = violation.path.rsplit('/').next().unwrap_or_default().to_owned();
    let label_at = move |node| label_of(&entry.node(node).read());
    let label = Signal::derive(move || match of {
        Of::BlankRow(_) => words.now().blank_row().to_owned(),
        Of::Row(_, row) => name_of_row_around(entry, words.now(), row),
        Of::Rows(repeat, _) => label_at(repeat),
        Of::Question(_) => {
            Some(label_at(node)).filter(|label| !label.is_empty()).unwrap_or_else(|| name.clone())
        }
    });
    let page = violation.page.filter(|page| *page != node);
    // Of a roster with hundreds of rows the question alone does not tell which, nor of a form with a dozen pages where.
    let place = move || match of {
        Of::Row(..) | Of::Rows(..) => String::new(),
        Of::BlankRow(_) | Of::Question(_) => {
            let row = name_of_row_around(entry, words.now(), node);
            if row.is_empty() { page.map(label_at).unwrap_or_default() } else { row }
        }
    };
    let rule = move || match of {
        Of::BlankRow(_) => words.now().blank_row_why().to_owned(),
        Of::Row(..) => words.now().page_lacks(count),
        Of::Rows(_, rows) => words.now().rows_lack(rows),
        // The heading says it of all.
        Of::Question(_) if violation.kind == ViolationKind::Required => String::new(),
        Of::Question(_) => {
            let data_type = entry.node(node).with_untracked(type_of);
            words.now().broken_rule(violation.kind, data_type, violation.message.as_deref())
        }
    };
    let remove = move |row| {
        let look_again = move || {
            missing.try_set(lacks(entry, entry.violations()));
            request_animation_frame(|| document::catch_focus(None, ".form-foot .button-primary"));
        };
        remove_row(entry, row, toaster, words.at_once(), look_again);
    };
    view! {
        <li>
            <button
                type="button"
                class="review-item"
                on:click=move |_| {
                    entry.go_to_question(node);
                    on_jump.run(());
                }
            >
                <span class="review-text">
                    <span class="muted">{place}</span>
                    <span class="review-label"><RichText text=label /></span>
                    <span class="review-rule">{rule}</span>
                </span>
                <Icon glyph=Glyph::Forward />
            </button>
            {match of {
                Of::BlankRow(row) => {
                    let remove = move |()| remove(row);
                    Some(view! { <Button icon=Glyph::Bin label=words.say(Language::remove_blank_row) on_click=remove /> })
                }
                _ => None,
            }}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use form::{Environment, NewRow, Resources, Session};

    use super::*;

    /// A form with so many rows that lack two answers each, before a question that lacks its own: how many gaps each line tells of.
    fn told(rows: usize) -> Vec<usize> {
        const FORM: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
            <h:head><h:title>T</h:title><model><instance><data id="t" version="1"><hv jr:template=""><ten/><gt/><ns/></hv><ky/></data></instance>
            <bind nodeset="/data/hv/ten" type="string"/><bind nodeset="/data/hv/gt" required="true()"/><bind nodeset="/data/hv/ns" required="true()"/>
            <bind nodeset="/data/ky" required="true()"/></model></h:head><h:body><group ref="/data/hv"><repeat nodeset="/data/hv">
            <input ref="/data/hv/ten"/><input ref="/data/hv/gt"/><input ref="/data/hv/ns"/></repeat></group><input ref="/data/ky"/></h:body></h:html>"#;
        let (form, _) = form::parse_xform(FORM).expect("the form is XML");
        let program = form::compile(form, &Resources::default()).expect("the form is right");
        let mut session = Session::start(program.into(), Environment::default());
        let list = session.find("hv").expect("a repeat");
        let blank = session.children(list);
        session.remove_rows(&blank).expect("they may go");
        let row = |key: usize| {
            let answers = [("ten".to_owned(), format!("An {key}"))].into();
            NewRow { key: format!("k{key}"), answers }
        };
        session.add_rows(list, &(0..rows).map(row).collect::<Vec<_>>()).expect("new keys");
        let of = |violation: Violation| {
            let row =
                session.parent(violation.node).filter(|row| session.parent(*row) == Some(list));
            let of = row.map_or(Of::Question(violation.node), |row| Of::Row(list, row));
            (violation, of)
        };
        let gaps = session.violations().into_iter().map(of).collect();
        as_one(gaps).iter().map(|lack| lack.count).collect()
    }

    #[test]
    fn what_is_missing_alike_in_a_list_of_people_is_told_once() {
        assert_eq!(told(1), [1, 1, 1], "each gap by itself");
        assert_eq!(told(7), [1; 15]);
        assert_eq!(told(8), [[2; 8].as_slice(), &[1]].concat(), "each row by itself");
        assert_eq!(told(150), [300, 1], "all rows as one, and what else is missing in sight");
    }
}
