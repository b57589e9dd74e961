//! What a form is opened with, and the session that begins with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use form::{Program, Session};
use sync::{
    view::RecordView,
    wire::{Dot, FileRef, FormRef, RecordId, Value},
};

use super::media::Medium;
use crate::platform::clock;
use crate::stores::record_id;

/// What a record is opened with.
pub(in crate::stores) struct Opening {
    pub record: RecordId,
    pub form: FormRef,
    pub unit: String,
    pub account: String,
    pub device: String,
    /// What stands in the record; `None` for a new one.
    pub view: Option<RecordView>,
    /// Field path of the question where the person was.
    pub place: Option<String>,
    /// Field paths of the questions whose files were on its way when the app was killed.
    pub awaited: BTreeSet<String>,
    /// The newest operation of this device when `view` was read.
    pub seen: Dot,
    /// Whether a change that was entered before is in no operation yet: its form may have gone without telling what it lacks.
    pub unsealed: bool,
    /// Pictures, sounds and films that came with the form.
    pub media: Vec<Medium>,
    /// Files that the form names and that are not on this phone.
    pub missing_files: Vec<String>,
    /// What was logged of the record before.
    pub log: String,
    /// The fields of a submission that was made elsewhere, to be changed.
    pub submission: Option<BTreeMap<String, String>>,
}

/// A session that begins with it.
pub(super) fn start_session(program: Arc<Program>, opening: &Opening) -> Session {
    let environment = form::Environment {
        now: clock::local_now(),
        seed: record_id::seed(opening.record),
        properties: sync::gather([
            ("username".to_owned(), opening.account.clone()),
            ("deviceid".to_owned(), opening.device.clone()),
        ]),
        instance_id: format!("uuid:{}", record_id::uuid(opening.record)),
    };
    match (&opening.view, &opening.submission) {
        (None, Some(fields)) => Session::edit(program, environment, fields.clone()),
        (None, None) => Session::start(program, environment),
        (Some(view), _) => Session::resume(program, environment, &fields_of(view)),
    }
}

/// What stands in a record, as its form reads it.
pub(crate) fn fields_of(view: &RecordView) -> BTreeMap<String, String> {
    let text = |(path, value): (&String, &Value)| Some((path.clone(), text_of(value)?));
    sync::gather(view.fields.iter().filter_map(text))
}

/// The text by which a form's instance holds a value.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Empty => None,
        Value::Text(text) => Some(text.clone()),
        Value::File(file) => Some(file.name.clone()),
    }
}

/// The files in a record, by the field path that they answer.
pub(super) fn files_of(view: &RecordView) -> BTreeMap<String, FileRef> {
    let file = |(path, value): (&String, &Value)| match value {
        Value::File(file) => Some((path.clone(), file.clone())),
        Value::Empty | Value::Text(_) => None,
    };
    sync::gather(view.fields.iter().filter_map(file))
}
