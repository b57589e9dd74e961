//! Rows of a person's stores: operations, files, lists of entities, short forms of records, the form on screen.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode, bytes::ByteVec};
use sync::{
    codec,
    review::Reason,
    view::Held,
    wire::{FormRef, Operation, Outcome, QuarantineReason, RecordId, Verdict},
};

use crate::platform::storage::StorageError;

/// A row of [`Store::Outbox`](super::Store::Outbox).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutboxRow {
    /// The operation's exact bytes, as sealed.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// What the server did with it, once it has said so. None also of one up to the device's watermark of which it said what
    /// goes without saying.
    #[n(1)]
    pub outcome: Option<Outcome>,
    /// Why the server keeps it without having applied it.
    #[n(2)]
    pub reason: Option<QuarantineReason>,
    /// Why the repair desk set it aside, in words.
    #[n(3)]
    pub set_aside: Option<String>,
}

impl OutboxRow {
    /// Reads a row.
    pub fn decode(row: &[u8]) -> Result<Self, StorageError> {
        codec::decode(row).map_err(|error| StorageError::Unreadable(format!("outbox: {error}")))
    }

    /// The operation.
    pub fn operation(&self) -> Result<Operation, StorageError> {
        codec::decode(&self.bytes)
            .map_err(|error| StorageError::Unreadable(format!("operation: {error}")))
    }

    /// An operation that the server has not spoken of.
    #[must_use]
    pub fn unsent(operation: &Operation) -> Self {
        Self { bytes: codec::encode(operation), outcome: None, reason: None, set_aside: None }
    }

    /// The row after the server said what it did with the operation.
    #[must_use]
    pub fn told(self, verdict: &Verdict) -> Self {
        Self {
            bytes: self.bytes,
            outcome: Some(verdict.outcome),
            reason: verdict.reason,
            set_aside: verdict.set_aside.clone(),
        }
    }

    /// The operation with what became of it.
    pub fn held(self) -> Result<Held, StorageError> {
        let operation = self.operation()?;
        let Self { outcome, reason, set_aside, .. } = self;
        let seq = operation.dot.seq;
        let verdict = outcome.map(|outcome| Verdict { seq, outcome, reason, set_aside });
        Ok(Held { operation, verdict })
    }
}

/// A row of [`Store::BlobMeta`](super::Store::BlobMeta).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BlobRow {
    /// The file's length in bytes.
    #[n(0)]
    pub size: u64,
    /// Its media type.
    #[n(1)]
    pub media_type: String,
    /// Whether the server holds it whole.
    #[n(2)]
    pub sent: bool,
    /// How many operations this device had sealed when the server said so: a later one in a backup proves that the file is
    /// in it too.
    #[n(3)]
    pub sent_after: Option<u64>,
    /// When it was kept, milliseconds since 1970.
    #[n(4)]
    pub kept_ms: Option<i64>,
    /// Since when no work on this phone names it: a photo that was removed or taken again before any of it was sealed.
    #[n(5)]
    pub dropped_ms: Option<i64>,
}

impl BlobRow {
    /// A file that the server does not have.
    #[must_use]
    pub fn unsent(size: u64, media_type: String, kept_ms: i64) -> Self {
        let kept_ms = Some(kept_ms);
        Self { size, media_type, sent: false, sent_after: None, kept_ms, dropped_ms: None }
    }

    /// Whether the server is to have it and does not.
    #[must_use]
    pub const fn waits(&self) -> bool {
        !self.sent && self.dropped_ms.is_none()
    }

    /// Whether a backup holds it, as the device's operations are safe up to `safe`.
    #[must_use]
    pub fn is_in_backup(&self, safe: u64) -> bool {
        self.sent && self.sent_after.is_some_and(|after| safe > after)
    }

    /// The server does not have it, or not any more.
    #[must_use]
    pub fn taken_back(self) -> Self {
        Self { sent: false, sent_after: None, dropped_ms: None, ..self }
    }

    /// Reads a row.
    pub fn decode(row: &[u8]) -> Result<Self, StorageError> {
        codec::decode(row).map_err(|error| StorageError::Unreadable(format!("file: {error}")))
    }
}

/// A list of entities as the server told it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntityListRow {
    /// The server's tag of it.
    #[n(0)]
    pub tag: String,
    /// Up to which change of a record, by the server's clock, it tells what records say.
    #[n(1)]
    pub as_of_ms: i64,
    /// CSV.
    #[n(2)]
    pub csv: String,
}

impl EntityListRow {
    /// Reads a row. One that cannot be read is fetched again.
    #[must_use]
    pub fn decode(row: &[u8]) -> Option<Self> {
        codec::decode(row).ok()
    }
}

