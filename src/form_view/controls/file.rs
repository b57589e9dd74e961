//! Files, and what photos, signatures and files have in common: keeping bytes, and saying when it failed.

use leptos::prelude::*;
use sync::{blob::MAX_SIZE, wire::FileRef};

use crate::components::{Banner, Button, ButtonKind, Glyph, Icon, Toaster, Tone};
use crate::form_view::question::Asked;
use crate::form_view::{StoredFile, offer_undo, storage_advice};
use crate::locale::Language;
use crate::platform::storage::StorageError;
use crate::platform::{
    files::{self, Body, FileError, Picked},
    tasks,
};
use crate::reactive::memo;
use crate::stores::{Coming, blobs, form_entry::RETRY_AFTER_MS};

/// Where taking a file stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Taking {
    #[default]
    Idle,
    /// With the try of that number.
    Busy(u32),
    Unreadable,
    TooLarge,
    /// The try of that number; it is made again.
    NotKept(u32, StorageError),
}

impl Taking {
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// The try of that number has ended so. Nothing is said of it where another one is busy since, and what is wrong with another stays
    /// said.
    fn end(&mut self, number: u32, outcome: Self) {
        let stays = match self {
            Self::Busy(other) => *other != number,
            Self::Unreadable | Self::TooLarge => outcome == Self::Idle,
            Self::NotKept(other, _) => *other > number,
            Self::Idle => false,
        };
        if !stays {
            *self = outcome;
        }
    }
}

/// A file is on its way to the question; [`keep`] ends it.
pub(super) fn begin(asked: Asked, taking: RwSignal<Taking>) -> Option<Coming> {
    let coming = asked.entry.file_comes(asked.id);
    taking.try_set(Taking::Busy(number_of(coming.as_ref())));
    coming
}

fn number_of(coming: Option<&Coming>) -> u32 {
    coming.map_or(0, Coming::number)
}

/// The file that answers the question.
pub(super) fn answer_file(asked: Asked) -> Signal<Option<FileRef>> {
    let value = asked.value();
    Signal::derive(move || {
        let has_file = !value.get().is_empty();
        has_file.then(|| asked.entry.file(asked.id)).flatten()
    })
}

/// Keeps what came as the answer; not more than could ever be sent, for it would stand in the way of everything else. What cannot be
/// kept is tried again and again: nobody speaks twice for want of room. Of what was answered otherwise meanwhile nothing is said.
pub(super) async fn keep(
    asked: Asked,
    coming: Option<Coming>,
    read: Result<Picked<Body>, FileError>,
    taking: RwSignal<Taking>,
) {
    let number = number_of(coming.as_ref());
    let outcome = match (coming, read) {
        (None, _) => Taking::NotKept(number, StorageError::Gone),
        (Some(coming), Ok(picked)) if picked.bytes.size() <= MAX_SIZE => loop {
            if !coming.is_last() {
                break Taking::Idle;
            }
            match asked.entry.attach(&coming, &picked).await {
                Ok(_kept) => break Taking::Idle,
                Err(error @ StorageError::Gone) => break Taking::NotKept(number, error),
                Err(StorageError::Unreadable(_)) => break Taking::Unreadable,
                Err(error) => {
                    if coming.is_last() {
                        let not_kept = Taking::NotKept(number, error);
                        taking.try_update(|taking| taking.end(number, not_kept));
                    }
                    wait_for_room(&coming, picked.bytes.size()).await;
                }
            }
        },
        (Some(coming), _) if !coming.is_last() => Taking::Idle,
        (Some(_), Ok(_)) => Taking::TooLarge,
        (Some(_), Err(_)) => Taking::Unreadable,
    };
    if matches!(outcome, Taking::TooLarge | Taking::Unreadable) {
        asked.entry.await_file(asked.id, false);
    }
    taking.try_update(|taking| taking.end(number, outcome));
}

/// Waits until there may be room for that file, or it is not wanted any more.
async fn wait_for_room(coming: &Coming, size: u64) {
    loop {
        tasks::sleep(retry_after_ms(size)).await;
        if !coming.is_last() || blobs::may_fit(size).await {
            return;
        }
    }
}

/// The more a try writes the longer it waits: a film a minute.
fn retry_after_ms(size: u64) -> u32 {
    RETRY_AFTER_MS + u32::try_from(size.min(MAX_SIZE) / 1024).unwrap_or_default()
}

/// Keeps the file that was picked.
pub(super) fn take(asked: Asked, input: &files::Input, taking: RwSignal<Taking>) {
    let Some(picked) = files::take_picked(input) else { return };
    let coming = begin(asked, taking);
    tasks::spawn(async move {
        keep(asked, coming, files::read_to_keep(&picked).await, taking).await;
    });
}

pub(super) type Says = fn(Language) -> &'static str;

