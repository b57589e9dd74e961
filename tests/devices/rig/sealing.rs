//! Makes bundles as a phone does, with other ciphers than its browser's: for every suite that needs one.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sync::bundle::{
    Counts, ForCode, ForOrganisation, Header, Item, Kind, Packer, Plain, PublicKey, Signed,
    VERSION, WrappedKey, associated_data, organisation_info, write_header,
};
use sync::wire::DeviceId;

/// A key pair that a number gives: the same every time.
#[derive(Clone)]
pub struct Pair(SecretKey);

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pair").field(&self.public()).finish()
    }
}

impl Pair {
    pub fn of(number: u8) -> Self {
        Self(SecretKey::from_slice(&[number.max(1); 32]).expect("a small number is a key"))
    }

    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().to_sec1_bytes();
        PublicKey(bytes.as_ref().try_into().expect("an uncompressed point"))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = SigningKey::from(self.0.clone()).sign(message);
        signature.to_bytes().to_vec()
    }
}

/// What the device and the organisation are to a bundle.
#[derive(Clone, Debug)]
pub struct Sealing {
    pub device: DeviceId,
    pub signer: Pair,
    pub organisation: Option<PublicKey>,
    pub kind: Kind,
    pub code: Option<ForCode>,
    /// Of the bundle; the same items under the same key are the same file.
    pub key: u8,
}

impl Sealing {
    pub fn new(device: DeviceId, signer: &Pair, organisation: PublicKey) -> Self {
        let (organisation, signer) = (Some(organisation), signer.clone());
        Self { device, signer, organisation, kind: Kind::Carry, code: None, key: 0x5a }
    }

    fn header(&self, items: &[Item]) -> Header {
        let count = |is: fn(&Item) -> bool| items.iter().filter(|item| is(item)).count() as u64;
        let counts = Counts {
            records: 1,
            operations: count(|item| matches!(item, Item::Operation(_))),
            files: count(|item| matches!(item, Item::File(_))),
        };
        Header {
            version: VERSION,
            kind: self.kind,
            device: self.device,
            signer: self.signer.public(),
            made_ms: 1_732_345_200_000,
            counts,
            organisation: self.organisation.as_ref().map(|to| self.wrap(to)),
            code: self.code,
        }
    }

    fn wrap(&self, organisation: &PublicKey) -> ForOrganisation {
        let ephemeral = Pair::of(self.key.wrapping_add(1));
        let to = p256::PublicKey::from_sec1_bytes(&organisation.0).expect("a point");
        let shared = p256::ecdh::diffie_hellman(ephemeral.0.to_nonzero_scalar(), to.as_affine());
        let mut wrapping = [0; 32];
        let info = organisation_info(&ephemeral.public(), organisation);
        let derived = shared.extract::<sha2::Sha256>(None).expand(&info, &mut wrapping);
        derived.expect("a short key");
        let wrapped = seal(&wrapping, [0; 12], &[], &[self.key; 32]);
        ForOrganisation {
            key: organisation.id(),
            ephemeral: ephemeral.public(),
            wrapped: WrappedKey(wrapped.try_into().expect("a key and its tag")),
        }
    }

    /// The file.
    pub fn pack(&self, items: &[Item]) -> Vec<u8> {
        self.pack_under(&self.header(items), items)
    }

    /// The file with a header of somebody's choice.
    pub fn pack_under(&self, header: &Header, items: &[Item]) -> Vec<u8> {
        let mut file = write_header(header);
        let associated = associated_data(&file);
        let mut packer = Packer::default();
        let put = |item| packer.put(item).expect("an item that is taken");
        let mut frames: Vec<Plain> = items.iter().flat_map(put).collect();
        frames.push(packer.finish());
        for Plain { nonce, bytes } in frames {
            file.extend(seal(&[self.key; 32], nonce, &associated.0, &bytes));
        }
        self.sign(file)
    }

    /// Puts this device's signature behind whatever is there.
    pub fn sign(&self, mut file: Vec<u8>) -> Vec<u8> {
        let mut signed = Signed::default();
        signed.update(&file);
        file.extend(self.signer.sign(&signed.message()));
        file
    }
}

/// Bytes as hexadecimal digits.
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn seal(key: &[u8; 32], nonce: [u8; 12], associated: &[u8], bytes: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: bytes, aad: associated };
    let sealed = Aes256Gcm::new(key.into()).encrypt(&Nonce::from(nonce), payload);
    sealed.expect("a short message is sealed")
}
