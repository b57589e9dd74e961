//! Photos, signatures and other files, in chunks that come in any order.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sync::blob::{Chunks, chunk_count, chunk_range};
use sync::codec;
use sync::wire::Hash;
use utoipa::IntoParams;

use super::extract::{Path, Query};
use super::signed_in::{OnceSignedIn, Sent, SignedIn};
use crate::budgets::Take;
use crate::config::MAX_BLOB;
use crate::database::NewBlob;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

const MISSING: HeaderName = HeaderName::from_static("x-missing-chunks");
const CHUNK_HASH: HeaderName = HeaderName::from_static("x-chunk-hash");

/// What the sender knows of a blob.
#[derive(Debug, Deserialize, IntoParams)]
pub struct BlobQuery {
    /// Its length in bytes.
    size: u64,
    /// Its media type.
    #[serde(default, rename = "type")]
    media_type: Option<String>,
}

fn parse(hash: &str) -> ApiResult<Hash> {
    hash.parse().map_err(|error| ApiError::bad_request("bad_hash", format!("hash: {error}")))
}

fn check_size(size: u64) -> ApiResult<()> {
    if size > MAX_BLOB {
        let message = format!("files larger than {MAX_BLOB} bytes are not kept");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message));
    }
    Ok(())
}

/// Which chunks the server still needs: in the header `X-Missing-Chunks`, empty when it has the whole file.
#[utoipa::path(head, path = "/api/v1/blobs/{hash}", tag = "blobs",
    params(("hash" = String, Path, description = "SHA-256 of the file"), BlobQuery),
    responses(
        (status = 200, description = "`X-Missing-Chunks: 0,3-5`"),
        (status = 400, description = "`bad_hash`"),
        (status = 401, description = "`signed_out`"),
        (status = 413, description = "`too_large`"),
        (status = 507, description = "`storage_full`"),
    ))]
pub async fn missing(
    State(app): State<App>,
    OnceSignedIn(session): OnceSignedIn,
    Path(hash): Path<String>,
    Query(query): Query<BlobQuery>,
) -> ApiResult<Response> {
    let hash = parse(&hash)?;
    check_size(query.size)?;
    // What was erased is not to come again; the phone is told that nothing is missing, and lets go of it.
    if app.database().is_erased_blob(hash).await? {
        return Ok(kept_whole());
    }
    if query.size == 0 && hash == codec::hash(&[]) {
        // An empty file has no chunk that could bring it.
        let media_type = query.media_type.as_deref().unwrap_or_default();
        finish(&app, NewBlob { hash, size: 0, media_type, sender: &session.account }).await?;
    }
    let missing = match app.database().blob(hash).await? {
        Some(blob) if blob.whole => Chunks::default(),
        Some(blob) if blob.size == query.size => {
            let missing = Chunks::missing(query.size, app.database().blob_chunks(hash).await?);
            let known = NewBlob {
                hash,
                size: blob.size,
                media_type: &blob.media_type,
                sender: &session.account,
            };
            // The server may have died between the last chunk and the proof of the whole.
            if missing.is_empty() && finish(&app, known).await.is_err() {
                Chunks::all(query.size)
            } else {
                missing
            }
        }
        _ => Chunks::all(query.size),
    };
    let missing = HeaderValue::from_str(&missing.to_string()).expect("digits make a header");
    Ok(([(MISSING, missing)], StatusCode::OK).into_response())
}

