//! The zone as it answers.

use std::collections::{BTreeMap, BTreeSet};

use zone_pki::Certificate;

use super::certificates::instant;
use super::{count, size};
use crate::diagnosis::{CheckId, Finding, Verdict};
use crate::live::{AlarmKind, Difference, Health, LiveMember, LiveZone, MemberStatus, PlaneView};
use crate::plan::{EtcdId, Plane, RENEW_AT, days_left};

/// In use above this share of the quota, it is time.
const NEAR_QUOTA: f64 = 0.8;
/// A file that is smaller is not worth the pause of a defragmentation.
const SMALL_DATABASE: u64 = 100 << 20;
/// Entries behind which a member lags. etcd keeps 5000 for those that lag, and sends a whole snapshot to those beyond
/// (`SnapshotCatchUpEntries` in `server/etcdserver/server.go`).
const LAG: u64 = 5000;
const LAG_NOTE: u64 = 1000;

/// What the directory of a zone knows of its nodes: the certificates that are on disk, by node and plane.
pub type OnDisk = BTreeMap<(String, Plane), Certificate>;

/// Everything about the live zone. `quota` is what zone.toml says; `zone_arg` is `--zone DIR` for commands that are proposed.
pub fn judge(live: &LiveZone, on_disk: &OnDisk, quota: u64, zone_arg: &str) -> Vec<Finding> {
    let mut findings = vec![quorum(live, zone_arg)];
    findings.extend(clusters(live));
    findings.extend(alarms(live, zone_arg));
    findings.extend(members_down(live, zone_arg));
    findings.extend(member_list(live, zone_arg));
    findings.extend(served(live, on_disk, zone_arg));
    let told: Vec<Told<'_>> = statuses(live).map(|(member, status)| Told::of(member, status)).collect();
    findings.extend(databases(&told, quota, zone_arg));
    findings.extend(lag(&told));
    let versions: Vec<(String, String)> =
        statuses(live).map(|(member, status)| (member.name.clone(), status.version.clone())).collect();
    findings.extend(super::peers::versions(&versions));
    findings.extend(downgrade(live));
    findings
}

/// What a member tells of itself, with where clients reach it.
#[derive(Clone, Debug)]
pub struct Told<'l> {
    /// How people call it.
    pub name: &'l str,
    /// A URL for clients, if it has published one.
    pub endpoint: Option<&'l str>,
    /// Whether it is a learner.
    pub is_learner: bool,
    /// What it tells.
    pub status: &'l MemberStatus,
}

impl<'l> Told<'l> {
    fn of(member: &'l LiveMember, status: &'l MemberStatus) -> Self {
        let endpoint = member.listed.as_ref().and_then(|listed| listed.client_urls.first());
        Self {
            name: &member.name,
            endpoint: endpoint.map(String::as_str),
            is_learner: member.is_learner(),
            status,
        }
    }
}

fn statuses(live: &LiveZone) -> impl Iterator<Item = (&LiveMember, &MemberStatus)> {
    live.members.iter().filter_map(|member| Some((member, member.status.as_ref().ok()?)))
}

fn quorum(live: &LiveZone, zone_arg: &str) -> Finding {
    let check = CheckId::Quorum;
    let judgement = &live.judgement;
    if judgement.health != Health::LostQuorum {
        let leader = live.leader.map_or("none".to_owned(), |id| name_of(live, id));
        let found = format!(
            "{} of {} voters answer, the leader is {leader}",
            judgement.healthy_voters, judgement.voters
        );
        return Finding::passed(check, "cluster", found);
    }
    let why = judgement.reasons.first().cloned().unwrap_or_default();
    if statuses(live).next().is_none() {
        return Finding::new(check, Verdict::Unreachable, "cluster", why)
            .remedy(format!("start the members, each on its node: zone-etcd run {zone_arg} --node NODE"));
    }
    Finding::new(check, Verdict::Failed, "cluster", why)
        .remedy("start the members that are down; what keeps one from answering is told below")
}

fn name_of(live: &LiveZone, id: EtcdId) -> String {
    live.member(id).map_or_else(|| id.to_string(), |member| member.name.clone())
}

fn clusters(live: &LiveZone) -> Option<Finding> {
    let check = CheckId::ClusterId;
    let mut ids: BTreeMap<EtcdId, Vec<&str>> = BTreeMap::new();
    for (member, status) in statuses(live) {
        ids.entry(status.cluster_id).or_default().push(&member.name);
    }
    Some(match ids.len() {
        0 => return None,
        1 => Finding::passed(check, "cluster", live.cluster_id.map(|id| id.to_string()).unwrap_or_default()),
        number => {
            let each: Vec<String> =
                ids.iter().map(|(id, members)| format!("{id} ({})", members.join(", "))).collect();
            Finding::new(check, Verdict::Failed, "cluster", format!("{number} clusters answer: {}", each.join(" and ")))
                .remedy(
                    "stop the members of the cluster that is not to stay, set its data directories aside, and let them join the \
                     other: docs/problems/cluster-id.md",
                )
        }
    })
}

