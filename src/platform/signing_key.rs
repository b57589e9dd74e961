//! What this device signs with: a key pair whose private half no script can read, not even ours. The browser keeps it in a
//! database of its own, since it is no bytes.

use idb::{DatabaseEvent, Factory, ObjectStoreParams, TransactionMode};
use js_sys::{ArrayBuffer, Object};
use sync::bundle::{PublicKey, SIGNATURE_BYTES};
use wasm_bindgen::JsValue;

use super::bundle::{CipherError, bytes, dictionary, done, export, halves, subtle, usages};
use super::locks;

const DATABASE: &str = "sotay.signing";
const STORE: &str = "keys";
const KEY: &str = "device";

/// The key pair.
pub struct SigningKey {
    pair: JsValue,
    public: PublicKey,
}

impl SigningKey {
    /// The pair of this browser profile; made if there is none.
    pub async fn open() -> Result<Self, CipherError> {
        // Two tabs must not make two.
        let _lock = locks::take(DATABASE).await;
        let mut request =
            Factory::new().map_err(failed)?.open(DATABASE, Some(1)).map_err(failed)?;
        request.on_upgrade_needed(|event| {
            let made = event
                .database()
                .and_then(|database| database.create_object_store(STORE, ObjectStoreParams::new()));
            if let Err(error) = made {
                super::log_error(&format!("no place for a key: {error}"));
            }
        });
        let database = request.await.map_err(failed)?;
        let kept = Self::kept_in(&database).await;
        database.close();
        kept
    }

    async fn kept_in(database: &idb::Database) -> Result<Self, CipherError> {
        let reading = database.transaction(&[STORE], TransactionMode::ReadOnly).map_err(failed)?;
        let store = reading.object_store(STORE).map_err(failed)?;
        let found = store.get(JsValue::from_str(KEY)).map_err(failed)?.await.map_err(failed)?;
        let pair = match found {
            Some(pair) => pair,
            None => {
                let curve = [("name", "ECDSA".into()), ("namedCurve", "P-256".into())];
                let uses = usages(&["sign", "verify"]);
                let made = subtle()?.generate_key_with_object(&dictionary(&curve)?, false, &uses);
                let pair: JsValue = done::<Object>(made).await?.into();
                let writing =
                    database.transaction(&[STORE], TransactionMode::ReadWrite).map_err(failed)?;
                let store = writing.object_store(STORE).map_err(failed)?;
                store.put(&pair, Some(&JsValue::from_str(KEY))).map_err(failed)?;
                writing.commit().map_err(failed)?.await.map_err(failed)?;
                pair
            }
        };
        let (_, public) = halves(&pair)?;
        let public = export(&public).await?;
        Ok(Self { pair, public })
    }

    /// What others know the device by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a message.
    pub async fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CipherError> {
        let how = dictionary(&[("name", "ECDSA".into()), ("hash", "SHA-256".into())])?;
        let (private, _) = halves(&self.pair)?;
        let signed = subtle()?.sign_with_object_and_u8_array(&how, &private, message);
        let signature = bytes(&done::<ArrayBuffer>(signed).await?);
        signature.try_into().map_err(|_other_length: Vec<u8>| {
            CipherError::Failed("a signature of another length".to_owned())
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(failed)`")]
fn failed(error: idb::Error) -> CipherError {
    CipherError::Failed(error.to_string())
}
