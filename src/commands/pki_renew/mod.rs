//! `pki renew`: new keys and certificates, one holder after the other, each seen to be in use before the next.

mod answers;
mod holder;
mod outbox;
pub(super) mod proof;
mod report;
mod selection;

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::{json, open_zone, print};
use crate::cli::{Format, PkiRenewArgs};
use crate::error::{Exit, Failure, Result};
use crate::report as output;
use crate::rolling::Observer;
use crate::site::Site;
use crate::zone_directory::ZoneDirectory;
use holder::Renewal;
use outbox::Outbox;
use report::{Row, Served};
use selection::Selection;

pub(super) fn run(arguments: &PkiRenewArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a directory that is not a zone")) };
    let selection = Selection::read(arguments, zone)?;
    zone.refuse_clock_behind()?;
    bring_admin_up_to_date(&site, now);
    if let Some(out) = arguments.carried.out.as_deref().filter(|_| arguments.carried.go_on) {
        return answers::go_on(&site, zone, &selection, out, arguments.format, now);
    }
    let outbox = Outbox::read(arguments, zone)?;
    // Members that do not answer now are not asked afterwards either.
    let live = Observer::new(&site).observe()?;
    let renewal =
        Renewal { site: &site, zone, selection: &selection, live: &live, outbox: outbox.as_ref(), now };
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for holder in selection.holders() {
        match renewal.renew(holder) {
            Ok(renewed) => rows.extend(renewed),
            // It is not reached, or has to ask for what it needs. The others need not wait for that.
            Err(failure) if matches!(failure.exit, Exit::Unavailable | Exit::MissingInput) => {
                left_out.push(failure);
            }
            Err(failure) => {
                // What was renewed before is in use.
                tell(&rows, arguments.format)?;
                return Err(failure);
            }
        }
    }
    tell(&rows, arguments.format)?;
    if let Some(failure) = together(left_out) {
        return Err(failure);
    }
    if rows.is_empty() {
        output::message("nothing to renew: no certificate is of that role, or that near to its end");
    }
    match &outbox {
        Some(outbox) => outbox.fill(zone, &selection, now),
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
            crate::bundle::proposed(zone, &names)
        ));
    }
    Ok(())
}
