//! Review: what waits for it, and a record that is approved or sent back. For coordinators; loaded with the desk.

use std::sync::Arc;

use form::Program;
use leptos::{html, prelude::*};
use sync::view::{Level, RecordView as View};
use sync::wire::{RecordId, State, field};

use super::reason::{Reason, ReasonField};
use super::record_history::{HistoryList, Told};
use super::record_row::asked;
use super::record_standing::Restating;
use crate::components::{Banner, Button, ButtonKind, Glyph, Icon, Sheet, Tone};
use crate::form_view::storage_advice;
use crate::locale::{Language, Words};
use crate::platform::{document, log_error, tasks};
use crate::reactive::{Show, effect, memo};
use crate::router::{A, use_router};
use crate::stores::{Records, preferences::use_words, records::ActError};

/// The record that is read, for whoever judges it.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub view: StoredValue<View>,
    /// Its form, if it is on this device.
    pub program: StoredValue<Option<Arc<Program>>>,
    /// What the questions are called that are answered in it.
    pub questions: Callback<(), Vec<String>>,
    /// Whether somebody is asked why it goes back.
    pub is_asking: RwSignal<bool>,
}

/// What follows the record that is read, once that has left the list which it was opened from.
#[derive(Clone, Copy)]
pub(super) struct Following {
    pub next: Memo<Option<RecordId>>,
    /// How many there are in the list.
    pub left: Signal<usize>,
}

/// How many records wait for review and for decisions, and the way to them: those that wait longest first.
#[component]
pub(super) fn ToReview() -> impl IntoView {
    let words = use_words();
    let all = expect_context::<Records>().all();
    let submitted =
        memo(move || all.read().states().get(State::Submitted.name()).copied().unwrap_or_default());
    let line = move |what: String, text: fn(Language) -> &'static str, count: Memo<usize>| {
        let href = StoredValue::new(format!("/records?{what}&sort=oldest"));
        move || {
            (count.get() > 0).then(|| {
                view! {
                    <A href=href.get_value() attr:class="list-row card">
                        <span class="list-row-title">{words.say(text)}</span>
                        <span class="tab-count">{move || words.now().count(count.get())}</span>
                    </A>
                }
            })
        }
    };
    let asking = move |level: Level| {
        let count = memo(move || all.read().count_asking(level));
        asked(level, true).map(|text| line(format!("asks={}", level.name()), text, count))
    };
    view! {
        {line(format!("state={}", State::Submitted.name()), Language::waits_for_review, submitted)}
        {Level::ASKING.map(asking).collect_view()}
    }
}

/// What may be said of the record that is read.
#[component]
pub(super) fn Judging() -> impl IntoView {
    let words = use_words();
    let restating = Restating::here();
    let Judged { view, program, questions, is_asking } = expect_context::<Judged>();
    let Following { next, .. } = expect_context();
    let (state, is_met, is_unseen, was_back) = view.with_value(|view| {
        let mut conflicts = view.conflicts.iter();
        let met = |path, level| path == field::STATE && level == Level::Decide;
        let is_met = conflicts.any(|conflict| met(conflict.path.as_str(), conflict.level));
        // Why it was sent back stays in the record once it is submitted again.
        let was_back = view.state == State::Submitted && view.dots.contains_key(field::REASON);
        (view.state, is_met, is_met && view.is_approved(), was_back)
    });
    let may_approve = is_met || matches!(state, State::Submitted | State::Returned);
    let may_send_back = is_met || matches!(state, State::Submitted | State::Approved);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<ActError>);
    // With a reason it goes back, without one it is approved.
    let judge = move |why: Option<String>| {
        busy.set(true);
        failed.set(None);
        let shown = view.get_value();
        tasks::spawn(async move {
            let state = if why.is_some() { State::Returned } else { State::Approved };
            if let Err(error) = restating.bring(shown, state, why.as_deref()).await {
                log_error(&format!("not judged: {error}"));
                failed.try_set(Some(error));
                busy.try_set(false);
                return;
            }
            // Only now: the words stay where they are until they are written.
            is_asking.try_set(false);
        });
    };
    let is_looking = RwSignal::new(false);
    provide_context(Told { view, program, is_news: true });
    // A draft is not judged: who goes through what is to be decided goes on from it all the same.
    view! {
        <Show when=move || may_approve || may_send_back || next.read().is_some()>
            <div class="review-bar">
                {is_unseen
                    .then(|| view! { <Banner tone=Tone::Attention title=words.say(Language::changed_unseen) /> })}
                // In the sheet while that is open.
                <Show when=move || !is_asking.get()>{why_not(words, failed)}</Show>
                <div class="button-row">
                    <Next />
                    {move || may_approve
                        .then(|| {
                            let label = if is_met { Language::approve_again } else { Language::approve };
                            // What was just sent back is not approved by a second tap.
                            let is_done = next.read().is_some() || state == State::Returned && !is_met;
                            view! {
                                <Button
                                    kind=if is_done { ButtonKind::Secondary } else { ButtonKind::Primary }
                                    icon=Glyph::Check
                                    label=words.say(label)
                                    disabled=busy
                                    on_click=move |()| judge(None)
                                />
                            }
                        })}
                    {may_send_back
                        .then(|| {
                            view! {
                                <Button
                                    icon=Glyph::Turn
                                    label=words.say(Language::send_back)
                                    disabled=busy
                                    on_click=move |()| is_asking.set(true)
                                />
                            }
                        })}
                    {(is_unseen || was_back)
                        .then(|| {
                            view! {
                                <Button
                                    icon=Glyph::History
                                    label=words.say(Language::see_changes)
                                    on_click=move |()| is_looking.set(true)
                                />
                            }
                        })}
                </div>
                <Sheet
                    open=is_looking
                    title=words.say(Language::see_changes)
                    close_label=words.say(Language::close)
                    on_close=move |()| {
                        is_looking.try_set(false);
                    }
                >
                    <HistoryList />
                </Sheet>
                <Sheet
                    open=is_asking
                    title=words.say(Language::send_back)
                    close_label=words.say(Language::close)
                    on_close=move |()| {
                        is_asking.try_set(false);
                    }
                >
                    <Why questions=questions busy=busy failed=failed on_said=move |why| judge(Some(why)) />
                </Sheet>
            </div>
        </Show>
    }
}

