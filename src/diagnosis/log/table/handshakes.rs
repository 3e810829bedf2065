//! Connections that end before they are TLS, or that have nothing in common.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "plain-text-on-tls-port",
        title: "somebody speaks plain text to a TLS port",
        cause: "a client or peer uses http:// where https:// is needed, or a health check or scanner \
                 sends something else",
        why_it_matters: "it is refused; if it is a peer, the two do not reach each other",
        remedy: "give {remote-addr} an https:// address; if it is a peer, its `initial-cluster` has \
                 http:// for this member",
        harm: Harm::Refusal,
        page: "plain-text",
        patterns: &[
            "tls: first record does not look like a TLS handshake",
            "http: server gave HTTP response to HTTPS client",
            "malformed HTTP response \"\\x15\\x03",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "tls-version-not-shared",
        title: "the two sides have no TLS version in common",
        cause: "one of them is older, or `tls_min_version` is \"1.3\" on one and the other ends at 1.2",
        why_it_matters: "it is refused; if it is a peer, the two do not reach each other",
        remedy: "set `tls_min_version = \"1.2\"` in zone.toml, the same on all nodes, or bring \
                 {remote-addr} up to date",
        harm: Harm::Refusal,
        page: "tls-parameters",
        patterns: &[
            "tls: client offered only unsupported versions",
            "remote error: tls: protocol version not supported",
            "tls: server selected unsupported protocol version",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "cipher-suite-not-shared",
        title: "the two sides have no cipher suite in common",
        cause: "`cipher-suites` differs between them, leaves nothing that fits the kind of key (ECDSA or \
                 RSA), or the other side is old",
        why_it_matters: "it is refused; if it is a peer, the two do not reach each other",
        remedy: "take `cipher-suites` away or make it the same on all members; the suites of HTTP/2 have \
                 to be among them",
        harm: Harm::Refusal,
        page: "tls-parameters",
        patterns: &[
            "tls: no cipher suite supported by both client and server",
            "remote error: tls: handshake failure",
            "tls: peer doesn't support any of the certificate's signature algorithms",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "tls-flags-invalid",
        title: "a flag for TLS has a value that etcd does not take",
        cause: "a TLS version or cipher suite is misspelt, or cipher suites are given although only TLS \
                 1.3 is allowed, whose suites cannot be chosen",
        why_it_matters: "etcd ends at the start",
        remedy: "use `tls_min_version` in zone.toml (\"1.2\" or \"1.3\"), and no cipher suites together with \
                 \"1.3\"",
        harm: Harm::Member,
        page: "tls-parameters",
        patterns: &[
            "cipher suites cannot be configured when only TLS1.3 is enabled",
            "unexpected TLS version \"{value}\"",
            "unexpected TLS cipher suite \"{value}\"",
            "min version ({value}) is greater than max version",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "member-closes-connection",
        title: "the other side closed the connection without giving a reason",
        cause: "it accepted the connection and then refused the certificate: revoked, an unreadable \
                 revocation list, a name or source address that is not allowed; or it is not etcd. Its \
                 own log gives the reason",
        why_it_matters: "nothing gets through to it",
        remedy: "explain the log of the other side: `zone-etcd doctor --log FILE` there",
        harm: Harm::Refusal,
        page: "closed-connection",
        patterns: &[
            "prober detected unhealthy status*error=EOF",
            "createTransport failed to connect to*Err: EOF",
            "error reading server preface: EOF",
            "error reading server preface: connection reset by peer",
            "createTransport failed to connect to*error reading server preface",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "connection-closed-in-handshake",
        title: "somebody connected and went away before the handshake was over",
        cause: "a health check that only opens the port, a scanner, a load balancer, or a client that \
                 gave up",
        why_it_matters: "harmless by itself",
        remedy: "let health checks ask the metrics port over http, `curl \
                 http://127.0.0.1:METRICS_PORT/health`; the address is {remote-addr}",
        harm: Harm::Notice,
        page: "closed-connection",
        patterns: &[
            "rejected connection on*error=EOF",
            "rejected connection on*connection reset by peer",
            "rejected connection on*i/o timeout",
            "rejected connection on*broken pipe",
            "rejected connection on*error=local error: tls: bad record MAC",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
];
