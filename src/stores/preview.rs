//! A form that is tried before it is published: it runs on this device, and its answers are kept nowhere.
//!
//! An XForm is read here, without a network; a spreadsheet is read by the server, whose reader no phone has to fetch.

use std::sync::Arc;

use form::{Resources, XformError};
use leptos::prelude::*;
use serde::Deserialize;
use sync::{
    codec,
    wire::{Dot, FormRef},
};
use thiserror::Error;

use super::{
    FormEntry, Records,
    form_entry::{Medium, Opening},
    pack::Text,
    record_id,
};
use crate::platform::{
    address::Query,
    files::Picked,
    http::{HttpError, Method, Request, Response},
    json,
    storage::{Storage, StorageError},
};

/// Something that the author of a form should mend, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormProblem {
    /// In the spreadsheet.
    Sheet(SheetProblem),
    /// In the form, by path.
    Node(form::Problem),
    /// The file is no form.
    Broken(XformError),
}

impl FormProblem {
    /// Whether it keeps the form from running.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Sheet(problem) => problem.is_error,
            Self::Node(problem) => !problem.is_warning(),
            Self::Broken(_) => true,
        }
    }
}

/// A problem of a spreadsheet, as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SheetProblem {
    /// Whether it keeps the form from running.
    pub is_error: bool,
    /// The sheet's name.
    pub sheet: Option<String>,
    /// The row as the spreadsheet shows it, from 1.
    pub row: Option<u32>,
    /// The column's letters.
    pub column: Option<String>,
    /// The column's header.
    pub header: Option<String>,
    /// What is wrong.
    pub text: Text,
}

/// Why nothing can be said of the files.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PreviewError {
    /// None of the files is a form.
    #[error("no form among the files")]
    NoForm,
    /// The server is not reached.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server refuses; its code.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server asks to wait so many minutes.
    #[error("to wait {0} min")]
    Wait(u32),
    /// The server's answer cannot be read.
    #[error("unreadable answer: {0}")]
    Garbled(String),
    /// The form could not be set up.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of the files.
#[derive(Clone)]
pub struct Preview {
    /// What their author should mend.
    pub problems: Arc<Vec<FormProblem>>,
    /// The form, if it can run.
    pub trial: Option<Trial>,
}

/// A form that runs, with the records that it believes in.
#[derive(Clone, Copy)]
pub struct Trial {
    /// The form.
    pub entry: FormEntry,
    /// A record of its own and no other.
    pub records: Records,
}

/// A form as it comes from the server.
#[derive(Deserialize)]
struct Converted {
    form: Option<String>,
    problems: Vec<SheetProblem>,
}

impl PreviewError {
    /// What an answer says that is no form.
    #[must_use]
    pub fn refused(answer: &Response) -> Self {
        let code = || answer.error().map_or_else(|| answer.status.to_string(), |error| error.code);
        answer.wait_min().map_or_else(|| Self::Refused(code()), Self::Wait)
    }
}

/// Tries the form among the files; the others are files that the form names (`jr://`). What lives as long as the form
/// belongs to `owner`, and goes with it.
pub async fn preview(mut files: Vec<Picked>, owner: &Owner) -> Result<Preview, PreviewError> {
    let at = form_among(&files).ok_or(PreviewError::NoForm)?;
    let main = files.swap_remove(at);
    let Converted { form, problems } = match String::from_utf8(main.bytes) {
        Ok(xml) if is_xml(&xml) => Converted { form: Some(xml), problems: Vec::new() },
        Ok(text) => convert(&main.name, text.into_bytes()).await?,
        Err(binary) => convert(&main.name, binary.into_bytes()).await?,
    };
    let mut problems: Vec<FormProblem> = problems.into_iter().map(FormProblem::Sheet).collect();
    let trial = match form {
        None => None,
        Some(xml) => start(&xml, files, &mut problems, owner).await?,
    };
    problems.sort_by_key(|problem| !problem.is_error());
    Ok(Preview { problems: Arc::new(problems), trial })
}

