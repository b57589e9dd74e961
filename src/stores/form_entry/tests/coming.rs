//! Files on their way to a question: how long they are awaited, and by whom.

use super::*;
use crate::stores::form_entry::coming::files_of;

#[test]
fn what_comes_to_a_form_that_was_closed_meanwhile_stops_nothing() {
    run(|phone| {
        let owner = Owner::new();
        let entry = owner.with(|| phone.open(record_id::new()));
        let name = question(entry, "chung/ten");
        let row = entry.add_row(question(entry, "nguoi")).expect("a row");
        let removed = entry.remove_row(row).expect("removed");
        assert!(!entry.is_closed());
        let coming = comes(entry, name);
        owner.cleanup();
        assert!(entry.is_closed(), "whoever undoes something is told");
        entry.answer(name, "An");
        entry.leave(name);
        entry.detach(name);
        entry.restore_row(&removed);
        let file = block_on(entry.give(coming, "a.jpg", "image/jpeg", &[7; 300]));
        assert_eq!(file, Err(StorageError::Gone));
    });
}

#[test]
fn a_file_that_was_on_its_way_when_the_app_was_killed_is_awaited_until_the_question_is_answered() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.set_on_screen(true);
        let age = question(entry, "chung/tuoi");
        entry.answer(age, "40");
        entry.await_file(age, true);
        block_on(entry.save_now()).expect("memory stores");
        let left = phone.filling().expect("the disk knows before another app is in front");
        assert_eq!((left.place.as_str(), left.awaits_file), ("chung/tuoi", Some(true)));

        let again = phone.open(id);
        let age = question(again, "chung/tuoi");
        assert!(again.is_awaited(age));
        again.set_on_screen(true);
        again.answer(age, "41");
        assert!(!again.is_awaited(age));
        block_on(again.save_now()).expect("memory stores");
        assert_eq!(phone.filling().and_then(|left| left.awaits_file), None);
        assert!(!phone.open(id).is_awaited(age));
    });
}

/// Filling in the page while somebody speaks, or while a photo is made small, is the ordinary case.
#[test]
fn what_is_on_its_way_to_a_question_is_awaited_whatever_else_is_answered() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.set_on_screen(true);
        let (name, age) = (question(entry, "chung/ten"), question(entry, "chung/tuoi"));
        entry.make_file(age);
        entry.answer(name, "An");
        let left = || {
            block_on(entry.save_now()).expect("memory stores");
            phone.filling().expect("on screen")
        };
        let awaited = |paths: &[&str]| sync::gather(paths.iter().map(|path| (*path).to_owned()));
        block_on(entry.give(comes(entry, name), "a.jpg", "image/jpeg", &[7; 9])).expect("kept");
        assert_eq!(left().place, "chung/ten");
        assert_eq!(left().awaited(), awaited(&["chung/tuoi"]));
        let again = phone.open(id);
        assert!(again.is_awaited(question(again, "chung/tuoi")));
        // Picked, and made small while somebody types elsewhere.
        entry.await_file(name, true);
        let photo = comes(entry, name);
        assert_eq!(left().awaited(), awaited(&["chung/ten", "chung/tuoi"]));
        block_on(entry.give(comes(entry, age), "a.webm", "audio/webm", &[8; 9])).expect("kept");
        assert_eq!(left().place, "chung/tuoi");
        assert_eq!(left().awaited(), awaited(&["chung/ten"]));
        block_on(entry.give(photo, "b.jpg", "image/jpeg", &[9; 9])).expect("kept");
        assert_eq!(left().awaited(), awaited(&[]));
    });
}

