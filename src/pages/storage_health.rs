//! Under More: how safe the work on this phone is. Whether the browser keeps it, how much room is left, and what a phone
//! that is lost now would take along.

use leptos::prelude::*;

use super::{
    low_space::{LowSpace, room_text},
    moment,
};
use crate::components::{Banner, Button, Tone};
use crate::locale::Language;
use crate::platform::{
    connectivity,
    install::Way,
    log_error,
    tasks::{self, OneAtATime},
};
use crate::reactive::{Show, effect, memo};
use crate::stores::{
    InstallOffer, Preferences, Records, SpaceWatch, SyncStatus, preferences::use_words,
    space::AtRisk,
};

/// The phone's storage.
#[component]
pub fn StorageHealth() -> impl IntoView {
    let words = use_words();
    let watch = expect_context::<SpaceWatch>();
    let space = watch.space();
    let offer = expect_context::<InstallOffer>();
    let records = expect_context::<Records>();
    let standing = expect_context::<SyncStatus>().standing();
    let risk = RwSignal::new(None::<AtRisk>);
    watch.measure();
    // It is counted anew whenever what is to be sent changes, or something was sent.
    let counting = OneAtATime::default();
    effect(move || {
        standing.track();
        let counting = counting.clone();
        let count = async move || match records.at_risk().await {
            Ok(counted) => {
                risk.try_set(Some(counted));
            }
            Err(error) => log_error(&format!("not counted: {error}")),
        };
        tasks::spawn(async move { counting.run(count).await });
    });
    let size = move |bytes: Option<u64>| {
        let language = words.now();
        bytes.map_or_else(|| language.unknown().to_owned(), |bytes| language.bytes(bytes))
    };
    let installed = move || {
        let language = words.now();
        if offer.way() == Way::Installed {
            language.is_installed()
        } else {
            language.is_not_installed()
        }
    };
    let last = move || {
        let language = words.now();
        standing
            .read()
            .last_success_ms
            .map_or_else(|| language.never_sent().to_owned(), |at| moment(language, at))
    };
    let held = move || {
        let (files, bytes) =
            risk.read().as_ref().map_or((0, 0), |risk| (risk.held_files, risk.held_bytes));
        let language = words.now();
        format!("{} ({})", language.file_count(files), language.bytes(bytes))
    };
    let is_whole = records.is_whole();
    let record_count = move || {
        let language = words.now();
        // Before all records are here, no count is true.
        match is_whole.get() {
            true => language.record_count(records.all().read().len()),
            false => language.opening().to_owned(),
        }
    };
    let is_kept = memo(move || space.read().persisted);
    view! {
        <section class="section settings" data-storage-health>
            <h2>{words.say(Language::storage)}</h2>
            <Show
                when=move || is_kept.get()
                fallback=move || {
                    view! {
                        <Banner tone=Tone::Attention title=words.say(Language::not_kept_for_sure)>
                            <Button label=words.say(Language::ask_to_keep) on_click=move |()| watch.ask_to_persist() />
                        </Banner>
                    }
                }
            >
                <Banner tone=Tone::Good title=words.say(Language::kept_for_sure) />
            </Show>
            <LowSpace />
            <dl class="facts facts-inline">
                <dt>{words.say(Language::on_home_screen)}</dt>
                <dd>{installed}</dd>
                <dt>{words.say(Language::space_used)}</dt>
                <dd>{move || size(space.read().used)}</dd>
                <dt>{words.say(Language::space_left)}</dt>
                <dd>{move || room_text(words.now(), *space.read())}</dd>
                <dt>{words.say(Language::records)}</dt>
                <dd>{record_count}</dd>
                <dt>{words.say(Language::held_files)}</dt>
                <dd>{held}</dd>
                <dt>{words.say(Language::server_has)}</dt>
                <dd>{last}</dd>
            </dl>
            <h3>{words.say(Language::if_lost)}</h3>
            {move || risk.get().map(|risk| view! { <Lost risk=risk /> })}
        </section>
        {connectivity::tells_line_type().then(|| view! { <LargeFiles /> })}
    }
}

/// Whether large files wait for Wi-Fi, and how many do now.
#[component]
fn LargeFiles() -> impl IntoView {
    let words = use_words();
    let preferences = expect_context::<Preferences>();
    let chosen = preferences.chosen();
    let standing = expect_context::<SyncStatus>().standing();
    let waiting = move || {
        let count = standing.read().files_for_wifi;
        (count > 0).then(|| view! { <p>{words.now().wait_for_wifi(count)}</p> })
    };
    view! {
        <section class="section settings" data-large-files>
            <h2>{words.say(Language::standing)}</h2>
            <label class="check-line">
                <input
                    type="checkbox"
                    prop:checked=move || chosen.read().large_by_wifi
                    on:change:target=move |event| {
                        let on = event.target().checked();
                        preferences.change(|chosen| chosen.large_by_wifi = on);
                    }
                />
                <span>{words.say(Language::large_by_wifi)}</span>
            </label>
            <p class="muted">{words.say(Language::large_by_wifi_why)}</p>
            {waiting}
        </section>
    }
}

/// What a lost phone would take along, and what is safe of the rest.
#[component]
fn Lost(risk: AtRisk) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let (has_sent, without_backup, is_nothing) =
        (risk.has_sent, risk.without_backup, risk.is_nothing());
    let lost = Signal::derive(move || {
        let language = words.now();
        if risk.is_nothing() {
            return language.lose_nothing().to_owned();
        }
        // What is still open has no hour of its own: the record's last change is nearest.
        let open = risk.records.iter().filter_map(|id| Some(records.summary(*id)?.changed_ms));
        let since = open.chain(risk.since_ms).min().map(|at| moment(language, at));
        language.lost_with_phone(risk.records.len(), risk.files, risk.bytes, since.as_deref())
    });
    let backup = move || match without_backup {
        0 => words.now().backup_holds_all().to_owned(),
        records => words.now().without_backup(records),
    };
    view! {
        <Banner tone=if is_nothing { Tone::Good } else { Tone::Attention } title=lost />
        {has_sent.then(|| view! { <p class="muted">{backup}</p> })}
    }
}
