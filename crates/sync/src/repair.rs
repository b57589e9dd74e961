//! The repair desk: what is in the way of an operation in quarantine, and applying it after all.
//!
//! Whoever repairs overrules what its author or sender lacked (a right, an account), never what they lack themselves.

use crate::{
    merge::Record,
    push::{Directory, MAX_OPERATION_BYTES},
    wire::{Operation, Outcome, QuarantineReason, field},
};

/// An operation in quarantine.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The operation, if its bytes are one.
    pub operation: Option<&'a Operation>,
    /// How many bytes it has.
    pub size: usize,
    /// Why it was put there.
    pub reason: QuarantineReason,
    /// Its record, if there is one by now.
    pub record: Option<&'a Record>,
}

impl Patient<'_> {
    /// Why the account `by` cannot apply it now: `None` if it can. [`QuarantineReason::OutOfScope`] speaks of `by`.
    #[must_use]
    pub fn obstacle(&self, by: &str, directory: &impl Directory) -> Option<QuarantineReason> {
        match self.operation {
            // Its place in the device's count is another operation's, and the copy sends it anew under its own.
            _ if self.reason == QuarantineReason::Fork => Some(QuarantineReason::Fork),
            None => Some(QuarantineReason::Unreadable),
            Some(_) if self.size > MAX_OPERATION_BYTES => Some(QuarantineReason::TooLarge),
            Some(operation) => check_content(operation, self.record, by, directory).err(),
        }
    }
}

/// Whether `by` may bring what an operation says, whoever wrote it. A record belongs to its unit and form: naming another
/// one opens no door.
pub(crate) fn check_content(
    operation: &Operation,
    record: Option<&Record>,
    by: &str,
    directory: &impl Directory,
) -> Result<(), QuarantineReason> {
    let form = &operation.form.id;
    let role = directory.role(by, &operation.unit, form);
    let role = role.filter(|role| role.does_field_work());
    // Who does not see what stands there cannot have meant to replace it. What keys of rows are made with begins the record.
    let is_blind =
        |path: &String| !path.starts_with(field::ROWS) && directory.hides(by, form, path);
    let is_blind = || operation.fields.keys().any(is_blind);
    let reaches = |record: &Record| directory.role(by, record.unit(), &record.form().id).is_some();
    if !directory.knows_form(&operation.form) {
        Err(QuarantineReason::UnknownForm)
    } else if !directory.knows_unit(&operation.unit) {
        Err(QuarantineReason::UnknownUnit)
    } else {
        match role.filter(|_| record.is_none_or(reaches)) {
            None => Err(QuarantineReason::OutOfScope),
            Some(role) if !role.may(operation, record) => Err(QuarantineReason::NotAllowed),
            // What is hidden is said of a form: as another one's, the record would show it.
            Some(_) if record.is_some_and(|record| record.form().id != operation.form.id) => {
                Err(QuarantineReason::NotAllowed)
            }
            Some(_) if is_blind() => Err(QuarantineReason::NotAllowed),
            Some(_) => Ok(()),
        }
    }
}

/// Puts an operation into its record, or begins the record with it. Merging knows no order: late is as good as in time.
///
/// `erasures` are those of a record that begins: see [`crate::erase::Erased::of_unbegun`]. `waiting` is what of it the log has and
/// was not applied: see [`Record::pass_through`].
#[must_use]
pub fn apply(
    record: Option<Record>,
    operation: &Operation,
    erasures: &[Operation],
    waiting: &[Operation],
) -> (Record, Outcome) {
    let mut record = match record {
        Some(mut record) => {
            record.take(operation);
            record
        }
        None => {
            let mut record = Record::begin(operation);
            for erasure in erasures {
                record.take(erasure);
            }
            record
        }
    };
    record.pass_through(waiting);
    let outcome = record.outcome(operation);
    (record, outcome)
}
