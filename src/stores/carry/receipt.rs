//! Receipts that a carrier brings back: what the server signed that it took of a bundle that this phone made.
//!
//! Taking one in needs no network. Should sync, which remembers less, write its own memory amid that, then the server is only asked once more.

use sync::{
    codec,
    device::DeviceState,
    receipt::{self, MAX_BYTES, NotOurs, Receipt, ReceiptError},
    wire::Hash,
};

use super::{Carry, CarryError};
use crate::platform::{
    broadcast::Channel,
    bundle::is_signed,
    files::File,
    hand_out,
    storage::{
        Change, Read, Rows, StorageError, Store,
        schema::{BlobRow, Key, OutboxRow, meta},
    },
};
use crate::stores::outbox;

/// So many bundles that were made here are remembered.
const REMEMBERED: usize = 100;

/// What a receipt told, for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When the server received the bundle.
    pub received_ms: i64,
    /// How many operations it took.
    pub operations: usize,
    /// How many files it holds.
    pub files: usize,
}

/// Why a receipt was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// The file is none.
    #[error(transparent)]
    Format(#[from] ReceiptError),
    /// The organisation did not sign it, or somebody changed it.
    #[error("not signed by the organisation")]
    NotSigned,
    /// It is of a bundle that was not made here, by this person.
    #[error("of a bundle that was not made here")]
    NotMadeHere,
    /// It says nothing any more.
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
}

impl Carry {
    /// Takes in what a carrier brought back; it is on the disk when this returns. Taking it again changes nothing.
    pub async fn take_receipt(self, file: &File) -> Result<Told, CarryError> {
        let size = hand_out::size(file);
        if size > MAX_BYTES as u64 {
            return Err(BadReceipt::Format(ReceiptError::NoReceipt).into());
        }
        let file = hand_out::slice(file, 0, size).await?;
        let (receipt, message, signature) = receipt::read(&file).map_err(BadReceipt::Format)?;
        let organisation = self.organisation().await?.ok_or(CarryError::NoKey)?;
        if !is_signed(&organisation, &message, &signature).await? {
            return Err(BadReceipt::NotSigned.into());
        }
        let Receipt { received_ms, verdicts, files, .. } = &receipt;
        let (operations, files) = (verdicts.len(), files.len());
        let told = Told { received_ms: *received_ms, operations, files };
        let storage = self.storage();
        let meta_row = |name: &str| Read::Row(Store::Meta, name.into());
        let reads = vec![
            meta_row(meta::BUNDLES),
            meta_row(meta::DEVICE),
            meta_row(meta::LAST_SEQ),
            Read::All(Store::Outbox),
            Read::All(Store::BlobMeta),
        ];
        let decide = move |rows: Vec<Rows>| {
            Ok(match receive(&receipt, &rows)? {
                Ok(changes) => (changes, Ok(())),
                Err(bad) => (Vec::new(), Err(bad)),
            })
        };
        storage.update(reads, &[Store::Meta, Store::Outbox, Store::BlobMeta], decide).await??;
        // Whichever tab syncs goes on from there, this one too.
        Channel::open(&storage.lock()).post("rescued");
        Ok(told)
    }

    /// Remembers a bundle that was made here: a copy of this phone under the same name may make others, whose receipts say
    /// nothing of what is here.
    pub(super) async fn remember(self, bundle: Hash) -> Result<(), StorageError> {
        let decide = move |rows: Vec<Rows>| {
            let mut made = made_here(&rows.concat())?;
            made.push(bundle);
            made.drain(..made.len().saturating_sub(REMEMBERED));
            Ok((vec![Change::Put(Store::Meta, meta::BUNDLES.into(), codec::encode(&made))], ()))
        };
        let reads = vec![Read::Row(Store::Meta, meta::BUNDLES.into())];
        self.storage().update(reads, &[Store::Meta], decide).await
    }
}

fn made_here(rows: &Rows) -> Result<Vec<Hash>, StorageError> {
    rows.first().map_or_else(|| Ok(Vec::new()), |(_, row)| outbox::decode(row, "bundles"))
}

/// What changes by a receipt, if it is this phone's: nothing that the server itself has said already, and nothing goes.
fn receive(
    receipt: &Receipt,
    rows: &[Rows],
) -> Result<Result<Vec<Change>, BadReceipt>, StorageError> {
    let [made, device, last, outbox, files] = rows else {
        return Err(StorageError::Unreadable("an answer is missing".to_owned()));
    };
    if !made_here(made)?.contains(&receipt.bundle) {
        return Ok(Err(BadReceipt::NotMadeHere));
    }
    let Some((_, device)) = device.first() else { return Ok(Err(BadReceipt::NotMadeHere)) };
    let before: DeviceState = outbox::decode(device, "device")?;
    let state = match receipt::take(&before, receipt) {
        Ok(state) => state,
        Err(not_ours) => return Ok(Err(not_ours.into())),
    };
    let mut changes = vec![outbox::put_device(&state)];
    for verdict in &receipt.verdicts {
        let place = Key::Number(verdict.seq);
        for (key, row) in outbox.iter().filter(|(key, _)| *key == place) {
            let row = OutboxRow::decode(row)?;
            if row.outcome.is_none() && verdict.seq > before.acked {
                let row = codec::encode(&row.told(verdict));
                changes.push(Change::Put(Store::Outbox, key.clone(), row));
            }
        }
    }
    let last = last.first().map(|(_, row)| outbox::decode(row, "last place")).transpose()?;
    for file in receipt.files.iter().map(|hash| Key::from(*hash)) {
        for (key, row) in files.iter().filter(|(key, _)| *key == file) {
            let row = BlobRow::decode(row)?;
            if !row.sent {
                let row = BlobRow { sent: true, sent_after: Some(last.unwrap_or(0)), ..row };
                changes.push(Change::Put(Store::BlobMeta, key.clone(), codec::encode(&row)));
            }
        }
    }
    Ok(Ok(changes))
}

