//! What `OpenRosa` clients are answered: XML, also when something is wrong.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::database::DatabaseError;
use crate::error::ApiError;

/// The type of every answer that has a body.
pub(super) const XML: &str = "text/xml; charset=utf-8";

/// Wants name and password as they are, or a token in place of the password.
pub(super) const BASIC: &str = "Basic realm=\"Sotay\", charset=\"UTF-8\"";

/// An answer that is an error.
#[derive(Debug)]
pub struct Refusal {
    error: ApiError,
    /// How the client may show who it is, the first choice first; plain name and password if nothing is said.
    challenges: Vec<String>,
}

/// The result of a handler.
pub(super) type Answer = Result<Response, Refusal>;

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ApiError::new(status, "openrosa", message).into()
    }

    /// The same, with the ways to show who one is.
    pub(super) fn with_challenges(self, challenges: impl Into<Vec<String>>) -> Self {
        Self { challenges: challenges.into(), ..self }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, challenges: Vec::new() }
    }
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message, retry_after) = self.error.into_parts();
        let mut response = said(status, "error", &message);
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let told = self.challenges.iter().map(String::as_str);
            let basic = self.challenges.is_empty().then_some(BASIC);
            let ways = told.chain(basic).filter_map(|way| HeaderValue::from_str(way).ok());
            for challenge in ways {
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

/// An `OpenRosaResponse`, which clients show to their people.
pub(super) fn said(status: StatusCode, nature: &str, message: &str) -> Response {
    let body = format!(
        "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message nature=\"{nature}\">{}</message>\
         </OpenRosaResponse>",
        escaped(message)
    );
    (status, [(header::CONTENT_TYPE, XML)], body).into_response()
}

/// Text as it may stand in an element.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML 1.0 has no way to write the others.
            '\t' | '\n' => escaped.push(letter),
            control if control.is_control() => {
                write!(escaped, "\\u{:x}", u32::from(control)).expect("a string takes all text");
            }
            other => escaped.push(other),
        }
        escaped
    })
}
