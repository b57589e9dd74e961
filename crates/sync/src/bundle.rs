//! A bundle: what a phone holds and the server lacks, as a file that anybody may carry. Who carries it can neither read
//! nor change it.
//!
//! | Part | What |
//! |---|---|
//! | [`MAGIC`] | 8 bytes |
//! | length of the header | 4 bytes, the highest first |
//! | [`Header`] | CBOR: who made it, and for whom |
//! | frames | [`FRAME_BYTES`] of [`Item`]s each, under AES-256-GCM; the last one is shorter and says so |
//! | signature | 64 bytes: ECDSA P-256 by the device over all before it |
//!
//! No cipher is here: [`Packer`] says what to seal with which nonce, [`Frames`] where sealed pieces lie, [`Unpacker`]
//! reads what was opened. So a phone uses its browser's ciphers, the server its own, and neither holds more than a frame
//! of the file in memory.
//!
//! Each frame is bound to the header (as associated data) and to its place (in the nonce), and the last to its being the
//! last. The signature covers the sealed bytes, so that a forgery is refused before anything is opened.

use crate::{
    codec::{self, DecodeError, Hasher},
    wire::{DeviceId, Hash, SealedOperation},
};
use minicbor::{Decode, Encode};

/// What every bundle begins with.
pub const MAGIC: [u8; 8] = *b"sotaybdl";
/// The newest version of the format.
pub const VERSION: u32 = 1;
/// Bytes in every frame but the last, before they are sealed.
pub const FRAME_BYTES: usize = 256 * 1024;
/// Bytes that sealing adds to a frame, and to a wrapped key.
pub const TAG_BYTES: usize = 16;
/// Bytes of a signature: r and s.
pub const SIGNATURE_BYTES: usize = 64;
/// Bytes of a bundle, at most.
pub const MAX_BYTES: u64 = 1 << 30;
/// Bytes of a header, at most.
pub const MAX_HEADER_BYTES: usize = 4 * 1024;
/// Bytes of one item, at most.
pub const MAX_ITEM_BYTES: usize = 8 << 20;
/// Bytes of a file in one [`Item::Chunk`], at most.
pub const MAX_CHUNK_BYTES: usize = 256 * 1024;

/// Bytes before the header: [`MAGIC`] and the header's length.
pub const PREFIX_BYTES: usize = MAGIC.len() + 4;
const SEALED_FRAME_BYTES: u64 = (FRAME_BYTES + TAG_BYTES) as u64;
const LENGTH_BYTES: usize = 4;

/// A point of P-256, uncompressed: what `WebCrypto` calls `raw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(with = "minicbor::bytes")] pub [u8; 65]);

impl PublicKey {
    /// What the key is called: SHA-256 of its bytes.
    #[must_use]
    pub fn id(&self) -> Hash {
        codec::hash(&self.0)
    }
}

/// The key of a bundle's frames, sealed under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct WrappedKey(#[cbor(with = "minicbor::bytes")] pub [u8; 32 + TAG_BYTES]);

/// What a bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// To be carried to the server.
    #[n(0)]
    Carry,
    /// To go on from on another phone; the server takes it too if it has its key.
    #[n(1)]
    Rescue,
}

/// How much is in a bundle: for whoever carries it. The server believes what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Counts {
    /// Records that its operations change.
    #[n(0)]
    pub records: u64,
    /// Operations.
    #[n(1)]
    pub operations: u64,
    /// Photos and other files.
    #[n(2)]
    pub files: u64,
}

/// The bundle's key for the organisation: ECDH P-256, HKDF-SHA-256 ([`organisation_info`]), AES-256-GCM with a nonce of
/// zeros, for the key under it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ForOrganisation {
    /// Which of the organisation's keys: [`PublicKey::id`].
    #[n(0)]
    pub key: Hash,
    /// The sender's half, made for this bundle.
    #[n(1)]
    pub ephemeral: PublicKey,
    /// The bundle's key.
    #[n(2)]
    pub wrapped: WrappedKey,
}

/// The bundle's key for whoever knows its code: PBKDF2-HMAC-SHA-256 of the code ([`code_bytes`]), AES-256-GCM with a nonce
/// of zeros, for the salt is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ForCode {
    /// Random.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// How often it is hashed.
    #[n(1)]
    pub iterations: u32,
    /// The bundle's key.
    #[n(2)]
    pub wrapped: WrappedKey,
}

