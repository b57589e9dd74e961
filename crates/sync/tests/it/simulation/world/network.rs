//! Requests and replies on their way, and everything that can happen to them there.

use sync::{
    blob::Chunks,
    codec,
    device::{BlobReply, Event, Reply, WaitingBlob},
    wire::{DeviceId, Outcome, PushRequest, PushResponse, Verdict, WIRE_VERSION},
};

use super::{World, situations::ASKED};
use crate::simulation::{Bug, server::Database};

#[derive(Clone)]
pub enum Asked {
    Push { body: Vec<u8>, last: u64 },
    Pull { cursor: Option<String>, tally: bool },
    Blob { blob: WaitingBlob },
    Chunk { blob: WaitingBlob, chunk: u64 },
}

#[derive(Clone)]
pub struct Request {
    pub(super) phone: usize,
    pub(super) life: u64,
    pub(super) device: DeviceId,
    pub(super) ticket: u64,
    pub asked: Asked,
}

pub enum Message {
    Request(Request),
    Reply { phone: usize, life: u64, event: Event },
}

enum Served {
    Reply(Reply),
    Blob(BlobReply),
}

impl Request {
    fn state(&self) -> &'static str {
        let [push, pull, blob, chunk] = ASKED;
        match self.asked {
            Asked::Push { .. } => push,
            Asked::Pull { .. } => pull,
            Asked::Blob { .. } => blob,
            Asked::Chunk { .. } => chunk,
        }
    }
}

impl World {
    /// One message arrives, or does not.
    pub(super) fn deliver(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let at = if self.calm { 0 } else { self.random.below(self.messages.len()) };
        let message = self.messages.remove(at);
        if at > 0
            && let Message::Request(request) = &message
        {
            self.count_at("request reordered", request.state());
        }
        match message {
            Message::Reply { phone, life, event } => {
                let random = self.random.next();
                if self.phones[phone].life == life {
                    self.phones[phone].handle(event, random);
                }
            }
            Message::Request(request) => self.deliver_request(request),
        }
    }

    fn deliver_request(&mut self, mut request: Request) {
        if request.life != self.phones[request.phone].life {
            self.count("late request of an earlier life");
        }
        let fault = if self.calm { 99 } else { self.random.below(36) };
        match fault {
            0 | 1 => {
                self.count_at("request lost", request.state());
                return self.reply(&request, Reply::Unreachable);
            }
            2 | 3 => {
                self.count_at("request doubled", request.state());
                self.messages.push(Message::Request(request.clone()));
            }
            4 => {
                self.count_at("captive portal", request.state());
                return self.reply(&request, Reply::NotOurServer);
            }
            5 => {
                self.count_at("answer signed out", request.state());
                if self.bug == Some(Bug::SignedOutWipes) {
                    let disk = &mut self.phones[request.phone].disk;
                    let acked = disk.state.acked;
                    disk.outbox.retain(|seq, _| *seq <= acked);
                    disk.open.clear();
                }
                return self.reply(&request, Reply::SignedOut);
            }
            6 => {
                self.count_at("server busy", request.state());
                let retry_after_ms = self.asks_to_wait.then_some(5_000);
                if self.asks_to_wait {
                    self.count("server busy and asks to wait");
                }
                let busy = Reply::Refused { status: 503, retry_after_ms };
                return self.reply(&request, busy);
            }
            7 | 8 => {
                if let Asked::Push { body, .. } = &mut request.asked {
                    body.truncate(self.random.below(body.len()));
                    self.count("request truncated");
                }
            }
            _ => {}
        }
        if fault == 9 {
            self.count_at("server killed before commit", request.state());
            if let Some(bug @ (Bug::WatermarkAlone | Bug::TornTailTrusted)) = self.bug
                && let Asked::Push { body, .. } = &request.asked
            {
                let account = self.phones[request.phone].account.clone();
                let pushed = self.server.push(&account, body);
                match pushed.map(|(database, _)| database) {
                    Some(database) if bug == Bug::TornTailTrusted => {
                        self.server.database.take_half(database);
                    }
                    Some(database) => self.server.database.acked = database.acked,
                    None => {}
                }
            }
            self.open();
            return self.reply(&request, Reply::Unreachable);
        }
        let answer = self.serve(&request);
        match (fault, answer) {
            (10, _) => {
                self.count_at("server killed after commit", request.state());
                self.open();
                self.reply(&request, Reply::Unreachable);
            }
            (11 | 12, _) => {
                self.count_at("reply lost", request.state());
                self.reply(&request, Reply::Unreachable);
            }
            (13 | 14, Served::Reply(Reply::Body(mut body))) => {
                self.count_at("reply truncated", request.state());
                body.truncate(self.random.below(body.len()));
                self.reply(&request, Reply::Body(body));
            }
            (_, Served::Reply(reply)) => self.reply(&request, reply),
            (_, Served::Blob(reply)) => {
                let Request { phone, life, ticket, .. } = request;
                let event = Event::BlobReply { ticket, reply };
                self.messages.push(Message::Reply { phone, life, event });
            }
        }
    }