fn alarms(live: &LiveZone, zone_arg: &str) -> Vec<Finding> {
    let of = |kind: AlarmKind| -> Vec<String> {
        live.alarms
            .iter()
            .filter(|alarm| alarm.kind == kind)
            .map(|alarm| name_of(live, alarm.member))
            .collect()
    };
    if statuses(live).next().is_none() {
        return Vec::new();
    }
    let (full, corrupt) = (of(AlarmKind::NoSpace), of(AlarmKind::Corrupt));
    let no_space = if full.is_empty() {
        Finding::passed(CheckId::AlarmNoSpace, "cluster", "no alarm")
    } else {
        Finding::new(
            CheckId::AlarmNoSpace,
            Verdict::Failed,
            full.join(", "),
            "the alarm NOSPACE is raised: writes are refused",
        )
        .remedy(format!(
            "compact and defragment, or raise quota in [etcd]; then zone-etcd ctl {zone_arg} -- alarm disarm"
        ))
    };
    let data = if corrupt.is_empty() {
        Finding::passed(CheckId::AlarmCorrupt, "cluster", "no alarm")
    } else {
        Finding::new(CheckId::AlarmCorrupt, Verdict::Failed, corrupt.join(", "), "the alarm CORRUPT is raised: its data differs")
            .remedy(format!(
                "find the member that differs: zone-etcd ctl {zone_arg} -- endpoint hashkv --cluster; replace it, then disarm the alarm"
            ))
    };
    vec![data, no_space]
}

fn members_down(live: &LiveZone, zone_arg: &str) -> Vec<Finding> {
    let check = CheckId::MemberDown;
    let mut findings = Vec::new();
    let mut up = Vec::new();
    for member in &live.members {
        let unstarted = member.listed.as_ref().is_some_and(|listed| !listed.is_started());
        match &member.status {
            // One that the list knows and nobody started has a finding of its own.
            Err(_) if unstarted => {}
            Err(why) => findings.push(
                Finding::new(check, Verdict::Unreachable, member.name.clone(), format!("it does not answer: {why}"))
                    .remedy(match &member.node {
                        Some(node) => {
                            let node = node.short();
                            format!("on {node}: zone-etcd check {zone_arg} --node {node}, then zone-etcd run {zone_arg} --node {node}")
                        }
                        None => "start it, or remove it from the cluster".to_owned(),
                    }),
            ),
            Ok(MemberStatus { quorum_read: Some(Err(why)), .. }) if live.judgement.health != Health::LostQuorum => {
                let node = member.node.as_ref().map_or(member.name.as_str(), |node| node.short());
                findings.push(
                    Finding::new(check, Verdict::Failed, member.name.clone(), format!("it does not reach the quorum: {why}"))
                        .because("it is up, and of no use: the others do not hear it, or it does not hear them")
                        .remedy(format!("on {node}: zone-etcd check {zone_arg} --node {node} tells which of its connections fails")),
                );
            }
            Ok(_) => up.push(member.name.as_str()),
        }
    }
    if !up.is_empty() {
        findings.push(Finding::passed(check, up.join(", "), "answer"));
    }
    findings
}

fn member_list(live: &LiveZone, zone_arg: &str) -> Vec<Finding> {
    let check = CheckId::MemberList;
    if live.listed.is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for difference in &live.differences {
        let (verdict, remedy) = match difference {
            // Two clusters, and learners, have checks of their own.
            Difference::OtherCluster { .. } | Difference::Learner { .. } => continue,
            Difference::Unstarted { member } => (
                Verdict::Failed,
                format!(
                    "start its member, or take it from the list: zone-etcd ctl {zone_arg} -- member remove {}",
                    id_of(live, member)
                ),
            ),
            Difference::NotAMember { node } => (
                Verdict::Failed,
                format!(
                    "add it to the cluster with member add before it starts, or write member = false below the [[node]] of {node}"
                ),
            ),
            Difference::NotInZone { id, .. } => (
                Verdict::Failed,
                format!(
                    "describe it in zone.toml, or take it from the list: zone-etcd ctl {zone_arg} -- member remove {id}"
                ),
            ),
            Difference::PeerUrls { node, described, .. } => (
                Verdict::Failed,
                format!(
                    "put its address in zone.toml back as it was; or move the member: zone-etcd ctl {zone_arg} -- member update {} \
                     --peer-urls={described}",
                    id_of(live, node)
                ),
            ),
            Difference::ClientUrls { .. } => (
                Verdict::Warning,
                "start the member again: it tells its address for clients at each start".to_owned(),
            ),
            Difference::Name { .. } => {
                (Verdict::Warning, "start the member again: it tells its name at each start".to_owned())
            }
            Difference::OwnList { member } => (
                Verdict::Warning,
                format!("look again in a moment; if it stays so, {member} lags or was restored by itself"),
            ),
        };
        findings.push(
            Finding::new(check, verdict, difference.member().to_owned(), difference.to_string())
                .remedy(remedy),
        );
    }
    if findings.is_empty() {
        let listed = live.listed.as_ref().map_or(0, Vec::len);
        findings.push(Finding::passed(
            check,
            "cluster",
            format!("{}, as in zone.toml", count(listed, "member")),
        ));
    }
    findings.extend(learners(live, zone_arg));
    findings
}

