//! The end of a form: what is missing, with a way to each, and submitting.

use std::collections::BTreeSet;

use form::{NodeId, Violation};
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use super::repeat::{blank_row_around, name_of_row_around, remove_row};
use crate::components::{
    Banner, Button, ButtonKind, Glyph, Icon, RichText, Toaster, Tone, keyed_list,
};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{FormEntry, form_entry::SubmitError, preferences::use_words};

/// What is missing, and the button that submits.
#[component]
pub(super) fn Review(
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
    let is_complete = memo(move || missing.read().is_empty());
    view! {
        <div class="review">
            {move || {
                if is_complete.get() {
                    view! { <Banner tone=Tone::Good title=words.say(Language::all_answered) /> }.into_any()
                } else {
                    let title = Signal::derive(move || words.now().to_fix(missing.read().len()));
                    view! { <Banner tone=Tone::Attention title=title /> }.into_any()
                }
            }}
            <ol class="review-list">
                {keyed_list(
                    move || missing.get(),
                    |lack| format!("{} {}", lack.violation.path, lack.violation.message.as_deref().unwrap_or_default()),
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
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Sent
                label=Signal::derive(move || {
                    let language = words.now();
                    match (busy.get(), entry.is_submitted().get()) {
                        (true, _) => language.submitting(),
                        (false, true) => language.submit_changes(),
                        (false, false) => language.submit(),
                    }
                    .to_owned()
                })
                disabled=Signal::derive(move || {
                    busy.get() || !is_complete.get() || asks_reason && reason.read().trim().is_empty()
                })
                on_click=submit
            />
        </div>
    }
}

/// Something that is missing or wrong.
#[derive(Clone, PartialEq)]
struct Lack {
    /// The question, or the first one of `blank_row`.
    violation: Violation,
    /// A row in which nothing is entered and that may go: it is one thing to settle, however many questions it has.
    blank_row: Option<NodeId>,
}

fn lacks(entry: FormEntry, violations: Vec<Violation>) -> Vec<Lack> {
    let mut told = BTreeSet::new();
    let lack = |violation: Violation| {
        let blank_row = blank_row_around(entry, violation.node);
        Lack { violation, blank_row }
    };
    let is_first = |lack: &Lack| lack.blank_row.is_none_or(|row| told.insert(row));
    violations.into_iter().map(lack).filter(is_first).collect()
}

#[component]
fn Missing(lack: Lack, missing: RwSignal<Vec<Lack>>, on_jump: Callback<()>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let Lack { violation, blank_row } = lack;
    let node = violation.node;
    let name = violation.path.rsplit('/').next().unwrap_or_default().to_owned();
    let label = Signal::derive(move || {
        if blank_row.is_some() {
            return words.now().blank_row().to_owned();
        }
        let label = entry.node(node).read().label.as_ref().map(|label| label.text.clone());
        label.unwrap_or_else(|| name.clone())
    });
    // Of a roster with hundreds of rows the question alone does not tell which.
    let row = move || name_of_row_around(entry, words.now(), node);
    let rule = move || match blank_row {
        Some(_) => words.now().blank_row_why().to_owned(),
        None => words.now().broken_rule(violation.kind, violation.message.as_deref()),
    };
    let remove = move |row| {
        let look_again = move || {
            missing.try_set(lacks(entry, entry.violations()));
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
                    <span class="muted">{row}</span>
                    <span class="review-label"><RichText text=label /></span>
                    <span class="review-rule">{rule}</span>
                </span>
                <Icon glyph=Glyph::Forward />
            </button>
            {blank_row
                .map(|row| {
                    view! {
                        <Button
                            icon=Glyph::Bin
                            label=words.say(Language::remove_blank_row)
                            on_click=move |()| remove(row)
                        />
                    }
                })}
        </li>
    }
}
