//! One question: its label, hint, control, and what is wrong with the answer.

use std::sync::Arc;

use form::{
    AnswerProblem, Aspects, DataType, NodeId, NodeKind, NodeState, Question, QuestionControl,
    ViolationKind,
};
use leptos::ev::FocusEvent;
use leptos::prelude::*;

use crate::reactive::memo;

use super::{News, Tried, controls, media::LabelMedia};
use crate::components::{Glyph, Icon, RichText, plain_text, rich_text};
use crate::locale::{Language, Words};
use crate::platform::document;
use crate::stores::{FormEntry, preferences::use_words};

/// Whether it may be a part of places: words never will.
fn is_of_numbers(value: &str) -> bool {
    value.chars().all(|sign| sign.is_ascii_digit() || " .-;".contains(sign))
}

/// What every control needs of its question.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub id: NodeId,
    pub entry: FormEntry,
    pub state: Signal<NodeState>,
    pub words: Words,
    problem: Memo<Option<AnswerProblem>>,
    left: RwSignal<Left>,
    news: RwSignal<String>,
}

/// Whether the person was at a question and went on.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    No,
    Yes,
    /// From a date or a time of which a part is missing: the browser says that it is empty.
    Half,
    /// It is answered bit by bit, as a line is corner by corner: what is not whole yet is told to whoever goes on from the page.
    BitByBit,
}

impl Asked {
    /// A question of the open form. What is wrong is told once the person was there, or tried to go on.
    pub fn of(id: NodeId) -> Self {
        let entry = expect_context::<FormEntry>();
        let Tried(tried) = expect_context::<Tried>();
        let News(news) = expect_context::<News>();
        let state = entry.node(id);
        let left = RwSignal::new(Left::No);
        let problem = memo(move || {
            let state = state.read();
            match left.get() {
                Left::Half if state.value.is_empty() => {
                    Some(AnswerProblem { kind: ViolationKind::Type, message: None })
                }
                // Of what is too long no more is taken: that is told while it is typed.
                Left::No if !tried.get() => {
                    let is_long = |problem: &AnswerProblem| problem.kind == ViolationKind::Length;
                    state.problem.clone().filter(is_long)
                }
                Left::BitByBit if !tried.get() && is_of_numbers(&state.value) => None,
                _ => state.problem.clone(),
            }
        });
        Self { id, entry, state, words: use_words(), problem, left, news }
    }

    /// The person came to the question.
    pub fn enter(self) {
        self.entry.focus(self.id);
        // Left so again, it is news again; mended, it is none any more.
        let told = self.told();
        if told.is_some() && self.news.try_get_untracked() == told {
            self.news.try_set(String::new());
        }
    }

    /// It is answered bit by bit.
    pub fn comes_bit_by_bit(self) {
        self.left.set(Left::BitByBit);
    }

    /// The person went on from it.
    pub fn leave(self, event: &FocusEvent) {
        if self.left.try_get_untracked() != Some(Left::BitByBit) {
            let is_half = document::is_half_typed(event);
            self.left.try_set(if is_half { Left::Half } else { Left::Yes });
        }
        self.entry.leave(self.id);
        if let Some(told) = self.told() {
            self.news.try_set(told);
        }
    }

    /// What is said to whoever leaves it as it is.
    fn told(self) -> Option<String> {
        let problem = self.problem.try_get_untracked().flatten()?;
        let told = |state: &NodeState| {
            let label = state.label.as_ref().map(|label| plain_text(&label.text));
            let text = problem_text(self.words.at_once(), state, &problem);
            format!("{}: {text}", label.unwrap_or_default())
        };
        self.state.try_with_untracked(told)
    }

    /// Whether something wrong is told about it.
    pub fn is_wrong(self) -> bool {
        self.problem.read().is_some()
    }

    /// Whether an answer may be taken away.
    pub fn can_clear(self) -> Memo<bool> {
        let state = self.state;
        memo(move || {
            let state = state.read();
            !state.required && !state.readonly && !state.value.is_empty()
        })
    }

    /// Whether it is alone on its page.
    pub fn is_page(self) -> bool {
        self.entry.page().get_untracked() == self.id
    }

    /// The id of the element of the whole question.
    pub fn container_id(self) -> String {
        format!("q{}", self.id.index())
    }

    /// Its name in the form.
    pub fn name(self) -> String {
        self.state.with_untracked(|state| state.name.clone())
    }

    /// The answer.
    pub fn value(self) -> Memo<String> {
        let state = self.state;
        memo(move || state.read().value.clone())
    }

    /// The answer as it is, for a handler: also when the question is drawn no more, as for a place that is found late.
    pub fn value_at_once(self) -> String {
        self.entry.value(self.id)
    }

    /// [`Self::readonly`] as an attribute: nobody watches what no rule of the form decides.
    pub fn locked(self) -> Option<Signal<bool>> {
        let may_be = self.entry.may_change(self.id).contains(Aspects::READONLY);
        (may_be || self.state.with_untracked(|state| state.readonly)).then(|| self.readonly())
    }

    /// Whether a person may not change it.
    pub fn readonly(self) -> Signal<bool> {
        let state = self.state;
        Signal::derive(move || state.read().readonly)
    }

    /// Whether the words of `appearance` have this one. They never change.
    pub fn looks(self, word: &str) -> bool {
        self.state.with_untracked(|state| state.appearance.iter().any(|other| other == word))
    }

    /// The id of the element that takes the answer.
    pub fn input_id(self) -> String {
        format!("q{}-input", self.id.index())
    }

    /// The id of the label.
    pub fn label_id(self) -> String {
        format!("q{}-label", self.id.index())
    }

