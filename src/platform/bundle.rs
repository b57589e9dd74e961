//! The ciphers of bundles, by the browser's `WebCrypto`: AES-256-GCM, ECDH and HKDF, PBKDF2.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use sync::bundle::{ForCode, ForOrganisation, PublicKey, WrappedKey, organisation_info};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use super::{exception_text, random};

/// How often a code is hashed. It has 100 random bits, so that nobody tries them all; this is for codes that get known in part.
const ITERATIONS: u32 = 600_000;

/// The browser's ciphers did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// Not what was sealed, or another key.
    #[error("not opened")]
    NotOpened,
    /// As the browser said it.
    #[error("cipher: {0}")]
    Failed(String),
}

impl CipherError {
    #[expect(clippy::needless_pass_by_value, reason = "used as `map_err(CipherError::of)`")]
    pub(super) fn of(error: JsValue) -> Self {
        Self::Failed(exception_text(&error))
    }
}

type Answer<T> = Result<T, CipherError>;

pub(super) fn subtle() -> Answer<SubtleCrypto> {
    let window = web_sys::window().ok_or_else(|| CipherError::Failed("no page".to_owned()))?;
    Ok(window.crypto().map_err(CipherError::of)?.subtle())
}

/// A dictionary as `WebCrypto` takes it.
pub(super) fn dictionary(entries: &[(&str, JsValue)]) -> Answer<Object> {
    let object = Object::new();
    for (name, value) in entries {
        Reflect::set(&object, &(*name).into(), value).map_err(CipherError::of)?;
    }
    Ok(object)
}

pub(super) fn usages(names: &[&str]) -> JsValue {
    names.iter().map(|name| JsValue::from_str(name)).collect::<Array>().into()
}

pub(super) async fn done<T: JsCast>(promise: Result<js_sys::Promise, JsValue>) -> Answer<T> {
    let value = JsFuture::from(promise.map_err(CipherError::of)?).await.map_err(CipherError::of)?;
    Ok(value.unchecked_into())
}

pub(super) fn bytes(buffer: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}

fn gcm(nonce: &[u8; 12], associated: &[u8]) -> Answer<Object> {
    dictionary(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce.as_slice()).into()),
        ("additionalData", Uint8Array::from(associated).into()),
    ])
}

/// The key of one bundle's frames.
pub struct FrameKey {
    key: CryptoKey,
    raw: [u8; 32],
}

impl FrameKey {
    /// A new one.
    pub async fn new() -> Answer<Self> {
        let mut raw = [0; 32];
        let (first, second) = raw.split_at_mut(16);
        first.copy_from_slice(&random::bytes_16());
        second.copy_from_slice(&random::bytes_16());
        Self::of(raw).await
    }

    async fn of(raw: [u8; 32]) -> Answer<Self> {
        Ok(Self { key: import(&raw, "AES-GCM", &["encrypt", "decrypt"]).await?, raw })
    }

    /// Seals a frame.
    pub async fn seal(&self, nonce: &[u8; 12], associated: &[u8], plain: &[u8]) -> Answer<Vec<u8>> {
        seal(&self.key, nonce, associated, plain).await
    }

    /// Opens a frame.
    pub async fn open(
        &self,
        nonce: &[u8; 12],
        associated: &[u8],
        sealed: &[u8],
    ) -> Answer<Vec<u8>> {
        open(&self.key, nonce, associated, sealed).await
    }

    /// The key for the organisation, which nobody opens without its private key.
    pub async fn for_organisation(&self, organisation: &PublicKey) -> Answer<ForOrganisation> {
        let subtle = subtle()?;
        let ecdh = [("name", "ECDH".into()), ("namedCurve", "P-256".into())];
        let curve = dictionary(&ecdh)?;
        let pair: Object =
            done(subtle.generate_key_with_object(&curve, true, &usages(&["deriveBits"]))).await?;
        let (own, ephemeral) = halves(&pair)?;
        let ephemeral = export(&ephemeral).await?;
        let to = Uint8Array::from(organisation.0.as_slice());
        let to = subtle.import_key_with_object("raw", &to, &curve, true, &usages(&[]));
        let to: CryptoKey = done(to).await?;
        let with = dictionary(&[("name", "ECDH".into()), ("public", to.into())])?;
        let shared: ArrayBuffer = done(subtle.derive_bits_with_object(&with, &own, 256)).await?;
        let info = organisation_info(&ephemeral, organisation);
        let hkdf = dictionary(&[
            ("name", "HKDF".into()),
            ("hash", "SHA-256".into()),
            ("salt", Uint8Array::new_with_length(0).into()),
            ("info", Uint8Array::from(info.as_slice()).into()),
        ])?;
        let shared = import(&bytes(&shared), "HKDF", &["deriveBits"]).await?;
        let key: ArrayBuffer = done(subtle.derive_bits_with_object(&hkdf, &shared, 256)).await?;
        let wrapped = self.wrapped_under(&bytes(&key)).await?;
        Ok(ForOrganisation { key: organisation.id(), ephemeral, wrapped })
    }

