//! `/records/:record/edit`: fills in one record. A form has the whole screen.

use std::sync::Arc;

use leptos::prelude::*;

use crate::reactive::{effect, memo};
use sync::wire::RecordId;

use super::last_time::LastTime;
use super::low_space::{LowSpace, PrivateWindow};
use super::record_row::told;
use super::shell::NewVersion;
use super::standing::StandingLine;
use super::wrong_clock::WrongClock;
use super::{InPart, Later, back_href, begin_again_href, edit_href, start_href, title_page};
use crate::components::{Act, Banner, Glyph, Icon, Toast, Toaster, Tone};
use crate::form_view::{FormView, storage_advice};
use crate::locale::Language;
use crate::platform::{address, log_error, tasks};
use crate::router::{A, Router, Screen, use_router};
use crate::stores::{
    FormEntry, Library, OpenForms, Records, SaveState, SpaceWatch, SyncStatus,
    library::ProgramError,
    open_forms::OpenFormError,
    preferences::{Words, use_words},
};

/// Fills in one record, where the person left it.
#[component]
pub fn EntryPage() -> impl IntoView {
    let words = use_words();
    let open_forms = expect_context::<OpenForms>();
    let router = use_router();
    let id = router.id_on(Screen::Entry);
    let record = memo(move || id.get().and_then(|id| id.parse::<RecordId>().ok()));
    let opened = RwSignal::new(None::<Result<FormEntry, OpenFormError>>);
    effect(move || {
        let record = record.get();
        let again = router.query().with_untracked(begin_again_href);
        opened.set(None);
        tasks::spawn(async move {
            let entry = match record {
                Some(record) => open_forms.open(record).await,
                None => Err(OpenFormError::NoSuchRecord),
            };
            if matches!((&entry, &again), (Err(OpenFormError::NoSuchRecord), Some(_))) {
                to_first_step().await;
            }
            match (entry, again.filter(|_| router.screen().get_untracked() == Screen::Entry)) {
                (Err(OpenFormError::NoSuchRecord), Some(again)) => router.replace(&again),
                (entry, _) => {
                    opened.try_set(Some(entry));
                }
            }
        });
    });
    view! {
        <div class="entry-page">
            <header class="shell-head"><StandingLine /></header>
            <main class="entry-main">
                // That the session has ended is told above, and asked for there.
                <NewVersion />
                <PrivateWindow />
                <LowSpace brief=true />
                <WrongClock />
                <SentBack record=record />
                {move || match opened.get() {
                    None => view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any(),
                    Some(Err(error)) => view! { <OpenFailure error=error /> }.into_any(),
                    Some(Ok(entry)) => view! { <Filling entry=entry /> }.into_any(),
                }}
            </main>
        </div>
    }
}

/// Goes to where the form of this address began: the steps of one that is begun anew are its own, and each of the old ones that it left
/// behind would begin another.
async fn to_first_step() {
    let steps = address::step();
    if steps > 0 {
        address::go_back(steps);
    }
    // No browser takes a second for it, and one that does not go back keeps nobody waiting.
    for _ in 0..50 {
        if address::step() == 0 {
            return;
        }
        tasks::sleep(20).await;
    }
}

/// What whoever sent the record back wants mended, in sight while it is mended: a line, and all of it at a tap.
#[component]
fn SentBack(record: Memo<Option<RecordId>>) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let reason = memo(move || records.summary(record.get()?)?.returned.clone());
    move || {
        reason.get().map(|reason| {
            let language = words.now();
            view! {
                <details class="sent-back">
                    <summary>
                        <span>{format!("{}: {}", language.state_returned(), reason.why)}</span>
                    </summary>
                    <p class="muted">{told(records, language, &reason)}</p>
                </details>
            }
        })
    }
}

