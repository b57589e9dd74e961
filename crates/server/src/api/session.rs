//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync::wire::DeviceId;
use utoipa::ToSchema;

use super::extract::Query;
use super::passkeys::keys::{self, MadeKey};
use super::passkeys::{Assertion, signing_in};
use super::signed_in::{IDLE_MS, OnceSignedIn, Origin, PLAIN_COOKIE, SECURE_COOKIE, SignedIn};
use crate::accounts::{self, MAX_NAME, MAX_PASSWORD, Place, Whom};
use crate::database::{Account, ByCode, CodeKey, NewSession};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::failed_sign_ins::Target;
use crate::passkeys::{NewKey, Site};
use crate::{App, clock};

/// Who signs in, and on what: with name and password, with a code, or with a passkey.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Credentials {
    /// The account's name.
    #[serde(default)]
    name: Option<String>,
    /// Its password.
    #[serde(default)]
    password: Option<String>,
    /// A code that a coordinator made, good once: instead of name and password. Dashes, spaces and capitals do not matter.
    #[serde(default)]
    code: Option<String>,
    /// With a code: the passkey that its owner made, who is to have one. The code is used up when the passkey is taken.
    #[serde(default)]
    new_passkey: Option<MadeKey>,
    /// What a passkey signed, instead of name and password.
    #[serde(default)]
    passkey: Option<Assertion>,
    /// With a code or a passkey: whose work the device has not sent yet. That of anybody else is refused, and stays good.
    #[serde(default)]
    only: Option<String>,
    /// The device's id, 32 hexadecimal digits.
    device: String,
    /// What the device calls itself.
    #[serde(default)]
    device_name: String,
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    /// The account's name, which is the author of its operations.
    account: String,
    /// What others see.
    name: String,
    /// `officer`, `trainer`, `coordinator`, `administrator` or `auditor`.
    role: &'static str,
    /// Where the person works.
    unit: String,
    /// Every unit that the person sees.
    scope: Vec<String>,
    /// Programmes that this is limited to; none: it is not.
    programmes: Vec<String>,
    /// The server's clock, milliseconds since 1970-01-01 UTC.
    server_ms: i64,
}

/// Signs in: sets an `HttpOnly` session cookie that is good on this device. The session of the cookie before, if there is one, is
/// over.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials, responses(
    (status = 200, body = Profile),
    (status = 400, description = "`bad_json`, `bad_device`, `bad_name`, `bad_passkey`", body = ErrorBody),
    (status = 401, description = "`passkey_to_make`: the code is good, and its owner makes a passkey with it; `wrong_credentials`, the same for an unknown name; `passkey_needed`: the password is right, and \
        not enough for this person; `wrong_code`, the same for one that \
        was used, that is over or that never was; `wrong_passkey`, the same for one that nobody has; `passkey_expired`: what it signed \
        was answered before, or took too long", body = ErrorBody),
    (status = 409, description = "`other_account`: the code or the passkey is good, and not of the account that `only` names; \
        `no_passkeys`: the address has no name, or is not reached by https; `passkey_known`, `too_many_passkeys`: the new one is not \
        taken, and the code stays good", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
))]
pub async fn sign_in(
    State(app): State<App>,
    origin: Origin,
    site: Result<Site, ApiError>,
    before: Result<OnceSignedIn, ApiError>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> ApiResult<Response> {
    let Json(given) =
        credentials.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let device: DeviceId = given
        .device
        .parse()
        .map_err(|error| ApiError::bad_request("bad_device", format!("device: {error}")))?;
    if app.database().counts_for(device).await? {
        let message = "device: that is the server's own, or an OpenRosa client's";
        return Err(ApiError::bad_request("bad_device", message));
    }
    let device_name: String = given.device_name.chars().take(120).collect();
    let (token, key) = accounts::new_token();
    let session = NewSession { key: &key, device, device_name: &device_name };
    let only = given.only.as_deref();
    let named = given.name.zip(given.password);
    let account = match (given.code, given.new_passkey, given.passkey, named) {
        (Some(code), None, None, None) => by_code(&app, origin, &code, only, session).await?,
        (Some(code), Some(new), None, None) => {
            let key = accounts::code_key(&code);
            let new = new.read(&app, &site?, &key).await?;
            by_new_passkey(&app, origin, (&key, only), &new, session).await?
        }
        (None, None, Some(passkey), None) => {
            signing_in::sign_in(&app, origin, &site?, &passkey, only, session).await?
        }
        (None, None, None, Some((name, password))) => {
            by_password(&app, origin, &name, password, session).await?
        }
        _ => {
            let message =
                "give `name` and `password`, or `code` and perhaps `new_passkey`, or `passkey`";
            return Err(ApiError::bad_request("bad_json", message));
        }
    };
    tracing::info!(account, "signed in");
    if let Ok(OnceSignedIn(before)) = before {
        app.database().end_session(before.id, clock::now_ms()).await?;
    }
    let mut response = Json(profile_of(&app, &account).await?).into_response();
    set_cookie(&mut response, origin, &token);
    Ok(response)
}

async fn by_password(
    app: &App,
    origin: Origin,
    name: &str,
    password: String,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let is_theirs = app.database().has_signed_in(name, session.device).await?;
    let place = is_theirs.then_some(Place::Device(session.device));
    let account =
        owner_of(app, origin, name, place, password).await?.ok_or_else(wrong_credentials)?;
    enough(app, origin, &account).await?;
    if !app.database().add_session(&account, session, clock::now_ms()).await? {
        return Err(wrong_credentials());
    }
    Ok(account.name)
}

/// Whether a right password is enough for its owner. If not, somebody who knows it is noted as one who was not let in.
pub(crate) async fn enough(app: &App, origin: Origin, account: &Account) -> ApiResult<()> {
    let config = app.config();
    let asks_owners = account.passkeys > 0 && config.passkey_roles.contains(&account.role);
    if !asks_owners && !config.passkeys_must.contains(&account.role) {
        return Ok(());
    }
    note_failed(app, origin, Tried::ToBe(Some(account)), clock::now_ms());
    let message = "people of this role sign in with their passkey, or with a code";
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "passkey_needed", message))
}

