//! Requests to the server the app came from, by `fetch`.

use std::cell::RefCell;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, RequestCache, RequestCredentials, RequestInit, Response as JsResponse,
};

use super::{exception_text, tasks};

thread_local! {
    static SPEAKER: RefCell<Option<String>> = const { RefCell::new(None) };
}

const SPEAKER_HEADER: &str = "X-Sotay-Account";

/// From now on requests are made in this account's name: the server takes none of them for another's session. People who
/// share a phone share its cookie.
pub fn speak_for(account: &str) {
    SPEAKER.set(Some(digits(account)));
}

fn digits(account: &str) -> String {
    account.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// How the server says when the next try is welcome: seconds.
pub const RETRY_AFTER: &str = "Retry-After";

/// The longest a request without a wait of its own may take, beside what its body takes on a slow line: a millisecond a byte.
pub const TIMEOUT_MS: u32 = 60_000;
/// The server has no more patience than this.
const TIMEOUT_MAX_MS: u32 = 300_000;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the headers alone.
    Head,
    /// Sends.
    Post,
    /// Puts a piece in its place.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

/// A request to the server.
pub struct Request {
    method: Method,
    path: String,
    content_type: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    timeout_ms: u32,
    abort: Option<Abort>,
}

/// A way to give a request up: it ends as [`HttpError::TimedOut`].
#[derive(Clone)]
pub struct Abort(AbortController);

impl Abort {
    /// For one request; `None` in a browser that cannot.
    #[must_use]
    pub fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }

    /// Gives the request up.
    pub fn abort(&self) {
        self.0.abort();
    }
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers that were asked for by [`Request::send`], and [`RETRY_AFTER`]: by name.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection to the server.
    #[error("server not reached: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
}

