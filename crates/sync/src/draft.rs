//! What a person changed in an open form and has not sealed: one patch of a record, which grows with
//! every answer and becomes one operation when it is sealed.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{
    push::MAX_PART_BYTES,
    wire::{Action, Dot, FormRef, Operation, RecordId, State, Times, Value, Write, field},
};

/// The dots of the values that a person has on screen, by field path.
///
/// Made when the form is opened ([`crate::view::RecordView::screen`]) and kept as long as it is open: what
/// a sync brings meanwhile was not seen, so it must not be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Screen(BTreeMap<String, Vec<Dot>>);

impl Screen {
    /// A screen that shows these values.
    #[must_use]
    pub fn new(dots: BTreeMap<String, Vec<Dot>>) -> Self {
        Self(dots)
    }

    /// The dots on screen for one field.
    #[must_use]
    pub fn dots(&self, path: &str) -> &[Dot] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether anything was ever written to a field, as far as this device knows: also what was removed.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The person's own patch was sealed while the form is open: its values are what is on screen now.
    pub fn sealed(&mut self, operation: &Operation) {
        for path in operation.fields.keys() {
            self.show(path, operation.dot);
        }
    }

    /// A value that the person's own patch wrote is what is on screen of a field.
    pub fn show(&mut self, path: &str, dot: Dot) {
        self.0.insert(path.to_owned(), vec![dot]);
    }
}

/// The bytes of a field in an operation, or somewhat more.
fn length((path, write): (&String, &Write)) -> usize {
    let value = match &write.value {
        Value::Text(text) => text.len(),
        Value::Empty | Value::File(_) => 0,
    };
    path.len() + value + 64
}

/// The open patch of one record. Its CBOR is what the device stores after every answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenPatch {
    /// The record it changes.
    #[n(0)]
    pub record: RecordId,
    /// The form it is filled with: pinned for as long as the record lives.
    #[n(1)]
    pub form: FormRef,
    /// The org unit of the record.
    #[n(2)]
    pub unit: String,
    /// The account that fills it.
    #[n(3)]
    pub author: String,
    /// The pending values, each with the dots that were on screen when it was first changed.
    #[n(4)]
    pub fields: BTreeMap<String, Write>,
    /// Where the person stood: a page or question path of the form.
    #[n(5)]
    pub resume: Option<String>,
    /// The dots of [`field::DELETED`] on screen when the patch was begun.
    #[n(6)]
    touched: Vec<Dot>,
    /// The dots of [`field::STATE`] on screen when the patch was begun.
    #[n(7)]
    state: Vec<Dot>,
}

impl OpenPatch {
    /// An empty patch of a record that is on that screen (an empty one for a new record).
    #[must_use]
    pub fn new(
        record: RecordId,
        form: FormRef,
        unit: String,
        author: String,
        screen: &Screen,
    ) -> Self {
        Self {
            record,
            form,
            unit,
            author,
            fields: BTreeMap::new(),
            resume: None,
            touched: screen.dots(field::DELETED).to_vec(),
            state: screen.dots(field::STATE).to_vec(),
        }
    }

    /// Takes an answer. The first change of a field notes what was on screen; later ones keep that.
    pub fn put(&mut self, path: &str, value: Value, screen: &Screen) {
        if let Some(write) = self.fields.get_mut(path) {
            write.value = value;
        } else {
            let over = screen.dots(path).to_vec();
            self.fields.insert(path.to_owned(), Write { value, over });
        }
    }

