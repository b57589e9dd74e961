//! The repair desk: what could not be applied when it came, and settling it.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use sync::mask::Mask;
use sync::wire::QuarantineReason;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Path, Query};
use super::records::{HistoryField, action_name, written};
use super::signed_in::{Sent, SignedIn};
use crate::database::{Quarantined, Repairer, Session, SettleError, Settled, Settlement, Shown};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

/// Entries in one answer.
const LIMIT: u64 = 200;

/// Characters of a reason, at most.
const MAX_REASON: usize = 500;

/// An operation that was kept and not applied when it came.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineEntry {
    /// Its number.
    id: i64,
    /// `waiting`, `applied` or `set_aside`.
    state: &'static str,
    /// `unknown_form`, `unknown_unit`, `out_of_scope`, `revoked`, `unreadable`, `fork`, `too_large`, `other_author` or
    /// `not_allowed`.
    reason: &'static str,
    /// Why the asker cannot apply it now: one of the reasons, or `not_your_unit`. None if it can be applied.
    obstacle: Option<&'static str>,
    /// The device that sent it.
    device: String,
    /// What the device calls itself.
    device_name: String,
    /// Its place in the device's count.
    seq: u64,
    /// The account whose session brought it.
    sender: String,
    /// What others see of that person.
    sender_name: String,
    /// The author that it names.
    author: Option<String>,
    /// What others see of that person.
    author_name: Option<String>,
    /// When it arrived.
    received_ms: i64,
    /// The device's clock when it was made.
    wall_ms: Option<i64>,
    /// The record, if the operation can be read.
    record: Option<String>,
    /// Whether there is such a record.
    record_exists: bool,
    /// The unit that it names.
    unit: Option<String>,
    /// The form's id and version that it names.
    form: Option<String>,
    /// The form's id.
    form_id: Option<String>,
    /// The form's version.
    form_version: Option<String>,
    /// SHA-256 of the form's XML.
    form_hash: Option<String>,
    /// `create`, `edit`, `submit`, `amend`, `delete`, `undelete` or `resolve`.
    action: Option<&'static str>,
    /// What it wrote.
    fields: Vec<HistoryField>,
    /// How many bytes it has.
    bytes: usize,
    /// How it was settled.
    settled: Option<QuarantineSettled>,
}

/// How an entry was settled.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineSettled {
    /// The account that did it.
    by: String,
    /// What others see of that person.
    by_name: String,
    /// When.
    at_ms: i64,
    /// Why it was set aside.
    reason: Option<String>,
    /// What applying it met: `applied`, `merged` or `conflict`.
    outcome: Option<String>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
pub struct QuarantineQuery {
    /// `waiting` if not given, `settled` or `all`.
    #[serde(default)]
    state: Option<String>,
    /// Only entries of a lower number than this.
    #[serde(default)]
    before: Option<i64>,
}

/// Why an entry is set aside.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SetAside {
    /// 1 to 500 characters, which the author reads on their phone.
    reason: String,
}

/// The newest 200 operations that could not be applied when they came, of the asker's units; of all for an
/// administrator.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "repair", params(QuarantineQuery), responses(
    (status = 200, body = Vec<QuarantineEntry>),
    (status = 400, description = "`bad_state`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for coordinators, administrators and auditors", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Query(query): Query<QuarantineQuery>,
) -> ApiResult<Json<Vec<QuarantineEntry>>> {
    if !session.role.oversees() {
        return Err(may_not_repair());
    }
    let shown = match query.state.as_deref() {
        None | Some("waiting") => Shown::Waiting,
        Some("settled") => Shown::Settled,
        Some("all") => Shown::All,
        Some(_) => {
            return Err(ApiError::bad_request("bad_state", "waiting, settled or all"));
        }
    };
    let repairer = repairer(&session);
    let entries = app.database().quarantine(repairer, shown, query.before, LIMIT).await?;
    let mask = app.database().mask_of(&session.account).await?;
    Ok(Json(entries.into_iter().map(|kept| entry(kept, &mask)).collect()))
}

/// Puts an operation into its record after all, as if it had come now. Its author and its number stay.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/apply", tag = "repair",
    params(("id" = i64, Path, description = "the entry's number")),
    responses(
        (status = 200, description = "the entry as it is now", body = QuarantineEntry),
        (status = 400, description = "`bad_address`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: for coordinators", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see it", body = ErrorBody),
        (status = 409, description = "`already_settled`: it was set aside; `cannot_apply`: see its `obstacle`", body = ErrorBody),
    ))]
