//! `/`: my work today.

use std::sync::Arc;

use leptos::prelude::*;

use crate::reactive::{Show, memo};
use sync::wire::State;

use super::fill::FormRow;
use super::install_banner::InstallBanner;
use super::low_space::LowSpace;
use super::parts::beside;
use super::record_row::RecordRow;
use super::{Later, edit_href, record_href, title_page};
use crate::components::{Banner, EmptyState, Glyph, Icon, Tone, keyed_list};
use crate::locale::Language;
use crate::platform::service_worker;
use crate::router::A;
use crate::stores::{
    AppUpdate, Library, Records, SignIn, day,
    listed::Counts,
    pack::{PackForm, REQUIRED},
    preferences::use_words,
    records::{Filter, RecordSummary},
    sign_in::SignInState,
};

/// How many drafts and forms are shown; the rest is one press away.
const SHOWN: usize = 6;

/// Drafts to finish, what came back, the forms one uses.
#[component]
pub fn TodayPage() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    let sign_in = expect_context::<SignIn>();
    let fills = sign_in.does_field_work();
    title_page(words.say(Language::today));
    let profile = memo(move || match sign_in.state().get() {
        SignInState::SignedIn(profile) => Some(profile),
        SignInState::Opening | SignInState::SignedOut => None,
    });
    let mine = move |state: State| {
        let Some(account) = profile.read().as_ref().map(|profile| profile.account.clone()) else {
            return Mine::default();
        };
        let all = records.all().read();
        let count = all.count_of(&account, state);
        let filter = Filter { author: Some(account), state: Some(state), ..Filter::default() };
        (all.first(&filter, SHOWN), count)
    };
    let drafts = memo(move || mine(State::Draft));
    let returned = memo(move || mine(State::Returned));
    // Others' records are on the phone too: what they fill is not what this person goes to.
    let uses = memo(move || {
        let profile = profile.read();
        let listed = records.all().read();
        let own = profile.as_ref().and_then(|profile| listed.forms_of(&profile.account));
        own.cloned().unwrap_or_default()
    });
    let used = memo(move || most_used(&library.pack().read().forms, &uses.read()));
    // An offer is not today's work; what is required comes before it.
    let pin_first = memo(move || library.pack().read().pin.as_deref() == Some(REQUIRED));
    let pin_offer =
        move |first| move || (pin_first.get() == first).then(|| beside(Later::PinOffer, ()));
    let greeting = move || {
        profile.read().as_ref().map(|profile| format!("{}, {}", words.now().hello(), profile.name))
    };
    let today = move || {
        let now = day::now();
        words.now().today_in_words(now.unix_ms, now.offset_min)
    };
    view! {
        <div class="page today">
            <header class="page-head">
                <p class="muted">{today}</p>
                <h1>{greeting}</h1>
            </header>
            <LowSpace />
            {beside(Later::WrongClock, ())}
            {beside(Later::NotHere, ())}
            {beside(Later::RescueParts, ())}
            {sign_in.reviews().then(|| beside(Later::ToReview, ()))}
            <Show when=move || returned.read().1 != 0>
                <RecordSection title=words.say(Language::returned_to_me) state=State::Returned records=returned />
            </Show>
            {fills
                .then(|| view! { <RecordSection title=words.say(Language::to_continue) state=State::Draft records=drafts /> })}
            {pin_offer(true)}
            <Readiness />
            {fills
                .then(|| {
                    view! {
                        <section class="section">
                            <h2>
                                {move || {
                                    let language = words.now();
                                    if uses.read().values().all(|count| *count == 0) { language.start_a_form() } else { language.most_used() }
                                }}
                            </h2>
                            <ul class="list card">
                                {keyed_list(
                                    move || used.get(),
                                    |form| form.hash.clone(),
                                    |form| view! { <li><FormRow form=form /></li> }.into_any(),
                                )}
                                {onward("/fill".to_owned(), words.say(Language::all_forms))}
                            </ul>
                        </section>
                    }
                })}
            {pin_offer(false)}
            <InstallBanner />
        </div>
    }
}

