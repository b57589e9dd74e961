//! Passkeys (`WebAuthn`): what a browser and an authenticator say, read and held against what they were asked.
//!
//! An authenticator keeps a private key for one site and one person, and signs with it only after it has verified that person by
//! a PIN or their body. Which authenticator it is we neither ask nor look at: an attestation says nothing about the person.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error as CborError};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

use crate::accounts;
use crate::database::{ChallengeKey, CodeKey};

/// Longest name that an authenticator may give to a key.
pub const MAX_CREDENTIAL: usize = 1023;

/// How many keys a person may have: more than there are devices and authenticators on a desk.
pub const MAX_PASSKEYS: usize = 20;

/// How long a person has until what was asked must be answered.
pub const CHALLENGE_MS: i64 = 5 * 60 * 1000;

/// How many challenges one network address may have open: an office is one address.
pub const MAX_OPEN: usize = 200;

/// The algorithms that keys may be of, by their numbers at COSE, the best liked first.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Where the server is: authenticators make a key for it, and browsers say in which page they were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What browsers call the page's origin.
    pub origin: String,
    /// The host's name: keys are for that.
    pub rp_id: String,
}

impl Site {
    /// Of the address that people type. None where there can be no passkeys: at an address without a name, and without https,
    /// but on this machine.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let url = reqwest::Url::parse(address).ok()?;
        let rp_id = url.domain()?.to_owned();
        let is_here = rp_id == "localhost" || rp_id.ends_with(".localhost");
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_here;
        is_safe.then(|| Self { origin: url.origin().ascii_serialization(), rp_id })
    }
}

/// A new challenge, in the letters that browsers give it back in, and what it is kept by.
pub fn new_challenge() -> (String, ChallengeKey) {
    let bytes = accounts::random::<32>();
    (letters(&bytes), sync::codec::hash(&bytes).0)
}

/// What a challenge is kept by that is answered together with a code: nobody else's code goes with it.
pub fn challenge_with_code(challenge: &ChallengeKey, code: &CodeKey) -> ChallengeKey {
    sync::codec::hash(&[challenge.as_slice(), code].concat()).0
}

/// Bytes as they stand in JSON.
#[must_use]
pub fn letters(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Why an answer of an authenticator is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// Which part of it.
        what: &'static str,
        /// Where it goes wrong.
        why: String,
    },
    /// It answers another question.
    #[error("it says `{said}`, and was asked for `{asked}`")]
    OtherType {
        /// What it says that it is.
        said: String,
        /// What was asked for.
        asked: &'static str,
    },
    /// A page of somebody else asked for it.
    #[error("the page's origin was `{said}`, not `{ours}`")]
    OtherOrigin {
        /// What the browser says.
        said: String,
        /// Where we are.
        ours: String,
    },
    /// Our page stood in a frame of another site.
    #[error("the page stood in a frame of another site")]
    Framed,
    /// The key is another site's.
    #[error("the key is not for `{0}`")]
    OtherSite(String),
    /// Nobody touched the authenticator.
    #[error("nobody was present")]
    NobodyPresent,
    /// The authenticator does not know who touched it.
    #[error("the person was not verified")]
    NotVerified,
    /// It contradicts itself.
    #[error("it says that a key is backed up which cannot be")]
    BackedUp,
    /// A key of an algorithm that was not asked for.
    #[error("the key is none that was asked for: {0}")]
    OtherKey(&'static str),
    /// The signature is not of that key, or of something else.
    #[error("the signature is wrong")]
    WrongSignature,
}

fn unreadable(what: &'static str) -> impl Fn(CborError) -> PasskeyError {
    move |error| PasskeyError::Unreadable { what, why: error.to_string() }
}

/// Bytes out of the letters that they stand in in JSON.
pub fn bytes(what: &'static str, letters: &str) -> Result<Vec<u8>, PasskeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(letters);
    bytes.map_err(|error| PasskeyError::Unreadable { what, why: error.to_string() })
}

/// What is asked of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To make a key.
    Create,
    /// To sign.
    Get,
}

impl Asked {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// What the browser says: which page asked for what.
#[derive(Debug, Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// Reads what the browser says and compares it with where we are. The challenge that it names is the caller's to look up.
fn client_data(given: &[u8], asked: Asked, site: &Site) -> Result<ChallengeKey, PasskeyError> {
    let what = "client_data";
    let said: ClientData = serde_json::from_slice(given)
        .map_err(|error| PasskeyError::Unreadable { what, why: error.to_string() })?;
    if said.kind != asked.name() {
        return Err(PasskeyError::OtherType { said: said.kind, asked: asked.name() });
    }
    if said.origin != site.origin {
        let ours = site.origin.clone();
        return Err(PasskeyError::OtherOrigin { said: said.origin, ours });
    }
    if said.cross_origin {
        return Err(PasskeyError::Framed);
    }
    Ok(sync::codec::hash(&bytes(what, &said.challenge)?).0)
}

/// What the authenticator says.
struct Authenticator<'a> {
    sign_count: u32,
    /// A new key, and its name.
    made: Option<(&'a [u8], &'a [u8])>,
}

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_BACKED_UP: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

