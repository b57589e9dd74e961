use server::App;
use server::config::Config;

use crate::app::TestApp;

#[tokio::test]
async fn a_backup_makes_operations_safe_and_a_restored_server_says_so_by_its_epoch() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let file = server.folder.path().join("copy.sqlite");
    server.app.database().backup(&file).await.unwrap();
    assert!(server.app.database().backup(&file).await.is_err(), "a backup never overwrites");
    let before = lan.push(&[]).await;
    assert_eq!((before.acked, before.safe), (1, 1));
    lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await;

    let restored = Config::new(server.folder.path().join("restored"));
    std::fs::create_dir_all(&restored.data).unwrap();
    std::fs::copy(&file, restored.database_file()).unwrap();
    let app = App::open(restored.clone()).await.unwrap();
    let (epoch, _) = app.database().epoch_and_head().await.unwrap();
    assert!(epoch > before.epoch);
    app.database().close().await;
    let again = App::open(restored).await.unwrap();
    assert_eq!(
        again.database().epoch_and_head().await.unwrap().0,
        epoch,
        "only a copy starts a new epoch"
    );
}

#[tokio::test]
async fn a_database_that_was_rewound_gets_a_new_epoch_when_a_device_knows_more() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let page = lan.pull(None).await;
    let ahead = sync::pull::Cursor { rv: 1000, ..page.cursor.parse().unwrap() };
    let answer = lan.pull(Some(&ahead.to_string())).await;
    assert!(answer.reset && answer.epoch > page.epoch);
}
