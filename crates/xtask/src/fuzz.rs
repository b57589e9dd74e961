//! Runs the fuzz targets of `tests/fuzz`, each for some minutes. What one finds stays in `target/fuzz/findings`.

use anyhow::{Result, bail};

use crate::build;
use crate::step::{cargo, root, run, step};
use crate::tools;

/// What a person could send that another program or a careless hand wrote.
const TARGETS: [&str; 6] = ["expression", "xform", "workbook", "submission", "bundle", "request"];
/// The one that needs the server, which takes longer to build for a fuzzer than all the others.
const WITH_SERVER: &str = "request";

#[derive(clap::Args)]
pub struct Args {
    /// Only this one: expression, xform, workbook, submission, bundle or request.
    only: Option<String>,
    /// For how long each runs.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

pub fn fuzz(args: &Args) -> Result<()> {
    let targets: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| args.only.as_deref().is_none_or(|only| only == *target))
        .collect();
    if targets.is_empty() {
        bail!("there is no such target; there are {}", TARGETS.join(", "));
    }
    let fuzzer = tools::cargo_fuzz()?;
    let (package, target) = (root().join("tests/fuzz"), build::target().join("fuzz"));
    let (corpus, findings) = (target.join("corpus"), target.join("findings"));
    std::fs::create_dir_all(&findings)?;
    step("what the fuzzers start from: the pack's forms", || {
        run(cargo()
            .args(["run", "--quiet", "--bin", "seeds", "--"])
            .args([&root().join("packs/long-khanh-2024/forms"), &corpus])
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&package))
    })?;
    let mut found = Vec::new();
    for name in targets {
        let seconds = args.minutes * 60;
        let ended = step(&format!("fuzzing {name} for {} minutes", args.minutes), || {
            run(std::process::Command::new(&fuzzer)
                .args(["run", "--fuzz-dir"])
                .arg(&package)
                .args((name == WITH_SERVER).then_some("--features=server"))
                .arg(name)
                .arg(corpus.join(name))
                .arg("--")
                .arg(format!("-max_total_time={seconds}"))
                .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
                .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
                // The compiler's hooks for fuzzing are not yet stable.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_DIR", &target)
                .current_dir(root()))
        });
        if let Err(error) = ended {
            println!("{error:#}");
            found.push(name);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("found something in {}: see {}", found.join(", "), findings.display())
}
