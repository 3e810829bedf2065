//! What `add`, `promote`, `remove` and `replace` have in common: the zone as it will be described, gates,
//! steps.

use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::report::Report;
use crate::arguments::open_zone;
use crate::cli::{Format, ZoneArg};
use crate::output::print_dry_run;
use live::LiveZone;
use model::config::Edit;
use model::error::Result;
use operations::event::Told;
use operations::lock::OperationLock;
use operations::membership::{MemberChange, MemberChanged, Step, refuse_unconfirmed};
use operations::observer::Observer;
use operations::operation::Operation;
use operations::restart::Others;
use operations::runbook::{DryRun, Gates, Runbook};
use operations::transport::etcd_delivery::learn_recipients;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::{ZoneDirectory, described};

/// For how long an election is waited for.
const ELECTION_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How it was asked for.
pub(super) struct Asked<'a> {
    /// `member add`
    pub(super) title: &'a str,
    /// The command that goes on where this one ends.
    pub(super) again: &'a str,
    pub(super) timeout: Duration,
    /// What is asked of the members that stay.
    pub(super) others: Others,
    pub(super) is_dry_run: bool,
    pub(super) format: Format,
}

/// Opens the zone, with the lock of the operation: what is decided from here on, and what an operator is
/// asked about, is changed by no other. Without the lock in a dry run. `check` is what zone.toml alone tells
/// of the arguments.
///
/// # Errors
/// Those of `check`, another operation is under way (exit 75), or the cluster takes no requests (exit 69).
pub(super) fn open(
    arguments: &ZoneArg,
    (title, is_dry_run): (&str, bool),
    now: OffsetDateTime,
    check: impl FnOnce(&ZoneDirectory) -> Result<()>,
) -> Result<(Site, Option<OperationLock>)> {
    let zone = open_zone(arguments)?;
    zone.report_warnings();
    check(&zone)?;
    zone.refuse_unless_issued()?;
    zone.refuse_clock_behind()?;
    let site = Site::Zone(zone);
    site.act_as_owner()?;
    if is_dry_run {
        return Ok((site, None));
    }
    bring_admin_up_to_date(&site, now);
    learn_recipients(&site, now)?;
    refuse_unconfirmed(&site, &observe(&site)?)?;
    let lock = OperationLock::take(&site, title)?;
    // The operation that had the lock before may have changed zone.toml.
    Ok((Site::Zone(open_zone(arguments)?), Some(lock)))
}

/// From here on the zone is what it will be described as.
pub(super) fn describe(site: &mut Site, edit: Option<&Edit>) -> Result<()> {
    if let (Site::Zone(zone), Some(edit)) = (site, edit) {
        zone.config = described(zone, edit)?;
    }
    Ok(())
}

/// The zone at this moment, or once it has a leader again: the one that is replaced may have led.
pub(super) fn observe(site: &Site) -> Result<LiveZone> {
    let deadline = Instant::now() + ELECTION_LIMIT;
    loop {
        let live = Observer::new(site).observe()?;
        let answers = live.members.iter().any(|member| member.status.is_ok());
        if live.list_is_confirmed || !answers || Instant::now() > deadline {
            return Ok(live);
        }
        sleep(PAUSE);
    }
}

/// Takes the steps, or lists them. None where they were listed.
///
/// # Errors
/// A gate is closed, or a step is not done.
pub(super) fn carry_out(
    asked: &Asked<'_>,
    (site, lock): (&Site, Option<OperationLock>),
    live: &LiveZone,
    steps: Vec<Step<'_>>,
    confirm: impl FnOnce() -> Result<()>,
) -> Result<Option<MemberChanged>> {
    let (mut gates, mut watch) = (Gates::new(asked.is_dry_run), Told(site));
    let zone = site.zone_directory()?;
    if lock.is_none() {
        gates.pass("no other operation", OperationLock::refuse_held(site))?;
    }
    let mut operation = Operation::with(lock, site, asked.title, asked.timeout, &mut watch);
    let done = MemberChanged::default();
    let mut change = MemberChange {
        operation: &mut operation,
        zone,
        steps,
        others: asked.others,
        again: asked.again,
        done,
    };
    change.pass_gates(&mut gates, live)?;
    if gates.is_dry_run() {
        print_dry_run(DryRun::of(asked.title, gates, &change, live)?, asked.format)?;
        return Ok(None);
    }
    confirm()?;
    change.run()?;
    Ok(Some(change.done))
}

/// Says what was done, and what is left to do on the other nodes. `changed` is what has happened.
///
/// # Errors
/// One of the other nodes was not reached.
pub(super) fn tell(
    asked: &Asked<'_>,
    site: &Site,
    report: &Report,
    done: MemberChanged,
    changed: &str,
) -> Result<()> {
    report.print(asked.format)?;
    done.others.settle(site.zone_directory()?, changed, asked.again)
}
