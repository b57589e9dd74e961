//! The work of a phone that somebody brings as a file, and the keys that this takes.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use sync::bundle::{MAX_BYTES, PublicKey};
use sync::wire::Hash;
use utoipa::{IntoParams, ToSchema};

use super::blobs::storage_error;
use super::extract::{Path, Query};
use super::signed_in::{SENDING, Sent, SignedIn, Unnamed, still_signed_in};
use crate::budgets::Take;
use crate::bundle::incoming::hash_of;
use crate::bundle::{ImportError, Receipt, Refusal, import, keys};
use crate::database::Session;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, accounts, clock};

/// What a device signs with.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DeviceKey {
    /// The device's public key: a point of P-256, uncompressed, 130 hexadecimal digits.
    key: String,
}

/// What phones seal bundles to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisation {
    /// The name of the key: SHA-256 of it.
    id: String,
    /// The organisation's public key: a point of P-256, uncompressed, 130 hexadecimal digits.
    key: String,
}

/// Tells the server what this device signs with, and asks what it is to seal to. Once after each sign-in, and whenever the
/// app starts with a network; telling it again changes nothing.
#[utoipa::path(put, path = "/api/v1/session/key", tag = "bundles", request_body = DeviceKey, responses(
    (status = 200, body = Organisation),
    (status = 400, description = "`bad_json`, `bad_key`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn register_key(
    State(app): State<App>,
    Sent(SignedIn(session), given, ..): Sent<SignedIn, Result<Json<DeviceKey>, JsonRejection>>,
) -> ApiResult<Json<Organisation>> {
    let Json(given) =
        given.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let key = read_key(&given.key)
        .ok_or_else(|| ApiError::bad_request("bad_key", "no point of P-256, uncompressed"))?;
    app.database().add_device_key(&session.account, session.device, &key, clock::now_ms()).await?;
    let key = app.database().organisation_key().await?;
    let key = key.ok_or_else(|| ApiError::internal("the organisation has no key"))?;
    Ok(Json(Organisation { id: key.id().to_string(), key: accounts::hex(&key.0) }))
}

fn read_key(digits: &str) -> Option<PublicKey> {
    let digits: &[u8; 130] = digits.as_bytes().try_into().ok()?;
    let mut key = PublicKey([0; 65]);
    for (byte, pair) in key.0.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    keys::is_key(&key).then_some(key)
}

/// How far a bundle is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Standing {
    /// How many of its bytes are here. Not told of one that was taken.
    held: Option<u64>,
    /// What became of it, once it was taken.
    receipt: Option<Receipt>,
}

impl Standing {
    fn held(held: u64) -> Json<Self> {
        Json(Self { held: Some(held), receipt: None })
    }

    fn taken(receipt: Receipt) -> Json<Self> {
        Json(Self { held: None, receipt: Some(receipt) })
    }
}

/// Which piece of a bundle comes.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PieceQuery {
    /// The bundle's length in bytes.
    size: u64,
    /// Where in it the piece begins: as many bytes as are here.
    at: u64,
}

/// How far a bundle is that this or another carrier began to bring, or what became of it.
#[utoipa::path(get, path = "/api/v1/bundles/{hash}", tag = "bundles",
    params(("hash" = String, Path, description = "SHA-256 of the bundle")),
    responses(
        (status = 200, body = Standing),
        (status = 400, description = "`bad_hash`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
    ))]
pub async fn standing(
    State(app): State<App>,
    // A locked phone brings its copy, whoever's cookie it has.
    Unnamed(_): Unnamed,
    Path(hash): Path<String>,
) -> ApiResult<Json<Standing>> {
    let hash = parse(&hash)?;
    if let Some(receipt) = app.database().receipt(hash).await? {
        return Ok(Standing::taken(receipt));
    }
    Ok(Standing::held(app.incoming().held(hash).map_err(ApiError::internal)?))
}