/// The same for an unknown name as for a wrong password.
pub(crate) fn wrong_credentials() -> ApiError {
    let message = "the name or the password is wrong";
    ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", message)
}

/// The account that a name and a password are of. `place`: where they are known by more than that.
pub(crate) async fn owner_of(
    app: &App,
    origin: Origin,
    name: &str,
    place: Option<Place>,
    password: String,
) -> ApiResult<Option<Account>> {
    let now_ms = clock::now_ms();
    let possible = Some(name).filter(|name| name.len() <= MAX_NAME);
    let known = match possible {
        Some(name) => app.database().account(name).await?,
        None => None,
    };
    let (database, address) = (app.database(), origin.address);
    let whom = match (possible, place) {
        (None, _) => Whom::Nobody,
        (Some(name), None) => Whom::Anyone(name),
        (Some(name), Some(place)) => Whom::There(name, place),
    };
    if let Err(wait_s) = app.throttle().take(database, whom, address, now_ms).await? {
        note_failed(app, origin, Tried::ToBe(known.as_ref()), now_ms);
        return Err(ApiError::too_many(wait_s));
    }
    let account = known.as_ref().filter(|account| !account.is_disabled());
    let hash = account.map(|account| account.password.clone());
    let fits = password.len() <= MAX_PASSWORD;
    let password = if fits { password } else { String::new() };
    let right = accounts::verify_password(password, hash).await.map_err(ApiError::internal)?;
    if !(right && fits) {
        note_failed(app, origin, Tried::ToBe(known.as_ref()), now_ms);
        return Ok(None);
    }
    app.throttle().clear(database, whom, address).await?;
    Ok(known)
}

