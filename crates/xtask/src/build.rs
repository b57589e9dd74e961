//! Building the server.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result};

use crate::step::{cargo, root, run, step};

/// How the server is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For people.
    Release,
    /// For tests: compiles in a third of the time.
    Dev,
}

/// Builds the server with `dist/` inside and returns where the binary is.
pub fn server(profile: Profile) -> Result<PathBuf> {
    step("building the server (some minutes the first time)", || {
        let mut build = cargo();
        build.args(["build", "--locked", "-p", "server", "--bin", "sotay-server"]);
        if profile == Profile::Release {
            build.arg("--release");
        }
        run(&mut build)
    })?;
    let folder = if profile == Profile::Release { "release" } else { "debug" };
    Ok(target().join(folder).join("sotay-server"))
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The pack that is loaded when no other is named.
pub fn default_pack() -> PathBuf {
    root().join("packs/long-khanh-2024")
}

/// `sotay-server` with its data folder set.
pub fn server_command(binary: &Path, data: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(root()).env("SOTAY_DATA", data);
    command
}

/// A server that ends with its scope.
pub struct Running(Child);

impl Running {
    /// Starts it.
    pub fn start(server: &mut Command) -> Result<Self> {
        Ok(Self(server.spawn().with_context(|| format!("could not start {server:?}"))?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
