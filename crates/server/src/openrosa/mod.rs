//! ODK Collect, `KoboCollect` and other `OpenRosa` clients fill the same forms into the same records.
//!
//! A client is a device of its own, whose operations the server makes out of its submissions and keeps by the same push as
//! those of phones. It shows who it is by a token in its address, or by name and password.

mod answer;
mod client;
mod digest;
mod submission;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use md5::{Digest, Md5};
use pack::phone::PhonePack;
use sync::codec;
use sync::push::Sender;
use sync::wire::{Dot, FileRef, Outcome, PushRequest, Times, WIRE_VERSION};
use tokio::sync::Mutex;
use tracing::Instrument;
use utoipa::IntoResponses;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::blobs::keep_whole;
use crate::api::entities::csv_of;
use crate::api::form_files::in_pieces;
use crate::budgets::Take;
use crate::config::MAX_BODY;
use crate::database::{NewBlob, Session};
use crate::error::ApiError;
use crate::spreadsheet_form::for_clients;
use crate::turns::Room;
use crate::{App, accounts, clock, erasure_list};
use answer::{Answer, Refusal, XML, escaped, said};
use client::Client;
pub use digest::Secret;
use submission::{Past, Submission, record_of, sealed};

pub(crate) use submission::{below_root, is_meta};

/// Where all addresses of this module begin.
pub const ROOT: &str = "/openrosa";

/// What a client is called among the sessions, if nothing else is said.
pub const CLIENT: &str = "ODK Collect";

/// Largest request that is read: one file goes whole into one.
pub const MAX_SUBMISSION: usize = 32 * 1024 * 1024;

/// What clients are told to keep their requests below; they send a larger file alone.
const WELCOME_SUBMISSION: usize = 10 * 1024 * 1024;

/// KiB of requests that are held in memory at a time, however slowly they come.
static READING: Room = Room::new(256 * 1024);

const VERSION: HeaderName = HeaderName::from_static("x-openrosa-version");
const ACCEPTS: HeaderName = HeaderName::from_static("x-openrosa-accept-content-length");

/// Submissions are taken one after the other: the server counts for their devices.
#[derive(Debug, Default)]
pub(crate) struct Turn(Mutex<()>);

/// Behind the server's address, the address that a client with that token is given.
#[must_use]
pub fn address(token: &str) -> String {
    format!("{ROOT}/{token}")
}

/// How a client is turned away that has a token in its address.
#[derive(IntoResponses)]
#[response(
    status = 401,
    description = "the token was ended or never was, or its account was disabled"
)]
struct TokenRefused;

/// How one is turned away that sends name and password.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is read by what describes the API")]
enum PasswordRefused {
    #[response(status = 401, description = "name and password are wanted, or wrong")]
    Wrong,
    #[response(status = 429, description = "too many tries, with `Retry-After`")]
    TooMany,
}

pub(crate) fn resources() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(form_list))
        .routes(routes!(form_list_by_password))
        .routes(routes!(form))
        .routes(routes!(form_by_password))
        .routes(routes!(manifest))
        .routes(routes!(manifest_by_password))
        .routes(routes!(entities))
        .routes(routes!(entities_by_password))
        .routes(routes!(file))
        .routes(routes!(file_by_password))
        .routes(routes!(welcome, submit))
        .routes(routes!(welcome_by_password, submit_by_password))
}

/// The version of `OpenRosa` stands on every answer.
pub(crate) async fn mark(mut response: Response) -> Response {
    response.headers_mut().insert(VERSION, HeaderValue::from_static("1.0"));
    response
}

/// The forms of the pack in force that are of the client's programmes, as `OpenRosa` 1.0 lists them.
#[utoipa::path(get, path = "/openrosa/{token}/formList", tag = "openrosa",
    params(("token" = String, Path, description = "the client's token")),
    responses(
        (status = 200, description = "`xforms`", content_type = "text/xml"),
        TokenRefused,
    ))]
