//! Making bundles. Nothing leaves the phone's store by it.

use leptos::prelude::*;
use sync::{
    blob,
    bundle::{
        Contents, Counts, FileHead, Header, Item, Kind, OfDevice, Packer, Plain, Signed, VERSION,
        associated_data, code_bytes, code_of, write_header,
    },
    codec,
    device::DeviceState,
    view::{Base, handed_over},
    wire::{Hash, SealedOperation},
};

use super::{Carry, CarryError, kept::hash_of, restore::Kept};
use crate::platform::{
    bundle::FrameKey,
    clock, device_name,
    files::File,
    hand_out::Growing,
    log_error, preferences, random,
    signing_key::SigningKey,
    storage::{
        Read, Rows, StorageError, Store,
        schema::{FILLING, Key, OutboxRow, PACK, meta},
    },
};
use crate::stores::{blobs, outbox, preferences::Chosen, records};

/// A bundle that was made.
#[derive(Clone)]
pub struct Made {
    /// The file.
    pub file: File,
    /// How many records it brings that the server lacks.
    pub records: usize,
    /// How many photos and other files.
    pub files: usize,
    /// What a rescue file is opened with.
    pub code: Option<String>,
}

/// A bundle that is being made: a frame of it at a time is in memory.
struct Writer {
    file: Growing,
    key: FrameKey,
    associated: Hash,
    signed: Signed,
    packer: Packer,
}

impl Writer {
    fn begin(header: &Header, key: FrameKey) -> Result<Self, CarryError> {
        let written = write_header(header);
        let (associated, packer) = (associated_data(&written), Packer::default());
        let mut writer =
            Self { file: Growing::new(), key, associated, signed: Signed::default(), packer };
        writer.add(&written)?;
        Ok(writer)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), CarryError> {
        self.signed.update(bytes);
        Ok(self.file.push(bytes)?)
    }

    async fn put(&mut self, item: &Item) -> Result<(), CarryError> {
        for plain in self.packer.put(item) {
            self.seal(plain).await?;
        }
        Ok(())
    }

    async fn seal(&mut self, plain: Plain) -> Result<(), CarryError> {
        let sealed = self.key.seal(&plain.nonce, &self.associated.0, &plain.bytes).await?;
        self.add(&sealed)
    }

    async fn finish(mut self, signing: &SigningKey, name: &str) -> Result<File, CarryError> {
        let last = std::mem::take(&mut self.packer).finish();
        self.seal(last).await?;
        let signature = signing.sign(&self.signed.message()).await?;
        self.file.push(&signature)?;
        Ok(self.file.finish(name, "application/octet-stream")?)
    }
}

/// What is read for a bundle, at one moment.
struct Found {
    device: DeviceState,
    outbox: Rows,
    open: Rows,
}

impl Carry {
    /// Makes a bundle of all that is in no backup. One that is to be carried is sealed to the organisation; a rescue file also
    /// with a code, and with all that another phone needs to go on.
    pub async fn make(self, kind: Kind) -> Result<Made, CarryError> {
        let made = self.pack(kind).await?;
        // A full disk must not be in the way of a rescue file: then only its receipt is not known again.
        let remembered = self.remember(hash_of(&made.file).await?).await;
        if let Err(error) = remembered {
            log_error(&format!("bundle not remembered: {error}"));
        }
        Ok(made)
    }

    /// As [`Self::make`], of which no carrier brings a receipt back.
    pub(super) async fn pack(self, kind: Kind) -> Result<Made, CarryError> {
        let profile = self.sign_in.profile().ok_or(CarryError::SignedOut)?;
        let organisation = self.organisation().await?;
        if kind == Kind::Carry && organisation.is_none() {
            return Err(CarryError::NoKey);
        }
        self.seal_drafts(kind).await?;
        let found = self.find().await?;
        let (unsent, files) = self.records.unsent(found.device.acked).await?;
        let operations = sealed(&found)?;
        if unsent.operations == 0 && files.is_empty() {
            return Err(CarryError::Nothing);
        }

        let signing = SigningKey::open().await?;
        let key = FrameKey::new().await?;
        let code = (kind == Kind::Rescue).then(|| code_of(random::bytes_16()));
        let counts = Counts {
            records: unsent.records.len() as u64,
            operations: operations.iter().map(|(_, operations)| operations.len() as u64).sum(),
            files: files.len() as u64,
        };
        let header = Header {
            version: VERSION,
            kind,
            device: found.device.device,
            signer: signing.public(),
            made_ms: clock::now_ms(),
            counts,
            organisation: match &organisation {
                Some(organisation) => Some(key.for_organisation(organisation).await?),
                None => None,
            },
            code: match &code {
                Some(code) => Some(key.for_code(&code_bytes(code)).await?),
                None => None,
            },
        };
        let mut writer = Writer::begin(&header, key)?;
        let contents = Contents { account: profile.account, device_name: device_name() };
        writer.put(&Item::Contents(contents)).await?;
        for (of, operations) in operations {
            writer.put(&Item::Device(of)).await?;
            for operation in operations {
                writer.put(&Item::Operation(operation)).await?;
            }
        }
        for (hash, file) in &files {
            self.put_file(&mut writer, *hash, file.size, &file.media_type).await?;
        }
        if kind == Kind::Rescue {
            for kept in self.kept_for_another(&found).await? {
                writer.put(&Item::Row(kept.row())).await?;
            }
        }
        let file = writer.finish(&signing, &file_name(&header)).await?;
        Ok(Made { file, records: unsent.records.len(), files: files.len(), code })
    }

