//! The crate seen from outside: frozen bytes, the rules of merging, and simulated years of bad networks.

mod bundles;
mod columns;
mod erasing;
mod frozen;
mod machine;
mod merging;
mod pushing;
mod simulation;

#[path = "../../../../tests/devices/rig/sealing.rs"]
mod sealing;
#[path = "../../../../tests/devices/rig/unsealed.rs"]
mod unsealed;
