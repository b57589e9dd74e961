//! Files that the app makes piece by piece and hands to whatever the phone has for sharing, or to its downloads.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FilePropertyBag, ShareData};

pub use super::files::{size, slice};
use super::{
    files::{self, FileError, ObjectUrl},
    install,
};

/// A file that grows. What is in it is the browser's to keep, which may put it on the disk.
pub struct Growing(Array);

impl Growing {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(Array::new())
    }

    /// Adds bytes.
    pub fn push(&self, bytes: &[u8]) -> Result<(), FileError> {
        let part = Array::of1(&Uint8Array::from(bytes));
        let part = Blob::new_with_u8_array_sequence(&part).map_err(FileError::of)?;
        self.0.push(&part);
        Ok(())
    }

    /// The file.
    pub fn finish(self, name: &str, media_type: &str) -> Result<File, FileError> {
        let parts: JsValue = self.0.into();
        named(&parts, name, media_type)
    }
}

impl Default for Growing {
    fn default() -> Self {
        Self::new()
    }
}

fn named(parts: &JsValue, name: &str, media_type: &str) -> Result<File, FileError> {
    let how = FilePropertyBag::new();
    how.set_type(media_type);
    File::new_with_blob_sequence_and_options(parts, name, &how).map_err(FileError::of)
}

/// Chrome shares nothing longer, and says so only once it was asked to.
const SHARED_BYTES: u64 = 50 << 20;

/// A file as this browser would share it: `None` if it shares no files, or none so long.
///
/// Chrome shares few kinds only, and looks at nothing but the name and the media type: there the file is called a text.
#[must_use]
pub fn shareable(file: &File) -> Option<ShareData> {
    let navigator = web_sys::window()?.navigator();
    let can = Reflect::get(&navigator, &"canShare".into()).ok()?;
    if !can.is_function() || size(file) > SHARED_BYTES && !install::is_apple_phone() {
        return None;
    }
    let parts = Array::of1(file);
    let as_text = named(&parts, &format!("{}.txt", file.name()), "text/plain").ok();
    [Some(file.clone()), as_text].into_iter().flatten().find_map(|file| {
        let data = ShareData::new();
        data.set_files(&Array::of1(&file));
        navigator.can_share_with_data(&data).then_some(data)
    })
}

/// Asks the person where the file is to go. `false`: they thought better of it. Only right after a tap.
pub async fn share(data: &ShareData) -> Result<bool, FileError> {
    let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
    match JsFuture::from(window.navigator().share_with_data(data)).await {
        Ok(_) => Ok(true),
        Err(error) => {
            let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            if name.as_deref() == Some("AbortError") {
                Ok(false)
            } else {
                Err(FileError::of(error))
            }
        }
    }
}

/// Puts the file among the browser's downloads.
pub fn save(file: &File) -> Result<(), FileError> {
    files::click_download(ObjectUrl::of(file)?, &file.name())
}
