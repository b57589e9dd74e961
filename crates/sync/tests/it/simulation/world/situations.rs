//! What runs meet, and how often each of it was met.

use sync::device::Effect;

use super::World;

/// Situations that a campaign must have met to count.
pub const SITUATIONS: [&str; 55] = [
    "answer signed out",
    "backup taken",
    "bundle made",
    "bundle taken",
    "bundle taken again",
    "captive portal",
    "clock set back",
    "clock set on",
    "clock years off",
    "conflict",
    "erased field written again",
    "erasure done again",
    "erasure noted and not committed",
    "feed begun anew for what was missing",
    "file chunk sent",
    "form upgraded",
    "given back under a former id",
    "hidden answer held back",
    "late request of an earlier life",
    "merged",
    "operation from before an erasure emptied",
    "operation found to be from before an erasure",
    "operation freed",
    "operation quarantined",
    "operation repaired",
    "operation sealed",
    "operation set aside",
    "page committed",
    "person erased",
    "phone killed",
    "phone lost and its work gone on with",
    "phone told that a record left",
    "phone told what waits of another one",
    "profile copied",
    "profile renamed",
    "record begun twice",
    "record edited under its older form",
    "record left a unit",
    "record of another programme held back",
    "replaced what the server does not know where something was erased",
    "reply lost",
    "reply truncated",
    "request doubled",
    "request lost",
    "request reordered",
    "request truncated",
    "row lost on a phone",
    "scope changed",
    "server busy",
    "server busy and asks to wait",
    "server killed after commit",
    "server killed before commit",
    "server restored",
    "storage failed",
    "what is shown changed",
];

/// What a request asks for, and which of the faults below it can meet.
pub(super) const ASKED: [&str; 4] = ["push", "pull", "file asked for", "chunk"];
const ON_THE_WAY: [&str; 9] = [
    "answer signed out",
    "captive portal",
    "reply lost",
    "request doubled",
    "request lost",
    "request reordered",
    "server busy",
    "server killed after commit",
    "server killed before commit",
];
/// What a phone stores, and may fail to, or be killed right after.
const STORED: [&str; 8] = [
    "seal",
    "acknowledgement",
    "page",
    "list of files",
    "file sent",
    "new id",
    "taking over",
    "count",
];

/// Every fault in every state of the protocol: a campaign must have met each of them.
pub fn pairs() -> impl Iterator<Item = String> {
    let way = ON_THE_WAY.iter().flat_map(|fault| ASKED.map(|state| pair(fault, state)));
    let disk = ["storage failed", "phone killed"];
    let disk = disk.into_iter().flat_map(|fault| STORED.map(|state| pair(fault, state)));
    way.chain(disk).chain(["push", "pull"].map(|state| pair("reply truncated", state)))
}

pub fn pair(fault: &str, state: &str) -> String {
    format!("{fault}: {state}")
}

pub(super) fn stored(effect: &Effect) -> Option<&'static str> {
    let [seal, acknowledgement, page, files, sent, id, taking_over, count] = STORED;
    match effect {
        Effect::SealAndLoadOutbox { .. } => Some(seal),
        Effect::MarkAcked { .. } => Some(acknowledgement),
        Effect::CommitPull { .. } => Some(page),
        Effect::LoadBlobs => Some(files),
        Effect::MarkBlobSent { .. } => Some(sent),
        Effect::Rekey { .. } => Some(id),
        Effect::TakeOver => Some(taking_over),
        Effect::Count => Some(count),
        _ => None,
    }
}

impl World {
    /// Which of them are something that went wrong.
    pub fn is_fault(situation: &str) -> bool {
        const FAULTS: [&str; 20] = [
            "answer signed out",
            "captive portal",
            "clock set back",
            "clock set on",
            "clock years off",
            "late request of an earlier life",
            "phone killed",
            "profile copied",
            "reply lost",
            "reply truncated",
            "request doubled",
            "request lost",
            "request reordered",
            "request truncated",
            "row lost on a phone",
            "server busy",
            "server killed after commit",
            "server killed before commit",
            "server restored",
            "storage failed",
        ];
        FAULTS.contains(&situation)
    }

    pub fn count(&mut self, name: &'static str) {
        *self.counters.entry(name.to_owned()).or_default() += 1;
    }

    pub fn count_times(&mut self, name: &'static str, times: u64) {
        if times > 0 {
            *self.counters.entry(name.to_owned()).or_default() += times;
        }
    }

    /// Something that went wrong, and where.
    pub(super) fn count_at(&mut self, fault: &'static str, state: &'static str) {
        self.count(fault);
        *self.counters.entry(pair(fault, state)).or_default() += 1;
    }
}
