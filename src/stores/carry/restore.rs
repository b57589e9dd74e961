//! Going on from another phone's rescue file. What that one sealed keeps its names; see `sync::device::take_over`.

use leptos::prelude::*;
use sync::{
    bundle::{BundleError, Frames, Item, Kind, Row, Unpacker, code_bytes},
    codec,
    device::{Former, take_item},
    draft::OpenPatch,
    view::Base,
    wire::{Hash, RecordId},
};

use super::{
    CarryError,
    kept::header_of,
    rescue::{self, Part},
    rows::{FORM_FILES, PART, PREFERENCES, read_key},
};
use crate::platform::{
    activity::AtWork,
    broadcast::Channel,
    bundle::{CipherError, FrameKey},
    clock,
    files::File,
    form_files::FormFiles,
    hand_out, json, log_error, preferences, random,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, Key, meta},
    },
};
use crate::stores::{
    Door, blobs, form_files::FormFilesStore, outbox, preferences::Chosen, sign_in::Profile,
};

/// What came out of a rescue file, apart from the bytes of files, which are on the disk already.
#[derive(Default)]
struct Came {
    account: String,
    devices: Vec<Former>,
    files: Vec<(Hash, BlobRow)>,
    rows: Vec<Row>,
}

impl Came {
    fn rows_of(&self, store: Store) -> impl Iterator<Item = (Key, &Vec<u8>)> {
        let of_store = self.rows.iter().filter(move |row| row.store == store.name());
        of_store.filter_map(|row| Some((read_key(&row.key)?, &row.value)))
    }

    fn chosen(&self) -> Option<Chosen> {
        let row = self.rows.iter().find(|row| row.store == PREFERENCES)?;
        json::read(&row.value).ok()
    }

    /// Which one of several it is.
    fn part(&self) -> Option<Part> {
        let row = self.rows.iter().find(|row| row.store == PART)?;
        codec::decode(&row.value).ok()
    }

    /// Files beside forms, by what they are called.
    fn form_files(&mut self) -> Vec<(String, Vec<u8>)> {
        let files = self.rows.extract_if(.., |row| row.store == FORM_FILES);
        files.filter_map(|row| Some((String::from_utf8(row.key).ok()?, row.value))).collect()
    }

    fn meta(&self, name: &str) -> Option<&Vec<u8>> {
        let key = Key::from(name);
        self.rows_of(Store::Meta).find(|(found, _)| *found == key).map(|(_, row)| row)
    }

    /// Its owner, as a phone shows them.
    fn name(&self) -> String {
        let profile = self.meta(meta::PROFILE).and_then(|row| json::read::<Profile>(row).ok());
        profile.map_or_else(|| self.account.clone(), |profile| profile.name)
    }
}

/// Goes on from a rescue file: everything in it is on this phone's disk when this returns, and the app starts anew.
///
/// `inside` is the store of the person who is in. When nobody is, the file's owner is let in: to their store on this
/// phone, or to a new one.
pub async fn restore(
    door: Door,
    inside: Option<Storage>,
    file: &File,
    code: &str,
) -> Result<(), CarryError> {
    let _at_work = AtWork::begin();
    let (header, associated, frames) = header_of(file).await?;
    let Some(sealed) = header.code.as_ref().filter(|_| header.kind == Kind::Rescue) else {
        return Err(CarryError::NoRescueFile);
    };
    let people = door.look().await?;
    if people.iter().any(|person| person.label.device == header.device) {
        return Err(CarryError::SamePhone);
    }
    let key = FrameKey::by_code(sealed, &code_bytes(code)).await.map_err(wrong_code)?;
    let sealed = Sealed { file: file.clone(), associated, frames, key };
    // Nothing is written of a file that does not open to its end.
    let mut came = sealed.open(None).await?;
    let found = match (inside, door.inside().get_untracked()) {
        (Some(storage), Some(person)) if person.label.account == came.account => {
            Some((person, storage))
        }
        (Some(_), _) => return Err(CarryError::OtherPerson(came.account)),
        (None, _) => door.store_of(&came.account, &came.name()).await?,
    };
    let Some((person, storage)) = found else { return Err(CarryError::Locked(came.account)) };
    // Whoever asks whether it worked gets what they did since, and not what the file knows of then.
    if taken_in(&storage).await?.contains(&associated) {
        return Ok(door.start_in(&person).await?);
    }
    let (chosen, lists) = (came.chosen(), came.form_files());
    let mut arriving = Arriving::new(&storage);
    let taken = match came.files.is_empty() {
        true => Ok(came),
        false => sealed.open(Some(&mut arriving)).await.map(|_again| came),
    };
    let taken = match taken {
        Ok(came) => take_in(&storage, associated, came).await,
        Err(error) => Err(error),
    };
    if taken.is_err() {
        arriving.give_up().await;
    }
    taken?;
    // What people chose on this phone is theirs.
    if let Some(chosen) = chosen.filter(|_| preferences::load::<Chosen>().is_none()) {
        preferences::save(&chosen);
    }
    // Without them a form says what it lacks.
    if let Err(error) = FormFilesStore::new(FormFiles::kept()).take_in(&lists).await {
        log_error(&format!("lists beside forms not kept: {error}"));
    }
    // Whichever tab syncs takes it over, and every tab shows it.
    Channel::open(&storage.lock()).post("rescued");
    Ok(door.start_in(&person).await?)
}

