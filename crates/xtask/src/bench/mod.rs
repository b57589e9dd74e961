//! Measurements, never assertions of a test: figures as JSON in `target/bench/`.

mod app;
mod engine;
mod sync;
mod transfer;

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;

use crate::build;
use crate::step::step;

#[derive(clap::Args)]
pub struct Args {
    /// Only this one.
    only: Option<Bench>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// The app's files: raw, gzip, brotli.
    Transfer,
    /// Push and pull of 1,000 records.
    Sync,
    /// Reading forms and evaluating answers, without a browser.
    Engine,
    /// Cold start, opening each form, an answer, a save: the built app in Chromium, at CPU x1 and x4.
    App,
}

impl Bench {
    /// The name of its file.
    fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Sync => "sync",
            Self::Engine => "engine",
            Self::App => "app",
        }
    }

    fn measure(self) -> Result<Value> {
        match self {
            Self::Transfer => transfer::measure(),
            Self::Sync => sync::measure(),
            Self::Engine => engine::measure(),
            Self::App => app::measure(),
        }
    }
}

pub fn bench(args: &Args) -> Result<()> {
    let folder = build::target().join("bench");
    std::fs::create_dir_all(&folder)?;
    for bench in Bench::value_variants() {
        if args.only.is_none_or(|only| only == *bench) {
            let figures = step(&format!("bench: {}", bench.name()), || bench.measure())?;
            write(&folder, bench.name(), &figures)?;
        }
    }
    Ok(())
}

fn write(folder: &Path, name: &str, figures: &Value) -> Result<()> {
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, serde_json::to_string_pretty(figures)?)?;
    println!("{}", path.display());
    Ok(())
}
