//! Passkeys: one's own, added and removed; signing in with one, and showing once more who one is.

pub mod again;
pub mod keys;
pub mod signing_in;

use serde::Deserialize;
use utoipa::ToSchema;

use super::signed_in::Origin;
use crate::accounts;
use crate::clock;
use crate::database::{CodeKey, Database, KnownKey, Purpose};
use crate::error::{ApiError, ApiResult};
use crate::passkeys::{
    CHALLENGE_MS, PasskeyError, Signed, Site, bytes, challenge_with_code, new_challenge, verify,
};

/// What a browser answered when somebody wants to be let in. All bytes are base64url without padding.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Assertion {
    /// The authenticator's name for the key: `rawId`.
    credential: String,
    /// `clientDataJSON`.
    client_data: String,
    /// `authenticatorData`.
    authenticator_data: String,
    /// `signature`.
    signature: String,
    /// The authenticator's name for the person: `userHandle`. Empty where the authenticator was told which keys.
    #[serde(default)]
    user_handle: String,
}

/// A new one, kept; good with that code only, if there is one.
async fn challenge(
    database: &Database,
    origin: Origin,
    purpose: Purpose<'_>,
    code: Option<&CodeKey>,
) -> ApiResult<String> {
    let now_ms = clock::now_ms();
    let (letters, key) = new_challenge();
    let key = code.map_or(key, |code| challenge_with_code(&key, code));
    let asker = accounts::asker(origin.address);
    let ends_ms = now_ms + CHALLENGE_MS;
    match database.add_challenge(&key, purpose, &asker, ends_ms, now_ms).await? {
        true => Ok(letters),
        false => Err(ApiError::too_many(CHALLENGE_MS.unsigned_abs() / 1000)),
    }
}

/// What a known key signed for its owner. An authenticator that was told which keys need not say whose they are.
fn signed(
    given: &Assertion,
    client: &[u8],
    key: &KnownKey,
    site: &Site,
) -> Result<Signed, PasskeyError> {
    let data = bytes("authenticator_data", &given.authenticator_data)?;
    let signature = bytes("signature", &given.signature)?;
    let user_handle = bytes("user_handle", &given.user_handle)?;
    if !user_handle.is_empty() && user_handle != key.user_handle {
        return Err(PasskeyError::OtherKey("it is another person's"));
    }
    verify(client, &data, &signature, &key.public_key, site)
}

fn bad(error: &PasskeyError) -> ApiError {
    ApiError::bad_request("bad_passkey", error.to_string())
}
