//! A phone goes on from another one's rescue file. What that one sealed keeps its names, and is answered for under them;
//! what this one seals is named after this one. So no two operations ever have one name, even if the other phone lives on.

use super::{Device, DeviceState, Effect, Former, Step};
use crate::bundle::Item;

/// The device after it took over what others sealed.
///
/// What the server held when the file was made it may have lost since, and
/// this device does not know the epoch of then: all of it is to be proved anew. The feed is taken from its start: what the
/// device was given of records stands in for that until then.
#[must_use]
pub fn take_over(state: &DeviceState, came: Vec<Former>) -> DeviceState {
    let mut former = state.former().to_vec();
    for came in came.into_iter().filter(|came| came.device != state.device) {
        let came = Former { acked: 0, ..came };
        match former.iter_mut().find(|known| known.device == came.device) {
            Some(known) => known.add(came),
            None => former.push(came),
        }
    }
    former.retain(|former| !former.operations.is_empty());
    DeviceState { former: Some(former), cursor: None, ..state.clone() }
}

/// Takes the next item of a rescue file, if it is of devices and their operations; anything else is given back.
pub fn take_item(came: &mut Vec<Former>, item: Item) -> Option<Item> {
    match item {
        Item::Device(of) if came.last().is_some_and(|last| last.device == of.device) => {}
        Item::Device(of) => {
            came.push(Former { device: of.device, acked: 0, operations: Vec::new() });
        }
        Item::Operation(operation) => {
            if let Some(device) = came.last_mut() {
                device.operations.push(operation);
            }
        }
        other => return Some(other),
    }
    None
}

impl Former {
    fn add(&mut self, came: Self) {
        self.acked = came.acked;
        for operation in came.operations {
            let seqs = self.operations.binary_search_by_key(&operation.seq, |known| known.seq);
            if let Err(place) = seqs {
                self.operations.insert(place, operation);
            }
        }
    }

    /// How many of its operations the server is not known to hold.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.operations.iter().filter(|operation| operation.seq > self.acked).count()
    }
}

impl Device {
    /// Something waits to be taken over: as soon as nothing else is under way.
    pub(super) fn ask_to_take_over(&mut self) -> Vec<Effect> {
        self.takes_over = true;
        self.start()
    }

    pub(super) fn took_over(&mut self, state: DeviceState) -> Vec<Effect> {
        if !matches!(self.step, Step::TakingOver) {
            return Vec::new();
        }
        self.takes_over = false;
        self.former_due = state.former().len();
        self.state = state;
        self.freed = 0;
        self.load()
    }
}
