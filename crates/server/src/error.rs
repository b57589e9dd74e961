//! What the API answers when it cannot do what was asked: one envelope, one stable code for each case.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::DatabaseError;

/// When somebody who found the database busy is to try again, in seconds.
const RETRY_S: u64 = 30;

/// An answer that is an error.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable, for programs.
    #[schema(example = "signed_out")]
    pub code: String,
    /// For people who look for the cause.
    pub message: String,
}

impl ApiError {
    /// An error of any status.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The request is not what it must be.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// There is no such thing, or the person may not know of it.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The person may not do that.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", "sign in first")
    }

    /// Somebody else ended the session: its owner can sign in again.
    pub fn session_revoked() -> Self {
        let message = "the session was ended; sign in again";
        Self::new(StatusCode::UNAUTHORIZED, "session_revoked", message)
    }

    /// As that, and whoever ended it says that the device is lost.
    pub fn session_lost() -> Self {
        let message = "the session was ended because the device is lost; sign in again";
        Self::new(StatusCode::UNAUTHORIZED, "session_lost", message)
    }

    /// What is asked for does not fit what there is.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The request is larger than the server takes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// Too many tries; the seconds say when the next one is welcome.
    pub fn too_many(seconds: u64) -> Self {
        let message = format!("too many tries; try again in {seconds} s");
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", message);
        error.retry_after = Some(seconds);
        error
    }

    /// More than one person may take at a time; the seconds say when there is room again.
    pub fn over_budget(seconds: u64) -> Self {
        let message = format!("more than one person may take at a time; go on in {seconds} s");
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        error.retry_after = Some(seconds);
        error
    }

    /// Something that is not the asker's doing. The cause goes to the log, not over the wire.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; it is in its log",
        )
    }
}

impl ApiError {
    /// Whether what was sent is at fault, and would be at the next try.
    pub(crate) fn is_unprocessable(&self) -> bool {
        self.status == StatusCode::UNPROCESSABLE_ENTITY
    }

    /// Its status, its message and when the next try is welcome, for those who speak no JSON.
    pub(crate) fn into_parts(self) -> (StatusCode, String, Option<u64>) {
        (self.status, self.message, self.retry_after)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        if error.is_full() {
            tracing::error!(%error, "the disk is full");
            let message = "the server's disk is full; nothing was stored";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", message);
        }
        if error.is_busy() {
            tracing::error!(%error, "the database is busy or away");
            let message = "the database is busy; nothing is known to be stored";
            let mut busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
            busy.retry_after = Some(RETRY_S);
            return busy;
        }
        Self::internal(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let detail = ErrorDetail { code: self.code.to_owned(), message: self.message };
        let mut response = (self.status, Json(ErrorBody { error: detail })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
