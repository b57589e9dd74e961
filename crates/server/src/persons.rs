//! What the system holds about a person: finding it by a value, taking it along as a file, erasing it, and erasing it by
//! itself when its time is over.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::str::FromStr;

use serde_json::{Value as Json, json};
use sync::erase::SERVER;
use sync::mask::question;
use sync::wire::{FileRef, Hash, Operation, RecordId, Value, field};
use time::{Month, OffsetDateTime};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::App;
use crate::audit::Action;
use crate::database::{DatabaseError, KeptOperation, PersonalRule, Reason};
use crate::erasure_list::{self, ErasuresError, List};

/// Records looked at in one go.
const PAGE: u64 = 500;

/// Records erased in one transaction: others wait for it.
const BATCH: usize = 100;

/// Shortest value that anybody is looked for by.
pub const MIN_VALUE: usize = 4;

/// A person in a record: the fields that are about them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The record.
    pub record: RecordId,
    /// The form's id.
    pub form: String,
    /// The record's unit.
    pub unit: String,
    /// Whose data, in the pack's word.
    pub person: String,
    /// The row that they are in, with a `/` behind it; empty outside of rows.
    pub row: String,
    /// The fields about them.
    pub paths: BTreeSet<String>,
}

/// Why somebody's data were not found, exported or erased.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Too many people would be found by it.
    #[error("look for {MIN_VALUE} letters or digits at least")]
    TooShort,
    /// There is no such account.
    #[error("nobody is called {0}")]
    NoAccount(String),
    /// Another number was found than whoever erases says.
    #[error("{found} mentions were found, not {expected}: nothing was erased")]
    OtherCount {
        /// How many were found.
        found: usize,
        /// How many were said to be.
        expected: usize,
    },
    /// The list of erasures could not be written.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file could not be read or put into the export.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The export could not be written.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
}

impl From<PersonError> for crate::error::ApiError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::TooShort => Self::bad_request("too_short", error.to_string()),
            PersonError::NoAccount(_) => Self::not_found("nobody is called so"),
            PersonError::OtherCount { .. } => Self::conflict("other_count", error.to_string()),
            PersonError::Database(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

/// What a person is looked for by.
#[derive(Clone, Debug)]
pub struct Wanted {
    words: String,
    digits: Option<String>,
    places: BTreeSet<Place>,
}

/// Where somebody is meant: two people of one name may stand in one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    record: RecordId,
    /// As [`Mention::row`]; none: anywhere in the record.
    row: Option<String>,
}

impl Place {
    fn holds(&self, mention: &Mention) -> bool {
        self.record == mention.record && self.row.as_ref().is_none_or(|row| *row == mention.row)
    }
}

impl FromStr for Place {
    type Err = <RecordId as FromStr>::Err;

    /// `RECORD`, or `RECORD/ROW`; `RECORD/` is what stands in no row.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (record, row) = match text.split_once('/') {
            Some((record, row)) => (record, Some(row.trim_end_matches('/'))),
            None => (text, None),
        };
        let row = row.map(|row| if row.is_empty() { String::new() } else { format!("{row}/") });
        Ok(Self { record: record.replace('-', "").parse()?, row })
    }
}

impl Wanted {
    /// A name, a phone number, or another answer: capitals and accents do not matter, nor how a number is written.
    pub fn by(value: &str) -> Result<Self, PersonError> {
        let words = words(value);
        if words.chars().filter(|letter| letter.is_alphanumeric()).count() < MIN_VALUE {
            return Err(PersonError::TooShort);
        }
        Ok(Self { words, digits: phone(value), places: BTreeSet::new() })
    }

    /// Only in these places, if there are any.
    #[must_use]
    pub fn only_in(self, places: BTreeSet<Place>) -> Self {
        Self { places, ..self }
    }

    fn is_in(&self, text: &str) -> bool {
        let holds = |wanted: &String| numbers(text).any(|number| number.contains(wanted));
        format!(" {} ", words(text)).contains(&format!(" {} ", self.words))
            || self.digits.as_ref().is_some_and(holds)
    }
}

