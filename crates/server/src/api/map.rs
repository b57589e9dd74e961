//! The map: pictures of the earth, from the operator's own file. No third party hears where people look.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::extract::Path;
use super::signed_in::Unnamed;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::map::About;

/// What map there is. A page in which a form is tried, and nobody's work is, draws it too.
#[utoipa::path(get, path = "/api/v1/map", tag = "content", responses(
    (status = 200, description = "what the file says of itself", body = About),
    (status = 204, description = "this server was given none"),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn about(State(app): State<App>, Unnamed(_): Unnamed) -> Response {
    match app.map() {
        Some(map) => Json(map.about()).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// A picture of 256 by 256 in Web Mercator.
#[utoipa::path(get, path = "/api/v1/map/{version}/{z}/{x}/{y}", tag = "content",
    params(
        ("version" = String, Path, description = "the file's version"),
        ("z" = u8, Path, description = "zoom: 2^z pictures from west to east"),
        ("x" = u32, Path, description = "column, from the west"),
        ("y" = u32, Path, description = "row, from the north"),
    ),
    responses(
        (status = 200, description = "the picture, never changes", content_type = "image/png"),
        (status = 204, description = "the file has no picture of that place, and never will"),
        (status = 400, description = "`bad_address`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: no picture can be there, or the file is another one", body = ErrorBody),
    ))]
pub async fn tile(
    State(app): State<App>,
    // A browser fetches pictures by their address alone. They show the earth, and nothing of anybody.
    Unnamed(_): Unnamed,
    Path((version, z, x, y)): Path<(String, u8, u32, u32)>,
) -> ApiResult<Response> {
    let named = app.map().filter(|map| map.about().version == version && map.can_have(z, x, y));
    let map =
        named.ok_or_else(|| ApiError::not_found("there is no such map, or no such place on it"))?;
    Ok(match map.tile(z, x, y).await.map_err(ApiError::internal)? {
        Some(tile) => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static(tile.media_type));
            ([kind, IMMUTABLE], tile.bytes).into_response()
        }
        None => (StatusCode::NO_CONTENT, [IMMUTABLE]).into_response(),
    })
}

const IMMUTABLE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
