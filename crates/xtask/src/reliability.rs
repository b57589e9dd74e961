//! The campaigns behind the promises of docs/sync-protocol.md, run one after the other; `docs/reliability.md` is what they said.
//!
//! A campaign is a test that prints one line, `campaign NAME: 2000 schedules, 6302 devices, …, 0 lost`. It fails by itself when
//! something is lost; the page only tells how much was tried.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::build::{self, Tested};
use crate::postgres::Cluster;
use crate::step::{cargo, output, root, step};
use crate::tools::{self, Need, Tools};
use crate::{browser, pwa};

#[derive(clap::Args)]
pub struct Args {
    /// As little as every test run does; the page is not written.
    #[arg(long)]
    quick: bool,
    /// Only the campaign of this name; the page is not written, and takes over what it said when it is.
    #[arg(long)]
    only: Option<String>,
    /// Runs anew what was run before.
    #[arg(long)]
    again: bool,
}

/// How a campaign is run.
enum How {
    /// `cargo test` with these arguments, before `--nocapture`.
    Cargo(&'static [&'static str]),
    /// The same with a PostgreSQL server that is there for it.
    Postgres(&'static [&'static str]),
    /// The journey whose test has this name.
    Journey(&'static str),
}

struct Campaign {
    /// As its line says.
    name: &'static str,
    about: &'static str,
    how: How,
    /// The variable that says how much of it, and how much the page asks for.
    size: (&'static str, u64),
}

const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "simulation",
        about: "The phone's and the server's own decisions over disks, clocks and a network in memory, out of one seed each: every \
                fault between any two effects, then calm, then the invariants.",
        how: How::Cargo(&["-p", "sync", "--test", "it", "nothing_is_lost_doubled_or_leaked"]),
        size: ("SOTAY_SCHEDULES", 200_000),
    },
    Campaign {
        name: "killed server",
        about: "The real server as a process on a real disk, killed with `kill -9` while eight phones push, half of the times right \
                after an answer.",
        how: How::Cargo(&[
            "--workspace",
            "--test",
            "devices",
            "a_server_killed_while_eight_phones",
        ]),
        size: ("SOTAY_KILLS", 1_000),
    },
    Campaign {
        name: "killed server on PostgreSQL",
        about: "The same with its records in PostgreSQL, in a database of its own.",
        how: How::Postgres(&[
            "--workspace",
            "--test",
            "devices",
            "a_server_killed_while_eight_phones",
        ]),
        size: ("SOTAY_KILLS", 1_000),
    },
    Campaign {
        name: "two servers",
        about: "Two processes of the server on one PostgreSQL database, either killed with `kill -9` at any moment, while eight \
                phones write to both and change each other's records.",
        how: How::Postgres(&["--workspace", "--test", "devices", "two_servers_on_one_database"]),
        size: ("SOTAY_KILLS", 500),
    },
    Campaign {
        name: "killed browser",
        about: "Chromium with the built app on real IndexedDB, without a network, killed with `kill -9` while a person types and \
                while the app starts.",
        how: How::Journey("killed anywhere"),
        size: ("SOTAY_KILLS", 100),
    },
    Campaign {
        name: "flapping line",
        about: "The same while a line to the real server comes and goes every 200 ms, killed while answers are typed, while a photo is \
                taken and kept, and while all is sent: what was filled \
                arrives, once, with its photo.",
        how: How::Journey("flapping"),
        size: ("SOTAY_KILLS", 50),
    },
];

/// What the page says of a promise: the campaigns that try it, and the tests that show a part of it on their own.
struct Promise {
    says: &'static str,
    campaigns: &'static [&'static str],
    tests: &'static [&'static str],
}

