//! HTTP Digest (RFC 7616, and RFC 2617 for older clients): a client shows that it knows its token and does not send it.
//!
//! The server has to keep what a name, the realm and the secret come to. Of passwords it keeps nothing that could be made
//! into that; of tokens it does, which are random and open nothing but this.

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::accounts::hex;

/// Where a client's name and token are good.
const REALM: &str = "Sotay";

/// How long a client may go on with a nonce: longer than it takes to send a large file over a slow line.
const NONCE_MS: i64 = 60 * 60 * 1000;

/// What a name, the realm and a token come to, in both ways of hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// MD5.
    pub md5: [u8; 16],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Secret {
    /// Of an account and a token of it.
    #[must_use]
    pub fn of(account: &str, token: &str) -> Self {
        let text = format!("{account}:{REALM}:{token}");
        Self { md5: Md5::digest(&text).into(), sha256: Sha256::digest(&text).into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) username: String,
    nonce: String,
    uri: String,
    count: String,
    cnonce: String,
    response: String,
    algorithm: Algorithm,
}

/// What a nonce of a client is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonce {
    Good,
    /// It was ours and is over: the client takes a new one and asks nobody.
    Stale,
    NotOurs,
}

/// What clients are asked for, the strongest first.
pub(super) fn challenges(key: &[u8], is_stale: bool, now_ms: i64) -> [String; 2] {
    let nonce = nonce(key, now_ms);
    let stale = if is_stale { ", stale=true" } else { "" };
    ["SHA-256", "MD5"].map(|algorithm| {
        format!(
            "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", charset=UTF-8{stale}"
        )
    })
}

/// When it was made, and a proof that this server made it.
fn nonce(key: &[u8], at_ms: i64) -> String {
    let time = format!("{at_ms:016x}");
    let mut hash = Sha256::new();
    hash.update(b"openrosa nonce ");
    hash.update(key);
    hash.update(&time);
    // Half of it: what is hidden of the hash keeps anybody from going on from it.
    let proof = hex(&hash.finalize());
    time + proof.get(..32).unwrap_or_default()
}

impl Shown {
    /// Reads what stands behind `Digest` in the header. What we did not ask for is nothing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let given = parameters(text)?;
        let find = |name: &str| {
            let mut named = given.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
            let value = named.next().map(|(_, value)| value.clone());
            value.filter(|_| named.next().is_none())
        };
        let algorithm = match find("algorithm") {
            None => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            Some(_) => return None,
        };
        let ours = find("realm")? == REALM && find("qop")?.eq_ignore_ascii_case("auth");
        ours.then_some(())?;
        Some(Self {
            username: find("username")?,
            nonce: find("nonce")?,
            uri: find("uri")?,
            count: find("nc")?,
            cnonce: find("cnonce")?,
            response: find("response")?.to_ascii_lowercase(),
            algorithm,
        })
    }

    /// Whether its nonce is one of ours, and still good.
    pub(super) fn nonce(&self, key: &[u8], now_ms: i64) -> Nonce {
        let at_ms = self.nonce.get(..16).and_then(|time| i64::from_str_radix(time, 16).ok());
        match at_ms.filter(|at_ms| nonce(key, *at_ms) == self.nonce) {
            None => Nonce::NotOurs,
            Some(at_ms) if (0..=NONCE_MS).contains(&(now_ms - at_ms)) => Nonce::Good,
            Some(_) => Nonce::Stale,
        }
    }

    /// Whether it is meant for that address: a proof for another one is worth nothing. Some clients name the whole of it.
    pub(super) fn is_for(&self, path_and_query: &str) -> bool {
        let path = self.uri.split_once("://").and_then(|(_, rest)| {
            let at = rest.find('/')?;
            rest.get(at..)
        });
        path.unwrap_or(&self.uri) == path_and_query
    }

    /// Whether the client knows the secret.
    pub(super) fn proves(&self, secret: &Secret, method: &str) -> bool {
        let Self { nonce, uri, count, cnonce, response, algorithm, .. } = self;
        let first = match algorithm {
            Algorithm::Md5 => hex(&secret.md5),
            Algorithm::Sha256 => hex(&secret.sha256),
        };
        let second = algorithm.hash(&format!("{method}:{uri}"));
        let expected = algorithm.hash(&format!("{first}:{nonce}:{count}:{cnonce}:auth:{second}"));
        // As long for a wrong beginning as for a wrong end.
        expected.len() == response.len()
            && expected.bytes().zip(response.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

/// `name=value` or `name="value"`, with commas between them.
fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        found.push((name.trim().to_owned(), value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if after.is_empty() => "",
            None => return None,
        };
    }
    Some(found)
}

/// The text up to the closing mark, and what follows it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => return Some((value, letters.as_str())),
            '\\' => value.push(letters.next()?),
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, 3.9.1, with the realm that is ours.
    fn shown(algorithm: &str, response: &str) -> Shown {
        let text = format!(
            "username=\"Mufasa\", realm=\"Sotay\", uri=\"/dir/index.html\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"a \\\"quoted\\\", text\""
        );
        Shown::read(&text).expect("it is what was asked for")
    }

    #[test]
    fn the_example_of_the_standard_is_proved() {
        let given = "Mufasa:http-auth@example.org:Circle of Life";
        let secret =
            Secret { md5: Md5::digest(given).into(), sha256: Sha256::digest(given).into() };
        let right = "8ca523f5e9506fed4657c9700eebdbec";
        assert!(shown("MD5", right).proves(&secret, "GET"));
        assert!(!shown("MD5", right).proves(&secret, "POST"));
        let right = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(shown("SHA-256", right).proves(&secret, "GET"));
        assert!(!shown("SHA-256", &right.replace('7', "8")).proves(&secret, "GET"));
    }

    #[test]
    fn what_was_not_asked_for_is_nothing() {
        let good = "username=\"a\", realm=\"Sotay\", uri=\"/\", nonce=\"1\", nc=1, cnonce=\"2\", qop=auth, response=\"3\"";
        assert!(Shown::read(good).is_some());
        for (part, other) in [
            ("realm=\"Sotay\"", "realm=\"x\""),
            ("qop=auth", "qop=auth-int"),
            (", qop=auth", ""),
            ("nc=1", "nc=1, nc=2"),
            ("nc=1", "algorithm=MD5-sess, nc=1"),
            ("\"3\"", "\"3"),
            ("\"a\"", "\"a\" b"),
        ] {
            assert_eq!(Shown::read(&good.replace(part, other)), None, "{other}");
        }
    }

    #[test]
    fn a_nonce_is_good_for_an_hour_and_only_here() {
        let at = |nonce: String, now_ms| Shown { nonce, ..shown("MD5", "") }.nonce(b"key", now_ms);
        assert_eq!(at(nonce(b"key", 5), 5 + NONCE_MS), Nonce::Good);
        assert_eq!(at(nonce(b"key", 5), 6 + NONCE_MS), Nonce::Stale);
        assert_eq!(at(nonce(b"key", 5), 4), Nonce::Stale);
        assert_eq!(at(nonce(b"another", 5), 5), Nonce::NotOurs);
        assert_eq!(at("chữ".to_owned(), 5), Nonce::NotOurs);
    }
}
