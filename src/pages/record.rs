//! One record: its answers as the form tells them, and its history. Shown by [`super::RecordsPage`].

use std::sync::Arc;

use form::Program;
use leptos::prelude::*;
use sync::review::Reason;
use sync::view::{Conflict, Level, RecordView as View};
use sync::wire::{RecordId, Sibling, State, Value, Verdict};

use super::last_time::LastTime;
use super::parts::beside;
use super::record_conflicts::Conflicts;
use super::record_history::History;
use super::record_lines::draw_lines;
use super::record_outline::{Line, missing_files, outline, outline_by_path, placed, read_only};
use super::record_row::{StateBadge, form_title, record_name};
use super::record_standing::Withdraw;
use super::review::Judged;
use super::{Later, edit_from_href, moment, next_session_href};
use crate::components::{
    Badge, Banner, Button, ButtonKind, EmptyState, Glyph, Icon, Toast, Toaster, Tone, Voice,
};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::{address::Query, storage::StorageError, tasks};
use crate::reactive::{Show, effect, memo};
use crate::router::{A, use_router};
use crate::stores::{Library, Records, SignIn, preferences::use_words};

/// A record, and its form if it is on this phone.
type Reading = (View, Option<Arc<Program>>);

/// What is known of a record.
type Loaded = Option<Reading>;

/// What changes when a record is sent: whether a part of it is still here only, when it last changed, and when it was begun if that is by
/// the server's clock.
type Sent = (bool, i64, i64);

/// One record. It is read anew when a pull or another person changes it.
#[component]
pub(super) fn RecordView(record: RecordId) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    let loaded = RwSignal::new(None::<Loaded>);
    let failure = RwSignal::new(None::<StorageError>);
    // What comes while somebody writes why it goes back waits: drawn anew, the record would take the words away.
    let is_asking = RwSignal::new(false);
    let waiting = StoredValue::new(None::<Loaded>);
    let sent = RwSignal::<Sent>::default();
    // What is on screen is of this one.
    let shown = StoredValue::new(None::<StoredValue<View>>);
    let draw = move |news: Loaded| {
        if let Some((view, _)) = &news {
            sent.try_set((view.pending, view.changed_ms, view.begun_ms()));
        }
        let Some(drawn) = loaded.try_get_untracked() else { return };
        match (drawn.flatten(), &news, shown.get_value()) {
            // That it was sent opens and closes nothing that somebody looks at. What is done to it next is done to what stands now.
            (Some(drawn), Some(now), Some(view)) if is_same(&drawn, now) => {
                view.try_set_value(now.0.clone());
                *loaded.write_untracked() = Some(news);
            }
            _ => loaded.set(Some(news)),
        }
    };
    effect(move || {
        if !is_asking.get()
            && let Some(news) = waiting.try_update_value(Option::take).flatten()
        {
            draw(news);
        }
    });
    let changed = memo(move || {
        records.all().track();
        records.summary(record)
    });
    let readings = StoredValue::new(0_u64);
    // One reading may end after another that began later.
    let tell = move |reading: u64, news: Loaded| {
        if readings.try_get_value() != Some(reading) {
            return;
        }
        if is_asking.try_get_untracked() == Some(true) {
            waiting.try_set_value(Some(news));
        } else {
            if failure.try_with_untracked(Option::is_some) == Some(true) {
                failure.try_set(None);
            }
            draw(news);
        }
    };
    effect(move || {
        // Read, not only tracked: a memo that nobody reads never looks at what it is made of.
        changed.get();
        let reading = readings.get_value() + 1;
        readings.set_value(reading);
        tasks::spawn(async move {
            let view = match records.view(record).await {
                Ok(view) => view,
                // The next change reads again.
                Err(_) if is_asking.try_get_untracked() == Some(true) => return,
                Err(error) => {
                    failure.try_set(Some(error));
                    return;
                }
            };
            let Some(view) = view else { return tell(reading, None) };
            // The server may be asked for it for a minute.
            if !library.holds(view.form.hash).await {
                tell(reading, Some((view.clone(), None)));
            }
            let program = library.program(view.form.hash).await.ok();
            tell(reading, Some((view, program)));
        });
    });
    view! {
        <article class="record">
            {move || match loaded.get() {
                _ if failure.read().is_some() => {
                    let advice = move || failure.read().as_ref().map_or("", |error| storage_advice(words.now(), error)).to_owned();
                    view! {
                        <BackToList />
                        <Banner tone=Tone::Bad title=Signal::derive(advice) />
                    }
                    .into_any()
                }
                None => view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any(),
                Some(None) => view! { <NotHere /> }.into_any(),
                Some(Some((view, program))) => {
                    let view = StoredValue::new(view);
                    shown.set_value(Some(view));
                    view! { <Shown view=view program=program sent=sent is_asking=is_asking /> }.into_any()
                }
            }}
        </article>
    }
}

