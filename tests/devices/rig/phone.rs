//! A phone: the product's own state machine, a disk that survives a kill, and HTTP to a real server.

use std::collections::{BTreeMap, VecDeque};

use axum::http::{Method, header};
use serde_json::json;
use sync::{
    bundle::PublicKey,
    codec,
    device::{BlobReply, Device, Effect, Event, Reply, SyncStatus, WaitingBlob},
    draft::{OpenPatch, Screen},
    view::{RecordView, view},
    wire::{Action, DeviceId, FileRef, Hash, RecordId, RecordState, Value},
};

use super::{
    disk::{Disk, StoredFile},
    http::{Answer, Http},
    random::Random,
    sealing::{Pair, Sealing, digits},
    server::{Address, PASSWORD, Work},
};

/// One browser profile in somebody's hand.
#[derive(Debug)]
pub struct Phone {
    pub account: String,
    pub disk: Disk,
    pub http: Http,
    machine: Device,
    effects: VecDeque<Effect>,
    random: Random,
    /// Its clock, which may be badly wrong.
    pub wall_ms: i64,
    /// What the forms that are open show.
    screens: BTreeMap<RecordId, Screen>,
    pub status: Option<SyncStatus>,
    /// How often the person was asked to sign in.
    pub sign_ins_asked: u32,
    /// Whether the machine asked to be woken up.
    pub wants_tick: bool,
    /// Answers that are lost on the way back, from now on.
    pub replies_to_lose: u32,
    /// The most operations in one request.
    pub batch: usize,
}

impl Phone {
    /// A new phone; its account signs in.
    pub async fn enrol(server: &Address, account: &str, name: &str) -> Self {
        let mut phone = Self::new(server, account, name);
        phone.sign_in().await;
        phone
    }

    /// A new phone that nobody has signed in on.
    pub fn new(server: &Address, account: &str, name: &str) -> Self {
        let mut random = Random::named(name);
        let disk = Disk::new(random.device());
        Self {
            account: account.to_owned(),
            machine: Device::new(disk.state()),
            disk,
            http: Http::new(server.socket, account),
            effects: VecDeque::new(),
            random,
            wall_ms: 1_000,
            screens: BTreeMap::new(),
            status: None,
            sign_ins_asked: 0,
            wants_tick: false,
            replies_to_lose: 0,
            batch: usize::MAX,
        }
    }

    pub fn device(&self) -> DeviceId {
        self.disk.state().device
    }

    pub async fn try_sign_in(&self) -> Option<Answer> {
        let body = json!({
            "name": self.account,
            "password": PASSWORD,
            "device": self.device().to_string(),
            "device_name": "Điện thoại thử",
        });
        self.http.post_json("/api/v1/session", &body).await
    }

    pub async fn sign_in(&mut self) {
        self.http.speak_as(&self.account);
        let answer = self.try_sign_in().await.expect("the server answers");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// The app is killed: what is not on the disk is gone. Then it is opened again.
    pub fn kill(&mut self) {
        self.machine = Device::new(self.disk.state());
        self.effects.clear();
        self.screens.clear();
        self.status = None;
        self.wants_tick = false;
    }

    /// A bundle of all that is in no backup, as the app makes it: nothing leaves the disk.
    pub async fn bundle(&mut self) -> Vec<u8> {
        let signer = Pair::of(self.account.len() as u8);
        let path = "/api/v1/session/key";
        let body = json!({ "key": digits(&signer.public().0) }).to_string().into_bytes();
        let headers = [(header::CONTENT_TYPE.as_str(), "application/json")];
        let answer = self.http.send(Method::PUT, path, &headers, body).await;
        let answer = answer.expect("the server answers").json();
        let key = answer["key"].as_str().expect("a key").as_bytes();
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(pair, 16).expect("hexadecimal")
        };
        let key: Vec<u8> = key.chunks(2).map(byte).collect();
        let organisation = PublicKey(key.try_into().expect("a point"));
        let items = self.disk.items(&self.account, self.wall_ms);
        Sealing::new(self.device(), &signer, organisation).pack(&items)
    }

    /// Brings a bundle; what the server says of it.
    pub async fn deliver(&self, bundle: &[u8]) -> Answer {
        let headers = [(header::CONTENT_TYPE.as_str(), "application/octet-stream")];
        let answer = self.http.send(Method::POST, "/api/v1/bundles", &headers, bundle.to_vec());
        answer.await.expect("the server answers")
    }

    /// A new phone of the same person that goes on from a rescue file of this one. Nobody has signed in on it.
    pub fn rescued(&self, name: &str) -> Self {
        let mut phone = Self::new(&Address { socket: self.http.server }, &self.account, name);
        phone.disk = self.disk.rescued(phone.device());
        phone.kill();
        phone.happen(Event::Rescued);
        phone
    }

    /// Another browser profile with a copy of this one's disk and cookie.
    pub fn copy(&self, name: &str) -> Self {
        let mut copy = Self::new(&Address { socket: self.http.server }, &self.account, name);
        copy.disk = self.disk.clone();
        copy.http.set_cookie(self.http.cookie().as_deref());
        copy.kill();
        copy
    }

