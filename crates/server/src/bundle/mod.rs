//! Bundles: the work of a phone that came as a file, whoever carried it.
//!
//! A bundle that a device's known key signed counts as that device's own push, by the account that the key belongs to: the
//! same door, the same count, the same verdicts. What an unknown key signed is kept beside the log, for the repair desk.
//! Taking a bundle twice changes nothing, nor does taking it before, after or amid what the phone itself sends.

mod cipher;
pub(crate) mod incoming;
pub mod keys;
mod open;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sync::bundle::{BundleError, Contents, FileHead, Header, Item, OfDevice};
use sync::push::{Batch, MAX_OPERATIONS, MAX_REQUEST_BYTES, Sender};
use sync::receipt;
use sync::wire::{
    DeviceId, Hash, PushRequest, PushResponse, QuarantineReason, SealedOperation, Verdict,
    WIRE_VERSION,
};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use self::keys::KeyFolder;
use self::open::{Proved, ReadError};
use crate::api::blobs;
use crate::blob_store::blocking;
use crate::config::MAX_BLOB;
use crate::database::{DatabaseError, NewBlob, Pushed};
use crate::error::ApiError;
use crate::{App, accounts, clock, erasure_list};

/// What became of a bundle: for whoever brought it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Receipt {
    /// The device that made it.
    pub device: String,
    /// What that device calls itself.
    pub device_name: String,
    /// Whose work it is, as the server knows the device's key; for an unknown key, as the bundle says.
    pub account: String,
    /// When it was made, by the device's clock.
    pub made_ms: i64,
    /// When it was received.
    pub received_ms: i64,
    /// Whether the server knows the key that signed it. If not, all of it waits at the repair desk.
    pub proven: bool,
    /// Operations in it.
    pub operations: u64,
    /// Those of them that the server did not have.
    pub new_operations: u64,
    /// Those of them that wait at the repair desk.
    pub quarantined: u64,
    /// All of the device's operations up to this one are on the server's disk.
    pub acked: u64,
    /// And up to this one in a backup.
    pub safe: u64,
    /// Files in it.
    pub files: u64,
    /// Those of them that the server did not have.
    pub new_files: u64,
    /// Those of them that were damaged before they were sealed, and are still missing.
    pub damaged_files: u64,
    /// Those of them that the server neither has nor waits for, yet: the bundle may be brought again.
    pub unwanted_files: u64,
    /// The receipt for the phone that made it, as the organisation signed it: hexadecimal digits of a file that whoever
    /// brought the bundle may bring back. None where the server does not know the key that signed the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl Receipt {
    /// The file that goes back to the phone that made the bundle.
    #[must_use]
    pub fn file(&self) -> Option<Vec<u8>> {
        accounts::unhex(self.proof.as_deref()?)
    }
}

/// Why a file was not taken as a bundle. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is none.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is not what its device signed.
    #[error("it is not what its device signed: changed, or cut short")]
    Altered,
    /// It is sealed for a person alone.
    #[error("it is sealed with a code, and not for a server")]
    NotForServer,
    /// It is sealed to a key that this server does not hold.
    #[error("it is sealed to a key that this server does not hold")]
    UnknownKey,
    /// It brings the work of a device that is another account's.
    #[error("it brings the work of another account's device")]
    WrongDevice,
    /// Nobody is known to have made it, and nobody to have brought it.
    #[error("the key that signed it is unknown: say who brought it")]
    NobodyKnown,
}

impl Refusal {
    /// Its code in the API: never changed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bundle(BundleError::NoBundle | BundleError::Header(_)) => "no_bundle",
            Self::Bundle(BundleError::Newer(_)) => "newer_version",
            Self::Bundle(BundleError::CutShort) => "cut_short",
            Self::Bundle(BundleError::TooLarge) => "too_large",
            Self::Bundle(BundleError::Content(_) | BundleError::Order(_)) | Self::Altered => {
                "altered"
            }
            Self::NotForServer => "not_for_server",
            Self::UnknownKey => "unknown_key",
            Self::WrongDevice => "wrong_device",
            Self::NobodyKnown => "nobody_known",
        }
    }
}

