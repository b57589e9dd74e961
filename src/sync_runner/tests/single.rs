//! What came of schedules that failed, each played alone.

use sync::{
    columns::Records as Columns,
    device::Page,
    wire::{AtDesk, Operation, Outcome, QuarantineReason, Verdict},
};

use super::*;
use crate::stores::{blobs, sign_in::SignInError};

/// Plays it without chance.
fn in_world(test: impl AsyncFnOnce(World)) {
    let owner = Owner::new();
    owner.with(|| block_on(async { test(World::new(1).await).await }));
    owner.cleanup();
}

#[test]
fn of_two_forms_that_are_opened_at_once_none_closes_one_that_is_not_saved() {
    in_world(async |world| {
        let (tab, form) = (world.tabs[0], world.form.hash.to_string());
        let start = || async { tab.open_forms.start(&form, UNIT).await.expect("the form is here") };
        let entered = [start().await, start().await].map(|entry| {
            entry.answer(question(entry, "a"), "1");
            entry.record()
        });
        futures::join!(start(), start());
        for record in entered {
            let view = tab.records.view(record).await.expect("memory reads");
            let answered = view.and_then(|view| view.fields.get("a").cloned());
            assert_eq!(answered, Some(Value::Text("1".to_owned())));
        }
    });
}

#[test]
fn a_full_phone_sends_what_is_sealed() {
    in_world(async |world| {
        let tab = world.tabs[0];
        let entry = world.seal_one(tab).await;
        tab.storage.get_value().fill_up(true);
        entry.answer(question(entry, "a"), "2");
        assert!(tab.open_forms.save_all().await.is_err());
        let (runner, _events) = tab.runner();
        let loaded = runner.seal_and_load(0, MAX_OPERATIONS, MAX_PUSH_BYTES).await;
        let Ok(Event::Loaded(outbox)) = loaded else { panic!("{loaded:?}") };
        assert_eq!(outbox.operations.len(), 1);
    });
}

/// The copy beside a PIN tells by the trace of rows whether it is of what is here now: see `platform::storage::Phone::trace`.
#[test]
fn what_a_device_answers_for_in_no_row_of_work_is_written_where_it_leaves_a_trace() {
    in_world(async |world| {
        let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
        let trace = async || storage.row(Store::Meta, meta::RESCUED).await.expect("memory reads");
        let put = async |came: &Vec<Former>| {
            let row = Change::Put(Store::Meta, meta::RESCUED.into(), codec::encode(came));
            storage.write(vec![row]).await.expect("memory stores");
        };
        let operation = SealedOperation { seq: 1, bytes: vec![1] };
        let came = Former { device: DeviceId([9; 16]), acked: 0, operations: vec![operation] };
        put(&vec![came.clone()]).await;
        assert_eq!(Carry::has_rescued(&storage).await, Ok(true));
        let (runner, _events) = tab.runner();
        runner.take_over().await.expect("memory stores");
        assert_eq!(trace().await, Some(codec::encode(&Vec::<Former>::new())));
        assert_eq!(Carry::has_rescued(&storage).await, Ok(false), "nothing of it waits any more");

        // What the server takes leaves none, and what a restored one has lost does; what waits then waits on.
        let stand = |own, other| DeviceState {
            acked: own,
            former: Some(vec![Former { acked: other, ..came.clone() }]),
            ..tab.records.device()
        };
        let mark = async |state| {
            let marked = runner.mark_acked(state, Vec::new(), Vec::new(), false).await;
            marked.expect("memory stores");
        };
        for (held, lost) in [((3, 1), (3, 0)), ((3, 1), (2, 1))] {
            let gone = vec![Change::Delete(Store::Meta, meta::RESCUED.into())];
            storage.write(gone).await.expect("memory stores");
            mark(stand(held.0, held.1)).await;
            assert_eq!(trace().await, None);
            mark(stand(lost.0, lost.1)).await;
            assert_eq!(trace().await, Some(codec::encode(&Vec::<Former>::new())));
        }
        put(&vec![came.clone()]).await;
        mark(stand(0, 0)).await;
        assert_eq!(trace().await, Some(codec::encode(&vec![came.clone()])));
    });
}

