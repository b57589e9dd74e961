//! Roles, passwords, tokens, codes, and how often somebody may try.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sync::wire::DeviceId;

use crate::database::{Answer, CodeKey, Database, SessionKey};
use crate::turns::Turns;

/// Memory-hard: each of these takes 19 MiB, so only so many run at a time.
static HASHING: Turns = Turns::new(4);

/// Shortest password that may be set.
pub const MIN_PASSWORD: usize = 8;

/// Longest password that is looked at.
pub const MAX_PASSWORD: usize = 1024;

/// Longest name of an account, in bytes. Nothing longer is kept anywhere because somebody tried it.
pub const MAX_NAME: usize = 120;

/// What a new account may be called: it stands in addresses and logs, and nobody mistypes a blank that they do not see.
pub const NAME_RULE: &str = "1 to 120 of a-z, A-Z, 0-9, `.`, `-`, `_`";

/// Whether [`NAME_RULE`] holds.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(is_letter)
}

/// What an account is for, and what it may do.
pub use sync::rights::Role;

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
    HASHING.take().await.work(work).await.map_err(|_panicked| PasswordError::Stopped)?
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
        let hash = hash.unwrap_or_else(|| NOBODYS_PASSWORD.to_owned());
        let hash =
            PasswordHash::new(&hash).map_err(|error| PasswordError::Hash(error.to_string()))?;
        Ok(argon().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await
}

/// The hash of a password that was thrown away: what an unknown name is compared with.
pub(crate) const NOBODYS_PASSWORD: &str =
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

/// The bytes of hexadecimal digits, if they are such.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
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

/// How long a code is good, unless something else is asked for.
pub const CODE_MINUTES: u32 = 24 * 60;

/// How long a code may be good.
pub const MAX_CODE_MINUTES: u32 = 7 * 24 * 60;

/// When a code that is good for so long ends.
pub fn code_end(minutes: u32, now_ms: i64) -> i64 {
    now_ms + i64::from(minutes) * 60 * 1000
}

/// A new code to sign in with once: 100 random bits that a person can type, and what it is stored by.
pub fn new_code() -> (String, CodeKey) {
    let code = new_password();
    let key = code_key(&code);
    (code, key)
}

/// What a code is stored by, however it was typed.
pub fn code_key(code: &str) -> CodeKey {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    sync::codec::hash(letters.to_ascii_lowercase().as_bytes()).0
}

/// Tries that failed: after a few the next one has to wait, longer each time.
///
/// They are counted three times over. By account and address, closely: that is somebody who guesses. By account alone, so
/// that many addresses together guess no faster; the wait stays short, because whoever does that to an account keeps its owner
/// out too, unless they are where they were before: in a session of theirs and on a device of theirs tries are counted apart.
/// And by address alone, so that one address does not try a few passwords on everybody; an office is one address, so
/// it has many free tries, and whoever holds many networks of IPv6 has more, and not without end.
#[derive(Debug, Default)]
pub(crate) struct Tries(BTreeMap<TryKey, Failures>);

/// What tries are counted by, as a hash: what was typed as a name may have been a password.
pub(crate) type TryKey = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Both(String, Option<IpAddr>),
    Account(String),
    Place(String, Place),
    Address(IpAddr),
    Site(Ipv6Addr),
}

/// Where somebody is known by more than their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a session of theirs.
    Session(i64),
    /// On a device on which they signed in before.
    Device(DeviceId),
}

/// Whom tries are counted for.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// Nobody: a code cannot be guessed for somebody.
    Nobody,
    /// Whoever holds a passkey, which nobody guesses: wrong codes keep them from nothing.
    Holder,
    /// Whoever is called so, from anywhere.
    Anyone(&'a str),
    /// Whoever is called so, there: what is tried elsewhere does not count.
    There(&'a str, Place),
}

impl<'a> Whom<'a> {
    fn name(self) -> Option<&'a str> {
        match self {
            Self::Nobody | Self::Holder => None,
            Self::Anyone(name) | Self::There(name, _) => Some(name),
        }
    }
}

