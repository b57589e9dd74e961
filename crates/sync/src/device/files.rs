//! Files go up, the smallest first, behind all answers.

use super::{BlobReply, Blocked, Device, Effect, Failure, Reply, Step, WaitingBlob};
use crate::blob::Chunks;

/// A larger file waits for a line that is not paid for by the byte, where a person wants that.
const LARGE_FILE_BYTES: u64 = 1024 * 1024;

impl Device {
    pub(super) fn list_blobs(&mut self) -> Vec<Effect> {
        self.step = Step::ListingBlobs;
        vec![Effect::LoadBlobs]
    }

    pub(super) fn blobs_waiting(
        &mut self,
        mut blobs: Vec<WaitingBlob>,
        random: u64,
    ) -> Vec<Effect> {
        if !matches!(self.step, Step::ListingBlobs) {
            return Vec::new();
        }
        let listed = blobs.len();
        let waits = self.large_wait && !self.large_once;
        blobs.retain(|blob| !waits || blob.size <= LARGE_FILE_BYTES);
        self.held_blobs = (listed - blobs.len()) as u64;
        blobs.sort_by_key(|blob| (blob.size, blob.hash));
        self.blobs = blobs.into();
        (self.file_refused, self.file_damaged) = (false, false);
        self.next_blob(random)
    }

    pub(super) fn next_blob(&mut self, random: u64) -> Vec<Effect> {
        if self.again {
            return self.load();
        }
        match self.blobs.pop_front() {
            Some(blob) => self.ask_blob(blob, false),
            None => self.finish(random),
        }
    }

    fn ask_blob(&mut self, blob: WaitingBlob, sent: bool) -> Vec<Effect> {
        let ticket = self.ticket();
        self.step = Step::AskingBlob { ticket, blob, sent };
        vec![Effect::AskBlob { ticket, blob }]
    }

    pub(super) fn blob_reply(&mut self, ticket: u64, reply: BlobReply, random: u64) -> Vec<Effect> {
        match (self.step.clone(), reply) {
            (Step::AskingBlob { ticket: ours, blob, sent }, reply) if ours == ticket => match reply
            {
                BlobReply::Missing(text) => match Chunks::parse(&text, blob.size) {
                    Err(_no_list) => self.fail(Blocked::Garbled, None, random),
                    Ok(missing) if missing.is_empty() => {
                        self.step = Step::MarkingBlob;
                        vec![Effect::MarkBlobSent { hash: blob.hash }]
                    }
                    Ok(_) if sent => self.refuse_file(random), // it took every chunk, and has not got them
                    Ok(missing) => self.send_chunk(blob, missing),
                },
                reply => self.blob_failed(reply, random),
            },
            (Step::SendingChunk { ticket: ours, blob, left }, reply) if ours == ticket => {
                match reply {
                    BlobReply::Taken if self.again => self.load(),
                    BlobReply::Taken => self.send_chunk(blob, left),
                    reply => self.blob_failed(reply, random),
                }
            }
            _ => Vec::new(),
        }
    }

    fn send_chunk(&mut self, blob: WaitingBlob, mut left: Chunks) -> Vec<Effect> {
        let Some(chunk) = left.take_first() else { return self.ask_blob(blob, true) };
        let ticket = self.ticket();
        self.step = Step::SendingChunk { ticket, blob, left };
        vec![Effect::SendChunk { ticket, blob, chunk }]
    }

    fn blob_failed(&mut self, reply: BlobReply, random: u64) -> Vec<Effect> {
        match reply {
            BlobReply::Gone => self.next_blob(random),
            // It does not go, and is told: the others do.
            BlobReply::Damaged => {
                self.file_damaged = true;
                self.next_blob(random)
            }
            BlobReply::Missing(_) | BlobReply::Taken => self.fail(Blocked::Garbled, None, random),
            // This file is at fault, the others are not.
            BlobReply::Failed(Reply::Refused { status, .. })
                if (400..500).contains(&status) && !matches!(status, 408 | 429) =>
            {
                self.refuse_file(random)
            }
            BlobReply::Failed(reply) => {
                let failure = Failure::of(&reply);
                self.fail(failure.blocked, failure.retry_after_ms, random)
            }
        }
    }

    fn refuse_file(&mut self, random: u64) -> Vec<Effect> {
        self.file_refused = true;
        self.next_blob(random)
    }
}
