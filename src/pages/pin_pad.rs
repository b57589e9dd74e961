//! A pad for a PIN: one thumb or a keyboard; the digits are never shown.

use leptos::{html, prelude::*};

use crate::components::{Glyph, Icon};
use crate::locale::Language;
use crate::platform::document;
use crate::reactive::effect;
use crate::stores::{pin::PIN_DIGITS, preferences::use_words};

/// Asks for a PIN; `on_pin` hears of each that is whole. What is entered goes as soon as it was handed over.
#[component]
pub fn PinPad(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] disabled: Signal<bool>,
    #[prop(into)] on_pin: Callback<String>,
) -> impl IntoView {
    let words = use_words();
    let input = NodeRef::<html::Input>::new();
    let count = RwSignal::new(0_usize);
    let take = move |text: &str| {
        let mut pin: String = text.chars().filter(char::is_ascii_digit).collect();
        pin.truncate(PIN_DIGITS);
        let is_whole = pin.len() == PIN_DIGITS;
        let left = if is_whole { "" } else { pin.as_str() };
        if let Some(input) = input.get_untracked() {
            input.set_value(left);
        }
        count.set(pin.len());
        if is_whole {
            on_pin.run(pin);
            // While it is tried, all of it is entered.
            if !disabled.get_untracked() {
                count.set(0);
            }
        }
    };
    let entered = move || input.get_untracked().map_or_else(String::new, |input| input.value());
    let press = move |digit: u8| take(&format!("{}{digit}", entered()));
    let erase = move || {
        let mut pin = entered();
        pin.pop();
        take(&pin);
    };
    let is_first = StoredValue::new(true);
    effect(move || {
        let Some(input) = input.get() else { return };
        let is_first = is_first.try_update_value(std::mem::take).unwrap_or_default();
        if disabled.get() {
            return;
        }
        count.set(0);
        // Whoever went elsewhere while a PIN was tried, or waited for, stays there.
        if is_first {
            // Focus can only fail on an element that is gone.
            drop(input.focus());
        } else {
            document::catch_focus(None, "#pin");
        }
    });
    let digit = move |digit: u8| {
        view! {
            <button
                class="button pin-key"
                type="button"
                data-digit=digit.to_string()
                disabled=move || disabled.get()
                on:click=move |_| press(digit)
            >
                {digit.to_string()}
            </button>
        }
    };
    view! {
        <div class="pin-pad">
            <label class="pin-label" for="pin">{move || label.get()}</label>
            // Of the phone's own keyboard nothing is needed: the pad is here. A keyboard of keys types into it all the same. It lies on
            // the dots: whoever presses there for long can paste.
            <input
                id="pin"
                class="pin-input"
                node_ref=input
                type="password"
                inputmode="none"
                autocomplete="off"
                disabled=move || disabled.get()
                on:input:target=move |event| take(&event.target().value())
            />
            <p class="visually-hidden" role="status">{move || words.now().digits_entered(count.get())}</p>
            <div class="pin-dots" aria-hidden="true">
                {(0..PIN_DIGITS)
                    .map(|at| view! { <span class="pin-dot" class:pin-dot-on=move || { at < count.get() }></span> })
                    .collect_view()}
            </div>
            // A tap leaves the focus where it is: whoever taps a digit may type the next.
            <div class="pin-keys" on:mousedown=|event| event.prevent_default()>
                {(1..=9).map(digit).collect_view()}
                <span></span>
                {digit(0)}
                <button
                    class="button pin-key"
                    type="button"
                    aria-label=words.say(Language::delete_digit)
                    disabled=move || disabled.get()
                    on:click=move |_| erase()
                >
                    <Icon glyph=Glyph::Back />
                </button>
            </div>
        </div>
    }
}