    /// Whether sealing it would say nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && !self.state.is_empty()
    }

    /// Whether the record does not exist outside this patch.
    #[must_use]
    pub fn begins_record(&self) -> bool {
        self.state.is_empty()
    }

    /// The action to seal it with when a sync starts: nobody pressed a button.
    #[must_use]
    pub fn quiet_action(&self) -> Action {
        if self.begins_record() { Action::Create } else { Action::Edit }
    }

    /// The fields it writes when sealed: the pending ones and those that are ours.
    #[must_use]
    pub fn writes(&self, action: Action) -> BTreeMap<String, Write> {
        let mut fields = self.fields.clone();
        let state = match action {
            Action::Submit => Some(State::Submitted),
            _ if self.begins_record() && !fields.contains_key(field::STATE) => Some(State::Draft),
            _ => None,
        };
        if let Some(state) = state {
            let write =
                Write { value: Value::Text(state.name().to_owned()), over: self.state.clone() };
            fields.insert(field::STATE.to_owned(), write);
        }
        let deleted = match action {
            Action::Delete => Value::Text("1".to_owned()),
            _ => Value::Empty,
        };
        let write = Write { value: deleted, over: self.touched.clone() };
        fields.insert(field::DELETED.to_owned(), write);
        fields
    }

    /// The dots of our own fields that it was begun over.
    pub(crate) fn own_dots_mut(&mut self) -> impl Iterator<Item = &mut Dot> {
        self.touched.iter_mut().chain(&mut self.state)
    }

    /// Has it sealed: in several operations, the last of which has our own fields, if it is too long for one that a server applies. `seal`
    /// gives the name of each.
    pub fn in_parts(mut self, mut action: Action, mut seal: impl FnMut(Self, Action) -> Dot) {
        while let Some(part) = self.part(MAX_PART_BYTES) {
            let quietly = if action == Action::Amend { action } else { part.quiet_action() };
            self.follow(seal(part, quietly));
            if action == Action::Create {
                action = Action::Edit;
            }
        }
        seal(self, action);
    }

    /// Takes out of a patch that is too long for one operation as many answers as are not; our own fields are left for the last one.
    /// `None` if all of it goes into one.
    fn part(&mut self, most: usize) -> Option<Self> {
        let answers = self.fields.iter().filter(|(path, _)| !field::is_ours(path));
        if answers.map(length).sum::<usize>() <= most {
            return None;
        }
        let mut length_so_far = 0;
        let fields = std::mem::take(&mut self.fields);
        let mut part = self.clone();
        for (path, write) in fields {
            let is_ours = field::is_ours(&path);
            if !is_ours {
                length_so_far += length((&path, &write));
            }
            let has_room = length_so_far <= most || part.fields.is_empty();
            let into = if has_room && !is_ours { &mut part } else { &mut *self };
            into.fields.insert(path, write);
        }
        (!part.fields.is_empty()).then_some(part)
    }

    /// It goes on from where the part ended that was taken out of it and sealed.
    fn follow(&mut self, part: Dot) {
        if self.begins_record() {
            self.state.push(part);
            self.fields.get_mut(field::STATE).into_iter().for_each(|write| write.over.push(part));
        }
        self.touched = vec![part];
    }

    /// Makes it an operation, whose bytes ([`crate::codec::encode`]) never change again.
    #[must_use]
    pub fn seal(self, dot: Dot, at: Times, action: Action) -> Operation {
        let fields = self.writes(action);
        Operation {
            dot,
            record: self.record,
            form: self.form,
            unit: self.unit,
            action,
            fields,
            at,
            author: self.author,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Hash;

    #[test]
    fn questions_that_are_called_as_our_fields_are_leave_the_others_their_room() {
        let form = FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([0; 32]) };
        let (unit, author) = ("u".to_owned(), "an".to_owned());
        let shows = Screen::default();
        let mut patch = OpenPatch::new(RecordId([1; 16]), form, unit, author, &shows);
        patch.put(field::TITLE, Value::Text("Lớp".to_owned()), &shows);
        let salt = format!("{}hoc_vien", field::ROWS);
        patch.put(&salt, Value::Text("m".to_owned()), &shows);
        for place in 0..20 {
            let text = || Value::Text("x".repeat(36));
            patch.put(&format!("_nhom/c{place:02}"), text(), &shows);
            patch.put(&format!("nhom/c{place:02}"), text(), &shows);
        }
        let (mut parts, before) = (Vec::new(), patch.fields.clone());
        parts.extend(std::iter::from_fn(|| patch.part(1000)));
        assert_eq!(parts.len(), 4, "nine of forty go into each, and the last is left");
        let ours = [salt.as_str(), field::TITLE];
        assert!(ours.iter().all(|path| patch.fields.contains_key(*path)), "they come last");
        parts.push(patch);
        assert!(parts.iter().all(|part| part.fields.values().count() <= 9 + ours.len()));
        let sealed: BTreeMap<String, Write> =
            parts.into_iter().flat_map(|part| part.fields).collect();
        assert_eq!(sealed, before);
    }
}
