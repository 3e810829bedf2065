//! Certificates that one side refuses, by what is wrong with them.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "peer-source-address-refused",
        harm: Harm::Member,
        patterns: &[
            "rejected connection on peer endpoint*error=tls: \"{source}\" does not match any of DNSNames \
             [{names}]",
            "rejected connection on peer endpoint*error=x509: certificate is valid for {names}, not {source}",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "certificate-names-other-address",
        harm: Harm::Member,
        patterns: &[
            "x509: certificate is valid for {names}, not {address}",
            "x509: certificate is not valid for any names, but wanted to match {address}",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "certificate-without-address",
        harm: Harm::Member,
        patterns: &[
            "cannot validate certificate for {address} because it doesn't contain any IP SANs",
            "certificate relies on legacy Common Name field, use SANs instead",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "peer-certificate-expired",
        harm: Harm::Member,
        patterns: &[
            "rejected connection on peer endpoint*certificate has expired or is not yet valid: current time \
             {now} is after {end}",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "client-certificate-expired",
        harm: Harm::Refusal,
        patterns: &[
            "rejected connection on client endpoint*certificate has expired or is not yet valid: current \
             time {now} is after {end}",
        ],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "dialled-certificate-expired",
        harm: Harm::Member,
        patterns: &["certificate has expired or is not yet valid: current time {now} is after {end}"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "certificate-not-yet-valid",
        harm: Harm::Member,
        patterns: &["certificate has expired or is not yet valid: current time {now} is before {start}"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "own-certificate-expired",
        harm: Harm::Member,
        patterns: &["remote error: tls: expired certificate"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "peer-certificate-unknown-authority",
        harm: Harm::Member,
        patterns: &["rejected connection on peer endpoint*certificate signed by unknown authority"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "client-certificate-unknown-authority",
        harm: Harm::Refusal,
        patterns: &["rejected connection on client endpoint*certificate signed by unknown authority"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "dialled-certificate-unknown-authority",
        harm: Harm::Member,
        patterns: &["certificate signed by unknown authority"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "own-certificate-not-trusted",
        harm: Harm::Refusal,
        patterns: &["remote error: tls: unknown certificate authority"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "peer-certificate-not-for-dialling",
        harm: Harm::Member,
        patterns: &["rejected connection on peer endpoint*certificate specifies an incompatible key usage"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "gateway-certificate-not-for-dialling",
        harm: Harm::Refusal,
        patterns: &["createTransport failed to connect to*remote error: tls: bad certificate"],
        ..Row::NONE
    },
    Row {
        id: "client-certificate-not-for-dialling",
        harm: Harm::Refusal,
        patterns: &["rejected connection on client endpoint*certificate specifies an incompatible key usage"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "dialled-certificate-not-for-serving",
        harm: Harm::Member,
        patterns: &["certificate specifies an incompatible key usage"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "certificate-revoked",
        harm: Harm::Refusal,
        patterns: &["certificate serial {serial} revoked"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "certificate-name-not-allowed",
        harm: Harm::Refusal,
        patterns: &["client certificate authentication failed", "CommonName authentication failed"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "no-client-certificate",
        harm: Harm::Notice,
        patterns: &["tls: client didn't provide a certificate", "remote error: tls: certificate required"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "client-refuses-certificate",
        harm: Harm::Refusal,
        patterns: &["rejected connection on client endpoint*remote error: tls: bad certificate"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "peer-refuses-certificate",
        harm: Harm::Member,
        patterns: &["rejected connection on peer endpoint*remote error: tls: bad certificate"],
        fields: &["remote-addr"],
        ..Row::NONE
    },
    Row {
        id: "own-certificate-refused",
        harm: Harm::Refusal,
        patterns: &["remote error: tls: bad certificate", "remote error: tls: unsupported certificate"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
];
