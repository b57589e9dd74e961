//! One record: its answers as the form tells them, and its history. Shown by [`super::RecordsPage`].

use std::sync::Arc;

use form::{Environment, Program, Session};
use leptos::prelude::*;
use sync::view::RecordView as View;
use sync::wire::{FileRef, RecordId, State, Value};

use super::record_outline::{Answer, Line, outline, outline_by_path};
use super::record_row::{StateBadge, form_title};
use super::{edit_href, moment};
use crate::components::{
    Badge, Banner, Button, ButtonKind, EmptyState, Glyph, Icon, RichText, Toast, Toaster, Tone,
};
use crate::form_view::FilePicture;
use crate::locale::Language;
use crate::platform::{clock, tasks};
use crate::router::{A, use_router};
use crate::stores::{
    Library, Records,
    preferences::use_words,
    records::{FetchError, HistoryEntry},
};

/// What is known of a record, and its form if it is on this phone.
type Loaded = Option<(View, Option<Arc<Program>>)>;

/// One record. It is read anew when a pull or another person changes it.
#[component]
pub(super) fn RecordView(record: RecordId) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    let loaded = RwSignal::new(None::<Loaded>);
    let changed = Memo::new(move |_| {
        records.all().track();
        records.summary(record)
    });
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody reads never looks at what it is made of.
        changed.get();
        tasks::spawn(async move {
            let view = match records.view(record).await {
                Ok(view) => view,
                Err(error) => {
                    crate::platform::log_error(&format!("record not read: {error}"));
                    None
                }
            };
            let news = match view {
                Some(view) => {
                    let program = library.program(view.form.hash).await.ok();
                    Some((view, program))
                }
                None => None,
            };
            loaded.try_set(Some(news));
        });
    });
    view! {
        <article class="record">
            {move || match loaded.get() {
                None => view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any(),
                Some(None) => view! { <NotHere /> }.into_any(),
                Some(Some((view, program))) => view! { <Shown view=view program=program /> }.into_any(),
            }}
        </article>
    }
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
    let href = Signal::derive(move || format!("/records{}", query.read().suffix()));
    view! {
        <A href=href attr:class="button button-quiet phone-only">
            <Icon glyph=Glyph::Back />
            <span>{words.say(Language::records)}</span>
        </A>
    }
}

#[component]
fn Shown(view: View, program: Option<Arc<Program>>) -> impl IntoView {
    let words = use_words();
    let has_form = program.is_some();
    let view = StoredValue::new(view);
    let lines = Memo::new(move |_| {
        let language = words.now();
        view.with_value(|view| match &program {
            Some(program) => outline(&read_only(program, view, language), view, language),
            None => outline_by_path(view),
        })
    });
    let record = view.with_value(|view| view.record);
    view! {
        <BackToList />
        <Head view=view />
        <Show when=move || !has_form>
            <Banner tone=Tone::Attention title=words.say(Language::form_of_record_missing) />
        </Show>
        <Show when=move || lines.read().is_empty()>
            <p class="muted">{words.say(Language::no_answers)}</p>
        </Show>
        <dl class="answers">
            {move || lines.get().into_iter().map(draw_line).collect_view()}
        </dl>
        <History record=record />
    }
}

/// The record in the engine, to be read: labels, choices and what is relevant come from there.
fn read_only(program: &Arc<Program>, view: &View, language: Language) -> Session {
    let text = |value: &Value| match value {
        Value::Empty => None,
        Value::Text(text) => Some(text.clone()),
        Value::File(file) => Some(file.name.clone()),
    };
    let fields = sync::gather(
        view.fields.iter().filter_map(|(path, value)| Some((path.clone(), text(value)?))),
    );
    let environment = Environment { now: clock::local_now(), ..Environment::default() };
    let mut session = Session::resume(program.clone(), environment, &fields);
    let name =
        session.languages().iter().find(|name| Language::of_form(&name.name) == Some(language));
    if let Some(name) = name.map(|name| name.name.clone()) {
        session.set_language(&name);
    }
    session
}

#[component]
fn Head(view: StoredValue<View>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let View { record, form, unit, author, state, title, pending, changed_ms, .. } =
        view.get_value();
    let form_id = form.id;
    let heading_form = form_id.clone();
    let heading = move || {
        if title.is_empty() {
            form_title(library, words.now(), &heading_form)
        } else {
            title.clone()
        }
    };
    let action = Signal::derive(move || {
        let language = words.now();
        match state {
            State::Draft => language.continue_filling(),
            State::Submitted | State::Returned | State::Approved | State::Withdrawn => {
                language.amend()
            }
        }
        .to_owned()
    });
    view! {
        <header class="record-head">
            <h1>{heading}</h1>
            <p class="record-marks">
                <StateBadge state=state />
                {pending.then(|| view! { <Badge tone=Tone::Attention icon=Glyph::Phone label=words.say(Language::not_sent) /> })}
            </p>
            <dl class="facts facts-inline">
                <dt>{words.say(Language::form)}</dt>
                <dd>{move || form_title(library, words.now(), &form_id)}</dd>
                <dt>{words.say(Language::unit)}</dt>
                <dd>{move || library.unit_name(&unit, words.now())}</dd>
                <dt>{words.say(Language::author)}</dt>
                <dd>{author}</dd>
                <dt>{words.say(Language::changed)}</dt>
                <dd>{move || moment(words.now(), changed_ms)}</dd>
            </dl>
            <div class="button-row">
                <A href=edit_href(record) attr:class="button button-primary">
                    <Icon glyph=Glyph::Fill />
                    <span>{action}</span>
                </A>
                {(state == State::Draft).then(|| view! { <Delete record=record /> })}
            </div>
        </header>
    }
}

