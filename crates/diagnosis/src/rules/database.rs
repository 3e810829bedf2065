//! Databases and logs of the members, by what they tell of themselves.

use super::size;
use crate::{CheckId, Finding, Verdict};
use live::{LiveMember, MemberStatus, WORTH_DEFRAGMENTING};

/// In use above this share of the quota, it is time.
const NEAR_QUOTA: f64 = 0.8;

/// Entries behind which a member lags. etcd keeps 5000 for those that lag, and sends a whole snapshot to
/// those beyond (`DefaultSnapshotCatchUpEntries` in `server/etcdserver/server.go`).
const LAG: u64 = 5000;
/// A busy member may be that far behind when it is asked.
pub(super) const LAG_NOTE: u64 = 1000;

/// What a member tells of itself.
#[derive(Clone, Debug)]
pub struct Told<'l> {
    /// How people call it.
    pub name: &'l str,
    /// Whether it is one of a node that is described.
    pub is_described: bool,
    pub is_learner: bool,
    pub status: &'l MemberStatus,
}

impl<'l> Told<'l> {
    pub(super) fn of(member: &'l LiveMember, status: &'l MemberStatus) -> Self {
        Self {
            name: &member.name,
            is_described: member.node.is_some(),
            is_learner: member.is_learner(),
            status,
        }
    }
}

/// The databases against their quota, and how much of them is in use. `quota` is for members that do not tell
/// theirs; `propose` makes a command of ours one for this zone.
pub fn databases(members: &[Told<'_>], quota: u64, propose: impl Fn(&str) -> String) -> Vec<Finding> {
    let defragment = |member: &Told<'_>, over: &str| {
        let node = if member.is_described { format!(" {}", member.name) } else { String::new() };
        format!("make the file smaller: {}", propose(&format!("defrag{node}{over}")))
    };
    let mut findings = Vec::new();
    let (mut fitting, mut dense) = (Vec::new(), Vec::new());
    for member in members {
        let status = member.status;
        let quota = status.db_quota.unwrap_or(quota).max(1);
        let name = member.name.to_owned();
        // What is in use can be above a quota that was lowered, so it is no percentage.
        if status.db_size_in_use as f64 > NEAR_QUOTA * quota as f64 {
            let found = format!("{} in use, of a quota of {}", size(status.db_size_in_use), size(quota));
            findings.push(Finding::new(CheckId::DatabaseQuota, Verdict::Failed, name, found).remedy(
                format!(
                    "delete what is not needed, or raise quota in [etcd]; see what fills it: {}",
                    propose("ctl -- get '' --prefix --keys-only")
                ),
            ));
        } else if status.db_size as f64 > NEAR_QUOTA * quota as f64 {
            let found = format!(
                "the file has {} of a quota of {}, {} in use",
                size(status.db_size),
                size(quota),
                size(status.db_size_in_use)
            );
            findings.push(
                Finding::new(CheckId::DatabaseQuota, Verdict::Warning, name, found)
                    .remedy(defragment(member, " --over 1MiB")),
            );
        } else {
            fitting.push(format!("{} {}", member.name, size(status.db_size)));
        }
        if status.free_pages() > WORTH_DEFRAGMENTING && status.db_size_in_use < status.db_size / 2 {
            let found = format!(
                "the file has {}, of which {} is in use",
                size(status.db_size),
                size(status.db_size_in_use)
            );
            findings.push(
                Finding::new(CheckId::Fragmentation, Verdict::Warning, member.name.to_owned(), found)
                    .remedy(defragment(member, "")),
            );
        } else {
            dense.push(member.name);
        }
    }
    if !fitting.is_empty() {
        findings.push(Finding::passed(CheckId::DatabaseQuota, fitting.join(", "), "below the quota"));
    }
    if !dense.is_empty() {
        findings.push(Finding::passed(CheckId::Fragmentation, dense.join(", "), "little to gain"));
    }
    findings
}

/// How far voters lag behind the furthest. `look` is the command that looks at one on its machine.
pub fn lag(members: &[Told<'_>], look: impl Fn(&str) -> String) -> Vec<Finding> {
    let check = CheckId::RaftLag;
    let mut findings = Vec::new();
    let mut well = Vec::new();
    for member in members.iter().filter(|member| !member.is_learner) {
        let behind = member.status.raft_lag;
        let verdict = match behind {
            behind if behind > LAG => Verdict::Warning,
            behind if behind > LAG_NOTE => Verdict::Note,
            _ => {
                well.push(member.name);
                continue;
            }
        };
        let remedy = match member.is_described {
            true => format!("look at its disk and network, {}", look(member.name)),
            false => "look at the disk and the network of its machine".to_owned(),
        };
        findings.push(
            Finding::new(check, verdict, member.name.to_owned(), format!("{behind} entries behind"))
                .remedy(remedy),
        );
    }
    if !well.is_empty() {
        findings.push(Finding::passed(check, well.join(", "), "up to date"));
    }
    findings
}