/// Whether two readings of a record draw the same, but for [`Sent`]. The names of operations may differ: the device's own get others when
/// they are sent.
fn is_same((drawn, drawn_by): &Reading, (news, news_by): &Reading) -> bool {
    let View { pending, changed_ms, received_ms, dots, conflicts, writers, .. } = news.clone();
    let is_met_alike = met(drawn) == met(news);
    let drawn =
        View { pending, changed_ms, received_ms, dots, conflicts, writers, ..drawn.clone() };
    // With the lists that came since it is another program.
    let is_by_same = match (drawn_by, news_by) {
        (Some(drawn_by), Some(news_by)) => Arc::ptr_eq(drawn_by, news_by),
        (drawn_by, news_by) => drawn_by.is_none() && news_by.is_none(),
    };
    is_met_alike && is_by_same && drawn == *news
}

/// A field, how grave it is, and what stands there, each with its author.
type Met<'a> = (&'a str, Level, Vec<(&'a Value, Option<&'a String>)>);

/// What met in a record.
fn met(view: &View) -> Vec<Met<'_>> {
    let of = |sibling: &Sibling| view.writers.get(&sibling.dot.device);
    let mut met = Vec::new();
    for Conflict { path, level, values } in &view.conflicts {
        let values = values.iter().map(|sibling| (&sibling.value, of(sibling))).collect();
        met.push((path.as_str(), *level, values));
    }
    met
}

#[component]
fn NotHere() -> impl IntoView {
    let words = use_words();
    view! {
        <BackToList />
        <EmptyState glyph=Glyph::Records text=words.say(Language::record_not_here)>
            <p class="muted">{words.say(Language::record_not_here_why)}</p>
        </EmptyState>
    }
}

#[component]
fn BackToList() -> impl IntoView {
    let words = use_words();
    let query = use_router().query();
    let href = Signal::derive(move || list_href(&query.read()));
    view! {
        <A href=href attr:class="button button-quiet phone-only">
            <Icon glyph=Glyph::Back />
            <span>{words.say(Language::records)}</span>
        </A>
    }
}

/// The list as it was left: the address keeps what is looked for.
fn list_href(query: &Query) -> String {
    format!("/records{}", query.suffix())
}

#[component]
fn Shown(
    view: StoredValue<View>,
    program: Option<Arc<Program>>,
    sent: RwSignal<Sent>,
    is_asking: RwSignal<bool>,
) -> impl IntoView {
    let words = use_words();
    let has_form = program.is_some();
    let (is_gone, is_closed) = view.with_value(|view| (view.deleted, view.is_approved()));
    let sign_in = expect_context::<SignIn>();
    let reviews = sign_in.reviews();
    let may_edit = sign_in.does_field_work() && !is_gone && (!is_closed || reviews);
    let program = StoredValue::new(program);
    let answers = move || {
        let language = words.now();
        let lines = view.with_value(|view| match program.get_value() {
            Some(program) => {
                let session = read_only(&program, view, language);
                provide_context(Voice(Signal::stored(language.other_voice(session.language()))));
                outline(&session, view, language)
            }
            None => outline_by_path(view),
        });
        let lacking = missing_files(&lines);
        view! {
            {(lacking != 0)
                .then(|| view! { <Banner tone=Tone::Attention title=Signal::stored(language.record_lacks_files(lacking)) /> })}
            {lines.is_empty().then(|| view! { <p class="muted">{language.no_answers()}</p> })}
            <div class="answers">{draw_lines(lines)}</div>
        }
        .into_any()
    };
    view! {
        <BackToList />
        {view.with_value(|view| view.reasons.clone()).into_iter().map(|reason| view! { <SentBack reason=reason /> }).collect_view()}
        <Head view=view sent=sent program=program may_edit=may_edit />
        {view.with_value(|view| view.kept.clone()).map(|kept| view! { <KeptAside kept=kept /> })}
        <Show when=move || !has_form>
            <Banner tone=Tone::Attention title=words.say(Language::form_of_record_missing) />
        </Show>
        {(!is_gone).then(|| view! { <Conflicts view=view program=program /> })}
        {answers}
        <History view=view program=program />
        // Whoever reviews has another main action.
        {(may_edit && !reviews).then(|| view! { <div class="review-bar"><Edit view=view is_main=true /></div> })}
        // Judged, it would be there again.
        {(!is_gone && reviews)
            .then(|| {
                let questions = Callback::new(move |()| questions(view, program, words.at_once()));
                beside(Later::Judging, Judged { view, program, questions, is_asking })
            })}
    }
}

