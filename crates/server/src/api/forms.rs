//! Forms by the hash of their XML: immutable, kept for ever.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sync::wire::Hash;

use super::extract::Path;
use super::signed_in::SignedIn;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorBody};

/// The `XForm` of that hash, of any version that ever was in a pack here.
#[utoipa::path(get, path = "/api/v1/forms/{hash}", tag = "content",
    params(("hash" = String, Path, description = "SHA-256 of the XML, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "the `XForm`, never changes", content_type = "application/xml"),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for a form of a programme that the asker does not see", body = ErrorBody),
    ))]
pub async fn form(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(hash): Path<String>,
) -> ApiResult<Response> {
    let unknown = || ApiError::not_found("no form has that hash");
    let hash: Hash = hash.parse().map_err(|_not_a_hash| unknown())?;
    let form = app.database().form_seen_by(&session.account, hash).await?.ok_or_else(unknown)?;
    let headers = [
        (header::CONTENT_TYPE, "application/xml; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, form.xml).into_response())
}