/// How many tries are free, and how long the longest wait is.
struct Limit {
    free: u32,
    max_wait_ms: i64,
}

impl Key {
    fn limit(&self) -> Limit {
        match self {
            Self::Both(..) | Self::Place(..) => Limit { free: 5, max_wait_ms: MAX_WAIT_MS },
            Self::Account(_) => Limit { free: 20, max_wait_ms: 60 * 1000 },
            Self::Address(_) => Limit { free: 50, max_wait_ms: MAX_WAIT_MS },
            Self::Site(_) => Limit { free: 500, max_wait_ms: MAX_WAIT_MS },
        }
    }

    fn hash(&self) -> TryKey {
        sync::codec::hash(format!("{self:?}").as_bytes()).0
    }
}

/// How often it failed, and when last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    pub(crate) last_ms: i64,
}

/// The wait after the free tries; it doubles with each further failure.
const FIRST_WAIT_MS: i64 = 5000;
/// The longest wait; a failure is forgotten after it.
const MAX_WAIT_MS: i64 = 15 * 60 * 1000;
/// Keys remembered.
const MAX_REMEMBERED: usize = 30_000;

impl Failures {
    fn until_ms(self, limit: &Limit) -> i64 {
        match self.count.checked_sub(limit.free) {
            None => self.last_ms,
            Some(over) => self.last_ms + (FIRST_WAIT_MS << over.min(20)).min(limit.max_wait_ms),
        }
    }
}

/// Whoever holds an IPv6 address holds all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => first_bits(address, 64).into(),
        },
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & u128::MAX << (128 - bits))
}

/// Who asks from an address, as a hash.
pub(crate) fn asker(address: Option<IpAddr>) -> [u8; 32] {
    sync::codec::hash(format!("{:?}", address.map(network)).as_bytes()).0
}

fn keys(whom: Whom<'_>, address: Option<IpAddr>) -> Vec<Key> {
    let name = |name: &str| name.to_lowercase();
    let address = address.map(network);
    let first = match whom {
        // No account's name has a blank before it.
        Whom::Holder => " passkey".to_owned(),
        _ => whom.name().map(name).unwrap_or_default(),
    };
    let mut keys = vec![Key::Both(first, address)];
    keys.extend(match whom {
        Whom::Nobody | Whom::Holder => None,
        Whom::Anyone(whose) => Some(Key::Account(name(whose))),
        Whom::There(whose, place) => Some(Key::Place(name(whose), place)),
    });
    keys.extend(address.map(Key::Address));
    if let Some(IpAddr::V6(address)) = address {
        keys.push(Key::Site(first_bits(address, 48)));
    }
    keys
}

impl Tries {
    pub(crate) fn get(&self, key: &TryKey) -> Option<&Failures> {
        self.0.get(key)
    }

    pub(crate) fn insert(&mut self, key: TryKey, failures: Failures) {
        self.0.insert(key, failures);
    }

