//! The API, one file for each resource.

pub mod blobs;
pub mod docs;
pub mod export;
pub mod forms;
pub mod health;
pub mod pack;
pub mod pull;
pub mod push;
pub mod quarantine;
pub mod records;
pub mod session;
mod signed_in;

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// What push and pull bodies are.
pub(crate) const CBOR: &str = "application/cbor";

fn cbor(value: &impl minicbor::Encode<()>) -> Response {
    ([(header::CONTENT_TYPE, CBOR)], sync::codec::encode(value)).into_response()
}
