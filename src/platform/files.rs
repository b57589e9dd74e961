//! Files: those a person picked, and those the app hands out.

use std::borrow::Cow;

use js_sys::{Array, Uint8Array};
use sync::{codec::Hasher, wire::Hash};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BlobPropertyBag, DragEvent, FileList, HtmlAnchorElement, HtmlInputElement, Url};

use super::exception_text;

/// Bytes that the browser keeps.
pub use web_sys::Blob;
/// A file that a person gave, not read yet.
pub use web_sys::File;
/// Where files are picked.
pub use web_sys::HtmlInputElement as Input;

/// The browser would not read or hand out a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("file: {0}")]
pub struct FileError(pub String);

impl FileError {
    #[expect(clippy::needless_pass_by_value, reason = "used as `map_err(FileError::of)`")]
    pub(super) fn of(error: JsValue) -> Self {
        Self(exception_text(&error))
    }
}

/// A file with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked<B = Vec<u8>> {
    /// Its name.
    pub name: String,
    /// Its media type; empty when the browser does not know it.
    pub media_type: String,
    /// Its bytes.
    pub bytes: B,
}

impl Picked {
    /// The same file, to be kept.
    #[must_use]
    pub fn to_keep(self) -> Picked<Body> {
        let Self { name, media_type, bytes } = self;
        Picked { name, media_type, bytes: bytes.into() }
    }
}

/// The bytes of a file that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A small one, in the app's memory.
    Here(Vec<u8>),
    /// In the browser's hands, and read part by part: a film takes more of the app's memory, which never shrinks, than a phone has.
    Browser(Blob),
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Here(bytes)
    }
}

/// So many bytes are hashed at a time: the page is drawn in between.
const HASHED_AT_ONCE: usize = 1 << 20;
/// A file of at most so many bytes is read at once.
const READ_AT_ONCE: u64 = 4 << 20;

impl Body {
    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::Browser(blob) => size(blob),
        }
    }

    /// Those from `start` on until `end`.
    pub async fn part(&self, start: u64, end: u64) -> Result<Cow<'_, [u8]>, FileError> {
        match self {
            Self::Here(bytes) => {
                let at = |place| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                Ok(Cow::Borrowed(bytes.get(at(start)..at(end)).unwrap_or_default()))
            }
            Self::Browser(blob) => slice(blob, start, end).await.map(Cow::Owned),
        }
    }

    /// SHA-256 of all of them.
    pub async fn hash(&self) -> Result<Hash, FileError> {
        let (size, mut hasher) = (self.size(), Hasher::default());
        for start in (0..size).step_by(HASHED_AT_ONCE) {
            hasher.update(&self.part(start, size.min(start + HASHED_AT_ONCE as u64)).await?);
        }
        Ok(hasher.finish())
    }
}

/// The first file picked in an `<input type=file>`, and the input made empty again so that the same file can be picked
/// once more.
#[must_use]
pub fn take_picked(input: &HtmlInputElement) -> Option<File> {
    let file = input.files()?.get(0)?;
    input.set_value("");
    Some(file)
}

/// All files picked in an `<input type=file multiple>`, and the input made empty again.
#[must_use]
pub fn take_all_picked(input: &HtmlInputElement) -> Vec<File> {
    let files = input.files().map_or_else(Vec::new, |list| listed(&list));
    input.set_value("");
    files
}

/// The files that a person lets go over the page.
#[must_use]
pub fn dropped(event: &DragEvent) -> Vec<File> {
    let list = event.data_transfer().and_then(|transfer| transfer.files());
    list.map_or_else(Vec::new, |list| listed(&list))
}

fn listed(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|at| list.get(at)).collect()
}

/// Reads a file whole. One without a byte in it is none: some cameras hand one over when they fail.
pub async fn read(file: &File) -> Result<Picked, FileError> {
    if size(file) == 0 {
        return Err(FileError("empty".to_owned()));
    }
    Ok(Picked { name: file.name(), media_type: file.type_(), bytes: blob_bytes(file).await? })
}

/// As [`read`], but leaves a large one in the browser's hands.
pub async fn read_to_keep(file: &File) -> Result<Picked<Body>, FileError> {
    if size(file) <= READ_AT_ONCE {
        return read(file).await.map(Picked::to_keep);
    }
    let bytes = Body::Browser(file.clone().into());
    Ok(Picked { name: file.name(), media_type: file.type_(), bytes })
}

/// A part of a file.
pub async fn slice(file: &Blob, start: u64, end: u64) -> Result<Vec<u8>, FileError> {
    #[expect(clippy::cast_precision_loss, reason = "files are far below 2^53 bytes")]
    let part = file.slice_with_f64_and_f64(start as f64, end as f64).map_err(FileError::of)?;
    blob_bytes(&part).await
}

/// How long a file is.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are whole numbers"
)]
pub fn size(file: &Blob) -> u64 {
    file.size() as u64
}

pub(super) async fn blob_bytes(blob: &Blob) -> Result<Vec<u8>, FileError> {
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(FileError::of)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Bytes as the browser keeps them.
pub fn blob_of(bytes: &[u8], media_type: &str) -> Result<Blob, FileError> {
    let mut whole = Joined::default();
    whole.push(bytes);
    whole.end(media_type)
}

/// Pieces that become one file in the browser's hands: none of them stays in the app's memory, which never shrinks.
#[derive(Default)]
pub struct Joined(Array);

impl Joined {
    /// The next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(&Uint8Array::from(bytes));
    }

    /// All of them, as a file.
    pub fn end(self, media_type: &str) -> Result<Blob, FileError> {
        let options = BlobPropertyBag::new();
        options.set_type(media_type);
        Blob::new_with_u8_array_sequence_and_options(&self.0, &options).map_err(FileError::of)
    }
}

/// An address under which the page can show these bytes, until it is dropped.
pub struct ObjectUrl(String);

impl ObjectUrl {
    /// Makes the address.
    pub fn new(bytes: &[u8], media_type: &str) -> Result<Self, FileError> {
        Self::of(&blob_of(bytes, media_type)?)
    }

    /// An address of what the browser holds.
    pub fn of(blob: &Blob) -> Result<Self, FileError> {
        Url::create_object_url_with_blob(blob).map(Self).map_err(FileError::of)
    }

    /// The address, for `src` or `href`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        if let Err(error) = Url::revoke_object_url(&self.0) {
            super::log_error(&format!("address not freed: {}", exception_text(&error)));
        }
    }
}

/// Offers bytes as a download under that name.
pub fn download(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), FileError> {
    click_download(ObjectUrl::new(bytes, media_type)?, name)
}

/// Offers what an address shows as a download under that name.
pub fn click_download(url: ObjectUrl, name: &str) -> Result<(), FileError> {
    let document = super::document::document().ok_or_else(|| FileError("no page".to_owned()))?;
    let link: HtmlAnchorElement = document
        .create_element("a")
        .map_err(FileError::of)?
        .dyn_into()
        .map_err(|_element| FileError("no link".to_owned()))?;
    link.set_href(url.as_str());
    link.set_download(name);
    link.click();
    // The browser reads the address after this turn: free it much later.
    super::tasks::spawn(async move {
        super::tasks::sleep(60_000).await;
        drop(url);
    });
    Ok(())
}
