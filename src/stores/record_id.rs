//! Ids of records: UUIDs of version 7, made on the phone.

use std::fmt::Write;

use sync::wire::RecordId;

use crate::platform::{clock, random};

/// A new id.
#[must_use]
pub fn new() -> RecordId {
    from_parts(clock::now_ms(), random::bytes_16())
}

/// 48 bits of time, then random ones, with the marks of version 7.
fn from_parts(now_ms: i64, random: [u8; 16]) -> RecordId {
    let mut bytes = random;
    let [_, _, time @ ..] = now_ms.to_be_bytes();
    bytes[..6].copy_from_slice(&time);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    RecordId(bytes)
}

/// The id with hyphens, as `OpenRosa` servers write it.
#[must_use]
pub fn uuid(id: RecordId) -> String {
    let mut text = hexadecimal(&id.0);
    for place in [20, 16, 12, 8] {
        text.insert(place, '-');
    }
    text
}

/// Where random numbers of the record's form start: the same whenever it is opened.
#[must_use]
pub fn seed(id: RecordId) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = id.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every digit");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_a_uuid_of_version_7_that_begins_with_the_time() {
        let id = from_parts(0x0192_1234_5678, [0xff; 16]);
        assert_eq!(uuid(id), "01921234-5678-7fff-bfff-ffffffffffff");
    }
}
