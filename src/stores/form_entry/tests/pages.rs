//! The pages of a form, and coming back to them.

use super::*;

#[test]
fn pages_come_and_go_with_what_is_relevant() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let age = question(entry, "chung/tuoi");
        let before = entry.pages().get_untracked().len();
        entry.answer(age, "18");
        assert_eq!(entry.pages().get_untracked().len(), before + 1);
        while entry.next_page() {}
        assert_eq!(entry.page().get_untracked(), question(entry, "ghi_chu"));
        entry.answer(age, "17");
        assert_eq!(entry.pages().get_untracked().len(), before);
        assert!(
            entry.pages().get_untracked().contains(&entry.page().get_untracked()),
            "the page on screen exists"
        );
    });
}

#[test]
fn the_whole_form_as_one_page_has_all_that_is_missing() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let pages = || {
            let violations = entry.violations().into_iter();
            violations.map(|violation| violation.page).collect::<Vec<_>>()
        };
        assert_eq!(pages(), [Some(question(entry, "chung"))]);
        entry.show_whole(true);
        assert_eq!(pages(), [Some(entry.page().get_untracked())]);
    });
}

#[test]
fn whoever_sees_the_form_otherwise_stays_at_the_question() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.answer(question(entry, "chung/tuoi"), "18");
        let note = question(entry, "ghi_chu");
        entry.answer(note, "tốt");
        for (whole, page) in [(true, entry.root()), (false, note)] {
            entry.show_whole(whole);
            assert_eq!(entry.page().get_untracked(), page);
            assert_eq!(entry.focused().get_untracked(), Some(note));
        }
    });
}

#[test]
fn whoever_comes_back_to_a_page_of_rows_is_at_the_row_they_left() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let repeat = question(entry, "nguoi");
        entry.next_page();
        assert_eq!(entry.page().get_untracked(), repeat);
        entry.add_row(repeat).expect("a row");
        let row = entry.add_row(repeat).expect("a row");
        entry.add_row(repeat).expect("a row");
        let path = entry.session.with_value(|session| session.path(row));
        entry.answer(question(entry, &format!("{path}/ho_ten")), "Đặng Thị Hường");
        entry.previous_page();
        assert_eq!(entry.focused().get_untracked(), None, "only rows are many of one kind");
        entry.next_page();
        assert_eq!(entry.focused().get_untracked(), Some(row));
        block_on(entry.save_now()).expect("stored");
        let again = phone.open(id);
        assert_eq!(again.focused().get_untracked(), Some(question(again, &path)), "as stored");
        entry.previous_page();
        entry.remove_row(row).expect("removed");
        entry.next_page();
        assert_eq!(entry.focused().get_untracked(), None, "it is gone");
    });
}
