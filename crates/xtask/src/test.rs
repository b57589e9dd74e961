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

/// Runs all of it and says how long it took.
pub fn test(args: &Args) -> Result<()> {
    let start = Instant::now();
    match &args.journey {
        Some(name) => journey(name)?,
        None if args.postgres => on_postgres()?,
        None => all(args.native)?,
    }
    println!("\nAll of it passed in {:.0} s", start.elapsed().as_secs_f64());
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
    /// Builds them; `None`, and says so, where there is no PostgreSQL.
    fn build() -> Result<Option<Self>> {
        match tools::postgres() {
            Ok(programs) => Ok(Some(Self { programs, tested: Tested::build(&["it", "devices"])? })),
            Err(missing) => {
                println!("\nNOT RUN: the server's tests on PostgreSQL: {missing:#}");
                Ok(None)
            }
        }
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

fn on_postgres() -> Result<()> {
    OnPostgres::build()?.map_or(Ok(()), |tests| tests.run())
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

fn all(native: bool) -> Result<()> {
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
    if native {
        return on_postgres();
    }
    // Together they take three quarters of the time that they take one after the other. Built first: cargo builds for one at a time.
    let postgres = OnPostgres::build()?;
    let on_postgres = || postgres.map_or(Ok(()), |tests| tests.run());
    beside("postgres", on_postgres, || browser::storage_tests(&tools))?;
    browser::journey(None)
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
