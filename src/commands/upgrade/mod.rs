//! `upgrade`: a zone brought to another version of etcd, one minor at a time.

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::arguments::open_zone;
use crate::cli::{Format, UpgradeArgs};
use crate::output::{json, print, print_dry_run};
use etcd::binary_failure;
use etcd::{BinaryRequest, EtcdBinary};
use model::config::{Edit, EtcdVersion};
use model::error::{Exit, Failure, Result};
use model::plan::versions_to;
use model::report;
use operations::event::Told;
use operations::lock::OperationLock;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::restarted::table;
use operations::runbook::{DryRun, Gates, ListedStep, Runbook, StepKind};
use operations::transport::NodeTransport;
use operations::upgrade::{RunningVersions, Upgrade, hold, no_way};
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::{ZoneDirectory, describe};

#[tracing::instrument(skip_all, name = "upgrade")]
pub(super) fn run(arguments: &UpgradeArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let target = arguments.to.unwrap_or_else(|| zone.config.etcd.described_version());
    let mut site = Site::Zone(zone);
    site.act_as_owner()?;
    let zone = site.zone_directory()?;
    let mut gates = Gates::new(arguments.dry_run);
    gates.pass("every node is reached", refuse_unreached(zone, target))?;
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
    }
    let (running, live) = RunningVersions::observe(&Observer::new(&site), zone)?;
    let moved = live.refuse_moved(|node| zone.proposed(&format!("member update {node}")));
    gates.pass("members are where zone.toml says", moved)?;
    let steps = versions_to(running.versions(), target).map_err(|error| no_way(zone, &error))?;
    for version in &steps {
        let looks_only = gates.is_dry_run();
        let request = BinaryRequest { version: Some(*version), looks_only, ..BinaryRequest::default() };
        let found = EtcdBinary::find(&request, None).map(drop).map_err(binary_failure);
        gates.pass("etcd of each version is here", found)?;
    }
    let is_described = target <= zone.config.etcd.described_version();
    let lock = match gates.is_dry_run() {
        true => {
            gates.pass("no other operation", OperationLock::refuse_held(&site))?;
            None
        }
        false => Some(OperationLock::take(&site, "upgrade")?),
    };
    if let Site::Zone(zone) = &mut site {
        zone.config.etcd.version = Some(zone.config.etcd.described_version().max(target));
    }
    let (zone, mut watch) = (site.zone_directory()?, Told(&site));
    let mut operation = Operation::with(lock, &site, "upgrade", arguments.timeout.into(), &mut watch);
    let mut upgrade = Upgrade { operation: &mut operation, zone, target, done: Vec::new() };
    if gates.is_dry_run() || !is_described {
        upgrade.pass_gates(&mut gates)?;
    }
    if gates.is_dry_run() {
        let mut dry_run = DryRun::of("upgrade", gates, &upgrade, &live)?;
        if !is_described {
            let what = format!("zone.toml: version = \"{target}\" in [etcd]");
            dry_run.steps.insert(0, ListedStep::new(StepKind::Change, what));
        }
        return print_dry_run(dry_run, arguments.format);
    }
    if !is_described {
        upgrade.operation.still_held()?;
        hold(zone, &running, target)?;
        upgrade.operation.still_held()?;
        describe(zone, &Edit::EtcdVersion(target))?;
        report::message(&format!("zone.toml: version = \"{target}\" in [etcd]; as it was: zone.toml.old-N"));
    }
    let ended = upgrade.run();
    let done = upgrade.done;
    match arguments.format {
        Format::Json => print(&json(&done)?)?,
        Format::Text if done.is_empty() => {}
        Format::Text => print(&table(&done))?,
    }
    ended?;
    report::message(&format!("every member of {} runs etcd {target}", zone.config.name));
    if target < zone.config.etcd.described_version() {
        report::message(&format!("next: {}", zone.proposed("upgrade")));
    }
    Ok(())
}

/// An upgrade that is begun and cannot reach a node would stop in the middle.
fn refuse_unreached(zone: &ZoneDirectory, target: EtcdVersion) -> Result<()> {
    let unreached =
        zone.config.members().find(|node| matches!(NodeTransport::of(zone, node), NodeTransport::Offline));
    let Some(node) = unreached else { return Ok(()) };
    let name = node.name.short();
    Err(Failure::new(Exit::Usage, format!("nothing says how {name} is reached"))
        .because(format!(
            "{} has no [access], and {name} does not run from here",
            zone.paths.config().shown()
        ))
        .next(format!(
            "add [access] with command = \"ssh root@{{address}} zone-etcd\"; or carry a bundle of each \
             version on the way to {target}, as `zone-etcd explain upgrading` says: {}",
            zone.proposed("bundle --with-binaries --out DIR --passphrase-file FILE")
        )))
}
