//! A member that does not start.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "flag-unknown",
        harm: Harm::Member,
        patterns: &["flag provided but not defined: {flag}"],
        ..Row::NONE
    },
    Row {
        id: "flag-value-invalid",
        harm: Harm::Member,
        patterns: &[
            "invalid value \"{value}\" for flag {flag}: ",
            "error parsing CompactionRetention",
            "error setting up initial cluster: URL ",
            "is not a valid flag",
        ],
        ..Row::NONE
    },
    Row {
        id: "environment-shadowed",
        harm: Harm::Member,
        patterns: &["conflicting environment variable is shadowed by corresponding command-line flag"],
        fields: &["environment-variable"],
        ..Row::NONE
    },
    Row {
        id: "environment-unknown",
        harm: Harm::Notice,
        patterns: &["unrecognized environment variable"],
        fields: &["environment-variable"],
        ..Row::NONE
    },
    Row {
        id: "listen-address-is-a-name",
        harm: Harm::Member,
        patterns: &["expected IP in URL for binding ({url})"],
        ..Row::NONE
    },
    Row {
        id: "timing-invalid",
        harm: Harm::Member,
        patterns: &[
            "should be at least as 5 times as --heartbeat-interval",
            "is too long, and should be set less than",
        ],
        ..Row::NONE
    },
    Row {
        id: "advertise-address-missing",
        harm: Harm::Member,
        patterns: &["--advertise-client-urls is required when --listen-client-urls is set explicitly"],
        ..Row::NONE
    },
    Row {
        id: "discovery-flags-contradict",
        harm: Harm::Member,
        patterns: &["multiple discovery or bootstrap flags are set"],
        ..Row::NONE
    },
    Row {
        id: "flags-refused",
        harm: Harm::Member,
        patterns: &["failed to verify flags*error={reason}"],
        ..Row::NONE
    },
    Row {
        id: "address-in-use",
        harm: Harm::Member,
        patterns: &[
            "listen tcp {address}: bind: address already in use",
            "listen tcp4 {address}: bind: address already in use",
            "listen tcp6 {address}: bind: address already in use",
        ],
        ..Row::NONE
    },
    Row {
        id: "address-not-on-this-machine",
        harm: Harm::Member,
        patterns: &[
            "listen tcp {address}: bind: cannot assign requested address",
            "listen tcp4 {address}: bind: cannot assign requested address",
            "listen tcp6 {address}: bind: cannot assign requested address",
        ],
        ..Row::NONE
    },
    Row {
        id: "port-not-permitted",
        harm: Harm::Member,
        patterns: &["listen tcp {address}: bind: permission denied"],
        ..Row::NONE
    },
    Row {
        id: "data-directory-unusable",
        harm: Harm::Member,
        patterns: &[
            "cannot access data directory",
            "failed to list data directory",
            "cannot write to directory",
            "panic: failed to create WAL",
            "data-dir \"{directory}\" not empty or could not be read",
        ],
        ..Row::NONE
    },
    Row {
        id: "file-limit-too-low",
        harm: Harm::Member,
        patterns: &["file descriptor limit of etcd process is too low"],
        ..Row::NONE
    },
    Row { id: "too-many-open-files", harm: Harm::Outage, patterns: &["too many open files"], ..Row::NONE },
    Row {
        id: "name-does-not-resolve",
        harm: Harm::Member,
        patterns: &[
            "error querying DNS SRV records",
            "dial tcp: lookup {name} on {resolver}: ",
            "dial tcp: lookup {name}: ",
            "failed to resolve URL",
            "could not resolve host",
        ],
        ..Row::NONE
    },
    Row {
        id: "discovery-service-not-reached",
        harm: Harm::Member,
        patterns: &[
            "failed to get cluster size from discovery service",
            "failed to get cluster members from discovery service",
            "retry connecting to discovery service",
            "discovery: ",
        ],
        ..Row::NONE
    },
    Row {
        id: "unsupported-architecture",
        harm: Harm::Member,
        patterns: &["Refusing to run etcd on unsupported architecture"],
        ..Row::NONE
    },
    Row {
        id: "etcd-broke-down",
        harm: Harm::Member,
        patterns: &[
            "panic: runtime error: ",
            "fatal error: runtime: out of memory",
            "fatal error: ",
            "signal SIGSEGV: segmentation violation",
            "signal SIGBUS: bus error",
        ],
        ..Row::NONE
    },
    Row {
        id: "client-plane-did-not-start",
        harm: Harm::Outage,
        patterns: &["registerGateway failed*error={reason}"],
        ..Row::NONE
    },
];