/// A rescue file with what opens it.
struct Sealed {
    file: File,
    associated: Hash,
    frames: Frames,
    key: FrameKey,
}

impl Sealed {
    /// Opens it, and hands over the bytes of photos.
    async fn open(&self, mut files: Option<&mut Arriving<'_>>) -> Result<Came, CarryError> {
        let (mut unpacker, mut came) = (Unpacker::default(), Came::default());
        for at in 0..self.frames.count() {
            let (range, nonce) = self.frames.frame(at).ok_or(BundleError::CutShort)?;
            let sealed = hand_out::slice(&self.file, range.start, range.end).await?;
            let opened = self.key.open(&nonce, &self.associated.0, &sealed).await;
            for item in unpacker.take(&opened.map_err(wrong_code)?)? {
                let Some(item) = take_item(&mut came.devices, item) else { continue };
                match item {
                    Item::Contents(contents) => came.account = contents.account,
                    Item::File(head) => {
                        let row = BlobRow::unsent(head.size, head.media_type, clock::now_ms());
                        if let Some(files) = &mut files {
                            files.begin(head.hash, &row).await?;
                        }
                        came.files.push((head.hash, row));
                    }
                    Item::Chunk(bytes) => {
                        if let Some(files) = &mut files {
                            files.take(bytes).await?;
                        }
                    }
                    Item::Row(row) => row.join(&mut came.rows),
                    Item::Device(_) | Item::Operation(_) => {}
                }
            }
        }
        unpacker.finish()?;
        Ok(came)
    }
}

/// Files on their way to the disk. Until all else is in its place each is as one that was taken off: what a phone that dies
/// meanwhile leaves of it goes as those do.
struct Arriving<'a> {
    storage: &'a Storage,
    coming: Vec<(Hash, BlobRow)>,
    /// The next piece's place in the last of them. None: it is here whole.
    place: Option<u32>,
}

impl<'a> Arriving<'a> {
    fn new(storage: &'a Storage) -> Self {
        Self { storage, coming: Vec::new(), place: None }
    }

    async fn begin(&mut self, hash: Hash, row: &BlobRow) -> Result<(), StorageError> {
        let row = BlobRow { dropped_ms: row.kept_ms, ..row.clone() };
        let comes = blobs::begin(self.storage, hash, codec::encode(&row), None).await?;
        self.place = comes.then_some(0);
        self.coming.extend(comes.then_some((hash, row)));
        Ok(())
    }

    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), StorageError> {
        let (Some(place), Some((hash, _))) = (&mut self.place, self.coming.last()) else {
            return Ok(());
        };
        let key = Key::Piece(hash.0.to_vec(), *place);
        *place += 1;
        self.storage.write(vec![Change::Put(Store::Blobs, key, bytes)]).await
    }

    /// Frees what came.
    async fn give_up(self) {
        for (hash, row) in self.coming {
            let coming = codec::encode(&row);
            if let Err(error) = blobs::give_up(self.storage, hash, row.size, coming).await {
                log_error(&format!("what came of a file stays: {error}"));
            }
        }
    }
}

