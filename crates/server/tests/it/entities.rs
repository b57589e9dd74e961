//! Entities: what records make and change, in one list for each data set, for phones and for ODK Collect.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use calamine::{Reader, Xlsx};
use form::{EntityChange, Environment, Program, Resources, Session, compile, parse_xform};
use md5::{Digest, Md5};
use server::accounts;
use server::audit::Action;
use server::database::{AccountChange, Folded, FormRow, NewClient, NewPack, Reason};
use server::entities::{Entity, EntityVersion, Meeting, Outcome, Sourced, apply};
use server::form_files::FormFile;
use sync::codec;
use sync::wire::{
    DeviceId, Dot, FormRef, Operation, Outcome as SyncOutcome, RecordId, State, Value, Write, field,
};

use crate::app::{Answer, Device, TestApp, text};

const HEAD: &str = r#"<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">"#;

/// Makes a household, or changes the one that is named.
fn register() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Hộ</h:title><model entities:entities-version="2024.1.0"><instance><data id="ho" version="1">
        <ho/><chu/><nguoi/><base/><meta><entity dataset="ho_dan" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity>
        <orx:instanceID/></meta></data></instance>
        <bind nodeset="/data/chu" relevant="/data/base = ''" entities:saveto="chu_ho"/><bind nodeset="/data/nguoi" entities:saveto="nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="/data/ho"/>
        <bind nodeset="/data/meta/entity/@create" calculate="if(/data/base = '', '1', '')"/>
        <bind nodeset="/data/meta/entity/@update" calculate="if(/data/base = '', '', '1')"/>
        <bind nodeset="/data/meta/entity/@baseVersion" calculate="/data/base"/>
        <bind nodeset="/data/meta/entity/label" relevant="/data/chu != ''" calculate="concat('Hộ ', /data/chu)"/></model></h:head><h:body>
        <input ref="/data/ho"/><input ref="/data/chu"/><input ref="/data/nguoi"/><input ref="/data/base"/></h:body></h:html>"#
    )
}

/// Chooses one.
fn visit() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Thăm</h:title><model><instance><data id="tham" version="1"><ho/></data></instance>
        <instance id="ho_dan" src="jr://file-csv/ho_dan.csv"/></model></h:head><h:body><select1 ref="/data/ho">
        <itemset nodeset="instance('ho_dan')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>"#
    )
}

fn form_ref(id: &str, xml: &str) -> FormRef {
    FormRef { id: id.to_owned(), version: "1".to_owned(), hash: codec::hash(xml.as_bytes()) }
}

async fn with_forms() -> TestApp {
    with_programmes(&[]).await
}

/// With forms that are of programmes.
async fn with_programmes(programmes: &[(&str, &str)]) -> TestApp {
    let server = TestApp::start().await;
    let database = server.app.database();
    let hash = database.pack_hash().await.unwrap().unwrap();
    let json = database.pack_json(hash).await.unwrap().unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let (register, visit) = (register(), visit());
    let forms = [("ho", &register), ("tham", &visit)]
        .map(|(id, xml)| FormRow { form: form_ref(id, xml), xml: xml.clone() });
    json["forms"] = forms
        .iter()
        .map(|row| {
            serde_json::json!({ "id": row.form.id, "file": row.form.id, "version": "1", "hash": row.form.hash.to_string(),
                "bytes": row.xml.len(), "title": { "vi": row.form.id }, "kind": "x", "clauses": [], "used_by": "",
                "personal_data": false, "sensitive_data": false, "checklist_items": null })
        })
        .collect();
    let json = json.to_string().into_bytes();
    let new = NewPack {
        hash: codec::hash(&json),
        json,
        forms: forms.to_vec(),
        files: vec![],
        units: vec![],
        programmes: programmes
            .iter()
            .map(|(form, programme)| ((*form).to_owned(), (*programme).to_owned()))
            .collect(),
        personal: vec![],
    };
    assert!(database.load_pack(&new, 2).await.unwrap());
    server
}

async fn limit(server: &TestApp, account: &str, programme: &str) {
    let programmes = Some(vec![programme.to_owned()]);
    let change = AccountChange { programmes, ..AccountChange::default() };
    assert!(server.app.database().change_account(account, &change, None, 2).await.unwrap());
}

const HOUSE: &str = "7b1f0c6e-0000-4000-8000-00000000000a";

impl Device<'_> {
    /// A submitted record of the form that makes households.
    fn household(&self, seq: u64, record: u8, unit: &str, answers: &[(&str, &str)]) -> Operation {
        let fields: Vec<(&str, Value)> =
            answers.iter().map(|(path, answer)| (*path, text(answer))).collect();
        let form = form_ref("ho", &register());
        Operation { form, ..self.create(seq, record, unit, &fields) }
    }

    async fn entity_list(&self) -> Answer {
        self.get("/api/v1/entities/ho_dan").await
    }

    async fn entity_rows(&self) -> Vec<String> {
        let list = self.entity_list().await;
        assert_eq!(list.status, StatusCode::OK);
        String::from_utf8(list.body.to_vec()).unwrap().lines().map(str::to_owned).collect()
    }

    /// How many records wait, and which.
    async fn entities_waiting(&self) -> (u64, Vec<String>) {
        let lists = self.get("/api/v1/entities").await.json();
        let waiting = self.get("/api/v1/entities/ho_dan/waiting").await.json();
        let records = waiting.as_array().unwrap().iter();
        let records = records.map(|one| one["record"].as_str().unwrap().to_owned());
        (lists[0]["waiting"].as_u64().unwrap(), records.collect())
    }

    async fn entity_conflicts(&self) -> serde_json::Value {
        self.get("/api/v1/entities/ho_dan/conflicts").await.json()
    }

    async fn settle_entity(&self, version: u64) -> Answer {
        let path = format!("/api/v1/entities/ho_dan/{HOUSE}/settle");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let body = Body::from(serde_json::json!({ "version": version }).to_string());
        self.server.request(Method::POST, &path, &headers, body).await
    }
}

