use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use sync::codec;
use sync::push::MAX_OPERATION_BYTES;
use sync::wire::{
    Action, AtDesk, Dot, Operation, Outcome, PullResponse, QuarantineReason, SealedOperation,
    Value, Write, field,
};

use crate::app::{Answer, Device, TestApp, text};

impl Device<'_> {
    pub async fn settle(&self, id: &Json, how: &str, body: Json) -> Answer {
        let path = format!("/api/v1/quarantine/{id}/{how}");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        self.server.request(Method::POST, &path, &headers, Body::from(body.to_string())).await
    }

    async fn waiting(&self) -> Vec<Json> {
        self.get("/api/v1/quarantine").await.json().as_array().unwrap().clone()
    }
}

/// What an officer of ward A wrote of ward B, and the coordinator of both finds at the desk.
async fn out_of_scope<'a>(server: &'a TestApp) -> (Device<'a>, Device<'a>, Json) {
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let operation = lan.create(1, 1, "phuong_b", &[("ghi_chu", text("lấn tuyến"))]);
    let told = lan.push(&[operation]).await.verdicts;
    assert_eq!(told[0].reason, Some(QuarantineReason::OutOfScope));
    let entry = thu.waiting().await.remove(0);
    (lan, thu, entry)
}

/// PostgreSQL's indexes take keys of some 2,700 bytes, and nothing that a phone sent is to lie at the desk for ever.
#[tokio::test]
async fn what_names_a_unit_that_never_was_is_set_aside_however_it_is_called() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    let told = lan.push(&[lan.create(1, 1, &long, &[])]).await.verdicts;
    assert_eq!(told[0].reason, Some(QuarantineReason::UnknownUnit));
    let entry = an.waiting().await.remove(0);
    let answer = an.settle(&entry["id"], "set-aside", json!({ "reason": "không có" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(an.waiting().await.len(), 0);
}

#[tokio::test]
async fn an_entry_says_who_wrote_what_and_what_is_in_the_way() {
    let server = TestApp::start().await;
    let (lan, thu, entry) = out_of_scope(&server).await;
    for (key, expected) in [
        ("state", json!("waiting")),
        ("reason", json!("out_of_scope")),
        ("obstacle", json!(null)),
        ("device", json!(lan.id.to_string())),
        ("device_name", json!("Điện thoại lan")),
        ("sender", json!("lan")),
        ("sender_name", json!("Chị lan")),
        ("author", json!("lan")),
        ("author_name", json!("Chị lan")),
        ("wall_ms", json!(1_732_320_000_000_i64)),
        ("record_exists", json!(false)),
        ("unit", json!("phuong_b")),
        ("form_id", json!("kiem_tra")),
        ("form_version", json!("1")),
        ("action", json!("create")),
        ("settled", json!(null)),
    ] {
        assert_eq!(entry[key], expected, "{key}");
    }
    assert_eq!(
        entry["fields"][1],
        json!({ "path": "ghi_chu", "value": "lấn tuyến", "file": null, "replaced": 0 })
    );
    let mut strange = lan.create(3, 3, "phuong_a", &[]);
    strange.form.version = "99".to_owned();
    let large = text(&"x".repeat(MAX_OPERATION_BYTES));
    let mut request = lan.request(&[]);
    let garbage = SealedOperation { seq: 2, bytes: b"garbage".to_vec() };
    request.operations.push(garbage);
    let more = [strange, lan.create(4, 4, "phuong_a", &[("ghi_chu", large)])];
    request.operations.extend(lan.request(&more).operations);
    lan.post_push(codec::encode(&request), &[]).await;
    let obstacles = thu.waiting().await;
    let obstacles: Vec<_> = obstacles.iter().map(|entry| &entry["obstacle"]).collect();
    assert_eq!(
        obstacles,
        [&json!("too_large"), &json!("unknown_form"), &json!("unreadable"), &json!(null)]
    );
    let first = thu.get("/api/v1/quarantine?before=2").await.json();
    assert_eq!(first.as_array().unwrap().len(), 1);
    let auditor = server.device("kiem").await;
    assert_eq!(auditor.waiting().await[3]["obstacle"], "not_your_unit", "who only reads");
}

#[tokio::test]
async fn what_is_applied_at_the_desk_stands_in_its_record_and_its_phone_hears_of_it_once() {
    let server = TestApp::start().await;
    let (lan, thu, entry) = out_of_scope(&server).await;
    let hoa = server.device("hoa").await;
    let (before, theirs) = (lan.pull(None).await, hoa.pull(None).await);
    assert!(before.settled.is_none() && theirs.records.is_empty());
    let answer = thu.settle(&entry["id"], "apply", json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let applied = answer.json();
    assert_eq!((&applied["state"], &applied["record_exists"]), (&json!("applied"), &json!(true)));
    assert_eq!(applied["settled"]["by_name"], "Chị thu");
    assert_eq!(applied["settled"]["outcome"], "applied");
    assert_eq!(thu.settle(&entry["id"], "apply", json!(null)).await.json(), applied, "once");
    assert!(thu.waiting().await.is_empty());
    assert_eq!(thu.get("/api/v1/quarantine?state=settled").await.json()[0], applied);

    let came = hoa.pull(Some(&theirs.cursor)).await;
    assert_eq!((came.records.len(), came.records[0].author.as_str()), (1, "lan"));
    let told = lan.pull(Some(&before.cursor)).await;
    let verdicts = told.settled.expect("the verdict is told");
    assert_eq!((verdicts[0].seq, verdicts[0].outcome), (1, Outcome::Applied));
    assert!(lan.pull(Some(&told.cursor)).await.settled.is_none(), "told once");
    let again = lan.push(&[lan.create(1, 1, "phuong_b", &[("ghi_chu", text("lấn tuyến"))])]).await;
    assert_eq!(again.verdicts, verdicts, "sent again, it is told the same");
    let path = format!("/api/v1/records/{}/history", sync::wire::RecordId([1; 16]));
    assert_eq!(thu.get(&path).await.json()[0]["outcome"], "applied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_waits_for_news_hears_at_once_that_its_work_was_set_aside() {
    let server = TestApp::start().await;
    let (lan, thu, entry) = out_of_scope(&server).await;
    let path = format!("/api/v1/pull?cursor={}&wait=20", lan.pull(None).await.cursor);
    let why = json!({ "reason": "đã có phiếu khác" });
    let both = async { tokio::join!(lan.get(&path), thu.settle(&entry["id"], "set-aside", why)) };
    let (heard, _) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .expect("the news comes long before the wait is over");
    let page: PullResponse = codec::decode(&heard.body).unwrap();
    assert_eq!(page.settled.expect("the verdict is told").len(), 1);
}

#[tokio::test]
async fn what_is_set_aside_keeps_its_bytes_and_its_author_reads_why() {
    let server = TestApp::start().await;
    let (lan, thu, entry) = out_of_scope(&server).await;
    let cursor = lan.pull(None).await.cursor;
    for reason in ["", "  ", &"x".repeat(501)] {
        let answer = thu.settle(&entry["id"], "set-aside", json!({ "reason": reason })).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "no_reason"));
    }
    let why = json!({ "reason": " Phường Bảo Vinh đã tự lập phiếu " });
    let aside = thu.settle(&entry["id"], "set-aside", why).await.json();
    assert_eq!(aside["state"], "set_aside");
    assert_eq!(aside["settled"]["reason"], "Phường Bảo Vinh đã tự lập phiếu");
    let told = lan.pull(Some(&cursor)).await.settled.expect("the verdict is told");
    assert_eq!(told[0].outcome, Outcome::Quarantined);
    assert_eq!(told[0].set_aside.as_deref(), Some("Phường Bảo Vinh đã tự lập phiếu"));
    let apply = thu.settle(&entry["id"], "apply", json!(null)).await;
    assert_eq!((apply.status, apply.code().as_str()), (StatusCode::CONFLICT, "already_settled"));
    assert_eq!(thu.get("/api/v1/quarantine?state=all").await.json()[0]["fields"], entry["fields"]);
}

/// Whoever brought it did not do it.
#[tokio::test]
async fn the_history_names_who_did_it_and_not_whose_session_brought_it() {
    let server = TestApp::start().await;
    let (minh, an) = (server.device("minh").await, server.device("an").await);
    let mut operation = minh.create(1, 1, "phuong_a", &[]);
    operation.author = "lan".to_owned();
    minh.push(&[operation]).await;
    let entry = an.waiting().await.remove(0);
    assert_eq!(entry["reason"], "other_author");
    assert_eq!(an.settle(&entry["id"], "apply", json!(null)).await.status, StatusCode::OK);
    let path = format!("/api/v1/records/{}/history", sync::wire::RecordId([1; 16]));
    let act = &an.get(&path).await.json()[0];
    assert_eq!((&act["author"], &act["author_name"]), (&json!("lan"), &json!("Chị lan")));
}

#[tokio::test]
async fn the_desk_overrules_what_the_author_lacked_and_not_what_it_lacks_itself() {
    let server = TestApp::start().await;
    let (lan, thu, entry) = out_of_scope(&server).await;
    let id = &entry["id"];
    for who in ["lan", "kiem"] {
        let answer = server.device(who).await.settle(id, "apply", json!(null)).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"));
    }
    let nothing = thu.settle(&json!(999), "apply", json!(null)).await;
    assert_eq!((nothing.status, nothing.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    lan.push(&[{
        let mut operation = lan.create(2, 2, "phuong_a", &[]);
        operation.form.version = "99".to_owned();
        operation
    }])
    .await;
    let strange = thu.waiting().await.remove(0);
    let answer = thu.settle(&strange["id"], "apply", json!(null)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "cannot_apply"));
    assert_eq!(thu.waiting().await.len(), 2, "both wait as before");
}

/// Found by schedule 62,034 of the simulation: a record stands under its creator's unit, also when the creator's operation
/// comes late.
#[tokio::test]
async fn a_record_that_a_repair_moves_to_its_creators_unit_leaves_the_phones_of_the_other() {
    let server = TestApp::start().await;
    let (lan, hoa, thu) =
        (server.device("lan").await, server.device("hoa").await, server.device("thu").await);
    server.app.database().disable_account("lan", None, 5).await.unwrap();
    lan.push(&[lan.create(1, 7, "phuong_a", &[("ghi_chu", text("người tạo"))])]).await;
    let mut edit = hoa.create(1, 7, "phuong_b", &[("ghi_chu", text("người sửa"))]);
    edit.action = Action::Edit;
    edit.fields.remove(field::STATE);
    assert_eq!(hoa.push(&[edit]).await.verdicts[0].outcome, Outcome::Applied);
    let page = hoa.pull(None).await;
    assert_eq!((page.records.len(), page.records[0].unit.as_str()), (1, "phuong_b"));
    let record = page.records[0].record;
    let seen = thu.pull(None).await.cursor;

    let entry = thu.waiting().await.remove(0);
    assert_eq!(thu.settle(&entry["id"], "apply", json!(null)).await.status, StatusCode::OK);
    let moved = thu.pull(Some(&seen)).await.records;
    assert_eq!((moved.len(), moved[0].unit.as_str(), moved[0].left), (1, "phuong_a", false));
    let told = hoa.pull(Some(&page.cursor)).await;
    assert!(!told.reset, "one record is no reason to take the feed from its start");
    assert_eq!(told.records, [sync::pull::left(record, "phuong_b".to_owned(), told.records[0].rv)]);
    assert_eq!(told.names, None, "nothing of who wrote it");
    assert!(hoa.pull(Some(&told.cursor)).await.records.is_empty(), "told once");
    assert!(hoa.pull(None).await.records.is_empty(), "who never had it hears nothing of it");
    for both in [&thu, &server.device("kiem").await] {
        let page = both.pull(None).await;
        assert!(
            page.records.iter().all(|record| !record.left),
            "who sees both units goes on seeing it"
        );
    }
    let minh = server.device("minh").await.pull(None).await;
    assert_eq!((minh.records.len(), minh.records[0].left), (1, false));
}

#[tokio::test]
async fn a_zero_character_where_a_name_belongs_stops_neither_the_phone_nor_the_desk_nor_the_log() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let quan_tri = server.device("quan_tri").await;
    let operations = [lan.create(1, 1, "phuong\0a", &[("ghi_chu", text("a\0b"))])];
    let told = lan.push(&operations).await;
    assert_eq!((told.acked, told.verdicts[0].reason), (1, Some(QuarantineReason::UnknownUnit)));
    let thu = server.device("thu").await;
    let entry = thu.waiting().await.remove(0);
    assert_eq!(entry["record"], operations[0].record.to_string());
    let body = json!({ "reason": "không\0rõ" });
    assert_eq!(thu.settle(&entry["id"], "set-aside", body).await.status, StatusCode::OK);
    let body =
        json!({ "account": "moi", "name": "Người\0mới", "role": "officer", "unit": "phuong_a" });
    let added = quan_tri.ask(Method::POST, "accounts", body).await;
    assert!(added.status.is_success() || added.code() == "bad_name", "{:?}", added.body);
    assert_eq!(server.sign_in("l\0an", "sai", lan.id).await.code(), "wrong_credentials");
    let proved = server.app.database().verify_audit(None).await.unwrap();
    assert!(proved.is_ok(), "{proved:?}");
}

fn told(page: &PullResponse) -> &[AtDesk] {
    page.waiting.as_deref().unwrap_or_default()
}

fn operation(told: &AtDesk) -> Operation {
    codec::decode(told.bytes.as_deref().unwrap()).unwrap()
}

/// A phone that goes on from another one's rescue file has another id, and so has every second phone.
#[tokio::test(flavor = "multi_thread")]
async fn each_device_of_who_wrote_it_hears_what_waits_and_what_becomes_of_it_and_nobody_elses() {
    let server = TestApp::start().await;
    let (lan, other, thu) =
        (server.device("lan").await, server.device("lan").await, server.device("thu").await);
    let idle = other.pull(None).await;
    let path = format!("/api/v1/pull?cursor={}&wait=20", idle.cursor);
    let sent = lan.create(1, 1, "phuong_b", &[("ghi_chu", text("lấn tuyến"))]);
    let sent = [sent, lan.create(2, 2, "phuong_b", &[])];
    let both = async { tokio::join!(other.get(&path), lan.push(&sent)) };
    let (heard, pushed) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .expect("the news comes long before the wait is over");
    let heard: PullResponse = codec::decode(&heard.body).unwrap();
    assert_eq!(told(&heard).iter().map(operation).collect::<Vec<_>>(), sent);
    let verdicts: Vec<_> = told(&heard).iter().map(|told| told.verdict.clone()).collect();
    assert_eq!(verdicts, pushed.verdicts);
    assert!(told(&heard).iter().all(|told| told.device == lan.id));
    assert!(told(&other.pull(Some(&heard.cursor)).await).is_empty(), "told once");
    let new = server.device("lan").await;
    assert_eq!(told(&new.pull(None).await), told(&heard), "from the start of the feed");
    for nobody in [
        &lan,
        &server.device("minh").await,
        &server.device("hoa").await,
        &thu,
        &server.device_with_id("minh", other.id).await,
    ] {
        assert_eq!(nobody.pull(None).await.waiting, None, "{}", nobody.account);
    }

    let [second, first] = &thu.waiting().await[..] else { panic!("two wait") };
    thu.settle(&first["id"], "set-aside", json!({ "reason": "đã có phiếu khác" })).await;
    thu.settle(&second["id"], "apply", json!(null)).await;
    let page = new.pull(Some(&heard.cursor)).await;
    let [applied, aside] = told(&page) else { panic!("{:?}", page.waiting) };
    assert_eq!((applied.dot(), &applied.bytes), (sent[1].dot, &None));
    assert_eq!(applied.verdict.outcome, Outcome::Applied);
    assert_eq!(operation(aside), sent[0]);
    assert_eq!(aside.verdict.set_aside.as_deref(), Some("đã có phiếu khác"));
    assert!(told(&new.pull(Some(&page.cursor)).await).is_empty(), "told once");
}

/// The repair desk tells whoever wrote it, not whose session brought it.
#[tokio::test]
async fn what_somebody_sent_for_another_is_told_to_no_other_device() {
    let server = TestApp::start().await;
    let (minh, operations) = (server.device("minh").await, ["phuong_a", "phuong_b"]);
    let operations = (1..).zip(operations).map(|(seq, unit)| {
        let large = text(&"x".repeat(MAX_OPERATION_BYTES));
        let fields = [("ghi_chu", if seq == 1 { large } else { text("ngắn") })];
        Operation { author: "lan".to_owned(), ..minh.create(seq, 1, unit, &fields) }
    });
    let told = minh.push(&operations.collect::<Vec<_>>()).await.verdicts;
    assert!(told.iter().all(|told| told.outcome == Outcome::Quarantined));
    for who in ["minh", "lan"] {
        assert_eq!(server.device(who).await.pull(None).await.waiting, None, "{who}");
    }
}

/// They are as long as a phone makes them.
#[tokio::test]
async fn what_waits_comes_in_pages_like_records() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let mut sent = Vec::new();
    for seq in 1..=5 {
        let large = [("ghi_chu", text(&"x".repeat(MAX_OPERATION_BYTES)))];
        let fields = if seq == 3 { &[][..] } else { &large };
        let operation = lan.create(seq, 9, "phuong_a", fields);
        lan.push(std::slice::from_ref(&operation)).await;
        sent.push(operation);
    }
    let new = server.device("lan").await;
    let (mut cursor, mut pages, mut more) = (None, Vec::new(), true);
    while more {
        let page = new.pull(cursor.as_deref()).await;
        more = page.more;
        cursor = Some(page.cursor.clone());
        pages.push(page);
    }
    assert!(pages.iter().all(|page| told(page).len() < 2), "no page is longer than it may be");
    let waits: Vec<_> = pages.iter().flat_map(told).map(operation).collect();
    let applied = sent.remove(2);
    assert_eq!(waits, sent);
    let records: Vec<_> = pages.iter().flat_map(|page| &page.records).collect();
    assert_eq!(records.iter().map(|state| state.record).collect::<Vec<_>>(), [applied.record]);
}

/// It frees what was applied when that is in a backup, and a server that is restored to before has it wait again.
#[tokio::test]
async fn a_device_is_told_of_its_own_what_it_may_have_freed() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let sent = [lan.create(1, 1, "phuong_b", &[]), lan.create(2, 2, "phuong_b", &[])];
    lan.push(&sent).await;
    assert_eq!(lan.pull(None).await.waiting, None, "its outbox has both");
    server.place.outside().await.say("UPDATE device SET safe = 1").await.unwrap();
    let page = lan.pull(None).await;
    assert_eq!(told(&page).iter().map(operation).collect::<Vec<_>>(), sent[..1]);
    let thu = server.device("thu").await;
    for entry in thu.waiting().await {
        thu.settle(&entry["id"], "apply", json!(null)).await;
    }
    let page = lan.pull(Some(&page.cursor)).await;
    assert_eq!(page.settled.as_ref().map(Vec::len), Some(2));
    let [applied] = told(&page) else { panic!("{:?}", page.waiting) };
    assert_eq!((applied.dot(), &applied.bytes), (sent[0].dot, &None));
}

