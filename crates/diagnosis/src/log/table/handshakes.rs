//! Connections that end before they are TLS, or that have nothing in common.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "plain-text-on-tls-port",
        harm: Harm::Refusal,
        patterns: &[
            "tls: first record does not look like a TLS handshake",
            "http: server gave HTTP response to HTTPS client",
            "malformed HTTP response \"\\x15\\x03",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "tls-version-not-shared",
        harm: Harm::Refusal,
        patterns: &[
            "tls: client offered only unsupported versions",
            "remote error: tls: protocol version not supported",
            "tls: server selected unsupported protocol version",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "cipher-suite-not-shared",
        harm: Harm::Refusal,
        patterns: &[
            "tls: no cipher suite supported by both client and server",
            "remote error: tls: handshake failure",
            "tls: peer doesn't support any of the certificate's signature algorithms",
        ],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "tls-flags-invalid",
        harm: Harm::Member,
        patterns: &[
            "cipher suites cannot be configured when only TLS1.3 is enabled",
            "unexpected TLS version \"{value}\"",
            "unexpected TLS cipher suite \"{value}\"",
            "min version ({value}) is greater than max version",
        ],
        ..Row::NONE
    },
    Row {
        id: "member-closes-connection",
        harm: Harm::Refusal,
        patterns: &[
            "prober detected unhealthy status*error=EOF",
            "createTransport failed to connect to*Err: EOF",
            "error reading server preface: EOF",
            "error reading server preface: connection reset by peer",
            "createTransport failed to connect to*error reading server preface",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "connection-closed-in-handshake",
        harm: Harm::Notice,
        patterns: &[
            "rejected connection on*error=EOF",
            "rejected connection on*connection reset by peer",
            "rejected connection on*i/o timeout",
            "rejected connection on*broken pipe",
            "rejected connection on*error=local error: tls: bad record MAC",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
];
