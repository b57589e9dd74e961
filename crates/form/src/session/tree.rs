//! The record and the secondary instances as one tree for expressions.

use std::borrow::Cow;
use std::cmp::Ordering;

use xpath::ast::{Name, Path};
use xpath::{Host, NodeKind, Nodes, Tree};

use super::instance::{Instance, ItemId, Slot};
use super::reading::Reading;
use crate::program::{Compiled, DefId, List, PlanStart, Program};

/// A node of the record (`list` 0) or of a secondary instance (`list` from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Handle {
    list: u32,
    /// 0 is the document; in the record, node `n` is item `n - 1`.
    node: u32,
}

impl Handle {
    pub(crate) const DOCUMENT: Self = Self { list: 0, node: 0 };

    pub(crate) fn item(item: ItemId) -> Self {
        Self { list: 0, node: item.0 + 1 }
    }

    pub(crate) fn as_item(self) -> Option<ItemId> {
        (self.list == 0).then(|| self.node.checked_sub(1).map(ItemId))?
    }

    fn of_list(list: usize) -> Self {
        Self { list: u32::try_from(list + 1).expect("fewer lists than 2^32"), node: 0 }
    }

    fn with(self, node: u32) -> Self {
        Self { list: self.list, node }
    }
}

/// The record as expressions see it.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    pub(crate) program: &'a Program,
    pub(crate) instance: &'a Instance,
    /// A node of which something is to be told as if this were its value.
    pub(crate) as_if: Option<(ItemId, &'a str)>,
}

