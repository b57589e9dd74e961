//! People who may sign in, and the codes that let them in.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync::wire::DeviceId;
use utoipa::ToSchema;

use super::again::{Again, Prover};
use super::extract::Path;
use super::sessions::seen;
use super::signed_in::{Sent, SignedIn};
use crate::accounts::{self, CODE_MINUTES, MAX_CODE_MINUTES, MAX_NAME, Role};
use crate::database::{Account, AccountChange, NewAccount, NewClient, Session};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock, openrosa};

/// A person who may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountEntry {
    /// What they sign in with; also the author of their operations.
    account: String,
    /// What others see.
    name: String,
    /// `officer`, `trainer`, `coordinator`, `administrator` or `auditor`.
    role: &'static str,
    /// Where they work.
    unit: String,
    /// Units granted: they see each with all below it.
    scope: Vec<String>,
    /// Programmes that this is limited to; none: it is not.
    programmes: Vec<String>,
    /// When they were added.
    created_ms: i64,
    /// Since when they may no longer sign in.
    disabled_ms: Option<i64>,
    /// How many passkeys they have.
    passkeys: u64,
    /// Whether the asker may make a code for them.
    may_make_code: bool,
}

/// A person to add. They have no password: they sign in with a code.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewEntry {
    /// What they are known by: letters without accents, digits, `.`, `-` and `_`.
    account: String,
    /// What others see.
    name: String,
    /// `officer`, `trainer`, `coordinator`, `administrator` or `auditor`.
    role: String,
    /// Where they work.
    unit: String,
    /// Units granted; their own, if not given.
    #[serde(default)]
    scope: Vec<String>,
    /// Programmes that this is limited to; it is not, if none is given.
    #[serde(default)]
    programmes: Vec<String>,
}

/// What is to be different; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EntryChange {
    /// What others see.
    #[serde(default)]
    name: Option<String>,
    /// The role. Another one ends their sessions, tokens and codes; their unsent work stays on their phones.
    #[serde(default)]
    role: Option<String>,
    /// Where they work.
    #[serde(default)]
    unit: Option<String>,
    /// Units granted.
    #[serde(default)]
    scope: Option<Vec<String>>,
    /// Programmes that this is limited to; an empty list ends the limit.
    #[serde(default)]
    programmes: Option<Vec<String>>,
    /// Whether they may no longer sign in: their sessions end, and what they still send is kept for the repair desk.
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(flatten)]
    again: Again,
}

/// How long a code is to be good.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CodeWish {
    /// Minutes, at most those of seven days; those of one day, if not given.
    #[serde(default)]
    minutes: Option<u32>,
    #[serde(flatten)]
    again: Again,
}

/// A code to hand to somebody: told once, and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInCode {
    /// Whom it lets in.
    account: String,
    /// The code.
    code: String,
    /// Until when, unless it is used or another one is made before.
    ends_ms: i64,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenWish {
    /// What the device is to be called among the sessions; `ODK Collect`, if not given.
    #[serde(default)]
    device_name: Option<String>,
    #[serde(flatten)]
    again: Again,
}

/// What an `OpenRosa` client is set up with: told once, and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientToken {
    /// Whose records it sends.
    account: String,
    /// The token.
    token: String,
    /// Behind this server's address, the address that the client is given.
    path: String,
}

/// People by name: everybody for an administrator, those of their units for coordinators and auditors.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", responses(
    (status = 200, body = Vec<AccountEntry>),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for coordinators, administrators and auditors", body = ErrorBody),
))]
pub async fn list(
    State(app): State<App>,
    SignedIn(session): SignedIn,
) -> ApiResult<Json<Vec<AccountEntry>>> {
    if !session.role.oversees() {
        return Err(not_allowed());
    }
    let accounts = app.database().accounts(seen(&session)).await?;
    let reach = Reach::of(&app, &session).await?;
    Ok(Json(accounts.into_iter().map(|account| entry(account, &reach)).collect()))
}

/// Adds a person.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = NewEntry, responses(
    (status = 201, body = AccountEntry),
    (status = 400, description = "`bad_json`, `bad_account`, `bad_name`, `bad_role`, `unknown_unit`, `unknown_programme`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 403, description = "`not_allowed`: for administrators", body = ErrorBody),
    (status = 409, description = "`name_taken`", body = ErrorBody),
))]
pub async fn add(
    State(app): State<App>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<NewEntry>, JsonRejection>>,
) -> ApiResult<(StatusCode, Json<AccountEntry>)> {
    if !session.role.manages_accounts() {
        return Err(not_allowed());
    }
    let given = read(body)?;
    if !accounts::is_name(&given.account) {
        return Err(ApiError::bad_request("bad_account", accounts::NAME_RULE));
    }
    let scope = if given.scope.is_empty() { vec![given.unit.clone()] } else { given.scope };
    check_units(&app, scope.iter().chain([&given.unit])).await?;
    check_programmes(&app, &given.programmes).await?;
    let password = accounts::hash_password(accounts::new_password()).await;
    let new = NewAccount {
        name: given.account,
        display_name: shown_name(&given.name)?,
        role: role(&given.role)?,
        unit: given.unit,
        scope,
        programmes: given.programmes,
        password: password.map_err(ApiError::internal)?,
    };
    if !app.database().add_account(&new, Some(&session.account), clock::now_ms()).await? {
        return Err(ApiError::conflict("name_taken", "somebody is called so already"));
    }
    Ok((StatusCode::CREATED, Json(one(&app, &session, &new.name).await?)))
}