/// Whether the phone may go where there is no network.
#[component]
pub(super) fn Readiness() -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let is_kept = expect_context::<AppUpdate>().is_kept();
    let forms_held = library.all_forms_held();
    // What a browser cannot keep is not waited for.
    let has_come = move || is_kept.get() || !service_worker::is_possible();
    let is_ready = memo(move || forms_held.get() && has_come());
    let is_empty = memo(move || library.pack().read().forms.is_empty());
    move || {
        match (is_empty.get(), is_ready.get()) {
        (true, _) => {
            view! { <Banner tone=Tone::Attention title=words.say(Language::no_forms_yet) /> }
                .into_any()
        }
        (false, false) => {
            let missing = library.lacking_files().get().files();
            let bytes = missing.iter().map(|file| file.bytes).sum();
            let count = missing.len();
            let files = move || words.now().files_arriving(count, bytes);
            view! {
                <Banner tone=Tone::Attention title=words.say(Language::forms_arriving)>
                    {(count > 0).then(|| view! { <p data-files-missing=count>{files}</p> })}
                </Banner>
            }
                .into_any()
        }
        (false, true) if !is_kept.get() => {
            view! { <Banner tone=Tone::Attention title=words.say(Language::app_not_kept) /> }
                .into_any()
        }
        (false, true) => {
            view! { <p class="muted readiness" data-forms-held="true">{words.say(Language::forms_held)}</p> }
                .into_any()
        }
    }
    }
}

/// The last row of a short list, which leads to all of it.
fn onward(href: String, text: Signal<String>) -> AnyView {
    view! {
        <li>
            <A href=href attr:class="list-row">
                <span class="list-row-title">{text}</span>
                <Icon glyph=Glyph::Forward />
            </A>
        </li>
    }
    .into_any()
}

/// The newest of one's own records in one state, and how many there are.
type Mine = (Vec<Arc<RecordSummary>>, usize);

#[component]
fn RecordSection(
    #[prop(into)] title: Signal<String>,
    state: State,
    records: Memo<Mine>,
) -> impl IntoView {
    let words = use_words();
    let is_whole = expect_context::<Records>().is_whole();
    let href = |record: &RecordSummary| match record.state {
        State::Draft => edit_href(record.id),
        State::Submitted | State::Returned | State::Approved | State::Withdrawn => {
            record_href(record.id)
        }
    };
    view! {
        <section class="section">
            <h2>{title}</h2>
            <Show
                when=move || records.read().1 != 0
                fallback=move || {
                    // Before all records are here, nobody knows.
                    is_whole.get().then(|| {
                        view! { <EmptyState glyph=Glyph::Check text=words.say(Language::nothing_to_continue) /> }
                    })
                }
            >
                <ul class="list card">
                    {keyed_list(
                        move || records.get().0,
                        |record| format!("{} {} {} {}", record.id, record.changed_ms, record.unsent, record.title),
                        move |record| {
                            let href = href(&record);
                            view! { <li><RecordRow record=record href=href in_state=true /></li> }.into_any()
                        },
                    )}
                    // What is not in sight is not thought to be done.
                    <Show when=move || { SHOWN < records.read().1 }>
                        {onward(
                            format!("/records?state={}&mine=1", state.name()),
                            Signal::derive(move || {
                                let language = words.now();
                                format!("{} ({})", language.all(), language.count(records.read().1))
                            }),
                        )}
                    </Show>
                </ul>
            </Show>
        </section>
    }
}

/// The forms of which the person has most records, then the pack's own order.
fn most_used(forms: &[PackForm], uses: &Counts) -> Vec<PackForm> {
    let mut forms: Vec<PackForm> = forms.iter().filter(|form| !form.withdrawn).cloned().collect();
    forms.sort_by_key(|form| std::cmp::Reverse(uses.get(&form.id).copied().unwrap_or_default()));
    forms.truncate(SHOWN);
    forms
}
