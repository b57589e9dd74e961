//! What one account sees and is for, as a transaction sees it.

use std::collections::{BTreeMap, BTreeSet};

use sync::push::Directory;
use sync::rights::Role;
use sync::wire::{FormRef, Hash};

use super::accounts::stored_role;
use super::sql::{query_as, query_scalar};
use super::{Answer, Transaction, bytes};

/// The forms and units there are.
pub(super) struct Published {
    units: BTreeSet<String>,
    forms: BTreeMap<Hash, (String, String)>,
}

impl Published {
    pub(super) async fn read(tx: &mut Transaction) -> Answer<Self> {
        let units: Vec<String> = query_scalar("SELECT id FROM unit").fetch_all(&mut *tx).await?;
        let rows: Vec<(Vec<u8>, String, String)> =
            query_as("SELECT hash, id, version FROM form").fetch_all(&mut *tx).await?;
        let forms = rows
            .into_iter()
            .map(|(hash, id, version)| Ok((Hash(bytes("form hash", &hash)?), (id, version))));
        Ok(Self { units: units.into_iter().collect(), forms: forms.collect::<Answer<_>>()? })
    }
}

/// What of it the account sees, and what it is for.
pub(super) struct Rights<'a> {
    published: &'a Published,
    account: String,
    role: Role,
    visible: BTreeSet<String>,
}

impl<'a> Rights<'a> {
    pub(super) async fn read(
        tx: &mut Transaction,
        account: &str,
        published: &'a Published,
    ) -> Answer<Self> {
        let role: String = query_scalar("SELECT role FROM account WHERE name = $1")
            .bind(account)
            .fetch_one(&mut *tx)
            .await?;
        let visible: Vec<String> = query_scalar("SELECT unit FROM visible_unit WHERE account = $1")
            .bind(account)
            .fetch_all(&mut *tx)
            .await?;
        Ok(Self {
            published,
            account: account.to_owned(),
            role: stored_role(&role)?,
            visible: visible.into_iter().collect(),
        })
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

    fn role(&self, account: &str, unit: &str, _: &str) -> Option<Role> {
        (account == self.account && self.visible.contains(unit)).then_some(self.role)
    }
}
