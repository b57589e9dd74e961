//! What is held about a person: found, handed out, erased.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use utoipa::ToSchema;

use super::again::{Again, Prover};
use super::signed_in::{Sent, SignedIn};
use crate::budgets::Take;
use crate::database::Session;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::persons::{self, Mention, Place, Wanted};
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
    /// With a value: only in these records, 32 hexadecimal digits each; `RECORD/ROW`: only in that row, `RECORD/`: in no row.
    #[serde(default)]
    records: Vec<String>,
}

/// Whose data are erased, and what shows that an administrator means it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Erasing {
    #[serde(flatten)]
    whom: Whom,
    /// With a value: how many mentions were found. Nothing is erased if it is another number now.
    #[serde(default)]
    mentions: Option<usize>,
    #[serde(flatten)]
    again: Again,
}

/// A person in a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonMention {
    /// The record, 32 hexadecimal digits.
    record: String,
    /// The form's id.
    form: String,
    /// The record's unit.
    unit: String,
    /// Whose data, in the pack's word.
    person: String,
    /// The row that they are in; empty outside of rows.
    row: String,
    /// How many fields are about them, also empty ones.
    fields: usize,
}

impl From<Mention> for PersonMention {
    fn from(mention: Mention) -> Self {
        Self {
            record: mention.record.to_string(),
            form: mention.form,
            unit: mention.unit,
            person: mention.person,
            row: mention.row.trim_end_matches('/').to_owned(),
            fields: mention.paths.len(),
        }
    }
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erased {
    /// How many mentions; none of an account.
    mentions: usize,
}

/// Where records speak of a person, whatever stands there now.
#[utoipa::path(post, path = "/api/v1/persons/find", tag = "accounts", request_body = Whom, responses(
    (status = 200, body = Vec<PersonMention>),
    (status = 400, description = "`bad_json`, `bad_record`, `too_short`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for administrators", body = ErrorBody),
    (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
))]
pub async fn find(
    State(app): State<App>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Whom>, JsonRejection>>,
) -> ApiResult<Json<Vec<PersonMention>>> {
    let whom = read(&app, &session, body)?;
    let (None, Some(value)) = (whom.account, whom.value) else {
        return Err(ApiError::bad_request("bad_json", "give `value`"));
    };
    let found = persons::find(&app, &wanted(&value, &whom.records)?).await?;
    Ok(Json(found.into_iter().map(PersonMention::from).collect()))
}

/// Erases what records, their history and files say of a person, or the name of an account: for good, also when a backup is put back.
/// Records and figures stay.
#[utoipa::path(post, path = "/api/v1/persons/erase", tag = "accounts", request_body = Erasing, responses(
    (status = 200, body = Erased),
    (status = 400, description = "`bad_json`, `bad_record`, `too_short`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for administrators; `sign_in_again`, `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
    (status = 404, description = "`not_found`: no such account, or it was erased already", body = ErrorBody),
    (status = 409, description = "`other_count`: another number of mentions is found now, look again; `own_account`; `no_passkeys`: the address has no name, or is not reached \
        by https", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, `too_many_requests`, with `Retry-After`", body = ErrorBody),
))]
pub async fn erase(
    State(app): State<App>,
    prover: Prover,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Erasing>, JsonRejection>>,
) -> ApiResult<Json<Erased>> {
    let Erasing { whom, mentions, again } = read(&app, &session, body)?;
    let (by, now_ms) = (Some(session.account.as_str()), clock::now_ms());
    match (whom.account, whom.value, mentions) {
        (Some(account), None, None) => {
            if account == session.account {
                return Err(ApiError::conflict(
                    "own_account",
                    "another administrator can erase you",
                ));
            }
            prover.prove(&app, &session, again).await?;
            if !persons::erase_account(&app, &account, by, now_ms).await? {
                return Err(ApiError::not_found("no account with a name is called so"));
            }
            Ok(Json(Erased { mentions: 0 }))
        }
        (None, Some(value), Some(mentions)) => {
            let wanted = wanted(&value, &whom.records)?;
            prover.prove(&app, &session, again).await?;
            let account = session.account.clone();
            let erasing = async move {
                persons::erase(&app, &wanted, mentions, Some(&account), now_ms).await
            };
            // Whoever hangs up in the middle would leave the rest of the records, and the photos.
            let erased = tokio::spawn(erasing.in_current_span()).await;
            let erased = erased.map_err(ApiError::internal)??;
            Ok(Json(Erased { mentions: erased.len() }))
        }
        _ => Err(ApiError::bad_request("bad_json", "give `account`, or `value` and `mentions`")),
    }
}

/// What an administrator asks for. It takes a while to answer.
fn read<T>(app: &App, session: &Session, body: Result<Json<T>, JsonRejection>) -> ApiResult<T> {
    if !session.role.manages_accounts() {
        return Err(ApiError::forbidden("not_allowed", "your role does not look after that"));
    }
    let Json(given) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    app.budgets().take(&session.account, Take::Report)?;
    Ok(given)
}

fn wanted(value: &str, places: &[String]) -> ApiResult<Wanted> {
    let places = places.iter().map(|place| place.parse()).collect::<Result<_, _>>();
    let places = places.map_err(|_not_an_id: <Place as std::str::FromStr>::Err| {
        ApiError::bad_request("bad_record", "a record is 32 hexadecimal digits")
    })?;
    Ok(Wanted::by(value)?.only_in(places))
}

/// All that is held about a person: a ZIP with `person.json` and the files.
#[utoipa::path(post, path = "/api/v1/persons/export", tag = "accounts", request_body = Whom, responses(
    (status = 200, description = "the ZIP", content_type = "application/zip"),
    (status = 400, description = "`bad_json`, `bad_record`, `too_short`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for administrators", body = ErrorBody),
    (status = 404, description = "`not_found`: no such account", body = ErrorBody),
    (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
))]
pub async fn export(
    State(app): State<App>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Whom>, JsonRejection>>,
) -> ApiResult<Response> {
    let whom = read(&app, &session, body)?;
    let (by, now_ms) = (Some(session.account.as_str()), clock::now_ms());
    let zip = match (whom.account, whom.value) {
        (Some(account), None) => persons::export_account(&app, &account, by, now_ms).await?,
        (None, Some(value)) => {
            let wanted = wanted(&value, &whom.records)?;
            persons::export(&app, &wanted, by, now_ms).await?
        }
        _ => return Err(ApiError::bad_request("bad_json", "give `account` or `value`")),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"person.zip\""),
    ];
    Ok((headers, zip).into_response())
}
