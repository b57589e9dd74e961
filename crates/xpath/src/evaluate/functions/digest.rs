//! Fingerprints and encodings of texts.

use base64::{
    Engine,
    alphabet::STANDARD as LETTERS,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use sha2::Digest;

use super::Arguments;
use crate::{context::Host, evaluate::Evaluated, function::Function, tree::Tree, value::Value};

/// Reads base64 with and without the signs that fill it up.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &LETTERS,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    if a.function == Function::Base64Decode {
        return decode(a);
    }
    let text = a.text(0)?;
    let algorithm = a.text(1)?;
    // `SHA-256` and `hex` are also written `sha256` and `HEX`.
    let bytes = match &*algorithm.to_ascii_uppercase().replace('-', "") {
        "MD5" => md5::Md5::digest(text.as_bytes()).to_vec(),
        "SHA1" => sha1::Sha1::digest(text.as_bytes()).to_vec(),
        "SHA256" => sha2::Sha256::digest(text.as_bytes()).to_vec(),
        "SHA384" => sha2::Sha384::digest(text.as_bytes()).to_vec(),
        "SHA512" => sha2::Sha512::digest(text.as_bytes()).to_vec(),
        _ => return Err(a.argument_error(algorithm)),
    };
    let encoding = if a.len() > 2 { a.text(2)? } else { "base64".into() };
    let encoded = match &*encoding.to_ascii_lowercase() {
        "hex" => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        "base64" => STANDARD.encode(bytes),
        _ => return Err(a.argument_error(encoding)),
    };
    Ok(Value::Text(encoded.into()))
}

/// The decoded text; empty for what is not base64, the replacement character for what is not UTF-8.
fn decode<'a, T: Tree, H: Host<T>>(a: &Arguments<'_, '_, 'a, T, H>) -> Evaluated<'a, T> {
    let text = a.text(0)?;
    let bytes = STANDARD.decode(text.trim_matches(crate::number::is_space)).unwrap_or_default();
    Ok(Value::Text(String::from_utf8_lossy(&bytes).into_owned().into()))
}