/// The server's words for an error, with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct ErrorBody {
    /// What a program looks at.
    pub code: String,
    /// What a person who reads logs looks at.
    pub message: String,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            content_type: None,
            headers: Vec::new(),
            body: None,
            timeout_ms: TIMEOUT_MS,
            abort: None,
        }
    }

    /// Reads what is at a path.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, bytes: Vec<u8>) -> Self {
        self.content_type = Some(content_type);
        self.body = Some(bytes);
        self
    }

    /// Bytes of its body.
    #[must_use]
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len)
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// In this account's name, whoever else is spoken for.
    #[must_use]
    pub fn spoken_for(self, account: &str) -> Self {
        self.header(SPEAKER_HEADER, digits(account))
    }

    /// With another patience.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// That can be given up.
    #[must_use]
    pub fn abort(mut self, abort: Option<Abort>) -> Self {
        self.abort = abort;
        self
    }

    /// Sends it and reads the answer whole. `wants` names the answer's headers to keep.
    pub async fn send(self, wants: &[&'static str]) -> Result<Response, HttpError> {
        let unreachable = |error: JsValue| HttpError::Unreachable(exception_text(&error));
        let abort = match &self.abort {
            Some(Abort(controller)) => controller.clone(),
            None => AbortController::new().map_err(unreachable)?,
        };
        let size = u32::try_from(self.size()).unwrap_or(u32::MAX);
        let timer = tasks::after(self.timeout_ms.saturating_add(size).min(TIMEOUT_MAX_MS), {
            let abort = abort.clone();
            move || abort.abort()
        });
        let answered = self.fetch(&abort, wants).await;
        timer.cancel();
        match answered {
            Err(_) if abort.signal().aborted() => Err(HttpError::TimedOut),
            other => other.map_err(unreachable),
        }
    }

    async fn fetch(
        self,
        abort: &AbortController,
        wants: &[&'static str],
    ) -> Result<Response, JsValue> {
        let init = RequestInit::new();
        init.set_method(self.method.name());
        init.set_credentials(RequestCredentials::SameOrigin);
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&abort.signal()));
        if matches!(self.method, Method::Delete) {
            // What is to be taken back at the server is, though the page goes before its answer.
            Reflect::set(&init, &"keepalive".into(), &true.into())?;
        }
        let headers = Headers::new()?;
        if !matches!(self.method, Method::Get | Method::Head) {
            // A page of another site cannot set this header: the server refuses changes without it.
            headers.set("X-Sotay", "1")?;
        }
        if let Some(speaker) = SPEAKER.with_borrow(Clone::clone) {
            headers.set(SPEAKER_HEADER, &speaker)?;
        }
        if let Some(content_type) = self.content_type {
            headers.set("Content-Type", content_type)?;
        }
        for (name, value) in &self.headers {
            headers.set(name, value)?;
        }
        init.set_headers(&headers);
        if let Some(body) = &self.body {
            init.set_body(&Uint8Array::from(body.as_slice()));
        }
        let window = web_sys::window().ok_or("no page")?;
        let answer = JsFuture::from(window.fetch_with_str_and_init(&self.path, &init)).await?;
        let answer: JsResponse = answer.unchecked_into();
        let mut kept = Vec::new();
        for name in wants.iter().chain(&[RETRY_AFTER]) {
            if let Some(value) = answer.headers().get(name)? {
                kept.push((*name, value));
            }
        }
        let body = JsFuture::from(answer.array_buffer()?).await?;
        Ok(Response {
            status: answer.status(),
            headers: kept,
            body: Uint8Array::new(&body).to_vec(),
        })
    }
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Response {
    /// Whether the server did what was asked.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header that was asked for.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(kept, _)| *kept == name).map(|(_, value)| value.as_str())
    }

    /// For how many minutes, begun ones whole, the server asks to be left alone.
    #[must_use]
    pub fn wait_min(&self) -> Option<u32> {
        let is_asked = matches!(self.status, 429 | 503);
        let seconds: u32 = self.header(RETRY_AFTER).filter(|_| is_asked)?.parse().ok()?;
        Some(seconds.div_ceil(60).max(1))
    }

    /// The server's code for an error, when it gave one.
    #[must_use]
    pub fn error(&self) -> Option<ErrorBody> {
        #[derive(serde::Deserialize)]
        struct Envelope {
            error: ErrorBody,
        }
        super::json::read::<Envelope>(&self.body).ok().map(|envelope| envelope.error)
    }

    /// The server's own words that it will never do what was asked: a network may answer anything, and so may whoever stands before a
    /// server that is being started.
    #[must_use]
    pub fn refusal(&self) -> Option<ErrorBody> {
        let is_final = (400..500).contains(&self.status) && !matches!(self.status, 401 | 408 | 429);
        self.error().filter(|_| is_final)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_words_are_a_refusal() {
        let refused = |status, body: &str| {
            let body = body.as_bytes().to_vec();
            let answer = Response { status, headers: Vec::new(), body };
            answer.refusal().map(|error| error.code)
        };
        let coded = r#"{"error":{"code":"not_found","message":"m"}}"#;
        assert_eq!(refused(404, coded).as_deref(), Some("not_found"));
        for status in [401, 408, 429, 500, 502, 503, 507] {
            assert_eq!(refused(status, coded), None, "{status}");
        }
        assert_eq!(refused(403, "<html>pay for your room</html>"), None);
    }

    #[test]
    fn a_server_that_asks_to_wait_is_told_from_one_that_fails() {
        let answer = |status, after: &str| {
            let headers = vec![(RETRY_AFTER, after.to_owned())];
            Response { status, headers, body: Vec::new() }.wait_min()
        };
        assert_eq!([1, 60, 61, 900].map(|s| answer(429, &s.to_string())), [1, 1, 2, 15].map(Some));
        assert_eq!(answer(503, "0"), Some(1), "at once is not what it means");
        assert_eq!(answer(429, "Sat, 28 Nov 2026 16:00:00 GMT"), None);
        assert_eq!(answer(500, "60"), None);
        let silent = Response { status: 429, headers: Vec::new(), body: Vec::new() };
        assert_eq!(silent.wait_min(), None);
    }
}
