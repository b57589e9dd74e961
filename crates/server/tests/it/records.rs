use sync::wire::{Dot, RecordId};

use crate::app::{TestApp, text};

#[tokio::test]
async fn the_history_tells_who_did_what_when_and_on_which_device() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("một"))])]).await;
    let mut amend = minh.create(1, 1, "phuong_a", &[("ghi_chu", text("hai"))]);
    amend.action = sync::wire::Action::Amend;
    amend.fields.remove(sync::wire::field::STATE);
    amend.fields.get_mut("ghi_chu").unwrap().over = vec![Dot { device: lan.id, seq: 1 }];
    minh.push(&[amend]).await;

    let history = minh.get(&format!("/api/v1/records/{}/history", RecordId([1; 16]))).await.json();
    let entries = history.as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let (first, second) = (&entries[0], &entries[1]);
    assert_eq!((&first["author"], &first["author_name"]), (&"lan".into(), &"Chị lan".into()));
    assert_eq!((&first["action"], &first["outcome"]), (&"create".into(), &"applied".into()));
    assert_eq!(first["device_name"], "Điện thoại lan");
    assert_eq!(
        (first["wall_ms"].as_i64(), first["offset_ms"].as_i64()),
        (Some(1_732_320_000_000), Some(1500))
    );
    assert!(first["received_ms"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!((&second["author"], &second["action"]), (&"minh".into(), &"amend".into()));
    assert_eq!(
        second["fields"],
        serde_json::json!([{ "path": "ghi_chu", "value": "hai", "file": null, "replaced": 1 }])
    );
}
