//! From a pack folder to forms and units in force: everything is checked first, and with any error nothing is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use form::definition::{Bind, Form};
use pack::phone::PublishedForm;
use pack::{DemoUser, Pack, PersonalField, Table};
use sync::wire::{FormRef, field};

use crate::accounts::{PasswordError, Role, hash_password};
use crate::clock;
use crate::database::{
    Account, Answer, Database, DatabaseError, FormRow, NewAccount, NewPack, PersonalRule, Seen,
};
use crate::form_files::{self, FormFile};
use crate::openrosa::{below_root, is_meta};
use crate::spreadsheet_form;

/// Largest file of a pack that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Something that the pack's authors should mend, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The text, beginning with file, row and column.
    pub text: String,
    /// Whether the pack can be used all the same.
    pub is_warning: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_warning { "warning" } else { "error" };
        write!(f, "{severity}: {}", self.text)
    }
}

/// Why a folder could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadFolderError {
    /// The file system says no.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        cause: std::io::Error,
    },
    /// Nothing in a pack is that large.
    #[error("{}: larger than {MAX_FILE} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Paths inside a pack are text.
    #[error("{}: the name is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
}

/// A pack that is free of errors, with its forms made.
#[derive(Debug)]
pub struct Checked {
    /// The pack.
    pub pack: Pack,
    /// Its forms, in the order of its table.
    pub forms: Vec<FormRow>,
    /// The questions that ask for personal data.
    personal: Vec<PersonalRule>,
    /// The files beside each of them.
    pub files: Vec<Vec<FormFile>>,
}

/// Every file of a folder by its path inside it. Hidden files and those of an office program at work are left out.
pub fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, ReadFolderError> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |cause| ReadFolderError::Io { path, cause }
        };
        for entry in std::fs::read_dir(&next).map_err(io(&next))? {
            let path = entry.map_err(io(&next))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| ReadFolderError::NotUtf8(path.clone()))?;
            if name.starts_with('.') || name.starts_with("~$") {
                continue;
            }
            let meta = std::fs::metadata(&path).map_err(io(&path))?;
            if meta.is_dir() {
                waiting.push(path);
                continue;
            }
            if meta.len() > MAX_FILE {
                return Err(ReadFolderError::TooLarge(path));
            }
            let inside = path.strip_prefix(folder).ok().and_then(Path::to_str);
            let inside = inside.ok_or_else(|| ReadFolderError::NotUtf8(path.clone()))?;
            files.insert(inside.replace('\\', "/"), std::fs::read(&path).map_err(io(&path))?);
        }
    }
    Ok(files)
}

/// Checks a pack and makes its forms. All problems are listed at once; with an error among them there is no pack.
#[must_use]
pub fn check(files: &BTreeMap<String, Vec<u8>>) -> (Option<Checked>, Vec<Problem>) {
    let (pack, found) = pack::read(files);
    let mut problems: Vec<Problem> = found.iter().map(pack_problem).collect();
    let Some(pack) = pack else {
        // The forms do not need the tables: what is wrong in them is told in the same breath.
        if let Some(manifest) = pack::manifest(files) {
            let folder = format!("{}/", manifest.forms_folder);
            let is_form = |path: &str| {
                let name = path.strip_prefix(&folder).and_then(|name| name.strip_suffix(".xlsx"));
                name.is_some_and(|name| !name.contains('/'))
            };
            for (path, bytes) in files.iter().filter(|(path, _)| is_form(path)) {
                convert(path, bytes, &manifest.keep_columns, &mut problems);
            }
        }
        return (None, problems);
    };
    let mut forms = Vec::new();
    let mut read = Vec::new();
    for row in pack.forms.iter().filter(|row| !row.file.is_empty()) {
        let path = pack.form_path(row);
        let Some(bytes) = files.get(&path) else { continue };
        let Some(form) = convert(&path, bytes, &pack.manifest.keep_columns, &mut problems) else {
            continue;
        };
        for (field, said, says) in [
            ("form_id", &row.form_id, &form.form.id),
            ("version", &row.version, &form.form.version),
        ] {
            if said != says {
                let place = place_of(&pack, Table::Forms, row.row, field);
                let text =
                    format!("{place}: this is `{said}`, and the settings of {path} say `{says}`");
                problems.push(Problem { text, is_warning: false });
            }
        }
        if let Ok((definition, _)) = form::parse_xform(&form.xml) {
            read.push((path, pack.media_folder(row), definition));
            forms.push(form);
        }
    }
    let personal = personal_rules(&pack, &forms, &mut problems);
    let made_here: BTreeSet<String> =
        read.iter().flat_map(|(.., form)| form.datasets()).map(str::to_owned).collect();
    let beside = read.iter().map(|(sheet, folder, form)| {
        let place = form_files::Place { sheet, folder, form };
        form_files::check(&place, files, &made_here, &mut problems)
    });
    let beside = beside.collect();
    let usable = problems.iter().all(|problem| problem.is_warning);
    (usable.then_some(Checked { pack, forms, files: beside, personal }), problems)
}

