//! Screens whose code comes apart from the rest. A phone opens the app, signs in and shows what is to be done with the first part;
//! the form engine, the lock, the desk, the map and the reader of codes are parts of their own, fetched when they are first needed and kept by the
//! service worker.
//!
//! `cargo xtask pwa` cuts the module where [`forms`], [`lock`], [`desk`], [`map`] and [`codes`] stand (feature `split`); any other build has them in one.

use leptos::prelude::*;
use thiserror::Error;

use super::{
    carry::CarryPage,
    entry::EntryPage,
    more::MorePage,
    not_here::NotHere,
    passing_by::PassingBy,
    passkey_make::PasskeyMake,
    passkey_sign_in::PasskeySignIn,
    people::PeoplePage,
    people_here::PeopleHere,
    pin_offer::PinOffer,
    pin_settings::PinSettings,
    preview::PreviewPage,
    record_conflicts::{Choosing, Looking},
    record_history::HistoryList,
    records::RecordsPage,
    repair::{RepairPage, count_repairs},
    reports::ReportsPage,
    rescue_parts::RescueParts,
    review::{Judging, ToReview},
    shell::NewVersion,
    start::StartPage,
    storage_health::StorageHealth,
    unlock::UnlockPage,
    wrong_clock::WrongClock,
};
use crate::components::{Banner, Button, ButtonKind, Tone};
use crate::form_view::{MapView, scan_with};
use crate::locale::Language;
use crate::platform::{barcode, connectivity, log_error, tasks};
use crate::reactive::{effect, memo};
use crate::stores::{
    AppUpdate, Carry, Door, Records, SpaceWatch, SyncStatus, preferences::use_words, wipe,
};
use crate::sync_runner::Runner;

/// A screen that is not in the first part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// A form is filled in.
    Entry,
    /// A record is begun.
    Start,
    /// The list of records, and one that is read.
    Records,
    /// The figures.
    Reports,
    /// Work that goes by file: with the forms, so that a phone has it before the network is away.
    Carry,
    /// What is missing of a rescue file. In Today.
    RescueParts,
    /// How the phone's storage is.
    StorageHealth,
    /// That the phone's clock is wrong. In Today.
    WrongClock,
    /// That work does not stay where the app was opened. In Today.
    NotHere,
    /// Ending the sessions of those who left the phone, and their stores who forgot their PIN. It has nothing to show.
    Leavers,
    /// That a PIN can be set. In Today; what sets it comes with the lock.
    PinOffer,
    /// What the app does by itself that its opening need not wait for: syncing above all. It has nothing to show.
    Errands,
    /// A form is tried.
    Preview,
    /// The repair desk.
    Repair,
    /// How many records wait for review. In Today.
    ToReview,
    /// A record is approved or sent back. In the record.
    Judging,
    /// One of several answers is chosen. In the record.
    Choosing,
    /// What met without a choice to make is looked at. In the record.
    Looking,
    /// What a desk does by itself: counting what waits for repair. It has nothing to show.
    DeskErrands,
    /// People and devices.
    People,
    /// A passkey lets somebody in.
    PasskeySignIn,
    /// Somebody makes a passkey to be let in.
    PasskeyMake,
    /// Somebody brings a code to where the app cannot stay. On the sign-in screen.
    PassingBy,
    /// A PIN is asked for.
    Unlock,
    /// A PIN is set.
    PinSettings,
    /// The people of this phone.
    PeopleHere,
    /// Everything about the phone and the app. Where the lock is set, so that it comes with that.
    More,
    /// The history of a record: the server alone knows it.
    History,
    /// A map. In a question.
    Map,
    /// A code is read, where the browser cannot. In a question.
    Codes,
}