async fn form_list(State(app): State<App>, client: Client, Query(wanted): Query<Wanted>) -> Answer {
    let seen = app.database().pack_seen_by(&client.session.account).await?;
    let json = seen.map(|(_, json)| json);
    let datasets = app.database().datasets_seen_by(&client.session.account).await?;
    let mut list = String::from("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">");
    if let Some(json) = json {
        let pack: PhonePack = serde_json::from_slice(&json).map_err(ApiError::internal)?;
        for form in pack.forms.iter().filter(|form| !form.withdrawn) {
            let hash = form.hash.parse().map_err(ApiError::internal)?;
            let Some(row) = app.database().form(hash).await? else { continue };
            if wanted.form_id.as_ref().is_some_and(|id| *id != row.form.id) {
                continue;
            }
            let xml = for_clients(row.xml);
            let name = form.title.get(&pack.default_language);
            let (id, version) = (escaped(&row.form.id), escaped(&row.form.version));
            let md5 = accounts::hex(&Md5::digest(xml.as_bytes()));
            let (name, base) = (escaped(name), escaped(&client.base));
            list.push_str(&format!(
                "<xform><formID>{id}</formID><name>{name}</name><version>{version}</version><hash>md5:{md5}</hash>\
                 <downloadUrl>{base}/forms/{hash}.xml</downloadUrl>"
            ));
            let has_files = !app.database().form_files(hash).await?.is_empty();
            if has_files || !entity_lists(&xml, &datasets).is_empty() {
                list.push_str(&format!("<manifestUrl>{base}/manifest/{hash}</manifestUrl>"));
            }
            list.push_str("</xform>");
        }
    }
    list.push_str("</xforms>");
    Ok(([(header::CONTENT_TYPE, XML)], list).into_response())
}

/// The same for who sends name and password (HTTP Basic).
#[utoipa::path(get, path = "/openrosa/formList", tag = "openrosa", responses(
    (status = 200, description = "`xforms`", content_type = "text/xml"),
    PasswordRefused,
))]
async fn form_list_by_password(app: State<App>, client: Client, wanted: Query<Wanted>) -> Answer {
    form_list(app, client, wanted).await
}

/// What a client asks for of the list.
#[derive(serde::Deserialize)]
struct Wanted {
    /// This form alone.
    #[serde(rename = "formID")]
    form_id: Option<String>,
}

/// The last part of a form's address.
#[derive(serde::Deserialize)]
struct FormFile {
    file: String,
}

/// A form, any version there ever was.
#[utoipa::path(get, path = "/openrosa/{token}/forms/{file}", tag = "openrosa",
    params(
        ("token" = String, Path, description = "the client's token"),
        ("file" = String, Path, description = "SHA-256 of the form's XML, then `.xml`"),
    ),
    responses(
        (status = 200, description = "the `XForm`", content_type = "text/xml"),
        TokenRefused,
        (status = 404, description = "no such form"),
    ))]
async fn form(
    State(app): State<App>,
    client: Client,
    Path(FormFile { file }): Path<FormFile>,
) -> Answer {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "there is no such form");
    let hash = file.strip_suffix(".xml").and_then(|hash| hash.parse().ok()).ok_or_else(unknown)?;
    let row = app.database().form_seen_by(&client.session.account, hash).await?;
    let row = row.ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, XML)], for_clients(row.xml)).into_response())
}

/// The same for who sends name and password (HTTP Basic).
#[utoipa::path(get, path = "/openrosa/forms/{file}", tag = "openrosa",
    params(("file" = String, Path, description = "SHA-256 of the form's XML, then `.xml`")),
    responses(
        (status = 200, description = "the `XForm`", content_type = "text/xml"),
        PasswordRefused,
        (status = 404, description = "no such form"),
    ))]
async fn form_by_password(app: State<App>, client: Client, file: Path<FormFile>) -> Answer {
    form(app, client, file).await
}

/// The last part of an address by hash.
#[derive(serde::Deserialize)]
struct ByHash {
    hash: String,
}

/// The files beside a form, as `OpenRosa` 1.0 lists them.
#[utoipa::path(get, path = "/openrosa/{token}/manifest/{hash}", tag = "openrosa",
    params(
        ("token" = String, Path, description = "the client's token"),
        ("hash" = String, Path, description = "SHA-256 of the form's XML"),
    ),
    responses(
        (status = 200, description = "`manifest`", content_type = "text/xml"),
        TokenRefused,
        (status = 404, description = "no such form"),
    ))]
