//! From a submission to an operation: what it writes, over what its author saw. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use form::definition::Bind;
use form::{Envelope, Resources};
use sync::codec;
use sync::draft::OpenPatch;
use sync::mask::question;
use sync::merge::{Record, Stamp};
use sync::view::RecordView;
use sync::wire::{
    Action, DeviceId, Dot, FileRef, FormRef, Hash, Operation, Outcome, RecordId, SealedOperation,
    Times, Value, field,
};

use crate::database::{FormRow, LoggedOperation};

/// A submission that was read with its form, or without one if nobody knows it.
#[derive(Debug)]
pub(super) struct Submission {
    /// The form that it says it is of; the hash is zero if this server never had it.
    pub(super) form: FormRef,
    /// The name of this version of the record.
    pub(super) instance: String,
    /// The version that it takes the place of.
    pub(super) deprecated: Option<String>,
    /// What it says, by field path.
    fields: BTreeMap<String, String>,
    /// What lists call it.
    title: Option<String>,
    /// The fields that hold the name of a file.
    named_files: BTreeSet<String>,
    /// Those that may turn out to: the form does not know them, or is itself not known.
    unknown: BTreeSet<String>,
}

/// The record's operations as they are in the log, oldest first.
pub(super) struct Past(Vec<(Operation, Outcome)>);

/// What is to be written.
#[derive(Debug)]
pub(super) struct Plan {
    /// The patch, and what its author did.
    pub(super) patch: Option<(OpenPatch, Action)>,
    /// The files that it names, of those that came.
    pub(super) used: BTreeSet<String>,
    /// Files that the record names and that never came.
    pub(super) missing: BTreeSet<String>,
}

/// The record that a submission begins: the id is the instance's own where that is a UUID.
pub(super) fn record_of(instance: &str) -> RecordId {
    let digits: String = instance.trim_start_matches("uuid:").replace('-', "");
    digits.parse().unwrap_or_else(|_no_uuid| {
        let hash = codec::hash(format!("openrosa {instance}").as_bytes()).0;
        let (id, _) = hash.split_first_chunk().expect("a hash is longer than an id");
        RecordId(*id)
    })
}

impl Submission {
    /// Reads a submission with its form. What does not fit the form is read as of an unknown one, so that it is kept.
    pub(super) fn read(xml: &str, envelope: Envelope, known: Option<FormRow>) -> Self {
        let unnamed = || format!("sha256:{}", codec::hash(xml.as_bytes()));
        let Envelope { form_id: id, version, instance_id, deprecated_id, is_encrypted, fields } =
            envelope;
        let has_name = instance_id.is_some();
        let instance = instance_id.unwrap_or_else(unnamed);
        let mut submission = Self {
            form: FormRef { id, version, hash: Hash([0; 32]) },
            instance,
            deprecated: deprecated_id,
            title: None,
            named_files: BTreeSet::new(),
            unknown: fields.keys().cloned().collect(),
            fields,
        };
        // What is sealed has its form's root, and none of its answers.
        if let Some(row) = known.filter(|_| !is_encrypted) {
            submission.read_with(xml, row);
        }
        if !has_name {
            let name = submission.instance.clone();
            submission.fields.insert("meta/instanceID".to_owned(), name);
        }
        // Those are ours: nobody says from outside what state a record is in.
        submission.fields.retain(|path, text| !field::is_ours(path) && !text.is_empty());
        submission
    }

    fn read_with(&mut self, xml: &str, row: FormRow) {
        let compiled = form::parse_xform(&row.xml)
            .ok()
            .and_then(|(parsed, _)| form::compile(parsed, &Resources::default()).ok());
        let read = compiled.and_then(|program| Some((program.fields_of(xml).ok()?, program)));
        let Some((fields, program)) = read else { return };
        let asked: BTreeMap<&str, &Bind> = program
            .form()
            .binds
            .iter()
            .filter_map(|bind| Some((below_root(bind.nodeset.trim())?, bind)))
            .collect();
        let bind = |path: &String| asked.get(question(path).as_str());
        let names_file = |path: &&String| {
            bind(path).is_some_and(|bind| bind.data_type.as_deref() == Some("binary"))
        };
        self.named_files = fields.keys().filter(names_file).cloned().collect();
        // A form may change and keep its version: what was filled in before has questions that it asks no more.
        self.unknown = fields.keys().filter(|path| bind(path).is_none()).cloned().collect();
        // The client has worked it out, as all else.
        let name = fields.iter().find(|(path, _)| is_meta(path, "instanceName"));
        let name = name.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty());
        let title = name.unwrap_or(&program.form().title);
        self.title = (!title.is_empty()).then(|| title.to_owned());
        self.form = row.form;
        self.fields = fields;
    }

    fn may_name_a_file(&self, path: &str) -> bool {
        self.named_files.contains(path) || self.unknown.contains(path)
    }

    /// What it writes that is not there yet.
    pub(super) fn plan(
        &self,
        record: RecordId,
        past: &Past,
        files: &BTreeMap<String, FileRef>,
        unit: String,
        author: String,
    ) -> Plan {
        // One that was kept without its form is read anew once the form is known.
        let came = past.holds(&self.instance, &self.form);
        let seen = if came { Some(self.instance.as_str()) } else { self.deprecated.as_deref() };
        let seen = seen.and_then(|instance| past.view(instance));
        let screen = seen.as_ref().map(RecordView::screen).unwrap_or_default();
        // An edit does not move its record to where the editor works.
        let (unit, title_before, before) = match seen {
            Some(view) => (view.unit, view.title, view.fields),
            None => (unit, String::new(), BTreeMap::new()),
        };
        let mut patch = OpenPatch::new(record, self.form.clone(), unit, author, &screen);
        let mut plan = Plan { patch: None, used: BTreeSet::new(), missing: BTreeSet::new() };
        for (path, text) in &self.fields {
            let file = files.get(text).filter(|_| self.may_name_a_file(path));
            let held = before.get(path);
            let holds_file = matches!(held, Some(Value::File(held)) if held.name == *text);
            let holds_text = matches!(held, Some(Value::Text(held)) if held == text);
            if file.is_none() && self.named_files.contains(path) && !holds_file {
                plan.missing.insert(text.clone());
            }
            let is_new = match (file, held) {
                // The same again brings nothing but files that were not there.
                (Some(_), _) if came => holds_text,
                (None, _) if came => false,
                (Some(file), Some(Value::File(held))) => {
                    file.name != held.name || file.hash != held.hash
                }
                (Some(_), _) => true,
                (None, _) => !holds_text && !holds_file,
            };
            if !is_new {
                continue;
            }
            let value = match file {
                Some(file) => {
                    plan.used.insert(text.clone());
                    Value::File(file.clone())
                }
                None => Value::Text(text.clone()),
            };
            patch.put(path, value, &screen);
        }
        if !came {
            for path in before.keys().filter(|path| !self.fields.contains_key(*path)) {
                patch.put(path, Value::Empty, &screen);
            }
            if let Some(title) = self.title.as_ref().filter(|title| **title != title_before) {
                patch.put(field::TITLE, Value::Text(title.clone()), &screen);
            }
        }
        let action = if patch.begins_record() { Action::Submit } else { Action::Amend };
        plan.patch = (!patch.fields.is_empty()).then_some((patch, action));
        plan
    }
}

