//! Records as sets of operations: what is sent, how it merges, and when a device talks to the server.
//!
//! Pure: time, ids and random numbers come in as arguments. Start reading at [`wire`]; `docs/sync-protocol.md`
//! tells the same for somebody who writes another client.
//!
//! | Module | Owns |
//! |---|---|
//! | [`wire`] | what is said, byte for byte |
//! | [`codec`] | CBOR and hexadecimal |
//! | [`columns`] | a page of the feed, field by field |
//! | [`merge`] | a record as the set of its operations |
//! | [`draft`] | what a person changed and has not sealed |
//! | [`view`] | a record as a screen shows it |
//! | `begun` | the day that a record is of |
//! | [`device`] | when the phone talks, and what it does with the answer |
//! | [`push`], [`pull`] | the server's side |
//! | [`erase`] | values that must not come back |
//! | [`mask`] | fields that a person does not see |
//! | [`review`] | why a record was sent back |
//! | [`rights`] | who may do what to a record |
//! | [`repair`] | what the server could not apply, after all |
//! | [`desk`] | what of that the author's other devices show |
//! | [`blob`] | files in chunks |
//! | [`jpeg`] | what a photo tells beside its picture |
//! | [`bundle`] | all that as a file that somebody carries |
//! | [`receipt`] | what the server says of such a file, as a file |
//! | [`audit`] | what the audit log may hold |
//! | [`wipe`] | when a phone is emptied after wrong PINs |
#![warn(missing_docs)]

pub mod audit;
mod begun;
pub mod blob;
pub mod bundle;
pub mod codec;
pub mod columns;
pub mod desk;
pub mod device;
pub mod draft;
pub mod erase;
mod gather;
pub mod jpeg;
pub mod mask;
pub mod merge;
pub mod pull;
pub mod push;
pub mod receipt;
pub mod repair;
pub mod review;
pub mod rights;
pub mod tally;
pub mod view;
pub mod wipe;
pub mod wire;

pub use gather::gather;