const PROMISES: &[Promise] = &[
    Promise {
        says: "P1 An answer shown on screen survives a kill of the tab, the browser or the phone (at most the last 250 ms of typing are \
               lost)",
        campaigns: &["killed browser", "flapping line", "simulation"],
        tests: &[
            "tests/e2e/journeys/killed.test.mjs",
            "tests/e2e/journeys/recording.test.mjs",
            "tests/e2e/journeys/full_disk.test.mjs",
            "tests/devices/killed_phone.rs",
        ],
    },
    Promise {
        says: "P2 Nothing leaves a phone's store before the server has proved that it holds it durably",
        campaigns: &["simulation", "killed server", "killed server on PostgreSQL", "two servers"],
        tests: &[
            "tests/e2e/journeys/captive_portal.test.mjs",
            "crates/server/tests/it/group_commit.rs",
        ],
    },
    Promise {
        says: "P3 Sending twice, out of order, truncated, or from two tabs changes nothing",
        campaigns: &["simulation", "killed server", "killed server on PostgreSQL", "two servers"],
        tests: &[
            "tests/devices/sent_twice.rs",
            "tests/devices/bad_push.rs",
            "tests/e2e/journeys/two_tabs.test.mjs",
        ],
    },
    Promise {
        says: "P4 Devices that have exchanged the same operations show the same records",
        campaigns: &["simulation", "two servers"],
        tests: &["crates/sync/tests/it/merging.rs", "tests/devices/same_unit.rs"],
    },
    Promise {
        says: "P5 No concurrent edit is silently lost",
        campaigns: &["simulation"],
        tests: &["tests/devices/two_officers.rs", "tests/e2e/journeys/two_tabs.test.mjs"],
    },
    Promise {
        says: "P6 The server never refuses field work",
        campaigns: &["simulation"],
        tests: &[
            "tests/devices/repair_desk.rs",
            "crates/server/tests/it/repair.rs",
            "tests/e2e/journeys/repair_desk.test.mjs",
        ],
    },
    Promise {
        says: "P7 A server restored from a backup gets back from the phones what it lost",
        campaigns: &["simulation"],
        tests: &["tests/devices/restored_server.rs", "crates/server/tests/it/backup.rs"],
    },
    Promise {
        says: "P8 Work can leave a phone without internet",
        campaigns: &["simulation"],
        tests: &[
            "tests/devices/carried.rs",
            "tests/devices/rescued.rs",
            "crates/server/tests/it/bundle.rs",
            "crates/sync/tests/it/bundles.rs",
            "tests/e2e/journeys/carried.test.mjs",
        ],
    },
    Promise {
        says: "P9 Who may not see a record never receives it; who loses the right loses the copy, never unsent work",
        campaigns: &["simulation"],
        tests: &[
            "tests/devices/who_may_not_see.rs",
            "tests/devices/moved_record.rs",
            "tests/devices/sessions.rs",
        ],
    },
    Promise {
        says: "P10 Filling never waits for sync",
        campaigns: &["killed browser", "flapping line"],
        tests: &[
            "tests/e2e/journeys/the_whole_loop.test.mjs",
            "tests/e2e/journeys/captive_portal.test.mjs",
        ],
    },
];

/// A defect that others shipped and the simulation cannot hold.
struct Elsewhere {
    defect: &'static str,
    source: &'static str,
    /// The test that fails with it, by its file and its name; or why none does.
    caught: Result<(&'static str, &'static str), &'static str>,
}

const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        defect: "Two tabs save their drafts under one key",
        source: "Enketo: autosave by the form's name",
        caught: Ok((
            "tests/e2e/journeys/two_tabs.test.mjs",
            "the same record is open in two tabs: different answers all stay",
        )),
    },
    Elsewhere {
        defect: "A new version takes the files away from under an open form",
        source: "Enketo #986",
        caught: Ok((
            "tests/e2e/journeys/service_worker.test.mjs",
            "a window that is opened does not take the files away from one that an older version still runs in",
        )),
    },
    Elsewhere {
        defect: "The page comes in place of a script that is missing, and is kept as one",
        source: "servers that answer index.html to every address",
        caught: Ok((
            "crates/server/tests/it/static_files.rs",
            "a_page_of_the_app_is_the_app_and_a_missing_file_is_missing",
        )),
    },
    Elsewhere {
        defect: "Whatever the network answers is kept as a file of the app",
        source: "the same behind a network's sign-in page",
        caught: Ok((
            "tests/e2e/journeys/service_worker.test.mjs",
            "answers of the API, errors and answers of other sites are never kept",
        )),
    },
    Elsewhere {
        defect: "How far a phone has read is known to the phone alone",
        source: "CouchDB: a checkpoint on one end",
        caught: Err(
            "no defect here: the server signs the cursor and keeps none. What goes wrong with it is planted above: CursorBeforePage, \
             NoEpochOnRestore, ScopeWithoutRevision, BatchBegunAgain",
        ),
    },
];

