//! A number, typed with the marks of the language; the answer holds it in the form's notation.

use leptos::prelude::*;

use super::{Typing, compass::Compass};
use crate::components::{Glyph, IconButton};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::{install, tasks};
use crate::reactive::Show;

/// A number. `type=number` is left alone: it empties itself at a wrong key, and nothing typed may be lost.
#[component]
pub(in crate::form_view) fn Number(asked: Asked, whole: bool) -> impl IntoView {
    let words = asked.words;
    // A year or a code is not cut into groups, unless the form asks for it.
    let apart = !whole || asked.looks("thousands-sep");
    let typing = Typing::new(asked, move |value| {
        let language = words.at_once();
        if apart { language.number(&value) } else { language.whole_number(&value) }
    });
    let input = view! {
        <input
            id=asked.input_id()
            class="number"
            // Or the sign of a number would stand behind it.
            dir="auto"
            type="text"
            inputmode=if whole { "numeric" } else { "decimal" }
            autocomplete="off"
            readonly=asked.locked()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            value=typing.start()
            on:focus=move |_| {
                typing.enter();
                // When the browser has put the cursor where it is to be, and before anything is composed.
                drop(tasks::after(0, move || typing.rewrite(|value| words.at_once().number_to_edit(&value))));
            }
            on:input:target=move |event| typing.take(&words.at_once().parse_number(&event.target().value()))
            on:blur=move |_| typing.leave()
        />
    };
    let turn = move |()| {
        typing.take(&with_other_sign(&asked.value_at_once()));
        asked.entry.leave(asked.id);
        typing.write();
        typing.rewrite(|value| words.at_once().number_to_edit(&value));
    };
    if whole && asked.looks("counter") {
        view! { <Counter asked=asked>{input}</Counter> }.into_any()
    } else if asked.looks("bearing") {
        view! { <div class="barcode">{input} <Compass asked=asked whole=whole /></div> }.into_any()
    } else if install::is_apple_phone() {
        view! { <Signed asked=asked on_turn=turn>{input}</Signed> }.into_any()
    } else {
        input.into_any()
    }
}

/// The number below zero, or above it.
fn with_other_sign(number: &str) -> String {
    match number.strip_prefix('-') {
        Some(rest) => rest.to_owned(),
        None if number.is_empty() => String::new(),
        None => format!("-{number}"),
    }
}

/// A number with a button that turns its sign, as long as somebody is in it: the keys of an iPhone's numbers have no minus.
#[component]
fn Signed(asked: Asked, #[prop(into)] on_turn: Callback<()>, children: Children) -> impl IntoView {
    let words = asked.words;
    view! {
        <div class="signed">
            {children()}
            <Show when=move || !asked.readonly().get()>
                // The press leaves the focus, and with it the keys, where they are.
                <button
                    type="button"
                    class="button"
                    aria-label=words.say(Language::other_sign)
                    on:mousedown=|event| event.prevent_default()
                    on:click=move |_| on_turn.run(())
                >
                    "±"
                </button>
            </Show>
        </div>
    }
}

/// A number with a button on either side: for people who count what passes by.
#[component]
fn Counter(asked: Asked, children: Children) -> impl IntoView {
    let words = asked.words;
    let by = move |step: i64| {
        let counted = asked.value_at_once().parse().unwrap_or(0_i64).saturating_add(step);
        asked.choose(&counted.to_string());
    };
    let button = move |label: fn(Language) -> &'static str, glyph, step| {
        view! {
            <Show when=move || !asked.readonly().get()>
                <IconButton label=words.say(label) glyph=glyph on_click=move |()| by(step) />
            </Show>
        }
    };
    view! {
        <div class="counter">
            {button(Language::one_less, Glyph::Minus, -1)} {children()}
            {button(Language::one_more, Glyph::Plus, 1)}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_turned_and_turned_back() {
        for (number, other) in [("5", "-5"), ("-5", "5"), ("-0.5", "0.5"), ("0", "-0"), ("", "")] {
            assert_eq!(with_other_sign(number), other, "{number}");
        }
    }
}