/// Asks the server, which reads spreadsheets.
async fn convert(name: &str, bytes: Vec<u8>) -> Result<Converted, PreviewError> {
    let query = Query::default().with("name", name);
    let request = Request::new(Method::Post, format!("/api/v1/forms/preview{}", query.suffix()));
    let answer = request.body("application/octet-stream", bytes).send(&[]).await?;
    if !answer.is_ok() {
        return Err(PreviewError::refused(&answer));
    }
    json::read(&answer.body).map_err(PreviewError::Garbled)
}

/// Sets the form up in a store of its own.
async fn start(
    xml: &str,
    files: Vec<Picked>,
    problems: &mut Vec<FormProblem>,
    owner: &Owner,
) -> Result<Option<Trial>, PreviewError> {
    let form = match form::parse_xform(xml) {
        Ok((form, found)) => {
            problems.extend(found.into_iter().map(FormProblem::Node));
            form
        }
        Err(broken) => {
            problems.push(FormProblem::Broken(broken));
            return Ok(None);
        }
    };
    // A hash finds a form again, and nothing of a trial is kept to be found.
    let hash = codec::hash(b"");
    let form_ref = FormRef { id: form.id().to_owned(), version: form.version().to_owned(), hash };
    let texts: Vec<String> =
        files.iter().filter_map(|file| String::from_utf8(file.bytes.clone()).ok()).collect();
    let media = files.iter().filter(|file| is_medium(file)).cloned();
    let media = media.map(|file| Medium::Picked(file, None)).collect();
    let program = match form::compile(form, &resources(files)) {
        Ok(program) => program,
        Err(found) => {
            problems.extend(found.into_iter().map(FormProblem::Node));
            return Ok(None);
        }
    };
    // A submission of the form among the files is opened to be changed.
    let submission = texts.iter().find_map(|text| program.fields_to_edit(text).ok());
    problems.extend(program.warnings().iter().cloned().map(FormProblem::Node));
    let storage = Storage::in_memory();
    let records = Records::tried(storage.clone()).await?;
    let opening = Opening {
        record: record_id::new(),
        form: form_ref,
        unit: String::new(),
        account: String::new(),
        device: String::new(),
        view: None,
        place: None,
        awaited: std::collections::BTreeSet::new(),
        seen: Dot { device: records.device().device, seq: 0 },
        unsealed: false,
        media,
        missing_files: Vec::new(),
        log: String::new(),
        submission,
    };
    let entry = owner.with(|| FormEntry::open(Arc::new(program), storage, records, opening));
    Ok(Some(Trial { entry, records }))
}

/// What a form may name: text files by their names.
fn resources(files: Vec<Picked>) -> Resources {
    let text = |file: Picked| Some((file.name, String::from_utf8(file.bytes).ok()?));
    Resources { files: sync::gather(files.into_iter().filter_map(text)) }
}

/// Which of the files is the form: a workbook or an XForm, else a table of text, if there is only one: the others may
/// be lists that the form names.
fn form_among(files: &[Picked]) -> Option<usize> {
    let is = |endings: &'static [&str]| {
        move |file: &Picked| {
            let ending = file.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
            endings.contains(&ending.as_str())
        }
    };
    let is_workbook = is(&["xlsx", "xlsm", "xls", "md"]);
    let sure = files.iter().position(|file| is_workbook(file) || is_xform(file));
    let mut tables = (0..).zip(files).filter(|(_, file)| is(&["csv"])(file));
    sure.or_else(|| match (tables.next(), tables.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    })
}

/// What labels show or play.
fn is_medium(file: &Picked) -> bool {
    ["image/", "audio/", "video/"].iter().any(|kind| file.media_type.starts_with(kind))
}

/// A list that a form names may be XML too.
fn is_xform(file: &Picked) -> bool {
    let is_form = |text: &str| is_xml(text) && text.contains("http://www.w3.org/2002/xforms");
    std::str::from_utf8(&file.bytes).is_ok_and(is_form)
}

fn is_xml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}
