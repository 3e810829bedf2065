//! Each stage carried to the nodes in files, and their answers carried back.

use std::cell::RefCell;
use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::OPERATION;
use super::choice::Choice;
use super::clients;
use super::invocation::Invocation;
use super::progress_report::ProgressReport;
use crate::arguments::SealChoice;
use crate::cli::{Format, PkiRotateCaArgs};
use crate::output::{json, print, print_dry_run};
use model::error::{Exit, Failure, Result};
use model::report::{self as output, Table, shell_quoted, shell_quoted_path};
use operations::observer::Observer;
use operations::operation::Operation;
use operations::rotation::{Answered, Carried, PendingBundle, Progress, Rotation, Stage};
use operations::runbook::{DryRun, Gates, Runbook};
use store::site::Site;
use store::zone_directory::{Authorities, Place, RotationScope, ZoneDirectory, was_taken_back};

pub(super) fn run(
    arguments: &PkiRotateCaArgs,
    site: &Site,
    gates: Gates,
    out: &Path,
    now: OffsetDateTime,
) -> Result<()> {
    let zone = site.zone_directory()?;
    let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
    let stage = stage_of(zone, arguments, &authorities)?;
    let go_on = arguments.carried.go_on;
    if go_on && !out.is_dir() {
        return Err(Failure::new(Exit::MissingInput, format!("there is no directory {}", out.shown()))
            .because("the bundles of the stage and the answers to them are in one directory")
            .next("name the one that the bundles were written to"));
    }
    let under_way = RotationScope::under_way(&authorities).map(|(rotated, _)| rotated);
    let progress = Progress { rotated: under_way, stage, members: Vec::new() };
    let choice = if go_on && under_way.is_none() {
        // Of the last stage only the answers are left.
        let until = (!arguments.rollback).then_some(Stage::DropOld);
        Choice { rotated: RotationScope::Planes, until }
    } else {
        Choice::make(arguments, &progress, zone, &authorities, now)?
            .ok_or_else(|| Failure::bad_input("there is nothing to carry").next("see what is said above"))?
    };
    drop(authorities);
    let (format, answered) = (arguments.format, RefCell::new(Vec::new()));
    let seals = SealChoice::read(&arguments.carried.sealing, zone)?;
    let carried = Carried {
        directory: out,
        seal: &|node| seals.of(node),
        with_answers: go_on,
        tell: &mut |rows| {
            if format == Format::Json {
                answered.borrow_mut().extend(rows.iter().map(AnswerRow::of));
                return Ok(());
            }
            let mut table = Table::new(&["node", "bundle", "state"]);
            for row in rows {
                table.row([row.node.clone(), row.sequence.to_string(), row.state.clone()]);
            }
            print(&table.render())
        },
    };
    let mut narration = ProgressReport::new(zone, arguments.trust_bundle.as_deref());
    let mut operation = Operation::with(None, site, OPERATION, arguments.timeout.into(), &mut narration);
    let mut rotation = Rotation {
        operation: &mut operation,
        zone,
        rotated: choice.rotated,
        from: stage,
        until: choice.until,
        carried: Some(carried),
        before_drop: clients::tell,
        pending: None,
    };
    if gates.is_dry_run() {
        let live = Observer::new(site).observe()?;
        return print_dry_run(DryRun::of(OPERATION, gates, &rotation, &live)?, arguments.format);
    }
    let ended = rotation.run();
    let stage = if ended.is_ok() { rotation.reached() } else { stage };
    let pending = rotation.pending;
    if format == Format::Json {
        let pending = pending.iter().flat_map(|pending| &pending.bundles).map(PendingRow::of);
        print(&json(&Report { stage, answered: answered.take(), pending: pending.collect() })?)?;
    }
    ended?;
    narration.finish()?;
    output::message(&match pending {
        Some(pending) => lines(zone, &pending.bundles, out, arguments),
        None if matches!(stage, Stage::Before | Stage::DropOld) => {
            format!("the rotation is over: {}", stage.meaning())
        }
        None => {
            format!("{stage} is in effect on every node\nnext: {}", zone.proposed(&again(arguments, out)))
        }
    });
    Ok(())
}

/// For programs. Fields are added, never renamed.
#[derive(Serialize)]
struct Report {
    stage: Stage,
    /// With --continue: how far each node is.
    answered: Vec<AnswerRow>,
    /// What is to be carried, and not in effect yet.
    pending: Vec<PendingRow>,
}

#[derive(Serialize)]
struct AnswerRow {
    node: String,
    sequence: u64,
    state: String,
}

#[derive(Serialize)]
struct PendingRow {
    node: String,
    sequence: u64,
    line: String,
    restart: bool,
}

impl AnswerRow {
    fn of(answered: &Answered) -> Self {
        let Answered { node, sequence, state } = answered;
        Self { node: node.clone(), sequence: *sequence, state: state.clone() }
    }
}

impl PendingRow {
    fn of(PendingBundle { bundle, restart }: &PendingBundle) -> Self {
        let (node, line) = (bundle.node.short().to_owned(), bundle.line.clone());
        Self { node, sequence: bundle.sequence, line, restart: *restart }
    }
}

fn stage_of(zone: &ZoneDirectory, arguments: &PkiRotateCaArgs, authorities: &Authorities) -> Result<Stage> {
    let go_on = arguments.carried.go_on;
    let under_way = RotationScope::under_way(authorities);
    let stage = match under_way {
        Some((_, Place::Next)) => Stage::TrustBoth,
        Some((_, Place::Previous)) => Stage::NewLeaves,
        None if go_on && !was_taken_back(zone, authorities) => Stage::DropOld,
        None => Stage::Before,
    };
    let is_wrong_way = match stage {
        Stage::Before => go_on && !arguments.rollback,
        Stage::DropOld => arguments.rollback,
        Stage::TrustBoth | Stage::NewLeaves => false,
    };
    if is_wrong_way {
        let way = if arguments.rollback { "forward" } else { "back" };
        return Err(Failure::bad_input(format!(
            "the last rotation goes {way}, and is at its last stage: {}",
            stage.meaning()
        ))
        .next(match arguments.rollback {
            true => "leave --rollback out",
            false => "add --rollback",
        }));
    }
    Ok(stage)
}

fn lines(zone: &ZoneDirectory, pending: &[PendingBundle], out: &Path, arguments: &PkiRotateCaArgs) -> String {
    let mut text = "next: carry each bundle to its node, and on one node after the other type what stands \
        below; carry back the files that it writes"
        .to_owned();
    for PendingBundle { bundle, restart } in pending {
        let name = bundle.node.short();
        let restart = match restart {
            true => format!(
                " && zone-etcd restart --format json > {}",
                shell_quoted(&format!("{name}.restarted"))
            ),
            false => String::new(),
        };
        text.push_str(&format!("\n  {name}: {}{restart}", bundle.line));
    }
    text + &format!("\nthen: {}", zone.proposed(&again(arguments, out)))
}

/// The command that takes the answers. It does not stop where this one was to stop.
fn again(arguments: &PkiRotateCaArgs, out: &Path) -> String {
    let typed = Invocation::of(arguments);
    format!("{} --out {}{} --continue", typed.again(), shell_quoted_path(out), typed.seal())
}
