//! Showing once more who one is, with a passkey.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Assertion, bad, challenge, signed};
use crate::accounts::{Place, Whom};
use crate::api::session::{Tried, note_failed};
use crate::api::signed_in::{Origin, SignedIn};
use crate::database::{ByPasskey, Purpose, Session};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::passkeys::{CHALLENGE_MS, Site, bytes, letters, named_challenge};
use crate::{App, clock};

/// What an authenticator is asked to sign so that somebody shows once more who they are. All bytes are base64url without padding.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgainChallenge {
    /// The challenge: good once, for five minutes, in this session, and not to sign in.
    challenge: String,
    /// The site that the keys are for.
    rp_id: String,
    /// The asker's keys.
    allow: Vec<String>,
    /// How long there is for an answer.
    timeout_ms: i64,
}

/// Asks for what is to be signed, to show once more who one is: for `passkey` of what wants that.
#[utoipa::path(post, path = "/api/v1/session/again", tag = "session", responses(
    (status = 200, body = AgainChallenge),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https; `no_passkey_yet`: the asker \
        has none", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`: too many were asked for and not answered", body = ErrorBody),
))]
pub async fn ask_again(
    State(app): State<App>,
    origin: Origin,
    SignedIn(session): SignedIn,
    site: Result<Site, ApiError>,
) -> ApiResult<Json<AgainChallenge>> {
    let Site { rp_id, .. } = site?;
    let database = app.database();
    let keys = database.passkeys_of(&session.account).await?;
    if keys.is_empty() {
        return Err(ApiError::conflict("no_passkey_yet", "you have no passkey"));
    }
    let purpose = Purpose::Again { session: session.id };
    Ok(Json(AgainChallenge {
        challenge: challenge(database, origin, purpose, None).await?,
        rp_id,
        allow: keys.iter().map(|key| letters(&key.credential)).collect(),
        timeout_ms: CHALLENGE_MS,
    }))
}

/// Whether whoever has the session signed with a key of theirs. What it answered is used up, whatever comes of it.
pub(in crate::api) async fn prove_by_passkey(
    app: &App,
    origin: Origin,
    site: &Site,
    session: &Session,
    given: &Assertion,
) -> ApiResult<()> {
    let (database, address, now_ms) = (app.database(), origin.address, clock::now_ms());
    let credential = bytes("credential", &given.credential).map_err(|error| bad(&error))?;
    let client = bytes("client_data", &given.client_data).map_err(|error| bad(&error))?;
    let account = database.account(&session.account).await?.ok_or_else(ApiError::signed_out)?;
    let tried = Tried::Passkey(Some(&account));
    let whom = Whom::There(&account.name, Place::Session(session.id));
    if let Err(wait_s) = app.throttle().take(database, whom, address, now_ms).await? {
        note_failed(app, origin, tried, now_ms);
        return Err(ApiError::too_many(wait_s));
    }
    let known = database.known_key(&credential).await?;
    let taken = match known.as_ref().map(|key| (key, signed(given, &client, key, site))) {
        Some((key, Ok(signed))) => {
            database.prove_by_passkey(key.id, &signed, session, now_ms).await?
        }
        wrong => {
            if let Some((_, Err(why))) = wrong {
                tracing::info!(%why, account = account.name, "passkey not taken");
            }
            if let Some(challenge) = named_challenge(&client) {
                database.drop_challenge(&challenge).await?;
            }
            ByPasskey::NoKey
        }
    };
    if taken == ByPasskey::Good {
        return Ok(app.throttle().clear(database, whom, address).await?);
    }
    note_failed(app, origin, tried, now_ms);
    Err(if taken == ByPasskey::NoChallenge {
        let message =
            "what was signed was answered before, took too long, or is for something else";
        ApiError::forbidden("passkey_expired", message)
    } else {
        ApiError::forbidden("wrong_passkey", "no passkey of yours signed that")
    })
}
