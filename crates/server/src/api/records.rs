//! One record's history.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync::mask::Mask;
use sync::wire::{Action, QuarantineReason, RecordId, Value, Write};
use utoipa::ToSchema;

use super::extract::Path;
use super::signed_in::SignedIn;
use crate::App;
use crate::database::{LoggedOperation, outcome_name};
use crate::error::{ApiError, ApiResult, ErrorBody};

/// One thing that somebody did to a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// The device, 32 hexadecimal digits.
    device: String,
    /// What the device calls itself.
    device_name: String,
    /// Its place in the device's count.
    seq: u64,
    /// The account that did it.
    author: String,
    /// What others see of that person; empty if there is no such account.
    author_name: String,
    /// `create`, `edit`, `submit`, `amend`, `delete`, `undelete` or `resolve`.
    action: &'static str,
    /// The device's clock then.
    wall_ms: i64,
    /// How far the device's clock was behind the server's, if it had ever asked.
    offset_ms: Option<i64>,
    /// The server's clock when it arrived.
    received_ms: i64,
    /// The version of the form it was made with.
    form_version: String,
    /// `applied`, `merged`, `conflict` or `quarantined`.
    outcome: &'static str,
    /// Why it is in quarantine.
    reason: Option<&'static str>,
    /// What it wrote.
    fields: Vec<HistoryField>,
}

/// One field that an operation wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryField {
    /// The field's path.
    path: String,
    /// The new value; none if it was cleared.
    value: Option<String>,
    /// SHA-256 of the file, if the value names one.
    file: Option<String>,
    /// How many earlier values it replaced.
    replaced: usize,
}

/// Everything that was done to a record, in the order of arrival, but for fields that the asker does not see.
#[utoipa::path(get, path = "/api/v1/records/{id}/history", tag = "records",
    params(("id" = String, Path, description = "the record, 32 hexadecimal digits; dashes are allowed")),
    responses(
        (status = 200, body = Vec<HistoryEntry>),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see it", body = ErrorBody),
    ))]
pub async fn history(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(id): Path<String>,
) -> ApiResult<Json<Vec<HistoryEntry>>> {
    let unknown = || ApiError::not_found("no such record");
    let id: RecordId = id.replace('-', "").parse().map_err(|_not_an_id| unknown())?;
    app.database().visible_record(&session.account, id).await?.ok_or_else(unknown)?;
    let log = app.database().history(id).await?;
    let mask = app.database().mask_of(&session.account).await?;
    Ok(Json(log.into_iter().map(|logged| entry(logged, &mask)).collect()))
}

/// What an operation wrote.
pub(super) fn written(fields: BTreeMap<String, Write>) -> Vec<HistoryField> {
    let fields = fields.into_iter().map(|(path, write)| {
        let (value, file) = match write.value {
            Value::Empty => (None, None),
            Value::Text(text) => (Some(text), None),
            Value::File(file) => (Some(file.name), Some(file.hash.to_string())),
        };
        HistoryField { path, value, file, replaced: write.over.len() }
    });
    fields.collect()
}

fn entry(logged: LoggedOperation, mask: &Mask) -> HistoryEntry {
    let LoggedOperation { mut operation, device_name, author_name, received_ms, outcome, reason } =
        logged;
    mask.cut_operation(&mut operation);
    HistoryEntry {
        device: operation.dot.device.to_string(),
        device_name,
        seq: operation.dot.seq,
        author: operation.author,
        author_name,
        action: action_name(operation.action),
        wall_ms: operation.at.wall_ms,
        offset_ms: operation.at.offset_ms,
        received_ms,
        form_version: operation.form.version,
        outcome: outcome_name(outcome),
        reason: reason.map(QuarantineReason::name),
        fields: written(operation.fields),
    }
}

pub(super) fn action_name(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Edit => "edit",
        Action::Submit => "submit",
        Action::Amend => "amend",
        Action::Delete => "delete",
        Action::Undelete => "undelete",
        Action::Resolve => "resolve",
    }
}
