//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sync::wire::DeviceId;
use utoipa::ToSchema;

use super::signed_in::{IDLE_MS, Origin, PLAIN_COOKIE, SECURE_COOKIE, SignedIn};
use crate::accounts::{self, MAX_PASSWORD};
use crate::database::{Account, ByCode, NewSession};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

/// Who signs in, and on what: with name and password, or with a code.
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
    /// With a code: whose work the device has not sent yet. The code of anybody else is refused, and stays good.
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
    /// The server's clock, milliseconds since 1970-01-01 UTC.
    server_ms: i64,
}

/// Signs in: sets an `HttpOnly` session cookie that is good on this device.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials, responses(
    (status = 200, body = Profile),
    (status = 400, description = "`bad_json`, `bad_device`", body = ErrorBody),
    (status = 401, description = "`wrong_credentials`, the same for an unknown name; `wrong_code`, the same for one that \
        was used, that is over or that never was", body = ErrorBody),
    (status = 409, description = "`other_account`: the code is good, and not of the account that `only` names", body = ErrorBody),
    (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
))]
pub async fn sign_in(
    State(app): State<App>,
    origin: Origin,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> ApiResult<Response> {
    let Json(given) =
        credentials.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    let device: DeviceId = given
        .device
        .parse()
        .map_err(|error| ApiError::bad_request("bad_device", format!("device: {error}")))?;
    let device_name: String = given.device_name.chars().take(120).collect();
    let (token, key) = accounts::new_token();
    let session = NewSession { key: &key, device, device_name: &device_name };
    let account = match (given.code, given.name.zip(given.password)) {
        (Some(code), None) => by_code(&app, origin, &code, given.only.as_deref(), session).await?,
        (None, Some((name, password))) => {
            by_password(&app, origin, &name, password, session).await?
        }
        _ => {
            let message = "give `name` and `password`, or `code`";
            return Err(ApiError::bad_request("bad_json", message));
        }
    };
    tracing::info!(account, "signed in");
    let mut response = Json(profile_of(&app, &account).await?).into_response();
    set_cookie(&mut response, origin, &token, IDLE_MS / 1000);
    Ok(response)
}

async fn by_password(
    app: &App,
    origin: Origin,
    name: &str,
    password: String,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let account = owner_of(app, origin, name, password).await?;
    app.database().add_session(&account.name, session, clock::now_ms()).await?;
    Ok(account.name)
}

/// The account that a name and a password are of.
pub(crate) async fn owner_of(
    app: &App,
    origin: Origin,
    name: &str,
    password: String,
) -> ApiResult<Account> {
    let now_ms = clock::now_ms();
    let (database, address) = (app.database(), origin.address);
    let taken = app.throttle().take(database, Some(name), address, now_ms).await?;
    taken.map_err(ApiError::too_many)?;
    let account = database.account(name).await?.filter(|account| !account.is_disabled());
    let hash = account.as_ref().map(|account| account.password.clone());
    let fits = password.len() <= MAX_PASSWORD;
    let password = if fits { password } else { String::new() };
    let right = accounts::verify_password(password, hash).await.map_err(ApiError::internal)?;
    let account = account.filter(|_| right && fits).ok_or_else(|| {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "the name or the password is wrong",
        )
    })?;
    app.throttle().clear(database, Some(name), address).await?;
    Ok(account)
}

async fn by_code(
    app: &App,
    origin: Origin,
    code: &str,
    only: Option<&str>,
    session: NewSession<'_>,
) -> ApiResult<String> {
    let now_ms = clock::now_ms();
    let (database, address) = (app.database(), origin.address);
    app.throttle().take(database, None, address, now_ms).await?.map_err(ApiError::too_many)?;
    let key = accounts::code_key(code);
    let account = match database.sign_in_by_code(&key, only, session, now_ms).await? {
        ByCode::SignedIn(account) => account,
        ByCode::OfAnother => {
            let message = "the work of somebody else is on this device and not sent yet";
            return Err(ApiError::conflict("other_account", message));
        }
        ByCode::NoSuchCode => {
            let message = "the code was used, is over or never was";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_code", message));
        }
    };
    app.throttle().clear(database, None, address).await?;
    Ok(account)
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

/// Signs out: the session is over, here and in the browser.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204),
    (status = 401, description = "`signed_out`", body = ErrorBody),
))]
pub async fn sign_out(
    State(app): State<App>,
    origin: Origin,
    SignedIn(session): SignedIn,
) -> ApiResult<Response> {
    app.database().end_session(session.id, clock::now_ms()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, origin, "", 0);
    Ok(response)
}

async fn profile_of(app: &App, name: &str) -> ApiResult<Profile> {
    let account = app.database().account(name).await?.ok_or_else(ApiError::signed_out)?;
    Ok(Profile {
        scope: app.database().visible_units(&account.name).await?,
        account: account.name,
        name: account.display_name,
        role: account.role.name(),
        unit: account.unit,
        server_ms: clock::now_ms(),
    })
}

fn set_cookie(response: &mut Response, origin: Origin, token: &str, seconds: i64) {
    let (name, secure) =
        if origin.is_https { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
    let cookie =
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal digits make a header");
    response.headers_mut().append(header::SET_COOKIE, cookie);
}
