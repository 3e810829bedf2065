//! Refuses to start a version of etcd that must not follow on the data.

use super::failures::{version_refusal_failure, versions_failure};
use crate::config::EtcdVersion;
use crate::error::Result;
use crate::etcd::{EtcdBinary, observe_versions};
use crate::host::MemberState;
use crate::plan::{DataDirectory, MemberPlan, MinorVersion, Observed, check_version};
use crate::site::Site;

/// Refuses a binary that must not run on the data of a member that goes on. What the data says is read only if another minor ran
/// last, or nobody knows which: a start of a member that runs anyway reads nothing.
pub(super) fn refuse_wrong_version(
    site: &Site,
    member: &MemberPlan,
    binary: &EtcdBinary,
    state: Option<&MemberState>,
    observed: &Observed,
) -> Result<()> {
    let last: Option<EtcdVersion> = state.and_then(|state| state.etcd_version.parse().ok());
    let same_minor = last.is_some_and(|last| MinorVersion::from(last) == MinorVersion::from(binary.version));
    if same_minor || observed.said.set_aside || !matches!(observed.disk.data, DataDirectory::Log(_)) {
        return Ok(());
    }
    let data =
        observe_versions(&member.paths.data(), binary.line).map_err(|error| versions_failure(&error))?;
    match check_version(&data, last, binary.version) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(version_refusal_failure(site, member, &refusal)),
    }
}
