//! What waits at the repair desk.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync::codec;
use sync::wire::Operation;
use utoipa::ToSchema;

use super::signed_in::SignedIn;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorBody};

/// Entries in one answer.
const LIMIT: u64 = 200;

/// An operation that was kept and not applied.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineEntry {
    /// Its number.
    id: i64,
    /// The device that sent it.
    device: String,
    /// Its place in the device's count.
    seq: u64,
    /// The account whose session brought it.
    sender: String,
    /// When it arrived.
    received_ms: i64,
    /// `unknown_form`, `unknown_unit`, `out_of_scope`, `revoked`, `unreadable`, `fork`, `too_large` or `other_author`.
    reason: String,
    /// The record, if the operation can be read.
    record: Option<String>,
    /// The unit that it names.
    unit: Option<String>,
    /// The form's id and version that it names.
    form: Option<String>,
    /// The author that it names.
    author: Option<String>,
    /// How many bytes it has.
    bytes: usize,
}

/// The newest 200 operations that could not be applied, of the asker's units; of all for an administrator.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "records", responses(
    (status = 200, body = Vec<QuarantineEntry>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for coordinators, administrators and auditors", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Vec<QuarantineEntry>>> {
    if !["coordinator", "administrator", "auditor"].contains(&session.role.as_str()) {
        return Err(ApiError::forbidden("not_allowed", "the repair desk is the coordinators'"));
    }
    let everything = session.role == "administrator";
    let kept = app.database().quarantine(&session.account, everything, LIMIT).await?;
    let entries = kept.into_iter().map(|kept| {
        let operation: Option<Operation> = codec::decode(&kept.bytes).ok();
        QuarantineEntry {
            id: kept.id,
            device: kept.device.to_string(),
            seq: kept.seq,
            sender: kept.sender,
            received_ms: kept.received_ms,
            reason: kept.reason,
            record: kept.record.map(|record| record.to_string()),
            unit: kept.unit,
            form: operation
                .as_ref()
                .map(|operation| format!("{} {}", operation.form.id, operation.form.version)),
            author: operation.map(|operation| operation.author),
            bytes: kept.bytes.len(),
        }
    });
    Ok(Json(entries.collect()))
}