fn id_of(live: &LiveZone, name: &str) -> String {
    let member = live.members.iter().find(|member| member.name == name);
    member.and_then(LiveMember::id).map_or_else(|| "ID".to_owned(), |id| id.to_string())
}

fn learners(live: &LiveZone, zone_arg: &str) -> Vec<Finding> {
    let judge = |member: &LiveMember| {
        let (found, remedy) = match &member.status {
            Ok(status) if status.raft_lag > LAG_NOTE => (
                format!("it is {} entries behind", status.raft_lag),
                "wait until it has caught up; if it does not, look at its disk and network with zone-etcd check".to_owned(),
            ),
            Ok(_) => (
                "it has caught up, and does not vote yet".to_owned(),
                format!("zone-etcd ctl {zone_arg} -- member promote {}", id_of(live, &member.name)),
            ),
            Err(_) => ("it does not answer".to_owned(), "start it, or remove it from the cluster".to_owned()),
        };
        Finding::new(CheckId::Learner, Verdict::Warning, member.name.clone(), found).remedy(remedy)
    };
    let found: Vec<Finding> = live.members.iter().filter(|member| member.is_learner()).map(judge).collect();
    if found.is_empty() { vec![Finding::passed(CheckId::Learner, "cluster", "no learner")] } else { found }
}

/// What members serve, against their plane's CA and what is on disk here.
fn served(live: &LiveZone, on_disk: &OnDisk, zone_arg: &str) -> Vec<Finding> {
    let check = CheckId::ServedCertificate;
    let mut findings = Vec::new();
    let mut well = BTreeSet::new();
    for member in &live.members {
        for view in member.planes() {
            let subject = format!("{}, {} plane", member.name, view.plane.name());
            let issue = format!("zone-etcd pki issue {} {zone_arg}", member.name);
            match fault_of(view, on_disk.get(&(member.name.clone(), view.plane)), live) {
                None if view.leaf().is_none() => {}
                None => {
                    well.insert(member.name.clone());
                }
                Some((verdict, found, to_do)) => {
                    findings
                        .push(Finding::new(check, verdict, subject, found).remedy(to_do.unwrap_or(issue)));
                }
            }
        }
    }
    if !well.is_empty() {
        let names: Vec<String> = well.into_iter().collect();
        findings.push(Finding::passed(check, names.join(", "), "lead to their plane's CA"));
    }
    findings
}

fn fault_of(
    view: &PlaneView,
    on_disk: Option<&Certificate>,
    live: &LiveZone,
) -> Option<(Verdict, String, Option<String>)> {
    let leaf = view.leaf()?;
    if let Some(why) = &view.untrusted {
        return Some((Verdict::Failed, format!("it serves a certificate that does not hold: {why}"), None));
    }
    if let Some(why) = view.trust_fault() {
        let step = "start the member again: etcd reads the CAs that it trusts at its start alone".to_owned();
        return Some((Verdict::Failed, format!("it {why}"), Some(step)));
    }
    if leaf.validity_used(live.at) >= RENEW_AT {
        let found = format!(
            "its certificate ends at {}, in {} days",
            instant(leaf.not_after()),
            days_left(leaf, live.at)
        );
        return Some((Verdict::Warning, found, None));
    }
    let differs = on_disk.is_some_and(|here| here != leaf);
    differs.then(|| {
        let step = "copy the node's pki directory to it, or the newer one from it: etcd reads it at the next handshake";
        let found = "it serves another certificate than the one in this zone directory".to_owned();
        (Verdict::Note, found, Some(step.to_owned()))
    })
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

/// How far voters lag behind the furthest.
pub fn lag(members: &[Told<'_>]) -> Vec<Finding> {
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
        let remedy = format!("look at its disk and network: on {0}, zone-etcd check --node {0}", member.name);
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

fn downgrade(live: &LiveZone) -> Option<Finding> {
    let (_, target) =
        statuses(live).find_map(|(member, status)| Some((member, status.downgrade_target.as_ref()?)))?;
    Some(
        Finding::new(CheckId::Versions, Verdict::Note, "cluster", format!("a downgrade to {target} is allowed and not finished"))
            .remedy("start the members with the older version one after the other, or take it back: etcdctl downgrade cancel"),
    )
}
