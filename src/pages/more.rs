//! `/more`: the phone's storage, how the app looks, installing it, signing out.

use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::sign_in::{LanguageChoice, failure_text};
use super::sync_log::SyncLog;
use super::{InPart, Later, title_page};
use crate::components::{
    Banner, Button, ButtonKind, ChoiceOption, Glyph, Icon, Segmented, Sheet, Tone,
};
use crate::locale::Language;
use crate::platform::{connectivity, install::Way, log_error, tasks};
use crate::router::A;
use crate::stores::{
    Carry, Door, InstallOffer, OpenForms, Preferences, RepairDesk, SignIn,
    preferences::{Theme, use_words},
    sign_in::{Role, SignInState},
};

/// Everything about the phone and the app.
#[component]
pub fn MorePage() -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::more));
    view! {
        <div class="page more">
            <header class="page-head"><h1>{words.say(Language::more)}</h1></header>
            <Person />
            <Looks />
            <Lock />
            <InPart screen=Later::StorageHealth />
            <SyncLog />
            <ByFile />
            <Install />
            // Its address is open to everybody.
            {expect_context::<RepairDesk>().is_open().then(|| view! { <FormTrial /> })}
            <p class="muted">{words.say(Language::version)}" "{env!("CARGO_PKG_VERSION")}</p>
        </div>
    }
}

/// For those who write forms.
#[component]
fn FormTrial() -> impl IntoView {
    let words = use_words();
    view! {
        <section class="section settings">
            <h2>{words.say(Language::preview)}</h2>
            <A href="/forms/preview" attr:class="button">
                <Icon glyph=Glyph::Review />
                <span>{words.say(Language::preview)}</span>
            </A>
        </section>
    }
}

/// The way to work that goes by file, and how much of others' waits here.
#[component]
fn ByFile() -> impl IntoView {
    let words = use_words();
    let kept = expect_context::<Carry>().kept();
    let waiting = move || {
        let waiting = kept.read().iter().filter(|kept| kept.is_waiting()).count();
        (waiting > 0).then(|| view! { <p>{words.now().bundles_waiting(waiting)}</p> })
    };
    view! {
        <section class="section settings">
            <h2>{words.say(Language::by_file)}</h2>
            <p>{words.say(Language::by_file_why)}</p>
            {waiting}
            <A href="/carry" attr:class="button">
                <Icon glyph=Glyph::Download />
                <span>{words.say(Language::by_file_open)}</span>
            </A>
        </section>
    }
}

pub(super) fn role_text(language: Language, role: Role) -> &'static str {
    match role {
        Role::Officer => language.role_officer(),
        Role::Trainer => language.role_trainer(),
        Role::Coordinator => language.role_coordinator(),
        Role::Administrator => language.role_administrator(),
        Role::Auditor => language.role_auditor(),
    }
}

#[component]
fn Person() -> impl IntoView {
    let words = use_words();
    let sign_in = expect_context::<SignIn>();
    let library = expect_context::<crate::stores::Library>();
    let failure = RwSignal::new(None::<String>);
    let who = move || match sign_in.state().get() {
        SignInState::SignedIn(profile) => {
            let language = words.now();
            let unit = library.unit_name(&profile.unit, language);
            Some(format!("{} · {} · {unit}", profile.name, role_text(language, profile.role)))
        }
        SignInState::Opening | SignInState::SignedOut => None,
    };
    let forms = expect_context::<OpenForms>();
    let asks = RwSignal::new(false);
    let leave = move |()| {
        asks.set(false);
        failure.set(None);
        tasks::spawn(async move {
            if let Err(error) = sign_in.sign_out(forms).await {
                failure.try_set(Some(failure_text(words.at_once(), &error)));
            }
        });
    };
    let stays = move |()| {
        asks.try_set(false);
    };
    view! {
        <section class="section settings">
            <h2>{words.say(Language::signed_in_as)}</h2>
            <p>{who}</p>
            {move || failure.get().map(|text| view! { <Banner tone=Tone::Bad title=text /> })}
            <div class="button-row">
                {expect_context::<RepairDesk>()
                    .is_open()
                    .then(|| {
                        view! {
                            <A href="/repair" attr:class="button phone-only">
                                <Icon glyph=Glyph::Warning />
                                <span>{words.say(Language::repair_title)}</span>
                            </A>
                        }
                    })}
                <A href="/people" attr:class="button">
                    <Icon glyph=Glyph::Phone />
                    <span>{words.say(if expect_context::<RepairDesk>().is_open() { Language::people_title } else { Language::my_devices })}</span>
                </A>
                <Button label=words.say(Language::sign_out) on_click=move |()| asks.set(true) />
            </div>
            <Sheet
                open=asks
                title=words.say(Language::sign_out)
                close_label=words.say(Language::close)
                on_close=stays
            >
                <p>{words.say(Language::sign_out_what)}</p>
                {(!connectivity::is_online())
                    .then(|| view! { <Banner tone=Tone::Attention title=words.say(Language::sign_out_offline) /> })}
                <div class="button-row">
                    <Button kind=ButtonKind::Danger label=words.say(Language::sign_out) on_click=leave />
                    <Button label=words.say(Language::stay_signed_in) on_click=stays />
                </div>
            </Sheet>
        </section>
    }
}

