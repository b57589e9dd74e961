//! The server's side of a push: what becomes of each operation. Nothing is ever refused.
//!
//! Read the [`Batch`], look up what is [`Known`] of it, [`Batch::decide`], store what [`Decided`] says in one
//! transaction, and answer with [`Decided::response`] when that is on the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use crate::{
    codec,
    erase::Erased,
    gather::gather,
    merge::Record,
    repair,
    rights::Role,
    wire::{
        DeviceId, FormRef, Hash, Operation, Outcome, PushRequest, PushResponse, QuarantineReason,
        RecordId, Verdict, WIRE_VERSION,
    },
};

/// Operations in one request, at most.
pub const MAX_OPERATIONS: usize = 500;
/// Bytes of one request before compression, at most.
pub const MAX_REQUEST_BYTES: usize = 4 << 20;
/// Bytes of one operation that is still applied; a larger one is kept for the repair desk.
pub const MAX_OPERATION_BYTES: usize = 1 << 20;
/// Bytes of answers that a phone seals in one operation, unless one answer alone has more.
pub const MAX_PART_BYTES: usize = 256 << 10;
/// Bytes of one answer that a phone still stores: an operation has room for it.
pub const MAX_ANSWER_BYTES: usize = MAX_OPERATION_BYTES - MAX_PART_BYTES;
/// Blobs that one answer asks for, at most.
pub const MAX_MISSING_BLOBS: usize = 1_000;

/// As far as a device may say that it has counted: no device comes near, and each can go on counting after it.
const MAX_COUNTED: u64 = 1 << 48;

/// What the server knows of forms, units and rights at this moment.
pub trait Directory {
    /// Whether that form was ever published.
    fn knows_form(&self, form: &FormRef) -> bool;
    /// Whether that org unit ever existed.
    fn knows_unit(&self, unit: &str) -> bool;
    /// What the account is for where records of that form in that unit are concerned: `None` if it does not see them.
    fn role(&self, account: &str, unit: &str, form: &str) -> Option<Role>;
    /// Whether a field of records of that form is hidden from the account.
    fn hides(&self, account: &str, form: &str, path: &str) -> bool;
}

/// Who pushes, by the session of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender<'a> {
    /// The account.
    pub account: &'a str,
    /// Whether its right to use the server was taken away for good, so that nobody can sign in again to send this.
    pub revoked: bool,
}

/// An operation that the server holds from an earlier push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// What became of it.
    pub verdict: Verdict,
}

/// What the server holds that a batch may meet, read inside the write transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The device's watermark: 0 for a new device.
    pub acked: u64,
    /// The device's operations held in [`Batch::seqs`].
    pub kept: BTreeMap<u64, Kept>,
    /// The records of [`Batch::records`] that exist.
    pub records: BTreeMap<RecordId, Record>,
    /// What was erased in [`Batch::records`].
    pub erased: Erased,
    /// What the log has of [`Batch::records`] and was not applied.
    pub waiting: BTreeMap<RecordId, Vec<Operation>>,
    /// What of [`Batch::seqs`] came beside the log, by another way, and was applied at the repair desk.
    pub put_in: BTreeMap<(u64, Hash), Outcome>,
}

#[derive(Clone, Debug)]
struct Incoming {
    seq: u64,
    bytes: Vec<u8>,
    operation: Option<Operation>,
}

/// A push request, its operations read.
#[derive(Clone, Debug)]
pub struct Batch {
    device: DeviceId,
    oldest: Option<u64>,
    unsent: Option<u64>,
    incoming: Vec<Incoming>,
}

/// Where the server puts an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is held already: store nothing.
    Held,
    /// Append it to the log, under its device and `seq`.
    Log,
    /// Keep it in quarantine beside the log, under its device, `seq` and hash: its place in the log is taken
    /// by other bytes. Storing it twice must be harmless.
    Beside,
}

/// What becomes of one operation that a request brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its place in its device's count.
    pub seq: u64,
    /// SHA-256 of its bytes as they came: its name for ever.
    pub hash: Hash,
    /// Its bytes as they came, readable or not, but for what must not come back: see [`crate::erase`].
    pub bytes: Vec<u8>,
    /// The operation, if the bytes are one.
    pub operation: Option<Operation>,
    /// What the device is told.
    pub verdict: Verdict,
    /// Why it goes to the repair desk, if that is new.
    pub reason: Option<QuarantineReason>,
    /// Where it goes.
    pub place: Place,
}

