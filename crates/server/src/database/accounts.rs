//! People and their sessions.

use std::collections::BTreeSet;

use pack::phone::PhonePack;
use serde_json::{Value as Json, json};
use sync::erase::SERVER;
use sync::wire::DeviceId;

use super::audit::{Event, note};
use super::credentials::use_code;
use super::passkeys::Added;
use super::rights::programmes;
use super::sql::{Builder, query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Write, bytes, unsigned};
use crate::accounts::Role;
use crate::audit::Action;

/// A person who may sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// What they sign in with; also the author of their operations.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// What they are for.
    pub role: Role,
    /// Where they work.
    pub unit: String,
    /// Argon2id hash of the password.
    pub password: String,
    /// When they were added.
    pub created_ms: i64,
    /// Since when they may no longer sign in.
    pub disabled_ms: Option<i64>,
    /// Units granted: each with all below it.
    pub scope: Vec<String>,
    /// Programmes that this is limited to; none: it is not.
    pub programmes: Vec<String>,
    /// How many keys they may sign in with.
    pub passkeys: u64,
}

impl Account {
    /// Whether they may no longer sign in.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled_ms.is_some()
    }
}

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What they sign in with.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// What they are for.
    pub role: Role,
    /// Where they work.
    pub unit: String,
    /// Units granted: each with all below it.
    pub scope: Vec<String>,
    /// Programmes that this is limited to; none: it is not.
    pub programmes: Vec<String>,
    /// Argon2id hash of the password.
    pub password: String,
}

/// What is to be different of an account.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// What others see.
    pub display_name: Option<String>,
    /// What it is for.
    pub role: Option<Role>,
    /// Where the person works.
    pub unit: Option<String>,
    /// Units granted.
    pub scope: Option<Vec<String>>,
    /// Programmes that this is limited to; none of them: it is not.
    pub programmes: Option<Vec<String>>,
    /// Whether the person may no longer sign in.
    pub disabled: Option<bool>,
}

impl AccountChange {
    /// What is different, for the audit log; being disabled has a row of its own.
    fn detail(&self) -> Option<Json> {
        let parts = [
            self.display_name.as_ref().map(|name| ("name", json!(name))),
            self.role.map(|role| ("role", json!(role.name()))),
            self.unit.as_ref().map(|unit| ("unit", json!(unit))),
            self.scope.as_ref().map(|scope| ("scope", json!(scope))),
            self.programmes.as_ref().map(|programmes| ("programmes", json!(programmes))),
        ];
        let parts = parts.into_iter().flatten().map(|(key, value)| (key.to_owned(), value));
        let parts: serde_json::Map<String, Json> = parts.collect();
        (!parts.is_empty()).then_some(Json::Object(parts))
    }
}

/// Whose accounts and sessions somebody sees.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// Everybody's.
    All,
    /// Those of the people who work in a unit that this account sees, and its own.
    InUnitsOf(&'a str),
    /// Its own.
    Own(&'a str),
}

impl<'a> Seen<'a> {
    /// Adds to a query of `account a` which of them are meant.
    fn push(self, query: &mut Builder<'a>) {
        match self {
            Self::All => query.push("TRUE"),
            Self::InUnitsOf(asker) => query
                .push("(a.name = ")
                .push_bind(asker)
                .push(" OR a.unit IN (SELECT unit FROM visible_unit WHERE account = ")
                .push_bind(asker)
                .push("))"),
            Self::Own(asker) => query.push("a.name = ").push_bind(asker),
        };
    }
}

/// SHA-256 of a session's token.
pub type SessionKey = [u8; 32];

/// SHA-256 of a one-time code.
pub type CodeKey = [u8; 32];

/// What a session belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// This app, in a browser.
    App,
    /// An `OpenRosa` client, with a token in its address.
    Token,
    /// An `OpenRosa` client that sends name and password each time.
    Password,
}

impl Client {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Token => "token",
            Self::Password => "password",
        }
    }
}

