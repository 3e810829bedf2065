//! `pki revoke`: a node's member leaves, its certificates are recorded as revoked, listed, and tried on every member.
//!
//! Every call compares what is with what should be, so the same command finishes what was interrupted.

mod handing_out;
mod leaving;
mod other_lists;
mod outcome;
mod replacing;
mod report;
mod target;
mod trial;

use std::process::ExitCode;

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::{json, open_zone, print};
use crate::bundle::bundled_certificates;
use crate::cli::{Format, PkiRevokeArgs};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::site::Site;
use crate::weakened::Fix;
use crate::zone_directory::{Authorities, Targeted, ZoneDirectory, find_issued, revoke};
use handing_out::hand_out;
use leaving::{Membership, leave};
use outcome::Outcome;
use replacing::replace_client;
use report::Report;
use target::Target;
use trial::{Trial, planes_of, try_all, try_lists};

pub(super) fn run(arguments: &PkiRevokeArgs, now: OffsetDateTime) -> Result<ExitCode> {
    // The log and the lists have whole seconds.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let target = match (&arguments.target, arguments.adopt_list.as_slice()) {
        (Some(target), _) => target,
        (None, []) => return other_lists::rebuild(&zone, now),
        (None, lists) => return other_lists::adopt(&zone, lists, now),
    };
    let target = Target::parse(target, &zone)?;
    refuse_nothing(&issued(&zone, &target, now)?, &target, &zone)?;

    // Who may still vote is taken out first: a list alone evicts no member, and without its certificates it could not be asked to go.
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a directory that is not a zone")) };
    zone.refuse_clock_behind()?;
    Authorities::load(&zone.paths, now)?;
    bring_admin_up_to_date(&site, now);
    let node = target.node(zone);
    let membership = match node.filter(|node| node.member) {
        Some(node) => leave(&site, node)?,
        None => Membership::None,
    };

    let held = zone.lock()?;
    let targeted = issued(zone, &target, now)?;
    let trials = Trial::load_all(zone, &targeted);
    revoke(zone, &targeted.live, arguments.reason, now, &held)?;
    let authorities = held.authorities(now)?;
    let serving = serving(zone, &authorities, node, &targeted);
    let handed_out = hand_out(zone, &authorities, &serving, now)?;
    let replaced = replace_client(zone, &authorities, &target, &targeted, now)?;
    // A node may be waited for, and others may issue meanwhile.
    let authorities = authorities.released();
    drop(held);
    let brought = handed_out.bring(zone);
    let tried = try_all(&authorities, &serving, &trials)?;
    let lists = try_lists(zone, &authorities, &serving, &planes_of(&targeted))?;
    let outcome = Outcome::of(&serving, &brought, &tried, &lists);
    let reason = arguments.reason;
    let report = Report {
        target: &target,
        targeted: &targeted,
        reason,
        membership,
        tried,
        lists,
        replaced,
        brought,
        outcome,
    };
    print(&match arguments.format {
        Format::Text => report.text(),
        Format::Json => json(&report.rows())?,
    })?;
    report.tell(zone, node);
    Ok(report.outcome.exit_code())
}

/// What was issued to the target, as far as anything in the zone directory knows of it.
fn issued(zone: &ZoneDirectory, target: &Target, now: OffsetDateTime) -> Result<Targeted> {
    find_issued(zone, &target.records, || bundled_certificates(&zone.paths), now)
}

/// The members that are to refuse what is revoked: all but the one that leaves. The holder's come first, for a thief of its key knows
/// where it is.
fn serving<'z>(
    zone: &'z ZoneDirectory,
    authorities: &Authorities,
    leaving: Option<&Node>,
    targeted: &Targeted,
) -> Vec<&'z Node> {
    let mut serving = authorities.serving_members(&zone.config);
    serving.retain(|node| leaving.is_none_or(|leaving| leaving.name != node.name));
    if Fix::HolderGetsList.is_off() {
        serving.retain(|node| !targeted.all().any(|entry| entry.node == node.name.full()));
    }
    serving.sort_by_key(|node| !targeted.all().any(|entry| entry.node == node.name.full()));
    serving
}

fn refuse_nothing(targeted: &Targeted, target: &Target, zone: &ZoneDirectory) -> Result<()> {
    if targeted.all().next().is_some() {
        return Ok(());
    }
    let failure =
        Failure::new(Exit::MissingInput, format!("there is nothing to revoke for {}", target.written));
    let failure = match targeted.expired {
        0 => failure.because("no certificate of it is in issued.jsonl, the log of what this zone has issued, or in a file here"),
        count => failure.because(format!("its {count} certificates have expired")),
    };
    Err(failure.next(format!("see what there is: {}", zone.proposed("pki list"))))
}
