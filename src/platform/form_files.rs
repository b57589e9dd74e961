//! The files beside forms on this phone, in the browser's Cache Storage.
//!
//! Everybody who uses the phone has the same forms, and the browser hands out a picture or a film from its disk without
//! reading it whole.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, CacheStorage, Request, Response};

use super::exception_text;
use super::files::{ObjectUrl, blob_of};
use super::storage::StorageError;

/// The cache's name. Not one of those of the service worker, which go with each version of the app.
const CACHE: &str = "form-files";

/// What stands before a file's name in the addresses that the cache asks for.
const FOLDER: &str = "/form-files/";

/// A handle to the files; clones share them.
#[derive(Clone)]
pub struct FormFiles(Rc<Place>);

enum Place {
    Browser,
    /// For tests without a browser, and forms that are only tried: name and bytes.
    Memory(RefCell<Vec<(String, Vec<u8>)>>),
}

impl FormFiles {
    /// Those that the browser keeps.
    #[must_use]
    pub fn kept() -> Self {
        Self(Rc::new(Place::Browser))
    }

    /// None, and what is kept is gone with the page.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Rc::new(Place::Memory(RefCell::default())))
    }

    /// The names of all that are here.
    pub async fn names(&self) -> Result<Vec<String>, StorageError> {
        match &*self.0 {
            Place::Browser => {
                let Some(cache) = existing().await? else { return Ok(Vec::new()) };
                let keys = settled(cache.keys()).await?;
                let name = |request: JsValue| {
                    let address = request.unchecked_into::<Request>().url();
                    address.split_once(FOLDER).map(|(_, name)| name.to_owned())
                };
                Ok(keys.unchecked_into::<Array>().iter().filter_map(name).collect())
            }
            Place::Memory(files) => {
                Ok(files.borrow().iter().map(|(name, _)| name.clone()).collect())
            }
        }
    }

    /// Keeps a file under a name, in place of what was there.
    pub async fn keep(
        &self,
        name: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        match &*self.0 {
            Place::Browser => {
                let blob = blob_of(bytes, media_type);
                let blob = blob.map_err(|error| StorageError::Other(error.to_string()))?;
                let response =
                    Response::new_with_opt_blob(Some(&blob)).map_err(|error| failed(&error))?;
                let kept = cache().await?.put_with_str(&address(name), &response);
                settled(kept).await.map(drop)
            }
            Place::Memory(files) => {
                let mut files = files.borrow_mut();
                files.retain(|(other, _)| other != name);
                files.push((name.to_owned(), bytes.to_vec()));
                Ok(())
            }
        }
    }

    /// The bytes of a file; `None` if it is not here.
    pub async fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match &*self.0 {
            Place::Browser => {
                let Some(response) = find(name).await? else { return Ok(None) };
                let buffer = response.array_buffer().map_err(|error| failed(&error))?;
                let buffer = settled(buffer).await?;
                Ok(Some(Uint8Array::new(&buffer).to_vec()))
            }
            Place::Memory(files) => {
                let files = files.borrow();
                let found = files.iter().find(|(other, _)| other == name);
                Ok(found.map(|(_, bytes)| bytes.clone()))
            }
        }
    }

    /// The addresses under which the page shows these files; `None` for one that is not here. All are asked for at once: a form may
    /// have hundreds.
    pub async fn urls(
        &self,
        names: impl Iterator<Item = &str>,
    ) -> Result<Vec<Option<ObjectUrl>>, StorageError> {
        let cache = match &*self.0 {
            Place::Browser => existing().await?,
            Place::Memory(_) => None,
        };
        let Some(cache) = cache else { return Ok(names.map(|_| None).collect()) };
        let found: Array = names.map(|name| cache.match_with_str(&address(name))).collect();
        let blob = |found: JsValue| {
            let blob = found.dyn_into::<Response>().ok().and_then(|found| found.blob().ok());
            blob.map_or(JsValue::UNDEFINED, JsValue::from)
        };
        let blobs: Array = all(&found).await?.iter().map(blob).collect();
        let url = |blob: JsValue| ObjectUrl::of(&blob.dyn_into::<Blob>().ok()?).ok();
        Ok(all(&blobs).await?.iter().map(url).collect())
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Result<(), StorageError> {
        match &*self.0 {
            Place::Browser => {
                settled(cache().await?.delete_with_str(&address(name))).await.map(drop)
            }
            Place::Memory(files) => {
                files.borrow_mut().retain(|(other, _)| other != name);
                Ok(())
            }
        }
    }
}

fn address(name: &str) -> String {
    format!("{FOLDER}{name}")
}

fn caches() -> Result<CacheStorage, StorageError> {
    let window = web_sys::window().ok_or_else(|| StorageError::Other("no page".to_owned()))?;
    // Absent outside secure contexts.
    window.caches().map_err(|error| StorageError::Refused(exception_text(&error)))
}

async fn cache() -> Result<Cache, StorageError> {
    settled(caches()?.open(CACHE)).await.map(JsCast::unchecked_into)
}

/// The cache, if anything was ever kept: opening one makes it.
async fn existing() -> Result<Option<Cache>, StorageError> {
    let is_there = settled(caches()?.has(CACHE)).await?.is_truthy();
    if is_there { cache().await.map(Some) } else { Ok(None) }
}

async fn find(name: &str) -> Result<Option<Response>, StorageError> {
    let Some(cache) = existing().await? else { return Ok(None) };
    let found = settled(cache.match_with_str(&address(name))).await?;
    Ok(found.dyn_into().ok())
}

async fn all(promises: &Array) -> Result<Array, StorageError> {
    settled(Promise::all(promises)).await.map(JsCast::unchecked_into)
}

async fn settled(promise: Promise) -> Result<JsValue, StorageError> {
    JsFuture::from(promise).await.map_err(|error| failed(&error))
}

fn failed(error: &JsValue) -> StorageError {
    let text = exception_text(error);
    if text.contains("QuotaExceededError") { StorageError::Full } else { StorageError::Other(text) }
}
