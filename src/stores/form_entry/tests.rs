//! An open form from key press to disk, without a browser.

use futures::{FutureExt, executor::block_on, future::LocalBoxFuture};
use leptos::prelude::*;
use sync::{
    codec,
    device::DeviceState,
    view::{self, Level},
    wire::{Action, DeviceId, Dot, Outcome, RecordState, Sibling, State, Value, Verdict, field},
};

use super::{coming::files_of, *};
use crate::{
    platform::storage::{
        self, Storage, Store,
        schema::{FILLING, FillingRow, OutboxRow},
    },
    stores::{SyncStatus, outbox, record_id, records::ActError},
};

mod logs;
mod marks;
mod own_files;
mod pages;
mod results;
mod rosters;
mod submitting;

const FORM: &str = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
  <h:head>
    <h:title>Phiếu thử</h:title>
    <model>
      <instance>
        <data id="thu" version="1">
          <chung><ten/><tuoi/></chung>
          <nguoi jr:template=""><ho_ten/></nguoi>
          <ghi_chu/>
          <orx:meta><orx:instanceID/></orx:meta>
        </data>
      </instance>
      <bind nodeset="/data/chung/ten" type="string" required="true()"/>
      <bind nodeset="/data/chung/tuoi" type="int"/>
      <bind nodeset="/data/nguoi/ho_ten" type="string"/>
      <bind nodeset="/data/ghi_chu" type="string" relevant="/data/chung/tuoi &gt; 17"/>
      <bind nodeset="/data/orx:meta/orx:instanceID" type="string" jr:preload="uid"/>
    </model>
  </h:head>
  <h:body class="pages">
    <group ref="/data/chung" appearance="field-list">
      <label>Chung</label>
      <input ref="/data/chung/ten"><label>Tên</label></input>
      <input ref="/data/chung/tuoi"><label>Tuổi</label></input>
    </group>
    <group ref="/data/nguoi">
      <label>Người</label>
      <repeat nodeset="/data/nguoi"><input ref="/data/nguoi/ho_ten"><label>Họ tên</label></input></repeat>
    </group>
    <input ref="/data/ghi_chu"><label>Ghi chú</label></input>
  </h:body>
</h:html>"#;

/// A phone with one form.
struct Phone {
    storage: Storage,
    records: Records,
    program: Arc<Program>,
    form: FormRef,
}

impl Phone {
    fn new() -> Self {
        Self::filling_in(FORM)
    }

    /// A phone to fill another form with.
    fn filling_in(xml: &str) -> Self {
        let storage = Storage::in_memory();
        let records = block_on(Records::load(storage.clone())).expect("memory stores");
        let (form, _) = form::parse_xform(xml).expect("the form is XML");
        let hash = codec::hash(xml.as_bytes());
        let reference =
            FormRef { id: form.id().to_owned(), version: form.version().to_owned(), hash };
        let program = form::compile(form, &form::Resources::default()).expect("the form is right");
        Self { storage, records, program: Arc::new(program), form: reference }
    }

    /// The same phone with another form.
    fn with_form(&self, xml: &str) -> Self {
        let (storage, records) = (self.storage.clone(), self.records);
        Self { storage, records, ..Self::filling_in(xml) }
    }

    fn open(&self, record: RecordId) -> FormEntry {
        let (view, place, seen, unsealed) =
            block_on(self.records.view_with_place(record)).expect("memory reads");
        let log = block_on(log::stored(&self.storage, record, None)).expect("memory reads");
        let opening = Opening {
            record,
            form: self.form.clone(),
            unit: "phuong_a".into(),
            account: "an".into(),
            device: "device".into(),
            view,
            place,
            awaited: self
                .filling()
                .filter(|row| row.record == record)
                .map(|row| row.awaited())
                .unwrap_or_default(),
            seen,
            unsealed,
            media: Vec::new(),
            missing_files: Vec::new(),
            log,
            submission: None,
        };
        FormEntry::open(self.program.clone(), self.storage.clone(), self.records, opening)
    }

    /// The form that the disk says is on screen.
    fn filling(&self) -> Option<FillingRow> {
        let row = block_on(self.storage.row(Store::Place, FILLING)).expect("memory reads");
        row.and_then(|row| FillingRow::decode(&row))
    }

    /// A person answers, and a sync seals it.
    fn seal(&self, entry: FormEntry, question: NodeId, answer: &str) {
        entry.answer(question, answer);
        block_on(entry.save_now()).expect("stored");
        block_on(self.records.seal_all()).expect("sealed");
    }

    /// Whether the record says that, and nothing asks.
    fn says(view: &RecordView, name: &str) {
        assert_eq!(view.fields.get("chung/ten"), Some(&Value::Text(name.to_owned())));
        assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
    }

    fn device(&self) -> DeviceState {
        block_on(outbox::device(&self.storage)).expect("a device")
    }
}

fn question(entry: FormEntry, path: &str) -> NodeId {
    entry
        .session
        .with_value(|session| session.find(path))
        .unwrap_or_else(|| panic!("{path} is drawn"))
}

