//! Numbers that look random and come again with the same seed.

use sync::{
    codec,
    wire::{DeviceId, RecordId},
};

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream that a name stands for.
    pub fn named(name: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = codec::hash(name.as_bytes()).0;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Bytes that do not compress, like those of a photo.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.next()).flat_map(u64::to_le_bytes);
        words.take(count).collect()
    }

    fn id(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }

    /// A new device.
    pub fn device(&mut self) -> DeviceId {
        DeviceId(self.id())
    }

    /// A new record.
    pub fn record(&mut self) -> RecordId {
        RecordId(self.id())
    }
}
