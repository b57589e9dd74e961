//! Answers and the form on screen, from key press to disk and back.

use super::*;

#[test]
fn an_answer_is_shown_stored_and_there_again_at_the_same_question() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let age = question(entry, "chung/tuoi");
        let node = entry.node(age);
        entry.answer(age, "41");
        assert_eq!(node.get_untracked().value, "41");
        assert_eq!(entry.save_state().get_untracked(), SaveState::Saving);
        block_on(entry.save_now()).expect("memory stores");
        assert_eq!(entry.save_state().get_untracked(), SaveState::Saved(clock::now_ms()));

        let again = phone.open(id);
        assert_eq!(value(again, "chung/tuoi"), "41");
        assert_eq!(again.focused().get_untracked(), Some(question(again, "chung/tuoi")));
    });
}

/// As a form that another tool made calls them: "1. Họ và tên", "Địa chỉ".
#[test]
fn an_answer_is_there_again_whatever_its_question_is_called() {
    let renamed = FORM.replace("chung/tuoi", "chung/_1_tu_i").replace("<tuoi/>", "<_1_tu_i/>");
    let renamed = renamed.replace("/data/ghi_chu", "/data/_a_ch").replace("<ghi_chu/>", "<_a_ch/>");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&renamed.replace("chung", "_1_chung"));
        let id = record_id::new();
        let entry = phone.open(id);
        entry.answer(question(entry, "_1_chung/_1_tu_i"), "41");
        entry.answer(question(entry, "_a_ch"), "Bảo Vinh");
        block_on(entry.save_now()).expect("memory stores");
        let again = phone.open(id);
        assert_eq!(value(again, "_1_chung/_1_tu_i"), "41");
        assert_eq!(value(again, "_a_ch"), "Bảo Vinh");
    });
}

#[test]
fn a_form_that_was_only_looked_at_is_not_stored() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.focus(question(entry, "chung/ten"));
        block_on(entry.save_now()).expect("nothing to do");
        assert_eq!(block_on(phone.storage.all(Store::Open)), Ok(Vec::new()));
        assert_eq!(entry.save_state().get_untracked(), SaveState::Unchanged);
    });
}

#[test]
fn the_form_on_screen_is_on_the_disk_at_once_and_with_each_answer_until_it_is_left() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.set_on_screen(true);
        block_on(entry.save_now()).expect("memory stores");
        let left = phone.filling().expect("on screen");
        assert_eq!((left.record, left.stored, left.place.as_str()), (entry.record(), false, ""));
        assert_eq!((left.form.as_str(), left.unit.as_str()), ("thu", "phuong_a"));
        entry.focus(question(entry, "chung/tuoi"));
        block_on(entry.save_now()).expect("memory stores");
        let left = phone.filling().expect("on screen");
        assert_eq!((left.stored, left.place.as_str()), (false, "chung/tuoi"));
        assert_eq!(block_on(phone.storage.all(Store::Open)), Ok(Vec::new()));
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.save_now()).expect("memory stores");
        let left = phone.filling().expect("on screen");
        assert_eq!((left.stored, left.place.as_str()), (true, "chung/ten"));
        entry.set_on_screen(false);
        block_on(entry.save_now()).expect("memory stores");
        assert_eq!(phone.filling(), None);
    });
}

#[test]
fn leaving_a_form_in_one_tab_leaves_the_form_on_screen_in_another() {
    run(|phone| {
        let (ours, theirs) = (phone.open(record_id::new()), phone.open(record_id::new()));
        for entry in [ours, theirs] {
            entry.set_on_screen(true);
            block_on(entry.save_now()).expect("memory stores");
        }
        ours.set_on_screen(false);
        block_on(ours.save_now()).expect("memory stores");
        assert_eq!(phone.filling().map(|left| left.record), Some(theirs.record()));
    });
}

#[test]
fn two_tabs_fill_one_record_in_turn_and_every_answer_stays() {
    run(|phone| {
        let record = record_id::new();
        let ours = phone.open(record);
        ours.answer(question(ours, "chung/ten"), "An");
        block_on(ours.save_now()).expect("memory stores");
        let theirs = phone.open(record);
        for (tab, path, text) in
            [(theirs, "chung/tuoi", "20"), (ours, "chung/ten", "Anh"), (theirs, "ghi_chu", "tốt")]
        {
            tab.answer(question(tab, path), text);
            block_on(tab.save_now()).expect("memory stores");
        }
        let again = phone.open(record);
        let stored = ["chung/ten", "chung/tuoi", "ghi_chu"].map(|path| value(again, path));
        assert_eq!(stored, ["Anh", "20", "tốt"]);
    });
}

#[test]
fn a_full_disk_is_told_before_the_first_answer() {
    run(|phone| {
        phone.storage.fill_up(true);
        let entry = phone.open(record_id::new());
        entry.set_on_screen(true);
        assert_eq!(block_on(entry.save_now()), Err(StorageError::Full));
        assert_eq!(entry.save_state().get_untracked(), SaveState::Failed(StorageError::Full));
        phone.storage.fill_up(false);
        block_on(entry.save_now()).expect("room again");
        assert_eq!(entry.save_state().get_untracked(), SaveState::Unchanged);
    });
}

#[test]
fn a_full_disk_is_told_and_what_was_typed_is_stored_when_there_is_room() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        phone.storage.fill_up(true);
        entry.answer(question(entry, "chung/ten"), "Ơn");
        assert_eq!(block_on(entry.save_now()), Err(StorageError::Full));
        assert_eq!(entry.save_state().get_untracked(), SaveState::Failed(StorageError::Full));
        entry.answer(question(entry, "chung/ten"), "Ơn Thị");
        assert_eq!(
            entry.save_state().get_untracked(),
            SaveState::Failed(StorageError::Full),
            "whoever goes on is still told, and nothing on the page moves meanwhile"
        );
        phone.storage.fill_up(false);
        block_on(entry.save_now()).expect("room again");
        assert!(matches!(entry.save_state().get_untracked(), SaveState::Saved(_)));
        assert_eq!(value(phone.open(id), "chung/ten"), "Ơn Thị");
    });
}
