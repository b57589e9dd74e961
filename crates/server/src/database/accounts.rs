//! Accounts: who there is, what they are for and what they see.

use std::collections::BTreeSet;

use pack::phone::PhonePack;
use serde_json::{Value as Json, json};

use super::audit::{Event, note};
use super::codes::end_codes;
use super::passkeys::remove_passkeys;
use super::rights::programmes;
use super::sessions::Revoked;
use super::sql::{Builder, query, query_scalar};
use super::{Answer, Database, DatabaseError, Write, signed, unsigned};
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
    /// Another number whenever they are to see something else.
    pub scope_rev: u64,
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
    /// What is different, for the audit log; being disabled has a row of its own. Of a person's name only that it is: what the log
    /// holds nobody erases.
    fn detail(&self) -> Option<Json> {
        let parts = [
            self.display_name.as_ref().map(|_name| ("renamed", json!(true))),
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
    pub(super) fn push(self, query: &mut Builder<'a>) {
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
        type Row =
            (String, String, String, String, String, i64, Option<i64>, i64, i64, Option<String>);
        let mut query = Builder::new(
            "SELECT a.name, a.display_name, a.role, a.unit, a.password, a.created_ms, a.disabled_ms,
                (SELECT count(*) FROM passkey p WHERE p.account = a.name), a.scope_rev, scope.unit
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
            scope_rev,
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
                    scope_rev: unsigned(scope_rev),
                });
            }
            if let Some(last) = accounts.last_mut() {
                last.scope.extend(granted);
            }
        }
        let mut query = Builder::new("SELECT account, programme FROM account_programme");
        if let Some(name) = name {
            query.push(" WHERE account = ").push_bind(name);
        }
        query.push(" ORDER BY account, programme");
        let granted: Vec<(String, String)> = query.build_as().fetch_all(&self.readers).await?;
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
        let sight = Sight::read(&mut tx, name).await?;
        // Another role sees other fields: its devices take the feed from its start.
        let is_other_role =
            query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1 AND role <> $2")
                .bind(name)
                .bind(change.role.map(Role::name))
                .execute(&mut tx)
                .await?
                > 0;
        // Who works elsewhere hears of it where a feed begins.
        query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1 AND unit <> $2")
            .bind(name)
            .bind(&change.unit)
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
        if let Some(mut detail) = change.detail() {
            // Whoever was let in as that person, or has a code or a passkey for it, was to have what they had then, and no more.
            if is_other_role {
                let ended = end_sessions(&mut tx, name, Revoked::OtherRole, now_ms).await?;
                detail["sessions"] = ended.into();
                remove_passkeys(&mut tx, name, None, by, now_ms).await?;
            }
            if is_other_role || Sight::read(&mut tx, name).await?.is_beyond(&sight) {
                end_codes(&mut tx, name, now_ms).await?;
            }
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

    /// Who sees a unit that an account does not. What was granted does not tell: a unit that took over from another has the records
    /// of that one in sight, and not those of what stood below it.
    pub async fn who_see_beyond(&self, account: &str) -> Answer<BTreeSet<String>> {
        let names: Vec<String> = query_scalar(
            "SELECT DISTINCT account FROM visible_unit
             WHERE unit NOT IN (SELECT unit FROM visible_unit WHERE account = $1)",
        )
        .bind(account)
        .fetch_all(&self.readers)
        .await?;
        Ok(names.into_iter().collect())
    }

    /// Every unit that an account sees, sorted.
    pub async fn visible_units(&self, account: &str) -> Answer<Vec<String>> {
        Ok(query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
            .bind(account)
            .fetch_all(&self.readers)
            .await?)
    }
}

