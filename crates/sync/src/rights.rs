//! Who may do what to a record that they may write to at all: one rule, which the server asks when work comes, and which
//! an app may ask before it offers a button.
//!
//! Of what was written only fields count, and the values that their author had on screen: neither what the author
//! called the act nor the order in which work arrives. So a server that was put back from a backup decides as it did before.

use crate::merge::Record;
use crate::wire::{Dot, Operation, State, Value, Write, field};

/// What an account is for. What it sees is another matter: the units that were granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Fills forms.
    Officer,
    /// Keeps training sessions.
    Trainer,
    /// Fills forms, and looks after the people and the repair desk of its units.
    Coordinator,
    /// Looks after accounts, and does no field work.
    Administrator,
    /// Reads, and changes nothing.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Officer, Self::Trainer, Self::Coordinator, Self::Administrator, Self::Auditor];

    /// Its name, in the database, in packs and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Trainer => "trainer",
            Self::Coordinator => "coordinator",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether what it sends changes records.
    #[must_use]
    pub fn does_field_work(self) -> bool {
        matches!(self, Self::Officer | Self::Trainer | Self::Coordinator)
    }

    /// Whether it judges what others have filled in: sends it back, approves it, and undoes that.
    #[must_use]
    pub fn reviews(self) -> bool {
        self == Self::Coordinator
    }

    /// Whether it settles what could not be applied.
    #[must_use]
    pub fn may_repair(self) -> bool {
        self == Self::Coordinator
    }

    /// Whether it sees what waits at the repair desk, other people's sessions and the audit log.
    #[must_use]
    pub fn oversees(self) -> bool {
        matches!(self, Self::Coordinator | Self::Administrator | Self::Auditor)
    }

    /// Whether it sees accounts and sessions of all units, and not only of its own.
    #[must_use]
    pub fn oversees_all(self) -> bool {
        self == Self::Administrator
    }

    /// Whether it adds, changes and disables accounts.
    #[must_use]
    pub fn manages_accounts(self) -> bool {
        self == Self::Administrator
    }

    /// Whether it may end the sessions of an account of that role that it oversees, and make codes for it: a coordinator
    /// may for those who do the field work, and does not become another coordinator by it.
    #[must_use]
    pub fn looks_after(self, other: Self) -> bool {
        match self {
            Self::Administrator => true,
            Self::Coordinator => matches!(other, Self::Officer | Self::Trainer),
            Self::Officer | Self::Trainer | Self::Auditor => false,
        }
    }

    /// Whether it may bring a record into that state.
    #[must_use]
    pub fn may_set(self, state: State) -> bool {
        match state {
            State::Draft | State::Submitted | State::Withdrawn => self.does_field_work(),
            State::Returned | State::Approved => self.reviews(),
        }
    }

    /// Whether it may write what an operation says into its record, as far as that is known; `None` if the operation
    /// begins it.
    #[must_use]
    pub fn may(self, operation: &Operation, record: Option<&Record>) -> bool {
        let fields = &operation.fields;
        let state = fields.get(field::STATE);
        // Every operation writes to `_deleted` over what its author had on screen, an approval among it.
        let saw = |approval: Dot| fields.values().any(|write| write.over.contains(&approval));
        let judges = || {
            fields.contains_key(field::REASON)
                || record.into_iter().flat_map(Record::approvals).any(saw)
        };
        self.does_field_work()
            && state.is_none_or(|write| stated(write).is_some_and(|state| self.may_set(state)))
            && (self.reviews() || !judges())
    }
}

