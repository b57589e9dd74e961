//! Building the phone app into `dist/`, in the form that phones fetch, and only when something that goes into it has changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::fingerprint::Fingerprint;
use crate::step::{cargo, root, run, step};
use crate::tools::{Std, TARGET, Tools};
use crate::{dist, fingerprint, split};

/// Where the built app lies.
pub fn folder() -> PathBuf {
    root().join("dist")
}

/// Makes sure that `dist/` holds the app of these sources.
pub fn pwa(tools: &Tools) -> Result<()> {
    let inputs = fingerprint::inputs(tools)?;
    let stamp = root().join("target/dist.stamp");
    if is_built(&stamp, &inputs)? {
        println!("the phone app in dist/ is of these sources already");
        return Ok(());
    }
    // Trunk empties the folder it builds into, and joining and compressing take their time: nobody may see that in dist/.
    let staged = root().join("target/dist");
    step("building the phone app (wasm; some minutes the first time)", || {
        run(for_size(&mut cargo(), tools.std).args(["fetch", "--locked", "--target", TARGET]))?;
        // Where Trunk's cargo writes the module elsewhere, an old one must not be taken for it.
        let linked = split::linked();
        if linked.exists() {
            std::fs::remove_file(&linked)?;
        }
        let mut trunk = tools.command("trunk");
        run(for_size(&mut trunk, tools.std)
            .args(["build", "--release", "--offline", "--locked", "--features", "split", "--dist"])
            .arg(&staged))?;
        dist::finish(tools, &staged)?;
        replace(&folder(), &staged)
    })?;
    Ok(std::fs::write(stamp, inputs.with_output(&folder())?)?)
}

/// Whether `dist/` is what was made of `inputs`, down to the last byte.
fn is_built(stamp: &Path, inputs: &Fingerprint) -> Result<bool> {
    let Ok(stamp) = std::fs::read_to_string(stamp) else { return Ok(false) };
    Ok(folder().join("index.html").exists() && stamp == inputs.with_output(&folder())?)
}

/// Has `command` compile the standard library with the app, for size and without the words of a panic: a tenth of all
/// that a phone fetches. Nothing else that cargo builds sees these variables, so nothing is built twice.
fn for_size(command: &mut Command, std: Std) -> &mut Command {
    // They would take the place of the flags below and of those in .cargo/config.toml.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    // The module is cut along its relocations.
    const RELOCATIONS: &str = "-Clink-arg=--emit-relocs";
    const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
    if std == Std::Prebuilt {
        return command.env(FLAGS, RELOCATIONS);
    }
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
        .env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size")
        .env(FLAGS, format!("-Zunstable-options -Cpanic=immediate-abort {RELOCATIONS}"))
}

fn replace(folder: &Path, by: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::rename(by, folder)?)
}
