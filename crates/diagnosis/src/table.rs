//! The one list of checks. What a check is called, why it matters and where it runs is here and nowhere else.

use documents::explain_command;

use super::log::Harm;

/// Where a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Before each start of a member, in `check` and in `doctor`.
    Run,
    /// In `check` and in `doctor`.
    Check,
    /// In `doctor` alone: it takes the live zone.
    Doctor,
}

/// Under which heading a check stands in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Certificates, keys and lists, as they are on disk.
    Certificates,
    Machine,
    /// The other members, over the wire.
    Peers,
    Zone,
}

impl Group {
    /// The groups, in the order of a report.
    pub const ALL: [Self; 4] = [Self::Certificates, Self::Machine, Self::Peers, Self::Zone];

    pub fn title(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Machine => "machine",
            Self::Peers => "peers",
            Self::Zone => "zone",
        }
    }
}

#[derive(Debug)]
pub struct Check {
    pub id: CheckId,
    /// Its name, which scripts may rely on.
    pub name: &'static str,
    /// What is looked at, in a few words.
    pub title: &'static str,
    pub why: &'static str,
    /// How bad it is if it fails.
    pub harm: Harm,
    pub used: Use,
    pub group: Group,
    /// The page that says more: a file in `docs/problems`, without `.md`.
    pub page: &'static str,
}

impl Check {
    pub fn page_path(&self) -> String {
        format!("docs/problems/{}.md", self.page)
    }

    /// The command that shows the page.
    pub fn more(&self) -> String {
        explain_command(&format!("problems/{}", self.page))
    }
}

/// Defines [`CheckId`] and [`CHECKS`] at once, so that they cannot part.
macro_rules! checks {
    ($(
        $id:ident $name:literal $title:literal $harm:ident $used:ident $group:ident $page:literal $why:literal
    )*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CheckId {
            $(#[doc = $title] $id,)*
        }

        /// Every check, in the order in which they are made.
        pub const CHECKS: &[Check] = &[$(Check {
            id: CheckId::$id,
            name: $name,
            title: $title,
            why: $why,
            harm: Harm::$harm,
            used: Use::$used,
            group: Group::$group,
            page: $page,
        },)*];

        impl CheckId {
            pub fn row(self) -> &'static Check {
                match self {
                    $(Self::$id => const { &Check {
                        id: CheckId::$id,
                        name: $name,
                        title: $title,
                        why: $why,
                        harm: Harm::$harm,
                        used: Use::$used,
                        group: Group::$group,
                        page: $page,
                    } },)*
                }
            }
        }
    };
}

