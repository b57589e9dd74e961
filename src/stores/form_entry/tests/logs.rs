//! The log that a form asks for.

use super::*;
use crate::stores::{blobs, form_entry::log};

/// The form with a log that has all columns but the place.
fn logging() -> String {
    FORM.replace("<orx:meta>", "<meta><audit/></meta><orx:meta>").replace(
        "<bind nodeset=\"/data/chung/ten\"",
        "<bind nodeset=\"/data/meta/audit\" type=\"binary\" xmlns:odk=\"http://www.opendatakit.org/xforms\" \
         odk:track-changes=\"true\" odk:identify-user=\"true\" odk:track-changes-reasons=\"on-form-edit\"/>\
         <bind nodeset=\"/data/chung/ten\"",
    )
}

fn run_logged(test: impl FnOnce(&Phone)) {
    Owner::new().with(|| test(&Phone::filling_in(&logging())));
}

/// The file that the record holds, as rows.
fn submitted_log(phone: &Phone, record: RecordId) -> Vec<String> {
    let view = block_on(phone.records.view(record)).expect("memory reads").expect("a record");
    let Some(Value::File(file)) = view.fields.get("meta/audit") else {
        panic!("no log in {:?}", view.fields)
    };
    assert_eq!((file.name.as_str(), file.media_type.as_str()), ("audit.csv", "text/csv"));
    let bytes =
        block_on(blobs::read_whole(&phone.storage, file.hash)).expect("read").expect("here");
    String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
}

fn left_on_disk(phone: &Phone, record: RecordId) -> String {
    block_on(log::stored(&phone.storage, record, None)).expect("memory reads")
}

#[test]
fn what_was_done_is_logged_and_goes_out_with_the_record() {
    run_logged(|phone| {
        let entry = phone.open(record_id::new());
        entry.set_on_screen(true);
        entry.answer(question(entry, "chung/ten"), "An");
        entry.answer(question(entry, "chung/ten"), "Ân, Lê");
        entry.answer(question(entry, "chung/tuoi"), "12");
        entry.next_page();
        entry.add_row(question(entry, "nguoi"));
        entry.reviewed();
        block_on(entry.submit()).expect("complete");
        let now = clock::now_ms();
        let rows = submitted_log(phone, entry.record());
        let wanted = [
            "event,node,start,end,old-value,new-value,user,change-reason".to_owned(),
            format!("form start,,{now},,,,an,"),
            format!("question,/data/chung/ten,{now},{now},,\"Ân, Lê\",an,"),
            format!("question,/data/chung/tuoi,{now},{now},,12,an,"),
            format!("group questions,/data/chung,{now},{now},,,an,"),
            format!("add repeat,/data/nguoi[1],{now},,,,an,"),
            format!("group questions,/data,{now},{now},,,an,"),
            format!("end screen,,{now},,,,an,"),
            format!("form save,,{now},,,,an,"),
            format!("form finalize,,{now},,,,an,"),
            format!("form exit,,{now},,,,an,"),
        ];
        assert_eq!(rows, wanted);
        assert_eq!(left_on_disk(phone, entry.record()), "", "the record has it");
    });
}

#[test]
fn a_killed_phone_still_has_the_log_and_goes_on_with_it() {
    run_logged(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.set_on_screen(true);
        entry.answer(question(entry, "chung/ten"), "An");
        entry.answer(question(entry, "chung/tuoi"), "1");
        block_on(entry.save_now()).expect("stored");
        // Nothing more is heard of the first opening.
        let again = phone.open(id);
        again.set_on_screen(true);
        block_on(again.submit()).expect("complete");
        let rows = submitted_log(phone, id);
        let starts = rows.iter().filter(|row| row.starts_with("form start")).count();
        assert_eq!(starts, 2, "{rows:#?}");
        assert!(rows.iter().any(|row| row.starts_with("question,/data/chung/ten")), "{rows:#?}");
        assert_eq!(rows.iter().filter(|row| row.starts_with("event,")).count(), 1);
    });
}

#[test]
fn two_tabs_with_one_record_write_one_log() {
    run_logged(|phone| {
        let id = record_id::new();
        let tabs = [phone.open(id), phone.open(id)];
        for (entry, [first, second]) in tabs.iter().zip([["An", "Ân"], ["Ban", "Bân"]]) {
            entry.set_on_screen(true);
            for name in [first, second] {
                entry.answer(question(*entry, "chung/ten"), name);
                entry.log_question(question(*entry, "chung/tuoi"));
                entry.log_question(question(*entry, "chung/ten"));
                block_on(entry.save_now()).expect("stored");
            }
        }
        block_on(tabs[0].submit()).expect("complete");
        let rows = submitted_log(phone, id);
        let told = |text: &str| rows.iter().filter(|row| row.contains(text)).count();
        assert_eq!(told("event,"), 1, "{rows:#?}");
        assert_eq!(told("form start"), 2, "{rows:#?}");
        for name in [",An,an", ",Ân,an", ",Ban,an", ",Bân,an"] {
            assert_eq!(told(name), 1, "{name} {rows:#?}");
        }
    });
}

#[test]
fn whoever_changes_a_submitted_record_says_why() {
    run_logged(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/ten"), "An");
        assert!(!entry.asks_reason());
        block_on(entry.submit()).expect("complete");
        assert!(entry.asks_reason());
        entry.answer(question(entry, "chung/ten"), "Ân");
        entry.give_reason("gõ sai");
        block_on(entry.submit()).expect("complete");
        let rows = submitted_log(phone, id);
        assert!(
            rows.iter().any(|row| row.starts_with("change reason,") && row.ends_with(",gõ sai"))
        );
        assert!(rows.iter().any(|row| row.contains(",An,Ân,")), "{rows:#?}");
    });
}

#[test]
fn a_form_that_asks_for_no_log_leaves_nothing_behind() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.set_on_screen(true);
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(left_on_disk(phone, entry.record()), "");
        block_on(entry.submit()).expect("complete");
        let view = block_on(phone.records.view(entry.record())).expect("read").expect("a record");
        assert!(view.fields.keys().all(|path| !path.contains("audit")));
    });
}
