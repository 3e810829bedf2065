//! Requests that etcd refuses, as clients see them.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "too-many-requests",
        title: "more requests come in than can be applied",
        cause: "the log has grown more than 5000 entries ahead of what is applied: a slow disk, or \
                 clients that write too much",
        why_it_matters: "new requests are refused until etcd has caught up",
        remedy: "let clients write less, or in larger transactions; look for findings of the disk",
        harm: Harm::Strain,
        page: "requests",
        patterns: &["etcdserver: too many requests"],
        ..Explanation::ROW
    },
    Explanation {
        id: "request-too-large",
        title: "a request is too large",
        cause: "a value or transaction is above the limit, 1.5 MiB unless `max-request-bytes` says \
                 otherwise",
        why_it_matters: "it was not written",
        remedy: "keep large values elsewhere, or raise `max-request-bytes` in `[etcd.flags]` on all \
                 members",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &[
            "etcdserver: request is too large",
            "trying to send message larger than max",
            "received message larger than max",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "too-many-operations",
        title: "a transaction holds too many operations",
        cause: "the limit is 128, unless `max-txn-ops` says otherwise",
        why_it_matters: "nothing of it was written",
        remedy: "split it, or raise `max-txn-ops` in `[etcd.flags]` on all members",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &["too many operations in txn request"],
        ..Explanation::ROW
    },
    Explanation {
        id: "revision-compacted",
        title: "a client asked for history that is compacted",
        cause: "a watch or read begins before the oldest revision that is kept",
        why_it_matters: "the client has to read again from now; a client that does not is stuck",
        remedy: "let the client read anew and watch from there; `auto_compaction` in zone.toml says how \
                 much is kept",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &["mvcc: required revision has been compacted"],
        ..Explanation::ROW
    },
    Explanation {
        id: "revision-in-future",
        title: "a client asked for a revision that does not exist yet",
        cause: "the client remembers a later state: it talked to another cluster, or this one was \
                 restored from a snapshot or has lost data",
        why_it_matters: "if it was not restored, this may be a sign of lost data",
        remedy: "after a restore, restart the clients; or restore with `--bump-revision` and \
                 `--mark-compacted`; else compare the members: `zone-etcd ctl -- endpoint hashkv \
                 --cluster`",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &["mvcc: required revision is a future revision"],
        ..Explanation::ROW
    },
    Explanation {
        id: "lease-not-found",
        title: "a lease is not there any more",
        cause: "it ran out because its client did not keep it alive in time, or it was revoked",
        why_it_matters: "keys bound to it are gone: locks and elections are lost",
        remedy: "let clients keep leases alive at a third of their life, and look whether members were \
                 without a leader for long",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &["requested lease not found", "error=lease not found"],
        ..Explanation::ROW
    },
    Explanation {
        id: "downgrade-refused",
        title: "etcd refuses the version to go down to",
        cause: "only the next lower minor is allowed, once every member runs the same version",
        why_it_matters: "nothing was changed",
        remedy: "ask for the minor just below: `zone-etcd ctl -- downgrade validate 3.X`",
        harm: Harm::Refusal,
        page: "versions",
        patterns: &[
            "invalid downgrade target version",
            "reject downgrade request",
            "cluster has a downgrade job in progress",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "user-name-empty",
        title: "a client is nobody to etcd's authentication",
        cause: "authentication is on, and the certificate has no common name and no user was given; \
                 through the REST gateway a certificate's common name does not count",
        why_it_matters: "the request is refused",
        remedy: "use a client certificate, whose common name is the user (`zone-etcd pki issue --client \
                 NAME --zone DIR`), or `--user`; for REST get a token from /v3/auth/authenticate",
        harm: Harm::Refusal,
        page: "authentication",
        patterns: &["user name is empty", "ignoring common name in gRPC-gateway proxy request"],
        ..Explanation::ROW
    },
    Explanation {
        id: "authentication-failed",
        title: "a user or password is wrong",
        cause: "the user does not exist, or has another password",
        why_it_matters: "the request is refused",
        remedy: "as administrator: `zone-etcd ctl -- user list`, `zone-etcd ctl -- user passwd NAME`",
        harm: Harm::Refusal,
        page: "authentication",
        patterns: &[
            "authentication failed, invalid user ID or password",
            "invalid auth token",
            "user doesn't exist",
            "user name not found",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "permission-denied",
        title: "a user may not do what it asked for",
        cause: "the user that the certificate's common name or `--user` names has no role for this key, \
                 or does not exist",
        why_it_matters: "the request is refused",
        remedy: "as administrator: `zone-etcd ctl -- user get NAME`, `zone-etcd ctl -- role \
                 grant-permission ROLE readwrite KEY`",
        harm: Harm::Refusal,
        page: "authentication",
        patterns: &[
            "etcdserver: permission denied",
            "auth: permission denied",
            "cannot find a user for permission check",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "host-name-refused",
        title: "a request was refused because of the host name in it",
        cause: "`host-whitelist` is set, and the request asks for another host",
        why_it_matters: "the client is refused, as the list wants it",
        remedy: "add the name to `host-whitelist` in `[etcd.flags]`, or take the list away",
        harm: Harm::Refusal,
        page: "requests",
        patterns: &["rejecting HTTP request to prevent DNS rebinding attacks"],
        fields: &["host"],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-finds-no-member",
        title: "a client does not reach any member",
        cause: "nothing listens at that address, or a firewall is between: the member is down, or the \
                 endpoint is wrong",
        why_it_matters: "the client cannot work",
        remedy: "check the endpoints: `zone-etcd env --zone DIR` prints those of the zone; `zone-etcd \
                 status` shows which members run",
        harm: Harm::Refusal,
        page: "client-connection",
        patterns: &[
            "Error while dialing: dial tcp {address}: ",
            "latest balancer error: *write: broken pipe",
            "createTransport failed to connect to*write: broken pipe",
            "waiting for connections to become ready",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-gave-up",
        title: "a request was not answered in time",
        cause: "there is no quorum, the member is overloaded, or a certificate was refused without a \
                 word to the client: the member's log tells",
        why_it_matters: "the client does not know whether its write was made",
        remedy: "run `zone-etcd status`, and explain the log of the member that was asked",
        harm: Harm::Refusal,
        page: "client-connection",
        patterns: &[
            "retrying of unary invoker failed*context deadline exceeded",
            "streamer failed to create ClientStream*DeadlineExceeded",
            "retrying of unary invoker failed*stream terminated by RST_STREAM",
            "Error: context deadline exceeded",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "member-ended-during-request",
        title: "a member ended while it was answering",
        cause: "it was stopped, or it ended by itself: its log tells",
        why_it_matters: "the client does not know whether its write was made",
        remedy: "run `zone-etcd status`, and explain the log of the member that was asked",
        harm: Harm::Refusal,
        page: "client-connection",
        patterns: &[
            "retrying of unary invoker failed*error reading from server",
            "Error: rpc error: code = Unavailable desc = error reading from server",
            "retrying of unary invoker failed*etcdserver: server stopped",
        ],
        ..Explanation::ROW
    },
];