/// A part did not come: there is no network, or the server has only a newer version's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a part of the app did not come")]
pub struct Missing;

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for Missing {
    fn from(_why_is_in_the_console: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

/// Draws the screens of a part. As a function's address it can be called in the midst of drawing, once the part is here.
type Draw = fn(Later) -> AnyView;

/// A part's way in: with the feature `split` a function that first fetches the part, else one that has it.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident draws $draw:expr) => {
        $(#[$doc])*
        #[cfg(feature = "split")]
        #[wasm_split_helpers::wasm_split($name, fallible)]
        fn $name() -> Result<Draw, Missing> {
            Ok($draw)
        }
        $(#[$doc])*
        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<Draw, Missing> {
            Ok($draw)
        }
    };
}

part! {
    /// The form engine and all that needs it.
    forms draws |screen| match screen {
        Later::Entry => view! { <EntryPage /> }.into_any(),
        Later::Start => view! { <StartPage /> }.into_any(),
        Later::Records => view! { <RecordsPage /> }.into_any(),
        Later::Reports => view! { <ReportsPage /> }.into_any(),
        Later::Carry => view! { <CarryPage /> }.into_any(),
        Later::RescueParts => view! { <RescueParts carry=expect_context() is_there=false /> }.into_any(),
        Later::StorageHealth => view! { <StorageHealth /> }.into_any(),
        Later::WrongClock => view! { <WrongClock /> }.into_any(),
        Later::NotHere => view! { <NotHere /> }.into_any(),
        Later::PinOffer => view! { <PinOffer /> }.into_any(),
        Later::Errands => {
            let (carry, sync_status) = (expect_context::<Carry>(), expect_context::<SyncStatus>());
            let (records, library) = (expect_context::<Records>(), expect_context());
            let is_whole = records.is_whole();
            effect(move || {
                if is_whole.get() {
                    tasks::spawn(async move {
                        if let Err(error) = records.keep_summaries().await {
                            log_error(&format!("summaries not kept: {error}"));
                        }
                    });
                }
            });
            let (sign_in, open_forms) = (expect_context(), expect_context());
            let (storage, chosen) = (carry.storage(), expect_context());
            Runner::start(storage, records, library, sign_in, sync_status, open_forms, chosen);
            carry.begin();
            carry.keep_copied(expect_context(), expect_context(), expect_context());
            expect_context::<SpaceWatch>().begin(carry.storage(), sync_status);
            ().into_any()
        }
        Later::Leavers => {
            let door = expect_context::<Door>();
            let end = move || tasks::spawn(wipe::end_sessions(door));
            let settle = move || tasks::spawn(wipe::settle_aside(door));
            end();
            let people = door.people();
            let is_one_aside = memo(move || people.read().iter().any(|it| it.row.is_aside()));
            effect(move || {
                if is_one_aside.get() {
                    settle();
                }
            });
            connectivity::on_change(move |online| {
                if online {
                    end();
                    settle();
                }
            });
            ().into_any()
        }
        _ => ().into_any(),
    }
}

part! {
    /// What only those at a desk open.
    desk draws |screen| match screen {
        Later::Preview => view! { <PreviewPage /> }.into_any(),
        Later::Repair => view! { <RepairPage /> }.into_any(),
        Later::People => view! { <PeoplePage /> }.into_any(),
        Later::ToReview => view! { <ToReview /> }.into_any(),
        Later::Judging => view! { <Judging /> }.into_any(),
        Later::Choosing => view! { <Choosing /> }.into_any(),
        Later::Looking => view! { <Looking /> }.into_any(),
        Later::History => view! { <HistoryList /> }.into_any(),
        Later::DeskErrands => {
            count_repairs();
            ().into_any()
        }
        Later::PasskeySignIn => view! { <PasskeySignIn /> }.into_any(),
        Later::PasskeyMake => view! { <PasskeyMake /> }.into_any(),
        Later::PassingBy => view! { <PassingBy /> }.into_any(),
        _ => ().into_any(),
    }
}

part! {
    /// What makes a key of a PIN, and asks for one.
    lock draws |screen| match screen {
        Later::Unlock => view! { <UnlockPage /> }.into_any(),
        Later::PinSettings => view! { <PinSettings /> }.into_any(),
        Later::PeopleHere => view! { <PeopleHere /> }.into_any(),
        Later::More => view! { <MorePage /> }.into_any(),
        _ => ().into_any(),
    }
}

part! {
    /// What moves pictures of the earth about: they need a network, so it does too.
    map draws |screen| match screen {
        Later::Map => view! { <MapView /> }.into_any(),
        _ => ().into_any(),
    }
}

part! {
    /// What reads codes in pictures.
    codes draws |screen| match screen {
        Later::Codes => scan_with(barcode::of_app()),
        _ => ().into_any(),
    }
}

/// The parts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Forms,
    Desk,
    Lock,
    Map,
    Codes,
}

impl Later {
    const fn part(self) -> Part {
        match self {
            Self::Entry
            | Self::Start
            | Self::Records
            | Self::Reports
            | Self::Carry
            | Self::RescueParts
            | Self::StorageHealth
            | Self::WrongClock
            | Self::NotHere
            | Self::PinOffer
            | Self::Errands
            | Self::Leavers => Part::Forms,
            Self::Preview
            | Self::Repair
            | Self::People
            | Self::ToReview
            | Self::Judging
            | Self::Choosing
            | Self::Looking
            | Self::History
            | Self::DeskErrands
            | Self::PasskeySignIn
            | Self::PasskeyMake
            | Self::PassingBy => Part::Desk,
            Self::Unlock | Self::PinSettings | Self::PeopleHere | Self::More => Part::Lock,
            Self::Map => Part::Map,
            Self::Codes => Part::Codes,
        }
    }
}

/// After so long a part that did not come is asked for again, where the app cannot do without.
const TRY_AGAIN_MS: u32 = 10_000;

/// Which parts are here. One for the whole app.
#[derive(Clone, Copy)]
pub struct Parts {
    update: AppUpdate,
    forms: RwSignal<Option<Result<Draw, Missing>>>,
    desk: RwSignal<Option<Result<Draw, Missing>>>,
    lock: RwSignal<Option<Result<Draw, Missing>>>,
    map: RwSignal<Option<Result<Draw, Missing>>>,
    codes: RwSignal<Option<Result<Draw, Missing>>>,
}

impl Parts {
    /// Begins to fetch what a phone needs to fill in forms: it is there before a person has tapped one.
    #[must_use]
    pub fn new(update: AppUpdate) -> Self {
        let away = || RwSignal::new(None);
        let parts =
            Self { update, forms: away(), desk: away(), lock: away(), map: away(), codes: away() };
        parts.fetch(Later::Entry);
        parts
    }

    /// Begins what the app does by itself, [`Later::Errands`] or [`Later::DeskErrands`], once the part that holds it is here. Nothing is
    /// sent and no form comes before that, and nobody may see that it is missing: it is asked for until it came.
    pub fn run(self, errands: Later) {
        let begun = StoredValue::new(false);
        let part = self.of(errands);
        effect(move || {
            if let Some(Ok(draw)) = part.get()
                && !begun.get_value()
            {
                begun.set_value(true);
                drop(draw(errands));
            }
        });
        tasks::spawn(async move {
            while begun.try_get_value() == Some(false) {
                tasks::sleep(TRY_AGAIN_MS).await;
                if let Some(Some(Err(Missing))) = part.try_get_untracked() {
                    self.bring(errands).await;
                }
            }
        });
    }

    /// As [`Self::new`], for what a coordinator needs: it is on this device before the network is away.
    pub fn fetch_desk(self) {
        self.fetch(Later::Repair);
    }

    /// Fetches the part of a screen, unless it is here.
    pub(super) fn fetch(self, screen: Later) {
        let part = self.of(screen);
        if matches!(part.get_untracked(), Some(Ok(_))) {
            return;
        }
        part.set(None);
        tasks::spawn(self.bring(screen));
    }

    async fn bring(self, screen: Later) {
        let part = self.of(screen);
        let came = match screen.part() {
            Part::Forms => forms().await,
            Part::Desk => desk().await,
            Part::Lock => lock().await,
            Part::Map => map().await,
            Part::Codes => codes().await,
        };
        if let Err(error) = came {
            log_error(&error.to_string());
            // The server may have the next version's alone.
            if connectivity::is_online() {
                self.update.look_for_rest();
            }
        }
        // Whoever reads that it is missing is not told anew each time.
        if part.try_get_untracked() != Some(Some(came)) {
            part.try_set(Some(came));
        }
    }

    pub(super) fn of(self, screen: Later) -> RwSignal<Option<Result<Draw, Missing>>> {
        match screen.part() {
            Part::Forms => self.forms,
            Part::Desk => self.desk,
            Part::Lock => self.lock,
            Part::Map => self.map,
            Part::Codes => self.codes,
        }
    }
}

/// Shows something of another part that comes by itself beside what is here, and tells it what it is about; until then nothing.
pub(super) fn beside<T: Clone + Send + Sync + 'static>(
    thing: Later,
    about: T,
) -> impl Fn() -> Option<AnyView> {
    let part = expect_context::<Parts>().of(thing);
    move || {
        let draw = part.get()?.ok()?;
        provide_context(about.clone());
        Some(draw(thing))
    }
}

/// Shows a screen of another part, as soon as that is here.
#[component]
pub fn InPart(screen: Later) -> impl IntoView {
    let words = use_words();
    let parts = expect_context::<Parts>();
    let part = parts.of(screen);
    // The forms come from the start; a part that failed to come is asked for again by the way.
    let is_away = part.with_untracked(|came| !matches!(came, Some(Ok(_))));
    if is_away && screen.part() != Part::Forms {
        parts.fetch(screen);
    }
    // Elsewhere the page around it offers the new version.
    let is_alone = matches!(screen, Later::Preview | Later::Unlock);
    move || match part.get() {
        Some(Ok(draw)) => draw(screen),
        None => {
            view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any()
        }
        Some(Err(Missing)) => view! {
            <div class="page open-failure">
                {is_alone.then(|| view! { <NewVersion /> })}
                <Banner tone=Tone::Bad title=words.say(Language::part_missing)>
                    <p>{words.say(Language::part_missing_why)}</p>
                </Banner>
                <Button
                    kind=ButtonKind::Primary
                    label=words.say(Language::try_again)
                    on_click=move |()| parts.fetch(screen)
                />
            </div>
        }
        .into_any(),
    }
}
