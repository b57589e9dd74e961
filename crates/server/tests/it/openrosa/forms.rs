//! Forms as ODK Collect lists and fetches them.

use std::path::Path;

use axum::http::StatusCode;
use form::Session;
use md5::{Digest, Md5};
use server::{accounts, pack_load};
use sync::view::RecordView;
use sync::wire::{State, Value};

use super::{environment, program};
use crate::app::{FORM, PASSWORD, TestApp};

fn pack_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024")
}

/// Who has begun goes on with it; nobody begins anew.
#[tokio::test]
async fn a_form_that_was_withdrawn_is_not_listed_and_can_still_be_fetched() {
    let (checked, _) = pack_load::check(&pack_load::read_folder(&pack_folder()).unwrap());
    let mut checked = checked.unwrap();
    checked.pack.forms[0].withdrawn = true;
    let gone = checked.pack.forms[0].form_id.clone();
    let server = TestApp::start().await;
    server.app.database().load_pack(&checked.to_load(), 1).await.unwrap();
    let collect = server.collect("lan").await;
    let list = collect.get("/formList").await.words();
    assert_eq!(list.matches("<xform>").count(), checked.forms.len() - 1);
    assert!(!list.contains(&format!("<formID>{gone}</formID>")), "{list}");
    let row = checked.forms.iter().find(|row| row.form.id == gone).unwrap();
    let fetched = collect.get(&format!("/forms/{}.xml", row.form.hash)).await;
    assert_eq!(fetched.words(), row.xml);
}

/// A field's path, whatever its rows are called.
fn without_keys(path: &str) -> String {
    path.split('/').map(|step| step.split('[').next().unwrap()).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_form_of_the_pack_is_listed_fetched_and_sent_and_is_a_record_like_any_other() {
    let (checked, _) = pack_load::check(&pack_load::read_folder(&pack_folder()).unwrap());
    let checked = checked.unwrap();
    let server = TestApp::start().await;
    server.app.database().load_pack(&checked.to_load(), 1).await.unwrap();
    let officer = checked.demo_users().iter().find(|user| user.role == "officer").unwrap();
    let users = checked.demo_users();
    let database = server.app.database();
    pack_load::add_demo_users(database, users, Some(PASSWORD), 1).await.unwrap();
    let collect = server.collect(&officer.name).await;
    let list = collect.get("/formList").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.header("x-openrosa-version"), "1.0");
    let list = list.words();
    assert!(list.starts_with("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"><xform>"));
    assert_eq!(list.matches("<xform>").count(), checked.forms.len());
    assert!(!list.contains("manifestUrl"), "no form of a pack has files of its own");
    let base = format!("http://sotay.example{}", collect.address);
    for row in &checked.forms {
        let url = format!("/forms/{}.xml", row.form.hash);
        let fetched = collect.get(&url).await;
        assert_eq!(fetched.words(), row.xml);
        let md5: String =
            Md5::digest(&fetched.body).iter().map(|byte| format!("{byte:02x}")).collect();
        let (id, version) = (&row.form.id, &row.form.version);
        let rest = format!(
            "<version>{version}</version><hash>md5:{md5}</hash><downloadUrl>{base}{url}</downloadUrl></xform>"
        );
        assert!(list.contains(&format!("<xform><formID>{id}</formID><name>")), "{id}");
        assert!(list.contains(&rest), "{id}");
    }
    let phone = server.device(&officer.name).await;
    for (number, row) in checked.forms.iter().enumerate() {
        let instance = format!("uuid:0192e6f1-0000-7000-8000-{number:012x}");
        let mut session = Session::start(program(&row.xml), environment(&instance));
        session.finalise(environment(&instance).now);
        let answer = collect.submit(&session.to_xml(), &[]).await;
        answer.is_response(
            StatusCode::CREATED,
            "<message nature=\"submit_success\">Đã nhận</message>",
        );
        let pulled = phone.pull(None).await;
        let state = pulled.records.iter().find(|record| record.form == row.form).unwrap();
        let view = RecordView::of(state);
        assert_eq!(view.record.to_string(), instance.replace("uuid:", "").replace('-', ""));
        assert_eq!((view.state, view.deleted), (State::Submitted, false));
        assert_eq!((&view.unit, &view.author), (&officer.unit, &officer.name));
        assert_eq!(view.title, session.title().trim());
        let told = |(path, value): (&String, &Value)| match value {
            Value::Text(value) => (without_keys(path), value.clone()),
            other => panic!("{path}: {other:?}"),
        };
        let kept: Vec<_> = view.fields.iter().map(told).collect();
        let sent: Vec<_> = session
            .relevant_fields()
            .iter()
            .map(|(path, value)| (without_keys(path), value.trim().to_owned()))
            .collect();
        assert_eq!(kept, sent, "{}", row.form.id);
    }
}

/// As versions of forms that were stored before say it.
#[tokio::test]
async fn no_form_tells_a_client_to_send_its_answers_elsewhere_or_to_seal_them() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let orders = r#"<submission action="https://khac.example/nop" method="post" base64RsaPublicKey="MIIB" orx:auto-send="true"/></model>"#;
    let hash = server.load(&FORM.replace("</model>", orders), 2).await;
    let served = collect.get(&format!("/forms/{hash}.xml")).await;
    let xml = served.words();
    assert!(!xml.contains("khac.example") && !xml.contains("base64RsaPublicKey"), "{xml}");
    assert!(xml.contains("orx:auto-send=\"true\"") && xml.contains("Họ và tên"), "{xml}");
    let list = collect.get("/formList").await.words();
    let md5 = accounts::hex(&Md5::digest(&served.body));
    assert!(list.contains(&format!("<hash>md5:{md5}</hash>")), "{list}");
}
