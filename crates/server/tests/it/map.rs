//! The map out of an operator's file.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use server::App;

use crate::app::TestApp;
use crate::place::{Outside, Place};

const PNG: &str = "X'89504E470D0A1A0A00'";
const JPEG: &str = "X'FFD8FFE000'";
const WEBP: &str = "X'524946460400000057454250'";

/// A file of these tiles: zoom, column, row from the south, bytes as SQL writes them.
async fn mbtiles(file: &Path, says: &[(&str, &str)], tiles: &[(u8, u32, u32, &str)]) {
    std::fs::write(file, []).unwrap();
    let mut out = Outside::file(file).await;
    out.say(
        "CREATE TABLE metadata (name text, value text);
         CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
         CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)",
    )
    .await
    .unwrap();
    for (name, value) in says {
        out.say(&format!("INSERT INTO metadata VALUES ('{name}', '{value}')")).await.unwrap();
    }
    for (z, x, y, bytes) in tiles {
        out.say(&format!("INSERT INTO tiles VALUES ({z}, {x}, {y}, {bytes})")).await.unwrap();
    }
}

const SAYS: &[(&str, &str)] = &[
    ("name", "Long Khánh"),
    ("format", "png"),
    ("bounds", "107.0,10.8,107.5,11.1"),
    ("center", "107.24,10.93,3"),
    ("attribution", "<a href=\"https://example.org\">&copy; những người vẽ</a>"),
];

/// At zoom 2 the second row from the north is the third from the south.
const TILES: &[(u8, u32, u32, &str)] =
    &[(1, 1, 1, PNG), (2, 3, 2, JPEG), (2, 3, 1, WEBP), (3, 6, 4, "X'00'")];

async fn served(says: &[(&str, &str)], tiles: &[(u8, u32, u32, &str)]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("map.mbtiles");
    mbtiles(&file, says, tiles).await;
    TestApp::with(|config| config.map = Some(file)).await
}

#[tokio::test]
async fn phones_get_the_pictures_of_the_operators_own_file() {
    let server = served(SAYS, TILES).await;
    let lan = server.device("lan").await;
    let about = lan.get("/api/v1/map").await;
    let about = about.json();
    assert_eq!((about["min_zoom"].as_u64(), about["max_zoom"].as_u64()), (Some(1), Some(3)));
    assert_eq!(about["bounds"], serde_json::json!([107.0, 10.8, 107.5, 11.1]));
    assert_eq!(about["center"], serde_json::json!([107.24, 10.93, 3.0]));
    assert_eq!(about["attribution"], "© những người vẽ");
    let root = format!("/api/v1/map/{}", about["version"].as_str().unwrap());
    for (place, kind) in [("1/1/0", "image/png"), ("2/3/1", "image/jpeg"), ("2/3/2", "image/webp")]
    {
        let tile = lan.get(&format!("{root}/{place}")).await;
        assert_eq!((tile.status, tile.header("content-type")), (StatusCode::OK, kind), "{place}");
        assert_eq!(tile.header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(tile.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn where_there_is_no_picture_there_is_no_content_and_where_none_can_be_nothing_is_found() {
    let server = served(SAYS, TILES).await;
    let lan = server.device("lan").await;
    let about = lan.get("/api/v1/map").await.json();
    let version = about["version"].as_str().unwrap();
    let no_picture = StatusCode::NO_CONTENT;
    let nothing = StatusCode::NOT_FOUND;
    let no_address = StatusCode::BAD_REQUEST;
    for (place, status) in [
        ("2/0/0", no_picture),
        // What is in the file is no picture.
        ("3/6/3", no_picture),
        ("0/0/0", nothing),
        ("4/0/0", nothing),
        ("2/4/0", nothing),
        ("2/0/4", nothing),
        ("2/4294967295/0", nothing),
        ("255/0/0", nothing),
        ("2/-1/0", no_address),
        ("2/4294967296/0", no_address),
        ("256/0/0", no_address),
        ("2/a/0", no_address),
    ] {
        let answer = lan.get(&format!("/api/v1/map/{version}/{place}")).await;
        assert_eq!(answer.status, status, "{place}");
    }
    let other = lan.get("/api/v1/map/0123456789abcdef/1/1/0").await;
    assert_eq!((other.status, other.code().as_str()), (nothing, "not_found"));
}

#[tokio::test]
async fn nobody_sees_the_map_without_a_session_and_a_server_without_one_says_so() {
    let server = served(SAYS, TILES).await;
    let lan = server.device("lan").await;
    let version = lan.get("/api/v1/map").await.json()["version"].as_str().unwrap().to_owned();
    for path in ["/api/v1/map".to_owned(), format!("/api/v1/map/{version}/1/1/0")] {
        assert_eq!(server.get(&path, &[]).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let bare = TestApp::start().await;
    let lan = bare.device("lan").await;
    assert_eq!(lan.get("/api/v1/map").await.status, StatusCode::NO_CONTENT);
    let tile = lan.get(&format!("/api/v1/map/{version}/1/1/0")).await;
    assert_eq!((tile.status, tile.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

#[tokio::test]
async fn another_file_has_another_version_and_a_copy_has_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let version = async |file: PathBuf| {
        server::map::MapFile::open(&file).await.unwrap().about().version.clone()
    };
    mbtiles(&at("a"), SAYS, TILES).await;
    std::fs::copy(at("a"), at("copy")).unwrap();
    mbtiles(&at("b"), SAYS, &TILES[1..]).await;
    mbtiles(&at("c"), &SAYS[1..], TILES).await;
    let first = version(at("a")).await;
    assert_eq!(version(at("copy")).await, first);
    assert_ne!(version(at("b")).await, first);
    assert_ne!(version(at("c")).await, first);
    Outside::file(&at("a"))
        .await
        .say("UPDATE tiles SET tile_data = X'FFD8FF01' WHERE zoom_level = 2")
        .await
        .unwrap();
    assert_ne!(version(at("a")).await, first);
}

#[tokio::test]
async fn a_server_does_not_start_with_a_map_that_is_none_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text"), "no map at all, but long enough to be looked at as if it were one")
        .unwrap();
    std::fs::write(at("nothing"), []).unwrap();
    mbtiles(&at("vector"), &[("format", "pbf")], &[(0, 0, 0, "X'1F8B0800'")]).await;
    mbtiles(&at("unsaid"), &[], &[(0, 0, 0, "X'1F8B0800'")]).await;
    mbtiles(&at("empty"), SAYS, &[]).await;
    Outside::file(&{
        std::fs::write(at("other"), []).unwrap();
        at("other")
    })
    .await
    .say("CREATE TABLE records (id integer)")
    .await
    .unwrap();
    for (name, why) in [
        ("missing", "cannot read the map"),
        (".", "cannot read the map"),
        ("text", "no map in MBTiles"),
        ("nothing", "no map in MBTiles"),
        ("other", "no map in MBTiles"),
        ("vector", "vector tiles"),
        ("unsaid", "no pictures in png, jpg or webp"),
        ("empty", "there are no tiles"),
    ] {
        let mut place = Place::new(at("data")).await;
        place.config.map = Some(at(name));
        let error = App::open(place.config.clone()).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(name), "{name}: {error}");
    }
}
