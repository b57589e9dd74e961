//! Which answers are personal data: for how long they are kept, and who does not see them.

use std::collections::{BTreeMap, BTreeSet};

use sync::mask::Mask;
use sync::rights::Role;
use sync::wire::field;

use super::accounts::stored_role;
use super::content::NewPack;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Transaction, Write};
use crate::openrosa::is_meta;

/// A question that asks for personal data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonalRule {
    /// The form's id.
    pub form: String,
    /// The question: a field's path without the keys of rows.
    pub field: String,
    /// Whose data: questions of one form with the same word are about one person.
    pub person: String,
    /// What it is asked for: JSON, a text for each language.
    pub purpose: String,
    /// For how many months an answer is kept.
    pub months: u32,
    /// The roles that see it.
    pub seen_by: Vec<Role>,
}

type Row = (String, String, String, String, i64, String);

impl Database {
    /// All questions that ask for personal data.
    pub async fn personal_rules(&self) -> Answer<Vec<PersonalRule>> {
        let mut tx = self.begin_read().await?;
        let rules = rules(&mut tx).await?;
        tx.rollback().await?;
        Ok(rules)
    }

    /// What an account does not see.
    pub async fn mask_of(&self, account: &str) -> Answer<Mask> {
        let mut tx = self.begin_read().await?;
        let mask = mask(&mut tx, account).await?;
        tx.rollback().await?;
        Ok(mask)
    }
}

/// What an account does not see, as a transaction has it.
pub(super) async fn mask(tx: &mut Transaction, account: &str) -> Answer<Mask> {
    let role: Option<String> = query_scalar("SELECT role FROM account WHERE name = $1")
        .bind(account)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(role) = role.as_deref().map(stored_role).transpose()? else {
        return Ok(Mask::default());
    };
    Ok(mask_for(role, &rules(tx).await?))
}

/// What a role does not see.
pub(super) fn mask_for(role: Role, rules: &[PersonalRule]) -> Mask {
    let hidden = rules.iter().filter(|rule| !rule.seen_by.contains(&role));
    Mask::new(hidden.map(|rule| (rule.form.clone(), rule.field.clone())))
}

/// All rules, by form and field.
pub(super) async fn rules(tx: &mut Transaction) -> Answer<Vec<PersonalRule>> {
    let rows: Vec<Row> = query_as(
        "SELECT form, field, person, purpose, months, seen_by FROM personal_field ORDER BY form, field",
    )
    .fetch_all(&mut *tx)
    .await?;
    rows.into_iter().map(rule).collect()
}

fn rule((form, field, person, purpose, months, seen_by): Row) -> Answer<PersonalRule> {
    let damaged = || DatabaseError::Damaged { what: "months", why: months.to_string() };
    Ok(PersonalRule {
        form,
        field,
        person,
        purpose,
        months: u32::try_from(months).map_err(|_negative| damaged())?,
        seen_by: seen_by.split_whitespace().map(stored_role).collect::<Answer<_>>()?,
    })
}

/// Keeps what a pack says of its forms; what earlier ones said of other forms stays, and of questions that are in earlier
/// versions only. Who sees other fields than before takes the feed from its start.
pub(super) async fn put_personal(tx: &mut Write, new: &NewPack) -> Answer<()> {
    let asked = questions(new);
    let before = rules(tx).await?.into_iter().filter(|rule| asked.contains_key(&rule.form));
    let before: BTreeSet<PersonalRule> = before.collect();
    let mut after: BTreeSet<PersonalRule> = new.personal.iter().cloned().collect();
    let is_replaced = |rule: &PersonalRule| {
        new.personal.iter().any(|it| (&it.form, &it.field) == (&rule.form, &rule.field))
    };
    let (titles, of_questions): (Vec<_>, Vec<_>) = before
        .iter()
        .filter(|rule| !is_replaced(rule))
        .cloned()
        .partition(|rule| rule.field == field::TITLE || is_meta(&rule.field, "instanceName"));
    after.extend(of_questions.into_iter().filter(|rule| !asked[&rule.form].contains(&rule.field)));
    // A title of an earlier version names who is named there, as long as that is personal.
    let is_about = |title: &PersonalRule, rule: &PersonalRule| {
        (&rule.form, &rule.person) == (&title.form, &title.person)
    };
    let titles = titles.into_iter().filter(|title| after.iter().any(|rule| is_about(title, rule)));
    let titles: Vec<PersonalRule> = titles.collect();
    after.extend(titles);
    if before == after {
        return Ok(());
    }
    for form in asked.keys() {
        query("DELETE FROM personal_field WHERE form = $1").bind(form).execute(&mut *tx).await?;
    }
    for rule in &after {
        let roles: Vec<&str> = rule.seen_by.iter().map(|role| role.name()).collect();
        query(
            "INSERT INTO personal_field (form, field, person, purpose, months, seen_by)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&rule.form)
        .bind(&rule.field)
        .bind(&rule.person)
        .bind(&rule.purpose)
        .bind(i64::from(rule.months))
        .bind(roles.join(" "))
        .execute(&mut *tx)
        .await?;
    }
    query("UPDATE account SET scope_rev = scope_rev + 1").execute(&mut *tx).await?;
    Ok(())
}

/// What each form of a pack asks, by the form's id: paths without the keys of rows.
fn questions(new: &NewPack) -> BTreeMap<String, BTreeSet<String>> {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &new.forms {
        asked.entry(row.form.id.clone()).or_default().extend(row.questions());
    }
    asked
}