    /// Takes a try, before the password is looked at, so that tries at the same time count too. `Err` says how many
    /// seconds to wait.
    fn take(&mut self, whom: Whom<'_>, address: Option<IpAddr>, now_ms: i64) -> Result<(), u64> {
        let keys = keys(whom, address);
        let wait_ms = keys
            .iter()
            .filter_map(|key| {
                let (limit, failures) = (key.limit(), self.0.get(&key.hash())?);
                // The clock may have been ahead when it failed last.
                Some((failures.until_ms(&limit) - now_ms).min(limit.max_wait_ms))
            })
            .max();
        if let Some(wait_ms) = wait_ms.filter(|wait_ms| *wait_ms > 0) {
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000));
        }
        self.make_room(keys.len(), now_ms);
        for key in keys {
            let first = Failures { count: 0, last_ms: now_ms };
            let failure = self.0.entry(key.hash()).or_insert(first);
            if now_ms - failure.last_ms > MAX_WAIT_MS {
                failure.count = 0;
            }
            failure.count += 1;
            failure.last_ms = now_ms;
        }
        Ok(())
    }

    /// Forgets what failed the fewest times, and of that what did so the longest ago: a flood of addresses forgets itself. A quarter
    /// at once, so that all are gone through seldom.
    fn make_room(&mut self, size: usize, now_ms: i64) {
        if self.0.len() + size <= MAX_REMEMBERED {
            return;
        }
        self.0.retain(|_, failure| now_ms - failure.last_ms <= MAX_WAIT_MS);
        let over = self.0.len().saturating_sub(MAX_REMEMBERED / 4 * 3);
        let mut all: Vec<(u32, i64, TryKey)> =
            self.0.iter().map(|(key, failure)| (failure.count, failure.last_ms, *key)).collect();
        all.sort_unstable();
        for (.., key) in all.iter().take(over) {
            self.0.remove(key);
        }
    }

    /// The password was right: the account's count starts again, and the address gets this one try back. Not more: who has
    /// an account could go on with others'.
    fn clear(&mut self, whom: Whom<'_>, address: Option<IpAddr>) {
        for key in keys(whom, address) {
            match &key {
                Key::Both(..) | Key::Account(_) | Key::Place(..) => {
                    self.0.remove(&key.hash());
                }
                Key::Address(_) | Key::Site(_) => {
                    if let Some(failure) = self.0.get_mut(&key.hash()) {
                        failure.count = failure.count.saturating_sub(1);
                    }
                }
            }
        }
    }
}

/// Where tries are counted: in memory, or in a database that several processes share.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Tries>);

impl Throttle {
    /// Takes a try of somebody. `Err` says how many seconds to wait.
    pub async fn take(
        &self,
        database: &Database,
        whom: Whom<'_>,
        address: Option<IpAddr>,
        now_ms: i64,
    ) -> Answer<Result<(), u64>> {
        let forgotten_ms = now_ms - MAX_WAIT_MS;
        let take = |tries: &mut Tries| tries.take(whom, address, now_ms);
        self.change(database, whom, address, forgotten_ms, take).await
    }

    /// What they gave was right.
    pub async fn clear(
        &self,
        database: &Database,
        whom: Whom<'_>,
        address: Option<IpAddr>,
    ) -> Answer<()> {
        let clear = |tries: &mut Tries| tries.clear(whom, address);
        self.change(database, whom, address, i64::MIN, clear).await
    }