checks! {
    CertificateFiles "certificate-files" "every file of the generation in use is there"
        Member Run Certificates "certificate-files"
        "etcd opens these files at every handshake, and refuses it if one is missing or damaged"
    FileAccess "file-access" "only their owner can read the keys and change the files"
        Data Run Certificates "file-access"
        "who can read a key is this member to all others; who can write beside it chooses whom the member \
         trusts"
    CertificateKey "certificate-key" "each key belongs to its certificate"
        Member Run Certificates "certificate-files"
        "etcd cannot make a handshake with a key that is not the certificate's"
    CertificateChain "certificate-chain" "each certificate chains to its plane's CA"
        Member Run Certificates "unknown-authority"
        "the other members and the clients trust the zone's CAs alone"
    CertificateUsage "certificate-usage" "each certificate may be used for its role"
        Member Run Certificates "key-usage"
        "a certificate without the usage is refused, and one with too many opens what it should not"
    CertificateValidity "certificate-validity" "each certificate is valid, and for long enough"
        Member Run Certificates "expired"
        "the other members and the clients refuse a certificate outside its validity, without a word to \
         their users"
    AuthorityValidity "authority-validity" "the CAs outlive what they issue"
        Outage Run Certificates "authority-validity"
        "when a CA ends, everything that it issued ends with it, on every node at once"
    CertificateNames "certificate-names" "certificates cover every URL that is dialled"
        Member Run Certificates "certificate-names"
        "a Go client compares the host that it dials with the names of the certificate, addresses with \
         addresses, and looks at nothing else"
    RevocationList "revocation-list"
        "the revocation lists can be read, are the CA's, and do not list this node"
        Member Run Certificates "revocation-list"
        "etcd reads the list at every handshake, and refuses all clients if it cannot"
    Handshake "handshake" "both sides of each handshake accept the other; made in memory by check and doctor"
        Member Run Certificates "bad-certificate"
        "what fails here fails on every connection"

    Clock "clock" "this machine's clock is not behind the certificates" Member Check Machine "clock"
        "a machine whose clock is behind takes new certificates for not yet valid, and issues such that end \
         too early"
    DataDirectory "data-directory" "the data directory is the member's alone" Data Check Machine "file-access"
        "it holds every key and value of the zone, and the member's votes"
    Start "start" "the member may start" Member Check Machine "start-refused"
        "what is refused here is refused by `run`, and what `run` refuses would have harmed the cluster"
    StateFile "state-file" "state.json can be read and is this node's" Data Check Machine "state-file"
        "it is what keeps a member that lost its data from voting again"
    OneEtcd "one-etcd" "one etcd at most on the data directory" Data Check Machine "data-directory"
        "a second etcd waits for ever, and one that zone-etcd did not start is not seen by it"
    Listeners "listeners" "the member can listen where zone.toml says" Member Check Machine "ports"
        "etcd ends at once if it cannot bind every one of its sockets"
    HostNames "host-names" "host names resolve, and this node's to this machine"
        Member Check Machine "name-resolution"
        "etcd waits for the name server in handshakes and at the start"
    SourceAddress "source-address" "peers find the address that this node sends from in its certificate"
        Member Check Machine "peer-source-address"
        "etcd compares the address that a peer's connection comes from with the names in its certificate, \
         and closes the connection if it is not there"
    DiskLatency "disk-latency" "the disk confirms writes fast enough" Strain Check Machine "slow-disk"
        "a member answers a write, and a heartbeat, after the disk has confirmed it; a slow one loses \
         elections"
    DiskSpace "disk-space" "there is room for the database, its log and a snapshot"
        Outage Check Machine "disk-full"
        "etcd ends when it cannot write its log, and does not start again until there is room"
    OpenFiles "open-files" "enough files may be open" Refusal Check Machine "open-files"
        "every client connection is an open file; above the limit etcd takes no more"
    RunningFlags "running-flags" "the member runs with what zone.toml says"
        Strain Check Machine "running-flags"
        "a change of zone.toml takes effect at the next start"

    CyfsForward "cyfs-forward" "forwards lead from this host to members behind gateways"
        Member Check Peers "cyfs-forward"
        "without a forward of its own a host does not reach the member"
    PeerReachable "peer-reachable" "the other members answer" Member Check Peers "peer-not-answering"
        "a member that is not reached does not count for the quorum"
    PeerCertificate "peer-certificate" "the other members' certificates hold"
        Member Check Peers "bad-certificate"
        "this member refuses to dial one whose certificate does not hold"
    PeerAdmission "peer-admission" "the other members admit this one" Member Check Peers "closed-connection"
        "a member that the others refuse sends them nothing: no vote, no entry of the log"
    PeerClock "peer-clock" "clocks agree" Member Check Peers "clock"
        "certificates begin five minutes before they are issued; a clock that is further behind takes new \
         ones for not yet valid"
    Versions "version-skew" "versions of etcd are at most one minor apart" Member Check Peers "versions"
        "etcd is upgraded one minor at a time, and members further apart do not work together"
    Timing "timing" "heartbeat and election fit the round trip" Strain Check Peers "timing"
        "an election time-out that is too short for the network makes members stand for election while the \
         leader is well"
    TimingEqual "timing-equal" "members run with the same heartbeat and election" Strain Doctor Peers "timing"
        "the member with the shortest time-out unseats a leader with a longer heartbeat, again and again"

    MemberData "member-data" "the voters hold the same data" Data Doctor Zone "data-differs"
        "the same read gives different answers on different members, and nothing repairs that"
    AlarmCorrupt "alarm-corrupt" "no member's data differs from the others'" Data Doctor Zone "data-differs"
        "members give different answers, and etcd stops to take requests"
    ClusterId "cluster-id" "every member is of one cluster" Data Doctor Zone "cluster-id"
        "what is written to one cluster is not in the other"
    Quorum "quorum" "there is a leader, and a majority behind it" Outage Doctor Zone "no-leader"
        "without a majority nothing can be written or read"
    AlarmNoSpace "alarm-nospace" "no member is out of space" Outage Doctor Zone "quota"
        "the zone takes no writes until space is made and the alarm is disarmed"
    DatabaseQuota "database-quota" "the database is well below its quota" Outage Doctor Zone "quota"
        "at the quota the zone takes no more writes"
    MemberDown "member-down" "every member answers" Member Doctor Zone "peer-not-answering"
        "with each member that is down one less may be lost before the zone stops"
    MemberList "member-list" "the members are those of zone.toml, and all were started"
        Member Doctor Zone "members"
        "a member that is listed counts for the majority whether it runs or not"
    ServedCertificate "served-certificate"
        "members serve the certificates that are on disk, and trust their plane's CA"
        Member Doctor Zone "served-certificate"
        "what a member serves is what others see, whatever is on the disk"
    ListInUse "revocation-list-in-use" "members use the revocation lists of the zone"
        Member Doctor Zone "revocation-list"
        "who uses an older list takes certificates that were revoked since"
    NodeDeliveries "node-deliveries" "nodes whose bundles etcd has are up to date"
        Strain Doctor Zone "node-deliveries"
        "a node that lacks a bundle has certificates that run out, and trusts CAs and lists of before"
    Learner "learner" "no learner is left behind" Strain Doctor Zone "members"
        "a learner does not vote: until it is promoted it makes the zone no safer"
    RaftLag "raft-lag" "no member lags behind" Strain Doctor Zone "lagging-member"
        "a member that lags answers old data to local reads, and is of no help when the leader is lost"
    Fragmentation "fragmentation" "the database file is not mostly empty" Strain Doctor Zone "quota"
        "the file counts against the quota, not what is in use of it"
    SnapshotAge "snapshot-age" "there is a recent snapshot, and it restores" Strain Doctor Zone "snapshot-age"
        "what is lost with a majority of the disks comes back from a snapshot alone"
}
