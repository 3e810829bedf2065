//! Databases and logs of the members, by what they tell of themselves.

use super::size;
use crate::diagnosis::{CheckId, Finding, Verdict};
use crate::live::{LiveMember, MemberStatus};

/// In use above this share of the quota, it is time.
const NEAR_QUOTA: f64 = 0.8;

/// A file that is smaller is not worth the pause of a defragmentation.
const SMALL_DATABASE: u64 = 100 << 20;
/// Entries behind which a member lags. etcd keeps 5000 for those that lag, and sends a whole snapshot to those beyond
/// (`DefaultSnapshotCatchUpEntries` in `server/etcdserver/server.go`).
const LAG: u64 = 5000;
/// A busy member may be that far behind when it is asked.
pub(super) const LAG_NOTE: u64 = 1000;

/// What a member tells of itself, with where clients reach it.
#[derive(Clone, Debug)]
pub struct Told<'l> {
    /// How people call it.
    pub name: &'l str,
    /// A URL for clients, if it has published one.
    pub endpoint: Option<&'l str>,
    /// Whether it is one of a node that is described.
    pub is_described: bool,
    /// Whether it is a learner.
    pub is_learner: bool,
    /// What it tells.
    pub status: &'l MemberStatus,
}

impl<'l> Told<'l> {
    /// What this member tells.
    pub(super) fn of(member: &'l LiveMember, status: &'l MemberStatus) -> Self {
        let endpoint = member.listed.as_ref().and_then(|listed| listed.client_urls.first());
        Self {
            name: &member.name,
            endpoint: endpoint.map(String::as_str),
            is_described: member.node.is_some(),
            is_learner: member.is_learner(),
            status,
        }
    }
}

/// The databases against their quota, and how much of them is in use. `quota` is for members that do not tell theirs.
pub fn databases(members: &[Told<'_>], quota: u64, zone_arg: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut fitting, mut dense) = (Vec::new(), Vec::new());
    for member in members {
        let status = member.status;
        let quota = status.db_quota.unwrap_or(quota).max(1);
        let name = member.name.to_owned();
        // What is in use can be above a quota that was lowered, so it is no percentage.
        if status.db_size_in_use as f64 > NEAR_QUOTA * quota as f64 {
            let found = format!("{} in use, of a quota of {}", size(status.db_size_in_use), size(quota));
            findings.push(Finding::new(CheckId::DatabaseQuota, Verdict::Failed, name, found).remedy(format!(
                "see what fills it: zone-etcd ctl {zone_arg} -- get '' --prefix --keys-only; delete and compact, or raise quota in [etcd]"
            )));
        } else if status.db_size as f64 > NEAR_QUOTA * quota as f64 {
            let found = format!(
                "the file has {} of a quota of {}, {} in use",
                size(status.db_size),
                size(quota),
                size(status.db_size_in_use)
            );
            findings.push(
                Finding::new(CheckId::DatabaseQuota, Verdict::Warning, name, found)
                    .remedy(defragment(member, zone_arg)),
            );
        } else {
            fitting.push(format!("{} {}", member.name, size(status.db_size)));
        }
        if status.db_size > SMALL_DATABASE && status.db_size_in_use < status.db_size / 2 {
            let found = format!(
                "the file has {}, of which {} is in use",
                size(status.db_size),
                size(status.db_size_in_use)
            );
            findings.push(
                Finding::new(CheckId::Fragmentation, Verdict::Warning, member.name.to_owned(), found)
                    .remedy(defragment(member, zone_arg)),
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

fn defragment(member: &Told<'_>, zone_arg: &str) -> String {
    let endpoint = member.endpoint.map_or_else(|| format!("URL OF {}", member.name), str::to_owned);
    format!(
        "defragment one member after the other, the leader last: zone-etcd ctl {zone_arg} -- defrag --endpoints={endpoint}"
    )
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
