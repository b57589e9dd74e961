//! The phone's module cut into parts: what opens the app, the forms, the desk. Each is optimised, put in order, and named.
//!
//! Where the cuts are the sources say (`src/pages/parts.rs`); `wasm_split_cli_support` follows every reference from there and
//! puts what only one part reaches into that part, and what two reach into one that comes with either.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};

use crate::build;
use crate::dist::hex;
use crate::function_order;
use crate::step::run;
use crate::tools::Tools;

/// Where the linker writes the module, with the relocations that a cut needs.
pub fn linked() -> PathBuf {
    build::target().join("wasm32-unknown-unknown/phone/sotay.wasm")
}

/// How the script that fetches parts is called until everything has its name.
const PARTS: &str = "parts.js";

/// Gives a part's module; one that failed is asked for anew.
const COMPILED: &str = "
function compiled(url) {
    const early = globalThis.sotayParts?.get(url.pathname);
    globalThis.sotayParts?.delete(url.pathname);
    return early ?? WebAssembly.compileStreaming(fetch(url));
}
";

/// docs/decisions/why-is-std-compiled-with-the-app.md has what each of these gained.
const OPTIMISE: &[&str] = &[
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--low-memory-unused",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// For all parts but the first: a browser compiles each function when it is first called, so that the fewer there are the sooner a form
/// stands. The first one would be 2 KB larger by it.
const OPTIMISE_PARTS: &[&str] = &["--always-inline-max-function-size=6"];

/// A part of the names of the standard library's functions that read floats.
const HEAVY_NUMBERS: &[u8] = b"7dec2flt";

/// What a page needs to know of the program.
pub struct Program {
    /// The script that starts it.
    pub script: String,
    /// The first module, which the script fetches.
    pub module: String,
    /// The script that fetches the other parts.
    pub loader: String,
    /// The modules of the other parts.
    pub parts: Vec<String>,
}

/// Cuts the linked module and writes all that belongs to the program into `into`; `work` is emptied first.
///
/// # Errors
///
/// A tool fails, or makes something else than its version is known to make.
pub fn split(tools: &Tools, linked: &Path, work: &Path, into: &Path) -> Result<Program> {
    if work.exists() {
        std::fs::remove_dir_all(work)?;
    }
    std::fs::create_dir_all(work)?;
    let first = cut(linked, work)?;
    run(tools
        .command("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", "sotay"])
        .arg("--out-dir")
        .arg(work)
        .arg(&first))?;
    std::fs::remove_file(&first)?;

    let modules = files(work, ".wasm")?;
    // At the same time: each takes one core.
    let modules: Vec<(String, Vec<u8>)> = thread::scope(|scope| {
        let optimising: Vec<_> = modules
            .iter()
            .map(|module| scope.spawn(|| Ok((name_of(module)?, optimised(tools, module)?))))
            .collect();
        let ended = optimising
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.collect::<Result<_>>()
    })?;
    let script = std::fs::read_to_string(work.join("sotay.js")).context("sotay.js")?;
    let parts = std::fs::read_to_string(work.join(PARTS)).context(PARTS)?;

    // One name for all: no module ever meets one of another build.
    let mut hash = Sha256::new();
    hash.update(&script);
    hash.update(&parts);
    for (name, module) in &modules {
        hash.update(format!("\0{name}\0{}\0", module.len()));
        hash.update(module);
    }
    let hash = hex(&hash.finalize());
    let (hash, _) = hash.split_at(16);
    let named = |name: &str| format!("sotay-{hash}{name}");
    let (main, parts_name) = (named(".js"), named("_parts.js"));
    let script =
        replaced(&script, &format!("from \"./{PARTS}\""), &format!("from \"./{parts_name}\""))?;
    let mut parts = from_compiled(&replaced(&parts, "\"./sotay.js\"", &format!("\"./{main}\""))?)?;
    let mut others = Vec::new();
    for (name, module) in &modules {
        let module_name = named(name.strip_prefix("sotay").unwrap_or(&format!("_{name}")));
        if !name.starts_with("sotay") {
            others.push(module_name.clone());
            parts = replaced(&parts, &format!("\"./{name}\""), &format!("\"./{module_name}\""))?;
        }
        std::fs::write(into.join(module_name), module)?;
    }
    std::fs::write(into.join(&main), script)?;
    std::fs::write(into.join(&parts_name), parts)?;
    Ok(Program { script: main, module: named("_bg.wasm"), loader: parts_name, parts: others })
}

/// The module made small, and its functions put in the order that compresses best.
fn optimised(tools: &Tools, module: &Path) -> Result<Vec<u8>> {
    let is_first = name_of(module)?.starts_with("sotay");
    let more = if is_first { &[] } else { OPTIMISE_PARTS };
    run(tools.command("wasm-opt").args(OPTIMISE).args(more).arg(module).arg("-o").arg(module))?;
    function_order::by_likeness(&std::fs::read(module)?)
        .with_context(|| module.display().to_string())
}

/// The script of parts, so that it takes what `boot.js` has begun to compile already.
fn from_compiled(parts: &str) -> Result<String> {
    let parts = replaced(parts, "fetch(new URL(", "compiled(new URL(")?;
    let instantiated = "WebAssembly.instantiate(await src, imports)";
    Ok(replaced(&parts, "WebAssembly.instantiateStreaming(src, imports)", instantiated)? + COMPILED)
}

/// Cuts the module into `work`; where the first part lies, which `wasm-bindgen` has to see next.
fn cut(linked: &Path, work: &Path) -> Result<PathBuf> {
    let linked = std::fs::read(linked).with_context(|| linked.display().to_string())?;
    if linked.windows(HEAVY_NUMBERS.len()).any(|name| name == HEAVY_NUMBERS) {
        bail!(
            "`str::parse` for floats came into the app, with tables of 10 KB: xpath::number::parse has none"
        );
    }
    let first = work.join("first.wasm");
    let link_name = format!("./{PARTS}");
    let mut options = wasm_split_cli_support::Options::new(&linked);
    options.output_dir = work;
    options.main_out_path = &first;
    options.link_name = &link_name;
    options.main_module = "./sotay.js";
    let cut = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cannot cut the module: {error:#}"))?;
    if cut.split_modules.is_empty() {
        bail!("the module was built without the feature `split`: there is nothing to cut");
    }
    Ok(first)
}

/// `text` with `old` replaced, which must be in it: else another version of a tool writes it otherwise.
fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    if !text.contains(old) {
        bail!("the tools wrote no {old}");
    }
    Ok(text.replace(old, new))
}

fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_str().is_some_and(|name| name.ends_with(ending)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| path.display().to_string())?.to_owned())
}
