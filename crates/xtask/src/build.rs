//! Building the server.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use serde_json::Value;

use crate::step::{cargo, output, root, run, step};

/// Builds the server for people, with `dist/` inside, and returns where the binary is.
pub fn server() -> Result<PathBuf> {
    step("building the server (some minutes the first time)", || {
        run(cargo().args([
            "build",
            "--locked",
            "--release",
            "-p",
            "server",
            "--bin",
            "sotay-server",
        ]))
    })?;
    Ok(target().join("release/sotay-server"))
}

/// Programs that were built together, with what the tests of the whole workspace ask of the crates below: built alone they
/// would ask for less, and half of what they stand on would be compiled twice.
pub struct Tested {
    /// `sotay-server`, with `dist/` inside.
    pub server: PathBuf,
    /// Its own tests, each to be run in [`Self::folder`].
    pub tests: Vec<PathBuf>,
}

impl Tested {
    /// Builds the server for tests, in a third of the time, and those of its tests that have these names.
    pub fn build(tests: &[&str]) -> Result<Self> {
        step("building the server for tests (some minutes the first time)", || {
            let mut build = cargo();
            build.args(["test", "--locked", "--workspace", "--no-run"]);
            // What the compiler has to say is for people, as ever.
            build.arg("--message-format=json-render-diagnostics");
            build.args(tests.iter().flat_map(|test| ["--test", test]));
            Self::told(&output(build.stderr(Stdio::inherit()))?)
        })
    }

    /// The programs in what cargo says, a JSON object a line.
    fn told(messages: &str) -> Result<Self> {
        let (mut server, mut tests) = (None, Vec::new());
        for line in messages.lines() {
            let told: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let manifest = told["manifest_path"].as_str().map(Path::new);
            let is_servers =
                manifest.is_some_and(|path| path.ends_with("crates/server/Cargo.toml"));
            let Some(program) = told["executable"].as_str().filter(|_| is_servers) else {
                continue;
            };
            match told["target"]["kind"][0].as_str() {
                Some("bin") => server = Some(PathBuf::from(program)),
                Some("test") => tests.push(PathBuf::from(program)),
                _ => {}
            }
        }
        Ok(Self { server: server.context("cargo built no sotay-server")?, tests })
    }

    /// Where cargo runs the server's tests.
    pub fn folder() -> PathBuf {
        root().join("crates/server")
    }
}

/// The folder that cargo builds into, as a person may have told it.
pub fn target() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| told_target().unwrap_or_else(|| root().join("target"))).clone()
}

/// What cargo says of it. Nothing, if cargo does not answer: whatever comes next will say why.
fn told_target() -> Option<PathBuf> {
    let told =
        output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--offline"]))
            .ok()?;
    let told: Value = serde_json::from_str(&told).ok()?;
    Some(told["target_directory"].as_str()?.into())
}

/// The pack that is loaded when no other is named.
pub fn default_pack() -> PathBuf {
    root().join("packs/long-khanh-2024")
}

/// `sotay-server` with its data folder set, and nothing else: what a person's shell says to a server of theirs would lead this one
/// to their records.
pub fn server_command(binary: &Path, data: &Path) -> Command {
    let said = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    server_where(said, binary, data)
}

/// The same in a shell that says something under these names.
fn server_where(said: impl IntoIterator<Item = String>, binary: &Path, data: &Path) -> Command {
    let mut command = Command::new(binary);
    let is_setting = |name: &String| name == "DATABASE_URL" || name.starts_with("SOTAY_");
    for name in said.into_iter().filter(is_setting) {
        command.env_remove(name);
    }
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

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_server_hears_nothing_of_what_the_shell_says_to_another() {
        let said = ["DATABASE_URL", "PATH", "SOTAY_BLOBS", "SOTAY_DATA", "AWS_REGION"];
        let said = said.map(str::to_owned);
        let command = server_where(said, Path::new("sotay-server"), Path::new("here"));
        let told: Vec<(&OsStr, Option<&OsStr>)> = command.get_envs().collect();
        let expected =
            [("DATABASE_URL", None), ("SOTAY_BLOBS", None), ("SOTAY_DATA", Some("here"))];
        assert_eq!(told, expected.map(|(name, value)| (name.as_ref(), value.map(OsStr::new))));
    }

    #[test]
    fn what_is_built_is_looked_for_where_this_program_was_built() {
        let program = std::env::current_exe().expect("a path");
        let target = target().canonicalize().expect("cargo's folder");
        assert!(
            program.starts_with(&target),
            "{} is not in {}",
            program.display(),
            target.display()
        );
    }

    #[test]
    fn the_server_and_its_tests_are_told_from_those_of_other_crates() {
        let artifact = |folder: &str, kind: &str, name: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/s/crates/{folder}/Cargo.toml","target":{{"kind":["{kind}"],"name":"{name}"}},"executable":"/t/{folder}-{name}"}}"#
            )
        };
        let said = [
            artifact("form", "test", "it"),
            artifact("server", "bin", "sotay-server"),
            artifact("server", "test", "it"),
            artifact("xtask", "bin", "xtask"),
            r#"{"reason":"compiler-artifact","manifest_path":"/s/crates/server/Cargo.toml","target":{"kind":["lib"]},"executable":null}"#
                .to_owned(),
            artifact("server", "test", "devices"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let tested = Tested::told(&said.join("\n")).expect("all of it is there");
        assert_eq!(tested.server, Path::new("/t/server-sotay-server"));
        assert_eq!(tested.tests, ["/t/server-it", "/t/server-devices"].map(Path::new));
        assert!(Tested::told(&said[0]).is_err());
    }
}
