//! Bringing bundles to the server, piece by piece, and on from where the line broke.

use serde::Deserialize;
use sync::wire::Hash;

use leptos::prelude::*;

use super::{Carry, Kept, Receipt, kept::PIECE};
use crate::platform::{
    http::{HttpError, Method, Request, Response},
    json, locks, log_error,
    storage::{Storage, StorageError, Store, schema::Key},
    tasks,
};
use crate::stores::wipe::Brought;

/// The next try after one that failed, if nothing else happens before.
const RETRY_MS: u32 = 60_000;
/// Two tabs must not bring the same.
const LOCK: &str = "sotay.bring";

/// How far the server is with a bundle.
#[derive(Deserialize)]
struct Standing {
    held: Option<u64>,
    receipt: Option<Receipt>,
}

/// Why a bundle did not come to its end this time.
#[derive(Debug, thiserror::Error)]
enum BringError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server could not, this time: its status.
    #[error("status {0}")]
    Failed(u16),
    /// The answer makes no sense: something else answers in the server's place.
    #[error("not understood: {0}")]
    Garbled(String),
    /// It never will: its code.
    #[error("refused: {0}")]
    Refused(String),
}

impl Carry {
    /// Brings all that waits, one after the other.
    pub async fn bring_all(self) {
        let waits = |kept: &Kept| kept.is_waiting();
        if !self.kept.with_untracked(|kept| kept.iter().any(waits)) {
            return;
        }
        let _lock = locks::take(LOCK).await;
        if let Err(error) = self.reload().await {
            return log_error(&format!("kept bundles not read: {error}"));
        }
        self.bringing.try_set(true);
        let mut waiting: Vec<Kept> = self
            .kept
            .with_untracked(|kept| kept.iter().filter(|kept| waits(kept)).cloned().collect());
        in_order(&mut waiting);
        let mut failed = false;
        for kept in waiting {
            let told = match bring(&self.shelf.get_value(), kept.hash, kept.size).await {
                Ok(receipt) => {
                    let receipt = serde_json::to_string(&receipt).expect("counts are JSON");
                    self.note(kept.hash, Some(receipt), None).await
                }
                Err(BringError::Refused(code)) => {
                    failed |= code == "unknown_key";
                    self.note(kept.hash, None, Some(code)).await
                }
                Err(error) => {
                    log_error(&format!("bundle not brought, it is tried again: {error}"));
                    failed = true;
                    // Photos in the next ones may be those of answers in this one.
                    match error {
                        BringError::Storage(_) => continue,
                        _ => break,
                    }
                }
            };
            if let Err(error) = told {
                log_error(&format!("what became of a bundle was not noted: {error}"));
                failed = true;
            }
        }
        self.bringing.try_set(false);
        if failed {
            let timer = tasks::after(RETRY_MS, move || self.meet());
            self.retry.try_update_value(|retry| std::mem::replace(retry, timer).cancel());
        }
    }
}

/// Of several files of one making the first holds the answers, without which no server wants the photos of the others.
fn in_order(waiting: &mut [Kept]) {
    waiting.sort_by_key(|kept| kept.made_ms);
}

/// Brings a copy of somebody's work who is not in.
pub async fn deliver(shelf: &Storage, hash: Hash, size: u64) -> Brought {
    match bring(shelf, hash, size).await {
        Ok(receipt) => Brought::Taken(receipt.received_ms),
        // That a server lacks its key may change.
        Err(BringError::Refused(code)) if code != "unknown_key" => Brought::Refused(code),
        Err(error) => {
            log_error(&format!("copy not brought, it is tried again: {error}"));
            Brought::Failed
        }
    }
}

async fn bring(shelf: &Storage, hash: Hash, size: u64) -> Result<Receipt, BringError> {
    let path = format!("/api/v1/bundles/{hash}");
    let mut standing = ask(Request::get(&path)).await?;
    loop {
        if let Some(receipt) = standing.receipt {
            return Ok(receipt);
        }
        let held = standing.held.unwrap_or_default();
        let (at, piece) = (held, piece_from(shelf, hash, held, size).await?);
        let put = format!("{path}?size={size}&at={at}");
        let request = Request::new(Method::Put, put).body("application/octet-stream", piece);
        standing = match ask(request).await {
            // Another carrier brought some of it meanwhile, or an answer got lost.
            Err(BringError::Refused(code)) if code == "wrong_place" => {
                ask(Request::get(&path)).await?
            }
            told => told?,
        };
        if standing.receipt.is_none() && standing.held == Some(at) && at < size {
            return Err(BringError::Garbled("no step forward".to_owned()));
        }
    }
}

/// The bundle's bytes from there to the end of their piece.
async fn piece_from(
    shelf: &Storage,
    hash: Hash,
    from: u64,
    size: u64,
) -> Result<Vec<u8>, BringError> {
    if from >= size {
        return Ok(Vec::new()); // all of it is there, and could not be taken the last time
    }
    let place = u32::try_from(from / PIECE).unwrap_or(u32::MAX);
    let piece = shelf.row(Store::CarriedPieces, Key::Piece(hash.0.to_vec(), place)).await?;
    let mut piece =
        piece.ok_or_else(|| StorageError::Unreadable("a piece is missing".to_owned()))?;
    let before = usize::try_from(from % PIECE).unwrap_or_default().min(piece.len());
    piece.drain(..before);
    Ok(piece)
}

async fn ask(request: Request) -> Result<Standing, BringError> {
    understand(&request.send(&[]).await?)
}

fn understand(answer: &Response) -> Result<Standing, BringError> {
    if answer.is_ok() {
        return json::read(&answer.body).map_err(BringError::Garbled);
    }
    match answer.refusal() {
        Some(error) if error.code != "bundle_mismatch" => Err(BringError::Refused(error.code)),
        _ => Err(BringError::Failed(answer.status)),
    }
}

#[cfg(test)]
mod tests {
    use sync::bundle::Counts;

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn of_several_files_the_first_that_was_made_goes_first() {
        let kept = |made_ms, kept_ms| Kept {
            hash: Hash([0; 32]),
            size: 1,
            kept_ms,
            made_ms,
            counts: Counts::default(),
            receipt: None,
            refused: None,
        };
        // As the list has them: what was kept last is above.
        let mut waiting = [kept(2, 9), kept(1, 8)];
        in_order(&mut waiting);
        assert_eq!(waiting.map(|kept| kept.made_ms), [1, 2]);
    }

    #[test]
    fn only_the_servers_own_words_end_the_trying() {
        let coded = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        let refused = |status, body: &str| match understand(&answer(status, body)) {
            Err(BringError::Refused(code)) => Some(code),
            _ => None,
        };
        assert_eq!(refused(422, &coded("altered")).as_deref(), Some("altered"));
        assert_eq!(refused(403, "<html>pay for your room</html>"), None);
        for status in [401, 408, 429, 500, 503, 507] {
            assert_eq!(refused(status, &coded("signed_out")), None, "{status}");
        }
        assert_eq!(refused(422, &coded("bundle_mismatch")), None, "brought again from the start");
        let html = understand(&answer(200, "<html>sign in to the network</html>"));
        assert!(matches!(html, Err(BringError::Garbled(_))));
        let told = understand(&answer(200, r#"{"held":5,"receipt":null}"#)).expect("our server's");
        assert_eq!((told.held, told.receipt), (Some(5), None));
    }
}