/// Puts a draft away; it can be brought back at once.
#[component]
fn Delete(record: RecordId) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let toaster = expect_context::<Toaster>();
    let router = use_router();
    let bring_back = move || {
        tasks::spawn(async move {
            if let Err(error) = records.undelete(record).await {
                crate::platform::log_error(&format!("not brought back: {error}"));
            }
        });
    };
    let delete = move |()| {
        tasks::spawn(async move {
            let language = words.at_once();
            let toast = match records.delete(record).await {
                Ok(()) => {
                    router.go("/records");
                    Toast {
                        text: language.record_deleted().to_owned(),
                        action: Some((language.undo().to_owned(), Arc::new(bring_back))),
                    }
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

fn draw_line(line: Line) -> AnyView {
    let words = use_words();
    match line {
        Line::Heading(depth, text) => view! {
            <div class=format!("answers-heading answers-depth-{}", depth.min(3)) role="heading" attr:aria-level=(depth + 2).to_string()>
                <RichText text=text />
            </div>
        }
        .into_any(),
        Line::Answer { path, label, answers } => {
            let is_contested = answers.len() > 1;
            let alt = label.clone();
            view! {
                <div class="answer" class:answer-contested=is_contested data-path=path>
                    <dt><RichText text=label /></dt>
                    {answers.into_iter().map(|answer| view! { <dd>{draw_answer(answer, &alt)}</dd> }).collect_view()}
                    {is_contested
                        .then(|| view! { <dd class="muted">{words.say(Language::both_stand)}</dd> })}
                </div>
            }
            .into_any()
        }
    }
}

fn draw_answer(answer: Answer, label: &str) -> AnyView {
    let words = use_words();
    match answer {
        Answer::Text(text) => view! { <span class="answer-text">{text}</span> }.into_any(),
        Answer::Place(text, href) => view! {
            <span class="answer-text">{text}</span>
            " "
            <a href=href target="_blank" rel="noopener noreferrer">{words.say(Language::open_map)}</a>
        }
        .into_any(),
        Answer::File(file) => draw_file(file, label.to_owned()),
    }
}

fn draw_file(file: FileRef, label: String) -> AnyView {
    let words = use_words();
    if file.media_type.starts_with("image/") {
        return view! { <FilePicture file=Signal::stored(Some(file)) alt=label /> }.into_any();
    }
    let text = move || format!("{} ({})", file.name, words.now().bytes(file.size));
    view! { <span class="answer-text"><Icon glyph=Glyph::Clip />{text}</span> }.into_any()
}

/// Where fetching the history stands.
#[derive(Clone)]
enum Asked {
    No,
    Running,
    Told(Result<Vec<HistoryEntry>, FetchError>),
}

/// Who did what, told by the server when it can be reached.
#[component]
fn History(record: RecordId) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let asked = RwSignal::new(Asked::No);
    let ask = move |()| {
        asked.set(Asked::Running);
        tasks::spawn(async move {
            asked.try_set(Asked::Told(records.history(record).await));
        });
    };
    let failure = move |error: &FetchError| match error {
        FetchError::Http(_) => Language::history_needs_network,
        FetchError::Refused(code) if code == "not_found" => Language::history_empty,
        FetchError::Refused(_) | FetchError::Garbled(_) | FetchError::Storage(_) => {
            Language::history_failed
        }
    };
    view! {
        <section class="history" aria-labelledby="history-heading">
            <h2 id="history-heading">{words.say(Language::history)}</h2>
            {move || match asked.get() {
                Asked::No => {
                    view! { <Button icon=Glyph::History label=words.say(Language::show_history) on_click=ask /> }.into_any()
                }
                Asked::Running => view! { <p class="muted" role="status">{words.say(Language::opening)}</p> }.into_any(),
                Asked::Told(Err(error)) => {
                    view! {
                        <p class="muted">{words.say(failure(&error))}</p>
                        <Button label=words.say(Language::try_again) on_click=ask />
                    }
                        .into_any()
                }
                Asked::Told(Ok(entries)) if entries.is_empty() => {
                    view! { <p class="muted">{words.say(Language::history_empty)}</p> }.into_any()
                }
                Asked::Told(Ok(entries)) => {
                    view! { <ol class="history-list">{entries.into_iter().map(history_line).collect_view()}</ol> }.into_any()
                }
            }}
        </section>
    }
}

fn history_line(entry: HistoryEntry) -> AnyView {
    let words = use_words();
    let count = entry
        .fields
        .as_object()
        .map(serde_json::Map::len)
        .or_else(|| entry.fields.as_array().map(Vec::len))
        .unwrap_or_default();
    let who = if entry.author_name.is_empty() { entry.author } else { entry.author_name };
    let what = move || {
        let language = words.now();
        let did = match entry.action.as_str() {
            "create" => language.did_create(),
            "edit" => language.did_edit(),
            "submit" => language.did_submit(),
            "amend" => language.did_amend(),
            "delete" => language.did_delete(),
            "undelete" => language.did_undelete(),
            "resolve" => language.did_resolve(),
            other => other,
        };
        format!("{did} ({})", language.field_count(count))
    };
    let when = move || {
        let language = words.now();
        format!(
            "{} · {} {} · {}",
            moment(language, entry.wall_ms),
            language.received(),
            moment(language, entry.received_ms),
            entry.device
        )
    };
    view! {
        <li>
            <p><strong>{who}</strong>" "{what}</p>
            <p class="muted">{when}</p>
        </li>
    }
    .into_any()
}