/// Why a bundle was not taken.
#[derive(Debug)]
pub enum ImportError {
    /// It cannot be, however often it is brought.
    Refused(Refusal),
    /// The server could not, this time.
    Failed(ApiError),
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DatabaseError> for ImportError {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Refused(refusal) => Self::Refused(refusal),
            ReadError::Io(error) => Self::Failed(blobs::storage_error(error)),
        }
    }
}

/// Takes a bundle. `carrier`: the account that brings it; none for the operator of the machine. What it says and who
/// brought it, taken or refused, is written to the audit log.
pub async fn import(
    app: &App,
    file: &Path,
    carrier: Option<&str>,
    by: Option<&str>,
) -> Result<Receipt, ImportError> {
    let path = file.to_owned();
    let proved = blocking(move || Ok(Proved::read(&path))).await;
    let proved = proved.map_err(|error| ImportError::Failed(ApiError::internal(error)))?;
    let (header, taken) = match proved {
        Ok(proved) => (Some(proved.header), take(app, proved, carrier).await),
        Err(error) => (None, Err(error.into())),
    };
    match &taken {
        Ok(receipt) => app.database().note_bundle(receipt, by, receipt.received_ms).await?,
        Err(ImportError::Refused(refusal)) => {
            let device = header.map(|header| header.device);
            tracing::warn!(%refusal, "bundle refused");
            app.database().note_refusal(device, refusal.code(), by, clock::now_ms()).await?;
        }
        Err(ImportError::Failed(_)) => {}
    }
    taken
}

async fn take(app: &App, proved: Proved, carrier: Option<&str>) -> Result<Receipt, ImportError> {
    let header = proved.header;
    let signer = app.database().signer(header.device, &header.signer).await?;
    let is_known = signer.is_some();
    let (account, revoked) = match (signer, carrier) {
        (Some(signer), _) => (signer.account, signer.revoked),
        (None, Some(carrier)) => (carrier.to_owned(), false),
        (None, None) => return Err(Refusal::NobodyKnown.into()),
    };
    let (keys, hash) = (app.keys().clone(), proved.hash);
    // A few frames ahead of the database, no more: a bundle may be far larger than the memory.
    let (items, mut opened) = mpsc::channel(4);
    let reading =
        blocking(move || Ok(proved.open(&keys, |found| items.blocking_send(found).is_ok())));
    let reading = tokio::spawn(reading);
    let mut import = Import::new(app, header, account, revoked, is_known);
    let mut taken = Ok(());
    while let Some(items) = opened.recv().await {
        for item in items {
            taken = import.take(item).await;
            if taken.is_err() {
                break;
            }
        }
        if taken.is_err() {
            break;
        }
    }
    drop(opened);
    taken?;
    let read = reading.await.map_err(|error| ImportError::Failed(ApiError::internal(error)))?;
    read.map_err(|error| ImportError::Failed(ApiError::internal(error)))??;
    import.send().await?;
    import.prove(app.keys().clone(), hash).await
}

/// A file whose chunks come.
struct Arriving {
    head: FileHead,
    at: u64,
    is_here: bool,
    /// Whether it would be kept if something named it.
    is_taken: bool,
    is_wanted: bool,
}

/// A bundle that is being taken.
struct Import<'a> {
    app: &'a App,
    header: Header,
    account: String,
    revoked: bool,
    /// The device whose operations are coming.
    device: Option<OfDevice>,
    /// The rest of that device's operations follow one whose place another took.
    forked: bool,
    operations: Vec<SealedOperation>,
    bytes: usize,
    file: Option<Arriving>,
    receipt: Receipt,
    /// What was said of the device's own operations.
    told: Vec<PushResponse>,
    /// The files that are here now.
    held: Vec<Hash>,
}