/// The rescue files that went into a store already.
async fn taken_in(storage: &Storage) -> Result<Vec<Hash>, StorageError> {
    let row = storage.row(Store::Meta, meta::RESTORED).await?;
    Ok(row.map(|row| outbox::decode(&row, "restored")).transpose()?.unwrap_or_default())
}

/// Puts all of it in its place, in one transaction.
async fn take_in(storage: &Storage, file: Hash, came: Came) -> Result<(), CarryError> {
    let mut reads = vec![
        Read::Row(Store::Meta, meta::RESCUED.into()),
        Read::Row(Store::Meta, meta::RESTORED.into()),
        Read::Row(Store::Meta, meta::PROFILE.into()),
        Read::Row(Store::Meta, meta::PARTS.into()),
        Read::All(Store::Open),
        Read::All(Store::Place),
        Read::Row(Store::Pack, crate::platform::storage::schema::PACK.into()),
        Read::Keys(Store::Meta),
    ];
    reads.extend(came.rows_of(Store::Base).map(|(key, _)| Read::Row(Store::Base, key)));
    reads.extend(came.files.iter().map(|(hash, _)| Read::Row(Store::BlobMeta, (*hash).into())));
    let touched = [
        Store::Meta,
        Store::Open,
        Store::Place,
        Store::Pack,
        Store::Base,
        Store::Summaries,
        Store::Forms,
        Store::BlobMeta,
    ];
    let note = Key::Bytes(random::bytes::<8>().to_vec());
    let decide = move |rows: Vec<Rows>| {
        let changes = changes_of(file, &came, note.clone(), &rows)?;
        Ok((changes, ()))
    };
    Ok(storage.update(reads, &touched, decide).await?)
}

/// What is written of a rescue file. What this phone has itself stays, but for records of which it knows no later state: there
/// the other phone's work is in.
fn changes_of(
    file: Hash,
    came: &Came,
    note: Key,
    rows: &[Rows],
) -> Result<Vec<Change>, StorageError> {
    let [rescued, restored, profile, parts, open, place, pack, known, others @ ..] = rows else {
        return Err(StorageError::Unreadable("an answer is missing".to_owned()));
    };
    let (bases, files) = others.split_at(came.rows_of(Store::Base).count());
    if let Some((_, row)) = profile.first() {
        let profile: Profile = json::read(row).map_err(StorageError::Unreadable)?;
        if profile.account != came.account {
            return Err(StorageError::Other("somebody else signed in meanwhile".to_owned()));
        }
    }
    let mut former: Vec<Former> = outbox::decode_row(rescued, "rescued")?.unwrap_or_default();
    former.extend(came.devices.iter().filter(|device| !device.operations.is_empty()).cloned());
    let mut changes = vec![Change::Put(Store::Meta, meta::RESCUED.into(), codec::encode(&former))];
    let mut taken_in: Vec<Hash> = outbox::decode_row(restored, "restored")?.unwrap_or_default();
    taken_in.push(file);
    changes.push(Change::Put(Store::Meta, meta::RESTORED.into(), codec::encode(&taken_in)));
    if let Some(part) = came.part() {
        changes.push(rescue::after(parts, part)?);
    }
    let is_among = |rows: &Rows, key: &Key| rows.iter().any(|(found, _)| found == key);
    let mut put = |store: Store, key: Key, row: &[u8]| {
        changes.push(Change::Put(store, key, row.to_vec()));
    };
    if let Some(row) = came.meta(meta::PROFILE).filter(|_| profile.is_empty()) {
        put(Store::Meta, meta::PROFILE.into(), row);
    }
    for (key, row) in came.rows_of(Store::Meta) {
        let Key::Text(name) = &key else { continue };
        let is_told = [meta::NAMES, meta::ORGANISATION].contains(&name.as_str())
            || name.starts_with(meta::ENTITIES);
        if name.starts_with(meta::AUDIT) || is_told && !is_among(known, &key) {
            put(Store::Meta, key, row);
        }
    }
    for (key, row) in came.rows_of(Store::Forms) {
        // It is fetched if it is not what its name says.
        if key == codec::hash(row).into() {
            put(Store::Forms, key, row);
        }
    }
    for ((key, row), own) in came.rows_of(Store::Base).zip(bases) {
        let place = |row: &[u8]| outbox::decode::<Base>(row, "record").map(|base| base.state.rv);
        // A later state has what this phone sent since, and what the other one had sent: the feed brings the rest into it.
        let is_later = match own.first() {
            Some((_, own)) => place(own)? > place(row)?,
            None => false,
        };
        if !is_later {
            put(Store::Base, key, row);
        }
    }
    let records = came.rows_of(Store::Base).filter_map(|(key, _)| match key {
        Key::Bytes(id) => Some(RecordId(id.try_into().ok()?)),
        _ => None,
    });
    let records: Vec<RecordId> = records.collect();
    // As after a pull: kept summaries of these do not hold any more.
    put(Store::Summaries, note, &codec::encode(&records));
    for (key, row) in came.rows_of(Store::Open) {
        match open.iter().find(|(found, _)| *found == key) {
            None => put(Store::Open, key, row),
            Some((_, own)) => {
                // The same record is open here too: what is not typed here comes from there.
                let mut own: OpenPatch = outbox::decode(own, "open patch")?;
                let other: OpenPatch = outbox::decode(row, "open patch")?;
                for (path, write) in other.fields {
                    own.fields.entry(path).or_insert(write);
                }
                put(Store::Open, key, &codec::encode(&own));
            }
        }
    }
    for (key, row) in came.rows_of(Store::Place).filter(|(key, _)| !is_among(place, key)) {
        put(Store::Place, key, row);
    }
    for (key, row) in came.rows_of(Store::Pack).filter(|_| pack.is_empty()) {
        put(Store::Pack, key, row);
    }
    for ((hash, row), found) in came.files.iter().zip(files) {
        let own = found.first().map(|(_, own)| BlobRow::decode(own)).transpose()?;
        if own.is_none_or(|own| own.dropped_ms.is_some()) {
            put(Store::BlobMeta, (*hash).into(), &codec::encode(row));
        }
    }
    Ok(changes)
}

