//! What a device remembers of its talks with the server.

use minicbor::{Decode, Encode};

use super::Former;
use crate::{
    view::Base,
    wire::{DeviceId, Hash, Times},
};

/// How long what is held is taken for whole, once it was counted.
const COUNT_EVERY_MS: u64 = 86_400_000;

/// The last time the server told its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contact {
    /// The server's clock.
    #[n(0)]
    pub server_ms: i64,
    /// The device's wall clock at that moment.
    #[n(1)]
    pub wall_ms: i64,
}

/// What a device remembers of its talks with the server. Its CBOR is stored in the transaction that stores
/// what it speaks of, and given to [`super::Device::new`] at the next start.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceState {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The server's epoch.
    #[n(1)]
    pub epoch: Option<u64>,
    /// Own operations up to this `seq` are on the server's disk.
    #[n(2)]
    pub acked: u64,
    /// Own operations up to this `seq` are in a backup.
    #[n(3)]
    pub safe: u64,
    /// Where the next pull goes on.
    #[n(4)]
    pub cursor: Option<String>,
    /// The generation being pulled.
    #[n(5)]
    pub generation: u64,
    /// The newest generation that was pulled to its end.
    #[n(6)]
    pub complete: u64,
    /// Own operations up to this `seq` have their effect in the base of generation `complete`.
    #[n(7)]
    pub included: u64,
    /// Rows of a generation before this one count no operation of this device: it had another id then.
    #[n(8)]
    pub first_generation: u64,
    /// When the server last told its clock.
    #[n(9)]
    pub contact: Option<Contact>,
    /// When a sync last came to its end, by the device's clock.
    #[n(10)]
    pub last_success_ms: Option<i64>,
    /// The pack in force, as the server last said.
    #[n(11)]
    pub pack: Option<Hash>,
    /// Ids that the device had before; absent in states of versions that had none.
    #[n(12)]
    pub former: Option<Vec<Former>>,
    /// When what is held was last counted, or came whole, by the device's clock; absent in states of versions that never did.
    #[n(13)]
    pub counted_ms: Option<i64>,
}

impl DeviceState {
    /// A device that never spoke with the server.
    #[must_use]
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            epoch: None,
            acked: 0,
            safe: 0,
            cursor: None,
            generation: 0,
            complete: 0,
            included: 0,
            first_generation: 0,
            contact: None,
            last_success_ms: None,
            pack: None,
            former: None,
            counted_ms: None,
        }
    }

    /// The highest own operation that a stored record, or the lack of it, includes.
    #[must_use]
    pub fn included_in(&self, base: Option<&Base>) -> u64 {
        match base {
            None => self.included,
            Some(base) if base.generation < self.first_generation => 0,
            Some(base) if base.generation > self.complete => base.included,
            Some(base) => base.included.max(self.included),
        }
    }

    /// How far its wall clock was behind the server's when they last talked.
    #[must_use]
    pub fn offset_ms(&self) -> Option<i64> {
        self.contact.map(|contact| contact.server_ms.saturating_sub(contact.wall_ms))
    }

    /// The times of an operation sealed now.
    #[must_use]
    pub fn times(&self, wall_ms: i64) -> Times {
        Times {
            wall_ms,
            offset_ms: self.offset_ms(),
            offset_age_ms: self.contact.map(|contact| wall_ms.saturating_sub(contact.wall_ms)),
        }
    }

    /// Whether what is held is to be counted: once a day, and not while a generation is under way.
    pub(super) fn counts(&self, wall_ms: i64) -> bool {
        self.cursor.is_some()
            && self.generation == self.complete
            && self.counted_ms.is_none_or(|at| wall_ms.abs_diff(at) >= COUNT_EVERY_MS)
    }

    /// The ids that the device had before.
    #[must_use]
    pub fn former(&self) -> &[Former] {
        self.former.as_deref().unwrap_or_default()
    }

    /// Whether the device has to send again what it thought the server to hold, as it did `before`.
    #[must_use]
    pub fn owes_again(&self, before: &Self) -> bool {
        let was_held = |now: &Former| {
            let mut then = before.former().iter().filter(|then| then.device == now.device);
            then.any(|then| then.acked > now.acked)
        };
        before.acked > self.acked || self.former().iter().any(was_held)
    }

    /// The device after it took another id, because its profile was copied: its operations count from 1
    /// again, and the whole feed is pulled anew.
    #[must_use]
    pub(super) fn renamed(&self, device: DeviceId) -> Self {
        let generation = self.generation.max(self.complete);
        Self {
            device,
            acked: 0,
            safe: 0,
            cursor: None,
            generation,
            included: 0,
            first_generation: generation + 1,
            ..self.clone()
        }
    }
}