/// Brings the next piece of a bundle, of at most 4 MiB; when it is whole it is taken.
///
/// Anybody who is signed in may bring one. It counts as the push of the device that signed it; one whose key is unknown waits at the repair desk.
#[utoipa::path(put, path = "/api/v1/bundles/{hash}", tag = "bundles",
    params(("hash" = String, Path, description = "SHA-256 of the bundle"), PieceQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "kept; with `receipt`: taken, all of it is on disk", body = Standing),
        (status = 400, description = "`bad_hash`, `truncated`, `no_bundle`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`wrong_device`: it brings the work of another account's device", body = ErrorBody),
        (status = 409, description = "`wrong_place`: ask how far it is, and go on from there", body = ErrorBody),
        (status = 413, description = "`too_large`", body = ErrorBody),
        (status = 422, description = "`bundle_mismatch`: the pieces are not that bundle, bring it from the start; \
            `altered`, `cut_short`: it is not what its device signed; `unknown_key`, `not_for_server`: this server cannot \
            open it; `newer_version`. Nothing of it was kept", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`: go on from there then", body = ErrorBody),
        (status = 507, description = "`storage_full`: bring it again", body = ErrorBody),
    ))]
pub async fn write(
    State(app): State<App>,
    _: SignedIn,
    Path(hash): Path<String>,
    Query(query): Query<PieceQuery>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Bytes, BytesRejection>>,
) -> ApiResult<Json<Standing>> {
    let hash = parse(&hash)?;
    let body = super::whole(body)?;
    if query.size > MAX_BYTES {
        return Err(too_large());
    }
    if query.size == 0 {
        return Err(ApiError::bad_request("no_bundle", "no bundle is without bytes"));
    }
    let incoming = app.incoming();
    let _one_at_a_time = incoming.turn().await;
    if let Some(receipt) = app.database().receipt(hash).await? {
        return Ok(Standing::taken(receipt));
    }
    let mut held = incoming.held(hash).map_err(ApiError::internal)?;
    // Of two that say how long it is one is wrong, and the hash will tell: what is here may not be in its way.
    if held > query.size {
        incoming.forget(hash).map_err(ApiError::internal)?;
        held = 0;
    }
    let whole = held + body.len() as u64;
    if query.at != held || whole > query.size {
        let message = format!("{held} of {} bytes are here", query.size);
        return Err(ApiError::conflict("wrong_place", message));
    }
    app.budgets().take(&session.account, Take::Bytes(body.len() as u64))?;
    if !body.is_empty() {
        incoming.append(hash, body.to_vec()).await.map_err(storage_error)?;
    }
    if whole < query.size {
        return Ok(Standing::held(whole));
    }
    if hash_of(&incoming.path(hash)).await.map_err(ApiError::internal)? != hash {
        incoming.forget(hash).map_err(ApiError::internal)?;
        let message = "the pieces are not that bundle; bring it from the start";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bundle_mismatch", message));
    }
    Ok(Standing::taken(take_whole(&app, hash, &session.account).await?))
}

/// Brings a whole bundle, as a program does that has a good line. The rest is as for its pieces.
#[utoipa::path(post, path = "/api/v1/bundles", tag = "bundles",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "taken, all of it is on disk", body = Standing),
        (status = 400, description = "`truncated`, `no_bundle`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`wrong_device`", body = ErrorBody),
        (status = 408, description = "`timed_out`: nothing more came for five minutes", body = ErrorBody),
        (status = 413, description = "`too_large`", body = ErrorBody),
        (status = 422, description = "`altered`, `cut_short`, `unknown_key`, `not_for_server`, `newer_version`", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`: bring it again then", body = ErrorBody),
        (status = 507, description = "`storage_full`", body = ErrorBody),
    ))]