async fn manifest(
    State(app): State<App>,
    client: Client,
    Path(ByHash { hash }): Path<ByHash>,
) -> Answer {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "there is no such form");
    let hash = hash.parse().map_err(|_not_a_hash| unknown())?;
    let form = app.database().form_seen_by(&client.session.account, hash).await?;
    let form = form.ok_or_else(unknown)?;
    let mut manifest =
        String::from("<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\">");
    let files = app.database().form_files(hash).await?;
    let datasets = app.database().datasets_seen_by(&client.session.account).await?;
    for dataset in entity_lists(&form.xml, &datasets) {
        let name = format!("{dataset}.csv");
        if files.iter().any(|file| file.name == name) {
            continue;
        }
        let Some((csv, _)) = csv_of(&app, &client.session.account, &dataset).await? else {
            continue;
        };
        let (name, base) = (escaped(&name), escaped(&client.base));
        let md5 = accounts::hex(&Md5::digest(csv.as_bytes()));
        manifest.push_str(&format!(
            "<mediaFile type=\"entityList\"><filename>{name}</filename><hash>md5:{md5}</hash>\
             <downloadUrl>{base}/entities/{name}</downloadUrl></mediaFile>"
        ));
    }
    for row in files {
        let (name, base) = (escaped(&row.name), escaped(&client.base));
        let (md5, hash) = (accounts::hex(&row.file.md5), row.file.hash);
        manifest.push_str(&format!(
            "<mediaFile><filename>{name}</filename><hash>md5:{md5}</hash>\
             <downloadUrl>{base}/files/{hash}</downloadUrl></mediaFile>"
        ));
    }
    manifest.push_str("</manifest>");
    Ok(([(header::CONTENT_TYPE, XML)], manifest).into_response())
}

/// The same for who sends name and password (HTTP Basic), or name and token (Digest).
#[utoipa::path(get, path = "/openrosa/manifest/{hash}", tag = "openrosa",
    params(("hash" = String, Path, description = "SHA-256 of the form's XML")),
    responses(
        (status = 200, description = "`manifest`", content_type = "text/xml"),
        PasswordRefused,
        (status = 404, description = "no such form"),
    ))]
async fn manifest_by_password(app: State<App>, client: Client, hash: Path<ByHash>) -> Answer {
    manifest(app, client, hash).await
}

/// The lists of entities that a form reads.
pub(crate) fn entity_lists(xml: &str, datasets: &BTreeSet<String>) -> Vec<String> {
    let is_named = |dataset: &&String| form::may_read(xml, &format!("/{dataset}.csv"));
    let named = datasets.iter().filter(is_named);
    let mut named = named.peekable();
    if named.peek().is_none() {
        return Vec::new();
    }
    let Ok((form, _)) = form::parse_xform(xml) else { return Vec::new() };
    let files = form.files();
    let is_read = |dataset: &&String| {
        let name = format!("{dataset}.csv");
        files.iter().any(|address| address.rsplit('/').next() == Some(name.as_str()))
    };
    named.filter(is_read).cloned().collect()
}

/// A list of entities, of the units whose records the client's owner sees.
#[utoipa::path(get, path = "/openrosa/{token}/entities/{list}", tag = "openrosa",
    params(
        ("token" = String, Path, description = "the client's token"),
        ("list" = String, Path, description = "the list's name, then `.csv`"),
    ),
    responses(
        (status = 200, description = "the list", content_type = "text/csv"),
        TokenRefused,
        (status = 404, description = "no form makes such entities"),
    ))]
async fn entities(
    State(app): State<App>,
    client: Client,
    Path(ListFile { list }): Path<ListFile>,
) -> Answer {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "there is no such list");
    let dataset = list.strip_suffix(".csv").ok_or_else(unknown)?;
    let list = csv_of(&app, &client.session.account, dataset).await?;
    let (csv, _) = list.ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// The same for who sends name and password (HTTP Basic), or name and token (Digest).
#[utoipa::path(get, path = "/openrosa/entities/{list}", tag = "openrosa",
    params(("list" = String, Path, description = "the list's name, then `.csv`")),
    responses(
        (status = 200, description = "the list", content_type = "text/csv"),
        PasswordRefused,
        (status = 404, description = "no form makes such entities"),
    ))]
