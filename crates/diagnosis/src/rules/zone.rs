//! The zone as it answers.

use std::collections::BTreeMap;

use super::database::{Told, databases, lag};
use super::membership::member_list;
use super::served_certificates::{OnDisk, served};
use crate::{CheckId, Finding, Verdict};
use live::{AlarmKind, Comparison, Health, LiveMember, LiveZone, MemberStatus, OlderList, PortFault};
use model::plan::EtcdId;
use store::site::Site;
use store::zone_directory::Authorities;

/// Everything about the live zone. `site` knows how each node is run, for the commands that are proposed.
pub fn judge(live: &LiveZone, on_disk: &OnDisk, site: &Site, authorities: &Authorities) -> Vec<Finding> {
    let zone_arg = site.proposed("").trim_start_matches("zone-etcd").trim().to_owned();
    let (zone_arg, quota) = (zone_arg.as_str(), site.config().etcd.quota);
    let mut findings = Vec::from_iter(data(live, zone_arg));
    findings.push(quorum(live, site));
    findings.extend(clusters(live));
    findings.extend(alarms(live, site, zone_arg));
    findings.extend(members_down(live, site));
    findings.extend(member_list(live, site, authorities, zone_arg));
    findings.extend(served(live, on_disk, site));
    findings.extend(older_lists(live, site));
    let told: Vec<Told<'_>> = statuses(live).map(|(member, status)| Told::of(member, status)).collect();
    findings.extend(databases(&told, quota, |command| site.proposed_by_signer(command)));
    findings.extend(lag(&told, |member| site.proposed_look_at(member)));
    let versions: Vec<(String, String)> =
        statuses(live).map(|(member, status)| (member.name.clone(), status.version.clone())).collect();
    findings.extend(super::peers::versions(&versions));
    findings.extend(downgrade(live));
    findings
}

fn older_lists(live: &LiveZone, site: &Site) -> Vec<Finding> {
    let found = |older: &OlderList| {
        let OlderList { member, plane } = older;
        Finding::new(
            CheckId::ListInUse,
            Verdict::Failed,
            format!("{member}, {} plane", plane.name()),
            "it uses an older list, and takes what was revoked since",
        )
        .remedy(site.proposed_lists(member))
    };
    live.older_lists.iter().map(found).collect()
}

fn statuses(live: &LiveZone) -> impl Iterator<Item = (&LiveMember, &MemberStatus)> {
    live.members.iter().filter_map(|member| Some((member, member.status.as_ref().ok()?)))
}

/// Stands before all others: among findings that are equally bad the first is told first.
fn data(live: &LiveZone, zone_arg: &str) -> Option<Finding> {
    let check = CheckId::MemberData;
    statuses(live).next()?;
    Some(match &live.data {
        Comparison::OneVoter => Finding::passed(check, "cluster", "there is one voter"),
        Comparison::Same(group) => {
            let found = format!("the same up to revision {} (hash {})", group.revision, group.hash);
            Finding::passed(check, group.members.join(", "), found)
        }
        Comparison::Different(_) => {
            let subject = live.data.difference().unwrap_or_default();
            Finding::new(
                check,
                Verdict::Failed,
                subject,
                "data has diverged: their hashes differ",
            )
            .remedy(format!(
                "save the data of one member of each group before any is replaced: zone-etcd ctl {zone_arg} \
                 -- snapshot save FILE --endpoints=URL"
            ))
        }
        Comparison::NotCompared(_) => Finding::new(check, Verdict::Note, "cluster", live.data.to_string())
            .remedy(format!("compare by hand: zone-etcd ctl {zone_arg} -- endpoint hashkv --cluster")),
    })
}

fn quorum(live: &LiveZone, site: &Site) -> Finding {
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
        let first = live.members.iter().find_map(|member| member.node.as_ref());
        let run = first.map(|node| {
            let node = node.short();
            format!("start the members, each on its node; on {node}: {}", site.proposed_on("run", node))
        });
        return Finding::new(check, Verdict::Unreachable, "cluster", why)
            .remedy(run.unwrap_or_else(|| "start the members".to_owned()));
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
            Finding::new(
                check,
                Verdict::Failed,
                "cluster",
                format!("{number} clusters answer: {}", each.join(" and ")),
            )
            .remedy(
                "stop the members of the cluster that is not to stay, set its data directories aside, and \
                 let them join the other: zone-etcd explain problems/cluster-id",
            )
        }
    })
}

