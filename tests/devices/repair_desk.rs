//! What the repair desk settles, the author's phone hears of; until then it says that the work is kept for repair.

use serde_json::{Value as Json, json};
use sync::wire::{Action, Outcome};

use crate::rig::{Phone, Server, Work, http::Answer, unit, who};

const FIELD: &str = "pa/a1_gc";

/// The coordinator settles an entry.
pub async fn settle(desk: &Phone, entry: &Json, how: &str, body: Json) -> Answer {
    let path = format!("/api/v1/quarantine/{}/{how}", entry["id"]);
    desk.http.post_json(&path, &body).await.expect("an answer")
}

/// Oldest first.
pub async fn waiting(desk: &Phone) -> Vec<Json> {
    let list = desk.http.get("/api/v1/quarantine").await.expect("an answer").json();
    list.as_array().expect("a list").iter().rev().cloned().collect()
}

fn outcomes(phone: &Phone) -> Vec<Option<Outcome>> {
    let verdicts = phone.disk.outbox.values().map(|sealed| sealed.verdict.as_ref());
    verdicts.map(|verdict| verdict.map(|verdict| verdict.outcome)).collect()
}

/// Thu fills a form of a ward that is not hers, then corrects it; both wait at the desk.
async fn misplaced(server: &Server) -> (Phone, Phone, sync::wire::RecordId) {
    let mut thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    let desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let record = thu.fill(&Work::inspection(unit::LONG_KHANH).await, &[(FIELD, "viết nhầm")]);
    thu.open(record);
    thu.answer(record, FIELD, "viết đúng");
    thu.press(record, Action::Amend);
    let status = thu.sync().await;
    assert_eq!((status.unsent_ops, status.blocked), (0, None));
    assert_eq!(outcomes(&thu), [Some(Outcome::Quarantined); 2]);
    assert!(thu.view(record).is_some_and(|view| view.quarantined), "it says so");
    (thu, desk, record)
}

#[tokio::test]
async fn work_applied_at_the_desk_is_never_laid_over_what_came_after_it() {
    let server = Server::start().await;
    let (mut thu, mut desk, record) = misplaced(&server).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    // The correction first: the order does not matter.
    for entry in waiting(&desk).await.iter().rev() {
        assert_eq!(settle(&desk, entry, "apply", json!(null)).await.status, 200);
    }
    hoa.sync().await;
    assert_eq!(hoa.shown(record, FIELD).as_deref(), Some("viết đúng"));
    assert!(hoa.view(record).unwrap().conflicts.is_empty());
    hoa.open(record);
    hoa.answer(record, FIELD, "Hoa viết lại");
    hoa.press(record, Action::Amend);
    hoa.sync().await;

    thu.sync().await;
    let applied = [Some(Outcome::Applied), Some(Outcome::Merged)];
    assert!(outcomes(&thu).iter().all(|outcome| applied.contains(outcome)), "{:?}", outcomes(&thu));
    assert!(thu.view(record).is_none(), "what is another ward's now is not hers to see");
    desk.sync().await;
    assert_eq!(desk.shown(record, FIELD).as_deref(), Some("Hoa viết lại"));
    assert_eq!(desk.operations(record).await, 3);
    assert!(waiting(&desk).await.is_empty());
}

#[tokio::test]
async fn an_author_who_sees_the_record_sees_it_once_and_as_it_stands() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[(FIELD, "của Hoa")]);
    // Somebody else's session brings it, so that it waits, and then she is back.
    hoa.account = who::MINH.to_owned();
    hoa.sign_in().await;
    hoa.sync().await;
    hoa.account = who::HOA.to_owned();
    hoa.sign_in().await;
    assert!(hoa.view(record).is_some_and(|view| view.quarantined));
    let entry = waiting(&desk).await.remove(0);
    assert_eq!(entry["reason"], "other_author");
    settle(&desk, &entry, "apply", json!(null)).await;
    desk.sync().await;
    desk.open(record);
    desk.answer(record, FIELD, "người điều phối sửa");
    desk.press(record, Action::Amend);
    desk.sync().await;
    hoa.sync().await;
    let view = hoa.view(record).expect("her record");
    assert!(!view.quarantined && !view.pending && view.conflicts.is_empty(), "{view:?}");
    assert_eq!(hoa.shown(record, FIELD).as_deref(), Some("người điều phối sửa"));
}

#[tokio::test]
async fn work_set_aside_stays_on_its_author_s_phone_with_the_reason() {
    let server = Server::start().await;
    let (mut thu, desk, record) = misplaced(&server).await;
    for entry in waiting(&desk).await {
        let why = json!({ "reason": "phiếu này của phường khác" });
        assert_eq!(settle(&desk, &entry, "set-aside", why).await.status, 200);
    }
    thu.sync().await;
    assert!(thu.view(record).is_some_and(|view| view.quarantined));
    assert_eq!(thu.shown(record, FIELD).as_deref(), Some("viết đúng"));
    for sealed in thu.disk.outbox.values() {
        let verdict = sealed.verdict.as_ref().expect("it was answered");
        assert_eq!(verdict.set_aside.as_deref(), Some("phiếu này của phường khác"));
    }
}

/// The phone that sent it is lost, or has another id since; the person goes on from its rescue file.
#[tokio::test]
async fn whoever_goes_on_from_a_rescue_file_reads_what_the_desk_says_of_work_that_the_old_phone_sent()
 {
    let server = Server::start().await;
    let (thu, desk, record) = misplaced(&server).await;
    let mut new = thu.rescued("new");
    new.sign_in().await;
    new.sync().await;
    assert!(new.disk.base(record).is_none(), "the server shows her no record of another ward");
    let view = new.view(record).expect("what she wrote");
    assert!(view.quarantined && !view.pending && view.conflicts.is_empty(), "{view:?}");
    assert_eq!(new.shown(record, FIELD).as_deref(), Some("viết đúng"));
    let mut second = Phone::enrol(&server.address, who::THU, "second").await;
    second.sync().await;
    for entry in waiting(&desk).await {
        let why = json!({ "reason": "phiếu này của phường khác" });
        assert_eq!(settle(&desk, &entry, "set-aside", why).await.status, 200);
    }
    for phone in [&mut new, &mut second] {
        phone.sync().await;
        let kept = phone.view(record).and_then(|view| view.kept).expect("it is kept");
        assert_eq!(kept.set_aside.as_deref(), Some("phiếu này của phường khác"));
        assert_eq!(phone.shown(record, FIELD).as_deref(), Some("viết đúng"));
        phone.kill();
        assert!(phone.view(record).is_some_and(|view| view.quarantined), "it is on the disk");
    }
}
