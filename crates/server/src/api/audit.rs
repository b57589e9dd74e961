//! The audit log.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Query;
use super::signed_in::SignedIn;
use crate::App;
use crate::audit::Entry;
use crate::database::{AuditOf, AuditSought};
use crate::error::{ApiError, ApiResult, ErrorBody};

/// Rows in one answer.
const LIMIT: u64 = 200;

/// What is looked for, and where to go on.
#[derive(Debug, Deserialize, IntoParams)]
pub struct AuditQuery {
    /// Only rows before this place.
    #[serde(default)]
    before: Option<i64>,
    /// Only what accounts did whose name holds this, in any case.
    #[serde(default)]
    actor: Option<String>,
    /// Only this action.
    #[serde(default)]
    action: Option<String>,
    /// Only what was done to something whose name holds this, in any case.
    #[serde(default)]
    object: Option<String>,
    /// Only what was done then or later, milliseconds since 1970-01-01 UTC.
    #[serde(default)]
    from: Option<i64>,
    /// Only what was done before then.
    #[serde(default)]
    until: Option<i64>,
}

/// Somebody did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in the log, from 1.
    seq: u64,
    /// When.
    at_ms: i64,
    /// The account that did it; none: the operator of the machine, or for `sign_in_failed` nobody knows who.
    actor: Option<String>,
    /// `sign_in`, `sign_in_by_code`, `sign_in_by_passkey`, `sign_in_failed`, `password_change`, `passkey_add`, `passkey_remove`,
    /// `passkey_refuse`, `session_revoke`, `code_make`, `token_make`, `account_add`, `account_change`, `account_disable`,
    /// `account_enable`, `export`, `repair_apply`, `repair_set_aside`, `entity_settle`, `person_erase`, `person_export`, `account_erase`,
    /// `retention`, `pack_load`, `backup`, `backup_fail`, `restore`, `bundle_import`, `bundle_refuse` or `organisation_key`.
    action: String,
    /// What it was done to: an account, a form, a device and the number of its operation, an entity, a pack; empty for a backup.
    object: String,
    /// The unit that it concerns.
    unit: Option<String>,
    /// More of it, by the action: `session`, `sessions`, `ends_ms`, `renamed`, `role`, `unit`, `scope`, `records`, `number`, `version`,
    /// `outcome`, `reason`, `forms`, `units`, `devices`, `files`, `way`, `tries`, `since_ms`, `address`; in older rows `device_name`,
    /// `passkey`, `name`.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// What the device of that `session` is called: no part of the log, and gone once its owner's name is erased.
    device_name: Option<String>,
}

/// The newest 200 rows of the audit log that are looked for, newest first: all for an administrator, those that concern their units for
/// coordinators and auditors.
#[utoipa::path(get, path = "/api/v1/audit", tag = "accounts", params(AuditQuery), responses(
    (status = 200, body = Vec<AuditEntry>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for coordinators, administrators and auditors", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<Vec<AuditEntry>>> {
    if !session.role.oversees() {
        return Err(ApiError::forbidden("not_allowed", "the audit log is for who oversees units"));
    }
    let of =
        if session.role.oversees_all() { AuditOf::All } else { AuditOf::SeenBy(&session.account) };
    let AuditQuery { before, actor, action, object, from, until } = query;
    let given = |text: Option<String>| {
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let sought = AuditSought {
        actor: given(actor),
        action: given(action),
        object: given(object),
        from_ms: from,
        until_ms: until,
    };
    let rows = app.database().audit_with(of, &sought, before, LIMIT).await?;
    let mut rows: Vec<AuditEntry> = rows.into_iter().map(entry).collect();
    let sessions: Vec<i64> = rows.iter().filter_map(session_of).collect();
    let names = app.database().device_names(&sessions).await?;
    for row in &mut rows {
        row.device_name = session_of(row).and_then(|session| names.get(&session).cloned());
    }
    Ok(Json(rows))
}

fn session_of(row: &AuditEntry) -> Option<i64> {
    row.detail.get("session")?.as_i64()
}

fn entry(entry: Entry) -> AuditEntry {
    let Entry { seq, at_ms, actor, action, object, unit, detail } = entry;
    // A row that somebody tampered with is shown as it is.
    let detail = serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail));
    AuditEntry { seq, at_ms, actor, action, object, unit, detail, device_name: None }
}
