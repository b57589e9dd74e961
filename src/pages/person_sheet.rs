//! Somebody is added, or who they are and what they may do is changed. Shown by [`super::people::PeoplePage`].

use std::collections::BTreeSet;

use leptos::{html, prelude::*};

use super::more::role_text;
use super::people::{WhyNot, why_not};
use super::people_again::{AgainFields, given};
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{Button, ButtonKind, Sheet};
use crate::locale::{Language, date::iso_day};
use crate::platform::{clock, tasks};
use crate::reactive::Show;
use crate::stores::{
    Library, SignIn,
    pack::Unit,
    people::{self, Again, NewPerson, Person, PersonChange},
    preferences::use_words,
    sign_in::Role,
};

/// Whom the sheet is open for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Nobody yet.
    New,
    /// Somebody who is there.
    Of(Person),
}

impl Whose {
    fn person(&self) -> Option<&Person> {
        match self {
            Self::New => None,
            Self::Of(person) => Some(person),
        }
    }

    fn is_for(&self, other: &Self) -> bool {
        let account = |whose: &Self| whose.person().map(|person| person.account.clone());
        account(self) == account(other)
    }
}

/// Asks who it is, and adds or changes them.
#[component]
pub(super) fn PersonSheet(
    whose: RwSignal<Option<Whose>>,
    #[prop(into)] on_added: Callback<Person>,
    /// Also when it failed: it may be that the answer to the first try was lost.
    #[prop(into)]
    on_changed: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let request = SheetRequest::new(why_not, move || {
        whose.try_set(None);
        typed.try_set(Again::default());
    });
    let title = move || match whose.read().as_ref().and_then(Whose::person) {
        None => words.now().add_person().to_owned(),
        Some(person) => format!("{} · {}", words.now().edit_person(), person.name),
    };
    let body = move || {
        whose.get().map(|whose_it_is| {
            view! {
                <Fields
                    whose=whose_it_is
                    sheet=whose
                    request=request
                    typed=typed
                    on_added=on_added
                    on_changed=on_changed
                />
            }
        })
    };
    view! {
        <Sheet
            open=Signal::derive(move || whose.read().is_some())
            title=Signal::derive(title)
            close_label=words.say(Language::close)
            on_close=request.close
        >
            {body}
        </Sheet>
    }
}

#[component]
fn Fields(
    whose: Whose,
    sheet: RwSignal<Option<Whose>>,
    request: SheetRequest,
    typed: RwSignal<Again>,
    on_added: Callback<Person>,
    on_changed: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let own = expect_context::<SignIn>().profile().map(|profile| profile.account);
    let before = whose.person().cloned();
    // Nobody changes their own role.
    let is_own = before.as_ref().is_some_and(|person| Some(&person.account) == own.as_ref());
    let is_new = before.is_none();
    let role_before = before.as_ref().map_or(Role::Officer, |person| person.role);
    let unit_before = before.as_ref().map(|person| person.unit.clone());
    let name_before = before.as_ref().map(|person| person.name.clone());
    let programmes_before = before.as_ref().map(|person| person.programmes.clone());
    let name = NodeRef::<html::Input>::new();
    let account = NodeRef::<html::Input>::new();
    let role = RwSignal::new(role_before);
    let unit = RwSignal::new(unit_before.clone().unwrap_or_default());
    let programmes = RwSignal::new(BTreeSet::from_iter(programmes_before.unwrap_or_default()));
    // What is offered stays while it is offered: options that move would move what was chosen.
    let units = move || {
        let language = words.now();
        untrack(|| {
            let (now, chosen) = (clock::local_now(), unit.get());
            let today = iso_day(now.unix_ms, now.offset_min);
            let pack = library.pack();
            let mut units: Vec<(String, String)> =
                units_to_offer(&pack.read().units, &chosen, &today)
                    .map(|id| (library.unit_name(&id, language), id))
                    .collect();
            units.sort_by_cached_key(|(name, _)| report::sort_key(name));
            units
        })
    };
    let save = move || {
        if !request.begins() {
            return;
        }
        let text = |field: NodeRef<html::Input>| {
            field.get_untracked().map(|field| field.value().trim().to_owned()).unwrap_or_default()
        };
        let wanted = NewPerson {
            account: before.as_ref().map_or_else(|| text(account), |person| person.account.clone()),
            name: text(name),
            role: role.get_untracked(),
            unit: unit.get_untracked(),
            programmes: programmes.get_untracked().into_iter().collect(),
        };
        let (asked_for, before, again) = (whose.clone(), before.clone(), given(typed));
        tasks::spawn(async move {
            let answer = match &before {
                None => people::add(&wanted).await,
                Some(before) => {
                    let change = PersonChange::of(before, &wanted);
                    people::change(&wanted.account, &change, &again).await
                }
            };
            on_changed.try_run(());
            let is_open = is_open_for(sheet, |open| open.is_for(&asked_for));
            match request.answered(answer, is_open, Some(&wanted.name)) {
                Some(added) if before.is_none() => {
                    on_added.try_run(added);
                }
                Some(changed) => request.tell(words.at_once().person_changed(&changed.name)),
                None => {}
            }
        });
    };
    let label = if is_new { Language::add_person } else { Language::save_person };
    view! {
        <form
            class="sign-in-form"
            on:submit=move |event| {
                event.prevent_default();
                save();
            }
        >
        <label class="field">
            <span>{words.say(Language::full_name)}</span>
            <input node_ref=name type="text" autocomplete="off" value=name_before />
        </label>
        {is_new
            .then(|| {
                view! {
                    <label class="field">
                        <span>{words.say(Language::account_name)}</span>
                        <input node_ref=account type="text" autocomplete="off" autocapitalize="none" spellcheck="false" />
                    </label>
                }
            })}
        {(!is_own)
            .then(|| {
                view! {
                    <label class="field">
                        <span>{words.say(Language::role)}</span>
                        <select
                            class="select"
                            on:change:target=move |event| {
                                let at = usize::try_from(event.target().selected_index()).ok();
                                if let Some(chosen) = at.and_then(|at| Role::ALL.get(at)) {
                                    role.set(*chosen);
                                }
                            }
                        >
                            {Role::ALL
                                .into_iter()
                                .map(|role| {
                                    view! {
                                        <option selected=role == role_before>{move || role_text(words.now(), role)}</option>
                                    }
                                })
                                .collect_view()}
                        </select>
                    </label>
                    <Show when=move || !is_new && role.get() != role_before>
                        <p class="muted" role="status">{words.say(Language::role_change_why)}</p>
                    </Show>
                }
            })}
        <label class="field">
            <span>{words.say(Language::unit)}</span>
            <select class="select" on:change:target=move |event| unit.set(event.target().value())>
                {move || {
                    let chosen = unit.get_untracked();
                    let none = chosen.is_empty().then(|| (String::new(), String::new()));
                    none.into_iter()
                        .chain(units())
                        .map(|(name, id)| {
                            let is_chosen = id == chosen;
                            view! { <option value=id selected=is_chosen>{name}</option> }
                        })
                        .collect_view()
                }}
            </select>
        </label>
        <Show when=move || unit_before.as_ref().is_some_and(|before| *before != unit.get())>
            <p class="muted" role="status">{words.say(Language::unit_change_why)}</p>
        </Show>
        <Programmes chosen=programmes />
        // Who is added comes in with a code: then the server asks.
        <Show when=move || !is_new && (role_before.oversees() || role.get().oversees())>
            <p class="muted">{words.say(Language::oversees_so_who_asks)}</p>
            <AgainFields ids=["person-password", "person-code"] typed=typed />
        </Show>
        <WhyNot error=request.failure />
        <Button kind=ButtonKind::Primary label=words.say(label) disabled=request.busy submits=true on_click=|()| {} />
        </form>
    }
}

