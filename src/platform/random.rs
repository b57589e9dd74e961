//! Random bytes from the browser's cryptographic source.

/// So many random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    imp::fill(&mut bytes);
    bytes
}

/// 16 random bytes: an id.
#[must_use]
pub fn bytes_16() -> [u8; 16] {
    bytes()
}

/// A random number, to seed the engine with.
#[must_use]
pub fn seed() -> u64 {
    u64::from_le_bytes(bytes())
}

#[cfg(target_arch = "wasm32")]
mod imp {
    pub(super) fn fill(bytes: &mut [u8]) {
        let crypto = web_sys::window().expect("the app runs in a page").crypto();
        crypto
            .and_then(|crypto| crypto.get_random_values_with_u8_array(bytes).map(drop))
            .expect("every browser that runs this module has a random source");
    }
}

/// Native tests count, so that every id differs and every run is the same.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn fill(bytes: &mut [u8]) {
        COUNT.set(COUNT.get() + 1);
        for (to, from) in bytes.iter_mut().rev().zip(COUNT.get().to_le_bytes()) {
            *to = from;
        }
    }
}
