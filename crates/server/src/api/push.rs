//! What devices send.

use std::io::Read;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use sync::codec;
use sync::push::{MAX_OPERATIONS, Sender};
use sync::wire::PushRequest;

use super::signed_in::{OnceSignedIn, Sent, speaks_for};
use super::{CBOR, cbor};
use crate::budgets::Take;
use crate::config::MAX_BODY;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock, erasure_list};

/// Keeps the operations and says what became of each. Once the body can be read nothing is refused: what cannot be
/// applied is kept in quarantine and acknowledged. Sending twice changes nothing.
#[utoipa::path(post, path = "/api/v1/push", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/cbor",
        description = "`PushRequest`; `Content-Encoding: gzip` is understood"),
    responses(
        (status = 200, description = "`PushResponse`: on disk", content_type = "application/cbor"),
        (status = 400, description = "`truncated`, `unreadable`, `too_many_operations`, `unknown_version`: \
            nothing was stored", body = ErrorBody),
        (status = 401, description = "`signed_out`: the session was never valid, or its owner ended it; \
            `session_revoked`: somebody else did. Nothing was stored, sign in and send again", body = ErrorBody),
        (status = 403, description = "`wrong_device`: the device is another account's", body = ErrorBody),
        (status = 413, description = "`too_large`: more than 4 MiB", body = ErrorBody),
        (status = 415, description = "`not_cbor`, `unknown_encoding`", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`: nothing was stored, send the same again then",
            body = ErrorBody),
        (status = 507, description = "`storage_full`: nothing was stored", body = ErrorBody),
    ))]
pub async fn push(
    State(app): State<App>,
    headers: HeaderMap,
    Sent(OnceSignedIn(session), body, ..): Sent<OnceSignedIn, Result<Bytes, BytesRejection>>,
) -> ApiResult<Response> {
    let body = super::whole(body)?;
    let request = read(&headers, &body)?;
    speaks_for(&app, &session, request.device).await?;
    if request.operations.len() > MAX_OPERATIONS {
        let message = format!("more than {MAX_OPERATIONS} operations");
        return Err(ApiError::bad_request("too_many_operations", message));
    }
    app.budgets().take(&session.account, Take::Bytes(body.len() as u64))?;
    app.budgets().take(&session.account, Take::Operations(request.operations.len()))?;
    let device = request.device;
    let sender = Sender { account: &session.account, revoked: session.disabled };
    let pushed = app.database().push(request, sender, clock::now_ms()).await?;
    for (seq, reason) in &pushed.quarantined {
        tracing::warn!(%device, seq, reason = reason.name(), "quarantined");
    }
    if let Some(lost) = &pushed.lost {
        tracing::error!(%device, first = lost.start(), last = lost.end(), "operations lost in a restore");
    }
    erasure_list::let_go(&app, &pushed.gone).await;
    app.announce(pushed.head);
    app.database().tell_lost(device, &pushed.lost_files).await?;
    Ok(cbor(&pushed.response))
}

fn read(headers: &HeaderMap, body: &[u8]) -> ApiResult<PushRequest> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let unsupported =
        |code, message| Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message));
    if text(header::CONTENT_TYPE) != Some(CBOR) {
        return unsupported("not_cbor", "the body must be application/cbor");
    }
    let unpacked = match text(header::CONTENT_ENCODING) {
        None | Some("identity") => None,
        Some("gzip") => Some(gunzip(body)?),
        Some(_) => {
            return unsupported("unknown_encoding", "the only Content-Encoding understood is gzip");
        }
    };
    let bytes = unpacked.as_deref().unwrap_or(body);
    let request: PushRequest = codec::decode(bytes)
        .map_err(|error| ApiError::bad_request("unreadable", error.to_string()))?;
    if !codec::is_understood(request.version) {
        let message =
            format!("this server does not know version {} of the protocol", request.version);
        return Err(ApiError::bad_request("unknown_version", message));
    }
    Ok(request)
}

fn gunzip(packed: &[u8]) -> ApiResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(packed).take(MAX_BODY as u64 + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| ApiError::bad_request("truncated", format!("gzip: {error}")))?;
    if bytes.len() > MAX_BODY { Err(ApiError::too_large(MAX_BODY)) } else { Ok(bytes) }
}
