//! What CI runs.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::Result;

use crate::build::Tested;
use crate::postgres::Cluster;
use crate::step::{self, cargo, run, step};
use crate::tools::{self, Need, Tools};
use crate::{browser, dist, pwa, tidy};

#[derive(clap::Args)]
pub struct Args {
    /// Only the parts that need no browser and no wasm build.
    #[arg(long, conflicts_with_all = ["postgres", "journey"])]
    native: bool,
    /// Only the server's tests, on PostgreSQL.
    #[arg(long, conflicts_with = "journey")]
    postgres: bool,
    /// Only the journeys whose name matches.
    #[arg(long)]
    journey: Option<String>,
}

/// Runs it, says how long it took, and at the end, where it is read, what was not run.
pub fn test(args: &Args) -> Result<()> {
    let start = Instant::now();
    let not_run = match &args.journey {
        Some(name) => {
            journey(name)?;
            None
        }
        // What is asked for by name is not passed over.
        None if args.postgres => {
            OnPostgres::build(tools::postgres()?)?.run()?;
            None
        }
        None => all(args.native)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    match not_run {
        Some(what) => println!("\nWhat was run passed in {seconds:.0} s. NOT RUN: {what}"),
        None => println!("\nAll of it passed in {seconds:.0} s"),
    }
    Ok(())
}

fn journey(name: &str) -> Result<()> {
    let tools = Tools::ensure(Need::ALL)?;
    pwa::pwa(&tools)?;
    browser::journey(Some(name))
}

/// The server's tests once more, with its records in PostgreSQL.
struct OnPostgres {
    /// Where PostgreSQL's programs are.
    programs: PathBuf,
    tested: Tested,
}

impl OnPostgres {
    fn build(programs: PathBuf) -> Result<Self> {
        Ok(Self { programs, tested: Tested::build(&["it", "devices"])? })
    }

    fn run(&self) -> Result<()> {
        step("the server's tests on PostgreSQL", || {
            let cluster = Cluster::start(&self.programs)?;
            self.tested.tests.iter().try_for_each(|test| {
                let mut test = Command::new(test);
                run(test.current_dir(Tested::folder()).env("SOTAY_TEST_POSTGRES", &cluster.url))
            })
        })
    }
}

fn lints() -> Result<()> {
    step("lints", || {
        run(cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })
}

fn tests() -> Command {
    let mut tests = cargo();
    tests.args(["test", "--locked", "--workspace"]);
    tests
}

/// All that this machine can run; what it cannot, in words.
fn all(native: bool) -> Result<Option<String>> {
    tools::checkers()?;
    if !native {
        // Minutes of building come before they are needed, and who is not root can only be told.
        tools::chromium()?;
        tools::npm()?;
    }
    step("format", || run(cargo().args(["fmt", "--all", "--check"])))?;
    step("tidy", tidy::tidy)?;
    let tools = if native {
        lints()?;
        Tools::ensure(&[])?
    } else {
        // Installing tools and building the app are for the most part long links, on one core. What is compiled for this machine needs
        // nothing of it: a server for tests reads the app when it runs, from a folder whose path is found when it is compiled.
        std::fs::create_dir_all(pwa::folder())?;
        let native = || {
            lints()?;
            step("compiling the tests", || run(tests().arg("--no-run")))
        };
        let tools = beside("lints-and-tests", native, || {
            let tools = Tools::ensure(Need::ALL)?;
            pwa::pwa(&tools)?;
            Ok(tools)
        })?;
        step("size budget", || dist::within_budget(tools.std))?;
        tools
    };
    step("tests", || run(&mut tests()))?;
    // Built before the browser's tests: cargo builds for one at a time.
    let (postgres, not_run) = match tools::postgres() {
        Ok(programs) => (Some(OnPostgres::build(programs)?), None),
        Err(missing) => (None, Some(format!("the server's tests on PostgreSQL: {missing:#}"))),
    };
    let on_postgres = || postgres.map_or(Ok(()), |tests| tests.run());
    if native {
        on_postgres()?;
    } else {
        // Together they take three quarters of the time that they take one after the other.
        beside("postgres", on_postgres, || browser::storage_tests(&tools))?;
        browser::journey(None)?;
    }
    Ok(not_run)
}

/// Does both at a time; what the second gives, unless either fails. The second has the terminal, the first a log of this name.
fn beside<T>(
    name: &str,
    first: impl FnOnce() -> Result<()> + Send,
    second: impl FnOnce() -> Result<T>,
) -> Result<T> {
    thread::scope(|scope| {
        let first = scope.spawn(|| step::aside(name, first));
        let second = second();
        let first = first.join().unwrap_or_else(|panic| resume_unwind(panic));
        second.and_then(|second| first.map(|()| second))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::Cli;

    #[test]
    fn of_two_parts_none_is_silently_left_out() {
        let parses = |flags: &[&str]| {
            Cli::try_parse_from([&["cargo xtask", "test"], flags].concat()).is_ok()
        };
        for only in [&["--native"][..], &["--postgres"], &["--journey", "x"], &[]] {
            assert!(parses(only), "{only:?}");
        }
        for both in [
            &["--native", "--postgres"][..],
            &["--native", "--journey", "x"],
            &["--postgres", "--journey", "x"],
        ] {
            assert!(!parses(both), "{both:?}");
        }
    }
}
