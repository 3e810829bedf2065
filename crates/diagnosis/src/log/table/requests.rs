//! Requests that etcd refuses, as clients see them.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "too-many-requests",
        harm: Harm::Strain,
        patterns: &["etcdserver: too many requests"],
        ..Row::NONE
    },
    Row {
        id: "request-too-large",
        harm: Harm::Refusal,
        patterns: &[
            "etcdserver: request is too large",
            "trying to send message larger than max",
            "received message larger than max",
        ],
        ..Row::NONE
    },
    Row {
        id: "too-many-operations",
        harm: Harm::Refusal,
        patterns: &["too many operations in txn request"],
        ..Row::NONE
    },
    Row {
        id: "revision-compacted",
        harm: Harm::Refusal,
        patterns: &["mvcc: required revision has been compacted"],
        ..Row::NONE
    },
    Row {
        id: "revision-in-future",
        harm: Harm::Refusal,
        patterns: &["mvcc: required revision is a future revision"],
        ..Row::NONE
    },
    Row {
        id: "lease-not-found",
        harm: Harm::Refusal,
        patterns: &["requested lease not found", "error=lease not found"],
        ..Row::NONE
    },
    Row {
        id: "downgrade-refused",
        harm: Harm::Refusal,
        patterns: &[
            "invalid downgrade target version",
            "reject downgrade request",
            "cluster has a downgrade job in progress",
        ],
        ..Row::NONE
    },
    Row {
        id: "user-name-empty",
        harm: Harm::Refusal,
        patterns: &["user name is empty", "ignoring common name in gRPC-gateway proxy request"],
        ..Row::NONE
    },
    Row {
        id: "authentication-failed",
        harm: Harm::Refusal,
        patterns: &[
            "authentication failed, invalid user ID or password",
            "invalid auth token",
            "user doesn't exist",
            "user name not found",
        ],
        ..Row::NONE
    },
    Row {
        id: "permission-denied",
        harm: Harm::Refusal,
        patterns: &[
            "etcdserver: permission denied",
            "auth: permission denied",
            "cannot find a user for permission check",
        ],
        ..Row::NONE
    },
    Row {
        id: "host-name-refused",
        harm: Harm::Refusal,
        patterns: &["rejecting HTTP request to prevent DNS rebinding attacks"],
        fields: &["host"],
        ..Row::NONE
    },
    Row {
        id: "client-finds-no-member",
        harm: Harm::Refusal,
        patterns: &[
            "Error while dialing: dial tcp {address}: ",
            "latest balancer error: *write: broken pipe",
            "createTransport failed to connect to*write: broken pipe",
            "waiting for connections to become ready",
        ],
        ..Row::NONE
    },
    Row {
        id: "client-gave-up",
        harm: Harm::Refusal,
        patterns: &[
            "retrying of unary invoker failed*context deadline exceeded",
            "streamer failed to create ClientStream*DeadlineExceeded",
            "retrying of unary invoker failed*stream terminated by RST_STREAM",
            "Error: context deadline exceeded",
        ],
        ..Row::NONE
    },
    Row {
        id: "member-ended-during-request",
        harm: Harm::Refusal,
        patterns: &[
            "retrying of unary invoker failed*error reading from server",
            "Error: rpc error: code = Unavailable desc = error reading from server",
            "retrying of unary invoker failed*etcdserver: server stopped",
        ],
        ..Row::NONE
    },
];
