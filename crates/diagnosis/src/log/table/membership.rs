//! Who belongs to the cluster, and who does not.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "member-removed",
        harm: Harm::Member,
        patterns: &[
            "data-dir used by this member must be removed",
            "the member has been permanently removed from the cluster",
        ],
        ..Row::NONE
    },
    Row {
        id: "removed-member-still-dials",
        harm: Harm::Notice,
        patterns: &[
            "rejected stream from remote peer because it was removed",
            "rejected Raft message from removed member",
        ],
        fields: &[
            "remote-peer-id",
            "remote-peer-id-stream-handler",
            "remote-peer-id-from",
            "removed-member-id",
        ],
        ..Row::NONE
    },
    Row {
        id: "already-bootstrapped",
        harm: Harm::Member,
        patterns: &["member {member} has already been bootstrapped"],
        ..Row::NONE
    },
    Row {
        id: "member-count-unequal",
        harm: Harm::Member,
        patterns: &["member count is unequal"],
        ..Row::NONE
    },
    Row {
        id: "peer-url-not-in-cluster",
        harm: Harm::Member,
        patterns: &[
            "PeerURLs: no match found for existing member",
            "PeerURLs: no match found for new member",
            "PeerURLs: unmatched member",
        ],
        ..Row::NONE
    },
    Row {
        id: "cluster-id-mismatch",
        harm: Harm::Member,
        patterns: &["cluster ID mismatch", "got different cluster ID"],
        fields: &[
            "remote-peer-id",
            "remote-peer-cluster-id",
            "local-member-cluster-id",
            "remote-peer-server-name",
        ],
        ..Row::NONE
    },
    Row {
        id: "member-id-mismatch",
        harm: Harm::Member,
        patterns: &[
            "ignored streaming request; ID mismatch",
            "rejected Raft message to mismatch member",
            "cannot process message to mismatch member",
            "got different member ID",
        ],
        fields: &["remote-peer-id"],
        ..Row::NONE
    },
    Row {
        id: "local-node-not-found",
        harm: Harm::Ordinary,
        patterns: &["failed to find local node {member}"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Row::NONE
    },
    Row {
        id: "other-members-do-not-answer-join",
        harm: Harm::Member,
        patterns: &[
            "cannot fetch cluster info from peer urls",
            "could not retrieve cluster information from the given URLs",
        ],
        ..Row::NONE
    },
    Row {
        id: "other-members-do-not-answer",
        harm: Harm::Notice,
        patterns: &["failed to get cluster response", "could not get cluster response"],
        fields: &["address", "url"],
        ..Row::NONE
    },
    Row {
        id: "name-not-in-initial-cluster",
        harm: Harm::Member,
        patterns: &["couldn't find local name \"{name}\" in the initial cluster configuration"],
        ..Row::NONE
    },
    Row {
        id: "own-address-not-in-initial-cluster",
        harm: Harm::Member,
        patterns: &[
            "--initial-cluster has {listed} but missing from --initial-advertise-peer-urls={advertised}",
            "but missing from --initial-cluster={listed}",
            "--initial-advertise-peer-urls has {advertised} but missing from",
        ],
        ..Row::NONE
    },
    Row { id: "same-address-twice", harm: Harm::Member, patterns: &["has duplicate url"], ..Row::NONE },
    Row {
        id: "publish-timed-out",
        harm: Harm::Outage,
        patterns: &[
            "failed to publish local member to cluster through raft*context deadline exceeded",
            "failed to publish local member to cluster through raft*etcdserver: request timed out",
        ],
        ..Row::NONE
    },
    Row {
        id: "learner-not-in-sync",
        harm: Harm::Refusal,
        patterns: &[
            "can only promote a learner member which is in sync with leader",
            "rejecting promote learner: learner is not ready",
        ],
        ..Row::NONE
    },
    Row {
        id: "too-many-learners",
        harm: Harm::Refusal,
        patterns: &["too many learner members in cluster"],
        ..Row::NONE
    },
    Row {
        id: "learner-asked",
        harm: Harm::Refusal,
        patterns: &["rpc not supported for learner"],
        ..Row::NONE
    },
    Row {
        id: "change-would-break-quorum",
        harm: Harm::Refusal,
        patterns: &[
            "re-configuration failed due to not enough started members",
            "reconfigure breaks active quorum",
            "rejecting member add; started member will be less than quorum",
            "rejecting member remove; started member will be less than quorum",
            "rejecting member promote; started member",
            "retrying of unary invoker failed*etcdserver: unhealthy cluster",
            "rejecting member*etcdserver: unhealthy cluster",
            "Error: etcdserver: unhealthy cluster",
            "Error: unhealthy cluster",
        ],
        ..Row::NONE
    },
    Row {
        id: "member-unknown",
        harm: Harm::Refusal,
        patterns: &["etcdserver: member not found", "membership: ID not found", "bad leader transferee"],
        ..Row::NONE
    },
];
