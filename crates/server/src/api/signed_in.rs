//! Who asks: the session of the cookie, checked before a handler runs.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Extensions, HeaderMap, Method, Uri, header};
use sync::wire::DeviceId;
use tracing::Span;

use crate::budgets::Take;
use crate::config::MAX_BODY;
use crate::database::{Revoked, Session};
use crate::error::ApiError;
use crate::passkeys::Site;
use crate::turns::{Held, Room};
use crate::{App, accounts, clock};

/// A session that nobody used for so long is over.
pub const IDLE_MS: i64 = 180 * 24 * 3600 * 1000;

/// A session is over so long after its sign-in, however much it is used.
pub const LONGEST_MS: i64 = 366 * 24 * 3600 * 1000;

/// Whether a session has outlived itself.
pub(crate) fn is_over(session: &Session, now_ms: i64) -> bool {
    now_ms - session.seen_ms > IDLE_MS || now_ms - session.created_ms > LONGEST_MS
}

/// Use is noted this often: who looks after a lost phone wants to know when it was last heard of.
const TOUCH_MS: i64 = 10 * 60 * 1000;

/// In whose name a request is made: the account in hexadecimal digits of its UTF-8. The app sends it with every request, and
/// what is read by a cookie is read with it only, but for what tells nothing of anybody ([`Unnamed`]): neither a line that somebody types into a browser's address bar nor a link can
/// say a name, and a phone that is locked keeps its cookie.
pub const SPEAKER: &str = "x-sotay-account";

/// Somebody is signed in.
pub struct SignedIn(pub Session);

/// Somebody is signed in, or was until their account was disabled: what they still send can reach the server in no
/// other way.
pub struct OnceSignedIn(pub Session);

/// Somebody's browser is signed in, whether or not it says whose it is: for what tells nothing of anybody.
pub struct Unnamed(pub Session);

impl FromRequestParts<App> for Unnamed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let OnceSignedIn(session) = OnceSignedIn::of_cookie(parts, app).await?;
        if session.disabled { Err(ApiError::session_revoked()) } else { Ok(Self(session)) }
    }
}

impl FromRequestParts<App> for OnceSignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // Whatever changes something came with a header of ours already.
        if reads(&parts.method) && !parts.headers.contains_key(SPEAKER) {
            return Err(ApiError::signed_out());
        }
        Self::of_cookie(parts, app).await
    }
}

impl OnceSignedIn {
    async fn of_cookie(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // One request is one, however often its handler wants to know.
        if let Some(session) = parts.extensions.get::<Session>() {
            return Ok(Self(session.clone()));
        }
        let is_https = Origin::of(app, &parts.headers, &parts.extensions).is_https;
        let token = cookie(&parts.headers, is_https).ok_or_else(ApiError::signed_out)?;
        let session = app.database().session(&accounts::session_key(token)).await?;
        let session = session.ok_or_else(ApiError::signed_out)?;
        Span::current().record("account", session.account.as_str());
        // People who share a device share its cookie: nobody's requests are taken for those of whoever signed in last.
        let speaker = parts.headers.get(SPEAKER);
        if speaker.is_some_and(|account| account != &accounts::hex(session.account.as_bytes())) {
            return Err(ApiError::signed_out());
        }
        let now_ms = clock::now_ms();
        if is_over(&session, now_ms) {
            return Err(ApiError::signed_out());
        }
        if let Some(revoked) = session.revoked.filter(|_| !session.disabled) {
            return Err(ended(revoked));
        }
        app.budgets().take(&session.account, Take::Request)?;
        if !session.disabled {
            touch(app, &session, now_ms);
        }
        parts.extensions.insert(session.clone());
        Ok(Self(session))
    }
}

/// Whether a request by this method changes nothing.
pub(crate) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Notes that a session was heard of, if that was not noted a moment ago.
pub(crate) fn touch(app: &App, session: &Session, now_ms: i64) {
    if now_ms - session.seen_ms > TOUCH_MS {
        app.hear_of(session.id);
    }
}

/// What a device is told whose session somebody else ended.
pub(super) fn ended(how: Revoked) -> ApiError {
    match how {
        Revoked::SignedOut | Revoked::OtherRole | Revoked::Along => ApiError::session_revoked(),
        Revoked::Lost => ApiError::session_lost(),
    }
}

/// A session that was open, as it is now; an error if it is over. Asked by its number: a person who sets another password
/// meanwhile goes on under another token.
pub(crate) async fn still_signed_in(app: &App, session: &Session) -> Result<Session, ApiError> {
    let session = app.database().session_now(session.id).await?.ok_or_else(ApiError::signed_out)?;
    match session.revoked {
        Some(revoked) => Err(ended(revoked)),
        None if session.disabled => Err(ended(Revoked::Along)),
        None => Ok(session),
    }
}

