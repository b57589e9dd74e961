//! A secondary instance: read-only, laid out flat, with indexes for `item[key = text]`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::definition::Element;

/// "No node".
pub(crate) const NONE: u32 = u32::MAX;

/// The nodes are numbered in document order from 1; 0 is the document itself.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) id: String,
    nodes: Vec<ListNode>,
    names: Vec<Box<str>>,
    by_name: BTreeMap<Box<str>, u32>,
    text: String,
    /// By parent, name of the child, name of its key.
    indexes: Mutex<Vec<(IndexOf, Option<Arc<Index>>)>>,
}

type IndexOf = (u32, u32, u32);

/// Children by the text of their key: those of one bucket side by side, in document order.
#[derive(Debug)]
struct Index {
    /// Where the bucket of a hash begins; one more at the end.
    begins: Vec<u32>,
    children: Vec<u32>,
}

impl Index {
    /// From the hash of each key and its child.
    fn new(rows: &[(u32, u32)]) -> Self {
        let mut begins = vec![0; rows.len().next_power_of_two() + 1];
        let mask = begins.len() - 2;
        for (hash, _) in rows {
            begins[(*hash as usize & mask) + 1] += 1;
        }
        for bucket in 0..=mask {
            begins[bucket + 1] += begins[bucket];
        }
        let mut next = begins.clone();
        let mut children = vec![0; rows.len()];
        for (hash, child) in rows {
            let at = &mut next[*hash as usize & mask];
            children[*at as usize] = *child;
            *at += 1;
        }
        Self { begins, children }
    }

    /// The children of which the key may have this text.
    fn bucket(&self, text: &str) -> &[u32] {
        let bucket = hash(text) as usize & (self.begins.len() - 2);
        &self.children[self.begins[bucket] as usize..self.begins[bucket + 1] as usize]
    }
}

/// FNV-1a.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[derive(Debug, Clone, Copy)]
struct ListNode {
    parent: u32,
    previous: u32,
    last_child: u32,
    /// One past the last node below.
    end: u32,
    name: u32,
    attribute: bool,
    text: (u32, u32),
}

impl List {
    pub(crate) fn new(id: &str) -> Self {
        let document = ListNode {
            parent: NONE,
            previous: NONE,
            last_child: NONE,
            end: 1,
            name: NONE,
            attribute: false,
            text: (0, 0),
        };
        Self {
            id: id.to_owned(),
            nodes: vec![document],
            names: Vec::new(),
            by_name: BTreeMap::new(),
            text: String::new(),
            indexes: Mutex::default(),
        }
    }

    /// A list with a root and nothing in it.
    pub(crate) fn empty(id: &str) -> Self {
        Self::from_element(id, &Element::new("root"))
    }

    pub(crate) fn from_element(id: &str, root: &Element) -> Self {
        let mut list = Self::new(id);
        list.add_element(0, root);
        list
    }

    fn add_element(&mut self, parent: u32, element: &Element) {
        let node = self.open(parent, &element.name, &element.text);
        for attribute in &element.attributes {
            let name = self.name(&attribute.name);
            self.push(node, name, true, &attribute.value);
        }
        for child in &element.children {
            self.add_element(node, child);
        }
        self.close(node);
    }

    /// Begins an element; its children follow until [`List::close`].
    pub(crate) fn open(&mut self, parent: u32, name: &str, text: &str) -> u32 {
        let name = self.name(name);
        self.open_named(parent, name, text)
    }

    /// The same with the number of the name.
    pub(crate) fn open_named(&mut self, parent: u32, name: u32, text: &str) -> u32 {
        let previous = self.nodes[parent as usize].last_child;
        let node = self.push(parent, name, false, text);
        self.nodes[node as usize].previous = previous;
        self.nodes[parent as usize].last_child = node;
        node
    }

    pub(crate) fn close(&mut self, node: u32) {
        let end = self.len();
        self.nodes[node as usize].end = end;
        self.nodes[0].end = end;
    }

    fn push(&mut self, parent: u32, name: u32, attribute: bool, text: &str) -> u32 {
        let at = |length: usize| u32::try_from(length).expect("a list is smaller than 4 GB");
        let node = self.len();
        let start = at(self.text.len());
        self.text.push_str(text);
        let text = (start, at(self.text.len()));
        self.nodes.push(ListNode {
            parent,
            previous: NONE,
            last_child: NONE,
            end: node + 1,
            name,
            attribute,
            text,
        });
        node
    }

