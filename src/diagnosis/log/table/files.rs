//! Certificate, key and CA files that cannot be used.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "key-does-not-match-certificate",
        title: "a key does not belong to its certificate",
        cause: "the two files come from different issues: one was replaced and the other not, or the \
                 paths are mixed up",
        why_it_matters: "every handshake with them fails; at the start etcd ends, on the client plane after it \
                 has already said that it is ready",
        remedy: "run `zone-etcd pki check --zone DIR`, which names the files, then `zone-etcd pki issue \
                 NODE --zone DIR`, which replaces both at once",
        harm: Harm::Member,
        page: "certificate-files",
        patterns: &[
            "private key does not match public key",
            "private key type does not match public key type",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-file-without-certificate",
        title: "a certificate file holds no certificate",
        cause: "it is empty, cut off, DER instead of PEM, or another file",
        why_it_matters: "every handshake with it fails; at the start etcd ends",
        remedy: "run `zone-etcd pki check --zone DIR`, which names the file, then `zone-etcd pki issue \
                 NODE --zone DIR`",
        harm: Harm::Member,
        page: "certificate-files",
        patterns: &[
            "failed to find any PEM data in",
            "failed to find certificate PEM data",
            "failed to find PEM block with type ending in",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "authority-file-damaged",
        title: "a CA file or certificate cannot be read as one",
        cause: "a PEM block of it is not a certificate; a CA file may hold nothing but certificates",
        why_it_matters: "etcd ends at the start",
        remedy: "run `zone-etcd pki check --zone DIR`, which names the file; put `ca/` back from its \
                 backup if that is damaged, then `zone-etcd pki issue NODE --zone DIR`",
        harm: Harm::Member,
        page: "certificate-files",
        patterns: &["x509: malformed certificate", "x509: malformed tbs certificate", "x509: trailing data"],
        ..Explanation::ROW
    },
    Explanation {
        id: "revocation-list-damaged",
        title: "a revocation list cannot be read",
        cause: "the file is damaged, or PEM on etcd 3.6 and later, which read DER only",
        why_it_matters: "etcd reads it at each handshake and refuses everybody on that plane until it is whole",
        remedy: "put the file of the zone directory (`ca/peer.crl`, `ca/client.crl`) back in place, or \
                 run `zone-etcd pki issue NODE --zone DIR`, which writes it anew",
        harm: Harm::Outage,
        page: "revocation-list",
        patterns: &[
            "x509: malformed crl",
            "rejected connection on*error=asn1: structure error*CertificateList",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "tls-file-missing-while-running",
        title: "a file that every handshake needs is gone",
        cause: "{file} was moved or deleted while etcd was running, or never was there: etcd starts \
                 without its revocation list and then refuses everybody",
        why_it_matters: "etcd opens certificate, key and revocation list at each handshake: nobody gets in on \
                 that plane until the file is back",
        remedy: "put {file} back, or run `zone-etcd pki issue NODE --zone DIR`; no restart is needed",
        harm: Harm::Outage,
        page: "revocation-list",
        patterns: &[
            "rejected connection on*error=open {file}: no such file or directory",
            "prober detected unhealthy status*error=open {file}: no such file or directory",
            "createTransport failed*open {file}: no such file or directory",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "other-side-cannot-load-certificate",
        title: "the other side has no certificate that it could present",
        cause: "its certificate or key file is missing, cannot be read, or the two do not match; its own \
                 log tells which",
        why_it_matters: "nobody can connect to it",
        remedy: "run `zone-etcd pki check --zone DIR` for the other node, then `zone-etcd pki issue NODE \
                 --zone DIR`",
        harm: Harm::Refusal,
        page: "certificate-files",
        patterns: &["remote error: tls: internal error", "tls: no certificates configured"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "tls-file-missing",
        title: "a file that etcd was told to use is not there",
        cause: "the path {file} is wrong, or the file was not brought to this machine",
        why_it_matters: "etcd ends at the start; for a file of the client plane after it has already said that it \
                 is ready",
        remedy: "run `zone-etcd pki issue NODE --zone DIR`, or let `zone-etcd run` start the member: it \
                 issues what is missing",
        harm: Harm::Member,
        page: "certificate-files",
        patterns: &[
            "creating peer listener failed*error=open {file}: no such file",
            "registerGateway failed*error=open {file}: no such file",
            "setting up serving from embedded etcd failed*error=open {file}: no such file",
            "listener failed*error=open {file}: no such file",
            "failed to start etcd*error=open {file}: no such file",
            "discovery failed*error=open {file}: no such file",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "file-not-permitted",
        title: "etcd may not read or write a file",
        cause: "{file} belongs to another user, or its mode keeps this one out; often something was run \
                 as root once",
        why_it_matters: "the member does not start, or refuses every handshake",
        remedy: "give the node directory to the user that runs etcd: `chown -R USER NODE_DIR`; keys stay \
                 0600, directories 0700",
        harm: Harm::Member,
        page: "file-access",
        patterns: &[
            "error=open {file}: permission denied",
            "error=mkdir {file}: permission denied",
            "cannot access data directory: open {file}: permission denied",
            "cannot access data directory: mkdir {file}: permission denied",
            ": permission denied  file={file}",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "https-without-certificate",
        title: "an https address has no certificate",
        cause: "a listen URL is https, but no certificate and key were given for that plane",
        why_it_matters: "etcd ends at the start",
        remedy: "let `zone-etcd run` start the member; by hand: `--cert-file` and `--key-file`, \
                 `--peer-cert-file` and `--peer-key-file`",
        harm: Harm::Member,
        page: "certificate-files",
        patterns: &[
            "KeyFile and CertFile are not presented",
            "TLS key/cert (--cert-file, --key-file) must be provided",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificates-ignored-on-http",
        title: "certificates are set, but the address is plain http",
        cause: "a listen URL begins with http://, so etcd ignores certificate, key and CA there",
        why_it_matters: "everything on that port is readable and open to everybody who reaches it",
        remedy: "use https:// in every listen and advertise URL; `zone-etcd run` writes no other",
        harm: Harm::Outage,
        page: "plain-text",
        patterns: &[
            "while key and cert files are present; ignoring key and cert files",
            "client-cert-auth is enabled; ignoring client cert auth for this URL",
        ],
        ..Explanation::ROW
    },
];