/// The state that a write says; none if it says no state there is.
fn stated(write: &Write) -> Option<State> {
    match &write.value {
        Value::Text(name) => name.parse().ok(),
        Value::Empty | Value::File(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::wire::{Action, DeviceId, FormRef, Hash, RecordId, Times};

    fn operation(seq: u64, fields: &[(&str, &str, &[u64])]) -> Operation {
        let dot = |seq: &u64| Dot { device: DeviceId([1; 16]), seq: *seq };
        let write = |(path, text, over): &(&str, &str, &[u64])| {
            let value =
                if text.is_empty() { Value::Empty } else { Value::Text((*text).to_owned()) };
            ((*path).to_owned(), Write { value, over: over.iter().map(dot).collect() })
        };
        Operation {
            dot: dot(&seq),
            record: RecordId([2; 16]),
            form: FormRef { id: "form".into(), version: "1".into(), hash: Hash([1; 32]) },
            unit: "ward".into(),
            action: Action::Edit,
            fields: fields.iter().map(write).collect::<BTreeMap<_, _>>(),
            at: Times::default(),
            author: "anna".into(),
        }
    }

    #[test]
    fn each_state_is_set_by_those_whose_word_it_is() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
            for state in State::ALL {
                let sets = operation(1, &[(field::STATE, state.name(), &[])]);
                let by_whom: &[Role] = match state {
                    State::Returned | State::Approved => &[Role::Coordinator],
                    _ => &[Role::Officer, Role::Trainer, Role::Coordinator],
                };
                assert_eq!(role.may(&sets, None), by_whom.contains(&role), "{role:?} {state:?}");
                assert_eq!(role.may_set(state), by_whom.contains(&role));
            }
            for nothing in ["", "king", "Approved"] {
                assert!(
                    !role.may(&operation(1, &[(field::STATE, nothing, &[])]), None),
                    "{role:?}"
                );
            }
            let answers = operation(1, &[("a", "x", &[])]);
            assert_eq!(role.may(&answers, None), role.does_field_work());
            assert!(!role.manages_accounts() || !role.does_field_work());
            assert!(!Role::Auditor.looks_after(role) && !Role::Officer.looks_after(role));
        }
        assert_eq!(Role::named("king"), None);
        assert!(!Role::Coordinator.looks_after(Role::Coordinator));
    }

    #[test]
    fn what_was_returned_is_reopened_and_what_was_approved_is_not() {
        let mut record = Record::begin(&operation(1, &[(field::STATE, "submitted", &[])]));
        record.apply(&operation(2, &[(field::STATE, "returned", &[1]), (field::DELETED, "", &[])]));
        for again in ["draft", "submitted", "withdrawn"] {
            assert!(
                Role::Officer.may(&operation(3, &[(field::STATE, again, &[2])]), Some(&record))
            );
        }
        record
            .apply(&operation(4, &[(field::STATE, "approved", &[2]), (field::DELETED, "", &[2])]));
        let after: [&[(&str, &str, &[u64])]; 4] = [
            &[(field::STATE, "draft", &[4])],
            &[(field::STATE, "submitted", &[2, 4])],
            &[(field::DELETED, "1", &[4])],
            &[("a", "x", &[]), (field::DELETED, "", &[4])],
        ];
        for fields in after {
            assert!(!Role::Trainer.may(&operation(5, fields), Some(&record)), "{fields:?}");
            assert!(Role::Coordinator.may(&operation(5, fields), Some(&record)), "{fields:?}");
        }
        // Whoever was away and did not see the approval undoes nothing: their work stands beside it.
        let before: [&[(&str, &str, &[u64])]; 2] = [
            &[(field::STATE, "submitted", &[1]), (field::DELETED, "", &[2])],
            &[("a", "x", &[]), (field::DELETED, "", &[2])],
        ];
        for fields in before {
            assert!(Role::Officer.may(&operation(5, fields), Some(&record)), "{fields:?}");
        }
    }

    #[test]
    fn what_a_reviewer_says_is_said_by_reviewers() {
        for role in Role::ALL {
            let says = operation(1, &[(field::REASON, "7 Ảnh mờ", &[])]);
            assert_eq!(role.may(&says, None), role.reviews(), "{role:?}");
        }
    }
}
