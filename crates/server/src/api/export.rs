//! Records as a spreadsheet.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use form::Resources;
use pack::Text;
use pack::phone::PhonePack;
use report::{Findable, Sought};
use serde::Deserialize;
use sync::view::{self, Level, RecordView};
use sync::wire::{Hash, State as RecordStage, Value};
use utoipa::IntoParams;

use super::entities::csv_of;
use super::extract::Query;
use super::signed_in::{Origin, SignedIn};
use crate::budgets::Take;
use crate::database::FormRow;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::export::{Chosen, Export, Language, Version, workbook};
use crate::form_files::is_list;
use crate::openrosa::entity_lists;
use crate::turns::Turns;
use crate::{App, clock};

/// An export holds the chosen records of a form in memory: so many at a time, and others wait.
static TURNS: Turns = Turns::new(2);

/// Which records, and in which language.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ExportQuery {
    /// The form's id.
    form: String,
    /// Only records of this unit and those below it.
    #[serde(default)]
    unit: Option<String>,
    /// `1`: of the unit without those below it, as a list has it.
    #[serde(default)]
    only: Option<String>,
    /// Only records that this account created.
    #[serde(default)]
    author: Option<String>,
    /// Only records in this state.
    #[serde(default)]
    state: Option<String>,
    /// Only records in which something is to be decided (`decide`), or is worth a look and nothing to be decided (`look`).
    #[serde(default)]
    asks: Option<String>,
    /// Only records that were begun then or later, milliseconds since 1970: by the phone's clock, which their id tells, or where it
    /// does not or cannot be right, when the server first received them.
    #[serde(default)]
    from: Option<i64>,
    /// Only records that were begun before that.
    #[serde(default)]
    until: Option<i64>,
    /// Only records where every word of this is found, without case and diacritics, as a list finds them: in the title, in short
    /// answers, in the names of form, unit and author.
    #[serde(default)]
    q: Option<String>,
    /// `vi` or `en`.
    #[serde(default)]
    lang: Option<String>,
    /// Local time minus UTC in minutes, for the time of reception; 420 if not given.
    #[serde(default)]
    offset: Option<i32>,
}

/// The records of one form: a sheet for the records, and one for each repeat.
#[utoipa::path(get, path = "/api/v1/records.xlsx", tag = "records", params(ExportQuery), responses(
    (status = 200, description = "a spreadsheet",
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 400, description = "`bad_state`, `bad_asks`", body = ErrorBody),
    (status = 401, description = "`signed_out`", body = ErrorBody),
    (status = 404, description = "`not_found`: no such form", body = ErrorBody),
    (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
    (status = 507, description = "`storage_full`: what nobody can log nobody takes", body = ErrorBody),
))]
pub async fn records(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    origin: Origin,
    headers: HeaderMap,
    uri: Uri,
    Query(query): Query<ExportQuery>,
) -> ApiResult<Response> {
    let state =
        query.state.as_deref().filter(|state| !state.is_empty()).map(str::parse::<RecordStage>);
    let state =
        state.transpose().map_err(|error| ApiError::bad_request("bad_state", error.to_string()))?;
    let asking = |name: &str| {
        let bad = || ApiError::bad_request("bad_asks", "asks is decide or look");
        Level::asking(name).ok_or_else(bad)
    };
    let asks = query.asks.as_deref().filter(|asks| !asks.is_empty()).map(asking).transpose()?;
    let database = app.database();
    let forms = database.form_versions(&query.form).await?;
    let unknown = || ApiError::not_found("no form has that id");
    let newest = forms.first().ok_or_else(unknown)?.form.hash;
    // What is asked in a programme is nobody else's either.
    database.form_seen_by(&session.account, newest).await?.ok_or_else(unknown)?;
    let pack = pack(&app).await?;
    app.budgets().take(&session.account, Take::Report)?;
    let turn = TURNS.take().await;
    let unit = query.unit.filter(|unit| !unit.is_empty());
    let is_alone = query.only.as_deref() == Some("1");
    let under = unit.as_deref().map(|unit| match (&pack, is_alone) {
        (Some(pack), false) => pack.units.subtree(unit),
        _ => [unit.to_owned()].into(),
    });
    let base_url = origin.base(&app, &headers, &uri);
    let chosen = Chosen {
        unit: unit.clone(),
        is_alone,
        state,
        author: query.author.filter(|author| !author.is_empty()),
        asks,
        begun: (query.from, query.until),
        text: query.q.unwrap_or_default(),
        at_ms: clock::now_ms(),
        by: session.account.clone(),
    };
    let text = report::fold(&chosen.text);
    let mut pages = database.visible_records(&session.account, &query.form, under.as_ref()).await?;
    let mut records: Vec<RecordView> = Vec::new();
    loop {
        let states = pages.next().await?;
        if states.is_empty() {
            break;
        }
        let people = if text.is_empty() { BTreeMap::new() } else { pages.names(&states).await? };
        let sought = sought(&text, pack.as_ref(), people);
        let views = states.iter().map(RecordView::of);
        records.extend(views.filter(|record| is_chosen(&chosen, &sought, record)));
    }
    drop(pages);
    let made_with = |records: &[RecordView]| {
        records.iter().map(|record| record.form.hash).collect::<BTreeSet<Hash>>()
    };
    let all_used = used(&forms, &made_with(&records));
    let lists = lists(&app, &session.account, &all_used).await?;
    let file_name = file_name(&query.form);
    let form = query.form;
    let work = move || {
        let versions = read(used(&forms, &made_with(&records)), lists)?;
        let units = pack.map(|pack| pack.units).unwrap_or_default();
        let export = Export {
            versions: &versions,
            records: &records,
            units: &units,
            language: Language::from_tag(query.lang.as_deref()),
            offset_min: query.offset.unwrap_or(clock::OFFSET_MIN).clamp(-14 * 60, 14 * 60),
            base_url: &base_url,
            chosen: &chosen,
        };
        let bytes = workbook(&export).map_err(ApiError::internal)?;
        Ok::<_, ApiError>((bytes, records.len()))
    };
    let (bytes, count) = turn.work(work).await.map_err(ApiError::internal)??;
    let (by, now_ms) = (session.account.as_str(), clock::now_ms());
    // Whoever names a unit above their own takes what is of their own.
    let seen = database.visible_units(by).await?;
    let unit = unit.filter(|unit| seen.contains(unit)).unwrap_or(session.unit.clone());
    database.note_export(by, &form, &unit, count, now_ms).await?;
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}.xlsx\""))
        .map_err(ApiError::internal)?;
    let kind = HeaderValue::from_static(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    );
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response())
}

