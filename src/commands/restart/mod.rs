//! `restart`: one member where its directory is, or all of them one after the other.

pub(super) mod report;

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::{json, open_site, print};
use crate::access::ReachRestarter;
use crate::cli::{Format, RestartArgs, ServiceAgentArgs};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::host;
use crate::launch::{Foreseen, refuse_restart, refuse_without_member};
use crate::operation_lock::OperationLock;
use crate::report as output;
use crate::rolling::{InPlace, Observer, restart_member, restart_members};
use crate::site::Site;
use report::Told;
use zone_pki::ShowPath;

pub(super) fn run(arguments: &RestartArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    site.refuse_unless_issued()?;
    act_as_owner_of(&site)?;
    if arguments.dry_run {
        return would_start(&site, arguments, now);
    }
    bring_admin_up_to_date(&site, now);
    // On a node the zone is that of its bundle, and a move is what it is restarted for.
    if let Some(zone) = site.zone() {
        let live = Observer::new(&site).observe()?;
        live.refuse_moved(|node| zone.proposed(&format!("member update {node}")))?;
    }
    if arguments.rolling { rolling(&site, arguments) } else { one(&site, arguments) }
}

/// A service is restarted by root, and its directory belongs to another user.
pub(super) fn act_as_owner_of(site: &Site) -> Result<()> {
    host::act_as_owner(site.directory()).map_err(|error| {
        let what = format!("cannot act as the owner of {}", site.directory().shown());
        Failure::new(Exit::Permission, what)
            .because(&error)
            .next("run the command as root, or as the user that the member runs as")
    })
}

/// The process that stays root where another one has become the owner.
pub(super) fn serve_for_owner(arguments: &ServiceAgentArgs) -> Result<()> {
    host::serve(arguments.owner).map_err(|error| {
        Failure::new(Exit::Unavailable, "cannot answer for systemd")
            .because(&error)
            .next("this is no command to type: zone-etcd restart --help")
    })
}

/// `--dry-run`: what the start after a restart would be.
fn would_start(site: &Site, arguments: &RestartArgs, now: OffsetDateTime) -> Result<()> {
    let node = site.node(arguments.node.as_deref())?;
    let Foreseen { start, .. } = refuse_restart(site, node, now)?;
    start.warnings.iter().for_each(|warning| output::warning(warning));
    let would = report::DryRun { node: node.name.short(), decision: start.decision.word() };
    print(&match arguments.format {
        Format::Json => json(&would)?,
        Format::Text => would.text(),
    })
}

fn one(site: &Site, arguments: &RestartArgs) -> Result<()> {
    let node = site.node(arguments.node.as_deref())?;
    refuse_without_member(node)?;
    let mut watch = Told(site);
    let restarted = restart_member(&Observer::new(site), node, arguments.timeout.into(), None, &mut watch)?;
    match arguments.format {
        Format::Json => print(&json(&restarted)?),
        Format::Text => print(&report::text(&[restarted])),
    }
}

fn rolling(site: &Site, arguments: &RestartArgs) -> Result<()> {
    let nodes = selected(site, &arguments.nodes)?;
    let held = OperationLock::take(site, "restart --rolling")?;
    let observer = Observer::new(site);
    let Some(zone) = site.zone() else { return Err(Failure::internal("a directory that is not a zone")) };
    let in_place = InPlace { observer, limit: arguments.timeout.into(), held: Some(&held) };
    let mut restarter = ReachRestarter { zone, in_place };
    let mut done = Vec::new();
    let ended = restart_members(&observer, &nodes, &mut restarter, &held, &mut Told(site), &mut done);
    drop(held);
    match arguments.format {
        Format::Json => print(&json(&done)?)?,
        Format::Text if done.is_empty() => {}
        Format::Text => print(&report::text(&done))?,
    }
    ended
}

/// The members that are named, once each; all if none is.
fn selected<'s>(site: &'s Site, names: &[String]) -> Result<Vec<&'s Node>> {
    if site.zone().is_none() {
        return Err(Failure::new(Exit::Usage, "a node restarts its own member only")
            .next("leave --rolling out; all members are restarted from where the zone directory is"));
    }
    let mut nodes: Vec<&Node> = Vec::new();
    for name in names {
        let node = site.node(Some(name))?;
        refuse_without_member(node)?;
        if nodes.iter().all(|known| known.name != node.name) {
            nodes.push(node);
        }
    }
    Ok(if nodes.is_empty() { site.config().members().collect() } else { nodes })
}
