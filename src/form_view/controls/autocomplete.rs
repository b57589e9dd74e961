//! Choices of a long list: a sheet with a search that folds diacritics, and only the rows in sight drawn.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::found_choices::Found;
use super::select_many::ManyChoice;
use super::{choice_name, choice_text, chosen, chosen_name};
use crate::components::{
    Button, ButtonKind, Glyph, Icon, SearchField, Sheet, VirtualList, rich_text,
};
use crate::form_view::media::choice_picture;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::document;

/// From so many choices on there is a search.
const SEARCH_FROM: usize = 8;

/// How many lines a choice may have at most.
const MOST_LINES: usize = 9;

/// How many lines are as high as the picture of a choice.
const PICTURE_LINES: usize = 5;

/// How many characters stand in a line of the sheet, in a window so many text sizes wide: what the sheet and the choice keep for
/// themselves goes off, and the place of half a word.
fn letters_in_line(width: f64) -> usize {
    ((width.min(40.0) - 3.5) / 0.58 - 2.0).max(8.0) as usize
}

/// The lines that the longest choice needs: rows of one list are equally high, and nobody chooses what is cut off.
fn lines_for(choices: &[Choice], line: usize, has_pictures: bool) -> usize {
    // A picture takes up to two fifths of its line.
    let (least, line) =
        if has_pictures { (PICTURE_LINES, (line * 3 / 5).max(1)) } else { (1, line) };
    let mut longest = 0;
    for choice in choices {
        let text = choice.label.text.trim();
        let breaks = text.matches('\n').count();
        // Few are looked at closely: a text has no more letters than bytes.
        if text.len().max(choice.value.len()) + breaks * line > longest {
            longest = longest.max(choice_name(choice).chars().count() + breaks * line);
        }
    }
    longest.div_ceil(line).clamp(least, MOST_LINES)
}

/// The button that opens the sheet: it shows what is chosen.
#[component]
fn OpenButton(
    asked: Asked,
    open: RwSignal<bool>,
    #[prop(into)] chosen: Signal<String>,
    many: bool,
) -> impl IntoView {
    let words = asked.words;
    let prompt = if many { Language::choose_many } else { Language::choose };
    view! {
        <button
            type="button"
            class="choose-button"
            id=asked.input_id()
            aria-haspopup="dialog"
            aria-labelledby=format!("{} {}", asked.label_id(), asked.input_id())
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            disabled=asked.locked()
            on:click=move |_| open.set(true)
        >
            <span class:muted=move || chosen.read().is_empty()>
                {move || if chosen.read().is_empty() { prompt(words.now()).to_owned() } else { chosen.get() }}
            </span>
            <Icon glyph=Glyph::Expand />
        </button>
    }
}

/// Labels of what is chosen.
fn chosen_labels(asked: Asked, many: bool) -> Memo<Vec<String>> {
    let value = asked.value();
    let choices = asked.entry.choices(asked.id);
    memo(move || {
        let choices = choices.read();
        chosen(&value.read(), many).map(|value| chosen_name(&choices, value)).collect()
    })
}

#[component]
fn ChoiceSheet(
    asked: Asked,
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] row: Callback<Choice, AnyView>,
    many: bool,
) -> impl IntoView {
    let words = asked.words;
    let search = RwSignal::new(String::new());
    let found = Found::new(asked, open, search);
    let all = asked.entry.choices(asked.id);
    // The window may be another each time the sheet opens, and so may the letters.
    let lines = memo(move || {
        open.track();
        let width = document::width_in_letters().unwrap_or_default();
        let all = all.read();
        let has_pictures =
            asked.entry.has_media() && all.iter().any(|choice| choice.label.image.is_some());
        lines_for(&all, letters_in_line(width), has_pictures)
    });
    let close = move |()| {
        open.try_set(false);
    };
    view! {
        <Sheet open=open title=title close_label=words.say(Language::close) on_close=close>
            <Show when=move || { all.read().len() >= SEARCH_FROM }>
                <SearchField
                    label=words.say(Language::search)
                    clear_label=words.say(Language::clear_search)
                    found=Signal::derive(move || words.now().matches(found.count()))
                    on_input=move |text| {
                        search.try_set(text);
                    }
                />
            </Show>
            <div style=("--lines", move || lines.get().to_string())>
            <VirtualList
                class="choice-sheet-list"
                label=asked.label_text()
                count=Signal::derive(move || found.count())
                generation=found.generation()
                row=move |index: usize| found.at(index).map_or_else(|| ().into_any(), |choice| row.run(choice))
            />
            </div>
            <Show when=move || found.count() == 0>
                <p class="muted">
                    {move || {
                        let language = words.now();
                        if all.read().is_empty() { language.no_choices() } else { language.no_choice_matches() }
                    }}
                </p>
            </Show>
            <Show when=move || many>
                <Button kind=ButtonKind::Primary label=words.say(Language::done) on_click=close />
            </Show>
        </Sheet>
    }
}