#[tokio::test]
async fn what_records_make_is_in_the_list_of_those_who_see_the_records() {
    let server = with_forms().await;
    let (lan, minh, hoa) =
        (server.device("lan").await, server.device("minh").await, server.device("hoa").await);
    lan.push(&[lan.household(
        1,
        1,
        "phuong_a",
        &[("ho", HOUSE), ("chu", "Lan, \"Bé\""), ("nguoi", "4")],
    )])
    .await;
    let made = format!("{HOUSE},\"Hộ Lan, \"\"Bé\"\"\",1,\"Lan, \"\"Bé\"\"\",4");
    assert_eq!(minh.entity_rows().await, ["name,label,__version,chu_ho,nguoi", &made]);
    assert_eq!(hoa.entity_rows().await, ["name,label,__version"], "another ward's");
    let list = minh.entity_list().await;
    let tag = list.header("etag").to_owned();
    assert!(list.header("x-sotay-as-of").parse::<i64>().unwrap() > 0);
    let headers = [("cookie", minh.cookie.as_str()), ("if-none-match", &tag)];
    let again = server.get("/api/v1/entities/ho_dan", &headers).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(!again.header("x-sotay-as-of").is_empty());
    minh.push(&[minh.household(1, 2, "phuong_a", &[("ho", HOUSE), ("nguoi", "5"), ("base", "1")])])
        .await;
    let headers = [("cookie", minh.cookie.as_str()), ("if-none-match", &tag)];
    let again = server.get("/api/v1/entities/ho_dan", &headers).await;
    assert_eq!(again.status, StatusCode::OK);
    let row = lan.entity_rows().await.remove(1);
    assert!(row.ends_with(",5") && row.contains("\",2,\""), "{row}");
    assert_eq!(lan.entity_conflicts().await, serde_json::json!([]), "Minh saw what Lan had made");
    assert_eq!(lan.get("/api/v1/entities/khong_co").await.status, StatusCode::NOT_FOUND);
    let lists = lan.get("/api/v1/entities").await.json();
    assert_eq!(
        lists,
        serde_json::json!([{ "dataset": "ho_dan", "entities": 1, "conflicts": 0, "waiting": 0 }])
    );
}

/// The creator's operation may come after another's, and says where the record belongs.
#[tokio::test]
async fn what_a_record_made_goes_with_it_to_another_unit() {
    let server = with_forms().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let (first, second) = (server.device("thu").await, server.device("thu").await);
    let begun = first.household(1, 1, "phuong_b", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")]);
    let mut edit = second.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]);
    edit.fields.get_mut(field::STATE).unwrap().over = vec![begun.dot];
    second.push(&[edit]).await;
    assert_eq!((lan.entity_rows().await.len(), hoa.entity_rows().await.len()), (2, 1));
    first.push(&[begun]).await;
    assert_eq!(lan.pull(None).await.records.len(), 0);
    assert_eq!((lan.entity_rows().await.len(), hoa.entity_rows().await.len()), (1, 2));
    let listed = hoa.get("/api/v1/entities").await.json();
    assert_eq!(listed[0]["entities"], 1);
}