#[test]
fn a_server_that_was_restored_gets_the_files_again_and_of_those_that_were_taken_off_what_it_names()
{
    in_world(async |world| {
        let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
        let row = BlobRow::unsent(1, "image/jpeg".to_owned(), 1);
        let dropped = BlobRow { dropped_ms: Some(2), ..row.clone() };
        let sent = BlobRow { sent: true, sent_after: Some(3), ..row.clone() };
        let [was_sent, named, nobodys] = [1, 2, 3].map(|fill| Hash([fill; 32]));
        let rows = [(was_sent, &sent), (named, &dropped), (nobodys, &dropped)];
        let put = |(hash, row): (Hash, &BlobRow)| {
            Change::Put(Store::BlobMeta, hash.into(), codec::encode(row))
        };
        storage.write(rows.map(put).into()).await.expect("memory stores");
        let (runner, _events) = tab.runner();
        runner.begin().await.expect("memory reads");
        let state = tab.records.device();
        let marked = runner.mark_acked(state, Vec::new(), vec![named], true).await;
        marked.expect("memory stores");
        let unsent = blobs::unsent(&storage).await.expect("memory reads");
        assert_eq!(unsent, [(was_sent, row.clone()), (named, row)]);
    });
}

/// Each answer names every file that the server lacks, and a day of photos goes up behind many answers.
#[test]
fn a_file_that_waits_already_is_not_written_anew_when_the_server_names_it() {
    in_world(async |world| {
        let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
        let row = BlobRow::unsent(1, "image/jpeg".to_owned(), 1);
        let sent = BlobRow { sent: true, sent_after: Some(3), ..row.clone() };
        let [waits, lost] = [1, 2].map(|fill| Hash([fill; 32]));
        let put = |(hash, row): (Hash, &BlobRow)| {
            Change::Put(Store::BlobMeta, hash.into(), codec::encode(row))
        };
        storage.write([(waits, &row), (lost, &sent)].map(put).into()).await.expect("stored");
        let (runner, _events) = tab.runner();
        runner.begin().await.expect("memory reads");
        let puts = async |missing| {
            let before = storage.puts();
            let marked = runner.mark_acked(tab.records.device(), Vec::new(), missing, false).await;
            marked.expect("memory stores");
            storage.puts() - before
        };
        let device_alone = puts(Vec::new()).await;
        assert_eq!(puts(vec![waits, lost]).await, device_alone + 1, "what was lost");
        let unsent = blobs::unsent(&storage).await.expect("memory reads");
        assert_eq!(unsent, [(waits, row.clone()), (lost, row)]);
    });
}

#[test]
fn a_file_of_which_a_piece_does_not_open_is_told_of_and_stops_nothing_else() {
    in_world(async |world| {
        let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
        let blob = WaitingBlob { hash: Hash([1; 32]), size: 1 };
        let row = BlobRow::unsent(1, "image/jpeg".to_owned(), 1);
        let piece = Key::Piece(blob.hash.0.to_vec(), 0);
        let rows = vec![
            Change::Put(Store::BlobMeta, blob.hash.into(), codec::encode(&row)),
            Change::Put(Store::Blobs, piece.clone(), vec![7]),
        ];
        storage.write(rows).await.expect("memory stores");
        storage.damage(Store::Blobs, piece);
        let (runner, _events) = tab.runner();
        let sent = runner.send_chunk(1, blob, 0).await;
        assert_eq!(sent, Ok(Event::BlobReply { ticket: 1, reply: BlobReply::Damaged }));
    });
}

