//! What of a person's work the repair desk has, and may be in no outbox of the device that shows it.
//!
//! Another device of theirs sent it, or this one under another id; or it was applied and freed, and a restored server has it wait again.
//! The feed has an entry for each, at the place where it was put into quarantine or what is said of it changed last. Whoever
//! wrote it and sent it is told, in all its words but for what was erased; when it was applied they are told that, with the page that
//! brings what its record is then.

use minicbor::{Decode, Encode};

use crate::{codec, device::Page, view::Held, wire::AtDesk};

/// One of them as a device stores it. All are one row, in the order in which they were told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Waits {
    /// What was told.
    #[n(0)]
    pub told: AtDesk,
    /// The generation of the pull that brought it.
    #[n(1)]
    pub generation: u64,
}

impl Waits {
    /// As an operation of the outbox, which its device shows it by. `None` if a later version of the app wrote what this one cannot
    /// read.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        let operation = codec::decode(self.told.bytes.as_deref()?).ok()?;
        Some(Held { operation, verdict: Some(self.told.verdict.clone()) })
    }
}

/// What there is of them after a page of the feed. A generation that is whole leaves nothing of older ones behind.
#[must_use]
pub fn taken(mut waits: Vec<Waits>, page: &Page) -> Vec<Waits> {
    let Page { generation, complete, ref waiting, .. } = *page;
    waits.retain(|known| {
        let is_over = complete && known.generation < generation;
        !is_over && waiting.iter().all(|told| told.dot() != known.told.dot())
    });
    let still = waiting.iter().filter(|told| told.bytes.is_some());
    waits.extend(still.map(|told| Waits { told: told.clone(), generation }));
    waits
}
