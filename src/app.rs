//! The app: opens the phone's store, makes the stores of `crate::stores`, and leads addresses to pages.

use futures::future::{OptionFuture, try_join3};
use leptos::prelude::*;

use crate::reactive::{effect, memo};

use crate::{
    components::{Toaster, ToasterView},
    locale::Language,
    pages::{
        InPart, Later, NotFoundPage, OpeningPage, Parts, Shell, SignInPage, StorageProblemPage,
        go_on_href,
    },
    platform::{
        document, log_error,
        storage::{self, Storage, StorageError},
        tasks,
    },
    router::{Router, Screen, use_router},
    stores::{
        AppUpdate, Carry, Day, Door, InstallOffer, Library, OpenForms, Preferences, Records,
        RepairDesk, SignIn, SpaceWatch, SyncStatus,
        preferences::{Theme, use_words},
        sign_in::SignInState,
    },
};

/// After so long the lists that could not be read are read again.
const TRY_AGAIN_MS: u32 = 3_000;

/// Everything that lives as long as the app.
#[derive(Clone, Copy)]
struct Stores {
    library: Library,
    records: Records,
    sign_in: SignIn,
    sync_status: SyncStatus,
    open_forms: OpenForms,
    carry: Carry,
    space: SpaceWatch,
}

impl Stores {
    /// For all that is drawn or done below.
    fn provide(self) {
        provide_context(self.library);
        provide_context(self.records);
        provide_context(self.sign_in);
        provide_context(self.sync_status);
        provide_context(self.open_forms);
        provide_context(self.carry);
        provide_context(self.space);
    }
}

/// How far the start is.
#[derive(Clone)]
enum Start {
    /// Nobody has asked for a record yet.
    Closed,
    Opening,
    Failed(StorageError),
    /// Nobody was let in.
    Outside,
    Ready(Box<Stores>),
}

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    let preferences = Preferences::load();
    provide_context(preferences);
    let update = AppUpdate::watch();
    provide_context(update);
    provide_context(InstallOffer::watch());
    let parts = Parts::new(update);
    provide_context(parts);
    provide_context(Day::watch());
    show_preferences(preferences);

    let router = Router::start();
    provide_context(router);
    let toaster = Toaster::new();
    provide_context(toaster);
    let words = use_words();
    effect(move || {
        router.place().track();
        toaster.pass();
    });

    let start = RwSignal::new(Start::Closed);
    let door = Door::new();
    provide_context(door);
    let here = Owner::current().unwrap_or_default();
    let owner = here.clone();
    // What the app does by itself for who is in: as long as they are, whatever is on screen.
    let errands = StoredValue::new(None::<Owner>);
    door.on_enter(move |storage| {
        start.set(Start::Opening);
        let owner = owner.clone();
        // A task of its own: the stores outlive the page that let the person in.
        tasks::spawn(async move {
            let opened = open_stores(owner.clone(), update, door, storage).await;
            if let Ok(stores) = &opened {
                let here = owner.child();
                here.with(|| {
                    stores.provide();
                    parts.run(Later::Errands);
                });
                errands.try_set_value(Some(here));
            }
            let records = opened.as_ref().ok().map(|stores| stores.records);
            let form = opened.as_ref().ok().map(|stores| stores.open_forms).filter(|forms| {
                let screen = router.screen().get_untracked();
                matches!(screen, Screen::Entry | Screen::Start)
                    || screen == Screen::Today && forms.left().is_some()
            });
            start.set(match opened {
                Ok(stores) => Start::Ready(Box::new(stores)),
                Err(error) => Start::Failed(error),
            });
            document::announce_started();
            // The first screen needs only what this phone has work of; the lists fill up behind it, and behind a form that somebody
            // goes on in.
            OptionFuture::from(form.map(OpenForms::first_entered)).await;
            let Some(records) = records else { return };
            while let Err(error) = records.load_others().await {
                // Whoever fills in a form stays in it: the form says itself what it cannot store.
                let fills =
                    matches!(router.screen().get_untracked(), Screen::Entry | Screen::Start);
                if !fills || error.is_over() {
                    start.set(Start::Failed(error));
                    return;
                }
                log_error(&format!("lists not read: {error}"));
                tasks::sleep(TRY_AGAIN_MS).await;
            }
        });
    });
    let root = StoredValue::new(here.clone());
    let open = move || {
        start.set(Start::Opening);
        tasks::spawn(async move {
            match door.open().await {
                Ok(true) => {}
                Ok(false) => {
                    start.set(Start::Outside);
                    document::announce_started();
                }
                Err(error) => {
                    start.set(Start::Failed(error));
                    return document::announce_started();
                }
            }
            root.with_value(|owner| owner.with(|| parts.run(Later::Leavers)));
        });
    };
    // A form can be tried by anybody: it shows nobody's data, and waits for nobody's store to open.
    let is_tried = memo(move || router.screen().get() == Screen::Preview);
    effect(move || {
        if is_tried.get() {
            document::announce_started();
        } else if matches!(*start.read_untracked(), Start::Closed) {
            here.with(open);
        }
    });

    view! {
        {move || match start.get() {
            _ if is_tried.get() => view! { <InPart screen=Later::Preview /> }.into_any(),
            Start::Closed | Start::Opening => view! { <OpeningPage /> }.into_any(),
            Start::Failed(error) => {
                view! { <StorageProblemPage error retry=Callback::new(move |()| open()) /> }.into_any()
            }
            Start::Outside => view! { <Outside /> }.into_any(),
            Start::Ready(stores) => view! { <Ready stores=*stores /> }.into_any(),
        }}
        <ToasterView toaster=toaster close_label=words.say(Language::close) />
    }
}