/// An id is on the phone of whoever ever saw the entity, and in what was exported.
#[tokio::test]
async fn whoever_does_not_see_an_entity_does_not_change_it_by_its_id() {
    let server = with_forms().await;
    let (lan, hoa, thu) =
        (server.device("lan").await, server.device("hoa").await, server.device("thu").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let change = |count| [("ho", HOUSE), ("base", "1"), ("nguoi", count)];
    let told = hoa.push(&[hoa.household(1, 2, "phuong_b", &change("99"))]).await;
    assert_eq!(told.verdicts[0].outcome, SyncOutcome::Applied, "her record is her ward's");
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,1,Lan,4"));
    // Who sees both wards may, wherever they say it.
    let by_thu = thu.household(1, 3, "phuong_b", &change("5"));
    thu.push(std::slice::from_ref(&by_thu)).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,2,Lan,5"));
    // And nobody does through the record of one who may.
    let mut amend = hoa.household(2, 3, "phuong_b", &[]);
    let over = vec![by_thu.dot];
    amend.fields = [("nguoi".to_owned(), Write { value: text("77"), over })].into();
    let told = hoa.push(&[amend]).await;
    assert_eq!(told.verdicts[0].outcome, SyncOutcome::Applied);
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,2,Lan,5"));
    // Her own ward's she changes like anybody, also after the one who made it moved away.
    let own = "7b1f0c6e-0000-4000-8000-00000000000b";
    hoa.push(&[
        hoa.household(3, 4, "phuong_b", &[("ho", own), ("chu", "Hoa"), ("nguoi", "1")]),
        hoa.household(4, 5, "phuong_b", &[("ho", own), ("base", "1"), ("nguoi", "2")]),
    ])
    .await;
    assert_eq!(hoa.entity_rows().await[1], format!("{own},Hộ Hoa,2,Hoa,2"));
    let away = AccountChange { scope: Some(vec!["phuong_a".into()]), ..AccountChange::default() };
    assert!(server.app.database().change_account("hoa", &away, None, 2).await.unwrap());
    let mut right = thu.household(2, 5, "phuong_b", &[]);
    let over = vec![Dot { device: hoa.id, seq: 4 }];
    right.fields = [("nguoi".to_owned(), Write { value: text("3"), over })].into();
    thu.push(&[right]).await;
    assert!(thu.entity_rows().await.contains(&format!("{own},Hộ Hoa,3,Hoa,3")));
}

#[tokio::test]
async fn lists_of_other_programmes_are_neither_named_nor_changed() {
    let server = with_programmes(&[("ho", "dan_so"), ("tham", "y_te")]).await;
    let lan = server.device("lan").await;
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let names = async |account| {
        let device = server.device(account).await;
        let lists = device.get("/api/v1/entities").await.json();
        let count = lists.as_array().unwrap().len();
        (
            count,
            device.entity_list().await.status,
            device.get("/api/v1/entities/ho_dan/conflicts").await.status,
        )
    };
    limit(&server, "minh", "gioi").await;
    assert_eq!(names("minh").await, (0, StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    limit(&server, "minh", "dan_so").await;
    assert_eq!(names("minh").await, (1, StatusCode::OK, StatusCode::OK));
    // Their forms read it, so they know of it; its entities are of records that they do not see.
    limit(&server, "minh", "y_te").await;
    assert_eq!(names("minh").await, (1, StatusCode::OK, StatusCode::OK));
    assert_eq!(server.device("minh").await.entity_rows().await.len(), 1);
    assert_eq!(names("lan").await, (1, StatusCode::OK, StatusCode::OK));
}

/// PostgreSQL's indexes take keys of some 2,700 bytes, and one answer is to stop nobody's list.
#[tokio::test]
async fn an_id_that_is_no_id_makes_nothing_and_is_in_nobodys_way() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let long: String =
        (0_u32..2_000).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    lan.push(&[
        lan.household(1, 1, "phuong_a", &[("ho", &long), ("chu", "Dài")]),
        lan.household(2, 2, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]),
    ])
    .await;
    let rows = lan.entity_rows().await;
    assert_eq!(rows.len(), 2);
    assert!(rows[1].starts_with(HOUSE), "{}", rows[1]);
}

#[tokio::test]
async fn a_draft_makes_nothing_and_a_record_that_is_put_right_puts_right_what_it_made() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let mut draft =
        lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lam"), ("nguoi", "4")]);
    draft.fields.get_mut(field::STATE).unwrap().value = text(State::Draft.name());
    let first = draft.dot;
    lan.push(&[draft.clone()]).await;
    assert_eq!(lan.entity_rows().await.len(), 1);
    let mut submit = draft.clone();
    submit.dot.seq = 2;
    let over = vec![first];
    submit.fields =
        [(field::STATE.to_owned(), Write { value: text(State::Submitted.name()), over })].into();
    lan.push(&[submit.clone()]).await;
    assert!(lan.entity_rows().await[1].contains("Hộ Lam,1,Lam,4"));
    let mut amend = submit;
    amend.dot.seq = 3;
    amend.fields = [("chu".to_owned(), Write { value: text("Lan"), over: vec![first] })].into();
    lan.push(&[amend]).await;
    assert!(lan.entity_rows().await[1].contains("Hộ Lan,2,Lan,4"), "{:?}", lan.entity_rows().await);
    assert_eq!(lan.entity_conflicts().await, serde_json::json!([]));
}

#[tokio::test]
async fn a_record_that_is_put_right_leaves_what_was_changed_since_as_it_is() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let made = lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lam"), ("nguoi", "4")]);
    let visit = lan.household(2, 2, "phuong_a", &[("ho", HOUSE), ("base", "1"), ("nguoi", "6")]);
    lan.push(&[made.clone(), visit]).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lam,2,Lam,6"));
    let amend = |seq, path: &str, answer: &str, over| {
        let fields = [(path.to_owned(), Write { value: text(answer), over: vec![over] })].into();
        Operation { fields, ..lan.household(seq, 1, "phuong_a", &[]) }
    };
    lan.push(&[amend(3, "chu", "Lan", made.dot)]).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,3,Lan,6"));
    lan.push(&[amend(4, "chu", "Lành", Dot { device: lan.id, seq: 3 })]).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lành,4,Lành,6"));
    // What is erased of it later is erased in each of its versions, and brings none of the others back.
    let which = |_, _: &[_]| ["chu".to_owned()].into();
    let reason = Reason { by: None, action: Action::PersonErase };
    let database = server.app.database();
    database.erase(&[RecordId([1; 16])], which, reason, 0, 3, |_| Ok(())).await.unwrap();
    let row = lan.entity_rows().await.remove(1);
    assert!(row.ends_with(",6") && !row.contains("Lan") && !row.contains("Lành"), "{row}");
    // A record that says what it said, but is of another unit, changes nothing either.
    lan.push(&[amend(5, "nguoi", "5", made.dot)]).await;
    assert!(lan.entity_rows().await[1].ends_with(",5"), "what it says anew holds");
}

/// The feed has a record where it was touched last, if it was only for a note.
#[tokio::test]
async fn changes_that_nobody_asked_for_yet_are_taken_in_the_order_in_which_they_were_made() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    assert_eq!(lan.entity_rows().await.len(), 2);
    let change = |base, count| [("ho", HOUSE), ("base", base), ("nguoi", count)];
    let other = "7b1f0c6e-0000-4000-8000-000000000001";
    let note = [("ghi_chu".to_owned(), Write { value: text("có chó"), over: vec![] })].into();
    lan.push(&[
        lan.household(2, 2, "phuong_a", &change("1", "5")),
        lan.household(3, 3, "phuong_a", &change("2", "6")),
        lan.household(4, 4, "phuong_a", &[("ho", other), ("chu", "Hoa"), ("nguoi", "1")]),
    ])
    .await;
    lan.push(&[Operation { fields: note, ..lan.household(5, 2, "phuong_a", &[]) }]).await;
    let rows = lan.entity_rows().await;
    assert_eq!(rows[1..], [format!("{HOUSE},Hộ Lan,3,Lan,6"), format!("{other},Hộ Hoa,1,Hoa,1")]);
}

