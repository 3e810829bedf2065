//! Which version of etcd comes next on the way to another. A pure function of the versions that the members
//! run.

use crate::config::{EtcdVersion, MinorVersion};

/// Why there is no way by restarts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A member runs a later minor.
    #[error("etcd {from} runs, and {to} is of an older minor")]
    Downgrade {
        /// What runs.
        from: EtcdVersion,
        /// The target.
        to: EtcdVersion,
    },
    /// There is no release to run in between.
    #[error("no release is known between etcd {from} and {to}")]
    Unknown {
        /// What runs.
        from: EtcdVersion,
        /// The target.
        to: EtcdVersion,
    },
}

/// The version to bring every member to next: the target itself, or the release of a minor in between. None
/// if `running` is the target everywhere. Members that run the next version, or a later one, are left alone.
///
/// # Errors
/// The target cannot be reached.
pub fn next_version(
    running: impl IntoIterator<Item = EtcdVersion>,
    target: EtcdVersion,
) -> Result<Option<EtcdVersion>, PathError> {
    let to = MinorVersion::from(target);
    let mut lowest = None;
    let mut differs = false;
    for version in running {
        if MinorVersion::from(version) > to {
            return Err(PathError::Downgrade { from: version, to: target });
        }
        differs |= version != target;
        lowest = Some(lowest.map_or(version, |lowest: EtcdVersion| lowest.min(version)));
    }
    let Some(lowest) = lowest.filter(|_| differs) else { return Ok(None) };
    let from = MinorVersion::from(lowest);
    if from == to {
        return Ok(Some(target));
    }
    let unknown = PathError::Unknown { from: lowest, to: target };
    let is_too_old = from.first_to_leave().is_some_and(|first| lowest < first);
    let next = if is_too_old { from } else { from.after() };
    if next == to { Ok(Some(target)) } else { next.release().map(Some).ok_or(unknown) }
}

/// Every version on the way, in order.
///
/// # Errors
/// As [`next_version`].
pub fn versions_to(
    running: impl IntoIterator<Item = EtcdVersion>,
    target: EtcdVersion,
) -> Result<Vec<EtcdVersion>, PathError> {
    let mut running: Vec<EtcdVersion> = running.into_iter().collect();
    let mut steps = Vec::new();
    while let Some(step) = next_version(running.iter().copied(), target)? {
        steps.push(step);
        running.iter_mut().filter(|version| is_due(**version, step)).for_each(|version| *version = step);
    }
    Ok(steps)
}

/// Whether a member that runs this version has to be restarted with `step`. Another patch of the same minor
/// counts whatever it is.
pub fn is_due(running: EtcdVersion, step: EtcdVersion) -> bool {
    running < step || (MinorVersion::from(running) == MinorVersion::from(step) && running != step)
}
