//! Locking up behind whoever was let in, when they ask for it and when nobody is at the app any more.

use futures::future::select;
use leptos::prelude::*;

use super::Door;
use crate::platform::{
    activity, address, broadcast::Channel, clock, document, log_error, storage::StorageError,
    tasks, visibility,
};
use crate::stores::{
    OpenForms,
    sign_in::SignInError,
    wipe::{LOCK, LOST, REMOVED, door_channel},
};

/// How long a lock waits at most for the copy that is made before it.
const BEFORE_MS: u32 = 15_000;

/// Why it locks by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Nobody is at it.
    Idle,
    /// Another tab says so.
    Told,
    /// The server says that the phone is lost.
    Lost,
}

impl Door {
    /// Locks up: what is entered is on the disk, then the page starts anew, and with it goes every key and every
    /// answer in memory.
    pub async fn lock(self, forms: OpenForms) -> Result<(), StorageError> {
        let here = self.inside.get_untracked();
        self.others.with_value(|others| others.post(LOCK));
        self.make_way(forms, here.as_ref().map(|person| person.id.as_str()), true).await
    }

    /// The server says that the phone is lost: it locks, and is emptied then where the organisation wants that. Once: its
    /// person may be the one who has it.
    pub(in crate::stores) fn lose(self, forms: OpenForms) {
        let here = self.inside.get_untracked().filter(|here| here.row.lost.is_none());
        let Some(here) = here else { return };
        tasks::spawn(async move {
            let noted = async {
                self.phone()?.change(&here.id, |row| row.lost = row.lost.or(Some(true))).await?;
                self.look().await
            };
            match noted.await {
                Ok(_) => {}
                Err(error) => {
                    log_error(&format!("not noted that the phone is lost: {error}"));
                    // A new start would let them in again.
                    if here.row.pin.is_none() {
                        return;
                    }
                }
            }
            self.others.with_value(|others| others.post(LOST));
            self.lock_quietly(forms, Why::Lost);
        });
    }

    /// As [`Self::lock`], for somebody without a PIN: the phone asks who takes it.
    pub async fn leave(self, forms: OpenForms) -> Result<(), StorageError> {
        self.make_way(forms, None, false).await
    }

    /// `stays`: whoever comes next stands where this person stood.
    pub(super) async fn make_way(
        self,
        forms: OpenForms,
        next: Option<&str>,
        stays: bool,
    ) -> Result<(), StorageError> {
        // It may take its time: nobody sees anything meanwhile.
        document::set_root_attribute("data-locking", "on");
        let gone = async {
            // What cannot be stored is worth more than the lock: then it stays open, and says so.
            forms.finish_all().await?;
            if let Some(before) = self.before.get_value() {
                // Not for ever: it waits for a tab of theirs, which the system may have put to sleep.
                select(before(), Box::pin(tasks::sleep(BEFORE_MS))).await;
            }
            self.phone()?.set_current(next).await
        };
        if let Err(error) = gone.await {
            document::set_root_attribute("data-locking", "off");
            return Err(error);
        }
        if stays {
            document::reload();
        } else {
            start_anew();
        }
        Ok(())
    }

    /// Removes the person inside and their store from this phone, if `is_sent` lets them: it is asked of what is there when
    /// they go. The other tabs of theirs start anew.
    pub(in crate::stores) async fn remove_inside(
        self,
        is_sent: impl AsyncFn() -> Result<(), SignInError>,
    ) -> Result<(), SignInError> {
        let Some(here) = self.inside.get_untracked() else { return is_sent().await };
        let phone = self.phone()?;
        loop {
            let rows = phone.trace(&here.id).await?;
            is_sent().await?;
            if phone.remove(&here.id, rows).await? {
                self.others.with_value(|others| others.post(REMOVED));
                return Ok(());
            }
        }
    }

    /// Locks when nobody touched the app for as long as its person chose and nothing that they began goes on, and when another
    /// tab of theirs is locked.
    pub fn watch(self, forms: OpenForms) {
        let Some(here) = self.inside.get_untracked() else { return };
        let others = Channel::open(&door_channel(&here.id));
        self.others.set_value(others.clone());
        others.on_message(move |said| match said.as_str() {
            // There is nothing to save into: what this tab still shows is of somebody who left.
            REMOVED => start_anew(),
            LOST => self.lock_quietly(forms, Why::Lost),
            _ => self.lock_quietly(forms, Why::Told),
        });
        let touched_ms = StoredValue::new(clock::now_ms());
        activity::on_touch(move || touched_ms.set_value(clock::now_ms()));
        visibility::on_change(move |visible| {
            if visible {
                self.lock_if_idle(forms, touched_ms);
            }
        });
        self.look_again(forms, touched_ms);
    }

    /// A phone that slept fires no timers: it is looked at every so often, and when it comes to the front.
    fn look_again(self, forms: OpenForms, touched_ms: StoredValue<i64>) {
        const EVERY_MS: u32 = 10_000;
        // It fires as long as the page lives.
        drop(tasks::after(EVERY_MS, move || {
            self.lock_if_idle(forms, touched_ms);
            self.look_again(forms, touched_ms);
        }));
    }

    fn lock_if_idle(self, forms: OpenForms, touched_ms: StoredValue<i64>) {
        let Some(here) = self.inside.get_untracked() else { return };
        if activity::is_at_work() {
            touched_ms.set_value(clock::now_ms());
        }
        let idle_ms = clock::now_ms() - touched_ms.get_value();
        let is_idle = here.row.pin.is_some() && was_left_alone(idle_ms, here.row.idle_min);
        if is_idle && !self.is_locking.get_value() {
            self.is_locking.set_value(true);
            self.lock_quietly(forms, Why::Idle);
        }
    }

    fn lock_quietly(self, forms: OpenForms, why: Why) {
        let Some(here) = self.inside.get_untracked() else { return };
        if why != Why::Idle || here.row.pin.is_some() {
            // Whoever takes the phone up again sees nothing while the page goes.
            document::set_root_attribute("data-locking", "on");
            tasks::spawn(async move {
                // Whoever takes a photo with the phone's own camera touches nothing here, and no gallery has that photo.
                let given = if why == Why::Idle { forms.take_given().await } else { Ok(()) };
                let gone = match given {
                    Ok(()) => self.make_way(forms, Some(&here.id), true).await,
                    Err(error) => Err(error),
                };
                if why == Why::Lost && gone.is_err() {
                    // Whoever found it sees nothing, whatever could not be stored.
                    return document::reload();
                }
                // It is tried again; what could not be stored shows in the form itself.
                if let Err(error) = gone {
                    document::set_root_attribute("data-locking", "off");
                    self.is_locking.set_value(false);
                    log_error(&format!("not locked: {error}"));
                }
            });
        }
    }
}

/// So far a clock that the network sets right may go back.
const PUT_RIGHT_MS: i64 = 60_000;

/// Whether the app was left alone for too long. A clock that was put back says nothing of that: whoever did it may have the phone.
fn was_left_alone(idle_ms: i64, limit_min: u32) -> bool {
    !(-PUT_RIGHT_MS..i64::from(limit_min) * 60_000).contains(&idle_ms)
}

/// The page starts anew, at its first screen.
fn start_anew() {
    address::change("/", true);
    document::reload();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_put_back_does_not_keep_the_phone_open() {
        assert!(!was_left_alone(0, 5));
        assert!(!was_left_alone(299_999, 5));
        assert!(was_left_alone(300_000, 5));
        assert!(!was_left_alone(-2_000, 5), "the network puts clocks right");
        assert!(was_left_alone(-3_600_000, 5));
    }
}
