//! Who belongs to the cluster, and who does not.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "member-removed",
        title: "this member was removed from the cluster",
        cause: "somebody ran `member remove` for it, and the others turn it away for good",
        why_it_matters: "it will never rejoin with this data; etcd ends with code 0, so a service manager that \
                 restarts always loops",
        remedy: "if it was meant, stop its service; to bring the node back: `zone-etcd ctl -- member add NODE \
                 --learner --peer-urls=URL`, then `zone-etcd run --move-data-aside` on the node, \
                 then `zone-etcd ctl -- member promote ID` once it has caught up",
        harm: Harm::Member,
        page: "removed-member",
        patterns: &[
            "data-dir used by this member must be removed",
            "the member has been permanently removed from the cluster",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "removed-member-still-dials",
        title: "a member that was removed still runs",
        cause: "its process was not stopped, or its service manager starts it again and again",
        why_it_matters: "it does no harm to the data, but uses connections and fills logs",
        remedy: "stop etcd on the node that was removed",
        harm: Harm::Notice,
        page: "removed-member",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "already-bootstrapped",
        title: "a member whose data is gone was started as new",
        cause: "the data directory is empty, but the others know this member as started",
        why_it_matters: "started over it would vote again as a member that has lost its votes; etcd refuses \
                 this only while others answer",
        remedy: "if the data was moved, put it back; if it is lost, replace the member: `zone-etcd ctl -- \
                 member remove {member}`, `zone-etcd ctl -- member add NODE --learner --peer-urls=URL`, \
                 `zone-etcd run --move-data-aside` on the node, then `zone-etcd ctl -- member \
                 promote ID` once it has caught up",
        harm: Harm::Member,
        page: "forgotten-votes",
        patterns: &["member {member} has already been bootstrapped"],
        ..Explanation::ROW
    },
    Explanation {
        id: "member-count-unequal",
        title: "initial-cluster does not have the members that the cluster has",
        cause: "the cluster was changed after this list was written, or `member add` was forgotten",
        why_it_matters: "the member does not join",
        remedy: "compare `zone-etcd ctl -- member list` with the nodes of zone.toml; add the node first: \
                 `zone-etcd ctl -- member add NODE --learner --peer-urls=URL`",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &["member count is unequal"],
        ..Explanation::ROW
    },
    Explanation {
        id: "peer-url-not-in-cluster",
        title: "initial-cluster has other peer addresses than the cluster",
        cause: "the cluster knows a member by another peer URL: an address or port was changed in \
                 zone.toml, or `member add` was given another one",
        why_it_matters: "the member does not join",
        remedy: "compare the peer URLs of `zone-etcd ctl -- member list` with zone.toml, and correct the \
                 one that is wrong; a member that is to be where zone.toml says: `zone-etcd member update NODE`",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &[
            "PeerURLs: no match found for existing member",
            "PeerURLs: no match found for new member",
            "PeerURLs: unmatched member",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "cluster-id-mismatch",
        title: "two members belong to different clusters",
        cause: "they were bootstrapped with different tokens or lists of members, or one has data of another \
                 cluster",
        why_it_matters: "they will never talk to each other; each side may believe that the other is down",
        remedy: "compare `zone-etcd plan --zone DIR --node NODE` on both: the cluster id, token and \
                 members must be the same; the one whose data is not of this zone has to be replaced, \
                 with its data set aside: `zone-etcd run --move-data-aside` on the node",
        harm: Harm::Member,
        page: "cluster-id",
        patterns: &["cluster ID mismatch", "got different cluster ID"],
        fields: &[
            "remote-peer-id",
            "remote-peer-cluster-id",
            "local-member-cluster-id",
            "remote-peer-server-name",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "member-id-mismatch",
        title: "a member answers under an address that belongs to another",
        cause: "two members have exchanged their addresses, a data directory was copied from another \
                 member, or an address is now that of another host",
        why_it_matters: "messages for one member reach another, which turns them away",
        remedy: "compare the ids of `zone-etcd ctl -- member list` with the member id of `zone-etcd plan` \
                 on each node; a copied data directory has to be set aside: `zone-etcd run \
                 --move-data-aside` on the node",
        harm: Harm::Member,
        page: "cluster-id",
        patterns: &[
            "ignored streaming request; ID mismatch",
            "rejected Raft message to mismatch member",
            "cannot process message to mismatch member",
            "got different member ID",
        ],
        fields: &["remote-peer-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "local-node-not-found",
        title: "a peer does not know this member yet",
        cause: "the peer has just started and has not read the list of members, or it was bootstrapped with \
                 another list",
        why_it_matters: "ordinary within the first seconds of a start; if it goes on, the two have different \
                 lists of members",
        remedy: "if it goes on, compare `zone-etcd ctl -- member list` on both nodes with zone.toml",
        harm: Harm::Ordinary,
        page: "cluster-id",
        patterns: &["failed to find local node {member}"],
        fields: &["remote-peer-id", "peer-id", "remote-member-id"],
        ..Explanation::ROW
    },
    Explanation {
        id: "other-members-do-not-answer-join",
        title: "no member of the existing cluster answered",
        cause: "the member was told to join (`initial-cluster-state=existing`), but none of the other \
                 peer URLs gave it the list of members",
        why_it_matters: "the member ends, since it cannot know the cluster",
        remedy: "start the other members or fix the network to them; `zone-etcd check` names what is wrong \
                 on the way. A new zone is not joined: remove the flag",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &[
            "cannot fetch cluster info from peer urls",
            "could not retrieve cluster information from the given URLs",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "other-members-do-not-answer",
        title: "a peer did not answer when asked for the list of members",
        cause: "it is not running yet, or cannot be reached",
        why_it_matters: "ordinary when members start together; one that has data starts without it",
        remedy: "if it goes on: start the other member, or see `zone-etcd check`",
        harm: Harm::Notice,
        page: "peer-not-answering",
        patterns: &["failed to get cluster response", "could not get cluster response"],
        fields: &["address", "url"],
        ..Explanation::ROW
    },
    Explanation {
        id: "name-not-in-initial-cluster",
        title: "the member's name is not in initial-cluster",
        cause: "name and list of members were written by different hands: {name} is not in the list",
        why_it_matters: "the member does not start",
        remedy: "let `zone-etcd run` write both from zone.toml; by hand: make the name one of the list",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &["couldn't find local name \"{name}\" in the initial cluster configuration"],
        ..Explanation::ROW
    },
    Explanation {
        id: "own-address-not-in-initial-cluster",
        title: "initial-cluster has another address for this member than it advertises",
        cause: "the two were written by different hands, or the node has the address of another one in \
                 the list",
        why_it_matters: "the member does not start",
        remedy: "let `zone-etcd run` write both from zone.toml; by hand: make \
                 `--initial-advertise-peer-urls` the one of the list",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &[
            "--initial-cluster has {listed} but missing from --initial-advertise-peer-urls={advertised}",
            "but missing from --initial-cluster={listed}",
            "--initial-advertise-peer-urls has {advertised} but missing from",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "same-address-twice",
        title: "two members have the same peer address",
        cause: "the list of members holds an address twice",
        why_it_matters: "the member does not start",
        remedy: "give each node in zone.toml its own address or peer_port",
        harm: Harm::Member,
        page: "initial-cluster",
        patterns: &["has duplicate url"],
        ..Explanation::ROW
    },
    Explanation {
        id: "publish-timed-out",
        title: "the member does not find a quorum",
        cause: "fewer than half of the members run and reach each other: the first of a zone waits for \
                 others, or all wait because of certificates, addresses or different clusters",
        why_it_matters: "nothing is served until a majority is there; the member goes on trying",
        remedy: "start the other members; if they run, another finding of this log or of theirs tells why \
                 they do not reach each other. `zone-etcd check` tries each way",
        harm: Harm::Outage,
        page: "no-quorum-at-start",
        patterns: &[
            "failed to publish local member to cluster through raft*context deadline exceeded",
            "failed to publish local member to cluster through raft*etcdserver: request timed out",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "learner-not-in-sync",
        title: "the learner has not caught up yet",
        cause: "a learner can be promoted only once it has nearly all of the leader's log",
        why_it_matters: "it has no vote until it is promoted",
        remedy: "wait until its raft index is near the leader's (`zone-etcd status`), and promote it again; \
                 check that it runs",
        harm: Harm::Refusal,
        page: "members",
        patterns: &[
            "can only promote a learner member which is in sync with leader",
            "rejecting promote learner: learner is not ready",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "too-many-learners",
        title: "there is already as many learners as etcd allows",
        cause: "the limit is one, unless `max-learners` says otherwise",
        why_it_matters: "the new member was not added",
        remedy: "promote or remove the learner that is there: `zone-etcd ctl -- member list`",
        harm: Harm::Refusal,
        page: "members",
        patterns: &["too many learner members in cluster"],
        ..Explanation::ROW
    },
    Explanation {
        id: "learner-asked",
        title: "a client asked a learner",
        cause: "learners answer almost no requests until they are promoted",
        why_it_matters: "the client gets errors as long as it is connected to this member",
        remedy: "take the learner out of the client's endpoints, or promote it: `zone-etcd ctl -- member \
                 promote ID`",
        harm: Harm::Refusal,
        page: "members",
        patterns: &["rpc not supported for learner"],
        ..Explanation::ROW
    },
    Explanation {
        id: "change-would-break-quorum",
        title: "a change of members was refused because it could cost the quorum",
        cause: "not enough members are started and connected for five seconds: a member that was added \
                 before has not been started, or one is down",
        why_it_matters: "the change was not made; forcing it may end all writes",
        remedy: "start the members that are not (`zone-etcd ctl -- member list` shows them as unstarted, \
                 `zone-etcd status` as down), or remove the one that will not come, then try again",
        harm: Harm::Refusal,
        page: "members",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "member-unknown",
        title: "there is no such member",
        cause: "the id does not belong to a member: it was removed already, or mistyped (it is \
                 hexadecimal)",
        why_it_matters: "nothing was changed",
        remedy: "look it up: `zone-etcd ctl -- member list`",
        harm: Harm::Refusal,
        page: "members",
        patterns: &["etcdserver: member not found", "membership: ID not found", "bad leader transferee"],
        ..Explanation::ROW
    },
];