/// What anybody can read of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    /// [`VERSION`] of the writer.
    #[n(0)]
    pub version: u32,
    /// What it is for.
    #[n(1)]
    pub kind: Kind,
    /// The device that made it.
    #[n(2)]
    pub device: DeviceId,
    /// What that device signs with.
    #[n(3)]
    pub signer: PublicKey,
    /// The device's clock then, for people: milliseconds since 1970-01-01 UTC.
    #[n(4)]
    pub made_ms: i64,
    /// How much is in it.
    #[n(5)]
    pub counts: Counts,
    /// Its key for the server.
    #[n(6)]
    pub organisation: Option<ForOrganisation>,
    /// Its key for the person.
    #[n(7)]
    pub code: Option<ForCode>,
}

/// Why something is no bundle, or not the one that was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It does not begin as one.
    #[error("no bundle")]
    NoBundle,
    /// It was made by a newer version.
    #[error("made by version {0} of the format")]
    Newer(u32),
    /// The header is not readable.
    #[error("header: {0}")]
    Header(DecodeError),
    /// It ends before its end.
    #[error("cut short")]
    CutShort,
    /// It, or a part of it, is larger than any bundle.
    #[error("too large")]
    TooLarge,
    /// What was sealed in it is no item.
    #[error("content: {0}")]
    Content(DecodeError),
    /// Its items do not follow each other as they must.
    #[error("content out of order: {0}")]
    Order(&'static str),
}

/// A header as it stands at the beginning of a file.
#[must_use]
pub fn write_header(header: &Header) -> Vec<u8> {
    let body = codec::encode(header);
    let length = u32::try_from(body.len()).expect("a header is short");
    [&MAGIC[..], &length.to_be_bytes(), &body].concat()
}

/// How long the header is, by the first [`PREFIX_BYTES`] of a file.
///
/// # Errors
///
/// If it is no bundle.
pub fn header_length(prefix: &[u8; PREFIX_BYTES]) -> Result<usize, BundleError> {
    let (magic, length) = prefix.split_at(MAGIC.len());
    let length: [u8; LENGTH_BYTES] = length.try_into().map_err(|_short| BundleError::NoBundle)?;
    let length = u32::from_be_bytes(length) as usize;
    match magic == MAGIC {
        false => Err(BundleError::NoBundle),
        true if length > MAX_HEADER_BYTES => Err(BundleError::TooLarge),
        true => Ok(length),
    }
}

/// Reads the header that follows the prefix. One of a newer version is refused as such, whatever else it holds.
///
/// # Errors
///
/// If it is not the header of a version that is known.
pub fn read_header(body: &[u8]) -> Result<Header, BundleError> {
    let version = minicbor::decode::<Versioned>(body).map_or(VERSION, |header| header.version);
    if version > VERSION {
        return Err(BundleError::Newer(version));
    }
    codec::decode(body).map_err(BundleError::Header)
}

#[derive(Decode)]
#[cbor(map)]
struct Versioned {
    #[n(0)]
    version: u32,
}

/// What every frame is sealed with as its associated data.
#[must_use]
pub fn associated_data(written_header: &[u8]) -> Hash {
    codec::hash(written_header)
}

/// The nonce of a frame. No key seals two frames of one place.
#[must_use]
pub fn nonce(place: u64, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (_, counter) = nonce.split_at_mut(3);
    let (counter, last) = counter.split_at_mut(8);
    counter.copy_from_slice(&place.to_be_bytes());
    last.copy_from_slice(&[u8::from(is_last)]);
    nonce
}

/// The `info` of HKDF for [`ForOrganisation`]: both public keys are bound, so that neither can be put in another's place.
#[must_use]
pub fn organisation_info(ephemeral: &PublicKey, organisation: &PublicKey) -> Vec<u8> {
    [b"sotay bundle 1 organisation", &ephemeral.0[..], &organisation.0[..]].concat()
}

/// A code as it is hashed: capitals, dashes and spaces do not matter.
#[must_use]
pub fn code_bytes(code: &str) -> Vec<u8> {
    let letters = code.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A code of 100 random bits, in groups that can be read out and copied by hand: no letters that look alike.
#[must_use]
pub fn code_of(random: [u8; 16]) -> String {
    const LETTERS: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't',
        'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9',
    ];
    let bits = u128::from_be_bytes(random);
    let letter = |place: u32| LETTERS.get((bits >> (5 * place) & 31) as usize);
    let mut code = String::new();
    for place in 0..20 {
        if place > 0 && place % 5 == 0 {
            code.push('-');
        }
        code.extend(letter(place));
    }
    code
}

