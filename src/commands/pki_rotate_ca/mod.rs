//! `pki rotate-ca`: a CA takes the place of another while the zone runs, forward or back, from wherever it
//! stands.

mod choice;
mod clients;
mod invocation;
mod offline;
mod progress_report;
mod rehearsal;
mod status;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::arguments::{not_waited_for, open_zone};
use crate::cli::PkiRotateCaArgs;
use crate::output::print_dry_run;
use choice::Choice;
use invocation::Invocation;
use live::LiveZone;
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report as output;
use operations::lock::OperationLock;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::restart::refuse_unless_restartable;
use operations::rotation::{Progress, Rotation, Stage};
use operations::runbook::{DryRun, Gates, Runbook};
use operations::transport::etcd_delivery::learn_recipients;
use operations::transport::{gets_files, names_etcd, not_heard_yet};
use progress_report::ProgressReport;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::{Authorities, RotationScope, ZoneDirectory, was_taken_back};
use zone_pki::ShowPath;

/// Its name, as the lock tells others, and as it is typed.
const OPERATION: &str = "pki rotate-ca";
/// A gate.
const SEEN_AND_FREE: &str = "members answer, and no other operation";
/// For how long a member is waited for that does not answer: long enough for a restart.
const COMEBACK_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

#[tracing::instrument(skip_all, name = "pki rotate-ca")]
pub(super) fn run(arguments: &PkiRotateCaArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    // The way back from CAs that a clock which was ahead has made is open to the clock that is right.
    let zone = if arguments.rollback { zone.with_clock_said_right(true) } else { zone };
    let site = Site::Zone(zone);
    let zone = site.zone_directory()?;
    site.act_as_owner()?;
    if arguments.rehearse {
        return rehearsal::run(arguments, zone).map(|()| ExitCode::SUCCESS);
    }
    let mut gates = Gates::new(arguments.dry_run);
    if !arguments.status {
        gates.pass("the clock", zone.refuse_clock_behind())?;
    }
    if let Some(out) = &arguments.carried.out {
        return offline::run(arguments, &site, gates, out, now).map(|()| ExitCode::SUCCESS);
    }
    if !arguments.status && !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
        learn_recipients(&site, now)?;
    }
    let progress = infer(&site, zone)?.progress;
    if arguments.status {
        return status::print_status(zone, &progress, arguments.format);
    }
    gates.pass("every node is reached", refuse_unreached(zone, &Invocation::of(arguments)))?;
    let is_way_back = arguments.rollback && progress.rotated.is_some() && progress.stage > Stage::Before;
    let locked = wait_until_seen(&site, zone, progress).and_then(|()| match gates.is_dry_run() {
        true => OperationLock::refuse_held(&site).map(|()| None),
        false => OperationLock::take(&site, OPERATION).map(Some),
    });
    let lock = match locked {
        Ok(lock) => {
            gates.pass(SEEN_AND_FREE, Ok(()))?;
            lock
        }
        // What keeps the members from answering may be the very CA that is to go.
        Err(failure) if is_way_back && failure.exit == Exit::Unavailable => {
            output::warning(&format!("going back without the lock of operations, since {failure}"));
            None
        }
        Err(failure) => {
            gates.pass(SEEN_AND_FREE, Err(failure))?;
            None
        }
    };
    // The operation that held the lock before may have gone on.
    let Inferred { live, authorities, progress } = infer(&site, zone)?;
    let moved = live.refuse_moved(|node| zone.proposed(&format!("member update {node}")));
    gates.pass("members are where zone.toml says", moved)?;
    let Some(choice) = Choice::make(arguments, &progress, zone, &authorities, now)? else {
        return status::print_status(zone, &progress, arguments.format);
    };
    if choice.until.is_some() && progress.stage == Stage::Before {
        gates.pass("the members' clocks", refuse_clock_ahead(&live))?;
    }
    let mut narration = ProgressReport::new(zone, arguments.trust_bundle.as_deref());
    let mut operation = Operation::with(lock, &site, OPERATION, arguments.timeout.into(), &mut narration)
        .without(not_waited_for(&arguments.without, zone)?);
    if choice.until.is_some() {
        gates.pass("members could be restarted", refuse_unless_restartable(&operation.observer))?;
    }
    let mut rotation = Rotation {
        operation: &mut operation,
        zone,
        rotated: choice.rotated,
        from: progress.stage,
        until: choice.until,
        carried: None,
        before_drop: clients::tell,
        pending: None,
    };
    if gates.is_dry_run() {
        rotation.pass_gates(&mut gates)?;
        let dry_run = DryRun::of(OPERATION, gates, &rotation, &live)?;
        return print_dry_run(dry_run, arguments.format).map(|()| ExitCode::SUCCESS);
    }
    rotation.run()?;
    let reached = rotation.reached();
    drop(operation);
    narration.finish()?;
    tell_what_is_next(zone, reached, choice.rotated, &Invocation::of(arguments));
    status::print_status(zone, &infer(&site, zone)?.progress, arguments.format)
}

/// The zone as it answers, and what follows of that.
struct Inferred {
    live: LiveZone,
    authorities: Authorities,
    progress: Progress,
}