/// Rights are those of the moment at which somebody asks for the list.
#[tokio::test]
async fn a_change_that_was_refused_is_tried_again_when_its_record_is_touched() {
    let server = with_forms().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    hoa.push(&[hoa.household(1, 2, "phuong_b", &[("ho", HOUSE), ("base", "1"), ("nguoi", "5")])])
        .await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,1,Lan,4"));
    let both = Some(vec!["phuong_a".into(), "phuong_b".into()]);
    let given = AccountChange { scope: both, ..AccountChange::default() };
    assert!(server.app.database().change_account("hoa", &given, None, 2).await.unwrap());
    let note = [("ghi_chu".to_owned(), Write { value: text("đã sang"), over: vec![] })].into();
    hoa.push(&[Operation { fields: note, ..hoa.household(2, 2, "phuong_b", &[]) }]).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,2,Lan,5"));
}

#[tokio::test]
async fn a_record_that_was_put_right_waits_for_nothing_that_it_does_not_say_any_more() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let [other, third] = [1, 2].map(|id| format!("7b1f0c6e-0000-4000-8000-00000000000{id}"));
    let visit = |seq, record, id: &str| {
        lan.household(seq, record, "phuong_a", &[("ho", id), ("base", "1"), ("nguoi", "5")])
    };
    let (first, second) = (visit(2, 2, &other), visit(3, 3, &third));
    lan.push(&[
        lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")]),
        first.clone(),
        second.clone(),
    ])
    .await;
    assert_eq!(lan.entity_rows().await.len(), 2);
    assert_eq!(lan.entities_waiting().await.0, 2);
    let chosen = |seq, visit: &Operation, value| {
        let fields = [("ho".to_owned(), Write { value, over: vec![visit.dot] })].into();
        let dot = Dot { seq, ..visit.dot };
        Operation { dot, fields, ..lan.household(seq, visit.record.0[0], "phuong_a", &[]) }
    };
    // One chose the wrong household, the other none at all.
    lan.push(&[chosen(4, &first, text(HOUSE)), chosen(5, &second, Value::Empty)]).await;
    assert_eq!(lan.entity_rows().await[1..], [format!("{HOUSE},Hộ Lan,2,Lan,5")]);
    assert_eq!(lan.entities_waiting().await, (0, vec![]));
    let made = |seq, id: &str| {
        let record = u8::try_from(seq).unwrap();
        lan.household(seq, record, "phuong_a", &[("ho", id), ("chu", "Hoa"), ("nguoi", "1")])
    };
    lan.push(&[made(6, &other), made(7, &third)]).await;
    let rows = lan.entity_rows().await;
    assert_eq!(rows[2..], [&other, &third].map(|id| format!("{id},Hộ Hoa,1,Hoa,1")));
}

#[tokio::test]
async fn a_correction_that_was_refused_and_taken_back_waits_for_nothing() {
    let server = with_forms().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let see = async |units: &[&str]| {
        let scope = Some(units.iter().map(|unit| (*unit).to_owned()).collect());
        let change = AccountChange { scope, ..AccountChange::default() };
        assert!(server.app.database().change_account("hoa", &change, None, 2).await.unwrap());
    };
    see(&["phuong_a", "phuong_b"]).await;
    let visit = hoa.household(1, 2, "phuong_b", &[("ho", HOUSE), ("base", "1"), ("nguoi", "5")]);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    hoa.push(std::slice::from_ref(&visit)).await;
    assert!(lan.entity_rows().await[1].ends_with(",2,Lan,5"));
    see(&["phuong_b"]).await;
    for (seq, people, waiting) in [(2, "6", 1), (3, "5", 0)] {
        let over = vec![Dot { seq: seq - 1, ..visit.dot }];
        let fields = [("nguoi".to_owned(), Write { value: text(people), over })].into();
        hoa.push(&[Operation { fields, ..hoa.household(seq, 2, "phuong_b", &[]) }]).await;
        assert!(lan.entity_rows().await[1].ends_with(",2,Lan,5"));
        assert_eq!(hoa.entities_waiting().await.0, waiting, "{people}");
    }
}

#[tokio::test]
async fn changes_that_did_not_see_each_other_are_both_kept_and_shown_until_a_coordinator_looked() {
    let server = with_forms().await;
    let (lan, minh, an) =
        (server.device("lan").await, server.device("minh").await, server.device("an").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let change = [("ho", HOUSE), ("base", "1")];
    let by = |answer: (&'static str, &'static str)| [change[0], change[1], answer];
    lan.push(&[lan.household(2, 2, "phuong_a", &by(("nguoi", "5")))]).await;
    minh.push(&[minh.household(1, 3, "phuong_a", &by(("nguoi", "6")))]).await;
    assert!(an.entity_rows().await[1].ends_with(",3,Lan,6"), "{:?}", an.entity_rows().await);
    let met = an.entity_conflicts().await;
    assert_eq!(met[0]["conflict"], "hard");
    let versions = met[0]["versions"].as_array().unwrap();
    let told: Vec<(&str, u64, &str)> = versions
        .iter()
        .map(|one| {
            let count = &one["properties"]["nguoi"];
            let author = one["author"].as_str().unwrap();
            (author, one["base"].as_u64().unwrap(), count.as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("lan", 0, "4"), ("lan", 1, "5"), ("minh", 1, "6")]);
    assert_eq!(minh.settle_entity(3).await.status, StatusCode::FORBIDDEN);
    assert_eq!(an.settle_entity(2).await.code(), "changed");
    assert_eq!(an.settle_entity(3).await.status, StatusCode::NO_CONTENT);
    assert_eq!(an.entity_conflicts().await, serde_json::json!([]));
    let log = an.get("/api/v1/audit?action=entity_settle").await.json();
    let rows: Vec<_> = log.as_array().unwrap().iter().collect();
    let [row] = rows[..] else { panic!("one was settled: {rows:?}") };
    let told = (&row["actor"], &row["object"], &row["unit"], &row["detail"]);
    let (object, version) = (format!("ho_dan/{HOUSE}"), serde_json::json!({ "version": 3 }));
    assert_eq!(told, (&"an".into(), &object.into(), &"phuong_a".into(), &version));
}

/// Changes the household that is chosen from the list, as a spreadsheet with `entity_id` asks for it: only a phone has that list.
fn choose_and_change() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Sửa</h:title><model entities:entities-version="2024.1.0"><instance><data id="sua" version="1">
        <ho/><nguoi/><meta><entity dataset="ho_dan" id="" update="1" baseVersion="" trunkVersion="" branchId=""/></meta></data></instance>
        <instance id="ho_dan" src="jr://file-csv/ho_dan.csv"/><bind nodeset="/data/nguoi" entities:saveto="nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="/data/ho"/>
        <bind nodeset="/data/meta/entity/@baseVersion" calculate="instance('ho_dan')/root/item[name=/data/ho]/__version"/>
        </model></h:head><h:body><input ref="/data/ho"/><input ref="/data/nguoi"/></h:body></h:html>"#
    )
}

