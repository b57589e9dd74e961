//! Somebody is added. Shown by [`super::people::PeoplePage`].

use std::collections::BTreeSet;

use leptos::{html, prelude::*};

use super::more::role_text;
use super::people::{WhyNot, why_not};
use super::people_programmes::Programmes;
use super::sheet_request::SheetRequest;
use crate::components::{Button, ButtonKind, Sheet};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    Library,
    people::{self, NewPerson},
    preferences::use_words,
    sign_in::Role,
};

/// Asks who it is, and adds them.
#[component]
pub(super) fn AddSheet(
    open: RwSignal<bool>,
    #[prop(into)] on_added: Callback<String>,
    /// Also when the name is taken: it may be that the answer to the first try was lost.
    #[prop(into)]
    on_changed: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let name = NodeRef::<html::Input>::new();
    let account = NodeRef::<html::Input>::new();
    let role = NodeRef::<html::Select>::new();
    let unit = NodeRef::<html::Select>::new();
    let programmes = RwSignal::new(BTreeSet::<String>::new());
    // What is offered stays while it is offered: options that move would move what was chosen.
    let units = move || {
        let language = words.now();
        untrack(|| {
            let pack = library.pack();
            let name = |id: &String| (library.unit_name(id, language), id.clone());
            let mut units: Vec<(String, String)> =
                pack.read().units.iter().map(|unit| name(&unit.id)).collect();
            units.sort_by_cached_key(|(name, _)| report::sort_key(name));
            units
        })
    };
    // Counts how often it was closed.
    let turn = StoredValue::new(0_u32);
    let request = SheetRequest::new(why_not, move || {
        turn.try_update_value(|turn| *turn += 1);
        open.try_set(false);
        programmes.try_set(BTreeSet::new());
    });
    let add = move |()| {
        if !request.begins() {
            return;
        }
        let text = |field: NodeRef<html::Input>| {
            field.get_untracked().map(|field| field.value().trim().to_owned()).unwrap_or_default()
        };
        let role =
            role.get_untracked().and_then(|field| usize::try_from(field.selected_index()).ok());
        let person = NewPerson {
            account: text(account),
            name: text(name),
            role: role.and_then(|place| Role::ALL.get(place).copied()).unwrap_or(Role::Officer),
            unit: unit.get_untracked().map(|field| field.value()).unwrap_or_default(),
            programmes: programmes.get_untracked().into_iter().collect(),
        };
        let asked_in = turn.get_value();
        tasks::spawn(async move {
            let answer = people::add(&person).await;
            on_changed.try_run(());
            let is_open = turn.try_get_value() == Some(asked_in);
            if let Some(added) = request.answered(answer, is_open, Some(&person.name)) {
                on_added.try_run(added.account);
            }
        });
    };
    view! {
        <Sheet
            open=open
            title=words.say(Language::add_person)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            <label class="field">
                <span>{words.say(Language::full_name)}</span>
                <input node_ref=name type="text" autocomplete="off" />
            </label>
            <label class="field">
                <span>{words.say(Language::account_name)}</span>
                <input node_ref=account type="text" autocomplete="off" autocapitalize="none" spellcheck="false" />
            </label>
            <label class="field">
                <span>{words.say(Language::role)}</span>
                <select class="select" node_ref=role>
                    {Role::ALL
                        .into_iter()
                        .map(|role| {
                            view! { <option>{move || role_text(words.now(), role)}</option> }
                        })
                        .collect_view()}
                </select>
            </label>
            <label class="field">
                <span>{words.say(Language::unit)}</span>
                <select class="select" node_ref=unit>
                    {move || {
                        units()
                            .into_iter()
                            .map(|(name, id)| view! { <option value=id>{name}</option> })
                            .collect_view()
                    }}
                </select>
            </label>
            <Programmes chosen=programmes />
            <WhyNot error=request.failure />
            <Button kind=ButtonKind::Primary label=words.say(Language::add_person) disabled=request.busy on_click=add />
        </Sheet>
    }
}
