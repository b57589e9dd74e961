//! A copied profile takes a new id: the copy's operations, sealed anew under it.

use std::collections::BTreeMap;

use crate::{
    draft::OpenPatch,
    gather::gather,
    wire::{DeviceId, Dot, Operation, Write},
};

/// Unsent operations under a new device id, counted from 1. What they say of each other goes with them;
/// what they say of operations that the server holds under the old id stays.
#[must_use]
pub fn rekey(operations: &[Operation], device: DeviceId) -> Vec<Operation> {
    let names = names(operations, device);
    let renamed = operations.iter().cloned().map(|mut operation| {
        rename(&mut operation.dot, &names);
        rename_writes(&mut operation.fields, &names);
        operation
    });
    renamed.collect()
}

/// An open patch after [`rekey`] of the same operations.
#[must_use]
pub fn rekey_patch(mut patch: OpenPatch, operations: &[Operation], device: DeviceId) -> OpenPatch {
    let names = names(operations, device);
    rename_writes(&mut patch.fields, &names);
    patch.own_dots_mut().for_each(|dot| rename(dot, &names));
    patch
}

fn names(operations: &[Operation], device: DeviceId) -> BTreeMap<Dot, Dot> {
    let dots = operations.iter().map(|operation| operation.dot);
    gather(dots.zip(1..).map(|(dot, seq)| (dot, Dot { device, seq })))
}

fn rename_writes(fields: &mut BTreeMap<String, Write>, names: &BTreeMap<Dot, Dot>) {
    fields.values_mut().flat_map(|write| &mut write.over).for_each(|dot| rename(dot, names));
}

fn rename(dot: &mut Dot, names: &BTreeMap<Dot, Dot>) {
    if let Some(name) = names.get(dot) {
        *dot = *name;
    }
}
