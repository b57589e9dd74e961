//! Passkeys, made, named and removed.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bad, challenge};
use crate::accounts::{self, Whom};
use crate::api::accounts::Reach;
use crate::api::again::{Again, Prover};
use crate::api::extract::Path;
use crate::api::session::{Tried, note_failed, take_code_try};
use crate::api::sessions::seen;
use crate::api::signed_in::{Origin, Sent, SignedIn};
use crate::database::{Account, Added, CodeKey, Database, Passkey, Purpose};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::passkeys::{
    ALGORITHMS, CHALLENGE_MS, MAX_PASSKEYS, NewKey, Site, bytes, challenge_with_code, letters,
    named_challenge, read_new_key,
};
use crate::{App, clock};

/// Longest name that a person may give to a passkey, in characters.
pub(in crate::api) const MAX_SHOWN: usize = 60;

/// What an authenticator is asked to make. All bytes are base64url without padding.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyChallenge {
    /// The challenge: good once, for five minutes, in this session.
    challenge: String,
    /// The site that the key is for.
    rp_id: String,
    /// What the authenticator is to call the person, among machines.
    user_handle: String,
    /// What it is to call them on its screen.
    user_name: String,
    /// Their name.
    display_name: String,
    /// The algorithms that the key may be of, by their numbers at COSE, the best liked first.
    algorithms: [i64; 3],
    /// The keys that they have: an authenticator that holds one makes no other.
    exclude: Vec<String>,
    /// How long there is for an answer.
    timeout_ms: i64,
}

/// What a browser answered when a key was made. All bytes are base64url without padding.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPasskey {
    /// What its owner calls it: 1 to 60 characters.
    name: String,
    /// `clientDataJSON`.
    client_data: String,
    /// `attestationObject`; what it attests is not looked at.
    attestation: String,
}

/// A passkey that was made at the door, with a code. All bytes are base64url without padding. It is called what the device calls itself.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MadeKey {
    /// `clientDataJSON`.
    client_data: String,
    /// `attestationObject`; what it attests is not looked at.
    attestation: String,
}

impl MadeKey {
    /// What its authenticator made in answer to a challenge that was asked for with this code. A wrong answer uses that up.
    pub(in crate::api) async fn read(
        &self,
        app: &App,
        site: &Site,
        code: &CodeKey,
    ) -> ApiResult<NewKey> {
        let client = bytes("client_data", &self.client_data).map_err(|error| bad(&error))?;
        let made = bytes("attestation", &self.attestation)
            .and_then(|attestation| read_new_key(&client, &attestation, site));
        match made {
            Ok(new) => Ok(NewKey { challenge: challenge_with_code(&new.challenge, code), ..new }),
            Err(why) => {
                if let Some(challenge) = named_challenge(&client) {
                    let challenge = challenge_with_code(&challenge, code);
                    app.database().drop_challenge(&challenge).await?;
                }
                Err(bad(&why))
            }
        }
    }
}

/// What shows that somebody is to make a passkey at the door.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Invited {
    /// The code that a coordinator made for them. It is not used up by this.
    code: String,
}

/// A new name.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasskeyName {
    /// 1 to 60 characters.
    name: String,
}

/// A key that its owner signs in with.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyEntry {
    /// Its number.
    id: i64,
    /// What its owner calls it.
    name: String,
    /// When it was added.
    created_ms: i64,
    /// When its owner last showed with it who they are.
    used_ms: Option<i64>,
}

/// One's own passkeys, the oldest first.
#[utoipa::path(get, path = "/api/v1/passkeys", tag = "session", responses(
    (status = 200, body = Vec<PasskeyEntry>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Vec<PasskeyEntry>>> {
    let keys = app.database().passkeys_of(&session.account).await?;
    Ok(Json(keys.into_iter().map(entry).collect()))
}

fn entry(key: Passkey) -> PasskeyEntry {
    PasskeyEntry { id: key.id, name: key.name, created_ms: key.created_ms, used_ms: key.used_ms }
}

/// Asks for what an authenticator is to make. Whoever asks shows once more who they are: a passkey lasts longer than their session.
#[utoipa::path(post, path = "/api/v1/passkeys/challenge", tag = "session", request_body = Again, responses(
    (status = 200, body = NewKeyChallenge),
    (status = 400, description = "`bad_json`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`sign_in_again`, `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
    (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https; `too_many_passkeys`: one has \
        20 of them", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
))]
pub async fn ask_to_add(
    State(app): State<App>,
    prover: Prover,
    site: Result<Site, ApiError>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Again>, JsonRejection>>,
) -> ApiResult<Json<NewKeyChallenge>> {
    let again = read(body)?;
    let (origin, Site { rp_id, .. }) = (prover.origin, site?);
    let database = app.database();
    prover.prove(&app, &session, again).await?;
    let account = database.account(&session.account).await?.ok_or_else(ApiError::signed_out)?;
    let place = MadeWhere::InSession(session.id);
    Ok(Json(new_key_challenge(database, origin, rp_id, account, place).await?))
}