/// What somebody tried who was not let in.
#[derive(Clone, Copy)]
pub(super) enum Tried<'a> {
    /// To be that person, or one who is not known.
    ToBe(Option<&'a Account>),
    /// A code.
    Code,
    /// A passkey of that person, or of nobody.
    Passkey(Option<&'a Account>),
}

/// Counts a failed try, and now and then writes down how many there were.
pub(super) fn note_failed(app: &App, origin: Origin, tried: Tried<'_>, now_ms: i64) {
    let (way, account, target) = match tried {
        Tried::ToBe(Some(account)) => {
            ("password", Some(account), Target::Account(account.name.clone()))
        }
        Tried::ToBe(None) => ("password", None, Target::UnknownName),
        Tried::Code => ("code", None, Target::Code),
        Tried::Passkey(Some(account)) => {
            ("passkey", Some(account), Target::Account(account.name.clone()))
        }
        Tried::Passkey(None) => ("passkey", None, Target::Passkey),
    };
    let Some(tries) = app.failed_sign_ins().count(target, now_ms) else { return };
    let address = origin.address.map(|address| address.to_string());
    let detail =
        json!({ "way": way, "tries": tries.count, "since_ms": tries.since_ms, "address": address });
    let account = account.map(|account| (account.name.clone(), account.unit.clone()));
    let database = app.database().clone();
    app.failed_sign_ins().write(async move {
        let account = account.as_ref().map(|(name, unit)| (name.as_str(), unit.as_str()));
        if let Err(error) = database.note_failed_sign_in(account, detail, now_ms).await {
            tracing::error!(%error, "a failed try to sign in was not written down");
        }
    });
}

async fn by_code(
    app: &App,
    origin: Origin,
    code: &str,
    only: Option<&str>,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let now_ms = clock::now_ms();
    take_code_try(app, origin, now_ms).await?;
    let (key, need_more) = (accounts::code_key(code), &app.config().passkeys_must);
    let by_code = app.database().sign_in_by_code(&key, only, need_more, session, now_ms).await?;
    let_in(app, origin, by_code, now_ms).await
}

/// With a code and the passkey that was made with it.
async fn by_new_passkey(
    app: &App,
    origin: Origin,
    (code, only): (&CodeKey, Option<&str>),
    new: &NewKey,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let now_ms = clock::now_ms();
    let name: String = session.device_name.chars().take(keys::MAX_SHOWN).collect();
    let name = keys::shown_name(&name)?;
    take_code_try(app, origin, now_ms).await?;
    let database = app.database();
    let by_code = database.sign_in_by_new_passkey(code, only, new, &name, session, now_ms).await?;
    let_in(app, origin, by_code, now_ms).await
}

async fn let_in(app: &App, origin: Origin, by_code: ByCode, now_ms: i64) -> ApiResult<String> {
    let unauthorized = |code, message: &str| ApiError::new(StatusCode::UNAUTHORIZED, code, message);
    let refusal = match by_code {
        ByCode::SignedIn(account) => {
            app.throttle().clear(app.database(), Whom::Nobody, origin.address).await?;
            return Ok(account);
        }
        ByCode::NoSuchCode => {
            note_failed(app, origin, Tried::Code, now_ms);
            return Err(unauthorized("wrong_code", "the code was used, is over or never was"));
        }
        ByCode::OfAnother => {
            let message = "the work of somebody else is on this device and not sent yet";
            ApiError::conflict("other_account", message)
        }
        ByCode::NotEnough => {
            unauthorized("passkey_to_make", "people of this role make a passkey with their code")
        }
        ByCode::NotAdded(why) => keys::not_added(why),
    };
    // Whoever brings a good code guesses none.
    app.throttle().clear(app.database(), Whom::Nobody, origin.address).await?;
    Err(refusal)
}

/// A code names nobody: only the address counts.
pub(super) async fn take_code_try(app: &App, origin: Origin, now_ms: i64) -> ApiResult<()> {
    let taken = app.throttle().take(app.database(), Whom::Nobody, origin.address, now_ms).await?;
    if let Err(wait_s) = taken {
        note_failed(app, origin, Tried::Code, now_ms);
        return Err(ApiError::too_many(wait_s));
    }
    Ok(())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, body = Profile),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn profile(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Profile>> {
    Ok(Json(profile_of(&app, &session.account).await?))
}

/// Of which session somebody speaks who signs out.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct OfDevice {
    /// The device that it was opened on; of any if this is missing. Whoever left without a network says so later, when somebody
    /// may have signed in since, or is just signing in: then the browser's cookie, which is nobody's by now, stays.
    device: Option<String>,
}

/// Signs out: the session is over.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", params(OfDevice), responses(
    (status = 204),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn sign_out(
    State(app): State<App>,
    origin: Origin,
    SignedIn(session): SignedIn,
    Query(meant): Query<OfDevice>,
) -> ApiResult<Response> {
    if meant.device.as_ref().is_some_and(|device| *device != session.device.to_string()) {
        return Err(ApiError::signed_out());
    }
    app.database().end_session(session.id, clock::now_ms()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    // Else it might come behind the answer to a sign-in, and take away what that has just set.
    if meant.device.is_none() {
        write_cookie(&mut response, origin, "", 0);
    }
    Ok(response)
}

async fn profile_of(app: &App, name: &str) -> ApiResult<Profile> {
    let account = app.database().account(name).await?.ok_or_else(ApiError::signed_out)?;
    Ok(Profile {
        scope: app.database().visible_units(&account.name).await?,
        account: account.name,
        name: account.display_name,
        programmes: account.programmes,
        role: account.role.name(),
        unit: account.unit,
        server_ms: clock::now_ms(),
    })
}

/// Hands a session to the browser.
pub(super) fn set_cookie(response: &mut Response, origin: Origin, token: &str) {
    write_cookie(response, origin, token, IDLE_MS / 1000);
}

fn write_cookie(response: &mut Response, origin: Origin, token: &str, seconds: i64) {
    let (name, secure) =
        if origin.is_https { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
    let cookie =
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal digits make a header");
    response.headers_mut().append(header::SET_COOKIE, cookie);
}
