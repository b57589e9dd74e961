//! Pushes that wait at the same time: written together, answered each for itself.

use axum::http::StatusCode;
use server::database::{Answer, Pushed};
use sync::push::Sender;

use crate::app::{Device, TestApp, text};

/// What an error ends.
#[derive(Clone, Copy)]
enum Ends {
    Statement,
    Transaction,
}

/// What stands in the way of every second operation that `hoa` sends, and what that ends.
async fn refuse(server: &TestApp, ends: Ends) {
    let (sqlite, postgres) = match ends {
        Ends::Statement => ("ABORT", "RAISE EXCEPTION 'refused'"),
        Ends::Transaction => ("ROLLBACK", "PERFORM pg_terminate_backend(pg_backend_pid())"),
    };
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON operation";
    let sqlite = format!(
        "{trigger} WHEN NEW.sender = 'hoa' AND NEW.seq % 2 = 0 BEGIN SELECT RAISE({sqlite}, 'refused'); END"
    );
    let postgres = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {postgres}; RETURN NEW; END $$;
         {trigger} FOR EACH ROW WHEN (NEW.sender = 'hoa' AND NEW.seq % 2 = 0) EXECUTE FUNCTION refuse()"
    );
    server.place.outside().await.say_to(&sqlite, &postgres).await.unwrap();
}

async fn push(device: &Device<'_>, first: u64, record: u8) -> Answer<Pushed> {
    let unit = if device.account == "hoa" { "phuong_b" } else { "phuong_a" };
    let said = [("ghi_chu", text("nhiều người cùng gửi"))];
    let operations = [0, 1].map(|next| device.create(first + next, record, unit, &said));
    let request = device.request(&operations);
    let sender = Sender { account: &device.account, revoked: false };
    device.server.app.database().push(request, sender, 7).await
}

/// Three people push while somebody else holds the database: all three wait for the same moment.
async fn push_at_once(devices: [&Device<'_>; 3]) -> [Answer<Pushed>; 3] {
    let mut other = devices[0].server.place.outside().await;
    other.hold().await;
    let [a, b, c] = devices;
    // Futures are begun in their order: who holds the database lets go when all three are in the queue.
    let (a, b, c, ()) = tokio::join!(push(a, 1, 1), push(b, 1, 2), push(c, 1, 3), other.let_go());
    [a, b, c]
}

async fn records(server: &TestApp) -> usize {
    server.device("thu").await.pull(None).await.records.len()
}

#[tokio::test]
async fn pushes_that_wait_at_the_same_time_share_one_transaction() {
    let server = TestApp::start().await;
    let (lan, hoa, minh) =
        (server.device("lan").await, server.device("hoa").await, server.device("minh").await);
    let pushed = push_at_once([&lan, &hoa, &minh]).await.map(Result::unwrap);
    assert_eq!(pushed.each_ref().map(|pushed| pushed.together), [3; 3]);
    assert_eq!(pushed.each_ref().map(|pushed| pushed.head), [1, 2, 3], "in the order of arrival");
    assert_eq!(pushed.map(|pushed| pushed.response.acked), [2; 3]);
    assert_eq!(records(&server).await, 3);
    assert_eq!(push(&lan, 3, 4).await.unwrap().together, 1, "who comes alone goes alone");
}

#[tokio::test]
async fn a_push_that_fails_is_alone_in_that() {
    let server = TestApp::start().await;
    refuse(&server, Ends::Statement).await;
    let (lan, hoa, minh) =
        (server.device("lan").await, server.device("hoa").await, server.device("minh").await);
    let [before, failed, after] = push_at_once([&lan, &hoa, &minh]).await;
    assert!(failed.unwrap_err().to_string().contains("refused"));
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!((before.together, after.together), (3, 3));
    assert_eq!((before.head, after.head), (1, 2), "what failed took no place in the feed");
    assert_eq!(records(&server).await, 2);
    // Nothing of it stayed, not even its first operation, which did not fail.
    let (sqlite, postgres) = ("DROP TRIGGER refuse", "DROP TRIGGER refuse ON operation");
    server.place.outside().await.say_to(sqlite, postgres).await.unwrap();
    assert_eq!(push(&hoa, 1, 2).await.unwrap().response.acked, 2);
}

#[tokio::test]
async fn an_error_that_ends_the_whole_transaction_ends_only_its_own_push() {
    let server = TestApp::start().await;
    refuse(&server, Ends::Transaction).await;
    let (lan, hoa, minh) =
        (server.device("lan").await, server.device("hoa").await, server.device("minh").await);
    let [before, failed, after] = push_at_once([&lan, &hoa, &minh]).await;
    assert!(failed.is_err());
    assert_eq!((before.unwrap().together, after.unwrap().together), (1, 1), "they went one by one");
    assert_eq!(records(&server).await, 2);
    // The connection that it happened on begins others.
    let answer = hoa.post_push(sync::codec::encode(&hoa.request(&[])), &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(push(&hoa, 1, 5).await.is_err());
    assert_eq!(push(&lan, 3, 4).await.unwrap().response.acked, 4);
}

#[tokio::test]
async fn work_whose_sender_went_away_while_it_waited_is_kept() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let mut other = server.place.outside().await;
    other.hold().await;
    {
        let mut gone = Box::pin(push(&lan, 1, 1));
        assert!(begin(gone.as_mut()).await, "it waits");
    }
    other.let_go().await;
    push(&minh, 1, 2).await.unwrap();
    assert_eq!(records(&server).await, 2);
}

/// Begins a future and says whether it waits.
async fn begin(mut future: std::pin::Pin<&mut impl Future>) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}
