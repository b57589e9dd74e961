//! `/carry`: work that goes by file. Without a sign-in, only going on from a rescue file.

use leptos::prelude::*;
use sync::{
    bundle::{BundleError, Kind},
    receipt::{NotOurs, ReceiptError},
};

use crate::reactive::{Show, memo};

use super::{moment, rescue_parts::RescueParts, title_page};
use crate::components::{
    Banner, Button, ButtonKind, Glyph, Icon, TextField, Toast, Toaster, Tone, keyed_list,
};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::{
    files::{self, File},
    hand_out, log_error, tasks,
};
use crate::router::A;
use crate::stores::{
    Carry, Door, Records, SignIn,
    carry::{self, BadReceipt, CarryError, Kept, Made, Receipt, Told},
    preferences::use_words,
    sign_in::SignInState,
};

/// Everything that goes by file.
#[component]
pub fn CarryPage() -> impl IntoView {
    let words = use_words();
    let sign_in = use_context::<SignIn>().map(SignIn::state);
    let is_signed_in = memo(move || {
        sign_in.is_some_and(|state| matches!(*state.read(), SignInState::SignedIn(_)))
    });
    title_page(words.say(Language::by_file));
    let inside = use_context::<Carry>();
    view! {
        <div class="page carry">
            <header class="page-head"><h1>{words.say(Language::by_file)}</h1></header>
            <Show when=move || is_signed_in.get()>
                <section class="section settings">
                    <h2>{words.say(Language::carry_title)}</h2>
                    <p>{words.say(Language::carry_why)}</p>
                    <Make kind=Kind::Carry />
                    <TakeReceipt />
                </section>
                <Deliver />
                <section class="section settings">
                    <h2>{words.say(Language::rescue_title)}</h2>
                    <p>{words.say(Language::rescue_why)}</p>
                    <Make kind=Kind::Rescue />
                </section>
            </Show>
            {inside.map(|carry| view! { <RescueParts carry is_there=true /> })}
            <Restore />
            <Show when=move || !is_signed_in.get()>
                <A href="/sign-in" attr:class="button">{words.say(Language::sign_in)}</A>
            </Show>
        </div>
    }
}