    async fn change<T>(
        &self,
        database: &Database,
        whom: Whom<'_>,
        address: Option<IpAddr>,
        forgotten_ms: i64,
        change: impl Fn(&mut Tries) -> T,
    ) -> Answer<T> {
        let keys: Vec<TryKey> = keys(whom, address).iter().map(Key::hash).collect();
        let shared = database.change_tries(&keys, forgotten_ms, &change).await?;
        Ok(shared
            .unwrap_or_else(|| change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))))
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

    const OFFICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn tries_get_slower_and_a_right_password_forgives() {
        let mut throttle = Tries::default();
        let mut take = |name, now_ms| throttle.take(Whom::Anyone(name), None, now_ms);
        for _ in 0..5 {
            assert_eq!(take("lan", 0), Ok(()));
        }
        assert_eq!(take("Lan", 0), Err(5));
        assert_eq!(take("minh", 0), Ok(()));
        assert_eq!(take("lan", 5000), Ok(()));
        assert_eq!(take("lan", 5000), Err(10));
        throttle.clear(Whom::Anyone("lan"), None);
        assert_eq!(throttle.take(Whom::Anyone("lan"), None, 5001), Ok(()));
    }

    #[test]
    fn many_addresses_together_guess_no_faster_and_keep_nobody_from_their_own_places() {
        let mut throttle = Tries::default();
        let from = |number: i64| {
            let [.., high, low] = number.to_be_bytes();
            Some(IpAddr::from([172, 16, high, low]))
        };
        let lan = Whom::Anyone("lan");
        for number in 0..20 {
            assert_eq!(throttle.take(lan, from(number), 0), Ok(()));
        }
        assert_eq!(throttle.take(lan, from(20), 0), Err(5));
        let mut now_ms = 0;
        for number in 20..1000 {
            let wait_s = throttle.take(lan, from(number), now_ms).unwrap_err();
            assert!(wait_s <= 60, "never more");
            now_ms += i64::try_from(wait_s).unwrap() * 1000;
            assert_eq!(throttle.take(lan, from(number), now_ms), Ok(()));
        }
        assert_eq!(
            throttle.take(lan, Some(OFFICE), now_ms),
            Err(60),
            "from where nobody knows her"
        );
        for place in [Place::Session(1), Place::Device(DeviceId([1; 16]))] {
            let there = Whom::There("lan", place);
            assert_eq!(throttle.take(there, Some(OFFICE), now_ms), Ok(()), "{place:?}");
            for number in 0..4 {
                assert_eq!(throttle.take(there, from(number), now_ms), Ok(()));
            }
            assert_eq!(throttle.take(there, from(4), now_ms), Err(5), "nor is it guessed at there");
        }
    }

    #[test]
    fn a_flood_of_addresses_forgets_itself_and_not_who_guesses() {
        let mut throttle = Tries::default();
        let from = |site: u16, network: u32| {
            let [high, low] = [(network >> 16) as u16, network as u16];
            Some(IpAddr::from([0x2001, site, high, low, 0, 0, 0, 1]))
        };
        for number in 0..20 {
            assert_eq!(throttle.take(Whom::Anyone("lan"), from(1, number << 16), 0), Ok(()));
        }
        for number in 0..60_000 {
            assert_eq!(throttle.take(Whom::Nobody, from(2, number << 8), 1), Ok(()));
            assert!(throttle.0.len() <= MAX_REMEMBERED);
        }
        assert!(throttle.take(Whom::Anyone("lan"), from(3, 0), 2).is_err(), "it is remembered");
        for number in 0..500 {
            assert_eq!(throttle.take(Whom::Nobody, from(4, number), 3), Ok(()));
        }
        assert_eq!(throttle.take(Whom::Nobody, from(4, 500), 3), Err(5), "all are of one /48");
    }

    #[test]
    fn one_address_cannot_try_a_password_on_everybody() {
        let mut throttle = Tries::default();
        for number in 0..50 {
            assert_eq!(
                throttle.take(Whom::Anyone(&format!("can_bo_{number}")), Some(OFFICE), 0),
                Ok(())
            );
        }
        assert_eq!(throttle.take(Whom::Anyone("can_bo_51"), Some(OFFICE), 0), Err(5));
        assert_eq!(throttle.take(Whom::Nobody, Some(OFFICE), 0), Err(5), "nor codes");
        throttle.clear(Whom::Anyone("can_bo_1"), Some(OFFICE));
        assert_eq!(
            throttle.take(Whom::Anyone("can_bo_52"), Some(OFFICE), 0),
            Ok(()),
            "one comes back"
        );
        assert_eq!(
            throttle.take(Whom::Anyone("can_bo_53"), Some(OFFICE), 0),
            Err(5),
            "and not fifty"
        );
    }

    #[test]
    fn whoever_has_a_network_of_addresses_has_one() {
        let mut throttle = Tries::default();
        let from = |number: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, number]));
        for number in 0..5 {
            assert_eq!(throttle.take(Whom::Nobody, from(number), 0), Ok(()));
        }
        assert_eq!(throttle.take(Whom::Nobody, from(6), 0), Err(5));
        let mapped = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(network(mapped), OFFICE, "an IPv4 address in IPv6's clothes is that address");
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let (code, key) = new_code();
        assert_eq!(code.len(), 23);
        assert_eq!(code_key(&format!(" {} ", code.to_uppercase().replace('-', " "))), key);
        assert_ne!(new_code().1, key);
    }
}
