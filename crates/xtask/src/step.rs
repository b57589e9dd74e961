//! Running other programs, with a line before and the time after.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How many of the last lines of what ran aside stand in the error when it fails.
const LAST_LINES: usize = 120;

/// What each step took, in the order in which they ended.
static TOOK: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

thread_local! {
    /// Where what this thread runs prints, if not to the terminal.
    static ASIDE: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// The project's root, whatever folder the task was called from.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/xtask lies two folders below the root")
        .to_owned()
}

/// The cargo that runs this task, with an environment as if a person had started it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo says of this task's own package: a build script that looks at it (ring's) would run again, and all that stands
    // on it be built anew, whenever a person turns from `cargo test` to this task and back.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.starts_with(own)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs `work` with its title before it and the seconds it took after it.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n==> {title}");
    let start = Instant::now();
    let result = work().with_context(|| format!("step failed: {title}"));
    let took = start.elapsed();
    let end = if result.is_ok() { "" } else { " FAILED" };
    println!("<== {title}: {:.0} s{end}", took.as_secs_f64());
    TOOK.lock().expect("no step panics while it is noted").push((format!("{title}{end}"), took));
    result
}

/// A line for each step that ended: what it took.
pub fn took() -> String {
    let took = TOOK.lock().expect("no step panics while it is noted");
    took.iter().map(|(title, took)| format!("{:>6.0} s  {title}\n", took.as_secs_f64())).collect()
}

/// Does `work` while another thread has the terminal: what its commands print goes to `target/aside/NAME.log`, and the end of it
/// into the error if one fails.
pub fn aside<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let path = crate::build::target().join("aside").join(format!("{name}.log"));
    fs::create_dir_all(path.parent().expect("it lies in target/aside"))?;
    let log = File::create(&path).with_context(|| path.display().to_string())?;
    ASIDE.set(Some(log));
    let result = work();
    ASIDE.set(None);
    result.with_context(|| {
        let said = fs::read(&path).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        format!("{last}\n\nthe end of {}", path.display())
    })
}

/// Runs a command to its end; an exit code other than 0 is an error that shows the command.
pub fn run(command: &mut Command) -> Result<()> {
    ASIDE.with_borrow(|log| {
        let Some(log) = log else { return Ok(()) };
        command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        anyhow::Ok(())
    })?;
    let status = command.status().with_context(|| format!("could not start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// What a command prints on standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command.output().with_context(|| format!("could not start {command:?}"))?;
    if !out.status.success() {
        bail!("{command:?} ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr));
    }
    String::from_utf8(out.stdout).with_context(|| format!("{command:?} printed no UTF-8"))
}
