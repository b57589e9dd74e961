//! The pack in force, as phones need it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::signed_in::SignedIn;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorBody};

/// Units, forms, tasks and all else of the pack; of its forms those of the asker's programmes. `ETag` is its hash.
#[utoipa::path(get, path = "/api/v1/pack", tag = "content", responses(
    (status = 200, description = "the pack", content_type = "application/json"),
    (status = 304, description = "the asker has it already (`If-None-Match`)"),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 404, description = "`no_pack`: none was loaded yet", body = ErrorBody),
))]
pub async fn pack(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let none =
        || ApiError::new(StatusCode::NOT_FOUND, "no_pack", "no pack was loaded into this server");
    let hash = app.database().pack_hash_seen_by(&session.account).await?.ok_or_else(none)?;
    let tag =
        HeaderValue::from_str(&format!("\"{hash}\"")).expect("hexadecimal digits make a header");
    let cache = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    let known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // A proxy that compresses may have marked the tag as weak.
    if known
        .flat_map(|line| line.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag)
    {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    let (_, json) = app.database().pack_seen_by(&session.account).await?.ok_or_else(none)?;
    Ok((cache, [(header::CONTENT_TYPE, "application/json")], json).into_response())
}
