//! Whether a member may be restarted now. Pure.

use live::{Alarm, AlarmKind, LiveMember, LiveZone, PlaneView, Standing};
use model::plan::EtcdId;

/// How many entries a member may be behind the furthest. Members are not asked at the very same instant, so a
/// busy one shows some hundreds; one that answers a read through the quorum has applied all that was
/// committed when it was asked. etcd itself refuses requests at 5000 (`maxGapBetweenApplyAndCommitIndex` in
/// `server/etcdserver/v3_server.go`).
pub const LAG_LIMIT: u64 = 500;

/// A member of the live list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateMember {
    /// How people call it.
    pub name: String,
    /// Its id.
    pub id: EtcdId,
    /// Whether it votes.
    pub standing: Standing,
    /// Whether it was added and never started.
    pub unstarted: bool,
    /// What it answers, or why it does not.
    pub answer: Result<GateAnswer, String>,
}

/// What a member answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateAnswer {
    /// Whether a read through the quorum came back, or why not. A learner is not asked for one.
    pub quorum_read: Option<Result<(), String>>,
    /// How many entries it is behind the furthest.
    pub lag: u64,
    /// Why no member can open a connection to it, if none can: one from before may still be in use.
    pub peer_fault: Option<String>,
}

/// From where the members are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenFrom {
    /// From a member, which reaches all others.
    Member,
    /// From elsewhere, such as an operator's machine, which need not reach their peer ports.
    Elsewhere,
}

/// The cluster, as far as a restart depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateCluster {
    /// The members of the live list; none if no member has one.
    pub members: Vec<GateMember>,
    /// Whether that list came through the quorum.
    pub is_confirmed: bool,
    /// The leader.
    pub leader: Option<EtcdId>,
    /// The alarms that are raised.
    pub alarms: Vec<Alarm>,
}

/// Why a member may not be restarted now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// No member tells who the members are.
    #[error("no member answers")]
    NobodyAnswers,
    /// There is no leader, or no majority behind it.
    #[error("the cluster takes no requests")]
    NoQuorum,
    /// The cluster does not have the member.
    #[error("the cluster has no such member")]
    NotAMember,
    /// An alarm is raised.
    #[error("{member} has raised the alarm {kind}")]
    Alarm {
        /// The member that raised it.
        member: String,
        /// What is alarming.
        kind: AlarmKind,
    },
    /// A change of the members is under way.
    #[error("{member} was added, and never started")]
    Unstarted {
        /// The other member.
        member: String,
        /// Its id.
        id: EtcdId,
    },
    /// Another member does not answer.
    #[error("{member} is down: {why}")]
    Down {
        /// The other member.
        member: String,
        /// Why, for people.
        why: String,
    },
    /// Another member is cut off.
    #[error("{member} does not reach the quorum: {why}")]
    CutOff {
        /// The other member.
        member: String,
        /// Why, for people.
        why: String,
    },
    /// A change of the members is under way.
    #[error("{member} is a learner, and was not promoted")]
    Learner {
        /// The other member.
        member: String,
        /// Its id.
        id: EtcdId,
    },
    /// Another member would not be connected to one that is started again.
    #[error("{member} takes no connections from members: {why}")]
    Unconnectable {
        /// The other member.
        member: String,
        /// Why, for people.
        why: String,
    },
    /// Another member has not caught up.
    #[error("{member} is {lag} entries behind")]
    Behind {
        /// The other member.
        member: String,
        /// By how many entries.
        lag: u64,
    },
}

/// What becomes of the cluster while the member is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// The others are a quorum.
    TakesRequests,
    /// One or two voters: no gate could ever spare that.
    TakesNone,
}

