//! What a phone's decisions ask for is done, or fails; and what was sealed by it is noted.

use sync::{
    codec,
    device::{Effect, Event},
    wire::{DeviceId, PushRequest},
};

use super::{
    Asked, Message, World,
    network::Request,
    situations::{pair, stored},
};
use crate::simulation::{
    Bug,
    phone::{Phone, Sealing},
};

impl World {
    pub(super) fn carry_out(&mut self, index: usize) {
        let Some(effect) = self.phones[index].effects.pop_front() else { return };
        let random = self.random.next();
        let asked = match effect {
            Effect::Push { ticket, body } => {
                let request: PushRequest = codec::decode(&body).expect("our own request");
                let is_own = request.device == self.phones[index].disk.state.device;
                if !is_own && !request.operations.is_empty() {
                    self.count("given back under a former id");
                }
                let last = request.operations.last().map_or(0, |last| last.seq);
                (ticket, Asked::Push { body, last })
            }
            Effect::Pull { ticket, cursor, tally, .. } => {
                assert_eq!(cursor, self.phones[index].read, "it goes on where it had not come to");
                (ticket, Asked::Pull { cursor, tally })
            }
            Effect::AskBlob { ticket, blob } => (ticket, Asked::Blob { blob }),
            Effect::SendChunk { ticket, blob, chunk } => (ticket, Asked::Chunk { blob, chunk }),
            effect => {
                if let Effect::CommitPull { page, .. } = &effect {
                    self.count("page committed");
                    if page.records.rows().any(|row| row.rest().left) {
                        self.count("phone told that a record left");
                    }
                    if !page.waiting.is_empty() {
                        self.count("phone told what waits of another one");
                    }
                }
                let known = &self.phones[index].disk.state.cursor;
                if let Effect::MarkAcked { state, .. } = &effect
                    && known.is_some()
                    && state.cursor.is_none()
                {
                    self.count("feed begun anew for what was missing");
                }
                // A phone hardly ever takes a new id: that storage fails then is to be met all the same.
                let is_rare = self.fleet && matches!(effect, Effect::Rekey { .. });
                let fails = !self.calm && self.random.one_in(if is_rare { 3 } else { 60 });
                if fails && let Some(state) = stored(&effect) {
                    self.count_at("storage failed", state);
                    if self.mishandled(index, &effect) {
                        return;
                    }
                    return self.phones[index].handle(Event::StorageFailed, random);
                }
                let state = stored(&effect);
                let name = self.name();
                let mut fresh = [0xee; 16];
                fresh[8..].copy_from_slice(&name.to_be_bytes());
                let sealing = self.phones[index].carry_out(effect, DeviceId(fresh), random);
                self.note(sealing);
                if !self.calm && self.random.one_in(25) {
                    if let Some(state) = state {
                        *self.counters.entry(pair("phone killed", state)).or_default() += 1;
                    }
                    self.kill_phone(index);
                }
                return;
            }
        };
        let phone = &self.phones[index];
        let device = phone.disk.state.device;
        let (ticket, asked) = asked;
        let request = Request { phone: index, life: phone.life, device, ticket, asked };
        self.messages.push(Message::Request(request));
    }

    /// Planted: what others made of storage that failed. Whether nothing more is told.
    fn mishandled(&mut self, index: usize, effect: &Effect) -> bool {
        let phone = &mut self.phones[index];
        match (self.bug, effect) {
            (Some(Bug::FailedPageSkipped), Effect::CommitPull { state, .. }) => {
                let random = self.random.next();
                phone.disk.state = state.clone();
                let waiting = phone.waiting();
                phone.handle(Event::Stored(waiting), random);
                true
            }
            (Some(Bug::BatchBegunAgain), Effect::CommitPull { .. }) => {
                phone.disk.state.cursor = None;
                phone.kill();
                phone.handle(Event::Opened, 0);
                true
            }
            (Some(Bug::LetGoThoughNotStored), Effect::MarkAcked { state, .. }) => {
                phone.disk.outbox.retain(|seq, _| *seq > state.acked);
                false
            }
            _ => false,
        }
    }

    pub(super) fn note(&mut self, sealing: Sealing) {
        for sealed in sealing.freed.values() {
            self.count("operation freed");
            let (dot, hash) = (sealed.held.operation.dot, codec::hash(&sealed.bytes));
            let in_backup = self.server.backup.log.get(&dot);
            let is_safe = in_backup.is_some_and(|(_, kept)| kept.hash == hash);
            assert!(is_safe, "{dot:?} was freed and is in no backup");
        }
        for operation in sealing.unsealed {
            let key = (operation.dot, codec::hash(&codec::encode(&operation)));
            // A copied profile's twin may hold the very same operation.
            let is_twins = |phone: &Phone| {
                let held = phone.disk.outbox.get(&operation.dot.seq);
                held.is_some_and(|sealed| sealed.held.operation == operation)
            };
            if !self.phones.iter().any(is_twins) {
                self.sealed.remove(&key);
            }
            self.count("profile renamed");
        }
        for operation in sealing.sealed {
            self.note_sealed(&operation);
            let key = (operation.dot, codec::hash(&codec::encode(&operation)));
            self.sealed.insert(key, operation);
            self.count("operation sealed");
        }
    }
}
