//! The frame around the page on screen: title, language, progress, going back and on.

use form::{NodeId, NodeKind};
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};

use super::controls::ReaderSlot;
use super::group::{Children, node_view};
use super::map::MapSlot;
use super::pace::Pace;
use super::review::Review;
use super::way_back::WayBack;
use super::{News, Tried, storage_advice};
use crate::components::{
    Badge, Banner, Button, ButtonKind, ChoiceOption, Glyph, Icon, IconButton, ProgressBar,
    RichText, Segmented, Sheet, Toaster, Tone, Voice, rich_text,
};
use crate::locale::{Language, lang_and_dir};
use crate::platform::document as dom;
use crate::stores::{
    FormEntry, Library, Preferences, SaveState, preferences::use_words, server_map::ServerMap,
};

/// An open form.
#[component]
pub fn FormView(
    entry: FormEntry,
    #[prop(into)] on_leave: Callback<()>,
    #[prop(into)] on_submitted: Callback<()>,
    /// How a [`MapView`](super::MapView) is drawn: it is in another part of the app.
    #[prop(into)]
    map: ViewFn,
    /// How codes are read ([`scan_with`](super::scan_with)) where the browser cannot: that is in another part, too.
    #[prop(into)]
    codes: ViewFn,
    /// What stands before the questions of the first page.
    #[prop(optional, into)]
    begin: ViewFn,
    /// Whether the end of the form is on screen: what is missing.
    #[prop(default = RwSignal::new(false))]
    reviewing: RwSignal<bool>,
) -> impl IntoView {
    provide_context(entry);
    provide_context(MapSlot(map));
    provide_context(ReaderSlot(codes));
    let server_map = ServerMap::new();
    provide_context(server_map);
    let network = window_event_listener(leptos::ev::online, move |_| server_map.on_network());
    on_cleanup(move || network.remove());
    dom::mark_height();
    let resized = window_event_listener(leptos::ev::resize, |_| dom::mark_height());
    on_cleanup(move || resized.remove());
    let tried = RwSignal::new(false);
    provide_context(Tried(tried));
    let news = RwSignal::new(String::new());
    provide_context(News(news));
    let pace = Pace::new();
    provide_context(pace);
    let words = use_words();
    // The page that one was sent to from Review, until that is on screen again.
    let sent_to = RwSignal::new(None);
    effect(move || {
        if reviewing.get() {
            sent_to.set(None);
        }
    });
    let heading = NodeRef::<html::H1>::new();
    follow_app_language(entry);
    move_focus(entry, reviewing, heading, pace);
    let way = WayBack::follow(entry, reviewing, sent_to);
    let leave = move |()| way.leave(on_leave);
    let submitted = move |()| way.leave(on_submitted);
    let page = entry.page();
    let toaster = expect_context::<Toaster>();
    effect(move || {
        page.track();
        toaster.pass();
        // The same words on another page are news.
        news.set(String::new());
    });
    let on_page = move || view! { <PageBody page=page.get() sent_to=sent_to /> };
    let title = memo(move || page_title(entry, page.get()));
    let heading_text = move || match reviewing.get() {
        true => words.now().review().into_any(),
        false => rich_text(&title.read()),
    };
    // The voice that reads the questions and the side they begin at are their language's, whichever the app's is.
    let language = entry.language();
    provide_context(Voice(memo(move || words.now().other_voice(&language.read())).into()));
    let dir = move || (!reviewing.get()).then(|| lang_and_dir(&language.read()).1).flatten();
    let onward = RwSignal::new(None);
    let leave_review = move |()| {
        sent_to.set(Some(page.get_untracked()));
        reviewing.set(false);
    };
    let is_begin = move || !reviewing.get() && entry.progress().get().0 == 0;
    // Said in the head already.
    let is_said = move || !reviewing.get() && *title.read() == *entry.title().read();
    view! {
        <div class="form-view" data-form-ready="" data-form=entry.form().id>
            <FormHead on_leave=leave reviewing=reviewing />
            <div class="form-scroll">
                <div class="form-page">
                    <h1 node_ref=heading tabindex="-1" dir=dir class:visually-hidden=is_said>{heading_text}</h1>
                    <NotHere />
                    <Show when=is_begin>{begin.run()}</Show>
                    <Show
                        when=move || reviewing.get()
                        fallback=move || view! { <div class="form-nodes" dir=dir>{on_page}</div> }
                    >
                        <Review onward=onward on_jump=leave_review on_submitted=submitted />
                    </Show>
                </div>
            </div>
            <FormFoot reviewing=reviewing onward=onward tried=tried sent_to=sent_to way=way />
            <p class="visually-hidden" role="status">{news}</p>
        </div>
    }
}

