//! `pki rotate-ca`: a CA takes the place of another while the zone runs, forward or back, from wherever it stands.

mod carried;
mod choice;
mod clients;
mod hands;
mod narration;
mod rehearsal;
mod status;
mod typed;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::open_zone;
use super::restart::act_as_owner_of;
use crate::access::Access;
use crate::cli::PkiRotateCaArgs;
use crate::error::{Exit, Failure, Result};
use crate::live::LiveZone;
use crate::operation_lock::OperationLock;
use crate::plan::Plane;
use crate::report as output;
use crate::rolling::{Observer, refuse_unless_restartable};
use crate::rotation::{Rotation, Stage, Standing};
use crate::site::Site;
use crate::zone_directory::{Authorities, Rotated, ZoneDirectory, was_taken_back};
use choice::Choice;
use hands::ReachedHands;
use narration::Narration;
use typed::Typed;
use zone_pki::ShowPath;

/// Its name, as the lock tells others, and as it is typed.
const OPERATION: &str = "pki rotate-ca";
/// For how long a member is waited for that does not answer: long enough for a restart.
const COMEBACK_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &PkiRotateCaArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    // The way back from CAs that a clock which was ahead has made is open to the clock that is right.
    let zone = if arguments.rollback { zone.with_clock_said_right(true) } else { zone };
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a directory that is not a zone")) };
    act_as_owner_of(&site)?;
    if arguments.rehearse {
        return rehearsal::run(arguments, zone).map(|()| ExitCode::SUCCESS);
    }
    if !arguments.status {
        zone.refuse_clock_behind()?;
    }
    if let Some(out) = &arguments.carried.out {
        return carried::run(arguments, zone, out, now).map(|()| ExitCode::SUCCESS);
    }
    if !arguments.status {
        bring_admin_up_to_date(&site, now);
    }
    let standing = infer(&site, zone)?.standing;
    if arguments.status {
        return status::print_status(zone, &standing, arguments.format);
    }
    refuse_unreached(zone, &Typed::of(arguments))?;
    let is_way_back = arguments.rollback && standing.rotated.is_some() && standing.stage > Stage::Before;
    let lock =
        match wait_until_seen(&site, zone, standing).and_then(|()| OperationLock::take(&site, OPERATION)) {
            Ok(lock) => Some(lock),
            // What keeps the members from answering may be the very CA that is to go.
            Err(failure) if is_way_back && failure.exit == Exit::Unavailable => {
                output::warning(&format!("going back without the lock of operations, since {failure}"));
                None
            }
            Err(failure) => return Err(failure),
        };
    // Whoever held the lock before may have gone on.
    let Inferred { live, authorities, standing } = infer(&site, zone)?;
    live.refuse_moved(|node| zone.proposed(&format!("member update {node}")))?;
    let Some(choice) = Choice::make(arguments, &standing, zone, &authorities, now)? else {
        return status::print_status(zone, &standing, arguments.format);
    };
    if choice.until.is_some() && standing.stage == Stage::Before {
        refuse_clock_ahead(&live)?;
    }
    let observer = Observer::new(&site);
    if choice.until.is_some() {
        refuse_unless_restartable(&observer)?;
    }
    let mut hands = ReachedHands::new(&site, zone, lock, arguments.timeout.into());
    let mut narration = Narration::new(zone, arguments.trust_bundle.as_deref());
    let mut rotation =
        Rotation { zone, observer, rotated: choice.rotated, hands: &mut hands, watch: &mut narration };
    let reached = match choice.until {
        None => rotation.back(standing.stage).map(|()| Stage::Before),
        Some(until) => rotation.forward(standing.stage, until, &mut clients::tell),
    }?;
    drop(hands);
    narration.finish()?;
    tell_what_is_next(zone, reached, choice.rotated, &Typed::of(arguments));
    status::print_status(zone, &infer(&site, zone)?.standing, arguments.format)
}

/// The zone as it answers, and what follows of that.
struct Inferred {
    live: LiveZone,
    authorities: Authorities,
    standing: Standing,
}

