//! What becomes of Trunk's output: one stylesheet, a program in parts, the service worker's list, every file compressed ahead, and the size budget.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use sha2::{Digest, Sha256, Sha384};

use crate::step::root;
use crate::tools::{Std, Tools};
use crate::{split, stylesheet};

/// What may come before the app can be used, in bytes of brotli: a phone on a weak line pays for each.
const FIRST_LOAD_BYTES: u64 = 346 * 1024;
/// What a phone fetches in all, with the forms that come while a person signs in. A ratchet: the goal is
/// [`WHOLE_GOAL_BYTES`], and the app may only get lighter than this. Lower it with every gain. [`Load::Codes`] is not in it: the
/// phones that most people here have never fetch that; an iPhone does, behind all of this, and so has [`CODES_BYTES`] more.
const WHOLE_BYTES: u64 = 1156 * 1024;
const WHOLE_GOAL_BYTES: u64 = 400 * 1024;
/// What a browser that reads no codes itself fetches beside that.
const CODES_BYTES: u64 = 32 * 1024;

/// Joins the stylesheets, fills `sw.js`, writes `.br` and `.gz` beside each file that gains by it, and shows the sizes.
pub fn finish(tools: &Tools, folder: &Path) -> Result<()> {
    stylesheet::join(folder)?;
    for script in ["boot.js", "photo.js", "sw.js"] {
        let path = folder.join(script);
        let text = std::fs::read_to_string(&path).context(script)?;
        std::fs::write(&path, tightened(&text))?;
    }
    for script in ["boot.js", "photo.js"] {
        name_script(folder, script)?;
    }
    split(tools, folder)?;
    let files = list(folder)?;
    precache(folder, &files)?;
    compress(folder, &files)?;
    for (name, size) in &transfer(folder)? {
        println!("{:>9} raw {:>8} gzip {:>8} brotli  {name}", size.raw, size.gzip, size.brotli);
    }
    Ok(())
}

/// When a file comes to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// Before the app can be used.
    First,
    /// Behind it, unasked: the forms.
    Forms,
    /// When somebody opens what belongs to a desk.
    Desk,
    /// With the first map that is shown.
    Map,
    /// Behind the forms, unasked, where the browser reads no codes itself (`public/sw.js`); nowhere else.
    Codes,
}

impl Load {
    /// When the file of this name comes. `src/pages/parts.rs` gives a part its name.
    pub fn of(name: &str) -> Self {
        if name.contains("_split_desk.") {
            Self::Desk
        } else if name.contains("_split_map.") {
            Self::Map
        } else if name.contains("_split_codes.") {
            Self::Codes
        } else if ["_split_", "_chunk_", "photo-"].iter().any(|part| name.contains(part)) {
            Self::Forms
        } else {
            Self::First
        }
    }
}

/// The bytes of brotli that come with each load.
pub fn loads(files: &BTreeMap<String, Transfer>) -> BTreeMap<Load, u64> {
    let mut loads = BTreeMap::new();
    for (name, size) in files {
        *loads.entry(Load::of(name)).or_default() += size.brotli;
    }
    loads
}