/// What does not open was sealed with another code, or is damaged: the browser does not say which.
fn wrong_code(error: CipherError) -> CarryError {
    match error {
        CipherError::NotOpened => CarryError::WrongCode,
        other => CarryError::Cipher(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures::executor::block_on;
    use sync::{
        draft::Screen,
        wire::{DeviceId, Dot, FormRef, RecordState, Sibling, Value},
    };

    use super::*;
    use crate::{platform::storage::schema::CHUNK_SIZE_BYTES, stores::carry::rows::Kept};

    const RECORD: RecordId = RecordId([1; 16]);

    /// A record with an answer, as it was at that place of the feed.
    fn base(rv: u64, answer: &str) -> Base {
        let sibling = Sibling {
            dot: Dot { device: DeviceId([2; 16]), seq: rv },
            value: Value::Text(answer.to_owned()),
        };
        let state = RecordState {
            record: RECORD,
            form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
            unit: "u".to_owned(),
            author: "an".to_owned(),
            received_ms: 1,
            changed_ms: 1,
            fields: BTreeMap::from([("a".to_owned(), vec![sibling])]),
            rv,
            left: false,
            writers: BTreeMap::new(),
        };
        Base { state, included: 0, generation: 0 }
    }

    fn came_with(base: &Base) -> Came {
        let row = Kept::of(Store::Base, &RECORD.into(), codec::encode(base)).row();
        Came { account: "an".to_owned(), rows: vec![row], ..Came::default() }
    }

    #[test]
    fn a_rescue_file_brings_no_record_back_to_what_it_was_before() {
        let file = |fill| Hash([fill; 32]);
        let shown = [(None, 5, 5), (Some(4), 5, 5), (Some(5), 5, 5), (Some(9), 5, 9)];
        for (own, came, expected) in shown {
            let storage = Storage::in_memory();
            block_on(async {
                let own = own.map(|rv| Base { generation: 3, ..base(rv, "here") });
                let own =
                    own.map(|own| Change::Put(Store::Base, RECORD.into(), codec::encode(&own)));
                storage.write(Vec::from_iter(own)).await.expect("memory stores");
                let came = came_with(&base(came, "there"));
                take_in(&storage, file(1), came).await.expect("memory stores");
                let row = storage.row(Store::Base, RECORD).await.expect("memory reads");
                let stands: Base = codec::decode(&row.expect("a record")).expect("readable");
                assert_eq!(stands.state.rv, expected);
            });
        }
    }

    #[test]
    fn a_rescue_file_is_known_again() {
        let storage = Storage::in_memory();
        block_on(async {
            assert_eq!(taken_in(&storage).await, Ok(Vec::new()));
            for fill in [1, 2] {
                let came = came_with(&base(5, "there"));
                take_in(&storage, Hash([fill; 32]), came).await.expect("memory stores");
            }
            assert_eq!(taken_in(&storage).await, Ok(vec![Hash([1; 32]), Hash([2; 32])]));
        });
    }

    #[test]
    fn a_phone_knows_what_it_still_lacks_of_several_rescue_files() {
        let storage = Storage::in_memory();
        block_on(async {
            for (place, missing) in [(1, vec![2]), (2, Vec::new())] {
                let part = Part { making: 7, place, of: 2 };
                let rows = vec![Kept::part(part).row()];
                let came = Came { account: "an".to_owned(), rows, ..Came::default() };
                take_in(&storage, Hash([1; 32]), came).await.expect("memory stores");
                let row = storage.row(Store::Meta, meta::PARTS).await.expect("memory reads");
                let all: Vec<rescue::Parts> =
                    codec::decode(&row.expect("a row")).expect("readable");
                assert_eq!(all.first().map(rescue::Parts::missing).unwrap_or_default(), missing);
            }
        });
    }

    /// What a file brings beside rows: photos, each of that many pieces.
    async fn arrive(storage: &Storage, files: &[(Hash, u32)]) -> (Came, Result<(), StorageError>) {
        let (mut came, mut arriving) = (came_with(&base(5, "there")), Arriving::new(storage));
        for (hash, pieces) in files {
            let size = u64::from(*pieces) * CHUNK_SIZE_BYTES as u64;
            let row = BlobRow::unsent(size, "image/jpeg".to_owned(), 1);
            came.files.push((*hash, row));
        }
        let mut put = Ok(());
        for ((hash, row), (_, pieces)) in came.files.iter().zip(files) {
            put = put.and(arriving.begin(*hash, row).await);
            for place in 0..*pieces {
                storage.fill_up(place == 2);
                put = put.and(arriving.take(vec![9]).await);
                storage.fill_up(false);
            }
        }
        if put.is_err() {
            arriving.give_up().await;
        }
        (came, put)
    }

    async fn pieces(storage: &Storage) -> usize {
        storage.read(vec![Read::Keys(Store::Blobs)]).await.expect("memory reads")[0].len()
    }

    #[test]
    fn a_rescue_file_brings_its_photos_and_leaves_those_that_are_here() {
        let storage = Storage::in_memory();
        let (here, new) = (Hash([7; 32]), Hash([8; 32]));
        block_on(async {
            let own = BlobRow { sent: true, ..BlobRow::unsent(1, "image/png".to_owned(), 0) };
            let piece = Change::Put(Store::Blobs, Key::Piece(here.0.to_vec(), 0), vec![1]);
            let row = Change::Put(Store::BlobMeta, here.into(), codec::encode(&own));
            storage.write(vec![piece, row]).await.expect("memory stores");
            let (came, put) = arrive(&storage, &[(here, 1), (new, 2)]).await;
            assert_eq!(put, Ok(()));
            assert_eq!(blobs::unsent(&storage).await, Ok(Vec::new()), "nobody sees them yet");
            take_in(&storage, Hash([1; 32]), came).await.expect("memory stores");
            let unsent = blobs::unsent(&storage).await.expect("memory reads");
            assert_eq!(unsent.iter().map(|(hash, _)| *hash).collect::<Vec<_>>(), [new]);
            let bytes = async |hash| {
                let mut bytes = Vec::new();
                let read = blobs::read(&storage, hash, |piece| bytes.extend(piece)).await;
                (read, bytes)
            };
            assert_eq!(pieces(&storage).await, 3);
            assert_eq!(bytes(here).await, (Ok(true), vec![1]), "as it was");
            let first = storage.row(Store::Blobs, Key::Piece(new.0.to_vec(), 1)).await;
            assert_eq!(first, Ok(Some(vec![9])));
        });
    }

    #[test]
    fn photos_for_which_there_is_no_room_leave_the_room_that_there_was() {
        let storage = Storage::in_memory();
        block_on(async {
            let (_, put) = arrive(&storage, &[(Hash([7; 32]), 2), (Hash([8; 32]), 3)]).await;
            assert_eq!(put, Err(StorageError::Full));
            assert_eq!(pieces(&storage).await, 0);
            assert_eq!(storage.all(Store::BlobMeta).await, Ok(Vec::new()));
        });
    }

    #[test]
    fn what_the_old_phone_was_told_stands_in_for_what_this_one_was_not() {
        let storage = Storage::in_memory();
        let list = format!("{}ho_dan", meta::ENTITIES);
        let names = [meta::ORGANISATION, meta::NAMES, list.as_str()];
        let rows = |value: u8| names.map(|name| (Key::from(name), vec![value]));
        let came = |value: u8| {
            let row = |(key, row): (Key, Vec<u8>)| Kept::of(Store::Meta, &key, row).row();
            let rows = rows(value).into_iter().map(row).collect();
            Came { account: "an".to_owned(), rows, ..Came::default() }
        };
        block_on(async {
            for value in [1, 2] {
                take_in(&storage, Hash([value; 32]), came(value)).await.expect("memory stores");
                for (key, row) in rows(1) {
                    assert_eq!(storage.row(Store::Meta, key).await, Ok(Some(row)));
                }
            }
        });
    }

    #[test]
    fn a_form_is_what_its_name_says_or_stays_out() {
        let storage = Storage::in_memory();
        let (form, other) = (codec::hash(b"<form/>"), codec::hash(b"<other/>"));
        let row = |hash: Hash, xml: &[u8]| Kept::of(Store::Forms, &hash.into(), xml.to_vec()).row();
        let rows = vec![row(form, b"<forged/>"), row(other, b"<other/>")];
        let came = Came { account: "an".to_owned(), rows, ..Came::default() };
        block_on(async {
            let put = Change::Put(Store::Forms, form.into(), b"<form/>".to_vec());
            storage.write(vec![put]).await.expect("memory stores");
            take_in(&storage, Hash([1; 32]), came).await.expect("memory stores");
            for (hash, xml) in [(form, &b"<form/>"[..]), (other, b"<other/>")] {
                assert_eq!(storage.row(Store::Forms, hash).await, Ok(Some(xml.to_vec())));
            }
        });
    }

    #[test]
    fn of_a_record_that_is_open_on_both_phones_what_was_typed_here_stands() {
        let storage = Storage::in_memory();
        let open = |answers: &[(&str, &str)]| {
            let form = base(1, "").state.form;
            let (unit, author, screen) = ("u".to_owned(), "an".to_owned(), Screen::default());
            let mut patch = OpenPatch::new(RECORD, form, unit, author, &screen);
            for (path, text) in answers {
                patch.put(path, Value::Text((*text).to_owned()), &screen);
            }
            patch
        };
        let (own, other) = (open(&[("a", "here")]), open(&[("a", "there"), ("b", "there")]));
        let row = Kept::of(Store::Open, &RECORD.into(), codec::encode(&other)).row();
        let came = Came { account: "an".to_owned(), rows: vec![row], ..Came::default() };
        block_on(async {
            let put = Change::Put(Store::Open, RECORD.into(), codec::encode(&own));
            storage.write(vec![put]).await.expect("memory stores");
            take_in(&storage, Hash([1; 32]), came).await.expect("memory stores");
            let row = storage.row(Store::Open, RECORD).await.expect("memory reads");
            let stands: OpenPatch = codec::decode(&row.expect("a patch")).expect("readable");
            assert_eq!(stands, open(&[("a", "here"), ("b", "there")]));
        });
    }
}