fn value(entry: FormEntry, path: &str) -> String {
    entry.node(question(entry, path)).get_untracked().value
}

fn run(test: impl FnOnce(&Phone)) {
    Owner::new().with(|| test(&Phone::new()));
}

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
fn a_full_disk_is_told_and_what_was_typed_is_stored_when_there_is_room() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        phone.storage.fill_up(true);
        entry.answer(question(entry, "chung/ten"), "Ơn");
        assert_eq!(block_on(entry.save_now()), Err(StorageError::Full));
        assert_eq!(entry.save_state().get_untracked(), SaveState::Failed(StorageError::Full));
        phone.storage.fill_up(false);
        block_on(entry.save_now()).expect("room again");
        assert_eq!(value(phone.open(id), "chung/ten"), "Ơn");
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
fn a_removed_row_comes_back_with_what_stood_in_it() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let repeat = question(entry, "nguoi");
        let row = entry.add_row(repeat).expect("a row");
        let path = entry.session.with_value(|session| session.path(row));
        entry.answer(question(entry, &format!("{path}/ho_ten")), "Đặng Thị Hường");
        let next = entry.add_row(repeat).expect("a row");
        block_on(entry.save_now()).expect("stored");
        let removed = entry.remove_row(row).expect("removed");
        block_on(entry.save_now()).expect("stored");
        let name = format!("{path}/ho_ten");
        assert!(entry.session.with_value(|session| session.find(&name)).is_none());
        entry.restore_row(&removed);
        block_on(entry.save_now()).expect("stored");
        let again = question(entry, &path);
        assert_eq!(entry.children(repeat).get_untracked(), [again, next], "where it stood");
        assert_eq!(value(phone.open(id), &format!("{path}/ho_ten")), "Đặng Thị Hường");
    });
}

/// Rows with all that answers do not bring back: a default that was taken away, what a rule locks, what an action set once, an
/// entity, and rows that are counted before the number that counts them.
const ROWS: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>F</h:title><model>
    <instance><data id="ho" version="1"><ho jr:template=""><a_con jr:template=""><ten/></a_con><khoa/><mac_dinh>1</mac_dinh><so/><theo/>
      <meta><entity dataset="ho_dan" id="" create="1"><label/></entity></meta></ho><tong/></data></instance>
    <bind nodeset="/data/ho/khoa" type="string" readonly="../so != ''"/><bind nodeset="/data/ho/so" type="int"/>
    <bind nodeset="/data/ho/meta/entity/@id" type="string"/><bind nodeset="/data/tong" calculate="count(/data/ho/a_con[ten != ''])"/></model></h:head>
    <h:body><group ref="/data/ho"><repeat nodeset="/data/ho">
      <setvalue event="odk-new-repeat" ref="/data/ho/meta/entity/@id" value="uuid()"/>
      <group ref="/data/ho/a_con"><repeat nodeset="/data/ho/a_con" jr:count="../so"><input ref="/data/ho/a_con/ten"/></repeat></group>
      <input ref="/data/ho/khoa"/><input ref="/data/ho/mac_dinh"/>
      <input ref="/data/ho/so"><setvalue event="xforms-value-changed" ref="/data/ho/theo" value="concat('mới ', ../so)"/></input>
      <input ref="/data/ho/theo"/>
    </repeat></group></h:body></h:html>"#;

#[test]
fn a_removed_row_comes_back_exactly_as_it_was() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(ROWS);
        let entry = phone.open(record_id::new());
        let row = entry.add_row(question(entry, "ho")).expect("a row");
        let path = entry.session.with_value(|session| session.path(row));
        for (name, text) in
            [("mac_dinh", ""), ("khoa", "K"), ("so", "2"), ("a_con[2]/ten", "Út"), ("theo", "tay")]
        {
            entry.answer(question(entry, &format!("{path}/{name}")), text);
        }
        block_on(entry.save_now()).expect("stored");
        let fields = || entry.session.with_value(Session::fields);
        let stored = || block_on(phone.records.view(entry.record())).expect("read");
        let (before, stood) = (fields(), stored().expect("a record").fields);
        let removed = entry.remove_row(row).expect("removed");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(fields().get("tong").map(String::as_str), Some("0"));
        entry.restore_row(&removed);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(fields(), before);
        assert_eq!(stored().expect("a record").fields, stood);
    });
}

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

/// A file with these bytes.
fn picked(name: &str, media_type: &str, bytes: &[u8]) -> Picked<Body> {
    let (name, media_type) = (name.to_owned(), media_type.to_owned());
    Picked { name, media_type, bytes: bytes.to_vec() }.to_keep()
}

impl FormEntry {
    /// The file that was on its way has come, with these bytes.
    pub(crate) async fn give(
        self,
        coming: Coming,
        name: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<FileRef, StorageError> {
        self.attach(&coming, &picked(name, media_type, bytes)).await
    }
}

/// The way of a file to a question, which begins now.
fn comes(entry: FormEntry, question: NodeId) -> Coming {
    entry.file_comes(question).expect("the form is open")
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
