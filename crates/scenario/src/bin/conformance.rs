//! `conformance <kind> FILE…`: holds an engine against recorded cases of other engines. Ends with 1 if the gate fails.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use scenario::{forms_cases, scenario_cases, xlsform_cases, xpath_cases};

/// Runs recorded cases and closes with `N passed, N failed` over the gated tier.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// Whole forms: whether they load. Takes their `index.json`, or its folder.
    Forms(Files),
    /// Forms with answers, and what is to be seen after each.
    Scenario(Files),
    /// Workbooks: whether they convert, and to what.
    Xlsform(Files),
    /// Expressions: value by value.
    Xpath(Files),
}

#[derive(Args)]
struct Files {
    /// Files of cases, JSON Lines, plain or gzipped.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Where to write every outcome, as JSON Lines.
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let holds = match Arguments::parse().kind {
        Kind::Forms(files) => forms_cases::run(&files.paths, files.report.as_ref(), &mut out)?,
        Kind::Scenario(files) => {
            scenario_cases::run(&files.paths, files.report.as_ref(), &mut out)?
        }
        Kind::Xlsform(files) => xlsform_cases::run(&files.paths, files.report.as_ref(), &mut out)?,
        Kind::Xpath(files) => xpath_cases::run(&files.paths, files.report.as_ref(), &mut out)?,
    };
    out.flush()?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
