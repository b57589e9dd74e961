//! The ids that a copied profile had before, and what it still has to answer for under them.

use minicbor::{Decode, Encode};

use super::{Device, DeviceState, Effect};
use crate::wire::{DeviceId, SealedOperation};

/// An id that the device had before it found that its profile was copied.
///
/// It still answers for the operations that the server holds there and no backup does: a restored server gets them back
/// as they are.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Former {
    /// The id.
    #[n(0)]
    pub device: DeviceId,
    /// Operations up to this `seq` are on the server's disk.
    #[n(1)]
    pub acked: u64,
    /// Operations that are in no backup, as far as the device knows.
    #[n(2)]
    pub operations: Vec<SealedOperation>,
}

impl Former {
    /// Notes what the server said, and frees what is in a backup.
    pub(super) fn told(&mut self, acked: u64, safe: u64) {
        self.acked = acked;
        self.operations.retain(|operation| operation.seq > acked.min(safe));
    }

    /// Whether the server holds all of it.
    fn is_held(&self) -> bool {
        self.operations.last().is_none_or(|last| last.seq <= self.acked)
    }
}

impl Device {
    /// Notes what the server said of the first id of those that the device had before, and goes on to the next.
    pub(super) fn former_told(&mut self, state: &mut DeviceState, acked: u64, safe: u64) {
        let Some(former) = &mut state.former else { return };
        let Some(first) = former.first_mut() else { return };
        first.told(acked, safe);
        if first.is_held() {
            self.former_due = self.former_due.saturating_sub(1);
            former.rotate_left(1);
            former.retain(|former| !former.operations.is_empty());
        }
    }

    /// Goes on to the next of those ids: something of the first is longer than any request may be.
    pub(super) fn pass_former(&mut self) {
        self.former_due = self.former_due.saturating_sub(1);
        self.state.former.iter_mut().for_each(|former| former.rotate_left(1));
    }

    /// What a device has to answer for under an id that it had before goes up as it is.
    pub(super) fn push_former(&mut self) -> Option<Vec<Effect>> {
        let former = self.state.former().first().filter(|_| self.former_due > 0)?;
        let (device, acked) = (former.device, former.acked);
        let waiting = former.operations.iter().filter(|operation| operation.seq > acked);
        let (mut operations, mut bytes, mut more) = (Vec::new(), 0, false);
        for operation in waiting {
            bytes += operation.bytes.len();
            let is_full = operations.len() == self.max_operations || bytes > self.max_bytes;
            if is_full && !operations.is_empty() {
                more = true;
                break;
            }
            operations.push(operation.clone());
        }
        Some(self.push(device, acked, operations, more))
    }
}