#[component]
fn Filling(entry: FormEntry) -> impl IntoView {
    let words = use_words();
    let toaster = expect_context::<Toaster>();
    let sync_status = expect_context::<SyncStatus>();
    let router = use_router();
    title_page(entry.title());
    let amending = Amending { toaster, sync_status, router, words };
    remember(entry, amending);
    watch_space(entry);
    let reviewing = RwSignal::new(false);
    let back = move || router.query().with_untracked(|query| back_href(entry.record(), query));
    let library = expect_context::<Library>();
    let is_first = !entry.is_submitted().get_untracked();
    let submitted = move |()| {
        let language = words.at_once();
        // One arrival after the other: the next record of the form is a press away.
        let goes_on = is_first && untrack(|| library.form_to_begin(&entry.form().id).is_some());
        let next = goes_on.then(|| {
            let href = start_href(&entry.form().id, &entry.unit());
            let begin: Act = Arc::new(move || router.go(&href));
            (language.another_record().to_owned(), begin)
        });
        toaster.show(Toast { text: language.state_submitted().to_owned(), action: next });
        sync_status.sync_now();
        router.replace(&back());
    };
    let lacks =
        move || entry.amended().is_some_and(|lacks| !lacks.is_empty() || entry.asks_reason());
    // Whoever corrects a record came from it; work of one's own stands on Today.
    let leave = move |()| {
        if !reviewing.get_untracked() && lacks() {
            // What a submitted record lacks is sent as it is: it is seen before.
            reviewing.set(true);
        } else if entry.is_submitted().get_untracked() {
            router.go(&back());
        } else {
            router.go("/");
        }
    };
    let map = || view! { <InPart screen=Later::Map /> };
    let codes = || view! { <InPart screen=Later::Codes /> };
    let begin = move || {
        is_first.then(|| {
            view! { <LastTime form=entry.form().id unit=entry.unit() title=entry.title() /> }
        })
    };
    view! {
        <FormView
            entry=entry
            on_leave=leave
            on_submitted=submitted
            map=map
            codes=codes
            begin=begin
            reviewing=reviewing
        />
    }
}

/// A killed app never runs the clean-up: the form is still on screen then, as far as the phone's disk knows.
fn remember(entry: FormEntry, amending: Amending) {
    entry.set_on_screen(true);
    on_cleanup(move || {
        entry.set_on_screen(false);
        amending.end(entry);
    });
}

/// What becomes of a submitted record that was changed, whichever way its form is left.
#[derive(Clone, Copy)]
struct Amending {
    toaster: Toaster,
    sync_status: SyncStatus,
    router: Router,
    words: Words,
}

impl Amending {
    /// What is complete is put in order; what is not is sent as it is, and told.
    fn end(self, entry: FormEntry) {
        let Self { toaster, sync_status, router, words } = self;
        match entry.amended() {
            None => {}
            Some(lacks) if lacks.is_empty() => tasks::spawn(async move {
                match entry.amend().await {
                    Ok(()) => sync_status.sync_now(),
                    Err(error) => log_error(&format!("changes not put in order: {error}")),
                }
            }),
            Some(lacks) => {
                let language = words.at_once();
                let href = edit_href(entry.record());
                let again = Arc::new(move || router.go(&href));
                toaster.show(Toast {
                    text: language.submitted_to_fix(lacks.len()),
                    action: Some((language.amend_further().to_owned(), again)),
                });
            }
        }
    }
}

/// Every answer and photo takes some room.
fn watch_space(entry: FormEntry) {
    let space = expect_context::<SpaceWatch>();
    effect(move || {
        if matches!(*entry.save_state().read(), SaveState::Saved(_)) {
            space.measure();
        }
    });
}

/// Why a form is not on screen, and what can be done.
#[component]
pub(super) fn OpenFailure(error: OpenFormError) -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::form_not_here));
    let technical = error.to_string();
    let why = Signal::derive(move || {
        let language = words.now();
        match &error {
            OpenFormError::NoSuchRecord => language.record_not_here_why(),
            OpenFormError::NoSuchForm | OpenFormError::Program(ProgramError::NotHere) => {
                language.form_not_fetched()
            }
            OpenFormError::Approved => language.approved_why(),
            OpenFormError::SignedOut => language.sign_in_why(),
            OpenFormError::Program(ProgramError::Storage(error))
            | OpenFormError::Storage(error) => storage_advice(language, error),
            OpenFormError::Program(
                ProgramError::Refused(_) | ProgramError::OtherBytes | ProgramError::Unusable(_),
            ) => language.form_broken(),
        }
        .to_owned()
    });
    view! {
        <div class="page open-failure">
            <h1>{words.say(Language::form_not_here)}</h1>
            <Banner tone=Tone::Bad title=why>
                <details>
                    <summary>{words.say(Language::technical)}</summary>
                    <p class="muted">{technical}</p>
                </details>
            </Banner>
            <A href="/" attr:class="button">
                <Icon glyph=Glyph::Back />
                <span>{words.say(Language::to_today)}</span>
            </A>
        </div>
    }
}