    // What a person does.

    /// Opens a new record of that form.
    pub fn begin(&mut self, work: &Work) -> RecordId {
        let record = self.random.record();
        let screen = Screen::default();
        let patch = OpenPatch::new(
            record,
            work.form.clone(),
            work.unit.clone(),
            self.account.clone(),
            &screen,
        );
        self.disk.put_open(&patch);
        self.screens.insert(record, screen);
        record
    }

    /// Opens a record that the phone holds.
    pub fn open(&mut self, record: RecordId) {
        let view = self.view(record).expect("the phone holds the record");
        self.screens.insert(record, view.screen());
    }

    /// Closes the form; what was typed stays.
    pub fn close(&mut self, record: RecordId) {
        self.screens.remove(&record);
    }

    /// Gives an answer in an open form.
    pub fn put(&mut self, record: RecordId, path: &str, value: Value) {
        let screen = self.screens.get(&record).expect("the form is open");
        let mut patch = self.disk.open(record).unwrap_or_else(|| {
            let view = self.view(record).expect("the phone holds the record");
            OpenPatch::new(record, view.form, view.unit, self.account.clone(), screen)
        });
        patch.put(path, value, screen);
        self.disk.put_open(&patch);
    }

    /// Types an answer in an open form.
    pub fn answer(&mut self, record: RecordId, path: &str, text: &str) {
        self.put(record, path, Value::Text(text.to_owned()));
    }

    /// Takes a photo in an open form.
    pub fn photograph(&mut self, record: RecordId, path: &str, bytes: Vec<u8>) -> Hash {
        let hash = codec::hash(&bytes);
        let file = FileRef {
            name: format!("{hash}.jpg"),
            media_type: "image/jpeg".to_owned(),
            size: bytes.len() as u64,
            hash,
        };
        self.disk.files.insert(hash, StoredFile { bytes, sent: false, sent_after: 0 });
        self.put(record, path, Value::File(file));
        hash
    }

    /// Presses a button that ends the form: submit, resolve, delete.
    pub fn press(&mut self, record: RecordId, action: Action) {
        if self.disk.open(record).is_none() {
            let view = self.view(record).expect("the phone holds the record");
            let screen = self.screens.get(&record).expect("the form is open");
            let account = self.account.clone();
            self.disk.put_open(&OpenPatch::new(record, view.form, view.unit, account, screen));
        }
        self.disk.seal(record, Some(action), self.wall_ms);
        self.close(record);
    }

    /// Fills a whole record and submits it.
    pub fn fill(&mut self, work: &Work, answers: &[(&str, &str)]) -> RecordId {
        let record = self.begin(work);
        for (path, text) in answers {
            self.answer(record, path, text);
        }
        self.press(record, Action::Submit);
        record
    }

    /// The record as this phone shows it.
    pub fn view(&self, record: RecordId) -> Option<RecordView> {
        let base = self.disk.base(record);
        let open = self.disk.open(record);
        view(&self.disk.state(), base.as_ref(), &self.disk.held(record), open.as_ref())
    }

    /// One answer as this phone shows it.
    pub fn shown(&self, record: RecordId, path: &str) -> Option<String> {
        match self.view(record)?.fields.get(path)? {
            Value::Text(text) => Some(text.clone()),
            Value::File(file) => Some(file.hash.to_string()),
            Value::Empty => None,
        }
    }

    /// How many operations the server's history of a record holds.
    pub async fn operations(&self, record: RecordId) -> usize {
        let path = format!("/api/v1/records/{record}/history");
        let answer = self.http.get(&path).await.expect("the server answers");
        assert_eq!(answer.status, 200, "{record}");
        answer.json().as_array().expect("a list").len()
    }

    /// The phone comes to hold a record by another way than the feed.
    pub fn know(&mut self, state: RecordState) {
        self.disk.know(state);
    }

    // What the app does.

    /// Something happens; nothing is carried out yet.
    pub fn happen(&mut self, event: Event) {
        self.wall_ms += 1;
        let effects = self.machine.handle(event, self.wall_ms, self.random.next());
        self.effects.extend(effects);
    }

    /// A whole sync, to its end or to where it fails.
    pub async fn sync(&mut self) -> SyncStatus {
        self.happen(Event::Asked);
        while self.step().await {}
        self.status.expect("a sync reports")
    }

    /// What the machine asks for next.
    pub fn next_effect(&self) -> Option<&Effect> {
        self.effects.front()
    }