/// Refuses an app that is heavier to fetch than a phone on a weak line should have to bear.
pub fn within_budget(std: Std) -> Result<()> {
    let loads = loads(&transfer(&root().join("dist"))?);
    let of = |load| loads.get(&load).copied().unwrap_or_default();
    let (first, whole) = (of(Load::First), of(Load::First) + of(Load::Forms));
    let codes = of(Load::Codes);
    println!(
        "{first} bytes of brotli until the app opens, {whole} in all on a phone (goal {WHOLE_GOAL_BYTES}), {codes} more where \
         the browser reads no codes, {} at a desk, {} with a map",
        of(Load::Desk),
        of(Load::Map)
    );
    for (what, bytes, limit) in [
        ("the first load", first, FIRST_LOAD_BYTES),
        ("a phone's app", whole, WHOLE_BYTES),
        ("the reader of codes", codes, CODES_BYTES),
    ] {
        let limit = match std {
            Std::ForSize => limit,
            // A machine that cannot get rust-src builds the same app, a tenth larger: that is no fault of the change.
            Std::Prebuilt => limit + limit / 7,
        };
        if bytes > limit {
            bail!("{what} is {bytes} bytes of brotli, more than {limit}");
        }
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

/// A script without the lines that only explain it.
fn tightened(script: &str) -> String {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    script.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

/// Names a script by its content, as Trunk does with the rest: a page never gets another version's.
fn name_script(folder: &Path, name: &str) -> Result<()> {
    let script = folder.join(name);
    let hash = hex(&Sha256::digest(std::fs::read(&script).context(name.to_owned())?));
    let (hash, _) = hash.split_at(16);
    let stem = name.trim_end_matches(".js");
    std::fs::rename(&script, folder.join(format!("{stem}-{hash}.js")))?;
    let path = folder.join("index.html");
    let page = std::fs::read_to_string(&path).context("index.html")?;
    let at = format!("\"/{name}\"");
    if !page.contains(&at) {
        bail!("index.html does not name {name}");
    }
    std::fs::write(&path, page.replace(&at, &format!("\"/{stem}-{hash}.js\"")))?;
    Ok(())
}

/// Puts the program, cut into its parts, in place of the one module that Trunk made.
fn split(tools: &Tools, folder: &Path) -> Result<()> {
    let files = list(folder)?;
    let old = |ending: &str| {
        let is_it = |name: &&String| name.starts_with("sotay-") && name.ends_with(ending);
        files.iter().find(is_it).with_context(|| format!("Trunk made no sotay-*{ending}"))
    };
    let (old_script, old_module) = (old(".js")?, old("_bg.wasm")?);
    for old in [old_script, old_module] {
        std::fs::remove_file(folder.join(old))?;
    }
    let work = root().join("target/split");
    let program = split::split(tools, &split::linked(), &work, folder)?;
    let path = folder.join("index.html");
    let page = std::fs::read_to_string(&path).context("index.html")?;
    let page = page.replace(old_script, &program.script).replace(old_module, &program.module);
    let page = without_links(&page, &["modulepreload", "preload"])?;
    let parts_of = |load| -> String {
        let parts = program.parts.iter().filter(|name| Load::of(name) == load);
        parts.map(|name| format!("/{name}")).collect::<Vec<_>>().join(" ")
    };
    let page = marked(&page, "data-forms=\"", &parts_of(Load::Forms))?;
    let page = marked(&page, "data-desk=\"", &parts_of(Load::Desk))?;
    let mut links = String::new();
    for (rel, name) in [
        ("modulepreload", &program.script),
        ("modulepreload", &program.loader),
        ("preload\" as=\"fetch\" type=\"application/wasm", &program.module),
    ] {
        let hash = Sha384::digest(std::fs::read(folder.join(name))?);
        let hash = base64::prelude::BASE64_STANDARD.encode(hash);
        links.push_str(&format!(
            "<link rel=\"{rel}\" href=\"/{name}\" crossorigin=\"anonymous\" integrity=\"sha384-{hash}\">"
        ));
    }
    Ok(std::fs::write(path, marked(&page, "</head>", &links)?)?)
}

/// The page without the links of these kinds.
fn without_links(page: &str, kinds: &[&str]) -> Result<String> {
    let mut page = page.to_owned();
    for kind in kinds {
        let start = format!("<link rel=\"{kind}\"");
        while let Some((before, link)) = page.split_once(&start) {
            let (_, after) = link.split_once('>').context("a link in index.html does not end")?;
            page = format!("{before}{after}");
        }
    }
    Ok(page)
}

/// The page with `text` at its `mark`: behind an attribute's beginning, before a tag.
fn marked(page: &str, mark: &str, text: &str) -> Result<String> {
    let (before, after) =
        page.split_once(mark).with_context(|| format!("index.html has no {mark}"))?;
    Ok(match mark.starts_with('<') {
        true => format!("{before}{text}{mark}{after}"),
        false => format!("{before}{mark}{text}{after}"),
    })
}

/// Whether the phone keeps a file. The largest icons are asked for by the system alone, when it installs the app online; a map has
/// no pictures without a network.
fn is_kept(name: &str) -> bool {
    name != "sw.js" && !name.ends_with("-512.png") && Load::of(name) != Load::Map
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
    let of = |load| {
        let names: Vec<_> = hashes.keys().filter(|name| Load::of(name) == load).collect();
        serde_json::to_string(&names)
    };
    let (desk, codes) = (of(Load::Desk)?, of(Load::Codes)?);
    let list = serde_json::to_string(&hashes)?;
    let path = folder.join("sw.js");
    let worker = std::fs::read_to_string(&path).context("sw.js")?;
    let version = hex(&Sha256::digest(format!("{list}{worker}").as_bytes()));
    let (version, _) = version.split_at(16);
    let (before, rest) = worker.split_once(START).context("sw.js has no /*@precache*/ mark")?;
    let (_, after) = rest.split_once(END).context("sw.js has no /*@end*/ mark")?;
    let manifest =
        format!("{START}{{version:\"{version}\",files:{list},desk:{desk},codes:{codes}}}{END}");
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

#[cfg(test)]
mod tests {
    use super::tightened;

    #[test]
    fn what_only_explains_a_script_stays_here() {
        let script = "// why\n\nrun(\"a//b\"); // so\n  // and then\n  stop();\n";
        assert_eq!(tightened(script), "run(\"a//b\"); // so\n  stop();\n");
    }
}