#[tokio::test]
async fn the_version_that_a_phone_saw_is_what_it_wrote_and_not_worked_out_here_without_its_list() {
    let server = with_forms().await;
    let xml = choose_and_change();
    let form = form_ref("sua", &xml);
    let new = NewPack {
        hash: codec::hash(b"sua"),
        json: server
            .app
            .database()
            .pack_json(server.app.database().pack_hash().await.unwrap().unwrap())
            .await
            .unwrap()
            .unwrap(),
        forms: vec![
            FormRow { form: form.clone(), xml },
            FormRow { form: form_ref("ho", &register()), xml: register() },
        ],
        files: vec![],
        units: vec![],
        programmes: BTreeMap::new(),
        personal: vec![],
    };
    assert!(server.app.database().load_pack(&new, 3).await.unwrap());
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let change = |device: &Device<'_>, record, base: &str, people: &str| {
        let fields = [
            ("ho", text(HOUSE)),
            ("nguoi", text(people)),
            ("meta/entity/@id", text(HOUSE)),
            ("meta/entity/@baseVersion", text(base)),
        ];
        Operation { form: form.clone(), ..device.create(1, record, "phuong_a", &fields) }
    };
    minh.push(&[change(&minh, 2, "1", "5")]).await;
    assert_eq!(lan.entity_conflicts().await, serde_json::json!([]), "Minh saw what Lan had made");
    let an = server.device("an").await;
    an.push(&[change(&an, 3, "1", "6")]).await;
    let met = lan.entity_conflicts().await;
    let bases: Vec<&serde_json::Value> =
        met[0]["versions"].as_array().unwrap().iter().map(|one| &one["base"]).collect();
    assert_eq!(bases, [0, 1, 1], "An had not seen Minh's");
}

/// Chooses a household as forms did before there were itemsets: no file is named.
fn search() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Tìm</h:title><model><instance><data id="tim" version="1"><ho/><xa/></data></instance></model></h:head>
        <h:body><select1 ref="/data/ho" appearance="search('ho_dan')"><item><label>label</label><value>name</value></item></select1>
        <select1 ref="/data/xa" appearance="search('xa')"><item><label>ten, huyen</label><value>ma</value></item></select1></h:body></h:html>"#
    )
}

#[tokio::test]
async fn a_list_that_is_searched_in_is_one_that_the_form_reads() {
    let server = with_forms().await;
    let database = server.app.database();
    let row = FormRow { form: form_ref("tim", &search()), xml: search() };
    let form = row.form.clone();
    let villages = "ma,huyen,ten\nbq,Long Khánh,Bảo Quang\n";
    let new = NewPack {
        hash: codec::hash(b"tim"),
        json: database
            .pack_json(database.pack_hash().await.unwrap().unwrap())
            .await
            .unwrap()
            .unwrap(),
        forms: vec![row, FormRow { form: form_ref("ho", &register()), xml: register() }],
        files: vec![vec![FormFile::new("xa.csv", villages.as_bytes().to_vec())]],
        units: vec![],
        programmes: BTreeMap::new(),
        personal: vec![],
    };
    assert!(database.load_pack(&new, 3).await.unwrap());
    let lan = server.device("lan").await;
    let made = lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]);
    let chosen = [("ho", text(HOUSE)), ("xa", text("bq"))];
    let chosen = Operation { form: form.clone(), ..lan.create(2, 2, "phuong_a", &chosen) };
    lan.push(&[made, chosen]).await;
    let table = lan.get("/api/v1/records.xlsx?form=tim").await;
    let mut table = Xlsx::new(Cursor::new(table.body.to_vec())).unwrap();
    let cells = table.worksheet_range_at(0).unwrap().unwrap();
    let cells: Vec<String> = cells.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    for word in ["Hộ Lan", "Bảo Quang"] {
        assert!(cells.iter().any(|cell| cell == word), "{word}: {cells:?}");
    }
    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId(accounts::random()), device_name: "ODK Collect" };
    let account = server.account("lan").await;
    let now_ms = server::clock::now_ms();
    assert!(database.add_token(&account, &token, client, None, now_ms).await.unwrap());
    let manifest = server.get(&format!("/openrosa/{token}/manifest/{}", form.hash), &[]).await;
    let manifest = String::from_utf8(manifest.body.to_vec()).unwrap();
    for file in ["ho_dan.csv", "xa.csv"] {
        assert!(manifest.contains(&format!("<filename>{file}</filename>")), "{manifest}");
    }
}

