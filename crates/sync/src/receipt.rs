//! What the server says of a bundle, as a file that goes back to the phone that made it. Who carries it can change nothing of it.
//!
//! | Part | What |
//! |---|---|
//! | [`MAGIC`] | 8 bytes |
//! | [`Receipt`] | CBOR |
//! | signature | 64 bytes: ECDSA P-256 over [`message`], by the key of the organisation that the bundle was sealed to |
//!
//! No cipher is here, as in [`crate::bundle`].

use crate::{
    bundle::SIGNATURE_BYTES,
    codec::{self, DecodeError},
    device::DeviceState,
    wire::{DeviceId, Hash, QuarantineReason, Verdict},
};
use minicbor::{Decode, Encode};

/// What every receipt begins with.
pub const MAGIC: [u8; 8] = *b"sotayrct";
/// The newest version of the format.
pub const VERSION: u32 = 1;
/// Bytes of a receipt, at most.
pub const MAX_BYTES: usize = 8 << 20;

/// What became of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// [`VERSION`] of the writer.
    #[n(0)]
    pub version: u32,
    /// The bundle: SHA-256 of it.
    #[n(1)]
    pub bundle: Hash,
    /// The device that made it.
    #[n(2)]
    pub device: DeviceId,
    /// When the server received it, by the server's clock.
    #[n(3)]
    pub received_ms: i64,
    /// The server's epoch then.
    #[n(4)]
    pub epoch: u64,
    /// All operations of that device up to this `seq` were on the server's disk.
    #[n(5)]
    pub acked: u64,
    /// One for each of the device's own operations in the bundle.
    #[n(6)]
    pub verdicts: Vec<Verdict>,
    /// The files in the bundle that the server held whole then.
    #[n(7)]
    pub files: Vec<Hash>,
}

/// Why a file is no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It does not begin as one.
    #[error("no receipt")]
    NoReceipt,
    /// It was made by a newer version.
    #[error("made by version {0} of the format")]
    Newer(u32),
    /// It cannot be read.
    #[error("receipt: {0}")]
    Content(DecodeError),
}

/// Why a receipt says nothing to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Another device made the bundle.
    #[error("another device's")]
    OtherDevice,
    /// The server was restored from a backup before or after: what it held then it may not hold now.
    #[error("of another epoch")]
    OtherEpoch,
    /// Another device took the place of one of the operations: only the server itself settles that.
    #[error("of a copied device")]
    Forked,
}

/// A receipt as a file, up to its signature.
#[must_use]
pub fn write(receipt: &Receipt) -> Vec<u8> {
    [&MAGIC[..], &codec::encode(receipt)].concat()
}

/// What the organisation signs of a written receipt, told apart from all else that it may sign.
#[must_use]
pub fn message(written: &[u8]) -> Vec<u8> {
    [b"sotay receipt 1 signature", &codec::hash(written).0[..]].concat()
}

/// The receipt of a file, what was signed of it, and the signature, which whoever reads it has yet to prove.
///
/// # Errors
///
/// If it is no receipt of a version that is known.
pub fn read(file: &[u8]) -> Result<(Receipt, Vec<u8>, [u8; SIGNATURE_BYTES]), ReceiptError> {
    #[derive(Decode)]
    #[cbor(map)]
    struct Versioned {
        #[n(0)]
        version: u32,
    }
    let body = file.strip_prefix(&MAGIC).ok_or(ReceiptError::NoReceipt)?;
    let (body, signature) =
        body.split_last_chunk::<SIGNATURE_BYTES>().ok_or(ReceiptError::NoReceipt)?;
    let version = minicbor::decode::<Versioned>(body).map_or(VERSION, |read| read.version);
    if version > VERSION {
        return Err(ReceiptError::Newer(version));
    }
    let receipt = codec::decode(body).map_err(ReceiptError::Content)?;
    let written = file.get(..MAGIC.len() + body.len()).unwrap_or_default();
    Ok((receipt, message(written), *signature))
}

