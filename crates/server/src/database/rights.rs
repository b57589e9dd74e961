//! What one account sees and is for, as a transaction sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync::mask::Mask;
use sync::push::Directory;
use sync::rights::Role;
use sync::wire::{FormRef, Hash};

use super::accounts::stored_role;
use super::personal_fields::{PersonalRule, mask_for, rules};
use super::sql::{At, query_as, query_scalar};
use super::{Answer, Database, FormRow, HeldFile, Transaction, bytes};

/// The forms and units there are, and which questions are personal.
pub(super) struct Published {
    units: BTreeSet<String>,
    forms: BTreeMap<Hash, (String, String)>,
    personal: Vec<PersonalRule>,
}

/// What was published when somebody asked last: most transactions find what the one before found, and those that write hold up
/// all others while they read it.
#[derive(Clone, Default)]
pub(super) struct LastPublished(Arc<Mutex<Last>>);

type Last = Option<(PackInForce, Arc<Published>)>;

/// The hash of the pack, and how many there were so far: what they published stays.
type PackInForce = (Option<Vec<u8>>, i64);

impl LastPublished {
    pub(super) async fn read(&self, tx: &mut Transaction) -> Answer<Arc<Published>> {
        let now: PackInForce = query_as("SELECT pack, (SELECT count(*) FROM pack) FROM server")
            .fetch_one(&mut *tx)
            .await?;
        let known = self.last().clone();
        if let Some((_, published)) = known.filter(|(then, _)| *then == now) {
            return Ok(published);
        }
        let published = Arc::new(Published::read(tx).await?);
        *self.last() = Some((now, Arc::clone(&published)));
        Ok(published)
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for LastPublished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastPublished").finish_non_exhaustive()
    }
}

impl Published {
    async fn read(tx: &mut Transaction) -> Answer<Self> {
        let units: Vec<String> = query_scalar("SELECT id FROM unit").fetch_all(&mut *tx).await?;
        let rows: Vec<(Vec<u8>, String, String)> =
            query_as("SELECT hash, id, version FROM form").fetch_all(&mut *tx).await?;
        let forms = rows
            .into_iter()
            .map(|(hash, id, version)| Ok((Hash(bytes("form hash", &hash)?), (id, version))));
        Ok(Self {
            units: units.into_iter().collect(),
            forms: forms.collect::<Answer<_>>()?,
            personal: rules(tx).await?,
        })
    }
}

/// What of it the account sees, and what it is for.
pub(super) struct Rights<'a> {
    published: &'a Published,
    account: String,
    /// Whether it may no longer sign in.
    pub(super) is_disabled: bool,
    role: Role,
    visible: BTreeSet<String>,
    /// The forms of the programmes that its grant is limited to; none: it is not limited.
    forms: Option<BTreeSet<String>>,
    mask: Mask,
}

impl<'a> Rights<'a> {
    pub(super) async fn read(
        tx: &mut Transaction,
        account: &str,
        published: &'a Published,
    ) -> Answer<Self> {
        let (role, is_disabled): (String, bool) =
            query_as("SELECT role, disabled_ms IS NOT NULL FROM account WHERE name = $1")
                .bind(account)
                .fetch_one(&mut *tx)
                .await?;
        let visible: Vec<String> = query_scalar("SELECT unit FROM visible_unit WHERE account = $1")
            .bind(account)
            .fetch_all(&mut *tx)
            .await?;
        let programmes = programmes(&mut *tx, account).await?;
        let mut forms = None;
        if !programmes.is_empty() {
            let named: Vec<String> = query_scalar(
                "SELECT its.form FROM account_programme mine JOIN form_programme its ON its.programme = mine.programme
                 WHERE mine.account = $1",
            )
            .bind(account)
            .fetch_all(&mut *tx)
            .await?;
            forms = Some(named.into_iter().collect());
        }
        Ok(Self {
            mask: mask_for(stored_role(&role)?, &published.personal),
            published,
            forms,
            account: account.to_owned(),
            is_disabled,
            role: stored_role(&role)?,
            visible: visible.into_iter().collect(),
        })
    }

    /// Whether records of that form are of a programme that the account sees.
    pub(super) fn sees_form(&self, form: &str) -> bool {
        self.forms.as_ref().is_none_or(|forms| forms.contains(form))
    }
}

/// The programmes that an account's grant is limited to, sorted; none: it is not.
pub(super) async fn programmes<'c>(at: impl Into<At<'c>>, account: &str) -> Answer<Vec<String>> {
    Ok(query_scalar(
        "SELECT programme FROM account_programme WHERE account = $1 ORDER BY programme",
    )
    .bind(account)
    .fetch_all(at)
    .await?)
}

impl Database {
    /// The form of that hash, if it is of a programme that the account sees.
    pub async fn form_seen_by(&self, account: &str, hash: Hash) -> Answer<Option<FormRow>> {
        let Some(row) = self.form(hash).await? else { return Ok(None) };
        let is_seen: bool = query_scalar(
            "SELECT NOT EXISTS (SELECT 1 FROM account_programme WHERE account = $1)
                 OR EXISTS (SELECT 1 FROM form_programme its
                     JOIN account_programme mine ON mine.programme = its.programme
                     WHERE its.form = $2 AND mine.account = $1)",
        )
        .bind(account)
        .bind(&row.form.id)
        .fetch_one(&self.readers)
        .await?;
        Ok(Some(row).filter(|_| is_seen))
    }

    /// The file of that hash, if it is beside a form of a programme that the account sees.
    pub async fn file_seen_by(&self, account: &str, hash: Hash) -> Answer<Option<HeldFile>> {
        let is_seen: bool = query_scalar(
            "SELECT NOT EXISTS (SELECT 1 FROM account_programme WHERE account = $1)
                 OR EXISTS (SELECT 1 FROM form_file beside JOIN form ON form.hash = beside.form
                     JOIN form_programme its ON its.form = form.id
                     JOIN account_programme mine ON mine.programme = its.programme
                     WHERE beside.file = $2 AND mine.account = $1)",
        )
        .bind(account)
        .bind(hash.0.as_slice())
        .fetch_one(&self.readers)
        .await?;
        if is_seen { self.file(hash).await } else { Ok(None) }
    }
}

impl Directory for Rights<'_> {
    fn knows_form(&self, form: &FormRef) -> bool {
        let forms = &self.published.forms;
        forms
            .get(&form.hash)
            .is_some_and(|(id, version)| *id == form.id && *version == form.version)
    }

    fn knows_unit(&self, unit: &str) -> bool {
        self.published.units.contains(unit)
    }

    fn role(&self, account: &str, unit: &str, form: &str) -> Option<Role> {
        let is_seen = self.visible.contains(unit) && self.sees_form(form);
        (account == self.account && is_seen).then_some(self.role)
    }

    fn hides(&self, account: &str, form: &str, path: &str) -> bool {
        account != self.account || self.mask.hides(form, path)
    }
}