#[tokio::test]
async fn a_change_that_comes_before_its_entity_waits_for_it() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.household(1, 2, "phuong_a", &[("ho", HOUSE), ("nguoi", "5"), ("base", "1")])])
        .await;
    assert_eq!(lan.entity_rows().await.len(), 1);
    let minh = server.device("minh").await;
    assert_eq!(server.device("hoa").await.entities_waiting().await, (0, vec![]), "another ward's");
    let waiting = (1, vec![RecordId([2; 16]).to_string()]);
    assert_eq!(minh.entities_waiting().await, waiting);
    minh.push(&[minh.household(
        1,
        1,
        "phuong_a",
        &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")],
    )])
    .await;
    assert!(lan.entity_rows().await[1].ends_with(",2,Lan,5"), "{:?}", lan.entity_rows().await);
    assert_eq!(minh.entities_waiting().await, (0, vec![]));
}

#[tokio::test]
async fn what_a_record_that_was_put_away_would_have_changed_does_not_wait() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let change = [("ho", HOUSE), ("nguoi", "5"), ("base", "1")];
    lan.push(&[lan.household(1, 2, "phuong_a", &change)]).await;
    assert_eq!(lan.entities_waiting().await.0, 1);
    let mut away = lan.household(2, 2, "phuong_a", &[]);
    let write = Write { value: text("1"), over: vec![] };
    away.fields = [(field::DELETED.to_owned(), write)].into();
    lan.push(&[away]).await;
    assert_eq!(lan.entities_waiting().await, (0, vec![]));
}