/// It goes away when the phone locks, another person takes it, or a new version of the app does.
#[test]
fn a_page_that_goes_away_waits_for_files_that_came_and_for_the_end_of_what_is_recorded() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let (name, age) = (question(entry, "chung/ten"), question(entry, "chung/tuoi"));
        let draft = entry.draft.get_value();
        let waits = |asked| draft.files(asked).now_or_never().is_none();
        let sound = Rc::new(std::cell::Cell::new(None));
        let ended = Rc::clone(&sound);
        entry.make_file(age);
        entry.ends_by(age, move || ended.set(Some(comes(entry, age))));
        assert!(!waits(false), "it goes on");
        draft.end_all();
        let mut both = Box::pin(draft.files(false));
        assert_eq!(both.as_mut().now_or_never(), None);
        let photo = comes(entry, name);
        let sound = sound.take().expect("told to end");
        block_on(entry.give(sound, "a.webm", "audio/webm", &[8; 9])).expect("kept");
        assert_eq!(both.as_mut().now_or_never(), None);
        block_on(entry.give(photo, "a.jpg", "image/jpeg", &[7; 9])).expect("kept");
        block_on(both).expect("kept");
        block_on(save_each(vec![entry], Until::Kept)).expect("memory stores");
        let again = phone.open(id);
        assert!([name, age].iter().all(|question| again.file(*question).is_some()));
        // What another app was asked for is waited for only by who can wait.
        entry.await_file(name, true);
        assert_eq!([false, true].map(waits), [false, true]);
        let mut given = Box::pin(draft.files(true));
        assert_eq!(given.as_mut().now_or_never(), None);
        entry.await_file(name, false);
        block_on(given).expect("nothing is awaited");
    });
}

#[test]
fn a_sound_for_which_there_is_no_room_is_on_its_way_until_there_is() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.set_on_screen(true);
        let name = question(entry, "chung/ten");
        let (coming, sound) = (comes(entry, name), picked("a.webm", "audio/webm", &[8; 9]));
        block_on(entry.save_now()).expect("memory stores");
        phone.storage.fill_up(true);
        for _ in 0..2 {
            assert_eq!(block_on(entry.attach(&coming, &sound)), Err(StorageError::Full));
        }
        assert!(coming.is_last() && entry.awaits_file());
        // The page does not go away with it, and nobody waits until it may.
        let kept = save_each(vec![entry], Until::Kept);
        assert_eq!(Box::pin(kept).now_or_never(), Some(Err(StorageError::Full)));
        phone.storage.fill_up(false);
        block_on(entry.save_now()).expect("memory stores");
        assert_eq!(phone.filling().and_then(|left| left.coming), Some("chung/ten".to_owned()));
        let file = block_on(entry.attach(&coming, &sound)).expect("kept");
        drop(coming);
        block_on(save_each(vec![entry], Until::Kept)).expect("memory stores");
        assert_eq!((entry.file(name), entry.awaits_file()), (Some(file), false));
    });
}

#[test]
fn a_camera_that_was_closed_without_a_photo_leaves_nothing_awaited() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.set_on_screen(true);
        let age = question(entry, "chung/tuoi");
        entry.await_file(age, true);
        entry.await_file(age, false);
        let awaits = || {
            block_on(entry.save_now()).expect("memory stores");
            phone.filling().and_then(|left| left.awaits_file)
        };
        assert_eq!(awaits(), None);
        // It is opened once more, while what it gave before is being made small.
        let looks_again = || {
            entry.await_file(age, true);
            entry.await_file(age, false);
        };
        let photo = comes(entry, age);
        looks_again();
        assert_eq!(awaits(), Some(true));
        drop(photo);
        entry.await_file(age, false);
        assert_eq!(awaits(), None);
        let late = comes(entry, age);
        entry.answer(age, "40");
        looks_again();
        assert_eq!(awaits(), None, "it comes too late");
        drop(late);
    });
}

/// A form that a file is on its way to stays open beside the one on screen.
#[test]
fn what_is_recorded_in_one_form_ends_while_a_file_is_waited_for_in_another() {
    run(|phone| {
        let entries = [phone.open(record_id::new()), phone.open(record_id::new())];
        let [photo, sound] = entries.map(|entry| (entry, question(entry, "chung/tuoi")));
        let drafts = entries.map(|entry| entry.draft.get_value());
        let coming = comes(photo.0, photo.1);
        let has_ended = Rc::new(std::cell::Cell::new(false));
        let ended = Rc::clone(&has_ended);
        sound.0.ends_by(sound.1, move || ended.set(true));
        let mut kept = Box::pin(files_of(&drafts, false));
        assert_eq!(kept.as_mut().now_or_never(), None);
        assert!(has_ended.get());
        drop(coming);
        photo.0.await_file(photo.1, false);
        block_on(kept).expect("nothing is awaited");
    });
}
