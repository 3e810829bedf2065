//! A member that does not start.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "flag-unknown",
        title: "etcd does not know a flag",
        cause: "the flag {flag} belongs to another version: 3.7 has no `experimental-` flags, 3.6 has no \
                 `enable-v2`, and 3.5 has none of `feature-gates`",
        why_it_matters: "etcd ends with code 2 before it does anything",
        remedy: "take it out of `[etcd.flags]` or of the command line; `zone-etcd plan` checks every flag \
                 against the version that will run",
        harm: Harm::Member,
        page: "flags",
        patterns: &["flag provided but not defined: {flag}"],
        ..Explanation::ROW
    },
    Explanation {
        id: "flag-value-invalid",
        title: "a flag has a value that etcd does not take",
        cause: "the value of a flag is misspelt or of another kind; the line names it",
        why_it_matters: "etcd ends before it does anything",
        remedy: "correct it in `[etcd.flags]` of zone.toml or on the command line; `zone-etcd plan` \
                 checks flags before the start",
        harm: Harm::Member,
        page: "flags",
        patterns: &[
            "invalid value \"{value}\" for flag {flag}: ",
            "error parsing CompactionRetention",
            "error setting up initial cluster: URL ",
            "is not a valid flag",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "environment-shadowed",
        title: "a setting is given twice, by a flag and by the environment",
        cause: "a variable `ETCD_...` says the same as a flag; etcd refuses to choose",
        why_it_matters: "etcd ends with code 1",
        remedy: "unset the variable; `zone-etcd run` takes every `ETCD_*` out of the environment",
        harm: Harm::Member,
        page: "flags",
        patterns: &["conflicting environment variable is shadowed by corresponding command-line flag"],
        fields: &["environment-variable"],
        ..Explanation::ROW
    },
    Explanation {
        id: "environment-unknown",
        title: "there is an ETCD_ variable that etcd does not know",
        cause: "it is misspelt, or belongs to another version",
        why_it_matters: "what it was meant to say does not hold",
        remedy: "correct or unset it; `zone-etcd run` takes every `ETCD_*` out of the environment",
        harm: Harm::Notice,
        page: "flags",
        patterns: &["unrecognized environment variable"],
        fields: &["environment-variable"],
        ..Explanation::ROW
    },
    Explanation {
        id: "listen-address-is-a-name",
        title: "etcd cannot listen on a host name",
        cause: "a listen URL has a name ({url}) where an address is needed",
        why_it_matters: "etcd ends at the start",
        remedy: "write an address of this machine; `zone-etcd run` listens on the node's `address`, or on \
                 all if that is a name",
        harm: Harm::Member,
        page: "listen-address",
        patterns: &["expected IP in URL for binding ({url})"],
        ..Explanation::ROW
    },
    Explanation {
        id: "timing-invalid",
        title: "heartbeat and election do not fit each other",
        cause: "the election time has to be at least five times the heartbeat, and below 50 s",
        why_it_matters: "etcd ends at the start",
        remedy: "set `election` in zone.toml to ten times `heartbeat`, the same on all members",
        harm: Harm::Member,
        page: "timing",
        patterns: &[
            "should be at least as 5 times as --heartbeat-interval",
            "is too long, and should be set less than",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "advertise-address-missing",
        title: "the member does not say where clients reach it",
        cause: "`--listen-client-urls` was given without `--advertise-client-urls`",
        why_it_matters: "etcd ends at the start",
        remedy: "let `zone-etcd run` start the member; by hand: give both",
        harm: Harm::Member,
        page: "flags",
        patterns: &["--advertise-client-urls is required when --listen-client-urls is set explicitly"],
        ..Explanation::ROW
    },
    Explanation {
        id: "discovery-flags-contradict",
        title: "there is more than one way given to find the other members",
        cause: "exactly one of initial-cluster, discovery-srv and the discovery service may be used",
        why_it_matters: "etcd ends at the start",
        remedy: "let `zone-etcd run` start the member, which always uses initial-cluster; by hand: keep \
                 one of them",
        harm: Harm::Member,
        page: "flags",
        patterns: &["multiple discovery or bootstrap flags are set"],
        ..Explanation::ROW
    },
    Explanation {
        id: "flags-refused",
        title: "etcd refuses its flags",
        cause: "two of them contradict each other, a value is out of range, or a configuration file is \
                 missing: {reason}",
        why_it_matters: "etcd ends at the start",
        remedy: "correct them in `[etcd.flags]` of zone.toml or on the command line; `zone-etcd plan` \
                 shows what is handed over",
        harm: Harm::Member,
        page: "flags",
        patterns: &["failed to verify flags*error={reason}"],
        ..Explanation::ROW
    },
    Explanation {
        id: "address-in-use",
        title: "the port is taken",
        cause: "another process listens on {address}: an etcd that was not stopped, or another service",
        why_it_matters: "the member does not start",
        remedy: "find it with `ss -ltnp` and stop one of the two, or give this node other ports: \
                 `peer_port`, `client_port`, `metrics_port`",
        harm: Harm::Member,
        page: "ports",
        patterns: &[
            "listen tcp {address}: bind: address already in use",
            "listen tcp4 {address}: bind: address already in use",
            "listen tcp6 {address}: bind: address already in use",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "address-not-on-this-machine",
        title: "the address to listen on is not one of this machine",
        cause: "{address} belongs to another machine, or its interface is not up yet",
        why_it_matters: "the member does not start",
        remedy: "compare `ip address` with `address` in zone.toml; behind NAT or with the address on \
                 another device, use a host name as `address`, so that etcd listens on all",
        harm: Harm::Member,
        page: "ports",
        patterns: &[
            "listen tcp {address}: bind: cannot assign requested address",
            "listen tcp4 {address}: bind: cannot assign requested address",
            "listen tcp6 {address}: bind: cannot assign requested address",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "port-not-permitted",
        title: "the port needs a privilege",
        cause: "ports below 1024 are reserved, or a security module keeps etcd from {address}",
        why_it_matters: "the member does not start",
        remedy: "use ports above 1023: `peer_port`, `client_port`",
        harm: Harm::Member,
        page: "ports",
        patterns: &["listen tcp {address}: bind: permission denied"],
        ..Explanation::ROW
    },
    Explanation {
        id: "data-directory-unusable",
        title: "the data directory cannot be used",
        cause: "the path is not a directory, its parent is missing, or etcd may not go there",
        why_it_matters: "the member does not start",
        remedy: "check each part of the path: `namei -l DATA_DIR`; it belongs to the user that runs etcd, \
                 mode 0700",
        harm: Harm::Member,
        page: "file-access",
        patterns: &[
            "cannot access data directory",
            "failed to list data directory",
            "cannot write to directory",
            "panic: failed to create WAL",
            "data-dir \"{directory}\" not empty or could not be read",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "file-limit-too-low",
        title: "the limit of open files is too low to start",
        cause: "etcd needs more than 150 file descriptors for itself",
        why_it_matters: "the member does not start",
        remedy: "raise it: `LimitNOFILE=65536` in the unit, or `ulimit -n 65536`",
        harm: Harm::Member,
        page: "open-files",
        patterns: &["file descriptor limit of etcd process is too low"],
        ..Explanation::ROW
    },
    Explanation {
        id: "too-many-open-files",
        title: "the limit of open files is reached",
        cause: "clients hold more connections than the limit allows, or they open new ones without \
                 closing the old",
        why_it_matters: "no further connection is taken, those of other members included",
        remedy: "raise it: `LimitNOFILE=65536` in the unit; count who is connected with `ss -tn state \
                 established`",
        harm: Harm::Outage,
        page: "open-files",
        patterns: &["too many open files"],
        ..Explanation::ROW
    },
    Explanation {
        id: "name-does-not-resolve",
        title: "a name cannot be resolved",
        cause: "the resolver does not answer or does not know the name",
        why_it_matters: "peers are not found, and handshakes that need the name wait for it",
        remedy: "try `getent hosts NAME`; put an IP address as `address` in zone.toml: etcd then needs no \
                 resolver",
        harm: Harm::Member,
        page: "name-resolution",
        patterns: &[
            "error querying DNS SRV records",
            "dial tcp: lookup {name} on {resolver}: ",
            "dial tcp: lookup {name}: ",
            "failed to resolve URL",
            "could not resolve host",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "discovery-service-not-reached",
        title: "the discovery service does not answer",
        cause: "its address is wrong, or it is not running",
        why_it_matters: "a new member does not find the others",
        remedy: "use `initial-cluster`, as `zone-etcd run` does: it needs no service",
        harm: Harm::Member,
        page: "name-resolution",
        patterns: &[
            "failed to get cluster size from discovery service",
            "failed to get cluster members from discovery service",
            "retry connecting to discovery service",
            "discovery: ",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "unsupported-architecture",
        title: "etcd does not run on this kind of processor unasked",
        cause: "the architecture is not among those that etcd tests",
        why_it_matters: "the member does not start",
        remedy: "set `ETCD_UNSUPPORTED_ARCH` only if you accept that; better use amd64 or arm64",
        harm: Harm::Member,
        page: "flags",
        patterns: &["Refusing to run etcd on unsupported architecture"],
        ..Explanation::ROW
    },
    Explanation {
        id: "etcd-broke-down",
        title: "etcd ended by a fault in its own code",
        cause: "it met something that it does not expect; after a start that is most often a damaged or \
                 incomplete data directory, such as an empty write-ahead log, or memory ran out",
        why_it_matters: "the member ends at once, and will again with the same data",
        remedy: "read the lines before this one; if it happens at every start and the other members are \
                 well, replace the member: `zone-etcd ctl -- member remove ID`, `zone-etcd ctl -- member \
                 add NODE --learner --peer-urls=URL`, `zone-etcd run --move-data-aside` on the node, \
                 then `zone-etcd ctl -- member promote ID` once it has caught up",
        harm: Harm::Member,
        page: "damaged-data",
        patterns: &[
            "panic: runtime error: ",
            "fatal error: runtime: out of memory",
            "fatal error: ",
            "signal SIGSEGV: segmentation violation",
            "signal SIGBUS: bus error",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "client-plane-did-not-start",
        title: "the client port could not be served",
        cause: "the listener or the REST gateway of the client plane failed: {reason}",
        why_it_matters: "etcd ends, after it has already said that it is ready",
        remedy: "run `zone-etcd check` on the node, which names the files",
        harm: Harm::Outage,
        page: "certificate-files",
        patterns: &["registerGateway failed*error={reason}"],
        ..Explanation::ROW
    },
];
