//! Certificate, key and CA files that cannot be used.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "key-does-not-match-certificate",
        harm: Harm::Member,
        patterns: &[
            "private key does not match public key",
            "private key type does not match public key type",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "certificate-file-without-certificate",
        harm: Harm::Member,
        patterns: &[
            "failed to find any PEM data in",
            "failed to find certificate PEM data",
            "failed to find PEM block with type ending in",
        ],
        ..Row::NONE
    },
    Row {
        id: "authority-file-damaged",
        harm: Harm::Member,
        patterns: &["x509: malformed certificate", "x509: malformed tbs certificate", "x509: trailing data"],
        ..Row::NONE
    },
    Row {
        id: "revocation-list-damaged",
        harm: Harm::Outage,
        patterns: &[
            "x509: malformed crl",
            "rejected connection on*error=asn1: structure error*CertificateList",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "tls-file-missing-while-running",
        harm: Harm::Outage,
        patterns: &[
            "rejected connection on*error=open {file}: no such file or directory",
            "prober detected unhealthy status*error=open {file}: no such file or directory",
            "createTransport failed*open {file}: no such file or directory",
        ],
        ..Row::NONE
    },
    Row {
        id: "other-side-cannot-load-certificate",
        harm: Harm::Refusal,
        patterns: &["remote error: tls: internal error", "tls: no certificates configured"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "tls-file-missing",
        harm: Harm::Member,
        patterns: &[
            "creating peer listener failed*error=open {file}: no such file",
            "registerGateway failed*error=open {file}: no such file",
            "setting up serving from embedded etcd failed*error=open {file}: no such file",
            "listener failed*error=open {file}: no such file",
            "failed to start etcd*error=open {file}: no such file",
            "discovery failed*error=open {file}: no such file",
        ],
        ..Row::NONE
    },
    Row {
        id: "file-not-permitted",
        harm: Harm::Member,
        patterns: &[
            "error=open {file}: permission denied",
            "error=mkdir {file}: permission denied",
            "cannot access data directory: open {file}: permission denied",
            "cannot access data directory: mkdir {file}: permission denied",
            ": permission denied  file={file}",
        ],
        ..Row::NONE
    },
    Row {
        id: "https-without-certificate",
        harm: Harm::Member,
        patterns: &[
            "KeyFile and CertFile are not presented",
            "TLS key/cert (--cert-file, --key-file) must be provided",
        ],
        ..Row::NONE
    },
    Row {
        id: "certificates-ignored-on-http",
        harm: Harm::Outage,
        patterns: &[
            "while key and cert files are present; ignoring key and cert files",
            "client-cert-auth is enabled; ignoring client cert auth for this URL",
        ],
        ..Row::NONE
    },
];
