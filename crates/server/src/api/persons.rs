//! What is held about a person, for that person to have.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sync::wire::RecordId;
use utoipa::ToSchema;

use super::signed_in::SignedIn;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::persons::{self, Wanted};
use crate::{App, clock};

/// Whose data: give `account`, or `value`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Whom {
    /// The account of a person who has one.
    #[serde(default)]
    account: Option<String>,
    /// An answer about the person, such as a name or a phone number, of 4 letters or digits at least.
    #[serde(default)]
    value: Option<String>,
    /// With a value: only in these records, 32 hexadecimal digits each.
    #[serde(default)]
    records: Vec<String>,
}

/// All that is held about a person: a ZIP with `person.json` and the files.
#[utoipa::path(post, path = "/api/v1/persons/export", tag = "accounts", request_body = Whom, responses(
    (status = 200, description = "the ZIP", content_type = "application/zip"),
    (status = 400, description = "`bad_json`, `bad_record`, `too_short`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for administrators", body = ErrorBody),
    (status = 404, description = "`not_found`: no such account", body = ErrorBody),
))]
pub async fn export(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    body: Result<Json<Whom>, JsonRejection>,
) -> ApiResult<Response> {
    if !session.role.manages_accounts() {
        return Err(ApiError::forbidden("not_allowed", "your role does not look after that"));
    }
    let Json(whom) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let (by, now_ms) = (Some(session.account.as_str()), clock::now_ms());
    let zip = match (whom.account, whom.value) {
        (Some(account), None) => persons::export_account(&app, &account, by, now_ms).await?,
        (None, Some(value)) => {
            let read = |id: &String| id.replace('-', "").parse();
            let records = whom.records.iter().map(read).collect::<Result<_, _>>();
            let records = records.map_err(|_not_an_id: <RecordId as std::str::FromStr>::Err| {
                ApiError::bad_request("bad_record", "a record is 32 hexadecimal digits")
            })?;
            persons::export(&app, &Wanted::by(&value)?.only_in(records), by, now_ms).await?
        }
        _ => return Err(ApiError::bad_request("bad_json", "give `account` or `value`")),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"person.zip\""),
    ];
    Ok((headers, zip).into_response())
}