/// What the table of personal data says of the forms that were made. A title that is put together from such a question is as
/// personal as that.
fn personal_rules(
    pack: &Pack,
    forms: &[FormRow],
    problems: &mut Vec<Problem>,
) -> Vec<PersonalRule> {
    let mut rules = Vec::new();
    for row in &pack.forms {
        let made = forms.iter().find(|form| form.form.id == row.form_id);
        let Some((form, _)) = made.and_then(|made| form::parse_xform(&made.xml).ok()) else {
            continue;
        };
        let binds: BTreeMap<&str, &Bind> =
            form.binds.iter().filter_map(|bind| Some((below_root(&bind.nodeset)?, bind))).collect();
        let mut of_form = Vec::new();
        for field in pack.personal_data.iter().filter(|field| field.form == row.file) {
            // Records of earlier versions have answers to it, and keep them.
            if !binds.contains_key(field.field.as_str()) {
                let text = format!(
                    "{}: this version of the form {} has no question `{}`; the row holds for records of versions that have it",
                    place_of(pack, Table::PersonalData, field.row, "field"),
                    row.file,
                    field.field
                );
                problems.push(Problem { text, is_warning: true });
            }
            of_form.push(PersonalRule {
                form: row.form_id.clone(),
                field: field.field.clone(),
                person: field.person.clone(),
                purpose: serde_json::to_string(&field.purpose).expect("texts are plain data"),
                months: field.months,
                seen_by: field.seen_by.iter().filter_map(|role| Role::named(role)).collect(),
            });
        }
        let titles = binds.iter().filter(|(path, _)| is_meta(path, "instanceName"));
        let titles: Vec<PersonalRule> = titles
            .filter_map(|(path, bind)| {
                let from = named_in(bind.calculate.as_deref()?, &form, &of_form)?;
                let title = [field::TITLE, path].map(str::to_owned);
                Some(title.map(|field| PersonalRule { field, ..from.clone() }))
            })
            .flatten()
            .filter(|title| of_form.iter().all(|rule| rule.field != title.field))
            .collect();
        rules.extend(of_form);
        rules.extend(titles);
    }
    rules
}

/// Where a row of a table says something.
fn place_of(pack: &Pack, table: Table, row: u32, field: &str) -> String {
    let file = pack.manifest.tables.get(&table).map_or("", String::as_str);
    format!("{file}, row {row}, column {}", pack.manifest.header(table, field))
}

/// The first of the questions that an expression names.
fn named_in<'a>(
    expression: &str,
    form: &Form,
    rules: &'a [PersonalRule],
) -> Option<&'a PersonalRule> {
    let root = form.binds.iter().find_map(|bind| bind.nodeset.split('/').nth(1))?;
    let is_end = |rest: &str| {
        !rest.starts_with(|next: char| next.is_alphanumeric() || "_-./".contains(next))
    };
    rules.iter().find(|rule| {
        let path = format!("/{root}/{}", rule.field);
        expression
            .match_indices(&path)
            .any(|(at, _)| expression.get(at + path.len()..).is_none_or(is_end))
    })
}

fn pack_problem(problem: &pack::Problem) -> Problem {
    Problem { text: problem.to_string(), is_warning: problem.severity() == pack::Severity::Warning }
}

/// The form of a spreadsheet of the pack.
fn convert(
    path: &str,
    bytes: &[u8],
    keep_columns: &[String],
    problems: &mut Vec<Problem>,
) -> Option<FormRow> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kind = xlsform::Kind::Spreadsheet;
    let (form, found) = spreadsheet_form::convert(name, kind, bytes, keep_columns);
    problems.extend(found.iter().map(|problem| Problem {
        text: format!("{path}: {problem}"),
        is_warning: problem.is_warning(),
    }));
    form
}