impl Elsewhere {
    fn row(&self) -> Result<String> {
        let Self { defect, source, caught } = self;
        let by = match caught {
            Ok((file, test)) => {
                let tests = std::fs::read_to_string(root().join(file)).context(*file)?;
                if !tests.contains(test) {
                    bail!("{defect}: {file} has no test “{test}”");
                }
                format!("`{file}`: {test}")
            }
            Err(why) => (*why).to_owned(),
        };
        Ok(format!("| {defect} | {source} | {by} |"))
    }
}

/// What a campaign said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// How often, by what.
    figures: BTreeMap<String, u64>,
    /// In the order of the line.
    words: Vec<String>,
    /// Which situations it met.
    met: Vec<(u64, String)>,
    seed: Option<String>,
    commit: Option<String>,
}

impl Said {
    fn figure(&self, what: &str) -> Result<u64> {
        self.figures.get(what).copied().with_context(|| format!("its line has no {what}"))
    }
}

/// Runs the campaigns, and writes the page when all of them were run whole.
pub fn reliability(args: &Args) -> Result<()> {
    let is_wanted = |campaign: &&Campaign| match &args.only {
        Some(only) => only == campaign.name,
        None => true,
    };
    let wanted: Vec<&Campaign> = CAMPAIGNS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        let names: Vec<&str> = CAMPAIGNS.iter().map(|campaign| campaign.name).collect();
        bail!("there is no campaign of that name; there are: {}", names.join(", "));
    }
    // The others need no app, which takes minutes to build.
    if wanted.iter().any(|campaign| matches!(campaign.how, How::Journey(_))) {
        pwa::pwa(&Tools::ensure(Need::ALL)?)?;
    }
    let commit =
        output(Command::new("git").current_dir(root()).args(["rev-parse", "--short", "HEAD"]))?;
    let mut said = BTreeMap::new();
    for campaign in wanted {
        let told = step(campaign.name, || match kept(campaign) {
            Some(lines) if !(args.quick || args.again || args.only.is_some()) => {
                read(campaign.name, &lines)
            }
            _ => run(campaign, args.quick, commit.trim()),
        })?;
        said.insert(campaign.name, told);
    }
    if args.quick || args.only.is_some() {
        return Ok(());
    }
    let museum = step("museum", || {
        let mut test = cargo();
        test.args(["test", "--locked", "-p", "sync", "--test", "it", "planted_defects"]);
        lines_of(test.args(["--", "--nocapture"]))
    })?;
    let page = page(&said, &museum)?;
    std::fs::write(root().join("docs/reliability.md"), page)?;
    println!("docs/reliability.md is written");
    Ok(())
}

/// Where it is kept what a campaign said that was run whole, after the commit at which.
fn words_of(campaign: &Campaign) -> PathBuf {
    build::target().join(format!("reliability/{}.log", campaign.name))
}

fn kept(campaign: &Campaign) -> Option<Vec<String>> {
    let words = std::fs::read_to_string(words_of(campaign)).ok()?;
    Some(words.lines().map(str::to_owned).collect())
}

