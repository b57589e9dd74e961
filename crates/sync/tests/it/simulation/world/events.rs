//! What happens around phones and server: clocks that jump, backups, restores, the repair desk, phones that are killed or copied.

use sync::{device::Event, wire::RecordId};

use super::{DAY_MS, World};
use crate::simulation::UNITS;

impl World {
    /// A row may not be on a phone's disk any more, whoever is to blame.
    pub(super) fn lose(&mut self, once_in: usize) {
        let phones = self.phones.len();
        let Some(losing) = &mut self.losing else { return };
        let (draw, index) = (losing.below(once_in), losing.below(phones));
        let base = &mut self.phones[index].disk.base;
        if draw == 0 && !base.is_empty() {
            let records: Vec<RecordId> = base.keys().copied().collect();
            base.remove(losing.pick(&records));
            self.count("row lost on a phone");
        }
    }

    /// A clock is set, forwards or backwards.
    pub(super) fn jump(&mut self, index: usize) {
        let by =
            *self.random.pick(&[-7_300 * DAY_MS, -DAY_MS, -3_600_000, 3_600_000, 900 * DAY_MS]);
        self.count(if by < 0 { "clock set back" } else { "clock set on" });
        self.phones[index].skew_ms += by;
    }

    /// The form gets a new version; records and drafts keep theirs.
    pub(super) fn publish(&mut self) {
        self.count("form upgraded");
        self.version = if self.version == "1" { "2" } else { "1" };
    }

    pub(super) fn outside_event(&mut self, index: usize) {
        let event = match self.random.below(7) {
            0 => Event::Online,
            1 => Event::Offline,
            2 => Event::Watching(true),
            3 => Event::Watching(false),
            4 => Event::SignedIn,
            _ => Event::Opened,
        };
        let random = self.random.next();
        self.phones[index].handle(event, random);
    }

    pub(super) fn timer(&mut self, index: usize) {
        let random = self.random.next();
        if std::mem::take(&mut self.phones[index].timer) {
            self.phones[index].handle(Event::Tick, random);
        }
    }

    pub(super) fn kill_phone(&mut self, index: usize) {
        self.count("phone killed");
        self.phones[index].kill();
        let random = self.random.next();
        self.phones[index].handle(Event::Opened, random);
    }

    pub(super) fn copy_profile(&mut self, index: usize) {
        if self.phones.len() < 6 {
            self.count("profile copied");
            let copy = self.phones[index].copy();
            self.phones.push(copy);
        }
    }

    pub(super) fn backup(&mut self) {
        self.count("backup taken");
        self.server.back_up();
    }

    pub(super) fn restore(&mut self) {
        self.count("server restored");
        let again = self.server.restore();
        self.count_times("erasure done again", again as u64);
    }

    /// The server starts anew.
    pub(super) fn open(&mut self) {
        let again = self.server.open();
        self.count_times("erasure done again", again as u64);
    }

    pub(super) fn repair(&mut self) {
        let waiting = self.server.waiting();
        if waiting.is_empty() {
            return;
        }
        let before = self.server.database.left.len();
        let applied = self.server.settle(*self.random.pick(&waiting));
        if self.server.database.left.len() > before {
            self.count("record left a unit");
        }
        self.count(if applied { "operation repaired" } else { "operation set aside" });
    }

    pub(super) fn change_scope(&mut self) {
        self.count("scope changed");
        let accounts: Vec<String> = self.server.scopes.keys().cloned().collect();
        let account = self.random.pick(&accounts).clone();
        let unit = *self.random.pick(&UNITS);
        self.server.change_scope(&account, unit);
        if self.random.one_in(6) && !self.server.revoked.remove(&account) {
            self.server.revoked.insert(account);
        }
    }
}