fn infer(site: &Site, zone: &ZoneDirectory) -> Result<Inferred> {
    let live = Observer::new(site).observe()?;
    let authorities = Authorities::load_before_their_time(&zone.paths, OffsetDateTime::now_utc())?;
    let progress = Progress::infer(&authorities, &live, was_taken_back(zone, &authorities));
    Ok(Inferred { live, authorities, progress })
}

/// A CA is valid from a few minutes before it is made: by how far a member's clock may be behind.
const CLOCK_BEHIND_AT_MOST: time::Duration = time::Duration::minutes(4);

/// By the clock of a member that is far behind, the CA that is to be made is not valid: it refuses it, or
/// what it issues.
fn refuse_clock_ahead(live: &LiveZone) -> Result<()> {
    let behind = live.members.iter().filter_map(|member| {
        let behind = member.client.as_ref()?.behind.filter(|behind| *behind > CLOCK_BEHIND_AT_MOST)?;
        Some(format!("that of {} is at least {} s behind it", member.name, behind.whole_seconds()))
    });
    let causes: Vec<String> = behind.collect();
    if causes.is_empty() {
        return Ok(());
    }
    let mut failure =
        Failure::new(Exit::TryAgain, "nothing was done: this machine's clock is not that of the members");
    failure.causes = causes;
    Err(failure.because("a CA that is made now would not be valid there").next(
        "set the clock that is wrong (timedatectl set-ntp true, or chronyc makestep), and run the command \
         again",
    ))
}

/// A rotation that is begun and cannot reach a node would stop in the middle.
fn refuse_unreached(zone: &ZoneDirectory, typed: &Invocation) -> Result<()> {
    let unreached = zone.config.nodes.iter().find(|node| gets_files(zone, node));
    let Some(node) = unreached else { return Ok(()) };
    let name = node.name.short();
    if names_etcd(zone, node) {
        return Err(not_heard_yet(zone, node));
    }
    Err(Failure::new(Exit::Usage, format!("nothing says how {name} is reached"))
        .because(format!(
            "{} has no [access], and {name} does not run from here",
            zone.paths.config().shown()
        ))
        .next(format!(
            "add [access] with command = \"ssh root@{{address}} zone-etcd\"; or carry each stage in files: \
             {}; or take {name} out of zone.toml until the rotation is over",
            zone.proposed(&format!("{} --out DIR --passphrase-file FILE", typed.again()))
        )))
}

/// A member that is not seen cannot be said to trust anything. One that was being restarted when the command
/// was killed comes back.
fn wait_until_seen(site: &Site, zone: &ZoneDirectory, mut progress: Progress) -> Result<()> {
    let deadline = Instant::now() + COMEBACK_LIMIT;
    let mut was_told = false;
    loop {
        let Some((name, why)) = progress.unseen().next() else { return Ok(()) };
        // Where no member answers, none is being restarted.
        if Instant::now() >= deadline || progress.unseen().count() == progress.members.len() {
            return Err(unseen(site, &progress));
        }
        if !was_told {
            output::message(&format!("waiting for {name}: {why}"));
            was_told = true;
        }
        std::thread::sleep(PAUSE);
        progress = infer(site, zone)?.progress;
    }
}

fn unseen(site: &Site, progress: &Progress) -> Failure {
    let unseen: Vec<(&str, &str)> = progress.unseen().collect();
    let names: Vec<&str> = unseen.iter().map(|(name, _)| *name).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let what = format!("nothing was done: {} {verb} not well", names.join(", "));
    let failure = unseen.iter().fold(Failure::new(Exit::Unavailable, what), |failure, (name, why)| {
        failure.because(format!("{name}: {why}"))
    });
    // What cannot be seen of a node that is described can be fixed there.
    let described = names.iter().find(|name| site.config().node(name).is_some());
    let first = described.or(names.first()).copied().unwrap_or_default();
    failure.next(format!("have every member well first: {}", site.proposed_look_at(first)))
}

fn tell_what_is_next(zone: &ZoneDirectory, reached: Stage, rotated: RotationScope, typed: &Invocation) {
    let ways = || {
        let (next, back) = (typed.go_on(), typed.back());
        format!("next: {}\nback: {}", zone.proposed(&next), zone.proposed(&back))
    };
    match reached {
        Stage::TrustBoth if rotated == RotationScope::Root => output::message(&format!(
            "every member trusts both; clients elsewhere have to trust the new root before the next \
             stage\n{}",
            ways()
        )),
        Stage::TrustBoth => output::message(&format!("every member trusts both\n{}", ways())),
        Stage::NewLeaves if rotated == RotationScope::Plane(Plane::Peer) => {
            output::message(&format!("every member shows a certificate of the new CA\n{}", ways()));
        }
        Stage::NewLeaves => output::message(&format!(
            "every member shows a certificate of the new CA; clients elsewhere need theirs before the next \
             stage\n{}",
            ways()
        )),
        Stage::Before => output::message("every member trusts the old CA alone, as before"),
        Stage::DropOld => {
            output::message(
                "every member trusts the new CA alone; the old one is in ca/retired with its key: destroy \
                 that once it is not needed",
            );
            if rotated != RotationScope::Root {
                output::message(
                    "clients trust the root, and with it anyone who has the key of the old CA: if that was \
                     stolen, replace the root as well (--root)",
                );
            }
        }
    }
}