    /// Where the hint and the problem are told.
    pub fn described_by(self) -> String {
        let id = self.id.index();
        if self.state.with_untracked(|state| state.hint.is_some()) {
            format!("q{id}-hint q{id}-problem")
        } else {
            format!("q{id}-problem")
        }
    }

    /// For `aria-invalid`.
    pub fn invalid(self) -> Signal<Option<&'static str>> {
        let problem = self.problem;
        Signal::derive(move || problem.read().is_some().then_some("true"))
    }

    /// The label as plain text, for names of things inside the question.
    pub fn label_text(self) -> Signal<String> {
        let state = self.state;
        Signal::derive(move || {
            state.read().label.as_ref().map(|label| plain_text(&label.text)).unwrap_or_default()
        })
    }

    /// An answer that was chosen, not typed: stored at once.
    pub fn choose(self, text: &str) {
        self.entry.answer(self.id, text);
        self.entry.leave(self.id);
    }

    /// Takes the answer away.
    pub fn clear(self) {
        self.choose("");
        self.take_focus();
    }

    /// Gives the focus to its first control, once what changed just now is on screen: the button that was pressed has gone with it.
    pub fn take_focus(self) {
        request_animation_frame(move || document::focus_in(&format!("#{}", self.container_id())));
    }
}

/// One question.
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
#[component]
pub(super) fn QuestionView(id: NodeId, question: Arc<Question>) -> impl IntoView {
    let asked = Asked::of(id);
    let is_input = matches!(
        question.control,
        QuestionControl::Input | QuestionControl::Secret | QuestionControl::Range { .. }
    );
    let is_note = question.control == QuestionControl::Note;
    let class = move || match (is_note, asked.is_wrong()) {
        (false, false) => "question",
        (false, true) => "question question-wrong",
        (true, false) => "question note",
        (true, true) => "question note question-wrong",
    };
    view! {
        <div
            class=class
            id=asked.container_id()
            data-q=asked.name()
            on:focusin=move |_| asked.enter()
            on:focusout=move |event| asked.leave(&event)
        >
            <Label asked=asked is_input=is_input />
            {controls::draw(asked, &question)}
            <Problem asked=asked />
        </div>
    }
}

/// The label with its hint. It names the control: by `for` where there is one input, else by id.
#[component]
pub(super) fn Label(asked: Asked, is_input: bool) -> impl IntoView {
    let Asked { id, state, words, .. } = asked;
    // One watcher for all that the label says: a form has hundreds.
    let said = memo(move || {
        let state = state.read();
        let label = state.label.as_ref().map(|label| label.text.clone()).unwrap_or_default();
        (label, state.required)
    });
    let label = move || {
        let (text, required) = said.get();
        let text = view! {
            {rich_text(&text)}
            {required
                .then(|| {
                    let required = words.now().required();
                    view! {
                        <span class="required" title=required>
                            <span aria-hidden="true">"*"</span>
                            <span class="visually-hidden">{required}</span>
                        </span>
                    }
                })}
        };
        if is_input {
            view! { <label class="question-label" id=asked.label_id() for=asked.input_id()>{text}</label> }.into_any()
        } else {
            view! { <div class="question-label" id=asked.label_id()>{text}</div> }.into_any()
        }
    };
    // Whether there is any does not change, what it says does.
    let has_help = state.with_untracked(|state| state.hint.is_some() || state.guidance.is_some());
    view! {
        {label}
        {(asked.entry.has_media() && !asked.looks("image-map"))
            .then(|| {
                let of = Signal::derive(move || state.read().label.clone().unwrap_or_default());
                view! { <LabelMedia of=of alt=asked.label_text() /> }
            })}
        {has_help.then(|| view! { <Help id=id state=state words=words /> })}
    }
}

/// The hint of a question, and the guidance that opens below it.
#[component]
fn Help(id: NodeId, state: Signal<NodeState>, words: Words) -> impl IntoView {
    let hint = memo(move || {
        state.read().hint.as_ref().map(|hint| hint.text.clone()).filter(|hint| !hint.is_empty())
    });
    let guidance = memo(move || state.read().guidance.clone().filter(|text| !text.is_empty()));
    view! {
        <div class="question-hint" id=format!("q{}-hint", id.index())>
            {move || hint.get().map(|hint| view! { <RichText text=hint /> })}
        </div>
        {move || {
            guidance
                .get()
                .map(|guidance| {
                    view! {
                        <details class="guidance">
                            <summary>{words.say(Language::guidance)}</summary>
                            <RichText text=guidance />
                        </details>
                    }
                })
        }}
    }
}

fn problem_text(language: Language, state: &NodeState, problem: &AnswerProblem) -> String {
    broken_rule(language, state, problem.kind, problem.message.as_deref())
}

/// What is wrong with the answer of a node, in the form's words or in ours for what it asks.
pub(super) fn broken_rule(
    language: Language,
    state: &NodeState,
    kind: ViolationKind,
    message: Option<&str>,
) -> String {
    let of = match &state.kind {
        NodeKind::Question(question) => question.data_type,
        _ => DataType::default(),
    };
    language.broken_rule(kind, of, message)
}

/// What is wrong with the answer, in words, beside it. Its control is described by it; whoever leaves it so hears it by [`News`].
#[component]
pub(super) fn Problem(asked: Asked) -> impl IntoView {
    let Asked { id, words, problem, state, .. } = asked;
    view! {
        <div class="question-problem" id=format!("q{}-problem", id.index())>
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        let text = state.with_untracked(|state| problem_text(words.now(), state, &problem));
                        view! {
                            <Icon glyph=Glyph::Warning />
                            <span>{text}</span>
                        }
                    })
            }}
        </div>
    }
}
