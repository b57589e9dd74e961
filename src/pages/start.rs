//! `/fill/:form`: begins a record of a form, for the unit in the query `?unit=`, and goes on to fill it. Asks for the
//! unit where a person looks after several.

use std::cmp::Reverse;

use leptos::prelude::*;

use crate::reactive::effect;

use super::entry::OpenFailure;
use super::{AFTER, new_record_href, start_href, title_page};
use crate::components::{Glyph, Icon};
use crate::locale::{Language, date::iso_day};
use crate::platform::{clock, document, tasks};
use crate::router::{A, Screen, use_router};
use crate::stores::{
    Library, OpenForms, SignIn,
    open_forms::OpenFormError,
    pack::Unit,
    preferences::use_words,
    sign_in::{Profile, Role},
};

/// Begins a record; the address of the record takes the place of this one.
#[component]
pub fn StartPage() -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let open_forms = expect_context::<OpenForms>();
    let failure = RwSignal::new(None::<OpenFormError>);
    let router = use_router();
    let form = router.id_on(Screen::Start).get_untracked().unwrap_or_default();
    let sign_in = expect_context::<SignIn>();
    let fills = sign_in.does_field_work();
    if !fills {
        router.replace("/");
    }
    let profile = sign_in.profile();
    let own = profile.as_ref().map(|profile| profile.unit.clone()).unwrap_or_default();
    let units = profile.map_or_else(Vec::new, |profile| {
        let now = clock::local_now();
        let today = iso_day(now.unix_ms, now.offset_min);
        units_to_choose(&profile, &library.pack().read_untracked().units, &today)
    });

    let after = router.query().with_untracked(|query| query.get(AFTER));
    let after = after.and_then(|after| after.parse().ok());
    let begin = {
        let form = form.clone();
        move |unit: String| {
            let form = form.clone();
            tasks::spawn(async move {
                let hash = untrack(|| library.form_to_begin(&form))
                    .map(|form| form.hash)
                    .unwrap_or_default();
                // Whoever went back meanwhile is not led away from where they are, and leaves nothing behind.
                let is_here = move || failure.try_get_untracked().is_some();
                match open_forms.start_after(&hash, &unit, after, is_here).await {
                    Ok(_) if !is_here() => {}
                    Ok(entry) => router.replace(&new_record_href(entry.record(), &form, &unit)),
                    Err(error) => {
                        failure.try_set(Some(error));
                    }
                }
            });
        }
    };
    let begun = StoredValue::new(false);
    let may_choose: Vec<String> = units.iter().map(|unit| unit.id.clone()).collect();
    effect(move || {
        let wanted = router.query().read().get("unit");
        let unit = match wanted.filter(|unit| may_choose.contains(unit)) {
            None if may_choose.is_empty() => Some(own.clone()),
            chosen => chosen,
        };
        if let Some(unit) = unit.filter(|_| fills && !begun.get_value()) {
            begun.set_value(true);
            begin(unit);
        }
    });
    request_animation_frame(|| document::catch_focus(None, "#content"));
    view! {
        <main id="content" tabindex="-1">
            {move || match failure.get() {
                Some(error) => view! { <OpenFailure error=error /> }.into_any(),
                None if units.is_empty() => {
                    view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any()
                }
                None => view! { <UnitChoice form=form.clone() units=units.clone() /> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn UnitChoice(form: String, units: Vec<Unit>) -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::which_unit));
    let row = move |unit: Unit| {
        let Unit { id, name, .. } = unit;
        let href = start_href(&form, &id);
        view! {
            <li>
                <a class="list-row" href=href data-unit=id>
                    <span class="list-row-title">{move || name.get(words.now()).to_owned()}</span>
                    <Icon glyph=Glyph::Forward />
                </a>
            </li>
        }
    };
    view! {
        <div class="page">
            <header class="page-head"><h1>{words.say(Language::which_unit)}</h1></header>
            <ul class="list card">{units.into_iter().map(row).collect_view()}</ul>
            <A href="/fill" attr:class="button">
                <Icon glyph=Glyph::Back />
                <span>{words.say(Language::all_forms)}</span>
            </A>
        </div>
    }
}

/// The units in force that a person may begin a record for, their own first. Empty where there is nothing to choose:
/// an officer works for their own unit.
fn units_to_choose(profile: &Profile, units: &[Unit], today: &str) -> Vec<Unit> {
    if !matches!(profile.role, Role::Trainer | Role::Coordinator) {
        return Vec::new();
    }
    let is_choice = |unit: &&Unit| {
        unit.is_in_force(today) && (unit.id == profile.unit || profile.scope.contains(&unit.id))
    };
    let mut choice: Vec<Unit> = units.iter().filter(is_choice).cloned().collect();
    choice.sort_by_key(|unit| Reverse(unit.id == profile.unit));
    if choice.len() > 1 { choice } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(role: Role, scope: &[&str]) -> Profile {
        Profile {
            account: "an".into(),
            name: "An".into(),
            role,
            unit: "so".into(),
            scope: scope.iter().map(|&unit| unit.to_owned()).collect(),
        }
    }

    fn unit(id: &str, from: Option<&str>, to: Option<&str>) -> Unit {
        Unit {
            id: id.into(),
            valid_from: from.map(str::to_owned),
            valid_to: to.map(str::to_owned),
            ..Unit::default()
        }
    }

    #[test]
    fn only_those_who_look_after_several_units_in_force_are_asked() {
        let units = [
            unit("phuong_cu", None, Some("2025-06-30")),
            unit("phuong_a", Some("2025-07-01"), None),
            unit("so", None, None),
            unit("phuong_b", Some("2025-07-01"), Some("2025-07-01")),
        ];
        let all = ["so", "phuong_cu", "phuong_a", "phuong_b"];
        for (role, scope, today, expected) in [
            (Role::Officer, &all[..], "2025-07-01", &[][..]),
            (Role::Auditor, &all, "2025-07-01", &[]),
            (Role::Trainer, &all[..1], "2025-07-01", &[]),
            (Role::Trainer, &all[..2], "2025-07-01", &[]),
            (Role::Trainer, &all[..2], "2025-06-30", &["so", "phuong_cu"]),
            (Role::Trainer, &all, "2025-07-01", &["so", "phuong_a", "phuong_b"]),
            (Role::Coordinator, &all[2..], "2025-07-02", &["so", "phuong_a"]),
        ] {
            let chosen = units_to_choose(&profile(role, scope), &units, today);
            let ids: Vec<&str> = chosen.iter().map(|unit| unit.id.as_str()).collect();
            assert_eq!(ids, expected, "{role:?} {scope:?} {today}");
        }
    }
}
