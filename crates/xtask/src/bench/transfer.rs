//! How large the app is on its way to the phone.

use anyhow::Result;
use serde_json::{Value, json};

use crate::dist;
use crate::step::root;

pub fn measure() -> Result<Value> {
    let files = dist::transfer(&root().join("dist"))?;
    let total: u64 = files.values().map(|size| size.brotli).sum();
    let rows = files.iter().map(|(name, size)| {
        json!({"file": name, "raw": size.raw, "gzip": size.gzip, "brotli": size.brotli})
    });
    Ok(json!({"unit": "bytes", "files": rows.collect::<Vec<_>>(), "brotli": total}))
}
