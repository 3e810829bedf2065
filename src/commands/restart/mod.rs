//! `restart`: one member where its directory is, or all of them one after the other.

mod report;

use time::OffsetDateTime;

use crate::arguments::{members_of, open_site};
use crate::cli::{Format, RestartArgs, ServiceAgentArgs};
use crate::output::{json, print, print_dry_run};
use launch::refuse_without_member;
use model::error::{Exit, Failure, Result};
use model::report as output;
use operations::event::Told;
use operations::lock::OperationLock;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::restart::{RestartStep, Restarts};
use operations::restarted::table;
use operations::runbook::{DryRun, Gates, Runbook};
use store::clients::bring_admin_up_to_date;

#[tracing::instrument(skip_all, name = "restart")]
pub(super) fn run(arguments: &RestartArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    site.refuse_unless_issued()?;
    site.act_as_owner()?;
    let mut gates = Gates::new(arguments.dry_run);
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
    }
    // On a node the zone is that of its bundle, and a move is what it is restarted for.
    if let Some(zone) = site.zone() {
        let live = Observer::new(&site).observe()?;
        let moved = live.refuse_moved(|node| zone.proposed(&format!("member update {node}")));
        gates.pass("members are where zone.toml says", moved)?;
    }
    let restart = if arguments.rolling {
        if site.zone().is_none() {
            return Err(Failure::new(Exit::Usage, "a node restarts its own member only")
                .next("leave --rolling out; all members are restarted from where the zone directory is"));
        }
        RestartStep::OneByOne(members_of(&site, &arguments.nodes)?)
    } else {
        let node = site.node(arguments.node.as_deref())?;
        refuse_without_member(node)?;
        RestartStep::InPlace(node)
    };
    let operation = if arguments.rolling { "restart --rolling" } else { "restart" };
    let (mut watch, timeout) = (Told(&site), arguments.timeout.into());
    let mut operation = match arguments.rolling && !gates.is_dry_run() {
        // A larger quota is in effect only after a restart.
        true => Operation::begin_despite_no_space(&site, operation, timeout, &mut watch)?,
        false => Operation::with(None, &site, operation, timeout, &mut watch).despite_no_space(),
    };
    let mut restarts = Restarts { operation: &mut operation, restart, done: Vec::new() };
    if gates.is_dry_run() {
        return dry_run(&restarts, gates, arguments);
    }
    let ended = restarts.run();
    let done = restarts.done;
    match (arguments.format, done.as_slice()) {
        (Format::Json, [one]) if !arguments.rolling => print(&json(one)?)?,
        (Format::Json, _) if arguments.rolling => print(&json(&done)?)?,
        (_, []) => {}
        _ => print(&table(&done))?,
    }
    ended
}

/// `--dry-run`: whether it could be done, and how.
fn dry_run(restarts: &Restarts<'_, '_>, mut gates: Gates, arguments: &RestartArgs) -> Result<()> {
    let operation = &restarts.operation;
    if arguments.rolling {
        gates.pass("no other operation", OperationLock::refuse_held(operation.site()))?;
    }
    let starts = operation.pass_gates_of_restart(&mut gates, &restarts.restart)?;
    starts.iter().flat_map(|start| &start.warnings).for_each(|warning| output::warning(warning));
    let listed = DryRun::of(operation.name(), gates, restarts, &operation.observer.observe()?)?;
    match (&restarts.restart, arguments.format) {
        (RestartStep::InPlace(node), Format::Json) => {
            let decision = starts.first().map(|start| start.decision.word());
            let node = node.name.short();
            print(&json(&report::DryRunOfOne { node, decision, listed: &listed })?)?;
            listed.refusal.map_or(Ok(()), Err)
        }
        (_, format) => print_dry_run(listed, format),
    }
}

/// The process that stays root where another one has become the owner.
pub(super) fn serve_for_owner(arguments: &ServiceAgentArgs) -> Result<()> {
    host::serve(arguments.owner).map_err(|error| {
        Failure::new(Exit::Unavailable, "cannot answer for systemd")
            .because(&error)
            .next("this is no command to type: zone-etcd restart --help")
    })
}
