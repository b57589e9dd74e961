//! Reading a bundle: first that it is what its device signed, then what is in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sync::bundle::{
    BundleError, Frames, Header, Item, PREFIX_BYTES, SIGNATURE_BYTES, Signed, Unpacker,
    associated_data, header_length, read_header,
};
use sync::codec::Hasher;
use sync::wire::Hash;

use super::keys::{KeyFolder, is_signed};
use super::{Refusal, cipher};

/// A bundle of which every byte is what its device signed.
#[derive(Debug)]
pub(super) struct Proved {
    file: File,
    pub header: Header,
    /// Its name: SHA-256 of it.
    pub hash: Hash,
    frames: Frames,
    associated: Hash,
}

/// Why a file was not read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It is not a bundle that can be taken.
    Refused(Refusal),
    /// The disk said no.
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Refused(Refusal::Bundle(BundleError::CutShort)),
            _ => Self::Io(error),
        }
    }
}

impl From<BundleError> for ReadError {
    fn from(error: BundleError) -> Self {
        Self::Refused(Refusal::Bundle(error))
    }
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Proved {
    /// Proves a file, without opening anything in it.
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut prefix = [0; PREFIX_BYTES];
        file.read_exact(&mut prefix).map_err(|_short| BundleError::NoBundle)?;
        let length = header_length(&prefix)?;
        let mut body = vec![0; length];
        file.read_exact(&mut body)?;
        let header = read_header(&body)?;
        let frames = Frames::of(length, size)?;
        let written = [&prefix[..], &body].concat();
        let (mut signed, mut whole) = (Signed::default(), Hasher::default());
        signed.update(&written);
        whole.update(&written);
        let mut sealed = Read::by_ref(&mut file).take(frames.signature() - written.len() as u64);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match sealed.read(&mut buffer)? {
                0 => break,
                read => {
                    let read = buffer.get(..read).unwrap_or_default();
                    signed.update(read);
                    whole.update(read);
                }
            }
        }
        let mut signature = [0; SIGNATURE_BYTES];
        file.read_exact(&mut signature)?;
        whole.update(&signature);
        if !is_signed(&header.signer, &signed.message(), &signature) {
            return Err(Refusal::Altered.into());
        }
        let (hash, associated) = (whole.finish(), associated_data(&written));
        Ok(Self { file, header, hash, frames, associated })
    }

    /// Opens it, frame by frame, and hands over what each completes. `false` from whoever takes it: no more is wanted.
    pub(super) fn open(
        mut self,
        keys: &KeyFolder,
        mut take: impl FnMut(Vec<Item>) -> bool,
    ) -> Result<(), ReadError> {
        let sealed = self.header.organisation.as_ref().ok_or(Refusal::NotForServer)?;
        let key = keys.find(sealed.key)?.ok_or(Refusal::UnknownKey)?;
        let key = key.unwrap(sealed).ok_or(Refusal::Altered)?;
        let mut unpacker = Unpacker::default();
        for place in 0..self.frames.count() {
            let (range, nonce) = self.frames.frame(place).ok_or(BundleError::CutShort)?;
            let mut frame = Vec::new();
            self.file.seek(SeekFrom::Start(range.start))?;
            Read::by_ref(&mut self.file).take(range.end - range.start).read_to_end(&mut frame)?;
            let frame = cipher::open(&key, &nonce, &self.associated.0, &frame);
            let items = unpacker.take(&frame.ok_or(Refusal::Altered)?)?;
            if !items.is_empty() && !take(items) {
                return Ok(());
            }
        }
        Ok(unpacker.finish()?)
    }
}
