//! The frame of every screen but an open form: the status line, the page, the tabs.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::standing::StandingLine;
use super::{FillPage, InPart, Later, Parts, TodayPage};
use crate::components::{Banner, Button, Glyph, Icon, Tone};
use crate::locale::Language;
use crate::platform::{document, tasks};
use crate::router::{A, Screen, use_router};
use crate::stores::{AppUpdate, OpenForms, RepairDesk, SignIn, preferences::use_words};

/// The frame around a page.
#[component]
pub fn Shell() -> impl IntoView {
    let words = use_words();
    let router = use_router();
    let screen = router.screen();
    effect(move || {
        router.place().track();
        let Some(left) = router.left() else { return };
        catch_once_drawn(left.id.map(|id| format!(".record-row[href*='{id}']")));
    });
    // The address stays: what follows its # is a sign-in code.
    let skip = |event: MouseEvent| {
        event.prevent_default();
        document::focus("#content");
    };
    view! {
        <div class="shell">
            <a class="skip-link" href="#content" on:click=skip>{words.say(Language::skip_to_content)}</a>
            <header class="shell-head"><StandingLine /></header>
            <Tabs />
            <main
                class="shell-main"
                id="content"
                tabindex="-1"
                on:click=move |event| {
                    // By a key: what it did may take away what was pressed.
                    if event.detail() == 0 {
                        catch_once_drawn(None);
                    }
                }
            >
                <Notices />
                {move || match screen.get() {
                    Screen::Fill => view! { <FillPage /> }.into_any(),
                    Screen::Records => view! { <InPart screen=Later::Records /> }.into_any(),
                    Screen::Repair => view! { <InPart screen=Later::Repair /> }.into_any(),
                    Screen::People => view! { <InPart screen=Later::People /> }.into_any(),
                    Screen::Carry => view! { <InPart screen=Later::Carry /> }.into_any(),
                    Screen::Reports => view! { <InPart screen=Later::Reports /> }.into_any(),
                    Screen::More => view! { <InPart screen=Later::More /> }.into_any(),
                    Screen::Today => view! { <TodayPage /> }.into_any(),
                    // These have the whole page: the frame gives way to them.
                    Screen::Start
                    | Screen::Entry
                    | Screen::Preview
                    | Screen::SignIn
                    | Screen::NotFound => ().into_any(),
                }}
            </main>
        </div>
    }
}

/// Whoever was on what is gone comes to `row`, or to the page, once what comes instead is laid out.
fn catch_once_drawn(row: Option<String>) {
    request_animation_frame(move || {
        request_animation_frame(move || document::catch_focus(row.as_deref(), "#content"));
    });
}

#[component]
fn Tabs() -> impl IntoView {
    let words = use_words();
    let fills = expect_context::<SignIn>().does_field_work();
    let tabs = [
        ("/", Glyph::Today, Language::today as fn(Language) -> &'static str),
        ("/records", Glyph::Records, Language::records),
        ("/fill", Glyph::Fill, Language::fill),
        ("/reports", Glyph::Reports, Language::reports),
    ];
    let tab = |(href, glyph, name): (&'static str, Glyph, fn(Language) -> &'static str)| {
        view! {
            <A href=href exact={href == "/"} attr:class="tab">
                <Icon glyph=glyph />
                <span>{words.say(name)}</span>
            </A>
        }
    };
    view! {
        <nav class="tabs" aria-label=words.say(Language::main_menu)>
            <p class="tabs-name">{words.say(Language::app_name)}</p>
            {tabs.into_iter().filter(|(href, ..)| fills || *href != "/fill").map(tab).collect_view()}
            <RepairTab />
            {tab(("/more", Glyph::More, Language::more))}
        </nav>
    }
}

/// The ways to the repair desk with the count of what waits there, and to the people, for those who may see them. At a desk; the phone has them
/// under More.
#[component]
fn RepairTab() -> impl IntoView {
    let words = use_words();
    let desk = expect_context::<RepairDesk>();
    if desk.is_open() {
        let parts = expect_context::<Parts>();
        parts.fetch_desk();
        parts.run(Later::DeskErrands);
    }
    let count = move || {
        let waiting = desk.waiting().get();
        let count = waiting.list.len() + desk.met().read().len();
        let more = if waiting.has_older { "+" } else { "" };
        (count > 0)
            .then(|| view! { <span class="tab-count">{words.now().count(count)}{more}</span> })
    };
    desk.is_open().then(|| {
        view! {
            <A href="/repair" attr:class="tab desk-tab">
                <Icon glyph=Glyph::Warning />
                <span>{words.say(Language::repair)}" "{count}</span>
            </A>
            <A href="/people" attr:class="tab desk-tab">
                <Icon glyph=Glyph::People />
                <span>{words.say(Language::people)}</span>
            </A>
        }
    })
}

/// What the person should know wherever they are: a new version, a sign-in that ended.
#[component]
fn Notices() -> impl IntoView {
    let words = use_words();
    let sign_in = expect_context::<SignIn>();
    view! {
        <NewVersion />
        <Show when=move || sign_in.expired().get()>
            <Banner tone=Tone::Attention title=words.say(Language::session_ended)>
                <A href="/sign-in" attr:class="button">{words.say(Language::sign_in_again)}</A>
            </Banner>
        </Show>
    }
}

/// A new version of the app, once there is one. Also where nobody is in: it may be what helps.
#[component]
pub(super) fn NewVersion() -> impl IntoView {
    let words = use_words();
    let update = expect_context::<AppUpdate>();
    let open_forms = use_context::<OpenForms>();
    let held_back = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let take = move |()| {
        held_back.set(false);
        busy.set(true);
        tasks::spawn(async move {
            if let Some(forms) = open_forms
                && let Err(error) = forms.finish_all().await
            {
                crate::platform::log_error(&format!("new version waits: {error}"));
                held_back.try_set(true);
            } else {
                update.take();
            }
            busy.try_set(false);
        });
    };
    view! {
        <Show when=move || update.waiting().get()>
            <Banner title=words.say(Language::new_version)>
                <Show when=move || held_back.get()>
                    <p>{words.say(Language::not_saved_yet)}</p>
                </Show>
                <Button label=words.say(Language::take_new_version) disabled=busy on_click=take />
            </Banner>
        </Show>
    }
}