async fn entities_by_password(app: State<App>, client: Client, list: Path<ListFile>) -> Answer {
    entities(app, client, list).await
}

/// The last part of a list's address.
#[derive(serde::Deserialize)]
struct ListFile {
    list: String,
}

/// A file beside a form.
#[utoipa::path(get, path = "/openrosa/{token}/files/{hash}", tag = "openrosa",
    params(
        ("token" = String, Path, description = "the client's token"),
        ("hash" = String, Path, description = "SHA-256 of the file"),
    ),
    responses(
        (status = 200, description = "the file", content_type = "application/octet-stream"),
        TokenRefused,
        (status = 404, description = "no such file"),
    ))]
async fn file(
    State(app): State<App>,
    client: Client,
    Path(ByHash { hash }): Path<ByHash>,
) -> Answer {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "there is no such file");
    let hash = hash.parse().map_err(|_not_a_hash| unknown())?;
    let file = app.database().file_seen_by(&client.session.account, hash).await?;
    let file = file.ok_or_else(unknown)?;
    app.budgets().take(&client.session.account, Take::Bytes(file.size))?;
    let bytes = in_pieces(&app, &file);
    let length = file.size.to_string();
    let headers = [(header::CONTENT_TYPE, file.media_type), (header::CONTENT_LENGTH, length)];
    Ok((headers, bytes).into_response())
}

/// The same for who sends name and password (HTTP Basic), or name and token (Digest).
#[utoipa::path(get, path = "/openrosa/files/{hash}", tag = "openrosa",
    params(("hash" = String, Path, description = "SHA-256 of the file")),
    responses(
        (status = 200, description = "the file", content_type = "application/octet-stream"),
        PasswordRefused,
        (status = 404, description = "no such file"),
    ))]
async fn file_by_password(app: State<App>, client: Client, hash: Path<ByHash>) -> Answer {
    file(app, client, hash).await
}

/// Whether the client may send, and how much at a time.
#[utoipa::path(head, path = "/openrosa/{token}/submission", tag = "openrosa",
    params(("token" = String, Path, description = "the client's token")),
    responses(
        (status = 204, description = "`Location`, `X-OpenRosa-Accept-Content-Length`"),
        TokenRefused,
    ))]
async fn welcome(client: Client) -> Response {
    (StatusCode::NO_CONTENT, submission_headers(&client)).into_response()
}

/// The same for who sends name and password (HTTP Basic).
#[utoipa::path(head, path = "/openrosa/submission", tag = "openrosa", responses(
    (status = 204, description = "`Location`, `X-OpenRosa-Accept-Content-Length`"),
    PasswordRefused,
))]
async fn welcome_by_password(client: Client) -> Response {
    welcome(client).await
}

fn submission_headers(client: &Client) -> [(HeaderName, HeaderValue); 2] {
    let place = HeaderValue::from_str(&format!("{}/submission", client.base));
    let place = place.unwrap_or(HeaderValue::from_static("/"));
    [(header::LOCATION, place), (ACCEPTS, HeaderValue::from(WELCOME_SUBMISSION))]
}

/// Takes a filled form: `xml_submission_file` and its attachments. It is on disk when this answers. What cannot be applied
/// is kept for the repair desk and acknowledged; sending it again changes nothing, but for attachments that were not there.
#[utoipa::path(post, path = "/openrosa/{token}/submission", tag = "openrosa",
    params(("token" = String, Path, description = "the client's token")),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "`OpenRosaResponse`: kept", content_type = "text/xml"),
        (status = 400, description = "no multipart, no XML, broken XML: nothing was stored", content_type = "text/xml"),
        TokenRefused,
        (status = 413, description = "more than 32 MiB: what came whole before that is kept; or 4 MiB of XML: nothing was stored"),
        (status = 429, description = "more than one person may send at a time, with `Retry-After`: nothing was stored"),
        (status = 507, description = "the server's disk is full; send again later"),
    ))]
