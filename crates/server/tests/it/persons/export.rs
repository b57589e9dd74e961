//! Handing out what is held about a person.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::json;
use server::database::AuditOf;
use sync::wire::{Value, Write};

use super::{export, is_held, start, two_people, unzip};
use crate::app::text;
use crate::personal::{photo, roster};

#[tokio::test]
async fn a_person_gets_what_is_held_about_them_and_nothing_of_others_in_the_same_record() {
    let server = start().await;
    let _lan = two_people(&server, 0x1f).await;
    let quan_tri = server.device("quan_tri").await;
    let answer = export(&quan_tri, json!({ "value": "+84 901 234 567" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let (told, files) = unzip(&answer.body);
    assert_eq!(told["mentions"].as_array().unwrap().len(), 1);
    let values = told["mentions"][0]["values"].to_string();
    assert!(
        values.contains("Trần Lan") && values.contains("tap_huan") && !values.contains("Hoa"),
        "{values}"
    );
    assert_eq!(told["mentions"][0]["kept_for"]["ghi_chu"]["months"], 24);
    let (hash, _) = photo(b"photo");
    assert_eq!(files, BTreeSet::from(["person.json".to_owned(), format!("files/{hash}.jpg")]));

    let (told, files) = unzip(&export(&quan_tri, json!({ "value": "Phạm Văn Nam" })).await.body);
    let values = told["mentions"][0]["values"].to_string();
    assert!(values.contains("Văn Nam") && !values.contains("Mai"), "{values}");
    assert_eq!(files.len(), 1);

    let (told, _) = unzip(&export(&quan_tri, json!({ "account": "lan" })).await.body);
    assert_eq!(
        (&told["account"]["name"], told["records"].as_array().unwrap().len()),
        (&json!("Chị lan"), 2)
    );
    assert_eq!(told["sessions"][0]["device_name"], "Điện thoại lan");
    assert!(told["audit"].to_string().contains("sign_in") && !told.to_string().contains("argon2"));

    assert_eq!(export(&quan_tri, json!({ "account": "ai" })).await.code(), "not_found");
    assert_eq!(export(&quan_tri, json!({ "value": "Hoa" })).await.code(), "too_short");
    assert_eq!(export(&quan_tri, json!({})).await.code(), "bad_json");
    assert_eq!(
        export(&server.device("thu").await, json!({ "account": "lan" })).await.code(),
        "not_allowed"
    );
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    assert_eq!(log.iter().filter(|row| row.action == "person_export").count(), 3);
}

/// Two people of one name in one class: one of them asks.
#[tokio::test]
async fn of_two_people_of_one_name_in_one_record_one_is_handed_out_and_erased_alone() {
    let server = start().await;
    let lan = server.device("lan").await;
    let mut class = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    for (path, value) in [("", "2"), ("/hv_ten", "Nguyễn Thị Hoa"), ("/hv_tuoi", "61")] {
        let write = Write { value: text(value), over: Vec::new() };
        class.fields.insert(format!("hoc_vien[0b]{path}"), write);
    }
    class.fields.get_mut("ghi_chu").unwrap().value = text("Nguyễn Thị Hoa dạy");
    lan.push(std::slice::from_ref(&class)).await;
    let quan_tri = server.device("quan_tri").await;
    let found = quan_tri.ask(Method::POST, "persons/find", json!({ "value": "thi hoa" })).await;
    assert_eq!(found.json().as_array().unwrap().len(), 3);
    let meant = async |row: &str| {
        let records = [format!("{}/{row}", class.record)];
        let body = json!({ "value": "thi hoa", "records": records });
        unzip(&export(&quan_tri, body).await.body).0["mentions"].clone()
    };
    let values = meant("hoc_vien[0b]").await[0]["values"].to_string();
    assert!(values.contains(r#""61""#) && !values.contains(r#""44""#), "{values}");
    let outside = meant("").await;
    assert_eq!((outside.as_array().unwrap().len(), &outside[0]["row"]), (1, &json!("")));

    let place = format!("{}/hoc_vien[0a]", class.record);
    let body = json!({ "value": "thi hoa", "records": [place], "mentions": 1,
        "password": crate::app::PASSWORD });
    assert_eq!(quan_tri.ask(Method::POST, "persons/erase", body).await.json()["mentions"], 1);
    let page = server.device("minh").await.pull(None).await;
    let stands = |path: &str| page.records[0].fields[path][0].value.clone();
    assert_eq!(stands("hoc_vien[0a]/hv_ten"), Value::Empty);
    assert_eq!(stands("hoc_vien[0b]/hv_ten"), text("Nguyễn Thị Hoa"));
}

/// Who leads a group is named in each of its sessions.
#[tokio::test]
async fn whoever_stands_in_two_thousand_places_is_handed_out_and_erased() {
    let server = start().await;
    two_people(&server, 0x28).await;
    let quan_tri = server.device("quan_tri").await;
    let record = "01".repeat(16);
    let records: Vec<String> =
        (0..2000).map(|row: u16| format!("{record}/hoc_vien[{row:02x}]")).collect();
    let body = json!({ "value": "nguyen thi hoa", "records": records });
    assert_eq!(export(&quan_tri, body.clone()).await.status, StatusCode::OK);
    let mut body = body;
    body["mentions"] = json!(1);
    body["password"] = json!(crate::app::PASSWORD);
    let erased = quan_tri.ask(Method::POST, "persons/erase", body).await;
    assert_eq!(erased.json(), json!({ "mentions": 1 }));
    assert!(!is_held(&server, "Thị Hoa").await);
}