fn alarms(live: &LiveZone, site: &Site, zone_arg: &str) -> Vec<Finding> {
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
        .remedy(format!("make room and end the alarm: {}", site.proposed_by_signer("defrag --nospace")))
    };
    let data = if corrupt.is_empty() {
        Finding::passed(CheckId::AlarmCorrupt, "cluster", "no alarm")
    } else {
        Finding::new(
            CheckId::AlarmCorrupt,
            Verdict::Failed,
            corrupt.join(", "),
            "the alarm CORRUPT is raised: its data differs",
        )
        .remedy(format!(
            "find the member that differs: zone-etcd ctl {zone_arg} -- endpoint hashkv --cluster; replace \
             it, then disarm the alarm"
        ))
    };
    vec![data, no_space]
}

fn members_down(live: &LiveZone, site: &Site) -> Vec<Finding> {
    let check = CheckId::MemberDown;
    let mut findings = Vec::new();
    let mut up = Vec::new();
    for member in &live.members {
        if let Some(fault) = member.port_fault() {
            findings.push(
                Finding::new(check, Verdict::Failed, member.name.clone(), fault.to_string())
                    .remedy(proposed_ports(site, &member.name, &fault)),
            );
            continue;
        }
        let unstarted = member.listed.as_ref().is_some_and(|listed| !listed.is_started());
        match &member.status {
            // One that is listed and was never started has a finding of its own.
            Err(_) if unstarted => {}
            Err(why) => findings.push(
                Finding::new(
                    check,
                    Verdict::Unreachable,
                    member.name.clone(),
                    format!("it does not answer: {why}"),
                )
                .remedy(match &member.node {
                    Some(node) => {
                        let node = node.short();
                        let [check, run] = ["check", "run"].map(|command| site.proposed_on(command, node));
                        format!("on {node}: {check}; then {run}")
                    }
                    None => "start it, or remove it from the cluster".to_owned(),
                }),
            ),
            Ok(MemberStatus { quorum_read: Some(Err(why)), .. })
                if live.judgement.health != Health::LostQuorum =>
            {
                let remedy = match &member.node {
                    Some(node) => {
                        let node = node.short();
                        format!(
                            "on {node}, see which of its connections fails: {}",
                            site.proposed_on("check", node)
                        )
                    }
                    None => "look at the network of its machine, or remove it from the cluster".to_owned(),
                };
                findings.push(
                    Finding::new(
                        check,
                        Verdict::Failed,
                        member.name.clone(),
                        format!("it does not reach the quorum: {why}"),
                    )
                    .because("it is up, and of no use: the others do not hear it, or it does not hear them")
                    .remedy(remedy),
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

fn downgrade(live: &LiveZone) -> Option<Finding> {
    let (_, target) =
        statuses(live).find_map(|(member, status)| Some((member, status.downgrade_target.as_ref()?)))?;
    Some(
        Finding::new(
            CheckId::Versions,
            Verdict::Note,
            "cluster",
            format!("a downgrade to {target} is allowed and not finished"),
        )
        .remedy(
            "start the members with the older version one after the other, or take it back: etcdctl \
             downgrade cancel",
        ),
    )
}

/// What to do about ports of the node of this short name that are not what they should be.
pub fn proposed_ports(site: &Site, node: &str, fault: &PortFault) -> String {
    match fault {
        PortFault::Swapped { .. } => format!(
            "give the node {node} its client_port and its peer_port in {} the other way round, or swap what \
             forwards to them",
            site.place_to_correct()
        ),
        PortFault::PeerCutOff { peer, .. } => format!(
            "let all members reach {peer} and {node} reach theirs: a firewall or a route lets its port for \
             clients through, and not this one"
        ),
    }
}
