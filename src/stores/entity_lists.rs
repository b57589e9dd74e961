//! Lists of entities as the server worked them out of everybody's records: with them a form opens without this phone
//! reading all of its records anew. They hold what people entered, so they are kept with the person's own store.

use sync::codec;

use super::library::PackError;
use crate::platform::{
    http::Request,
    storage::{
        Change, Storage, StorageError, Store,
        schema::{EntityListRow, meta},
    },
};

const TAG: &str = "ETag";
const AS_OF: &str = "X-Sotay-As-Of";

/// Fetches a list, if the server has another one than this phone.
pub(super) async fn refresh(storage: &Storage, dataset: &str) -> Result<(), PackError> {
    let known = stored(storage, dataset).await?;
    let mut request = Request::get(format!("/api/v1/entities/{dataset}"));
    if let Some(known) = &known {
        request = request.header("If-None-Match", known.tag.clone());
    }
    let answer = request.send(&[TAG, AS_OF]).await?;
    let as_of_ms = answer.header(AS_OF).and_then(|text| text.parse().ok()).unwrap_or(0);
    let row = match (answer.status, known) {
        (304, Some(known)) => EntityListRow { as_of_ms, ..known },
        _ if answer.is_ok() => EntityListRow {
            tag: answer.header(TAG).unwrap_or_default().to_owned(),
            as_of_ms,
            csv: String::from_utf8(answer.body)
                .map_err(|error| PackError::Unreadable(error.to_string()))?,
        },
        _ => {
            let code = answer.error().map_or_else(|| answer.status.to_string(), |error| error.code);
            return Err(PackError::Refused(code));
        }
    };
    let key = key(dataset);
    let put = Change::Put(Store::Meta, key.as_str().into(), codec::encode(&row));
    Ok(storage.write(vec![put]).await?)
}

/// A list as the server told it last.
pub(super) async fn stored(
    storage: &Storage,
    dataset: &str,
) -> Result<Option<EntityListRow>, StorageError> {
    let row = storage.row(Store::Meta, key(dataset).as_str()).await?;
    Ok(row.and_then(|row| EntityListRow::decode(&row)))
}

fn key(dataset: &str) -> String {
    format!("{}{dataset}", meta::ENTITIES)
}