fn run(campaign: &Campaign, quick: bool, commit: &str) -> Result<Said> {
    let cluster = match campaign.how {
        How::Postgres(_) => Some(Cluster::start(&tools::postgres()?)?),
        How::Cargo(_) | How::Journey(_) => None,
    };
    let mut command = match campaign.how {
        How::Cargo(arguments) | How::Postgres(arguments) => {
            let mut test = cargo();
            test.args(["test", "--locked"]).args(arguments).args(["--", "--nocapture"]);
            test.envs(cluster.as_ref().map(|cluster| ("SOTAY_TEST_POSTGRES", &cluster.url)));
            test
        }
        How::Journey(name) => {
            let mut node = browser::node(&Tested::build(&["devices"])?.server)?;
            node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
            node.arg(format!("--test-name-pattern={name}")).arg("journeys/");
            node
        }
    };
    let (variable, size) = campaign.size;
    if !quick {
        command.env(variable, size.to_string());
    }
    let mut lines = vec![format!("commit {commit}")];
    lines.extend(lines_of(&mut command)?);
    let said = read(campaign.name, &lines)?;
    let lost = said.figure("lost")?;
    if lost > 0 {
        bail!("{}: {lost} lost", campaign.name);
    }
    if !quick {
        let words = words_of(campaign);
        std::fs::create_dir_all(words.parent().context("a folder of its own")?)?;
        std::fs::write(words, lines.join("\n"))?;
    }
    Ok(said)
}

/// What a command prints, shown as it comes.
fn lines_of(command: &mut Command) -> Result<Vec<String>> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {command:?}"))?;
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().context("its output")?).lines() {
        let line = line?;
        println!("{line}");
        lines.push(line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(lines)
}

/// The line of a campaign, and the counts of situations below it.
fn read(name: &str, lines: &[String]) -> Result<Said> {
    let mut said = Said::default();
    let start = format!("campaign {name}: ");
    for line in lines {
        if let Some(figures) = line.trim().strip_prefix(&start) {
            for figure in figures.split(", ") {
                let (number, what) = figure.split_once(' ').context("a figure has a number")?;
                said.figures.insert(what.to_owned(), number.parse().context(what.to_owned())?);
                said.words.push(figure.to_owned());
            }
        } else if let Some(commit) = line.strip_prefix("commit ") {
            said.commit = Some(commit.to_owned());
        } else if let Some(seed) =
            line.trim().strip_prefix("SOTAY_SEED=").or(line.strip_prefix("seed "))
        {
            said.seed = Some(seed.to_owned());
        } else if let Some((number, what)) = line.trim().split_once(' ')
            && let Ok(times) = number.parse()
            && line.starts_with("  ")
        {
            said.met.push((times, what.to_owned()));
        }
    }
    if said.figures.is_empty() {
        bail!("the campaign “{name}” printed no line of its own");
    }
    Ok(said)
}

fn page(said: &BTreeMap<&str, Said>, museum: &[String]) -> Result<String> {
    let mut page = String::from(
        "# What was tried, and what was lost\n\n\
         Written by `cargo xtask reliability`; do not edit. A campaign that loses anything fails, and this page is \
         not written.\n\n\
         ## Campaigns\n\n\
         | Campaign | At commit | Devices | Operations | Faults | Lost | All that it said |\n|---|---|---:|---:|---:|---:|---|\n",
    );
    for campaign in CAMPAIGNS {
        let told = said.get(campaign.name).context(campaign.name)?;
        let [devices, faults, lost] = ["devices", "faults", "lost"].map(|what| told.figure(what));
        let operations = told.figures.get("operations").map_or("-".to_owned(), u64::to_string);
        let seed = told.seed.as_ref().map(|seed| format!("; seed {seed}")).unwrap_or_default();
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {}{seed} |",
            campaign.name,
            told.commit.as_deref().unwrap_or_default(),
            devices?,
            operations,
            faults?,
            lost?,
            told.words.join(", ")
        )?;
    }
    for campaign in CAMPAIGNS {
        let (variable, size) = campaign.size;
        let command = match campaign.how {
            How::Cargo(arguments) => format!("cargo test {} -- --nocapture", arguments.join(" ")),
            How::Postgres(_) => format!("cargo xtask reliability --only \"{}\"", campaign.name),
            How::Journey(name) => format!("cargo xtask test --journey \"{name}\""),
        };
        let sized = match campaign.how {
            How::Postgres(_) => command,
            How::Cargo(_) | How::Journey(_) => format!("{variable}={size} {command}"),
        };
        writeln!(page, "\n**{}.** {}\n\n    {sized}", campaign.name, campaign.about)?;
    }
    page.push_str("\n## Promises\n\n| Promise | Campaigns | Tests that show a part of it alone |\n|---|---|---|\n");
    for promise in PROMISES {
        let missing: Vec<_> =
            promise.tests.iter().filter(|test| !root().join(test).is_file()).collect();
        if !missing.is_empty() {
            bail!("{}: {missing:?} do not exist", promise.says);
        }
        let tests: Vec<_> = promise.tests.iter().map(|test| format!("`{test}`")).collect();
        let none = |list: String| if list.is_empty() { "none yet".to_owned() } else { list };
        writeln!(
            page,
            "| {} | {} | {} |",
            promise.says,
            none(promise.campaigns.join(", ")),
            none(tests.join(", "))
        )?;
    }
    page.push_str(
        "\n## What the simulation met\n\nHow often each situation came up. A campaign that never meets one of them fails.\n\n\
         | Situation | Times |\n|---|---:|\n",
    );
    for (times, what) in &said.get("simulation").context("simulation")?.met {
        writeln!(page, "| {what} | {times} |")?;
    }
    page.push_str(
        "\n## The museum\n\nDefects that others shipped, or we did, planted in the simulation. Each must be caught within 200 \
         schedules, in every test run.\n\n| Planted | Where it was | Caught with seed |\n|---|---|---:|\n",
    );
    for (defect, source, seed) in museum.iter().filter_map(|line| caught(line)) {
        writeln!(page, "| {defect} | {source} | {seed} |")?;
    }
    page.push_str(
        "\nThose that the simulation cannot hold, because they are a browser's, or none here:\n\n\
         | Defect | Where it was | What fails with it |\n|---|---|---|\n",
    );
    for defect in ELSEWHERE {
        writeln!(page, "{}", defect.row()?)?;
    }
    page.push_str(
        "\n## What none of this shows\n\nA phone whose battery is pulled; a disk that lies about `fsync`; browsers other than \
         Chromium; iOS, where the system may throw storage away by itself.\n",
    );
    Ok(page)
}