/// What the device signs: a digest of everything before the signature, told apart from all else that it may sign.
#[derive(Clone, Debug, Default)]
pub struct Signed(Hasher);

impl Signed {
    /// Takes the file's next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The message to sign or to prove.
    #[must_use]
    pub fn message(self) -> Vec<u8> {
        let Hash(digest) = self.0.finish();
        [b"sotay bundle 1 signature", &digest[..]].concat()
    }
}

/// Where the sealed frames of a file lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frames {
    start: u64,
    end: u64,
}

impl Frames {
    /// Those of a file of so many bytes, whose header is so long.
    ///
    /// # Errors
    ///
    /// If there is no room for a single one, or the file is too large.
    pub fn of(header_length: usize, file_bytes: u64) -> Result<Self, BundleError> {
        if file_bytes > MAX_BYTES {
            return Err(BundleError::TooLarge);
        }
        let start = (PREFIX_BYTES + header_length) as u64;
        let end = file_bytes.checked_sub(SIGNATURE_BYTES as u64).ok_or(BundleError::CutShort)?;
        let sealed = end.checked_sub(start).ok_or(BundleError::CutShort)?;
        let last = sealed % SEALED_FRAME_BYTES;
        if sealed == 0 || (1..=TAG_BYTES as u64).contains(&last) {
            return Err(BundleError::CutShort); // a frame holds something
        }
        Ok(Self { start, end })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.end - self.start).div_ceil(SEALED_FRAME_BYTES)
    }

    /// The bytes of a frame in the file, and its nonce.
    #[must_use]
    pub fn frame(&self, place: u64) -> Option<(std::ops::Range<u64>, [u8; 12])> {
        let start = self.start.checked_add(place.checked_mul(SEALED_FRAME_BYTES)?)?;
        let end = self.end.min(start.checked_add(SEALED_FRAME_BYTES)?);
        (start < end).then(|| (start..end, nonce(place, end == self.end)))
    }

    /// Where the signature begins.
    #[must_use]
    pub fn signature(&self) -> u64 {
        self.end
    }
}

