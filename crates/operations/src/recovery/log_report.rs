//! How far the log of a member has come, read from its files.

use zone_pki::ShowPath;

use crate::recovery_report::LogReport;
use etcd::{LogError, WholeLog, read_backend, read_log};
use host::{MemberState, database_size, running_member};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::SnapshotMember;
use store::site::Site;

impl LogReport {
    /// Reads the files of the node that is here. Whether its member runs does not matter.
    ///
    /// # Errors
    /// There is no log (exit 66), or it is damaged (65).
    pub fn read(site: &Site, node: &Node) -> Result<Self> {
        let paths = site.node_paths(&node.name);
        let data = paths.data();
        let log = read_log(&data).map_err(|error| log_failure(&error))?;
        let log = log.ok_or_else(|| no_log(node, &data))?;
        let WholeLog { ids, position, is_torn, .. } = log;
        let backend = read_backend(&data).map_err(|error| {
            Failure::bad_input(error.to_string())
                .next("recover from another survivor, or from a snapshot: zone-etcd snapshot list")
        })?;
        let backend = backend.unwrap_or_default();
        let members = backend.members.into_iter().map(|member| SnapshotMember {
            name: member.name,
            id: member.id.to_string(),
            peer_urls: member.peer_urls,
            client_urls: member.client_urls,
            is_learner: member.is_learner,
        });
        Ok(Self {
            node: node.name.full().to_owned(),
            zone: site.config().name.as_str().to_owned(),
            member_id: ids.member.to_string(),
            cluster_id: ids.cluster.to_string(),
            is_running: running_member(&paths).is_some(),
            etcd_version: MemberState::load(&paths.state()).ok().flatten().map(|state| state.etcd_version),
            position,
            is_torn,
            consistent_index: backend.consistent_index,
            database_size: database_size(&data),
            members: members.collect(),
            data: data.shown().to_string(),
        })
    }
}

/// A log from which nothing can be recovered.
pub(super) fn log_failure(error: &LogError) -> Failure {
    match error {
        LogError::Read { path, source } => Failure::read(path, source),
        LogError::Write { path, source } => Failure::write(path, source),
        LogError::Damaged(_) | LogError::DamagedAt { .. } => Failure::bad_input(error.to_string())
            .because("etcd does not start on it either; nothing was changed")
            .next("recover from another survivor, or from a snapshot: zone-etcd snapshot list"),
    }
}

fn no_log(node: &Node, data: &std::path::Path) -> Failure {
    let what = format!("{} has no log of a member: {}", node.name.short(), data.shown());
    Failure::new(Exit::MissingInput, what)
        .next("recover from another survivor, or from a snapshot: zone-etcd snapshot list")
}
