//! One's own password.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::again::wrong_code;
use super::session::{owner_of, set_cookie, take_code_try};
use super::signed_in::{Origin, Sent, SignedIn};
use crate::accounts::{self, Place, Whom};
use crate::database::{NewPassword, Proof};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock, passwords};

/// A new password, and what shows that it is its owner who sets it: the present one, or a code.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present password.
    #[serde(default)]
    old: Option<String>,
    /// Instead of it, for who forgot it or never had one: a code that was made for this account. It is used up by this.
    #[serde(default)]
    code: Option<String>,
    /// The new one: 8 characters to 1024 bytes, of any kind.
    new: String,
}

/// Sets one's own password. All other sessions and all codes of the account end, and this session gets a new cookie.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = PasswordChange, responses(
    (status = 204),
    (status = 400, description = "`bad_json`; `short_password`, `long_password`, `common_password`, `name_password`: the new one \
        is none that may be set", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`wrong_password`, `wrong_code`", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
))]
pub async fn change(
    State(app): State<App>,
    origin: Origin,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<PasswordChange>, JsonRejection>>,
) -> ApiResult<Response> {
    let Json(given) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let database = app.database();
    let account = database.account(&session.account).await?.ok_or_else(ApiError::signed_out)?;
    passwords::check(&given.new, &[&account.name, &account.display_name, &account.unit])
        .map_err(|weak| ApiError::bad_request(weak.code(), weak.to_string()))?;
    let now_ms = clock::now_ms();
    let proof = match (given.old, given.code) {
        (Some(old), None) => {
            let place = Some(Place::Session(session.id));
            let owner = owner_of(&app, origin, &account.name, place, old).await?;
            Proof::Password(owner.ok_or_else(wrong_password)?.password)
        }
        (None, Some(code)) => {
            take_code_try(&app, origin, now_ms).await?;
            Proof::Code(accounts::code_key(&code))
        }
        _ => return Err(ApiError::bad_request("bad_json", "give `old` or `code`, and `new`")),
    };
    let hash = accounts::hash_password(given.new).await.map_err(ApiError::internal)?;
    let (token, key) = accounts::new_token();
    let new = NewPassword { account: &account.name, hash: &hash, session: session.id, key: &key };
    let is_set = database.change_password(new, &proof, now_ms).await?;
    match proof {
        Proof::Password(_) if is_set => {}
        Proof::Code(_) if is_set => {
            app.throttle().clear(app.database(), Whom::Nobody, origin.address).await?;
        }
        Proof::Password(_) => return Err(wrong_password()),
        Proof::Code(_) => return Err(wrong_code(&app, origin, now_ms).await?),
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, origin, &token);
    Ok(response)
}

fn wrong_password() -> ApiError {
    ApiError::forbidden("wrong_password", "the old password is wrong")
}
