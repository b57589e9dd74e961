//! Changes that are not in the list: their entity is not there yet, or they may not change it.

use server::database::AccountChange;
use sync::wire::{Dot, Operation, RecordId, Value, Write, field};

use super::{HOUSE, with_forms};
use crate::app::{Device, text};

impl Device<'_> {
    /// How many records wait, and which.
    async fn entities_waiting(&self) -> (u64, Vec<String>) {
        let lists = self.get("/api/v1/entities").await.json();
        let waiting = self.get("/api/v1/entities/ho_dan/waiting").await.json();
        let records = waiting.as_array().unwrap().iter();
        let records = records.map(|one| one["record"].as_str().unwrap().to_owned());
        (lists[0]["waiting"].as_u64().unwrap(), records.collect())
    }
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