/// Why it was not written down, and what helps.
fn why_not(words: Words, failed: RwSignal<Option<ActError>>) -> impl Fn() -> Option<AnyView> {
    move || {
        failed.read().as_ref().map(|error| {
            let text = match error {
                ActError::NoRecord => words.now().record_not_here(),
                ActError::Storage(error) => storage_advice(words.now(), error),
            };
            let text = text.to_owned();
            view! { <Banner tone=Tone::Bad title=text /> }.into_any()
        })
    }
}

/// The way on: nobody aims at the list again after each of forty. Whoever pressed what is gone now comes to it; to the page after the last.
#[component]
fn Next() -> impl IntoView {
    let words = use_words();
    let query = use_router().query();
    let Following { next, left } = expect_context();
    effect(move || {
        let there = if next.get().is_some() { ".review-next" } else { "#content" };
        request_animation_frame(move || document::catch_focus(None, there));
    });
    move || {
        next.get().map(|id| {
            view! {
                <A
                    href=Signal::derive(move || format!("/records/{id}{}", query.read().suffix()))
                    attr:class="button button-primary review-next"
                >
                    <span>{move || words.now().next_record(left.get())}</span>
                    <Icon glyph=Glyph::Forward />
                </A>
            }
        })
    }
}

/// Asks what is to be mended.
#[component]
fn Why(
    questions: Callback<(), Vec<String>>,
    #[prop(into)] busy: Signal<bool>,
    /// Why the words could not be written.
    failed: RwSignal<Option<ActError>>,
    #[prop(into)] on_said: Callback<String>,
) -> impl IntoView {
    let words = use_words();
    let reason = Reason::new();
    let question = NodeRef::<html::Select>::new();
    let name = move |()| {
        let Some((area, select)) = reason.area.get_untracked().zip(question.get_untracked()) else {
            return;
        };
        let question = select.value();
        if question.is_empty() {
            return;
        }
        select.set_value("");
        let before = area.value();
        let end = if before.trim().is_empty() { "" } else { "\n" };
        area.set_value(&format!("{}{end}{question}: ", before.trim_end()));
        document::give_focus(area.into());
    };
    let say = move |()| {
        if let Some(why) = reason.given() {
            on_said.run(why);
        }
    };
    let options = questions.run(()).into_iter().map(|label| view! { <option>{label}</option> });
    view! {
        <ReasonField
            reason=reason
            label=words.say(Language::why_sent_back)
            lacking=words.say(Language::say_why)
            max="1000"
        />
        <label class="field">
            <span>{words.say(Language::name_a_question)}</span>
            <select class="select" node_ref=question>
                <option value="">{words.say(Language::choose_question)}</option>
                {options.collect_view()}
            </select>
        </label>
        // With the keyboard each step through the closed list is a change: what is named is said by the button.
        <Button icon=Glyph::Plus label=words.say(Language::add_question) on_click=name />
        {why_not(words, failed)}
        <Button
            kind=ButtonKind::Primary
            icon=Glyph::Turn
            label=words.say(Language::send_back)
            disabled=busy
            on_click=say
        />
    }
}