async fn open_stores(
    owner: Owner,
    update: AppUpdate,
    door: Door,
    storage: Storage,
) -> Result<Stores, StorageError> {
    let (records, library, sign_in) = try_join3(
        Records::load(storage.clone()),
        Library::load(storage.clone()),
        SignIn::load(storage.clone(), door),
    )
    .await?;
    // What is made or judged here and not sent yet is by whoever is signed in: the server has not told their name.
    if let Some(me) = sign_in.profile() {
        records.add_names([(me.account, me.name)].into());
    }
    let open_forms = OpenForms::load(owner, storage.clone(), library, records, sign_in).await?;
    let sync_status = SyncStatus::new();
    update.follow(sync_status);
    let carry = Carry::new(door.shelf()?, storage, records, sign_in, open_forms);
    door.watch(open_forms);
    // The browser decides by itself whether it promises; asking again at each start costs nothing.
    tasks::spawn(async {
        storage::ask_to_persist().await;
    });
    let space = SpaceWatch::new();
    Ok(Stores { library, records, sign_in, sync_status, open_forms, carry, space })
}

/// Language, theme and text size belong to the page as a whole.
fn show_preferences(preferences: Preferences) {
    let chosen = preferences.chosen();
    effect(move || {
        let chosen = chosen.read();
        document::set_root_attribute("lang", chosen.language.code());
        document::set_root_attribute(
            "data-theme",
            match chosen.theme {
                Theme::System => "system",
                Theme::Light => "light",
                Theme::Dark => "dark",
            },
        );
        document::set_text_percent(chosen.text_percent);
    });
}

/// Before anybody is let in: nothing of anybody's records is in memory.
#[component]
fn Outside() -> impl IntoView {
    let router = use_router();
    router.come_from_outside();
    let screen = router.screen();
    let asked = expect_context::<Door>().asked();
    move || match (screen.get(), asked.read().is_some()) {
        (screen, true) if screen != Screen::SignIn => {
            view! { <InPart screen=Later::Unlock /> }.into_any()
        }
        // Whoever goes on from a lost phone has nobody to sign in with while there is no network.
        (Screen::Carry, _) => carry_alone(),
        _ => view! { <SignInPage /> }.into_any(),
    }
}

#[component]
fn Ready(stores: Stores) -> impl IntoView {
    stores.provide();
    provide_context(RepairDesk::new(stores.sign_in));
    let sign_in = stores.sign_in.state();
    let is_signed_in = memo(move || matches!(*sign_in.read(), SignInState::SignedIn(_)));
    let router = use_router();
    // Whoever opens the app by its icon and was killed in a form goes on in it.
    if router.screen().get_untracked() == Screen::Today
        && let Some(left) = stores.open_forms.left()
    {
        router.replace(&go_on_href(&left));
    }
    // The screens with tabs share their frame: it stays while the person goes from one to the other.
    let frame = memo(move || match Frame::around(router.screen().get()) {
        // A store whose person never came further than its making.
        Frame::Shell if router.screen().get() == Screen::Carry && !is_signed_in.get() => {
            Frame::Carry
        }
        frame if is_signed_in.get() => frame,
        _ => Frame::SignIn,
    });
    view! {
        {move || match frame.get() {
            Frame::Shell => view! { <Shell /> }.into_any(),
            Frame::SignIn => view! { <SignInPage /> }.into_any(),
            Frame::Start => view! { <InPart screen=Later::Start /> }.into_any(),
            Frame::Entry => view! { <InPart screen=Later::Entry /> }.into_any(),
            Frame::Carry => carry_alone(),
            Frame::NotFound => view! { <NotFoundPage /> }.into_any(),
        }}
    }
}

/// The page of what goes by file, outside of the frame that has the tabs.
fn carry_alone() -> AnyView {
    view! { <main><InPart screen=Later::Carry /></main> }.into_any()
}

/// What fills the whole page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Shell,
    SignIn,
    /// A form has the whole page.
    Start,
    Entry,
    Carry,
    NotFound,
}

impl Frame {
    fn around(screen: Screen) -> Self {
        match screen {
            Screen::Today
            | Screen::Fill
            | Screen::Records
            | Screen::Repair
            | Screen::People
            | Screen::Carry
            | Screen::Reports
            | Screen::More => Self::Shell,
            Screen::SignIn => Self::SignIn,
            Screen::Start => Self::Start,
            Screen::Entry => Self::Entry,
            // Never here: the app shows it without the stores.
            Screen::Preview | Screen::NotFound => Self::NotFound,
        }
    }
}