/// `caught NAME (SOURCE) with seed N: WHAT`
fn caught(line: &str) -> Option<(&str, &str, &str)> {
    let (defect, rest) = line.trim().strip_prefix("caught ")?.split_once(" (")?;
    let (source, rest) = rest.split_once(") with seed ")?;
    let (seed, _) = rest.split_once(':')?;
    Some((defect, source, seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_campaign_is_read_from_its_line_and_what_it_met_from_those_below() {
        let printed = "commit 8ebb4aa\nrunning 1 test\ncampaign simulation: 2000 schedules, 6302 devices, 0 lost\n      997 answer signed out\nok";
        let said = read("simulation", &lines(printed)).unwrap();
        assert_eq!(said.figure("devices").unwrap(), 6302);
        assert_eq!(said.figure("lost").unwrap(), 0);
        assert_eq!(said.met, [(997, "answer signed out".to_owned())]);
        assert_eq!(said.commit.as_deref(), Some("8ebb4aa"));
    }

    #[test]
    fn what_fails_with_a_defect_that_cannot_be_planted_is_there_and_on_the_page() {
        let page = std::fs::read_to_string(root().join("docs/reliability.md")).unwrap();
        for defect in ELSEWHERE {
            let row = defect.row().unwrap();
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn a_campaign_that_says_nothing_is_no_success() {
        assert!(read("simulation", &lines("test result: ok. 0 passed")).is_err());
        assert!(read("simulation", &lines("campaign simulation: many schedules")).is_err());
    }

    #[test]
    fn a_caught_defect_is_read_with_its_source_and_its_seed() {
        let line = "caught GapAccepted (ODK #669, #805: edits out of order) with seed 4: panicked";
        assert_eq!(caught(line), Some(("GapAccepted", "ODK #669, #805: edits out of order", "4")));
    }
}
