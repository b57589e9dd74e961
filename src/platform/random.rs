//! Random bytes from the browser's cryptographic source.

/// Fills 16 bytes.
#[must_use]
pub fn bytes_16() -> [u8; 16] {
    imp::bytes_16()
}

/// A random number, to seed the engine with.
#[must_use]
pub fn seed() -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = bytes_16();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(target_arch = "wasm32")]
mod imp {
    pub(super) fn bytes_16() -> [u8; 16] {
        let mut bytes = [0; 16];
        let crypto = web_sys::window().expect("the app runs in a page").crypto();
        crypto
            .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).map(drop))
            .expect("every browser that runs this module has a random source");
        bytes
    }
}

/// Native tests count, so that every id differs and every run is the same.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<u128> = const { Cell::new(0) };
    }

    pub(super) fn bytes_16() -> [u8; 16] {
        COUNT.set(COUNT.get() + 1);
        COUNT.get().to_be_bytes()
    }
}
