//! Whether the etcd of a generation may run on the data that is on the node: asked before the generation is
//! in use, since whatever ends the member afterwards starts that etcd.

use super::description::Described;
use super::refusal::{Refusal, RefusedBundle};
use etcd::observe_data_directory;
use host::NodeLock;
use model::config::EtcdVersion;
use model::error::{Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{DataDirectory, VersionRefusal, proposed_on_node};

/// Refuses a generation whose etcd must not run on the data. `name` is what the generation is called in
/// messages.
pub(super) fn check(
    described: &Described,
    restore: Option<&RestoredEpoch>,
    name: &str,
) -> Result<(), RefusedBundle> {
    let Some(member) = &described.member else { return Ok(()) };
    // Nothing starts on data from before a restore.
    let data = observe_data_directory(&member.paths.data()).ok().and_then(DataDirectory::ids);
    if data.zip(restore).is_some_and(|(ids, epoch)| ids.cluster.to_string() != epoch.cluster_id) {
        return Ok(());
    }
    let version = described.zone.etcd.version.unwrap_or(EtcdVersion::DEFAULT);
    let Some(refusal) = crate::version_refusal(&member.paths, version)? else { return Ok(()) };
    let node = member.node.short();
    let mut failure =
        Failure::bad_input(format!("{name} is not activated: {node} must not start with its etcd {version}"))
            .because(&refusal);
    if NodeLock::is_held(&member.paths.lock()) {
        failure = failure.because(match refusal {
            VersionRefusal::SnapshotOf36Missing { .. } => {
                "its member runs, and has not written such a snapshot so far"
            }
            _ => "its member runs on",
        });
    }
    let failure = failure.because("nothing was switched, and no program was installed").next(next(
        &refusal,
        node,
        member.paths.root(),
    ));
    Err(RefusedBundle {
        failure,
        refusal: Some(Box::new(Refusal::VersionRefused { missing: refusal.into() })),
    })
}

/// The path to take. Where a version is missing in between, the bundles are made on the signing host.
fn next(refusal: &VersionRefusal, node: &str, root: &std::path::Path) -> String {
    let run = format!(
        "zone-etcd run --config {}",
        model::report::shell_quoted_path(&root.join(model::plan::LOCAL_CONFIG))
    );
    let ctl = run.replacen(" run ", " ctl ", 1);
    match refusal {
        VersionRefusal::SnapshotOf36Missing { .. } => format!(
            "on the signing host: zone-etcd upgrade, which has 3.6 write one first; or here: stop the \
             member, start it once with `{run} -- --snapshot-count=1`, stop it when it takes requests, and \
             start it as before; then: {}",
            proposed_on_node(&format!("activate {node}.bundle"), root)
        ),
        VersionRefusal::Downgrade { .. } | VersionRefusal::OtherDowngrade { .. } => refusal.next(&run, &ctl),
        VersionRefusal::ClusterBehind { .. } => format!(
            "activate and restart the other members first; wait until `{ctl} -- endpoint status` says so of \
             each, then: {}",
            proposed_on_node("activate FILE", root)
        ),
        _ => format!(
            "on the signing host: zone-etcd upgrade, which goes by one minor at a time; or by hand: {}; a \
             bundle of it for each node: zone-etcd bundle --with-binaries --out DIR --passphrase-file FILE",
            refusal.next(&run, &ctl)
        ),
    }
}