    fn reply(&mut self, request: &Request, mut reply: Reply) {
        let Request { phone, life, ticket, .. } = *request;
        let event = match &request.asked {
            Asked::Push { last, body } => {
                let is_success = matches!(reply, Reply::Body(_) | Reply::NotOurServer);
                let is_refusal = matches!(reply, Reply::Refused { .. });
                match self.bug {
                    Some(Bug::StatusTrusted) if is_success => {
                        reply = Reply::Body(self.presumed(*last));
                    }
                    Some(Bug::RefusalForgotten) if is_refusal => {
                        reply = Reply::Body(self.presumed(*last));
                    }
                    Some(Bug::ErrorsNotRetried) if is_refusal => {
                        let sent: Option<PushRequest> = codec::decode(body).ok();
                        let seqs = sent.into_iter().flat_map(|sent| sent.operations);
                        self.phones[phone].errors.extend(seqs.map(|sealed| sealed.seq));
                    }
                    _ => {}
                }
                Event::PushReply { ticket, reply }
            }
            Asked::Pull { .. } => Event::PullReply { ticket, page: reply.page() },
            Asked::Blob { .. } | Asked::Chunk { .. } => {
                Event::BlobReply { ticket, reply: BlobReply::Failed(reply) }
            }
        };
        self.messages.push(Message::Reply { phone, life, event });
    }

    /// What a phone that trusts status codes makes of any success.
    fn presumed(&self, last: u64) -> Vec<u8> {
        let verdict =
            |seq| Verdict { seq, outcome: Outcome::Applied, reason: None, set_aside: None };
        codec::encode(&PushResponse {
            version: WIRE_VERSION,
            epoch: self.server.epoch,
            acked: last,
            safe: 0,
            verdicts: (1..=last).map(verdict).collect(),
            server_ms: 0,
            missing_blobs: Vec::new(),
        })
    }

    fn serve(&mut self, request: &Request) -> Served {
        let account = self.phones[request.phone].account.clone();
        match &request.asked {
            Asked::Push { body, .. } => match self.server.push(&account, body) {
                Some((database, response)) => {
                    self.commit(database, &response);
                    Served::Reply(Reply::Body(codec::encode(&response)))
                }
                None => Served::Reply(Reply::Refused { status: 400, retry_after_ms: None }),
            },
            Asked::Pull { cursor, tally } => {
                let device = match self.bug {
                    Some(Bug::AnsweredForTheSession) => self.phones[request.phone].session,
                    _ => request.device,
                };
                let page = self.server.pull(&account, device, cursor.as_deref(), *tally);
                self.check_page(&account, &page.records);
                // Some phones have an app that knows nothing of columns, some one that knows nothing of words.
                let page = match request.phone % 3 {
                    0 => page.in_columns().by_words(),
                    1 => page,
                    _ => page.in_columns(),
                };
                Served::Reply(Reply::Body(codec::encode(&page)))
            }
            Asked::Blob { blob } => {
                if self.server.database.erased_files.contains(&blob.hash) {
                    return Served::Blob(BlobReply::Missing(Chunks::default().to_string()));
                }
                let held = self.server.database.chunks.get(&blob.hash).cloned().unwrap_or_default();
                Served::Blob(BlobReply::Missing(Chunks::missing(blob.size, held).to_string()))
            }
            Asked::Chunk { blob, chunk } => {
                self.count("file chunk sent");
                if self.server.database.erased_files.contains(&blob.hash) {
                    return Served::Blob(BlobReply::Taken);
                }
                self.server.database.chunks.entry(blob.hash).or_default().insert(*chunk);
                Served::Blob(BlobReply::Taken)
            }
        }
    }

    pub(super) fn commit(&mut self, database: Database, response: &PushResponse) {
        if database.left.len() > self.server.database.left.len() {
            self.count("record left a unit");
        }
        let before = &self.server.database;
        let emptied = database.emptied - before.emptied;
        let unsure = database.unsure - before.unsure;
        let later = database.emptied_later - before.emptied_later;
        self.count_times("operation from before an erasure emptied", emptied);
        self.count_times("operation found to be from before an erasure", later);
        self.count_times(
            "replaced what the server does not know where something was erased",
            unsure,
        );
        self.server.commit(database);
        for verdict in &response.verdicts {
            match verdict.outcome {
                Outcome::Applied => {}
                Outcome::Merged => self.count("merged"),
                Outcome::Conflict => self.count("conflict"),
                Outcome::Quarantined => self.count("operation quarantined"),
            }
        }
    }
}
