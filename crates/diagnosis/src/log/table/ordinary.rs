//! What etcd says at level `warn` and above in health too.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "connection-to-peer-changed",
        harm: Harm::Ordinary,
        patterns: &[
            "lost TCP streaming connection with remote peer",
            "closed TCP streaming connection with remote peer",
            "peer became inactive",
            "failed to reach the peer URL",
            "failed to get version",
            "failed to close remote peer connection",
            "failed hash kv request",
            "failed to find remote peer in cluster",
            "cannot fetch hash from slow remote peer",
            "failed to process Raft message",
            "skipped removing already removed peer",
            // Of another member, when the log is replayed that tells of it.
            "skipped attributes update of removed member",
            "leadership transfer failed",
        ],
        ..Row::NONE
    },
    Row {
        id: "stopping",
        harm: Harm::Ordinary,
        patterns: &[
            "use of closed network connection",
            "error=http: Server closed",
            "mux: server closed",
            "mux: listener closed",
            "server is stopping",
            "stopped publish because server is stopp",
            "failed to publish local member to cluster through raft*context canceled",
            "grpc: Server.processUnaryRPC failed to write status",
            "grpc: Server.Serve failed",
            "etcdserver: server stopped",
            "context canceled",
            "failed to publish local member to cluster through raft*request cancelled",
            "Adjusting keepalive ping interval",
        ],
        ..Row::NONE
    },
    Row {
        id: "standing-remark",
        harm: Harm::Ordinary,
        patterns: &[
            "simple token is not cryptographically signed",
            "Running http and grpc server on single port",
            "is deprecated",
            "Failed to detect storage schema version",
            "Failed to detect schema version",
            "failed to update storage version",
            "cannot detect storage schema version",
            "Flag `",
            // Ours: that a first start is under way. etcd expects files of its own alone there.
            "found invalid file under data directory*zone-etcd.attempt",
        ],
        ..Row::NONE
    },
];