/// Makes a bundle, and offers it to be handed on: sharing is only allowed right after a tap, so that is another one.
#[component]
fn Make(kind: Kind) -> impl IntoView {
    let words = use_words();
    let carry = expect_context::<Carry>();
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<CarryError>);
    let made = RwSignal::new_local(None::<Made>);
    let code = RwSignal::new(None::<String>);
    if kind == Kind::Rescue {
        tasks::spawn(async move {
            match carry.rescue_code().await {
                Ok(kept) => drop(code.try_set(kept)),
                Err(error) => log_error(&format!("code of the rescue file not read: {error}")),
            }
        });
    }
    let make = move |()| {
        busy.set(true);
        failure.set(None);
        made.set(None);
        tasks::spawn(async move {
            match carry.make(kind).await {
                Ok(bundle) => {
                    // It stands with what was made.
                    code.try_set(None);
                    made.try_set(Some(bundle));
                }
                Err(error) => {
                    log_error(&format!("bundle not made: {error}"));
                    failure.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        match kind {
            _ if busy.get() => language.carry_making(),
            Kind::Carry => language.carry_make(),
            Kind::Rescue => language.rescue_make(),
        }
        .to_owned()
    });
    view! {
        {move || {
            failure.get().map(|error| {
                let tone = if error == CarryError::Nothing { Tone::Good } else { Tone::Bad };
                let text = Signal::derive(move || failure_text(words.now(), &error, Language::carry_failed));
                view! { <Banner tone=tone title=text /> }
            })
        }}
        {move || code.get().map(|text| view! { <KeptCode text code /> })}
        {move || made.get().map(|made| view! { <HandOn made=made /> })}
        <Button
            kind=if kind == Kind::Carry { ButtonKind::Primary } else { ButtonKind::Secondary }
            label=label
            disabled=busy
            on_click=make
        />
    }
}

/// The code of the last rescue file, until it is written down: whoever sent the file may have been away for long.
#[component]
fn KeptCode(text: String, code: RwSignal<Option<String>>) -> impl IntoView {
    let words = use_words();
    let carry = expect_context::<Carry>();
    let forget = move |()| {
        tasks::spawn(async move {
            match carry.forget_rescue_code().await {
                Ok(()) => drop(code.try_set(None)),
                Err(error) => log_error(&format!("code of the rescue file stays: {error}")),
            }
        });
    };
    view! {
        <Banner tone=Tone::Attention title=words.say(Language::rescue_code_last)>
            <p class="rescue-code">{text}</p>
            <Button label=words.say(Language::rescue_code_written) on_click=forget />
        </Banner>
    }
}

/// What was made, and the ways to hand it on.
#[component]
fn HandOn(made: Made) -> impl IntoView {
    let words = use_words();
    let Made { bundles, records, files, left_out, without_room, too_long, code } = made;
    let count = bundles.len();
    let hand_out = move |file: File| {
        let name = (count > 1).then(|| view! { <p>{file.name()}</p> });
        view! {
            {name}
            <HandOut file=file share=Language::carry_share save=Language::carry_save />
        }
    };
    view! {
        <Banner tone=Tone::Good title=Signal::derive(move || words.now().bundle_made(records, files))>
            {(left_out > 0).then(|| view! { <p>{move || words.now().bundle_left_out(left_out)}</p> })}
            {(without_room > 0).then(|| view! { <p>{move || words.now().bundle_without_room(without_room)}</p> })}
            {(too_long > 0).then(|| view! { <p>{words.say(Language::bundle_too_long)}</p> })}
            {(count > 1).then(|| view! { <p>{move || words.now().bundle_parts(count)}</p> })}
            {match code {
                None => view! { <p>{words.say(Language::carry_stays)}</p> }.into_any(),
                Some(code) => view! {
                    <p>{words.say(Language::rescue_code)}</p>
                    <p class="rescue-code">{code}</p>
                    <p>{words.say(Language::rescue_write_down)}</p>
                }
                .into_any(),
            }}
            {bundles.into_iter().map(|(file, _)| hand_out(file)).collect_view()}
        </Banner>
    }
}

/// The ways to hand a file on.
#[component]
fn HandOut(
    file: File,
    share: fn(Language) -> &'static str,
    save: fn(Language) -> &'static str,
) -> impl IntoView {
    let words = use_words();
    let toaster = expect_context::<Toaster>();
    let tell = move |error: &files::FileError, what: fn(Language) -> &'static str| {
        log_error(&format!("file not handed on: {error}"));
        toaster.show(Toast { text: what(words.at_once()).to_owned(), action: None });
    };
    let shareable = hand_out::shareable(&file);
    let save_kind = if shareable.is_some() { ButtonKind::Secondary } else { ButtonKind::Primary };
    let sharing = shareable.map(|data| {
        let on_click = move |()| {
            let data = data.clone();
            tasks::spawn(async move {
                if let Err(error) = hand_out::share(&data).await {
                    tell(&error, Language::carry_not_shared);
                }
            });
        };
        view! { <Button kind=ButtonKind::Primary icon=Glyph::Sent label=words.say(share) on_click=on_click /> }
    });
    let saved = StoredValue::new_local(file);
    let on_click = move |()| {
        if let Err(error) = hand_out::save(&saved.get_value()) {
            tell(&error, Language::file_not_saved);
        }
    };
    view! {
        <div class="button-row">
            {sharing}
            <Button kind=save_kind icon=Glyph::Download label=words.say(save) on_click=on_click />
        </div>
    }
}

/// Takes in the receipt that a carrier brought back.
#[component]
fn TakeReceipt() -> impl IntoView {
    let words = use_words();
    let carry = expect_context::<Carry>();
    let outcome = RwSignal::new(None::<Result<Told, CarryError>>);
    let take = Callback::new(move |file: File| {
        outcome.set(None);
        tasks::spawn(async move {
            let told = carry.take_receipt(&file).await;
            if let Err(error) = &told {
                log_error(&format!("receipt not taken: {error}"));
            }
            outcome.try_set(Some(told));
        });
    });
    view! {
        <p>{words.say(Language::receipt_why)}</p>
        {move || {
            outcome.get().map(|told| {
                let tone = if told.is_ok() { Tone::Good } else { Tone::Bad };
                let text = Signal::derive(move || {
                    let language = words.now();
                    match &told {
                        Ok(told) => {
                            let moment = moment(language, told.received_ms);
                            language.receipt_taken(&moment, told.operations, told.files)
                        }
                        Err(error) => failure_text(language, error, Language::restore_failed),
                    }
                });
                view! { <Banner tone=tone title=text /> }
            })
        }}
        <FileButton id="receipt-file" label=words.say(Language::receipt_pick) take=take />
    }
}

#[component]
fn FileButton(
    #[prop(into)] label: Signal<String>,
    id: &'static str,
    take: Callback<File>,
) -> impl IntoView {
    view! {
        <label class="button file-button">
            <input
                class="visually-hidden"
                type="file"
                id=id
                on:change:target=move |event| {
                    if let Some(file) = files::take_picked(&event.target()) {
                        take.run(file);
                    }
                }
            />
            <Icon glyph=Glyph::Clip />
            <span>{move || label.get()}</span>
        </label>
    }
}

/// Bundles of others.
#[component]
fn Deliver() -> impl IntoView {
    let words = use_words();
    let carry = expect_context::<Carry>();
    let failure = RwSignal::new(None::<CarryError>);
    let busy = RwSignal::new(false);
    let take = Callback::new(move |file: File| {
        if busy.get_untracked() {
            return;
        }
        failure.set(None);
        busy.set(true);
        tasks::spawn(async move {
            if let Err(error) = carry.keep(&file).await {
                log_error(&format!("file not kept: {error}"));
                failure.try_set(Some(error));
            }
            busy.try_set(false);
        });
    });
    let pick = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.deliver_keeping() } else { language.choose_file() }.to_owned()
    });
    let row = move |kept: Kept| view! { <KeptRow kept=kept /> }.into_any();
    view! {
        <section class="section settings">
            <h2>{words.say(Language::deliver_title)}</h2>
            <p>{words.say(Language::deliver_why)}</p>
            {move || {
                failure.get().map(|error| {
                    let text = Signal::derive(move || failure_text(words.now(), &error, Language::restore_failed));
                    view! { <Banner tone=Tone::Bad title=text /> }
                })
            }}
            <ul class="carry-list">
                {keyed_list(
                    move || carry.kept().get(),
                    |kept| {
                        // What became of it is told anew.
                        let refused = kept.refused.as_deref().unwrap_or_default();
                        format!("{} {} {refused}", kept.hash, kept.receipt.is_some())
                    },
                    row,
                )}
            </ul>
            <FileButton id="deliver-file" label=pick take=take />
        </section>
    }
}

