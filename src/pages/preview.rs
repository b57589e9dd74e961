//! `/forms/preview`: tries a form that was dropped on the page, or that `?src=` names on this server; with `?view=whole` on one page.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use super::{InPart, Later, title_page};
use crate::components::{Badge, Banner, Button, ButtonKind, Glyph, Icon, Tone};
use crate::form_view::FormView;
use crate::locale::Language;
use crate::platform::{
    console,
    files::{self, File, Picked},
    http::Request,
    log_error, tasks,
};
use crate::router::{A, use_router};
use crate::stores::{
    FormEntry,
    preferences::use_words,
    preview::{FormProblem, Preview, PreviewError, SheetProblem, Trial, preview},
    records::is_signed_out,
};

/// How far it is.
#[derive(Clone)]
enum Stage {
    Waiting,
    Reading,
    Failed(Failure),
    Broken(Arc<Vec<FormProblem>>),
    Running(Arc<Vec<FormProblem>>, Box<Trial>),
    Done(Arc<BTreeMap<String, String>>),
}

/// Why there is nothing to show.
#[derive(Clone)]
enum Failure {
    Unreadable,
    Preview(PreviewError),
}

/// Takes a form, and runs it.
#[component]
pub fn PreviewPage() -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::preview));
    let stage = RwSignal::new(Stage::Waiting);
    let last = StoredValue::new(Vec::<Picked>::new());
    // A form that was tried stays until the page goes: its views may still look at it.
    let tried = StoredValue::new(Vec::<Owner>::new());
    let here = Owner::current().unwrap_or_default();
    let query = use_router().query().get_untracked();
    let on_one_page = query.get("view").as_deref() == Some("whole");
    let run = Callback::new(move |()| {
        stage.set(Stage::Reading);
        let owner = here.child();
        tried.update_value(|tried| tried.push(owner.clone()));
        let picked = last.get_value();
        tasks::spawn(async move {
            stage.try_set(match preview(picked, &owner).await {
                Ok(Preview { problems, trial: Some(trial) }) => {
                    if on_one_page {
                        trial.entry.show_whole(true);
                    }
                    offer_to_console(trial.entry);
                    Stage::Running(problems, Box::new(trial))
                }
                Ok(Preview { problems, trial: None }) => Stage::Broken(problems),
                Err(error) => {
                    log_error(&format!("no preview: {error}"));
                    Stage::Failed(Failure::Preview(error))
                }
            });
        });
    });
    let take = Callback::new(move |dropped: Vec<File>| {
        if dropped.is_empty() {
            return;
        }
        stage.set(Stage::Reading);
        tasks::spawn(async move {
            let mut picked = Vec::new();
            for file in dropped {
                match files::read(&file).await {
                    Ok(file) => picked.push(file),
                    Err(error) => {
                        log_error(&error.to_string());
                        stage.try_set(Stage::Failed(Failure::Unreadable));
                        return;
                    }
                }
            }
            last.try_set_value(picked);
            run.try_run(());
        });
    });
    fetch_named(query.get("src").unwrap_or_default(), last, run, stage);
    view! {
        <div
            class="entry-page"
            on:dragover=move |event| event.prevent_default()
            on:drop=move |event| {
                event.prevent_default();
                take.run(files::dropped(&event));
            }
        >
            <p class="preview-line">{words.say(Language::preview_runs)}</p>
            <main class="entry-main">
                {move || match stage.get() {
                    Stage::Running(problems, trial) => {
                        let trial = *trial;
                        let submitted = move |()| {
                            stage.set(Stage::Done(Arc::new(trial.entry.relevant_fields())));
                        };
                        provide_context(trial.records);
                        view! {
                            {(!problems.is_empty()).then(|| view! { <ProblemFold problems=problems.clone() /> })}
                            <FormView
                                entry=trial.entry
                                on_leave=move |()| stage.set(Stage::Waiting)
                                on_submitted=submitted
                                map=|| view! { <InPart screen=Later::Map /> }
                                codes=|| view! { <InPart screen=Later::Codes /> }
                            />
                        }
                            .into_any()
                    }
                    Stage::Waiting => view! { <Choosing take=take /> }.into_any(),
                    Stage::Reading => {
                        view! { <p class="opening" role="status">{words.say(Language::preview_reading)}</p> }.into_any()
                    }
                    Stage::Failed(failure) => {
                        let title = Signal::derive(move || why_not(words.now(), &failure));
                        view! {
                            <Choosing take=take>
                                <Banner tone=Tone::Bad title=title />
                            </Choosing>
                        }
                            .into_any()
                    }
                    Stage::Broken(problems) => {
                        view! {
                            <Choosing take=take>
                                <Banner tone=Tone::Bad title=words.say(Language::preview_stops) />
                                <ProblemList problems=problems.clone() />
                            </Choosing>
                        }
                            .into_any()
                    }
                    Stage::Done(fields) => {
                        view! { <Filled fields=fields take=take again=run /> }.into_any()
                    }
                }}
            </main>
        </div>
    }
}

/// What a harness that compares form engines asks of a page: the submission, the same with every rule looked at, and
/// the program's memory.
fn offer_to_console(entry: FormEntry) {
    let xml = move || entry.to_xml().map(Into::into).unwrap_or_default();
    console::offer("__peerSerialize", xml);
    console::offer("__peerValidateAndSerialize", move || {
        drop(entry.violations());
        xml()
    });
    console::offer("__wasmBytes", || console::memory_bytes().into());
}

