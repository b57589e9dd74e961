//! Showing once more who one is, for what lasts or cannot be undone.

use leptos::prelude::*;

use crate::components::{PasswordField, TextField};
use crate::locale::Language;
use crate::stores::{people::Again, preferences::use_words};

/// One's password, or a code for who has none. `ids`: of the two fields.
#[component]
pub(super) fn AgainFields(ids: [&'static str; 2], typed: RwSignal<Again>) -> impl IntoView {
    let words = use_words();
    let [password, code] = ids;
    view! {
        <PasswordField
            id=password
            label=words.say(Language::your_password)
            show_label=words.say(Language::show_password)
            on_input=move |text| {
                typed.try_update(|typed| typed.password = text);
            }
        />
        <TextField
            id=code
            label=words.say(Language::code_instead_of_password)
            autocomplete="one-time-code"
            on_input=move |text| {
                typed.try_update(|typed| typed.code = text);
            }
        />
    }
}
