//! On the sign-in screen: whoever brings a code to where the app cannot stay is told where to bring it. It is good once.

use leptos::prelude::*;

use super::copy_button::CopyButton;
use super::sign_in::Invitation;
use crate::components::{Banner, Button, ButtonKind, Tone};
use crate::locale::Language;
use crate::platform::{address, install};
use crate::stores::preferences::use_words;

/// Where the app can stay, and the code to bring there; or it is used here all the same.
#[component]
pub fn PassingBy() -> impl IntoView {
    let words = use_words();
    let Invitation(code, enter) = expect_context();
    let is_in_another_app = install::is_in_another_app();
    let (how, copy) = match is_in_another_app {
        true => (words.say(Language::open_in_browser), words.say(Language::copy_link)),
        false => (words.say(Language::open_by_icon), words.say(Language::copy_code)),
    };
    let copied = move |()| match is_in_another_app {
        true => format!("{}/sign-in#{}", address::origin(), code.get_untracked()),
        false => code.get_untracked(),
    };
    view! {
        <div class="sign-in-form passing-by">
            <Banner tone=Tone::Attention title=words.say(Language::not_used_yet)>
                <p>{how}</p>
            </Banner>
            <p class="muted">{words.say(Language::sign_in_code)}</p>
            <p class="sign-in-code">{move || code.get()}</p>
            <CopyButton label=copy text=copied kind=ButtonKind::Primary />
            <Button label=words.say(Language::sign_in_here) on_click=move |()| enter.run(true) />
        </div>
    }
}
