//! What the stories are told with: a server, phones, and the wire between them.

pub mod disk;
pub mod http;
pub mod phone;
#[expect(dead_code, reason = "the server's own tests use more of it")]
#[path = "../../../crates/server/tests/it/place.rs"]
pub mod place;
pub mod random;
pub mod sealing;
pub mod server;
pub mod unsealed;

pub use phone::Phone;
pub use server::{Server, Work, unit, who};
