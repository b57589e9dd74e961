//! Which group holds which entity: each as deep as what it reads and saves, one for each group.

use std::collections::BTreeMap;

use crate::entities::{Entities, Entity, Use};
use crate::problem::{ProblemKind, Problems};
use crate::table::Table;
use crate::tree::{Id, NodeKind, ROOT, Tree};

/// The groups around a node, outermost first.
type Path = Vec<Id>;

/// What an entity asks for.
struct Request {
    entity: usize,
    /// The path to the innermost repeat that it uses.
    scope: Path,
    /// Where it would like to be.
    wanted: Path,
    /// The paths of what it saves.
    saved: Vec<Path>,
}

/// The group of each entity: (index of the entity, group).
pub(crate) fn places(
    entities: &Entities,
    tree: &Tree,
    sheets: (&Table, &Table),
    problems: &mut Problems,
) -> Vec<(usize, Id)> {
    let finder = Finder { tree };
    let mut requests: Vec<Request> = Vec::new();
    for (index, entity) in entities.lists.iter().enumerate() {
        requests.extend(finder.request(index, entity, sheets, problems));
    }
    if let [request] = requests.as_slice()
        && request.scope == [ROOT]
    {
        return vec![(request.entity, ROOT)];
    }
    let mut taken: BTreeMap<Path, usize> = BTreeMap::new();
    let mut placed = Vec::new();
    requests.sort_by_key(|r| (r.scope.clone(), r.entity));
    for request in &requests {
        match place(request, &mut taken) {
            Ok(group) => placed.push((request.entity, group)),
            Err(other) => {
                let other = entities.lists[other].row;
                let place = sheets.1.place(entities.lists[request.entity].row, &["dataset"]);
                problems.error(&place, ProblemKind::EntityPlace { other });
            }
        }
    }
    placed
}

/// Finds a free group, the deepest first; the error is the entity that is in the way.
fn place(request: &Request, taken: &mut BTreeMap<Path, usize>) -> Result<Id, usize> {
    let mut in_the_way = request.entity;
    for depth in (request.scope.len()..=request.wanted.len()).rev() {
        let path = request.wanted.get(..depth).unwrap_or_default().to_vec();
        if let Some(other) = taken.get(&path) {
            in_the_way = *other;
            if let Some(other) = request.saved.iter().find_map(|s| taken.get(s)) {
                return Err(*other);
            }
            continue;
        }
        for saved in &request.saved {
            for length in depth..=saved.len() {
                taken.insert(saved.get(..length).unwrap_or_default().to_vec(), request.entity);
            }
        }
        let group = path.last().copied().unwrap_or(ROOT);
        taken.insert(path, request.entity);
        return Ok(group);
    }
    Err(in_the_way)
}

struct Finder<'a> {
    tree: &'a Tree,
}

impl Finder<'_> {
    /// The path up to the innermost repeat, or to the root.
    fn scope(&self, path: &[Id]) -> Path {
        let is_repeat = |id: &Id| self.tree.nodes[*id].kind == NodeKind::Repeat;
        let length = path.iter().rposition(is_repeat).map_or(1, |at| at + 1);
        path.get(..length).unwrap_or(path).to_vec()
    }

    fn names(&self, path: &[Id]) -> String {
        path.iter().map(|id| format!("/{}", self.tree.nodes[*id].name)).collect()
    }

    /// How deep a path is: repeats count before groups.
    fn depth(&self, path: &[Id]) -> (usize, usize) {
        let scope = self.scope(path);
        let repeats = scope.iter().filter(|id| self.tree.nodes[**id].kind == NodeKind::Repeat);
        (repeats.count(), path.len() - scope.len())
    }

    /// The first of the deepest paths.
    fn deepest<'u>(&self, uses: impl Iterator<Item = &'u Use>) -> Option<&'u Path> {
        let paths = uses.map(|u| &u.path);
        paths.reduce(|a, b| if self.depth(b) > self.depth(a) { b } else { a })
    }

    fn request(
        &self,
        entity: usize,
        declared: &Entity,
        (survey, sheet): (&Table, &Table),
        problems: &mut Problems,
    ) -> Option<Request> {
        let Some(deepest) = self.deepest(declared.uses.iter()) else {
            let (scope, wanted) = (vec![ROOT], vec![ROOT]);
            return Some(Request { entity, scope, wanted, saved: Vec::new() });
        };
        let scope = self.scope(deepest);
        let saving = declared.uses.iter().filter(|u| u.property.is_some());
        let mut saved: Vec<Path> = Vec::new();
        for path in saving.clone().map(|u| &u.path) {
            if !saved.contains(path) {
                saved.push(path.clone());
            }
        }
        let wanted = match self.deepest(saving) {
            None => deepest.clone(),
            Some(_) if saved.len() == 1 => saved[0].clone(),
            Some(deepest) => {
                let boundary = self.scope(deepest);
                let shared = common(&saved);
                if self.depth(&shared) > self.depth(&boundary) { shared } else { boundary }
            }
        };
        let mut fits = true;
        for used in &declared.uses {
            let own = self.scope(&used.path);
            let outside = !scope.starts_with(&own);
            let saves = used.property.is_some();
            if outside || (saves && self.scope(&wanted) != own) {
                fits = false;
                let list = declared.list.clone();
                let (here, there) = (self.names(&used.path), self.names(deepest));
                let kind = ProblemKind::EntityScope { list, here, there };
                let place = match saves {
                    true => survey.place(used.row, &["bind", "entities:saveto"]),
                    false => sheet.place(declared.row, &["dataset"]),
                };
                problems.error(&place, kind);
            }
        }
        // It cannot stand where it saves and in the repeat that it is labelled from.
        if fits && wanted.len() < scope.len() {
            fits = false;
            let row = declared.uses.iter().find(|u| u.property.is_some()).map_or(0, |u| u.row);
            let list = declared.list.clone();
            let (here, there) = (self.names(&wanted), self.names(&scope));
            let place = survey.place(row, &["bind", "entities:saveto"]);
            problems.error(&place, ProblemKind::EntityScope { list, here, there });
        }
        fits.then_some(Request { entity, scope, wanted, saved })
    }
}

/// The longest path that all begin with.
fn common(paths: &[Path]) -> Path {
    let mut shared = paths.first().cloned().unwrap_or_default();
    for path in paths {
        let same = shared.iter().zip(path).take_while(|(a, b)| a == b).count();
        shared.truncate(same);
    }
    shared
}
