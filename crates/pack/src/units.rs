//! Units of the organisation: who stands below whom, on which day, and what became of a dissolved
//! one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Date, Text, tables::Extra};

/// A unit: a territory, a People's Committee, a division, a ward. Its id never changes and is never
/// used again, unlike the statistical codes, which pass from one unit to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What sort of unit it is.
    pub kind: String,
    /// The level of government.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// The unit above it.
    pub parent: Option<String>,
    /// Its code in the statistics. Not an id: codes are reused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// First day; none if it was always there.
    pub valid_from: Option<Date>,
    /// Last day; none if it has no end.
    pub valid_to: Option<Date>,
    /// Units whose area and records it took over. An item in parentheses is a remark on a unit
    /// outside the pack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predecessors: Vec<String>,
    /// Units that took over from it.
    #[serde(default)]
    pub successors: Vec<String>,
    /// The legal basis of its beginning and end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub basis: String,
    /// Clauses of the plan that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<String>,
    /// Its part in the plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// In use from the start; others wait until the authority switches them on.
    pub enabled: bool,
    /// How sure the authors are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verification: String,
    /// A note of the authors.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

impl Unit {
    /// Whether the unit exists on that day; its first and last days count.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }
}

/// All units of a pack, in the table's order, found by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Unit>", into = "Vec<Unit>")]
pub struct Units {
    list: Vec<Unit>,
    by_id: BTreeMap<String, usize>,
    children: BTreeMap<String, Vec<usize>>,
}

impl From<Vec<Unit>> for Units {
    fn from(list: Vec<Unit>) -> Units {
        let mut by_id = BTreeMap::new();
        let mut children: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, unit) in list.iter().enumerate() {
            by_id.entry(unit.id.clone()).or_insert(at);
            if let Some(parent) = &unit.parent {
                children.entry(parent.clone()).or_default().push(at);
            }
        }
        Units { list, by_id, children }
    }
}

impl From<Units> for Vec<Unit> {
    fn from(units: Units) -> Vec<Unit> {
        units.list
    }
}

impl Units {
    /// The unit with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Unit> {
        self.by_id.get(id).and_then(|at| self.list.get(*at))
    }

    /// Every unit, in the table's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Unit> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The units right below this one.
    pub fn children<'u>(&'u self, id: &str) -> impl Iterator<Item = &'u Unit> + use<'u> {
        self.children.get(id).into_iter().flatten().filter_map(|at| self.list.get(*at))
    }

    /// The units that exist on that day.
    pub fn valid_on(&self, day: Date) -> impl Iterator<Item = &Unit> {
        self.list.iter().filter(move |unit| unit.valid_on(day))
    }

    /// This unit and all below it, past and present, by id.
    #[must_use]
    pub fn subtree(&self, id: &str) -> BTreeSet<String> {
        self.reach([id], |unit| self.children(&unit.id).map(|child| child.id.as_str()).collect())
    }

    /// Who took over from this unit, and from those in turn, in the order of time: nearest first.
    #[must_use]
    pub fn successors(&self, id: &str) -> Vec<&Unit> {
        let mut chain: Vec<&Unit> = Vec::new();
        let mut next = self.get(id).into_iter().collect::<Vec<_>>();
        while !next.is_empty() {
            let heirs: Vec<&Unit> = next
                .iter()
                .flat_map(|unit| &unit.successors)
                .filter_map(|heir| self.get(heir))
                .collect();
            next.clear();
            for heir in heirs {
                if heir.id != id && chain.iter().all(|known| known.id != heir.id) {
                    chain.push(heir);
                    next.push(heir);
                }
            }
        }
        chain
    }

    /// Who stands for this unit on that day: the unit itself while it exists, else those of its
    /// successors that do.
    #[must_use]
    pub fn holders(&self, id: &str, day: Date) -> Vec<&Unit> {
        match self.get(id) {
            Some(unit) if unit.valid_on(day) => vec![unit],
            _ => self.successors(id).into_iter().filter(|unit| unit.valid_on(day)).collect(),
        }
    }

    /// Every unit whose records somebody given these units may see: the units, all below them, and
    /// every unit that one of those took over from. A dissolved ward's records stay visible to
    /// whoever now holds its successor.
    #[must_use]
    pub fn scope<S: AsRef<str>>(&self, ids: &[S]) -> BTreeSet<String> {
        let below = self
            .reach(ids, |unit| self.children(&unit.id).map(|child| child.id.as_str()).collect());
        // What a unit took over is that unit's own records, not those of everything that once stood
        // below it.
        self.reach(&below, |unit| unit.predecessors.iter().map(String::as_str).collect())
    }

    /// Everything reached from the start by following `next`, the start included. Ends on cycles;
    /// skips unknown ids.
    fn reach<'a>(
        &'a self,
        start: impl IntoIterator<Item: AsRef<str>>,
        next: impl Fn(&'a Unit) -> Vec<&'a str>,
    ) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&Unit> =
            start.into_iter().filter_map(|id| self.get(id.as_ref())).collect();
        while let Some(unit) = waiting.pop() {
            if seen.insert(unit.id.clone()) {
                waiting.extend(next(unit).into_iter().filter_map(|id| self.get(id)));
            }
        }
        seen
    }
}

impl<'u> IntoIterator for &'u Units {
    type Item = &'u Unit;
    type IntoIter = std::slice::Iter<'u, Unit>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