/// The device after it heard of a bundle that it made itself. Nothing is freed by it: that takes the server's own word on its
/// backups.
///
/// # Errors
///
/// If it says nothing to this device.
pub fn take(state: &DeviceState, receipt: &Receipt) -> Result<DeviceState, NotOurs> {
    if receipt.device != state.device {
        return Err(NotOurs::OtherDevice);
    }
    if state.epoch.is_some_and(|epoch| epoch != receipt.epoch) {
        return Err(NotOurs::OtherEpoch);
    }
    if receipt.verdicts.iter().any(|verdict| verdict.reason == Some(QuarantineReason::Fork)) {
        return Err(NotOurs::Forked);
    }
    // Beyond what was in the bundle another one may have sent under this device's name.
    let last = receipt.verdicts.iter().map(|verdict| verdict.seq).max().unwrap_or_default();
    let acked = state.acked.max(receipt.acked.min(last));
    Ok(DeviceState { acked, epoch: Some(receipt.epoch), ..state.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Outcome;

    fn verdict(seq: u64, reason: Option<QuarantineReason>) -> Verdict {
        let outcome = if reason.is_some() { Outcome::Quarantined } else { Outcome::Applied };
        Verdict { seq, outcome, reason, set_aside: None }
    }

    fn receipt() -> Receipt {
        Receipt {
            version: VERSION,
            bundle: Hash([1; 32]),
            device: DeviceId([2; 16]),
            received_ms: 3,
            epoch: 4,
            acked: 6,
            verdicts: vec![verdict(5, None), verdict(6, None)],
            files: vec![Hash([7; 32])],
        }
    }

    fn state() -> DeviceState {
        DeviceState { epoch: Some(4), acked: 4, safe: 2, ..DeviceState::new(DeviceId([2; 16])) }
    }

    /// People carry them about.
    #[test]
    fn a_receipt_keeps_its_bytes() {
        let mut bytes = b"sotayrct".to_vec();
        bytes.extend([0xa8, 0x00, 1, 0x01, 0x58, 0x20]);
        bytes.extend([1; 32]);
        bytes.extend([0x02, 0x50]);
        bytes.extend([2; 16]);
        bytes.extend([0x03, 3, 0x04, 4, 0x05, 6, 0x06, 0x82]);
        bytes.extend(codec::encode(&verdict(5, None)));
        bytes.extend(codec::encode(&verdict(6, None)));
        bytes.extend([0x07, 0x81, 0x58, 0x20]);
        bytes.extend([7; 32]);
        assert_eq!(write(&receipt()), bytes);
        let file = [&bytes[..], &[9; SIGNATURE_BYTES]].concat();
        assert_eq!(read(&file), Ok((receipt(), message(&bytes), [9; SIGNATURE_BYTES])));
    }

    #[test]
    fn what_is_no_receipt_is_told() {
        let file = [write(&receipt()), vec![9; SIGNATURE_BYTES]].concat();
        for length in [0, 7, 8, 71] {
            assert_eq!(read(&file[..length]), Err(ReceiptError::NoReceipt), "{length} bytes");
        }
        assert!(matches!(read(&file[..file.len() - 1]), Err(ReceiptError::Content(_))));
        let newer = Receipt { version: 2, ..receipt() };
        let newer = [write(&newer), vec![9; SIGNATURE_BYTES]].concat();
        assert_eq!(read(&newer), Err(ReceiptError::Newer(2)));
    }

    #[test]
    fn what_was_in_the_bundle_is_acked_and_nothing_beyond_it_and_nothing_is_safe() {
        let taken = take(&state(), &receipt()).expect("ours");
        assert_eq!((taken.acked, taken.safe, taken.epoch), (6, 2, Some(4)));
        assert_eq!(take(&taken, &receipt()), Ok(taken.clone()), "twice is once");
        let beyond = Receipt { acked: 90, ..receipt() };
        assert_eq!(take(&state(), &beyond).map(|state| state.acked), Ok(6));
        let short = Receipt { acked: 5, ..receipt() };
        assert_eq!(take(&state(), &short).map(|state| state.acked), Ok(5));
        let late = DeviceState { acked: 9, ..state() };
        assert_eq!(take(&late, &receipt()).map(|state| state.acked), Ok(9), "never back");
        let files = Receipt { verdicts: Vec::new(), ..receipt() };
        assert_eq!(take(&state(), &files).map(|state| state.acked), Ok(4));
        let new = DeviceState { epoch: None, ..state() };
        assert_eq!(take(&new, &receipt()).map(|state| state.epoch), Ok(Some(4)));
    }

    #[test]
    fn another_devices_another_epochs_and_a_copied_devices_say_nothing() {
        let other = Receipt { device: DeviceId([3; 16]), ..receipt() };
        assert_eq!(take(&state(), &other), Err(NotOurs::OtherDevice));
        let restored = Receipt { epoch: 5, ..receipt() };
        assert_eq!(take(&state(), &restored), Err(NotOurs::OtherEpoch));
        let mut forked = receipt();
        forked.verdicts.push(verdict(7, Some(QuarantineReason::Fork)));
        assert_eq!(take(&state(), &forked), Err(NotOurs::Forked));
    }
}
