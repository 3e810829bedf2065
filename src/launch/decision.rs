//! What is observed before a start, and the decision that follows from it.

use std::path::Path;

use super::failures::{log_failure, lost_directory_failure, refusal_failure, state_failure};
use crate::config::{EtcdVersion, Node};
use crate::error::{Failure, Result};
use crate::etcd::{observe_data_directory, read_backend};
use crate::host::{self, MemberState};
use crate::plan::{DataDirectory, EtcdId, Ids, MemberPlan, Observed, refuse_by_data};
use crate::zone_directory::{ZoneDirectory, has_issued_to};

/// Observes the node directory. What must not start whatever the other members answer is refused here.
pub(super) fn observe(
    zone: &ZoneDirectory,
    member: &MemberPlan,
    set_aside: bool,
    etcd_version: EtcdVersion,
) -> Result<(Observed, Option<MemberState>)> {
    let paths = &member.paths;
    let data = observe_data_directory(&paths.data()).map_err(|error| log_failure(&error))?;
    let past = host::observe_past(paths).map_err(|error| state_failure(&error))?;
    if let Some((state, _)) = &past {
        refuse_state_of_others(zone, member, state)?;
    }
    let (state, past) = past.unzip();
    // A member with data goes on by its data, whatever is in the directories of others.
    let founded =
        if data == DataDirectory::Empty || set_aside { founded_cluster(zone, member)? } else { None };
    let observed = Observed {
        data,
        set_aside,
        past,
        predicted: predicted(member),
        peer_url: member.member.peer_url.clone(),
        founded,
        removed: says_removed(&paths.data(), data),
        etcd_version,
    };
    match refuse_by_data(&observed) {
        Some(refusal) => Err(refusal_failure(zone, member, data, &refusal)),
        None => Ok((observed, state)),
    }
}

/// Whether the data itself tells that its member was removed, which etcd writes down before it ends. A backend that cannot be
/// read tells nothing; what is wrong with it, etcd says better.
fn says_removed(directory: &Path, data: DataDirectory) -> bool {
    let DataDirectory::Log(ids) = data else { return false };
    let facts = read_backend(directory).ok().flatten();
    facts.is_some_and(|facts| facts.removed_members.contains(&ids.member))
}

fn refuse_state_of_others(zone: &ZoneDirectory, member: &MemberPlan, state: &MemberState) -> Result<()> {
    let directory = member.paths.root().display();
    if state.zone != zone.config.name.as_str() {
        return Err(Failure::bad_input(format!("{directory} is of another zone"))
            .because(format!("state.json names the zone {}, zone.toml says {}", state.zone, zone.config.name))
            .next("put the zone's name back in zone.toml: it cannot change once members have run"));
    }
    if state.node != member.node.full() {
        return Err(Failure::bad_input(format!("{directory} is the directory of another node"))
            .because(format!("state.json names {}, this start is for {}", state.node, member.node))
            .next("a node directory is never shared or copied: give this node one of its own"));
    }
    Ok(())
}

/// A node that has had certificates and has no place for them now has lost it, and with it what it knows of its past. The
/// place is made before a certificate is logged, so an interrupted first start does not look like that.
pub(super) fn refuse_lost_directory(zone: &ZoneDirectory, node: &Node, member: &MemberPlan) -> Result<()> {
    if member.paths.generations().exists() || !has_issued_to(zone, node)? {
        return Ok(());
    }
    Err(lost_directory_failure(zone, member))
}

/// A cluster that the zone runs, by the data or the past of the other nodes whose directories are here, if it is not the one
/// that the description leads to.
fn founded_cluster(zone: &ZoneDirectory, member: &MemberPlan) -> Result<Option<EtcdId>> {
    for node in zone.config.nodes.iter().filter(|node| node.name != member.node) {
        let paths = zone.paths.node(&node.name);
        let data = observe_data_directory(&paths.data()).map_err(|error| log_failure(&error))?;
        let past = host::observe_past(&paths).map_err(|error| state_failure(&error))?;
        let cluster = match (data, past) {
            (DataDirectory::Log(ids), _) => Some(ids.cluster),
            (_, Some((_, past))) if past.had_log => Some(past.ids.cluster),
            _ => None,
        };
        if cluster.is_some_and(|cluster| cluster != member.cluster.id) {
            return Ok(cluster);
        }
    }
    Ok(None)
}

/// The ids that follow from the zone description.
fn predicted(member: &MemberPlan) -> Ids {
    Ids { member: member.member.id, cluster: member.cluster.id }
}