/// Who sent it back, when, and what is to be mended.
#[component]
fn SentBack(reason: Reason) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let why = reason.why.clone();
    let title = move || {
        let language = words.now();
        let when = moment(language, reason.at_ms);
        format!("{} {} · {when}", records.person(&reason.by), language.did_return())
    };
    view! {
        <Banner tone=Tone::Attention title=Signal::derive(title)>
            <p class="reason">{why}</p>
        </Banner>
    }
}

/// The questions that are answered, by what they are called and where they stand.
fn questions(
    view: StoredValue<View>,
    program: StoredValue<Option<Arc<Program>>>,
    language: Language,
) -> Vec<String> {
    let Some(program) = program.get_value() else { return Vec::new() };
    view.with_value(|view| {
        let session = read_only(&program, view, language);
        let name = |line| match line {
            Line::Answer { path, label, .. } => Some(placed(&session, &path, &label)),
            Line::Folded(label, ..) => Some(label),
            Line::Heading(..) | Line::Note(_) => None,
        };
        let names = outline(&session, view, language).into_iter().filter_map(name);
        // Marks are for the eye.
        names.map(|name| name.replace("**", "")).collect()
    })
}

/// Why the server keeps a part of the record without having put it there.
#[component]
fn KeptAside(kept: Verdict) -> impl IntoView {
    let words = use_words();
    let told = move || {
        let language = words.now();
        match (&kept.set_aside, kept.reason) {
            (Some(reason), _) => format!("{}: {reason}", language.set_aside_by_desk()),
            (None, Some(reason)) => {
                format!("{}: {}", language.in_repair(), language.repair_reason(reason.name()))
            }
            (None, None) => language.in_repair().to_owned(),
        }
    };
    view! { <Banner tone=Tone::Attention title=Signal::derive(told) /> }
}