#[test]
fn what_a_backup_holds_under_the_old_name_frees_nothing_under_the_new_one() {
    in_world(async |world| {
        let tab = world.tabs[0];
        world.seal_one(tab).await;
        let (overtaken, _events) = world.tabs[1].runner();
        overtaken.begin().await.expect("memory reads");
        let (leads, _events) = tab.runner();
        leads.begin().await.expect("memory reads");
        let above = Dot { device: tab.records.device().device, seq: 0 };
        leads.rekey(above).await.expect("memory stores");
        world.tabs[1].records.reload().await.expect("memory reads");
        overtaken.forget_safe(1).await.expect("memory stores");
        let held = tab.storage.get_value().all(Store::Outbox).await.expect("memory reads");
        assert_eq!(held.len(), 1);
    });
}

/// The same picture may be chosen for another record and taken off again: only what names it keeps it then.
#[test]
fn what_names_a_file_that_the_server_lacks_stays_though_a_backup_holds_it() {
    in_world(async |world| {
        let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
        let take = async |entry: FormEntry| {
            let coming = entry.file_comes(question(entry, "anh")).expect("open");
            let kept = entry.give(coming, "a.jpg", "image/jpeg", &[7; 9]).await.expect("kept");
            tab.open_forms.save_all().await.expect("memory stores");
            kept
        };
        let form = world.form.hash.to_string();
        let first = tab.open_forms.start(&form, UNIT).await.expect("the form is here");
        let file = take(first).await;
        tab.records.seal_all().await.expect("memory stores");
        let (runner, _events) = tab.runner();
        runner.begin().await.expect("memory reads");
        runner.forget_safe(1).await.expect("memory stores");
        let held = async || storage.all(Store::Outbox).await.expect("memory reads").len();
        assert_eq!(held().await, 1);
        let second = world.seal_one(tab).await;
        take(second).await;
        second.detach(question(second, "anh"));
        tab.open_forms.save_all().await.expect("memory stores");
        let unsent = blobs::unsent(&storage).await.expect("memory reads");
        assert_eq!(unsent.len(), 1, "the first record's photo is still sent");
        blobs::mark_sent(&storage, file.hash).await.expect("memory stores");
        runner.forget_safe(1).await.expect("memory stores");
        assert_eq!(held().await, 1, "of the second record");
    });
}

#[test]
fn what_a_tab_stored_and_did_not_come_to_show_is_shown_by_the_next_that_leads() {
    in_world(async |world| {
        let [ends, next] = world.tabs;
        let theirs: Vec<RecordId> = (0..3).map(|_| record_id::new()).collect();
        for record in &theirs {
            let form = world.form.clone();
            world.server.borrow_mut().copy_writes(DeviceId([5; 16]), *record, form);
        }
        let (runner, mut incoming) = ends.runner();
        let mut machine = runner.begin().await.expect("memory reads");
        let mut due = machine.handle(Event::Opened, 0, 1);
        while let Some(effect) = due.pop() {
            let is_stored = matches!(effect, Task::CommitPull { .. });
            world.carry_out(runner.clone(), effect).await;
            if is_stored {
                break;
            }
            while let Ok(event) = incoming.try_recv() {
                due.extend(machine.handle(event, 0, 1));
            }
        }
        let shown =
            |tab: Tab| theirs.iter().filter(|id| tab.records.summary(**id).is_some()).count();
        assert_eq!([shown(ends), shown(next)], [0, 0], "a page of two is on the disk alone");
        let (runner, _events) = next.runner();
        runner.begin().await.expect("memory reads");
        assert_eq!(shown(next), 2);
    });
}

