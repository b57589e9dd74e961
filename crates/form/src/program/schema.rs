//! The shape of the primary instance: one entry for each element or attribute that answers can have, however many
//! rows a record holds. Entries are numbered in document order, so what is below an entry is a range.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::definition::{Attribute, Element};

/// An entry of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DefId(pub(crate) u32);

impl DefId {
    pub(crate) const ROOT: Self = Self(0);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct Def {
    /// Qualified name; an attribute's begins with `@`.
    pub(crate) name: Box<str>,
    /// Where the local name begins in it.
    local: u32,
    pub(crate) parent: Option<DefId>,
    /// Elements, then attributes that a bind may name, in document order.
    pub(crate) children: Vec<DefId>,
    /// Places in `children` by the hash of their local names, then by the names.
    by_name: Vec<(u32, u32)>,
    /// Place among the parent's children.
    pub(crate) slot: u32,
    /// One past the last entry below.
    end: u32,
    /// Whether it may occur any number of times: a repeat, or siblings of one name.
    pub(crate) many: bool,
    /// Whether a repeat of the body names it.
    pub(crate) repeat: bool,
    /// Text of a new row, or of a new record outside rows.
    pub(crate) default: Box<str>,
    /// Rows that a new record starts with, or a new row around them: for each the values of its leaves.
    pub(crate) start_rows: Vec<Element>,
    /// Whether these rows are empty in a new row around them: no template describes them.
    pub(crate) start_blank: bool,
    /// Attributes that are only carried to the submission.
    pub(crate) attributes: Vec<Attribute>,
}

impl Def {
    pub(crate) fn local(&self) -> &str {
        self.name.get(self.local as usize..).unwrap_or_default()
    }

    pub(crate) fn is_attribute(&self) -> bool {
        self.name.starts_with('@')
    }
}

/// A name without prefix and attribute sign.
pub(crate) fn local(name: &str) -> &str {
    let name = name.strip_prefix('@').unwrap_or(name);
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// FNV-1a. To find one of thousands of names side by side numbers are compared, which lie beside each other, and hardly
/// ever a name.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn local_start(name: &str) -> u32 {
    u32::try_from(name.len() - local(name).len()).expect("a name is shorter than 4 GB")
}

#[derive(Debug)]
pub(crate) struct Schema {
    defs: Vec<Def>,
}

/// What shapes the schema besides the instance: paths as lists of local names.
pub(crate) struct Named<'a> {
    /// Repeats of the body.
    pub(crate) repeats: &'a BTreeSet<Vec<String>>,
    /// Attributes that binds or actions name: the element's path, then the attribute's name.
    pub(crate) attributes: &'a BTreeSet<Vec<String>>,
}

impl Schema {
    pub(crate) fn new(primary: &Element, named: &Named) -> Self {
        let mut schema = Self { defs: Vec::new() };
        let mut path = Vec::new();
        schema.add(&[primary], None, 0, &mut path, named, false);
        schema
    }

    /// Adds the entry of elements that stand side by side under one name.
    fn add(
        &mut self,
        elements: &[&Element],
        parent: Option<DefId>,
        slot: u32,
        path: &mut Vec<String>,
        named: &Named,
        in_row: bool,
    ) -> DefId {
        let id = DefId(u32::try_from(self.defs.len()).expect("memory ends before 2^32 elements"));
        path.push(local(&elements[0].name).to_owned());
        let repeat = named.repeats.contains(path);
        let is_template = |e: &&&Element| e.attribute("jr:template").is_some();
        let model = *elements.iter().find(is_template).unwrap_or(&elements[0]);
        let data = || elements.iter().filter(|e| !is_template(e)).copied();
        let many = repeat || elements.len() > 1 || data().count() < elements.len();
        // A row added to a repeat without template has the structure of the first, without its values.
        let blank = in_row || (many && model.attribute("jr:template").is_none());
        self.defs.push(Def {
            name: elements[0].name.as_str().into(),
            local: local_start(&elements[0].name),
            parent,
            children: Vec::new(),
            by_name: Vec::new(),
            slot,
            end: 0,
            many,
            repeat,
            default: if blank { "".into() } else { model.text.as_str().into() },
            start_rows: if many { data().cloned().collect() } else { Vec::new() },
            start_blank: in_row,
            attributes: model
                .attributes
                .iter()
                .filter(|a| a.name != "jr:template")
                .cloned()
                .collect(),
        });
        self.add_children(id, model, elements, path, named, blank);
        path.pop();
        id
    }

