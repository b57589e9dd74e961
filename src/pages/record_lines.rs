//! The lines of a record on screen: headings, and under each a list of its answers.

use leptos::prelude::*;
use sync::wire::FileRef;

use super::record_outline::{Answer, Line};
use crate::components::{Glyph, Icon, RichText};
use crate::form_view::{FilePicture, StoredFile};
use crate::locale::Language;
use crate::stores::preferences::use_words;

/// Headings, and the answers between two of them as one list.
pub(super) fn draw_lines(lines: Vec<Line>) -> Vec<AnyView> {
    let mut drawn = Vec::new();
    let mut answers = Vec::new();
    for line in lines {
        match line {
            Line::Heading(depth, text) => {
                end_list(&mut answers, &mut drawn);
                drawn.push(draw_heading(depth, text));
            }
            Line::Folded(name, departing, lines) => {
                end_list(&mut answers, &mut drawn);
                let row = view! {
                    <details class="answers-folded">
                        <summary>
                            <RichText text=name />
                            " "
                            <span class="row-departures">{departing}</span>
                        </summary>
                        {draw_lines(lines)}
                    </details>
                };
                drawn.push(row.into_any());
            }
            Line::Note(text) => {
                end_list(&mut answers, &mut drawn);
                drawn.push(view! { <p class="note"><RichText text=text /></p> }.into_any());
            }
            Line::Answer { path, label, answers: given, was } => {
                answers.push(draw_answers(path, label, given, was));
            }
        }
    }
    end_list(&mut answers, &mut drawn);
    drawn
}

fn end_list(answers: &mut Vec<AnyView>, drawn: &mut Vec<AnyView>) {
    if !answers.is_empty() {
        drawn.push(view! { <dl>{std::mem::take(answers)}</dl> }.into_any());
    }
}

fn draw_heading(depth: usize, text: String) -> AnyView {
    let text = view! { <RichText text=text /> };
    match depth {
        0 => view! { <h2 class="answers-heading">{text}</h2> }.into_any(),
        1 => view! { <h3 class="answers-heading answers-below">{text}</h3> }.into_any(),
        _ => view! { <h4 class="answers-heading answers-below">{text}</h4> }.into_any(),
    }
}

fn draw_answers(path: String, label: String, answers: Vec<Answer>, was: Vec<Answer>) -> AnyView {
    let words = use_words();
    let is_contested = answers.len() > 1;
    let alt = label.clone();
    let draw_before = |answer| {
        let answer = draw_answer(answer, &alt);
        view! { <dd class="muted">{move || words.now().before_that()}": "{answer}</dd> }
    };
    let was = was.into_iter().map(draw_before).collect_view();
    view! {
        <div class="answer" class:answer-contested=is_contested data-path=path>
            <dt><RichText text=label /></dt>
            {answers.into_iter().map(|answer| view! { <dd>{draw_answer(answer, &alt)}</dd> }).collect_view()}
            {was}
            {is_contested.then(|| view! { <dd class="muted">{words.say(Language::both_stand)}</dd> })}
        </div>
    }
    .into_any()
}

pub(super) fn draw_answer(answer: Answer, label: &str) -> AnyView {
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
        Answer::Missing(name) => {
            let text = move || words.now().file_did_not_come(&name);
            view! { <span class="answer-text answer-missing"><Icon glyph=Glyph::Warning />{text}</span> }.into_any()
        }
    }
}

fn draw_file(file: FileRef, label: String) -> AnyView {
    if file.media_type.starts_with("image/") {
        return view! { <FilePicture file=Signal::stored(Some(file)) alt=label /> }.into_any();
    }
    view! { <StoredFile file=file /> }.into_any()
}
