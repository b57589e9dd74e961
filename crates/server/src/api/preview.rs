//! A form that is tried before it is published: a spreadsheet in, its `XForm` and its problems out. Nothing is kept.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xlsform::Kind;

use super::extract::Query;
use super::signed_in::{Sent, SignedIn};
use crate::App;
use crate::budgets::Take;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::problem_words;
use crate::spreadsheet_form::{self, FileProblem, OLD};
use crate::turns::Turns;

/// One spreadsheet at a time: a hostile one takes seconds, and phones that send records need the other processors.
static TURN: Turns = Turns::new(1);

/// Which file it is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct PreviewQuery {
    /// The file's name. Its ending tells what it is: `.xlsx`, `.csv` or `.md`; the rest is the form's id unless
    /// its settings name another.
    #[serde(default)]
    name: String,
}

/// What became of the file.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    /// The `XForm`; `null` with an error among the problems. Whoever runs it finds what else is wrong in it.
    form: Option<String>,
    /// What its author should mend.
    problems: Vec<PreviewProblem>,
}

/// Something to mend, with its place.
#[derive(Default, Serialize, ToSchema)]
pub struct PreviewProblem {
    /// Whether it keeps the form from running.
    is_error: bool,
    /// The sheet's name; `null` when the file as a whole is at fault.
    sheet: Option<String>,
    /// The row as the spreadsheet shows it, from 1.
    row: Option<u32>,
    /// The column's letters.
    column: Option<String>,
    /// The column's header.
    header: Option<String>,
    /// What is wrong.
    text: ProblemText,
}

/// A text in both languages of the app.
#[derive(Default, Serialize, ToSchema)]
pub struct ProblemText {
    vi: String,
    en: String,
}

impl From<&FileProblem> for PreviewProblem {
    fn from(problem: &FileProblem) -> Self {
        let is_error = !problem.is_warning();
        match problem {
            FileProblem::Unreadable(error) => {
                let text = ProblemText { vi: problem_words::of_file(error), en: error.to_string() };
                Self { is_error, text, ..Self::default() }
            }
            FileProblem::Old => {
                let text = ProblemText { vi: problem_words::OLD.to_owned(), en: OLD.to_owned() };
                Self { is_error, text, ..Self::default() }
            }
            FileProblem::Sheet(problem) => Self {
                is_error,
                sheet: Some(problem.sheet.clone()),
                row: problem.row,
                column: problem.column.as_ref().map(|column| column.letters.clone()),
                header: problem.column.as_ref().map(|column| column.header.clone()),
                text: ProblemText {
                    vi: problem_words::of_sheet(&problem.kind),
                    en: problem.kind.to_string(),
                },
            },
        }
    }
}

/// The columns beyond `XLSForm` that the forms of the pack in force keep: nothing is wrong with them.
async fn keep_columns(app: &App) -> ApiResult<Vec<String>> {
    #[derive(Deserialize)]
    struct Kept {
        #[serde(default)]
        keep_columns: Vec<String>,
    }
    let Some(hash) = app.database().pack_hash().await? else { return Ok(Vec::new()) };
    let Some(json) = app.database().pack_json(hash).await? else { return Ok(Vec::new()) };
    let kept: Kept = serde_json::from_slice(&json).map_err(ApiError::internal)?;
    Ok(kept.keep_columns)
}

/// Makes the form of a spreadsheet and tells its problems by sheet, row and column.
#[utoipa::path(post, path = "/api/v1/forms/preview", tag = "content",
    params(PreviewQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "read, whatever is wrong in it", body = Preview),
        (status = 400, description = "`truncated`", body = ErrorBody),
        (status = 401, description = "`signed_out`", body = ErrorBody),
        (status = 413, description = "`too_large`: more than 4 MiB", body = ErrorBody),
        (status = 415, description = "`unknown_file`: the name has none of the endings", body = ErrorBody),
        (status = 429, description = "`too_many_requests`, with `Retry-After`", body = ErrorBody),
    ))]
pub async fn preview(
    State(app): State<App>,
    _: SignedIn,
    Query(query): Query<PreviewQuery>,
    Sent(SignedIn(session), body, ..): Sent<SignedIn, Result<Bytes, BytesRejection>>,
) -> ApiResult<Json<Preview>> {
    let body = super::whole(body)?;
    let kind = Kind::from_file_name(&query.name).ok_or_else(|| {
        let message = "a form is an .xlsx, .csv or .md file";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_file", message)
    })?;
    app.budgets().take(&session.account, Take::Report)?;
    let keep_columns = keep_columns(&app).await?;
    let turn = TURN.take().await;
    let converted = move || match xlsform::is_xls(&body) {
        true => (None, vec![FileProblem::Old]),
        false => spreadsheet_form::write(&query.name, kind, &body, &keep_columns),
    };
    let (form, problems) = turn.work(converted).await.map_err(ApiError::internal)?;
    Ok(Json(Preview { form, problems: problems.iter().map(PreviewProblem::from).collect() }))
}