    fn add_children(
        &mut self,
        id: DefId,
        model: &Element,
        elements: &[&Element],
        path: &mut Vec<String>,
        named: &Named,
        blank: bool,
    ) {
        let mut names: Vec<&str> = Vec::new();
        let mut known = BTreeSet::new();
        for child in elements.iter().flat_map(|e| &e.children) {
            if known.insert(child.name.as_str()) {
                names.push(&child.name);
            }
        }
        let mut groups: BTreeMap<&str, Vec<&Element>> = BTreeMap::new();
        for child in &model.children {
            groups.entry(&child.name).or_default().push(child);
        }
        // What only further rows have is part of the shape too, but their values are none of a new row's.
        let mut further = BTreeSet::new();
        for child in elements.iter().filter(|e| !std::ptr::eq(**e, model)).flat_map(|e| &e.children)
        {
            groups.entry(&child.name).or_insert_with(|| {
                further.insert(child.name.as_str());
                vec![child]
            });
        }
        let mut children = Vec::new();
        for name in names {
            let slot = u32::try_from(children.len()).expect("memory ends before 2^32 elements");
            let blank = blank || further.contains(name);
            children.push(self.add(&groups[name], Some(id), slot, path, named, blank));
        }
        self.add_attributes(id, model, &mut children, path, named);
        self.defs[id.index()].end =
            u32::try_from(self.defs.len()).expect("memory ends before 2^32 elements");
        let hashes = children.iter().map(|child| hash(self.def(*child).local()));
        let mut by_name: Vec<(u32, u32)> = hashes.zip(0..).collect();
        let name = |slot: u32| self.def(children[slot as usize]).local();
        by_name.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1))).then(a.1.cmp(&b.1))
        });
        let def = &mut self.defs[id.index()];
        def.children = children;
        def.by_name = by_name;
    }

    /// Attributes that a bind names can change, so they are nodes of their own.
    fn add_attributes(
        &mut self,
        id: DefId,
        model: &Element,
        children: &mut Vec<DefId>,
        path: &[String],
        named: &Named,
    ) {
        for attribute in &model.attributes {
            let key: Vec<String> =
                path.iter().cloned().chain([local(&attribute.name).to_owned()]).collect();
            if !named.attributes.contains(&key) {
                continue;
            }
            let next =
                DefId(u32::try_from(self.defs.len()).expect("memory ends before 2^32 elements"));
            self.defs.push(Def {
                name: format!("@{}", attribute.name).into(),
                local: 1 + local_start(&attribute.name),
                parent: Some(id),
                children: Vec::new(),
                by_name: Vec::new(),
                slot: u32::try_from(children.len()).expect("memory ends before 2^32 elements"),
                end: next.0 + 1,
                many: false,
                repeat: false,
                default: attribute.value.as_str().into(),
                start_rows: Vec::new(),
                start_blank: false,
                attributes: Vec::new(),
            });
            children.push(next);
            let name = attribute.name.clone();
            self.defs[id.index()].attributes.retain(|a| a.name != name);
        }
    }

    pub(crate) fn def(&self, id: DefId) -> &Def {
        &self.defs[id.index()]
    }

    pub(crate) fn len(&self) -> usize {
        self.defs.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = DefId> + use<> {
        (0..).take(self.defs.len()).map(DefId)
    }

    /// An entry and everything below it.
    pub(crate) fn subtree(&self, id: DefId) -> Range<u32> {
        id.0..self.def(id).end
    }

    /// Whether `id` is `above`, or is below it.
    pub(crate) fn is_within(&self, id: DefId, above: DefId) -> bool {
        self.subtree(above).contains(&id.0)
    }

    /// The child element, or attribute, of a local name.
    pub(crate) fn child(&self, id: DefId, name: &str, attribute: bool) -> Option<DefId> {
        let def = self.def(id);
        let of = |slot: u32| def.children[slot as usize];
        let hash = hash(name);
        let first = def.by_name.partition_point(|(other, slot)| {
            *other < hash || (*other == hash && self.def(of(*slot)).local() < name)
        });
        let same = def.by_name.get(first..)?.iter().map(|(_, slot)| of(*slot));
        same.take_while(|child| self.def(*child).local() == name)
            .find(|child| self.def(*child).is_attribute() == attribute)
    }

    /// The child of a field path's step: a qualified name, or `@` and an attribute's.
    pub(crate) fn child_named(&self, id: DefId, name: &str) -> Option<DefId> {
        self.child(id, local(name), name.starts_with('@'))
    }

    /// The nearest entry, from `id` upwards, that can have several rows.
    pub(crate) fn row_of(&self, id: DefId) -> Option<DefId> {
        let mut at = Some(id);
        while let Some(def) = at {
            if self.def(def).many {
                return Some(def);
            }
            at = self.def(def).parent;
        }
        None
    }

    /// The path from the document's root, `/data/a/@b`.
    pub(crate) fn path(&self, id: DefId) -> String {
        let mut names = Vec::new();
        let mut at = Some(id);
        while let Some(def) = at {
            names.push(&*self.def(def).name);
            at = self.def(def).parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// The entries from below `from` (from the root when `None`) down to `to`.
    pub(crate) fn chain(&self, from: Option<DefId>, to: DefId) -> Vec<DefId> {
        let mut chain = Vec::new();
        let mut at = Some(to);
        while at != from {
            let Some(def) = at else { break };
            chain.push(def);
            at = self.def(def).parent;
        }
        chain.reverse();
        chain
    }
}
