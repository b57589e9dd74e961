//! Trunk's post-build hook: joins the stylesheets, gives the service worker its list, compresses every file, and holds the size budget.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::step::root;
use crate::stylesheet;

/// What the whole first load may weigh, in bytes of brotli: a phone on a weak line pays for each.
const GOAL_BYTES: u64 = 400 * 1024;
/// A ratchet while the goal is not reached: the app may only get lighter than this. Lower it with every gain.
const LIMIT_BYTES: u64 = 670 * 1024;

/// Joins the stylesheets, fills `sw.js`, writes `.br` and `.gz` beside each file that gains by it, and shows the sizes.
pub fn dist() -> Result<()> {
    let folder =
        std::env::var_os("TRUNK_STAGING_DIR").map_or_else(|| root().join("dist"), PathBuf::from);
    stylesheet::join(&folder)?;
    let files = list(&folder)?;
    precache(&folder, &files)?;
    compress(&folder, &files)?;
    for (name, size) in &transfer(&folder)? {
        println!("{:>9} raw {:>8} gzip {:>8} brotli  {name}", size.raw, size.gzip, size.brotli);
    }
    Ok(())
}

/// Refuses an app that is heavier to fetch than a phone on a weak line should have to bear.
pub fn within_budget() -> Result<()> {
    let total: u64 = transfer(&root().join("dist"))?.values().map(|size| size.brotli).sum();
    println!("{total} bytes of brotli in all; the limit is {LIMIT_BYTES}, the goal {GOAL_BYTES}");
    if total > LIMIT_BYTES {
        bail!("the app's first load is {total} bytes of brotli, more than {LIMIT_BYTES}");
    }
    Ok(())
}

/// A file's sizes in bytes: as it is, and as it travels.
#[derive(Clone, Copy)]
pub struct Transfer {
    pub raw: u64,
    pub gzip: u64,
    pub brotli: u64,
}

/// The sizes of every file of the app in `folder`, without what is made of them.
pub fn transfer(folder: &Path) -> Result<BTreeMap<String, Transfer>> {
    let size = |path: PathBuf| std::fs::metadata(path).map(|meta| meta.len());
    let mut sizes = BTreeMap::new();
    for name in list(folder)? {
        let raw = size(folder.join(&name))?;
        let gzip = size(folder.join(format!("{name}.gz"))).unwrap_or(raw);
        let brotli = size(folder.join(format!("{name}.br"))).unwrap_or(raw);
        sizes.insert(name, Transfer { raw, gzip, brotli });
    }
    Ok(sizes)
}

/// Files of the built app by their path from `folder`, in order, compressed copies left out.
fn list(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next).with_context(|| next.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.to_str().context("a file name is not UTF-8")?;
            if !name.ends_with(".br") && !name.ends_with(".gz") {
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Puts path -> SHA-256 of every file but `sw.js` itself into `sw.js`, and the hash of that list as its version.
fn precache(folder: &Path, files: &[String]) -> Result<()> {
    const START: &str = "/*@precache*/";
    const END: &str = "/*@end*/";
    let mut hashes = BTreeMap::new();
    for name in files.iter().filter(|name| *name != "sw.js") {
        let bytes = std::fs::read(folder.join(name))?;
        hashes.insert(format!("/{name}"), hex(&Sha256::digest(&bytes)));
    }
    let list = serde_json::to_string(&hashes)?;
    let version = hex(&Sha256::digest(list.as_bytes()));
    let (version, _) = version.split_at(16);
    let path = folder.join("sw.js");
    let worker = std::fs::read_to_string(&path).context("sw.js")?;
    let (before, rest) = worker.split_once(START).context("sw.js has no /*@precache*/ mark")?;
    let (_, after) = rest.split_once(END).context("sw.js has no /*@end*/ mark")?;
    let manifest = format!("{START}{{version:\"{version}\",files:{list}}}{END}");
    std::fs::write(&path, format!("{before}{manifest}{after}"))?;
    Ok(())
}

fn compress(folder: &Path, files: &[String]) -> Result<()> {
    for name in files {
        let path = folder.join(name);
        let bytes = std::fs::read(&path)?;
        let mut brotli = Vec::new();
        let params =
            brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut bytes.as_slice(), &mut brotli, &params)?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes)?;
        let gzip = gzip.finish()?;
        // Pictures are compressed already: a copy that saves nothing is not written.
        if brotli.len() < bytes.len() {
            std::fs::write(folder.join(format!("{name}.br")), &brotli)?;
        }
        if gzip.len() < bytes.len() {
            std::fs::write(folder.join(format!("{name}.gz")), &gzip)?;
        }
    }
    Ok(())
}

/// Bytes as lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
