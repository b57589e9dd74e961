//! What is held about a person: found, handed out, erased, by an administrator. Shown by [`super::people::PeoplePage`].

use std::{collections::BTreeSet, sync::Arc};

use form::Program;
use leptos::prelude::*;
use sync::view::RecordView;
use sync::wire::RecordId;

use super::people::{WhyNot, why_not};
use super::people_again::{AgainFields, given};
use super::record_href;
use super::record_outline::{read_only, row_called};
use super::record_row::form_title;
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{
    Button, ButtonKind, EmptyState, Glyph, Icon, Sheet, TextField, Toast, Toaster, Tone,
};
use crate::locale::Language;
use crate::platform::{files, log_error, tasks};
use crate::reactive::Show;
use crate::stores::{
    Library, Records,
    people::{self, Again, Mention, Whom},
    preferences::{Words, use_words},
    records::FetchError,
};

/// Looks for somebody by name or number.
#[component]
pub(super) fn PersonalData() -> impl IntoView {
    let words = use_words();
    let failure = RwSignal::new(None::<FetchError>);
    let typed = RwSignal::new(String::new());
    let found = RwSignal::new(None::<(String, Vec<Mention>)>);
    let left_out = RwSignal::new(BTreeSet::<String>::new());
    let busy = RwSignal::new(false);
    let erases = RwSignal::new(None::<Whom>);
    let find = move || {
        if busy.get_untracked() {
            return;
        }
        let value = typed.get_untracked().trim().to_owned();
        busy.set(true);
        failure.set(None);
        found.set(None);
        left_out.set(BTreeSet::new());
        tasks::spawn(async move {
            match people::find_person(&value).await {
                Ok(mentions) => {
                    found.try_set(Some((value, mentions)));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    // Who is meant: as many mentions as the chosen places have.
    let whom = move || {
        let (value, mentions) = found.get_untracked()?;
        let left_out = left_out.read_untracked();
        let chosen = || mentions.iter().filter(|mention| !left_out.contains(&mention.place()));
        let places = BTreeSet::from_iter(chosen().map(Mention::place));
        let mentions = chosen().count();
        (mentions > 0).then(|| Whom::Named {
            value,
            places: places.into_iter().collect(),
            mentions,
        })
    };
    let toaster = expect_context::<Toaster>();
    let with_those = move |then: fn(Whom, Hands)| {
        let hands = Hands { failure, erases, busy, toaster, words };
        match whom() {
            Some(whom) => then(whom, hands),
            None => {
                let text = words.at_once().choose_a_mention().to_owned();
                toaster.show(Toast { text, action: None });
            }
        }
    };
    let list = move || {
        let (_, mentions) = found.get()?;
        let count = mentions.len();
        let told = move || words.now().mentioned_in(count);
        (count > 0).then(|| {
            view! {
                <p role="status">{told}</p>
                <p class="muted">{words.say(Language::two_of_one_name)}</p>
                <ul class="people-list mentions">
                    {mentions
                        .into_iter()
                        .map(|mention| view! { <MentionCard mention=mention left_out=left_out /> })
                        .collect_view()}
                </ul>
                <div class="button-row">
                    <Button
                        icon=Glyph::Download
                        label=words.say(Language::take_data)
                        disabled=busy
                        on_click=move |()| with_those(take)
                    />
                    <Button
                        kind=ButtonKind::Danger
                        label=words.say(Language::erase_person)
                        disabled=busy
                        on_click=move |()| with_those(|whom, hands| hands.erases.set(Some(whom)))
                    />
                </div>
            }
        })
    };
    view! {
        <WhyNot error=failure tone=Tone::Attention />
        <p class="muted">{words.say(Language::personal_data_why)}</p>
        <form
            class="sign-in-form"
            on:submit=move |event| {
                event.prevent_default();
                find();
            }
        >
            <TextField
                id="person-value"
                label=words.say(Language::name_or_phone)
                autocomplete="off"
                on_input=move |text| {
                    typed.try_set(text);
                }
            />
            <Button
                kind=ButtonKind::Primary
                icon=Glyph::Search
                label=words.say(Language::search)
                disabled=busy
                submits=true
                on_click=|()| {}
            />
        </form>
        <Show when=move || found.read().as_ref().is_some_and(|(_, mentions)| mentions.is_empty())>
            <EmptyState glyph=Glyph::Search text=words.say(Language::nobody_mentioned) />
        </Show>
        {list}
        <EraseSheet whom=erases on_erased=move |()| found.set(None) />
    }
}

/// What taking and erasing work with.
#[derive(Clone, Copy)]
pub(super) struct Hands {
    pub(super) failure: RwSignal<Option<FetchError>>,
    pub(super) erases: RwSignal<Option<Whom>>,
    pub(super) busy: RwSignal<bool>,
    pub(super) toaster: Toaster,
    pub(super) words: Words,
}

/// Downloads what is held about somebody.
pub(super) fn take(whom: Whom, hands: Hands) {
    hands.busy.set(true);
    hands.failure.set(None);
    tasks::spawn(async move {
        match people::export_person(&whom).await {
            Ok(zip) => {
                if let Err(error) = files::download("person.zip", "application/zip", &zip) {
                    log_error(&format!("a person's data were not saved: {error}"));
                    let text = hands.words.at_once().file_not_saved().to_owned();
                    hands.toaster.show(Toast { text, action: None });
                }
            }
            Err(error) => {
                hands.failure.try_set(Some(error));
            }
        }
        hands.busy.try_set(false);
    });
}

#[component]
fn MentionCard(mention: Mention, left_out: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let place = mention.place();
    let Mention { record, form, unit, person, row } = mention;
    let record = record.parse::<RecordId>().ok();
    let title = move || form_title(library, words.now(), &form);
    let told = move || format!("{} · {person}", library.unit_name(&unit, words.now()));
    let row = (!row.is_empty()).then(|| view! { <RowName record=record path=row /> });
    // In a page of its own: what was found and chosen here stays.
    let link = record.map(|record| {
        view! {
            <a href=record_href(record) target="_blank" class="button button-quiet">
                <Icon glyph=Glyph::Records />
                <span>{words.say(Language::see_record)}</span>
            </a>
        }
    });
    let is_on = {
        let place = place.clone();
        move || !left_out.read().contains(&place)
    };
    let choose = move |on: bool| {
        left_out.update(|left_out| {
            if on {
                left_out.remove(&place)
            } else {
                left_out.insert(place.clone())
            };
        });
    };
    view! {
        <li class="card">
            <label class="check-line">
                <input
                    type="checkbox"
                    prop:checked=is_on
                    on:change:target=move |event| choose(event.target().checked())
                />
                <span>{title}</span>
            </label>
            <p>{told}</p>
            {row}
            {link}
        </li>
    }
}

/// Which row of a record it is: as the record's page says it, if record and form are on this device, else by its path.
#[component]
fn RowName(record: Option<RecordId>, path: String) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    let known = RwSignal::new(None::<(RecordView, Arc<Program>)>);
    tasks::spawn(async move {
        let Some(record) = record else { return };
        let Some(view) = records.view(record).await.ok().flatten() else { return };
        let Ok(program) = library.program(view.form.hash).await else { return };
        known.try_set(Some((view, program)));
    });
    let name = move || {
        let known = known.read();
        let name = known
            .as_ref()
            .and_then(|(view, program)| row_called(&read_only(program, view, words.now()), &path));
        name.unwrap_or_else(|| path.clone())
    };
    view! { <p class="muted">{name}</p> }
}

/// Asks for the password again, and erases.
#[component]
pub(super) fn EraseSheet(
    whom: RwSignal<Option<Whom>>,
    #[prop(into)] on_erased: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(Again::default());
    let is_account = move || matches!(&*whom.read(), Some(Whom::Account(_)));
    let say = move |account: fn(Language) -> &'static str, named: fn(Language) -> &'static str| {
        Signal::derive(move || (if is_account() { account } else { named })(words.now()).to_owned())
    };
    let title = say(Language::erase_account, Language::erase_person);
    let why = say(Language::erase_account_why, Language::erase_person_why);
    let request = SheetRequest::new(why_not, move || {
        whom.try_set(None);
        typed.try_set(Again::default());
    });
    let erase = move || {
        let Some(meant) = whom.get_untracked().filter(|_| request.begins()) else { return };
        tasks::spawn(async move {
            let answer = people::erase_person(&meant, &given(typed)).await;
            let is_open = is_open_for(whom, |open| *open == meant);
            let (Whom::Account(who) | Whom::Named { value: who, .. }) = meant;
            if request.answered(answer, is_open, Some(&who)).is_some() {
                on_erased.try_run(());
                request.tell(format!("{}: {who}", words.at_once().data_erased()));
            }
        });
    };
    let fields = move || {
        let meant = whom.get()?;
        let who = match meant {
            Whom::Account(account) => account,
            Whom::Named { value, mentions, .. } => {
                format!("{value} · {}", words.now().mentioned_in(mentions))
            }
        };
        Some(view! {
            <form
                class="sign-in-form"
                on:submit=move |event| {
                    event.prevent_default();
                    erase();
                }
            >
                <p><strong>{who}</strong></p>
                <p>{move || why.get()}</p>
                <AgainFields ids=["erase-password", "erase-code"] typed=typed />
                <WhyNot error=request.failure />
                <Button kind=ButtonKind::Danger label=title disabled=request.busy submits=true on_click=|()| {} />
            </form>
        })
    };
    view! {
        <Sheet
            open=Signal::derive(move || whom.read().is_some())
            title=title
            close_label=words.say(Language::close)
            on_close=request.close
        >
            {fields}
        </Sheet>
    }
}