/// Which files of the form are not on this phone: an empty list would look like one that somebody forgot to fill.
#[component]
fn NotHere() -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let missing = entry.missing_files();
    (!missing.is_empty()).then(|| {
        let title = Signal::derive(move || words.now().files_not_here(&missing));
        view! {
            <Banner tone=Tone::Attention title=title>
                <p>{words.say(Language::files_not_here_why)}</p>
            </Banner>
        }
    })
}

/// A page is a group, a repeat or a single question.
#[component]
fn PageBody(page: NodeId, sent_to: RwSignal<Option<NodeId>>) -> AnyView {
    let entry = expect_context::<FormEntry>();
    let Tried(tried) = expect_context::<Tried>();
    // What Review told is said here, too.
    let is_sent = sent_to.get_untracked() == Some(page);
    tried.set(is_sent);
    if !is_sent {
        sent_to.set(None);
    }
    expect_context::<Pace>().begin();
    match entry.node(page).with_untracked(|state| state.kind.clone()) {
        NodeKind::Root | NodeKind::Group { .. } | NodeKind::Row { .. } => {
            view! { <Children of=page /> }.into_any()
        }
        NodeKind::Repeat { .. } | NodeKind::Question(_) => node_view(page),
    }
}

/// A group's label; for other pages the form's title, as the page itself shows the label.
fn page_title(entry: FormEntry, page: NodeId) -> String {
    let state = entry.node(page);
    let state = state.read();
    let label = state.label.as_ref().map(|label| label.text.clone());
    match state.kind {
        NodeKind::Root | NodeKind::Group { .. } | NodeKind::Row { .. } => {
            label.unwrap_or_else(|| entry.title().get())
        }
        NodeKind::Repeat { .. } | NodeKind::Question(_) => entry.title().get(),
    }
}

#[component]
fn FormHead(#[prop(into)] on_leave: Callback<()>, reviewing: RwSignal<bool>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let listing = RwSignal::new(false);
    let progress = entry.progress();
    let library = use_context::<Library>();
    // The pack has it in each language.
    let title = memo(move || {
        let in_pack = library.and_then(|library| library.form_title(&entry.form().id, words.now()));
        in_pack.unwrap_or_else(|| entry.form_title())
    });
    // A record without a name is called as its form is.
    let name = memo(move || Some(entry.title().get()).filter(|name| *name != entry.form_title()));
    let where_text = Signal::derive(move || {
        let (place, count) = progress.get();
        if reviewing.get() {
            words.now().review().to_owned()
        } else {
            words.now().page_of(place + 1, count)
        }
    });
    view! {
        <header class="form-head">
            <div class="form-head-line">
                <IconButton label=words.say(Language::leave_form) glyph=Glyph::Close on_click=on_leave />
                <div class="form-titles">
                    <p class="form-title">{title}</p>
                    {move || name.get().map(|name| view! { <p class="form-name">{name}</p> })}
                </div>
            </div>
            <div class="form-head-line form-head-small">
                <button type="button" class="page-button" aria-haspopup="dialog" on:click=move |_| listing.set(true)>
                    {where_text}
                    <Icon glyph=Glyph::Expand />
                </button>
                <SaveLine />
            </div>
            <ProgressBar
                label=where_text
                at=Signal::derive(move || if reviewing.get() { progress.get().1 } else { progress.get().0 })
                of=Signal::derive(move || progress.get().1)
            />
            <Sheet
                open=listing
                title=words.say(Language::pages_of_form)
                close_label=words.say(Language::close)
                on_close=move |()| {
                    listing.try_set(false);
                }
            >
                <PageList listing=listing reviewing=reviewing />
            </Sheet>
        </header>
        <SaveFailure />
    }
}

