//! A copied profile takes a new id. What the server does not hold is sealed anew under it; what it holds and no backup
//! does stays as it is, under the old id: only this profile may be able to give it back.

use std::collections::BTreeMap;

use super::{DeviceState, Former};
use crate::{
    codec::{self, DecodeError},
    draft::OpenPatch,
    gather::gather,
    wire::{DeviceId, Dot, Operation, SealedOperation, Write},
};

/// What becomes of a copied profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// To be stored.
    pub state: DeviceState,
    /// The operations that are sealed anew, as they were: for [`rekey_patch`].
    pub old: Vec<Operation>,
    /// The same under the new id: the whole outbox from now on.
    pub operations: Vec<Operation>,
}

/// The profile under a new id, its operations counted from 1. What they say of each other goes with them; what they say
/// of operations that the server holds under the old id stays.
///
/// `above` is that of [`super::Effect::Rekey`]; `outbox` holds all that the device still has, in the order of `seq`.
///
/// # Errors
///
/// If an operation that is to be sealed anew cannot be read.
pub fn rekey(
    state: &DeviceState,
    above: Dot,
    outbox: Vec<SealedOperation>,
    device: DeviceId,
) -> Result<Rekeyed, DecodeError> {
    let mut former = state.former().to_vec();
    let (mut kept, mut anew) = (Vec::new(), Vec::new());
    for former in former.iter_mut().filter(|former| former.device == above.device) {
        let held = former.operations.partition_point(|operation| operation.seq <= above.seq);
        anew = former.operations.split_off(held);
    }
    for operation in outbox {
        if operation.seq > state.acked {
            anew.push(operation);
        } else if operation.seq > state.safe {
            kept.push(operation);
        }
    }
    former.push(Former { device: state.device, acked: state.acked, operations: kept });
    former.retain(|former| !former.operations.is_empty());
    let state = DeviceState { former: Some(former), ..state.renamed(device) };

    let mut old: Vec<Operation> = Vec::new();
    for operation in anew {
        old.push(codec::decode(&operation.bytes)?);
    }
    let names = names(&old, device);
    let renamed = old.iter().cloned().map(|mut operation| {
        rename(&mut operation.dot, &names);
        rename_writes(&mut operation.fields, &names);
        operation
    });
    let operations = renamed.collect();
    Ok(Rekeyed { state, old, operations })
}

/// An open patch after [`rekey`] of the operations `old`.
#[must_use]
pub fn rekey_patch(mut patch: OpenPatch, old: &[Operation], device: DeviceId) -> OpenPatch {
    let names = names(old, device);
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
