//! Passwords, tokens, and how often somebody may try.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::database::SessionKey;

/// Memory-hard: each of these takes 19 MiB, so only so many run at a time.
static HASHING: Semaphore = Semaphore::const_new(4);

/// Shortest password that may be set.
pub const MIN_PASSWORD: usize = 8;

/// Longest password that is looked at.
pub const MAX_PASSWORD: usize = 1024;

/// The roles that an account can have.
pub const ROLES: [&str; 5] = ["officer", "trainer", "coordinator", "administrator", "auditor"];

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The algorithm refuses.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The worker did not finish.
    #[error("password hashing was stopped")]
    Stopped,
}

fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let _permit = HASHING.acquire().await.map_err(|_closed| PasswordError::Stopped)?;
    tokio::task::spawn_blocking(work).await.map_err(|_panicked| PasswordError::Stopped)?
}

/// The argon2id hash of a password, with its own salt.
pub async fn hash_password(password: String) -> Result<String, PasswordError> {
    hashing(move || {
        let hash = argon().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
    })
    .await
}

/// Whether a password is the right one. Without a hash to compare with (no such account) it takes as long and says no.
pub async fn verify_password(
    password: String,
    hash: Option<String>,
) -> Result<bool, PasswordError> {
    hashing(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let hash =
            PasswordHash::new(&hash).map_err(|error| PasswordError::Hash(error.to_string()))?;
        Ok(argon().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await
}

/// The hash of a password that was thrown away: what an unknown name is compared with.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c290YXktbm9ib2R5$r0Lpe6YwkF8ZzWq1yT6JmXb3nVhQd5uCsAoGfEiKtMw";

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("an operating system that serves HTTP has random numbers");
    bytes
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every digit");
        text
    })
}

/// A new session's token, and the key that it is stored by.
pub fn new_token() -> (String, SessionKey) {
    let token = hex(&random::<32>());
    let key = session_key(&token);
    (token, key)
}

/// The key of a token.
pub fn session_key(token: &str) -> SessionKey {
    sync::codec::hash(token.as_bytes()).0
}

/// A password that a person can copy from paper: no letters that look alike.
pub fn new_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters = random::<20>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// Tries that failed, by account and address: after a few the next one has to wait, longer each time.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<BTreeMap<(String, Option<IpAddr>), Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: i64,
}

/// Failures that cost nothing.
const FREE_TRIES: u32 = 5;
/// The wait after that; it doubles with each further failure.
const FIRST_WAIT_MS: i64 = 5000;
/// The longest wait.
const MAX_WAIT_MS: i64 = 15 * 60 * 1000;
/// Names remembered; past that, those whose wait is over are forgotten first.
const MAX_REMEMBERED: usize = 10_000;

impl Failures {
    fn until_ms(self) -> i64 {
        match self.count.checked_sub(FREE_TRIES) {
            None => self.last_ms,
            Some(over) => self.last_ms + (FIRST_WAIT_MS << over.min(20)).min(MAX_WAIT_MS),
        }
    }
}

impl Throttle {
    /// Takes a try, before the password is looked at, so that tries at the same time count too. `Err` says how many
    /// seconds to wait.
    pub fn take(&self, name: &str, address: Option<IpAddr>, now_ms: i64) -> Result<(), u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_REMEMBERED {
            failures.retain(|_, failure| failure.until_ms() > now_ms);
        }
        let failure = failures.entry((name.to_lowercase(), address));
        let failure = failure.or_insert(Failures { count: 0, last_ms: now_ms });
        let wait_ms = failure.until_ms() - now_ms;
        if wait_ms > 0 {
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000));
        }
        if now_ms - failure.last_ms > MAX_WAIT_MS {
            failure.count = 0;
        }
        failure.count += 1;
        failure.last_ms = now_ms;
        Ok(())
    }

    /// The password was right: the count starts again.
    pub fn clear(&self, name: &str, address: Option<IpAddr>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&(name.to_lowercase(), address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_elses() {
        let hash = hash_password("mật khẩu".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("mật khẩu".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!verify_password("mat khau".to_owned(), Some(hash)).await.unwrap());
        assert!(!verify_password("mật khẩu".to_owned(), None).await.unwrap());
    }

    #[test]
    fn tries_get_slower_and_a_right_password_forgives() {
        let throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.take("lan", None, 0), Ok(()));
        }
        assert_eq!(throttle.take("Lan", None, 0), Err(5));
        assert_eq!(throttle.take("minh", None, 0), Ok(()));
        assert_eq!(throttle.take("lan", None, 5000), Ok(()));
        assert_eq!(throttle.take("lan", None, 5000), Err(10));
        throttle.clear("lan", None);
        assert_eq!(throttle.take("lan", None, 5001), Ok(()));
    }
}