/// Changes a person's name, role or units, or whether they may sign in. Of whoever oversees others, or is to, that is done by who
/// shows once more who they are.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "what the person signs in with")),
    request_body = EntryChange,
    responses(
        (status = 200, description = "the person as they are now", body = AccountEntry),
        (status = 400, description = "`bad_json`, `bad_name`, `bad_role`, `unknown_unit`, `unknown_programme`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: for administrators; `sign_in_again`, `wrong_password`, `wrong_code`, \
            `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`own_account`: nobody disables themselves or changes their own role; `no_passkeys`: the \
            address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn change(
    State(app): State<App>,
    prover: Prover,
    Path(account): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<EntryChange>, JsonRejection>>,
) -> ApiResult<Json<AccountEntry>> {
    if !session.role.manages_accounts() {
        return Err(not_allowed());
    }
    let given = read(body)?;
    let found = app.database().seen_account(&account, seen(&session)).await?.ok_or_else(nobody)?;
    if account == session.account && (given.role.is_some() || given.disabled == Some(true)) {
        let message = "another administrator can disable you or change your role";
        return Err(ApiError::conflict("own_account", message));
    }
    check_units(&app, given.scope.iter().flatten().chain(&given.unit)).await?;
    check_programmes(&app, given.programmes.as_deref().unwrap_or_default()).await?;
    let change = AccountChange {
        display_name: given.name.as_deref().map(shown_name).transpose()?,
        role: given.role.as_deref().map(role).transpose()?,
        unit: given.unit,
        scope: given.scope,
        programmes: given.programmes,
        disabled: given.disabled,
    };
    if found.role.oversees() || change.role.is_some_and(Role::oversees) {
        prover.prove(&app, &session, given.again).await?;
    }
    let by = Some(session.account.as_str());
    app.database().change_account(&account, &change, by, clock::now_ms()).await?;
    Ok(Json(one(&app, &session, &account).await?))
}

/// Makes a code that lets another person in once, instead of a password. Earlier codes of theirs are good no longer.
///
/// For whoever oversees others it is made by who shows once more who they are: a session that lies open makes nobody one of them.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/code", tag = "accounts",
    params(("account" = String, Path, description = "what the person signs in with")),
    request_body = CodeWish,
    responses(
        (status = 201, body = SignInCode),
        (status = 400, description = "`bad_json`, `bad_minutes`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: an administrator may for everybody, a coordinator for officers and \
            trainers of their units who see no more than they do, and nobody for themselves; `sign_in_again`, `wrong_password`, \
            `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see the account", body = ErrorBody),
        (status = 409, description = "`disabled`: the person may not sign in, or was changed this moment; `no_passkeys`: the \
            address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn make_code(
    State(app): State<App>,
    prover: Prover,
    Path(account): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<CodeWish>, JsonRejection>>,
) -> ApiResult<(StatusCode, Json<SignInCode>)> {
    let found = app.database().seen_account(&account, seen(&session)).await?;
    let found = found.ok_or_else(nobody)?;
    if !Reach::of(&app, &session).await?.lets_in(&found) {
        return Err(not_allowed());
    }
    let CodeWish { minutes, again } = read(body)?;
    let minutes = minutes.unwrap_or(CODE_MINUTES);
    if !(1..=MAX_CODE_MINUTES).contains(&minutes) {
        return Err(ApiError::bad_request("bad_minutes", format!("1 to {MAX_CODE_MINUTES}")));
    }
    if found.role.oversees() {
        prover.prove(&app, &session, again).await?;
    }
    let (code, key) = accounts::new_code();
    let now_ms = clock::now_ms();
    let ends_ms = accounts::code_end(minutes, now_ms);
    let by = Some(session.account.as_str());
    if !app.database().add_code(&found, &key, ends_ms, by, now_ms).await? {
        return Err(disabled());
    }
    Ok((StatusCode::CREATED, Json(SignInCode { account, code, ends_ms })))
}

/// Makes a token for an `OpenRosa` client of a person, such as ODK Collect: it is part of the address that the client is
/// given. It is listed and ended as a session.
///
/// It lasts longer than the session that asks for it, so whoever asks shows once more who they are.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/token", tag = "accounts",
    params(("account" = String, Path, description = "what the person signs in with")),
    request_body = TokenWish,
    responses(
        (status = 201, body = ClientToken),
        (status = 400, description = "`bad_json`, `bad_name`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 403, description = "`not_allowed`: who may make codes for somebody may make tokens, and everybody for \
            themselves; `sign_in_again`, `wrong_password`, `wrong_code`, `wrong_passkey`, `passkey_expired`", body = ErrorBody),
        (status = 404, description = "`not_found`, also for who may not see the account", body = ErrorBody),
        (status = 409, description = "`disabled`: the person may not sign in, or was changed this moment; `no_field_work`: \
            nothing that the person sends would be applied; `no_passkeys`: the address has no name, or is not reached by https", body = ErrorBody),
        (status = 429, description = "`too_many_tries`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn make_token(
    State(app): State<App>,
    prover: Prover,
    Path(account): Path<String>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Json<TokenWish>, JsonRejection>>,
) -> ApiResult<(StatusCode, Json<ClientToken>)> {
    let found = app.database().seen_account(&account, seen(&session)).await?;
    let found = found.ok_or_else(nobody)?;
    if account != session.account && !Reach::of(&app, &session).await?.lets_in(&found) {
        return Err(not_allowed());
    }
    let TokenWish { device_name, again } = read(body)?;
    if !found.role.does_field_work() {
        return Err(ApiError::conflict("no_field_work", "the person's role does no field work"));
    }
    let device_name = device_name.as_deref().map(shown_name).transpose()?;
    prover.prove(&app, &session, again).await?;
    let (token, _) = accounts::new_token();
    let new = NewClient {
        device: DeviceId(accounts::random()),
        device_name: device_name.as_deref().unwrap_or(openrosa::CLIENT),
    };
    let by = Some(session.account.as_str());
    if !app.database().add_token(&found, &token, new, by, clock::now_ms()).await? {
        return Err(disabled());
    }
    let path = openrosa::address(&token);
    Ok((StatusCode::CREATED, Json(ClientToken { account, token, path })))
}

fn read<T>(body: Result<Json<T>, JsonRejection>) -> ApiResult<T> {
    let Json(given) = body.map_err(|error| ApiError::bad_request("bad_json", error.body_text()))?;
    Ok(given)
}

fn nobody() -> ApiError {
    ApiError::not_found("nobody is called so")
}

fn disabled() -> ApiError {
    ApiError::conflict("disabled", "the person may not sign in, or was changed this moment")
}

fn not_allowed() -> ApiError {
    ApiError::forbidden("not_allowed", "your role does not look after that")
}

async fn one(app: &App, session: &Session, account: &str) -> ApiResult<AccountEntry> {
    let found = app.database().seen_account(account, seen(session)).await?;
    Ok(entry(found.ok_or_else(nobody)?, &Reach::of(app, session).await?))
}

/// What an asker may see. Whoever makes a code or a token for somebody could use it themselves, and may see no more by it.
pub(super) struct Reach {
    account: String,
    role: Role,
    programmes: Vec<String>,
    /// Who sees a unit that they do not.
    beyond: BTreeSet<String>,
}

impl Reach {
    pub(super) async fn of(app: &App, session: &Session) -> ApiResult<Self> {
        let beyond = app.database().who_see_beyond(&session.account).await?;
        let own = app.database().account(&session.account).await?.ok_or_else(nobody)?;
        Ok(Self { account: own.name, role: session.role, programmes: own.programmes, beyond })
    }

    /// Whether they may make a way in for somebody. Not for themselves: that would show once more who they are.
    pub(super) fn lets_in(&self, other: &Account) -> bool {
        let is_of_mine = |programme| self.programmes.contains(programme);
        let is_within = || {
            let programmes = &other.programmes;
            !self.beyond.contains(&other.name)
                && (self.programmes.is_empty()
                    || !programmes.is_empty() && programmes.iter().all(is_of_mine))
        };
        other.name != self.account
            && self.role.looks_after(other.role)
            && (self.role.manages_accounts() || is_within())
    }
}

fn entry(account: Account, asker: &Reach) -> AccountEntry {
    AccountEntry {
        may_make_code: !account.is_disabled() && asker.lets_in(&account),
        account: account.name,
        name: account.display_name,
        role: account.role.name(),
        unit: account.unit,
        scope: account.scope,
        programmes: account.programmes,
        created_ms: account.created_ms,
        disabled_ms: account.disabled_ms,
        passkeys: account.passkeys,
    }
}

fn role(name: &str) -> ApiResult<Role> {
    Role::named(name).ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        ApiError::bad_request("bad_role", format!("`{name}` is none of {names}"))
    })
}

fn shown_name(name: &str) -> ApiResult<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(ApiError::bad_request("bad_name", "1 to 120 characters"));
    }
    Ok(name.to_owned())
}

async fn check_units(app: &App, units: impl Iterator<Item = &String>) -> ApiResult<()> {
    for unit in units {
        if !app.database().has_unit(unit).await? {
            let message = format!("no pack that was loaded has a unit {unit}");
            return Err(ApiError::bad_request("unknown_unit", message));
        }
    }
    Ok(())
}

async fn check_programmes(app: &App, programmes: &[String]) -> ApiResult<()> {
    for programme in programmes {
        if !app.database().has_programme(programme).await? {
            let message = format!("no form that was loaded is of a programme {programme}");
            return Err(ApiError::bad_request("unknown_programme", message));
        }
    }
    Ok(())
}