#[test]
fn a_record_that_a_phone_lost_comes_again_the_next_day() {
    in_world(async |world| {
        let tab = world.tabs[0];
        let storage = tab.storage.get_value();
        let records: Vec<RecordId> = (0..5).map(|_| record_id::new()).collect();
        for record in &records {
            let form = world.form.clone();
            world.server.borrow_mut().copy_writes(DeviceId([5; 16]), *record, form);
        }
        world.sync(0).await;
        let whole = tab.records.tally().await.expect("memory reads");
        assert_eq!(whole.records, 5);
        let yesterday = DeviceState { counted_ms: None, ..tab.records.device() };
        let stand = crate::stores::outbox::put_device(&yesterday);
        let lost = Change::Delete(Store::Base, records[2].into());
        storage.write(vec![lost, stand]).await.expect("memory stores");
        assert_eq!(tab.records.tally().await.expect("memory reads").records, 4);
        world.sync(0).await;
        assert_eq!(tab.records.tally().await.expect("memory reads"), whole);
        storage.damage(Store::Base, records[1].into());
        let held = tab.records.tally().await.expect("the others are counted");
        assert_ne!(held, whole, "what does not open is not held");
        let state = tab.records.device();
        assert_eq!((state.complete, state.counted_ms.is_some()), (yesterday.complete + 1, true));
        assert!(tab.records.view(records[2]).await.expect("memory reads").is_some());
    });
}

#[test]
fn a_sign_out_that_is_refused_ends_nothing_that_is_recorded() {
    in_world(async |world| {
        let tab = world.tabs[0];
        let entry = world.seal_one(tab).await;
        entry.ends_by(question(entry, "anh"), || panic!("it goes on"));
        let refused = tab.sign_in.sign_out(tab.open_forms).await;
        assert_eq!(refused, Err(SignInError::UnsentWork(1)));
    });
}

#[test]
fn a_form_that_a_file_is_on_its_way_to_stays_open() {
    in_world(async |world| {
        let (forms, form) = (world.tabs[0].open_forms, world.form.hash.to_string());
        let start = || async { forms.start(&form, UNIT).await.expect("the form is here") };
        let first = start().await;
        let photo = question(first, "anh");
        first.answer(question(first, "a"), "1");
        first.await_file(photo, true);
        let coming = first.file_comes(photo).expect("open");
        first.answer(question(first, "a"), "2");
        let next = [start().await.record(), start().await.record()];
        let open = |record| forms.find(record).is_some();
        assert_eq!((open(first.record()), next.map(open)), (true, [true, true]));
        next_turn().await;
        start().await;
        assert_eq!((open(first.record()), next.map(open)), (true, [false, true]));
        let file = first.give(coming, "a.jpg", "image/jpeg", &[7]).await.expect("kept");
        start().await;
        assert!(!open(first.record()), "nothing is awaited any more");
        let view = world.tabs[0].records.view(first.record()).await.expect("memory reads");
        let answered = view.and_then(|view| view.fields.get("anh").cloned());
        assert_eq!(answered, Some(Value::File(file)));
    });
}

#[test]
fn a_record_that_is_opened_again_is_as_it_was_stored_last() {
    in_world(async |world| {
        let [here, there] = world.tabs;
        let first = here.open_forms.start(&world.form.hash.to_string(), UNIT).await;
        let first = first.expect("the form is here");
        let shown =
            |entry: FormEntry, name| entry.node(question(entry, name)).get_untracked().value;
        let again = || async { here.open_forms.open(first.record()).await.expect("a record") };
        first.set_on_screen(true);
        first.answer(question(first, "a"), "1");
        first.save_now().await.expect("memory stores");
        world.follow(0, first.record()).await;
        let theirs = there.open_forms.open(first.record()).await.expect("a record");
        theirs.answer(question(theirs, "c"), "2");
        theirs.save_now().await.expect("memory stores");
        assert_eq!(shown(again().await, "c"), "", "somebody is in it");
        first.set_on_screen(false);
        let entry = again().await;
        assert_eq!((shown(entry, "a"), shown(entry, "c")), ("1".to_owned(), "2".to_owned()));
        // A save under way has taken what is entered, and the disk does not hold it yet.
        entry.answer(question(entry, "a"), "2");
        let (mut save, mut turns) = (Box::pin(entry.save_now()), 0);
        let slow_disk = poll_fn(|turn| {
            turns += 1;
            if turns == 1 || turns > 99 {
                return save.as_mut().poll(turn);
            }
            turn.waker().wake_by_ref();
            Poll::Pending
        });
        let (saved, entry) = futures::join!(slow_disk, again());
        saved.expect("memory stores");
        assert_eq!(shown(entry, "a"), "2");
        // What no disk holds is nowhere but in the open form.
        here.storage.get_value().fill_up(true);
        entry.answer(question(entry, "a"), "3");
        assert_eq!(shown(again().await, "a"), "3");
    });
}

