//! Whether a zone works on this machine: a throwaway one is taken through what a zone lives through, with the
//! commands of this program.

mod commands;
mod data;
mod report;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::programs::Programs;
use super::room::{explained_by_room, refuse_without_room};
use super::supervision::{Purpose, Supervision};
use crate::development::prepare;
use crate::foreground::Foreground;
use etcd::{BinaryRequest, EtcdBinary, binary_failure};
use host::temporary_directory;
use launch::remember_verified;
use model::error::{Failure, Result};
use steps::{Step, Zone};
use store::zone_directory::{CaPassphrase, ZoneDirectory};

pub use report::{FailedStep, SelfTestReport, StepReport};

/// A test of this machine.
#[derive(Debug)]
pub struct SelfTest {
    pub programs: Programs,
    /// Leave the zone directory where it is.
    pub is_kept: bool,
}

/// What is known only once the zone is made.
#[derive(Debug)]
struct Made {
    etcd: String,
    took: Duration,
}

impl SelfTest {
    /// Takes a zone through every step, up to the first that fails. Nothing of it is left, however it ends:
    /// at Ctrl-C too.
    pub fn run(self, told: &mut dyn FnMut(&StepReport)) -> SelfTestReport {
        let begun = Instant::now();
        let mut run = Run { report: SelfTestReport::default(), told, step: Step::Issue, begun };
        if let Err(failure) = self.all_steps(&mut run) {
            run.failed(failure);
        }
        let mut report = run.report;
        report.passed = report.failure.is_none();
        report.took_ms = milliseconds(begun.elapsed());
        report
    }

    fn all_steps(self, run: &mut Run<'_>) -> Result<()> {
        let Self { programs, is_kept } = self;
        refuse_without_room(&temporary_directory())?;
        let foreground = Foreground::default();
        let purpose = Purpose { name: "self-test", is_kept, foreground: foreground.clone() };
        let made = Arc::new(OnceLock::new());
        let (with, tell) = (programs.clone(), Arc::clone(&made));
        let mut supervision = Supervision::begin(&programs, purpose, move |home| {
            let begun = Instant::now();
            let (zone, etcd) = make(home, &with)?;
            drop(tell.set(Made { etcd, took: begun.elapsed() }));
            Ok(zone)
        })?;
        let home = supervision.home().to_owned();
        run.report.directory = is_kept.then(|| home.clone());
        if let Some(made) = made.get() {
            run.report.etcd = Some(made.etcd.clone());
            run.passed_after(made.took, "CAs, and certificates for 3 nodes and a client".to_owned());
        }
        let outcome = live_through(run, &mut supervision, foreground, programs);
        // While the zone is still there.
        supervision.end(outcome.map_err(|failure| explained_by_room(failure, &home)))
    }
}

fn live_through(
    run: &mut Run<'_>,
    supervision: &mut Supervision,
    foreground: Foreground,
    programs: Programs,
) -> Result<()> {
    run.begin(Step::Start);
    supervision.wait_until_ready()?;
    run.passed("3 members take requests, mutual TLS on every connection".to_owned());
    let home = supervision.home();
    let zone = ZoneDirectory::open(home, CaPassphrase::new(None, None)?)?;
    let zone = Zone::new(&zone, foreground, programs)?;
    for step in Step::OF_A_RUNNING_ZONE {
        run.begin(step);
        let found = step.carry_out(&zone)?;
        run.passed(found);
    }
    Ok(())
}

/// The steps as they are taken.
struct Run<'t> {
    report: SelfTestReport,
    told: &'t mut dyn FnMut(&StepReport),
    step: Step,
    begun: Instant,
}

impl Run<'_> {
    fn begin(&mut self, step: Step) {
        (self.step, self.begun) = (step, Instant::now());
    }

    fn passed(&mut self, found: String) {
        self.passed_after(self.begun.elapsed(), found);
    }

    fn passed_after(&mut self, took: Duration, found: String) {
        self.add(StepReport { step: self.step.name(), passed: true, took_ms: milliseconds(took), found });
    }

    fn failed(&mut self, failure: Failure) {
        let means = self.step.meaning(failure.exit);
        let (step, took_ms) = (self.step.name(), milliseconds(self.begun.elapsed()));
        self.add(StepReport { step, passed: false, took_ms, found: means.to_owned() });
        self.report.failure = Some(FailedStep { step, means, failure });
    }

    fn add(&mut self, step: StepReport) {
        (self.told)(&step);
        self.report.steps.push(step);
    }
}

fn make(home: &Path, programs: &Programs) -> Result<(ZoneDirectory, String)> {
    let request = BinaryRequest { given: programs.etcd.clone(), ..BinaryRequest::default() };
    let (binary, verified) = EtcdBinary::find(&request, None).map_err(binary_failure)?;
    let zone = prepare(home, &programs.options(), OffsetDateTime::now_utc())?;
    // Each member would take the same digest again.
    for node in zone.config.members() {
        remember_verified(&zone.paths.node(&node.name), &verified)?;
    }
    Ok((zone, binary.version.to_string()))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The program whose commands are tried.
fn program(programs: &Programs) -> Result<PathBuf> {
    programs
        .zone_etcd
        .clone()
        .map_or_else(std::env::current_exe, Ok)
        .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))
}
