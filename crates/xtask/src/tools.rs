//! Installs what is missing, each tool in its exact version, in a folder of its own that disturbs nothing else on
//! the machine: `~/.cache/sotay/tools/NAME-VERSION` (or below `SOTAY_TOOLS`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{cargo, output, root, run, step};

/// Trunk 0.22 needs a newer compiler than the one this project promises to build with.
const TRUNK: &str = "0.21.14";
/// The npm package that carries wasm-opt.
const BINARYEN: &str = "132.0.0";
/// The npm package that carries Node itself, for machines whose own is too old to drive the journeys: Debian 12 has 18.
const NODE: &str = "20.20.2";
/// Runs the targets of `tests/fuzz`.
const CARGO_FUZZ: &str = "0.13.2";
/// Makes requests up out of the description of the API.
const SCHEMATHESIS: &str = "4.32.5";
/// Drives a browser for tests that run in one.
const TEST_RUNNER: &str = "wasm-bindgen-test-runner";
/// How Trunk is compiled, which reads one small page: not optimised, and without what it would ask the network.
const TRUNK_FLAGS: &[&str] = &["--locked", "--debug", "--no-default-features"];
/// How tools are compiled that run for seconds: as released, each is linked anew as a whole, on one core, for minutes.
const QUICKLY: [(&str, &str); 4] = [
    ("CARGO_PROFILE_DEV_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];
/// What phones run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What a task needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The wasm target, the standard library's source, Trunk, wasm-bindgen and wasm-opt.
    Pwa,
    /// Chromium and its driver.
    Browser,
    /// What the journey's driver needs from npm.
    Journey,
}

impl Need {
    pub const ALL: &[Need] = &[Need::Pwa, Need::Browser, Need::Journey];
}

/// Which standard library goes into the phone app.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Std {
    /// Compiled with the app, for size.
    ForSize,
    /// As the Rust target brings it, compiled for speed: all there is where rustup cannot add the source.
    Prebuilt,
}

/// Where the tools are.
pub struct Tools {
    folder: PathBuf,
    wasm_bindgen: String,
    /// What the phone app can be built with here.
    pub std: Std,
}

impl Tools {
    /// Makes sure that everything in `needs` is there, and says what it installs.
    pub fn ensure(needs: &[Need]) -> Result<Self> {
        let wasm_bindgen = locked_version("wasm-bindgen")?;
        let mut tools = Self { folder: folder()?, wasm_bindgen, std: Std::Prebuilt };
        // What only a person may be able to install comes before minutes of compiling: Chromium, and npm for wasm-opt.
        if needs.contains(&Need::Browser) {
            chromium()?;
        }
        if needs.contains(&Need::Pwa) {
            tools.binaryen()?;
            let rust = Sysroot::find()?;
            rust.wasm_target()?;
            tools.std = rust.source();
            tools.cargo_install("trunk", TRUNK, TRUNK_FLAGS, "about 2 minutes on 2 cores")?;
            let version = tools.wasm_bindgen.clone();
            // Without --locked: the lock file inside that package can name crates a registry does not have.
            tools.cargo_install("wasm-bindgen-cli", &version, &[], "about 2 minutes on 2 cores")?;
        }
        if needs.contains(&Need::Journey) {
            tools.node()?;
            npm_ci(&root().join("tests/e2e"))?;
        }
        Ok(tools)
    }

    /// A command that finds the tools of this project before any other of that name.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.prepare(&mut command);
        command
    }

    /// Gives `command` the path and variables that [`Tools::command`] gives.
    pub fn prepare(&self, command: &mut Command) {
        let mut paths = vec![
            self.bin("trunk", TRUNK),
            self.bin("wasm-bindgen-cli", &self.wasm_bindgen),
            self.folder.join(format!("binaryen-{BINARYEN}/node_modules/.bin")),
        ];
        if let Some(path) = std::env::var_os("PATH") {
            paths.extend(std::env::split_paths(&path));
        }
        if let Ok(path) = std::env::join_paths(paths) {
            command.env("PATH", path);
        }
        // Trunk 0.21 stops with a usage error at NO_COLOR=1.
        command.env_remove("NO_COLOR").env("TRUNK_SKIP_VERSION_CHECK", "true");
        command.current_dir(root());
    }

    /// The runner that drives a browser for `cargo test --target wasm32-unknown-unknown`.
    pub fn wasm_test_runner(&self) -> PathBuf {
        installed(self.bin("wasm-bindgen-cli", &self.wasm_bindgen).join(TEST_RUNNER))
    }

    /// Everything here that shapes the built app, in one line.
    pub fn versions(&self) -> String {
        let std = if self.std == Std::ForSize { "for size" } else { "prebuilt" };
        format!("trunk {TRUNK}, wasm-bindgen {}, binaryen {BINARYEN}, std {std}", self.wasm_bindgen)
    }

    fn bin(&self, name: &str, version: &str) -> PathBuf {
        self.folder.join(format!("{name}-{version}/bin"))
    }

    fn cargo_install(&self, name: &str, version: &str, flags: &[&str], time: &str) -> Result<()> {
        cargo_install(&self.folder, name, version, flags, time)
    }

    /// Node as the journeys need it.
    fn node(&self) -> Result<()> {
        let folder = self.folder.join(format!("node-{NODE}"));
        if is_node_new_enough() || folder.join("node_modules/.bin/node").exists() {
            return Ok(());
        }
        step(&format!("installing Node.js {NODE} (npm node, half a minute)"), || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("package.json"), "{\"private\":true}")?;
            let package = format!("node@{NODE}");
            run(npm()?.args(["install", "--no-audit", "--no-fund", &package]).current_dir(&folder))
        })
    }

    fn binaryen(&self) -> Result<()> {
        let folder = self.folder.join(format!("binaryen-{BINARYEN}"));
        if folder.join("node_modules/.bin/wasm-opt").exists() {
            return Ok(());
        }
        step(&format!("installing wasm-opt (npm binaryen {BINARYEN}, half a minute)"), || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("package.json"), "{\"private\":true}")?;
            let package = format!("binaryen@{BINARYEN}");
            run(npm()?.args(["install", "--no-audit", "--no-fund", &package]).current_dir(&folder))
        })
    }
}