fn authenticator<'a>(given: &'a [u8], site: &Site) -> Result<Authenticator<'a>, PasskeyError> {
    let what = "authenticator_data";
    let short = || PasskeyError::Unreadable { what, why: "it is too short".to_owned() };
    let (rp_id_hash, rest) = given.split_first_chunk::<32>().ok_or_else(short)?;
    let ([flags], rest) = rest.split_first_chunk::<1>().ok_or_else(short)?;
    let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    if *rp_id_hash != sync::codec::hash(site.rp_id.as_bytes()).0 {
        return Err(PasskeyError::OtherSite(site.rp_id.clone()));
    }
    let is = |flag: u8| flags & flag != 0;
    if !is(PRESENT) {
        return Err(PasskeyError::NobodyPresent);
    }
    if !is(VERIFIED) {
        return Err(PasskeyError::NotVerified);
    }
    if is(BACKED_UP) && !is(MAY_BE_BACKED_UP) {
        return Err(PasskeyError::BackedUp);
    }
    let mut made = None;
    if is(HAS_KEY) {
        let (_model, after) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or_else(short)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (credential, after) = after.split_at_checked(length).ok_or_else(short)?;
        if !(1..=MAX_CREDENTIAL).contains(&length) {
            return Err(PasskeyError::Unreadable { what, why: "the key has no name".to_owned() });
        }
        let (key, after) = item(after).map_err(unreadable(what))?;
        made = Some((credential, key));
        rest = after;
    }
    if is(HAS_EXTENSIONS) {
        (_, rest) = item(rest).map_err(unreadable(what))?;
    }
    if !rest.is_empty() {
        return Err(PasskeyError::Unreadable {
            what,
            why: "something stands behind it".to_owned(),
        });
    }
    Ok(Authenticator { sign_count: u32::from_be_bytes(*sign_count), made })
}

/// The first item of CBOR, and what stands behind it.
fn item(given: &[u8]) -> Result<(&[u8], &[u8]), CborError> {
    let mut decoder = Decoder::new(given);
    decoder.skip()?;
    Ok(given.split_at(decoder.position()))
}

/// A new key, as its authenticator made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The challenge that it answers.
    pub challenge: ChallengeKey,
    /// The authenticator's name for it.
    pub credential: Vec<u8>,
    /// Its public half, a `COSE_Key`.
    pub public_key: Vec<u8>,
    /// How often it has signed, if the authenticator counts that.
    pub sign_count: u32,
}

/// Reads the answer to `navigator.credentials.create()`.
pub fn read_new_key(
    client: &[u8],
    attestation: &[u8],
    site: &Site,
) -> Result<NewKey, PasskeyError> {
    let challenge = client_data(client, Asked::Create, site)?;
    let data = data_of(attestation).map_err(unreadable("attestation"))?;
    let said = authenticator(data, site)?;
    let (credential, key) = said.made.ok_or(PasskeyError::OtherKey("there is none"))?;
    PublicKey::read(key)?;
    let (credential, public_key) = (credential.to_vec(), key.to_vec());
    Ok(NewKey { challenge, credential, public_key, sign_count: said.sign_count })
}

/// The authenticator's data in an attestation. We ask for none, so whatever statement comes along says nothing to us.
fn data_of(attestation: &[u8]) -> Result<&[u8], CborError> {
    let mut decoder = Decoder::new(attestation);
    let entries = decoder.map()?.ok_or_else(|| CborError::message("a map without length"))?;
    let mut data = None;
    for _ in 0..entries {
        match decoder.str()? {
            "authData" => data = Some(decoder.bytes()?),
            _ => decoder.skip()?,
        }
    }
    if decoder.position() != attestation.len() {
        return Err(CborError::message("something stands behind it"));
    }
    data.ok_or_else(|| CborError::message("it has no authData"))
}

/// What somebody signed who wants to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The challenge that it answers.
    pub challenge: ChallengeKey,
    /// How often the key has signed, if the authenticator counts that.
    pub sign_count: u32,
}

