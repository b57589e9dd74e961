//! The files beside forms, by the hash of their bytes: immutable.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use sync::wire::Hash;
use utoipa::ToSchema;

use super::extract::Path;
use super::signed_in::SignedIn;
use crate::App;
use crate::budgets::Take;
use crate::database::{DatabaseError, FileRow, HeldFile, Session};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::form_files::PIECE;

/// A file beside a form, as it is listed.
#[derive(serde::Serialize, ToSchema)]
pub struct Listed {
    /// The last part of the `jr://` addresses by which the form names it.
    name: String,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    hash: String,
    /// Its length.
    bytes: u64,
    /// Its media type.
    media_type: String,
}

impl From<FileRow> for Listed {
    fn from(row: FileRow) -> Self {
        let pack::phone::PhoneFile { name, hash, bytes, media_type } = row.for_phones();
        Self { name, hash, bytes, media_type }
    }
}

/// The files beside a form of any version that ever was in a pack here.
#[utoipa::path(get, path = "/api/v1/forms/{hash}/files", tag = "content",
    params(("hash" = String, Path, description = "SHA-256 of the form's XML, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "the files, by name", body = Vec<Listed>),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`: no form has that hash", body = ErrorBody),
    ))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(hash): Path<String>,
) -> ApiResult<Json<Vec<Listed>>> {
    let unknown = || ApiError::not_found("no form has that hash");
    let hash: Hash = hash.parse().map_err(|_not_a_hash| unknown())?;
    app.database().form_seen_by(&session.account, hash).await?.ok_or_else(unknown)?;
    Ok(Json(app.database().form_files(hash).await?.into_iter().map(Listed::from).collect()))
}

/// A file beside a form, whole.
#[utoipa::path(get, path = "/api/v1/form-files/{hash}", tag = "content",
    params(("hash" = String, Path, description = "SHA-256 of the file, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "the file, never changes", content_type = "application/octet-stream"),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn whole(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path(hash): Path<String>,
) -> ApiResult<Response> {
    let file = find(&app, &session, &hash).await?;
    app.budgets().take(&session.account, Take::Bytes(file.size))?;
    let length = HeaderValue::from(file.size);
    let mut answer = immutable(&file, in_pieces(&app, &file));
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    Ok(answer)
}

/// A piece of 256 KiB of a file, the last one shorter: a phone goes on where its line broke.
#[utoipa::path(get, path = "/api/v1/form-files/{hash}/{piece}", tag = "content",
    params(
        ("hash" = String, Path, description = "SHA-256 of the file, 64 hexadecimal digits"),
        ("piece" = u64, Path, description = "its place, from 0"),
    ),
    responses(
        (status = 200, description = "the piece, never changes", content_type = "application/octet-stream"),
        (status = 400, description = "`bad_address`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn piece(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Path((hash, piece)): Path<(String, u64)>,
) -> ApiResult<Response> {
    let file = find(&app, &session, &hash).await?;
    let bytes = app.database().file_piece(file.hash, piece).await?;
    let bytes = bytes.ok_or_else(|| ApiError::not_found("the file ends before that"))?;
    app.budgets().take(&session.account, Take::Bytes(bytes.len() as u64))?;
    Ok(immutable(&file, bytes))
}

async fn find(app: &App, session: &Session, hash: &str) -> ApiResult<HeldFile> {
    let unknown = || ApiError::not_found("no form has that file");
    let hash: Hash = hash.parse().map_err(|_not_a_hash| unknown())?;
    app.database().file_seen_by(&session.account, hash).await?.ok_or_else(unknown)
}

/// The file, of which nobody holds more than a piece.
pub(crate) fn in_pieces(app: &App, file: &HeldFile) -> Body {
    let (database, hash) = (app.database().clone(), file.hash);
    let piece = move |place| {
        let database = database.clone();
        async move {
            let piece = database.file_piece(hash, place).await?;
            let forgotten =
                || DatabaseError::Damaged { what: "file", why: "a piece lacks".to_owned() };
            piece.ok_or_else(forgotten)
        }
    };
    Body::from_stream(stream::iter(0..file.size.div_ceil(PIECE as u64)).then(piece))
}

fn immutable(file: &HeldFile, bytes: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, file.media_type.as_str()),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    (headers, bytes.into()).into_response()
}
