//! What a PIN is, how it becomes a key, and how long a wrong one keeps the next waiting.

use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

use crate::platform::{crypto::KEY_BYTES, storage::schema::PinRow};

/// Digits of a PIN.
pub const PIN_DIGITS: usize = 6;

/// Argon2id's memory and passes for a new PIN: what a slow phone does in half a second.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// What the next try waits after so many wrong ones, in seconds.
const WAITS_S: [i64; 9] = [0, 0, 0, 5, 15, 60, 300, 900, 3_600];

/// Why a PIN is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadPin {
    /// It has other than [`PIN_DIGITS`] digits.
    #[error("not a PIN")]
    NotDigits,
    /// It is among the first that anybody tries.
    #[error("easily guessed")]
    Guessed,
}

/// A key could not be made of a PIN: too little memory, or parameters that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no key of a PIN: {0}")]
pub struct NoKey(String);

/// Whether a person may choose this PIN.
pub fn check(pin: &str) -> Result<(), BadPin> {
    if pin.len() != PIN_DIGITS || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadPin::NotDigits);
    }
    let digits = pin.as_bytes();
    let goes =
        |step: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step);
    let (first, second) = digits.split_at(PIN_DIGITS / 2);
    let is_pairs = digits.chunks(2).all(|pair| pair == &digits[..2]);
    if [-1, 0, 1].into_iter().any(goes) || first == second || is_pairs {
        return Err(BadPin::Guessed);
    }
    Ok(())
}

/// Parameters for a new PIN.
#[must_use]
pub fn parameters(salt: [u8; 16]) -> PinRow {
    PinRow { salt, memory_kib: MEMORY_KIB, passes: PASSES }
}

/// The key that a PIN becomes. Slow on purpose.
pub fn key(pin: &str, row: &PinRow) -> Result<[u8; KEY_BYTES], NoKey> {
    let no_key = |error: argon2::Error| NoKey(error.to_string());
    let params = Params::new(row.memory_kib, row.passes, 1, Some(KEY_BYTES)).map_err(no_key)?;
    let mut key = [0; KEY_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), &row.salt, &mut key)
        .map_err(no_key)?;
    Ok(key)
}

/// So much of a wait no clock that is put forward ends: the page has to be open for it.
const OPEN_MS: i64 = 60_000;

/// How long the next try waits, in milliseconds: never longer than the whole of it, whatever the clock says. `open_ms`: for how long
/// the page has been open since the last try, or at all.
#[must_use]
pub fn wait_ms(wrong_pins: u32, wrong_ms: i64, now_ms: i64, open_ms: i64) -> i64 {
    let at = usize::try_from(wrong_pins).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    let wait_ms = WAITS_S[at] * 1_000;
    let waits_open_ms = wait_ms.min(OPEN_MS) - open_ms;
    (wrong_ms + wait_ms - now_ms).max(waits_open_ms).clamp(0, wait_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_anybody_tries_first_is_not_taken() {
        for pin in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(check(pin), Err(BadPin::NotDigits), "{pin}");
        }
        for pin in ["000000", "123456", "987654", "123123", "121212"] {
            assert_eq!(check(pin), Err(BadPin::Guessed), "{pin}");
        }
        for pin in ["274913", "112233", "100000"] {
            assert_eq!(check(pin), Ok(()), "{pin}");
        }
    }

    #[test]
    fn each_wrong_pin_makes_the_next_wait_longer_and_a_clock_put_back_never_for_ever() {
        let wait_ms = |wrong, wrong_ms, now_ms| wait_ms(wrong, wrong_ms, now_ms, OPEN_MS);
        let waits: Vec<i64> = (0..12).map(|wrong| wait_ms(wrong, 1_000, 1_000)).collect();
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!(waits[..4], [0, 0, 0, 5_000]);
        assert_eq!(waits[11], 3_600_000);
        assert_eq!(wait_ms(3, 1_000, 3_000), 3_000);
        assert_eq!(wait_ms(3, 1_000, 6_000), 0);
        assert_eq!(wait_ms(3, 9_000_000_000, 1_000), 5_000);
        assert_eq!(wait_ms(u32::MAX, 0, 0), 3_600_000);
    }

    #[test]
    fn a_clock_put_forward_ends_no_wait_before_the_page_was_open_for_a_minute_of_it() {
        let a_day_on = 86_400_000;
        assert_eq!(wait_ms(0, 0, a_day_on, 0), 0);
        assert_eq!(wait_ms(3, 0, a_day_on, 0), 5_000);
        assert_eq!(wait_ms(3, 0, a_day_on, 5_000), 0);
        assert_eq!(wait_ms(8, 0, a_day_on, 1_000), 59_000);
        assert_eq!(wait_ms(8, 0, a_day_on, 60_000), 0);
        assert_eq!(wait_ms(8, 0, 0, 60_000), 3_600_000, "nor is it enough to keep the page open");
    }

    /// A key must come out the same for ever: a phone's store hangs on it. Checked against the reference implementation's
    /// command line: `argon2` with `-id -t 2 -k 1024 -p 1 -l 32 -v 13`.
    #[test]
    fn a_pin_becomes_the_key_that_argon2id_says() {
        let row = PinRow { salt: *b"0123456789abcdef", memory_kib: 1_024, passes: 2 };
        let key = key("274913", &row).expect("sound parameters");
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "d2b807ad0a3fbb9184dfa359898f65ffc4f5110e7b26f9e1247c59d47c434fc8");
    }
}
