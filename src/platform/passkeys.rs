//! Passkeys: keys that the browser's authenticators keep, each for one site and one person (`navigator.credentials`).

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

use super::{bundle::dictionary, call, exception_text};

/// Whether this browser has passkeys, and this address may: one that is a number has none.
#[must_use]
pub fn are_here() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let host = window.location().hostname().unwrap_or_default();
    let is_number = host.ends_with(|last: char| last.is_ascii_digit() || last == ']');
    !is_number && Reflect::has(&window, &"PublicKeyCredential".into()).unwrap_or(false)
}

/// Why there is no passkey.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The person said no, or nothing for too long, or there is none. Browsers do not tell these apart.
    #[error("cancelled")]
    Cancelled,
    /// The authenticator holds one of this person already.
    #[error("there is one already")]
    Known,
    /// Not in this browser, or not at this address.
    #[error("not here: {0}")]
    NotHere(String),
    /// As the browser said it.
    #[error("passkey: {0}")]
    Failed(String),
}

/// What an authenticator is asked to sign, as the server says it. All bytes are base64url.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Challenge {
    /// The challenge.
    pub challenge: String,
    /// The site.
    pub rp_id: String,
    /// The keys that may sign; any for this site, if none is named.
    #[serde(default)]
    pub allow: Vec<String>,
    /// How long there is for an answer.
    pub timeout_ms: u32,
}

/// What an authenticator signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assertion {
    /// Its name for the key.
    pub credential: String,
    /// What the browser says of the page.
    pub client_data: String,
    /// What the authenticator says.
    pub authenticator_data: String,
    /// The signature of both.
    pub signature: String,
    /// The authenticator's name for the person.
    pub user_handle: String,
}

/// What an authenticator is asked to make, as the server says it. All bytes are base64url.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NewKeyChallenge {
    /// The challenge.
    pub challenge: String,
    /// The site.
    pub rp_id: String,
    /// What the authenticator is to call the person, among machines.
    pub user_handle: String,
    /// What it is to call them on its screen.
    pub user_name: String,
    /// Their name.
    pub display_name: String,
    /// The algorithms that the key may be of.
    pub algorithms: Vec<i32>,
    /// Keys of theirs: an authenticator that holds one makes no other.
    pub exclude: Vec<String>,
    /// How long there is for an answer.
    pub timeout_ms: u32,
}

/// What an authenticator made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MadeKey {
    /// What the browser says of the page.
    pub client_data: String,
    /// The key, and what the authenticator says.
    pub attestation: String,
}

type Answer<T> = Result<T, PasskeyError>;

/// Has the person choose one of their passkeys for this site, and sign with it.
pub async fn sign(asked: &Challenge) -> Answer<Assertion> {
    let options = object(&[
        ("challenge", bytes(&asked.challenge)?),
        ("allowCredentials", keys(&asked.allow)?),
        ("rpId", asked.rp_id.as_str().into()),
        ("userVerification", "required".into()),
        ("timeout", asked.timeout_ms.into()),
    ])?;
    let (credential, response) = credential("get", &options).await?;
    Ok(Assertion {
        credential: letters(&credential, "rawId")?,
        client_data: letters(&response, "clientDataJSON")?,
        authenticator_data: letters(&response, "authenticatorData")?,
        signature: letters(&response, "signature")?,
        user_handle: letters(&response, "userHandle")?,
    })
}

/// Has the person make a passkey for this site.
pub async fn make(asked: &NewKeyChallenge) -> Answer<MadeKey> {
    let algorithms = list(&asked.algorithms, |algorithm| Ok(("alg", (*algorithm).into())))?;
    let site = object(&[("id", asked.rp_id.as_str().into()), ("name", "Sotay".into())])?;
    let person = object(&[
        ("id", bytes(&asked.user_handle)?),
        ("name", asked.user_name.as_str().into()),
        ("displayName", asked.display_name.as_str().into()),
    ])?;
    let kept = object(&[
        ("residentKey", "required".into()),
        ("requireResidentKey", true.into()),
        ("userVerification", "required".into()),
    ])?;
    let options = object(&[
        ("challenge", bytes(&asked.challenge)?),
        ("rp", site),
        ("user", person),
        ("pubKeyCredParams", algorithms),
        ("excludeCredentials", keys(&asked.exclude)?),
        ("authenticatorSelection", kept),
        ("attestation", "none".into()),
        ("timeout", asked.timeout_ms.into()),
    ])?;
    let (_, response) = credential("create", &options).await?;
    Ok(MadeKey {
        client_data: letters(&response, "clientDataJSON")?,
        attestation: letters(&response, "attestationObject")?,
    })
}

/// Keys by their names.
fn keys(names: &[String]) -> Answer<JsValue> {
    list(names, |name| Ok(("id", bytes(name)?)))
}

/// Each as an object that says that it is a public key.
fn list<T>(all: &[T], what: impl Fn(&T) -> Answer<(&'static str, JsValue)>) -> Answer<JsValue> {
    let entry = |one| object(&[("type", "public-key".into()), what(one)?]);
    Ok(all.iter().map(entry).collect::<Answer<Array>>()?.into())
}

/// What the browser's container of credentials answers, and the response in it.
async fn credential(method: &str, options: &JsValue) -> Answer<(JsValue, JsValue)> {
    let window = web_sys::window().ok_or_else(|| PasskeyError::NotHere("no page".to_owned()))?;
    let container = get(&window.navigator(), "credentials")?;
    let asked = object(&[("publicKey", options.clone())])?;
    let credential = call(&container, method, &[&asked]).await.map_err(failed)?;
    let response = get(&credential, "response")?;
    Ok((credential, response))
}

fn get(of: &JsValue, name: &str) -> Answer<JsValue> {
    Reflect::get(of, &name.into()).map_err(failed)
}

fn object(entries: &[(&str, JsValue)]) -> Answer<JsValue> {
    let object = dictionary(entries).map_err(|error| PasskeyError::Failed(error.to_string()))?;
    Ok(Object::into(object))
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(failed)`")]
fn failed(error: JsValue) -> PasskeyError {
    let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("NotAllowedError" | "AbortError") => PasskeyError::Cancelled,
        Some("InvalidStateError") => PasskeyError::Known,
        Some("SecurityError" | "NotSupportedError" | "ConstraintError") => {
            PasskeyError::NotHere(exception_text(&error))
        }
        _ => PasskeyError::Failed(exception_text(&error)),
    }
}

/// Bytes out of base64url.
fn bytes(letters: &str) -> Answer<JsValue> {
    let plain = letters.replace('-', "+").replace('_', "/");
    let window = web_sys::window().ok_or_else(|| PasskeyError::NotHere("no page".to_owned()))?;
    let text = window.atob(&plain).map_err(failed)?;
    let bytes: Vec<u8> = text.chars().map(|byte| byte as u8).collect();
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// The bytes of a buffer as base64url; of none, nothing.
fn letters(of: &JsValue, name: &str) -> Answer<String> {
    let buffer = get(of, name)?;
    if !buffer.is_instance_of::<ArrayBuffer>() {
        return Ok(String::new());
    }
    let bytes: String = Uint8Array::new(&buffer).to_vec().into_iter().map(char::from).collect();
    let window = web_sys::window().ok_or_else(|| PasskeyError::NotHere("no page".to_owned()))?;
    let plain = window.btoa(&bytes).map_err(failed)?;
    Ok(plain.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}
