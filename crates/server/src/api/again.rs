//! Showing once more who one is: a session that lies open is not enough for what lasts longer than it, or cannot be undone.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::ToSchema;

use super::passkeys::Assertion;
use super::passkeys::again::prove_by_passkey;
use super::session::{Tried, note_failed, owner_of, take_code_try};
use super::signed_in::Origin;
use crate::accounts::{self, Place, Whom};
use crate::database::Session;
use crate::error::{ApiError, ApiResult};
use crate::passkeys::Site;
use crate::{App, clock};

/// What shows that it is still whoever signed in: their password, a code that was made for them, or a passkey of theirs.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Again {
    /// The asker's own password.
    #[serde(default)]
    password: Option<String>,
    /// Instead of it: a code that was made for the asker's account. It is used up by this.
    #[serde(default)]
    code: Option<String>,
    /// Instead of both: what a passkey of the asker's signed, in answer to `POST /api/v1/session/again`.
    #[serde(default)]
    passkey: Option<Assertion>,
}

/// Where somebody shows once more who they are.
pub struct Prover {
    pub(super) origin: Origin,
    pub(super) site: Result<Site, ApiError>,
}

impl FromRequestParts<App> for Prover {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        Ok(Self { origin, site: Site::from_request_parts(parts, app).await })
    }
}

impl Prover {
    /// Whether it is still they. Wrong tries count as those at the door do.
    pub(super) async fn prove(self, app: &App, session: &Session, given: Again) -> ApiResult<()> {
        let origin = self.origin;
        match (given.password, given.code, given.passkey) {
            (Some(password), None, None) => {
                let place = Some(Place::Session(session.id));
                let owner = owner_of(app, origin, &session.account, place, password).await?;
                owner
                    .map(|_owner| ())
                    .ok_or_else(|| ApiError::forbidden("wrong_password", "the password is wrong"))
            }
            (None, Some(code), None) => by_code(app, origin, session, &code).await,
            (None, None, Some(passkey)) => {
                prove_by_passkey(app, origin, &self.site?, session, &passkey).await
            }
            _ => Err(ApiError::forbidden(
                "sign_in_again",
                "give your `password`, a `code` made for you, or what your `passkey` signed",
            )),
        }
    }
}

async fn by_code(app: &App, origin: Origin, session: &Session, code: &str) -> ApiResult<()> {
    let now_ms = clock::now_ms();
    take_code_try(app, origin, now_ms).await?;
    let key = accounts::code_key(code);
    if !app.database().use_code(&session.account, &key, now_ms).await? {
        return Err(wrong_code(app, origin, now_ms).await?);
    }
    Ok(app.throttle().clear(app.database(), Whom::Nobody, origin.address).await?)
}

/// A code that is none of theirs is counted, as at the door.
pub(super) async fn wrong_code(app: &App, origin: Origin, now_ms: i64) -> ApiResult<ApiError> {
    note_failed(app, origin, Tried::Code, now_ms);
    let message = "the code was used, is over, never was or is somebody else's";
    Ok(ApiError::forbidden("wrong_code", message))
}