/// What a bundle holds, in this order: [`Item::Contents`]; each device with its operations; each file with its chunks; rows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// Whose it is. The first item.
    #[n(0)]
    Contents(#[n(0)] Contents),
    /// The operations that follow are of this device.
    #[n(1)]
    Device(#[n(0)] OfDevice),
    /// A sealed operation, in rising order of `seq` without gaps.
    #[n(2)]
    Operation(#[n(0)] SealedOperation),
    /// The chunks that follow are of this file.
    #[n(3)]
    File(#[n(0)] FileHead),
    /// The file's next bytes.
    #[n(4)]
    Chunk(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
    /// Something that only a phone has a use for.
    #[n(5)]
    Row(#[n(0)] Row),
}

/// Whose a bundle is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contents {
    /// The account that was signed in.
    #[n(0)]
    pub account: String,
    /// What the device calls itself.
    #[n(1)]
    pub device_name: String,
}

/// A device whose operations follow: that which made the bundle, or an id that it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OfDevice {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// As in [`crate::wire::PushRequest::oldest`].
    #[n(1)]
    pub oldest: Option<u64>,
}

/// The items of a device's operations, which come in rising order of `seq`.
///
/// What a device frees leaves holes among what waits at the repair desk, so that each run is as a push of its own. A device
/// that has nothing is named all the same.
#[must_use]
pub fn runs(device: DeviceId, operations: impl IntoIterator<Item = SealedOperation>) -> Vec<Item> {
    let named = |oldest| Item::Device(OfDevice { device, oldest });
    let (mut items, mut next) = (Vec::new(), None);
    for operation in operations {
        let seq = operation.seq;
        if next != Some(seq) {
            items.push(named(Some(seq).filter(|seq| *seq > 1)));
        }
        next = seq.checked_add(1);
        items.push(Item::Operation(operation));
    }
    if items.is_empty() {
        items.push(named(None));
    }
    items
}

/// Whether an operation goes into an item.
#[must_use]
pub const fn takes(operation: &SealedOperation) -> bool {
    const BESIDE: usize = 64; // its number, and what it is
    operation.bytes.len() <= MAX_ITEM_BYTES - BESIDE
}

/// A file that follows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FileHead {
    /// SHA-256 of its bytes.
    #[n(0)]
    pub hash: Hash,
    /// Its length in bytes.
    #[n(1)]
    pub size: u64,
    /// Its media type.
    #[n(2)]
    pub media_type: String,
}

/// A row of the phone's own store.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Row {
    /// Which store.
    #[n(0)]
    pub store: String,
    /// The row's key in it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// The row.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub value: Vec<u8>,
}

/// Bytes of a row that go into one item.
const ROW_BYTES: usize = MAX_ITEM_BYTES / 2;
/// Behind the name of a store: the row is a piece of one, and others follow.
const MORE: char = '+';
/// Behind the name of a store: the row is the last piece of one.
const LAST: char = '=';

impl Row {
    /// The row as items hold it: one that is too long comes in pieces, of stores that no phone has. Whoever does not join them
    /// passes them over.
    #[must_use]
    pub fn in_pieces(self) -> Vec<Self> {
        let count = self.value.len().div_ceil(ROW_BYTES);
        if count < 2 {
            return vec![self];
        }
        let piece = |(place, value): (usize, &[u8])| {
            let store = format!("{}{}", self.store, if place == count { LAST } else { MORE });
            Self { store, key: self.key.clone(), value: value.to_vec() }
        };
        (1..).zip(self.value.chunks(ROW_BYTES)).map(piece).collect()
    }

    /// Puts it behind these, or to the piece that it follows.
    pub fn join(self, rows: &mut Vec<Self>) {
        let name = self.store.strip_suffix([MORE, LAST]).map(str::to_owned);
        let before = name.as_ref().and_then(|name| {
            let is_before = |row: &&mut Self| {
                row.key == self.key && row.store.strip_suffix(MORE) == Some(name.as_str())
            };
            rows.last_mut().filter(is_before)
        });
        match (before, name) {
            (Some(before), Some(name)) => {
                before.value.extend(self.value);
                if self.store.ends_with(LAST) {
                    before.store = name;
                }
            }
            _ => rows.push(self),
        }
    }
}

/// Bytes that every bundle has beside those that were asked for: its header, and whose it is.
const BESIDE_BYTES: u64 = 64 * 1024;

/// Bytes of a bundle that an item takes.
#[must_use]
pub fn bytes_of(item: &Item) -> u64 {
    with_tags(codec::encode(item).len() as u64)
}

/// More than the frames and items of so many bytes take.
const fn with_tags(bytes: u64) -> u64 {
    bytes + bytes / 4096 + 1024
}

/// How many files each bundle takes, of such sizes in that order, so that none is longer than `limit`: the first one holds
/// other items of `others` bytes, and any further one files alone.
#[must_use]
pub fn parts(limit: u64, others: u64, sizes: impl IntoIterator<Item = u64>) -> Vec<usize> {
    let (mut parts, mut count, mut bytes) = (Vec::new(), 0, BESIDE_BYTES + others);
    for size in sizes {
        let size = with_tags(size);
        if bytes + size > limit && (count > 0 || parts.is_empty()) {
            parts.push(count);
            (count, bytes) = (0, BESIDE_BYTES);
        }
        count += 1;
        bytes += size;
    }
    parts.push(count);
    parts
}

/// A piece of the content that is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// With this nonce.
    pub nonce: [u8; 12],
    /// These bytes.
    pub bytes: Vec<u8>,
}

/// Puts items together into frames.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    buffer: Vec<u8>,
    place: u64,
}

impl Packer {
    /// Takes the next item; gives the frames that are full, none of which is the last.
    ///
    /// # Errors
    ///
    /// If it is longer than [`Unpacker::take`] takes any.
    pub fn put(&mut self, item: &Item) -> Result<Vec<Plain>, BundleError> {
        let bytes = codec::encode(item);
        let length = u32::try_from(bytes.len()).map_err(|_longer| BundleError::TooLarge)?;
        if bytes.len() > MAX_ITEM_BYTES {
            return Err(BundleError::TooLarge);
        }
        self.buffer.extend(length.to_be_bytes());
        self.buffer.extend(bytes);
        let mut full = Vec::new();
        while self.buffer.len() > FRAME_BYTES {
            let rest = self.buffer.split_off(FRAME_BYTES);
            let frame = std::mem::replace(&mut self.buffer, rest);
            full.push(self.seal(frame, false));
        }
        Ok(full)
    }