    /// The key for whoever knows a code, as [`sync::bundle::code_bytes`] gives it.
    pub async fn for_code(&self, code: &[u8]) -> Answer<ForCode> {
        let salt = random::bytes_16();
        let key = code_key(code, &salt, ITERATIONS).await?;
        Ok(ForCode { salt, iterations: ITERATIONS, wrapped: self.wrapped_under(&key).await? })
    }

    /// The key that was sealed for a code.
    pub async fn by_code(sealed: &ForCode, code: &[u8]) -> Answer<Self> {
        let key = code_key(code, &sealed.salt, sealed.iterations).await?;
        let key = import(&key, "AES-GCM", &["decrypt"]).await?;
        let raw = open(&key, &[0; 12], &[], &sealed.wrapped.0).await?;
        Self::of(raw.try_into().map_err(|_other_length: Vec<u8>| CipherError::NotOpened)?).await
    }

    async fn wrapped_under(&self, key: &[u8]) -> Answer<WrappedKey> {
        let key = import(key, "AES-GCM", &["encrypt"]).await?;
        let wrapped = seal(&key, &[0; 12], &[], &self.raw).await?;
        let wrapped = wrapped.try_into().map_err(|wrapped: Vec<u8>| {
            CipherError::Failed(format!("a key of {} bytes", wrapped.len()))
        });
        wrapped.map(WrappedKey)
    }
}

/// Whether a message carries the signature of the private half of a key.
pub async fn is_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> Answer<bool> {
    let curve = dictionary(&[("name", "ECDSA".into()), ("namedCurve", "P-256".into())])?;
    let key = Uint8Array::from(key.0.as_slice());
    let key = subtle()?.import_key_with_object("raw", &key, &curve, true, &usages(&["verify"]));
    let key: CryptoKey = done(key).await?;
    let how = dictionary(&[("name", "ECDSA".into()), ("hash", "SHA-256".into())])?;
    let proved =
        subtle()?.verify_with_object_and_u8_array_and_u8_array(&how, &key, signature, message);
    let proved: JsValue = done(proved).await?;
    Ok(proved.is_truthy())
}

async fn seal(
    key: &CryptoKey,
    nonce: &[u8; 12],
    associated: &[u8],
    plain: &[u8],
) -> Answer<Vec<u8>> {
    let how = gcm(nonce, associated)?;
    let sealed = subtle()?.encrypt_with_object_and_u8_array(&how, key, plain);
    Ok(bytes(&done::<ArrayBuffer>(sealed).await?))
}

async fn open(
    key: &CryptoKey,
    nonce: &[u8; 12],
    associated: &[u8],
    sealed: &[u8],
) -> Answer<Vec<u8>> {
    let how = gcm(nonce, associated)?;
    let opened = subtle()?.decrypt_with_object_and_u8_array(&how, key, sealed);
    // The browser does not say why.
    let opened = done::<ArrayBuffer>(opened).await.map_err(|_failed| CipherError::NotOpened)?;
    Ok(bytes(&opened))
}

async fn code_key(code: &[u8], salt: &[u8; 16], iterations: u32) -> Answer<Vec<u8>> {
    let how = dictionary(&[
        ("name", "PBKDF2".into()),
        ("hash", "SHA-256".into()),
        ("salt", Uint8Array::from(salt.as_slice()).into()),
        ("iterations", iterations.into()),
    ])?;
    let code = import(code, "PBKDF2", &["deriveBits"]).await?;
    let key: ArrayBuffer = done(subtle()?.derive_bits_with_object(&how, &code, 256)).await?;
    Ok(bytes(&key))
}

/// Bytes as a key that never leaves the browser again.
async fn import(raw: &[u8], name: &str, uses: &[&str]) -> Answer<CryptoKey> {
    let how = dictionary(&[("name", name.into())])?;
    let raw = Uint8Array::from(raw);
    done(subtle()?.import_key_with_object("raw", &raw, &how, false, &usages(uses))).await
}

/// The private and the public half of a key pair.
pub(super) fn halves(pair: &JsValue) -> Answer<(CryptoKey, CryptoKey)> {
    let half = |name: &str| Reflect::get(pair, &name.into()).map_err(CipherError::of);
    Ok((half("privateKey")?.unchecked_into(), half("publicKey")?.unchecked_into()))
}

/// A public key's point.
pub(super) async fn export(key: &CryptoKey) -> Answer<PublicKey> {
    let point: ArrayBuffer = done(subtle()?.export_key("raw", key)).await?;
    let point = bytes(&point).try_into();
    point
        .map(PublicKey)
        .map_err(|_other_length: Vec<u8>| CipherError::Failed("no point".to_owned()))
}
