//! An authenticator made of a P-256 key, and what it and its browser say.

use super::*;

/// What an authenticator and its browser say, and may say wrongly.
#[derive(Clone)]
pub(super) struct Saying {
    pub(super) origin: String,
    pub(super) cross_origin: bool,
    pub(super) rp_id: String,
    pub(super) flags: u8,
    pub(super) kind: &'static str,
    pub(super) count: u32,
}

pub(super) const PRESENT: u8 = 1;
pub(super) const VERIFIED: u8 = 4;
pub(super) const MAY_BE_BACKED_UP: u8 = 8;
pub(super) const BACKED_UP: u8 = 16;
pub(super) const HAS_KEY: u8 = 64;
pub(super) const HAS_EXTENSIONS: u8 = 128;

/// An authenticator with one key.
pub(super) struct Authenticator {
    pub(super) key: SigningKey,
    pub(super) credential: Vec<u8>,
    pub(super) user_handle: Cell<Option<String>>,
    pub(super) saying: Saying,
}

impl Authenticator {
    pub(super) fn new(number: u8) -> Self {
        let saying = Saying {
            origin: HERE.to_owned(),
            cross_origin: false,
            rp_id: "localhost".to_owned(),
            flags: PRESENT | VERIFIED | MAY_BE_BACKED_UP | BACKED_UP,
            kind: "",
            count: 0,
        };
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        Self { key, credential: vec![number; 20], user_handle: Cell::new(None), saying }
    }

    pub(super) fn but(&self, change: impl FnOnce(&mut Saying)) -> Self {
        let mut saying = self.saying.clone();
        change(&mut saying);
        let handle = self.user_handle.take();
        self.user_handle.set(handle.clone());
        let (key, credential) = (self.key.clone(), self.credential.clone());
        Self { key, credential, user_handle: Cell::new(handle), saying }
    }

    pub(super) fn counting(&self, count: u32) -> Self {
        self.but(|saying| saying.count = count)
    }

    pub(super) fn client_data(&self, kind: &'static str, challenge: &str) -> Vec<u8> {
        let kind = if self.saying.kind.is_empty() { kind } else { self.saying.kind };
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.saying.origin,
            "crossOrigin": self.saying.cross_origin, "other_keys_can_be_added_here": "" });
        data.to_string().into_bytes()
    }

    pub(super) fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = sync::codec::hash(self.saying.rp_id.as_bytes()).0.to_vec();
        data.push(self.saying.flags | flags);
        data.extend(self.saying.count.to_be_bytes());
        data
    }

    /// The public half as COSE has it.
    pub(super) fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().unwrap(), point.y().unwrap());
        let mut key = Encoder::new(Vec::new());
        key.map(5).unwrap().i8(1).unwrap().i8(2).unwrap().i8(3).unwrap().i8(-7).unwrap();
        key.i8(-1).unwrap().i8(1).unwrap().i8(-2).unwrap().bytes(x).unwrap();
        key.i8(-3).unwrap().bytes(y).unwrap();
        key.into_writer()
    }

    pub(super) fn attestation_of(&self, public_key: &[u8]) -> Vec<u8> {
        let mut data = self.data(HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        data.extend(public_key);
        let mut object = Encoder::new(Vec::new());
        object.map(3).unwrap().str("fmt").unwrap().str("none").unwrap();
        object.str("attStmt").unwrap().map(0).unwrap();
        object.str("authData").unwrap().bytes(&data).unwrap();
        object.into_writer()
    }

    /// What `navigator.credentials.create()` comes to.
    pub(super) fn create(&self, asked: &Json, name: &str) -> Json {
        self.user_handle.set(Some(asked["user_handle"].as_str().unwrap().to_owned()));
        let challenge = asked["challenge"].as_str().unwrap();
        json!({ "name": name,
            "client_data": letters(&self.client_data("webauthn.create", challenge)),
            "attestation": letters(&self.attestation_of(&self.public_key())) })
    }

    /// What `navigator.credentials.get()` comes to.
    pub(super) fn get(&self, challenge: &str) -> Json {
        let client = self.client_data("webauthn.get", challenge);
        let data = self.data(0);
        let message = [data.as_slice(), &sync::codec::hash(&client).0].concat();
        let handle = self.user_handle.take();
        self.user_handle.set(handle.clone());
        json!({ "credential": letters(&self.credential), "client_data": letters(&client),
            "authenticator_data": letters(&data), "signature": letters(&der(&self.key.sign(&message))),
            "user_handle": handle.unwrap_or_default() })
    }
}

/// A signature as ASN.1 has it.
pub(super) fn der(signature: &Signature) -> Vec<u8> {
    let (r, s) = signature.split_bytes();
    let mut numbers = Vec::new();
    for number in [r.as_slice(), s.as_slice()] {
        let first = number.iter().position(|byte| *byte != 0).unwrap_or(31);
        let number = &number[first..];
        let sign = usize::from(number[0] >= 128);
        numbers.extend([2, u8::try_from(number.len() + sign).unwrap()]);
        numbers.extend(vec![0; sign]);
        numbers.extend(number);
    }
    let mut der = vec![48, u8::try_from(numbers.len()).unwrap()];
    der.extend(numbers);
    der
}