/// The phone that sent it had another id, or is another one.
#[test]
fn what_waits_at_the_repair_desk_is_shown_and_counted_until_it_is_applied_or_a_generation_is_without_it()
 {
    in_world(async |world| {
        let tab = world.tabs[0];
        let storage = tab.storage.get_value();
        let entry = world.seal_one(tab).await;
        entry.answer(question(entry, "a"), "2");
        tab.open_forms.save_all().await.expect("memory stores");
        let own = tab.records.seal_all().await.expect("memory stores").remove(0);
        let told = |seq, record: RecordId| {
            let dot = Dot { device: DeviceId([7; 16]), seq };
            let operation = Operation { dot, record, action: Action::Create, ..own.clone() };
            let (reason, set_aside) = (Some(QuarantineReason::OutOfScope), Some(seq.to_string()));
            let verdict = Verdict { seq, outcome: Outcome::Quarantined, reason, set_aside };
            AtDesk { device: dot.device, bytes: Some(codec::encode(&operation)), verdict }
        };
        let [gone, stays] = [RecordId([1; 16]), RecordId([2; 16])];
        let (runner, _events) = tab.runner();
        runner.begin().await.expect("memory reads");
        let pull = async |generation, complete, waiting: Vec<AtDesk>| {
            let mut state = tab.records.device();
            state.generation = generation;
            state.complete = if complete { generation } else { state.complete };
            let page = Page {
                generation,
                included: 0,
                records: Columns::new(Vec::new(), None),
                complete,
                units: None,
                settled: Vec::new(),
                names: BTreeMap::new(),
                waiting,
            };
            runner.commit_pull(state, page).await.expect("memory stores");
            runner.show_pulled().await.expect("memory reads");
        };
        // Here, and in a tab that starts then.
        let shown = async || {
            let records = Records::load(storage.clone()).await.expect("memory reads");
            assert_eq!(records.quarantined(), tab.records.quarantined());
            let mut shown = Vec::new();
            for id in [gone, stays] {
                let summaries = [records, tab.records].map(|records| records.summary(id));
                assert_eq!(summaries[0], summaries[1]);
                let view = tab.records.view(id).await.expect("memory reads");
                assert_eq!(view.is_some(), summaries[0].is_some());
                shown.extend(view.map(|view| {
                    assert!(view.quarantined && !view.pending, "the server has it");
                    assert_eq!(view.fields.get("a"), Some(&Value::Text("2".to_owned())));
                    view.kept.and_then(|kept| kept.set_aside)
                }));
            }
            (records.quarantined(), shown)
        };
        let said = |seq: u64| Some(seq.to_string());
        assert_eq!(shown().await, (0, Vec::new()));
        pull(1, false, vec![told(1, gone), told(2, gone), told(3, stays)]).await;
        assert_eq!(shown().await, (2, vec![said(2), said(3)]));
        pull(1, true, Vec::new()).await;
        assert_eq!(shown().await, (2, vec![said(2), said(3)]), "it came with this generation");
        let mut applied = told(2, gone);
        (applied.bytes, applied.verdict.outcome) = (None, Outcome::Applied);
        pull(1, true, vec![applied]).await;
        assert_eq!(shown().await, (2, vec![said(1), said(3)]));
        pull(2, false, vec![told(3, stays)]).await;
        assert_eq!(shown().await, (2, vec![said(1), said(3)]), "more may come");
        pull(2, true, Vec::new()).await;
        assert_eq!(shown().await, (1, vec![said(3)]));
        // What this phone sealed is counted apart from it.
        let (unsent, _) = tab.records.unsent(0).await.expect("memory reads");
        assert_eq!(unsent.records, [own.record].into());
    });
}
