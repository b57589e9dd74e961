//! The requests of sync, and what their answers mean to the machine.

use futures::{channel::oneshot, future::join};
use sync::{
    device::{BlobReply, Event, Reply, WaitingBlob},
    wire::PullResponse,
};

use super::Runner;
use crate::platform::{
    compression,
    http::{Abort, HttpError, Method, RETRY_AFTER, Request, Response, TIMEOUT_MS},
    log_error,
    storage::StorageError,
    tasks,
};

const CBOR: &str = "application/cbor";
const CONTENT_TYPE: &str = "Content-Type";
const LOST: &str = "session_lost";
const MISSING_CHUNKS: &str = "X-Missing-Chunks";

impl Runner {
    pub(super) async fn push(&self, ticket: u64, body: Vec<u8>) -> Event {
        // What a page says of this device's operations must not be older than what it hears now.
        self.forget_ahead();
        let request = Request::new(Method::Post, "/api/v1/push");
        let request = match compression::gzip(&body).await {
            Some(packed) => request.header("Content-Encoding", "gzip").body(CBOR, packed),
            None => request.body(CBOR, body),
        };
        let size = request.size();
        let (answer, ()) = join(request.send(&[CONTENT_TYPE]), self.load_next()).await;
        self.moved(&answer, size);
        Event::PushReply { ticket, reply: cbor_reply(answer) }
    }

    pub(super) async fn pull(&self, ticket: u64, asked: Asked, wait_s: u32) -> Event {
        let ahead = self.turn.ahead.take().filter(|ahead| ahead.asked == asked);
        let page = match ahead {
            Some(ahead) => {
                self.turn.pull.replace(ahead.abort);
                ahead.page.await.unwrap_or(Err(Reply::Unreachable))
            }
            None => {
                let abort = Abort::new();
                self.turn.pull.replace(abort.clone());
                self.page(&asked, wait_s, abort).await
            }
        };
        if let Ok(page) = &page
            && page.more
        {
            self.fetch_ahead(Asked { cursor: Some(page.cursor.clone()), ..asked });
        }
        Event::PullReply { ticket, page }
    }

    /// Asks for a page, and reads it, before its turn: while the one before is written to the disk.
    pub(super) fn fetch_ahead(&self, asked: Asked) {
        let abort = Abort::new();
        let (tell, page) = oneshot::channel();
        self.turn.ahead.replace(Some(Ahead { asked: asked.clone(), abort: abort.clone(), page }));
        let runner = self.clone();
        tasks::spawn(async move {
            // Nobody waits for it any more when the page was given up.
            drop(tell.send(runner.page(&asked, 0, abort).await));
        });
    }

    async fn page(
        &self,
        Asked { cursor, tally }: &Asked,
        wait_s: u32,
        abort: Option<Abort>,
    ) -> Result<Box<PullResponse>, Reply> {
        let cursor = cursor.as_ref().map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let tally = if *tally { "&tally=1" } else { "" };
        // The session may have begun under an id that the device had before.
        let device = self.records.device().device;
        let path = format!("/api/v1/pull?columns=2&device={device}&wait={wait_s}{tally}{cursor}");
        let request = Request::get(path).timeout_ms(TIMEOUT_MS + wait_s * 1_000).abort(abort);
        let answer = request.send(&[CONTENT_TYPE]).await;
        self.moved(&answer, 0);
        cbor_reply(answer).page()
    }

    /// Gives up the page that was asked for ahead.
    pub(super) fn forget_ahead(&self) {
        if let Some(Ahead { abort: Some(abort), .. }) = self.turn.ahead.take() {
            abort.abort();
        }
    }

    pub(super) async fn ask_blob(&self, ticket: u64, blob: WaitingBlob) -> Event {
        let path = format!("/api/v1/blobs/{}?size={}", blob.hash, blob.size);
        let answer = Request::new(Method::Head, path).send(&[MISSING_CHUNKS]).await;
        let missing = answer
            .as_ref()
            .ok()
            .filter(|answer| answer.is_ok())
            .and_then(|a| a.header(MISSING_CHUNKS));
        let reply = match missing {
            Some(missing) => BlobReply::Missing(missing.to_owned()),
            None => BlobReply::Failed(failure(answer)),
        };
        Event::BlobReply { ticket, reply }
    }