impl Checked {
    /// What the database takes in.
    #[must_use]
    pub fn to_load(&self) -> NewPack {
        let published: Vec<PublishedForm> = self
            .forms
            .iter()
            .zip(&self.files)
            .map(|(row, files)| PublishedForm {
                id: row.form.id.clone(),
                version: row.form.version.clone(),
                hash: row.form.hash.to_string(),
                bytes: row.xml.len() as u64,
                files: files
                    .iter()
                    .filter(|file| !file.is_in_form)
                    .map(FormFile::for_phones)
                    .collect(),
            })
            .collect();
        let json = pack::phone_json(&self.pack, &published);
        let hash =
            json.get("hash").and_then(serde_json::Value::as_str).and_then(|hash| hash.parse().ok());
        NewPack {
            hash: hash.expect("a pack's hash is 64 hexadecimal digits"),
            json: json.to_string().into_bytes(),
            forms: self.forms.clone(),
            programmes: self
                .pack
                .forms
                .iter()
                .filter_map(|row| {
                    let programme = self.pack.manifest.programme_of(row)?;
                    Some((row.form_id.clone(), programme.to_owned()))
                })
                .collect(),
            personal: self.personal.clone(),
            files: self.files.clone(),
            units: self.pack.units.iter().map(|unit| unit.id.clone()).collect(),
        }
    }

    /// The people to try the pack with.
    #[must_use]
    pub fn demo_users(&self) -> &[DemoUser] {
        self.pack.manifest.demo.as_ref().map_or(&[], |demo| demo.users.as_slice())
    }
}

/// What a pack would take from those who work with the one in force, a line for each.
///
/// It is another pack; or lacks units that people work at or see, or that records are of, or lays them where those who see them now do
/// not; or has no form of a programme that people are limited to.
pub async fn losses(database: &Database, pack: &Pack) -> Answer<Vec<String>> {
    let Some(now) = database.pack_in_force().await? else { return Ok(Vec::new()) };
    let mut losses = Vec::new();
    if now.id != pack.manifest.id {
        losses.push(format!(
            "the pack in force is {}, and this one is {}: the id of a pack never changes",
            now.id, pack.manifest.id
        ));
    }
    let accounts = in_use(database).await?;
    let lost = |account: &Account| {
        let after = pack.units.scope(&account.scope);
        let mut lost = now.units.scope(&account.scope);
        lost.retain(|unit| !after.contains(unit));
        lost
    };
    let lost: Vec<BTreeSet<String>> = accounts.iter().map(lost).collect();
    for unit in &now.units {
        let is_gone = pack.units.get(&unit.id).is_none();
        if !is_gone && lost.iter().all(|lost| !lost.contains(&unit.id)) {
            continue;
        }
        let records = database.records_of_unit(&unit.id).await?;
        let loses = |(account, lost): &(&Account, &BTreeSet<String>)| {
            let names_it = account.unit == unit.id || account.scope.contains(&unit.id);
            is_gone && names_it || records > 0 && lost.contains(&unit.id)
        };
        let people: Vec<&str> = accounts
            .iter()
            .zip(&lost)
            .filter(loses)
            .map(|(account, _)| account.name.as_str())
            .collect();
        if !people.is_empty() || is_gone && records > 0 {
            let what =
                if is_gone { "is not in this pack" } else { "stands elsewhere in this pack" };
            losses.push(format!(
                "the unit {} {what}: {records} records are of it, and it is lost to the accounts: {}",
                unit.id,
                if people.is_empty() { "none".to_owned() } else { people.join(", ") }
            ));
        }
    }
    let after: BTreeSet<&str> =
        pack.forms.iter().filter_map(|row| pack.manifest.programme_of(row)).collect();
    let before: BTreeSet<&String> =
        now.forms.iter().filter_map(|form| form.programme.as_ref()).collect();
    for programme in before.into_iter().filter(|programme| !after.contains(programme.as_str())) {
        let limited = accounts.iter().filter(|account| account.programmes.contains(programme));
        let people: Vec<&str> = limited.map(|account| account.name.as_str()).collect();
        if !people.is_empty() {
            losses.push(format!(
                "the programme {programme} has no form in this pack, and these accounts are limited to it: {}",
                people.join(", ")
            ));
        }
    }
    Ok(losses)
}

/// Forms that the pack in force has and this one has no row of, a line for each: nobody is asked them any more, and their records are
/// called by their ids.
pub async fn left_out(database: &Database, pack: &Pack) -> Answer<Vec<String>> {
    let Some(now) = database.pack_in_force().await? else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    for form in &now.forms {
        if pack.forms.iter().all(|row| row.form_id != form.id) {
            let records = database.records_of_form(&form.id).await?;
            told.push(format!(
                "the form {} is not in this pack: {records} records are of it, and are called by that id; one that ended keeps its row, with `withdrawn`",
                form.id
            ));
        }
    }
    Ok(told)
}

