//! One's own password. Shown by [`super::people::PeoplePage`], below one's devices.

use leptos::prelude::*;

use super::people::WhyNot;
use super::people_again::fresh;
use crate::components::{Button, PasswordField, TextField, Toast, Toaster};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    people::{self, NewPassword},
    preferences::use_words,
    records::FetchError,
};

/// The present password or a code, and the new one.
#[component]
pub(super) fn OwnPassword() -> impl IntoView {
    let words = use_words();
    let toaster = expect_context::<Toaster>();
    let typed = RwSignal::new(NewPassword::default());
    let failure = RwSignal::new(None::<FetchError>);
    let busy = RwSignal::new(false);
    let round = RwSignal::new(0);
    let change = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        tasks::spawn(async move {
            let answer = people::set_password(&typed.get_untracked()).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    typed.try_set(NewPassword::default());
                    round.try_update(|round| *round += 1);
                    let text = words.at_once().password_changed().to_owned();
                    toaster.show(Toast { text, action: None });
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let fields = move || {
        view! {
            <PasswordField
                id="old-password"
                label=words.say(Language::old_password)
                show_label=words.say(Language::show_password)
                on_input=move |text| {
                    typed.try_update(|typed| typed.old = text);
                }
            />
            <TextField
                id="reset-code"
                label=words.say(Language::code_instead)
                autocomplete="one-time-code"
                on_input=move |text| {
                    typed.try_update(|typed| typed.code = text);
                }
            />
            <PasswordField
                id="new-password"
                autocomplete="new-password"
                label=words.say(Language::new_password)
                show_label=words.say(Language::show_password)
                on_input=move |text| {
                    typed.try_update(|typed| typed.new = text);
                }
            />
        }
        .into_any()
    };
    view! {
        <details>
            <summary>{words.say(Language::change_password)}</summary>
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    change();
                }
            >
                <p class="muted">{words.say(Language::change_password_why)}</p>
                {fresh(round, fields)}
                <WhyNot error=failure />
                <Button label=words.say(Language::change_password) disabled=busy submits=true on_click=|()| {} />
            </form>
        </details>
    }
}
