//! Keys that people sign in with, and what their authenticators are asked to sign.

use serde_json::{Value as Json, json};

use super::audit::{Event, note};
use super::codes::owner_of_code;
use super::credentials::use_code;
use super::sessions::open_session;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, ByCode, CodeKey, Database, NewSession, Session, Write, signed};
use crate::audit::Action;
use crate::passkeys::{MAX_OPEN, MAX_PASSKEYS, NewKey, Signed};

/// SHA-256 of a challenge.
pub type ChallengeKey = [u8; 32];

/// What a challenge is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// To be let in.
    SignIn,
    /// To add a key at the door, with a code.
    Make {
        /// What the authenticator is to call the person.
        user_handle: &'a [u8],
    },
    /// To show once more who one is.
    Again {
        /// In this session alone.
        session: i64,
    },
    /// To add a key.
    Add {
        /// In this session alone.
        session: i64,
        /// What the authenticator is to call the person.
        user_handle: &'a [u8],
    },
}

/// A key, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its number.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// The authenticator's name for it.
    pub credential: Vec<u8>,
    /// When it was added.
    pub created_ms: i64,
    /// When its owner last showed with it who they are.
    pub used_ms: Option<i64>,
}

/// What a signature is held against.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// The authenticator's name for that person.
    pub user_handle: Vec<u8>,
    /// Its public half, a `COSE_Key`.
    pub public_key: Vec<u8>,
}

/// What became of a key that somebody wanted to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there, by this number.
    Key(i64),
    /// The challenge was answered before, is over, or was another session's.
    NoChallenge,
    /// Somebody has it already.
    Known,
    /// The person has as many as one may have.
    TooMany,
}

/// What became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByPasskey {
    /// It is good, and used up.
    Good,
    /// It is good, and of another account than the one that was asked for. The challenge stays.
    OfAnother,
    /// The challenge was answered before, is over, or was for something else.
    NoChallenge,
    /// The key counts fewer signatures than it has made: there are two of it.
    CountsBack,
    /// The key was removed meanwhile, or the account is disabled.
    NoKey,
}