/// The program that builds and runs fuzz targets.
pub fn cargo_fuzz() -> Result<PathBuf> {
    let folder = folder()?;
    cargo_install(&folder, "cargo-fuzz", CARGO_FUZZ, &["--locked"], "a minute")?;
    Ok(installed(folder.join(format!("cargo-fuzz-{CARGO_FUZZ}/bin/cargo-fuzz"))))
}

/// schemathesis, in a Python of its own.
pub fn schemathesis() -> Result<PathBuf> {
    let folder = folder()?.join(format!("schemathesis-{SCHEMATHESIS}"));
    let program = folder.join("bin/schemathesis");
    if !program.exists() {
        step(&format!("installing schemathesis {SCHEMATHESIS} (PyPI, a minute)"), || {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            let package = format!("schemathesis=={SCHEMATHESIS}");
            run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &package]))
        })?;
    }
    Ok(program)
}

fn cargo_install(
    tools: &Path,
    name: &str,
    version: &str,
    flags: &[&str],
    time: &str,
) -> Result<()> {
    let folder = tools.join(format!("{name}-{version}"));
    if is_installed(&folder) || is_on_path(name, version) {
        return Ok(());
    }
    step(&format!("installing {name} {version} ({time})"), || {
        run(cargo()
            .args(["install", name, "--version", version, "--root"])
            .arg(&folder)
            .args(flags)
            .envs(QUICKLY)
            .env_remove("CARGO_TARGET_DIR"))
    })
}

/// Whether `cargo install` came to its end in that folder: it makes its list first, empty, and writes what it has installed last. What
/// was broken off is done again.
fn is_installed(folder: &Path) -> bool {
    std::fs::metadata(folder.join(".crates.toml")).is_ok_and(|list| list.len() > 0)
}

/// Whether the machine has all programs of that tool already, in that version: a person who works with them waits for none.
fn is_on_path(tool: &str, version: &str) -> bool {
    let programs: &[&str] = match tool {
        "wasm-bindgen-cli" => &["wasm-bindgen", TEST_RUNNER],
        _ => &[tool],
    };
    programs.iter().all(|program| {
        let said = output(Command::new(program).arg("--version"));
        said.is_ok_and(|said| said.split_whitespace().any(|word| word == version))
    })
}

/// `program` as this project installed it, or by its name, as the machine has it.
fn installed(program: PathBuf) -> PathBuf {
    match program.file_name() {
        Some(name) if !program.exists() => name.into(),
        _ => program,
    }
}

fn folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("SOTAY_TOOLS") {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").context("neither SOTAY_TOOLS nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/sotay/tools"))
}

/// The version of `package` in Cargo.lock.
fn locked_version(package: &str) -> Result<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let mut lines = lock.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name).with_context(|| format!("Cargo.lock has no {package}"))?;
    let version = lines.next().and_then(|line| line.strip_prefix("version = \""));
    let version = version.and_then(|rest| rest.strip_suffix('"'));
    Ok(version.with_context(|| format!("Cargo.lock gives {package} no version"))?.to_owned())
}

/// The folder of the Rust in use.
struct Sysroot(PathBuf);

impl Sysroot {
    fn find() -> Result<Self> {
        let path = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()))?;
        Ok(Self(Path::new(path.trim()).join("lib/rustlib")))
    }

    fn wasm_target(&self) -> Result<()> {
        if self.0.join(TARGET).exists() {
            return Ok(());
        }
        step(&format!("adding the Rust target {TARGET} (some seconds)"), || {
            run(&mut rustup(["target", "add", TARGET])).with_context(|| {
                format!("install the Rust target {TARGET} in the way this machine installs Rust, then try again")
            })
        })
    }

    /// The standard library's source, added where that is possible. Without it the app is larger, and works the same.
    fn source(&self) -> Std {
        if self.0.join("src/rust/library/std/Cargo.toml").exists() {
            return Std::ForSize;
        }
        match add_component("rust-src") {
            Ok(()) => Std::ForSize,
            Err(error) => {
                println!(
                    "{error:#}\nThe app is built with the prebuilt standard library: a tenth larger to fetch, otherwise the same."
                );
                Std::Prebuilt
            }
        }
    }
}

