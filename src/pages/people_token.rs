//! An address for one's own ODK Collect. Shown by [`super::people::PeoplePage`], below one's devices.

use leptos::prelude::*;

use super::copy_button::CopyButton;
use super::people::WhyNot;
use super::people_again::{AgainFields, fresh, given};
use crate::components::{Button, TextField};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    SignIn,
    people::{self, Again, ClientToken},
    preferences::use_words,
    records::FetchError,
};

/// Asks for the password again, then shows the address once. Nothing for who fills no forms.
#[component]
pub(super) fn OwnToken(#[prop(into)] on_made: Callback<()>) -> impl IntoView {
    let words = use_words();
    let profile = expect_context::<SignIn>().profile()?;
    if !profile.role.does_field_work() {
        return None;
    }
    let account = StoredValue::new(profile.account);
    let typed = RwSignal::new(Again::default());
    let device = RwSignal::new(String::new());
    let made = RwSignal::new(None::<ClientToken>);
    let failure = RwSignal::new(None::<FetchError>);
    let busy = RwSignal::new(false);
    let round = RwSignal::new(0);
    let make = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        made.set(None);
        tasks::spawn(async move {
            let account = account.get_value();
            let (name, again) = (device.get_untracked(), given(typed));
            let answer = people::make_token(&account, &name, &again).await;
            busy.try_set(false);
            match answer {
                Ok(token) => {
                    typed.try_set(Again::default());
                    device.try_set(String::new());
                    round.try_update(|round| *round += 1);
                    made.try_set(Some(token));
                    on_made.try_run(());
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let fields = move || {
        view! {
            <TextField
                id="token-device"
                label=words.say(Language::other_app_device)
                autocomplete="off"
                on_input=move |text| {
                    device.try_set(text);
                }
            />
            <AgainFields ids=["token-password", "token-code"] typed=typed />
        }
        .into_any()
    };
    Some(view! {
        <details>
            <summary>{words.say(Language::other_app)}</summary>
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    make();
                }
            >
                <p class="muted">{words.say(Language::other_app_why)}</p>
                {fresh(round, fields)}
                <WhyNot error=failure />
                <Button label=words.say(Language::make_token) disabled=busy submits=true on_click=|()| {} />
            </form>
            {move || {
                made.get()
                    .map(|token| {
                        let address = token.address();
                        let copied = address.clone();
                        view! {
                            <div class="client-token">
                                <p>{words.say(Language::token_how)}</p>
                                <p class="sign-in-code">{address}</p>
                                <CopyButton label=words.say(Language::copy_address) text=move |()| copied.clone() />
                            </div>
                        }
                    })
            }}
        </details>
    })
}