#[component]
fn PageList(listing: RwSignal<bool>, reviewing: RwSignal<bool>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let go = move |page: Option<NodeId>| {
        listing.set(false);
        reviewing.set(page.is_none());
        if let Some(page) = page {
            entry.go_to(page);
        }
    };
    let wrong = StoredValue::new(entry.violations());
    let link = move |page: NodeId, number: usize| {
        let count = wrong.with_value(|all| all.iter().filter(|one| one.page == Some(page)).count());
        let mark = entry.is_begun(page).then(|| {
            let (tone, icon) = if count == 0 {
                (Tone::Good, Glyph::Check)
            } else {
                (Tone::Attention, Glyph::Warning)
            };
            let label = Signal::derive(move || words.now().page_lacks(count));
            view! { <Badge tone=tone icon=icon label=label /> }
        });
        let label = Signal::derive(move || {
            let label = entry.node(page).read().label.as_ref().map(|label| label.text.clone());
            label.unwrap_or_else(|| entry.title().get())
        });
        let current = move || (!reviewing.get() && entry.page().get() == page).then_some("page");
        view! {
            <li>
                <button type="button" class="page-link" aria-current=current on:click=move |_| go(Some(page))>
                    <span class="row-number">{number}</span>
                    <RichText text=label />
                    {mark}
                </button>
            </li>
        }
    };
    let show_whole = move |_| {
        listing.set(false);
        reviewing.set(false);
        entry.show_whole(!entry.is_whole());
    };
    view! {
        <LanguageSwitch />
        <ol class="page-list">
            {move || entry.pages().get().into_iter().enumerate().map(|(place, page)| link(page, place + 1)).collect_view()}
            <li>
                <button type="button" class="page-link" on:click=move |_| go(None)>
                    <Icon glyph=Glyph::Review />
                    <span>{words.say(Language::review)}</span>
                </button>
            </li>
            <li>
                <button type="button" class="page-link" on:click=show_whole>
                    <Icon glyph=Glyph::Records />
                    <span>
                        {move || {
                            let language = words.now();
                            if entry.is_whole() { language.page_by_page() } else { language.on_one_page() }
                        }}
                    </span>
                </button>
            </li>
        </ol>
    }
}

/// The languages of the form, if there are several.
#[component]
fn LanguageSwitch() -> AnyView {
    let entry = expect_context::<FormEntry>();
    let preferences = expect_context::<Preferences>();
    let words = use_words();
    let names: Vec<String> = entry.languages().into_iter().map(|language| language.name).collect();
    if names.len() < 2 {
        return ().into_any();
    }
    let short = |name: &String| {
        let label = Language::of_form(name)
            .map_or_else(|| name.clone(), |language| language.code().to_ascii_uppercase());
        ChoiceOption { value: name.clone(), label }
    };
    let options: Vec<ChoiceOption> = names.iter().map(short).collect();
    let choose = move |name: String| {
        entry.set_language(&name);
        if let Some(language) = Language::of_form(&name) {
            preferences.change(|chosen| chosen.language = language);
        }
    };
    view! {
        <Segmented
            name="form-language"
            label=words.say(Language::language_of_form)
            options=Signal::stored(options)
            value=entry.language()
            on_choose=choose
        />
    }
    .into_any()
}

/// Whether the answers are on the phone's disk, for whoever looks: read out with each answer it would keep what matters waiting. A
/// failure is told by [`SaveFailure`].
#[component]
fn SaveLine() -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let is_kept = entry.is_kept();
    let text = move || {
        let language = words.now();
        match entry.save_state().get() {
            _ if !is_kept => "",
            SaveState::Unchanged => language.unchanged(),
            SaveState::Saving => language.saving(),
            SaveState::Saved(_) => language.saved_on_phone(),
            SaveState::Failed(_) => language.not_saved(),
        }
    };
    let name = move || match entry.save_state().get() {
        SaveState::Unchanged => "unchanged",
        SaveState::Saving => "saving",
        SaveState::Saved(_) => "saved",
        SaveState::Failed(_) => "failed",
    };
    view! { <p class="save-line" data-save=name>{text}</p> }
}

/// When saving failed nobody may miss it.
#[component]
fn SaveFailure() -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    move || match entry.save_state().get() {
        SaveState::Failed(error) => {
            let title = Signal::derive(move || {
                words.now().not_saved_because(storage_advice(words.now(), &error))
            });
            Some(view! { <Banner tone=Tone::Bad title=title /> })
        }
        SaveState::Unchanged | SaveState::Saving | SaveState::Saved(_) => None,
    }
}

