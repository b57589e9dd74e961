//! The nodes that a view draws: those of the body, for each row anew.

use super::instance::{Instance, ItemId};
use crate::program::{BodyId, BodyKind, DefId, Program};
use crate::view::NodeId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DrawnKind {
    Root,
    Group,
    Repeat,
    Row,
    Question,
}

#[derive(Debug)]
pub(crate) struct DrawnNode {
    pub(crate) kind: DrawnKind,
    pub(crate) body: Option<BodyId>,
    /// Its node in the record; of a group without one and of a repeat, the node around it.
    pub(crate) item: ItemId,
    pub(crate) parent: Option<NodeId>,
    pub(crate) children: Vec<NodeId>,
}

#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// `None`: removed.
    nodes: Vec<Option<DrawnNode>>,
    /// By item.
    of_item: Vec<Vec<NodeId>>,
}

impl Drawn {
    pub(crate) const ROOT: NodeId = NodeId(0);

    pub(crate) fn new(program: &Program, instance: &Instance) -> Self {
        let mut drawn = Self::default();
        let root = drawn.push(DrawnKind::Root, None, Instance::ROOT, None);
        drawn.draw_all(&program.top, root, Instance::ROOT, program, instance);
        drawn
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&DrawnNode> {
        self.nodes.get(id.0 as usize)?.as_ref()
    }

    /// The nodes drawn for a node of the record.
    pub(crate) fn of(&self, item: ItemId) -> &[NodeId] {
        self.of_item.get(item.index()).map_or(&[], Vec::as_slice)
    }

    /// All nodes in the order in which they are drawn.
    pub(crate) fn in_order(&self) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut rest = vec![Self::ROOT];
        while let Some(id) = rest.pop() {
            found.push(id);
            if let Some(node) = self.get(id) {
                rest.extend(node.children.iter().rev());
            }
        }
        found
    }

    fn push(
        &mut self,
        kind: DrawnKind,
        body: Option<BodyId>,
        item: ItemId,
        parent: Option<NodeId>,
    ) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("memory ends before 2^32 nodes"));
        self.nodes.push(Some(DrawnNode { kind, body, item, parent, children: Vec::new() }));
        if self.of_item.len() <= item.index() {
            self.of_item.resize_with(item.index() + 1, Vec::new);
        }
        self.of_item[item.index()].push(id);
        if let Some(Some(around)) = parent.and_then(|parent| self.nodes.get_mut(parent.0 as usize))
        {
            around.children.push(id);
        }
        id
    }

    fn draw_all(
        &mut self,
        bodies: &[BodyId],
        parent: NodeId,
        near: ItemId,
        program: &Program,
        instance: &Instance,
    ) {
        for body in bodies {
            self.draw(*body, parent, near, program, instance);
        }
    }

    /// Draws a node of the body for the row that `near` is in.
    fn draw(
        &mut self,
        id: BodyId,
        parent: NodeId,
        near: ItemId,
        program: &Program,
        instance: &Instance,
    ) {
        let body = program.body(id);
        let Some(item) = instance.nearest(&program.schema, body.context, near) else { return };
        match body.kind {
            BodyKind::Question { .. } => {
                self.push(DrawnKind::Question, Some(id), item, Some(parent));
            }
            BodyKind::Group => {
                let group = self.push(DrawnKind::Group, Some(id), item, Some(parent));
                self.draw_all(&body.children, group, item, program, instance);
            }
            BodyKind::Repeat { .. } => {
                let repeat = self.push(DrawnKind::Repeat, Some(id), item, Some(parent));
                let rows = body.def.and_then(|def| instance.rows(item, &program.schema, def));
                for row in rows.map_or(&[][..], |rows| &rows.items) {
                    self.draw_row(repeat, *row, program, instance);
                }
            }
        }
    }

    fn draw_row(&mut self, repeat: NodeId, item: ItemId, program: &Program, instance: &Instance) {
        let Some(body) = self.get(repeat).and_then(|node| node.body) else { return };
        let row = self.push(DrawnKind::Row, Some(body), item, Some(repeat));
        self.draw_all(&program.body(body).children, row, item, program, instance);
    }

    /// The repeats drawn for an entry below a node.
    pub(crate) fn repeats(&self, parent: ItemId, def: DefId, program: &Program) -> Vec<NodeId> {
        let is_repeat = |id: &&NodeId| {
            self.get(**id).is_some_and(|node| {
                node.kind == DrawnKind::Repeat
                    && node.body.is_some_and(|body| program.body(body).def == Some(def))
            })
        };
        self.of(parent).iter().filter(is_repeat).copied().collect()
    }

    /// Draws a new row wherever its repeat is drawn; gives these repeats.
    pub(crate) fn add_row(
        &mut self,
        row: ItemId,
        program: &Program,
        instance: &Instance,
    ) -> Vec<NodeId> {
        let about = instance.get(row);
        let Some(parent) = about.parent else { return Vec::new() };
        let repeats = self.repeats(parent, about.def, program);
        let place = about.row.as_ref().map_or(usize::MAX, |row| row.place);
        for repeat in &repeats {
            self.draw_row(*repeat, row, program, instance);
            if let Some(Some(around)) = self.nodes.get_mut(repeat.0 as usize)
                && let Some(from) = around.children.get_mut(place..)
            {
                from.rotate_right(1);
            }
        }
        repeats
    }

    /// Forgets everything drawn for a row; `items` are its nodes. Gives the repeats around.
    pub(crate) fn remove_row(&mut self, row: ItemId, items: &[ItemId]) -> Vec<NodeId> {
        let mut repeats = Vec::new();
        for id in self.of(row).to_vec() {
            let parent =
                self.get(id).filter(|node| node.kind == DrawnKind::Row).and_then(|n| n.parent);
            if let Some(repeat) = parent
                && let Some(Some(around)) = self.nodes.get_mut(repeat.0 as usize)
            {
                // Rows go from the end, as a rule.
                let at = around.children.iter().rposition(|child| *child == id);
                at.map(|at| around.children.remove(at));
                repeats.push(repeat);
            }
        }
        for item in items {
            for id in self.of_item.get_mut(item.index()).map(std::mem::take).unwrap_or_default() {
                if let Some(node) = self.nodes.get_mut(id.0 as usize) {
                    *node = None;
                }
            }
        }
        repeats
    }
}
