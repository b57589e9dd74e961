//! Who is signed in, and on which devices.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::again::{Again, Prover};
use super::extract::Path;
use super::signed_in::{Sent, SignedIn};
use crate::database::{Revoked, Seen, Session, SessionRow};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

/// A session: somebody on a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenSession {
    /// Its number.
    id: i64,
    /// Whether it is the one that this request came with.
    is_this: bool,
    /// The account.
    account: String,
    /// What others see of that person.
    account_name: String,
    /// `officer`, `trainer`, `coordinator`, `administrator` or `auditor`.
    role: &'static str,
    /// Where that person works.
    unit: String,
    /// The device, 32 hexadecimal digits.
    device: String,
    /// What the device calls itself.
    device_name: String,
    /// When it began.
    created_ms: i64,
    /// When it was last heard of, to ten minutes.
    contact_ms: i64,
    /// How many operations were still on the device when it last sent some; none: it never said, or somebody else signed in under
    /// its id, so that nobody knows who said it.
    unsent: Option<u64>,
    /// When that was.
    pushed_ms: Option<i64>,
    /// How many files that its operations name have not arrived whole.
    files_missing: u64,
    /// Whether the asker may end it, or say that its device is lost.
    may_end: bool,
    /// When it ended; none: it is open.
    ended_ms: Option<i64>,
}

/// Open sessions, newest contact first: everybody's for an administrator, those of the people of their units for coordinators
/// and auditors, else the asker's own.
///
/// Those too that ended when a person set another password, got another role or was disabled, as
/// long as nobody signs in on their devices: one may be lost.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "accounts", responses(
    (status = 200, body = Vec<OpenSession>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Vec<OpenSession>>> {
    let rows = app.database().sessions(seen(&session)).await?;
    Ok(Json(rows.into_iter().map(|row| open_session(row, &session)).collect()))
}

/// How a session is ended.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Ending {
    /// Whether its device is lost: it locks when it hears of that, and where the pack says so it empties itself of what the
    /// server has.
    #[serde(default)]
    lost: bool,
    #[serde(flatten)]
    again: Again,
}

/// Ends a session, as for a lost phone. What is on the phone and not sent stays there until its owner signs in again.
/// One's own of this device ends without that: `DELETE /api/v1/session`.
///
/// Of one that somebody else than its owner ended it may be said afterwards that its device is lost.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/end", tag = "accounts", request_body = Ending,
    params(("id" = String, Path, description = "the session's number")),
    responses(
        (status = 204, description = "it is over"),
        (status = 400, description = "`bad_json`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: an administrator may end every session, a coordinator those of \
            officers and trainers of their units, everybody their own; `sign_in_again`, `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`: none is open that is not said to be lost, or the asker does not see it", body = ErrorBody),
        (status = 409, description = "`no_passkeys`: the address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn end(
    State(app): State<App>,
    prover: Prover,
    Path(id): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Ending>, JsonRejection>>,
) -> ApiResult<StatusCode> {
    let Json(Ending { lost, again }) =
        body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let unknown = || ApiError::not_found("no such session is open");
    let id: i64 = id.parse().map_err(|_no_number| unknown())?;
    let row = app.database().seen_session(id, seen(&session)).await?.ok_or_else(unknown)?;
    if !may_end(&row, &session) {
        return Err(ApiError::forbidden("not_allowed", "that session is not yours to end"));
    }
    prover.prove(&app, &session, again).await?;
    let (how, by) =
        (if lost { Revoked::Lost } else { Revoked::SignedOut }, Some(session.account.as_str()));
    let ended = app.database().revoke_session(id, how, by, clock::now_ms()).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

/// Whose accounts and sessions somebody sees.
pub(super) fn seen(session: &Session) -> Seen<'_> {
    if session.role.oversees_all() {
        Seen::All
    } else if session.role.oversees() {
        Seen::InUnitsOf(&session.account)
    } else {
        Seen::Own(&session.account)
    }
}

fn may_end(row: &SessionRow, asker: &Session) -> bool {
    row.account == asker.account || asker.role.looks_after(row.role)
}

fn open_session(row: SessionRow, asker: &Session) -> OpenSession {
    OpenSession {
        is_this: row.id == asker.id,
        may_end: may_end(&row, asker),
        id: row.id,
        account: row.account,
        account_name: row.account_name,
        role: row.role.name(),
        unit: row.unit,
        device: row.device.to_string(),
        device_name: row.device_name,
        created_ms: row.created_ms,
        contact_ms: row.contact_ms,
        unsent: row.unsent,
        pushed_ms: row.pushed_ms,
        files_missing: row.files_missing,
        ended_ms: row.ended_ms,
    }
}
