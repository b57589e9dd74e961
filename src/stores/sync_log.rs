//! The last talks with the server: what went up, what came down, or why nothing did.

use minicbor::{Decode, Encode};
use sync::codec;

use super::sync_status::Phase;
use crate::platform::storage::{Change, Read, Rows, Storage, StorageError, Store, schema::meta};

/// How many talks are kept.
const KEPT: usize = 50;

/// One talk with the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Talk {
    /// When it ended, phone clock, milliseconds since 1970.
    #[n(0)]
    pub ended_ms: i64,
    /// How it ended: [`Phase::Idle`] for well, else why it could not go on.
    #[n(1)]
    pub end: Phase,
    /// Records whose answers the server took.
    #[n(2)]
    pub records_up: u64,
    /// Files that the server has whole now.
    #[n(3)]
    pub files_up: u64,
    /// Bytes of answers and files that went up, as they were sent.
    #[n(4)]
    pub bytes_up: u64,
    /// Records that came.
    #[n(5)]
    pub records_down: u64,
    /// Bytes that came, unpacked.
    #[n(6)]
    pub bytes_down: u64,
}

impl Talk {
    /// Whether a person would miss it: something moved, or it failed.
    #[must_use]
    pub fn is_worth_a_line(&self) -> bool {
        self.moved() || self.end != Phase::Idle
    }

    fn moved(&self) -> bool {
        self.records_up + self.files_up + self.records_down > 0
    }
}

/// Notes a talk and gives back all that are kept, the newest first.
pub async fn add(storage: &Storage, talk: Talk) -> Result<Vec<Talk>, StorageError> {
    let decide = move |rows: Vec<Rows>| {
        let mut talks = read(rows.first().and_then(|rows| rows.first()).map(|(_, row)| row));
        put_first(&mut talks, talk.clone());
        let row = codec::encode(&talks);
        Ok((vec![Change::Put(Store::Meta, meta::SYNC_LOG.into(), row)], talks))
    };
    storage
        .update(vec![Read::Row(Store::Meta, meta::SYNC_LOG.into())], &[Store::Meta], decide)
        .await
}

/// The talks that are kept, the newest first.
pub async fn load(storage: &Storage) -> Result<Vec<Talk>, StorageError> {
    Ok(read(storage.row(Store::Meta, meta::SYNC_LOG).await?.as_ref()))
}

/// A log that cannot be read begins anew: no work is in it.
fn read(row: Option<&Vec<u8>>) -> Vec<Talk> {
    row.and_then(|row| codec::decode(row).ok()).unwrap_or_default()
}

/// A failure that goes on is one line with its last hour, not a line for each try.
fn put_first(talks: &mut Vec<Talk>, talk: Talk) {
    let goes_on =
        talks.first().is_some_and(|last| !last.moved() && !talk.moved() && last.end == talk.end);
    if goes_on {
        talks.remove(0);
    }
    talks.insert(0, talk);
    talks.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::stores::sync_status::Blocked;

    fn talk(ended_ms: i64, end: Phase, records_up: u64) -> Talk {
        Talk { ended_ms, end, records_up, ..Talk::default() }
    }

    /// Phones in the field hold them.
    #[test]
    fn a_talk_keeps_its_bytes_however_it_ended() {
        let blocked = [
            Blocked::SignedOut,
            Blocked::UpgradeNeeded,
            Blocked::Storage,
            Blocked::ServerError,
            Blocked::FileDamaged,
        ];
        let plain =
            [Phase::Idle, Phase::Sending, Phase::SendingFiles, Phase::Receiving, Phase::Offline];
        let plain = plain.into_iter().zip(0..).map(|(end, number)| (end, vec![0x82, number, 0x80]));
        let blocked = blocked.into_iter().zip(0..);
        let blocked =
            blocked.map(|(why, number)| (Phase::Blocked(why), vec![0x82, 5, 0x81, number]));
        let waits = (Phase::AskedToWait(3), vec![0x82, 6, 0x81, 3]);
        for (end, bytes) in plain.chain(blocked).chain([waits]) {
            let talk = Talk {
                ended_ms: 1,
                end,
                records_up: 2,
                files_up: 3,
                bytes_up: 300,
                records_down: 4,
                bytes_down: 5,
            };
            let bytes = [&[0x87, 1], &bytes[..], &[2, 3, 0x19, 0x01, 0x2c, 4, 5]].concat();
            assert_eq!(codec::encode(&talk), bytes, "{end:?}");
            assert_eq!(codec::decode(&bytes), Ok(talk));
        }
    }

    #[test]
    fn the_newest_talk_comes_first_and_a_failure_that_goes_on_is_one_line() {
        let storage = Storage::in_memory();
        let talks = [
            talk(1, Phase::Idle, 2),
            talk(2, Phase::Offline, 0),
            talk(3, Phase::Offline, 0),
            talk(4, Phase::Offline, 1),
            talk(5, Phase::Idle, 1),
        ];
        for talk in talks {
            block_on(add(&storage, talk)).expect("memory stores");
        }
        let kept = block_on(load(&storage)).expect("memory reads");
        assert_eq!(kept.iter().map(|talk| talk.ended_ms).collect::<Vec<_>>(), [5, 4, 3, 1]);
    }

    #[test]
    fn only_the_last_talks_are_kept() {
        let storage = Storage::in_memory();
        for ended_ms in 0..60 {
            block_on(add(&storage, talk(ended_ms, Phase::Idle, 1))).expect("memory stores");
        }
        let kept = block_on(load(&storage)).expect("memory reads");
        assert_eq!((kept.len(), kept[0].ended_ms, kept[KEPT - 1].ended_ms), (KEPT, 59, 10));
    }

    #[test]
    fn a_talk_in_which_nothing_moved_is_no_line_unless_it_failed() {
        assert!(!talk(1, Phase::Idle, 0).is_worth_a_line());
        assert!(talk(1, Phase::Idle, 1).is_worth_a_line());
        assert!(talk(1, Phase::Offline, 0).is_worth_a_line());
    }
}
