//! Entities that people changed without seeing each other's change, and changes that wait. Shown by [`super::repair::RepairPage`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use leptos::prelude::*;

use sync::wire::{Hash, RecordId};

use super::record_href;
use super::record_outline::read_only;
use super::record_row::form_title;
use super::repair::{empty_view, why_not};
use crate::components::{Badge, Button, Glyph, Icon, Toast, Toaster, Tone, keyed_list};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::{Show, effect};
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
    let library = expect_context::<Library>();
    let labels = RwSignal::new(Arc::<Labels>::default());
    effect(move || {
        // Forms that come while somebody looks have their words, too.
        library.all_forms_held().track();
        let met = desk.met().get();
        let lists: BTreeSet<String> = met.iter().map(|met| met.dataset.clone()).collect();
        let language = words.now();
        tasks::spawn(async move {
            labels.try_set(Arc::new(labels_of(library, lists, language).await));
        });
    });
    provide_context(labels.read_only());
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

/// What the questions are called that are saved to properties, by list and property.
type Labels = BTreeMap<(String, String), String>;

/// As the forms in force call them, as far as this device holds those.
async fn labels_of(library: Library, lists: BTreeSet<String>, language: Language) -> Labels {
    let mut labels = Labels::new();
    if lists.is_empty() {
        return labels;
    }
    let forms = library.pack().with_untracked(|pack| pack.forms.clone());
    for hash in forms.iter().filter_map(|form| form.hash.parse::<Hash>().ok()) {
        let Ok(Some(xml)) = library.held_form(hash).await else { continue };
        let xml = String::from_utf8_lossy(&xml);
        // A form is made ready only where it is needed.
        let names = |list: &&String| xml.contains(&format!(" dataset=\"{list}\""));
        let named: Vec<&String> = lists.iter().filter(names).collect();
        if named.is_empty() {
            continue;
        }
        let Ok(program) = library.program(hash).await else { continue };
        let session = read_only(&program, &empty_view(RecordId([0; 16]), hash), language);
        for list in named {
            for (property, path) in program.form().saved_to(list) {
                let state = session.find(path).and_then(|node| session.state(node));
                if let Some(label) = state.and_then(|state| state.label) {
                    labels.insert((list.clone(), property.to_owned()), label.text);
                }
            }
        }
    }
    labels
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
    let place = move || library.unit_name(&unit, words.now());
    let of = dataset.clone();
    let draw_version = move |version| view! { <VersionLine version=version list=of.clone() /> };
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
                {versions.into_iter().map(draw_version).collect_view()}
            </ol>
            <h4>{words.say(Language::stands_now)}</h4>
            <Said label=Some(label) properties=properties list=dataset />
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
fn VersionLine(version: EntityVersion, list: String) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let EntityVersion { version, author, base, label, properties, conflict } = version;
    let title = move || {
        format!("{} · {}", words.now().entity_version(version, base), records.person(&author))
    };
    view! {
        <li class:entity-met=conflict.is_some()>
            <p><strong>{title}</strong></p>
            <Said label=label properties=properties list=list />
        </li>
    }
}

/// What a version says, or what stands.
#[component]
fn Said(
    label: Option<String>,
    properties: BTreeMap<String, String>,
    list: String,
) -> impl IntoView {
    let words = use_words();
    let labels = expect_context::<ReadSignal<Arc<Labels>>>();
    let label =
        label.map(|label| view! { <dt>{words.say(Language::entity_label)}</dt><dd>{label}</dd> });
    let said = |(name, value): (String, String)| {
        let value = if value.is_empty() { "–".to_owned() } else { value };
        let key = (list.clone(), name);
        let name = move || labels.read().get(&key).unwrap_or(&key.1).clone();
        view! { <dt>{name}</dt><dd>{value}</dd> }
    };
    view! {
        <dl class="facts facts-inline">
            {label}
            {properties.into_iter().map(said).collect_view()}
        </dl>
    }
}
