//! What is wrong with a form, as data: each problem with its place.

use std::fmt;

/// Something that the writer of a form should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: the node's path and, for an expression, the attribute, such as `/data/age @relevant`.
    pub place: String,
    /// What.
    pub kind: ProblemKind,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, kind: ProblemKind) -> Self {
        Self { place: place.into(), kind }
    }

    /// Whether a session can still run: what is meant is lost, but nothing else.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(
            self.kind,
            ProblemKind::UnknownElement(_)
                | ProblemKind::UnknownNode(_)
                | ProblemKind::UnknownReference { .. }
                | ProblemKind::DuplicateBind
                | ProblemKind::DuplicateInstance(_)
                | ProblemKind::UnknownFunction(_)
                | ProblemKind::MissingResource(_)
                | ProblemKind::UnreadableResource { .. }
                | ProblemKind::MissingText(_)
                | ProblemKind::UnboundControl(_)
                | ProblemKind::EventOutsideRepeat
                | ProblemKind::UnreadableOutput { .. }
                | ProblemKind::EmptyOutput
                | ProblemKind::UnknownInstance(_)
                | ProblemKind::UnreadablePattern { .. }
                | ProblemKind::NotEncrypted
                | ProblemKind::UnreadableSearch(_)
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// The kinds of problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// An element that has no meaning where it stands.
    #[error("element <{0}> is not known here and was left out")]
    UnknownElement(String),
    /// The primary instance has no root, or the root has no id.
    #[error("the primary instance has no {0}")]
    NoPrimary(&'static str),
    /// An expression cannot be read.
    #[error("expression cannot be read at character {offset}: {message} in `{text}`")]
    Expression {
        /// The expression.
        text: String,
        /// Where in it, in bytes.
        offset: usize,
        /// What is wrong.
        message: String,
    },
    /// The expression of an output cannot be read: nothing stands in its place.
    #[error("output cannot be read at character {offset}: {message} in `{text}`; it stays empty")]
    UnreadableOutput {
        /// The expression.
        text: String,
        /// Where in it, in bytes.
        offset: usize,
        /// What is wrong.
        message: String,
    },
    /// An output without an expression: nothing stands in its place.
    #[error("an output has no expression; it stays empty")]
    EmptyOutput,
    /// A bind, control, repeat or action names a node that the primary instance does not have.
    #[error("there is no node {0}")]
    UnknownNode(String),
    /// A control names a node that the primary instance does not have; it is not drawn.
    #[error("there is no node {0}; the question is not shown")]
    UnboundControl(String),
    /// An expression reads a node that the primary instance does not have.
    #[error("`{text}` reads {path}, which does not exist")]
    UnknownReference {
        /// The expression.
        text: String,
        /// The path.
        path: String,
    },
    /// An expression calls a function that is not known: it fails when it is evaluated.
    #[error("function {0}() is not known")]
    UnknownFunction(String),
    /// The pattern of a `regex()` cannot be read: it fails when it is evaluated, and what it should refuse is allowed.
    #[error(
        "regex() cannot read the pattern `{pattern}`: {message}; what it should check is not checked"
    )]
    UnreadablePattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        message: String,
    },
    /// `instance('…')` names an instance that the form does not have.
    #[error("there is no instance('{0}')")]
    UnknownInstance(String),
    /// Two binds name the same node.
    #[error("two binds name this node")]
    DuplicateBind,
    /// Two secondary instances have one id: the last counts.
    #[error("two instances are called {0}; the last one counts")]
    DuplicateInstance(String),
    /// Expressions that need each other's results.
    #[error("these need each other's results: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// An event that is not known.
    #[error("event {0} is not known")]
    UnknownEvent(String),
    /// An action whose `event` is empty.
    #[error("the event is empty")]
    NoEvent,
    /// `odk-new-repeat` outside a repeat.
    #[error("event odk-new-repeat needs a repeat around it")]
    EventOutsideRepeat,
    /// An action in the model that waits for new rows and for nothing else.
    #[error("nothing starts this action: event odk-new-repeat needs a repeat around it")]
    NewRepeatInModel,
    /// An action that names no node.
    #[error("the action names no node that it changes")]
    NoTarget,
    /// A repeat that names no node.
    #[error("the repeat has no nodeset")]
    NoNodeset,
    /// An itemset that does not say what is stored.
    #[error("the itemset has no <value> with a ref")]
    NoItemsetValue,
    /// The form's entities are written by a later specification than is known here.
    #[error("entities of version {0} are not known here: this form needs a newer app")]
    EntitiesOfLater(String),
    /// A file that the form needs was not given.
    #[error("file {0} is missing")]
    MissingResource(String),
    /// A file that the form needs cannot be read.
    #[error("file {name} cannot be read: {message}")]
    UnreadableResource {
        /// Its `jr://` address.
        name: String,
        /// Why.
        message: String,
    },
    /// A text that no translation has.
    #[error("no translation has the text `{0}`")]
    MissingText(String),
    /// The form asks for its records to be encrypted.
    #[error(
        "the form asks for encryption (base64RsaPublicKey), which is not done: its records are kept and sent as they are"
    )]
    NotEncrypted,
    /// A `search()` in an appearance from which no list can be told: what names its columns is offered as choices.
    #[error("search() is not understood in `{0}`")]
    UnreadableSearch(String),
    /// The form is larger or deeper than an engine can hold.
    #[error("the form is nested deeper than {0} levels")]
    TooDeep(usize),
}