/// One choice of a long list.
#[component]
pub(super) fn ChooseOne(asked: Asked) -> impl IntoView {
    let open = RwSignal::new(false);
    let labels = chosen_labels(asked, false);
    let can_clear = asked.can_clear();
    view! {
        <OpenButton asked=asked open=open chosen=Signal::derive(move || labels.get().join("; ")) many=false />
        <Show when=move || can_clear.get()>
            <Button kind=ButtonKind::Quiet label=asked.words.say(Language::clear_answer) on_click=move |()| asked.clear() />
        </Show>
        <OneSheet asked=asked open=open title=asked.label_text() on_choose=move |choice: String| asked.choose(&choice) />
    }
}

/// A sheet in which one is chosen: it closes then.
#[component]
pub(in crate::form_view) fn OneSheet(
    asked: Asked,
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] on_choose: Callback<String>,
) -> impl IntoView {
    let value = asked.value();
    let row = move |choice: Choice| {
        let this = choice.value.clone();
        let is_chosen = memo(move || *value.read() == this);
        let chosen = choice.value.clone();
        view! {
            <button
                type="button"
                class="choice choice-row"
                data-value=choice.value.clone()
                aria-pressed=move || if is_chosen.get() { "true" } else { "false" }
                on:click=move |_| {
                    on_choose.run(chosen.clone());
                    open.set(false);
                }
            >
                {choice_picture(asked.entry, &choice)}
                {rich_text(&choice_text(&choice))}
                <Show when=move || is_chosen.get()>
                    <Icon glyph=Glyph::Check />
                </Show>
            </button>
        }
        .into_any()
    };
    view! { <ChoiceSheet asked=asked open=open title=title row=row many=false /> }
}

/// Any number of choices of a long list.
#[component]
pub(super) fn ChooseMany(asked: Asked) -> impl IntoView {
    let open = RwSignal::new(false);
    let labels = chosen_labels(asked, true);
    let chosen = Signal::derive(move || match labels.read().as_slice() {
        [] => String::new(),
        few if few.len() <= 3 => few.join("; "),
        many => asked.words.now().chosen(many.len()),
    });
    let value = asked.value();
    let row = move |choice: Choice| {
        view! { <ManyChoice asked=asked value=value choice=choice /> }.into_any()
    };
    view! {
        <OpenButton asked=asked open=open chosen=chosen many=true />
        <ChoiceSheet asked=asked open=open title=asked.label_text() row=row many=true />
    }
}

#[cfg(test)]
mod tests {
    use form::RichText;

    use super::*;

    #[test]
    fn the_longest_choice_decides_how_high_the_rows_are() {
        let choice = |text: &str| Choice {
            value: "a".to_owned(),
            label: RichText { text: text.to_owned(), ..RichText::default() },
            geometry: None,
        };
        let long = "A1. Đã ban hành kế hoạch năm về bình đẳng giới và vì sự tiến bộ của phụ nữ (có số, ngày, người ký)";
        let lines = |choices: &[Choice], width| lines_for(choices, letters_in_line(width), false);
        // A phone of 360 pixels, with letters of 17 and of 25.5 pixels; and a desk.
        let (phone, large, desk) = (360.0 / 17.0, 360.0 / 25.5, 1280.0 / 17.0);
        assert_eq!(lines(&[], phone), 1);
        assert_eq!(lines(&[choice("Phường Long Khánh")], phone), 1);
        let both = [choice("Phường Long Khánh"), choice(long)];
        assert_eq!([phone, large, desk].map(|width| lines(&both, width)), [4, 7, 2]);
        assert_eq!(lines(&[choice(&long.repeat(9))], phone), MOST_LINES);
        assert_eq!(lines(&[choice("Có"), choice("Một\nHai\nBa")], phone), 3);
        let linked = format!("Theo [văn bản](https://vbpl.vn/{})", "1".repeat(99));
        assert_eq!(lines(&[choice(&linked)], phone), 1, "an address is not seen");
        assert_eq!(lines(&[choice("Một")], 0.0), 1);
        let beside_pictures =
            [phone, large, desk].map(|width| lines_for(&both, letters_in_line(width), true));
        assert_eq!(beside_pictures, [7, 9, 5]);
        assert_eq!(lines_for(&both[..1], letters_in_line(phone), true), PICTURE_LINES);
    }
}