/// The units that somebody can be given: those that exist on a day, and the one that they have, which the pack may not name any more.
fn units_to_offer(units: &[Unit], chosen: &str, today: &str) -> impl Iterator<Item = String> {
    let stays = (!chosen.is_empty()).then(|| chosen.to_owned());
    let in_force = units.iter().filter(|unit| unit.is_in_force(today)).map(|unit| unit.id.clone());
    let offered: BTreeSet<String> = in_force.chain(stays).collect();
    offered.into_iter()
}

/// A box for each programme of the pack, and for those that only the person has. Nothing where there are none.
#[component]
fn Programmes(chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let boxes = move || {
        let language = words.now();
        // What is offered stays while it is offered.
        let pack = library.pack().read_untracked();
        let mut all: Vec<(String, String)> = pack
            .programmes
            .iter()
            .map(|programme| (programme.id.clone(), programme.title.get(language).to_owned()))
            .collect();
        let is_known = |id: &String| pack.programmes.iter().any(|programme| programme.id == *id);
        let others = chosen.with_untracked(|chosen| {
            chosen.iter().filter(|id| !is_known(id)).cloned().collect::<Vec<_>>()
        });
        all.extend(others.into_iter().map(|id| (id.clone(), id)));
        let line = |(id, title): (String, String)| {
            let is_on = chosen.with_untracked(|chosen| chosen.contains(&id));
            let toggle = move |on: bool| {
                chosen.update(|chosen| {
                    if on {
                        chosen.insert(id.clone())
                    } else {
                        chosen.remove(&id)
                    };
                });
            };
            view! {
                <label class="check-line">
                    <input
                        type="checkbox"
                        checked=is_on
                        on:change:target=move |event| toggle(event.target().checked())
                    />
                    <span>{title}</span>
                </label>
            }
        };
        (!all.is_empty()).then(|| {
            view! {
                <fieldset class="field programmes">
                    <legend>{words.say(Language::programmes)}</legend>
                    <p class="muted">{words.say(Language::programmes_why)}</p>
                    {all.into_iter().map(line).collect_view()}
                </fieldset>
            }
        })
    };
    view! { {boxes} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_ended_is_offered_to_nobody_but_who_works_there() {
        let unit = |id: &str, from: Option<&str>, to: Option<&str>| Unit {
            id: id.to_owned(),
            valid_from: from.map(str::to_owned),
            valid_to: to.map(str::to_owned),
            ..Unit::default()
        };
        let units = [unit("old", None, Some("2025-06-30")), unit("new", Some("2025-07-01"), None)];
        let offered = |chosen, today| units_to_offer(&units, chosen, today).collect::<Vec<_>>();
        assert_eq!(offered("", "2025-06-30"), ["old"]);
        assert_eq!(offered("", "2025-07-01"), ["new"]);
        assert_eq!(offered("old", "2025-07-01"), ["new", "old"]);
        assert_eq!(offered("gone", "2025-07-01"), ["gone", "new"]);
    }
}