/// A text's words, each with one blank behind it, without capitals and accents.
fn words(text: &str) -> String {
    let folded = report::fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The end of a telephone number, which is the same with a country's code and without.
fn phone(value: &str) -> Option<String> {
    let digits = numbers(value).next().filter(|_| value.chars().all(is_of_number))?;
    digits.get(digits.len() - PHONE_DIGITS..).map(str::to_owned)
}

/// Digits by which a telephone number is known.
const PHONE_DIGITS: usize = 9;

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || " +-.()".contains(letter)
}

/// What may be telephone numbers in a text, without what divides their digits.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|letter| !is_of_number(letter));
    let digits = parts.map(|part| part.chars().filter(char::is_ascii_digit).collect::<String>());
    digits.filter(|digits| digits.len() >= PHONE_DIGITS)
}

/// The questions that ask for personal data, by form.
type Rules = BTreeMap<String, Vec<PersonalRule>>;

async fn rules(app: &App) -> Result<Rules, DatabaseError> {
    let mut rules = Rules::new();
    for rule in app.database().personal_rules().await? {
        rules.entry(rule.form.clone()).or_default().push(rule);
    }
    Ok(rules)
}

/// The row that a field is in: its path up to the last key.
fn row_of(path: &str) -> &str {
    path.rfind("]/").and_then(|at| path.get(..at + 2)).unwrap_or_default()
}

/// Everybody whom such an answer speaks of, wherever it ever stood.
pub async fn find(app: &App, wanted: &Wanted) -> Result<Vec<Mention>, PersonError> {
    let rules = rules(app).await?;
    let mut found = Vec::new();
    let records: BTreeSet<RecordId> = wanted.places.iter().map(|place| place.record).collect();
    for record in &records {
        let kept = app.database().kept_of(*record).await?;
        found.extend(mentions(*record, &kept, &rules, wanted));
    }
    if !records.is_empty() {
        found.retain(|mention| wanted.places.iter().any(|place| place.holds(mention)));
        return Ok(found);
    }
    let mut after = None;
    loop {
        let page = app.database().kept_operations(after, PAGE).await?;
        let Some((last, _)) = page.last_key_value() else { return Ok(found) };
        after = Some(*last);
        for (record, kept) in page {
            found.extend(mentions(record, &kept, &rules, wanted));
        }
    }
}

fn mentions(
    record: RecordId,
    kept: &[KeptOperation],
    rules: &Rules,
    wanted: &Wanted,
) -> Vec<Mention> {
    let Some(first) = kept.first().map(|kept| &kept.operation) else { return Vec::new() };
    let Some(rules) = rules.get(&first.form.id) else { return Vec::new() };
    let written = || kept.iter().flat_map(|kept| &kept.operation.fields);
    let mut people: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (path, write) in written() {
        let Value::Text(text) = &write.value else { continue };
        let asked = question(path);
        let rule = rules.iter().find(|rule| rule.field == asked);
        if let Some(rule) = rule.filter(|_| wanted.is_in(text)) {
            people.insert((&rule.person, row_of(path)));
        }
    }
    let mention = |(person, row): (&str, &str)| {
        let about = || rules.iter().filter(|rule| rule.person == person);
        let known = written().map(|(path, _)| path).filter(|path| {
            (path.starts_with(row) || path.starts_with(field::ROWS))
                && about().any(|rule| rule.field == question(path))
        });
        let group = question(row);
        // A field of theirs that was empty so far may come filled from a phone that has not heard of the erasure.
        let all =
            about().filter_map(|rule| Some(format!("{row}{}", rule.field.strip_prefix(&group)?)));
        let paths: BTreeSet<String> = known.cloned().chain(all).collect();
        Mention {
            record,
            form: first.form.id.clone(),
            unit: first.unit.clone(),
            person: person.to_owned(),
            row: row.to_owned(),
            paths,
        }
    };
    people.into_iter().map(mention).collect()
}

/// Erases what records say of the people that are found, and says how much that was: it must be as many mentions as whoever asks
/// has seen, so that nobody else's data go with them.
pub async fn erase(
    app: &App,
    wanted: &Wanted,
    expected: usize,
    by: Option<&str>,
    now_ms: i64,
) -> Result<Vec<Mention>, PersonError> {
    let found = find(app, wanted).await?;
    if found.len() != expected {
        return Err(PersonError::OtherCount { found: found.len(), expected });
    }
    let mut targets: BTreeMap<RecordId, BTreeSet<String>> = BTreeMap::new();
    for mention in &found {
        targets.entry(mention.record).or_default().extend(mention.paths.iter().cloned());
    }
    let records: Vec<RecordId> = targets.keys().copied().collect();
    // The fields of those who were counted, whatever came there since: nobody else's.
    let which = |record, _: &[_]| targets.get(&record).cloned().unwrap_or_default();
    let reason = Reason { by, action: Action::PersonErase };
    erase_targets(app, &records, which, reason, now_ms).await?;
    Ok(found)
}

