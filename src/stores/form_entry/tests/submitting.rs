//! What a person does to a record as a whole.

use form::ViolationKind;

use super::*;

/// A sync seals every open patch, whenever it starts.
#[test]
fn what_a_person_does_to_a_record_is_done_whenever_a_sync_starts() {
    run(|phone| {
        for turns in 0..20 {
            let meanwhile = |act: LocalBoxFuture<'static, ()>| {
                let records = phone.records;
                block_on(async move {
                    let sync = async {
                        for _ in 0..turns {
                            phone.storage.all(Store::Place).await.expect("memory reads");
                        }
                        records.seal_all().await.expect("sealed");
                    };
                    futures::join!(act, sync);
                });
            };
            let stands = |id| {
                let view = block_on(phone.records.view(id)).expect("read").expect("a record");
                assert!(view.conflicts.is_empty(), "{turns}: {:?}", view.conflicts);
                (view.state, view.deleted)
            };
            let id = record_id::new();
            let entry = phone.open(id);
            entry.answer(question(entry, "chung/ten"), "An");
            meanwhile(async move { entry.submit().await.expect("complete") }.boxed_local());
            assert_eq!(stands(id), (State::Submitted, false), "{turns}");

            let records = phone.records;
            let shown = block_on(records.view(id)).expect("read").expect("a record");
            let state = Value::Text(State::Approved.name().to_owned());
            let values = BTreeMap::from([(field::STATE.to_owned(), state)]);
            let approves = async move { records.settle(&shown, values, Action::Amend).await };
            meanwhile(approves.map(|done| done.expect("settled")).boxed_local());
            assert_eq!(stands(id), (State::Approved, false), "{turns}");

            meanwhile(async move { records.delete(id).await.expect("put away") }.boxed_local());
            assert_eq!(stands(id), (State::Approved, true), "{turns}");
            meanwhile(async move { records.undelete(id).await.expect("back") }.boxed_local());
            assert_eq!(stands(id), (State::Approved, false), "{turns}");
        }
    });
}

#[test]
fn what_is_done_to_a_record_that_left_the_phone_is_not_said_to_be_done() {
    run(|phone| {
        let id = record_id::new();
        assert_eq!(block_on(phone.records.delete(id)), Err(ActError::NoRecord));
        assert_eq!(block_on(phone.records.undelete(id)), Err(ActError::NoRecord));
    });
}

/// It came late otherwise, and changed what was submitted.
#[test]
fn a_photo_that_is_on_its_way_is_submitted_with_the_rest() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let photo = comes(entry, question(entry, "chung/ten"));
        let mut submit = Box::pin(entry.submit());
        assert_eq!(submit.as_mut().now_or_never(), None, "not said to be missing either");
        let file = block_on(entry.give(photo, "a.jpg", "image/jpeg", &[7; 9])).expect("kept");
        block_on(submit).expect("complete");
        assert_eq!(block_on(phone.records.seal_all()), Ok(Vec::new()), "nothing came after it");
        let view = block_on(phone.records.view(entry.record())).expect("read").expect("a record");
        assert_eq!(view.state, State::Submitted);
        assert_eq!(view.fields.get("chung/ten"), Some(&Value::File(file)));
    });
}

/// The form tells of it where it has to be there.
#[test]
fn a_film_that_finds_no_room_is_in_the_way_of_nothing_and_comes_once_there_is_room() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let (name, film) = (question(entry, "chung/ten"), question(entry, "chung/tuoi"));
        entry.answer(name, "An");
        block_on(entry.save_now()).expect("stored");
        let coming = comes(entry, film);
        let bytes = picked("a.webm", "video/webm", &[7; 9]);
        let fill = |full| phone.storage.fill_up(full);
        let attach = || {
            fill(true);
            let kept = block_on(entry.attach(&coming, &bytes));
            fill(false);
            kept.expect_err("no room")
        };
        attach();
        assert!(coming.hash.get().is_some(), "it is worked out once");
        block_on(entry.submit()).expect("complete");
        assert!(entry.is_submitted().get_untracked());
        // A lock waits for room a while, and not from the last try.
        let draft = entry.draft.get_value();
        let waits = || [false, true].map(|asked| draft.files(asked).now_or_never());
        let not_yet = Some(Err(StorageError::Full));
        assert_eq!(waits(), [not_yet.clone(), not_yet]);
        for (_, since_ms) in draft.state.borrow_mut().awaited.coming.values_mut().flatten() {
            *since_ms -= crate::stores::form_entry::coming::ROOM_WITHIN_MS;
        }
        attach();
        assert_eq!(waits(), [Some(Ok(())), Some(Ok(()))]);
        block_on(save_each(vec![entry], Until::Kept)).expect("stored");
        let file = block_on(entry.attach(&coming, &bytes)).expect("room");
        block_on(entry.save_now()).expect("stored");
        block_on(phone.records.seal_all()).expect("sealed");
        let view = block_on(phone.records.view(entry.record())).expect("read").expect("a record");
        assert_eq!(view.fields.get("chung/tuoi"), Some(&Value::File(file)));
    });
}