impl<'a> Import<'a> {
    fn new(app: &'a App, header: Header, account: String, revoked: bool, proven: bool) -> Self {
        let receipt = Receipt {
            device: header.device.to_string(),
            account: account.clone(),
            made_ms: header.made_ms,
            received_ms: clock::now_ms(),
            proven,
            ..Receipt::default()
        };
        Self {
            app,
            header,
            account,
            revoked,
            device: None,
            forked: false,
            operations: Vec::new(),
            bytes: 0,
            file: None,
            receipt,
            told: Vec::new(),
            held: Vec::new(),
        }
    }

    /// The receipt, with the proof of it for the phone that made the bundle.
    async fn prove(mut self, keys: KeyFolder, bundle: Hash) -> Result<Receipt, ImportError> {
        let newest = self.told.last().filter(|_| self.receipt.proven);
        let (Some(newest), Some(sealed)) = (newest, &self.header.organisation) else {
            return Ok(self.receipt);
        };
        let (epoch, acked, key) = (newest.epoch, newest.acked, sealed.key);
        let mut verdicts: Vec<Verdict> =
            self.told.into_iter().flat_map(|told| told.verdicts).collect();
        for verdict in &mut verdicts {
            verdict.reason = verdict.reason.map(QuarantineReason::told);
        }
        let written = receipt::write(&receipt::Receipt {
            version: receipt::VERSION,
            bundle,
            device: self.header.device,
            received_ms: self.receipt.received_ms,
            epoch,
            acked,
            verdicts,
            files: self.held,
        });
        let found = blocking(move || keys.find(key)).await;
        let found = found.map_err(|error| ImportError::Failed(ApiError::internal(error)))?;
        self.receipt.proof = found.map(|key| {
            let signature = key.sign(&receipt::message(&written));
            accounts::hex(&[written, signature.to_vec()].concat())
        });
        Ok(self.receipt)
    }

    async fn take(&mut self, item: Item) -> Result<(), ImportError> {
        match item {
            Item::Contents(Contents { account, device_name }) => {
                self.receipt.device_name = device_name.chars().take(120).collect();
                if !self.receipt.proven {
                    self.receipt.account = account;
                }
                Ok(())
            }
            Item::Device(of) => {
                self.send().await?;
                self.begin_device(of).await
            }
            Item::Operation(operation) => {
                self.bytes += operation.bytes.len();
                self.operations.push(operation);
                self.receipt.operations += 1;
                let is_full =
                    self.operations.len() == MAX_OPERATIONS || self.bytes >= MAX_REQUEST_BYTES;
                if is_full { self.send().await } else { Ok(()) }
            }
            Item::File(head) => {
                self.send().await?;
                self.begin_file(head).await
            }
            Item::Chunk(bytes) => self.take_chunk(bytes).await,
            Item::Row(_) => self.send().await, // what a phone needs to go on
        }
    }

    async fn begin_device(&mut self, of: OfDevice) -> Result<(), ImportError> {
        let database = self.app.database();
        // A key speaks for the device that signed, and its person for their others. Neither does for one that the server counts for.
        let may_send = if of.device == self.header.device {
            !database.counts_for(of.device).await?
        } else {
            database.may_send_for(&self.account, of.device).await?
        };
        if self.receipt.proven && !may_send {
            return Err(Refusal::WrongDevice.into());
        }
        // What a device freed parts its operations: those behind follow the same one.
        self.forked &= self.device.is_some_and(|before| before.device == of.device);
        self.device = Some(of);
        Ok(())
    }