async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Result<Multipart, MultipartRejection>,
) -> Answer {
    let body = body.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let room = READING.take_for(&client.session.account, &headers, MAX_SUBMISSION).await;
    let mut sent = read(body).await?;
    let too_large = sent.too_large.take();
    client.ask_again(&app).await?;
    let account = &client.session.account;
    app.budgets().take(account, Take::Bytes(sent.bytes()))?;
    app.budgets().take(account, Take::Operations(1))?;
    if let Some(phone) = &client.device_id {
        app.database().name_client(&client.session, phone).await?;
    }
    let session = client.session.clone();
    let kept = async move {
        let _room = room;
        keep(&app, &session, sent).await
    };
    // A client that hangs up takes its turn with it otherwise, and not the push that waits: the next one would count as if
    // that were not there.
    let kept = tokio::spawn(kept.in_current_span()).await.map_err(ApiError::internal)?;
    let Taken { is_applied, missing } = kept?;
    if let Some(name) = too_large {
        let message = format!("the answers arrived; this file is too large: {name}");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let mut message = match is_applied {
        true => "received".to_owned(),
        false => "received; it waits for the coordinator's decision".to_owned(),
    };
    if !missing.is_empty() {
        message.push_str("; these attachments did not come: ");
        message.push_str(&missing.join(", "));
    }
    let answer = said(StatusCode::CREATED, "submit_success", &message);
    Ok((submission_headers(&client), answer).into_response())
}

/// The same for who sends name and password (HTTP Basic).
#[utoipa::path(post, path = "/openrosa/submission", tag = "openrosa",
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "`OpenRosaResponse`: kept", content_type = "text/xml"),
        (status = 400, description = "no multipart, no XML, broken XML: nothing was stored", content_type = "text/xml"),
        PasswordRefused,
        (status = 413, description = "more than 32 MiB: what came whole before that is kept; or 4 MiB of XML: nothing was stored"),
        (status = 507, description = "the server's disk is full; send again later"),
    ))]
async fn submit_by_password(
    app: State<App>,
    client: Client,
    headers: HeaderMap,
    body: Result<Multipart, MultipartRejection>,
) -> Answer {
    submit(app, client, headers, body).await
}

/// What one request brought.
#[derive(Default)]
struct Sent {
    xml: String,
    attachments: BTreeMap<String, Attachment>,
    /// Whether the client says that more attachments follow.
    is_incomplete: bool,
    /// Where more came than one request may have: the file that it broke off in.
    too_large: Option<String>,
}

impl Sent {
    fn bytes(&self) -> u64 {
        let attachments = self.attachments.values().map(|attachment| attachment.file.size);
        self.xml.len() as u64 + attachments.sum::<u64>()
    }
}

struct Attachment {
    file: FileRef,
    bytes: Vec<u8>,
}

async fn read(mut body: Multipart) -> Result<Sent, Refusal> {
    let broken = |error: MultipartError| Refusal::new(error.status(), error.body_text());
    let (mut sent, mut xml) = (Sent::default(), None);
    // Whoever sends a film that is too large sends it again and again, and the answers with it: those are kept.
    let is_enough = |error: &MultipartError, xml: &Option<Bytes>| {
        error.status() == StatusCode::PAYLOAD_TOO_LARGE && xml.is_some()
    };
    loop {
        let part = match body.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(error) if is_enough(&error, &xml) => {
                sent.too_large = Some(String::new());
                break;
            }
            Err(error) => return Err(broken(error)),
        };
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let media_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = match part.bytes().await {
            Ok(bytes) => bytes,
            Err(error) if is_enough(&error, &xml) => {
                sent.too_large = Some(file_name.unwrap_or(name));
                break;
            }
            Err(error) => return Err(broken(error)),
        };
        match name.as_str() {
            "xml_submission_file" if xml.is_some() => {
                return Err(Refusal::bad_request("there is more than one xml_submission_file"));
            }
            "xml_submission_file" => xml = Some(bytes),
            "*isIncomplete*" => {
                sent.is_incomplete = bytes.trim_ascii().eq_ignore_ascii_case(b"yes");
            }
            _ => {
                let name = file_name.unwrap_or(name);
                let hash = codec::hash(&bytes);
                let file = FileRef { name, media_type, size: bytes.len() as u64, hash };
                let attachment = Attachment { file, bytes: bytes.into() };
                sent.attachments.insert(attachment.file.name.clone(), attachment);
            }
        }
    }
    let xml = xml.ok_or_else(|| Refusal::bad_request("there is no part xml_submission_file"))?;
    if xml.len() > MAX_BODY {
        return Err(ApiError::too_large(MAX_BODY).into());
    }
    let text = std::str::from_utf8(&xml);
    let text =
        text.map_err(|error| Refusal::bad_request(format!("the XML is no UTF-8: {error}")))?;
    text.trim_start_matches('\u{feff}').clone_into(&mut sent.xml);
    Ok(sent)
}

