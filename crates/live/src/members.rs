//! A member as it answers.

use std::sync::Arc;
use std::time::Duration;

use super::LiveZone;
use super::alarms::AlarmKind;
use super::plane::PlaneView;
use etcd::client::ListedMember;
use model::config::NodeName;
use model::plan::EtcdId;

/// A member of zone.toml, of the live member list, or of both.
#[derive(Debug)]
pub struct LiveMember {
    /// How people call it: the short name of its node, else the name that it published if that is a plain
    /// word, else its id.
    pub name: String,
    pub node: Option<NodeName>,
    pub listed: Option<ListedMember>,
    /// What it tells of itself, or why it does not.
    pub status: Result<MemberStatus, String>,
    /// Its client plane; none if its URL is not known.
    pub client: Option<Arc<PlaneView>>,
    pub peer: Option<Arc<PlaneView>>,
    /// Where it stands in a list of all: as in zone.toml, then the others by name.
    pub(super) position: (usize, String),
}

/// What a member tells of itself. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    pub id: EtcdId,
    pub cluster_id: EtcdId,
    pub version: String,
    /// The version of the data's layout; since 3.6.
    pub storage_version: Option<String>,
    /// The version to which a downgrade is allowed, while it is; since 3.6.
    pub downgrade_target: Option<String>,
    /// The leader as it sees it.
    pub leader: Option<EtcdId>,
    /// Whether it is a learner by its own word.
    pub is_learner: bool,
    pub raft_term: u64,
    /// The last entry that it knows to be committed.
    pub raft_index: u64,
    pub raft_applied_index: u64,
    /// How many entries it has still to apply until it is where the furthest member is. The members are not
    /// asked at the very same instant, so a busy one shows a little.
    pub raft_lag: u64,
    pub revision: i64,
    pub db_size: u64,
    pub db_size_in_use: u64,
    /// What the database may grow to; since 3.6.
    pub db_quota: Option<u64>,
    /// What it says is wrong, in etcd's words.
    pub errors: Vec<String>,
    /// A read through the quorum, with the time it took; none for a learner, which cannot be asked for one.
    pub quorum_read: Option<Result<Duration, String>>,
    /// The member list as this member has it, sorted by id.
    pub own_list: Option<Vec<ListedMember>>,
}

/// Free pages below this are not worth the pause of a defragmentation: etcd writes to them before its file
/// grows, and 100 MiB take a second.
pub const WORTH_DEFRAGMENTING: u64 = 100 << 20;

impl MemberStatus {
    /// The bytes of its database file that are not in use.
    pub fn free_pages(&self) -> u64 {
        self.db_size.saturating_sub(self.db_size_in_use)
    }
}

impl LiveMember {
    /// How a command calls it: the short name of its node, else its id. A name that is published proves
    /// nothing.
    pub fn reference(&self) -> String {
        match (&self.node, self.id()) {
            (None, Some(id)) => id.to_string(),
            _ => self.name.clone(),
        }
    }

    /// Its id, if it is known.
    pub fn id(&self) -> Option<EtcdId> {
        self.listed
            .as_ref()
            .map(ListedMember::id)
            .or_else(|| self.status.as_ref().ok().map(|status| status.id))
    }

    /// Whether it votes by the member list.
    pub fn is_voter(&self) -> bool {
        self.listed.as_ref().is_some_and(|member| !member.is_learner)
    }

    /// Whether it is a learner by the member list, or by its own word where there is none.
    pub fn is_learner(&self) -> bool {
        match &self.listed {
            Some(member) => member.is_learner,
            None => self.status.as_ref().is_ok_and(|status| status.is_learner),
        }
    }

    /// Both planes, as far as they are known.
    pub fn planes(&self) -> impl Iterator<Item = &PlaneView> {
        [&self.client, &self.peer].into_iter().flatten().map(AsRef::as_ref)
    }
}

impl LiveZone {
    /// Whether a member has raised this alarm.
    pub fn has_alarm(&self, kind: AlarmKind) -> bool {
        self.alarms.iter().any(|alarm| alarm.kind == kind)
    }

    /// How a member is, in a word for operators and programs.
    pub fn state_of(&self, member: &LiveMember) -> &'static str {
        match (&member.status, &member.listed) {
            (Ok(status), _) if Some(status.cluster_id) != self.cluster_id => "foreign",
            (_, None) if self.listed.is_some() => "absent",
            (_, Some(listed)) if !listed.is_started() => "unstarted",
            (Err(_), _) => "down",
            (Ok(MemberStatus { quorum_read: Some(Err(_)), .. }), _) => "no quorum",
            (Ok(_), _) => "up",
        }
    }

    /// What it is to the cluster: `leader`, `voter`, `learner`, or `-` for none of them.
    pub fn role_of(&self, member: &LiveMember) -> &'static str {
        let is_leader = member.id().is_some() && member.id() == self.leader;
        match (is_leader, member.is_learner(), member.is_voter()) {
            (true, ..) => "leader",
            (_, true, _) => "learner",
            (_, _, true) => "voter",
            _ => "-",
        }
    }
}
