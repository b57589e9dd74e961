//! A real server on a real port.

use std::net::SocketAddr;
use std::time::Duration;

use server::ServeError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::place::Place;

/// A server on a port of its own.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    async fn start(place: &Place) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { stopped.await.unwrap() };
        let serving = tokio::spawn(server::serve(place.config.clone(), listener, shutdown));
        Self { address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Tells it to stop, and waits until it has.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.serving).await;
        ended.expect("it stops").unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_data_folder_is_closed_to_others_on_the_machine() {
    use std::os::unix::fs::PermissionsExt;
    let server = crate::app::TestApp::start().await;
    let mode = std::fs::metadata(server.folder.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path()).await;
    let server = Running::start(&place).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: sotay\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"status\":\"ok\""),
        "{answer}"
    );
    // OpenRosa wants the date on every answer; a server on a port gives it.
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /openrosa/formList HTTP/1.1\r\nhost: sotay\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    for header in ["\r\ndate: ", "\r\nx-openrosa-version: 1.0\r\n"] {
        assert!(answer.contains(header), "{answer}");
    }
    let address = server.address;
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_line_has_gone_silent_keeps_no_server_from_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::new(folder.path()).await;
    place.config.grace = Duration::from_millis(50);
    let server = Running::start(&place).await;
    let mut stream = server.connect().await;
    // The server waits for the rest of the body: it asks for it.
    stream
        .write_all(
            b"POST /api/v1/session HTTP/1.1\r\nhost: sotay\r\nx-sotay: 1\r\ncontent-type: application/json\r\n\
              content-length: 100\r\nexpect: 100-continue\r\n\r\n",
        )
        .await
        .unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.stop().await;
}
