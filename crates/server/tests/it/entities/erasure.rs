//! Entities that were made of what was erased.

use form::EntityChange;
use server::audit::Action;
use server::database::{Folded, Reason};
use server::entities::Sourced;
use sync::wire::{Operation, RecordId, Write};

use super::{HOUSE, with_forms};
use crate::app::{TestApp, text};

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
