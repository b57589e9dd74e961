//! A spreadsheet as a form that phones can run, and what its author should mend.

use std::fmt;

use form::XformError;
use form::definition::Form;
use sync::wire::{FormRef, field};
use xlsform::{Kind, ReadError, Severity};

use crate::database::FormRow;

/// What is to be done with an old spreadsheet.
pub const OLD: &str = "the file is an .xls: save it as .xlsx";

/// Something that the author of a spreadsheet should mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// The file is no spreadsheet.
    Unreadable(ReadError),
    /// It is one of the kind that is read for the operator only: see [`xlsform::is_xls`].
    Old,
    /// In a cell, a row or a sheet.
    Sheet(xlsform::Problem),
}

/// Something that the author of a form should mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormProblem {
    /// In the spreadsheet.
    File(FileProblem),
    /// In the form that the spreadsheet makes, by path.
    Node(form::Problem),
    /// The form that was written cannot be read again.
    Broken(XformError),
}

impl FileProblem {
    /// Whether the form can be used all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Sheet(problem) if problem.severity != Severity::Error)
    }
}

impl FormProblem {
    /// Whether the form can be used all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::File(problem) => problem.is_warning(),
            Self::Node(problem) => problem.is_warning(),
            Self::Broken(_) => false,
        }
    }
}

impl fmt::Display for FormProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(FileProblem::Unreadable(error)) => error.fmt(f),
            Self::File(FileProblem::Old) => f.write_str(OLD),
            Self::File(FileProblem::Sheet(problem)) => problem.fmt(f),
            Self::Node(problem) => problem.fmt(f),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

/// Makes the form of a spreadsheet: what is written is read again and compiled, as phones will do.
#[must_use]
pub fn convert(
    file_name: &str,
    kind: Kind,
    bytes: &[u8],
    keep_columns: &[String],
) -> (Option<FormRow>, Vec<FormProblem>) {
    let (xml, found) = write(file_name, kind, bytes, keep_columns);
    let mut problems: Vec<FormProblem> = found.into_iter().map(FormProblem::File).collect();
    let form = xml.and_then(|xml| {
        let form = runnable(&xml, &mut problems)?;
        let hash = sync::codec::hash(xml.as_bytes());
        let form = FormRef { id: form.id().to_owned(), version: form.version().to_owned(), hash };
        Some(FormRow { form, xml })
    });
    (form, problems)
}

/// Writes the `XForm` of a spreadsheet. Whether it can run is not asked.
#[must_use]
pub fn write(
    file_name: &str,
    kind: Kind,
    bytes: &[u8],
    keep_columns: &[String],
) -> (Option<String>, Vec<FileProblem>) {
    let workbook = match xlsform::read_workbook(bytes, kind) {
        Ok(workbook) => workbook,
        Err(error) => return (None, vec![FileProblem::Unreadable(error)]),
    };
    let options = xlsform::Options {
        form_id: file_name.rsplit_once('.').map(|(name, _)| name.to_owned()),
        keep_columns: keep_columns.to_vec(),
        reserved_names: field::OURS.map(str::to_owned).to_vec(),
        ..xlsform::Options::default()
    };
    let (form, found) = xlsform::convert(&workbook, &options);
    let problems = found.into_iter().map(FileProblem::Sheet).collect();
    let written = form.map(|mut form| {
        // Phones get the form alone: what ODK keeps in a file beside it goes along in it.
        for list in xlsform::external_choices_lists(&workbook) {
            if form.secondary.iter().all(|own| own.id != list.id) {
                form.secondary.push(list);
            }
        }
        keep_here(&mut form);
        form::write_xform(&form)
    });
    (written, problems)
}

/// What `submission` may say of another server, and of a key without which nobody reads what comes.
const ELSEWHERE: [&str; 3] = ["action", "method", "base64RsaPublicKey"];

/// Answers come to this server, and can be read here: takes out of a form what says otherwise, if there is any.
fn keep_here(form: &mut Form) -> bool {
    let Some(mut submission) = form.submission.take() else { return false };
    let said = submission.attributes.len();
    submission.attributes.retain(|attribute| !ELSEWHERE.contains(&attribute.name.as_str()));
    let left = submission.attributes.len();
    form.submission = (left > 0).then_some(submission);
    left < said
}

/// A form as `OpenRosa` clients get it, which do all that it says. Versions that were stored long ago may still say too much.
#[must_use]
pub fn for_clients(xml: String) -> String {
    let read = xml.contains("<submission").then(|| form::parse_xform(&xml).ok()).flatten();
    match read {
        Some((mut form, _)) => match keep_here(&mut form) {
            true => form::write_xform(&form),
            false => xml,
        },
        None => xml,
    }
}

fn runnable(xml: &str, problems: &mut Vec<FormProblem>) -> Option<Form> {
    let (form, found) = match form::parse_xform(xml) {
        Ok(read) => read,
        Err(error) => {
            problems.push(FormProblem::Broken(error));
            return None;
        }
    };
    problems.extend(found.into_iter().map(FormProblem::Node));
    if let Err(found) = form::compile(form.clone(), &form::Resources::default()) {
        problems.extend(found.into_iter().map(FormProblem::Node));
        return None;
    }
    Some(form)
}