/// What became of a submission.
struct Taken {
    /// Whether it is in its record, and not at the repair desk.
    is_applied: bool,
    /// The attachments that it names, that never came, and that no other request is said to bring.
    missing: Vec<String>,
}

/// Keeps it. One that lacks a file which the client does not have any more is work all the same: the record shows what
/// it lacks, and takes it whenever it comes.
async fn keep(app: &App, session: &Session, sent: Sent) -> Result<Taken, Refusal> {
    let now_ms = clock::now_ms();
    let envelope = form::read_envelope(&sent.xml)
        .map_err(|error| Refusal::bad_request(format!("xml_submission_file: {error}")))?;
    let versions = app.database().form_versions(&envelope.form_id).await?;
    let known = versions.into_iter().find(|row| row.form.version == envelope.version);
    let Sent { xml, mut attachments, is_incomplete, .. } = sent;
    let reading = move || Submission::read(&xml, envelope, known);
    let submission = tokio::task::spawn_blocking(reading).await.map_err(ApiError::internal)?;

    let database = app.database();
    let _turn_here = app.openrosa().0.lock().await;
    let _turn_of_all = database.openrosa_turn().await?;
    let first = submission.deprecated.as_deref().unwrap_or(&submission.instance);
    let edited = match database.edited_record(&submission.instance).await? {
        Some(record) => Some(record),
        None => database.edited_record(first).await?,
    };
    let record = edited.unwrap_or_else(|| record_of(first));
    let (unit, author) = (session.unit.clone(), session.account.clone());
    let mut past = Past::of(database.history(record).await?);
    if past.begins_record() && database.visible_record(&author, record).await?.is_none() {
        past.keep_of(&author);
    }
    let files: BTreeMap<String, FileRef> = attachments
        .iter()
        .map(|(name, attachment)| (name.clone(), attachment.file.clone()))
        .collect();
    let plan = submission.plan(record, &past, &files, unit, author);
    let missing = plan.missing.into_iter().filter(|_| !is_incomplete).collect();
    let Some((patch, action)) = plan.patch else {
        return Ok(Taken { is_applied: past.is_applied(), missing });
    };
    for name in &plan.used {
        let Some(Attachment { file, bytes }) = attachments.remove(name) else { continue };
        let blob = NewBlob {
            hash: file.hash,
            size: file.size,
            media_type: &file.media_type,
            sender: &session.account,
        };
        keep_whole(app, blob, bytes).await?;
    }
    for name in attachments.keys() {
        tracing::debug!(name, "an attachment that no new answer names");
    }
    if submission.deprecated.is_some() {
        database.keep_edit(&submission.instance, record).await?;
    }
    let device = session.device;
    let last = Dot { device, seq: database.acked(device).await? };
    let at = Times { wall_ms: now_ms, offset_ms: Some(0), offset_age_ms: Some(0) };
    let operations = sealed(patch, action, last, at);
    let last = operations.last().map_or(0, |operation| operation.seq);
    let request = PushRequest {
        version: WIRE_VERSION,
        device,
        epoch: None,
        operations,
        oldest: None,
        unsent: None,
    };
    let sender = Sender { account: &session.account, revoked: false };
    let pushed = database.push(request, sender, now_ms).await?;
    erasure_list::let_go(app, &pushed.gone).await;
    app.announce(pushed.head);
    for (seq, reason) in &pushed.quarantined {
        tracing::warn!(%device, seq, reason = reason.name(), "quarantined");
    }
    if pushed.response.acked < last {
        return Err(ApiError::internal("a submission was not acknowledged").into());
    }
    let mut verdicts = pushed.response.verdicts.iter();
    let is_applied = verdicts.all(|verdict| verdict.outcome != Outcome::Quarantined);
    Ok(Taken { is_applied, missing })
}
