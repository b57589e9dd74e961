//! AES-256-GCM by the browser's `WebCrypto`. A key that came in here never comes out again: the browser keeps it.

use js_sys::{Array, Object, Promise, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AesGcmParams, CryptoKey, SubtleCrypto};

use super::{exception_text, random};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Stands before each sealed value: how it is sealed.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 12;
const HEAD_BYTES: usize = 1 + NONCE_BYTES;
const ALGORITHM: &str = "AES-GCM";

/// Why something was not sealed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// The browser gives `WebCrypto` only to pages that came by https, or from this machine.
    #[error("no WebCrypto on this page")]
    Missing,
    /// The value is not what was sealed under this key for this place.
    #[error("not what was sealed")]
    Damaged,
    /// The browser would not.
    #[error("WebCrypto: {0}")]
    Failed(String),
}

/// A key inside the browser.
#[derive(Clone, Debug)]
pub struct AesKey(CryptoKey);

impl AesKey {
    /// A new key that nothing ever held outside of the browser.
    pub async fn generate() -> Result<Self, CryptoError> {
        let algorithm = Object::new();
        set(&algorithm, "name", &ALGORITHM.into())?;
        set(&algorithm, "length", &256.into())?;
        let promise = subtle()?.generate_key_with_object(&algorithm, false, &usages());
        Ok(Self(settled(promise).await?.unchecked_into()))
    }

    /// The key of these bytes.
    pub async fn import(bytes: &[u8; KEY_BYTES]) -> Result<Self, CryptoError> {
        let data = Uint8Array::from(bytes.as_slice());
        let promise = subtle()?.import_key_with_str("raw", &data, ALGORITHM, false, &usages());
        let key = settled(promise).await;
        data.fill(0, 0, data.length());
        Ok(Self(key?.unchecked_into()))
    }

    /// A key that the browser's store kept.
    pub(super) fn from_js(kept: JsValue) -> Option<Self> {
        kept.is_object().then(|| Self(kept.unchecked_into()))
    }

    /// For the browser's store, which keeps the key itself.
    pub(super) fn to_js(&self) -> JsValue {
        self.0.clone().into()
    }

    /// Begins to seal bytes so that they open only with this key and for the same place. Many are sealed side by side.
    pub fn seal(&self, place: &[u8], bytes: &[u8]) -> Result<Sealing, CryptoError> {
        let nonce = random::bytes();
        // The browser takes its own copy before it answers: none of ours is needed.
        let promise =
            subtle()?.encrypt_with_object_and_u8_array(&parameters(&nonce, place), &self.0, bytes);
        Ok(Sealing { nonce, sealed: promise.map_err(failed)?.into() })
    }

    /// Begins to open what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &[u8], value: &[u8]) -> Result<Opening, CryptoError> {
        let (head, sealed) = value.split_at_checked(HEAD_BYTES).ok_or(CryptoError::Damaged)?;
        let Some((&FORMAT, nonce)) = head.split_first() else {
            return Err(CryptoError::Damaged);
        };
        let promise =
            subtle()?.decrypt_with_object_and_u8_array(&parameters(nonce, place), &self.0, sealed);
        Ok(Opening(promise.map_err(failed)?.into()))
    }
}

/// A value that is being sealed.
pub struct Sealing {
    nonce: [u8; NONCE_BYTES],
    sealed: JsFuture,
}

impl Sealing {
    /// The sealed value.
    pub async fn done(self) -> Result<Vec<u8>, CryptoError> {
        let sealed = Uint8Array::new(&self.sealed.await.map_err(failed)?);
        let mut value = vec![0; HEAD_BYTES + sealed.length() as usize];
        let (head, rest) = value.split_at_mut(HEAD_BYTES);
        head[0] = FORMAT;
        head[1..].copy_from_slice(&self.nonce);
        sealed.copy_to(rest);
        Ok(value)
    }
}

/// A value that is being opened.
pub struct Opening(JsFuture);

impl Opening {
    /// What was sealed.
    pub async fn done(self) -> Result<Vec<u8>, CryptoError> {
        // It fails in one way only, and says nothing of why.
        let opened = self.0.await.map_err(|_why| CryptoError::Damaged)?;
        Ok(Uint8Array::new(&opened).to_vec())
    }
}

fn subtle() -> Result<SubtleCrypto, CryptoError> {
    let window = web_sys::window().ok_or(CryptoError::Missing)?;
    let crypto = window.crypto().map_err(failed)?;
    let subtle: JsValue = crypto.subtle().into();
    if subtle.is_undefined() { Err(CryptoError::Missing) } else { Ok(subtle.unchecked_into()) }
}

fn parameters(nonce: &[u8], place: &[u8]) -> AesGcmParams {
    let parameters = AesGcmParams::new(ALGORITHM, &Uint8Array::from(nonce));
    parameters.set_additional_data(&Uint8Array::from(place));
    parameters
}

fn usages() -> Array {
    Array::of2(&"encrypt".into(), &"decrypt".into())
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), CryptoError> {
    js_sys::Reflect::set(object, &name.into(), value).map(drop).map_err(failed)
}

async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, CryptoError> {
    JsFuture::from(promise.map_err(failed)?).await.map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(failed)`")]
fn failed(error: JsValue) -> CryptoError {
    CryptoError::Failed(exception_text(&error))
}
