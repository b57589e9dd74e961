//! Erasing a person in records, and the name of an account.

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use server::audit::Action as AuditAction;
use server::database::{AuditOf, Erasure, KeptOperation, Reason};
use server::erasure_list::List;
use server::persons::{self, PersonError};
use sync::codec;
use sync::wire::{Action, Outcome, RecordId, Value, Write};

use super::{by, is_held, start, two_people};
use crate::app::text;
use crate::asked::{ERASED_OF, LOGGED, Whose, asked};
use crate::personal::{ROW, SALT, roster, salted};

/// PostgreSQL's indexes take keys of some 2,700 bytes. One phone's fault is to keep nobody from being erased.
#[tokio::test]
async fn a_row_with_a_long_key_is_erased_like_any_other() {
    let server = start().await;
    let lan = server.device("lan").await;
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    let name = format!("hoc_vien[{long}]/hv_ten");
    lan.push(&[lan.create(1, 1, "phuong_a", &[(&name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(is_held(&server, "Thị Hoa").await);
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    lan.push(&[lan.create(2, 1, "phuong_a", &[(&name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(!is_held(&server, "Thị Hoa").await);
}

/// PostgreSQL keeps no text with a zero character: what was erased under such a name is known again all the same.
#[tokio::test]
async fn a_row_whose_key_has_a_zero_character_is_erased_like_any_other() {
    let server = start().await;
    let lan = server.device("lan").await;
    let name = "hoc_vien[a\0b]/hv_ten";
    lan.push(&[lan.create(1, 1, "phuong_a", &[(name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(is_held(&server, "Thị Hoa").await);
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    let late = lan.create(2, 1, "phuong_a", &[(name, text("Nguyễn Thị Hoa"))]);
    assert_eq!(lan.push(&[late]).await.acked, 2);
    assert!(!is_held(&server, "Thị Hoa").await);
}

#[tokio::test]
async fn whoever_is_erased_is_gone_from_records_history_files_and_phones_and_the_counts_stay() {
    let server = start().await;
    let lan = two_people(&server, 0x1a).await;
    let minh = server.device("minh").await;
    let before = minh.pull(None).await;
    // A part of it still waits at the desk.
    let mut kept = roster(&lan, 3, 1, "Nguyễn Thị Hoa", b"photo");
    kept.unit = "phuong_b".to_owned();
    lan.push(&[kept]).await;
    assert!(is_held(&server, "Thị Hoa").await);

    let found = persons::find(&server.app, &by("nguyen thi hoa")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].person.as_str(), found[0].row.as_str()), ("học viên", "hoc_vien[0a]/"));
    let wrong = persons::erase(&server.app, &by("nguyen thi hoa"), 2, None, 5).await;
    assert!(matches!(wrong, Err(PersonError::OtherCount { found: 1, expected: 2 })));
    assert!(is_held(&server, "Thị Hoa").await, "nothing was erased");
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(!is_held(&server, SALT).await, "the row's key tells nobody who guesses the name");
    assert!(is_held(&server, "Văn Nam").await, "another person in another record stays");
    assert!(is_held(&server, "Trần Lan").await, "and so does another one in the same");

    let told = minh.pull(Some(&before.cursor)).await;
    assert!(!told.reset);
    let [record] = &told.records[..] else { panic!("one record changed: {:?}", told.records) };
    let standing = |path: &str| {
        record.fields[path].iter().map(|sibling| sibling.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(standing(&format!("{ROW}/hv_ten")), [Value::Empty]);
    assert_eq!(standing(&format!("{ROW}/hv_tuoi")), [Value::Empty]);
    assert_eq!(
        (standing(ROW), standing("loai")),
        (vec![text("1")], vec![text("tap_huan")]),
        "the count"
    );

    // The phone that wrote it may still hold it, and sends it again: nothing of it comes back.
    let mut again = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    salted(&mut again);
    assert_eq!(lan.push(&[again]).await.acked, 3);
    let mut late = roster(&lan, 4, 1, "Nguyễn Thị Hoa", b"photo");
    late.action = Action::Amend;
    assert_eq!(lan.push(&[late]).await.acked, 4);
    assert!(!is_held(&server, "Thị Hoa").await);
    // Who saw that it was erased may write there again.
    let seen = minh.pull(None).await.records;
    let path = format!("{ROW}/hv_ten");
    let sibling =
        |state: &sync::wire::RecordState| state.fields[&path].iter().map(|it| it.dot).collect();
    let over = sibling(seen.iter().find(|it| it.record == record.record).unwrap());
    let mut anew = minh.create(1, 1, "phuong_a", &[]);
    anew.action = Action::Amend;
    anew.fields = [(path, Write { value: text("Học viên 1"), over })].into();
    assert_eq!(minh.push(&[anew]).await.verdicts[0].outcome, Outcome::Applied);
    assert!(is_held(&server, "Học viên 1").await);

    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "person_erase").unwrap();
    assert!(!format!("{log:?}").contains("Hoa"), "the log says that, and not who");
    assert!(row.detail.contains("\"records\":1"), "{}", row.detail);
    assert!(server.app.database().verify_audit(None).await.unwrap().is_ok());
}

/// Whoever wrote it into the database died before it was written anew.
#[tokio::test]
async fn what_was_erased_leaves_the_gaps_of_the_file_whoever_does_that() {
    let server = start().await;
    two_people(&server, 0x26).await;
    let database = server.app.database();
    let reason = Reason { by: None, action: AuditAction::PersonErase };
    let which = |_, _: &[KeptOperation]| [format!("{ROW}/hv_ten")].into();
    let targets = [RecordId([1; 16])];
    database.erase(&targets, which, reason, 0, 5, |_| Ok(())).await.unwrap();
    assert!(database.scrub_if_wanted().await.unwrap());
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(database.erase_account("lan", None, 6, || Ok(())).await.unwrap());
    assert!(database.scrub_if_wanted().await.unwrap());
    assert!(!database.scrub_if_wanted().await.unwrap(), "once");
}

/// What the server writes down of an erasure is nobody else's to write.
#[tokio::test]
async fn nobody_signs_in_or_sends_as_the_server() {
    let server = start().await;
    let lan = server.device("lan").await;
    let answer = server.sign_in("lan", crate::app::PASSWORD, sync::erase::SERVER).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_device"));
    let mut forged = lan.create(1, 1, "phuong_a", &[]);
    forged.dot.device = sync::erase::SERVER;
    let mut request = lan.request(&[forged]);
    request.device = sync::erase::SERVER;
    let answer = lan.post_push(codec::encode(&request), &[]).await;
    assert_eq!(answer.code(), "wrong_device");
    assert!(server.app.database().erasures(Some).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_without_a_name_signs_nobody_in_and_stays_the_author() {
    let server = start().await;
    let lan = two_people(&server, 0x20).await;
    assert!(persons::erase_account(&server.app, "lan", None, 5).await.unwrap());
    assert!(!persons::erase_account(&server.app, "lan", None, 6).await.unwrap(), "once");
    assert_eq!(
        server.sign_in("lan", crate::app::PASSWORD, lan.id).await.code(),
        "wrong_credentials"
    );
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    let page = server.device("minh").await.pull(None).await;
    assert!(page.records.iter().all(|record| record.author == "lan"));
    let name = page.names.unwrap()["lan"].clone();
    assert_eq!(name, server::database::NOBODY);
    assert!(codec::encode(&page.records).len() > 100);
}

#[tokio::test]
async fn an_administrator_finds_and_erases_a_person_over_the_api_and_nobody_else_does() {
    let server = start().await;
    let lan = two_people(&server, 0x21).await;
    let quan_tri = server.device("quan_tri").await;
    let whom = json!({ "value": "nguyen thi hoa" });
    for other in [&lan, &server.device("thu").await, &server.device("kiem").await] {
        for what in ["find", "erase", "export"] {
            let answer = other.ask(Method::POST, &format!("persons/{what}"), whom.clone()).await;
            assert_eq!(answer.code(), "not_allowed", "{what} by {}", other.account);
        }
    }
    let found = quan_tri.ask(Method::POST, "persons/find", whom).await.json();
    let [mention] = &found.as_array().unwrap()[..] else { panic!("one: {found}") };
    assert_eq!(
        (&mention["person"], &mention["row"], &mention["form"]),
        (&json!("học viên"), &json!("hoc_vien[0a]"), &json!("kiem_tra"))
    );
    assert_eq!(mention["record"], "01".repeat(16));
    assert!(!found.to_string().contains("Hoa"), "whoever may not see answers gets none");

    let erase = async |mentions: usize, again: Json| {
        let mut body = json!({ "value": "Nguyễn Thị Hoa", "mentions": mentions });
        body.as_object_mut().unwrap().extend(again.as_object().unwrap().clone());
        quan_tri.ask(Method::POST, "persons/erase", body).await
    };
    let password = json!({ "password": crate::app::PASSWORD });
    assert_eq!(erase(1, json!({})).await.code(), "sign_in_again");
    assert_eq!(erase(1, json!({ "password": "không phải" })).await.code(), "wrong_password");
    assert_eq!(erase(2, password.clone()).await.code(), "other_count");
    assert!(is_held(&server, "Thị Hoa").await, "nothing was erased so far");
    assert_eq!(erase(1, password.clone()).await.json(), json!({ "mentions": 1 }));
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(is_held(&server, "Văn Nam").await);
    assert_eq!(erase(0, password).await.json(), json!({ "mentions": 0 }), "nothing is left");
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "person_erase").unwrap();
    assert_eq!(row.actor.as_deref(), Some("quan_tri"));
}

#[tokio::test]
async fn an_administrator_erases_the_name_of_an_account_and_not_their_own() {
    let server = start().await;
    let quan_tri = server.device("quan_tri").await;
    let erase = async |account: &str, password: &str| {
        let body = json!({ "account": account, "password": password });
        quan_tri.ask(Method::POST, "persons/erase", body).await
    };
    assert_eq!(erase("lan", "không phải").await.code(), "wrong_password");
    let name = json!({ "name": "Nguyễn Thị Lan Anh" });
    assert_eq!(quan_tri.ask(Method::PATCH, "accounts/lan", name).await.status, StatusCode::OK);
    assert_eq!(server.device("lan").await.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(erase("lan", crate::app::PASSWORD).await.status, StatusCode::OK);
    assert_eq!(erase("lan", crate::app::PASSWORD).await.code(), "not_found", "once");
    assert_eq!(erase("quan_tri", crate::app::PASSWORD).await.code(), "own_account");
    let people = quan_tri.get("/api/v1/accounts").await.json();
    let lan = people.as_array().unwrap().iter().find(|row| row["account"] == "lan").unwrap();
    assert!(lan["name"] != "Chị lan" && lan["disabled_ms"].is_i64(), "{lan}");
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "account_erase").unwrap();
    assert_eq!((row.actor.as_deref(), row.object.as_str()), (Some("quan_tri"), "lan"));
    // Nobody erases what stands in the log.
    let log = String::from_utf8(quan_tri.get("/api/v1/audit").await.body.to_vec()).unwrap();
    for name in ["Lan Anh", "Điện thoại lan"] {
        assert!(!log.contains(name), "{name}: {log}");
    }
}

/// Whoever pushes holds up all others.
#[tokio::test]
async fn a_push_of_many_records_asks_for_their_erasures_by_few_statements() {
    let server = start().await;
    two_people(&server, 0x2a).await;
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    let lan = server.device("lan").await;
    let create =
        |at: u8| lan.create(u64::from(at), 100 + at, "phuong_a", &[("ghi_chu", text("mới"))]);
    let new: Vec<_> = (1..=100).map(create).collect();
    // Other tests push a record or two meanwhile.
    let statements = asked(ERASED_OF, Whose::All, lan.push(&new)).await;
    assert!((1..50).contains(&statements), "{statements}");
}

/// Each start has all before it that was ever erased, and is to answer phones soon.
#[tokio::test]
async fn a_start_asks_no_more_the_more_was_erased_and_known_to_be() {
    let server = start().await;
    let lan = server.device("lan").await;
    let create =
        |at: u8| lan.create(u64::from(at), at, "phuong_a", &[("ghi_chu", text("chị Hoa"))]);
    lan.push(&(1..=20).map(create).collect::<Vec<_>>()).await;
    let list = List::of(&server.place.config.data);
    let targets: Vec<_> = (1..=20).map(|at| RecordId([at; 16])).collect();
    let which = |_, _: &[KeptOperation]| ["ghi_chu".to_owned()].into();
    let reason = Reason { by: None, action: AuditAction::PersonErase };
    let note = |erasures: &[Erasure]| list.add(erasures);
    server.app.database().erase(&targets, which, reason, 0, 5, note).await.unwrap();
    let noted = list.last().unwrap();
    let statements = asked(LOGGED, Whose::Own, server.beside()).await;
    assert!((1..10).contains(&statements), "{statements}");
    assert_eq!((noted, list.last().unwrap()), (20, 20), "and nothing is noted twice");
}
