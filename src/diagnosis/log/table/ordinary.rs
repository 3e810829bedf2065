//! What etcd says at level `warn` and above in health too.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "connection-to-peer-changed",
        title: "a connection to a peer was lost or could not be made yet",
        cause: "a member started, stopped or restarted",
        why_it_matters: "nothing, unless it goes on: then `peer-not-answering` or another finding says why",
        remedy: "nothing",
        harm: Harm::Ordinary,
        page: "ordinary",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "stopping",
        title: "the member was stopping",
        cause: "it was asked to, or ends because of what another line says",
        why_it_matters: "nothing by itself",
        remedy: "nothing",
        harm: Harm::Ordinary,
        page: "ordinary",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "standing-remark",
        title: "a remark that etcd makes at every start",
        cause: "a default of etcd's that it remarks on itself",
        why_it_matters: "nothing",
        remedy: "nothing",
        harm: Harm::Ordinary,
        page: "ordinary",
        patterns: &[
            "simple token is not cryptographically signed",
            "Running http and grpc server on single port",
            "is deprecated",
            "Failed to detect storage schema version",
            "Failed to detect schema version",
            "failed to update storage version",
            "cannot detect storage schema version",
            "Flag `",
        ],
        ..Explanation::ROW
    },
];
