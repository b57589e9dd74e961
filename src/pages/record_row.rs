//! A record as one line of a list.

use std::sync::Arc;

use leptos::prelude::*;
use sync::{review::Reason, wire::State};

use super::moment;
use crate::components::{Badge, Glyph, Tone};
use crate::locale::Language;
use crate::stores::{Library, Records, preferences::use_words, records::RecordSummary};

/// A state in words.
pub(super) fn state_text(language: Language, state: State) -> &'static str {
    match state {
        State::Draft => language.state_draft(),
        State::Submitted => language.state_submitted(),
        State::Returned => language.state_returned(),
        State::Approved => language.state_approved(),
        State::Withdrawn => language.state_withdrawn(),
    }
}

fn state_tone(state: State) -> Tone {
    match state {
        State::Draft | State::Withdrawn => Tone::Plain,
        State::Submitted | State::Approved => Tone::Good,
        State::Returned => Tone::Attention,
    }
}

/// The state as a mark.
#[component]
pub(super) fn StateBadge(state: State) -> impl IntoView {
    let words = use_words();
    let label = Signal::derive(move || state_text(words.now(), state).to_owned());
    view! { <Badge tone=state_tone(state) label=label /> }
}

/// Who sent a record back, and when.
pub(super) fn told(records: Records, language: Language, reason: &Reason, end: &str) -> String {
    format!("{} · {}{end}", records.person(&reason.by), moment(language, reason.at_ms))
}

/// The form's title in the language of the app; its id if the pack does not know it.
pub(super) fn form_title(library: Library, language: Language, form: &str) -> String {
    library.form_title(form, language).unwrap_or_else(|| form.to_owned())
}

/// All that [`RecordRow`] draws of a record, as a key: what is drawn anew when it changes.
pub(super) fn row_key(record: &RecordSummary, current: bool) -> String {
    let RecordSummary { id, form_id, unit, title, state, returned, changed_ms, .. } = record;
    let RecordSummary { unsent, quarantined, conflicts, .. } = record;
    let returned = returned.as_ref().map(|reason| (reason.at_ms, &reason.by, &reason.why));
    format!(
        "{id} {form_id} {unit} {title} {} {returned:?} {changed_ms} {unsent} {quarantined} {conflicts} {current}",
        state.name(),
    )
}

/// A record as one line: what it is, where and when, how it stands.
#[component]
pub(super) fn RecordRow(
    record: Arc<RecordSummary>,
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] current: bool,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let RecordSummary {
        form_id,
        unit,
        title,
        state,
        returned,
        changed_ms,
        unsent,
        quarantined,
        conflicts,
        ..
    } = Arc::unwrap_or_clone(record);
    let form = form_id.clone();
    let is_untitled = title.is_empty();
    let name = move || {
        if is_untitled { form_title(library, words.now(), &form_id) } else { title.clone() }
    };
    let records = expect_context::<Records>();
    let detail = move || match &returned {
        Some(reason) => Some(told(records, words.now(), reason, ": ") + &reason.why),
        None => (!is_untitled).then(|| form_title(library, words.now(), &form)),
    };
    let when = move || {
        let language = words.now();
        format!("{} · {}", moment(language, changed_ms), library.unit_name(&unit, language))
    };
    view! {
        <a class="list-row record-row" href=move || href.get() aria-current=current.then_some("true")>
            <span class="list-row-title">{name}</span>
            <span class="list-row-detail">{detail}</span>
            <span class="record-when muted">{when}</span>
            <span class="record-marks">
                {(conflicts > 0)
                    .then(|| view! { <Badge tone=Tone::Attention icon=Glyph::Warning label=words.say(Language::in_conflict) /> })}
                {quarantined
                    .then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::waits_for_repair) /> })}
                {unsent.then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::not_sent) /> })}
                <StateBadge state=state />
            </span>
        </a>
    }
}
