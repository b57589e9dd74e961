//! Files that came: which of them is the answer, and which the phone sends.

use super::*;

#[test]
fn a_photo_is_kept_with_the_answer_that_names_it() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let note = question(entry, "chung/ten");
        let file = block_on(entry.give(comes(entry, note), "a.jpg", "image/jpeg", &[7; 300_000]))
            .expect("kept");
        block_on(entry.save_now()).expect("stored");
        let again = phone.open(id);
        assert_eq!(again.file(question(again, "chung/ten")), Some(file.clone()));
        let kept = block_on(blobs::read_whole(&phone.storage, file.hash)).expect("read");
        assert_eq!(kept, Some(vec![7; 300_000]));
    });
}

#[test]
fn the_file_that_was_picked_last_is_the_answer_whichever_is_ready_last() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let name = question(entry, "chung/ten");
        let (slow, quick) = (comes(entry, name), comes(entry, name));
        let wanted = block_on(entry.give(quick, "b.jpg", "image/jpeg", &[8; 300])).expect("kept");
        block_on(entry.give(slow, "a.png", "image/png", &[7; 300])).expect("passed over");
        assert_eq!(entry.file(name), Some(wanted.clone()));
        // Nor over a removal; a file on its way to another question is none of it.
        let (slow, other) = (comes(entry, name), comes(entry, question(entry, "chung/tuoi")));
        entry.detach(name);
        block_on(entry.give(slow, "a.png", "image/png", &[7; 300])).expect("passed over");
        assert_eq!(entry.file(name), None);
        assert!(other.is_last());
        block_on(entry.save_now()).expect("stored");
        let kept = block_on(phone.storage.all(Store::BlobMeta)).expect("memory reads");
        assert_eq!(kept.len(), 1, "what came too late is not even kept");
    });
}

/// The files that the phone is to send.
fn waiting(phone: &Phone) -> Vec<sync::wire::Hash> {
    let unsent = block_on(blobs::unsent(&phone.storage)).expect("memory reads");
    unsent.into_iter().map(|(hash, _)| hash).collect()
}

/// That takes all the work that is on the phone, and as long.
#[test]
fn what_is_entered_is_saved_while_a_photo_that_was_taken_again_is_let_go() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let (name, age) = (question(entry, "chung/ten"), question(entry, "chung/tuoi"));
        block_on(entry.give(comes(entry, name), "a.jpg", "image/jpeg", &[1; 300])).expect("kept");
        block_on(entry.save_now()).expect("stored");
        let again = entry.give(comes(entry, name), "b.png", "image/png", &[2; 300]);
        let again = block_on(again).expect("kept");
        let mut save = Box::pin(entry.save_now());
        let is_saved = || matches!(*entry.save_state.read_untracked(), SaveState::Saved(_));
        entry.save_state.set(SaveState::Saving);
        while !is_saved() {
            assert_eq!(save.as_mut().now_or_never(), None, "it is saved before that");
        }
        entry.answer(age, "40");
        block_on(entry.save_now()).expect("stored");
        assert!(entry.is_saved());
        block_on(save).expect("stored");
        assert_eq!(waiting(phone), [again.hash]);
    });
}

/// A phone that is locked ends the recording whose sound is being kept as far as it was heard.
#[test]
fn a_file_that_is_overtaken_while_it_is_kept_is_not_sent() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let name = question(entry, "chung/ten");
        let slow = entry.give(comes(entry, name), "a.webm", "audio/webm", &[7; 300]);
        let mut slow = Box::pin(slow);
        assert_eq!(slow.as_mut().now_or_never(), None, "it is being kept");
        let whole = comes(entry, name);
        block_on(slow).expect("passed over");
        assert_eq!(waiting(phone), []);
        let whole = block_on(entry.give(whole, "b.webm", "audio/webm", &[8; 300])).expect("kept");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(phone), [whole.hash]);
        // The same bytes as what stands are what stands.
        let again = entry.give(comes(entry, name), "c.webm", "audio/webm", &[8; 300]);
        let mut again = Box::pin(again);
        assert_eq!(again.as_mut().now_or_never(), None, "it is being kept");
        entry.answer(name, &whole.name);
        block_on(again).expect("passed over");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(phone), [whole.hash]);
    });
}

#[test]
fn a_file_whose_answer_was_replaced_before_it_was_stored_is_not_sent() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let name = question(entry, "chung/ten");
        let take = |fill: u8, extension: &str| {
            let bytes = [fill; 300];
            let name_of = format!("a.{extension}");
            let kept = entry.give(comes(entry, name), &name_of, "image/jpeg", &bytes);
            let file = block_on(kept).expect("kept");
            entry.save_soon(SAVE_AFTER_MS);
            file
        };
        take(1, "jpg");
        let second = take(2, "png");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(phone), [second.hash]);
        // Nor one of a save that failed after the next answer had come.
        take(3, "jpg");
        let mut save = Box::pin(entry.save_now());
        assert_eq!(save.as_mut().now_or_never(), None, "it is being stored");
        entry.detach(name);
        entry.save_soon(SAVE_AFTER_MS);
        phone.storage.fill_up(true);
        block_on(save).expect_err("the disk is full");
        phone.storage.fill_up(false);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(phone), []);
    });
}

#[test]
fn a_photo_that_was_removed_or_taken_again_is_sent_only_if_something_still_names_it() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let name = question(entry, "chung/ten");
        let take = |fill: u8, extension: &str| {
            let name_of = format!("a.{extension}");
            let bytes = [fill; 300];
            let kept = entry.give(comes(entry, name), &name_of, "image/jpeg", &bytes);
            let file = block_on(kept).expect("kept");
            block_on(entry.save_now()).expect("stored");
            file
        };
        let waiting = || waiting(phone);
        let wrong = take(1, "jpg");
        assert_eq!(waiting(), [wrong.hash]);
        let right = take(2, "png");
        assert_eq!(waiting(), [right.hash], "the wrong one is not sent");
        entry.detach(name);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(), []);
        entry.answer(name, &right.name);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting(), [right.hash], "brought back");
        // What a sealed operation names is sent, whatever was answered since.
        block_on(phone.records.seal_all()).expect("sealed");
        let newest = take(3, "jpg");
        let mut both = [right.hash, newest.hash];
        both.sort();
        let mut all = waiting();
        all.sort();
        assert_eq!(all, both);
        // The same photo for another question.
        let note = question(entry, "chung/tuoi");
        block_on(entry.give(comes(entry, note), "b.jpg", "image/jpeg", &[3; 300])).expect("kept");
        entry.detach(name);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(waiting().len(), 2);
    });
}
