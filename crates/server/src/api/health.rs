//! Whether the server can do its work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::Writing;
use crate::error::{ApiResult, ErrorBody};
use crate::{App, BackupHealth, clock};

/// The server is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// How keeping what is pushed goes: `ok`; `full`, if the last could not be kept for want of room; `failed`, if it could not be for
    /// another reason; `slow`, if one has waited for a minute. Reading works in any case.
    writing: &'static str,
    /// How scheduled backups stand: `ok`; `late`, if the newest is twice as old as it should become; `failed`, if the last try
    /// failed. Absent without a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<&'static str>,
}

/// Asks the database something; for load balancers and monitors.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, body = Health),
    (status = 500, description = "`internal`: the database does not answer", body = ErrorBody),
))]
pub async fn health(State(app): State<App>) -> ApiResult<Json<Health>> {
    app.database().epoch_and_head().await?;
    let backup = app.backup_health(clock::now_ms()).map(|health| match health {
        BackupHealth::Ok => "ok",
        BackupHealth::Late => "late",
        BackupHealth::Failed => "failed",
    });
    let writing = match app.database().writing(clock::now_ms()) {
        Writing::Ok => "ok",
        Writing::Full => "full",
        Writing::Failed => "failed",
        Writing::Slow => "slow",
    };
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), writing, backup }))
}