#[test]
fn a_file_that_finds_no_room_is_left_out_by_whoever_says_so_and_what_stands_stays() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        let name = question(entry, "chung/ten");
        let former = entry.give(comes(entry, name), "a.jpg", "image/jpeg", &[1; 9]);
        let former = block_on(former).expect("kept");
        let coming = comes(entry, name);
        let bytes = picked("b.png", "image/png", &[2; 9]);
        phone.storage.fill_up(true);
        block_on(entry.attach(&coming, &bytes)).expect_err("no room");
        phone.storage.fill_up(false);
        let draft = entry.draft.get_value();
        assert_eq!(draft.files(false).now_or_never(), Some(Err(StorageError::Full)));
        entry.pass_by(name);
        assert_eq!(draft.files(true).now_or_never(), Some(Ok(())));
        assert!(!coming.is_last());
        block_on(entry.attach(&coming, &bytes)).expect("passed over");
        assert_eq!(entry.file(name), Some(former));
    });
}

/// It is kept as it was typed, as far as a server applies it.
#[test]
fn an_answer_that_is_too_long_is_told_while_it_is_typed_and_is_not_submitted() {
    run(|phone| {
        // It goes along with others.
        const { assert!(form::MAX_ANSWER_BYTES < sync::push::MAX_PART_BYTES) };
        let id = record_id::new();
        let entry = phone.open(id);
        let name = question(entry, "chung/ten");
        let longest = form::MAX_ANSWER_BYTES;
        let (is_told, not_taken) = (Some(ViolationKind::Length), sync::push::MAX_ANSWER_BYTES + 1);
        for (length, told, stored) in [
            (longest, None, longest),
            (longest + 1, is_told, longest + 1),
            (not_taken, is_told, longest + 1),
        ] {
            entry.answer(name, &"x".repeat(length));
            let problem = entry.node(name).get_untracked().problem;
            assert_eq!(problem.map(|problem| problem.kind), told, "{length}");
            block_on(entry.save_now()).expect("stored");
            assert_eq!(value(phone.open(id), "chung/ten").len(), stored);
        }
        assert_eq!(value(entry, "chung/ten").len(), not_taken, "it stays on screen");
        let refused = block_on(entry.submit());
        assert!(matches!(refused, Err(SubmitError::Problems(wrong)) if wrong[0].node == name));
        entry.answer(name, "An");
        block_on(entry.submit()).expect("it is short enough");
    });
}

#[test]
fn a_form_without_a_single_answer_is_submitted() {
    run(|_| {
        let nothing_required = FORM.replace(r#" required="true()""#, "");
        // What the phone fills in by itself is no answer; without it there is nothing at all.
        for form in [nothing_required.clone(), nothing_required.replace(r#"jr:preload="uid""#, "")]
        {
            let phone = Phone::filling_in(&form);
            let id = record_id::new();
            block_on(phone.open(id).submit()).expect("nothing is missing");
            let view = block_on(phone.records.view(id)).expect("read").expect("a record");
            assert_eq!(view.state, State::Submitted);
        }
    });
}

#[test]
fn an_answer_that_was_left_out_when_the_record_was_submitted_is_in_it_when_it_is_asked_again() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let answer = |path: &str, text: &str| entry.answer(question(entry, path), text);
        let note = || {
            block_on(entry.submit()).expect("complete");
            let view = block_on(phone.records.view(id)).expect("read").expect("a record");
            view.fields.get("ghi_chu").cloned()
        };
        answer("chung/ten", "An");
        answer("chung/tuoi", "18");
        answer("ghi_chu", "tốt");
        answer("chung/tuoi", "17");
        assert_eq!(note(), None, "it is not asked");
        answer("chung/tuoi", "18");
        assert_eq!(value(entry, "ghi_chu"), "tốt");
        assert_eq!(note(), Some(Value::Text("tốt".to_owned())));
    });
}

