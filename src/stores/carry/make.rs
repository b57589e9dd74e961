//! Making bundles. Nothing leaves the phone's store by it.

use leptos::prelude::*;
use sync::{
    blob,
    bundle::{
        BundleError, Contents, Counts, FileHead, Header, Item, Kind, MAX_BYTES, Packer, Plain,
        Signed, VERSION, associated_data, bytes_of, code_bytes, code_of, parts, runs, takes,
        write_header,
    },
    codec,
    device::{DeviceState, Former},
    view::{Base, handed_over},
    wire::{Hash, SealedOperation},
};

use super::{Carry, CarryError, kept::hash_of, rescue::Part, rows::Kept};
use crate::platform::{
    activity::AtWork,
    bundle::FrameKey,
    clock, device_name,
    files::File,
    form_files::FormFiles,
    hand_out::Growing,
    log_error, preferences, random,
    signing_key::SigningKey,
    storage::{
        Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, FILLING, Key, OutboxRow, PACK, meta},
    },
};
use crate::stores::{blobs, form_files::FormFilesStore, outbox, preferences::Chosen, records};

/// What was made.
#[derive(Clone)]
pub struct Made {
    /// The bundle, and its name; several, if it is more than one takes. The first holds all but photos and other files.
    pub bundles: Vec<(File, Hash)>,
    /// How many records it brings that the server lacks.
    pub records: usize,
    /// How many photos and other files.
    pub files: usize,
    /// How many are not in it, as this phone cannot read them any more.
    pub left_out: usize,
    /// How many are in no bundle, as the phone has no room to make one more.
    pub without_room: usize,
    /// How many changes are not in it: one that is too long, and what the same device did after it.
    pub too_long: usize,
    /// What a rescue file is opened with; one code for all of it.
    pub code: Option<String>,
}

/// Bundles that are handed on are no longer than this: a phone that is full makes one, if not a second.
const PART_BYTES: u64 = MAX_BYTES / 4;

/// A bundle that is being made: a frame of it at a time is in memory.
struct Writer {
    file: Growing,
    key: FrameKey,
    associated: Hash,
    signed: Signed,
    packer: Packer,
    bytes: u64,
}

impl Writer {
    fn begin(header: &Header, key: FrameKey) -> Result<Self, CarryError> {
        let written = write_header(header);
        let (associated, packer) = (associated_data(&written), Packer::default());
        let (file, signed) = (Growing::new(), Signed::default());
        let mut writer = Self { file, key, associated, signed, packer, bytes: 0 };
        writer.add(&written)?;
        Ok(writer)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), CarryError> {
        self.signed.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(self.file.push(bytes)?)
    }

    async fn put(&mut self, item: &Item) -> Result<(), CarryError> {
        for plain in self.packer.put(item)? {
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
        if self.bytes + signature.len() as u64 > MAX_BYTES {
            return Err(BundleError::TooLarge.into());
        }
        Ok(self.file.finish(name, "application/octet-stream")?)
    }
}

/// What is read for a bundle, at one moment.
struct Found {
    device: DeviceState,
    outbox: Rows,
    open: Rows,
    /// What another phone's rescue file brought and sync has not taken over.
    rescued: Vec<Former>,
}

impl Carry {
    /// Makes a bundle of all that is in no backup. One that is to be carried is sealed to the organisation; a rescue file also
    /// with a code, and with all that another phone needs to go on.
    pub async fn make(self, kind: Kind) -> Result<Made, CarryError> {
        let _at_work = AtWork::begin();
        let made = self.pack(kind, PART_BYTES).await?;
        if let Some(code) = &made.code
            && let Err(error) = self.keep_rescue_code(code).await
        {
            log_error(&format!("the code is shown only now: {error}"));
        }
        for (_, hash) in &made.bundles {
            // A full disk must not be in the way of a rescue file: then only its receipt is not known again.
            if let Err(error) = self.remember(*hash).await {
                log_error(&format!("bundle not remembered: {error}"));
            }
        }
        Ok(made)
    }