pub async fn take(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    body: Body,
) -> ApiResult<Json<Standing>> {
    let incoming = app.incoming();
    // Under a name of its own until its hash is known.
    let name = Hash(accounts::random());
    let received = receive(&app, &session, name, body).await;
    let hash = match received {
        Ok(()) => hash_of(&incoming.path(name)).await.map_err(ApiError::internal),
        Err(error) => Err(error),
    };
    let hash = match still_signed_in(&app, &session).await {
        Ok(_) => hash,
        Err(ended) => Err(ended),
    };
    let _one_at_a_time = incoming.turn().await;
    let hash = match hash {
        Ok(hash) => hash,
        Err(error) => {
            incoming.forget(name).map_err(ApiError::internal)?;
            return Err(error);
        }
    };
    incoming.rename(name, hash).map_err(ApiError::internal)?;
    if let Some(receipt) = app.database().receipt(hash).await? {
        incoming.forget(hash).map_err(ApiError::internal)?;
        return Ok(Standing::taken(receipt));
    }
    Ok(Standing::taken(take_whole(&app, hash, &session.account).await?))
}

/// How long the next bytes of a body may take: it may be long itself, and does not stand still.
const STILL: Duration = Duration::from_secs(300);

/// KiB of memory that a whole bundle takes while it comes: a piece, and what comes with its last bytes.
pub const PIECE_KIB: u32 = 1024 + 64;

/// KiB that are left of somebody's part of the memory for what is sent.
#[must_use]
pub fn room_left(account: &str) -> u32 {
    SENDING.left(account)
}

/// Puts a body on the disk as it comes, as long as its session goes on.
async fn receive(app: &App, session: &Session, name: Hash, mut body: Body) -> ApiResult<()> {
    const PIECE: usize = 1 << 20;
    let account = session.account.as_str();
    let _room = SENDING.take(account, PIECE_KIB).await;
    let (mut piece, mut size) = (Vec::new(), 0_u64);
    let next = async |body: &mut Body| {
        tokio::time::timeout(STILL, body.frame()).await.map_err(|_elapsed| {
            let message = "nothing more came of the body";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "timed_out", message)
        })
    };
    while let Some(frame) = next(&mut body).await? {
        let frame = frame.map_err(|error| ApiError::bad_request("truncated", error.to_string()))?;
        let Ok(bytes) = frame.into_data() else { continue };
        size += bytes.len() as u64;
        if size > MAX_BYTES {
            return Err(too_large());
        }
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE {
            still_signed_in(app, session).await?;
            app.budgets().take(account, Take::Bytes(piece.len() as u64))?;
            app.incoming().append(name, std::mem::take(&mut piece)).await.map_err(storage_error)?;
        }
    }
    app.budgets().take(account, Take::Bytes(piece.len() as u64))?;
    app.incoming().append(name, piece).await.map_err(storage_error)
}

/// Takes a bundle that is whole. One that was refused is forgotten; one that could not be taken this time stays.
async fn take_whole(app: &App, hash: Hash, carrier: &str) -> ApiResult<Receipt> {
    let incoming = app.incoming();
    let taken = import(app, &incoming.path(hash), Some(carrier), Some(carrier)).await;
    let answer = match taken {
        Ok(receipt) => {
            // Its photos may have come before the operations that name them: then it is to be taken anew, and not known already.
            if receipt.unwanted_files == 0 {
                app.database().add_receipt(hash, &receipt).await?;
            }
            Ok(receipt)
        }
        Err(ImportError::Refused(refusal)) => Err(refused(&refusal)),
        Err(ImportError::Failed(error)) => return Err(error),
    };
    incoming.forget(hash).map_err(ApiError::internal)?;
    answer
}

fn parse(hash: &str) -> ApiResult<Hash> {
    hash.parse().map_err(|error| ApiError::bad_request("bad_hash", format!("hash: {error}")))
}

fn too_large() -> ApiError {
    let message = format!("bundles larger than {MAX_BYTES} bytes are not taken");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

fn refused(refusal: &Refusal) -> ApiError {
    let status = match refusal.code() {
        "no_bundle" => StatusCode::BAD_REQUEST,
        "wrong_device" => StatusCode::FORBIDDEN,
        "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    ApiError::new(status, refusal.code(), refusal.to_string())
}