#[tokio::test]
async fn collect_makes_an_entity_and_finds_it_in_its_manifest() {
    let server = with_forms().await;
    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId(accounts::random()), device_name: "ODK Collect" };
    let now_ms = server::clock::now_ms();
    let database = server.app.database();
    assert!(
        database
            .add_token(&server.account("lan").await, &token, client, None, now_ms)
            .await
            .unwrap()
    );
    let get = async |path: String| {
        let answer = server.get(&path, &[("host", "sotay.example")]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    let program: Arc<Program> =
        Arc::new(compile(parse_xform(&register()).unwrap().0, &Resources::default()).unwrap());
    let environment = Environment {
        instance_id: "uuid:0192e6f1-0000-7000-8000-0000000000a1".to_owned(),
        ..Environment::default()
    };
    let mut session = Session::start(program, environment);
    for (path, answer) in [("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")] {
        let question = session.find(path).unwrap();
        session.answer(question, answer).unwrap();
    }
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\r\n\
         {}\r\n--ranh--\r\n",
        session.to_xml()
    );
    let headers = [("content-type", "multipart/form-data; boundary=ranh")];
    let path = format!("/openrosa/{token}/submission");
    let sent = server.request(Method::POST, &path, &headers, Body::from(body)).await;
    assert_eq!(sent.status, StatusCode::CREATED);
    let list = get(format!("/openrosa/{token}/formList")).await;
    assert_eq!(list.matches("<manifestUrl>").count(), 1, "only one form reads a list: {list}");
    let form = codec::hash(visit().as_bytes());
    let manifest = get(format!("/openrosa/{token}/manifest/{form}")).await;
    let csv = get(format!("/openrosa/{token}/entities/ho_dan.csv")).await;
    assert_eq!(csv, format!("name,label,__version,chu_ho,nguoi\n{HOUSE},Hộ Lan,1,Lan,4\n"));
    let md5 = accounts::hex(&Md5::digest(&csv));
    let file = format!(
        "<mediaFile type=\"entityList\"><filename>ho_dan.csv</filename><hash>md5:{md5}</hash>\
         <downloadUrl>http://sotay.example/openrosa/{token}/entities/ho_dan.csv</downloadUrl></mediaFile>"
    );
    assert!(manifest.contains(&file), "{manifest}");
    let unknown = server.get(&format!("/openrosa/{token}/entities/x.csv"), &[]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

fn change(author: &str, base: &str, branch: (&str, &str), property: (&str, &str)) -> Sourced {
    let change = EntityChange {
        dataset: "ho_dan".to_owned(),
        id: HOUSE.to_owned(),
        create: base.is_empty(),
        update: !base.is_empty(),
        base_version: base.to_owned(),
        trunk_version: branch.0.to_owned(),
        branch_id: branch.1.to_owned(),
        label: None,
        properties: vec![(property.0.to_owned(), property.1.to_owned())],
    };
    Sourced { change, unit: "phuong_a".to_owned(), author: author.to_owned() }
}

/// Each change after the other; how the last one met the others.
fn met(changes: &[Sourced]) -> (Entity, Option<Meeting>) {
    let mut now: Option<(Entity, Vec<EntityVersion>)> = None;
    for change in changes {
        let stands = now.as_ref().map(|(entity, versions)| (entity, versions.as_slice()));
        let (entity, version) = apply(stands, change).unwrap();
        let mut versions = now.take().map(|(_, versions)| versions).unwrap_or_default();
        versions.push(version);
        now = Some((entity, versions));
    }
    let (entity, versions) = now.unwrap();
    (entity, versions.last().unwrap().conflict)
}

#[test]
fn changes_meet_softly_hard_or_not_at_all() {
    let none = ("", "");
    let made = change("lan", "", none, ("nguoi", "4"));
    let by_lan = change("lan", "1", none, ("nguoi", "5"));
    let met_by = |last: Sourced| met(&[made.clone(), by_lan.clone(), last]).1;
    assert_eq!(met_by(change("minh", "2", none, ("nguoi", "6"))), None, "it saw both");
    assert_eq!(met_by(change("minh", "1", none, ("nguoi", "6"))), Some(Meeting::Hard));
    assert_eq!(met_by(change("minh", "1", none, ("xa", "bq"))), Some(Meeting::Soft));
    assert_eq!(met_by(change("lan", "1", none, ("nguoi", "6"))), None, "she changed it herself");
    assert_eq!(met_by(change("minh", "1", none, ("nguoi", "5"))), None, "both say the same");
}

/// Forms send all that they show, changed or not.
#[test]
fn what_was_sent_as_it_was_undoes_nobodys_change() {
    let none = ("", "");
    let made = change("lan", "", none, ("nguoi", "4"));
    let by_lan = change("lan", "1", none, ("nguoi", "5"));
    let mut by_minh = change("minh", "1", none, ("nguoi", "4"));
    let (entity, last) = met(&[made.clone(), by_lan.clone(), by_minh.clone()]);
    assert_eq!((entity.properties["nguoi"].as_str(), entity.version, last), ("5", 3, None));
    by_minh.change.properties.extend([("xa", "bq"), ("ap", "")].map(|(n, v)| (n.into(), v.into())));
    let (entity, last) = met(&[made.clone(), by_lan.clone(), by_minh]);
    assert_eq!((entity.properties["nguoi"].as_str(), last), ("5", Some(Meeting::Soft)));
    assert_eq!(entity.properties["xa"], "bq");
    assert!(!entity.properties.contains_key("ap"), "it was empty");
    // She changed it and changed it back; her other phone, which knows of no change, says that there is none.
    let back = change("lan", "2", ("1", "a"), ("nguoi", "4"));
    let on_a = change("lan", "1", ("1", "a"), ("nguoi", "5"));
    assert_eq!(met(&[made.clone(), on_a.clone(), back]).0.properties["nguoi"], "4");
    let on_b = change("lan", "1", ("1", "b"), ("nguoi", "4"));
    assert_eq!(met(&[made.clone(), on_a, on_b]).0.properties["nguoi"], "5");
    // Her phone's app was of before the branches at the first visit, and says at the second one what it is called.
    let renewed = change("lan", "2", ("1", "a"), ("nguoi", "4"));
    assert_eq!(met(&[made.clone(), by_lan.clone(), renewed]).0.properties["nguoi"], "4");
    let renewed = change("lan", "2", ("1", "a"), ("nguoi", "6"));
    assert_eq!(met(&[made.clone(), by_lan.clone(), renewed]).1, None, "she meets nobody");
    // Who does not say what they saw says all of it.
    let mut blind = change("minh", "1", none, ("nguoi", "4"));
    blind.change.base_version.clear();
    assert_eq!(met(&[made, by_lan, blind]).0.properties["nguoi"], "4");
}

/// Two changes of one phone without a network, and one of another phone between them and the server.
#[test]
fn a_line_of_changes_without_a_network_does_not_meet_itself() {
    let made = change("minh", "", ("", ""), ("nguoi", "4"));
    let other = change("minh", "1", ("", ""), ("xa", "bq"));
    let first = change("lan", "1", ("1", "b"), ("nguoi", "5"));
    let second = change("lan", "2", ("1", "b"), ("nguoi", "6"));
    let all = [made, other, first, second];
    assert_eq!(met(&all[..3]).1, Some(Meeting::Soft), "it did not see the other");
    let (entity, last) = met(&all);
    assert_eq!(last, None, "the second one saw the first");
    assert_eq!((entity.version, entity.conflict), (4, Some(Meeting::Soft)));
    assert_eq!(entity.properties["nguoi"], "6");
    let made_again = change("lan", "", ("", ""), ("nguoi", "1"));
    assert_eq!(apply(Some((&entity, &[])), &made_again), Err(Outcome::IsThere));
    assert_eq!(apply(None, &all[1]), Err(Outcome::Waits));
}

/// A form sends all that it shows, and a phone counts its own changes: the second change's number is somebody else's version.
#[test]
fn a_line_of_changes_undoes_nothing_that_came_between_it_and_the_server() {
    for trunk in ["1", ""] {
        let made = change("lan", "", ("", ""), ("nguoi", "4"));
        let other = change("minh", "1", ("", ""), ("nguoi", "9"));
        let visit = |base, place: &str| {
            let mut visit = change("lan", base, (trunk, "b"), ("nguoi", "4"));
            visit.change.properties.push(("xa".to_owned(), place.to_owned()));
            visit
        };
        let begun = [made, other, visit("1", "a")];
        let after = |last: Sourced| met(&[&begun[..], &[last]].concat());
        let (entity, last) = after(visit("2", "b"));
        assert_eq!((entity.properties["nguoi"].as_str(), &*entity.properties["xa"]), ("9", "b"));
        assert_eq!((last, entity.conflict), (None, Some(Meeting::Soft)), "the first one met it");
        let theirs = change("lan", "2", (trunk, "b"), ("nguoi", "7"));
        assert_eq!(after(theirs).1, Some(Meeting::Hard), "it changes what she did not see");
    }
}

#[tokio::test]
async fn what_was_erased_of_a_record_is_erased_of_the_entities_that_it_made() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let minh = server.device("minh").await;
    lan.push(&[lan.household(
        1,
        1,
        "phuong_a",
        &[("ho", HOUSE), ("chu", "Lan Bí Mật"), ("nguoi", "4")],
    )])
    .await;
    let change = [("ho", HOUSE), ("base", "1"), ("nguoi", "5")];
    minh.push(&[minh.household(1, 2, "phuong_a", &change)]).await;
    assert!(lan.entity_rows().await[1].contains("Lan Bí Mật"));
    let which = |_, _: &[_]| ["chu".to_owned()].into();
    let reason = Reason { by: None, action: Action::PersonErase };
    let database = server.app.database();
    database.erase(&[RecordId([1; 16])], which, reason, 0, 3, |_| Ok(())).await.unwrap();
    let said = |rows: Vec<String>| rows.join("\n");
    for rows in [said(lan.entity_rows().await), said(lan.entity_rows().await)] {
        assert!(!rows.contains("Bí Mật") && rows.contains(",5"), "{rows}");
    }
    let (_, versions) = database.entity("lan", "ho_dan", HOUSE).await.unwrap().unwrap();
    assert!(!format!("{versions:?}").contains("Bí Mật"), "{versions:?}");
}

impl TestApp {
    async fn erase_field(&self, record: u8, path: &str) {
        let which = |_, _: &[_]| [path.to_owned()].into();
        let reason = Reason { by: None, action: Action::PersonErase };
        let database = self.app.database();
        let records = [RecordId([record; 16])];
        database.erase(&records, which, reason, 0, 3, |_| Ok(())).await.unwrap();
    }
}

/// What its versions held was not written down then.
#[tokio::test]
async fn what_a_server_from_before_forgot_comes_back_but_for_what_was_erased() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,1,Lan,4"));
    server.erase_field(1, "ghi_chu").await;
    let held = r#","held":[{"version":1,"label":true,"properties":["chu_ho","nguoi"]}]"#;
    let from_before = format!(
        "UPDATE entity_source SET said = replace(said, '{held}', '') WHERE said LIKE '%{held}%'"
    );
    assert_eq!(server.place.outside().await.say(&from_before).await.unwrap(), 1);
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,1,Lan,4"));
}

