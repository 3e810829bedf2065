//! Why a member must not start. What to do about it is said where paths and commands are known.

use time::{Date, OffsetDateTime};
use zone_pki::instant;

use super::cluster::EtcdId;
use super::ids::Ids;
use super::log_position::LogPosition;
use super::wait::{Awaited, WaitsTo};

/// Why the member must not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The data is not of the member that was last started here.
    #[error(
        "the data directory belongs to member {} of cluster {}, but this node last ran member {} of \
         cluster {}",
        found.member, found.cluster, expected.member, expected.cluster
    )]
    ForeignData {
        /// What the data says.
        found: Ids,
        /// What `state.json` says.
        expected: Ids,
    },
    /// There is a log, and nothing tells how far it had come.
    #[error(
        "the data directory holds the log of member {} of cluster {}, and state.json is gone: nothing tells \
         whether this is an older copy, which has lost votes",
        found.member, found.cluster
    )]
    NotesLost {
        /// What the data says.
        found: Ids,
    },
    /// There is a log, and `state.json` says that it was not made by the start that it records.
    #[error(
        "the data directory holds the log of member {} of cluster {}, but it is not from the start that \
         state.json records: one of the two is an older copy",
        found.member, found.cluster
    )]
    NotOfThisStart {
        /// What the data says.
        found: Ids,
    },
    /// The log is an older copy.
    #[error(
        "the write-ahead log is an older copy: it is at {found}, and was at {noted} before. Member {} would \
         have lost votes and acknowledged writes since", ids.member
    )]
    OlderLog {
        /// The member.
        ids: Ids,
        /// How far it had come.
        noted: LogPosition,
        /// How far it is now.
        found: LogPosition,
    },
    /// There are files of etcd's without a log, although etcd was never started here.
    #[error(
        "the data directory holds files of etcd, but no write-ahead log, and member {} of cluster {} was \
         never started here",
        ids.member, ids.cluster
    )]
    FilesBeforeStart {
        /// The member that was to be started.
        ids: Ids,
    },
    /// The members that are a quorum without this one have never seen it, and its data says that they have.
    #[error(
        "most members of cluster {} have no record that member {} ever ran, but its data says that it did: \
         the cluster was bootstrapped a second time without this data",
        ids.cluster, ids.member
    )]
    NeverRanThere {
        /// The member.
        ids: Ids,
    },
    /// The cluster was bootstrapped, and this node did not commit to that.
    #[error(
        "cluster {} was bootstrapped before, and this node has no record of it ({}): its disk was lost, or \
         it never took part",
        ids.cluster,
        lost.as_ref().map_or("its member is expected to start".to_owned(), |name| {
            format!("{name} has lost its data")
        })
    )]
    FoundedBefore {
        /// What this member would be.
        ids: Ids,
        /// Another member that has lost its data, if that is how it is known.
        lost: Option<String>,
    },
    /// Others did not come, or not in a state to go on with, in the time that a start waits.
    #[error("waited in vain to {}", match to {
        WaitsTo::Found => "bootstrap the cluster: that takes all of its members",
        WaitsTo::Join => "join the cluster: that takes a majority of its voters",
        WaitsTo::BelieveTheOperator => "believe that this member never ran: that takes a majority of the \
            zone",
    })]
    WaitedInVain {
        /// What for.
        to: WaitsTo,
        /// Whom for.
        awaited: Vec<Awaited>,
    },
    /// The data is of no member that the zone description gives, and nothing is known of an earlier start.
    #[error(
        "the data directory belongs to member {} of cluster {}, but this zone's is member {} of cluster {}",
        found.member, found.cluster, expected.member, expected.cluster
    )]
    OtherCluster {
        /// What the data says.
        found: Ids,
        /// What follows from the zone description.
        expected: Ids,
    },
    /// The log is gone, and with it the votes that the member gave.
    #[error(
        "member {} of cluster {} was started here, and its write-ahead log is gone: it has lost its votes",
        past.member, past.cluster
    )]
    ForgottenVotes {
        /// The ids of the member that ran.
        past: Ids,
    },
    /// The operator wants data put aside that holds votes, and the cluster expects no other member in its
    /// place.
    #[error(
        "the data directory holds the log of member {} of cluster {}: without it this member would have lost \
         its votes",
        ids.member, ids.cluster
    )]
    VotesAside {
        /// What the data says.
        ids: Ids,
        /// Whether it is the data that this member goes on with.
        fits: bool,
    },
    /// A start that was to join ended before there was a log.
    #[error(
        "member {} was to join cluster {}, and etcd ended before it had a log: what it left is of no use",
        past.member, past.cluster
    )]
    JoinInterrupted {
        /// The ids that it was given.
        past: Ids,
    },
    /// The member has run under another name of this node.
    #[error("member {} has run here as node {name}: who is renamed stays the same member, and its data and \
        votes are there", ids.member)]
    RanUnderAnotherName {
        /// The former name.
        name: String,
        /// The ids, which follow from the address.
        ids: Ids,
    },
    /// There are files of etcd's without a log, of which nothing is known, or which are in the way of a new
    /// member.
    #[error(
        "the data directory holds files of etcd, but no write-ahead log: what they belong to cannot be told"
    )]
    DataWithoutLog,
    /// The zone has a cluster already, and its description now describes another.
    #[error(
        "this zone runs cluster {founded}, but zone.toml describes cluster {}: its members or the token were \
         changed",
        predicted.cluster
    )]
    SecondCluster {
        /// The cluster that a node of the zone has run.
        founded: EtcdId,
        /// What follows from the zone description.
        predicted: Ids,
    },
    /// The cluster has removed this member for good.
    #[error("member {} was removed from cluster {}: it can never take part again", ids.member, ids.cluster)]
    Removed {
        /// The member that ran.
        ids: Ids,
        /// The member that the cluster expects here instead.
        replaced_by: Option<EtcdId>,
    },
    /// The cluster knows this member as one that has run, and there is no data.
    #[error(
        "member {} of cluster {} has run, and its data is not here: it has lost its votes",
        ids.member, ids.cluster
    )]
    DataLost {
        /// The member that the cluster lists.
        ids: Ids,
    },
    /// A cluster runs, and this member was not added to it.
    #[error("cluster {cluster} runs, and it has no member here: it has to be told of this one first")]
    NotListed {
        /// The cluster.
        cluster: EtcdId,
    },
    /// The others run a cluster that the zone description does not give, and it does not know this member.
    #[error(
        "the other members run cluster {answered}, but zone.toml describes cluster {}: nodes or addresses in \
         zone.toml were changed after the cluster was bootstrapped, or the token is another",
        predicted.cluster
    )]
    OtherClusterAnswers {
        /// The cluster that answers.
        answered: EtcdId,
        /// What follows from the zone description.
        predicted: Ids,
        /// The names of its members that never ran: one of this node's name was bootstrapped with another
        /// address.
        never_ran: Vec<String>,
    },
    /// The others do not agree on which cluster they are.
    #[error(
        "{} answers for cluster {} and {} for cluster {}: the zone has split",
        one.0, one.1, other.0, other.1
    )]
    TwoClusters {
        /// A member's name and the cluster that it answers for.
        one: (String, EtcdId),
        /// Another's.
        other: (String, EtcdId),
    },
    /// The data is of one cluster, and the majority of the zone runs another.
    #[error(
        "the data directory belongs to cluster {}, but the other members run cluster {answered}: this one \
         would be alone",
        ids.cluster
    )]
    OthersRunAnotherCluster {
        /// What the data says.
        ids: Ids,
        /// What the others answer.
        answered: EtcdId,
    },
    /// The member was to join, never came that far, and no member answers now.
    #[error("member {} was to join cluster {}, and no member of that answers", past.member, past.cluster)]
    NobodyToJoin {
        /// The ids that it was given.
        past: Ids,
    },
    /// The bundle that this node was activated with lets its member only join.
    #[error(
        "this node's bundle is {}: a holder of it or of an earlier one may have voted as member {} of \
         cluster {}, so the member may only join",
        of.map_or("not its first".to_owned(), |date| format!("of {date}")), ids.member, ids.cluster
    )]
    NoRightToBootstrap {
        /// The ids that it would have.
        ids: Ids,
        /// When the bundle was made, if it let the member bootstrap the cluster until it was too old for
        /// that.
        of: Option<Date>,
    },
    /// The bundle that gave the right to bootstrap is from the future, so whether the right has lapsed cannot
    /// be told.
    #[error(
        "its bundle was made at {}, and this machine's clock says {}: how old its right to bootstrap the \
         cluster is cannot be told",
        instant(*issued), instant(*now)
    )]
    ClockBehind {
        /// When the bundle was made.
        issued: OffsetDateTime,
        /// What the clock says.
        now: OffsetDateTime,
    },
    /// The data is from before the zone was restored.
    #[error(
        "the zone was restored as cluster {restored}, and the data directory is of cluster {} from before",
        found.cluster
    )]
    BeforeRestore {
        /// What the data says.
        found: Ids,
        /// The cluster that the zone is now.
        restored: EtcdId,
    },
    /// The zone was restored, and a member of a restored cluster that starts without data would serve an
    /// empty key space in it without a word: its log is the same as that of a new one.
    #[error(
        "the zone was restored as cluster {restored}, and this node has none of its data: started empty, the \
         member would serve an empty key space to its clients"
    )]
    NotRestored {
        /// The cluster that the zone is now.
        restored: EtcdId,
    },
    /// The cluster runs a version that the etcd here cannot work with.
    #[error("cluster {cluster} runs as etcd 3.{minor}, and the etcd here is {ours}")]
    Version {
        /// The cluster.
        cluster: EtcdId,
        /// The minor version that it runs as.
        minor: u64,
        /// The version of the etcd that would be started.
        ours: String,
    },
}