/// The session that a sign-in opens.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// What it is known by.
    pub key: &'a SessionKey,
    /// The device it is opened on.
    pub device: DeviceId,
    /// What the device calls itself.
    pub device_name: &'a str,
}

/// An open session, or one that was revoked.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// The person's role.
    pub role: Role,
    /// Where the person works.
    pub unit: String,
    /// The device it was opened on.
    pub device: DeviceId,
    /// When it began.
    pub created_ms: i64,
    /// When it was last used.
    pub seen_ms: i64,
    /// Ended by somebody else than its owner.
    pub revoked: Option<Revoked>,
    /// The account may no longer sign in.
    pub disabled: bool,
    /// Counts the changes of what the account sees.
    pub scope_rev: u64,
}

/// How somebody else than its owner ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// They signed its owner out.
    SignedOut,
    /// They said that its device is lost.
    Lost,
}

impl Revoked {
    const fn number(self) -> i64 {
        match self {
            Self::SignedOut => 1,
            Self::Lost => 2,
        }
    }

    fn of(number: i64) -> Option<Self> {
        match number {
            0 => None,
            2 => Some(Self::Lost),
            _ => Some(Self::SignedOut),
        }
    }
}

/// A session as whoever looks after it sees it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// What others see of that person.
    pub account_name: String,
    /// That person's role.
    pub role: Role,
    /// Where that person works.
    pub unit: String,
    /// The device it was opened on.
    pub device: DeviceId,
    /// What the device calls itself.
    pub device_name: String,
    /// When it began.
    pub created_ms: i64,
    /// When it or its device was last heard of.
    pub contact_ms: i64,
    /// How many operations the device said that it still held when it last pushed.
    pub unsent: Option<u64>,
    /// When that was.
    pub pushed_ms: Option<i64>,
    /// How many files that its operations name are not here whole.
    pub files_missing: u64,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByCode {
    /// It let this account in, and is used up.
    SignedIn(String),
    /// It is good, and of another account than the one that was asked for.
    OfAnother,
    /// There is no such code any more.
    NoSuchCode,
    /// It is good, and not enough for its owner.
    NotEnough,
    /// It is good, and the key that came with it was not taken.
    NotAdded(Added),
}

impl Database {
    /// The account of that name.
    pub async fn account(&self, name: &str) -> Answer<Option<Account>> {
        self.seen_account(name, Seen::All).await
    }

    /// The account of that name, if it is one of those.
    pub async fn seen_account(&self, name: &str, seen: Seen<'_>) -> Answer<Option<Account>> {
        Ok(self.accounts_where(Some(name), seen).await?.pop())
    }

    /// Accounts by name.
    pub async fn accounts(&self, seen: Seen<'_>) -> Answer<Vec<Account>> {
        self.accounts_where(None, seen).await
    }

    async fn accounts_where(&self, name: Option<&str>, seen: Seen<'_>) -> Answer<Vec<Account>> {
        type Row = (String, String, String, String, String, i64, Option<i64>, i64, Option<String>);
        let mut query = Builder::new(
            "SELECT a.name, a.display_name, a.role, a.unit, a.password, a.created_ms, a.disabled_ms,
                (SELECT count(*) FROM passkey p WHERE p.account = a.name), scope.unit
             FROM account a LEFT JOIN account_scope scope ON scope.account = a.name WHERE ",
        );
        seen.push(&mut query);
        if let Some(name) = name {
            query.push(" AND a.name = ").push_bind(name);
        }
        query.push(" ORDER BY a.name, scope.unit");
        let rows: Vec<Row> = query.build_as().fetch_all(&self.readers).await?;
        let mut accounts: Vec<Account> = Vec::new();
        for (
            name,
            display_name,
            role,
            unit,
            password,
            created_ms,
            disabled_ms,
            passkeys,
            granted,
        ) in rows
        {
            if accounts.last().is_none_or(|last| last.name != name) {
                let (role, scope) = (stored_role(&role)?, Vec::new());
                accounts.push(Account {
                    name,
                    display_name,
                    role,
                    unit,
                    password,
                    created_ms,
                    disabled_ms,
                    scope,
                    programmes: Vec::new(),
                    passkeys: unsigned(passkeys),
                });
            }
            if let Some(last) = accounts.last_mut() {
                last.scope.extend(granted);
            }
        }
        let granted: Vec<(String, String)> = query_as(
            "SELECT account, programme FROM account_programme ORDER BY account, programme",
        )
        .fetch_all(&self.readers)
        .await?;
        for (account, programme) in granted {
            let place = accounts.binary_search_by(|known| known.name.cmp(&account));
            if let Some(account) = place.ok().and_then(|place| accounts.get_mut(place)) {
                account.programmes.push(programme);
            }
        }
        Ok(accounts)
    }