async fn pack(app: &App) -> ApiResult<Option<PhonePack>> {
    let Some(hash) = app.database().pack_hash().await? else { return Ok(None) };
    let json = app.database().pack_json(hash).await?.unwrap_or_default();
    serde_json::from_slice(&json).map(Some).map_err(ApiError::internal)
}

fn file_name(form: &str) -> String {
    form.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect()
}

fn is_chosen(chosen: &Chosen, sought: &Sought, record: &RecordView) -> bool {
    let begun_ms = record.begun_ms();
    let (from_ms, until_ms) = chosen.begun;
    !record.deleted
        && chosen.state.is_none_or(|state| state == record.state)
        && chosen.author.as_ref().is_none_or(|author| *author == record.author)
        && chosen.asks.is_none_or(|asks| view::asks(&record.conflicts) == Some(asks))
        && from_ms.is_none_or(|from| from <= begun_ms)
        && until_ms.is_none_or(|until| begun_ms < until)
        && (sought.is_all() || is_found(sought, record))
}

fn is_found(sought: &Sought, record: &RecordView) -> bool {
    let answers = record.fields.values().filter_map(|value| match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Empty | Value::File(_) => None,
    });
    sought.finds(Findable {
        folded: &report::fold_record(&record.title, answers),
        form: &record.form.id,
        unit: &record.unit,
        author: &record.author,
    })
}

/// What is searched, with the names that the searcher's phone knows: of the forms and units of the pack, and of people.
fn sought(text: &str, pack: Option<&PhonePack>, mut people: BTreeMap<String, String>) -> Sought {
    let forms = pack.into_iter().flat_map(|pack| &pack.forms).map(|form| (&form.id, &form.title));
    let units = pack.into_iter().flat_map(|pack| &pack.units).map(|unit| (&unit.id, &unit.name));
    let folded = |name: &Text| report::fold_names(name.iter().map(|(_, name)| name));
    let names = forms.chain(units).map(|(id, name)| (id.clone(), folded(name))).collect();
    people.values_mut().for_each(|name| *name = report::fold(name));
    Sought::new(text, &names, &people)
}

/// The newest version, and every older one that a record was made with.
fn used<'v>(versions: &'v [FormRow], made_with: &BTreeSet<Hash>) -> Vec<&'v FormRow> {
    let is_used = |(place, version): &(usize, &FormRow)| {
        *place == 0 || made_with.contains(&version.form.hash)
    };
    versions.iter().enumerate().filter(is_used).map(|(_, version)| version).collect()
}

/// The lists beside each version, and those that records make: what people chose has its words there.
async fn lists(
    app: &App,
    account: &str,
    versions: &[&FormRow],
) -> ApiResult<BTreeMap<Hash, Resources>> {
    let database = app.database();
    let datasets = database.datasets_seen_by(account).await?;
    let mut lists = BTreeMap::new();
    for version in versions {
        let mut files = BTreeMap::new();
        for row in database.form_files(version.form.hash).await? {
            if is_list(&row.name) && form::may_read(&version.xml, &row.name) {
                let bytes = database.file_bytes(&row.file).await?;
                files.insert(row.name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        for dataset in entity_lists(&version.xml, &datasets) {
            let name = format!("{dataset}.csv");
            if !files.contains_key(&name)
                && let Some((csv, _)) = csv_of(app, account, &dataset).await?
            {
                files.insert(name, csv);
            }
        }
        lists.insert(version.form.hash, Resources { files });
    }
    Ok(lists)
}

fn read(versions: Vec<&FormRow>, mut lists: BTreeMap<Hash, Resources>) -> ApiResult<Vec<Version>> {
    let read = |version: &FormRow| {
        let (form, _) = form::parse_xform(&version.xml).map_err(ApiError::internal)?;
        let lists = lists.remove(&version.form.hash).unwrap_or_default();
        Ok(Version { form, lists })
    };
    versions.into_iter().map(read).collect()
}
