//! Entities that people changed without seeing each other's change, and changes that wait. Shown by [`super::repair::RepairPage`].

use std::collections::BTreeMap;

use leptos::prelude::*;

use sync::wire::RecordId;

use super::record_href;
use super::record_row::form_title;
use super::repair::why_not;
use crate::components::{Badge, Button, Glyph, Icon, Toast, Toaster, Tone, keyed_list};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::Show;
use crate::router::A;
use crate::stores::{
    Library, Records, RepairDesk,
    preferences::use_words,
    repair::{EntityVersion, Met, WaitingChange},
};

/// All of them, until somebody has looked.
#[component]
pub(super) fn MetEntities() -> impl IntoView {
    let words = use_words();
    let desk = expect_context::<RepairDesk>();
    view! {
        <Show when=move || !desk.met().read().is_empty()>
            <section class="met-entities">
                <h2>{words.say(Language::met_entities)}</h2>
                <p class="muted">{words.say(Language::met_entities_why)}</p>
                <ol class="cases">
                    {keyed_list(
                        move || desk.met().get().to_vec(),
                        |met| format!("{} {} {}", met.dataset, met.id, met.version),
                        |met| view! { <MetCard met=met /> }.into_any(),
                    )}
                </ol>
            </section>
        </Show>
    }
}

/// Records whose change is not in its list.
#[component]
pub(super) fn WaitingChanges(changes: RwSignal<Vec<WaitingChange>>) -> impl IntoView {
    let words = use_words();
    view! {
        <Show when=move || !changes.read().is_empty()>
            <section class="waiting-changes">
                <h2>{words.say(Language::waiting_changes)}</h2>
                <p class="muted">{words.say(Language::waiting_changes_why)}</p>
                <ol class="cases">
                    {keyed_list(
                        move || changes.get(),
                        |change| format!("{} {} {}", change.dataset, change.id, change.record),
                        |change| view! { <WaitingCard change=change /> }.into_any(),
                    )}
                </ol>
            </section>
        </Show>
    }
}

#[component]
fn WaitingCard(change: WaitingChange) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let WaitingChange { dataset, record, title, form, unit, author, .. } = change;
    let form = move || form_title(library, words.now(), &form);
    let place = move || format!("{dataset} · {}", library.unit_name(&unit, words.now()));
    let who = move || records.person(&author);
    view! {
        <li class="case card" data-waits=record.clone()>
            <h3>{form}{(!title.is_empty()).then(|| format!(" · {title}"))}</h3>
            <p class="muted">{place}</p>
            <p><strong>{who}</strong></p>
            {record
                .parse::<RecordId>()
                .ok()
                .map(|record| {
                    view! {
                        <A href=record_href(record) attr:class="button button-quiet">
                            <Icon glyph=Glyph::Records />
                            <span>{words.say(Language::see_record)}</span>
                        </A>
                    }
                })}
        </li>
    }
}

#[component]
fn MetCard(met: Met) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let desk = expect_context::<RepairDesk>();
    let toaster = expect_context::<Toaster>();
    let busy = RwSignal::new(false);
    let whole = StoredValue::new(met.clone());
    let Met { dataset, id, label, unit, conflict, properties, versions, .. } = met;
    let badge = words.say(if conflict == "hard" {
        Language::hard_conflict
    } else {
        Language::soft_conflict
    });
    let place = move || format!("{dataset} · {}", library.unit_name(&unit, words.now()));
    let settle = move |()| {
        busy.set(true);
        tasks::spawn(async move {
            let answer = desk.settle_entity(&whole.get_value()).await;
            let language = words.at_once();
            let text = match &answer {
                Ok(()) => language.entity_settled().to_owned(),
                Err(error) => why_not(language, error),
            };
            toaster.show(Toast { text, action: None });
            busy.try_set(false);
        });
    };
    view! {
        <li class="case card" data-entity=id>
            <h3>{label.clone()}</h3>
            <p class="muted">{place}</p>
            <p><Badge tone=Tone::Attention icon=Glyph::Warning label=badge /></p>
            <ol class="entity-versions">
                {versions.into_iter().map(|version| view! { <VersionLine version=version /> }).collect_view()}
            </ol>
            <h4>{words.say(Language::stands_now)}</h4>
            <Said label=Some(label) properties=properties />
            {desk
                .may_settle()
                .then(|| {
                    view! {
                        <Button
                            icon=Glyph::Check
                            label=words.say(Language::leave_as_it_stands)
                            disabled=busy
                            on_click=settle
                        />
                    }
                })}
        </li>
    }
}

#[component]
fn VersionLine(version: EntityVersion) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let EntityVersion { version, author, base, label, properties, conflict } = version;
    let title = move || {
        format!("{} · {}", words.now().entity_version(version, base), records.person(&author))
    };
    view! {
        <li class:entity-met=conflict.is_some()>
            <p><strong>{title}</strong></p>
            <Said label=label properties=properties />
        </li>
    }
}

/// What a version says, or what stands.
#[component]
fn Said(label: Option<String>, properties: BTreeMap<String, String>) -> impl IntoView {
    let words = use_words();
    let label =
        label.map(|label| view! { <dt>{words.say(Language::entity_label)}</dt><dd>{label}</dd> });
    let said = |(name, value): (String, String)| {
        let value = if value.is_empty() { "–".to_owned() } else { value };
        view! { <dt>{name}</dt><dd>{value}</dd> }
    };
    view! {
        <dl class="facts facts-inline">
            {label}
            {properties.into_iter().map(said).collect_view()}
        </dl>
    }
}
