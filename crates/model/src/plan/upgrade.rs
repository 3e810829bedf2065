//! May this version of etcd start on this data? A pure function over what the data says and what ran last.
//!
//! etcd goes up by one minor at a time, and down by one if the whole cluster has agreed to it. A binary that
//! breaks this ends, or panics while it replays its log; what it has written by then differs from version to
//! version.

use super::version_refusal::VersionRefusal;
use crate::config::{EtcdVersion, MinorVersion};

/// What the data says of the versions that wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataVersions {
    /// The version of the cluster, which etcd raises when every member runs the higher one, as far as this
    /// member knows.
    pub cluster: Option<MinorVersion>,
    /// The version of the storage; etcd has written it since 3.6.
    pub storage: Option<MinorVersion>,
    /// To where the cluster is being downgraded.
    pub downgrade: Option<MinorVersion>,
    /// Whether the log holds, after its newest snapshot, requests in the form of etcd 2. etcd 3.5 writes one
    /// at each start, 3.6 reads them, and 3.7 panics.
    pub old_requests: bool,
    /// Whether the newest snapshot, or the log after it, holds content of the API of etcd 2. 3.6 does not
    /// start on it.
    pub old_content: bool,
}

/// How a version follows on the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStep {
    /// The version that ran last.
    Same,
    /// Another one of the same minor, or one that is not known.
    Patch,
    /// Data that no version has marked yet: the first start did not get that far.
    Unmarked,
    /// The next minor.
    Upgrade {
        /// The one that ran last.
        from: MinorVersion,
    },
    /// The minor before, which the data permits.
    Downgrade {
        /// The one that ran last.
        from: MinorVersion,
    },
}

/// Decides whether `new` may start on the data. `last` is the version that `state.json` says ran last.
///
/// The rules are etcd's own where it has any: `server/etcdserver/version/downgrade.go` compares the binary
/// with the version of the cluster, `server/storage/schema/schema.go` with the version of the storage. The
/// others keep it from a panic or from a step that its documents rule out.
pub fn check_version(
    data: &DataVersions,
    last: Option<EtcdVersion>,
    new: EtcdVersion,
) -> Result<VersionStep, VersionRefusal> {
    let minor = MinorVersion::from(new);
    refuse_newer_data(data, new)?;
    if minor == MinorVersion::V3_6 && data.old_content {
        return Err(VersionRefusal::OldContent { to: new });
    }
    // A later minor than the last known one has marked the storage: it was run without this program.
    let last = last.filter(|last| data.storage.is_none_or(|storage| storage <= MinorVersion::from(*last)));
    let step = follow(data, last, new)?;
    if minor >= MinorVersion::V3_7 && data.old_requests {
        return Err(VersionRefusal::SnapshotOf36Missing { to: new });
    }
    Ok(step)
}

/// etcd refuses data of a cluster or storage that is later than itself, and lowers both when a downgrade is
/// agreed to.
fn refuse_newer_data(data: &DataVersions, new: EtcdVersion) -> Result<(), VersionRefusal> {
    let minor = MinorVersion::from(new);
    if let Some(from) = data.cluster.max(data.storage).filter(|from| *from > minor) {
        return Err(VersionRefusal::Downgrade { from, to: new });
    }
    match data.downgrade {
        // 3.5 starts during a downgrade only if it is the target (`membership/downgrade.go`,
        // `mustDetectDowngrade`).
        Some(target) if minor == MinorVersion::V3_5 && target != minor => {
            Err(VersionRefusal::OtherDowngrade { target, to: new })
        }
        _ => Ok(()),
    }
}

fn follow(
    data: &DataVersions,
    last: Option<EtcdVersion>,
    new: EtcdVersion,
) -> Result<VersionStep, VersionRefusal> {
    let minor = MinorVersion::from(new);
    // Without a mark the log tells a little: only 3.5 and what came before write requests in the form of etcd
    // 2.
    let oldest =
        data.cluster.or(last.map(MinorVersion::from)).or(data.old_requests.then_some(MinorVersion::V3_5));
    let Some(oldest) = oldest else { return Ok(VersionStep::Unmarked) };
    if !oldest.reaches(minor) {
        return Err(match last {
            Some(last) if MinorVersion::from(last).before() == oldest => {
                VersionRefusal::ClusterBehind { cluster: oldest, last, to: new }
            }
            _ => VersionRefusal::SkipsMinor { from: oldest, to: new },
        });
    }
    if last == Some(new) {
        return Ok(VersionStep::Same);
    }
    let from = last.map_or(data.storage.map_or(oldest, |storage| storage.max(oldest)), MinorVersion::from);
    if from == minor {
        return Ok(VersionStep::Patch);
    }
    if from > minor {
        return Ok(VersionStep::Downgrade { from });
    }
    if !from.reaches(minor) {
        return Err(VersionRefusal::SkipsMinor { from, to: new });
    }
    match from.first_to_leave() {
        Some(at_least) if last.is_none_or(|last| last < at_least) => {
            Err(VersionRefusal::TooOldPatch { last, at_least, to: new })
        }
        _ => Ok(VersionStep::Upgrade { from }),
    }
}
