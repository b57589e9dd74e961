//! Work that is carried as files: bundles, and rescue files of phones that are lost.

use sync::{
    bundle::{Contents, Item, OfDevice, runs},
    codec,
    device::Event,
    wire::{DeviceId, PushRequest, RecordId, SealedOperation, WIRE_VERSION},
};

use super::World;
use crate::{
    simulation::{phone::Sealing, random::Random},
    unsealed::unsealed,
};

/// Work on its way as files.
pub struct Carried {
    pub(super) random: Random,
    /// Whose account, what it is, and whether it was taken.
    ///
    /// What it is: a push for each run of operations, as the server opens it.
    pub bundles: Vec<(String, Vec<Vec<u8>>, bool)>,
}

impl World {
    /// Somebody makes a bundle, brings one, or loses a phone and goes on from its rescue file.
    pub(super) fn carry(&mut self) {
        let phones = self.phones.len();
        let Some(carried) = &mut self.carried else { return };
        let (draw, index) = (carried.random.below(120), carried.random.below(phones));
        let bring =
            (!carried.bundles.is_empty()).then(|| carried.random.below(carried.bundles.len()));
        match (draw, bring) {
            (0..4, _) => self.make_bundle(index),
            (4..10, Some(bundle)) => self.bring_bundle(bundle),
            (10, _) => self.go_on_elsewhere(index),
            _ => {}
        }
    }

    /// As the phone makes one: what it has not sent is sealed first, and all goes along that is in no backup.
    fn make_bundle(&mut self, index: usize) {
        let phone = &mut self.phones[index];
        let open: Vec<RecordId> = phone.disk.open.keys().copied().collect();
        let sealed = open.into_iter().filter_map(|id| phone.seal(id, None)).collect();
        let state = &phone.disk.state;
        let safe = state.acked.min(state.safe);
        let held = phone.disk.outbox.range(safe + 1..);
        let operations =
            held.map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() });
        let contents = Contents { account: phone.account.clone(), device_name: String::new() };
        let mut items = vec![Item::Contents(contents)];
        items.extend(runs(state.device, operations));
        let mut pushes: Vec<PushRequest> = Vec::new();
        for item in unsealed(&items) {
            match (item, pushes.last_mut()) {
                (Item::Device(OfDevice { device, oldest }), _) => pushes.push(PushRequest {
                    version: WIRE_VERSION,
                    device,
                    epoch: None,
                    operations: Vec::new(),
                    oldest,
                    unsent: None,
                }),
                (Item::Operation(operation), Some(push)) => push.operations.push(operation),
                _ => {}
            }
        }
        let pushes = pushes.iter().map(codec::encode).collect();
        let bundle = (phone.account.clone(), pushes, false);
        self.note(Sealing { sealed, ..Sealing::default() });
        self.count("bundle made");
        self.carried.iter_mut().for_each(|carried| carried.bundles.push(bundle.clone()));
    }

    fn bring_bundle(&mut self, bundle: usize) {
        let Some(carried) = &mut self.carried else { return };
        let (account, pushes, taken) = &mut carried.bundles[bundle];
        let (account, pushes) = (account.clone(), pushes.clone());
        let again = std::mem::replace(taken, true);
        self.count(if again { "bundle taken again" } else { "bundle taken" });
        for body in pushes {
            if let Some((database, response)) = self.server.push(&account, &body) {
                self.commit(database, &response);
            }
        }
    }

    fn go_on_elsewhere(&mut self, index: usize) {
        self.count("phone lost and its work gone on with");
        let rescued = self.phones[index].rescue();
        let name = self.name();
        let mut fresh = [0xdd; 16];
        fresh[8..].copy_from_slice(&name.to_be_bytes());
        self.phones[index] = self.phones[index].gone_on_with(rescued, DeviceId(fresh));
        self.phones[index].handle(Event::Opened, 0);
    }
}
