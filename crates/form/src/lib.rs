//! The form engine: an `XForm` as data, the program compiled from it, and the session in which a
//! person fills it in.
//!
//! [`parse_xform`] and [`write_xform`] turn XML into a [`definition::Form`] and back; [`compile`]
//! resolves it into a [`Program`], once for all sessions; a [`Session`] holds the answers of one
//! record and re-runs only the expressions that an answer affects.

pub mod definition;
mod picture;
mod problem;
mod program;
mod session;
mod view;
mod xform;

pub use picture::{Picture, SHAPES, Shape, read_picture};
pub use problem::{Problem, ProblemKind};
pub use program::{CsvRows, ITEMSETS, Program, Resources, compile};
pub use session::{
    AnswerError, Audit, AuditEvent, AuditPlace, EntityChange, EntityRow, Envelope, EnvelopeError,
    Environment, Figure, NewRow, RowError, Session, SubmissionError, apply_to_list, entity_csv,
    is_date, read_envelope,
};
pub use view::{
    AnswerProblem, Aspects, Change, Choice, DataType, Language, LocalTime, MAX_ANSWER_BYTES,
    NodeId, NodeKind, NodeState, Numbers, Question, QuestionControl, RichText, Violation,
    ViolationKind,
};
pub use xform::{XformError, columns_read, may_read, parse_as_written, parse_xform, write_xform};
pub use xpath::{area_m2, number::parse as parse_number};
