//! What people fill in.

use std::collections::BTreeSet;

use sync::{
    codec,
    device::Event,
    draft::{OpenPatch, Screen},
    wire::{Action, FileRef, FormRef, Hash, RecordId, Value},
};

use super::World;
use crate::simulation::{UNITS, phone::Sealing};

impl World {
    pub(super) fn edit(&mut self, index: usize) {
        let id = self.choose_record(index);
        let is_new = self.phones[index].view(id).is_none();
        let reopen = self.phones[index].form.as_ref().is_none_or(|(open, _)| *open != id);
        if reopen || self.random.one_in(4) {
            let view = self.phones[index].view(id);
            let screen = view.map(|view| view.screen()).unwrap_or_default();
            self.phones[index].form = Some((id, screen));
        }
        let paths = ["a/x", "a/y", "b/z", "row[k]", "row[k]/v", "photo", "_state"];
        let path = *self.random.pick(&paths);
        let name = self.name();
        let value = match (path, self.random.below(8)) {
            ("photo", _) => self.photo(index, name),
            ("_state", _) if is_new => return,
            ("_state", draw) => {
                Value::Text(["returned", "approved", "withdrawn"][draw % 3].to_owned())
            }
            (_, 0) => Value::Empty,
            (_, 1) => Value::Text("the same".to_owned()),
            _ => Value::Text(format!("value {name}")),
        };
        let unit = self.choose_unit(index);
        let version = if self.random.one_in(20) { "lost" } else { self.version };
        let id_of_form = self.choose_form(index).to_owned();
        let form = FormRef { id: id_of_form, version: version.to_owned(), hash: Hash([7; 32]) };

        let phone = &mut self.phones[index];
        let (_, screen) = phone.form.clone().unwrap_or((id, Screen::default()));
        let known = phone.view(id).map(|view| (view.form, view.unit));
        let (form, unit) = known.unwrap_or((form, unit));
        let is_older = form.version != self.version && form.version != "lost";
        let account = phone.account.clone();
        let patch = phone.disk.open.entry(id);
        let patch = patch.or_insert_with(|| OpenPatch::new(id, form, unit, account, &screen));
        patch.put(path, value.clone(), &screen);
        phone.typed.insert((id, path.to_owned()), value);

        if is_older {
            self.count("record edited under its older form");
        }
        let random = self.random.next();
        if self.random.one_in(3) && path != "_state" {
            let actions = [Action::Submit, Action::Submit, Action::Delete, Action::Undelete];
            let action = *self.random.pick(&actions);
            let sealed = self.phones[index].seal(id, Some(action)).into_iter().collect();
            self.note(Sealing { sealed, ..Sealing::default() });
            self.phones[index].handle(Event::Asked, random);
        } else {
            self.phones[index].handle(Event::Edited, random);
        }
    }

    fn choose_record(&mut self, index: usize) -> RecordId {
        let known = self.phones[index].known_records();
        if known.is_empty() || (self.random.one_in(5) && known.len() < 6) {
            if self.twice
                && self.random.one_in(2)
                && let Some(id) = self.choose_begun(&known)
            {
                self.count("record begun twice");
                return id;
            }
            let mut id = [0; 16];
            id[8..].copy_from_slice(&self.name().to_be_bytes());
            return RecordId(id);
        }
        match &self.phones[index].form {
            Some((open, _)) if !self.random.one_in(3) => *open,
            _ => *self.random.pick(&known),
        }
    }

    /// A record that others began and this phone knows nothing of.
    fn choose_begun(&mut self, known: &[RecordId]) -> Option<RecordId> {
        let begun: BTreeSet<RecordId> =
            self.sealed.values().map(|operation| operation.record).collect();
        let begun: Vec<RecordId> = begun.into_iter().filter(|id| !known.contains(id)).collect();
        (!begun.is_empty()).then(|| *self.random.pick(&begun))
    }

    /// Mostly one of the person's own.
    fn choose_unit(&mut self, index: usize) -> String {
        let scope = &self.server.scopes[&self.phones[index].account];
        let own: Vec<String> = scope.iter().cloned().collect();
        if own.is_empty() || self.random.one_in(10) {
            return (*self.random.pick(&UNITS)).to_owned();
        }
        self.random.pick(&own).clone()
    }

    fn photo(&mut self, index: usize, name: u64) -> Value {
        let size = self.random.next() % (2 * sync::blob::CHUNK_SIZE) + 1;
        let hash = codec::hash(&name.to_be_bytes());
        self.phones[index].keep(hash, size);
        let media_type = "image/jpeg".to_owned();
        Value::File(FileRef { name: format!("{name}.jpg"), media_type, size, hash })
    }
}
