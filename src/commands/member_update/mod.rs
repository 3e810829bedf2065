//! `member update`: a member moves to the address, ports and names that zone.toml has for its node now. Each step is taken only if it
//! is not done yet, as the cluster, the certificates and the member itself tell, so that the command can be run again.

mod change;
mod others;
mod report;

use std::time::Duration;

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::pki_renew::proof;
use super::restart::act_as_owner_of;
use super::restart::report::Told;
use super::{json, open_zone, print};
use crate::access::{self, Access, ReachRestarter};
use crate::cli::{Format, MemberUpdateArgs};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::launch::{refuse_move, refuse_without_member};
use crate::live::{ANSWER_LIMIT, on_runtime};
use crate::operation_lock::OperationLock;
use crate::plan::PeerUrl;
use crate::report as output;
use crate::rolling::{InPlace, Observer, RestartedMember, Restarter, make_ready};
use crate::site::Site;
use crate::zone_directory::{Assessment, Authorities, Holder, Issuer, Verdict, ZoneDirectory};
use change::{listed, refuse_other_changes, serves_as_described};
use others::{Others, carried};
use report::Report;

/// Why a node to which files are carried does not know of the change.
const LEARNS_FROM_A_BUNDLE: &str =
    "its directory is on its own machine, which learns of the change from a bundle";

pub(super) fn run(arguments: &MemberUpdateArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a directory that is not a zone")) };
    let node = zone.node(&arguments.node)?;
    refuse_without_member(node)?;
    act_as_owner_of(&site)?;
    zone.refuse_clock_behind()?;
    bring_admin_up_to_date(&site, now);
    let name = node.name.short();
    let observer = Observer::new(&site);
    let live = observer.observe()?;
    let before = listed(&site, &live, node)?.peer_urls.clone();
    refuse_other_changes(&site, &live, node)?;

    if matches!(Access::of(zone, node), Access::Here) && !serves_as_described(&live, node) {
        // Once the cluster has been told, the member has to be restarted.
        refuse_move(&site, node, now)?;
    }

    let held = OperationLock::take(&site, &format!("member update {name}"))?;
    let told = tell_the_cluster(&observer, node, &before, &held)?;
    let issued = issue(zone, node, &held, now)?;
    let restarted = restart(&observer, zone, node, &held, arguments.timeout.into())?;
    check(&site, &observer, zone, node, now)?;
    let others = Others::tell(&site, zone, node, &held)?;
    drop(held);

    let report = Report::new(node, told.then_some(before), issued, restarted, &others);
    match arguments.format {
        Format::Json => print(&json(&report)?)?,
        Format::Text => print(&report.text())?,
    }
    others.settle(zone, node)
}

/// Tells the cluster where members reach the member, if that is elsewhere now. It comes first: a member that moved unannounced would
/// be looked for in its old place.
fn tell_the_cluster(
    observer: &Observer<'_>,
    node: &Node,
    before: &[String],
    lock: &OperationLock,
) -> Result<bool> {
    let url = PeerUrl::of(node);
    if before == [url.as_str()] {
        return Ok(false);
    }
    let name = node.name.short();
    // From here on the others look for it in its new place, so they have to do without it.
    let ready = make_ready(observer, node, Some(lock), &mut Told(observer.site))?;
    let credentials = observer.credentials()?;
    lock.still_held()?;
    on_runtime(ready.live.update_peer_url(ready.id, url.as_str(), &credentials, ANSWER_LIMIT))
        .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?
        .map_err(|why| {
            Failure::new(Exit::Unavailable, format!("the cluster was not told where {name} is now"))
                .because(format!("etcd says: {why}"))
                .next(format!("see how the members are: {}", observer.site.proposed("status")))
        })?;
    output::message(&format!("the cluster looks for {name} at {url} from now on"));
    Ok(true)
}

/// Issues the certificates of the node that do not fit any more, and leaves all others alone.
fn issue(
    zone: &ZoneDirectory,
    node: &Node,
    lock: &OperationLock,
    now: OffsetDateTime,
) -> Result<Vec<&'static str>> {
    let held = zone.lock()?;
    let authorities = held.authorities(now)?;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?;
    assessment.refuse_revoked(zone)?;
    assessment.refuse_keys_elsewhere(zone.proposed_requests(&assessment.holder.name(), "", ""))?;
    let due = assessment.entries.iter().filter_map(|entry| match entry.verdict() {
        Verdict::Withheld(_) | Verdict::Keep { .. } => None,
        Verdict::Issue(_) => Some(entry.role.name),
    });
    let mut due: Vec<&'static str> = due.collect();
    due.dedup();
    lock.still_held()?;
    Issuer::new(zone, &authorities)?.bring_up_to_date(&[assessment], now)?;
    Ok(due)
}

/// Restarts the member, unless it serves where it should: etcd reads its certificates at each handshake.
fn restart(
    observer: &Observer<'_>,
    zone: &ZoneDirectory,
    node: &Node,
    lock: &OperationLock,
    limit: Duration,
) -> Result<Option<RestartedMember>> {
    let access = Access::of(zone, node);
    let mut told = Told(observer.site);
    if matches!(access, Access::Command(_)) {
        access::deliver(zone, &[node], OffsetDateTime::now_utc(), Some(lock), &mut told)?;
    }
    if serves_as_described(&observer.observe()?, node) {
        return Ok(None);
    }
    let name = node.name.short();
    if matches!(access, Access::ByHand) {
        return Err(Failure::new(Exit::TryAgain, format!("{name} does not serve where zone.toml says yet"))
            .because(LEARNS_FROM_A_BUNDLE)
            .next(format!(
                "{} && zone-etcd restart; then here: {}",
                carried(zone, &[name]),
                again(zone, name)
            )));
    }
    let mut restarter =
        ReachRestarter { zone, in_place: InPlace { observer: *observer, limit, held: Some(lock) } };
    restarter.restart(node, &mut told).map(Some)
}

/// Whether all of it is in use.
fn check(
    site: &Site,
    observer: &Observer<'_>,
    zone: &ZoneDirectory,
    node: &Node,
    now: OffsetDateTime,
) -> Result<()> {
    let live = observer.observe()?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?;
    let generation = assessment.current.ok_or_else(|| Failure::internal("nothing was issued"))?;
    let name = node.name.short();
    let failed = |why: String| {
        let what = format!("{name} does not serve as zone.toml says");
        match Access::of(zone, node) {
            Access::ByHand => Failure::new(Exit::TryAgain, what)
                .because(why)
                .because(LEARNS_FROM_A_BUNDLE)
                .next(format!("{}; then here: {}", carried(zone, &[name]), again(zone, name))),
            Access::Here | Access::Command(_) => Failure::new(Exit::Unavailable, what)
                .because(why)
                .next(format!("on {name}: {}", site.proposed_on("check", name))),
        }
    };
    proof::shows(&live, node, &generation).map_err(failed)?;
    if serves_as_described(&live, node) {
        return Ok(());
    }
    Err(failed("it answers somewhere else".to_owned()))
}

fn again(zone: &ZoneDirectory, name: &str) -> String {
    zone.proposed(&format!("member update {name}"))
}
