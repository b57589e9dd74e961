//! Phones against a real server over loopback: the product's own state machine on the phones' side, the whole
//! server with the pack of the plan on the other. No browser, no waiting for time to pass.
//!
//! Each file is one promise; [`rig`] is what they are told with.

mod bad_push;
mod budgets;
mod carried;
mod copied_phone;
mod files;
mod killed_phone;
mod killed_server;
mod many_records;
mod moved_record;
mod repair_desk;
mod rescued;
mod restored_server;
mod rig;
mod same_unit;
mod sent_twice;
mod sessions;
mod two_officers;
mod two_servers;
mod who_may_not_see;