async fn erase_targets(
    app: &App,
    targets: &[RecordId],
    which: impl Fn(RecordId, &[KeptOperation]) -> BTreeSet<String>,
    reason: Reason<'_>,
    now_ms: i64,
) -> Result<(), PersonError> {
    if targets.is_empty() {
        return Ok(());
    }
    let list = List::of(&app.config().data);
    // What follows counts on from what the database has by then.
    let listed = list.last()?;
    for batch in targets.chunks(BATCH) {
        let note = |erasures: &[_]| list.add(erasures);
        app.database().erase(batch, &which, reason, listed, now_ms, note).await?;
    }
    let (_, head) = app.database().epoch_and_head().await?;
    app.announce(head);
    erasure_list::remove_files_if_they_go(app.database(), app.blobs(), now_ms).await;
    app.database().scrub().await?;
    Ok(())
}

/// Takes the name from an account. Says whether it had one.
pub async fn erase_account(
    app: &App,
    account: &str,
    by: Option<&str>,
    now_ms: i64,
) -> Result<bool, PersonError> {
    let list = List::of(&app.config().data);
    Ok(app.database().erase_account(account, by, now_ms, || list.add_account(account)).await?)
}

/// Erases the answers that came longer ago than the pack says they are kept. Says how many fields of how many records; with
/// `only_count`, how many there would be.
pub async fn retention(
    app: &App,
    now_ms: i64,
    only_count: bool,
) -> Result<(usize, usize), PersonError> {
    let rules = rules(app).await?;
    let (mut targets, mut fields) = (Vec::new(), 0);
    let mut after = None;
    loop {
        let page = app.database().kept_operations(after, PAGE).await?;
        let Some((last, _)) = page.last_key_value() else { break };
        after = Some(*last);
        for (record, kept) in page {
            let old = outlived(&kept, &rules, now_ms);
            if !old.is_empty() {
                targets.push(record);
                fields += old.len();
            }
        }
    }
    if !only_count {
        let reason = Reason { by: None, action: Action::Retention };
        // Asked again of what is there then: an answer that came meanwhile begins its time anew.
        let which = |_, kept: &[_]| outlived(kept, &rules, now_ms);
        erase_targets(app, &targets, which, reason, now_ms).await?;
    }
    Ok((fields, targets.len()))
}

/// The fields whose newest answer came longer ago than it is kept.
fn outlived(kept: &[KeptOperation], rules: &Rules, now_ms: i64) -> BTreeSet<String> {
    let newest_of = |stands: bool| {
        let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
        for KeptOperation { operation, received_ms, .. } in
            kept.iter().filter(|kept| kept.stands == stands)
        {
            let said = operation.fields.iter().filter(|(_, write)| write.value != Value::Empty);
            for (path, _) in said.filter(|_| operation.dot.device != SERVER) {
                let known = newest.entry(path).or_insert(*received_ms);
                *known = (*known).max(*received_ms);
            }
        }
        newest
    };
    // What nobody applied puts off nothing of what is in a record.
    let mut newest = newest_of(false);
    newest.extend(newest_of(true));
    let Some(rules) = kept.first().and_then(|kept| rules.get(&kept.operation.form.id)) else {
        return BTreeSet::new();
    };
    let is_over = |path: &str, at_ms: i64| {
        let asked = question(path);
        let rule = rules.iter().find(|rule| rule.field == asked);
        rule.is_some_and(|rule| at_ms < months_before(now_ms, rule.months))
    };
    newest
        .into_iter()
        .filter(|(path, at_ms)| is_over(path, *at_ms))
        .map(|(path, _)| path.to_owned())
        .collect()
}

