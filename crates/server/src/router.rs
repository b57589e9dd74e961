//! What happens to every request, and which file answers which path. The `OpenAPI` description is made of the same
//! routes, so it cannot name others.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::field::{Empty, display};
use tracing::{Level, Span};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::signed_in::{Origin, reads};
use crate::config::{MAX_BODY, MAX_WORDS};
use crate::error::ApiError;
use crate::{App, accounts, api, openrosa, static_files};

/// Long enough for a full push over a line of 15 kB/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// Of whatever is no page of ours: a browser that shows it all the same loads nothing and runs nothing.
const NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Two years: browsers that saw it once never ask without TLS.
const HTTPS_ONLY: &str = "max-age=63072000; includeSubDomains";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn resources() -> OpenApiRouter<App> {
    let info = InfoBuilder::new()
        .title("Sotay")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "State-changing requests carry the header `X-Sotay: 1`; what reads by a session's cookie says in `X-Sotay-Account` \
             whose it is. Errors are \
             `{\"error\":{\"code\",\"message\"}}`; codes are stable. CBOR bodies are described in docs/sync-protocol.md.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(api::session::sign_in, api::session::profile, api::session::sign_out))
        .routes(routes!(api::password::change))
        .routes(routes!(api::passkeys::signing_in::ask_to_sign_in))
        .routes(routes!(api::passkeys::again::ask_again))
        .routes(routes!(api::passkeys::keys::ask_to_make))
        .routes(routes!(api::passkeys::keys::list, api::passkeys::keys::add))
        .routes(routes!(api::passkeys::keys::ask_to_add))
        .routes(routes!(api::passkeys::keys::rename))
        .routes(routes!(api::passkeys::keys::remove))
        .routes(routes!(api::passkeys::keys::remove_all))
        .routes(routes!(api::pack::pack))
        .routes(routes!(api::forms::form))
        .routes(routes!(api::form_files::list))
        .routes(routes!(api::form_files::whole))
        .routes(routes!(api::form_files::piece))
        .routes(routes!(api::entities::lists))
        .routes(routes!(api::entities::list))
        .routes(routes!(api::entities::conflicts))
        .routes(routes!(api::entities::waiting))
        .routes(routes!(api::entities::settle))
        .routes(routes!(api::map::about))
        .routes(routes!(api::map::tile))
        .routes(routes!(api::pull::pull))
        .routes(routes!(api::blobs::read, api::blobs::missing))
        .routes(routes!(api::bundles::register_key))
        .routes(routes!(api::records::history))
        .routes(routes!(api::export::records))
        .routes(routes!(api::quarantine::list))
        .routes(routes!(api::quarantine::apply))
        .routes(routes!(api::quarantine::set_aside))
        .routes(routes!(api::sessions::list))
        .routes(routes!(api::sessions::end))
        .routes(routes!(api::accounts::list, api::accounts::add))
        .routes(routes!(api::accounts::change))
        .routes(routes!(api::accounts::make_code))
        .routes(routes!(api::accounts::make_token))
        .routes(routes!(api::persons::find))
        .routes(routes!(api::audit::list))
        .routes(routes!(api::health::health))
        .routes(routes!(api::docs::openapi))
        .routes(routes!(api::docs::page))
        .routes(routes!(api::docs::style))
}

/// What brings more than a few words: a stranger cannot.
fn large() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(api::preview::preview))
        // Somebody may stand in thousands of places.
        .routes(routes!(api::persons::export))
        .routes(routes!(api::persons::erase))
        .routes(routes!(api::push::push))
        .routes(routes!(api::blobs::write))
        .routes(routes!(api::bundles::standing, api::bundles::write))
}

/// What is neither limited to a small body nor to a short time.
fn whole_bundles() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(api::bundles::take))
}

/// The description of the API.
#[must_use]
pub fn openapi() -> OpenApi {
    let all = resources().merge(large()).merge(whole_bundles()).merge(openrosa::resources());
    let mut api = all.into_openapi();
    api::answers::complete(&mut api);
    api
}

/// The whole server.
pub fn router(app: App) -> Router {
    let (api, _) = resources().split_for_parts();
    let (large, _) = large().split_for_parts();
    let compression =
        CompressionLayer::new().compress_when(SizeAbove::new(256).and(is_compressible));
    // Clients that are no browser do not know our header, and no cookie speaks for them.
    let (openrosa, _) = openrosa::resources().split_for_parts();
    let make_span = {
        let app = app.clone();
        move |request: &Request| span(&app, request)
    };
    let openrosa = openrosa
        .layer(DefaultBodyLimit::max(openrosa::MAX_SUBMISSION))
        .layer(middleware::map_response(openrosa::mark));
    // A whole bundle comes piece by piece to the disk, however long that takes.
    let (whole, _) = whole_bundles().split_for_parts();
    api.merge(large.layer(DefaultBodyLimit::max(MAX_BODY)))
        .layer(middleware::from_fn(guard))
        .merge(openrosa)
        .layer(compression)
        .fallback(static_files::answer)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_WORDS))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::map_response(in_words))
        .merge(whole.layer(DefaultBodyLimit::disable()).layer(middleware::from_fn(guard)))
        .layer(CatchPanicLayer::custom(|_panic| {
            ApiError::internal("a handler panicked").into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), harden))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(make_span)
                .on_request(())
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, RandomId))
        .with_state(app)
}

/// What was cut off says so as every error does.
async fn in_words(response: Response) -> Response {
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        return response;
    }
    let message = "it took too long, and was given up";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "timed_out", message).into_response()
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address knows other methods",
    )
}

/// Media are compressed already.
fn is_compressible(
    _: StatusCode,
    _: axum::http::Version,
    headers: &axum::http::HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    !["image/", "audio/", "video/", "application/vnd.openxmlformats"]
        .iter()
        .any(|media| kind.starts_with(media))
}

/// Another site cannot make a browser send our header without asking, and we never say yes.
async fn guard(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let ours = headers.get("x-sotay").is_some_and(|value| value == "1");
    let same_site =
        headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let allowed = reads(request.method()) || (ours && same_site);
    if !allowed {
        return ApiError::forbidden("csrf", "the request does not come from the app")
            .into_response();
    }
    next.run(request).await
}

/// What keeps an answer to who asked for it, whatever answers.
async fn harden(origin: Origin, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in
        [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, NO_PAGE)]
    {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if origin.is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
    response
}

/// One line for each request: what was asked, by whom, from where, and what came of it. The query may hold what people search for: only the path is written.
fn span(app: &App, request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let path = request.uri().path();
    let path = without_tokens(path);
    let address = Origin::of(app, request.headers(), request.extensions()).address.map(display);
    let (method, path, account) = (request.method(), route.unwrap_or(&path), Empty);
    tracing::info_span!("request", %method, path, id, address, account)
}

/// An address that no route has, as it may be written down: a client's token is part of its address, and whoever mistypes that brings
/// the token all the same.
fn without_tokens(path: &str) -> String {
    let part = |part| if str::len(part) > 40 { "?" } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy)]
struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = accounts::hex(&accounts::random::<8>());
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn what_is_cut_off_says_so_as_every_error_does() {
        let late = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::ZERO);
        let router: Router = Router::new()
            .route("/", get(std::future::pending::<()>))
            .layer(late)
            .layer(middleware::map_response(in_words));
        let answer = router.oneshot(Request::<axum::body::Body>::default()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["error"]["code"], "timed_out");
    }
}
