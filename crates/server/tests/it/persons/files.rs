//! The files that only erased answers named.

use axum::http::StatusCode;
use server::database::NewBlob;
use server::persons;
use sync::wire::Action;

use super::{by, is_held, start, two_people};
use crate::app::text;
use crate::personal::{photo, roster};

#[tokio::test]
async fn a_file_goes_with_the_last_field_that_named_it_and_is_not_asked_for_again() {
    let server = start().await;
    let lan = two_people(&server, 0x1b).await;
    let (hash, _) = photo(b"photo");
    let stored = || {
        let name = hash.to_string();
        server.place.config.blob_folder().join(name.split_at(2).0).join(&name).exists()
    };
    // A third record names the same photo.
    let mut third = roster(&lan, 3, 3, "Ai đó", b"photo");
    third.fields.get_mut("ghi_chu").unwrap().value = text("Đặng Thị Tư");
    third.fields.get_mut("_title").unwrap().value = text("Phiếu 3");
    lan.push(&[third]).await;
    assert!(stored());
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    assert!(stored(), "another record names it");
    assert!(!is_held(&server, "Trần Lan").await, "the title was made of the name");
    persons::erase(&server.app, &by("Đặng Thị Tư"), 1, None, 6).await.unwrap();
    assert!(!stored());
    let blob = format!("/api/v1/blobs/{hash}");
    assert_eq!(lan.get(&blob).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lan.missing(hash, 5).await, "", "the phone lets go of it");
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    assert!(!stored());
    assert!(lan.push(&[]).await.missing_blobs.is_empty());
}

/// An answer of before that comes after it is emptied, and so its phone has a photo to send that nobody is to have.
#[tokio::test]
async fn a_file_of_an_answer_that_came_too_late_is_not_taken() {
    let server = start().await;
    let lan = two_people(&server, 0x21).await;
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    let mut late = roster(&lan, 3, 1, "Ai đó", b"late!");
    late.action = Action::Amend;
    let told = lan.push(&[late]).await;
    assert_eq!((told.acked, told.missing_blobs), (3, Vec::new()));
    let (hash, _) = photo(b"late!");
    assert_eq!(lan.missing(hash, 5).await, "", "the phone lets go of it");
    lan.put_chunk(hash, 0, 5, b"late!", hash).await;
    assert!(server.app.database().blob(hash).await.unwrap().is_none());
    let name = hash.to_string();
    assert!(!server.place.config.blob_folder().join(name.split_at(2).0).join(&name).exists());
}

/// Its last piece was on the disk when it was erased, and is noted after that.
#[tokio::test]
async fn a_file_that_is_erased_while_it_comes_is_not_kept() {
    let server = start().await;
    two_people(&server, 0x1a).await;
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    let database = server.app.database();
    let (hash, _) = photo(b"photo");
    assert!(database.is_erased_blob(hash).await.unwrap());
    let blob = NewBlob { hash, size: 5, media_type: "image/jpeg", sender: "lan" };
    assert_eq!(database.add_chunk(&blob, 0, 7).await.unwrap(), None);
    assert!(!database.finish_blob(&blob, 7).await.unwrap());
    assert!(database.blob(hash).await.unwrap().is_none());
}
