//! An open form from key press to disk, without a browser: the phone that the tests fill forms on, and its form.

use futures::{FutureExt, executor::block_on, future::LocalBoxFuture};
use leptos::prelude::*;
use sync::{
    codec,
    device::DeviceState,
    view::{self, Level},
    wire::{Action, DeviceId, Dot, RecordState, Sibling, State, Value, field},
};

use super::*;
use crate::{
    platform::storage::{
        self, Storage, Store,
        schema::{FILLING, FillingRow, OutboxRow},
    },
    stores::{outbox, record_id, records::ActError},
};

mod coming;
mod files;
mod logs;
mod marks;
mod own_files;
mod pages;
mod removed_rows;
mod results;
mod rosters;
mod saving;
mod sending;
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