    pub(super) async fn send_chunk(
        &self,
        ticket: u64,
        blob: WaitingBlob,
        chunk: u64,
    ) -> Result<Event, StorageError> {
        let (bytes, media_type) = match self.records.piece(blob.hash, chunk).await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(Event::BlobReply { ticket, reply: BlobReply::Gone }),
            Err(error @ StorageError::Damaged(_)) => {
                log_error(&format!("{} does not go: {error}", blob.hash));
                return Ok(Event::BlobReply { ticket, reply: BlobReply::Damaged });
            }
            Err(error) => return Err(error),
        };
        let media_type = escape(&media_type);
        let path =
            format!("/api/v1/blobs/{}/{chunk}?size={}&type={media_type}", blob.hash, blob.size);
        let hash = sync::codec::hash(&bytes).to_string();
        let request = Request::new(Method::Put, path)
            .header("X-Chunk-Hash", hash)
            .body("application/octet-stream", bytes);
        let size = request.size();
        let answer = request.send(&[]).await;
        self.moved(&answer, size);
        let reply = match answer {
            Ok(answer) if answer.is_ok() => BlobReply::Taken,
            answer => BlobReply::Failed(failure(answer)),
        };
        Ok(Event::BlobReply { ticket, reply })
    }

    /// Counts the bytes of a request that was answered, and hears what is said to every request.
    fn moved(&self, answer: &Result<Response, HttpError>, up: usize) {
        if let Ok(answer) = answer {
            if answer.status == 401 && answer.error().is_some_and(|error| error.code == LOST) {
                self.sign_in.set_lost(self.open_forms);
            }
            let mut talk = self.talk.borrow_mut();
            talk.bytes_up += up as u64;
            talk.bytes_down += answer.body.len() as u64;
        }
    }
}

/// Which page of the feed is asked for.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub cursor: Option<String>,
    pub tally: bool,
}

/// A page of the feed that was asked for before its turn.
pub(super) struct Ahead {
    asked: Asked,
    abort: Option<Abort>,
    page: oneshot::Receiver<Result<Box<PullResponse>, Reply>>,
}

fn cbor_reply(answer: Result<Response, HttpError>) -> Reply {
    match answer {
        Ok(answer)
            if answer.is_ok()
                && answer.header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with(CBOR)) =>
        {
            Reply::Body(answer.body)
        }
        answer => failure(answer),
    }
}

/// What an answer means that is not the one asked for.
fn failure(answer: Result<Response, HttpError>) -> Reply {
    match answer {
        Err(HttpError::Unreachable(_) | HttpError::TimedOut) => Reply::Unreachable,
        Ok(answer) if answer.status == 401 => Reply::SignedOut,
        // A success that is not in our words is somebody else's: the sign-in page of a network.
        Ok(answer) if answer.status < 400 => Reply::NotOurServer,
        Ok(answer) => Reply::Refused {
            status: answer.status,
            retry_after_ms: answer
                .header(RETRY_AFTER)
                .and_then(|s| s.parse::<u64>().ok())
                .map(|s| s * 1_000),
        },
    }
}

/// A text as part of an address.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Response { status, headers, body: vec![1] }
    }

    #[test]
    fn answers_are_told_apart() {
        for (answer, expected) in [
            (Ok(answer(200, &[(CONTENT_TYPE, CBOR)])), Reply::Body(vec![1])),
            (Ok(answer(200, &[(CONTENT_TYPE, "text/html")])), Reply::NotOurServer),
            (Ok(answer(302, &[])), Reply::NotOurServer),
            (Ok(answer(401, &[])), Reply::SignedOut),
            (
                Ok(answer(503, &[(RETRY_AFTER, "7")])),
                Reply::Refused { status: 503, retry_after_ms: Some(7_000) },
            ),
            (
                Ok(answer(400, &[(CONTENT_TYPE, CBOR)])),
                Reply::Refused { status: 400, retry_after_ms: None },
            ),
            (Err(HttpError::TimedOut), Reply::Unreachable),
        ] {
            assert_eq!(cbor_reply(answer), expected);
        }
    }

    #[test]
    fn a_media_type_fits_into_an_address() {
        assert_eq!(escape("image/svg+xml"), "image%2Fsvg%2Bxml");
    }
}
