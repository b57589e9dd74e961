//! `XForm` XML in and out.

mod read;
mod search;
mod write;

pub use read::{parse_as_written, parse_xform};
pub(crate) use read::{parse_document, read_element};
pub(crate) use search::is_searched;
pub use search::{columns_read, may_read};
pub use write::write_xform;
pub(crate) use write::{escape_attribute, escape_text};

/// Why a document is no form at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XformError {
    /// It is not well-formed XML.
    #[error("not well-formed XML at line {line}, column {column}: {message}")]
    Xml {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// Something that every form has is missing.
    #[error("the document has no {0}")]
    Missing(&'static str),
    /// An element lacks what it cannot be without.
    #[error("<{element}> has no <{part}> at line {line}, column {column}")]
    Incomplete {
        /// The element.
        element: &'static str,
        /// What it lacks.
        part: &'static str,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
    /// Elements are nested deeper than any form needs.
    #[error("elements are nested deeper than {0} levels")]
    TooDeep(usize),
}