/// Brings one chunk of 256 KiB, the last one may be shorter. It is on disk when this answers.
#[utoipa::path(put, path = "/api/v1/blobs/{hash}/{chunk}", tag = "blobs",
    params(
        ("hash" = String, Path, description = "SHA-256 of the file"),
        ("chunk" = u64, Path, description = "its place, from 0"),
        BlobQuery,
        ("x-chunk-hash" = String, Header, description = "SHA-256 of the chunk"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 204, description = "kept; `X-Missing-Chunks` says what is still missing"),
        (status = 400, description = "`bad_hash`, `bad_chunk`, `truncated`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_owed`: of a disabled account only what its work still lacks is taken", body = ErrorBody),
        (status = 413, description = "`too_large`", body = ErrorBody),
        (status = 422, description = "`chunk_mismatch`: damaged on the way; `blob_mismatch`: the chunks together \
            are not that file, all are to be sent again", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`: send the chunk again then", body = ErrorBody),
    ))]
pub async fn write(
    State(app): State<App>,
    _: OnceSignedIn,
    Path((hash, chunk)): Path<(String, u64)>,
    Query(query): Query<BlobQuery>,
    headers: HeaderMap,
    Sent(OnceSignedIn(session), body, ..): Sent<OnceSignedIn, Result<Bytes, BytesRejection>>,
) -> ApiResult<Response> {
    let hash = parse(&hash)?;
    // Whoever was disabled brings what the work that they sent still lacks, and nothing else.
    if session.disabled && !app.database().is_owed(&session.account, hash).await? {
        return Err(ApiError::forbidden("not_owed", "no work of this person waits for that file"));
    }
    check_size(query.size)?;
    let body = body.map_err(|error| ApiError::bad_request("truncated", error.body_text()))?;
    let range = chunk_range(query.size, chunk)
        .ok_or_else(|| ApiError::bad_request("bad_chunk", "the file ends before that chunk"))?;
    if body.len() as u64 != range.end - range.start {
        let message =
            format!("{} bytes where the chunk has {}", body.len(), range.end - range.start);
        return Err(ApiError::bad_request("bad_chunk", message));
    }
    let told = headers.get(CHUNK_HASH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if codec::hash(&body).to_string() != told.to_ascii_lowercase() {
        return Err(unprocessable(
            "chunk_mismatch",
            "the chunk's hash is not the one in X-Chunk-Hash",
        ));
    }
    app.budgets().take(&session.account, Take::Bytes(body.len() as u64))?;
    if app.database().is_erased_blob(hash).await? {
        return Ok(kept(&Chunks::default()));
    }
    let media_type = query.media_type.as_deref().unwrap_or("application/octet-stream");
    let blob = NewBlob { hash, size: query.size, media_type, sender: &session.account };
    if let Some(known) = app.database().blob(hash).await? {
        if known.whole {
            return Ok(kept(&Chunks::default()));
        }
        if known.size != query.size {
            // Only one length can be right, and the whole file will tell which.
            app.database().drop_blob(hash).await?;
            app.blobs().drop_part(hash).await.map_err(ApiError::internal)?;
        }
    }
    app.blobs().write_chunk(hash, range.start, body.to_vec()).await.map_err(storage_error)?;
    let Some(held) = app.database().add_chunk(&blob, chunk, clock::now_ms()).await? else {
        app.blobs().remove(hash).await.map_err(ApiError::internal)?;
        return Ok(kept(&Chunks::default()));
    };
    if held == chunk_count(query.size) {
        finish(&app, blob).await?;
        return Ok(kept(&Chunks::default()));
    }
    Ok(kept(&Chunks::missing(query.size, app.database().blob_chunks(hash).await?)))
}

fn kept_whole() -> Response {
    ([(MISSING, HeaderValue::from_static(""))], StatusCode::OK).into_response()
}

fn kept(missing: &Chunks) -> Response {
    let missing = HeaderValue::from_str(&missing.to_string()).expect("digits make a header");
    ([(MISSING, missing)], StatusCode::NO_CONTENT).into_response()
}

fn unprocessable(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

pub(crate) fn storage_error(error: std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        let message = "the server's disk is full; the chunk was not stored";
        return ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", message);
    }
    ApiError::internal(error)
}

/// Keeps a file that came in one piece. It is on disk when this answers.
pub(crate) async fn keep_whole(app: &App, blob: NewBlob<'_>, bytes: Vec<u8>) -> ApiResult<()> {
    if app.database().is_erased_blob(blob.hash).await? {
        return Ok(());
    }
    if renew(app, &blob).await? {
        return Ok(());
    }
    app.blobs().write_chunk(blob.hash, 0, bytes).await.map_err(storage_error)?;
    finish(app, blob).await
}

/// Whether the file is here: then it is as new, for nobody sends it once more, and what names it comes after it.
async fn renew(app: &App, blob: &NewBlob<'_>) -> ApiResult<bool> {
    // Whoever throws away what nothing names is alone too.
    let _one_at_a_time = app.blobs().finishing().await;
    let Some(known) = app.database().blob(blob.hash).await? else { return Ok(false) };
    if known.whole && app.database().finish_blob(blob, clock::now_ms()).await? {
        return Ok(true);
    }
    if known.size != blob.size {
        app.database().drop_blob(blob.hash).await?;
        app.blobs().drop_part(blob.hash).await.map_err(ApiError::internal)?;
    }
    Ok(false)
}

/// Proves that the chunks of a file are all there and are that file. It is on disk when this answers.
pub(crate) async fn finish(app: &App, blob: NewBlob<'_>) -> ApiResult<()> {
    let _one_at_a_time = app.blobs().finishing().await;
    if app.database().blob(blob.hash).await?.is_some_and(|known| known.whole) {
        return Ok(());
    }
    if app.database().whole_blobs(1).await?.is_empty() {
        // All others will be where the first one is: a command that was not told where may have opened another store meanwhile.
        app.blobs().check(app.database()).await.map_err(ApiError::internal)?;
    }
    if app.blobs().finish(blob.hash, blob.size).await.map_err(storage_error)? {
        if !app.database().finish_blob(&blob, clock::now_ms()).await? {
            app.blobs().remove(blob.hash).await.map_err(ApiError::internal)?;
        }
        return Ok(());
    }
    app.database().drop_blob(blob.hash).await?;
    Err(unprocessable(
        "blob_mismatch",
        "the chunks together do not have that hash; send all of them again",
    ))
}

/// A whole file, for whoever sees a record that names it, or brought it.
#[utoipa::path(get, path = "/api/v1/blobs/{hash}", tag = "blobs",
    params(("hash" = String, Path, description = "SHA-256 of the file")),
    responses(
        (status = 200, description = "the file, never changes", content_type = "application/octet-stream"),
        (status = 400, description = "`bad_hash`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see it", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn read(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(hash): Path<String>,
) -> ApiResult<Response> {
    let hash = parse(&hash)?;
    let unknown = || ApiError::not_found("no such file, or not yet whole");
    let blob = app.database().blob(hash).await?.filter(|blob| blob.whole).ok_or_else(unknown)?;
    if !app.database().may_see_blob(&session.account, hash).await? {
        return Err(unknown());
    }
    app.budgets().take(&session.account, Take::Bytes(blob.size))?;
    let bytes = app.blobs().stream(hash).await.map_err(ApiError::internal)?;
    let length = blob.size.to_string();
    let (media_type, disposition) = shown_as(&blob.media_type);
    // What its sender called it stands in the record; a name from a phone has no place in a header.
    let disposition = format!("{disposition}; filename=\"{hash}\"");
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, length.as_str()),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::CONTENT_SECURITY_POLICY, FROM_A_PHONE),
    ];
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// Whatever is in it, nothing of it runs, or passes for a page of ours.
const FROM_A_PHONE: &str =
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Kinds that a browser shows without running anything in them. All else is offered for saving.
fn shown_as(media_type: &str) -> (&'static str, &'static str) {
    const SHOWN: [&str; 12] = [
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "image/heic",
        "image/avif",
        "audio/mpeg",
        "audio/mp4",
        "audio/webm",
        "audio/ogg",
        "video/mp4",
        "video/webm",
    ];
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match SHOWN.into_iter().find(|shown| shown.eq_ignore_ascii_case(essence)) {
        Some(shown) => (shown, "inline"),
        None => ("application/octet-stream", "attachment"),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use super::*;
    use crate::config::Config;

    /// Whoever throws away what nothing names looks first and removes then.
    #[tokio::test]
    async fn a_file_that_comes_again_while_it_is_thrown_away_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Config::new(folder.path().join("data"))).await.unwrap();
        let (hash, size) = (sync::codec::hash(b"photo"), 5);
        let blob = || NewBlob { hash, size, media_type: "image/jpeg", sender: "lan" };
        keep_whole(&app, blob(), b"photo".to_vec()).await.unwrap();

        let alone = app.blobs().finishing().await;
        let mut again = pin!(keep_whole(&app, blob(), b"photo".to_vec()));
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut again).await.is_err());
        let unnamed = app.database().unnamed_blobs(i64::MAX).await.unwrap();
        app.database().forget_unnamed(unnamed, i64::MAX).await.unwrap();
        app.blobs().remove(hash).await.unwrap();
        app.database().drop_blob(hash).await.unwrap();
        drop(alone);
        again.await.unwrap();
        assert!(app.database().blob(hash).await.unwrap().unwrap().whole);
        let served = Body::from_stream(app.blobs().stream(hash).await.unwrap());
        assert_eq!(axum::body::to_bytes(served, 100).await.unwrap(), "photo");
    }
}