/// Whether the member with this id may be restarted now; without an id, whether all is well. Every reason
/// against it, the worst first.
///
/// # Errors
/// The reasons.
pub fn gates(cluster: &GateCluster, restarted: Option<EtcdId>) -> Result<Meanwhile, Vec<Closed>> {
    if cluster.members.is_empty() {
        return Err(vec![Closed::NobodyAnswers]);
    }
    let is_other = |member: &&GateMember| Some(member.id) != restarted;
    let others: Vec<&GateMember> = cluster.members.iter().filter(is_other).collect();
    let mut closed = Vec::new();
    if restarted.is_some() && others.len() == cluster.members.len() {
        closed.push(Closed::NotAMember);
    }
    closed.extend(
        cluster
            .alarms
            .iter()
            .map(|alarm| Closed::Alarm { member: cluster.name_of(alarm.member), kind: alarm.kind }),
    );
    let mut each: Vec<Closed> = others.iter().filter_map(|member| of_member(member)).collect();
    each.sort_by_key(severity);
    closed.extend(each);
    // Without a leader the next moment may be another.
    if cluster.leader.is_none() || !cluster.is_confirmed {
        closed.push(Closed::NoQuorum);
    }
    if !closed.is_empty() {
        return Err(closed);
    }
    let votes = |member: &&GateMember| member.standing == Standing::Voter;
    let voters = cluster.members.iter().filter(votes).count();
    let left = others.into_iter().filter(votes).count();
    Ok(if left > voters / 2 { Meanwhile::TakesRequests } else { Meanwhile::TakesNone })
}

fn of_member(member: &GateMember) -> Option<Closed> {
    let name = || member.name.clone();
    if member.unstarted {
        return Some(Closed::Unstarted { member: name(), id: member.id });
    }
    let answer = match &member.answer {
        Ok(answer) => answer,
        Err(why) => return Some(Closed::Down { member: name(), why: why.clone() }),
    };
    match &answer.quorum_read {
        _ if member.standing != Standing::Voter => Some(Closed::Learner { member: name(), id: member.id }),
        Some(Err(why)) => Some(Closed::CutOff { member: name(), why: why.clone() }),
        None => Some(Closed::CutOff { member: name(), why: "it says that it does not vote".to_owned() }),
        Some(Ok(())) if let Some(why) = &answer.peer_fault => {
            Some(Closed::Unconnectable { member: name(), why: why.clone() })
        }
        Some(Ok(())) if answer.lag > LAG_LIMIT => Some(Closed::Behind { member: name(), lag: answer.lag }),
        Some(Ok(())) => None,
    }
}

fn severity(closed: &Closed) -> u8 {
    match closed {
        Closed::NobodyAnswers | Closed::NoQuorum | Closed::NotAMember | Closed::Alarm { .. } => 0,
        Closed::Down { .. } => 1,
        Closed::CutOff { .. } => 2,
        Closed::Unconnectable { .. } => 3,
        Closed::Unstarted { .. } => 4,
        Closed::Learner { .. } => 5,
        Closed::Behind { .. } => 6,
    }
}

impl GateCluster {
    /// What of the live zone matters.
    pub fn of(live: &LiveZone, from: SeenFrom) -> Self {
        Self {
            members: live
                .members
                .iter()
                .filter_map(|member| GateMember::of(member, live.cluster_id, from))
                .collect(),
            is_confirmed: live.list_is_confirmed,
            leader: live.leader,
            alarms: live.alarms.clone(),
        }
    }

    /// The same as if no member were out of space.
    pub fn despite_no_space(mut self) -> Self {
        self.alarms.retain(|alarm| alarm.kind != AlarmKind::NoSpace);
        self
    }

    fn name_of(&self, id: EtcdId) -> String {
        let member = self.members.iter().find(|member| member.id == id);
        member.map_or_else(|| id.to_string(), |member| member.name.clone())
    }
}

impl GateMember {
    /// A member that the cluster lists.
    fn of(member: &LiveMember, cluster: Option<EtcdId>, from: SeenFrom) -> Option<Self> {
        let counts = |view: &&PlaneView| from == SeenFrom::Member || view.is_answered();
        let listed = member.listed.as_ref()?;
        let answer = match &member.status {
            Ok(status) if Some(status.cluster_id) != cluster => {
                Err(format!("another cluster answers there, {}", status.cluster_id))
            }
            Ok(status) => Ok(GateAnswer {
                quorum_read: status.quorum_read.clone().map(|read| read.map(drop)),
                lag: status.raft_lag,
                peer_fault: member.peer.as_deref().filter(counts).and_then(PlaneView::refusal),
            }),
            Err(why) => Err(why.clone()),
        };
        Some(Self {
            name: member.name.clone(),
            id: listed.id(),
            standing: if listed.is_learner { Standing::Learner } else { Standing::Voter },
            unstarted: !listed.is_started(),
            answer,
        })
    }
}