/// One of them, with what became of it.
#[component]
fn KeptRow(kept: Kept) -> impl IntoView {
    let words = use_words();
    let carry = expect_context::<Carry>();
    let records = expect_context::<Records>();
    let (hash, counts, made_ms) = (kept.hash, kept.counts, kept.made_ms);
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let what = move || {
        let language = words.now();
        let made = language.bundle_made_at(&moment(language, made_ms));
        format!(
            "{}, {made}",
            language.records_and_files(count(counts.records), count(counts.files))
        )
    };
    let is_waiting = kept.is_waiting();
    let receipt = kept.receipt.as_ref().and_then(Receipt::file).map(|file| {
        view! {
            <p>{words.say(Language::receipt_give)}</p>
            <HandOut file=file share=Language::receipt_share save=Language::receipt_save />
        }
    });
    let state = move || {
        let language = words.now();
        match (&kept.receipt, kept.refused.as_deref()) {
            (Some(receipt), _) => taken(language, receipt, &records.person(&receipt.account)),
            (None, Some(code)) => language.bundle_refused(code),
            (None, None) if carry.is_bringing().get() => language.deliver_now().to_owned(),
            (None, None) => language.deliver_waits().to_owned(),
        }
    };
    let forget = move |()| {
        tasks::spawn(async move {
            if let Err(error) = carry.forget(hash).await {
                log_error(&format!("bundle not forgotten: {error}"));
            }
        });
    };
    view! {
        <li>
            <strong>{what}</strong>
            <p role="status">{state}</p>
            {receipt}
            {(!is_waiting)
                .then(|| {
                    view! { <Button kind=ButtonKind::Quiet label=words.say(Language::deliver_forget) on_click=forget /> }
                })}
        </li>
    }
}

