//! What a form does, seen from outside: forms in a small language, answers, and what is shown.

mod audit;
mod dsl;
mod entities;
mod files;
mod hostile;
mod incremental;
mod marks;
mod pictures;
mod repeats;
mod rosters;
mod round_trips;
mod rules;
mod search;
mod storage;
mod submissions;
mod texts;