    /// The last frame.
    #[must_use]
    pub fn finish(mut self) -> Plain {
        let bytes = std::mem::take(&mut self.buffer);
        self.seal(bytes, true)
    }

    fn seal(&mut self, bytes: Vec<u8>, is_last: bool) -> Plain {
        let nonce = nonce(self.place, is_last);
        self.place += 1;
        Plain { nonce, bytes }
    }
}

/// Where [`Unpacker`] stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stands {
    Before,
    Contents,
    Operations { next: Option<u64> },
    File { missing: u64 },
    Rows,
}

/// Takes frames apart into items, and makes sure that they follow each other as they must.
#[derive(Clone, Debug)]
pub struct Unpacker {
    buffer: Vec<u8>,
    stands: Stands,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self { buffer: Vec::new(), stands: Stands::Before }
    }
}

impl Unpacker {
    /// Takes the next opened frame; gives the items that it completes.
    ///
    /// # Errors
    ///
    /// If they are no items, or follow each other wrongly.
    pub fn take(&mut self, frame: &[u8]) -> Result<Vec<Item>, BundleError> {
        self.buffer.extend(frame);
        let (mut items, mut at) = (Vec::new(), 0);
        while let Some((length, rest)) =
            self.buffer.get(at..).and_then(|rest| rest.split_first_chunk::<LENGTH_BYTES>())
        {
            let length = u32::from_be_bytes(*length) as usize;
            if length > MAX_ITEM_BYTES {
                return Err(BundleError::TooLarge);
            }
            let Some(bytes) = rest.get(..length) else { break };
            let item = codec::decode(bytes).map_err(BundleError::Content)?;
            at += LENGTH_BYTES + length;
            self.stands = follow(&self.stands, &item)?;
            items.push(item);
        }
        self.buffer.drain(..at);
        Ok(items)
    }

    /// After the last frame: proves that nothing is missing.
    ///
    /// # Errors
    ///
    /// If something is.
    pub fn finish(self) -> Result<(), BundleError> {
        let is_whole = self.buffer.is_empty() && is_between(&self.stands);
        if is_whole { Ok(()) } else { Err(BundleError::CutShort) }
    }
}

/// Whether no file is begun and not ended, and there was something.
fn is_between(stands: &Stands) -> bool {
    !matches!(stands, Stands::Before | Stands::File { missing: 1.. })
}

fn follow(stands: &Stands, item: &Item) -> Result<Stands, BundleError> {
    match (stands, item) {
        (Stands::Before, Item::Contents(_)) => Ok(Stands::Contents),
        (Stands::Before, _) => Err(BundleError::Order("whose it is comes first")),
        (_, Item::Contents(_)) => Err(BundleError::Order("it is somebody's once")),
        (Stands::Contents | Stands::Operations { .. }, Item::Device(_)) => {
            Ok(Stands::Operations { next: None })
        }
        (Stands::Operations { next }, Item::Operation(operation)) => {
            if next.is_some_and(|next| next != operation.seq) {
                return Err(BundleError::Order("operations have no gaps"));
            }
            let next = operation.seq.checked_add(1);
            let next = next.ok_or(BundleError::Order("operations are counted"))?;
            Ok(Stands::Operations { next: Some(next) })
        }
        (Stands::File { missing: missing @ 1.. }, Item::Chunk(bytes)) => {
            let is_chunk = !bytes.is_empty() && bytes.len() <= MAX_CHUNK_BYTES;
            let missing = missing.checked_sub(bytes.len() as u64).filter(|_| is_chunk);
            let missing = missing.ok_or(BundleError::Order("a file has the length it says"))?;
            Ok(Stands::File { missing })
        }
        (Stands::File { missing: 1.. }, _) => Err(BundleError::Order("a file's chunks follow it")),
        (Stands::Contents | Stands::Operations { .. } | Stands::File { .. }, Item::File(file)) => {
            Ok(Stands::File { missing: file.size })
        }
        (_, Item::Row(_)) => Ok(Stands::Rows),
        _ => Err(BundleError::Order("operations, files, rows")),
    }
}