    /// Adds a person, or says `false` when the name is taken. `by`: who does, none for the operator of the machine.
    pub async fn add_account(
        &self,
        new: &NewAccount,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let added = query(
            "INSERT INTO account (name, display_name, role, unit, password, created_ms, scope_rev)
             VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&new.name)
        .bind(&new.display_name)
        .bind(new.role.name())
        .bind(&new.unit)
        .bind(&new.password)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        if added == 0 {
            return Ok(false);
        }
        grant(&mut tx, &new.name, &new.scope).await?;
        limit(&mut tx, &new.name, &new.programmes).await?;
        let mut detail = json!({ "role": new.role.name(), "unit": new.unit, "scope": new.scope });
        if !new.programmes.is_empty() {
            detail["programmes"] = json!(new.programmes);
        }
        let (object, unit) = (new.name.as_str(), Some(new.unit.as_str()));
        let event = Event { actor: by, action: Action::AccountAdd, object, unit, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes an account: all of it or nothing. Says whether there is one of that name.
    pub async fn change_account(
        &self,
        name: &str,
        change: &AccountChange,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        // Another role sees other fields: its devices take the feed from its start.
        query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1 AND role <> $2")
            .bind(name)
            .bind(change.role.map(Role::name))
            .execute(&mut tx)
            .await?;
        let unit: Option<String> = query_scalar(
            "UPDATE account SET display_name = coalesce($2, display_name), role = coalesce($3, role),
                unit = coalesce($4, unit) WHERE name = $1 RETURNING unit",
        )
        .bind(name)
        .bind(&change.display_name)
        .bind(change.role.map(Role::name))
        .bind(&change.unit)
        .fetch_optional(&mut tx)
        .await?;
        let Some(unit) = unit else { return Ok(false) };
        if let Some(scope) = &change.scope {
            query("DELETE FROM account_scope WHERE account = $1")
                .bind(name)
                .execute(&mut tx)
                .await?;
            grant(&mut tx, name, scope).await?;
        }
        if let Some(programmes) = &change.programmes {
            limit(&mut tx, name, programmes).await?;
        }
        let mut noted = Vec::new();
        if let Some(detail) = change.detail() {
            noted.push((Action::AccountChange, detail));
        }
        match change.disabled {
            Some(true) => {
                noted.push((Action::AccountDisable, disable(&mut tx, name, now_ms).await?));
            }
            Some(false) => {
                query("UPDATE account SET disabled_ms = NULL WHERE name = $1")
                    .bind(name)
                    .execute(&mut tx)
                    .await?;
                noted.push((Action::AccountEnable, json!({})));
            }
            None => {}
        }
        for (action, detail) in noted {
            let unit = Some(unit.as_str());
            let event = Event { actor: by, action, object: name, unit, detail };
            note(&mut tx, event, now_ms).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an account's right to sign in, its sessions and its codes. Says whether there is such an account.
    pub async fn disable_account(&self, name: &str, by: Option<&str>, now_ms: i64) -> Answer<bool> {
        let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
        self.change_account(name, &change, by, now_ms).await
    }

    /// Keeps a code that opens one session of an account until `ends_ms`. Earlier ones are good no longer. Says whether there
    /// is such an account, which may sign in.
    pub async fn add_code(
        &self,
        account: &str,
        key: &CodeKey,
        ends_ms: i64,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let unit: Option<String> =
            query_scalar("SELECT unit FROM account WHERE name = $1 AND disabled_ms IS NULL")
                .bind(account)
                .fetch_optional(&mut tx)
                .await?;
        let Some(unit) = unit else { return Ok(false) };
        end_codes(&mut tx, account, now_ms).await?;
        query(
            "INSERT INTO sign_in_code (code_hash, account, made_by, made_ms, ends_ms) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(key.as_slice())
        .bind(account)
        .bind(by)
        .bind(now_ms)
        .bind(ends_ms)
        .execute(&mut tx)
        .await?;
        let (action, unit) = (Action::CodeMake, Some(unit.as_str()));
        let event = Event {
            actor: by,
            action,
            object: account,
            unit,
            detail: json!({ "ends_ms": ends_ms }),
        };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Opens a session for whoever has a code, which is used up by it; with `only`, for that account alone, and for nobody of the
    /// roles that need more.
    pub async fn sign_in_by_code(
        &self,
        code: &CodeKey,
        only: Option<&str>,
        need_more: &[Role],
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<ByCode> {
        let mut tx = self.begin_write().await?;
        let Some((account, role)) = owner_of_code(&mut tx, code, now_ms).await? else {
            return Ok(ByCode::NoSuchCode);
        };
        if only.is_some_and(|only| only != account) {
            return Ok(ByCode::OfAnother);
        }
        if need_more.contains(&role) {
            return Ok(ByCode::NotEnough);
        }
        use_code(&mut tx, &account, code, now_ms).await?;
        open_session(&mut tx, &account, session, Action::SignInByCode, now_ms).await?;
        tx.commit().await?;
        Ok(ByCode::SignedIn(account))
    }

    /// Whose a code is that is good, without using it up.
    pub async fn owner_of_code(&self, code: &CodeKey, now_ms: i64) -> Answer<Option<Account>> {
        let row: Option<(String, String)> = query_as(OWNER_OF_CODE)
            .bind(code.as_slice())
            .bind(now_ms)
            .fetch_optional(&self.readers)
            .await?;
        match row {
            Some((account, _role)) => self.account(&account).await,
            None => Ok(None),
        }
    }

    /// Opens a session for whoever gave the right password.
    pub async fn add_session(
        &self,
        account: &str,
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        open_session(&mut tx, account, session, Action::SignIn, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The open or revoked session of a token. One that its owner ended is gone.
    pub async fn session(&self, key: &SessionKey) -> Answer<Option<Session>> {
        self.session_of(key, Client::App).await
    }

    /// Whether a session that was open goes on, also under another token; `Err`: how somebody else ended it.
    pub async fn session_goes_on(&self, id: i64) -> Answer<Result<(), Option<Revoked>>> {
        let row: Option<(i64, bool, bool)> = query_as(
            "SELECT s.revoked, a.disabled_ms IS NOT NULL, s.ended_ms IS NULL
             FROM session s JOIN account a ON a.name = s.account WHERE s.id = $1",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        Ok(match row {
            Some((0, false, true)) => Ok(()),
            Some((0, true, _)) => Err(Some(Revoked::SignedOut)),
            Some((revoked, ..)) => Err(Revoked::of(revoked)),
            None => Err(None),
        })
    }

    /// The same of such a client: what one knows a session by opens no other's.
    pub(super) async fn session_of(
        &self,
        key: &SessionKey,
        client: Client,
    ) -> Answer<Option<Session>> {
        type Row = (i64, String, String, String, Vec<u8>, i64, i64, i64, bool, i64);
        let row: Option<Row> = query_as(
            "SELECT s.id, s.account, a.role, a.unit, s.device, s.created_ms, s.seen_ms, s.revoked, a.disabled_ms IS NOT NULL, a.scope_rev
             FROM session s JOIN account a ON a.name = s.account
             WHERE s.token_hash = $1 AND s.client = $2 AND (s.ended_ms IS NULL OR s.revoked <> 0)",
        )
        .bind(key.as_slice())
        .bind(client.name())
        .fetch_optional(&self.readers)
        .await?;
        let Some((
            id,
            account,
            role,
            unit,
            device,
            created_ms,
            seen_ms,
            revoked,
            disabled,
            scope_rev,
        )) = row
        else {
            return Ok(None);
        };
        Ok(Some(Session {
            id,
            account,
            role: stored_role(&role)?,
            unit,
            device: DeviceId(bytes("session device", &device)?),
            created_ms,
            seen_ms,
            revoked: Revoked::of(revoked),
            disabled,
            scope_rev: unsigned(scope_rev),
        }))
    }

    /// Whether an account may send what a device sealed: one that it signed in on, or that nobody is known to have: a
    /// restored server may have forgotten.
    pub async fn may_send_for(&self, account: &str, device: DeviceId) -> Answer<bool> {
        // Nobody speaks for the server.
        if device == SERVER {
            return Ok(false);
        }
        let (is_own, is_known): (bool, bool) = query_as(
            "SELECT EXISTS (SELECT 1 FROM session WHERE device = $1 AND account = $2),
                    EXISTS (SELECT 1 FROM session WHERE device = $1)",
        )
        .bind(device.0.as_slice())
        .bind(account)
        .fetch_one(&self.readers)
        .await?;
        Ok(is_own || !is_known)
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, id: i64, now_ms: i64) -> Answer<()> {
        query("UPDATE session SET seen_ms = $2 WHERE id = $1")
            .bind(id)
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Its owner signs out.
    pub async fn end_session(&self, id: i64, now_ms: i64) -> Answer<()> {
        query("UPDATE session SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL")
            .bind(id)
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Somebody else ends it. Says whether there was an open session of that number.
    pub async fn revoke_session(
        &self,
        id: i64,
        how: Revoked,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let ended: Option<(String, String, String)> = query_as(
            "UPDATE session SET ended_ms = $2, revoked = $3 WHERE id = $1 AND ended_ms IS NULL
             RETURNING account, device_name, (SELECT unit FROM account a WHERE a.name = session.account)",
        )
        .bind(id)
        .bind(now_ms)
        .bind(how.number())
        .fetch_optional(&mut tx)
        .await?;
        let Some((account, device_name, unit)) = ended else { return Ok(false) };
        let mut detail = json!({ "session": id, "device_name": device_name });
        if how == Revoked::Lost {
            detail["lost"] = true.into();
        }
        let (object, unit) = (account.as_str(), Some(unit.as_str()));
        let event = Event { actor: by, action: Action::SessionRevoke, object, unit, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Open sessions, newest contact first.
    pub async fn sessions(&self, seen: Seen<'_>) -> Answer<Vec<SessionRow>> {
        self.sessions_where(None, seen).await
    }

    /// The open session of that number, if it is one of those.
    pub async fn seen_session(&self, id: i64, seen: Seen<'_>) -> Answer<Option<SessionRow>> {
        Ok(self.sessions_where(Some(id), seen).await?.pop())
    }

    async fn sessions_where(&self, id: Option<i64>, seen: Seen<'_>) -> Answer<Vec<SessionRow>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            id: i64,
            account: String,
            display_name: String,
            role: String,
            unit: String,
            device: Vec<u8>,
            device_name: String,
            created_ms: i64,
            contact_ms: i64,
            unsent: Option<i64>,
            pushed_ms: Option<i64>,
            files_missing: i64,
        }
        let mut query = Builder::new(
            "SELECT s.id, s.account, a.display_name, a.role, a.unit, s.device, s.device_name, s.created_ms,
                CASE WHEN d.pushed_ms > s.seen_ms THEN d.pushed_ms ELSE s.seen_ms END AS contact_ms, d.unsent, d.pushed_ms,
                (SELECT count(*) FROM blob_wanted w WHERE w.device = s.device) AS files_missing
             FROM session s JOIN account a ON a.name = s.account LEFT JOIN device d ON d.id = s.device
             WHERE s.ended_ms IS NULL AND ",
        );
        seen.push(&mut query);
        if let Some(id) = id {
            query.push(" AND s.id = ").push_bind(id);
        }
        query.push(" ORDER BY contact_ms DESC, s.id DESC");
        let rows: Vec<Row> = query.build_as().fetch_all(&self.readers).await?;
        let session = |row: Row| {
            Ok(SessionRow {
                id: row.id,
                account: row.account,
                account_name: row.display_name,
                role: stored_role(&row.role)?,
                unit: row.unit,
                device: DeviceId(bytes("session device", &row.device)?),
                device_name: row.device_name,
                created_ms: row.created_ms,
                contact_ms: row.contact_ms,
                unsent: row.unsent.map(unsigned),
                pushed_ms: row.pushed_ms,
                files_missing: unsigned(row.files_missing),
            })
        };
        rows.into_iter().map(session).collect()
    }

    /// All sessions that an account ever had, as its owner may know of them.
    pub async fn sessions_of(&self, account: &str) -> Answer<Vec<Json>> {
        type Row = (i64, Vec<u8>, String, i64, i64, Option<i64>, String);
        let rows: Vec<Row> = query_as(
            "SELECT id, device, device_name, created_ms, seen_ms, ended_ms, client FROM session
             WHERE account = $1 ORDER BY id",
        )
        .bind(account)
        .fetch_all(&self.readers)
        .await?;
        let told = |(id, device, device_name, created_ms, seen_ms, ended_ms, client): Row| {
            let device = DeviceId(bytes("session device", &device)?).to_string();
            Ok(
                json!({ "id": id, "device": device, "device_name": device_name, "created_ms": created_ms,
                "seen_ms": seen_ms, "ended_ms": ended_ms, "client": client }),
            )
        };
        rows.into_iter().map(told).collect()
    }

    /// Every unit that an account sees, sorted.
    pub async fn visible_units(&self, account: &str) -> Answer<Vec<String>> {
        Ok(query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
            .bind(account)
            .fetch_all(&self.readers)
            .await?)
    }
}

pub(super) fn stored_role(name: &str) -> Answer<Role> {
    let why = || DatabaseError::Damaged { what: "role", why: name.to_owned() };
    Role::named(name).ok_or_else(why)
}

/// Grants units to an account, beside those that it has.
async fn grant(tx: &mut Write, account: &str, scope: &[String]) -> Answer<()> {
    for unit in scope {
        query("INSERT INTO account_scope (account, unit) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(account)
            .bind(unit)
            .execute(&mut *tx)
            .await?;
    }
    refresh_visible_units(tx).await
}

/// Limits a grant to programmes, or to none. Whose grant changed takes the feed from its start.
async fn limit(tx: &mut Write, account: &str, to: &[String]) -> Answer<()> {
    let to: BTreeSet<&String> = to.iter().collect();
    let before = programmes(&mut *tx, account).await?;
    if to.iter().copied().eq(before.iter()) {
        return Ok(());
    }
    query("DELETE FROM account_programme WHERE account = $1")
        .bind(account)
        .execute(&mut *tx)
        .await?;
    for programme in to {
        query("INSERT INTO account_programme (account, programme) VALUES ($1, $2)")
            .bind(account)
            .bind(programme)
            .execute(&mut *tx)
            .await?;
    }
    query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1")
        .bind(account)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Nobody signs in with the account any more. Says what ended.
pub(super) async fn disable(tx: &mut Write, account: &str, now_ms: i64) -> Answer<Json> {
    query("UPDATE account SET disabled_ms = coalesce(disabled_ms, $2) WHERE name = $1")
        .bind(account)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    let ended = query(
        "UPDATE session SET ended_ms = $2, revoked = 1 WHERE account = $1 AND ended_ms IS NULL",
    )
    .bind(account)
    .bind(now_ms)
    .execute(&mut *tx)
    .await?;
    end_codes(tx, account, now_ms).await?;
    Ok(json!({ "sessions": ended }))
}

/// No code of an account is good any longer.
pub(super) async fn end_codes(tx: &mut Write, account: &str, now_ms: i64) -> Answer<()> {
    query("UPDATE sign_in_code SET used_ms = $2 WHERE account = $1 AND used_ms IS NULL")
        .bind(account)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

const OWNER_OF_CODE: &str =
    "SELECT a.name, a.role FROM sign_in_code c JOIN account a ON a.name = c.account
    WHERE c.code_hash = $1 AND c.used_ms IS NULL AND c.ends_ms > $2 AND a.disabled_ms IS NULL";

/// Whose a code is that is good, and their role.
pub(super) async fn owner_of_code(
    tx: &mut Write,
    code: &CodeKey,
    now_ms: i64,
) -> Answer<Option<(String, Role)>> {
    let row: Option<(String, String)> =
        query_as(OWNER_OF_CODE).bind(code.as_slice()).bind(now_ms).fetch_optional(&mut *tx).await?;
    row.map(|(account, role)| Ok((account, stored_role(&role)?))).transpose()
}

pub(super) async fn open_session(
    tx: &mut Write,
    account: &str,
    session: NewSession<'_>,
    action: Action,
    now_ms: i64,
) -> Answer<()> {
    let by = Some(account);
    insert_session(tx, account, session, Client::App, (by, action), now_ms).await
}

/// Opens a session of any client. `noted`: who does, and what it is called in the audit log.
pub(super) async fn insert_session(
    tx: &mut Write,
    account: &str,
    session: NewSession<'_>,
    client: Client,
    noted: (Option<&str>, Action),
    now_ms: i64,
) -> Answer<()> {
    let NewSession { key, device, device_name } = session;
    let unit: String = query_scalar(
        "INSERT INTO session (token_hash, account, device, device_name, created_ms, seen_ms, client)
         VALUES ($1, $2, $3, $4, $5, $5, $6) RETURNING (SELECT unit FROM account a WHERE a.name = $2)",
    )
    .bind(key.as_slice())
    .bind(account)
    .bind(device.0.as_slice())
    .bind(device_name)
    .bind(now_ms)
    .bind(client.name())
    .fetch_one(&mut *tx)
    .await?;
    let ((actor, action), unit) = (noted, Some(unit.as_str()));
    let detail = json!({ "device_name": device_name });
    note(tx, Event { actor, action, object: account, unit, detail }, now_ms).await
}

/// Works out again which units each account sees. Accounts whose units changed get a new `scope_rev`, so
/// that their devices take the feed from its start.
pub(super) async fn refresh_visible_units(tx: &mut Write) -> Answer<()> {
    let json: Option<Vec<u8>> =
        query_scalar("SELECT pack.json FROM pack JOIN server ON server.pack = pack.hash")
            .fetch_optional(&mut *tx)
            .await?;
    let pack: Option<PhonePack> = json
        .map(|json| serde_json::from_slice(&json))
        .transpose()
        .map_err(|error| DatabaseError::Damaged { what: "pack", why: error.to_string() })?;
    let names: Vec<String> = query_scalar("SELECT name FROM account").fetch_all(&mut *tx).await?;
    for name in names {
        let granted: Vec<String> =
            query_scalar("SELECT unit FROM account_scope WHERE account = $1")
                .bind(&name)
                .fetch_all(&mut *tx)
                .await?;
        let units = pack.as_ref().map(|pack| pack.units.scope(&granted)).unwrap_or_default();
        let before: Vec<String> =
            query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
                .bind(&name)
                .fetch_all(&mut *tx)
                .await?;
        if units.iter().eq(before.iter()) {
            continue;
        }
        query("DELETE FROM visible_unit WHERE account = $1").bind(&name).execute(&mut *tx).await?;
        for unit in units {
            query("INSERT INTO visible_unit (account, unit) VALUES ($1, $2)")
                .bind(&name)
                .bind(unit)
                .execute(&mut *tx)
                .await?;
        }
        query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1")
            .bind(&name)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