/// Asks for what an authenticator is to make at the door, for whoever brings a code: people of some roles come in by a passkey only.
#[utoipa::path(post, path = "/api/v1/session/passkey/new", tag = "session", request_body = Invited, responses(
    (status = 200, body = NewKeyChallenge),
    (status = 400, description = "`bad_json`", body = ErrorBody),
    (status = 401, description = "`wrong_code`", body = ErrorBody),
    (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https; `too_many_passkeys`", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
))]
pub async fn ask_to_make(
    State(app): State<App>,
    origin: Origin,
    site: Result<Site, ApiError>,
    body: Result<Json<Invited>, JsonRejection>,
) -> ApiResult<Json<NewKeyChallenge>> {
    let Invited { code } = read(body)?;
    let Site { rp_id, .. } = site?;
    let (database, now_ms) = (app.database(), clock::now_ms());
    take_code_try(&app, origin, now_ms).await?;
    let key = accounts::code_key(&code);
    let Some(account) = database.owner_of_code(&key, now_ms).await? else {
        note_failed(&app, origin, Tried::Code, now_ms);
        let message = "the code was used, is over or never was";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_code", message));
    };
    app.throttle().clear(database, Whom::Nobody, origin.address).await?;
    let place = MadeWhere::AtTheDoor(&key);
    Ok(Json(new_key_challenge(database, origin, rp_id, account, place).await?))
}

/// Where a key is made: its challenge is good for that alone.
#[derive(Clone, Copy)]
enum MadeWhere<'a> {
    InSession(i64),
    AtTheDoor(&'a CodeKey),
}

async fn new_key_challenge(
    database: &Database,
    origin: Origin,
    rp_id: String,
    account: Account,
    place: MadeWhere<'_>,
) -> ApiResult<NewKeyChallenge> {
    let keys = database.passkeys_of(&account.name).await?;
    if keys.len() >= MAX_PASSKEYS {
        return Err(too_many());
    }
    // The same for all keys of a person, and nothing that tells who they are.
    let known = database.user_handle(&account.name).await?;
    let user_handle = known.unwrap_or_else(|| accounts::random::<32>().to_vec());
    let user_handle = user_handle.as_slice();
    let (purpose, code) = match place {
        MadeWhere::InSession(session) => (Purpose::Add { session, user_handle }, None),
        MadeWhere::AtTheDoor(code) => (Purpose::Make { user_handle }, Some(code)),
    };
    Ok(NewKeyChallenge {
        challenge: challenge(database, origin, purpose, code).await?,
        rp_id,
        user_handle: letters(user_handle),
        user_name: account.name,
        display_name: account.display_name,
        algorithms: ALGORITHMS,
        exclude: keys.iter().map(|key| letters(&key.credential)).collect(),
        timeout_ms: CHALLENGE_MS,
    })
}

/// Adds a passkey, in answer to what was asked in this session.
#[utoipa::path(post, path = "/api/v1/passkeys", tag = "session", request_body = NewPasskey, responses(
    (status = 201, body = PasskeyEntry),
    (status = 400, description = "`bad_json`, `bad_name`; `bad_passkey`: the answer cannot be read, or is not to what was asked", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 409, description = "`no_passkeys`; `passkey_expired`: it was answered before, or took too long; `passkey_known`: somebody \
        has it already; `too_many_passkeys`", body = ErrorBody),
))]
pub async fn add(
    State(app): State<App>,
    site: Result<Site, ApiError>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<NewPasskey>, JsonRejection>>,
) -> ApiResult<(StatusCode, Json<PasskeyEntry>)> {
    let given = read(body)?;
    let site = site?;
    let (database, now_ms) = (app.database(), clock::now_ms());
    let name = shown_name(&given.name)?;
    let client = bytes("client_data", &given.client_data).map_err(|error| bad(&error))?;
    let made = bytes("attestation", &given.attestation)
        .and_then(|attestation| read_new_key(&client, &attestation, &site));
    let new = match made {
        Ok(new) => new,
        Err(why) => {
            if let Some(challenge) = named_challenge(&client) {
                database.drop_challenge(&challenge).await?;
            }
            return Err(bad(&why));
        }
    };
    match database.add_passkey(&new, session.id, &name, now_ms).await? {
        Added::Key(id) => {
            let key = PasskeyEntry { id, name, created_ms: now_ms, used_ms: None };
            Ok((StatusCode::CREATED, Json(key)))
        }
        why => Err(not_added(why)),
    }
}

