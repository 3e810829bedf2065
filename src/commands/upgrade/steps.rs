//! The steps of an upgrade, before any of them is taken.

use crate::access::Access;
use crate::activation::Missing;
use crate::config::{EtcdVersion, Node};
use crate::error::Result;
use crate::launch;
use crate::plan::MinorVersion;
use crate::report::Table;
use crate::upgrade::{Standing, no_way};
use crate::zone_directory::ZoneDirectory;

/// What would be done, in order, but for the leader, which is the last of each version.
pub(super) fn text(zone: &ZoneDirectory, standing: &Standing, target: EtcdVersion) -> Result<String> {
    let mut table = Table::new(&["etcd", "node", "runs", "what is done"]);
    let mut at = standing.clone();
    let mut is_first = true;
    while let Some((step, due)) = at.next(zone, target).map_err(|error| no_way(zone, &error))? {
        for node in due {
            let running = at.version_of(node).map(|version| version.to_string()).unwrap_or_default();
            let done = what_is_done(zone, node, step, is_first)?;
            table.row([step.to_string(), node.name.short().to_owned(), running, done]);
        }
        at.reach(step);
        is_first = false;
    }
    Ok(if at == *standing { format!("every member runs etcd {target}\n") } else { table.render() })
}

fn what_is_done(
    zone: &ZoneDirectory,
    node: &Node,
    step: EtcdVersion,
    data_is_read_now: bool,
) -> Result<String> {
    let is_here = matches!(Access::of(zone, node), Access::Here);
    let way = if is_here { "restart" } else { "bundle with programs, restart" };
    let may_take_snapshot = MinorVersion::from(step) >= MinorVersion { major: 3, minor: 7 };
    if !may_take_snapshot {
        return Ok(way.to_owned());
    }
    if is_here && data_is_read_now {
        let refusal = launch::version_refusal(&zone.node_paths(&node.name), step)?;
        return Ok(match refusal.map(Missing::from) {
            Some(Missing::Snapshot) => "restart with 3.6 for a snapshot, restart".to_owned(),
            _ => way.to_owned(),
        });
    }
    Ok(format!("{way}; with 3.6 once more before, if its log holds entries of 3.5 after the last snapshot"))
}