/// What comes next at the end of the form.
#[derive(Clone, Copy)]
pub(super) struct Onward {
    pub label: fn(Language) -> &'static str,
    pub disabled: bool,
    pub act: Callback<()>,
}

#[component]
fn FormFoot(
    reviewing: RwSignal<bool>,
    onward: RwSignal<Option<Onward>>,
    tried: RwSignal<bool>,
    sent_to: RwSignal<Option<NodeId>>,
    way: WayBack,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let progress = entry.progress();
    let is_first = memo(move || !reviewing.get() && progress.get().0 == 0);
    let is_last = memo(move || progress.get().0 + 1 >= progress.get().1);
    let warned = RwSignal::new(None::<NodeId>);
    let News(news) = expect_context();
    let at_end = move || onward.get().filter(|_| reviewing.get());
    let next = move |()| {
        if reviewing.get_untracked() {
            if let Some(onward) = onward.get_untracked() {
                onward.act.try_run(());
            }
            return;
        }
        let page = entry.page().get_untracked();
        let is_sent = sent_to.get_untracked().is_some();
        let is_due = !is_sent && warned.get_untracked() != Some(page);
        let here = || {
            let mut here = entry.violations();
            here.retain(|one| one.page == Some(page));
            here
        };
        let wrong = if is_due { here() } else { Vec::new() };
        // What is wrong is shown once; a second press goes on all the same.
        if let Some(problem) = wrong.first() {
            tried.set(true);
            warned.set(Some(page));
            let language = words.at_once();
            let count = language.page_lacks(wrong.len());
            news.set(format!("{count}. {}", language.page_needs_care()));
            entry.go_to_question(problem.node);
        } else if is_sent {
            reviewing.set(true);
        } else {
            way.on();
        }
    };
    // What was wrong may be right by now: nobody is told of what is not there.
    effect(move || {
        let page = entry.page().get();
        if warned.get() == Some(page)
            && matches!(*entry.save_state().read(), SaveState::Saved(_))
            && !entry.violations().iter().any(|violation| violation.page == Some(page))
        {
            warned.set(None);
            news.set(String::new());
        }
    });
    let is_warned =
        memo(move || !reviewing.get() && tried.get() && warned.get() == Some(entry.page().get()));
    view! {
        <footer class="form-foot">
            <Show when=move || is_warned.get()>
                <p class="form-foot-note">
                    <Badge tone=Tone::Attention icon=Glyph::Warning label=words.say(Language::page_needs_care) />
                </p>
            </Show>
            <div class="form-foot-buttons">
                <Button
                    icon=Glyph::Back
                    label=words.say(Language::previous)
                    disabled=is_first
                    on_click=move |()| way.back()
                />
                <Button
                    kind=ButtonKind::Primary
                    label=Signal::derive(move || {
                        let label = match (at_end(), sent_to.get(), is_last.get()) {
                            (Some(onward), ..) => onward.label,
                            (None, Some(_), _) => Language::back_to_review,
                            (None, None, true) => Language::to_review,
                            (None, None, false) => Language::next,
                        };
                        label(words.now()).to_owned()
                    })
                    disabled=Signal::derive(move || at_end().is_some_and(|onward| onward.disabled))
                    on_click=next
                />
            </div>
        </footer>
    }
}

fn follow_app_language(entry: FormEntry) {
    let words = use_words();
    effect(move || entry.speak(words.now()));
}

/// After a change of page the focus is on its heading, or on the question or row one was sent to.
fn move_focus(entry: FormEntry, reviewing: RwSignal<bool>, heading: NodeRef<html::H1>, pace: Pace) {
    effect(move || {
        entry.page().track();
        let question = entry.focused().get().filter(|_| !reviewing.get());
        reviewing.track();
        let go_to_question =
            move || question.is_some_and(|id| dom::go_to(&format!("#q{0}, #row{0}", id.index())));
        let go = move || {
            if let (false, Some(Some(heading))) = (go_to_question(), heading.try_get_untracked()) {
                dom::FORM_SCROLLERS.into_iter().for_each(dom::scroll_to_top);
                // Focus can only fail on an element that is gone.
                drop(heading.focus());
            }
        };
        request_animation_frame(move || {
            if question.is_none() {
                go();
            } else if !go_to_question() {
                pace.hurry();
                request_animation_frame(go);
            }
        });
    });
}
