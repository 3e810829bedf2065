//! What is observed before a start, and the decision that follows from it.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::LaunchOptions;
use super::failures::{lost_directory_failure, refusal_failure};
use super::node_disk::{NodeDisk, read_past};
use super::restoration;
use etcd::{observe_data_directory, read_backend};
use host::MemberState;
use model::config::{EtcdVersion, Node};
use model::error::{Exit, Failure, Result};
use model::plan::{DataDirectory, EtcdId, Ids, MemberPlan, NodePaths, Observation, Phase};
use store::site::Site;
use store::zone_directory::has_issued_to;

/// Observes the node directory. What must not start whatever the other members answer is refused here.
#[tracing::instrument(skip_all)]
pub(super) fn observe(
    site: &Site,
    member: &MemberPlan,
    options: &LaunchOptions,
    etcd_version: EtcdVersion,
    now: OffsetDateTime,
) -> Result<(Observation, Option<MemberState>)> {
    let paths = &member.paths;
    refuse_dangling(&paths.data())?;
    let NodeDisk { facts: disk, state } = NodeDisk::read(paths)?;
    let restored = site.restored()?;
    if let Some(epoch) = restored.as_ref().filter(|_| !options.said.set_aside) {
        restoration::refuse_half_restored(site, member, epoch, disk.data)?;
    }
    if let Some(state) = &state {
        refuse_state_of_others(site, member, state)?;
    }
    // A member with data goes on by its data, whatever is in the directories of others.
    let without = disk.data == DataDirectory::Empty || options.said.set_aside;
    let Neighbours { founded, ran_as } =
        if without { neighbours(site, member) } else { Neighbours::default() };
    let own = own_facts(&paths.data(), disk.data);
    let observed = Observation {
        disk,
        said: options.said,
        words: options.words.clone(),
        predicted: predicted(member),
        peer_url: member.member.peer_url.clone(),
        founded,
        alone: member.cluster.members.len() == 1,
        ran_as,
        removed: own.removed,
        has_taken_part: own.has_taken_part,
        etcd_version,
        right: site.right_to_bootstrap(now),
        restored: restored.as_ref().and_then(|epoch| EtcdId::parse(&epoch.cluster_id)),
    };
    match observed.local_state() {
        Err(refusal) => Err(refusal_failure(site, member, disk.data, &refusal)),
        Ok(_) => Ok((observed, state)),
    }
}

/// A data directory on a disk that is not there must not be taken for an empty one.
fn refuse_dangling(data: &Path) -> Result<()> {
    match std::fs::read_link(data) {
        Ok(target) if !data.exists() => Err(Failure::new(
            Exit::MissingInput,
            format!("{} points to {}, which is not there", data.shown(), target.shown()),
        )
        .next("mount the disk that it is on")),
        _ => Ok(()),
    }
}

/// What the data itself tells of its member.
#[derive(Default)]
struct OwnFacts {
    /// It was removed, which etcd writes down before it ends.
    removed: bool,
    /// The cluster has agreed to its client URLs.
    has_taken_part: bool,
}

/// A backend that cannot be read tells nothing; what is wrong with it, etcd says better.
fn own_facts(directory: &Path, data: DataDirectory) -> OwnFacts {
    let DataDirectory::Log(ids) = data else { return OwnFacts::default() };
    let Some(facts) = read_backend(directory).ok().flatten() else { return OwnFacts::default() };
    let own = facts.members.iter().find(|member| member.id == ids.member);
    OwnFacts {
        removed: facts.removed_members.contains(&ids.member),
        has_taken_part: own.is_some_and(|member| !member.client_urls.is_empty()),
    }
}

fn refuse_state_of_others(site: &Site, member: &MemberPlan, state: &MemberState) -> Result<()> {
    let directory = member.paths.root().shown();
    if state.zone != site.config().name.as_str() {
        return Err(Failure::bad_input(format!("{directory} is of another zone"))
            .because(format!(
                "state.json names the zone {}, {} says {}",
                state.zone,
                site.description(),
                site.config().name
            ))
            .next(format!(
                "put the zone's name back in {}: it cannot change once members have run",
                site.place_to_correct()
            )));
    }
    if state.node != member.node.full() {
        return Err(Failure::bad_input(format!("{directory} is the directory of another node"))
            .because(format!("state.json names {}, this start is for {}", state.node, member.node))
            .next(match site.config().nodes.iter().any(|node| node.name.full() == state.node) {
                true => {
                    "a node directory is never shared or copied: give this node one of its own".to_owned()
                }
                false => format!(
                    "put the name {} back in {}: it cannot change once the member has run",
                    state.node,
                    site.place_to_correct()
                ),
            }));
    }
    Ok(())
}

/// A node that has had certificates and has no place for them now has lost it, and with it what it knows of
/// its past. The place is made before a certificate is logged, so an interrupted first start does not look
/// like that. An activated node has the directory that it was activated in.
pub(super) fn refuse_lost_directory(site: &Site, node: &Node, member: &MemberPlan) -> Result<()> {
    match site {
        Site::Zone(zone) if !member.paths.generations().exists() && has_issued_to(zone, node)? => {
            Err(lost_directory_failure(site, member))
        }
        _ => Ok(()),
    }
}

/// What the other node directories here tell of the zone's past.
#[derive(Default)]
struct Neighbours {
    /// A cluster that one of them has run, if it is not the one that the description gives.
    founded: Option<EtcdId>,
    /// One that is in the description no more, and has run the member that this node would be.
    ran_as: Option<String>,
}

/// Looks into every node directory of the zone, also of nodes that are not described any more. One that
/// cannot be read tells nothing: it is its own node's to complain.
fn neighbours(site: &Site, member: &MemberPlan) -> Neighbours {
    let mut found = Neighbours::default();
    let Some(zone) = site.zone() else { return found };
    let Ok(entries) = std::fs::read_dir(zone.paths.nodes()) else { return found };
    for entry in entries.flatten() {
        let paths = NodePaths::new(entry.path());
        let past = read_past(&paths).ok().flatten();
        // This node's own directory, or one of its own that was moved away.
        if entry.file_name() == member.node.short()
            || past.as_ref().is_some_and(|(state, _)| state.node == member.node.full())
        {
            continue;
        }
        let ids = match (observe_data_directory(&paths.data()), &past) {
            (Ok(DataDirectory::Log(ids)), _) => ids,
            (_, Some((_, past))) if past.phase == Phase::Ran => past.ids,
            _ => continue,
        };
        if ids.cluster != member.cluster.id {
            found.founded = Some(ids.cluster);
        }
        if let Some((state, _)) = past
            && ids.member == member.member.id
            && !zone.config.nodes.iter().any(|node| node.name.full() == state.node)
        {
            found.ran_as = Some(state.node);
        }
    }
    found
}

/// The ids that follow from the zone description.
fn predicted(member: &MemberPlan) -> Ids {
    Ids { member: member.member.id, cluster: member.cluster.id }
}
