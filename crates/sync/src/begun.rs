//! When a record was begun: what the periods of lists and reports are of.

use crate::{
    view::RecordView,
    wire::{RecordId, RecordState},
};

/// The year 2200: no phone that this is written for lives so long.
const NO_CLOCK_MS: i64 = 7_258_118_400_000;

/// A year. No phone is out of reach for longer; a clock that says so is wrong.
const LONGEST_MS: i64 = 366 * 24 * 60 * 60 * 1000;

/// By the clock of the phone that made the id, where that can be right: not after the server first received the record, nor more than
/// a year before. Else when the server received it; of a record that it has not, when it changed last.
fn begun_ms(record: RecordId, received_ms: Option<i64>, changed_ms: i64) -> i64 {
    let told = told_ms(record);
    let Some(received_ms) = received_ms else { return told.unwrap_or(changed_ms) };
    let can_be = received_ms.saturating_sub(LONGEST_MS)..=received_ms;
    told.filter(|told| can_be.contains(told)).unwrap_or(received_ms)
}

/// What an id tells that is a UUID of version 7; nothing in ids of other programs.
fn told_ms(record: RecordId) -> Option<i64> {
    let [a, b, c, d, e, f, version, _, variant, ..] = record.0;
    let told_ms = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    // An id that is made of what another program sent may look like one by chance: of a day that no clock shows it is.
    (version >> 4 == 7 && variant >> 6 == 0b10 && told_ms < NO_CLOCK_MS).then_some(told_ms)
}

impl RecordState {
    /// When the record was begun, milliseconds since 1970.
    #[must_use]
    pub fn begun_ms(&self) -> i64 {
        // What no server has received yet was received at no time.
        let received_ms = Some(self.received_ms).filter(|ms| *ms != 0);
        begun_ms(self.record, received_ms, self.changed_ms)
    }
}

impl RecordView {
    /// When the record was begun, milliseconds since 1970.
    #[must_use]
    pub fn begun_ms(&self) -> i64 {
        begun_ms(self.record, self.received_ms, self.changed_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-02 03:00 UTC.
    const RECEIVED_MS: i64 = 1_782_961_200_000;
    const CHANGED_MS: i64 = RECEIVED_MS + 86_400_000;

    fn made(at_ms: i64) -> RecordId {
        let mut id = [0xff; 16];
        id[..6].copy_from_slice(&at_ms.to_be_bytes()[2..]);
        (id[6], id[8]) = (0x7f, 0xbf);
        RecordId(id)
    }

    #[test]
    fn a_record_was_begun_when_its_id_tells_unless_that_cannot_be() {
        let of_another_program = RecordId([0x44; 16]);
        let by_chance = made(NO_CLOCK_MS);
        let in_june = RECEIVED_MS - 20 * 86_400_000;
        let in_2019 = 1_546_300_800_000;
        for (record, received_ms, begun) in [
            (made(in_june), Some(RECEIVED_MS), in_june),
            (made(RECEIVED_MS - LONGEST_MS), Some(RECEIVED_MS), RECEIVED_MS - LONGEST_MS),
            (made(in_june), None, in_june),
            // A clock that was years off, or some minutes fast.
            (made(in_2019), Some(RECEIVED_MS), RECEIVED_MS),
            (made(RECEIVED_MS + 60_000), Some(RECEIVED_MS), RECEIVED_MS),
            (made(in_2019), Some(i64::MIN), i64::MIN),
            (of_another_program, Some(RECEIVED_MS), RECEIVED_MS),
            (of_another_program, None, CHANGED_MS),
            (by_chance, Some(RECEIVED_MS), RECEIVED_MS),
            (by_chance, None, CHANGED_MS),
        ] {
            assert_eq!(
                begun_ms(record, received_ms, CHANGED_MS),
                begun,
                "{record:?} {received_ms:?}"
            );
        }
    }
}