/// Reads the answer to `navigator.credentials.get()`, and verifies that the key of that public half signed it.
pub fn verify(
    client: &[u8],
    data: &[u8],
    signature: &[u8],
    public_key: &[u8],
    site: &Site,
) -> Result<Signed, PasskeyError> {
    let challenge = client_data(client, Asked::Get, site)?;
    let sign_count = authenticator(data, site)?.sign_count;
    let message = [data, sync::codec::hash(client).0.as_slice()].concat();
    PublicKey::read(public_key)?.verify(&message, signature)?;
    Ok(Signed { challenge, sign_count })
}

/// The challenge that an answer names, whatever else is wrong with it: nobody is to try again with it.
#[must_use]
pub fn named_challenge(client: &[u8]) -> Option<ChallengeKey> {
    let said: ClientData = serde_json::from_slice(client).ok()?;
    Some(sync::codec::hash(&bytes("client_data", &said.challenge).ok()?).0)
}

/// A key of one of our [`ALGORITHMS`].
enum PublicKey<'a> {
    /// A point, uncompressed.
    Es256([u8; 65]),
    EdDsa(&'a [u8]),
    Rs256(RsaPublicKeyComponents<&'a [u8]>),
}

impl<'a> PublicKey<'a> {
    /// Of a `COSE_Key`.
    fn read(key: &'a [u8]) -> Result<Self, PasskeyError> {
        let Parameters { kind, algorithm, curve, one, two } =
            Parameters::read(key).map_err(unreadable("the key"))?;
        match (algorithm, kind, curve) {
            (Some(ES256), Some(2), Some(1)) => {
                let mut point = [4; 65];
                let [x, y] = [one, two].map(|half| half.filter(|half| half.len() == 32));
                let (Some(x), Some(y)) = (x, y) else {
                    return Err(PasskeyError::OtherKey("a point of another length"));
                };
                point[1..33].copy_from_slice(x);
                point[33..].copy_from_slice(y);
                if p256::PublicKey::from_sec1_bytes(&point).is_err() {
                    return Err(PasskeyError::OtherKey("a point beside the curve"));
                }
                Ok(Self::Es256(point))
            }
            (Some(EDDSA), Some(1), Some(6)) => match one {
                Some(point) if point.len() == 32 => Ok(Self::EdDsa(point)),
                _ => Err(PasskeyError::OtherKey("a point of another length")),
            },
            (Some(RS256), Some(3), None) => match (one, two) {
                (Some(n), Some(e)) if (256..=1024).contains(&n.len()) && e.len() <= 8 => {
                    Ok(Self::Rs256(RsaPublicKeyComponents { n, e }))
                }
                _ => Err(PasskeyError::OtherKey("a number of another length")),
            },
            _ => Err(PasskeyError::OtherKey("another algorithm")),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            Self::Rs256(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        verified.map_err(|_ring_says_no_more| PasskeyError::WrongSignature)
    }
}

/// What we read of a `COSE_Key`, by its labels.
#[derive(Default)]
struct Parameters<'a> {
    /// 1
    kind: Option<i64>,
    /// 3
    algorithm: Option<i64>,
    /// -1, where it is a number
    curve: Option<i64>,
    /// -1 of an RSA key, else -2
    one: Option<&'a [u8]>,
    /// -2 of an RSA key, else -3
    two: Option<&'a [u8]>,
}

impl<'a> Parameters<'a> {
    fn read(key: &'a [u8]) -> Result<Self, CborError> {
        let mut decoder = Decoder::new(key);
        let entries = decoder.map()?.ok_or_else(|| CborError::message("a map without length"))?;
        let mut read = Self::default();
        let mut numbers: [Option<&[u8]>; 3] = [None; 3];
        for _ in 0..entries {
            let is_bytes = |decoder: &Decoder<'_>| Ok(decoder.datatype()? == Type::Bytes);
            match decoder.i64()? {
                1 => read.kind = Some(decoder.i64()?),
                3 => read.algorithm = Some(decoder.i64()?),
                -1 if is_bytes(&decoder)? => numbers[0] = Some(decoder.bytes()?),
                -1 => read.curve = Some(decoder.i64()?),
                -2 => numbers[1] = Some(decoder.bytes()?),
                -3 if is_bytes(&decoder)? => numbers[2] = Some(decoder.bytes()?),
                _ => decoder.skip()?,
            }
        }
        let at = usize::from(read.curve.is_some());
        (read.one, read.two) = (numbers[at], numbers[at + 1]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use minicbor::Encoder;

    use super::*;

    #[test]
    fn there_are_passkeys_only_at_a_name_and_over_https_or_on_this_machine() {
        let site = |address| Site::of(address).map(|site| (site.origin, site.rp_id));
        let of = |origin: &str, rp_id: &str| Some((origin.to_owned(), rp_id.to_owned()));
        assert_eq!(
            site("https://Sotay.Example.vn/"),
            of("https://sotay.example.vn", "sotay.example.vn")
        );
        assert_eq!(site("https://a.vn:443"), of("https://a.vn", "a.vn"));
        assert_eq!(site("https://a.vn:8443"), of("https://a.vn:8443", "a.vn"));
        assert_eq!(site("http://localhost:8342"), of("http://localhost:8342", "localhost"));
        for none in [
            "http://a.vn",
            "http://127.0.0.1:8342",
            "https://[::1]",
            "https://10.0.0.1",
            "a.vn",
            "",
        ] {
            assert_eq!(site(none), None, "{none}");
        }
    }

    const CLIENT: &[u8] = br#"{"type":"webauthn.get","challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","origin":"https://a.vn"}"#;

    fn here() -> Site {
        Site::of("https://a.vn").unwrap()
    }

    /// What the authenticator says when somebody was there and verified.
    fn said() -> Vec<u8> {
        let site = sync::codec::hash(b"a.vn").0;
        [site.as_slice(), &[PRESENT | VERIFIED, 0, 0, 0, 0]].concat()
    }

    fn verified(key: &[u8], signature: &[u8]) -> Result<u32, PasskeyError> {
        verify(CLIENT, &said(), signature, key, &here()).map(|signed| signed.sign_count)
    }

    #[test]
    fn an_ed25519_key_signs_too() {
        use ring::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let mut key = Encoder::new(Vec::new());
        key.map(4).unwrap().i8(1).unwrap().i8(1).unwrap().i8(3).unwrap().i8(-8).unwrap();
        key.i8(-1).unwrap().i8(6).unwrap().i8(-2).unwrap();
        key.bytes(pair.public_key().as_ref()).unwrap();
        let key = key.into_writer();
        let message = [said(), sync::codec::hash(CLIENT).0.to_vec()].concat();
        let mut signature = pair.sign(&message).as_ref().to_vec();
        assert_eq!(verified(&key, &signature), Ok(0));
        signature[3] ^= 1;
        assert_eq!(verified(&key, &signature), Err(PasskeyError::WrongSignature));
    }

    /// Windows Hello on older machines has no other. The numbers were made by another library.
    #[test]
    fn an_rsa_key_signs_too() {
        const MODULUS: &str = "v0eNCYfnU2y8pPgYUvVe8dsDzEcFbIH-J55ozmQo0ShKSLRjT_tVVDu7bpmmLAzeSGmcd14td_Z5lIbepIO2Ll\
            5CK1KUqHsNsRBH73CgbasRc_d25LgwHe1x-r17oaku7g_APLDaHzrbejurbAwAgzgbEJCDtGNRLGEJwUpAg8Oq\
            QF-Efbcmu2CrEVzcDKvfDV8tDO3S7CpmnBIR2RNh7-JASX86CK3Hs67yhkYRQd4oY_1pxpYsM_XvgsP4_Ajhsc\
            ue5MI8qcFCecf5Xiu3iBOeviRzf6KbGtLaS7TMAvIqPpuZHcVMxq2B0chacexWfpnbsgjGQVhcClraMyfTfQ";
        const SIGNATURE: &str = "j_AtyX046ac5_OYhJKk117mWR0oOXqQ2RIJYplnJZES7hDKIRmIEsgBYSET8pEGPjkFjk38rzF6RP4mAwgHMIe\
            Fa7VNTNKERurZeGXn5i_NFyMe0WQqnJR9Qw5JaXdNiGtfXf075wjA8dAq2KIdDvT3ljUTfbecMlcCgAZxnvrjt\
            LetBZlpyCsHm4BbjLQBwHDYpSu2RExSQlfjQMma0QGkqFbMhP9D2DcjrN694l8zMyBX2CeeLLscJY64khdShg0\
            NVRPtl4BJof56Lb4jgvYEoqvj2gxjd0eqyoo99_4TDvEZ7Qof1-unDdnHfZ3hN3x0-klbP1ta3_QQ_mfvQWA";
        let number = |letters: &str| bytes("number", letters).unwrap();
        let mut key = Encoder::new(Vec::new());
        key.map(4).unwrap().i8(1).unwrap().i8(3).unwrap().i8(3).unwrap().i16(-257).unwrap();
        key.i8(-1).unwrap().bytes(&number(MODULUS)).unwrap();
        key.i8(-2).unwrap().bytes(&[1, 0, 1]).unwrap();
        let (key, mut signature) = (key.into_writer(), number(SIGNATURE));
        assert_eq!(verified(&key, &signature), Ok(0));
        signature[3] ^= 1;
        assert_eq!(verified(&key, &signature), Err(PasskeyError::WrongSignature));
    }
}