    /// As [`Self::make`], of which no carrier brings a receipt back; none is longer than `limit`.
    pub(super) async fn pack(self, kind: Kind, limit: u64) -> Result<Made, CarryError> {
        let profile = self.sign_in.profile().ok_or(CarryError::SignedOut)?;
        let organisation = self.organisation().await?;
        if kind == Kind::Carry && organisation.is_none() {
            return Err(CarryError::NoKey);
        }
        self.seal_drafts(kind).await?;
        let found = self.find().await?;
        let (unsent, files) = self.records.unsent(found.device.acked).await?;
        if unsent.operations == 0 && files.is_empty() && found.rescued.is_empty() {
            return Err(CarryError::Nothing);
        }
        let (before, too_long) = sealed(&found)?;
        let (after, files) = match kind {
            // A carrier pays for every byte, and this phone lives on.
            Kind::Carry => (Vec::new(), files),
            Kind::Rescue => {
                let kept = self.kept_for_another(&found).await?;
                let rows = kept.into_iter().flat_map(|kept| kept.row().in_pieces());
                let files = in_no_backup(&self.storage(), &found.device).await?;
                (rows.map(Item::Row).collect(), files)
            }
        };
        let (files, left_out) = whole(&self.storage(), files).await?;
        let is_operation = |item: &&Item| matches!(item, Item::Operation(_));
        if files.is_empty() && after.is_empty() && !before.iter().any(|item| is_operation(&item)) {
            return Err(match too_long {
                0 => StorageError::Damaged(Store::Blobs.name()).into(),
                _ => BundleError::TooLarge.into(),
            });
        }
        let others = before.iter().chain(&after).map(bytes_of).sum();
        let parts = parts(limit, others, files.iter().map(|(_, file)| file.size));

        let signing = SigningKey::open().await?;
        let code = (kind == Kind::Rescue).then(|| code_of(random::bytes_16()));
        let contents = Contents { account: profile.account, device_name: device_name() };
        let (making, of) = (u64::from_be_bytes(random::bytes()), parts.len());
        // A further one says whose device it is of, and with the first of the rows who that is.
        let further = (runs(found.device.device, []), after.get(..1).unwrap_or_default());
        let part = async |place: usize, files: &[(Hash, BlobRow)]| {
            let is_first = place == 0;
            let (before, after) =
                if is_first { (&before, &after[..]) } else { (&further.0, further.1) };
            let part = Part { making, place: number(place + 1), of: number(of) };
            let part = (kind == Kind::Rescue && of > 1).then(|| Item::Row(Kept::part(part).row()));
            let key = FrameKey::new().await?;
            let header = Header {
                version: VERSION,
                kind,
                device: found.device.device,
                signer: signing.public(),
                made_ms: clock::now_ms(),
                counts: Counts {
                    records: if is_first { unsent.records.len() as u64 } else { 0 },
                    operations: before.iter().filter(is_operation).count() as u64,
                    files: files.len() as u64,
                },
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
            writer.put(&Item::Contents(contents.clone())).await?;
            for item in before {
                writer.put(item).await?;
            }
            for (hash, file) in files {
                self.put_file(&mut writer, *hash, file.size, &file.media_type).await?;
            }
            for item in after.iter().chain(&part) {
                writer.put(item).await?;
            }
            let file = writer.finish(&signing, &file_name(&header, place)).await?;
            let hash = hash_of(&file).await?;
            Ok((file, hash))
        };
        let (bundles, without_room) = one_by_one(&parts, &files, part).await?;
        let (records, files) = (unsent.records.len(), files.len() - without_room);
        Ok(Made { bundles, records, files, left_out, without_room, too_long, code })
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
            Read::Row(Store::Meta, meta::RESCUED.into()),
        ];
        let mut rows = self.storage.get_value().read(reads).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let device = next().pop().map(|(_, row)| outbox::decode(&row, "device")).transpose()?;
        let device = device.unwrap_or_else(|| self.records.device());
        let (outbox, open) = (next(), next());
        let rescued = outbox::decode_row(&next(), "rescued")?.unwrap_or_default();
        Ok(Found { device, outbox, open, rescued })
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
        let head = FileHead { hash, size, media_type: media_type.to_owned() };
        writer.put(&Item::File(head)).await?;
        for place in 0..count {
            let (bytes, _) = blobs::piece(&storage, hash, place).await?.ok_or_else(missing)?;
            writer.put(&Item::Chunk(bytes)).await?;
        }
        Ok(())
    }