    /// What is typed becomes operations, as for a push. A rescue file can do without: a full disk must not be in its way.
    pub(super) async fn seal_drafts(self, kind: Kind) -> Result<(), CarryError> {
        let sealed = match self.open_forms.save_all().await {
            Ok(()) => self.records.seal_all().await.map(drop),
            Err(error) => Err(error),
        };
        self.records.tell_other_tabs();
        match sealed {
            Err(error) if kind == Kind::Rescue => {
                log_error(&format!("drafts go along as they are: {error}"));
                Ok(())
            }
            sealed => Ok(sealed?),
        }
    }

    async fn find(self) -> Result<Found, StorageError> {
        let reads = vec![
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::All(Store::Outbox),
            Read::All(Store::Open),
        ];
        let mut rows = self.storage.get_value().read(reads).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let device = next().pop().map(|(_, row)| outbox::decode(&row, "device")).transpose()?;
        let device = device.unwrap_or_else(|| self.records.device());
        Ok(Found { device, outbox: next(), open: next() })
    }

    async fn put_file(
        self,
        writer: &mut Writer,
        hash: Hash,
        size: u64,
        media_type: &str,
    ) -> Result<(), CarryError> {
        let storage = self.storage.get_value();
        let count = blob::chunk_count(size);
        let missing = || StorageError::Unreadable("a piece of a file is missing".to_owned());
        // A file that is not whole any more must not keep the rest here.
        if count > 0 && blobs::piece(&storage, hash, count - 1).await?.is_none() {
            log_error(&format!("file {hash}: {}", missing()));
            return Ok(());
        }
        let head = FileHead { hash, size, media_type: media_type.to_owned() };
        writer.put(&Item::File(head)).await?;
        for place in 0..count {
            let (bytes, _) = blobs::piece(&storage, hash, place).await?.ok_or_else(missing)?;
            writer.put(&Item::Chunk(bytes)).await?;
        }
        Ok(())
    }

    /// What another phone needs to go on, beside operations and files.
    async fn kept_for_another(self, found: &Found) -> Result<Vec<Kept>, StorageError> {
        let storage = self.storage.get_value();
        let mut kept = Vec::new();
        for (key, row) in storage.all(Store::Meta).await? {
            let Key::Text(name) = &key else { continue };
            if [meta::PROFILE, meta::NAMES].contains(&name.as_str())
                || name.starts_with(meta::AUDIT)
            {
                kept.push(Kept::of(Store::Meta, &key, row));
            }
        }
        let (sealed, open) = (found.outbox.clone(), found.open.clone());
        let mut forms: Vec<Hash> = Vec::new();
        for (record, parts) in records::gather(Rows::new(), &Rows::new(), sealed, open)? {
            forms.extend(parts.open.iter().map(|patch| patch.form.hash));
            let base = storage.row(Store::Base, record).await?;
            let base: Option<Base> = base.map(|row| outbox::decode(&row, "record")).transpose()?;
            let state = handed_over(&found.device, base.as_ref(), &parts.outbox);
            let Some(state) = state else { continue };
            forms.push(state.form.hash);
            // As if a pull had brought it before there was any: what the next one brings takes its place.
            let base = Base { state, included: 0, generation: 0 };
            kept.push(Kept::of(Store::Base, &record.into(), codec::encode(&base)));
        }
        for (key, row) in &found.open {
            kept.push(Kept::of(Store::Open, key, row.clone()));
        }
        for (key, row) in storage.all(Store::Place).await? {
            if key != Key::from(FILLING) {
                kept.push(Kept::of(Store::Place, &key, row));
            }
        }
        forms.sort_unstable();
        forms.dedup();
        for form in forms {
            if let Some(xml) = storage.row(Store::Forms, form).await? {
                kept.push(Kept::of(Store::Forms, &form.into(), xml));
            }
        }
        if let Some(pack) = storage.row(Store::Pack, PACK).await? {
            kept.push(Kept::of(Store::Pack, &PACK.into(), pack));
        }
        if let Some(chosen) = preferences::load::<Chosen>() {
            kept.push(Kept::preferences(&chosen));
        }
        Ok(kept)
    }
}

/// The operations that are in no backup, by the device whose names they bear.
fn sealed(found: &Found) -> Result<Vec<(OfDevice, Vec<SealedOperation>)>, StorageError> {
    let DeviceState { device, acked, safe, .. } = found.device;
    let safe = acked.min(safe);
    let mut own = Vec::new();
    for (key, row) in &found.outbox {
        if let Key::Number(seq) = key
            && *seq > safe
        {
            own.push(SealedOperation { seq: *seq, bytes: OutboxRow::decode(row)?.bytes });
        }
    }
    let oldest = |operations: &[SealedOperation]| {
        operations.first().map(|first| first.seq).filter(|first| *first > 1)
    };
    let mut all = vec![(OfDevice { device, oldest: oldest(&own) }, own)];
    for former in found.device.former() {
        let operations = former.operations.clone();
        all.push((OfDevice { device: former.device, oldest: oldest(&operations) }, operations));
    }
    Ok(all)
}

/// `sotay-20241123-0905-1f2e.sotay`: when it was made, and on which of several phones.
fn file_name(header: &Header) -> String {
    let now = clock::local_now();
    let stamp = crate::locale::date::stamp(now.unix_ms, now.offset_min);
    let what = match header.kind {
        Kind::Carry => "sotay",
        Kind::Rescue => "sotay-cuu-ho",
    };
    let device: String = header.device.to_string().chars().take(4).collect();
    format!("{what}-{stamp}-{device}.sotay")
}
