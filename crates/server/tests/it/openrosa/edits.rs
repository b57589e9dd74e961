//! Submissions that take the place of an earlier one.

use axum::http::StatusCode;
use form::Session;
use sync::codec;
use sync::view::conflicts;
use sync::wire::{State, Value};

use super::{FIRST, SECOND, THIRD, environment, filled, program};
use crate::app::{FORM, TestApp, text};

fn edited(before: &str, instance: &str, answers: &[(&str, &str)]) -> String {
    let program = program(FORM);
    let fields = program.fields_of(before).unwrap();
    let old = fields.iter().find(|(path, _)| path.ends_with("instanceID")).unwrap().1.clone();
    let mut session = Session::resume(program, environment(instance), &fields);
    for (path, answer) in answers {
        let question = session.find(path).unwrap_or_else(|| panic!("no {path}"));
        session.answer(question, answer).unwrap();
    }
    // The form has no place for the other id, as most have none: the client adds it.
    let own = format!("<orx:instanceID>{old}</orx:instanceID>");
    let both = format!(
        "<orx:instanceID>{instance}</orx:instanceID><orx:deprecatedID>{old}</orx:deprecatedID>"
    );
    let xml = session.to_xml();
    assert!(xml.contains(&own), "{xml}");
    xml.replace(&own, &both)
}

#[tokio::test]
async fn an_edit_changes_the_record_that_it_takes_the_place_of() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let photo = [("a.jpg", "image/jpeg", b"photo".as_slice())];
    let first = filled(FIRST, &[("anh", "a.jpg"), ("chung/so_hs", "7"), ("ghi_chu", "một")]);
    collect.submit(&first, &photo).await.is_response(StatusCode::CREATED, "Đã nhận");
    let record = phone.record().await.record;
    let second = edited(&first, SECOND, &[("ghi_chu", "hai"), ("chung/so_hs", "")]);
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let third = edited(&second, THIRD, &[("ghi_chu", "ba")]);
    let third = third.replace("</data>", "<_state>approved</_state></data>");
    collect.submit(&third, &photo).await.is_response(StatusCode::CREATED, "Đã nhận");
    for again in [&first, &second, &third] {
        collect.submit(again, &photo).await.is_response(StatusCode::CREATED, "Đã nhận");
    }
    let view = phone.record().await;
    assert_eq!(view.record, record);
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("ba")));
    assert_eq!(view.fields.get("chung/so_hs"), None, "an answer that was taken back");
    assert!(matches!(view.fields.get("anh"), Some(Value::File(_))));
    assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
    assert_eq!(view.state, State::Submitted);
}

/// Who knows what a record is called learns nothing of it, not even at their own coordinator's desk.
#[tokio::test]
async fn a_submission_that_names_a_record_of_others_is_not_held_against_it() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.collect("lan").await, server.collect("hoa").await);
    let first = filled(FIRST, &[("ghi_chu", "một"), ("chung/so_hs", "7")]);
    lan.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let guess = filled(FIRST, &[("ghi_chu", "một")]);
    let edit = edited(&first, SECOND, &[("ghi_chu", "một"), ("chung/so_hs", "")]);
    for sent in [&edit, &guess, &edit, &guess] {
        hoa.submit(sent, &[]).await.is_response(StatusCode::CREATED, "đang chờ người điều phối");
    }
    let desk = server.device("thu").await.get("/api/v1/quarantine").await.json();
    let desk = desk.as_array().unwrap();
    assert_eq!(desk.len(), 2, "each once");
    for entry in desk {
        assert_eq!((&entry["unit"], &entry["sender"]), (&"phuong_b".into(), &"hoa".into()));
        let fields = entry["fields"].as_array().unwrap();
        let held = |path: &str| fields.iter().find(|field| field["path"] == path);
        assert_eq!(held("ghi_chu").unwrap()["value"], "một", "whether or not it is the same");
        assert_eq!(held("chung/so_hs"), None, "nor which answers there are");
    }
}

/// Whatever a client calls its submissions: PostgreSQL's indexes take keys of some 2,700 bytes.
#[tokio::test]
async fn an_edit_may_have_a_long_name() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    let second = edited(&first, &long, &[("ghi_chu", "hai")]);
    let third = edited(&second, THIRD, &[("ghi_chu", "ba")]);
    for edit in [&second, &third, &second] {
        collect.submit(edit, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    }
    assert_eq!(phone.record().await.fields.get("ghi_chu"), Some(&text("ba")));
}

#[tokio::test]
async fn an_edit_that_did_not_see_a_colleagues_answer_leaves_both() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("minh").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let state = phone.pull(None).await.records.remove(0);
    let over = state.fields["ghi_chu"].iter().map(|sibling| sibling.dot).collect();
    let mut theirs = phone.create(1, 0, "phuong_a", &[]);
    theirs.record = state.record;
    theirs.fields.clear();
    theirs.action = sync::wire::Action::Amend;
    let write = sync::wire::Write { value: text("của Minh"), over };
    theirs.fields.insert("ghi_chu".to_owned(), write);
    phone.push(&[theirs]).await;
    let second = edited(&first, SECOND, &[("ghi_chu", "của Lan")]);
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let state = phone.pull(None).await.records.remove(0);
    let values: Vec<&Value> =
        state.fields["ghi_chu"].iter().map(|sibling| &sibling.value).collect();
    assert!(
        values.contains(&&text("của Minh")) && values.contains(&&text("của Lan")),
        "{values:?}"
    );
    assert!(conflicts(&(&state).into()).iter().any(|conflict| conflict.path == "ghi_chu"));
}

#[tokio::test]
async fn an_edit_by_the_citys_coordinator_leaves_the_record_in_its_ward() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.collect("lan").await, server.collect("thu").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    lan.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let second = edited(&first, SECOND, &[("ghi_chu", "hai")]);
    thu.submit(&second, &[]).await.is_response(StatusCode::CREATED, "Đã nhận</message>");
    let view = server.device("minh").await.record().await;
    assert_eq!((view.unit.as_str(), view.author.as_str()), ("phuong_a", "lan"));
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("hai")));
    let stranger = server.collect("hoa").await;
    let third = edited(&second, THIRD, &[("ghi_chu", "của người lạ")]);
    let answer = stranger.submit(&third, &[]).await;
    answer.is_response(StatusCode::CREATED, "Đã nhận; đang chờ người điều phối xử lý");
    let view = server.device("minh").await.record().await;
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("hai")), "another ward's record");
}