/// Whether whoever is signed in speaks for a device: a phone whose profile was copied goes on in the session that it has under the id that
/// it took, and still answers for what it sealed under the one before.
pub(crate) async fn speaks_for(
    app: &App,
    session: &Session,
    device: DeviceId,
) -> Result<(), ApiError> {
    let is_theirs =
        device == session.device || app.database().may_send_for(&session.account, device).await?;
    match is_theirs {
        true => Ok(()),
        false => Err(ApiError::forbidden("wrong_device", "the device is another account's")),
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let OnceSignedIn(session) = OnceSignedIn::from_request_parts(parts, app).await?;
        // Of a lost device it is told that, whatever became of its owner's account.
        match session.disabled {
            true => Err(ended(session.revoked.unwrap_or(Revoked::Along))),
            false => Ok(Self(session)),
        }
    }
}

/// KiB of what is sent that is held in memory at a time, however slowly it comes and however long it waits to be written.
pub(super) static SENDING: Room = Room::new(256 * 1024);

/// What somebody sends, and who they are when all of it is here. A body may take minutes to come; meanwhile a session may be ended,
/// an account disabled, a role changed. A handler that reads more of the address than text names the asker before that too, so that
/// strangers are told nothing else.
///
/// It takes room in memory until it is done with.
pub struct Sent<W, B>(
    pub W,
    pub B,
    #[expect(dead_code, reason = "it is held, and nothing else")] pub(crate) Held,
);

/// Who asks, and may be asked for again.
pub trait Asker: FromRequestParts<App, Rejection = ApiError> + Send {
    /// Whose room a body takes.
    fn account(&self) -> &str;

    /// Who it is by now.
    fn again(self, app: &App) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

impl Asker for SignedIn {
    fn account(&self) -> &str {
        &self.0.account
    }

    async fn again(self, app: &App) -> Result<Self, ApiError> {
        Ok(Self(still_signed_in(app, &self.0).await?))
    }
}

impl Asker for OnceSignedIn {
    fn account(&self) -> &str {
        &self.0.account
    }

    /// What comes of who was disabled meanwhile can come in no other way.
    async fn again(self, app: &App) -> Result<Self, ApiError> {
        let now = app.database().session_now(self.0.id).await?;
        match now.filter(|session| session.disabled) {
            Some(disabled) => Ok(Self(disabled)),
            None => Ok(Self(still_signed_in(app, &self.0).await?)),
        }
    }
}

impl<W, B> FromRequest<App> for Sent<W, B>
where
    W: Asker,
    B: FromRequest<App, Rejection = Infallible> + Send,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let who = W::from_request_parts(&mut parts, app).await?;
        let room = SENDING.take_for(who.account(), &parts.headers, MAX_BODY).await;
        let Ok(sent) = B::from_request(Request::from_parts(parts, body), app).await;
        Ok(Self(who.again(app).await?, sent, room))
    }
}

/// The cookie's names: the first one only ever travels over https and to this host.
pub const SECURE_COOKIE: &str = "__Host-sotay";
/// The cookie's name on a plain connection.
pub const PLAIN_COOKIE: &str = "sotay";

/// The token that came with a request. Over https the plain name counts for nothing: another host of the same domain may have
/// set it, or whoever stood on the way before there was TLS, so that somebody works under a name which is not theirs.
fn cookie(headers: &HeaderMap, is_https: bool) -> Option<&str> {
    let cookies = || {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
    };
    let named = |wanted| cookies().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    named(SECURE_COOKIE).or_else(|| named(PLAIN_COOKIE).filter(|_| !is_https))
}

/// How a request came in.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Its sender's address, if known.
    pub address: Option<IpAddr>,
    /// Whether the sender speaks https.
    pub is_https: bool,
}

impl Origin {
    /// Of a request with those headers.
    pub(crate) fn of(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let config = app.config();
        let last = |name| {
            let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next().map(str::trim)
        };
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let forwarded = config.behind_proxy.then(|| address_of(last("x-forwarded-for")?)).flatten();
        let proxied = config.behind_proxy && last("x-forwarded-proto") == Some("https");
        Self { address: forwarded.or(peer), is_https: config.is_https() || proxied }
    }

    /// Where the server is for whoever sent the request, without a `/` at the end.
    pub(crate) fn base(self, app: &App, headers: &HeaderMap, uri: &Uri) -> String {
        if let Some(url) = app.config().public_url.as_deref() {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.is_https { "https" } else { "http" };
        let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = named.or_else(|| uri.authority().map(Authority::as_str));
        format!("{scheme}://{}", host.unwrap_or("localhost"))
    }
}

/// The address that a proxy names: some add the port.
fn address_of(said: &str) -> Option<IpAddr> {
    said.parse().or_else(|_| said.parse().map(|it: SocketAddr| it.ip())).ok()
}

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(app, &parts.headers, &parts.extensions))
    }
}

impl FromRequestParts<App> for Site {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let origin = Origin::of(app, &parts.headers, &parts.extensions);
        Self::of(&origin.base(app, &parts.headers, &parts.uri)).ok_or_else(|| {
            let message = "passkeys need an address with a name, reached by https";
            ApiError::conflict("no_passkeys", message)
        })
    }
}