/// The same moment so many months earlier; the last day of a month that is shorter.
fn months_before(now_ms: i64, months: u32) -> i64 {
    let moment = OffsetDateTime::from_unix_timestamp(now_ms.div_euclid(1000));
    let Ok(moment) = moment else { return i64::MIN };
    let count = moment.year() * 12 + i32::from(u8::from(moment.month()))
        - 1
        - i32::try_from(months).unwrap_or(i32::MAX / 24);
    let month =
        u8::try_from(count.rem_euclid(12) + 1).ok().and_then(|month| Month::try_from(month).ok());
    let month = month.unwrap_or(Month::January);
    let year = count.div_euclid(12);
    let day = moment.day().min(month.length(year));
    let earlier = time::Date::from_calendar_date(year, month, day);
    let Ok(earlier) = earlier else { return i64::MIN };
    moment.replace_date(earlier).unix_timestamp() * 1000 + now_ms.rem_euclid(1000)
}

/// All that records say of the people that are found, as a ZIP: `person.json`, and the files.
pub async fn export(
    app: &App,
    wanted: &Wanted,
    by: Option<&str>,
    now_ms: i64,
) -> Result<Vec<u8>, PersonError> {
    let rules = rules(app).await?;
    let mut zip = Export::new();
    let mut found = Vec::new();
    for mention in find(app, wanted).await? {
        let kept = app.database().kept_of(mention.record).await?;
        let is_personal = |path: &str| {
            rules
                .get(&mention.form)
                .is_some_and(|rules| rules.iter().any(|rule| rule.field == question(path)))
        };
        // What is about others in the same record is not this person's to take.
        let is_theirs = |path: &str| {
            mention.paths.contains(path) && !path.starts_with(field::ROWS)
                || !is_personal(path)
                    && (row_of(path).is_empty()
                        || path.starts_with(&mention.row) && !mention.row.is_empty())
        };
        let purposes: BTreeMap<&str, Json> = rules
            .get(&mention.form)
            .into_iter()
            .flatten()
            .filter(|rule| rule.person == mention.person)
            .map(|rule| {
                let purpose = serde_json::from_str(&rule.purpose).unwrap_or(Json::Null);
                (rule.field.as_str(), json!({ "purpose": purpose, "months": rule.months }))
            })
            .collect();
        let values: Vec<Json> = kept.iter().flat_map(|kept| zip.values(kept, is_theirs)).collect();
        found.push(json!({
            "record": mention.record.to_string(), "form": mention.form, "unit": mention.unit,
            "person": mention.person, "row": mention.row.trim_end_matches('/'), "kept_for": purposes, "values": values,
        }));
    }
    let records = found.len();
    let bytes = zip.finish(app, &json!({ "exported_ms": now_ms, "mentions": found })).await?;
    app.database().note_person_export(by, "", records, now_ms).await?;
    Ok(bytes)
}

/// All that is held about a person who has an account, as a ZIP: `person.json`, and the files that they sent with records.
pub async fn export_account(
    app: &App,
    account: &str,
    by: Option<&str>,
    now_ms: i64,
) -> Result<Vec<u8>, PersonError> {
    let database = app.database();
    let person = database.account(account).await?;
    let person = person.ok_or_else(|| PersonError::NoAccount(account.to_owned()))?;
    let mut zip = Export::new();
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = database.kept_operations(after, PAGE).await?;
        let Some((last, _)) = page.last_key_value() else { break };
        after = Some(*last);
        for (record, kept) in page {
            let own = kept.iter().filter(|kept| kept.operation.author == account);
            let own: Vec<Json> = own
                .map(|kept| {
                    let operation = &kept.operation;
                    json!({
                        "device": operation.dot.device.to_string(), "seq": operation.dot.seq,
                        "form": operation.form.id, "unit": operation.unit, "received_ms": kept.received_ms,
                        "wall_ms": operation.at.wall_ms, "values": zip.values(kept, |_| true),
                    })
                })
                .collect();
            if !own.is_empty() {
                records.push(json!({ "record": record.to_string(), "wrote": own }));
            }
        }
    }
    let sessions = database.sessions_of(account).await?;
    let passkeys = database.passkeys_held(account).await?;
    let log = database.audit_about(account).await?;
    let audit = log.iter().map(|entry| {
        json!({ "seq": entry.seq, "at_ms": entry.at_ms, "actor": entry.actor, "action": entry.action,
            "object": entry.object, "unit": entry.unit, "detail": entry.detail })
    });
    let count = records.len();
    let told = json!({
        "exported_ms": now_ms,
        "account": { "account": person.name, "name": person.display_name, "role": person.role.name(),
            "unit": person.unit, "scope": person.scope, "programmes": person.programmes,
            "created_ms": person.created_ms, "disabled_ms": person.disabled_ms },
        "sessions": sessions,
        "passkeys": passkeys,
        "audit": audit.collect::<Vec<_>>(),
        "records": records,
    });
    let bytes = zip.finish(app, &told).await?;
    database.note_person_export(by, account, count, now_ms).await?;
    Ok(bytes)
}

