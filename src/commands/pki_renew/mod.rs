//! `pki renew`: new keys and certificates, one holder after the other, each seen to be in use before the
//! next.

mod answers;
mod offline_bundles;
mod report;
mod selection;

use time::OffsetDateTime;

use crate::arguments::{not_waited_for, open_zone};
use crate::cli::{Format, PkiRenewArgs};
use crate::output::{json, print, print_dry_run};
use model::error::{Failure, Result};
use model::report as output;
use offline_bundles::OfflineBundles;
use operations::event::Told;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::renewal::{Renewal, Served};
use operations::runbook::{DryRun, Gates, Runbook};
use operations::transport::etcd_delivery::learn_recipients;
use report::Row;
use selection::Selection;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::ZoneDirectory;

#[tracing::instrument(skip_all, name = "pki renew")]
pub(super) fn run(arguments: &PkiRenewArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let zone = site.zone_directory()?;
    let selection = Selection::read(arguments, zone)?;
    let mut gates = Gates::new(arguments.dry_run);
    gates.pass("the clock", zone.refuse_clock_behind())?;
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
        learn_recipients(&site, now)?;
    }
    if let Some(out) = arguments.carried.out.as_deref().filter(|_| arguments.carried.go_on) {
        return answers::go_on(&site, zone, &selection, out, arguments.format, now);
    }
    let outbox = OfflineBundles::read(arguments, zone)?;
    // Members that do not answer now are not asked afterwards either.
    let live = Observer::new(&site).observe()?;
    let mut watch = Told(&site);
    // It stops no member, so it needs no lock but that of the zone directory.
    let operation = Operation::with(None, &site, "pki renew", arguments.timeout.into(), &mut watch)
        .without(not_waited_for(&arguments.without, zone)?);
    let mut renewal = Renewal {
        operation: &operation,
        zone,
        takes: &|role, certificate| selection.takes(role, certificate, now),
        of_revoked: selection.of_revoked(),
        live: &live,
        writes_bundles: outbox.is_some(),
        now,
        holders: selection.holders().collect(),
        renewed: Vec::new(),
        left_out: Vec::new(),
    };
    if gates.is_dry_run() {
        renewal.pass_gates(&mut gates)?;
        return print_dry_run(DryRun::of("pki renew", gates, &renewal, &live)?, arguments.format);
    }
    let ended = renewal.run();
    let Renewal { renewed, left_out, .. } = renewal;
    let rows: Vec<Row> = renewed.into_iter().map(Row::of).collect();
    // What was renewed before a failure is in use.
    tell(&rows, arguments.format)?;
    ended?;
    if let Some(failure) = together(left_out) {
        return Err(failure);
    }
    if rows.is_empty() {
        output::message("nothing to renew: no certificate is of that role, or that near to its end");
    }
    match &outbox {
        Some(outbox) => outbox.fill(&operation, zone, &selection),
        None => tell_of_bundles(zone, &rows),
    }
}

fn tell(rows: &[Row], format: Format) -> Result<()> {
    match format {
        Format::Json => print(&json(&rows)?),
        Format::Text if rows.is_empty() => Ok(()),
        Format::Text => print(&report::text(rows)),
    }
}

/// One failure for all nodes that were left out.
fn together(mut failures: Vec<Failure>) -> Option<Failure> {
    let first = (!failures.is_empty()).then(|| failures.remove(0))?;
    Some(failures.into_iter().fold(first, |first, other| first.because(other.to_string())))
}

/// Nodes with a directory of their own have nothing new before they activate it.
fn tell_of_bundles(zone: &ZoneDirectory, rows: &[Row]) -> Result<()> {
    let waits = |row: &&Row| row.served() == Served::NotAsked && zone.has_bundled(row.holder());
    let mut names: Vec<&str> = rows.iter().filter(waits).map(Row::holder).collect();
    names.dedup();
    if !names.is_empty() {
        output::message(&format!(
            "next: nodes with a directory of their own have theirs when they activate new bundles: {}",
            store::bundle::proposed(zone, &names)
        ));
    }
    Ok(())
}
