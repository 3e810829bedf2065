//! Disks, networks and clocks that are too slow or wrong.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "clock-drift",
        harm: Harm::Strain,
        patterns: &["prober found high clock drift"],
        fields: &["remote-peer-id", "clock-drift"],
        ..Row::NONE
    },
    Row { id: "disk-slow", harm: Harm::Strain, patterns: &["slow fdatasync"], ..Row::NONE },
    Row {
        id: "leader-overloaded",
        harm: Harm::Strain,
        patterns: &["leader failed to send out heartbeat on time"],
        ..Row::NONE
    },
    Row {
        id: "requests-slow",
        harm: Harm::Strain,
        patterns: &[
            "apply request took too long",
            "request stats",
            "waiting for ReadIndex response took too long",
            "ignored out-of-date read index response",
        ],
        ..Row::NONE
    },
    Row {
        id: "read-index-timed-out",
        harm: Harm::Outage,
        patterns: &["timed out waiting for read index response"],
        ..Row::NONE
    },
    Row {
        id: "leader-lost",
        harm: Harm::Notice,
        patterns: &[" lost leader {leader} at term"],
        at_info: true,
        ..Row::NONE
    },
    Row {
        id: "no-leader",
        harm: Harm::Outage,
        patterns: &[
            "etcdserver: no leader",
            "serving /health false; no leader",
            "etcdserver: leader changed",
            "RAFT NO LEADER",
            "stepped down to follower since quorum is not active",
        ],
        ..Row::NONE
    },
    Row {
        id: "network-overloaded",
        harm: Harm::Strain,
        patterns: &[
            "dropped internal Raft message since",
            "dropped Raft message since",
            "snapshotting taking too long to transfer",
            "rate limit on stream reader",
        ],
        fields: &["remote-peer-id"],
        ..Row::NONE
    },
    Row {
        id: "request-timed-out",
        harm: Harm::Outage,
        patterns: &[
            "etcdserver: request timed out",
            "failed to commit proposal: context deadline exceeded",
            "/health error",
            "Health check error",
        ],
        ..Row::NONE
    },
];
