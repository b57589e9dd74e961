//! Whether the app itself is on the phone; a new version of it: looked for, offered, never forced.

use leptos::prelude::*;

use super::{
    SyncStatus,
    sync_status::{Blocked, Phase},
};
use crate::platform::http::{Method, Request};
use crate::platform::{clock, connectivity, document, service_worker, tasks, visibility};
use crate::reactive::{effect, memo};

/// How long after a look that reached the server the app may come to the front without another one.
const LOOK_EVERY_MS: i64 = 15 * 60 * 1000;

/// Whether this version is on the phone, whether a new one waits, and how to take it.
#[derive(Clone, Copy)]
pub struct AppUpdate {
    is_kept: RwSignal<bool>,
    waiting: RwSignal<bool>,
    /// When a look last reached the server, phone clock.
    looked_ms: StoredValue<i64>,
}

impl AppUpdate {
    /// Listens for a new version, and looks for one when the app comes to the front. The browser itself looks only
    /// when a page is loaded, which an installed app that is never closed does not do for weeks.
    #[must_use]
    pub fn watch() -> Self {
        let waiting = RwSignal::new(false);
        let is_kept = RwSignal::new(service_worker::is_in_charge());
        let set = |signal: RwSignal<bool>| {
            move || {
                signal.try_set(true);
            }
        };
        service_worker::watch(set(is_kept), set(waiting));
        let update = Self { is_kept, waiting, looked_ms: StoredValue::new(clock::now_ms()) };
        visibility::on_change(move |visible| {
            let is_due = update.looked_ms.try_get_value().is_some_and(|last| {
                // A clock that was set back would otherwise put the next look off for as long.
                !(0..LOOK_EVERY_MS).contains(&(clock::now_ms() - last))
            });
            if visible && is_due && connectivity::is_online() {
                update.look();
            }
        });
        update
    }

    /// Looks for a new version too whenever the server is reached again after it was not, and when it asks for one.
    pub fn follow(self, sync_status: SyncStatus) {
        let standing = sync_status.standing();
        let phase = memo(move || standing.read().phase);
        let was_offline = StoredValue::new(false);
        effect(move || match phase.get() {
            Phase::Offline => was_offline.set_value(true),
            Phase::Blocked(Blocked::UpgradeNeeded) => self.look(),
            Phase::Idle if was_offline.get_value() => {
                was_offline.set_value(false);
                self.look();
            }
            Phase::Idle
            | Phase::Sending
            | Phase::SendingFiles
            | Phase::Receiving
            | Phase::Blocked(_)
            | Phase::AskedToWait(_) => {}
        });
    }

    /// Looks for a new version now.
    pub fn look(self) {
        // Nobody could say so before: the worker is not here yet.
        if self.is_kept.try_get_untracked() != Some(true) {
            return;
        }
        tasks::spawn(async move {
            if service_worker::check().await {
                self.looked_ms.try_set_value(clock::now_ms());
            }
        });
    }

    /// Looks for a new version because a part of this one did not come. A page that no worker of its own version serves would never be
    /// offered it: where the server has this version's own script no more, the page is another one once it is loaded anew.
    pub fn look_for_rest(self) {
        let Some(script) = document::own_script() else { return self.look() };
        tasks::spawn(async move {
            if self.is_kept.try_get_untracked() == Some(true) {
                service_worker::check().await;
                // It is offered once it is whole: until then a page that is loaded anew is this version's again.
                if service_worker::is_another_coming().await {
                    return;
                }
            }
            let answer = Request::new(Method::Head, script).send(&[]).await;
            if answer.is_ok_and(|answer| answer.status == 404) {
                self.waiting.try_set(true);
            }
        });
    }

    /// Whether the app opens without a network.
    #[must_use]
    pub fn is_kept(self) -> Signal<bool> {
        self.is_kept.into()
    }

    /// Whether a new version is ready.
    #[must_use]
    pub fn waiting(self) -> Signal<bool> {
        self.waiting.into()
    }

    /// Switches to the new version and reloads. Call it only after [`super::OpenForms::finish_all`].
    pub fn take(self) {
        service_worker::take_update();
    }
}
