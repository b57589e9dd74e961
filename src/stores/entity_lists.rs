//! Lists of entities as the server worked them out of everybody's records: with them a form opens without this phone
//! reading all of its records anew. They hold what people entered, so they are kept with the person's own store.

use sync::codec;

use super::library::PackError;
use crate::platform::{
    http::Request,
    storage::{
        Change, Key, Read, Rows, Storage, StorageError, Store,
        schema::{EntityListRow, meta},
    },
};

const TAG: &str = "ETag";
const AS_OF: &str = "X-Sotay-As-Of";

/// Fetches a list, if the server has another one than this phone.
pub(super) async fn refresh(storage: &Storage, dataset: &str) -> Result<(), PackError> {
    loop {
        let known = stored(storage, dataset).await?;
        let row = ask(dataset, known.clone()).await?;
        // Several ask at once, and whose answer is the older one only the server knows.
        if keep(storage, dataset, known, row).await? {
            return Ok(());
        }
    }
}

async fn ask(dataset: &str, known: Option<EntityListRow>) -> Result<EntityListRow, PackError> {
    let mut request = Request::get(format!("/api/v1/entities/{dataset}"));
    if let Some(known) = &known {
        request = request.header("If-None-Match", known.tag.clone());
    }
    let answer = request.send(&[TAG, AS_OF]).await?;
    let as_of_ms = answer.header(AS_OF).and_then(|text| text.parse().ok()).unwrap_or(0);
    match (answer.status, known) {
        (304, Some(known)) => Ok(EntityListRow { as_of_ms, ..known }),
        _ if answer.is_ok() => Ok(EntityListRow {
            tag: answer.header(TAG).unwrap_or_default().to_owned(),
            as_of_ms,
            csv: String::from_utf8(answer.body)
                .map_err(|error| PackError::Unreadable(error.to_string()))?,
        }),
        _ => {
            let code = answer.error().map_or_else(|| answer.status.to_string(), |error| error.code);
            Err(PackError::Refused(code))
        }
    }
}

/// Keeps a list in place of the one that was known when it was asked for. `false` if another one stands there by now.
async fn keep(
    storage: &Storage,
    dataset: &str,
    known: Option<EntityListRow>,
    row: EntityListRow,
) -> Result<bool, StorageError> {
    let key = Key::from(key(dataset).as_str());
    let read = Read::Row(Store::Meta, key.clone());
    let decide = move |rows: Vec<Rows>| {
        let stands = rows.into_iter().flatten().next();
        let stands = stands.and_then(|(_, row)| EntityListRow::decode(&row));
        let is_known = stands == known;
        let put = Change::Put(Store::Meta, key.clone(), codec::encode(&row));
        Ok((is_known.then_some(put).into_iter().collect(), is_known))
    };
    storage.update(vec![read], &[Store::Meta], decide).await
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

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn an_answer_that_was_overtaken_is_asked_for_anew() {
        let storage = Storage::in_memory();
        let list = |tag: &str| EntityListRow {
            tag: tag.to_owned(),
            as_of_ms: 1,
            csv: format!("name\n{tag}\n"),
        };
        let keeps = |known: Option<&str>, row| {
            block_on(keep(&storage, "ho", known.map(list), list(row))).expect("memory stores")
        };
        assert!(keeps(None, "a"));
        assert!(keeps(Some("a"), "b"));
        assert!(!keeps(Some("a"), "older than b"));
        assert_eq!(block_on(stored(&storage, "ho")), Ok(Some(list("b"))));
    }
}