impl<'a> Live<'a> {
    pub(crate) fn list(&self, handle: Handle) -> Option<&'a List> {
        self.program.lists.get((handle.list as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    pub(crate) fn in_list(&self, handle: Handle) -> Option<(&'a List, u32)> {
        self.list(handle).map(|list| (list, handle.node))
    }

    /// The slots that hold elements, or those that hold attributes.
    fn slot_items(&self, item: ItemId, from: usize, attributes: bool) -> Option<ItemId> {
        let about = self.program.schema.def(self.instance.get(item).def);
        let slots = self.instance.get(item).slots.iter().zip(&about.children).skip(from);
        let mut wanted =
            slots.filter(|(_, def)| self.program.schema.def(**def).is_attribute() == attributes);
        wanted.find_map(|(slot, _)| first_of(slot))
    }

    fn text_below(&self, item: ItemId) -> String {
        let below = self.instance.below(item).into_iter();
        let read = below.filter(|id| {
            let about = self.instance.get(*id);
            about.flags.relevant
                && (*id == item || !self.program.schema.def(about.def).is_attribute())
        });
        read.map(|id| self.instance.get(id).value.as_str()).collect()
    }

    /// The way from the root, as comparable places.
    fn way(&self, item: ItemId) -> Vec<(DefId, usize)> {
        let mut way = Vec::new();
        let mut at = Some(item);
        while let Some(id) = at {
            let about = self.instance.get(id);
            way.push((about.def, about.row.as_ref().map_or(0, |row| row.place)));
            at = about.parent;
        }
        way.reverse();
        way
    }
}

fn first_of(slot: &Slot) -> Option<ItemId> {
    match slot {
        Slot::One(item) => Some(*item),
        Slot::Rows(rows) => rows.items.first().copied(),
    }
}

fn last_of(slot: &Slot) -> Option<ItemId> {
    match slot {
        Slot::One(item) => Some(*item),
        Slot::Rows(rows) => rows.items.last().copied(),
    }
}

impl Tree for Live<'_> {
    type Node = Handle;

    fn kind(&self, node: Handle) -> NodeKind {
        let attribute = match (self.in_list(node), node.as_item()) {
            (Some((list, at)), _) => list.is_attribute(at),
            (None, Some(item)) => {
                self.program.schema.def(self.instance.get(item).def).is_attribute()
            }
            (None, None) => false,
        };
        match node.node {
            0 => NodeKind::Document,
            _ if attribute => NodeKind::Attribute,
            _ => NodeKind::Element,
        }
    }

    fn parent(&self, node: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(node) {
            return list.parent(at).map(|parent| node.with(parent));
        }
        let item = node.as_item()?;
        Some(self.instance.get(item).parent.map_or(Handle::DOCUMENT, Handle::item))
    }

    fn first_child(&self, node: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(node) {
            return list.first_child(at).map(|child| node.with(child));
        }
        match node.as_item() {
            None => Some(Handle::item(Instance::ROOT)),
            Some(item) => self.slot_items(item, 0, false).map(Handle::item),
        }
    }

    fn last_child(&self, node: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(node) {
            return list.last_child(at).map(|child| node.with(child));
        }
        let Some(item) = node.as_item() else { return Some(Handle::item(Instance::ROOT)) };
        let elements = self
            .instance
            .children(item)
            .filter(|child| !self.program.schema.def(self.instance.get(*child).def).is_attribute());
        elements.last().map(Handle::item)
    }

    fn next_sibling(&self, node: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(node) {
            return list.next(at).map(|next| node.with(next));
        }
        let about = self.instance.get(node.as_item()?);
        let def = self.program.schema.def(about.def);
        let parent = about.parent?;
        if def.is_attribute() {
            return None;
        }
        let slot = def.slot as usize;
        if let (Some(row), Some(Slot::Rows(rows))) =
            (&about.row, self.instance.get(parent).slots.get(slot))
            && let Some(next) = rows.items.get(row.place + 1)
        {
            return Some(Handle::item(*next));
        }
        self.slot_items(parent, slot + 1, false).map(Handle::item)
    }

    fn previous_sibling(&self, node: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(node) {
            return list.previous(at).map(|previous| node.with(previous));
        }
        let about = self.instance.get(node.as_item()?);
        let def = self.program.schema.def(about.def);
        let parent = self.instance.get(about.parent?);
        if def.is_attribute() {
            return None;
        }
        let (before, rest) = parent.slots.split_at_checked(def.slot as usize)?;
        if let Some(Slot::Rows(rows)) = rest.first() {
            // A prototype would be the next row.
            let place = about.row.as_ref().map_or(rows.items.len(), |row| row.place);
            if let Some(item) = place.checked_sub(1).and_then(|place| rows.items.get(place)) {
                return Some(Handle::item(*item));
            }
        }
        let elements = before.iter().zip(&self.program.schema.def(parent.def).children);
        let elements = elements.filter(|(_, def)| !self.program.schema.def(**def).is_attribute());
        elements.rev().find_map(|(slot, _)| last_of(slot)).map(Handle::item)
    }

    fn first_attribute(&self, element: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(element) {
            let attribute = list.next_attribute(at).filter(|_| !list.is_attribute(at));
            return attribute.map(|next| element.with(next));
        }
        self.slot_items(element.as_item()?, 0, true).map(Handle::item)
    }

    fn next_attribute(&self, attribute: Handle) -> Option<Handle> {
        if let Some((list, at)) = self.in_list(attribute) {
            return list.next_attribute(at).map(|next| attribute.with(next));
        }
        let about = self.instance.get(attribute.as_item()?);
        let slot = self.program.schema.def(about.def).slot as usize;
        self.slot_items(about.parent?, slot + 1, true).map(Handle::item)
    }

    fn local_name(&self, node: Handle) -> &str {
        match (self.in_list(node), node.as_item()) {
            (Some((list, at)), _) => list.local_name(at),
            (None, Some(item)) => self.program.schema.def(self.instance.get(item).def).local(),
            (None, None) => "",
        }
    }

    fn text(&self, node: Handle) -> Cow<'_, str> {
        if let Some((list, at)) = self.in_list(node) {
            return if list.is_leaf(at) {
                Cow::Borrowed(list.own_text(at))
            } else {
                Cow::Owned(list.string_value(at))
            };
        }
        let item = node.as_item().unwrap_or(Instance::ROOT);
        let about = self.instance.get(item);
        if !about.flags.relevant {
            Cow::Borrowed("")
        } else if about.slots.is_empty() {
            let other = self.as_if.filter(|(other, _)| *other == item);
            Cow::Borrowed(other.map_or(about.value.as_str(), |(_, value)| value))
        } else {
            Cow::Owned(self.text_below(item))
        }
    }

    fn weight(&self, node: Handle) -> usize {
        match self.in_list(node) {
            Some((list, at)) => list.below(at),
            None => self.instance.below(node.as_item().unwrap_or(Instance::ROOT)).len(),
        }
    }

    fn compare(&self, a: Handle, b: Handle) -> Ordering {
        match (a.as_item(), b.as_item()) {
            (Some(a), Some(b)) if a != b => self.way(a).cmp(&self.way(b)),
            _ => a.cmp(&b),
        }
    }