impl Past {
    pub(super) fn of(history: Vec<LoggedOperation>) -> Self {
        Self(history.into_iter().map(|logged| (logged.operation, logged.outcome)).collect())
    }

    /// Whether there is a record since.
    pub(super) fn begins_record(&self) -> bool {
        self.0.iter().any(|(_, outcome)| *outcome != Outcome::Quarantined)
    }

    /// Forgets what others did: of a record that somebody does not see, what is there is neither told them nor taken for what
    /// they had on their screen.
    pub(super) fn keep_of(&mut self, author: &str) {
        self.0.retain(|(operation, _)| operation.author == author);
    }

    /// Whether the newest of it was applied.
    pub(super) fn is_applied(&self) -> bool {
        self.0.last().is_none_or(|(_, outcome)| *outcome != Outcome::Quarantined)
    }

    /// Whether that submission came, and was applied or kept with that form.
    fn holds(&self, instance: &str, form: &FormRef) -> bool {
        self.0.iter().any(|(operation, outcome)| {
            names(operation).any(|name| name == instance)
                && (operation.form == *form || *outcome != Outcome::Quarantined)
        })
    }

    /// The record as the person saw it who sent that: with what came before, and the files that came after it.
    fn view(&self, instance: &str) -> Option<RecordView> {
        let named =
            |(operation, _): &(Operation, Outcome)| names(operation).any(|name| name == instance);
        let at = self.0.iter().position(named)?;
        let device: DeviceId = self.0.get(at)?.0.dot.device;
        let mut record: Option<Record> = None;
        let mut is_over = false;
        for (place, (operation, outcome)) in self.0.iter().enumerate() {
            let own = operation.dot.device == device;
            is_over |= place > at && own && names(operation).next().is_some();
            let was_seen = place <= at || own && !is_over;
            // What waits for the repair desk was on its own author's screen.
            if was_seen && (own || *outcome != Outcome::Quarantined) {
                record = Some(sync::repair::apply(record, operation, &[], &[]).0);
            }
        }
        Some(RecordView::of(&record?.into_state(Stamp::default())))
    }
}

/// The operations of one submission, which follow `last`. The first says which it is: what comes behind it is of that one.
pub(super) fn sealed(
    patch: OpenPatch,
    action: Action,
    mut last: Dot,
    at: Times,
) -> Vec<SealedOperation> {
    let mut operations: Vec<Operation> = Vec::new();
    patch.in_parts(action, |part, action| {
        last.seq += 1;
        operations.push(part.seal(last, at, action));
        last
    });
    let name = operations.iter_mut().find_map(|operation| {
        let path = operation.fields.keys().find(|path| is_meta(path, "instanceID"))?.clone();
        operation.fields.remove_entry(&path)
    });
    if let Some(first) = operations.first_mut() {
        first.fields.extend(name);
    }
    let seal = |operation: &Operation| SealedOperation {
        seq: operation.dot.seq,
        bytes: codec::encode(operation),
    };
    operations.iter().map(seal).collect()
}

/// The instance that an operation says its record is.
fn names(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.fields.iter().filter_map(|(path, write)| match &write.value {
        Value::Text(text) if is_meta(path, "instanceID") => Some(text.as_str()),
        _ => None,
    })
}

/// Whether a field is the one of this name in the record's meta block.
pub(crate) fn is_meta(path: &str, name: &str) -> bool {
    path.split_once('/').is_some_and(|(meta, rest)| local(meta) == "meta" && local(rest) == name)
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The part of a path that field paths begin with.
pub(crate) fn below_root(nodeset: &str) -> Option<&str> {
    Some(nodeset.strip_prefix('/')?.split_once('/')?.1)
}