/// A row of [`Store::Packs`](super::Store::Packs).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PackRow {
    /// The rows of the records, in the order of their ids.
    #[n(0)]
    pub rows: Vec<ByteVec>,
}

/// The first row of [`Store::Summaries`](super::Store::Summaries), under 0.
///
/// So many rows of [`SummaryRow`]s lie under `first` and the numbers after it, and under random bytes the ids of records that
/// a pull changed since: theirs do not hold any more. What lies under other numbers is being written, or was when a tab ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Kept {
    /// How they were made; others are made anew.
    #[n(0)]
    pub version: u32,
    /// How many rows of them there are.
    #[n(1)]
    pub pages: u64,
    /// The key of the first one.
    #[n(2)]
    #[cbor(default)]
    pub first: u64,
}

/// A record of [`Store::Base`](super::Store::Base) as lists show it and search finds it, so that a start opens thousands
/// of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SummaryRow {
    /// The record.
    #[n(0)]
    pub id: RecordId,
    /// Its form.
    #[n(1)]
    pub form: FormRef,
    /// The org unit it belongs to.
    #[n(2)]
    pub unit: String,
    /// The account that created it.
    #[n(3)]
    pub author: String,
    /// Its title.
    #[n(4)]
    pub title: String,
    /// Where it stands in its life, by its name.
    #[n(5)]
    pub state: String,
    /// When it last changed, milliseconds since 1970.
    #[n(6)]
    pub changed_ms: i64,
    /// Whether it is put away.
    #[n(7)]
    pub deleted: bool,
    /// Not 0 where something is to be decided.
    #[n(8)]
    pub conflicts: u32,
    /// Title and short answers without diacritics.
    #[n(9)]
    pub folded: String,
    /// Why it was sent back, if that is where it stands.
    #[n(10)]
    pub returned: Option<Reason>,
    /// Whether something is worth a look, and nothing is to be decided.
    #[n(11)]
    pub looks: Option<bool>,
    /// When it was begun, milliseconds since 1970.
    #[n(12)]
    pub begun_ms: Option<i64>,
}

/// The form on screen, for a person whose phone is killed in it. Beside the places and not among the single values,
/// so that it is written with an answer in one transaction that keeps nobody else waiting.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FillingRow {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// Whether the store holds the record: a new one without an answer is not kept, and begun again instead.
    #[n(1)]
    pub stored: bool,
    /// Its form's id.
    #[n(2)]
    pub form: String,
    /// The org unit it is for.
    #[n(3)]
    pub unit: String,
    /// Field path of the question where the person was.
    #[n(4)]
    pub place: String,
    /// Whether a file for that question was on its way: older versions of the app know no other way to say so.
    #[n(5)]
    pub awaits_file: Option<bool>,
    /// Field path of a question that a file was on its way to or a sound was being recorded for, wherever the person went meanwhile.
    #[n(6)]
    pub coming: Option<String>,
    /// Those of the others, if there were more.
    #[n(7)]
    pub coming_too: Option<Vec<String>>,
}

impl FillingRow {
    /// Field paths of the questions whose files do not come any more.
    #[must_use]
    pub fn awaited(&self) -> BTreeSet<String> {
        let here = (self.awaits_file == Some(true)).then_some(&self.place);
        let elsewhere = self.coming.iter().chain(self.coming_too.iter().flatten());
        sync::gather(elsewhere.chain(here).cloned())
    }

    /// Reads a row. One that cannot be read sends nobody anywhere: no work is in it.
    #[must_use]
    pub fn decode(row: &[u8]) -> Option<Self> {
        codec::decode(row).ok()
    }
}

#[cfg(test)]
mod tests {
    use sync::wire::Hash;

    use super::*;

