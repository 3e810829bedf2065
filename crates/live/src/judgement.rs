//! What to think of a zone. Pure.

use super::alarms::{Alarm, AlarmKind};
use super::comparison::Comparison;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Every member answers, nothing is wrong, and the voters hold the same data.
    Healthy,
    /// Nothing is wrong as far as was seen, but whether the voters hold the same data is not known.
    NotCompared,
    /// The zone takes requests, but something is wrong: the loss of one more member may stop it.
    Degraded,
    /// The zone takes no requests.
    LostQuorum,
}

impl Health {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::NotCompared => "not_compared",
            Self::Degraded => "degraded",
            Self::LostQuorum => "lost_quorum",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Voter,
    /// It takes the log and does not vote.
    Learner,
    /// It is described in zone.toml, and the cluster does not have it.
    Absent,
}

/// What is known of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// How people call it.
    pub name: String,
    /// What it is to the cluster. Without a member list every member of zone.toml is taken for a voter.
    pub standing: Standing,
    /// Whether the cluster has it on its list and it was never started.
    pub unstarted: bool,
    /// Why it does not answer, if it does not.
    pub down: Option<String>,
    /// Whether a read through the quorum came back from it, or why not; none if it is not to be asked: it is
    /// a learner, or does not answer at all.
    pub quorum_read: Option<Result<(), String>>,
    /// What else is wrong with it, each as a sentence about it.
    pub faults: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub health: Health,
    /// Why it is not healthy, the worst first; empty if it is.
    pub reasons: Vec<String>,
    /// How many members vote.
    pub voters: usize,
    /// How many of them answer reads through the quorum.
    pub healthy_voters: usize,
}

/// Judges. A read through the quorum that comes back proves that there is a leader and a majority behind it;
/// without one, from no member, the quorum counts as lost. Data that differs comes before
/// everything else.
pub fn judge(members: &[MemberFacts], alarms: &[Alarm], data: &Comparison) -> Judgement {
    let voters: Vec<&MemberFacts> =
        members.iter().filter(|member| member.standing == Standing::Voter).collect();
    let healthy_voters = voters.iter().filter(|member| matches!(member.quorum_read, Some(Ok(())))).count();
    let mut reasons = Vec::new();
    if matches!(data, Comparison::Different(_)) {
        reasons.push(data.to_string());
    }
    if healthy_voters == 0 {
        reasons.push(no_quorum(&voters));
    }
    for member in members {
        reasons.extend(reasons_of(member));
    }
    for kind in [AlarmKind::Corrupt, AlarmKind::NoSpace] {
        if alarms.iter().any(|alarm| alarm.kind == kind) {
            reasons.push(match kind {
                AlarmKind::Corrupt => "the alarm CORRUPT is raised: the data of members differs".to_owned(),
                AlarmKind::NoSpace => "the alarm NOSPACE is raised: writes are refused".to_owned(),
            });
        }
    }
    let is_compared = !matches!(data, Comparison::NotCompared(_));
    let health = match (healthy_voters, reasons.is_empty()) {
        (0, _) => Health::LostQuorum,
        (_, false) => Health::Degraded,
        (_, true) if is_compared => Health::Healthy,
        (_, true) => Health::NotCompared,
    };
    if health != Health::LostQuorum && !is_compared {
        reasons.push(data.to_string());
    }
    Judgement { health, reasons, voters: voters.len(), healthy_voters }
}

fn no_quorum(voters: &[&MemberFacts]) -> String {
    let up = voters.iter().filter(|member| member.down.is_none() && !member.unstarted).count();
    let needed = voters.len() / 2 + 1;
    match up {
        0 => "no member answers".to_owned(),
        up if up < needed => format!("{up} of {} voters answer, {needed} are needed", voters.len()),
        up => format!("{up} of {} voters answer, but none of them through the quorum", voters.len()),
    }
}

fn reasons_of(member: &MemberFacts) -> Vec<String> {
    let name = &member.name;
    let mut reasons = Vec::new();
    match (&member.down, &member.quorum_read) {
        _ if member.standing == Standing::Absent => {
            reasons.push(format!("{name} is in zone.toml, and no member of the cluster"));
        }
        _ if member.unstarted => reasons.push(format!("{name} was added, and never started")),
        (Some(why), _) => reasons.push(format!("{name} is down: {why}")),
        (None, Some(Err(why))) => reasons.push(format!("{name} does not reach the quorum: {why}")),
        (None, _) => {}
    }
    reasons.extend(member.faults.iter().map(|fault| format!("{name} {fault}")));
    reasons
}
