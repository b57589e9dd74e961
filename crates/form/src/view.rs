//! What a view reads from a session: plain owned data, without expressions.

use std::ops::{BitOr, BitOrAssign};
use std::sync::Arc;

/// A drawn node of one session. An id is never used again, so one that is kept after its row was
/// removed names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The id as a number, for keys in a view.
    #[must_use]
    pub fn index(self) -> u32 {
        self.0
    }
}

/// A moment and the zone of the person who fills the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalTime {
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: i64,
    /// Minutes that the local clock is ahead of UTC.
    pub offset_min: i32,
}

/// A text with its media, outputs filled in. Markdown is left to the view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RichText {
    /// The text.
    pub text: String,
    /// Address of an image, such as `jr://images/a.png`.
    pub image: Option<String>,
    /// Address of the same image in large.
    pub big_image: Option<String>,
    /// Address of a sound.
    pub audio: Option<String>,
    /// Address of a film.
    pub video: Option<String>,
}

/// A language of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// Its name as the form writes it, such as `Tiếng Việt (vi)`.
    pub name: String,
    /// Whether a session starts in it.
    pub is_default: bool,
}

/// One choice of a select or rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: RichText,
    /// Where it lies, for a question with the appearance `map`: one place, or several with `;` between.
    pub geometry: Option<Box<str>>,
}

/// Everything that a view needs to draw one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// What it is.
    pub kind: NodeKind,
    /// Name of its node in the instance; empty for a group without one.
    pub name: String,
    /// Label.
    pub label: Option<RichText>,
    /// Hint.
    pub hint: Option<RichText>,
    /// Guidance for those who want more than the hint.
    pub guidance: Option<String>,
    /// The answer as stored; empty for anything but a question.
    pub value: String,
    /// Whether it and everything around it is relevant. What is not relevant is not drawn.
    pub relevant: bool,
    /// Whether an answer is required.
    pub required: bool,
    /// Whether a person may not change it.
    pub readonly: bool,
    /// What is wrong with the answer now. A view may wait with `Required` until the person was there.
    pub problem: Option<AnswerProblem>,
    /// The words of `appearance`.
    pub appearance: Vec<String>,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerProblem {
    /// Which rule it breaks.
    pub kind: ViolationKind,
    /// The form's own words, when it has any.
    pub message: Option<String>,
}

/// The rules that an answer can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViolationKind {
    /// There is no answer where one is required.
    Required,
    /// The answer does not meet the constraint.
    Constraint,
    /// The answer is not of the question's type, such as letters in a number.
    Type,
    /// The answer has more than [`MAX_ANSWER_BYTES`].
    Length,
}

/// Bytes of one answer, at most: for what people write 80,000 letters, or a line of thousands of corners.
pub const MAX_ANSWER_BYTES: usize = 240_000;

/// A broken rule somewhere in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The question.
    pub node: NodeId,
    /// Field path of the node.
    pub path: String,
    /// Which rule it breaks.
    pub kind: ViolationKind,
    /// The form's own words, when it has any.
    pub message: Option<String>,
    /// The page that shows the question.
    pub page: Option<NodeId>,
}

/// What a drawn node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// The whole form.
    Root,
    /// A group.
    Group {
        /// Whether its nodes belong on one page.
        field_list: bool,
    },
    /// A repeat; its children are rows.
    Repeat {
        /// Whether a person may add a row.
        can_add: bool,
        /// Whether a person may remove one.
        can_remove: bool,
        /// How many rows there are.
        count: usize,
    },
    /// A row of a repeat.
    Row {
        /// Its key in field paths.
        key: String,
        /// Its place, from 1.
        position: usize,
        /// Whether its nodes belong on one page.
        field_list: bool,
    },
    /// A question. Shared, as it never changes.
    Question(Arc<Question>),
}

/// What does not change about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// How it is answered.
    pub control: QuestionControl,
    /// What kind of value it holds.
    pub data_type: DataType,
    /// Further settings: attributes of the control and of its bind (`rows`, `orx:max-pixels`,
    /// `accuracyThreshold`, `autoplay` …).
    pub parameters: Vec<(String, String)>,
}

impl Question {
    /// A setting by its name, with or without prefix.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let same =
            |n: &str| n == name || n.rsplit_once(':').is_some_and(|(_, local)| local == name);
        self.parameters.iter().find(|(n, _)| same(n)).map(|(_, value)| value.as_str())
    }
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionControl {
    /// A typed value.
    Input,
    /// A typed value whose characters are not shown.
    Secret,
    /// Text to read: an input that is always read-only and has no calculation.
    Note,
    /// One choice.
    Select1,
    /// Any number of choices, separated by spaces.
    Select,
    /// All choices in an order, separated by spaces.
    Rank,
    /// A file.
    Upload {
        /// Media types accepted, such as `image/*`.
        media: String,
    },
    /// A confirmation; its value is `OK`.
    Trigger,
    /// A number between two others.
    Range {
        /// Lowest value.
        start: String,
        /// Highest value.
        end: String,
        /// Distance of values.
        step: String,
    },
}

/// How a text writes a number that the form worked out: the number as it is stored, and the text that follows it.
pub type Numbers = fn(number: &str, next: &str) -> String;

/// The data types of a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DataType {
    /// Text; also an unknown type.
    #[default]
    String,
    /// Whole number.
    Int,
    /// Number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// `2024-11-23`
    Date,
    /// `08:30:00.000+07:00`
    Time,
    /// Both.
    DateTime,
    /// `lat lon alt accuracy`
    Geopoint,
    /// Points separated by `;`
    Geotrace,
    /// A closed trace.
    Geoshape,
    /// Name of a file.
    Binary,
    /// Text read by a scanner.
    Barcode,
    /// Value given by another app.
    Intent,
}

/// A node that a view must read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The node.
    pub node: NodeId,
    /// What may have changed.
    pub aspects: Aspects,
}

/// A set of things that can change about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aspects(u16);

impl Aspects {
    /// [`NodeState::value`]
    pub const VALUE: Self = Self(1);
    /// [`NodeState::relevant`]
    pub const RELEVANT: Self = Self(2);
    /// [`NodeState::required`]
    pub const REQUIRED: Self = Self(4);
    /// [`NodeState::readonly`]
    pub const READONLY: Self = Self(8);
    /// [`NodeState::label`], hint or guidance.
    pub const LABEL: Self = Self(16);
    /// The choices.
    pub const CHOICES: Self = Self(32);
    /// [`NodeState::problem`]
    pub const PROBLEM: Self = Self(64);
    /// The children: rows added, removed or renumbered.
    pub const CHILDREN: Self = Self(128);

    /// Whether all of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything of `other` is in this set.
    #[must_use]
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in this set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Aspects {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Aspects {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