/// Three changes, each over the one before, of which the second could not be applied.
#[tokio::test]
async fn beside_what_waits_at_the_desk_nobody_disagrees_with_themselves() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let change = |seq: u64, record: u8, first: u64| {
        let answers = [("ghi_chu", text(&seq.to_string())), (field::DELETED, Value::Empty)];
        let mut change = lan.create(seq, record, "phuong_a", &answers);
        let before = (seq > first).then(|| Dot { device: lan.id, seq: seq - 1 });
        for write in change.fields.values_mut() {
            write.over = before.into_iter().collect();
        }
        change
    };
    // One answer of a long form, sent at once with what comes before and behind it.
    let mut parts = [1, 2, 3].map(|seq| change(seq, 1, 1));
    let large = Write { value: text(&"x".repeat(MAX_OPERATION_BYTES)), over: Vec::new() };
    parts[1].fields.insert("anh".to_owned(), large);
    let told = lan.push(&parts).await.verdicts;
    assert_eq!(told[1].reason, Some(QuarantineReason::TooLarge));
    assert_eq!(told[2].outcome, Outcome::Applied);
    // What came with a version of the form that was not there yet, one after the other.
    let mut changes = [4, 5, 6].map(|seq| change(seq, 2, 4));
    changes[1].form.version = "99".to_owned();
    for change in &changes {
        lan.push(std::slice::from_ref(change)).await;
    }
    let stands = async || {
        let records = thu.pull(None).await.records;
        let mut newest: Vec<u64> = Vec::new();
        for siblings in records.iter().flat_map(|record| record.fields.values()) {
            let [alone] = &siblings[..] else { panic!("{siblings:?}") };
            newest.push(alone.dot.seq);
        }
        newest.sort_unstable();
        newest
    };
    assert_eq!(stands().await, [3, 3, 3, 6, 6, 6]);
    let entry = thu.waiting().await.remove(0);
    thu.settle(&entry["id"], "set-aside", json!({ "reason": "đã có" })).await;
    let after = change(7, 2, 4);
    lan.push(&[after]).await;
    assert_eq!(stands().await, [3, 3, 3, 7, 7, 7]);
}
