//! Why a version of etcd must not start on the data, and the path to take.

use crate::config::{EtcdVersion, MinorVersion};

/// Why a version must not start on the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionRefusal {
    /// A minor would be left out, or it is another major version.
    #[error(
        "the data is of etcd {from}, and etcd {to} takes data of {} or {} only",
        MinorVersion::from(*to).before(), MinorVersion::from(*to)
    )]
    SkipsMinor {
        /// The minor of the data.
        from: MinorVersion,
        /// The version to be run.
        to: EtcdVersion,
    },
    /// The member has run the minor before, but another member has not.
    #[error(
        "this member ran etcd {last}, but its cluster is still at version {cluster}: not every member has \
         run {}",
        MinorVersion::from(*last)
    )]
    ClusterBehind {
        /// The cluster's version.
        cluster: MinorVersion,
        /// The version that the member last ran.
        last: EtcdVersion,
        /// The version to be run.
        to: EtcdVersion,
    },
    /// The data was written by a later minor, and no downgrade has been agreed to, or it has not come so far.
    #[error(
        "the data is of etcd {from}, and etcd {to} does not take it unless the cluster has agreed to a \
         downgrade"
    )]
    Downgrade {
        /// The minor of the data.
        from: MinorVersion,
        /// The version to be run.
        to: EtcdVersion,
    },
    /// The cluster has agreed to a downgrade, to another minor.
    #[error("the cluster is being downgraded to {target}, and etcd {to} is not of that version")]
    OtherDowngrade {
        /// To where it is being downgraded.
        target: MinorVersion,
        /// The version to be run.
        to: EtcdVersion,
    },
    /// The log still holds what 3.5 wrote, and 3.6 has written no snapshot after it.
    #[error(
        "its log holds requests in the form of etcd 2, which 3.5 wrote, and no snapshot of 3.6 after them: \
         etcd {to} panics when it reads them"
    )]
    SnapshotOf36Missing {
        /// The version to be run.
        to: EtcdVersion,
    },
    /// The last version is too old to leave its minor, or is not known.
    #[error("{}, and etcd {to} may follow {at_least} or a later one", last_words(*last, *at_least))]
    TooOldPatch {
        /// What ran last, if it is known.
        last: Option<EtcdVersion>,
        /// The first that would do.
        at_least: EtcdVersion,
        /// The version to be run.
        to: EtcdVersion,
    },
    /// There is content of the API of etcd 2.
    #[error("it holds content of the API of etcd 2, on which etcd {to} does not start")]
    OldContent {
        /// The version to be run.
        to: EtcdVersion,
    },
}

fn last_words(last: Option<EtcdVersion>, at_least: EtcdVersion) -> String {
    match last {
        Some(last) => format!("it last ran etcd {last}"),
        None => format!("nothing tells which {} it last ran", MinorVersion::from(at_least)),
    }
}

impl VersionRefusal {
    /// The path to take. `run` is the command that starts this member, `ctl` the one that calls etcdctl.
    pub fn next(&self, run: &str, ctl: &str) -> String {
        match *self {
            Self::SkipsMinor { from, to } if from.reaches(MinorVersion::from(to).before()) => {
                let between = named(MinorVersion::from(to).before());
                format!(
                    "run {between} on every member first: set `version = \"{between}\"` in [etcd] of \
                     zone.toml, start one member after the other, wait until `{ctl} -- endpoint status` says \
                     so of each; then {to} in the same way"
                )
            }
            Self::SkipsMinor { from, to } if from < MinorVersion::from(to) => {
                format!("go up by one minor at a time: run {} on every member first", named(from.after()))
            }
            Self::SkipsMinor { .. } => "run a version of etcd that fits the data".to_owned(),
            Self::ClusterBehind { last, .. } => format!(
                "run {} on every member first: `{ctl} -- endpoint status` tells who is behind; start this \
                 one with `version = \"{last}\"` in [etcd] of zone.toml until then",
                MinorVersion::from(last)
            ),
            Self::Downgrade { from, to } if from.before() == MinorVersion::from(to) => format!(
                "to go back, start every member with {from} (`version = \"{}\"` in [etcd] of zone.toml), run \
                 `{ctl} -- downgrade enable {}`, wait until `{ctl} -- endpoint status -w json` shows that \
                 storage version of each member, then start one after the other with {to}; otherwise run \
                 {from} on",
                named(from),
                MinorVersion::from(to)
            ),
            Self::Downgrade { from, .. } => format!(
                "run {} on; downgrades go one minor at a time: the next one down is {}",
                named(from),
                from.before()
            ),
            Self::OtherDowngrade { target, .. } => {
                format!("run {} or cancel the downgrade: {ctl} -- downgrade cancel", named(target))
            }
            Self::SnapshotOf36Missing { .. } => {
                let release = named(MinorVersion::V3_6);
                format!(
                    "have 3.6 write one: set `version = \"{release}\"` in [etcd] of zone.toml, start this \
                     member once with `{run} -- --snapshot-count=1`, and stop it when it takes requests; \
                     then set the version back and start it again"
                )
            }
            Self::TooOldPatch { at_least, .. } => {
                let release = named(MinorVersion::from(at_least));
                format!(
                    "run {release} first: set `version = \"{release}\"` in [etcd] of zone.toml, start one \
                     member after the other with it, and each takes the next minor once it has run it"
                )
            }
            Self::OldContent { .. } => format!(
                "go on with etcd {}, whose API of etcd 2 (--enable-v2) reads and deletes what is there; when \
                 nothing is left, start this member once with `{run} -- --snapshot-count=1`",
                named(MinorVersion::V3_5)
            ),
        }
    }
}

/// A release to run, or the minor alone if this program drives none of it.
fn named(minor: MinorVersion) -> String {
    minor.release().map_or_else(|| minor.to_string(), |release| release.to_string())
}
