//! What a form does, seen from outside: forms in a small language, answers, and what is shown.

mod dsl;
mod incremental;
mod repeats;
mod rules;
mod storage;
mod texts;