    /// Rows of version 1 stay readable for ever: phones in the field hold them.
    #[test]
    fn rows_of_version_1_keep_their_bytes() {
        let outbox = OutboxRow {
            bytes: vec![1, 2],
            outcome: Some(Outcome::Merged),
            reason: None,
            set_aside: None,
        };
        assert_eq!(codec::encode(&outbox), [0xa2, 0x00, 0x42, 1, 2, 0x01, 0x01]);
        let aside = OutboxRow {
            outcome: Some(Outcome::Quarantined),
            reason: Some(QuarantineReason::OutOfScope),
            set_aside: Some("x".to_owned()),
            ..outbox
        };
        let bytes = [0xa4, 0x00, 0x42, 1, 2, 0x01, 0x03, 0x02, 0x02, 0x03, 0x61, b'x'];
        assert_eq!(codec::encode(&aside), bytes);
        let mut blob = BlobRow {
            size: 300,
            media_type: "a/b".to_owned(),
            sent: true,
            sent_after: None,
            kept_ms: None,
            dropped_ms: None,
        };
        let bytes = [0xa3, 0x00, 0x19, 0x01, 0x2c, 0x01, 0x63, b'a', b'/', b'b', 0x02, 0xf5];
        assert_eq!(codec::encode(&blob), bytes);
        (blob.sent_after, blob.kept_ms) = (Some(7), Some(8));
        let later = [&[0xa5], &bytes[1..], &[0x03, 7, 0x04, 8]].concat();
        assert_eq!(codec::encode(&blob), later);
        blob.dropped_ms = Some(9);
        let dropped = [&[0xa6], &later[1..], &[0x05, 9]].concat();
        assert_eq!(codec::encode(&blob), dropped);
        let list = EntityListRow { tag: "t".to_owned(), as_of_ms: 9, csv: "c".to_owned() };
        let bytes = [0xa3, 0x00, 0x61, b't', 0x01, 0x09, 0x02, 0x61, b'c'];
        assert_eq!(codec::encode(&list), bytes);
        let filling = FillingRow {
            record: RecordId([9; 16]),
            stored: true,
            form: "f".to_owned(),
            unit: "u".to_owned(),
            place: "a/b".to_owned(),
            awaits_file: None,
            coming: None,
            coming_too: None,
        };
        let mut bytes = vec![0xa5, 0x00, 0x50];
        bytes.extend([9; 16]);
        bytes.extend([0x01, 0xf5, 0x02, 0x61, b'f', 0x03, 0x61, b'u', 0x04, 0x63]);
        bytes.extend(b"a/b");
        assert_eq!(codec::encode(&filling), bytes);
        let awaiting = FillingRow { awaits_file: Some(true), ..filling };
        bytes[0] = 0xa6;
        bytes.extend([0x05, 0xf5]);
        assert_eq!(codec::encode(&awaiting), bytes);
        let recording = FillingRow { coming: Some("c".to_owned()), ..awaiting };
        bytes[0] = 0xa7;
        bytes.extend([0x06, 0x61, b'c']);
        assert_eq!(codec::encode(&recording), bytes);
        assert_eq!(recording.awaited(), ["a/b", "c"].map(str::to_owned).into());
        let more = FillingRow { coming_too: Some(vec!["d".to_owned()]), ..recording };
        bytes[0] = 0xa8;
        bytes.extend([0x07, 0x81, 0x61, b'd']);
        assert_eq!(codec::encode(&more), bytes);
        assert_eq!(more.awaited(), ["a/b", "c", "d"].map(str::to_owned).into());
    }

    #[test]
    fn rows_of_summaries_keep_their_bytes() {
        let kept = Kept { version: 1, pages: 2, first: 3 };
        assert_eq!(codec::encode(&kept), [0xa3, 0x00, 1, 0x01, 2, 0x02, 3]);
        let before_it_had_a_first = [0xa2, 0x00, 1, 0x01, 2];
        assert_eq!(codec::decode(&before_it_had_a_first), Ok(Kept { first: 0, ..kept }));
        let form = FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([8; 32]) };
        let row = SummaryRow {
            id: RecordId([9; 16]),
            form: form.clone(),
            unit: "u".to_owned(),
            author: "a".to_owned(),
            title: "t".to_owned(),
            state: "submitted".to_owned(),
            changed_ms: 7,
            deleted: false,
            conflicts: 1,
            folded: "t".to_owned(),
            returned: None,
            looks: None,
            begun_ms: None,
        };
        let mut bytes = vec![0xaa, 0x00, 0x50];
        bytes.extend([9; 16]);
        bytes.push(0x01);
        bytes.extend(codec::encode(&form));
        bytes.extend([0x02, 0x61, b'u', 0x03, 0x61, b'a', 0x04, 0x61, b't', 0x05]);
        bytes.extend(codec::encode(&"submitted"));
        bytes.extend([0x06, 7, 0x07, 0xf4, 0x08, 1, 0x09, 0x61, b't']);
        assert_eq!(codec::encode(&row), bytes);
        bytes[0] = 0xab;
        bytes.extend([0x0b, 0xf5]);
        let row = SummaryRow { looks: Some(true), ..row };
        assert_eq!(codec::encode(&row), bytes);
        bytes[0] = 0xac;
        bytes.extend([0x0c, 5]);
        assert_eq!(codec::encode(&SummaryRow { begun_ms: Some(5), ..row }), bytes);
    }

    #[test]
    fn packs_keep_their_bytes() {
        let rows = vec![ByteVec::from(vec![1, 2]), ByteVec::from(Vec::new())];
        assert_eq!(codec::encode(&PackRow { rows }), [0xa1, 0x00, 0x82, 0x42, 1, 2, 0x40]);
    }
}