    fn is_named(&self, node: Handle, name: &Name, _namespace: Option<&str>) -> bool {
        *self.local_name(node) == *name.local
    }
}

/// Answers an expression's questions about the form.
pub(crate) struct FormHost<'a> {
    pub(crate) reading: &'a Reading<'a>,
    pub(crate) compiled: &'a Compiled,
    pub(crate) current: Handle,
}

impl FormHost<'_> {
    fn down(&self, from: Option<ItemId>, slots: &[u32]) -> Nodes<Handle> {
        let instance = self.reading.live.instance;
        let mut slots = slots.iter();
        let start = match from {
            Some(item) => item,
            // From the document the only way is to the root.
            None => match slots.next() {
                Some(_) => Instance::ROOT,
                None => return Nodes::One(Handle::DOCUMENT),
            },
        };
        let mut at = Nodes::One(start);
        for slot in slots {
            at = match at {
                Nodes::One(item) => match instance.get(item).slots.get(*slot as usize) {
                    Some(Slot::One(child)) => Nodes::One(*child),
                    Some(Slot::Rows(rows)) => rows.items.iter().copied().collect(),
                    None => Nodes::None,
                },
                many => {
                    let of = |item: ItemId| match instance.get(item).slots.get(*slot as usize) {
                        Some(Slot::One(child)) => std::slice::from_ref(child),
                        Some(Slot::Rows(rows)) => rows.items.as_slice(),
                        None => &[],
                    };
                    let found: Vec<ItemId> = many.iter().flat_map(of).copied().collect();
                    Nodes::Many(found)
                }
            };
        }
        at.iter().map(Handle::item).collect()
    }
}

impl<'t> Host<Live<'t>> for FormHost<'_> {
    fn instance(&self, id: &str) -> Option<Handle> {
        let program = self.reading.live.program;
        let own = || (program.form.id() == id).then_some(Handle::DOCUMENT);
        program.list(id).map(Handle::of_list).or_else(own)
    }

    /// Names of a form are told apart by their local part, whatever the prefix.
    fn namespace(&self, _prefix: &str) -> Option<&str> {
        Some("")
    }

    fn itext(&self, id: &str) -> Option<Cow<'_, str>> {
        self.reading.itext(id).map(|text| Cow::Owned(text.text))
    }

    fn choice_name(&self, value: &str, path: &str, _node: Handle) -> Option<Cow<'_, str>> {
        self.reading.choice_name(value, path, self.current).map(Cow::Owned)
    }

    fn counts(&self, node: Handle) -> bool {
        node.as_item().is_none_or(|item| self.reading.live.instance.get(item).flags.relevant)
    }

    fn kept(&self, node: Handle) -> Option<Cow<'_, str>> {
        let about = self.reading.live.instance.get(node.as_item()?);
        about.slots.is_empty().then(|| about.value.as_str().into())
    }

    fn resolve(&self, path: &Path, context: Handle) -> Option<Nodes<Handle>> {
        let plan = self.reading.live.program.plans.of(self.compiled, path)?;
        let start = match plan.start {
            PlanStart::Context => context,
            PlanStart::Current => self.current,
            PlanStart::Root => Handle::DOCUMENT,
        };
        if start.list != 0 {
            return None;
        }
        let mut at = start.as_item();
        for _ in 0..plan.up {
            // Above the document there is nothing.
            let Some(item) = at else { return Some(Nodes::None) };
            at = self.reading.live.instance.get(item).parent;
        }
        Some(self.down(at, plan.down))
    }

    fn lookup(
        &self,
        parent: Handle,
        element: &Name,
        key: &Name,
        text: &str,
    ) -> Option<Nodes<Handle>> {
        let (list, at) = self.reading.live.in_list(parent)?;
        let found = list.lookup(at, &element.local, &key.local, text)?;
        Some(found.into_iter().map(|node| parent.with(node)).collect())
    }

    fn position(&self, node: Handle) -> Option<usize> {
        let instance = self.reading.live.instance;
        let about = instance.get(node.as_item()?);
        match &about.row {
            Some(row) => Some(row.place + 1),
            // A prototype would be the next row.
            None if self.reading.live.program.schema.def(about.def).many => {
                let rows =
                    instance.rows(about.parent?, &self.reading.live.program.schema, about.def)?;
                Some(rows.items.len() + 1)
            }
            None => None,
        }
    }
}
