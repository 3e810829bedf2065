//! `pki revoke`: a node's member leaves, its certificates are recorded as revoked, listed, and tried on every
//! member. `--rebuild-lists` and `--adopt-list` bring lists there that are made again, or taken over.

mod report;

use std::process::ExitCode;

use time::OffsetDateTime;

use crate::arguments::open_zone;
use crate::cli::PkiRevokeArgs;
use crate::output::print_dry_run;
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use operations::event::Told;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::revocation::{ListChange, Revocation, Target, refuse_departure};
use operations::runbook::{DryRun, Gates, Runbook};
use operations::transport::etcd_delivery::learn_recipients;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::{Authorities, Targeted, ZoneDirectory};

#[tracing::instrument(skip_all, name = "pki revoke")]
pub(super) fn run(arguments: &PkiRevokeArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let zone = site.zone_directory()?;
    let target = arguments.target.as_deref().map(|target| Target::parse(target, zone)).transpose()?;
    let change = match (&target, arguments.adopt_list.as_slice()) {
        (Some(target), _) => ListChange::Revoke { target, reason: arguments.reason },
        (None, []) => ListChange::Rebuild,
        (None, lists) => ListChange::Adopt(lists),
    };
    let (mut gates, mut watch) = (Gates::new(arguments.dry_run), Told(&site));
    // It stops no member, so it needs no lock but that of the zone directory.
    let mut operation = Operation::with(None, &site, "pki revoke", arguments.timeout.into(), &mut watch);
    let mut revocation = Revocation::new(&mut operation, zone, change);
    if let Some(target) = &target {
        let issued = revocation.change.issued(zone, zone_pki::whole_seconds(now))?;
        gates.pass("there is something to revoke", refuse_nothing(&issued, target, zone))?;
        gates.pass("the clock", zone.refuse_clock_behind())?;
        gates.pass("the CAs can be read", Authorities::load(&zone.paths, now).map(drop))?;
        if !gates.is_dry_run() {
            bring_admin_up_to_date(&site, now);
            learn_recipients(&site, now)?;
        }
    }
    if gates.is_dry_run() {
        let live = Observer::new(&site).observe()?;
        if let Some(node) = target.as_ref().and_then(|target| target.node(zone)) {
            gates.pass("the cluster can do without it", refuse_departure(&site, &live, node))?;
        }
        let dry_run = DryRun::of("pki revoke", gates, &revocation, &live)?;
        return print_dry_run(dry_run, arguments.format).map(|()| ExitCode::SUCCESS);
    }
    let ended = revocation.run();
    report::tell_lists(&revocation.done);
    ended?;
    report::tell(zone, target.as_ref(), arguments, &revocation.done)?;
    Ok(revocation.done.effect.exit().map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn refuse_nothing(targeted: &Targeted, target: &Target, zone: &ZoneDirectory) -> Result<()> {
    if targeted.all().next().is_some() {
        return Ok(());
    }
    let failure =
        Failure::new(Exit::MissingInput, format!("there is nothing to revoke for {}", target.written));
    let failure = match targeted.expired {
        0 => failure.because(
            "no certificate of it is in issued.jsonl, the log of what this zone has \
            issued, or in a file here",
        ),
        count => failure.because(format!("its {count} certificates have expired")),
    };
    let as_client = format!("client/{}", target.written);
    let is_client = ClientName::parse(&target.written).is_ok_and(|name| zone.paths.client(&name).is_dir());
    Err(failure.next(match is_client {
        true => format!("did you mean {as_client}? {}", zone.proposed(&format!("pki revoke {as_client}"))),
        false => format!("see what there is: {}", zone.proposed("pki list")),
    }))
}
