//! Certificates that one side refuses, by what is wrong with them.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "peer-source-address-refused",
        title: "a peer was refused because its certificate does not name the address that it came from",
        cause: "etcd compares the source address of a peer's connection with the addresses of its \
                 certificate, then with the addresses of its names; {source} is among neither. The node \
                 has several addresses, or there is NAT or a tunnel between",
        why_it_matters: "the peer cannot send anything to this member; with two such members there is no quorum",
        remedy: "on the zone directory, add the address to that node in zone.toml, `sans = [\"{source}\"]`, \
                 and run `zone-etcd pki issue NODE --zone DIR`; if its source address changes or is \
                 translated, set `nat = true` instead",
        harm: Harm::Member,
        page: "peer-source-address",
        patterns: &[
            "rejected connection on peer endpoint*error=tls: \"{source}\" does not match any of DNSNames [{names}]",
            "rejected connection on peer endpoint*error=x509: certificate is valid for {names}, not {source}",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-names-other-address",
        title: "a certificate does not name the address that was dialled",
        cause: "the server's certificate is valid for {names}, but it was reached as {address}: an \
                 address was changed, or the certificate belongs to another node",
        why_it_matters: "a verifier of certificates refuses this member under that address",
        remedy: "add the address to that node in zone.toml (`address`, or `sans = [\"{address}\"]`) and run \
                 `zone-etcd pki issue NODE --zone DIR`; no restart is needed",
        harm: Harm::Member,
        page: "certificate-names",
        patterns: &[
            "x509: certificate is valid for {names}, not {address}",
            "x509: certificate is not valid for any names, but wanted to match {address}",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-without-address",
        title: "a certificate holds no IP address, but was reached by one",
        cause: "its names are DNS names only, or there are none; {address} has to be in it as an IP \
                 address. The common name does not count",
        why_it_matters: "a verifier of certificates refuses this member under that address",
        remedy: "add the address to that node in zone.toml (`address`, or `sans = [\"{address}\"]`) and run \
                 `zone-etcd pki issue NODE --zone DIR`; no restart is needed",
        harm: Harm::Member,
        page: "certificate-names",
        patterns: &[
            "cannot validate certificate for {address} because it doesn't contain any IP SANs",
            "certificate relies on legacy Common Name field, use SANs instead",
        ],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "peer-certificate-expired",
        title: "a peer came with a certificate that has expired",
        cause: "its certificate ended at {end} by the clock of this machine, or this machine's clock is \
                 wrong",
        why_it_matters: "the peer cannot send anything to this member; certificates made together end together, \
                 so the others follow",
        remedy: "run `zone-etcd pki issue --all --zone DIR` and bring the files to the nodes; no restart \
                 is needed. Compare the clocks: `date -u` on both machines",
        harm: Harm::Member,
        page: "expired",
        patterns: &[
            "rejected connection on peer endpoint*certificate has expired or is not yet valid: current time {now} is after {end}",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-certificate-expired",
        title: "a client came with a certificate that has expired",
        cause: "its certificate ended at {end} by the clock of this machine",
        why_it_matters: "that client is refused; it sees only that its connection is closed",
        remedy: "issue it anew: `zone-etcd pki issue --client NAME --zone DIR`; the address of the client \
                 is {remote-addr}",
        harm: Harm::Refusal,
        page: "expired",
        patterns: &[
            "rejected connection on client endpoint*certificate has expired or is not yet valid: current time {now} is after {end}",
        ],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "dialled-certificate-expired",
        title: "a member presents a certificate that has expired",
        cause: "the certificate that was served ended at {end} by the clock of the one who dialled",
        why_it_matters: "nobody who checks certificates talks to that member; certificates made together end \
                 together, so the others follow",
        remedy: "run `zone-etcd pki issue --all --zone DIR` and bring the files to the nodes; no restart \
                 is needed. Compare the clocks: `date -u` on both machines",
        harm: Harm::Member,
        page: "expired",
        patterns: &["certificate has expired or is not yet valid: current time {now} is after {end}"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-not-yet-valid",
        title: "a certificate is not valid yet",
        cause: "its life begins at {start}, which by the clock of this machine is still to come: one of \
                 the two clocks is wrong",
        why_it_matters: "the connection is refused until then; a wrong clock also makes certificates expire early \
                 or late",
        remedy: "set the clocks (`timedatectl`, `chronyc tracking`); if the one that issued was ahead, \
                 run `zone-etcd pki issue NODE --zone DIR` once it is right",
        harm: Harm::Member,
        page: "expired",
        patterns: &["certificate has expired or is not yet valid: current time {now} is before {start}"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "own-certificate-expired",
        title: "the other side says that our certificate has expired",
        cause: "the certificate that was presented to it is past its end, by its clock",
        why_it_matters: "this connection is refused; certificates made together end together, so the others \
                 follow",
        remedy: "look at `zone-etcd pki list --zone DIR`, run `zone-etcd pki issue --all --zone DIR`, and \
                 bring the files to the nodes; compare the clocks",
        harm: Harm::Member,
        page: "expired",
        patterns: &["remote error: tls: expired certificate"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "peer-certificate-unknown-authority",
        title: "a peer came with a certificate of an authority that is not trusted",
        cause: "it was issued by another zone's CA, or by the CA of the client plane, or its CA was made \
                 anew",
        why_it_matters: "the peer cannot send anything to this member",
        remedy: "compare what `zone-etcd check` says on both nodes: all must have the same root and peer CA; \
                 then, on the signing host, `zone-etcd pki renew NODE --zone DIR`. etcd reads its CA \
                 file only at the \
                 start: restart members whose CA file was replaced",
        harm: Harm::Member,
        page: "unknown-authority",
        patterns: &["rejected connection on peer endpoint*certificate signed by unknown authority"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-certificate-unknown-authority",
        title: "a client came with a certificate of an authority that is not trusted",
        cause: "it was issued by another zone's CA, or by the CA of the peer plane, or its CA was made \
                 anew",
        why_it_matters: "that client is refused; it sees only that its connection is closed",
        remedy: "give it a certificate of this zone: `zone-etcd pki issue --client NAME --zone DIR`; the \
                 address of the client is {remote-addr}. etcd reads its CA file only at the start",
        harm: Harm::Refusal,
        page: "unknown-authority",
        patterns: &["rejected connection on client endpoint*certificate signed by unknown authority"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "dialled-certificate-unknown-authority",
        title: "a member presents a certificate of an authority that the caller does not trust",
        cause: "the server's certificate was issued by another CA than the one in the caller's CA file, \
                 or it comes without the CA between it and the root",
        why_it_matters: "the caller refuses the connection",
        remedy: "run `zone-etcd check` on the node of the member; clients trust `ca.crt`, the \
                 root. etcd reads its CA file only at the start: restart members whose CA file was \
                 replaced",
        harm: Harm::Member,
        page: "unknown-authority",
        patterns: &["certificate signed by unknown authority"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "own-certificate-not-trusted",
        title: "the other side does not trust the authority of our certificate",
        cause: "it trusts another CA: another zone's, or an older one; a member that dials a peer gets \
                 this, and so does one that a client dials with a wrong CA file",
        why_it_matters: "this connection is refused",
        remedy: "run `zone-etcd check` on the node of the member; clients trust `ca.crt`, the \
                 root. etcd reads its CA file only at the start: restart members whose CA file was \
                 replaced",
        harm: Harm::Refusal,
        page: "unknown-authority",
        patterns: &["remote error: tls: unknown certificate authority"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "peer-certificate-not-for-dialling",
        title: "a peer's certificate may not be used to dial",
        cause: "it lacks the extended key usage clientAuth; a peer serves and dials with the same \
                 certificate unless it has a second one",
        why_it_matters: "the peer cannot send anything to this member; one such member is masked, several end the \
                 quorum",
        remedy: "issue it by the role table: `zone-etcd pki issue NODE --zone DIR`; by hand: \
                 extendedKeyUsage = serverAuth, clientAuth",
        harm: Harm::Member,
        page: "key-usage",
        patterns: &["rejected connection on peer endpoint*certificate specifies an incompatible key usage"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "gateway-certificate-not-for-dialling",
        title: "the REST gateway dials with the server's certificate",
        cause: "etcd's REST gateway is a client of its own server; without a certificate of its own \
                 (`--client-cert-file`) it takes the server's, which may only serve",
        why_it_matters: "every REST request (`/v3/...`) fails with 503, and the log fills",
        remedy: "let `zone-etcd run` start the member: it gives the gateway its own certificate; by hand: \
                 `--client-cert-file` and `--client-key-file`",
        harm: Harm::Refusal,
        page: "gateway",
        patterns: &["createTransport failed to connect to*remote error: tls: bad certificate"],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-certificate-not-for-dialling",
        title: "a client came with a certificate that may not be used to dial",
        cause: "it lacks the extended key usage clientAuth; often it is a server's certificate. From the \
                 member's own address it is the REST gateway, which takes the server's certificate if it \
                 has none",
        why_it_matters: "that client is refused; if it is the gateway, every REST request fails with 503",
        remedy: "give it a client certificate: `zone-etcd pki issue --client NAME --zone DIR`; the \
                 address of the client is {remote-addr}",
        harm: Harm::Refusal,
        page: "key-usage",
        patterns: &["rejected connection on client endpoint*certificate specifies an incompatible key usage"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "dialled-certificate-not-for-serving",
        title: "a member serves with a certificate that may not be used to serve",
        cause: "it lacks the extended key usage serverAuth",
        why_it_matters: "nobody who checks certificates talks to that member",
        remedy: "issue it by the role table: `zone-etcd pki issue NODE --zone DIR`; by hand: \
                 extendedKeyUsage = serverAuth",
        harm: Harm::Member,
        page: "key-usage",
        patterns: &["certificate specifies an incompatible key usage"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-revoked",
        title: "somebody came with a certificate that is revoked",
        cause: "the serial number {serial} is in the revocation list of that plane",
        why_it_matters: "as intended, if it was revoked on purpose; etcd compares serial numbers only, whoever \
                 issued them. The refused side sees only that its connection is closed",
        remedy: "if it should be let in: `zone-etcd pki issue` for its holder, which gives it a new \
                 serial number. `zone-etcd pki list --zone DIR` tells whose serial it is. A member is not \
                 evicted by this, but by `zone-etcd ctl -- member remove ID`",
        harm: Harm::Refusal,
        page: "revoked",
        patterns: &["certificate serial {serial} revoked"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "certificate-name-not-allowed",
        title: "a certificate was refused because it does not carry the name that is allowed",
        cause: "`--peer-cert-allowed-cn`, `--peer-cert-allowed-hostname` or one of their client forms is \
                 set, and the certificate has another common name or host name. \
                 `--client-cert-allowed-hostname` also refuses the REST gateway",
        why_it_matters: "who is refused here sees only `bad certificate`",
        remedy: "let the certificate carry that name, or take the flag away: with one CA for each plane \
                 it is not needed",
        harm: Harm::Refusal,
        page: "allowed-names",
        patterns: &["client certificate authentication failed", "CommonName authentication failed"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "no-client-certificate",
        title: "connection without client certificate",
        cause: "a client without certificate and key, a browser, a scanner, or one whose certificate was \
                 issued by a CA that this port does not trust: such a certificate is not even sent",
        why_it_matters: "that client is refused, as it should be",
        remedy: "nothing, if it is `zone-etcd status` or `doctor`, which look at the certificate of the \
                 peer port so; else give it a \
                 certificate: `zone-etcd pki issue --client NAME --zone DIR`, and its files: \
                 `zone-etcd env --zone DIR`; its address is {remote-addr}",
        harm: Harm::Notice,
        page: "no-client-certificate",
        patterns: &["tls: client didn't provide a certificate", "remote error: tls: certificate required"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-refuses-certificate",
        title: "a client refuses this member's certificate",
        cause: "Go clients say `bad certificate` for every reason: it expired, is not yet valid, does \
                 not name the address that was dialled, may not serve, or comes from a CA that the client \
                 does not trust. The client's own error tells which",
        why_it_matters: "that client does not get in; if it is the address of this machine, it may be the REST \
                 gateway or a health check",
        remedy: "run `zone-etcd check` on the node of the member, and check that the client trusts \
                 `ca.crt` and dials an address that is in the certificate; its address is {remote-addr}",
        harm: Harm::Refusal,
        page: "bad-certificate",
        patterns: &["rejected connection on client endpoint*remote error: tls: bad certificate"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "peer-refuses-certificate",
        title: "a peer refuses this member's certificate",
        cause: "peers say `bad certificate` for every reason: it is not yet valid, does not name the \
                 address that was dialled, may not serve, or has not the name that the peer allows. The \
                 peer's own log tells which",
        why_it_matters: "the peer cannot send anything to this member; with two such members there is no quorum",
        remedy: "explain the log of the peer at {remote-addr} too; run `zone-etcd check` \
                 on both nodes, then, on the signing host, `zone-etcd pki renew NODE --zone DIR`",
        harm: Harm::Member,
        page: "bad-certificate",
        patterns: &["rejected connection on peer endpoint*remote error: tls: bad certificate"],
        fields: &["remote-addr"],
        ..Explanation::ROW
    },
    Explanation {
        id: "own-certificate-refused",
        title: "the other side refuses our certificate",
        cause: "it says `bad certificate` for every reason: wrong key usage, an unwanted name, not yet \
                 valid. Its own log tells which",
        why_it_matters: "nothing that is sent to it over this connection arrives",
        remedy: "explain the log of the other side too; run `zone-etcd check` on both \
                 nodes, then, on the signing host, `zone-etcd pki renew NODE --zone DIR`",
        harm: Harm::Refusal,
        page: "bad-certificate",
        patterns: &["remote error: tls: bad certificate", "remote error: tls: unsupported certificate"],
        fields: &["remote-addr", "remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
];