#[test]
fn a_form_with_a_missing_answer_is_not_submitted_and_says_where() {
    run(|phone| {
        let entry = phone.open(record_id::new());
        entry.answer(question(entry, "chung/tuoi"), "12");
        let Err(SubmitError::Problems(problems)) = block_on(entry.submit()) else {
            panic!("a name is required")
        };
        assert_eq!(
            problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
            ["chung/ten"]
        );
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.submit()).expect("complete");
        assert!(entry.is_submitted().get_untracked());
        let summary = phone.records.summary(entry.record()).expect("listed");
        assert_eq!((summary.state, summary.unsent), (State::Submitted, true));
    });
}

#[test]
fn a_submitted_record_that_is_changed_and_left_is_put_in_order_and_what_it_lacks_is_known() {
    run(|phone| {
        let id = record_id::new();
        let paths = |entry: FormEntry| {
            let lacks = entry.amended()?;
            Some(lacks.iter().map(|lack| lack.path.clone()).collect::<Vec<_>>())
        };
        let stands = || block_on(phone.records.view(id)).expect("read").expect("a record");
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/tuoi"), "18");
        entry.answer(question(entry, "ghi_chu"), "tốt");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(paths(entry), None, "a draft waits for its person");
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.submit()).expect("complete");
        assert_eq!(paths(entry), None, "all of it is submitted");

        let again = phone.open(id);
        assert_eq!(paths(again), None, "only looked at");
        again.answer(question(again, "chung/ten"), "");
        assert_eq!(paths(again), Some(vec!["chung/ten".to_owned()]));
        block_on(again.save_now()).expect("stored");
        let killed = phone.open(id);
        assert_eq!(paths(killed), Some(vec!["chung/ten".to_owned()]), "nobody was told of it");
        again.answer(question(again, "chung/ten"), "Ân");
        again.answer(question(again, "chung/tuoi"), "17");
        assert_eq!(paths(again), Some(Vec::new()));
        block_on(again.amend()).expect("stored");
        assert_eq!(paths(again), None, "in order");
        let sealed = block_on(phone.records.seal_all()).expect("sealed");
        assert_eq!(sealed.iter().map(|one| &one.action).collect::<Vec<_>>(), [&Action::Amend]);
        let view = stands();
        Phone::says(&view, "Ân");
        assert_eq!((view.state, view.fields.get("ghi_chu")), (State::Submitted, None));

        let returned = Value::Text(State::Returned.name().to_owned());
        let values = sync::gather([(field::STATE.to_owned(), returned)]);
        block_on(phone.records.settle(&view, values, Action::Amend)).expect("returned");
        let mended = phone.open(id);
        mended.answer(question(mended, "chung/ten"), "");
        assert_eq!(paths(mended), None, "what came back waits for its person");
    });
}

#[test]
fn what_was_taken_out_stands_again_when_that_is_undone_and_else_once_it_is_submitted() {
    run(|phone| {
        let id = record_id::new();
        let stands = || {
            let view = block_on(phone.records.view(id)).expect("read").expect("a record");
            assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
            view
        };
        let restate = |shown: &RecordView, state: State| {
            let values =
                sync::gather([(field::STATE.to_owned(), Value::Text(state.name().to_owned()))]);
            block_on(phone.records.settle(shown, values, Action::Amend)).expect("settled");
            assert_eq!(stands().state, state);
        };
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.submit()).expect("complete");
        let shown = stands();
        restate(&shown, State::Withdrawn);
        restate(&shown, State::Submitted);
        restate(&stands(), State::Withdrawn);

        let again = phone.open(id);
        again.answer(question(again, "chung/ten"), "Ân");
        block_on(again.save_now()).expect("stored");
        assert_eq!(again.amended().map(|lacks| lacks.len()), None, "it waits for its person");
        assert_eq!(stands().state, State::Withdrawn);
        block_on(again.submit()).expect("complete");
        let view = stands();
        Phone::says(&view, "Ân");
        assert_eq!(view.state, State::Submitted);
    });
}