/// What went wrong, or that it is being done.
#[component]
pub(super) fn TakingNews(
    asked: Asked,
    taking: RwSignal<Taking>,
    /// Whether it is a photo, which is made smaller.
    #[prop(optional)]
    is_photo: bool,
) -> impl IntoView {
    let words = asked.words;
    let (preparing, unreadable): (Says, Says) = match is_photo {
        true => (Language::preparing_photo, Language::photo_unreadable),
        false => (Language::keeping_file, Language::file_unreadable),
    };
    let is_busy = memo(move || taking.read().is_busy());
    let trouble = move || match taking.get() {
        Taking::Idle if asked.entry.is_awaited(asked.id) => {
            view! { <Banner tone=Tone::Attention title=words.say(Language::file_awaited) /> }
                .into_any()
        }
        Taking::Idle | Taking::Busy(_) => ().into_any(),
        Taking::Unreadable => {
            view! { <Banner tone=Tone::Bad title=words.say(unreadable) /> }.into_any()
        }
        Taking::TooLarge => {
            view! { <Banner tone=Tone::Bad title=words.say(Language::file_too_large) /> }.into_any()
        }
        Taking::NotKept(_, error) => {
            let drop_it = move |()| {
                asked.entry.pass_by(asked.id);
                taking.set(Taking::Idle);
                asked.take_focus();
            };
            let title = Signal::derive(move || {
                words.now().not_saved_because(storage_advice(words.now(), &error))
            });
            view! {
                <Banner tone=Tone::Bad title=title>
                    <Button label=words.say(Language::drop_file) on_click=drop_it />
                </Banner>
            }
            .into_any()
        }
    };
    view! {
        <p class=move || if is_busy.get() { "muted" } else { "visually-hidden" } role="status">
            {move || is_busy.get().then(|| preparing(words.now()))}
        </p>
        {trouble}
    }
}

/// The button that takes the file off the question, and offers to bring it back: a signature cannot be had again from whoever has left.
#[component]
pub(super) fn RemoveFile(asked: Asked) -> impl IntoView {
    let toaster = expect_context::<Toaster>();
    let label = asked.words.say(Language::remove);
    let remove = move |()| {
        let (entry, id) = (asked.entry, asked.id);
        let name = asked.value_at_once();
        entry.detach(id);
        asked.take_focus();
        let undo = move || {
            // Not over what was taken meanwhile.
            if entry.value(id).is_empty() {
                entry.answer(id, &name);
                entry.leave(id);
            }
        };
        let language = asked.words.at_once();
        offer_undo(entry, toaster, language, language.file_removed().to_owned(), undo);
    };
    view! { <Button kind=ButtonKind::Quiet icon=Glyph::Bin label=label on_click=remove /> }
}

/// Any file.
#[component]
pub(super) fn FileUpload(asked: Asked, media: String) -> impl IntoView {
    let words = asked.words;
    let taking = RwSignal::new(Taking::Idle);
    let file = answer_file(asked);
    let file = memo(move || file.get());
    view! {
        <div class="file-line" role="group" aria-labelledby=asked.label_id()>
            {move || {
                file.get()
                    .map(|file| {
                        view! {
                            <StoredFile file=file />
                            <RemoveFile asked=asked />
                        }
                    })
            }}
            <label class="button file-button" class:button-off=move || asked.readonly().get()>
                <input
                    class="visually-hidden"
                    type="file"
                    id=asked.input_id()
                    accept=media
                    disabled=asked.locked()
                    aria-describedby=asked.described_by()
                    on:click=move |_| asked.entry.await_file(asked.id, true)
                    on:cancel=move |_: leptos::ev::Event| asked.entry.await_file(asked.id, false)
                    on:change:target=move |event| take(asked, &event.target(), taking)
                />
                <Icon glyph=Glyph::Clip />
                <span>{words.say(Language::choose_file)}</span>
            </label>
        </div>
        <TakingNews asked=asked taking=taking />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera closes once nothing is kept any more: not for a picture that was passed over.
    #[test]
    fn a_file_that_was_overtaken_says_nothing_of_the_one_that_is_being_kept() {
        let mut taking = Taking::Busy(1);
        taking.end(1, Taking::TooLarge);
        assert_eq!(taking, Taking::TooLarge);
        // One that had no room until now, and is not wanted any more.
        taking.end(2, Taking::Idle);
        assert_eq!(taking, Taking::TooLarge);
        // A sound that is kept while it is recorded began with nothing said.
        taking = Taking::NotKept(1, StorageError::Full);
        taking.end(2, Taking::Idle);
        assert_eq!(taking, Taking::Idle);
        // A signature that was drawn anew waits for room still.
        taking = Taking::NotKept(2, StorageError::Full);
        taking.end(1, Taking::Idle);
        assert_eq!(taking, Taking::NotKept(2, StorageError::Full));
        taking = Taking::Busy(4);
        taking.end(3, Taking::Idle);
        assert_eq!(taking, Taking::Busy(4));
        taking.end(4, Taking::Unreadable);
        assert_eq!(taking, Taking::Unreadable);
    }

    #[test]
    fn a_film_that_finds_no_room_is_tried_less_often_than_a_photo() {
        assert!(retry_after_ms(300 << 10) < 4_000);
        assert!((60_000..70_000).contains(&retry_after_ms(60 << 20)));
        assert!(retry_after_ms(u64::MAX) < 70_000);
    }
}
