//! What is held of a record, in the log and at the repair desk, and emptying it.

use sync::codec;
use sync::erase::Erased;
use sync::wire::{Operation, RecordId};

use super::{KeptOperation, kept_operation};
use crate::database::log::Head;
use crate::database::sql::{query, query_as};
use crate::database::{Answer, Write};

/// The table of the log.
pub(super) const LOG: &str = "operation";

/// A row that holds an operation of a record: in the log, or at the repair desk.
pub(super) struct Held {
    pub(super) table: &'static str,
    row: i64,
    /// Whether it is in the log, be it that it waits at the repair desk too.
    pub(super) is_logged: bool,
    pub(super) kept: KeptOperation,
}

pub(super) async fn held(tx: &mut Write, record: RecordId) -> Answer<Vec<Held>> {
    let mut held = Vec::new();
    for (table, sql) in [
        (
            LOG,
            "SELECT place, bytes, received_ms, TRUE, TRUE FROM operation WHERE record = $1 ORDER BY place",
        ),
        (
            "quarantine",
            "SELECT q.id, q.bytes, q.received_ms, q.outcome IS NOT NULL, o.hash IS NOT NULL FROM quarantine q
             LEFT JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
             WHERE q.record = $1 ORDER BY q.id",
        ),
    ] {
        let rows: Vec<(i64, Vec<u8>, i64, bool, bool)> =
            query_as(sql).bind(record.0.as_slice()).fetch_all(&mut *tx).await?;
        held.extend(rows.into_iter().filter_map(|(row, bytes, received_ms, stands, is_logged)| {
            let kept = kept_operation(&bytes, received_ms, stands)?;
            Some(Held { table, row, is_logged, kept })
        }));
    }
    Ok(held)
}

/// Those of them that the log has.
pub(super) fn logged(held: &[Held]) -> impl Iterator<Item = &Operation> + Clone {
    let logged = held.iter().filter(|kept| kept.is_logged);
    logged.map(|held| &held.kept.operation)
}

/// Empties what of a record came from before an erasure. Says whether there was any such thing.
pub(super) async fn empty_held(
    tx: &mut Write,
    held: &mut [Held],
    erased: &mut Erased,
    head: &mut Head,
) -> Answer<bool> {
    let mut is_any = false;
    for held in held {
        let cut = if held.is_logged { Erased::cut } else { Erased::cut_beside };
        if cut(erased, &mut held.kept.operation) {
            rewrite(tx, held, head).await?;
            is_any = true;
        }
    }
    Ok(is_any)
}

/// Empties what lies beside the log where an erasure is being made, or made again: what a copy from before it holds has not seen it.
pub(super) async fn empty_unseen(
    tx: &mut Write,
    held: &mut [Held],
    erasure: &Operation,
    head: &mut Head,
) -> Answer<()> {
    for held in held.iter_mut().filter(|held| !held.is_logged) {
        if Erased::cut_unseen(erasure, &mut held.kept.operation) {
            rewrite(tx, held, head).await?;
        }
    }
    Ok(())
}

/// Writes an operation as it is now. What the repair desk has is told anew.
async fn rewrite(tx: &mut Write, held: &Held, head: &mut Head) -> Answer<()> {
    let bytes = codec::encode(&held.kept.operation);
    let update = match held.table {
        LOG => query("UPDATE operation SET bytes = $2 WHERE place = $1").bind(held.row).bind(bytes),
        _ => query("UPDATE quarantine SET bytes = $2, rv = $3 WHERE id = $1")
            .bind(held.row)
            .bind(bytes)
            .bind(head.next()),
    };
    update.execute(&mut *tx).await?;
    Ok(())
}
