//! The API, one file for each resource.

pub mod accounts;
mod again;
pub mod answers;
pub mod audit;
pub mod blobs;
pub mod bundles;
pub mod docs;
pub mod entities;
pub mod export;
mod extract;
pub mod form_files;
pub mod forms;
pub mod health;
pub mod map;
pub mod pack;
pub mod passkeys;
pub mod password;
pub mod persons;
pub mod preview;
pub mod pull;
pub mod push;
pub mod quarantine;
pub mod records;
pub mod session;
pub mod sessions;
pub(crate) mod signed_in;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::config::MAX_BODY;
use crate::error::{ApiError, ApiResult};

/// What push and pull bodies are.
pub(crate) const CBOR: &str = "application/cbor";

/// A body that came whole.
fn whole(body: Result<Bytes, BytesRejection>) -> ApiResult<Bytes> {
    body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(MAX_BODY),
        _ => ApiError::bad_request("truncated", "the body ended before its time"),
    })
}

fn cbor(value: &impl minicbor::Encode<()>) -> Response {
    ([(header::CONTENT_TYPE, CBOR)], sync::codec::encode(value)).into_response()
}
