//! Measurements, never assertions of a test: figures as JSON in `target/bench/`.

mod app;
mod engine;
mod forms;
mod harness;
mod sync;
mod transfer;

use std::num::NonZero;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::build;
use crate::step::{output, root, step};

#[derive(clap::Args)]
pub struct Args {
    /// Only this one.
    only: Option<Bench>,
    #[command(flatten)]
    forms: forms::Args,
    #[command(flatten)]
    harness: harness::Harness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// The app's files: raw, gzip, brotli.
    Transfer,
    /// Push and pull by phones without a browser, a first pull in Chromium, and the same records in `PouchDB`.
    Sync,
    /// Reading forms and evaluating answers, without a browser.
    Engine,
    /// Cold start, opening each form, an answer, a save: the built app in Chromium, at CPU x1 and x4.
    App,
    /// With 10,000 records: cold start, from the last digit of a PIN to the first screen and to the lists.
    Lock,
    /// With 100,000 records: opening the list, each filter, a search, at CPU x1 and x4.
    Lists,
    /// A tap in a table of 200 questions and in a repeat of 200 rows, at CPU x1 and x4.
    Taps,
    /// Opening the page of a roster of 500 rows, and a search in it, at CPU x4.
    Roster,
    /// A search in a list of 100,000 choices, at CPU x1 and x4.
    Choices,
    /// Opening and answering generated forms of 500 to 5,000 questions, beside ODK Web Forms.
    Forms,
}

impl Bench {
    /// The name of its file.
    fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Sync => "sync",
            Self::Engine => "engine",
            Self::App => "app",
            Self::Lock => "lock",
            Self::Lists => "lists",
            Self::Taps => "taps",
            Self::Roster => "roster",
            Self::Choices => "choices",
            Self::Forms => "forms",
        }
    }

    fn measure(self, args: &Args) -> Result<Value> {
        match self {
            Self::Transfer => transfer::measure(),
            Self::Sync => sync::measure(&args.harness),
            Self::Engine => engine::measure(),
            Self::App => app::measure("app.mjs"),
            Self::Lock => app::measure("lock.mjs"),
            Self::Lists => app::measure("lists.mjs"),
            Self::Taps => app::measure("taps.mjs"),
            Self::Roster => app::measure("roster.mjs"),
            Self::Choices => app::measure("choices.mjs"),
            Self::Forms => forms::measure(&args.forms, &args.harness),
        }
    }
}

pub fn bench(args: &Args) -> Result<()> {
    let folder = build::target().join("bench");
    std::fs::create_dir_all(&folder)?;
    for bench in Bench::value_variants() {
        if args.only.is_some_and(|only| only != *bench) {
            continue;
        }
        if args.only.is_none() && *bench == Bench::Forms && !args.harness.is_here() {
            println!("bench: forms is left out: no harness here (--peers says where it is)");
            continue;
        }
        let figures = step(&format!("bench: {}", bench.name()), || bench.measure(args))?;
        write(&folder, bench.name(), figures)?;
    }
    Ok(())
}

/// Writes what was measured, and of what: figures of other code are of no use.
fn write(folder: &Path, name: &str, mut figures: Value) -> Result<()> {
    let path = folder.join(format!("{name}.json"));
    let git = |args: &[&str]| output(Command::new("git").args(args).current_dir(root())).ok();
    figures["of"] = json!({
        "commit": git(&["rev-parse", "--short", "HEAD"]).map(|commit| commit.trim().to_owned()),
        "with_changes": git(&["status", "--porcelain"]).map(|changes| !changes.is_empty()),
        "cpus": std::thread::available_parallelism().map_or(1, NonZero::get),
        "load": std::fs::read_to_string("/proc/loadavg").ok().map(|load| load.trim().to_owned()),
    });
    std::fs::write(&path, serde_json::to_string_pretty(&figures)?)?;
    println!("{}", path.display());
    Ok(())
}
