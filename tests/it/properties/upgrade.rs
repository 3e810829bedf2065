//! Which version of etcd may start on which data, every branch of it.

use etcd::EtcdVersion;
use model::plan::{DataVersions, MinorVersion, VersionRefusal, VersionStep, check_version};

const fn version(minor: u64, patch: u64) -> EtcdVersion {
    EtcdVersion { major: 3, minor, patch }
}

const fn minor(minor: u64) -> MinorVersion {
    MinorVersion { major: 3, minor }
}

const N35: EtcdVersion = version(5, 35);
const N36: EtcdVersion = version(6, 16);
const N37: EtcdVersion = version(7, 3);

/// What the data says: cluster, storage, whither it is downgraded, and requests and content of etcd 2.
const fn data(cluster: u64, storage: u64, downgrade: u64, requests: bool, content: bool) -> DataVersions {
    const fn some(number: u64) -> Option<MinorVersion> {
        if number == 0 { None } else { Some(minor(number)) }
    }
    DataVersions {
        cluster: some(cluster),
        storage: some(storage),
        downgrade: some(downgrade),
        old_requests: requests,
        old_content: content,
    }
}

#[test]
fn every_branch() {
    use VersionRefusal as R;
    let upgrade = |from| Ok(VersionStep::Upgrade { from: minor(from) });
    let down = |from| Ok(VersionStep::Downgrade { from: minor(from) });
    let (same, patch, unmarked) = (Ok(VersionStep::Same), Ok(VersionStep::Patch), Ok(VersionStep::Unmarked));
    let skips = |from, to| Err(R::SkipsMinor { from: minor(from), to });
    let newer = |from, to| Err(R::Downgrade { from: minor(from), to });
    let behind = Err(R::ClusterBehind { cluster: minor(5), last: N36, to: N37 });
    let old = |last, at_least, to| Err(R::TooOldPatch { last, at_least, to });
    let (of35, of36, of37) =
        (data(5, 0, 0, true, false), data(6, 6, 0, false, false), data(7, 7, 0, false, false));
    let table = [
        // The same minor: any patch, up or down.
        (of35, Some(N35), N35, same),
        (of36, Some(N36), version(6, 17), patch),
        (of36, Some(N36), version(6, 4), patch),
        (of37, Some(N37), N37, same),
        (of37, None, N37, patch),
        (data(6, 6, 0, true, false), Some(N36), N36, same),
        // One minor up.
        (of35, Some(N35), N36, upgrade(5)),
        (of35, Some(version(5, 26)), N36, upgrade(5)),
        (of36, Some(N36), N37, upgrade(6)),
        (of36, Some(version(6, 11)), N37, upgrade(6)),
        (data(4, 0, 0, true, false), None, N35, upgrade(4)),
        (data(0, 0, 0, true, false), Some(version(4, 40)), N35, upgrade(4)),
        // Others have not been upgraded: permitted for one minor, refused for two.
        (of35, Some(N36), N36, same),
        (of36, Some(N37), N37, same),
        (of35, Some(N36), N37, behind),
        (of35, Some(version(6, 4)), version(6, 5), patch),
        // Two minors up.
        (of35, Some(N35), N37, skips(5, N37)),
        (of35, None, N37, skips(5, N37)),
        (data(0, 0, 0, false, false), Some(N35), N37, skips(5, N37)),
        (data(4, 0, 0, true, false), None, N37, skips(4, N37)),
        // An old patch, or nobody knows which.
        (of35, Some(version(5, 25)), N36, old(Some(version(5, 25)), version(5, 26), N36)),
        (of35, None, N36, old(None, version(5, 26), N36)),
        (of36, Some(version(6, 10)), N37, old(Some(version(6, 10)), version(6, 11), N37)),
        (of36, None, N37, old(None, version(6, 11), N37)),
        // It was run without us since: what state.json says is of no use.
        (of36, Some(N35), N37, old(None, version(6, 11), N37)),
        (of36, Some(N35), N36, patch),
        // The log of a quiet cluster.
        (data(6, 6, 0, true, false), Some(N36), N37, Err(R::SnapshotOf36Missing { to: N37 })),
        (data(7, 7, 0, true, false), Some(N37), N37, Err(R::SnapshotOf36Missing { to: N37 })),
        // Content of etcd 2.
        (data(5, 0, 0, true, true), Some(N35), N36, Err(R::OldContent { to: N36 })),
        (data(5, 0, 0, true, true), Some(N35), N35, same),
        // Down: the data decides, since etcd lowers it when the cluster has agreed.
        (of37, Some(N37), N36, newer(7, N36)),
        (of36, Some(N36), N35, newer(6, N35)),
        (of37, Some(N37), N35, newer(7, N35)),
        (data(6, 7, 6, false, false), Some(N37), N36, newer(7, N36)),
        (data(6, 6, 6, false, false), Some(N37), N36, down(7)),
        (data(6, 6, 6, false, false), Some(N37), N37, same),
        (data(6, 6, 6, false, false), Some(N36), N37, upgrade(6)),
        (data(5, 0, 5, false, false), Some(N36), N35, down(6)),
        (data(5, 0, 4, false, false), Some(N36), N35, Err(R::OtherDowngrade { target: minor(4), to: N35 })),
        // The cluster never came to be of the later minor, so there is nothing to agree to.
        (of36, Some(N37), N36, down(7)),
        // The first start did not come so far, or everything is told by the log.
        (data(0, 0, 0, false, false), None, N37, unmarked),
        (data(0, 0, 0, true, false), None, N37, skips(5, N37)),
        (data(0, 0, 0, true, false), Some(N35), N36, upgrade(5)),
        (data(0, 0, 0, false, false), Some(N37), N37, same),
    ];
    for (data, last, new, expected) in table {
        assert_eq!(check_version(&data, last, new), expected, "{new} on {data:?} after {last:?}");
    }
}

