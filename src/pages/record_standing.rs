//! Where a record stands in its life is changed by whoever reads it, and changed back.

use std::{collections::BTreeMap, sync::Arc};

use leptos::prelude::*;
use sync::view::RecordView as View;
use sync::wire::{Action, State, Value, field};
use sync::{review, rights::Role};

use super::record_row::state_text;
use crate::components::{Button, ButtonKind, Glyph, Toast, Toaster};
use crate::locale::{Language, Words};
use crate::platform::{clock, log_error, tasks};
use crate::stores::{Records, SignIn, SyncStatus, preferences::use_words, records::ActError};

/// What it takes to bring a record into another state.
#[derive(Clone, Copy)]
pub(super) struct Restating {
    records: Records,
    toaster: Toaster,
    sync_status: SyncStatus,
    /// Of whoever does it.
    role: Option<Role>,
    words: Words,
}

impl Restating {
    /// For whoever is signed in.
    pub(super) fn here() -> Self {
        Self {
            records: expect_context(),
            toaster: expect_context(),
            sync_status: expect_context(),
            role: expect_context::<SignIn>().profile().map(|profile| profile.role),
            words: use_words(),
        }
    }

    /// Brings a record that is shown into a state, with why it goes back if it does, and says so with the way back: for whom there is one.
    pub(super) async fn bring(
        self,
        shown: View,
        state: State,
        why: Option<&str>,
    ) -> Result<(), ActError> {
        let mut values = stands(state);
        values
            .extend(why.map(|why| (field::REASON.to_owned(), review::said(clock::now_ms(), why))));
        self.records.settle(&shown, values, Action::Amend).await?;
        let language = self.words.at_once();
        let text = match state {
            State::Returned => language.sent_back(),
            state => state_text(language, state),
        };
        // An officer does not say that a record was sent back, not even again.
        let may_undo = self.role.is_some_and(|role| role.may_set(shown.state));
        let undo = move || self.take_back(shown.clone());
        self.toaster.show(Toast {
            text: text.to_owned(),
            action: may_undo.then(|| (language.undo().to_owned(), Arc::new(undo) as _)),
        });
        self.sync_status.sync_now();
        Ok(())
    }

    /// The record stands again where it stood when it was shown.
    fn take_back(self, shown: View) {
        tasks::spawn(async move {
            let mut values = stands(shown.state);
            for reason in &shown.reasons {
                values.insert(field::REASON.to_owned(), review::said(reason.at_ms, &reason.why));
            }
            let text = match self.records.settle(&shown, values, Action::Amend).await {
                Ok(()) => Language::taken_back,
                Err(error) => failed(&error),
            };
            self.tell(text);
            self.sync_status.sync_now();
        });
    }

    fn tell(self, text: fn(Language) -> &'static str) {
        self.toaster.show(Toast { text: text(self.words.at_once()).to_owned(), action: None });
    }
}

fn failed(error: &ActError) -> fn(Language) -> &'static str {
    log_error(&format!("a record was not restated: {error}"));
    Language::not_judged
}

fn stands(state: State) -> BTreeMap<String, Value> {
    sync::gather([(field::STATE.to_owned(), Value::Text(state.name().to_owned()))])
}

/// Takes out what was handed in by mistake or twice: it counts nowhere any more. Undone at once, or later by submitting it again.
#[component]
pub(super) fn Withdraw(view: StoredValue<View>) -> impl IntoView {
    let restating = Restating::here();
    let withdraw = move |()| {
        let shown = view.get_value();
        tasks::spawn(async move {
            if let Err(error) = restating.bring(shown, State::Withdrawn, None).await {
                restating.tell(failed(&error));
            }
        });
    };
    view! {
        <Button
            kind=ButtonKind::Quiet
            icon=Glyph::Bin
            label=restating.words.say(Language::withdraw_record)
            on_click=withdraw
        />
    }
}
