//! Refuses to start a version of etcd that must not follow on the data.

use super::failures::{log_failure, version_refusal_failure, versions_failure};
use super::node_disk::read_past;
use etcd::{EtcdBinary, observe_data_directory, observe_versions};
use host::MemberState;
use model::config::EtcdVersion;
use model::error::{Failure, Result};
use model::plan::{
    DataDirectory, MemberPlan, MinorVersion, NodePaths, Observation, VersionRefusal, check_version,
};
use store::site::Site;

/// Refuses a binary that must not run on the data of a member that goes on.
#[tracing::instrument(skip_all, level = "debug", name = "compare versions")]
pub(super) fn refuse_wrong_version(
    site: &Site,
    member: &MemberPlan,
    binary: &EtcdBinary,
    state: Option<&MemberState>,
    observed: &Observation,
) -> Result<()> {
    if observed.said.set_aside {
        return Ok(());
    }
    match judge(&member.paths, observed.disk.data, last_of(state), binary.version)? {
        None => Ok(()),
        Some(refusal) => Err(version_refusal_failure(site, member, &refusal)),
    }
}

/// Why a version must not start on the data in a node directory; none if it may, or if there is no data. The
/// member may be running: its log is only added to, and what it has not written yet does not count.
///
/// # Errors
/// The data cannot be read.
pub fn version_refusal(paths: &NodePaths, new: EtcdVersion) -> Result<Option<VersionRefusal>> {
    let data = observe_data_directory(&paths.data()).map_err(|error| log_failure(&error))?;
    // The start refuses a `state.json` that is damaged; without it the data tells.
    let past = read_past(paths).ok().flatten();
    judge(paths, data, last_of(past.as_ref().map(|(state, _)| state)), new)
}

fn last_of(state: Option<&MemberState>) -> Option<EtcdVersion> {
    state.and_then(|state| state.etcd_version.parse().ok())
}

/// What the data says is read only if another minor ran last, or which is not known: a start of a member that
/// runs anyway reads nothing.
fn judge(
    paths: &NodePaths,
    data: DataDirectory,
    last: Option<EtcdVersion>,
    new: EtcdVersion,
) -> Result<Option<VersionRefusal>> {
    let same_minor = last.is_some_and(|last| MinorVersion::from(last) == MinorVersion::from(new));
    if same_minor || !matches!(data, DataDirectory::Log(_)) {
        return Ok(None);
    }
    let line = new.line().map_err(|error| Failure::internal("a version without a line").because(&error))?;
    let versions = observe_versions(&paths.data(), line).map_err(|error| versions_failure(&error))?;
    Ok(check_version(&versions, last, new).err())
}
