//! Reads files of recorded cases: JSON Lines, plain or gzipped.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::Context;
use serde::de::DeserializeOwned;

/// All cases of a file.
pub fn read<C: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<C>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut cases = Vec::new();
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let place = || format!("{}:{}", path.display(), index + 1);
        let line = line.with_context(place)?;
        if !line.trim().is_empty() {
            cases.push(serde_json::from_str(&line).with_context(place)?);
        }
    }
    Ok(cases)
}
