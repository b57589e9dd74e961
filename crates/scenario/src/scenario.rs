//! A form without a screen: answers, rows and languages by the paths that a form's writer uses.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use form::{
    AnswerError, Change, Environment, NodeId, NodeKind, NodeState, Problem, Program, Resources,
    RowError, Session, ViolationKind, XformError, compile, parse_as_written,
};

/// Why a form cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no `XForm`.
    #[error(transparent)]
    Xform(#[from] XformError),
    /// It has problems that no session can live with.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))]
    Refused(Vec<Problem>),
}

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Nothing is drawn for the reference.
    #[error("nothing is drawn for {0}")]
    Nothing(String),
    /// The answer was not taken.
    #[error("{0}: {1}")]
    Answer(String, AnswerError),
    /// The row was not added or removed.
    #[error("{0}: {1}")]
    Row(String, RowError),
}

/// A session, and the references by which it is driven: `/data/row[2]/name`, local names, rows counted from 1. Without
/// the slash in front they begin below the root.
#[derive(Debug)]
pub struct Scenario {
    session: Session,
    environment: Environment,
    rows: usize,
    map: OnceCell<Map>,
}

/// Where references lead, until the next step.
#[derive(Debug, Default)]
struct Map {
    nodes: BTreeMap<String, Vec<NodeId>>,
    values: BTreeMap<String, String>,
    relevant: BTreeMap<String, String>,
}

impl Scenario {
    /// Reads, compiles and starts a form.
    pub fn open(
        xml: &str,
        resources: &Resources,
        environment: Environment,
    ) -> Result<Self, OpenError> {
        Ok(Self::start(program(xml, resources)?, environment))
    }

    /// A new record.
    pub fn start(program: Arc<Program>, environment: Environment) -> Self {
        Self::of(Session::start(program, environment.clone()), environment)
    }

    /// A stored record.
    pub fn resume(
        program: Arc<Program>,
        environment: Environment,
        fields: &BTreeMap<String, String>,
    ) -> Self {
        Self::of(Session::resume(program, environment.clone(), fields), environment)
    }

