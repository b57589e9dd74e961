//! The controls that answer questions, one file each, and which of them a question gets.

mod acknowledge;
mod annotate;
mod autocomplete;
mod barcode;
mod camera;
mod compass;
mod date;
mod file;
mod found_choices;
mod geopoint;
mod geotrace;
mod image_map;
mod map;
mod note;
mod number;
mod photo;
mod range;
mod rank;
mod recording;
mod select_many;
mod select_one;
mod signature;
mod text;
mod time;

use std::sync::Arc;

pub(super) use autocomplete::OneSheet;
pub use barcode::scan_with;
pub(super) use barcode::{ReaderSlot, ScanSheet};
pub use date::read_back;
pub(super) use number::Number;
pub(super) use select_many::with_choice;
pub(super) use signature::SignSheet;

use form::{Choice, DataType, Question, QuestionControl};
use leptos::prelude::*;

use crate::components::plain_text;
use crate::reactive::effect;

use super::question::Asked;
use crate::platform::document;

/// From so many choices on, a list with a search serves better than a page of buttons.
const MANY_CHOICES: usize = 30;

/// The control of a question.
pub(super) fn draw(asked: Asked, question: &Arc<Question>) -> AnyView {
    use QuestionControl as Control;
    match &question.control {
        Control::Note => view! { <note::Note asked=asked /> }.into_any(),
        Control::Trigger => view! { <acknowledge::Acknowledge asked=asked /> }.into_any(),
        Control::Select1 | Control::Select if asked.looks("image-map") => {
            view! { <image_map::ImageMap asked=asked many=question.control == Control::Select /> }.into_any()
        }
        Control::Select1 if asked.looks("map") => view! { <map::ChooseOnMap asked=asked /> }.into_any(),
        Control::Select1 => one_of(asked),
        Control::Select if is_sheet(asked) => view! { <autocomplete::ChooseMany asked=asked /> }.into_any(),
        Control::Select => view! { <select_many::SelectMany asked=asked /> }.into_any(),
        Control::Rank => view! { <rank::Rank asked=asked /> }.into_any(),
        Control::Range { .. } => view! { <range::Range asked=asked question=Arc::clone(question) /> }.into_any(),
        Control::Upload { media } if media.starts_with("image") && is_drawn(asked) => {
            view! { <signature::Signature asked=asked /> }.into_any()
        }
        Control::Upload { media } if media.starts_with("image") => {
            view! { <photo::Photo asked=asked max_pixels=question.parameter("max-pixels").and_then(|pixels| pixels.parse().ok()) /> }.into_any()
        }
        Control::Upload { media } if media.starts_with("audio") || media.starts_with("video") => {
            view! { <recording::Recording asked=asked media=media.clone() bits=recording::bits(question.parameter("quality")) /> }.into_any()
        }
        Control::Upload { media } => view! { <file::FileUpload asked=asked media=media.clone() /> }.into_any(),
        Control::Secret => view! { <text::Text asked=asked rows=question.parameter("rows").and_then(|rows| rows.parse().ok()) secret=true /> }.into_any(),
        Control::Input => input(asked, question),
    }
}

/// One of a list.
fn one_of(asked: Asked) -> AnyView {
    match is_sheet(asked) {
        true => view! { <autocomplete::ChooseOne asked=asked /> }.into_any(),
        false => view! { <select_one::SelectOne asked=asked /> }.into_any(),
    }
}

fn input(asked: Asked, question: &Arc<Question>) -> AnyView {
    match question.data_type {
        DataType::Int => view! { <Number asked=asked whole=true /> }.into_any(),
        DataType::Decimal => view! { <Number asked=asked whole=false /> }.into_any(),
        DataType::Date => view! { <date::Date asked=asked /> }.into_any(),
        DataType::Time => view! { <time::Time asked=asked /> }.into_any(),
        DataType::DateTime => view! { <time::DateTime asked=asked /> }.into_any(),
        DataType::Geopoint => {
            view! { <geopoint::Geopoint asked=asked wanted=geopoint::Wanted::by(question) /> }.into_any()
        }
        DataType::Geotrace | DataType::Geoshape => {
            let closed = question.data_type == DataType::Geoshape;
            view! { <geotrace::Geotrace asked=asked closed=closed wanted=geopoint::Wanted::by(question) /> }.into_any()
        }
        DataType::Barcode => view! { <barcode::Barcode asked=asked /> }.into_any(),
        DataType::String
        | DataType::Boolean
        | DataType::Binary
        | DataType::Intent => {
            view! { <text::Text asked=asked rows=question.parameter("rows").and_then(|rows| rows.parse().ok()) secret=asked.looks("masked") /> }.into_any()
        }
    }
}

/// Whether the choices of a question are listed on a sheet of their own.
pub(super) fn is_sheet(asked: Asked) -> bool {
    let asks_for_it =
        ["minimal", "autocomplete", "search"].into_iter().any(|word| asked.looks(word));
    asks_for_it
        || (columns(asked) == Columns::None
            && asked.entry.choices(asked.id).read_untracked().len() > MANY_CHOICES)
}

/// Whether the choices of a question stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    None,
    /// As many as there is room for.
    Some,
    Exactly(u8),
}

fn columns(asked: Asked) -> Columns {
    asked.state.with_untracked(|state| columns_of(&state.appearance))
}

fn columns_of(appearance: &[String]) -> Columns {
    let looks = |sought: &str| appearance.iter().any(|word| word == sought);
    let is_asked = looks("columns")
        || looks("columns-pack")
        || looks("likert")
        || looks("horizontal")
        || looks("horizontal-compact")
        || looks("compact")
        || looks("quickcompact");
    let counted = appearance.iter().find_map(|word| {
        let count = word.strip_prefix("columns-").or_else(|| word.strip_prefix("compact-"))?;
        count.parse().ok().filter(|count| (1..=10).contains(count))
    });
    match counted {
        Some(count) => Columns::Exactly(count),
        None if is_asked => Columns::Some,
        None => Columns::None,
    }
}

