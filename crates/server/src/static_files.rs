//! The app as the build left it: embedded in the program, or in a folder. Compressed copies stand beside each file.

use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::App;
use crate::error::ApiError;

/// What the app may load and reach: this server only, and WebAssembly.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    object-src 'none'; connect-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; \
    font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../../dist"]
#[allow_missing = true]
struct Embedded;

/// Where the app's files are.
#[derive(Clone, Debug)]
pub struct StaticFiles {
    folder: Option<PathBuf>,
}

struct StaticFile {
    bytes: Vec<u8>,
    hash: String,
}

impl StaticFiles {
    /// The files of a folder, or those built in.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Whether there is an app at all: a server can be built before it.
    #[must_use]
    pub fn has_app(&self) -> bool {
        self.get("index.html").is_some()
    }

    fn get(&self, path: &str) -> Option<StaticFile> {
        if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let Some(folder) = &self.folder else {
            let file = Embedded::get(path)?;
            let hash = crate::accounts::hex(&file.metadata.sha256_hash());
            return Some(StaticFile { bytes: file.data.into_owned(), hash });
        };
        let bytes = std::fs::read(folder.join(path)).ok()?;
        let hash = sync::codec::hash(&bytes).to_string();
        Some(StaticFile { bytes, hash })
    }
}

/// Answers what no route of the API answers: a file of the app, the app itself for an address of one of its
/// pages, or 404. A missing file is never answered with a page.
pub async fn answer(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return ApiError::not_found("no such address in this API").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "files are only read",
        )
        .into_response();
    }
    let name = match path {
        "" => "index.html",
        page if is_page(page) && is_navigation(&headers) => "index.html",
        file => file,
    };
    let missing = || match name {
        "index.html" => ApiError::new(
            StatusCode::NOT_FOUND,
            "no_app",
            "this server was built without the app; build it first, or name its folder with --app",
        ),
        _ => ApiError::not_found("no such file"),
    };
    file(app.files(), name, &headers).unwrap_or_else(|| missing().into_response())
}

fn is_page(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| !last.contains('.'))
}

fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => text("accept").is_some_and(|accept| accept.contains("text/html")),
    }
}

fn file(files: &StaticFiles, name: &str, headers: &HeaderMap) -> Option<Response> {
    let coding =
        ["br", "gzip"].into_iter().filter(|coding| accepts(headers, coding)).find_map(|coding| {
            let suffix = if coding == "br" { "br" } else { "gz" };
            Some((coding, files.get(&format!("{name}.{suffix}"))?))
        });
    let (coding, file) = match coding {
        Some((coding, file)) => (Some(coding), file),
        None => (None, files.get(name)?),
    };
    let (tag, _) = file.hash.split_at(32);
    let tag =
        HeaderValue::from_str(&format!("\"{tag}\"")).expect("hexadecimal digits make a header");
    let unchanged = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(file.bytes).into_response(),
    };
    let answer = response.headers_mut();
    answer.insert(header::ETAG, tag);
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    let keep = if is_hashed(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Some(coding) = coding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    protect(answer);
    Some(response)
}

/// The headers that keep a page of this server to itself.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(self), geolocation=(self), microphone=(self)"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let accepted =
        headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let refused =
            weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

/// Whether the name carries a hash of the content: at least 12 hexadecimal digits after a dash or an underscore.
fn is_hashed(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(['-', '_', '.'])
        .skip(1)
        .any(|part| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for (name, hashed) in [
            ("sotay-1f2e3d4c5b6a7988.js", true),
            ("sotay-1f2e3d4c5b6a7988_bg.wasm", true),
            ("style/app-0123456789abcdef.css", true),
            ("index.html", false),
            ("sw.js", false),
            ("icons/icon-512.png", false),
            ("boot.js", false),
        ] {
            assert_eq!(is_hashed(name), hashed, "{name}");
        }
    }

    #[test]
    fn a_coding_with_weight_zero_is_not_accepted() {
        for (header, br) in [
            ("br", true),
            ("gzip, br;q=0.8", true),
            ("br;q=0", false),
            ("br;q=0.0, gzip", false),
            ("gzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(accepts(&headers, "br"), br, "{header}");
        }
    }
}