/// Rows of personal data whose question no version of the form asks that this database ever had, a line for each.
///
/// Whoever mistyped one would have the question that they meant shown to everybody, and no phone gives back what it was sent.
pub async fn mistyped(database: &Database, checked: &Checked) -> Answer<Vec<String>> {
    let pack = &checked.pack;
    let mut told = Vec::new();
    for made in &checked.forms {
        let is_of = |row: &PersonalField| {
            pack.forms.iter().any(|form| form.form_id == made.form.id && form.file == row.form)
        };
        let mut asked = made.questions();
        let rows = pack.personal_data.iter().filter(|row| is_of(row));
        let mut rows: Vec<&PersonalField> =
            rows.filter(|row| !asked.contains(&row.field)).collect();
        if rows.is_empty() {
            continue;
        }
        let before = database.form_versions(&made.form.id).await?;
        asked.extend(before.iter().flat_map(FormRow::questions));
        rows.retain(|row| !asked.contains(&row.field));
        told.extend(rows.iter().map(|row| {
            format!(
                "{}: no version of the form {} that was ever here has a question `{}`; if it is mistyped, everybody sees the one that was meant",
                place_of(pack, Table::PersonalData, row.row, "field"),
                row.form,
                row.field
            )
        }));
    }
    Ok(told)
}

/// Forms that changed and kept their version, a line for each. Phones know them apart all the same; `OpenRosa` clients and people
/// have nothing but the version.
pub async fn same_version(database: &Database, checked: &Checked) -> Answer<Vec<String>> {
    let mut told = Vec::new();
    for made in &checked.forms {
        let FormRef { id, version, hash } = &made.form;
        let before = database.form_versions(id).await?;
        let newest = before.iter().find(|row| row.form.version == *version);
        if newest.is_some_and(|row| row.form.hash != *hash) {
            told.push(format!(
                "the form {id} has changed and kept version {version}: give it another one, ODK Collect tells versions apart by nothing else"
            ));
        }
    }
    Ok(told)
}

/// Who works at a unit that is not there today, and who took over from it, a line for each.
pub async fn out_of_time(database: &Database, pack: &Pack, now_ms: i64) -> Answer<Vec<String>> {
    let Some(day) = clock::day(now_ms) else { return Ok(Vec::new()) };
    let accounts = in_use(database).await?;
    let line = |account: &Account| {
        let unit = pack.units.get(&account.unit).filter(|unit| !unit.valid_on(day))?;
        let since = match (unit.valid_from, unit.valid_to) {
            (_, Some(to)) if to < day => format!("ended {to}"),
            (Some(from), _) => format!("begins {from}"),
            (None, _) => return None,
        };
        let heirs = pack.units.holders(&unit.id, day);
        let heirs: Vec<&str> = heirs.iter().map(|heir| heir.id.as_str()).collect();
        let heirs =
            if heirs.is_empty() { String::new() } else { format!(" (now {})", heirs.join(", ")) };
        Some(format!("{} works at {}, which {since}{heirs}", account.name, unit.id))
    };
    Ok(accounts.iter().filter_map(line).collect())
}

/// Who may sign in.
async fn in_use(database: &Database) -> Answer<Vec<Account>> {
    let mut accounts = database.accounts(Seen::All).await?;
    accounts.retain(|account| !account.is_disabled());
    Ok(accounts)
}

/// Why demo accounts could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database says no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Makes the accounts of a demonstration. Those that exist stay as they are: their names come back.
pub async fn add_demo_users(
    database: &Database,
    users: &[DemoUser],
    password: Option<&str>,
    now_ms: i64,
) -> Result<BTreeSet<String>, DemoError> {
    let mut there = BTreeSet::new();
    for user in users {
        if database.account(&user.name).await?.is_some() {
            there.insert(user.name.clone());
            continue;
        }
        let password = password.unwrap_or(&user.password).to_owned();
        let account = NewAccount {
            name: user.name.clone(),
            display_name: user.full_name.clone(),
            role: Role::named(&user.role).expect("a pack that was checked names roles there are"),
            unit: user.unit.clone(),
            scope: user.scope.clone(),
            programmes: Vec::new(),
            password: hash_password(password).await?,
        };
        database.add_account(&account, None, now_ms).await?;
    }
    Ok(there)
}