/// What the server made of a bundle, in words.
fn taken(language: Language, receipt: &Receipt, person: &str) -> String {
    let mut parts = vec![language.bundle_taken(person, &moment(language, receipt.received_ms))];
    match (receipt.new_operations, receipt.new_files) {
        // What is said of these below is not that the server has all of it.
        (0, 0) if receipt.unwanted_files > 0 => {}
        (0, 0) => parts.push(language.deliver_nothing_new().to_owned()),
        (changes, files) => parts.push(language.bundle_new(changes, files)),
    }
    if receipt.quarantined > 0 {
        parts.push(language.bundle_quarantined(receipt.quarantined));
    }
    if receipt.damaged_files > 0 {
        parts.push(language.bundle_damaged(receipt.damaged_files));
    }
    if receipt.unwanted_files > 0 {
        parts.push(language.bundle_unwanted(receipt.unwanted_files));
    }
    let mut text = parts.join(" · ");
    if !receipt.proven {
        text = format!("{text}. {}", language.deliver_unproven());
    }
    text
}

/// Goes on from another phone's rescue file.
#[component]
fn Restore() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let inside = use_context::<Carry>();
    let file = RwSignal::new_local(None::<File>);
    let code = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<String>);
    let restore = move || {
        let (Some(file), code) = (file.get_untracked(), code.get_untracked()) else {
            return failure.set(Some(words.at_once().restore_pick_first().to_owned()));
        };
        if code.trim().is_empty() {
            return failure.set(Some(words.at_once().restore_pick_first().to_owned()));
        }
        busy.set(true);
        failure.set(None);
        tasks::spawn(async move {
            // When it went well the page begins anew.
            if let Err(error) = carry::restore(door, inside.map(Carry::storage), &file, &code).await
            {
                log_error(&format!("not gone on with: {error}"));
                let text = failure_text(words.at_once(), &error, Language::restore_failed);
                failure.try_set(Some(text));
                busy.try_set(false);
            }
        });
    };
    let label = Signal::derive(move || {
        let language = words.now();
        if busy.get() { language.restoring() } else { language.restore_button() }.to_owned()
    });
    let picked = move || file.read().as_ref().map(File::name);
    view! {
        <section class="section settings">
            <h2>{words.say(Language::restore_title)}</h2>
            <p>{words.say(Language::restore_why)}</p>
            {move || failure.get().map(|text| view! { <Banner tone=Tone::Bad title=text /> })}
            <form
                class="restore-form"
                on:submit=move |event| {
                    event.prevent_default();
                    restore();
                }
            >
                <FileButton
                    id="rescue-file"
                    label=words.say(Language::choose_file)
                    take=Callback::new(move |picked| file.set(Some(picked)))
                />
                <p role="status">{picked}</p>
                <TextField
                    id="rescue-code"
                    label=words.say(Language::rescue_code)
                    autocomplete="off"
                    on_input=move |text| {
                        code.try_set(text);
                    }
                />
                <Button label=label disabled=busy submits=true on_click=|()| {} />
            </form>
        </section>
    }
}

/// Why work did not go by file, in words; `otherwise` where the browser alone knows.
fn failure_text(
    language: Language,
    error: &CarryError,
    otherwise: fn(Language) -> &'static str,
) -> String {
    match error {
        CarryError::Nothing => language.carry_nothing(),
        CarryError::NoKey => language.carry_no_key(),
        CarryError::SignedOut => language.session_ended(),
        CarryError::NoRescueFile => language.restore_no_rescue(),
        CarryError::WrongCode => language.restore_wrong_code(),
        CarryError::SamePhone => language.restore_same_phone(),
        CarryError::Locked(account) => return language.restore_locked(account),
        CarryError::OtherPerson(account) => return language.restore_other_person(account),
        CarryError::Bundle(BundleError::Newer(_)) => language.bundle_newer(),
        CarryError::Bundle(BundleError::CutShort) => language.bundle_cut(),
        CarryError::Bundle(BundleError::TooLarge) => otherwise(language),
        CarryError::Bundle(_) => language.not_a_bundle(),
        CarryError::Receipt(error) => match error {
            BadReceipt::Format(ReceiptError::Newer(_)) => language.bundle_newer(),
            BadReceipt::Format(_) => language.receipt_not_one(),
            BadReceipt::NotSigned => language.receipt_not_signed(),
            BadReceipt::NotOurs(NotOurs::OtherEpoch) => language.receipt_outdated(),
            BadReceipt::NotMadeHere | BadReceipt::NotOurs(_) => language.receipt_not_ours(),
        },
        CarryError::Storage(error) => storage_advice(language, error),
        CarryError::Cipher(_) | CarryError::File(_) => otherwise(language),
    }
    .to_owned()
}
