//! Entities: the things that submitted records make and change, as lists, and where changes met.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::Path;
use super::signed_in::{Sent, SignedIn};
use crate::accounts::Role;
use crate::entities::{self, Entity, EntityVersion};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

/// Up to which change of a record, by the server's clock, the list tells what records say.
const AS_OF: HeaderName = HeaderName::from_static("x-sotay-as-of");

/// A list, as the asker sees it.
#[derive(Serialize, ToSchema)]
pub struct Listed {
    /// Its name: forms read it as `jr://file-csv/NAME.csv`.
    dataset: String,
    /// How many entities of the asker's units are in it.
    entities: usize,
    /// How many of them were changed by people who did not see each other.
    conflicts: usize,
    /// How many records that the asker sees change one that is not there yet, or that they may not change.
    waiting: usize,
}

/// A record whose change of an entity is not in the list.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    /// The entity, a UUID.
    id: String,
    /// The record, which says what is to be changed.
    record: String,
    /// What people call the record.
    title: String,
    /// Its form's id.
    form: String,
    /// Its unit.
    unit: String,
    /// The account that wrote it.
    author: String,
}

/// An entity of which changes met.
#[derive(Serialize, ToSchema)]
pub struct Met {
    /// A UUID.
    id: String,
    /// What people call it.
    label: String,
    /// The unit of the record that made it.
    unit: String,
    /// How often it was made or changed.
    version: u64,
    /// `hard`: the same property was changed; `soft`: others were.
    conflict: &'static str,
    /// Its properties, by name.
    properties: BTreeMap<String, String>,
    /// Its versions, oldest first.
    versions: Vec<Version>,
}

/// One version of an entity.
#[derive(Serialize, ToSchema)]
pub struct Version {
    /// Its number, from 1.
    version: u64,
    /// Who changed it.
    author: String,
    /// The version that they saw.
    base: u64,
    /// The label, if they changed it.
    label: Option<String>,
    /// The properties that they changed.
    properties: BTreeMap<String, String>,
    /// How it met what they did not see.
    conflict: Option<&'static str>,
}

/// Which version somebody looked at.
#[derive(Deserialize, ToSchema)]
pub struct Look {
    version: u64,
}

impl Met {
    fn of(entity: Entity, versions: Vec<EntityVersion>) -> Option<Self> {
        let version = |one: EntityVersion| Version {
            version: one.version,
            author: one.author,
            base: one.base,
            label: one.label,
            properties: one.properties,
            conflict: one.conflict.map(entities::Meeting::name),
        };
        Some(Self {
            conflict: entity.conflict?.name(),
            id: entity.id,
            label: entity.label,
            unit: entity.unit,
            version: entity.version,
            properties: entity.properties,
            versions: versions.into_iter().map(version).collect(),
        })
    }
}

