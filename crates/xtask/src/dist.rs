//! What becomes of Trunk's output: one stylesheet, the service worker's list, every file compressed ahead, and the size budget.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use sha2::{Digest, Sha256, Sha384};

use crate::step::root;
use crate::tools::Std;
use crate::{function_order, stylesheet};

/// What the whole first load may weigh, in bytes of brotli: a phone on a weak line pays for each.
const GOAL_BYTES: u64 = 400 * 1024;
/// A ratchet while the goal is not reached: the app may only get lighter than this. Lower it with every gain.
const LIMIT_BYTES: u64 = 550 * 1024;

/// Joins the stylesheets, fills `sw.js`, writes `.br` and `.gz` beside each file that gains by it, and shows the sizes.
pub fn finish(folder: &Path) -> Result<()> {
    stylesheet::join(folder)?;
    name_start_script(folder)?;
    order_functions(folder)?;
    let files = list(folder)?;
    precache(folder, &files)?;
    compress(folder, &files)?;
    for (name, size) in &transfer(folder)? {
        println!("{:>9} raw {:>8} gzip {:>8} brotli  {name}", size.raw, size.gzip, size.brotli);
    }
    Ok(())
}

/// Refuses an app that is heavier to fetch than a phone on a weak line should have to bear.
pub fn within_budget(std: Std) -> Result<()> {
    let total: u64 = transfer(&root().join("dist"))?.values().map(|size| size.brotli).sum();
    let limit = match std {
        Std::ForSize => LIMIT_BYTES,
        // A machine that cannot get rust-src builds the same app, a tenth larger: that is no fault of the change.
        Std::Prebuilt => LIMIT_BYTES + LIMIT_BYTES / 7,
    };
    println!("{total} bytes of brotli in all; the limit is {limit}, the goal {GOAL_BYTES}");
    if total > limit {
        bail!("the app's first load is {total} bytes of brotli, more than {limit}");
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

/// Names the start script by its content, as Trunk does with the rest: a page never gets another version's.
fn name_start_script(folder: &Path) -> Result<()> {
    const NAME: &str = "boot.js";
    let script = folder.join(NAME);
    let hash = hex(&Sha256::digest(std::fs::read(&script).context(NAME)?));
    let (hash, _) = hash.split_at(16);
    let name = format!("boot-{hash}.js");
    std::fs::rename(&script, folder.join(&name))?;
    let path = folder.join("index.html");
    let page = std::fs::read_to_string(&path).context("index.html")?;
    if !page.contains(NAME) {
        bail!("index.html does not start {NAME}");
    }
    std::fs::write(&path, page.replace(NAME, &name))?;
    Ok(())
}

/// Puts the module's functions in the order that travels lightest, and names the module by its new content.
fn order_functions(folder: &Path) -> Result<()> {
    let files = list(folder)?;
    let old =
        files.iter().find(|name| name.ends_with("_bg.wasm")).context("no module was built")?;
    let module =
        function_order::by_likeness(&std::fs::read(folder.join(old))?).context(old.clone())?;
    let hash = hex(&Sha256::digest(&module));
    let (hash, _) = hash.split_at(16);
    let name = format!("sotay-{hash}_bg.wasm");
    std::fs::remove_file(folder.join(old))?;
    std::fs::write(folder.join(&name), &module)?;
    let path = folder.join("index.html");
    let page = std::fs::read_to_string(&path).context("index.html")?;
    let page = with_integrity(&page.replace(old, &name), &name, &module)?;
    Ok(std::fs::write(path, page)?)
}

/// The page with the hash that the browser holds the file `name` to.
fn with_integrity(page: &str, name: &str, content: &[u8]) -> Result<String> {
    const START: &str = "integrity=\"sha384-";
    let link = page
        .find(&format!("href=\"/{name}\""))
        .context("index.html does not preload the module")?;
    let (before, link) = page.split_at(link);
    let (attributes, hash) = link.split_once(START).context("the preloaded module has no hash")?;
    let (_, after) = hash.split_once('"').context("the hash does not end")?;
    let hash = base64::prelude::BASE64_STANDARD.encode(Sha384::digest(content));
    Ok(format!("{before}{attributes}{START}{hash}\"{after}"))
}

/// Whether the phone keeps a file. The largest icons are asked for by the system alone, when it installs the app online.
fn is_kept(name: &str) -> bool {
    name != "sw.js" && !name.ends_with("-512.png")
}

/// Puts path -> SHA-256 of every file that the phone keeps into `sw.js`. The version is the hash of that list and of
/// the worker itself: two workers never share a cache.
fn precache(folder: &Path, files: &[String]) -> Result<()> {
    const START: &str = "/*@precache*/";
    const END: &str = "/*@end*/";
    let mut hashes = BTreeMap::new();
    for name in files.iter().filter(|name| is_kept(name)) {
        let bytes = std::fs::read(folder.join(name))?;
        hashes.insert(format!("/{name}"), hex(&Sha256::digest(&bytes)));
    }
    let list = serde_json::to_string(&hashes)?;
    let path = folder.join("sw.js");
    let worker = std::fs::read_to_string(&path).context("sw.js")?;
    let version = hex(&Sha256::digest(format!("{list}{worker}").as_bytes()));
    let (version, _) = version.split_at(16);
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
