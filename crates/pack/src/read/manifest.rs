//! `pack.toml`: reads it key by key, so that every wrong, missing and unknown key is named with its
//! line.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{MANIFEST, Table};
use crate::{
    Date, FormKind, FormRow, Group, Kind, Modality, Period, Plan, Problem, Programme, Text,
};

/// What a person of the demonstration may be.
pub const ROLES: [&str; 5] = ["officer", "trainer", "coordinator", "administrator", "auditor"];

/// How much an organisation may ask for a PIN on each phone.
const PIN_WISHES: [&str; 2] = ["wanted", "required"];

/// What a pack says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The pack's id, which never changes.
    pub id: String,
    /// The pack's version.
    pub version: String,
    /// Language tags.
    pub languages: Vec<String>,
    /// The language to begin in, and of columns without a language.
    pub default_language: String,
    /// What people read.
    pub title: Text,
    /// Who issues it.
    pub issuer: Issuer,
    /// The plan it carries out.
    pub plan: Option<Plan>,
    /// Units without a parent.
    pub roots: Vec<String>,
    /// Where its tables are.
    pub tables: BTreeMap<Table, String>,
    /// Which column a field is in, where it is not the field's own name.
    pub columns: BTreeMap<Table, BTreeMap<String, String>>,
    /// The folder of the spreadsheets.
    pub forms_folder: String,
    /// Columns of the survey sheet, beyond `XLSForm`, that the forms keep.
    pub keep_columns: Vec<String>,
    /// The report's template.
    pub report_template: Option<String>,
    /// Words of the report outline for figures that come from no form.
    pub other_sources: Vec<String>,
    /// The periods that reports are of.
    pub periods: Vec<Period>,
    /// Further documents of the pack.
    pub documents: Vec<String>,
    /// Words for the sorts of forms.
    pub form_kinds: Vec<FormKind>,
    /// The programmes that its forms may belong to.
    pub programmes: Vec<Programme>,
    /// The one of forms that name none.
    pub programme: Option<String>,
    /// Words that stand for several units.
    pub groups: Vec<Group>,
    /// Words for how a task is given.
    pub modalities: Vec<Modality>,
    /// After how many wrong PINs a phone is emptied; none: never.
    pub wipe_after: Option<u32>,
    /// How much a PIN on each phone is asked for: one of [`PIN_WISHES`]; none: it is offered once.
    pub pin: Option<String>,
    /// People of the demonstration.
    pub demo: Option<Demo>,
}

/// Who issues a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The unit.
    pub unit: String,
}

/// People to try the pack with. A server makes them only when it is told to run a demonstration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demo {
    /// The day of the demonstration: every unit of its people must exist on it.
    pub day: Date,
    /// The people.
    pub users: Vec<DemoUser>,
}

/// Somebody to try the pack with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoUser {
    /// The name to sign in with.
    pub name: String,
    /// The password to sign in with.
    pub password: String,
    /// The person's name.
    pub full_name: String,
    /// One of [`ROLES`].
    pub role: String,
    /// The unit the person works in.
    pub unit: String,
    /// The units that the person answers for, for [`crate::Units::scope`]; the person's own unit
    /// unless the manifest says more.
    pub scope: Vec<String>,
    /// The manifest's line, for problems.
    pub(crate) line: u32,
}

impl Manifest {
    /// The header of a field's column in this pack's table.
    #[must_use]
    pub fn header(&self, table: Table, field: &str) -> String {
        self.columns
            .get(&table)
            .and_then(|columns| columns.get(field))
            .map_or(field, String::as_str)
            .to_owned()
    }

    /// The programme that a form belongs to.
    #[must_use]
    pub fn programme_of<'a>(&'a self, form: &'a FormRow) -> Option<&'a str> {
        let own = Some(form.programme.as_str()).filter(|own| !own.is_empty());
        own.or(self.programme.as_deref())
    }

    /// Where a form's spreadsheet is.
    #[must_use]
    pub fn form_path(&self, file: &str) -> String {
        format!("{}/{file}.xlsx", self.forms_folder)
    }