    /// Keeps the operations that have come so far.
    async fn send(&mut self) -> Result<(), ImportError> {
        self.bytes = 0;
        let mut operations = std::mem::take(&mut self.operations);
        let Some(OfDevice { device, oldest }) = self.device else {
            return Ok(());
        };
        if self.receipt.proven && !self.forked {
            let before = self.app.database().acked(device).await?;
            let sent = operations.clone();
            let request = request(device, oldest, sent);
            let sender = Sender { account: &self.account, revoked: self.revoked };
            let pushed = self.app.database().push(request, sender, clock::now_ms()).await?;
            let response = &pushed.response;
            self.receipt.new_operations +=
                response.acked.saturating_sub(before.max(oldest.unwrap_or(1) - 1));
            let is_fork = |reason: &QuarantineReason| *reason == QuarantineReason::Fork;
            self.forked =
                response.verdicts.iter().filter_map(|told| told.reason.as_ref()).any(is_fork);
            operations.drain(..response.verdicts.len().min(operations.len()));
            self.note(device, &pushed).await;
        }
        if !operations.is_empty() {
            // What follows an operation whose place is taken may speak of dots that name another one here.
            let reason =
                if self.forked { QuarantineReason::Fork } else { QuarantineReason::OtherAuthor };
            let batch = Batch::read(request(device, None, operations));
            let now_ms = clock::now_ms();
            let kept =
                self.app.database().keep_beside(batch, &self.account, reason, now_ms).await?;
            self.receipt.new_operations += kept.quarantined.len() as u64;
            self.note(device, &kept).await;
        }
        Ok(())
    }

    async fn note(&mut self, device: DeviceId, pushed: &Pushed) {
        for (seq, reason) in &pushed.quarantined {
            tracing::warn!(%device, seq, reason = reason.name(), "quarantined");
        }
        self.receipt.quarantined += pushed.quarantined.len() as u64;
        if device == self.header.device {
            self.receipt.acked = pushed.response.acked;
            self.receipt.safe = pushed.response.safe;
            self.told.push(pushed.response.clone());
        }
        erasure_list::let_go(self.app, &pushed.gone).await;
        self.app.announce(pushed.head);
    }

    async fn begin_file(&mut self, head: FileHead) -> Result<(), ImportError> {
        self.receipt.files += 1;
        let database = self.app.database();
        let is_here = database.blob(head.hash).await?.is_some_and(|blob| blob.whole);
        // Its hash proves it, whoever brings it: the operation that names it may have come another way long ago.
        // What was erased is never wanted again: bringing it once more changes nothing.
        let is_erased = database.is_erased_blob(head.hash).await?;
        let is_taken = !is_here && !is_erased && head.size <= MAX_BLOB;
        let is_wanted = is_taken && database.is_wanted(head.hash).await?;
        self.file = Some(Arriving { head, at: 0, is_here, is_taken, is_wanted });
        self.end_file().await
    }

    async fn take_chunk(&mut self, bytes: Vec<u8>) -> Result<(), ImportError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let at = file.at;
        file.at += bytes.len() as u64;
        if file.is_wanted {
            let written = self.app.blobs().write_chunk(file.head.hash, at, bytes).await;
            written.map_err(|error| ImportError::Failed(blobs::storage_error(error)))?;
        }
        self.end_file().await
    }

    /// Proves a file whose last chunk came.
    async fn end_file(&mut self) -> Result<(), ImportError> {
        let Some(file) = self.file.take_if(|file| file.at >= file.head.size) else {
            return Ok(());
        };
        if !file.is_wanted {
            if file.is_here {
                self.held.push(file.head.hash);
            } else if file.is_taken {
                self.receipt.unwanted_files += 1;
            }
            return Ok(());
        }
        let FileHead { hash, size, media_type } = &file.head;
        let sender = &self.account;
        let blob = NewBlob { hash: *hash, size: *size, media_type, sender };
        match blobs::finish(self.app, blob).await {
            Ok(()) => {
                self.receipt.new_files += 1;
                self.held.push(file.head.hash);
            }
            Err(error) if error.is_unprocessable() => self.receipt.damaged_files += 1,
            Err(error) => return Err(ImportError::Failed(error)),
        }
        Ok(())
    }
}

fn request(device: DeviceId, oldest: Option<u64>, operations: Vec<SealedOperation>) -> PushRequest {
    PushRequest { version: WIRE_VERSION, device, epoch: None, operations, oldest, unsent: None }
}
