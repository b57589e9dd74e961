//! Asking the server for what it alone has, and what its refusal means.

use serde::de::DeserializeOwned;

use super::records::FetchError;
use crate::platform::{
    http::{Request, Response},
    json,
};

/// What the server answers.
pub(super) async fn ask<T: DeserializeOwned>(request: Request) -> Result<T, FetchError> {
    json::read(&bytes(request).await?).map_err(FetchError::Garbled)
}

/// Has the server do something that it answers nothing to.
pub(super) async fn done(request: Request) -> Result<(), FetchError> {
    bytes(request).await.map(drop)
}

/// The file that the server answers with.
pub(super) async fn bytes(request: Request) -> Result<Vec<u8>, FetchError> {
    let answer = request.send(&[]).await?;
    if answer.is_ok() { Ok(answer.body) } else { Err(refusal(&answer)) }
}

/// Why the server did not do it.
pub(super) fn refusal(answer: &Response) -> FetchError {
    if let Some(minutes) = answer.wait_min() {
        return FetchError::Wait(minutes);
    }
    FetchError::Refused(
        answer.error().map_or_else(|| answer.status.to_string(), |error| error.code),
    )
}