/// The lock: now, after a while, and by which PIN.
#[component]
fn Lock() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let forms = expect_context::<OpenForms>();
    let inside = door.inside();
    let has_pin = memo(move || inside.read().as_ref().is_some_and(|here| here.row.pin.is_some()));
    let failed = RwSignal::new(false);
    let lock = move |()| {
        failed.set(false);
        tasks::spawn(async move {
            let locked = match has_pin.get_untracked() {
                true => door.lock(forms).await,
                false => door.leave(forms).await,
            };
            if let Err(error) = locked {
                log_error(&format!("not locked: {error}"));
                failed.try_set(true);
            }
        });
    };
    let label = move || {
        let language = words.now();
        if has_pin.get() { language.lock_now() } else { language.change_person() }.to_owned()
    };
    view! {
        <section class="section settings lock">
            <h2>{words.say(Language::lock)}</h2>
            <Button icon=Glyph::Lock label=Signal::derive(label) on_click=lock />
            <Show when=move || failed.get()>
                <Banner tone=Tone::Bad title=words.say(Language::not_locked) />
            </Show>
            <InPart screen=Later::PinSettings />
        </section>
    }
}

#[component]
fn Looks() -> impl IntoView {
    const SIZES: [u16; 4] = [100, 115, 130, 150];
    let words = use_words();
    let preferences = expect_context::<Preferences>();
    let chosen = preferences.chosen();
    let themes = [("system", Theme::System), ("light", Theme::Light), ("dark", Theme::Dark)];
    let theme_options = Signal::derive(move || {
        let language = words.now();
        let labels = [language.theme_system(), language.theme_light(), language.theme_dark()];
        themes
            .iter()
            .zip(labels)
            .map(|((value, _), label)| ChoiceOption {
                value: (*value).to_owned(),
                label: label.to_owned(),
            })
            .collect()
    });
    let sizes =
        SIZES.map(|size| ChoiceOption { value: size.to_string(), label: format!("{size}%") });
    let theme = Signal::derive(move || {
        let now = chosen.read().theme;
        themes
            .iter()
            .find(|(_, theme)| *theme == now)
            .map_or("system", |(name, _)| *name)
            .to_owned()
    });
    view! {
        <section class="section settings">
            <h2>{words.say(Language::language)}</h2>
            <LanguageChoice />
            <h2>{words.say(Language::text_size)}</h2>
            <Segmented
                name="text-size"
                label=words.say(Language::text_size)
                options=Signal::stored(sizes.to_vec())
                value=Signal::derive(move || chosen.read().text_percent.to_string())
                on_choose=move |size: String| {
                    if let Ok(size) = size.parse() {
                        preferences.change(|chosen| chosen.text_percent = size);
                    }
                }
            />
            <h2>{words.say(Language::theme)}</h2>
            <Segmented
                name="theme"
                label=words.say(Language::theme)
                options=theme_options
                value=theme
                on_choose=move |name: String| {
                    if let Some((_, theme)) = themes.iter().find(|(known, _)| *known == name) {
                        preferences.change(|chosen| chosen.theme = *theme);
                    }
                }
            />
        </section>
    }
}

#[component]
fn Install() -> impl IntoView {
    let words = use_words();
    let offer = expect_context::<InstallOffer>();
    let steps = move || match offer.way() {
        Way::Installed => view! { <p>{words.say(Language::installed)}</p> }.into_any(),
        Way::Prompt => view! {
            <p>{words.say(Language::install_why)}</p>
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Download
                label=words.say(Language::install_button)
                on_click=move |()| offer.show()
            />
        }
        .into_any(),
        Way::ByHand => view! {
            <p>{words.say(Language::install_why)}</p>
            <p>{words.say(Language::install_iphone)}</p>
        }
        .into_any(),
        Way::None => view! {
            <p>{words.say(Language::install_why)}</p>
            <p>{words.say(Language::install_android)}</p>
            <p class="desk-only">{words.say(Language::install_desk)}</p>
        }
        .into_any(),
    };
    view! {
        <section class="section settings">
            <h2>{words.say(Language::install)}</h2>
            {steps}
        </section>
    }
}
