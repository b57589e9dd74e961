//! The feed of record states.
#![expect(unused_qualifications, reason = "the macro that describes the API writes them")]

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync::pull::{About, PAGE_IN_COLUMNS, PAGE_SIZE};
use sync::wire::{DeviceId, Hash, PullResponse};
use tokio::time::{Instant, sleep_until, timeout_at};
use utoipa::IntoParams;

use super::cbor;
use super::extract::Query;
use super::signed_in::{SignedIn, speaks_for, still_signed_in};
use crate::config::MAX_WAIT;
use crate::database::{FeedPage, Since};
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::{App, clock};

/// Whoever waits for news looks no more often than this: what pushes and waiting phones cost is one by the other otherwise.
const SETTLE: Duration = Duration::from_secs(1);

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PullQuery {
    /// The cursor of the last page; none to begin.
    #[serde(default)]
    cursor: Option<String>,
    /// Seconds to wait for news when there are none, at most 25.
    #[serde(default)]
    wait: Option<u64>,
    /// `1`: answers may stand in `columns`, and more records in a page; `2`: and the answers of a column by their words.
    #[serde(default)]
    columns: Option<u8>,
    /// `1`: the last page is to say what the person may see in all, in `tally`, and waits for nothing.
    #[serde(default)]
    tally: Option<u8>,
    /// The id that the device has by now, 32 hexadecimal digits: `included`, `safe`, `settled` and `waiting` speak of it. That of the
    /// session if it is missing.
    #[serde(default)]
    device: Option<String>,
}

/// The records that changed since the cursor, newest states only, as far as the person sees them.
#[utoipa::path(get, path = "/api/v1/pull", tag = "sync", params(PullQuery), responses(
    (status = 200, description = "`PullResponse`", content_type = "application/cbor"),
    (status = 400, description = "`bad_device`", body = ErrorBody),
    (status = 401, description = "`signed_out`, `session_revoked`", body = ErrorBody),
    (status = 403, description = "`wrong_device`: the device is another account's", body = ErrorBody),
))]
pub async fn pull(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Query(query): Query<PullQuery>,
) -> ApiResult<Response> {
    let deadline = Instant::now() + Duration::from_secs(query.wait.unwrap_or(0).min(MAX_WAIT));
    let mut news = app.news();
    let mut stopping = app.stopping();
    let cursor = query.cursor.as_deref();
    let columns = query.columns.unwrap_or(0);
    let with_tally = query.tally == Some(1);
    let device = match &query.device {
        Some(device) => device
            .parse()
            .map_err(|error| ApiError::bad_request("bad_device", format!("device: {error}")))?,
        None => session.device,
    };
    speaks_for(&app, &session, device).await?;
    let mut since = Since { cursor, looked: 0 };
    let mut pack_before = None;
    loop {
        news.borrow_and_update();
        let looked_at = Instant::now();
        let page = page(&app, &session.account, device, since, columns > 0, with_tally).await?;
        let pack = app.database().pack_hash_seen_by(&session.account).await?;
        if query.wait.is_some() {
            // Much can happen while somebody waits: a session that was revoked before the news came hears none.
            still_signed_in(&app, &session).await?;
        }
        let is_news = page.start.reset
            || !page.records.is_empty()
            || !page.settled.is_empty()
            || !page.waiting.is_empty()
            || page.tally.is_some()
            || pack != *pack_before.get_or_insert(pack);
        if is_news || Instant::now() >= deadline || *stopping.borrow_and_update() {
            let answer = respond(page, pack);
            return Ok(cbor(&if columns > 1 { answer.by_words() } else { answer }));
        }
        since.looked = page.feed.head;
        tokio::select! {
            woken = timeout_at(deadline, news.changed()) => drop(woken),
            _ = stopping.changed() => {}
        }
        // Each push wakes all who wait, and nearly none of them is told of it.
        tokio::select! {
            () = sleep_until(deadline.min(looked_at + SETTLE)) => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn page(
    app: &App,
    account: &str,
    device: DeviceId,
    since: Since<'_>,
    in_columns: bool,
    with_tally: bool,
) -> ApiResult<FeedPage> {
    let database = app.database();
    let size = if in_columns { PAGE_IN_COLUMNS } else { PAGE_SIZE };
    let read = || database.feed_page(account, device, since, size, in_columns, with_tally);
    let page = read().await?;
    if !page.start.rewound {
        return Ok(page);
    }
    tracing::warn!(epoch = page.feed.epoch, "a device knows more than this database: new epoch");
    database.renew_epoch(page.feed.epoch, clock::now_ms()).await?;
    let page = read().await?;
    if page.start.rewound {
        Err(ApiError::internal("the epoch could not be renewed"))
    } else {
        Ok(page)
    }
}

fn respond(page: FeedPage, pack: Option<Hash>) -> PullResponse {
    let about = About {
        acked: page.acked,
        safe: page.safe,
        units: page.units,
        pack: pack.unwrap_or(Hash([0; 32])),
        server_ms: clock::now_ms(),
        settled: page.settled,
        names: page.names,
        tally: page.tally,
        waiting: page.waiting,
    };
    PullResponse {
        columns: page.columns,
        ..page.feed.page(page.start, page.records, page.last_of_more, about)
    }
}