/// What is refused names the version to run next, or the command to give.
#[test]
fn every_refusal_has_a_path() {
    let (run, ctl) = ("zone-etcd run --node node1 --zone z", "zone-etcd ctl --zone z");
    let table = [
        (VersionRefusal::SkipsMinor { from: minor(5), to: N37 }, "of etcd 3.5", "version = \"3.6.16\""),
        (
            VersionRefusal::SkipsMinor { from: minor(4), to: N37 },
            "takes data of 3.6 or 3.7",
            "run 3.5.35 on every",
        ),
        (
            VersionRefusal::SkipsMinor { from: minor(3), to: N37 },
            "of etcd 3.3",
            "run 3.4 on every member first",
        ),
        (
            VersionRefusal::ClusterBehind { cluster: minor(5), last: N36, to: N37 },
            "not every member has run 3.6",
            "`zone-etcd ctl --zone z -- endpoint status`",
        ),
        (
            VersionRefusal::Downgrade { from: minor(7), to: N36 },
            "agreed to a downgrade",
            "downgrade enable 3.6",
        ),
        (VersionRefusal::Downgrade { from: minor(7), to: N35 }, "of etcd 3.7", "the next one down is 3.6"),
        (
            VersionRefusal::OtherDowngrade { target: minor(4), to: N35 },
            "to 3.4",
            "zone-etcd ctl --zone z -- downgrade cancel",
        ),
        (
            VersionRefusal::SnapshotOf36Missing { to: N37 },
            "etcd 3.7.3 panics",
            "`zone-etcd run --node node1 --zone z -- --snapshot-count=1`",
        ),
        (
            VersionRefusal::TooOldPatch { last: Some(version(5, 9)), at_least: version(5, 26), to: N36 },
            "it last ran etcd 3.5.9, and etcd 3.6.16 may follow 3.5.26",
            "run 3.5.35 first",
        ),
        (
            VersionRefusal::TooOldPatch { last: None, at_least: version(6, 11), to: N37 },
            "nothing tells which 3.6 it last ran",
            "run 3.6.16 first",
        ),
        (VersionRefusal::OldContent { to: N36 }, "the API of etcd 2", "3.5.35"),
    ];
    for (refusal, fact, path) in table {
        assert!(refusal.to_string().contains(fact), "{refusal}");
        assert!(refusal.next(run, ctl).contains(path), "{}", refusal.next(run, ctl));
    }
}

#[test]
fn minors_are_read_as_etcd_writes_them() {
    for text in ["3.6", "3.6.0", "3.6.16"] {
        assert_eq!(MinorVersion::parse(text), Some(minor(6)), "{text}");
    }
    for text in ["", "3", "3.", "three.six", "3.-6"] {
        assert_eq!(MinorVersion::parse(text), None, "{text}");
    }
}