/// All that a push changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Decided {
    /// The device.
    pub device: DeviceId,
    /// The device's new watermark. Never lower than before.
    pub acked: u64,
    /// One for each operation taken; fewer than were sent if there was a gap or a copied phone.
    pub decisions: Vec<Decision>,
    /// The records that changed, to be stored at a new place of the feed each.
    pub changed: BTreeMap<RecordId, Record>,
    /// The unit that each of those left which belong to another one now; see [`crate::pull::left`].
    pub left: BTreeMap<RecordId, String>,
    /// Operations that the device freed as safe and this server does not hold: lost in a restore from a
    /// backup older than promised. For the audit log.
    pub lost: Option<RangeInclusive<u64>>,
    /// How many operations the device still holds unsent, if it said so.
    pub unsent: Option<u64>,
    /// What was erased, with the writes that came from before.
    pub erased: Erased,
}

impl Batch {
    /// Reads a request's operations. One that cannot be read is kept like the others.
    #[must_use]
    pub fn read(request: PushRequest) -> Self {
        let PushRequest { version: _, device, epoch: _, operations, oldest, unsent } = request;
        let incoming = operations.into_iter().map(|sealed| {
            let operation = codec::decode::<Operation>(&sealed.bytes).ok();
            let is_named = |operation: &Operation| {
                operation.dot.device == device && operation.dot.seq == sealed.seq
            };
            Incoming { seq: sealed.seq, operation: operation.filter(is_named), bytes: sealed.bytes }
        });
        Self { device, oldest, unsent, incoming: incoming.collect() }
    }

    /// The device that sends.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The range of the operations' places, `None` if there are none.
    #[must_use]
    pub fn seqs(&self) -> Option<RangeInclusive<u64>> {
        let seqs = || self.incoming.iter().map(|incoming| incoming.seq);
        Some(seqs().min()?..=seqs().max()?)
    }

    /// The records that the operations change.
    #[must_use]
    pub fn records(&self) -> BTreeSet<RecordId> {
        let operations = self.incoming.iter().filter_map(|incoming| incoming.operation.as_ref());
        gather(operations.map(|operation| operation.record))
    }

    /// Decides what becomes of each operation.
    #[must_use]
    pub fn decide(self, known: Known, sender: &Sender<'_>, directory: &impl Directory) -> Decided {
        let Known { mut acked, mut kept, mut records, mut erased, mut waiting, put_in } = known;
        let mut decisions = Vec::new();
        let mut changed = BTreeSet::new();
        let before = self.oldest.unwrap_or_default().saturating_sub(1).min(MAX_COUNTED);
        let lost = (before > acked).then(|| acked + 1..=before);
        acked = acked.max(before);
        let brought = self.incoming.len();
        let unit = |(id, record): (&RecordId, &Record)| (*id, record.unit().to_owned());
        let units: BTreeMap<RecordId, String> = gather(records.iter().map(unit));

        for Incoming { seq, mut bytes, mut operation } in self.incoming {
            if seq > acked + 1 {
                break; // a gap: the device sends again from `acked`
            }
            let hash = codec::hash(&bytes);
            let size = bytes.len();
            let beside = |reason| (quarantined(seq, reason), Some(reason), Place::Beside);
            let is_beside = seq == 0 || kept.get(&seq).is_some_and(|kept| kept.hash != hash);
            let cut = if is_beside { Erased::cut_beside } else { Erased::cut };
            empty(operation.as_mut(), &mut bytes, |operation| cut(&mut erased, operation));
            let (verdict, reason, place) = match kept.get(&seq) {
                Some(kept) if kept.hash == hash => (kept.verdict.clone(), None, Place::Held),
                Some(_) => beside(QuarantineReason::Fork),
                None if seq == 0 => beside(QuarantineReason::Unreadable),
                None => {
                    let readable = operation.as_ref().ok_or(QuarantineReason::Unreadable);
                    let outcome = readable.and_then(|operation| {
                        if let Some(outcome) = put_in.get(&(seq, hash)) {
                            return Ok(*outcome);
                        }
                        check(operation, size, &records, sender, directory)?;
                        changed.insert(operation.record);
                        Ok(apply(&mut records, operation, &erased, &waiting))
                    });
                    let (verdict, reason) = match outcome {
                        Ok(outcome) => {
                            (Verdict { seq, outcome, reason: None, set_aside: None }, None)
                        }
                        Err(reason) => (quarantined(seq, reason), Some(reason)),
                    };
                    acked = acked.max(seq);
                    if let Some(operation) = &operation {
                        erased.grow(operation);
                        if reason.is_some() {
                            let id = operation.record;
                            let waiting = waiting.entry(id).or_default();
                            waiting.push(operation.clone());
                            let passes = |record: &mut Record| record.pass_through(waiting);
                            changed.extend(records.get_mut(&id).is_some_and(passes).then_some(id));
                        }
                    }
                    kept.insert(seq, Kept { hash, verdict: verdict.clone() });
                    (verdict, reason, Place::Log)
                }
            };
            let is_fork = verdict.reason == Some(QuarantineReason::Fork);
            decisions.push(Decision { seq, hash, bytes, operation, verdict, reason, place });
            if is_fork {
                break; // what follows may speak of dots that name another operation here
            }
        }
        records.retain(|id, _| changed.contains(id));
        let left = records.iter().filter_map(|(id, record)| {
            Some((*id, record.left(units.get(id).map(String::as_str))?))
        });
        let left = gather(left);
        // What a gap or a copied profile stopped stays on the device.
        let unsent =
            self.unsent.map(|unsent| unsent.saturating_add((brought - decisions.len()) as u64));
        Decided {
            device: self.device,
            acked,
            decisions,
            changed: records,
            left,
            lost,
            unsent,
            erased,
        }
    }