    /// Carries out one effect. `false`: there is none.
    pub async fn step(&mut self) -> bool {
        let Some(effect) = self.effects.pop_front() else { return false };
        if let Some(event) = self.carry_out(effect).await {
            self.happen(event);
        }
        true
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::SealAndLoadOutbox { after, max_operations, max_bytes } => {
                let most = max_operations.min(self.batch);
                let before = self.disk.sealed();
                let loaded = self.disk.seal_and_load(after, most, max_bytes, self.wall_ms);
                for (_, sealed) in self.disk.outbox.range(before + 1..) {
                    if let Some(screen) = self.screens.get_mut(&sealed.record) {
                        screen.sealed(&sealed.operation());
                    }
                }
                Some(Event::Loaded(loaded))
            }
            Effect::Push { ticket, body } => {
                let answer = self.http.post_cbor("/api/v1/push", &body).await;
                Some(Event::PushReply { ticket, reply: self.reply(answer) })
            }
            Effect::Pull { ticket, cursor, wait_s, tally } => {
                let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
                let (device, tally) = (self.device(), u8::from(tally));
                let path =
                    format!("/api/v1/pull?device={device}&wait={wait_s}&tally={tally}{cursor}");
                let answer = self.http.get(&path).await;
                Some(Event::PullReply { ticket, page: self.reply(answer).page() })
            }
            Effect::MarkAcked { state, verdicts, missing_blobs, restored } => {
                self.disk.mark_acked(&state, verdicts, &missing_blobs, restored);
                Some(Event::Stored(self.disk.waiting()))
            }
            Effect::CommitPull { state, page } => {
                self.disk.commit_pull(&state, page);
                Some(Event::Stored(self.disk.waiting()))
            }
            Effect::Count => Some(Event::Counted(self.disk.tally())),
            Effect::ForgetSafe { upto } => {
                self.disk.forget_safe(upto);
                None
            }
            Effect::LoadBlobs => Some(Event::BlobsWaiting(self.disk.unsent_files())),
            Effect::AskBlob { ticket, blob } => {
                Some(Event::BlobReply { ticket, reply: self.ask_blob(blob).await })
            }
            Effect::SendChunk { ticket, blob, chunk } => {
                Some(Event::BlobReply { ticket, reply: self.send_chunk(blob, chunk).await })
            }
            Effect::MarkBlobSent { hash } => {
                self.disk.mark_file_sent(hash);
                Some(Event::Stored(self.disk.waiting()))
            }
            Effect::Rekey { above } => {
                let fresh = self.random.device();
                Some(Event::Rekeyed(self.disk.rekey(above, fresh)))
            }
            Effect::TakeOver => Some(Event::TookOver(self.disk.take_over())),
            Effect::ScheduleRetry { .. } => {
                self.wants_tick = true;
                None
            }
            Effect::AskSignIn => {
                self.sign_ins_asked += 1;
                None
            }
            Effect::ReportStatus(status) => {
                self.status = Some(status);
                None
            }
            Effect::AbortPull => None,
        }
    }

    async fn ask_blob(&mut self, blob: WaitingBlob) -> BlobReply {
        let path = format!("/api/v1/blobs/{}?size={}", blob.hash, blob.size);
        let answer = self.http.send(Method::HEAD, &path, &[], Vec::new()).await;
        let missing = answer.as_ref().filter(|answer| answer.status == 200);
        match missing.and_then(|answer| answer.header("x-missing-chunks")) {
            Some(missing) => BlobReply::Missing(missing.to_owned()),
            None => BlobReply::Failed(self.reply(answer)),
        }
    }

    async fn send_chunk(&mut self, blob: WaitingBlob, chunk: u64) -> BlobReply {
        let Some(bytes) = self.disk.chunk(blob.hash, chunk) else { return BlobReply::Gone };
        let answer = put_chunk(&self.http, blob, chunk, bytes).await;
        match answer {
            Some(answer) if answer.status < 300 => BlobReply::Taken,
            answer => BlobReply::Failed(self.reply(answer)),
        }
    }

    /// What an answer means to the machine, as the app's own sync tells them apart.
    fn reply(&mut self, answer: Option<Answer>) -> Reply {
        if self.replies_to_lose > 0 {
            self.replies_to_lose -= 1;
            return Reply::Unreachable;
        }
        let Some(answer) = answer else { return Reply::Unreachable };
        let is_cbor = answer.header(header::CONTENT_TYPE.as_str()) == Some("application/cbor");
        let retry_after = answer.header(header::RETRY_AFTER.as_str());
        match answer.status {
            200 if is_cbor => Reply::Body(answer.body),
            401 => Reply::SignedOut,
            status if status < 400 => Reply::NotOurServer,
            status => Reply::Refused {
                status,
                retry_after_ms: retry_after.and_then(|s| s.parse::<u64>().ok()).map(|s| s * 1_000),
            },
        }
    }
}

/// Brings one chunk of a file.
pub async fn put_chunk(
    http: &Http,
    blob: WaitingBlob,
    chunk: u64,
    bytes: Vec<u8>,
) -> Option<Answer> {
    let path = format!("/api/v1/blobs/{}/{chunk}?size={}&type=image%2Fjpeg", blob.hash, blob.size);
    let hash = codec::hash(&bytes).to_string();
    let headers = [("X-Chunk-Hash", hash.as_str()), ("Content-Type", "application/octet-stream")];
    http.send(Method::PUT, &path, &headers, bytes).await
}
