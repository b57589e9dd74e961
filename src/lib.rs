//! The phone app: a Leptos PWA that captures inspections and attendance offline.
//!
//! The only package that knows Leptos or the browser. Arrows point down:
//!
//! ```text
//! app ─> pages ─> form_view ─> components     what a person sees
//!          ├────> stores <──┘                 reactive state
//!          └─> sync_runner ─> stores          carries out what the sync machine says
//! ```
//!
//! All but [`locale`] may ask [`platform`] of the browser; nothing else names a web API.
//!
//! What can be decided without a browser is decided in `crates/`.

pub mod app;
pub mod components;
pub mod form_view;
pub mod locale;
pub mod pages;
pub mod platform;
pub mod reactive;
pub mod router;
pub mod stores;
pub mod sync_runner;
