//! Who asks: the token of the address, or name and password.

use axum::extract::{FromRequestParts, OriginalUri, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tracing::Span;

use super::answer::{BASIC, Refusal};
use super::digest::{self, Nonce, Shown};
use super::told::NO_TOKEN;
use super::{ROOT, address};
use crate::accounts::MAX_NAME;
use crate::api::session::{enough, owner_of, wrong_credentials};
use crate::api::signed_in::{Origin, is_over, still_signed_in, touch};
use crate::budgets::Take;
use crate::database::Session;
use crate::{App, accounts, clock};

/// An `OpenRosa` client that may send.
pub(super) struct Client {
    /// Its session: it is a device of its own.
    pub(super) session: Session,
    /// Where it finds its addresses.
    pub(super) base: String,
    /// What the phone calls itself, which nobody proves.
    pub(super) device_id: Option<String>,
}

impl Client {
    /// Whether it may still send now that all of it is here. What comes of who was disabled meanwhile waits at the repair desk.
    pub(super) async fn ask_again(&self, app: &App) -> Result<(), Refusal> {
        let now = app.database().session_now(self.session.id).await?;
        if now.is_some_and(|session| session.disabled) {
            return Ok(());
        }
        still_signed_in(app, &self.session).await?;
        Ok(())
    }
}

/// What clients say of themselves behind every address.
#[derive(serde::Deserialize)]
struct About {
    #[serde(rename = "deviceID")]
    device_id: Option<String>,
}

/// Longest name of a phone that is noted.
const MAX_DEVICE_ID: usize = 64;

impl FromRequestParts<App> for Client {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let origin = Origin::of(app, &parts.headers, &parts.extensions);
        // A browser that knows a password would send it for another site too.
        let site = parts.headers.get("sec-fetch-site");
        if site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "the request comes from another site"));
        }
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|error| Refusal::new(StatusCode::NOT_FOUND, error.body_text()))?;
        let token = params.iter().find(|(name, _)| *name == "token").map(|(_, token)| token);
        let (session, path) = match token {
            Some(token) => (of_token(app, token).await?, address(token)),
            None => (of_header(app, origin, parts).await?, ROOT.to_owned()),
        };
        Span::current().record("account", session.account.as_str());
        app.budgets().take(&session.account, Take::Request)?;
        let base = origin.base(app, &parts.headers, &parts.uri);
        let about = Query::<About>::try_from_uri(&parts.uri).ok();
        let device_id = about.and_then(|Query(about)| about.device_id);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        let is_name =
            |id: &String| (1..=MAX_DEVICE_ID).contains(&id.len()) && id.chars().all(is_letter);
        Ok(Self { session, base: base + &path, device_id: device_id.filter(is_name) })
    }
}

async fn of_token(app: &App, token: &str) -> Result<Session, Refusal> {
    token_session(app, token, clock::now_ms())
        .await?
        .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, NO_TOKEN))
}

/// The session of a token that still opens one.
async fn token_session(app: &App, token: &str, now_ms: i64) -> Result<Option<Session>, Refusal> {
    let session = app.database().token_session(&accounts::session_key(token)).await?;
    let session = session.filter(|session| is_open(session, now_ms));
    if let Some(session) = &session {
        touch(app, session, now_ms);
    }
    Ok(session)
}

/// The session of the token that a client proves to know. Who guesses has 256 random bits to guess, so tries need not be
/// counted; and by http a client that was given a password comes here.
async fn of_digest(app: &App, shown: &Shown, parts: &Parts) -> Result<Option<Session>, Refusal> {
    let asked = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let path = asked.path_and_query().map_or("", PathAndQuery::as_str);
    if shown.username.len() > MAX_NAME || !shown.is_for(path) {
        return Ok(None);
    }
    let now_ms = clock::now_ms();
    for (key, secret) in app.database().digest_secrets(&shown.username).await? {
        if shown.proves(&secret, parts.method.as_str()) {
            let session = app.database().token_session(&key).await?;
            let session = session.filter(|session| is_open(session, now_ms));
            if let Some(session) = &session {
                touch(app, session, now_ms);
            }
            return Ok(session);
        }
    }
    Ok(None)
}

fn is_open(session: &Session, now_ms: i64) -> bool {
    session.revoked.is_none() && !session.disabled && !is_over(session, now_ms)
}

/// How a client may show who it is. ODK Collect takes the first way that it knows and never another: by https that is the one
/// in which passwords of people are good too, and without it a password is not asked for at all.
fn ways(origin: Origin, key: &[u8], is_stale: bool, now_ms: i64) -> Vec<String> {
    let plain = origin.is_https.then(|| BASIC.to_owned());
    plain.into_iter().chain(digest::challenges(key, is_stale, now_ms)).collect()
}

/// Who shows a token with Digest, or a password or token with Basic.
async fn of_header(app: &App, origin: Origin, parts: &Parts) -> Result<Session, Refusal> {
    let key = app.database().nonce_key().await?;
    let now_ms = clock::now_ms();
    let ask = |is_stale| {
        let wanted = Refusal::new(StatusCode::UNAUTHORIZED, "name and password are wanted");
        wanted.with_challenges(ways(origin, &key, is_stale, now_ms))
    };
    let wanted = || ask(false);
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    let (scheme, given) = given.and_then(|given| given.split_once(' ')).ok_or_else(wanted)?;
    if scheme.eq_ignore_ascii_case("digest") {
        let shown = Shown::read(given).ok_or_else(wanted)?;
        return match shown.nonce(&key, now_ms) {
            Nonce::Good => of_digest(app, &shown, parts).await?.ok_or_else(wanted),
            Nonce::Stale => Err(ask(true)),
            Nonce::NotOurs => Err(wanted()),
        };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wanted());
    }
    let given = STANDARD.decode(given.trim()).ok().and_then(|given| String::from_utf8(given).ok());
    let given = given.ok_or_else(wanted)?;
    let (name, password) = given.split_once(':').ok_or_else(wanted)?;
    // Who was given a token may enter it as a password.
    if let Some(session) = token_session(app, password, now_ms).await? {
        return if session.account == name { Ok(session) } else { Err(wanted()) };
    }
    let account = owner_of(app, origin, name, None, password.to_owned()).await?;
    let wrong = || Refusal::from(wrong_credentials());
    let account =
        account.ok_or_else(|| wrong().with_challenges(ways(origin, &key, false, now_ms)))?;
    enough(app, origin, &account).await?;
    let session = app.database().password_session(&account.name, now_ms).await?;
    let session = session.filter(|session| !session.disabled).ok_or_else(wanted)?;
    touch(app, &session, now_ms);
    Ok(session)
}
