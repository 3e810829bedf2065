//! The CAs of both planes replaced under load: `pki rotate-ca` against the same files put in place by hand,
//! once with care and once all at the same time. The load is that of `pki rotate-ca --rehearse`; what counts
//! is the longest time between two acknowledged writes of its client that uses all endpoints.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use operations::event::{Event, Watch};
use rehearsal::{Load, Stage};
use serde_json::Value;
use store::zone_directory::{CaPassphrase, ZoneDirectory};

use crate::arguments::Arguments;
use crate::launch::explain;
use crate::members::{By, Members};
use crate::report::{Section, in_milliseconds};
use crate::running_zone::NODES;
use crate::scratch::Scratch;
use crate::statistics::Samples;
use crate::zone_files::{checked, issue_all};
use crate::{Result, zone_etcd};

/// How long nothing happens for the noise: in the full run as long as a rotation takes.
const QUIET: (Duration, Duration) = (CALM, Duration::from_secs(10));
/// After a change, for what comes late.
const CALM: Duration = Duration::from_secs(1);
/// What a rotation may add to the noise in the median, in milliseconds.
const MEDIAN: f64 = 15.0;
/// The longest gap of any run.
const LONGEST: f64 = 120.0;

/// Stages of the load.
const IN_TURN: &str = "in turn";
const AT_ONCE: &str = "at once";
/// Who has files, below the zone directory.
const HOLDERS: [&str; 4] = ["nodes/node1/pki", "nodes/node2/pki", "nodes/node3/pki", "clients/admin"];
/// Generations of files: as issued, and what comes of the old ones and of those of other CAs.
const OLD: &str = "gen-1";
const TRUST_BOTH: &str = "trust-both";
const NEW_LEAVES: &str = "new-leaves";
const NEW: &str = "new";

/// Each way in turn, in each run.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let runs = arguments.runs(1, 10);
    let by_hand = ByHand::prepare(scratch)?;
    let [mut noise, mut ours, mut in_turn, mut at_once] = <[Samples; 4]>::default();
    let mut harmed = 0.0;
    for _ in 0..runs {
        let told = rehearse(&by_hand.new)?;
        ours.add(Duration::from_secs_f64(told["goal"]["longest_gap_seconds"].as_f64().ok_or("no gap")?));
        let count = |field: &str| told[field].as_f64().unwrap_or(f64::NAN);
        harmed += count("lost_writes") + count("failed_writes") + count("stale_reads");
        for (stage, gap) in by_hand.measure(arguments.short)? {
            match stage {
                IN_TURN => in_turn.add(gap),
                AT_ONCE => at_once.add(gap),
                _ => noise.add(gap),
            }
        }
    }
    let mut section = Section::new(format!(
        "rotation: the longest gap between two writes, both CAs replaced, {runs} runs, median (longest)"
    ));
    for (what, gaps) in [
        ("nothing: the noise", &noise),
        ("pki rotate-ca", &ours),
        ("by hand, one member after another", &in_turn),
        ("by hand, all members at once", &at_once),
    ] {
        if gaps.count() == 0 {
            continue;
        }
        let longest = in_milliseconds(gaps.percentile(100));
        section.figure(what, format!("{} ({longest})", in_milliseconds(gaps.median())));
    }
    let what = "pki rotate-ca: the median, less the noise";
    section.at_most(what, ours.median() - noise.median(), MEDIAN, in_milliseconds);
    section.at_most("pki rotate-ca: the longest", ours.percentile(100), LONGEST, in_milliseconds);
    let what = "pki rotate-ca: writes lost or failed for good, reads of the past";
    section.at_most(what, harmed, 0.0, |count| count.to_string());
    Ok(section)
}

/// What the program itself measures on a zone like this one.
fn rehearse(zone: &Path) -> Result<Value> {
    let mut command = Command::new(zone_etcd());
    command.args(["pki", "rotate-ca", "--rehearse", "--format", "json", "--zone"]).arg(zone);
    Ok(serde_json::from_slice(&checked(&mut command)?.stdout)?)
}

/// Members that etcd itself is started for, and all states of their files.
struct ByHand {
    members: Members,
    /// A zone directory with the same nodes and other CAs.
    new: PathBuf,
}

impl ByHand {
    fn prepare(scratch: &Scratch) -> Result<Self> {
        let members = Members::new(scratch, "rotation", NODES.len(), None, Duration::ZERO)?;
        let new = scratch.directory("new")?;
        std::fs::copy(members.directory().join("zone.toml"), new.join("zone.toml"))?;
        issue_all(&new)?;
        let by_hand = Self { members, new };
        by_hand.add_state(TRUST_BOTH, |is_ca, [old, new]| if is_ca { [old, new].concat() } else { old })?;
        by_hand.add_state(NEW_LEAVES, |is_ca, [old, new]| if is_ca { [old, new].concat() } else { new })?;
        by_hand.add_state(NEW, |_, [_, new]| new)?;
        Ok(by_hand)
    }

    /// Beside the generation of each holder another one. What is in a file follows from whether it holds CAs,
    /// and from the old and the new one.
    fn add_state(&self, state: &str, content: impl Fn(bool, [Vec<u8>; 2]) -> Vec<u8>) -> Result<()> {
        for holder in HOLDERS {
            let (generations, new) = (self.members.directory().join(holder), self.new.join(holder).join(OLD));
            std::fs::create_dir(generations.join(state))?;
            for entry in std::fs::read_dir(generations.join(OLD))? {
                let old = entry?.path();
                let name = old.file_name().and_then(|name| name.to_str()).ok_or("no name of a file")?;
                let file = generations.join(state).join(name);
                // With its mode.
                std::fs::copy(&old, &file)?;
                let both = [std::fs::read(&old)?, std::fs::read(new.join(name))?];
                std::fs::write(file, content(name.ends_with("ca.crt"), both))?;
            }
        }
        Ok(())
    }

    /// Has every member, and the client, find the files of a state.
    fn switch_to(&self, state: &str) -> Result<()> {
        for holder in HOLDERS {
            let generations = self.members.directory().join(holder);
            std::os::unix::fs::symlink(state, generations.join("next"))?;
            std::fs::rename(generations.join("next"), generations.join("current"))?;
        }
        Ok(())
    }

    /// The longest gap of each stage: nothing, with care, and back all at once, which takes too long to be
    /// `short`.
    fn measure(&self, short: bool) -> Result<Vec<(&'static str, Duration)>> {
        let passphrase = CaPassphrase::new(None, None).map_err(explain)?;
        let zone = ZoneDirectory::open(self.members.directory(), passphrase).map_err(explain)?;
        self.members.while_restarted(By::Hand, |started| {
            let load = Load::start(&zone).map_err(explain)?;
            let begin = |name| load.watch().event(Event::Stage { name, what: String::new() });
            sleep(if short { QUIET.0 } else { QUIET.1 });
            begin(IN_TURN);
            self.switch_to(TRUST_BOTH)?;
            started.restart_in_turn()?;
            // etcd reads its own certificate again at each handshake.
            self.switch_to(NEW_LEAVES)?;
            sleep(CALM);
            self.switch_to(NEW)?;
            started.restart_in_turn()?;
            if !short {
                begin(AT_ONCE);
                // A gap on a border counts in both stages.
                sleep(CALM);
                self.switch_to(OLD)?;
                started.restart_at_once()?;
                sleep(CALM);
            }
            let measured = load.finish().map_err(explain)?;
            let gap = |stage: &Stage| Some((stage.name, stage.writers.first()?.longest_gap));
            Ok(measured.stages.iter().filter_map(gap).collect())
        })
    }
}