fn infer(site: &Site, zone: &ZoneDirectory) -> Result<Inferred> {
    let live = Observer::new(site).observe()?;
    let authorities = Authorities::load_before_their_time(&zone.paths, OffsetDateTime::now_utc())?;
    let standing = Standing::infer(&authorities, &live, was_taken_back(zone, &authorities));
    Ok(Inferred { live, authorities, standing })
}

/// A CA is valid from a few minutes before it is made: by how far a member's clock may be behind.
const CLOCK_BEHIND_AT_MOST: time::Duration = time::Duration::minutes(4);

/// By the clock of a member that is far behind, the CA that is to be made is not valid: it refuses it, or what it issues.
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
        "set the clock that is wrong (timedatectl set-ntp true, or chronyc makestep), and run the command again",
    ))
}

/// A rotation that is begun and cannot reach a node would stop in the middle.
fn refuse_unreached(zone: &ZoneDirectory, typed: &Typed) -> Result<()> {
    let unreached = zone.config.nodes.iter().find(|node| matches!(Access::of(zone, node), Access::ByHand));
    let Some(node) = unreached else { return Ok(()) };
    let name = node.name.short();
    Err(Failure::new(Exit::Usage, format!("nothing says how {name} is reached"))
        .because(format!("{} has no [access], and {name} does not run from here", zone.paths.config().shown()))
        .next(format!(
            "add [access] with command = \"ssh root@{{address}} zone-etcd\"; or carry each stage in files: {}; or take {name} out of \
             zone.toml until the rotation is over",
            zone.proposed(&format!("{} --out DIR --passphrase-file FILE", typed.again()))
        )))
}

/// A member that is not seen cannot be said to trust anything. One that was being restarted when the command was killed comes back.
fn wait_until_seen(site: &Site, zone: &ZoneDirectory, mut standing: Standing) -> Result<()> {
    let deadline = Instant::now() + COMEBACK_LIMIT;
    let mut was_told = false;
    loop {
        let Some((name, why)) = standing.unseen().next() else { return Ok(()) };
        // Where nobody answers, nobody is being restarted.
        if Instant::now() >= deadline || standing.unseen().count() == standing.members.len() {
            return Err(unseen(site, &standing));
        }
        if !was_told {
            output::message(&format!("waiting for {name}: {why}"));
            was_told = true;
        }
        std::thread::sleep(PAUSE);
        standing = infer(site, zone)?.standing;
    }
}

fn unseen(site: &Site, standing: &Standing) -> Failure {
    let unseen: Vec<(&str, &str)> = standing.unseen().collect();
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

fn tell_what_is_next(zone: &ZoneDirectory, reached: Stage, rotated: Rotated, typed: &Typed) {
    let ways = || {
        let (next, back) = (typed.go_on(), typed.back());
        format!("next: {}\nback: {}", zone.proposed(&next), zone.proposed(&back))
    };
    match reached {
        Stage::TrustBoth if rotated == Rotated::Root => output::message(&format!(
            "every member trusts both; clients elsewhere have to trust the new root before the next stage\n{}",
            ways()
        )),
        Stage::TrustBoth => output::message(&format!("every member trusts both\n{}", ways())),
        Stage::NewLeaves if rotated == Rotated::Plane(Plane::Peer) => {
            output::message(&format!("every member shows a certificate of the new CA\n{}", ways()));
        }
        Stage::NewLeaves => output::message(&format!(
            "every member shows a certificate of the new CA; clients elsewhere need theirs before the next stage\n{}",
            ways()
        )),
        Stage::Before => output::message("every member trusts the old CA alone, as before"),
        Stage::DropOld => {
            output::message(
                "every member trusts the new CA alone; the old one is in ca/retired with its key: destroy that once nobody needs it",
            );
            if rotated != Rotated::Root {
                output::message(
                    "clients trust the root, and with it anyone who has the key of the old CA: if that was stolen, replace the root as well (--root)",
                );
            }
        }
    }
}