#[component]
fn Head(
    view: StoredValue<View>,
    sent: RwSignal<Sent>,
    program: StoredValue<Option<Arc<Program>>>,
    /// Whether the person may go on with it.
    may_edit: bool,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let is_closed = view.with_value(View::is_approved);
    let is_gone = view.with_value(|view| view.deleted);
    let toaster = expect_context::<Toaster>();
    let View { record, form, unit, author, state, title, .. } = view.get_value();
    let form_id = form.id;
    let sign_in = expect_context::<SignIn>();
    let author = records.person(&author);
    let heading_form = form_id.clone();
    let is_titled = !title.is_empty();
    let heading = move || record_name(library, words.now(), &title, &heading_form);
    // Its people are there again at the next session.
    let goes_on = state != State::Draft
        && !is_gone
        && program
            .with_value(|program| program.as_ref().is_some_and(|program| program.has_roster()))
        && sign_in.does_field_work()
        && untrack(|| library.form_to_begin(&form_id)).is_some();
    let next = goes_on.then(|| next_session_href(record, &form_id, &unit));
    let query = use_router().query();
    let list = Signal::derive(move || query.read().suffix());
    let (last_form, last_unit) = (form_id.clone(), unit.clone());
    let reviews = sign_in.reviews();
    let take_away = move || match state {
        State::Draft => Some(view! { <Delete record=record /> }.into_any()),
        State::Withdrawn => None,
        State::Submitted | State::Returned | State::Approved => {
            Some(view! { <Withdraw view=view /> }.into_any())
        }
    };
    view! {
        <header class="record-head">
            <h1>{heading}</h1>
            <p class="record-marks">
                <StateBadge state=state />
                <Show when=move || sent.get().0>
                    <Badge tone=Tone::Attention icon=Glyph::Phone label=words.say(Language::not_sent) />
                </Show>
            </p>
            <dl class="facts facts-inline">
                {is_titled
                    .then(|| {
                        view! {
                            <dt>{words.say(Language::form)}</dt>
                            <dd>{move || form_title(library, words.now(), &form_id)}</dd>
                        }
                    })}
                <dt>{words.say(Language::unit)}</dt>
                <dd>{move || library.unit_name(&unit, words.now())}</dd>
                <dt>{words.say(Language::author)}</dt>
                <dd>{author}</dd>
                <dt>{words.say(Language::begun_at)}</dt>
                <dd>{move || moment(words.now(), sent.get().2)}</dd>
                <dt>{words.say(Language::changed)}</dt>
                <dd>{move || moment(words.now(), sent.get().1)}</dd>
            </dl>
            {(state != State::Draft)
                .then(|| view! { <LastTime form=last_form unit=last_unit before=record list=list /> })}
            {(is_closed && !reviews)
                .then(|| view! { <p class="muted">{words.say(Language::approved_why)}</p> })}
            {(state == State::Withdrawn)
                .then(|| view! { <p class="muted">{words.say(Language::withdrawn_why)}</p> })}
            {is_gone.then(|| view! { <Banner tone=Tone::Attention title=words.say(Language::record_deleted) /> })}
            {(is_gone && sign_in.does_field_work() && (!is_closed || reviews))
                .then(|| {
                    let restore = move |()| bring_back(record, records, toaster, words.at_once());
                    view! {
                        <div class="button-row">
                            <Button icon=Glyph::History label=words.say(Language::restore_record) on_click=restore />
                        </div>
                    }
                })}
            {(may_edit && (reviews || state != State::Withdrawn))
                .then(|| {
                    view! {
                        <div class="button-row">
                            {reviews.then(|| view! { <Edit view=view is_main=state == State::Draft /> })}
                            {take_away()}
                        </div>
                    }
                })}
            {next
                .map(|href| {
                    view! {
                        <div class="button-row">
                            <A href=href attr:class="button">
                                <Icon glyph=Glyph::People />
                                <span>{words.say(Language::next_session)}</span>
                            </A>
                        </div>
                    }
                })}
        </header>
    }
}

/// The way into the form.
#[component]
fn Edit(view: StoredValue<View>, is_main: bool) -> impl IntoView {
    let words = use_words();
    let query = use_router().query();
    let (record, state) = view.with_value(|view| (view.record, view.state));
    let href = Signal::derive(move || edit_from_href(record, &query.read()));
    let label = match state {
        State::Draft => Language::continue_filling,
        State::Submitted | State::Returned | State::Approved | State::Withdrawn => Language::amend,
    };
    view! {
        <A href=href attr:class=if is_main { "button button-primary" } else { "button" }>
            <Icon glyph=Glyph::Fill />
            <span>{words.say(label)}</span>
        </A>
    }
}

/// Puts a draft away; it can be brought back at once.
#[component]
fn Delete(record: RecordId) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let toaster = expect_context::<Toaster>();
    let router = use_router();
    let delete = move |()| {
        let list = list_href(&router.query().read_untracked());
        tasks::spawn(async move {
            let language = words.at_once();
            let toast = match records.delete(record).await {
                Ok(()) => {
                    router.go(&list);
                    // What is said of a page goes by time once that is left: this is said on the list.
                    tasks::sleep(0).await;
                    deleted(record, records, toaster, language)
                }
                Err(error) => {
                    crate::platform::log_error(&format!("not deleted: {error}"));
                    Toast { text: language.could_not_delete().to_owned(), action: None }
                }
            };
            toaster.show(toast);
        });
    };
    view! { <Button kind=ButtonKind::Quiet icon=Glyph::Bin label=words.say(Language::delete_record) on_click=delete /> }
}

/// That a record was deleted, and the way back.
pub(super) fn deleted(
    record: RecordId,
    records: Records,
    toaster: Toaster,
    language: Language,
) -> Toast {
    let undo = move || bring_back(record, records, toaster, language);
    Toast {
        text: language.record_deleted().to_owned(),
        action: Some((language.undo().to_owned(), Arc::new(undo))),
    }
}

fn bring_back(record: RecordId, records: Records, toaster: Toaster, language: Language) {
    tasks::spawn(async move {
        if let Err(error) = records.undelete(record).await {
            crate::platform::log_error(&format!("not brought back: {error}"));
            toaster.show(Toast { text: language.could_not_restore().to_owned(), action: None });
        }
    });
}