    /// What another phone needs to go on, beside operations and files.
    ///
    /// The profile comes first.
    async fn kept_for_another(self, found: &Found) -> Result<Vec<Kept>, StorageError> {
        let storage = self.storage.get_value();
        let mut kept = Vec::new();
        if let Some(row) = storage.row(Store::Meta, meta::PROFILE).await? {
            kept.push(Kept::of(Store::Meta, &meta::PROFILE.into(), row));
        }
        for (key, row) in storage.all(Store::Meta).await? {
            if matches!(&key, Key::Text(name) if goes_along(name)) {
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
        let beside = FormFilesStore::new(FormFiles::kept());
        for form in forms {
            match beside.for_another(form).await {
                Ok(lists) => kept.extend(lists.into_iter().map(Kept::form_file)),
                Err(error) => log_error(&format!("lists beside form {form}: {error}")),
            }
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

/// Whether a row of [`Store::Meta`] goes along, beside the profile.
fn goes_along(name: &str) -> bool {
    [meta::NAMES, meta::ORGANISATION].contains(&name)
        || name.starts_with(meta::AUDIT)
        || name.starts_with(meta::ENTITIES)
}

/// The files that no backup holds, whatever the server does.
async fn in_no_backup(
    storage: &Storage,
    device: &DeviceState,
) -> Result<Vec<(Hash, BlobRow)>, StorageError> {
    let safe = device.acked.min(device.safe);
    blobs::such(storage, |row| row.dropped_ms.is_none() && !row.is_in_backup(safe)).await
}

/// Those of these files that can be read to their end, the smallest first; and how many the server lacks of the others, which
/// must not keep the rest here. A store that answers nothing just now says nothing of any file.
async fn whole(
    storage: &Storage,
    files: Vec<(Hash, BlobRow)>,
) -> Result<(Vec<(Hash, BlobRow)>, usize), StorageError> {
    let (mut whole, mut left_out) = (Vec::new(), 0);
    for (hash, row) in files {
        match blobs::read(storage, hash, drop).await {
            Ok(true) => whole.push((hash, row)),
            Err(error @ (StorageError::Closed | StorageError::Gone)) => return Err(error),
            read => {
                log_error(&format!("file {hash} is left out: {:?}", read.err()));
                left_out += usize::from(row.waits());
            }
        }
    }
    whole.sort_by_key(|(hash, row)| (row.size, *hash));
    Ok((whole, left_out))
}

/// Makes bundles, each of so many of the files, and says how many files are in none. What fails after the first ends it: the first holds
/// the answers, and there may be no room for more.
async fn one_by_one<F, T>(
    parts: &[usize],
    mut files: &[F],
    make: impl AsyncFn(usize, &[F]) -> Result<T, CarryError>,
) -> Result<(Vec<T>, usize), CarryError> {
    let mut made = Vec::new();
    for (place, count) in parts.iter().enumerate() {
        let (these, rest) = files.split_at((*count).min(files.len()));
        match make(place, these).await {
            Ok(bundle) => made.push(bundle),
            Err(error) if place > 0 => {
                log_error(&format!("no further bundle: {error}"));
                break;
            }
            Err(error) => return Err(error),
        }
        files = rest;
    }
    Ok((made, files.len()))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The operations that are in no backup, by the device whose names they bear; and how many of them stay here. Of a device they end
/// before the first that is too long: the server would pass over it, and this phone take it for sent.
fn sealed(found: &Found) -> Result<(Vec<Item>, usize), StorageError> {
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
    let mut too_long = 0;
    let mut taken = |device, mut operations: Vec<SealedOperation>| {
        let count = operations.iter().take_while(|operation| takes(operation)).count();
        too_long += operations.len() - count;
        operations.truncate(count);
        runs(device, operations)
    };
    let mut all = taken(device, own);
    for former in found.device.former().iter().chain(&found.rescued) {
        all.extend(taken(former.device, former.operations.clone()));
    }
    Ok((all, too_long))
}

/// `sotay-20241123-0905-1f2e.sotay`: when it was made, and on which of several phones; behind that which further one it is.
fn file_name(header: &Header, place: usize) -> String {
    let now = clock::local_now();
    let stamp = crate::locale::date::stamp(now.unix_ms, now.offset_min);
    let what = match header.kind {
        Kind::Carry => "sotay",
        Kind::Rescue => "sotay-cuu-ho",
    };
    let device: String = header.device.to_string().chars().take(4).collect();
    let further = if place == 0 { String::new() } else { format!("-{}", place + 1) };
    format!("{what}-{stamp}-{device}{further}.sotay")
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sync::{
        bundle::{MAX_ITEM_BYTES, Unpacker},
        codec,
        device::take_item,
        wire::{DeviceId, FileRef},
    };

    use super::*;
    use crate::platform::storage::{Change, schema::CHUNK_SIZE_BYTES};

    #[test]
    fn what_waits_at_the_desk_since_long_goes_along_though_the_server_lost_its_backup() {
        let device = DeviceId([1; 16]);
        let row = |seq: u64| {
            let row = OutboxRow { bytes: vec![7], outcome: None, reason: None, set_aside: None };
            (Key::Number(seq), codec::encode(&row))
        };
        let device = DeviceState { acked: 22, safe: 3, ..DeviceState::new(device) };
        let outbox = [3, 5, 21, 22].map(row).to_vec();
        let found = Found { device, outbox, open: Rows::new(), rescued: Vec::new() };
        let contents = Contents { account: "an".to_owned(), device_name: String::new() };
        let mut items = vec![Item::Contents(contents)];
        items.extend(sealed(&found).expect("readable").0);
        let mut packer = Packer::default();
        for item in &items {
            assert_eq!(packer.put(item), Ok(Vec::new()), "all of it fits into a frame");
        }
        let mut unpacker = Unpacker::default();
        let mut came = Vec::<Former>::new();
        for item in unpacker.take(&packer.finish().bytes).expect("it opens") {
            take_item(&mut came, item);
        }
        let seqs = |former: &Former| former.operations.iter().map(|sealed| sealed.seq).collect();
        assert_eq!(came.iter().map(seqs).collect::<Vec<Vec<u64>>>(), [[5, 21, 22]]);
    }

    #[test]
    fn what_another_phone_brought_goes_along_before_sync_has_taken_it_over() {
        let operations = vec![SealedOperation { seq: 4, bytes: vec![7] }];
        let rescued = vec![Former { device: DeviceId([2; 16]), acked: 0, operations }];
        let device = DeviceState::new(DeviceId([1; 16]));
        let found = Found { device, outbox: Rows::new(), open: Rows::new(), rescued };
        let mut came = Vec::<Former>::new();
        for item in sealed(&found).expect("readable").0 {
            take_item(&mut came, item);
        }
        let of_other = came.iter().find(|former| former.device == DeviceId([2; 16]));
        assert_eq!(of_other.map(|former| former.operations.len()), Some(1));
    }

    #[test]
    fn a_phone_without_room_for_a_second_bundle_gives_the_first_and_tells_what_is_in_none() {
        let files = ["a", "b", "c", "d", "e"];
        let no_room = || CarryError::Storage(StorageError::Full);
        let of = |room: usize| {
            let make = async |place: usize, files: &[&str]| match place < room {
                true => Ok(files.concat()),
                false => Err(no_room()),
            };
            block_on(one_by_one(&[2, 2, 1], &files, make))
        };
        let made = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(of(3), Ok((made(&["ab", "cd", "e"]), 0)));
        assert_eq!(of(2), Ok((made(&["ab", "cd"]), 1)));
        assert_eq!(of(1), Ok((made(&["ab"]), 3)));
        assert_eq!(of(0), Err(no_room()));
    }

    #[test]
    fn behind_a_change_that_is_too_long_nothing_of_its_device_goes_and_all_of_others() {
        let row = |seq: u64, length| {
            let bytes = vec![7; length];
            let row = OutboxRow { bytes, outcome: None, reason: None, set_aside: None };
            (Key::Number(seq), codec::encode(&row))
        };
        let operations = vec![SealedOperation { seq: 1, bytes: vec![7] }];
        let former = Former { device: DeviceId([2; 16]), acked: 0, operations };
        let device = DeviceState::new(DeviceId([1; 16]));
        let device = DeviceState { former: Some(vec![former]), ..device };
        let outbox = vec![row(1, 1), row(2, MAX_ITEM_BYTES), row(3, 1)];
        let found = Found { device, outbox, open: Rows::new(), rescued: Vec::new() };
        let (items, too_long) = sealed(&found).expect("readable");
        let seqs: Vec<u64> = items
            .iter()
            .filter_map(|item| match item {
                Item::Operation(operation) => Some(operation.seq),
                _ => None,
            })
            .collect();
        assert_eq!((seqs, too_long), (vec![1, 1], 2));
        // One that just goes is one that the packer takes.
        let bytes = vec![7; MAX_ITEM_BYTES - 64];
        let longest = SealedOperation { seq: u64::MAX, bytes };
        assert!(takes(&longest) && Packer::default().put(&Item::Operation(longest)).is_ok());
    }

    /// A file of two pieces, of this byte.
    async fn kept(storage: &Storage, byte: u8) -> Hash {
        let bytes = vec![byte; CHUNK_SIZE_BYTES + 1];
        let hash = codec::hash(&bytes);
        let (name, media_type) = ("a.jpg".to_owned(), "image/jpeg".to_owned());
        let file = FileRef { name, media_type, size: bytes.len() as u64, hash };
        blobs::keep(storage, &file, &bytes.into()).await.expect("memory stores");
        hash
    }

    #[test]
    fn a_photo_of_which_a_piece_is_gone_keeps_no_other_here_and_is_told() {
        let storage = Storage::in_memory();
        block_on(async {
            let (gone, there) = (kept(&storage, 1).await, kept(&storage, 2).await);
            let first = Key::Piece(gone.0.to_vec(), 0);
            storage.write(vec![Change::Delete(Store::Blobs, first)]).await.expect("memory stores");
            let files = blobs::unsent(&storage).await.expect("memory reads");
            assert_eq!(files.len(), 2);
            let (found, left_out) = whole(&storage, files.clone()).await.expect("it answers");
            assert_eq!((found.len(), found[0].0, left_out), (1, there, 1));
            storage.cut(Store::Blobs, Key::Piece(there.0.to_vec(), 1));
            let cut = whole(&storage, files).await;
            assert_eq!(cut, Err(StorageError::Closed), "it may be read the next time");
        });
    }

    #[test]
    fn a_photo_goes_along_until_a_backup_holds_it() {
        let storage = Storage::in_memory();
        block_on(async {
            let photo = kept(&storage, 1).await;
            blobs::mark_sent(&storage, photo).await.expect("memory stores");
            let count = async |acked, safe| {
                let device = DeviceState { acked, safe, ..DeviceState::new(DeviceId([1; 16])) };
                in_no_backup(&storage, &device).await.expect("memory reads").len()
            };
            assert_eq!(count(1, 0).await, 1, "the server has it, and no backup");
            assert_eq!(count(1, 1).await, 0);
            assert_eq!(count(0, 1).await, 1, "the server that said so was restored");
        });
    }
}