#[cfg(test)]
mod tests {
    use sync::{
        draft::{OpenPatch, Screen},
        wire::{Action, DeviceId, Dot, FormRef, Outcome, QuarantineReason, RecordId, Verdict},
    };

    use super::*;

    const DEVICE: DeviceId = DeviceId([3; 16]);
    const FILE: Hash = Hash([7; 32]);

    fn row(seq: u64) -> OutboxRow {
        let form = FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) };
        let (record, screen) = (RecordId([1; 16]), Screen::default());
        let patch = OpenPatch::new(record, form, "u".to_owned(), "an".to_owned(), &screen);
        let times = DeviceState::new(DEVICE).times(5);
        OutboxRow::unsent(&patch.seal(Dot { device: DEVICE, seq }, times, Action::Edit))
    }

    fn verdict(seq: u64, outcome: Outcome) -> Verdict {
        Verdict { seq, outcome, reason: None, set_aside: None }
    }

    fn receipt() -> Receipt {
        Receipt {
            version: receipt::VERSION,
            bundle: Hash([1; 32]),
            device: DEVICE,
            received_ms: 1,
            epoch: 4,
            acked: 2,
            verdicts: vec![verdict(1, Outcome::Merged), verdict(2, Outcome::Merged)],
            files: vec![FILE, Hash([8; 32])],
        }
    }

    fn received(
        receipt: &Receipt,
        acked: u64,
        first: Option<Outcome>,
    ) -> Result<Vec<Change>, BadReceipt> {
        let state = DeviceState { epoch: Some(4), acked, ..DeviceState::new(DEVICE) };
        let outbox = [(1, OutboxRow { outcome: first, ..row(1) }), (2, row(2)), (3, row(3))];
        let outbox = outbox.map(|(seq, row)| (Key::Number(seq), codec::encode(&row)));
        let file = BlobRow::unsent(5, "a/b".to_owned(), 6);
        let rows = [
            vec![(Key::from(meta::BUNDLES), codec::encode(&vec![Hash([9; 32]), Hash([1; 32])]))],
            vec![(Key::from(meta::DEVICE), codec::encode(&state))],
            vec![(Key::from(meta::LAST_SEQ), codec::encode(&3_u64))],
            outbox.into(),
            vec![(FILE.into(), codec::encode(&file))],
        ];
        receive(receipt, &rows).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_receipt_notes_what_the_server_has_and_nothing_goes_by_it() {
        let changes = received(&receipt(), 0, None).expect("ours");
        let state = DeviceState { epoch: Some(4), acked: 2, ..DeviceState::new(DEVICE) };
        let merged = |seq| codec::encode(&row(seq).told(&verdict(seq, Outcome::Merged)));
        // A file may only go after a backup that is newer than this moment: no receipt tells of one.
        let sent =
            BlobRow { sent: true, sent_after: Some(3), ..BlobRow::unsent(5, "a/b".to_owned(), 6) };
        let expected = vec![
            outbox::put_device(&state),
            Change::Put(Store::Outbox, Key::Number(1), merged(1)),
            Change::Put(Store::Outbox, Key::Number(2), merged(2)),
            Change::Put(Store::BlobMeta, FILE.into(), codec::encode(&sent)),
        ];
        assert_eq!(changes, expected, "what was not in the bundle stays unsent");
    }

    #[test]
    fn what_the_server_itself_said_stands() {
        let changes = received(&receipt(), 3, Some(Outcome::Conflict)).expect("ours");
        let state = DeviceState { epoch: Some(4), acked: 3, ..DeviceState::new(DEVICE) };
        assert!(changes.contains(&outbox::put_device(&state)));
        let first = |change: &Change| matches!(change, Change::Put(_, Key::Number(1), _));
        assert!(!changes.iter().any(first));
    }

    #[test]
    fn a_receipt_that_is_not_of_a_bundle_made_here_changes_nothing() {
        let mut forked = receipt();
        forked.verdicts[0].reason = Some(QuarantineReason::Fork);
        for (receipt, why) in [
            (forked, BadReceipt::NotOurs(NotOurs::Forked)),
            (Receipt { bundle: Hash([2; 32]), ..receipt() }, BadReceipt::NotMadeHere),
            (
                Receipt { device: DeviceId([9; 16]), ..receipt() },
                BadReceipt::NotOurs(NotOurs::OtherDevice),
            ),
            (Receipt { epoch: 5, ..receipt() }, BadReceipt::NotOurs(NotOurs::OtherEpoch)),
        ] {
            assert_eq!(received(&receipt, 0, None), Err(why));
        }
    }
}
