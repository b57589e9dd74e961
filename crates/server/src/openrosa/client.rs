//! Who asks: the token of the address, or name and password.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tracing::Span;

use super::answer::Refusal;
use super::{ROOT, address};
use crate::api::session::{owner_of, wrong_credentials};
use crate::api::signed_in::{Origin, TOUCH_MS, is_over};
use crate::database::Session;
use crate::{App, accounts, clock};

/// An `OpenRosa` client that may send.
pub(super) struct Client {
    /// Its session: it is a device of its own.
    pub(super) session: Session,
    /// Where it finds its addresses.
    pub(super) base: String,
}

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
            None => (of_password(app, origin, parts).await?, ROOT.to_owned()),
        };
        Span::current().record("account", session.account.as_str());
        let base = match app.config().public_url.as_deref() {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let scheme = if origin.is_https { "https" } else { "http" };
                let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
                let host = named.or_else(|| parts.uri.authority().map(Authority::as_str));
                format!("{scheme}://{}", host.unwrap_or("localhost"))
            }
        };
        Ok(Self { session, base: base + &path })
    }
}

async fn of_token(app: &App, token: &str) -> Result<Session, Refusal> {
    let session = app.database().token_session(&accounts::session_key(token)).await?;
    let now_ms = clock::now_ms();
    let good =
        |session: &Session| !session.revoked && !session.disabled && !is_over(session, now_ms);
    let session = session.filter(good).ok_or_else(|| {
        let message = "the address holds a token that was ended or never was; ask for a new one";
        Refusal::new(StatusCode::UNAUTHORIZED, message)
    })?;
    touch(app, &session, now_ms).await?;
    Ok(session)
}

async fn of_password(app: &App, origin: Origin, parts: &Parts) -> Result<Session, Refusal> {
    let wanted = || Refusal::new(StatusCode::UNAUTHORIZED, "name and password are wanted");
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    let (scheme, given) = given.and_then(|given| given.split_once(' ')).ok_or_else(wanted)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wanted());
    }
    let given = STANDARD.decode(given.trim()).ok().and_then(|given| String::from_utf8(given).ok());
    let given = given.ok_or_else(wanted)?;
    let (name, password) = given.split_once(':').ok_or_else(wanted)?;
    let account = owner_of(app, origin, name, password.to_owned()).await?;
    let account = account.ok_or_else(wrong_credentials)?;
    let now_ms = clock::now_ms();
    let session = app.database().password_session(&account.name, now_ms).await?;
    let session = session.filter(|session| !session.disabled).ok_or_else(wanted)?;
    touch(app, &session, now_ms).await?;
    Ok(session)
}

async fn touch(app: &App, session: &Session, now_ms: i64) -> Result<(), Refusal> {
    if now_ms - session.seen_ms > TOUCH_MS {
        app.database().touch_session(session.id, now_ms).await?;
    }
    Ok(())
}
