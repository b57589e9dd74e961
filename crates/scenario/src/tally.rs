//! Counts what passed and failed, tier by tier, and writes the failures down.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Context;
use serde::Serialize;

/// How one case went.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The id of the case.
    pub id: String,
    /// Which tier it counts in.
    pub tier: &'static str,
    /// What was evaluated or done.
    pub input: String,
    /// What other engines give.
    pub expected: String,
    /// What ours gives.
    pub got: String,
    /// Whether they agree.
    pub passed: bool,
}

/// The counts of a run. The first tiers are the gate.
#[derive(Debug)]
pub struct Tally {
    tiers: &'static [&'static str],
    /// How many of the tiers are the gate.
    gated: usize,
    counts: BTreeMap<&'static str, (usize, usize)>,
    report: Option<BufWriter<File>>,
}

impl Tally {
    /// A tally over these tiers, the gated ones first; every outcome goes to the report as a line of JSON.
    pub fn new(
        tiers: &'static [&'static str],
        gated: usize,
        report: Option<&Path>,
    ) -> anyhow::Result<Tally> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("creating {}", path.display()))
        };
        let report = report.map(create).transpose()?.map(BufWriter::new);
        Ok(Tally { tiers, gated, counts: BTreeMap::new(), report })
    }

    /// Counts an outcome; a failure is printed.
    pub fn add(&mut self, outcome: &Outcome, out: &mut impl Write) -> anyhow::Result<()> {
        let (passed, failed) = self.counts.entry(outcome.tier).or_default();
        if outcome.passed {
            *passed += 1;
        } else {
            *failed += 1;
            writeln!(out, "FAIL {} [{}] {}", outcome.id, outcome.tier, outcome.input)?;
            writeln!(out, "     expected {}", outcome.expected)?;
            writeln!(out, "     got      {}", outcome.got)?;
        }
        if let Some(report) = &mut self.report {
            serde_json::to_writer(&mut *report, outcome)?;
            writeln!(report)?;
        }
        Ok(())
    }

    /// Prints a line per tier and the gate last; gives whether the gate holds.
    pub fn finish(mut self, out: &mut impl Write) -> anyhow::Result<bool> {
        if let Some(report) = &mut self.report {
            report.flush()?;
        }
        let count = |tier: &str| self.counts.get(tier).copied().unwrap_or_default();
        for tier in self.tiers {
            let (passed, failed) = count(tier);
            writeln!(out, "{tier}: {passed} passed, {failed} failed")?;
        }
        let gate = self.tiers.iter().take(self.gated).map(|tier| count(tier));
        let (passed, failed) = gate.fold((0, 0), |all, tier| (all.0 + tier.0, all.1 + tier.1));
        writeln!(out, "{passed} passed, {failed} failed")?;
        Ok(failed == 0)
    }
}