#[tokio::test]
async fn what_is_put_right_after_an_erasure_and_before_anybody_asks_is_in_the_list() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let visit = lan.household(2, 2, "phuong_a", &[("ho", HOUSE), ("base", "1"), ("nguoi", "4")]);
    lan.push(&[
        lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")]),
        visit.clone(),
    ])
    .await;
    // It saw four and left them: its version holds nothing.
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,2,Lan,4"));
    server.erase_field(2, "ghi_chu").await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,2,Lan,4"), "nothing is new");
    server.erase_field(2, "khac").await;
    let nguoi = Write { value: text("7"), over: vec![visit.dot] };
    let fields = [("nguoi".to_owned(), nguoi)].into();
    lan.push(&[Operation { fields, ..lan.household(3, 2, "phuong_a", &[]) }]).await;
    assert_eq!(lan.entity_rows().await[1], format!("{HOUSE},Hộ Lan,3,Lan,7"));
}

/// One server reads what a record says, and waits; meanwhile its person is erased.
#[tokio::test]
async fn what_was_read_before_an_erasure_is_not_taken_in_after_it() {
    let server = with_forms().await;
    let (lan, database) = (server.device("lan").await, server.app.database());
    let answers = [("ho", HOUSE), ("chu", "Lan Bí Mật"), ("nguoi", "4")];
    lan.push(&[lan.household(1, 1, "phuong_a", &answers)]).await;
    let batch = database.entity_records(10).await.unwrap().unwrap();
    let record = RecordId([1; 16]);
    let change = EntityChange {
        dataset: "ho_dan".to_owned(),
        id: HOUSE.to_owned(),
        create: true,
        update: false,
        base_version: String::new(),
        trunk_version: String::new(),
        branch_id: String::new(),
        label: Some("Hộ Lan Bí Mật".to_owned()),
        properties: vec![("chu_ho".to_owned(), "Lan Bí Mật".to_owned())],
    };
    let said = Sourced { change, unit: "phuong_a".to_owned(), author: "lan".to_owned() };
    let said = vec![Folded { record, at_ms: 1, changes: vec![said] }];
    let reason = Reason { by: None, action: Action::PersonErase };
    let which = |_, _: &[_]| ["chu".to_owned()].into();
    database.erase(&[record], which, reason, 0, 3, |_| Ok(())).await.unwrap();
    database.fold_entities(batch.from, batch.head, said).await.unwrap();
    assert!(database.entity("lan", "ho_dan", HOUSE).await.unwrap().is_none());
    assert!(!lan.entity_rows().await.join("\n").contains("Bí Mật"));
    let (_, versions) = database.entity("lan", "ho_dan", HOUSE).await.unwrap().unwrap();
    assert!(!format!("{versions:?}").contains("Bí Mật"), "{versions:?}");
}

#[tokio::test]
async fn who_does_not_see_all_that_records_say_or_not_their_programme_gets_no_list_of_them() {
    let server = with_forms().await;
    let (lan, auditor) = (server.device("lan").await, server.device("kiem").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    assert_eq!(auditor.entity_rows().await.len(), 2);
    let mut database = server.place.outside().await;
    let hidden = "INSERT INTO personal_field (form, field, person, purpose, months, seen_by)
        VALUES ('ho', 'chu', 'chu', '{}', 12, 'officer coordinator')";
    database.say(hidden).await.unwrap();
    assert_eq!(auditor.entity_rows().await.len(), 1);
    assert_eq!(lan.entity_rows().await.len(), 2);
    for sql in [
        "INSERT INTO form_programme (form, programme) VALUES ('ho', 'ho_dan')",
        "INSERT INTO account_programme (account, programme) VALUES ('lan', 'khac')",
    ] {
        database.say(sql).await.unwrap();
    }
    assert_eq!(lan.entity_list().await.status, StatusCode::NOT_FOUND);
    database.say("UPDATE account_programme SET programme = 'ho_dan'").await.unwrap();
    assert_eq!(lan.entity_rows().await.len(), 2);
}