/// Adds rustfmt and clippy where rustup was told to install little.
pub fn checkers() -> Result<()> {
    let is_there = |command: &str| output(cargo().args([command, "--version"])).is_ok();
    for component in lacking_checkers(is_there) {
        add_component(component).with_context(|| {
            format!("install {component} in the way this machine installs Rust, then try again")
        })?;
    }
    Ok(())
}

/// The components whose command cargo does not have.
fn lacking_checkers(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let checkers = [("fmt", "rustfmt"), ("clippy", "clippy")];
    let lacking = checkers.into_iter().filter(|(command, _)| !is_there(command));
    lacking.map(|(_, component)| component).collect()
}

fn add_component(name: &str) -> Result<()> {
    step(&format!("adding the Rust component {name} (some seconds)"), || {
        run(&mut rustup(["component", "add", name]))
    })
}

fn rustup<const N: usize>(args: [&str; N]) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(args).current_dir(root());
    rustup
}

/// npm, installing it by apt where that is possible.
pub fn npm() -> Result<Command> {
    if Command::new("npm").arg("--version").output().is_err() {
        apt(&["nodejs", "npm"], "Node.js (a minute)")?;
    }
    Ok(Command::new("npm"))
}

/// Whether the machine's own Node is of the oldest major version that the journeys run on, or newer.
fn is_node_new_enough() -> bool {
    let Ok(version) = output(Command::new("node").arg("--version")) else { return false };
    let oldest = NODE.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let own = version.trim().trim_start_matches('v').split('.').next();
    own.and_then(|major| major.parse::<u32>().ok()) >= oldest
}

/// The Node that drives the journeys: the machine's own, or the one that was installed beside it.
pub fn node() -> Result<PathBuf> {
    let installed = folder()?.join(format!("node-{NODE}/node_modules/.bin/node"));
    Ok(if is_node_new_enough() { PathBuf::from("node") } else { installed })
}

/// Where Chromium and its driver are, installing them by apt where that is possible.
pub fn chromium() -> Result<(PathBuf, PathBuf)> {
    let found = || {
        Some((
            which(&["chromium", "chromium-browser", "google-chrome"])?,
            which(&["chromedriver"])?,
        ))
    };
    if let Some(both) = found() {
        return Ok(both);
    }
    apt(&["chromium", "chromium-driver"], "Chromium for the browser tests (a minute or two)")?;
    found().context("apt installed chromium and chromium-driver, yet they are not on PATH")
}

/// The folder of PostgreSQL's programs, installing them by apt where that is possible.
pub fn postgres() -> Result<PathBuf> {
    let found = || {
        let on_path = which(&["initdb"]).and_then(|file| Some(file.parent()?.to_owned()));
        on_path.or_else(|| {
            // Where Debian puts them, a folder for each version.
            let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
            let folders = versions.flatten().map(|version| version.path().join("bin"));
            folders.filter(|folder| folder.join("initdb").is_file()).max()
        })
    };
    if let Some(folder) = found() {
        return Ok(folder);
    }
    apt(&["postgresql"], "PostgreSQL for the server's tests (a minute)")?;
    found().context("apt installed postgresql, yet there is no initdb")
}

fn which(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

fn apt(packages: &[&str], what: &str) -> Result<()> {
    let user = Command::new("id").arg("-u").output();
    let is_root = user.is_ok_and(|out| out.stdout.starts_with(b"0"));
    if !is_root || which(&["apt-get"]).is_none() {
        bail!("missing on this machine: {what}. Install {} and try again", packages.join(" and "));
    }
    step(&format!("installing {what}"), || {
        run(Command::new("apt-get").args(["-qq", "update"]))?;
        run(Command::new("apt-get")
            .args(["-qq", "-y", "--no-install-recommends", "install"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    })
}

fn npm_ci(folder: &Path) -> Result<()> {
    let lock = std::fs::read(folder.join("package-lock.json")).context("package-lock.json")?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step("installing the journey's driver from npm (some seconds)", || {
        run(npm()?
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(folder))?;
        Ok(std::fs::write(&stamp, &lock)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_began_to_install_is_not_installed() {
        let folder = std::env::temp_dir().join(format!("sotay-installed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let list = folder.join(".crates.toml");
        assert!(!is_installed(&folder));
        std::fs::write(&list, "").expect("a list");
        assert!(!is_installed(&folder), "cargo makes its list before it compiles anything");
        std::fs::write(&list, "[v1]\n\"trunk 0.21.14 (registry)\" = [\"trunk\"]\n")
            .expect("a list");
        assert!(is_installed(&folder));
        std::fs::remove_dir_all(&folder).expect("the folder");
    }

    #[test]
    fn a_minimal_rust_is_given_what_the_checks_stand_on() {
        assert_eq!(lacking_checkers(|_| false), ["rustfmt", "clippy"]);
        assert_eq!(lacking_checkers(|command| command == "fmt"), ["clippy"]);
        assert!(lacking_checkers(|_| true).is_empty());
    }
}
