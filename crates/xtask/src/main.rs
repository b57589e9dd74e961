//! `cargo xtask …`: everything automated. Each command is one file; start with the list below.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool on a developer's machine may look at the clock"
)]

mod bench;
mod browser;
mod build;
#[cfg(test)]
mod contrast;
mod dist;
mod fingerprint;
mod function_order;
mod fuzz;
mod long_functions;
mod named_tests;
mod postgres;
mod pwa;
mod reliability;
mod schemathesis;
mod serve;
mod split;
mod step;
mod stylesheet;
mod test;
mod tidy;
mod tools;
mod unused;
mod yanked;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Sotay's tasks. `serve` and `test` do all the set-up themselves, on a fresh machine too.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything, loads the pack and starts the server; prints the address and the demo sign-ins.
    Serve(serve::Args),
    /// Runs what CI runs, in the same order: format, lints, tidy, tests, browser tests, the journey.
    Test(test::Args),
    /// Installs what is missing (rustfmt, clippy, wasm target, rust-src, Trunk, wasm-bindgen-cli, wasm-opt, Chromium) and stops.
    Setup,
    /// Builds the phone app into `dist/`.
    Pwa,
    /// Checks the rules that the compiler does not: who may depend on whom, and what lies where.
    Tidy,
    /// Measures: the app's transfer, cold start, forms, answers, saves, sync. JSON in `target/bench/`.
    Bench(bench::Args),
    /// Looks for input that breaks the readers: expressions, XForms, spreadsheets, records.
    Fuzz(fuzz::Args),
    /// Makes requests up out of the API's description and looks for answers that are wrong or that it does not tell of.
    Schemathesis(schemathesis::Args),
    /// Runs the campaigns behind the promises and writes docs/reliability.md. Takes an hour or more.
    Reliability(reliability::Args),
    /// Asks the registry whether a version in Cargo.lock was yanked.
    Yanked,
}

fn main() -> ExitCode {
    let result = run(Cli::parse().task);
    let took = step::took();
    if !took.is_empty() {
        println!("\nWhat it took:\n{took}");
    }
    // The causes alone, and last: whoever reads only the end of a log reads why.
    result.map_or_else(
        |error| {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Serve(args) => serve::serve(&args),
        Task::Test(args) => test::test(&args),
        Task::Setup => {
            tools::checkers()?;
            tools::Tools::ensure(tools::Need::ALL).map(|_| ())
        }
        Task::Pwa => pwa::pwa(&tools::Tools::ensure(&[tools::Need::Pwa])?),
        Task::Tidy => tidy::tidy(),
        Task::Bench(args) => bench::bench(&args),
        Task::Fuzz(args) => fuzz::fuzz(&args),
        Task::Schemathesis(args) => schemathesis::schemathesis(&args),
        Task::Reliability(args) => reliability::reliability(&args),
        Task::Yanked => yanked::yanked(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn whoever_works_here_is_told_of_each_command() {
        let told =
            std::fs::read_to_string(step::root().join("CONTRIBUTING.md")).expect("it is there");
        for task in Cli::command().get_subcommands() {
            let command = format!("`cargo xtask {}`", task.get_name());
            assert!(told.contains(&command), "CONTRIBUTING.md does not tell of {command}");
        }
    }
}