    /// Decides what becomes of operations that must not take a place in the device's count: what the log does not hold is
    /// kept beside it, for the repair desk. So nobody can take the place of what the device itself will send.
    #[must_use]
    pub fn set_beside(self, known: &Known, reason: QuarantineReason) -> Decided {
        let mut erased = known.erased.clone();
        let decide = |Incoming { seq, mut bytes, mut operation }| {
            let hash = codec::hash(&bytes);
            empty(operation.as_mut(), &mut bytes, |operation| erased.cut_beside(operation));
            let (verdict, reason, place) = match known.kept.get(&seq) {
                Some(kept) if kept.hash == hash => (kept.verdict.clone(), None, Place::Held),
                _ => (quarantined(seq, reason), Some(reason), Place::Beside),
            };
            Decision { seq, hash, bytes, operation, verdict, reason, place }
        };
        let decisions = self.incoming.into_iter().map(decide).collect();
        Decided {
            device: self.device,
            acked: known.acked,
            decisions,
            changed: BTreeMap::new(),
            left: BTreeMap::new(),
            lost: None,
            unsent: None,
            erased,
        }
    }
}

/// Takes out of an operation what must not come back.
fn empty(
    operation: Option<&mut Operation>,
    bytes: &mut Vec<u8>,
    cut: impl FnOnce(&mut Operation) -> bool,
) {
    if let Some(operation) = operation
        && cut(operation)
    {
        *bytes = codec::encode(operation);
    }
}

fn quarantined(seq: u64, reason: QuarantineReason) -> Verdict {
    let reason = Some(reason.told());
    Verdict { seq, outcome: Outcome::Quarantined, reason, set_aside: None }
}

/// Whether an operation may be applied.
fn check(
    operation: &Operation,
    size: usize,
    records: &BTreeMap<RecordId, Record>,
    sender: &Sender<'_>,
    directory: &impl Directory,
) -> Result<(), QuarantineReason> {
    if size > MAX_OPERATION_BYTES {
        Err(QuarantineReason::TooLarge)
    } else if sender.revoked {
        Err(QuarantineReason::Revoked)
    } else if operation.author != sender.account {
        Err(QuarantineReason::OtherAuthor)
    } else {
        let record = records.get(&operation.record);
        repair::check_content(operation, record, sender.account, directory)?;
        // Whoever repairs may know that the two belong together.
        match record.is_some_and(|record| record.is_taken_over_by(operation)) {
            true => Err(QuarantineReason::NotAllowed),
            false => Ok(()),
        }
    }
}

fn apply(
    records: &mut BTreeMap<RecordId, Record>,
    operation: &Operation,
    erased: &Erased,
    waiting: &BTreeMap<RecordId, Vec<Operation>>,
) -> Outcome {
    let id = operation.record;
    let erasures = erased.of_unbegun(id);
    let waiting = waiting.get(&id).map_or(&[][..], Vec::as_slice);
    let (record, outcome) = repair::apply(records.remove(&id), operation, erasures, waiting);
    records.insert(id, record);
    outcome
}

impl Decided {
    /// What the device is told, once everything is on the disk.
    #[must_use]
    pub fn response(
        &self,
        epoch: u64,
        safe: u64,
        server_ms: i64,
        mut missing_blobs: Vec<Hash>,
    ) -> PushResponse {
        missing_blobs.truncate(MAX_MISSING_BLOBS);
        PushResponse {
            version: WIRE_VERSION,
            epoch,
            acked: self.acked,
            safe,
            verdicts: self.decisions.iter().map(|decision| decision.verdict.clone()).collect(),
            server_ms,
            missing_blobs,
        }
    }
}
