//! Sessions: what a device is known by, and whoever looks after them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sync::erase::SERVER;
use sync::wire::DeviceId;

use super::accounts::{Account, Seen, stored_role};
use super::audit::{Event, note};
use super::sql::{Builder, parts, query, query_as, query_scalar};
use super::{Answer, Database, Write, bytes, unsigned};
use crate::accounts::Role;
use crate::api::signed_in::IDLE_MS;
use crate::audit::Action;
use crate::clock;

/// SHA-256 of a session's token.
pub type SessionKey = [u8; 32];

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
    /// They gave its owner another role. What that person wrote before is sound.
    OtherRole,
    /// It ended with something else: its owner set another password elsewhere, or was disabled. Nobody asked where its device is.
    Along,
}

impl Revoked {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::SignedOut => 1,
            Self::Lost => 2,
            Self::OtherRole => 3,
            Self::Along => 4,
        }
    }

    pub(super) fn of(number: i64) -> Option<Self> {
        match number {
            0 => None,
            2 => Some(Self::Lost),
            3 => Some(Self::OtherRole),
            4 => Some(Self::Along),
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
    /// How many operations the device said that it still held when it last pushed; none too where somebody else signed in
    /// under its id.
    pub unsent: Option<u64>,
    /// When that was.
    pub pushed_ms: Option<i64>,
    /// How many files that its operations name are not here whole.
    pub files_missing: u64,
    /// When it ended; none: it is open.
    pub ended_ms: Option<i64>,
}

impl Database {
    /// Opens a session for whoever gave the right password of an account as it was read. Says whether that is still so: it may
    /// have another one by now, or another role, or be disabled.
    pub async fn add_session(
        &self,
        account: &Account,
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let goes_on: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM account WHERE name = $1 AND password = $2 AND role = $3 AND disabled_ms IS NULL)",
        )
        .bind(&account.name)
        .bind(&account.password)
        .bind(account.role.name())
        .fetch_one(&mut tx)
        .await?;
        if goes_on {
            open_session(&mut tx, &account.name, session, Action::SignIn, now_ms).await?;
            tx.commit().await?;
        }
        Ok(goes_on)
    }

    /// The open or revoked session of a token. One that its owner ended is gone.
    pub async fn session(&self, key: &SessionKey) -> Answer<Option<Session>> {
        self.session_of(key, Client::App).await
    }

    /// The same of such a client: what one knows a session by opens no other's.
    pub(super) async fn session_of(
        &self,
        key: &SessionKey,
        client: Client,
    ) -> Answer<Option<Session>> {
        self.session_where(|query| {
            query.push("s.token_hash = ").push_bind(key.as_slice());
            query.push(" AND s.client = ").push_bind(client.name());
        })
        .await
    }

    /// A session that was open, as it is now: by its number, for it may go on under another token.
    pub async fn session_now(&self, id: i64) -> Answer<Option<Session>> {
        self.session_where(|query| {
            query.push("s.id = ").push_bind(id);
        })
        .await
    }

    async fn session_where<'q>(
        &self,
        known: impl FnOnce(&mut Builder<'q>),
    ) -> Answer<Option<Session>> {
        type Row = (i64, String, String, String, Vec<u8>, i64, i64, i64, bool, i64);
        let mut query = Builder::new(
            "SELECT s.id, s.account, a.role, a.unit, s.device, s.created_ms, s.seen_ms, s.revoked, a.disabled_ms IS NOT NULL, a.scope_rev
             FROM session s JOIN account a ON a.name = s.account WHERE (s.ended_ms IS NULL OR s.revoked <> 0) AND ",
        );
        known(&mut query);
        let row: Option<Row> = query.build_as().fetch_optional(&self.readers).await?;
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
        if self.counts_for(device).await? {
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

    /// Whether somebody signed in on a device with an account, ever.
    pub async fn has_signed_in(&self, account: &str, device: DeviceId) -> Answer<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM session WHERE device = $1 AND account = $2)";
        let device = device.0;
        Ok(query_scalar(sql).bind(device.as_slice()).bind(account).fetch_one(&self.readers).await?)
    }

    /// Whether the server counts for a device: for itself, and for `OpenRosa` clients. Nobody else speaks for one of those.
    pub async fn counts_for(&self, device: DeviceId) -> Answer<bool> {
        let is_client = "SELECT EXISTS (SELECT 1 FROM session WHERE device = $1 AND client <> $2)";
        let is_client: bool = query_scalar(is_client)
            .bind(device.0.as_slice())
            .bind(Client::App.name())
            .fetch_one(&self.readers)
            .await?;
        Ok(device == SERVER || is_client)
    }

    /// Notes that sessions are in use.
    pub async fn touch_sessions(&self, sessions: &[i64], now_ms: i64) -> Answer<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        for part in parts(sessions) {
            let mut query = Builder::new("UPDATE session SET seen_ms = ");
            query.push_bind(now_ms).push(" WHERE id IN ");
            query.push_list(part.iter().map(|id| (*id).into()));
            query.build().execute(&mut tx).await?;
        }
        tx.commit().await?;
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

    /// Somebody else ends it. Says whether there was an open session of that number; that a device is lost may be said afterwards
    /// too, of a session that its owner did not end.
    pub async fn revoke_session(
        &self,
        id: i64,
        how: Revoked,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let ended: Option<(String, String)> = query_as(
            "UPDATE session SET ended_ms = coalesce(ended_ms, $2), revoked = $3
             WHERE id = $1 AND (ended_ms IS NULL OR $4 AND revoked NOT IN (0, $3))
             RETURNING account, (SELECT unit FROM account a WHERE a.name = session.account)",
        )
        .bind(id)
        .bind(now_ms)
        .bind(how.number())
        .bind(how == Revoked::Lost)
        .fetch_optional(&mut tx)
        .await?;
        let Some((account, unit)) = ended else { return Ok(false) };
        let mut detail = json!({ "session": id });
        if how == Revoked::Lost {
            detail["lost"] = true.into();
        }
        let (object, unit) = (account.as_str(), Some(unit.as_str()));
        let event = Event { actor: by, action: Action::SessionRevoke, object, unit, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Open sessions, newest contact first, and those that ended while nobody asked where their devices are, as long as nobody signed
    /// in on those since: it may turn out that one is lost.
    pub async fn sessions(&self, seen: Seen<'_>) -> Answer<Vec<SessionRow>> {
        self.sessions_where(None, seen).await
    }

    /// The session of that number that its owner did not end, if it is one of those.
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
            ended_ms: Option<i64>,
        }
        let mut query = Builder::new(
            "SELECT s.id, s.account, a.display_name, a.role, a.unit, s.device, s.device_name, s.created_ms,
                CASE WHEN d.pushed_ms > s.seen_ms THEN d.pushed_ms ELSE s.seen_ms END AS contact_ms, d.unsent, d.pushed_ms,
                (SELECT count(*) FROM blob_wanted w WHERE w.device = s.device) AS files_missing, s.ended_ms
             FROM session s JOIN account a ON a.name = s.account
             -- What was said under an id under which somebody else signed in too may be that person's word.
             LEFT JOIN device d ON d.id = s.device
                AND NOT EXISTS (SELECT 1 FROM session o WHERE o.device = s.device AND o.account <> s.account)
             WHERE ",
        );
        seen.push(&mut query);
        match id {
            Some(id) => query
                .push(" AND (s.ended_ms IS NULL OR s.revoked <> 0) AND s.id = ")
                .push_bind(id),
            // What has not been heard of for so long would not be told of its loss either.
            None => query
                .push(
                    " AND (s.ended_ms IS NULL OR s.client = 'app' AND s.revoked IN (3, 4) AND a.erased_ms IS NULL
                        AND NOT EXISTS (SELECT 1 FROM session l WHERE l.device = s.device AND l.id > s.id)
                        AND s.seen_ms > ",
                )
                .push_bind(clock::now_ms() - IDLE_MS)
                .push(")"),
        };
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
                ended_ms: row.ended_ms,
            })
        };
        rows.into_iter().map(session).collect()
    }

    /// What the devices of sessions are called, by the sessions' numbers.
    pub async fn device_names(&self, sessions: &[i64]) -> Answer<BTreeMap<i64, String>> {
        let mut query = Builder::new("SELECT id, device_name FROM session WHERE id IN (0");
        for id in sessions {
            query.push(", ").push_bind(*id);
        }
        query.push(")");
        let rows: Vec<(i64, String)> = query.build_as().fetch_all(&self.readers).await?;
        Ok(rows.into_iter().collect())
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
    let (id, unit): (i64, String) = query_as(
        "INSERT INTO session (token_hash, account, device, device_name, created_ms, seen_ms, client)
         VALUES ($1, $2, $3, $4, $5, $5, $6) RETURNING id, (SELECT unit FROM account a WHERE a.name = $2)",
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
    // Not what the device is called, which may be a person's name: what the log holds nobody erases.
    let detail = json!({ "session": id });
    note(tx, Event { actor, action, object: account, unit, detail }, now_ms).await
}