/// The lists that records make, with what the asker sees of them.
#[utoipa::path(get, path = "/api/v1/entities", tag = "entities", responses(
    (status = 200, description = "the lists", body = Vec<Listed>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn lists(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Vec<Listed>>> {
    let datasets = app.database().datasets_seen_by(&session.account).await?;
    if !datasets.is_empty() {
        entities::catch_up(&app).await?;
    }
    let mut listed = Vec::new();
    for dataset in datasets {
        let list = app.database().entity_list(&session.account, &dataset).await?;
        let conflicts = list.entities.iter().filter(|entity| entity.conflict.is_some()).count();
        let waiting = app.database().entities_waiting(&session.account, &dataset).await?.len();
        listed.push(Listed { dataset, entities: list.entities.len(), conflicts, waiting });
    }
    Ok(Json(listed))
}

/// A list as forms read it: `name` (the id), `label`, `__version`, and a column for each property. `ETag` changes with it.
#[utoipa::path(get, path = "/api/v1/entities/{dataset}", tag = "entities",
    params(("dataset" = String, Path, description = "the list's name")),
    responses(
        (status = 200, description = "the entities of the asker's units; `X-Sotay-As-Of`", content_type = "text/csv"),
        (status = 304, description = "the asker has it already (`If-None-Match`)"),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: no form makes such entities", body = ErrorBody),
    ))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(dataset): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (csv, as_of_ms) = csv_of(&app, &session.account, &dataset).await?.ok_or_else(no_list)?;
    let tag = format!("\"{}\"", sync::codec::hash(csv.as_bytes()));
    let about = [
        (header::ETAG, HeaderValue::from_str(&tag)),
        (header::CACHE_CONTROL, HeaderValue::from_str("private, no-cache")),
        (AS_OF, HeaderValue::from_str(&as_of_ms.to_string())),
    ];
    let about = about.map(|(name, value)| (name, value.expect("digits make a header")));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    if known.is_some_and(|known| known.trim_start_matches("W/") == tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, [(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// A list as text, and up to when; `None` if no form makes such entities, or none that the account sees has to do with them.
pub(crate) async fn csv_of(
    app: &App,
    account: &str,
    dataset: &str,
) -> ApiResult<Option<(String, i64)>> {
    if !is_seen(app, account, dataset).await? {
        return Ok(None);
    }
    let list = app.database().entity_list(account, dataset).await?;
    Ok(Some((entities::csv(&list.entities), list.as_of_ms)))
}

/// Whether a form makes such entities and the account sees what has to do with them. If so, the list is as records are by now.
async fn is_seen(app: &App, account: &str, dataset: &str) -> ApiResult<bool> {
    let is_seen = app.database().datasets_seen_by(account).await?.contains(dataset);
    if is_seen {
        entities::catch_up(app).await?;
    }
    Ok(is_seen)
}

/// The entities that were changed by people who did not see each other's change, and nobody has looked at since.
#[utoipa::path(get, path = "/api/v1/entities/{dataset}/conflicts", tag = "entities",
    params(("dataset" = String, Path, description = "the list's name")),
    responses(
        (status = 200, description = "the entities, with their versions", body = Vec<Met>),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: no form makes such entities", body = ErrorBody),
    ))]
pub async fn conflicts(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(dataset): Path<String>,
) -> ApiResult<Json<Vec<Met>>> {
    if !is_seen(&app, &session.account, &dataset).await? {
        return Err(no_list());
    }
    let met = app.database().entities_met(&session.account, &dataset).await?;
    let met = met.into_iter().filter_map(|(entity, versions)| Met::of(entity, versions));
    Ok(Json(met.collect()))
}

/// The records whose change of an entity waits: for the entity to be made, or for the right to change it and a touch of the record.
#[utoipa::path(get, path = "/api/v1/entities/{dataset}/waiting", tag = "entities",
    params(("dataset" = String, Path, description = "the list's name")),
    responses(
        (status = 200, description = "the records that the asker sees", body = Vec<Waiting>),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: no form makes such entities", body = ErrorBody),
    ))]
pub async fn waiting(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(dataset): Path<String>,
) -> ApiResult<Json<Vec<Waiting>>> {
    if !is_seen(&app, &session.account, &dataset).await? {
        return Err(no_list());
    }
    let waiting = app.database().entities_waiting(&session.account, &dataset).await?;
    let waiting = waiting.into_iter().map(|(id, view)| Waiting {
        id,
        record: view.record.to_string(),
        title: view.title,
        form: view.form.id,
        unit: view.unit,
        author: view.author,
    });
    Ok(Json(waiting.collect()))
}

/// Says that somebody looked at how changes met, and leaves the entity as it stands in that version.
#[utoipa::path(post, path = "/api/v1/entities/{dataset}/{entity}/settle", tag = "entities",
    params(
        ("dataset" = String, Path, description = "the list's name"),
        ("entity" = String, Path, description = "the entity's id"),
    ),
    request_body = Look,
    responses(
        (status = 204, description = "settled"),
        (status = 400, description = "`bad_json`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: coordinators do that", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`changed`: it stands in another version now", body = ErrorBody),
    ))]
pub async fn settle(
    State(app): State<App>,
    Path((dataset, entity)): Path<(String, String)>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<Look>, JsonRejection>>,
) -> ApiResult<StatusCode> {
    if session.role != Role::Coordinator {
        return Err(ApiError::forbidden("not_allowed", "coordinators settle that"));
    }
    let Json(Look { version }) =
        body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let found = app.database().entity(&session.account, &dataset, &entity).await?;
    found.ok_or_else(|| ApiError::not_found("there is no such entity"))?;
    let (by, now_ms) = (session.account.as_str(), clock::now_ms());
    if app.database().settle_entity(&dataset, &entity, version, by, now_ms).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::conflict("changed", "the entity stands in another version now"))
}

fn no_list() -> ApiError {
    ApiError::not_found("no form here makes such entities")
}
