//! What the server is asked to do with somebody, where that is confirmed first, or the server asks once more who asks. Shown by
//! [`super::people::PeoplePage`].

use leptos::prelude::*;

use super::people::{WhyNot, why_not};
use super::people_again::{AgainFields, given};
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{Button, ButtonKind, Sheet};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    passkeys::remove_all,
    people::{self, Again, Person, SignInCode},
    preferences::use_words,
    records::FetchError,
};

/// What may be done with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    MakeCode,
    Disable,
    Enable,
    RemovePasskeys,
}

/// What is to be done, and with whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) wish: Wish,
    pub(super) person: Person,
}

impl Asked {
    /// Whether one press does it.
    pub(super) fn is_done_at_once(&self) -> bool {
        !self.person.role.oversees() && matches!(self.wish, Wish::MakeCode | Wish::Enable)
    }

    /// Has it done. The code that was made, if one was.
    pub(super) async fn ask(&self, again: &Again) -> Result<Option<SignInCode>, FetchError> {
        let account = self.person.account.as_str();
        match self.wish {
            Wish::MakeCode => people::make_code(account, again).await.map(Some),
            Wish::Disable => people::set_disabled(account, true, again).await.map(|_changed| None),
            Wish::Enable => people::set_disabled(account, false, again).await.map(|_changed| None),
            Wish::RemovePasskeys => remove_all(account, again).await.map(|()| None),
        }
    }

    fn title(&self) -> fn(Language) -> &'static str {
        match self.wish {
            Wish::MakeCode => Language::make_code,
            Wish::Disable => Language::disable_person,
            Wish::Enable => Language::enable_person,
            Wish::RemovePasskeys => Language::remove_passkeys,
        }
    }

    fn why(&self) -> Option<fn(Language) -> &'static str> {
        match self.wish {
            Wish::MakeCode | Wish::Enable => None,
            Wish::Disable => Some(Language::disable_why),
            Wish::RemovePasskeys => Some(Language::remove_passkeys_why),
        }
    }
}

/// Asks whether it is meant, and who asks where the server wants to be shown that.
#[component]
pub(super) fn AskedSheet(
    asked: RwSignal<Option<Asked>>,
    #[prop(into)] on_done: Callback<(Asked, Option<SignInCode>)>,
) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let request = SheetRequest::new(why_not, move || {
        asked.try_set(None);
        typed.try_set(Again::default());
    });
    let ask = move || {
        let Some(meant) = asked.get_untracked().filter(|_| request.begins()) else { return };
        let again = given(typed);
        tasks::spawn(async move {
            let answer = meant.ask(&again).await;
            let is_open = is_open_for(asked, |open| *open == meant);
            if let Some(code) = request.answered(answer, is_open, Some(&meant.person.name)) {
                on_done.try_run((meant, code));
            }
        });
    };
    let fields = move || {
        let open = asked.get()?;
        let kind = if open.why().is_some() { ButtonKind::Danger } else { ButtonKind::Primary };
        let why = open.why().map(|why| view! { <p>{words.say(why)}</p> });
        let proof = open.person.role.oversees().then(|| {
            view! {
                <p class="muted">{words.say(Language::oversees_so_who_asks)}</p>
                <AgainFields ids=["asked-password", "asked-code"] typed=typed />
            }
        });
        Some(view! {
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    ask();
                }
            >
                <p><strong>{open.person.name.clone()}</strong></p>
                {why}
                {proof}
                <WhyNot error=request.failure />
                <Button kind=kind label=words.say(open.title()) disabled=request.busy submits=true on_click=|()| {} />
            </form>
        })
    };
    let title = move || {
        let asked = asked.read();
        asked.as_ref().map(|asked| asked.title()(words.now())).unwrap_or_default().to_owned()
    };
    view! {
        <Sheet
            open=Signal::derive(move || asked.read().is_some())
            title=Signal::derive(title)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            {fields}
        </Sheet>
    }
}
