//! What to say, and to do, when a member cannot start.

use std::path::Path;

use crate::error::{Exit, Failure};
use crate::etcd::{BackendError, BinaryError, ExtraFlagError, LogError, VersionsError};
use crate::host::StateError;
use crate::plan::{MemberPlan, MemberPlanError, Refusal, VersionRefusal};
use crate::zone_directory::ZoneDirectory;

/// A member that must not start.
pub(super) fn refusal_failure(member: &MemberPlan, refusal: &Refusal) -> Failure {
    let data = member.paths.data();
    let failure = Failure::bad_input(format!("{} must not start", member.node.short())).because(refusal);
    match refusal {
        Refusal::ForeignData { .. } => {
            failure.next(format!("put this node's own data back into {}; nothing there was changed", data.display()))
        }
        Refusal::OtherCluster { .. } => failure.next(format!(
            "if the data is of another cluster, move it away: mv {0} {0}.other; if it is this zone's, set `token` in [etcd] \
             to the one it was started with; nothing was changed",
            data.display()
        )),
        Refusal::ForgottenVotes { .. } => failure.next(format!(
            "put the data back into {}; a member whose data is lost has to be replaced, and this version cannot do that. Only if \
             the first start of this member failed before the cluster was ever up: mv {} {}.failed",
            data.display(),
            member.paths.root().display(),
            member.paths.root().display(),
        )),
        Refusal::DataWithoutLog => failure.next(format!(
            "put the write-ahead log back into {}; if the files are of no use to anybody: mv {} {}.other",
            data.join("member").join("wal").display(),
            data.display(),
            data.display(),
        )),
        Refusal::SecondCluster { .. } => failure.next(
            "put [[node]], addresses, ports and token back as they were when the zone was founded; this version cannot \
             add members",
        ),
    }
}

/// A node on which no member is to run.
pub(super) fn member_failure(error: &MemberPlanError) -> Failure {
    Failure::new(Exit::Configuration, error.to_string())
        .next("start the members of the zone on its other nodes")
}

/// A write-ahead log that cannot tell whose it is.
pub(super) fn log_failure(error: &LogError) -> Failure {
    match error {
        LogError::Read { path, source } => Failure::read(path, source),
        LogError::Damaged(path) => Failure::bad_input(error.to_string()).next(format!(
            "restore the data directory or replace the member; nothing below {} was changed",
            path.parent().unwrap_or(path).display()
        )),
    }
}

/// A version of etcd that must not start on the data.
pub(super) fn version_refusal_failure(
    zone: &ZoneDirectory,
    member: &MemberPlan,
    refusal: &VersionRefusal,
) -> Failure {
    let node = member.node.short();
    Failure::bad_input(format!("{node} must not start with this version of etcd"))
        .because(refusal)
        .next(refusal.next(&zone.proposed(&format!("run --node {node}")), &zone.proposed("ctl")))
}

/// Data that does not tell which versions wrote it.
pub(super) fn versions_failure(error: &VersionsError) -> Failure {
    match error {
        VersionsError::Log(error) => log_failure(error),
        VersionsError::Backend(BackendError::Read { path, source }) => Failure::read(path, source),
        VersionsError::Backend(error @ BackendError::Damaged { .. }) => Failure::bad_input(error.to_string())
            .next("restore the data directory or replace the member; nothing in it was changed"),
    }
}

/// A `state.json` that cannot be used.
pub(super) fn state_failure(error: &StateError) -> Failure {
    match error {
        StateError::Write { path, source } => Failure::write(path, source),
        StateError::Read { path, source } => Failure::read(path, source),
        StateError::Damaged { .. } => Failure::bad_input(error.to_string()).next(
            "put it back from a backup; without it nobody can tell whether this member has voted, so move it away only if the \
             member never ran or its data is complete",
        ),
        StateError::Newer { .. } => Failure::bad_input(error.to_string()).next("run the version of zone-etcd that wrote it, or a later one"),
    }
}

/// The failure of a start that found no etcd to run.
pub fn binary_failure(error: BinaryError) -> Failure {
    let bundle_again = |path: &Path| {
        format!(
            "bundle it again: scripts/bundle-etcd --force, or run a known etcd with --etcd; not {}",
            path.display()
        )
    };
    match &error {
        BinaryError::NotBundled { version, .. } => Failure::new(Exit::MissingInput, error.to_string())
            .next(format!("run scripts/bundle-etcd --version {version} (with --archive FILE for one that it cannot build), or name an etcd with --etcd PATH")),
        BinaryError::Read { path, source } => {
            Failure::read(path, source).next("name an etcd with --etcd PATH, or run scripts/bundle-etcd")
        }
        BinaryError::NotAFile(_) => {
            Failure::bad_input(error.to_string()).next("name the etcd binary itself with --etcd")
        }
        BinaryError::NotExecutable(path) => {
            Failure::new(Exit::Permission, error.to_string()).next(format!("chmod 755 {}", path.display()))
        }
        BinaryError::Manifest { path, .. } => Failure::bad_input(error.to_string()).next(bundle_again(path)),
        BinaryError::Altered { path, .. } => Failure::bad_input(error.to_string()).next(bundle_again(path)),
        BinaryError::Version { .. } => Failure::new(Exit::Configuration, error.to_string())
            .next("run a supported one: scripts/bundle-etcd bundles 3.7.3"),
        BinaryError::DidNotAnswer { .. } => Failure::bad_input(error.to_string())
            .next("name an etcd binary for this machine with --etcd PATH"),
    }
}

/// Flags that etcd would not take, or that are not the user's to give.
pub(super) fn flag_failure(in_file: &[ExtraFlagError], given: &[ExtraFlagError]) -> Failure {
    let exit = if in_file.is_empty() { Exit::Usage } else { Exit::Configuration };
    let mut failure = Failure::new(exit, "not every flag can be passed on to etcd");
    failure.causes.extend(in_file.iter().map(|error| format!("[etcd.flags] of zone.toml: {error}")));
    failure.causes.extend(given.iter().map(ToString::to_string));
    failure.next("correct or remove them; nothing was started")
}