/// The unit of an account that may sign in and sees what it saw when it was read: whoever looked at it then did not let anybody
/// else in.
pub(super) async fn still_let_in(tx: &mut Write, account: &Account) -> Answer<Option<String>> {
    Ok(query_scalar(
        "SELECT unit FROM account WHERE name = $1 AND scope_rev = $2 AND disabled_ms IS NULL",
    )
    .bind(&account.name)
    .bind(signed(account.scope_rev))
    .fetch_optional(&mut *tx)
    .await?)
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
    refresh_visible_units(tx, &[account.to_owned()]).await?;
    Ok(())
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

/// What an account sees.
struct Sight {
    units: BTreeSet<String>,
    /// None: those of all.
    programmes: BTreeSet<String>,
}

impl Sight {
    async fn read(tx: &mut Write, account: &str) -> Answer<Self> {
        let units: Vec<String> = query_scalar("SELECT unit FROM visible_unit WHERE account = $1")
            .bind(account)
            .fetch_all(&mut *tx)
            .await?;
        let programmes = programmes(&mut *tx, account).await?;
        Ok(Self {
            units: units.into_iter().collect(),
            programmes: programmes.into_iter().collect(),
        })
    }

    /// Whether there is something in it that was not in what it was before.
    fn is_beyond(&self, before: &Self) -> bool {
        let sees_more =
            self.programmes.is_empty() || !self.programmes.is_subset(&before.programmes);
        !self.units.is_subset(&before.units) || !before.programmes.is_empty() && sees_more
    }
}

/// Ends what is open, sessions and tokens of clients. Says how many.
async fn end_sessions(tx: &mut Write, account: &str, how: Revoked, now_ms: i64) -> Answer<u64> {
    Ok(query(
        "UPDATE session SET ended_ms = $2, revoked = $3 WHERE account = $1 AND ended_ms IS NULL",
    )
    .bind(account)
    .bind(now_ms)
    .bind(how.number())
    .execute(&mut *tx)
    .await?)
}

/// Nobody signs in with the account any more. Says what ended.
pub(super) async fn disable(tx: &mut Write, account: &str, now_ms: i64) -> Answer<Json> {
    query("UPDATE account SET disabled_ms = coalesce(disabled_ms, $2) WHERE name = $1")
        .bind(account)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    let ended = end_sessions(tx, account, Revoked::Along, now_ms).await?;
    end_codes(tx, account, now_ms).await?;
    Ok(json!({ "sessions": ended }))
}

/// Works out again which units everybody sees. A code was to let its owner see what its maker saw, and no more; those of the operator,
/// who may make them before there is a pack, stay.
pub(super) async fn refresh_all_visible_units(tx: &mut Write, now_ms: i64) -> Answer<()> {
    let names: Vec<String> = query_scalar("SELECT name FROM account").fetch_all(&mut *tx).await?;
    for name in refresh_visible_units(tx, &names).await? {
        query(
            "UPDATE sign_in_code SET used_ms = $2
             WHERE account = $1 AND used_ms IS NULL AND made_by IS NOT NULL",
        )
        .bind(name)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Works out again which units these accounts see, and says who sees more. Accounts whose units changed get a new `scope_rev`, so
/// that their devices take the feed from its start.
async fn refresh_visible_units<'a>(tx: &mut Write, names: &'a [String]) -> Answer<Vec<&'a String>> {
    let mut see_more = Vec::new();
    let json: Option<Vec<u8>> =
        query_scalar("SELECT pack.json FROM pack JOIN server ON server.pack = pack.hash")
            .fetch_optional(&mut *tx)
            .await?;
    let pack: Option<PhonePack> = json
        .map(|json| serde_json::from_slice(&json))
        .transpose()
        .map_err(|error| DatabaseError::Damaged { what: "pack", why: error.to_string() })?;
    for name in names {
        let granted: Vec<String> =
            query_scalar("SELECT unit FROM account_scope WHERE account = $1")
                .bind(name)
                .fetch_all(&mut *tx)
                .await?;
        let units = pack.as_ref().map(|pack| pack.units.scope(&granted)).unwrap_or_default();
        let before: Vec<String> =
            query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
                .bind(name)
                .fetch_all(&mut *tx)
                .await?;
        if units.iter().eq(before.iter()) {
            continue;
        }
        if units.iter().any(|unit| !before.contains(unit)) {
            see_more.push(name);
        }
        query("DELETE FROM visible_unit WHERE account = $1").bind(name).execute(&mut *tx).await?;
        for unit in units {
            query("INSERT INTO visible_unit (account, unit) VALUES ($1, $2)")
                .bind(name)
                .bind(unit)
                .execute(&mut *tx)
                .await?;
        }
        query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1")
            .bind(name)
            .execute(&mut *tx)
            .await?;
    }
    Ok(see_more)
}