/// A ZIP that is being put together.
struct Export {
    files: BTreeMap<Hash, FileRef>,
}

impl Export {
    fn new() -> Self {
        Self { files: BTreeMap::new() }
    }

    /// What an operation wrote to some fields; files come along.
    fn values(&mut self, kept: &KeptOperation, is_meant: impl Fn(&str) -> bool) -> Vec<Json> {
        let KeptOperation { operation, received_ms, .. } = kept;
        let Operation { fields, author, .. } = operation;
        let mut values = Vec::new();
        for (path, write) in fields.iter().filter(|(path, _)| is_meant(path)) {
            let value = match &write.value {
                Value::Empty => json!({ "path": path, "value": null }),
                Value::Text(text) => json!({ "path": path, "value": text }),
                Value::File(file) => {
                    self.files.insert(file.hash, file.clone());
                    json!({ "path": path, "value": file.name, "file": inside(file) })
                }
            };
            let mut value = value;
            value["author"] = json!(author);
            value["received_ms"] = json!(received_ms);
            values.push(value);
        }
        values
    }

    async fn finish(self, app: &App, told: &Json) -> Result<Vec<u8>, PersonError> {
        let options = SimpleFileOptions::default();
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("person.json", options)?;
        zip.write_all(&serde_json::to_vec_pretty(told).expect("texts and numbers are plain data"))?;
        for file in self.files.values() {
            let is_whole = app.database().blob(file.hash).await?.is_some_and(|blob| blob.whole);
            if is_whole {
                zip.start_file(inside(file), options)?;
                zip.write_all(&app.blobs().read(file.hash).await?)?;
            }
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// Where a file is in the ZIP. What a phone called it names no place.
fn inside(file: &FileRef) -> String {
    let extension: String = file
        .name
        .rsplit_once('.')
        .map(|(_, extension)| {
            extension.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
        })
        .unwrap_or_default();
    if extension.is_empty() {
        format!("files/{}", file.hash)
    } else {
        format!("files/{}.{extension}", file.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_to_the_same_day_or_the_last_of_a_shorter_month() {
        let ms = |text: &str| {
            let format = &time::format_description::well_known::Rfc3339;
            OffsetDateTime::parse(text, format).unwrap().unix_timestamp() * 1000
        };
        for (now, months, then) in [
            ("2026-11-28T10:00:00Z", 12, "2025-11-28T10:00:00Z"),
            ("2026-03-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2024-03-31T00:00:00Z", 13, "2023-02-28T00:00:00Z"),
            ("2026-01-15T23:59:59Z", 1, "2025-12-15T23:59:59Z"),
        ] {
            assert_eq!(months_before(ms(now), months), ms(then), "{now}");
        }
        assert_eq!(months_before(ms("2026-11-28T10:00:00Z"), u32::MAX), i64::MIN);
    }

    #[test]
    fn a_person_is_found_however_the_name_or_number_is_written_and_not_by_half_a_name() {
        let is_found = |by: &str, text: &str| Wanted::by(by).unwrap().is_in(text);
        assert!(is_found("nguyen thi hoa", "Nguyễn Thị Hoa, phó chủ tịch"));
        assert!(is_found("0901 234 567", "+84 901.234.567"));
        assert!(is_found("+84901234567", "Chị Lan, 0901 234 567 (nhà riêng)"));
        assert!(!is_found("Nguyễn Thị Hoa", "Nguyễn Thị Hoan"));
        assert!(!is_found("0901 234 567", "Số 0901 234 568"));
        assert!(!is_found("Thị Hoa", "Hoa Thị"));
        for short in ["", "Hoa", "a-b c"] {
            assert!(matches!(Wanted::by(short), Err(PersonError::TooShort)), "{short}");
        }
    }
}