impl Database {
    /// Keeps what an authenticator is asked to sign. Says whether the asker had not too many of them open.
    pub async fn add_challenge(
        &self,
        key: &ChallengeKey,
        purpose: Purpose<'_>,
        asker: &[u8; 32],
        ends_ms: i64,
        now_ms: i64,
    ) -> Answer<bool> {
        // Whoever asks without end does not keep others from writing.
        if self.open_challenges(asker, now_ms).await? >= signed(MAX_OPEN as u64) {
            return Ok(false);
        }
        let mut tx = self.begin_write().await?;
        query("DELETE FROM passkey_challenge WHERE ends_ms <= $1")
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        let (session, user_handle) = match purpose {
            Purpose::SignIn => (None, None),
            Purpose::Make { user_handle } => (None, Some(user_handle.to_vec())),
            Purpose::Again { session } => (Some(session), None),
            Purpose::Add { session, user_handle } => (Some(session), Some(user_handle.to_vec())),
        };
        query(
            "INSERT INTO passkey_challenge (hash, session, user_handle, asker, ends_ms) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(key.as_slice())
        .bind(session)
        .bind(&user_handle)
        .bind(asker.as_slice())
        .bind(ends_ms)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn open_challenges(&self, asker: &[u8; 32], now_ms: i64) -> Answer<i64> {
        Ok(query_scalar("SELECT count(*) FROM passkey_challenge WHERE asker = $1 AND ends_ms > $2")
            .bind(asker.as_slice())
            .bind(now_ms)
            .fetch_one(&self.readers)
            .await?)
    }

    /// Nobody is to answer that challenge any more.
    pub async fn drop_challenge(&self, key: &ChallengeKey) -> Answer<()> {
        query("DELETE FROM passkey_challenge WHERE hash = $1")
            .bind(key.as_slice())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// A person's keys, the oldest first.
    pub async fn passkeys_of(&self, account: &str) -> Answer<Vec<Passkey>> {
        type Row = (i64, String, Vec<u8>, i64, Option<i64>);
        let rows: Vec<Row> = query_as(
            "SELECT id, name, credential, created_ms, used_ms FROM passkey WHERE account = $1 ORDER BY id",
        )
        .bind(account)
        .fetch_all(&self.readers)
        .await?;
        let key = |(id, name, credential, created_ms, used_ms)| Passkey {
            id,
            name,
            credential,
            created_ms,
            used_ms,
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// What authenticators call a person who has keys already.
    pub async fn user_handle(&self, account: &str) -> Answer<Option<Vec<u8>>> {
        Ok(query_scalar("SELECT user_handle FROM passkey WHERE account = $1 ORDER BY id LIMIT 1")
            .bind(account)
            .fetch_optional(&self.readers)
            .await?)
    }

    /// The key that an authenticator calls so.
    pub async fn known_key(&self, credential: &[u8]) -> Answer<Option<KnownKey>> {
        let row: Option<(i64, String, Vec<u8>, Vec<u8>)> = query_as(
            "SELECT id, account, user_handle, public_key FROM passkey WHERE credential = $1",
        )
        .bind(credential)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|(id, account, user_handle, public_key)| KnownKey {
            id,
            account,
            user_handle,
            public_key,
        }))
    }

    /// Adds a key of the person whose session it is, in answer to a challenge of that session.
    pub async fn add_passkey(
        &self,
        new: &NewKey,
        session: i64,
        name: &str,
        now_ms: i64,
    ) -> Answer<Added> {
        let mut tx = self.begin_write().await?;
        // What ended since it was looked at adds none: a role that changed took the person's keys away with it.
        let account: Option<String> = query_scalar(
            "SELECT s.account FROM session s JOIN account a ON a.name = s.account
             WHERE s.id = $1 AND s.ended_ms IS NULL AND a.disabled_ms IS NULL",
        )
        .bind(session)
        .fetch_optional(&mut tx)
        .await?;
        let Some(account) = account else { return Ok(Added::NoChallenge) };
        let added = add_key(&mut tx, &account, new, name, To::Add(session), now_ms).await?;
        // The challenge is used up in any case.
        tx.commit().await?;
        Ok(added)
    }

    /// Opens a session for whoever has a code and makes a key with it. The code is used up if the key is taken, the challenge in any
    /// case.
    pub async fn sign_in_by_new_passkey(
        &self,
        code: &CodeKey,
        only: Option<&str>,
        new: &NewKey,
        name: &str,
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<ByCode> {
        let mut tx = self.begin_write().await?;
        let Some((account, _role)) = owner_of_code(&mut tx, code, now_ms).await? else {
            return Ok(ByCode::NoSuchCode);
        };
        if only.is_some_and(|only| only != account) {
            return Ok(ByCode::OfAnother);
        }
        let added = add_key(&mut tx, &account, new, name, To::Make, now_ms).await?;
        let is_added = matches!(added, Added::Key(_));
        if is_added {
            if !use_code(&mut tx, &account, code, now_ms).await? {
                return Ok(ByCode::NoSuchCode);
            }
            open_session(&mut tx, &account, session, Action::SignInByPasskey, now_ms).await?;
        }
        tx.commit().await?;
        Ok(if is_added { ByCode::SignedIn(account) } else { ByCode::NotAdded(added) })
    }

    /// Opens a session for whoever signed with a key, of which the challenge is used up; with `only`, for that account
    /// alone.
    pub async fn sign_in_by_passkey(
        &self,
        key: i64,
        answer: &Signed,
        only: Option<&str>,
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<ByPasskey> {
        let mut tx = self.begin_write().await?;
        let owner = owner_of_key(&mut tx, key).await?;
        if take_challenge(&mut tx, &answer.challenge, To::SignIn, now_ms).await?.is_none() {
            return Ok(ByPasskey::NoChallenge);
        }
        if let (Some(owner), Some(only)) = (&owner, only)
            && owner.account != only
        {
            return Ok(ByPasskey::OfAnother);
        }
        let taken = count_on(&mut tx, key, owner.as_ref(), answer, now_ms).await?;
        if let (ByPasskey::Good, Some(owner)) = (taken, &owner) {
            open_session(&mut tx, &owner.account, session, Action::SignInByPasskey, now_ms).await?;
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Whether whoever has that session signed with a key of theirs, in answer to a challenge of that session, which is used
    /// up.
    pub async fn prove_by_passkey(
        &self,
        key: i64,
        answer: &Signed,
        session: &Session,
        now_ms: i64,
    ) -> Answer<ByPasskey> {
        let mut tx = self.begin_write().await?;
        let owner = owner_of_key(&mut tx, key).await?;
        if take_challenge(&mut tx, &answer.challenge, To::Again(session.id), now_ms)
            .await?
            .is_none()
        {
            return Ok(ByPasskey::NoChallenge);
        }
        let owner = owner.filter(|owner| owner.account == session.account);
        let taken = count_on(&mut tx, key, owner.as_ref(), answer, now_ms).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Calls one of a person's keys something else. Says whether they have it.
    pub async fn rename_passkey(&self, account: &str, id: i64, name: &str) -> Answer<bool> {
        let renamed = query("UPDATE passkey SET name = $3 WHERE id = $1 AND account = $2")
            .bind(id)
            .bind(account)
            .bind(name)
            .execute(&self.writer)
            .await?;
        Ok(renamed > 0)
    }

    /// Removes one of a person's keys, or all. Says how many there were. `by`: who does.
    pub async fn remove_passkeys(
        &self,
        account: &str,
        id: Option<i64>,
        by: &str,
        now_ms: i64,
    ) -> Answer<usize> {
        let mut tx = self.begin_write().await?;
        let removed = remove_passkeys(&mut tx, account, id, Some(by), now_ms).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// A person's keys, as they may know of them.
    pub async fn passkeys_held(&self, account: &str) -> Answer<Vec<Json>> {
        let keys = self.passkeys_of(account).await?;
        let told = |key: Passkey| json!({ "id": key.id, "name": key.name, "created_ms": key.created_ms, "used_ms": key.used_ms });
        Ok(keys.into_iter().map(told).collect())
    }
}

/// Removes one of a person's keys, or all, and says how many there were. `by`: who does.
pub(super) async fn remove_passkeys(
    tx: &mut Write,
    account: &str,
    id: Option<i64>,
    by: Option<&str>,
    now_ms: i64,
) -> Answer<usize> {
    let removed: Vec<(i64, String)> = query_as(
        "DELETE FROM passkey WHERE account = $1 AND id = coalesce($2, id)
             RETURNING id, (SELECT unit FROM account a WHERE a.name = passkey.account)",
    )
    .bind(account)
    .bind(id)
    .fetch_all(&mut *tx)
    .await?;
    for (id, unit) in &removed {
        let (actor, action) = (by, Action::PasskeyRemove);
        let (unit, detail) = (Some(unit.as_str()), json!({ "number": id }));
        note(tx, Event { actor, action, object: account, unit, detail }, now_ms).await?;
    }
    Ok(removed.len())
}

/// Adds a key of a person in answer to a challenge, which is used up.
async fn add_key(
    tx: &mut Write,
    account: &str,
    new: &NewKey,
    name: &str,
    to: To,
    now_ms: i64,
) -> Answer<Added> {
    let user_handle = take_challenge(tx, &new.challenge, to, now_ms).await?;
    let Some(Some(user_handle)) = user_handle else { return Ok(Added::NoChallenge) };
    let (unit, has): (String, i64) = query_as(
        "SELECT a.unit, (SELECT count(*) FROM passkey p WHERE p.account = a.name) FROM account a WHERE a.name = $1",
    )
    .bind(account)
    .fetch_one(&mut *tx)
    .await?;
    if has >= signed(MAX_PASSKEYS as u64) {
        return Ok(Added::TooMany);
    }
    let id: Option<i64> = query_scalar(
        "INSERT INTO passkey (credential, account, user_handle, public_key, sign_count, name, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential) DO NOTHING RETURNING id",
    )
    .bind(&new.credential)
    .bind(account)
    .bind(&user_handle)
    .bind(&new.public_key)
    .bind(i64::from(new.sign_count))
    .bind(name)
    .bind(now_ms)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(id) = id else { return Ok(Added::Known) };
    let (actor, action, unit) = (Some(account), Action::PasskeyAdd, Some(unit.as_str()));
    let detail = json!({ "number": id });
    note(tx, Event { actor, action, object: account, unit, detail }, now_ms).await?;
    Ok(Added::Key(id))
}

/// Whose key somebody signed with.
struct Owner {
    account: String,
    unit: String,
    sign_count: i64,
}

/// Nobody, if the key is gone or its owner may not sign in.
async fn owner_of_key(tx: &mut Write, key: i64) -> Answer<Option<Owner>> {
    let row: Option<(String, String, i64)> = query_as(
        "SELECT a.name, a.unit, p.sign_count FROM passkey p JOIN account a ON a.name = p.account
         WHERE p.id = $1 AND a.disabled_ms IS NULL",
    )
    .bind(key)
    .fetch_optional(&mut *tx)
    .await?;
    Ok(row.map(|(account, unit, sign_count)| Owner { account, unit, sign_count }))
}

/// Notes that a key signed once more, or that there are two of it.
async fn count_on(
    tx: &mut Write,
    key: i64,
    owner: Option<&Owner>,
    answer: &Signed,
    now_ms: i64,
) -> Answer<ByPasskey> {
    let Some(Owner { account, unit, sign_count: known }) = owner else {
        return Ok(ByPasskey::NoKey);
    };
    let told = i64::from(answer.sign_count);
    if told <= *known && (told, *known) != (0, 0) {
        let (action, unit) = (Action::PasskeyRefuse, Some(unit.as_str()));
        let detail = json!({ "number": key, "told": told, "known": known });
        note(tx, Event { actor: None, action, object: account, unit, detail }, now_ms).await?;
        return Ok(ByPasskey::CountsBack);
    }
    query("UPDATE passkey SET sign_count = $2, used_ms = $3 WHERE id = $1")
        .bind(key)
        .bind(told)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    Ok(ByPasskey::Good)
}

/// What a challenge is answered for.
#[derive(Clone, Copy)]
enum To {
    SignIn,
    Make,
    Again(i64),
    Add(i64),
}

/// Uses up a challenge that is open for just that, and tells what a new key is to call the person.
async fn take_challenge(
    tx: &mut Write,
    key: &ChallengeKey,
    to: To,
    now_ms: i64,
) -> Answer<Option<Option<Vec<u8>>>> {
    // Numbers of sessions are positive.
    let (session, makes_a_key) = match to {
        To::SignIn => (0, false),
        To::Make => (0, true),
        To::Again(session) => (session, false),
        To::Add(session) => (session, true),
    };
    Ok(query_scalar(
        "DELETE FROM passkey_challenge WHERE hash = $1 AND coalesce(session, 0) = $2
         AND (user_handle IS NOT NULL) = $3 AND ends_ms > $4 RETURNING user_handle",
    )
    .bind(key.as_slice())
    .bind(session)
    .bind(makes_a_key)
    .bind(now_ms)
    .fetch_optional(&mut *tx)
    .await?)
}

/// No key of an account lets in any longer.
pub(super) async fn forget_passkeys(tx: &mut Write, account: &str) -> Answer<()> {
    query("DELETE FROM passkey WHERE account = $1").bind(account).execute(&mut *tx).await?;
    Ok(())
}
