//! Signing in with a passkey.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Assertion, bad, challenge, signed};
use crate::accounts::Whom;
use crate::api::session::{Tried, note_failed};
use crate::api::signed_in::Origin;
use crate::database::{ByPasskey, ChallengeKey, NewSession, Purpose};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::passkeys::{CHALLENGE_MS, Site, bytes, named_challenge};
use crate::{App, clock};

/// What an authenticator is asked to sign so that somebody is let in. All bytes here are base64url without padding.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInChallenge {
    /// The challenge: good once, for five minutes.
    challenge: String,
    /// The site that the key is for.
    rp_id: String,
    /// How long there is for an answer.
    timeout_ms: i64,
}

/// Asks for what is to be signed, to sign in with a passkey.
#[utoipa::path(post, path = "/api/v1/session/passkey", tag = "session", responses(
    (status = 200, body = SignInChallenge),
    (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`: too many were asked for and not answered", body = ErrorBody),
))]
pub async fn ask_to_sign_in(
    State(app): State<App>,
    origin: Origin,
    site: Result<Site, ApiError>,
) -> ApiResult<Json<SignInChallenge>> {
    let Site { rp_id, .. } = site?;
    let challenge = challenge(app.database(), origin, Purpose::SignIn, None).await?;
    Ok(Json(SignInChallenge { challenge, rp_id, timeout_ms: CHALLENGE_MS }))
}

/// Lets somebody in who signed with a passkey. What it answered is used up, whatever comes of it; but not if `only` names somebody else.
pub(in crate::api) async fn sign_in(
    app: &App,
    origin: Origin,
    site: &Site,
    given: &Assertion,
    only: Option<&str>,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let (database, address, now_ms) = (app.database(), origin.address, clock::now_ms());
    let credential = bytes("credential", &given.credential).map_err(|error| bad(&error))?;
    let client = bytes("client_data", &given.client_data).map_err(|error| bad(&error))?;
    let known = database.known_key(&credential).await?;
    let owner = match &known {
        Some(key) => database.account(&key.account).await?,
        None => None,
    };
    let name = owner.as_ref().map(|owner| owner.name.as_str());
    let tried = Tried::Passkey(owner.as_ref());
    if let Err(wait_s) = app.throttle().take(database, Whom::Holder, address, now_ms).await? {
        note_failed(app, origin, tried, now_ms);
        return Err(ApiError::too_many(wait_s));
    }
    let refuse = async |challenge: Option<ChallengeKey>, error: ApiError| {
        if let Some(challenge) = challenge {
            database.drop_challenge(&challenge).await?;
        }
        note_failed(app, origin, tried, now_ms);
        Err(error)
    };
    let known = known.as_ref().filter(|_| !given.user_handle.is_empty());
    let signed = match known.map(|key| (key, signed(given, &client, key, site))) {
        Some((key, Ok(signed))) => Some((key, signed)),
        Some((_, Err(why))) => {
            tracing::info!(%why, account = name, "passkey not taken");
            None
        }
        None => None,
    };
    let Some((key, signed)) = signed else {
        return refuse(named_challenge(&client), wrong_passkey()).await;
    };
    match database.sign_in_by_passkey(key.id, &signed, only, session, now_ms).await? {
        ByPasskey::Good => {
            app.throttle().clear(database, Whom::Holder, address).await?;
            Ok(key.account.clone())
        }
        ByPasskey::OfAnother => {
            app.throttle().clear(database, Whom::Holder, address).await?;
            let message = "the work of somebody else is on this device and not sent yet";
            Err(ApiError::conflict("other_account", message))
        }
        ByPasskey::NoChallenge => {
            let message = "what was signed was answered before, or took too long";
            let expired = ApiError::new(StatusCode::UNAUTHORIZED, "passkey_expired", message);
            refuse(None, expired).await
        }
        ByPasskey::CountsBack | ByPasskey::NoKey => refuse(None, wrong_passkey()).await,
    }
}

/// The same for a key that nobody has as for one that did not sign.
fn wrong_passkey() -> ApiError {
    let message = "no such passkey signed that";
    ApiError::new(StatusCode::UNAUTHORIZED, "wrong_passkey", message)
}
