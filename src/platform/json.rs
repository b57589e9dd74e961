//! JSON from the server and from the store.

use serde::de::DeserializeOwned;

/// Reads a value; what is wrong, in words for the log.
///
/// Always through text: reading bytes would compile serde's reader a second time beside the one of the preferences.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}
