//! `upgrade`: a zone brought to another version of etcd, one minor at a time.

mod steps;

use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::client::bring_admin_up_to_date;
use super::restart::act_as_owner_of;
use super::restart::report::{Told, text};
use super::{json, open_zone, print};
use crate::access::Access;
use crate::cli::{Format, UpgradeArgs};
use crate::config::EtcdVersion;
use crate::error::{Exit, Failure, Result};
use crate::etcd::binary_failure;
use crate::etcd::{BinaryRequest, EtcdBinary};
use crate::operation_lock::OperationLock;
use crate::plan::versions_to;
use crate::report;
use crate::rolling::Observer;
use crate::site::Site;
use crate::upgrade::{Standing, Upgrade, hold, no_way};
use crate::zone_directory::{ZoneDirectory, describe_version};

pub(super) fn run(arguments: &UpgradeArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let target = arguments.to.unwrap_or_else(|| zone.config.etcd.described_version());
    let mut site = Site::Zone(zone);
    act_as_owner_of(&site)?;
    let zone = zone_of(&site)?;
    refuse_unreached(zone, target)?;
    if !arguments.dry_run {
        bring_admin_up_to_date(&site, now);
    }
    let (standing, live) = Standing::observe(&Observer::new(&site), zone)?;
    live.refuse_moved(|node| zone.proposed(&format!("member update {node}")))?;
    let steps = versions_to(standing.versions(), target).map_err(|error| no_way(zone, &error))?;
    for version in &steps {
        let request = BinaryRequest { version: Some(*version), ..BinaryRequest::default() };
        EtcdBinary::find(&request, None).map_err(binary_failure)?;
    }
    if arguments.dry_run {
        return print(&steps::text(zone, &standing, target)?);
    }
    let lock = OperationLock::take(&site, "upgrade")?;
    if target > zone.config.etcd.described_version() {
        hold(zone, &standing, target, &lock)?;
        lock.still_held()?;
        describe_version(zone, target)?;
        report::message(&format!("zone.toml: version = \"{target}\" in [etcd]; as it was: zone.toml.old-N"));
    }
    if let Site::Zone(zone) = &mut site {
        zone.config.etcd.version = Some(zone.config.etcd.described_version().max(target));
    }
    walk(&site, target, arguments.timeout.into(), &lock, arguments.format)
}

fn walk(
    site: &Site,
    target: EtcdVersion,
    limit: Duration,
    lock: &OperationLock,
    format: Format,
) -> Result<()> {
    let zone = zone_of(site)?;
    let mut watch = Told(site);
    let observer = Observer::new(site);
    let mut done = Vec::new();
    let ended = Upgrade { zone, observer, target, limit, lock, watch: &mut watch }.walk(&mut done);
    match format {
        Format::Json => print(&json(&done)?)?,
        Format::Text if done.is_empty() => {}
        Format::Text => print(&text(&done))?,
    }
    ended?;
    report::message(&format!("every member of {} runs etcd {target}", zone.config.name));
    if target < zone.config.etcd.described_version() {
        report::message(&format!("next: {}", zone.proposed("upgrade")));
    }
    Ok(())
}

fn zone_of(site: &Site) -> Result<&ZoneDirectory> {
    site.zone().ok_or_else(|| Failure::internal("a directory that is not a zone"))
}

/// An upgrade that is begun and cannot reach a node would stop in the middle.
fn refuse_unreached(zone: &ZoneDirectory, target: EtcdVersion) -> Result<()> {
    let unreached = zone.config.members().find(|node| matches!(Access::of(zone, node), Access::ByHand));
    let Some(node) = unreached else { return Ok(()) };
    let name = node.name.short();
    Err(Failure::new(Exit::Usage, format!("nothing says how {name} is reached"))
        .because(format!("{} has no [access], and {name} does not run from here", zone.paths.config().shown()))
        .next(format!(
            "add [access] with command = \"ssh root@{{address}} zone-etcd\"; or carry a bundle of each version on the way to {target}, as \
             docs/upgrading.md says: {}",
            zone.proposed("bundle --with-binaries --out DIR --passphrase-file FILE")
        )))
}
