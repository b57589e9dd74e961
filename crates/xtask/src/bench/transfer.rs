//! How large the app is on its way to the phone.

use anyhow::Result;
use serde_json::{Value, json};

use crate::dist::{self, Load};
use crate::pwa;
use crate::tools::{Need, Tools};

pub fn measure() -> Result<Value> {
    pwa::pwa(&Tools::ensure(&[Need::Pwa])?)?;
    let files = dist::transfer(&pwa::folder())?;
    let loads = dist::loads(&files);
    let of = |load| loads.get(&load).copied().unwrap_or_default();
    let (first, forms) = (of(Load::First), of(Load::Forms));
    let others = of(Load::Desk) + of(Load::Map) + of(Load::Codes);
    let rows = files.iter().map(|(name, size)| {
        json!({"file": name, "raw": size.raw, "gzip": size.gzip, "brotli": size.brotli})
    });
    Ok(json!({
        "unit": "bytes",
        "files": rows.collect::<Vec<_>>(),
        "brotli": {"first_load": first, "phone": first + forms, "whole": first + forms + others},
    }))
}
