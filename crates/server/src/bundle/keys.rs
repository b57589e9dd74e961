//! The organisation's keys: phones seal bundles to the public one, only this server holds the private one.
//!
//! The private keys are files beside the database, one each, readable by the server's account alone; the database names the
//! public ones. A copy of the database alone so opens no bundle, and several servers of one database share a folder.
//! A key that is no longer in force stays: bundles sealed to it are still on their way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sync::bundle::{ForOrganisation, PublicKey, SIGNATURE_BYTES, organisation_info};
use sync::wire::Hash;

use super::cipher;
use crate::accounts;

/// A private key of the organisation's.
pub struct OrganisationKey {
    secret: SecretKey,
    public: PublicKey,
}

impl std::fmt::Debug for OrganisationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OrganisationKey").field(&self.public.id()).finish()
    }
}

impl OrganisationKey {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        loop {
            // Nearly every number of 32 bytes is a key.
            if let Some(key) = Self::of(&accounts::random::<32>()) {
                return key;
            }
        }
    }

    fn of(secret: &[u8]) -> Option<Self> {
        let secret = SecretKey::from_slice(secret).ok()?;
        let public = secret.public_key().to_sec1_bytes();
        let public = PublicKey(public.as_ref().try_into().ok()?);
        Some(Self { secret, public })
    }

    /// What phones seal to.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a message. Phones know the key already: one more pair would have to reach them before they are offline, and what is
    /// signed cannot be taken for anything that is sealed.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature: Signature = SigningKey::from(self.secret.clone()).sign(message);
        signature.to_bytes().into()
    }

    /// The key of a bundle that was sealed to this one.
    pub(super) fn unwrap(&self, sealed: &ForOrganisation) -> Option<[u8; 32]> {
        let ephemeral = p256::PublicKey::from_sec1_bytes(&sealed.ephemeral.0).ok()?;
        let shared =
            p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), ephemeral.as_affine());
        let mut key = [0; 32];
        let info = organisation_info(&sealed.ephemeral, &self.public);
        shared.extract::<sha2::Sha256>(None).expand(&info, &mut key).ok()?;
        cipher::open(&key, &[0; 12], &[], &sealed.wrapped.0)?.try_into().ok()
    }
}

impl Default for OrganisationKey {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether these bytes are a point that can be signed with.
#[must_use]
pub fn is_key(key: &PublicKey) -> bool {
    VerifyingKey::from_sec1_bytes(&key.0).is_ok()
}

/// Whether a message carries a device's signature.
pub(super) fn is_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(&key.0).ok();
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
}

/// The folder of private keys.
#[derive(Clone, Debug)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// That folder; it is made with its first key.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn path(&self, id: Hash) -> PathBuf {
        self.0.join(format!("{id}.key"))
    }

    /// The key of that name.
    pub fn find(&self, id: Hash) -> io::Result<Option<OrganisationKey>> {
        match fs::read_to_string(self.path(id)) {
            Ok(text) => {
                let key = read(text.trim()).filter(|key| key.public.id() == id);
                key.map(Some).ok_or_else(|| io::Error::other(format!("{id}.key is damaged")))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a key. It is on the disk when this returns.
    pub fn add(&self, key: &OrganisationKey) -> io::Result<()> {
        let digits = accounts::hex(&key.secret.to_bytes());
        self.write(key.public.id(), format!("{digits}\n").as_bytes())
    }

    fn write(&self, id: Hash, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let (path, part) = (self.path(id), self.0.join(format!("{id}.part")));
        if part.exists() {
            fs::remove_file(&part)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(&self.0)?.sync_all()
    }

    /// Copies the keys that another folder lacks.
    pub fn copy_to(&self, other: &Path) -> io::Result<()> {
        let other = Self::new(other);
        let files = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        for file in files {
            let path = file?.path();
            let is_key = path.extension().is_some_and(|extension| extension == "key");
            let id = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
            if let Some(id) = id.filter(|id| is_key && !other.path(*id).exists()) {
                other.write(id, &fs::read(&path)?)?;
            }
        }
        Ok(())
    }
}

fn read(digits: &str) -> Option<OrganisationKey> {
    // A hash has as many digits as a key.
    let Hash(secret) = digits.parse().ok()?;
    OrganisationKey::of(&secret)
}