pub async fn apply(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(id): Path<i64>,
) -> ApiResult<Json<QuarantineEntry>> {
    settle(&app, &session, id, Settlement::Apply).await
}

/// Settles an operation without applying it. Its bytes are kept, and its author is told the reason.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/set-aside", tag = "repair",
    params(("id" = i64, Path, description = "the entry's number")),
    request_body = SetAside,
    responses(
        (status = 200, description = "the entry as it is now", body = QuarantineEntry),
        (status = 400, description = "`bad_json`, `no_reason`: 1 to 500 characters", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: for coordinators", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see it", body = ErrorBody),
        (status = 409, description = "`already_settled`: it was applied", body = ErrorBody),
    ))]
pub async fn set_aside(
    State(app): State<App>,
    _: SignedIn,
    Path(id): Path<i64>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<SetAside>, JsonRejection>>,
) -> ApiResult<Json<QuarantineEntry>> {
    let Json(body) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let reason = body.reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(ApiError::bad_request("no_reason", "say why in 1 to 500 characters"));
    }
    settle(&app, &session, id, Settlement::SetAside(reason)).await
}

async fn settle(
    app: &App,
    session: &Session,
    id: i64,
    settlement: Settlement<'_>,
) -> ApiResult<Json<QuarantineEntry>> {
    if !session.role.may_repair() {
        return Err(may_not_repair());
    }
    let settled = app.database().settle(id, settlement, repairer(session), clock::now_ms()).await;
    let (settled, head) = settled.map_err(|error| match error {
        SettleError::NotFound => ApiError::not_found("no such entry"),
        SettleError::AlreadySettled => ApiError::conflict("already_settled", error.to_string()),
        SettleError::Obstacle(obstacle) => {
            ApiError::conflict("cannot_apply", obstacle_name(obstacle))
        }
        SettleError::Database(error) => error.into(),
    })?;
    let (by, device, seq) = (&session.account, settled.device, settled.seq);
    tracing::info!(id, by, %device, seq, is_applied = settled.is_applied(), "quarantine settled");
    app.announce(head);
    let mask = app.database().mask_of(&session.account).await?;
    Ok(Json(entry(settled, &mask)))
}

fn repairer(session: &Session) -> Repairer<'_> {
    Repairer { account: &session.account, sees_all: session.role.oversees_all() }
}

fn may_not_repair() -> ApiError {
    ApiError::forbidden("not_allowed", "the repair desk is the coordinators'")
}

/// What is in the way, as the asker is told it: their own rights, not those of the author.
fn obstacle_name(obstacle: QuarantineReason) -> &'static str {
    match obstacle {
        QuarantineReason::OutOfScope => "not_your_unit",
        other => other.name(),
    }
}

fn entry(kept: Quarantined, mask: &Mask) -> QuarantineEntry {
    let state = match &kept.settled {
        None => "waiting",
        Some(_) if kept.is_applied() => "applied",
        Some(_) => "set_aside",
    };
    let mut operation = kept.operation;
    if let Some(operation) = &mut operation {
        mask.cut_operation(operation);
    }
    let form = operation.as_ref().map(|operation| operation.form.clone());
    QuarantineEntry {
        id: kept.id,
        state,
        reason: kept.reason.name(),
        obstacle: kept.obstacle.map(obstacle_name),
        device: kept.device.to_string(),
        device_name: kept.device_name,
        seq: kept.seq,
        sender: kept.sender,
        sender_name: kept.sender_name,
        author: operation.as_ref().map(|operation| operation.author.clone()),
        author_name: kept.author_name,
        received_ms: kept.received_ms,
        wall_ms: operation.as_ref().map(|operation| operation.at.wall_ms),
        record: kept.record.map(|record| record.to_string()),
        record_exists: kept.record_exists,
        unit: kept.unit,
        form: form.as_ref().map(|form| format!("{} {}", form.id, form.version)),
        form_id: form.as_ref().map(|form| form.id.clone()),
        form_version: form.as_ref().map(|form| form.version.clone()),
        form_hash: form.as_ref().map(|form| form.hash.to_string()),
        action: operation.as_ref().map(|operation| action_name(operation.action)),
        fields: operation.map(|operation| written(operation.fields)).unwrap_or_default(),
        bytes: kept.size,
        settled: kept.settled.map(settled),
    }
}

fn settled(settled: Settled) -> QuarantineSettled {
    let Settled { by, by_name, at_ms, set_aside, outcome } = settled;
    QuarantineSettled { by, by_name, at_ms, reason: set_aside, outcome }
}