    /// The folder of the files beside that form, with the `/` behind it.
    #[must_use]
    pub fn media_folder(&self, file: &str) -> String {
        format!("{}/{file}-media/", self.forms_folder)
    }
}

/// Reads the manifest. None when it is not TOML at all.
pub(super) fn read(source: &str, problems: &mut Vec<Problem>) -> Option<Manifest> {
    let (table, errors) = DeTable::parse_recoverable(source);
    let mut walk = Walk { source, problems };
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        walk.problem(at, None, Kind::NotToml(error.message().to_owned()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut top = Section::new(table.get_ref(), String::new(), 0);
    let manifest = manifest(&mut top, &mut walk);
    top.finish(&mut walk);
    Some(manifest)
}

fn manifest(top: &mut Section<'_, '_>, walk: &mut Walk<'_>) -> Manifest {
    if let Some((value, at)) = top.value("schema", walk) {
        let found = value
            .as_integer()
            .map_or_else(|| value.type_str().to_owned(), |n| n.as_str().to_owned());
        if found != "1" {
            walk.problem(at, Some("schema".to_owned()), Kind::UnknownSchema(found));
        }
    }
    let languages = top.words("languages", true, walk);
    let mut default_language = top.text("default_language", walk);
    if !languages.is_empty()
        && !default_language.is_empty()
        && !languages.contains(&default_language)
    {
        let kind =
            Kind::UnknownWord { found: default_language.clone(), allowed: languages.join(", ") };
        top.problem("default_language", kind, walk);
    }
    if default_language.is_empty() {
        // Already a problem; the first language spares the tables from being blamed for it.
        languages.first().cloned().unwrap_or_default().clone_into(&mut default_language);
    }
    let title = title(top, &default_language, walk);
    let issuer = Issuer {
        unit: top
            .section("issuer", true, walk, |issuer, walk| issuer.text("unit", walk))
            .unwrap_or_default(),
    };
    let plan = top
        .section("plan", false, walk, |plan, walk| read_plan(plan, &default_language, walk))
        .flatten();
    let tables = top.section("tables", true, walk, tables).unwrap_or_default();
    let columns = top.section("columns", false, walk, columns).unwrap_or_default();
    let forms = top.section("forms", false, walk, |forms, walk| {
        (forms.optional_text("folder", walk), forms.words("keep_columns", false, walk))
    });
    let (forms_folder, keep_columns) = forms.unwrap_or_default();
    let report = top.section("report", false, walk, |report, walk| {
        let template = report.optional_text("template", walk);
        let other_sources = report.words("other_sources", false, walk);
        let periods = report
            .sections("period", walk, |section, walk| period(section, &default_language, walk));
        (template, other_sources, periods.into_iter().flatten().collect())
    });
    let (report_template, other_sources, periods) = report.unwrap_or_default();
    let lock =
        |lock: &mut Section<'_, '_>, walk: &mut Walk<'_>| (wipe_after(lock, walk), pin(lock, walk));
    let (wipe_after, pin) = top.section("lock", false, walk, lock).unwrap_or_default();
    Manifest {
        id: top.text("id", walk),
        version: top.text("version", walk),
        title,
        issuer,
        plan,
        roots: top.words("roots", true, walk),
        tables,
        columns,
        forms_folder: forms_folder.unwrap_or_else(|| "forms".to_owned()),
        keep_columns,
        report_template,
        other_sources,
        periods,
        documents: top.words("documents", false, walk),
        form_kinds: top.sections("form_kinds", walk, |kind, walk| FormKind {
            id: kind.text("id", walk),
            title: self::title(kind, &default_language, walk),
        }),
        programmes: top.sections("programmes", walk, |programme, walk| Programme {
            id: programme.text("id", walk),
            title: self::title(programme, &default_language, walk),
        }),
        programme: top.optional_text("programme", walk),
        groups: top.sections("groups", walk, |group, walk| Group {
            id: group.text("id", walk),
            title: self::title(group, &default_language, walk),
            all: group.flag("all", walk),
            kinds: group.words("kinds", false, walk),
        }),
        modalities: top.sections("modalities", walk, |modality, walk| Modality {
            id: modality.text("id", walk),
            title: self::title(modality, &default_language, walk),
            request: modality.flag("request", walk),
        }),
        wipe_after,
        pin,
        demo: top.section("demo", false, walk, demo).flatten(),
        languages,
        default_language,
    }
}

/// `[title]`: a text for each language; the default language's must be there.
fn title(parent: &mut Section<'_, '_>, default_language: &str, walk: &mut Walk<'_>) -> Text {
    let read = parent.section("title", true, walk, |title, walk| {
        let mut text = Text::default();
        let languages: Vec<String> =
            title.table.keys().map(|key| key.get_ref().to_string()).collect();
        for language in languages {
            text.set(&language, &title.text(&language, walk));
        }
        if !default_language.is_empty() && text.only(default_language).is_none() {
            title.problem(default_language, Kind::KeyMissing, walk);
        }
        text
    });
    read.unwrap_or_default()
}

fn read_plan(
    plan: &mut Section<'_, '_>,
    default_language: &str,
    walk: &mut Walk<'_>,
) -> Option<Plan> {
    let date = plan.date("date", walk);
    let number = plan.text("number", walk);
    let place = plan.optional_text("place", walk).unwrap_or_default();
    let document = plan.text("document", walk);
    let title = title(plan, default_language, walk);
    Some(Plan { number, date: date?, place, title, document })
}

fn tables(section: &mut Section<'_, '_>, walk: &mut Walk<'_>) -> BTreeMap<Table, String> {
    let mut tables = BTreeMap::new();
    for table in Table::ALL {
        let path = if table.required() {
            Some(section.text(table.name(), walk)).filter(|path| !path.is_empty())
        } else {
            section.optional_text(table.name(), walk)
        };
        tables.extend(path.map(|path| (table, path)));
    }
    tables
}

fn columns(
    section: &mut Section<'_, '_>,
    walk: &mut Walk<'_>,
) -> BTreeMap<Table, BTreeMap<String, String>> {
    let mut columns = BTreeMap::new();
    for table in Table::ALL {
        let read = section.section(table.name(), false, walk, |section, walk| {
            let fields = table.fields().iter();
            fields
                .filter_map(|(field, _)| {
                    Some(((*field).to_owned(), section.optional_text(field, walk)?))
                })
                .collect::<BTreeMap<_, _>>()
        });
        columns.extend(read.map(|read| (table, read)));
    }
    columns
}

/// `[[report.period]]`: the day of the year on which one begins, and after how many months the next does.
fn period(
    period: &mut Section<'_, '_>,
    default_language: &str,
    walk: &mut Walk<'_>,
) -> Option<Period> {
    let title = title(period, default_language, walk);
    let from = period.text("from", walk);
    let day = format!("2001-{from}").parse::<Date>().ok();
    let is_day = day.is_some_and(|day| day.day() <= 28);
    if !from.is_empty() && !is_day {
        let expected = "a month and a day that each month has, such as 12-15";
        period.problem("from", Kind::WrongType { expected, found: from.clone() }, walk);
    }
    let is_part = |months: &u32| *months > 0 && 12_u32.is_multiple_of(*months);
    period.value("months", walk)?;
    let months = number(period, "months", "1, 2, 3, 4, 6 or 12", is_part, walk)?;
    is_day.then(|| Period { id: format!("{from}/{months}"), title })
}

/// `[lock]`: fewer tries than a person with cold fingers needs would empty the phones of those who work.
fn wipe_after(lock: &mut Section<'_, '_>, walk: &mut Walk<'_>) -> Option<u32> {
    let is_enough = |tries: &u32| (5..=100).contains(tries);
    number(lock, "wipe_after", "a whole number from 5 to 100", is_enough, walk)
}

fn number(
    section: &mut Section<'_, '_>,
    name: &str,
    expected: &'static str,
    is_allowed: impl Fn(&u32) -> bool,
    walk: &mut Walk<'_>,
) -> Option<u32> {
    let (value, at) = section.find(name)?;
    let written = value.as_integer().map(toml::de::DeInteger::as_str);
    let number = written.and_then(|number| number.parse().ok()).filter(is_allowed);
    if number.is_none() {
        let found = written.unwrap_or(value.type_str()).to_owned();
        walk.problem(at, Some(section.key(name)), Kind::WrongType { expected, found });
    }
    number
}

/// And how much a PIN is asked for.
fn pin(lock: &mut Section<'_, '_>, walk: &mut Walk<'_>) -> Option<String> {
    let wish = lock.optional_text("pin", walk)?;
    if !PIN_WISHES.contains(&wish.as_str()) {
        let kind = Kind::UnknownWord { found: wish, allowed: PIN_WISHES.join(", ") };
        lock.problem("pin", kind, walk);
        return None;
    }
    Some(wish)
}

fn demo(demo: &mut Section<'_, '_>, walk: &mut Walk<'_>) -> Option<Demo> {
    let day = demo.date("day", walk);
    let users = demo.sections("users", walk, |user, walk| {
        let role = user.text("role", walk);
        if !role.is_empty() && !ROLES.contains(&role.as_str()) {
            user.problem(
                "role",
                Kind::UnknownWord { found: role.clone(), allowed: ROLES.join(", ") },
                walk,
            );
        }
        let unit = user.text("unit", walk);
        let mut scope = user.words("scope", false, walk);
        if scope.is_empty() {
            scope.push(unit.clone());
        }
        DemoUser {
            name: user.text("name", walk),
            password: user.text("password", walk),
            full_name: user.text("full_name", walk),
            role,
            unit,
            scope,
            line: walk.line(user.at),
        }
    });
    Some(Demo { day: day?, users })
}

/// The manifest's text, to turn offsets into lines, and where problems go.
struct Walk<'a> {
    source: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Walk<'_> {
    fn line(&self, at: usize) -> u32 {
        let before = self.source.bytes().take(at).filter(|byte| *byte == b'\n').count();
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    fn problem(&mut self, at: usize, key: Option<String>, kind: Kind) {
        let row = Some(self.line(at));
        self.problems.push(Problem { file: MANIFEST.to_owned(), row, column: key, kind });
    }
}

/// A table of the manifest, with the keys asked for so far: what is left at the end is unknown.
struct Section<'t, 'i> {
    table: &'t DeTable<'i>,
    path: String,
    at: usize,
    asked: BTreeSet<String>,
}

impl<'t, 'i> Section<'t, 'i> {
    fn new(table: &'t DeTable<'i>, path: String, at: usize) -> Section<'t, 'i> {
        Section { table, path, at, asked: BTreeSet::new() }
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn find(&mut self, name: &str) -> Option<(&'t DeValue<'i>, usize)> {
        self.asked.insert(name.to_owned());
        let (key, value) = self.table.iter().find(|(key, _)| key.get_ref() == name)?;
        Some((value.get_ref(), key.span().start))
    }

    fn value(&mut self, name: &str, walk: &mut Walk<'_>) -> Option<(&'t DeValue<'i>, usize)> {
        let found = self.find(name);
        if found.is_none() {
            walk.problem(self.at, Some(self.key(name)), Kind::KeyMissing);
        }
        found
    }

    fn problem(&mut self, name: &str, kind: Kind, walk: &mut Walk<'_>) {
        let at = self.find(name).map_or(self.at, |(_, at)| at);
        walk.problem(at, Some(self.key(name)), kind);
    }

    fn wrong(
        &self,
        name: &str,
        at: usize,
        expected: &'static str,
        value: &DeValue<'_>,
        walk: &mut Walk<'_>,
    ) {
        let kind = Kind::WrongType { expected, found: value.type_str().to_owned() };
        walk.problem(at, Some(self.key(name)), kind);
    }

    fn optional_text(&mut self, name: &str, walk: &mut Walk<'_>) -> Option<String> {
        let (value, at) = self.find(name)?;
        match value.as_str() {
            Some("") => walk.problem(at, Some(self.key(name)), Kind::Empty),
            Some(text) => return Some(text.to_owned()),
            None => self.wrong(name, at, "a text", value, walk),
        }
        None
    }

    fn text(&mut self, name: &str, walk: &mut Walk<'_>) -> String {
        if self.value(name, walk).is_none() {
            return String::new();
        }
        self.optional_text(name, walk).unwrap_or_default()
    }

    fn flag(&mut self, name: &str, walk: &mut Walk<'_>) -> bool {
        let Some((value, at)) = self.find(name) else { return false };
        if value.as_bool().is_none() {
            self.wrong(name, at, "true or false", value, walk);
        }
        value.as_bool().unwrap_or(false)
    }

    fn date(&mut self, name: &str, walk: &mut Walk<'_>) -> Option<Date> {
        let (value, at) = self.value(name, walk)?;
        let date =
            value.as_datetime().filter(|found| found.time.is_none()).and_then(|found| found.date);
        let date = date.and_then(|date| Date::new(date.year, date.month, date.day));
        if date.is_none() {
            self.wrong(name, at, "a day such as 2024-03-07", value, walk);
        }
        date
    }

    fn words(&mut self, name: &str, required: bool, walk: &mut Walk<'_>) -> Vec<String> {
        let found = if required { self.value(name, walk) } else { self.find(name) };
        let Some((value, at)) = found else { return Vec::new() };
        let words = value.as_array().map(|array| {
            array
                .iter()
                .filter_map(|word| word.get_ref().as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        });
        match words {
            Some(words) if value.as_array().is_some_and(|array| array.len() == words.len()) => {
                words
            }
            _ => {
                self.wrong(name, at, "a list of texts", value, walk);
                Vec::new()
            }
        }
    }

    fn section<T>(
        &mut self,
        name: &str,
        required: bool,
        walk: &mut Walk<'_>,
        read: impl FnOnce(&mut Section<'t, 'i>, &mut Walk<'_>) -> T,
    ) -> Option<T> {
        let (value, at) = if required { self.value(name, walk)? } else { self.find(name)? };
        let Some(table) = value.as_table() else {
            self.wrong(name, at, "a table", value, walk);
            return None;
        };
        let mut section = Section::new(table, self.key(name), at);
        let result = read(&mut section, walk);
        section.finish(walk);
        Some(result)
    }

    fn sections<T>(
        &mut self,
        name: &str,
        walk: &mut Walk<'_>,
        mut read: impl FnMut(&mut Section<'t, 'i>, &mut Walk<'_>) -> T,
    ) -> Vec<T> {
        let Some((value, at)) = self.find(name) else { return Vec::new() };
        let tables: Vec<(&DeTable<'_>, usize)> = value
            .as_array()
            .into_iter()
            .flat_map(|array| array.iter())
            .filter_map(|item: &Spanned<DeValue<'_>>| {
                Some((item.get_ref().as_table()?, item.span().start))
            })
            .collect();
        if value.as_array().is_none_or(|array| array.len() != tables.len()) {
            self.wrong(name, at, "a list of tables", value, walk);
        }
        let mut read_one = |(number, (table, at)): (usize, (&'t DeTable<'i>, usize))| {
            let mut section =
                Section::new(table, format!("{}[{}]", self.key(name), number + 1), at);
            let result = read(&mut section, walk);
            section.finish(walk);
            result
        };
        tables.into_iter().enumerate().map(&mut read_one).collect()
    }

    /// Names the keys that nobody asked for.
    fn finish(&self, walk: &mut Walk<'_>) {
        for key in self.table.keys().filter(|key| !self.asked.contains(key.get_ref().as_ref())) {
            walk.problem(key.span().start, Some(self.key(key.get_ref())), Kind::UnknownKey);
        }
    }
}