/// Reads the form that the address names. Only this server's: a form of elsewhere could show anything in our name.
fn fetch_named(
    source: String,
    last: StoredValue<Vec<Picked>>,
    run: Callback<()>,
    stage: RwSignal<Stage>,
) {
    if !source.starts_with('/') || source.starts_with("//") || source.contains('\\') {
        return;
    }
    stage.set(Stage::Reading);
    tasks::spawn(async move {
        let name = source.rsplit('/').next().unwrap_or_default().to_owned();
        match Request::get(source).send(&[]).await {
            Ok(answer) if answer.is_ok() => {
                let media_type = String::new();
                last.try_set_value(vec![Picked { name, media_type, bytes: answer.body }]);
                run.try_run(());
            }
            Ok(answer) => {
                let refused = PreviewError::refused(&answer);
                stage.try_set(Stage::Failed(Failure::Preview(refused)));
            }
            Err(error) => {
                stage.try_set(Stage::Failed(Failure::Preview(error.into())));
            }
        }
    });
}

fn why_not(language: Language, failure: &Failure) -> String {
    let text = match failure {
        Failure::Preview(PreviewError::Wait(minutes)) => return language.asked_to_wait(*minutes),
        Failure::Unreadable => language.file_unreadable(),
        Failure::Preview(PreviewError::NoForm) => language.preview_no_form(),
        Failure::Preview(PreviewError::Http(_)) => language.preview_needs_network(),
        Failure::Preview(PreviewError::Refused(code)) => match code.as_str() {
            code if is_signed_out(code) => language.preview_needs_sign_in(),
            "too_large" => language.preview_too_large(),
            _ => language.preview_failed(),
        },
        Failure::Preview(PreviewError::Garbled(_) | PreviewError::Storage(_)) => {
            language.preview_failed()
        }
    };
    text.to_owned()
}

/// Where files are dropped or chosen.
#[component]
fn Choosing(
    take: Callback<Vec<File>>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let words = use_words();
    view! {
        <div class="page preview">
            <header class="page-head">
                <h1>{words.say(Language::preview)}</h1>
                <p class="muted">{words.say(Language::preview_why)}</p>
            </header>
            {children.map(|children| children())}
            <div class="drop-zone"><FilesButton label=words.say(Language::preview_choose) take=take /></div>
            <A href="/" attr:class="button">
                <Icon glyph=Glyph::Back />
                <span>{words.say(Language::to_today)}</span>
            </A>
        </div>
    }
}

#[component]
fn FilesButton(#[prop(into)] label: Signal<String>, take: Callback<Vec<File>>) -> impl IntoView {
    view! {
        <label class="button button-primary file-button">
            <input
                class="visually-hidden"
                type="file"
                multiple
                accept=".xlsx,.xlsm,.xml,.csv,.md,.geojson,image/*,audio/*,video/*"
                on:change:target=move |event| take.run(files::take_all_picked(&event.target()))
            />
            <Icon glyph=Glyph::Clip />
            <span>{move || label.get()}</span>
        </label>
    }
}

/// The problems of a form that runs, folded.
#[component]
fn ProblemFold(problems: Arc<Vec<FormProblem>>) -> impl IntoView {
    let words = use_words();
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let warnings = problems.len() - errors;
    view! {
        <details class="preview-problems">
            <summary>{move || words.now().form_problems(errors, warnings)}</summary>
            <ProblemList problems=problems />
        </details>
    }
}

#[component]
fn ProblemList(problems: Arc<Vec<FormProblem>>) -> impl IntoView {
    let words = use_words();
    let row = |problem: FormProblem| {
        let (tone, glyph, kind): (_, _, fn(Language) -> &'static str) = if problem.is_error() {
            (Tone::Bad, Glyph::Warning, Language::problem_stops)
        } else {
            (Tone::Attention, Glyph::Info, Language::problem_warns)
        };
        let problem = StoredValue::new(problem);
        let place = move || problem.with_value(|problem| place_of(words.now(), problem));
        let text = move || problem.with_value(|problem| text_of(words.now(), problem));
        view! {
            <li>
                <Badge tone=tone icon=glyph label=words.say(kind) />
                <strong>{place}</strong>
                <span>{text}</span>
            </li>
        }
    };
    view! { <ol class="form-problems">{problems.iter().cloned().map(row).collect_view()}</ol> }
}

fn place_of(language: Language, problem: &FormProblem) -> String {
    match problem {
        FormProblem::Sheet(SheetProblem { sheet, row, column, header, .. }) => {
            let column = column.as_deref().zip(header.as_deref());
            sheet.as_ref().map_or_else(String::new, |sheet| language.cell(sheet, *row, column))
        }
        FormProblem::Node(problem) => problem.place.clone(),
        FormProblem::Broken(_) => String::new(),
    }
}

fn text_of(language: Language, problem: &FormProblem) -> String {
    match problem {
        FormProblem::Sheet(problem) => problem.text.get(language).to_owned(),
        FormProblem::Node(problem) => language.node_problem(&problem.kind),
        FormProblem::Broken(error) => language.no_xform(error),
    }
}

/// What was filled in.
#[component]
fn Filled(
    fields: Arc<BTreeMap<String, String>>,
    take: Callback<Vec<File>>,
    again: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let row = |(path, value): (&String, &String)| {
        view! {
            <dt>{path.clone()}</dt>
            <dd>{value.clone()}</dd>
        }
    };
    let rows = fields.iter().map(row).collect_view();
    view! {
        <div class="page preview">
            <header class="page-head"><h1>{words.say(Language::preview)}</h1></header>
            <Banner tone=Tone::Good title=words.say(Language::preview_done) />
            <dl class="facts card">{rows}</dl>
            <div class="button-row">
                <Button kind=ButtonKind::Primary label=words.say(Language::preview_again) on_click=again />
                <FilesButton label=words.say(Language::preview_other) take=take />
            </div>
        </div>
    }
}
