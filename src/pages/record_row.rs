//! A record as one line of a list.

use std::sync::Arc;

use leptos::prelude::*;
use sync::{review::Reason, view::Level, wire::State};

use super::moment;
use crate::components::{Badge, Glyph, Tone};
use crate::locale::Language;
use crate::stores::{
    Library, Records, RepairDesk, SignIn, preferences::use_words, records::RecordSummary,
};

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

/// What a record asks of whoever looks after its unit. That something is worth a look is nothing to anybody else.
pub(super) fn asked(asks: Level, looks_after: bool) -> Option<fn(Language) -> &'static str> {
    match asks {
        Level::Decide => Some(Language::in_conflict),
        Level::Look if looks_after => Some(Language::to_look_at),
        Level::Look | Level::Note => None,
    }
}

/// Who sent a record back, and when.
pub(super) fn told(records: Records, language: Language, reason: &Reason) -> String {
    format!("{} · {}", records.person(&reason.by), moment(language, reason.at_ms))
}

/// The form's title in the language of the app; its id if the pack does not know it.
pub(super) fn form_title(library: Library, language: Language, form: &str) -> String {
    library.form_title(form, language).unwrap_or_else(|| form.to_owned())
}

/// What a record is called: by its title, or by its form's.
pub(super) fn record_name(library: Library, language: Language, title: &str, form: &str) -> String {
    if title.is_empty() { form_title(library, language, form) } else { title.to_owned() }
}

/// All that [`RecordRow`] draws of a record, as a key: what is drawn anew when it changes.
pub(super) fn row_key(record: &RecordSummary, current: bool) -> String {
    let RecordSummary { id, form_id, unit, title, state, returned, changed_ms, .. } = record;
    let RecordSummary { unsent, quarantined, asks, .. } = record;
    let returned = returned.as_ref().map(|reason| (reason.at_ms, &reason.by, &reason.why));
    format!(
        "{id} {form_id} {unit} {title} {} {returned:?} {changed_ms} {unsent} {quarantined} {asks:?} {current}",
        state.name(),
    )
}

/// A record as one line: what it is, where and when, how it stands.
#[component]
pub(super) fn RecordRow(
    record: Arc<RecordSummary>,
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] current: bool,
    /// Whether all rows of its list are in its state, which is told above them.
    #[prop(optional)]
    in_state: bool,
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
        asks,
        ..
    } = Arc::unwrap_or_clone(record);
    let form = form_id.clone();
    let is_untitled = title.is_empty();
    let name = move || record_name(library, words.now(), &title, &form_id);
    let records = expect_context::<Records>();
    let looks_after = expect_context::<RepairDesk>().may_settle();
    let asked = asks.and_then(|asks| asked(asks, looks_after));
    let detail = move || match &returned {
        // When is told below.
        Some(reason) => Some(format!("{}: {}", records.person(&reason.by), reason.why)),
        None => (!is_untitled).then(|| form_title(library, words.now(), &form)),
    };
    // Whoever works there knows. What is cut where there is no room is the time.
    let is_own_unit = expect_context::<SignIn>().is_of(&unit);
    let when = move || {
        let (language, when) = (words.now(), moment(words.now(), changed_ms));
        if is_own_unit { when } else { format!("{} · {when}", library.unit_name(&unit, language)) }
    };
    view! {
        <a class="list-row record-row" href=move || href.get() aria-current=current.then_some("true")>
            <span class="list-row-title">{name}</span>
            <span class="list-row-detail">{detail}</span>
            <span class="record-when muted">{when}</span>
            <span class="record-marks">
                {asked
                    .map(|text| view! { <Badge tone=Tone::Attention icon=Glyph::Warning label=words.say(text) /> })}
                {quarantined
                    .then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::waits_for_repair) /> })}
                {unsent.then(|| view! { <Badge tone=Tone::Attention label=words.say(Language::not_sent) /> })}
                {(!in_state).then(|| view! { <StateBadge state=state /> })}
            </span>
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_something_is_worth_a_look_is_said_to_whoever_looks_after_the_unit() {
        let said = |asks, looks_after| asked(asks, looks_after).map(|text| text(Language::Vi));
        for (asks, to_others, to_who_looks_after) in [
            (Level::Decide, Some("Cần quyết định"), Some("Cần quyết định")),
            (Level::Look, None, Some("Nên xem lại")),
            (Level::Note, None, None),
        ] {
            assert_eq!((said(asks, false), said(asks, true)), (to_others, to_who_looks_after));
        }
    }
}