    /// The number of a name, without its prefix.
    pub(crate) fn name(&mut self, name: &str) -> u32 {
        let name = crate::program::schema::local(name);
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let id = u32::try_from(self.names.len()).expect("fewer names than nodes");
        self.names.push(name.into());
        self.by_name.insert(name.into(), id);
        id
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("a list has fewer than 2^32 nodes")
    }

    fn node(&self, node: u32) -> ListNode {
        self.nodes[node as usize]
    }

    pub(crate) fn is_attribute(&self, node: u32) -> bool {
        self.node(node).attribute
    }

    pub(crate) fn parent(&self, node: u32) -> Option<u32> {
        some(self.node(node).parent)
    }

    pub(crate) fn first_child(&self, node: u32) -> Option<u32> {
        let end = self.node(node).end;
        let mut child = node + 1;
        while child < end && self.is_attribute(child) {
            child += 1;
        }
        (child < end).then_some(child)
    }

    pub(crate) fn last_child(&self, node: u32) -> Option<u32> {
        some(self.node(node).last_child)
    }

    pub(crate) fn next(&self, node: u32) -> Option<u32> {
        let at = self.node(node);
        let end = self.node(some(at.parent)?).end;
        (at.end < end && !at.attribute).then_some(at.end)
    }

    pub(crate) fn previous(&self, node: u32) -> Option<u32> {
        some(self.node(node).previous)
    }

    /// The attribute at `node + 1`, if there is one: attributes follow their element.
    pub(crate) fn next_attribute(&self, node: u32) -> Option<u32> {
        let next = self.nodes.get(node as usize + 1)?;
        next.attribute.then_some(node + 1)
    }

    pub(crate) fn local_name(&self, node: u32) -> &str {
        self.names.get(self.node(node).name as usize).map_or("", |name| name)
    }

    /// The text of a node itself; of an element with children see [`List::string_value`].
    pub(crate) fn own_text(&self, node: u32) -> &str {
        let (start, end) = self.node(node).text;
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(crate) fn is_leaf(&self, node: u32) -> bool {
        self.first_child(node).is_none()
    }

    /// How many nodes are below one.
    pub(crate) fn below(&self, node: u32) -> usize {
        (self.node(node).end - node) as usize
    }

    /// All text below a node.
    pub(crate) fn string_value(&self, node: u32) -> String {
        let below = (node..self.node(node).end).filter(|n| *n == node || !self.is_attribute(*n));
        below.map(|n| self.own_text(n)).collect()
    }

    /// The child element of a name.
    pub(crate) fn child(&self, node: u32, name: &str) -> Option<u32> {
        let wanted = *self.by_name.get(name)?;
        self.child_named(node, wanted)
    }

    fn child_named(&self, node: u32, name: u32) -> Option<u32> {
        let mut child = self.first_child(node);
        while let Some(at) = child {
            if self.node(at).name == name {
                return Some(at);
            }
            child = self.next(at);
        }
        None
    }

    /// The children called `element` of which the child `key` has exactly this text, in document order.
    pub(crate) fn lookup(
        &self,
        parent: u32,
        element: &str,
        key: &str,
        text: &str,
    ) -> Option<Vec<u32>> {
        let (Some(element), Some(key)) = (self.by_name.get(element), self.by_name.get(key)) else {
            return Some(Vec::new());
        };
        let index = self.index((parent, *element, *key))?;
        let is_text = |child: &&u32| {
            self.child_named(**child, *key).is_some_and(|n| self.own_text(n) == text)
        };
        Some(index.bucket(text).iter().filter(is_text).copied().collect())
    }

    /// `None` when a key is not a plain text, or stands twice in one child.
    fn index(&self, of: IndexOf) -> Option<Arc<Index>> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, index)) = indexes.iter().find(|(known, _)| *known == of) {
            return index.clone();
        }
        let index = self.keys(of).map(|rows| Arc::new(Index::new(&rows)));
        indexes.push((of, index.clone()));
        index
    }

    /// The hash of each key, with the child that has it.
    fn keys(&self, (parent, element, key): IndexOf) -> Option<Vec<(u32, u32)>> {
        let mut rows = Vec::new();
        let mut child = self.first_child(parent);
        while let Some(at) = child {
            child = self.next(at);
            if self.node(at).name != element {
                continue;
            }
            let before = rows.len();
            let mut part = self.first_child(at);
            while let Some(node) = part {
                part = self.next(node);
                if self.node(node).name == key {
                    if !self.is_leaf(node) || rows.len() > before {
                        return None;
                    }
                    rows.push((hash(self.own_text(node)), at));
                }
            }
        }
        Some(rows)
    }
}

fn some(node: u32) -> Option<u32> {
    (node != NONE).then_some(node)
}
