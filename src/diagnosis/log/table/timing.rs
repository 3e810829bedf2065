//! Disks, networks and clocks that are too slow or wrong.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "clock-drift",
        title: "a peer's clock differs by more than a second",
        cause: "one of the two machines does not keep its clock",
        why_it_matters: "leases and logs are off, and certificates count as expired or not yet valid too early or \
                 too late",
        remedy: "look at `chronyc tracking` or `timedatectl` on both machines; the peer is \
                 {remote-peer-id}, the difference {clock-drift}",
        harm: Harm::Strain,
        page: "clock",
        patterns: &["prober found high clock drift"],
        fields: &["remote-peer-id", "clock-drift"],
        ..Explanation::ROW
    },
    Explanation {
        id: "disk-slow",
        title: "the disk takes long to confirm a write",
        cause: "fdatasync of the write-ahead log took longer than a second: a slow or shared disk, or a \
                 machine that was stopped for a moment",
        why_it_matters: "every write waits for it; heartbeats come late and leaders change",
        remedy: "give etcd a disk of its own, an SSD; measure with `zone-etcd check` on the node; \
                 etcd's metric is etcd_disk_wal_fsync_duration_seconds (99 % below 10 ms)",
        harm: Harm::Strain,
        page: "slow-disk",
        patterns: &["slow fdatasync"],
        ..Explanation::ROW
    },
    Explanation {
        id: "leader-overloaded",
        title: "the leader sends its heartbeats too late",
        cause: "its disk or processor is too slow or shared, or its machine stood still for a moment",
        why_it_matters: "followers lose patience and elect another leader; meanwhile nothing is written",
        remedy: "give etcd its own disk and enough processor time; if the network is slow, raise \
                 `heartbeat` and `election` in zone.toml on all members",
        harm: Harm::Strain,
        page: "slow-disk",
        patterns: &["leader failed to send out heartbeat on time"],
        ..Explanation::ROW
    },
    Explanation {
        id: "requests-slow",
        title: "requests take long",
        cause: "a large range, a slow disk, a busy processor, or a database that has grown",
        why_it_matters: "clients wait; watches and leases may be late",
        remedy: "look for other findings of the disk; ask for smaller ranges; compact and defragment: \
                 `zone-etcd ctl -- defrag`",
        harm: Harm::Strain,
        page: "slow-disk",
        patterns: &[
            "apply request took too long",
            "request stats",
            "waiting for ReadIndex response took too long",
            "ignored out-of-date read index response",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "read-index-timed-out",
        title: "a read could not be confirmed by a quorum",
        cause: "there is no leader, or it cannot be reached from here",
        why_it_matters: "linearizable reads fail on this member",
        remedy: "run `zone-etcd status`: start the members that are down, or fix the network to them",
        harm: Harm::Outage,
        page: "no-leader",
        patterns: &["timed out waiting for read index response"],
        ..Explanation::ROW
    },
    Explanation {
        id: "leader-lost",
        title: "a member lost sight of the leader",
        cause: "the leader was stopped or restarted; or disk, processor or network kept its heartbeats back",
        why_it_matters: "until the next election, about a second, nothing is written; often repeated it is a sign of a slow disk",
        remedy: "nothing, if the leader was stopped; else look for findings of the disk and the network",
        harm: Harm::Notice,
        page: "no-leader",
        patterns: &[" lost leader {leader} at term"],
        at_info: true,
        ..Explanation::ROW
    },
    Explanation {
        id: "no-leader",
        title: "there is no leader",
        cause: "fewer than half of the members run and reach each other, or an election is going on",
        why_it_matters: "nothing can be written, and only serializable reads are answered",
        remedy: "run `zone-etcd status`: start the members that are down, or fix the network to them; if \
                 most are lost for good, the zone has to be recovered from a snapshot",
        harm: Harm::Outage,
        page: "no-leader",
        patterns: &[
            "etcdserver: no leader",
            "serving /health false; no leader",
            "etcdserver: leader changed",
            "RAFT NO LEADER",
            "stepped down to follower since quorum is not active",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "network-overloaded",
        title: "messages to a peer do not get away fast enough",
        cause: "the network or the peer is too slow for what is sent to it",
        why_it_matters: "messages are dropped; the peer falls behind and may need a whole snapshot",
        remedy: "measure the way to the peer: `zone-etcd check` on the node; raise `heartbeat` \
                 and `election` in zone.toml if the round trip is long",
        harm: Harm::Strain,
        page: "slow-network",
        patterns: &[
            "dropped internal Raft message since",
            "dropped Raft message since",
            "snapshotting taking too long to transfer",
            "rate limit on stream reader",
        ],
        fields: &["remote-peer-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "request-timed-out",
        title: "a request was not confirmed in time",
        cause: "there is no quorum, or the members are overloaded",
        why_it_matters: "the client does not know whether its write was made",
        remedy: "run `zone-etcd status`; start the members that are down, or look for findings of disk \
                 and network",
        harm: Harm::Outage,
        page: "no-leader",
        patterns: &[
            "etcdserver: request timed out",
            "failed to commit proposal: context deadline exceeded",
            "/health error",
            "Health check error",
        ],
        ..Explanation::ROW
    },
];
