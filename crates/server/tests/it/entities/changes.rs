//! What records say of entities, put right, and the order in which it is taken in.

use server::audit::Action;
use server::database::{AccountChange, Reason};
use sync::wire::{Dot, Operation, Outcome as SyncOutcome, RecordId, State, Write, field};

use super::{HOUSE, with_forms};
use crate::app::text;

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