    fn of(session: Session, environment: Environment) -> Self {
        Self { session, environment, rows: 0, map: OnceCell::new() }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, to be changed by other means.
    pub fn session_mut(&mut self) -> &mut Session {
        self.map.take();
        &mut self.session
    }

    /// Stores the record and opens it again, in the same language.
    pub fn reload(&mut self) {
        let fields = self.session.fields();
        let program = Arc::clone(self.session.program());
        let environment = self.environment.clone();
        self.reopen(|| Session::resume(program, environment, &fields));
    }

    /// Stores the record and opens it again to be edited: with an id of its own that names the old one.
    pub fn edit(&mut self, instance_id: &str) {
        let environment =
            Environment { instance_id: instance_id.to_owned(), ..self.environment.clone() };
        let program = Arc::clone(self.session.program());
        let fields = self.session.fields();
        self.reopen(|| Session::edit(program, environment, fields));
    }

    fn reopen(&mut self, open: impl FnOnce() -> Session) {
        let language = self.session.language().to_owned();
        self.session = open();
        self.session.set_language(&language);
        self.map.take();
    }

    /// Answers a question.
    pub fn answer(&mut self, reference: &str, text: &str) -> Result<Vec<Change>, StepError> {
        let node = self.question(reference).ok_or_else(|| StepError::Nothing(reference.into()))?;
        let answered = self.session_mut().answer(node, text);
        answered.map_err(|error| StepError::Answer(reference.into(), error))
    }

    /// Adds a row at the end of a repeat; gives its number.
    pub fn add_row(&mut self, repeat: &str) -> Result<usize, StepError> {
        let node = self.repeat(repeat).ok_or_else(|| StepError::Nothing(repeat.into()))?;
        self.rows += 1;
        let key = format!("row{}", self.rows);
        let added = self.session_mut().add_row(node, &key);
        added.map_err(|error| StepError::Row(repeat.into(), error))?;
        Ok(self.session.children(node).len())
    }

    /// Removes a row.
    pub fn remove_row(&mut self, row: &str) -> Result<(), StepError> {
        let is_row = |state: &NodeState| matches!(state.kind, NodeKind::Row { .. });
        let node = self.find(row, is_row).ok_or_else(|| StepError::Nothing(row.into()))?;
        let removed = self.session_mut().remove_row(node);
        removed.map(|_| ()).map_err(|error| StepError::Row(row.into(), error))
    }

    /// Changes the language.
    pub fn set_language(&mut self, name: &str) {
        self.session_mut().set_language(name);
    }

    /// What is drawn for a reference: a question before what is around one.
    pub fn state(&self, reference: &str) -> Option<NodeState> {
        let question = self.question(reference).or_else(|| self.find(reference, |_| true));
        self.session.state(question?)
    }

    /// The text that the record has for a reference, drawn or not.
    pub fn value(&self, reference: &str) -> String {
        self.map().values.get(&self.whole(reference)).cloned().unwrap_or_default()
    }

    /// Whether the submission has a place for a reference; what is drawn need not be asked.
    pub fn is_submitted(&self, reference: &str) -> bool {
        let xml = self.session.to_xml();
        let Ok(document) = roxmltree::Document::parse(&xml) else { return false };
        let wanted = self.whole(reference);
        let mut at = document.root();
        for step in wanted.split('/').skip(1) {
            let (name, place) = match step.split_once('[') {
                Some((name, place)) => (name, place.trim_end_matches(']').parse().unwrap_or(1)),
                None => (step, 1_usize),
            };
            let mut named =
                at.children().filter(|child| child.is_element() && child.tag_name().name() == name);
            match place.checked_sub(1).and_then(|before| named.nth(before)) {
                Some(child) => at = child,
                None => return false,
            }
        }
        true
    }

    /// The values of the choices of a question.
    pub fn choices(&self, reference: &str) -> Vec<String> {
        let choices = self.question(reference).map(|node| self.session.choices(node));
        choices.iter().flat_map(|all| all.iter()).map(|choice| choice.value.clone()).collect()
    }

    /// How many rows a repeat has.
    pub fn row_count(&self, repeat: &str) -> Option<usize> {
        self.repeat(repeat).map(|node| self.session.children(node).len())
    }

    /// What is wrong with an answer.
    pub fn problem(&self, reference: &str) -> Option<(ViolationKind, String)> {
        let problem = self.state(reference)?.problem?;
        Some((problem.kind, problem.message.unwrap_or_default()))
    }

    /// Broken rules as `reference`, rule and words.
    pub fn violations(&self) -> Vec<(String, ViolationKind, Option<String>)> {
        let reference = |node| {
            let here = |(_, nodes): &(&String, &Vec<NodeId>)| nodes.contains(&node);
            let found = self.map().nodes.iter().find(here);
            found.map(|(reference, _)| reference.clone()).unwrap_or_default()
        };
        let all = self.session.violations().into_iter();
        all.map(|broken| (reference(broken.node), broken.kind, broken.message)).collect()
    }

    /// The question drawn for a reference.
    pub fn question(&self, reference: &str) -> Option<NodeId> {
        self.find(reference, |state| matches!(state.kind, NodeKind::Question(_)))
    }

    fn repeat(&self, reference: &str) -> Option<NodeId> {
        self.find(reference, |state| matches!(state.kind, NodeKind::Repeat { .. }))
    }

    /// What is drawn for a reference and fits.
    pub fn find(&self, reference: &str, fits: impl Fn(&NodeState) -> bool) -> Option<NodeId> {
        let nodes = self.map().nodes.get(&self.whole(reference))?;
        nodes.iter().copied().find(|node| self.session.state(*node).is_some_and(|s| fits(&s)))
    }

    /// A reference from the root on, in local names.
    fn whole(&self, reference: &str) -> String {
        let root = self.root();
        match reference.strip_prefix('/') {
            Some(rest) => format!("/{}", local_path(rest)),
            None => format!("/{root}/{}", local_path(reference)),
        }
    }

    fn root(&self) -> String {
        local_path(&self.session.program().form().primary.name)
    }

    fn map(&self) -> &Map {
        self.map.get_or_init(|| {
            let mut places = self.drawn_places();
            let fields = self.session.fields();
            number_rows(&fields, &mut places);
            let root = self.root();
            let reference = |path: &str| reference(&root, path, &places);
            let mut map = Map::default();
            let mut rest = vec![self.session.root()];
            while let Some(id) = rest.pop() {
                map.nodes.entry(reference(&self.session.path(id))).or_default().push(id);
                rest.extend(self.session.children(id).into_iter().rev());
            }
            let refer = |(path, text): (String, String)| (reference(&path), text);
            map.values = fields.into_iter().map(refer).collect();
            map.relevant = self.session.relevant_fields().into_iter().map(refer).collect();
            map
        })
    }

    /// Whether a field that holds something is relevant; `None` when it holds nothing.
    pub fn is_relevant_field(&self, reference: &str) -> Option<bool> {
        let whole = self.whole(reference);
        self.map().values.get(&whole).map(|_| self.map().relevant.contains_key(&whole))
    }

    /// Field paths of drawn rows with their numbers.
    fn drawn_places(&self) -> BTreeMap<String, usize> {
        let mut places = BTreeMap::new();
        let mut rest = vec![self.session.root()];
        while let Some(id) = rest.pop() {
            for (index, child) in self.session.children(id).into_iter().enumerate() {
                let path = self.session.path(child);
                if path.ends_with(']') {
                    places.entry(path).or_insert(index + 1);
                }
                rest.push(child);
            }
        }
        places
    }
}

/// Reads and compiles a form.
pub fn program(xml: &str, resources: &Resources) -> Result<Arc<Program>, OpenError> {
    let (form, _) = parse_as_written(xml)?;
    compile(form, resources).map(Arc::new).map_err(OpenError::Refused)
}

/// Numbers the rows that no drawn node shows, by their ordinals.
fn number_rows(fields: &BTreeMap<String, String>, places: &mut BTreeMap<String, usize>) {
    let mut hidden: BTreeMap<&str, Vec<(u64, &String)>> = BTreeMap::new();
    for (path, text) in fields.iter().filter(|(path, _)| path.ends_with(']')) {
        if let Some((repeat, _)) = path.rsplit_once('[')
            && !places.contains_key(path)
        {
            let ordinal = text.parse().unwrap_or(u64::MAX);
            hidden.entry(repeat).or_default().push((ordinal, path));
        }
    }
    for mut rows in hidden.into_values() {
        rows.sort_unstable();
        places.extend(rows.into_iter().enumerate().map(|(i, (_, path))| (path.clone(), i + 1)));
    }
}

/// A field path with numbers for the keys of its rows.
fn reference(root: &str, path: &str, places: &BTreeMap<String, usize>) -> String {
    let mut reference = format!("/{root}");
    let mut walked = String::new();
    for step in path.split('/').filter(|step| !step.is_empty()) {
        if !walked.is_empty() {
            walked.push('/');
        }
        walked.push_str(step);
        reference.push('/');
        reference.push_str(local(step.split('[').next().unwrap_or(step)));
        if let Some(place) = places.get(&walked) {
            reference.push_str(&format!("[{place}]"));
        }
    }
    reference
}

fn local_path(path: &str) -> String {
    path.split('/').map(local).collect::<Vec<_>>().join("/")
}

/// A name without its prefix; an attribute keeps its sign.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