/// What a choice is called: its label, else what is stored for it.
pub(super) fn choice_text(choice: &Choice) -> String {
    let text = &choice.label.text;
    if text.is_empty() { choice.value.clone() } else { text.clone() }
}

/// The same as plain text, for names and for what is told of an answer.
pub(super) fn choice_name(choice: &Choice) -> String {
    let name = plain_text(&choice.label.text);
    if name.is_empty() { choice.value.clone() } else { name }
}

/// What is told of a chosen value: it stays as it is stored where no choice has it any more.
pub(super) fn chosen_name(choices: &[Choice], value: &str) -> String {
    let choice = choices.iter().find(|choice| choice.value == value);
    choice.map_or_else(|| value.to_owned(), choice_name)
}

/// What a number of a range is called, if the form says so.
pub(super) fn number_name(names: &[Choice], number: &str) -> Option<String> {
    let is_its = |name: &&Choice| !name.label.text.is_empty() && is_same(&name.value, number);
    names.iter().find(is_its).map(choice_name)
}

/// Whether two texts are the same number: `3` and `3.0` are.
fn is_same(a: &str, b: &str) -> bool {
    a == b || form::parse_number(a).is_some_and(|a| form::parse_number(b) == Some(a))
}

/// Whether an answer has a choice. Only where several may be chosen does a space stand between two.
pub(super) fn is_chosen(value: &str, choice: &str, many: bool) -> bool {
    chosen(value, many).any(|one| one == choice)
}

/// The choices that an answer has.
fn chosen(value: &str, many: bool) -> impl Iterator<Item = &str> {
    let whole = (!many && !value.is_empty()).then_some(value);
    whole.into_iter().chain(value.split_whitespace().filter(move |_| many))
}

fn is_drawn(asked: Asked) -> bool {
    ["signature", "draw"].into_iter().any(|word| asked.looks(word))
}

/// Keeps what stands in a text input right without ever writing over what is being typed.
///
/// The browser owns the text of its inputs: writing it back while a Vietnamese keyboard composes moves the
/// cursor and doubles letters. So an input is written only when the answer became something else than what
/// was typed in it, or the language another, and nobody is in it.
#[derive(Clone, Copy)]
struct Typing {
    asked: Asked,
    /// How the answer stands in the input.
    show: Callback<String, String>,
    typed: StoredValue<String>,
    is_inside: StoredValue<bool>,
}

impl Typing {
    fn new(asked: Asked, show: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        let value = asked.value();
        let typing = Self {
            asked,
            show: Callback::new(show),
            typed: StoredValue::new(value.get_untracked()),
            is_inside: StoredValue::new(false),
        };
        let mut shown_in = asked.words.at_once();
        effect(move || {
            let (value, language) = (value.get(), asked.words.now());
            if shown_in != language || typing.typed.with_value(|typed| *typed != value) {
                shown_in = language;
                typing.typed.set_value(value);
                if !typing.is_inside.get_value() {
                    typing.write();
                }
            }
        });
        typing
    }

    /// What the input begins with.
    fn start(self) -> String {
        self.show.run(self.typed.get_value())
    }

    /// The answer as typed, in the form's notation.
    fn take(self, value: &str) {
        self.typed.try_update_value(|typed| value.clone_into(typed));
        self.asked.entry.answer(self.asked.id, value);
    }

    fn enter(self) {
        self.is_inside.try_update_value(|is_inside| *is_inside = true);
    }

    /// Once nobody is in it, the input shows the answer as it was understood.
    fn leave(self) {
        self.is_inside.try_update_value(|is_inside| *is_inside = false);
        self.write();
    }

    fn write(self) {
        let Some(typed) = self.typed.try_get_value() else { return };
        document::write_text(&self.asked.input_id(), &self.show.run(typed));
    }

    /// Writes it otherwise for who has come in and may change it.
    fn rewrite(self, show: impl FnOnce(String) -> String) {
        let is_inside = self.is_inside.try_get_value() == Some(true);
        if !is_inside || self.asked.readonly().get_untracked() {
            return;
        }
        let Some(typed) = self.typed.try_get_value() else { return };
        document::rewrite_text(&self.asked.input_id(), &show(typed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_stand_in_as_many_columns_as_the_form_asks_for() {
        let cases = [
            ("", Columns::None),
            ("no-buttons list columns-x compact-0", Columns::None),
            ("columns-pack", Columns::Some),
            ("likert", Columns::Some),
            ("quickcompact", Columns::Some),
            ("horizontal-compact", Columns::Some),
            ("columns-3", Columns::Exactly(3)),
            ("compact-2 no-buttons", Columns::Exactly(2)),
        ];
        for (appearance, expected) in cases {
            let words: Vec<String> = appearance.split_whitespace().map(str::to_owned).collect();
            assert_eq!(columns_of(&words), expected, "{appearance}");
        }
    }

    #[test]
    fn a_choice_with_a_space_in_it_is_one_where_one_is_chosen() {
        let cases = [
            ("Đồng Nai", false, vec!["Đồng Nai"]),
            ("do vang", true, vec!["do", "vang"]),
            ("do", true, vec!["do"]),
            ("", false, vec![]),
            ("", true, vec![]),
        ];
        for (value, many, all) in cases {
            assert_eq!(chosen(value, many).collect::<Vec<_>>(), all, "{value}");
        }
        assert!(is_chosen("Đồng Nai", "Đồng Nai", false) && !is_chosen("do vang", "do", false));
    }
}
