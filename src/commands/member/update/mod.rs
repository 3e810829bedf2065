//! `member update`: members move to the address, ports and names that zone.toml has for their nodes now. Of
//! several, one moves after the other, the leader last: until its turn the zone is described as if the member
//! stayed where it is, so that it is found there.

mod change;
mod one;
mod places;
mod report;

use time::OffsetDateTime;

use crate::arguments::{not_waited_for, open_zone};
use crate::cli::{Format, MemberUpdateArgs};
use crate::output::{json, print, print_dry_run};
use change::{listed, refuse_other_changes, serves_as_described};
use launch::{refuse_move, refuse_without_member};
use model::error::{Failure, Result};
use model::report as output;
use one::{Done, Move, again};
use operations::event::Told;
use operations::lock::OperationLock;
use operations::membership::OtherNodes;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::runbook::{DryRun, Gates, ListedStep, Runbook};
use operations::transport::NodeTransport;
use operations::transport::etcd_delivery::learn_recipients;
use places::Places;
use report::Report;
use store::clients::bring_admin_up_to_date;
use store::site::Site;

#[tracing::instrument(skip_all, name = "member update")]
pub(super) fn run(arguments: &MemberUpdateArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    for name in &arguments.nodes {
        refuse_without_member(zone.node(name)?)?;
    }
    let mut site = Site::Zone(zone);
    site.act_as_owner()?;
    let mut gates = Gates::new(arguments.dry_run);
    gates.pass("the clock", site.zone_directory()?.refuse_clock_behind())?;
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
        learn_recipients(&site, now)?;
    }
    let live = Observer::new(&site).observe()?;
    let places = Places::of(&site, &live, &arguments.nodes)?;
    if places.order.is_empty() {
        output::message("every member is where zone.toml says: there is nothing to do");
        return print(if arguments.format == Format::Json { "[]\n" } else { "" });
    }
    pass_gates(&mut gates, &mut site, &places, now)?;
    let title = format!("member update {}", places.order.join(" "));
    if gates.is_dry_run() {
        gates.pass("no other operation", OperationLock::refuse_held(&site))?;
        let listed = dry_run(arguments, &title, gates, &mut site, &places, now)?;
        return print_dry_run(listed, arguments.format);
    }
    let mut reports = Vec::new();
    let moved = move_all(arguments, &title, &mut site, &places, now, &mut reports);
    match (arguments.format, reports.as_slice()) {
        (Format::Json, [report]) if arguments.nodes.len() == 1 => print(&json(report)?)?,
        (Format::Json, _) => print(&json(&reports)?)?,
        (Format::Text, _) => print(&reports.iter().map(Report::text).collect::<String>())?,
    }
    let others = moved.map_err(|failure| left_alone(failure, &places.order, &reports))?;
    let have = if let [_] = places.order.as_slice() { "has" } else { "have" };
    let names: Vec<&str> = places.order.iter().map(String::as_str).collect();
    let moved = format!("{} {have} moved", output::enumerated(&names));
    let zone = site.zone_directory()?;
    others.settle(zone, &moved, &again(zone, &names.join(" ")))
}

/// What has to be so of each before the first moves.
fn pass_gates(gates: &mut Gates, site: &mut Site, places: &Places, now: OffsetDateTime) -> Result<()> {
    for name in &places.order {
        places.describe(site, &[name]);
        let node = site.zone_directory()?.node(name)?;
        let live = Observer::new(site).observe()?;
        let judged = refuse_other_changes(site, &live, node);
        gates.pass_of("nothing else has changed", name, judged.map(|()| None))?;
        let is_here = matches!(NodeTransport::of(site.zone_directory()?, node), NodeTransport::InPlace);
        if is_here && !serves_as_described(&live, node) {
            // Once the cluster has been told, the member has to be restarted.
            let judged = refuse_move(site, node, now);
            gates.pass_of("it would start there", name, judged.map(|()| None))?;
        }
    }
    Ok(())
}

/// Moves one after the other. `reports` gets those that have moved. Returns who of the others knows.
fn move_all(
    arguments: &MemberUpdateArgs,
    title: &str,
    site: &mut Site,
    places: &Places,
    now: OffsetDateTime,
    reports: &mut Vec<Report>,
) -> Result<OtherNodes> {
    places.describe(site, &places.order);
    let mut lock = Some(OperationLock::take_among(site, title, &places.before)?);
    let mut others = OtherNodes::default();
    for (index, name) in places.order.iter().enumerate() {
        places.describe(site, &places.order[..=index]);
        let zone = site.zone_directory()?;
        let node = zone.node(name)?;
        let live = Observer::new(site).observe()?;
        let before = listed(site, &live, node)?.peer_urls.clone();
        let mut watch = Told(site);
        let mut operation = Operation::with(lock.take(), site, title, arguments.timeout.into(), &mut watch)
            .without(not_waited_for(&arguments.without, zone)?);
        let others_follow = index + 1 < places.order.len();
        let done = Done::default();
        let mut moving = Move { operation: &mut operation, zone, node, before, others_follow, now, done };
        moving.run()?;
        let Move { before, done, .. } = moving;
        let Done { told, issued, restarted, others: told_others } = done;
        reports.push(Report::new(node, told.then_some(before), issued, restarted, &told_others));
        others = told_others;
        lock = operation.into_lock();
    }
    Ok(others)
}

fn dry_run(
    arguments: &MemberUpdateArgs,
    title: &str,
    mut gates: Gates,
    site: &mut Site,
    places: &Places,
    now: OffsetDateTime,
) -> Result<DryRun> {
    let mut steps: Vec<ListedStep> = Vec::new();
    for (index, name) in places.order.iter().enumerate() {
        places.describe(site, &places.order[..=index]);
        let zone = site.zone_directory()?;
        let node = zone.node(name)?;
        let live = Observer::new(site).observe()?;
        let before = listed(site, &live, node)?.peer_urls.clone();
        let mut watch = Told(site);
        let mut operation = Operation::with(None, site, title, arguments.timeout.into(), &mut watch);
        operation.pass_gates_of_cluster(&mut gates, &[node])?;
        let others_follow = index + 1 < places.order.len();
        let done = Done::default();
        let moving = Move { operation: &mut operation, zone, node, before, others_follow, now, done };
        for step in moving.steps()? {
            steps.extend(moving.list(&step, &live)?);
        }
    }
    Ok(DryRun::with(title, gates, steps))
}

/// Those that are still where they were.
fn left_alone(failure: Failure, order: &[String], moved: &[Report]) -> Failure {
    let left: Vec<&str> = order.iter().skip(moved.len() + 1).map(String::as_str).collect();
    if left.is_empty() { failure } else { failure.because(format!("not moved: {}", left.join(", "))) }
}