/// Why a passkey was not taken.
pub(in crate::api) fn not_added(why: Added) -> ApiError {
    match why {
        Added::NoChallenge => {
            ApiError::conflict("passkey_expired", "it was answered before, or took too long")
        }
        Added::TooMany => too_many(),
        Added::Known | Added::Key(_) => {
            ApiError::conflict("passkey_known", "somebody has this passkey already")
        }
    }
}

/// Calls one of one's own passkeys something else.
#[utoipa::path(patch, path = "/api/v1/passkeys/{id}", tag = "session",
    params(("id" = String, Path, description = "the passkey's number")),
    request_body = PasskeyName,
    responses(
        (status = 204),
        (status = 400, description = "`bad_json`, `bad_name`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: it is none of one's own", body = ErrorBody),
    ))]
pub async fn rename(
    State(app): State<App>,
    Path(id): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<PasskeyName>, JsonRejection>>,
) -> ApiResult<StatusCode> {
    let name = shown_name(&read(body)?.name)?;
    let is_own = app.database().rename_passkey(&session.account, number(&id)?, &name).await?;
    if is_own { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_passkey()) }
}

/// Removes one of one's own passkeys. Whoever does shows once more who they are.
#[utoipa::path(post, path = "/api/v1/passkeys/{id}/remove", tag = "session",
    params(("id" = String, Path, description = "the passkey's number")),
    request_body = Again,
    responses(
        (status = 204),
        (status = 400, description = "`bad_json`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`sign_in_again`, `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`: it is none of one's own", body = ErrorBody),
        (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn remove(
    State(app): State<App>,
    prover: Prover,
    Path(id): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Again>, JsonRejection>>,
) -> ApiResult<StatusCode> {
    let again = read(body)?;
    let id = number(&id)?;
    prover.prove(&app, &session, again).await?;
    let (account, now_ms) = (session.account.as_str(), clock::now_ms());
    match app.database().remove_passkeys(account, Some(id), account, now_ms).await? {
        0 => Err(no_such_passkey()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Removes all passkeys of another person, who lost what they are on. Those of whoever oversees others, by who shows once more who
/// they are.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/passkeys", tag = "accounts", request_body = Option<Again>,
    params(("account" = String, Path, description = "what the person signs in with")),
    responses(
        (status = 204, description = "they have none any more"),
        (status = 400, description = "`bad_json`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: who may make codes for somebody may remove their passkeys; `sign_in_again`, \
            `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see the account", body = ErrorBody),
        (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn remove_all(
    State(app): State<App>,
    prover: Prover,
    Path(account): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Option<Json<Again>>, JsonRejection>>,
) -> ApiResult<StatusCode> {
    let found = app.database().seen_account(&account, seen(&session)).await?;
    let found = found.ok_or_else(|| ApiError::not_found("nobody is called so"))?;
    if !Reach::of(&app, &session).await?.lets_in(&found) {
        return Err(ApiError::forbidden("not_allowed", "your role does not look after that"));
    }
    if found.role.oversees() {
        let again = body.transpose().map(read).transpose()?.unwrap_or_default();
        prover.prove(&app, &session, again).await?;
    }
    let (by, now_ms) = (session.account.as_str(), clock::now_ms());
    app.database().remove_passkeys(&account, None, by, now_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::api) fn shown_name(name: &str) -> ApiResult<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_SHOWN {
        return Err(ApiError::bad_request("bad_name", format!("1 to {MAX_SHOWN} characters")));
    }
    Ok(name.to_owned())
}

fn number(id: &str) -> ApiResult<i64> {
    id.parse().map_err(|_no_number| no_such_passkey())
}

fn no_such_passkey() -> ApiError {
    ApiError::not_found("you have no such passkey")
}

fn too_many() -> ApiError {
    ApiError::conflict("too_many_passkeys", format!("a person may have {MAX_PASSKEYS}"))
}

fn read<T>(body: Result<Json<T>, JsonRejection>) -> ApiResult<T> {
    let Json(given) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    Ok(given)
}
