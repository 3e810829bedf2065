//! What the data says of the versions that wrote it.

use std::path::Path;

use super::backend::{BackendError, read_backend};
use super::log_scan::scan_log;
use super::old_store::newest_store;
use super::write_ahead_log::LogError;
use model::config::MinorVersion;
use model::plan::DataVersions;

/// What etcd takes for the version of a cluster whose members do not all answer yet
/// (`api/version/version.go`, `MinClusterVersion`). Those before 3.5 did not write theirs to the backend, so
/// there it means nothing else.
const NOT_AGREED_YET: MinorVersion = MinorVersion { major: 3, minor: 0 };

/// Why the data does not tell.
#[derive(Debug, thiserror::Error)]
pub enum VersionsError {
    /// The backend does not.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The log or a snapshot does not.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Reads the versions of a data directory on which a binary of `line` is to run. The backend takes a few
/// reads. For 3.6 and 3.7 the whole log is read as well, so a caller that knows that the same minor ran
/// last does not call this.
pub fn observe_versions(data: &Path, line: MinorVersion) -> Result<DataVersions, VersionsError> {
    let facts = read_backend(data)?.unwrap_or_default();
    let mut versions = DataVersions {
        cluster: facts.cluster_version.filter(|version| *version != NOT_AGREED_YET),
        storage: facts.storage_version,
        downgrade: facts
            .downgrade
            .filter(|downgrade| downgrade.enabled)
            .and_then(|downgrade| downgrade.target),
        ..DataVersions::default()
    };
    if line == MinorVersion::V3_5 {
        return Ok(versions);
    }
    let log = scan_log(data)?;
    // 3.7 goes by the log's own record of the newest snapshot, 3.6 by the newest file that such a record
    // names.
    versions.old_requests =
        log.has_old_requests_after(log.snapshots.last().map_or(0, |snapshot| snapshot.index));
    if line == MinorVersion::V3_6 {
        let store = newest_store(data, &log)?;
        let (covered, in_store) = store.map_or((0, false), |(snapshot, content)| (snapshot.index, content));
        versions.old_content = in_store || log.has_old_content_after(covered);
    }
    Ok(versions)
}
