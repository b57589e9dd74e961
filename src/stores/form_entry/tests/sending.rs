//! What was answered and is sealed and sent, while its form is open.

use sync::wire::{Outcome, Verdict};

use super::*;
use crate::stores::SyncStatus;

#[test]
fn an_answer_is_counted_as_on_this_phone_only_from_its_first_save_until_the_server_has_it() {
    run(|phone| {
        let status = SyncStatus::new();
        let lacks = |acked: u64| {
            let (unsent, files) = block_on(phone.records.unsent(acked)).expect("memory reads");
            status.count(&unsent, &files, 0, None);
            let standing = status.standing().get_untracked();
            (standing.unsent_records, standing.unsent_files, standing.unsent_bytes)
        };
        let entry = phone.open(record_id::new());
        assert_eq!(lacks(0), (0, 0, 0), "only looked at");
        let name = question(entry, "chung/ten");
        entry.answer(name, "An");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(lacks(0), (1, 0, 0), "open, not sealed");
        block_on(entry.give(comes(entry, name), "a.jpg", "image/jpeg", &[7; 300])).expect("kept");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(lacks(0), (1, 1, 300), "open, with a file");
        block_on(phone.records.seal_all()).expect("sealed");
        assert_eq!(lacks(0), (1, 1, 300), "sealed, not sent");
        assert_eq!(lacks(1), (0, 1, 300), "the answers are sent");
        entry.answer(name, "Ân");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(lacks(1), (1, 1, 300), "open again on top of what was sent");
    });
}

#[test]
fn a_sync_in_the_middle_of_filling_makes_no_conflict_with_oneself() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let name = question(entry, "chung/ten");
        phone.seal(entry, name, "An");
        phone.seal(entry, name, "Ân");

        let rows = block_on(phone.storage.all(Store::Outbox)).expect("read");
        let held: Vec<_> = rows
            .iter()
            .map(|(_, row)| OutboxRow::decode(row).and_then(OutboxRow::held).expect("ours"))
            .collect();
        assert_eq!(held.iter().map(|held| held.operation.dot.seq).collect::<Vec<_>>(), [1, 2]);
        let view = view::view(&phone.device(), None, &held, None).expect("a record");
        Phone::says(&view, "Ân");
    });
}

#[test]
fn a_form_that_is_open_goes_on_from_what_the_phone_has_freed() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let name = question(entry, "chung/ten");
        phone.seal(entry, name, "An");

        let row = block_on(phone.storage.row(Store::Outbox, 1_u64)).expect("read").expect("sealed");
        let held = OutboxRow::decode(&row).and_then(OutboxRow::held).expect("ours");
        let state = view::handed_over(&phone.device(), None, &[held]).expect("a record");
        let device = DeviceState {
            acked: 1,
            safe: 1,
            included: 1,
            generation: 1,
            complete: 1,
            ..phone.device()
        };
        let base = view::Base { state, included: 1, generation: 1 };
        let changes = vec![
            outbox::put_device(&device),
            storage::Change::Put(Store::Base, id.into(), codec::encode(&base)),
            storage::Change::Delete(Store::Outbox, 1_u64.into()),
        ];
        block_on(phone.storage.write(changes)).expect("stored");

        phone.seal(entry, name, "Ân");
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        Phone::says(&view, "Ân");
    });
}

#[test]
fn a_word_of_the_server_is_noted_only_where_the_watermark_does_not_say_it() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.save_now()).expect("stored");
        block_on(phone.records.seal_all()).expect("sealed");
        let records = phone.records;
        block_on(records.unsent(0)).expect("memory reads");
        let verdict = |seq, outcome| Verdict { seq, outcome, reason: None, set_aside: None };
        let applied = verdict(1, Outcome::Applied);
        assert_eq!(records.to_note(vec![applied.clone()]), (vec![], [entry.record()].into()));
        let kept = verdict(1, Outcome::Quarantined);
        assert_eq!(records.to_note(vec![kept.clone()]), (vec![kept], [].into()));
        let unknown = verdict(9, Outcome::Merged);
        assert_eq!(records.to_note(vec![unknown.clone()]), (vec![unknown], [].into()));
        // What is noted once is noted again when the server thinks better of it.
        records.noted(&[1]);
        block_on(records.unsent(0)).expect("memory reads");
        assert_eq!(records.to_note(vec![applied.clone()]), (vec![applied], [].into()));
    });
}

#[test]
fn a_record_is_shown_as_sent_when_nothing_of_it_waits() {
    run(|phone| {
        let (entry, records) = (phone.open(record_id::new()), phone.records);
        let id = entry.record();
        let name = question(entry, "chung/ten");
        let waits = || records.summary(id).map(|record| record.unsent);
        let sent = |acked| {
            records.set_device(DeviceState { acked, ..records.device() });
            drop(block_on(records.sent(&[id].into(), acked)).expect("memory reads"));
        };
        entry.answer(name, "An");
        block_on(entry.save_now()).expect("stored");
        block_on(records.seal_all()).expect("sealed");
        assert_eq!(waits(), Some(true));
        entry.answer(name, "Ân");
        block_on(entry.save_now()).expect("stored");
        sent(1);
        assert_eq!(waits(), Some(true), "answered anew meanwhile");
        block_on(records.seal_all()).expect("sealed");
        sent(2);
        assert_eq!(waits(), Some(false));
    });
}
