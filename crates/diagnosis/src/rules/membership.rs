//! The member list against zone.toml, and learners.

use super::count;
use super::database::LAG_NOTE;
use crate::{CheckId, Finding, Verdict};
use live::{Difference, LiveMember, LiveZone};
use store::site::Site;
use store::zone_directory::Authorities;

pub(super) fn member_list(
    live: &LiveZone,
    site: &Site,
    authorities: &Authorities,
    zone_arg: &str,
) -> Vec<Finding> {
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
                    "start its member, or take it from the list: {}",
                    site.proposed_by_signer(&format!("member remove {member}"))
                ),
            ),
            // It is not to come back by a mere addition.
            Difference::NotAMember { node } if !authorities.serves(site.config(), node) => {
                (Verdict::Failed, "it was revoked: take it out of zone.toml".to_owned())
            }
            Difference::NotAMember { node } => (
                Verdict::Failed,
                format!(
                    "add it: {}; or write member = false below the [[node]] of {node}",
                    site.proposed_by_signer(&format!("member add {node}"))
                ),
            ),
            Difference::NotInZone { id, .. } => (
                Verdict::Failed,
                format!(
                    "describe it in zone.toml, or take it from the list: {}",
                    site.proposed_by_signer(&format!("member remove {id}"))
                ),
            ),
            Difference::PeerUrls { node, .. } => (
                Verdict::Failed,
                format!(
                    "move the member: zone-etcd member update {node} {zone_arg}; or put its address in \
                     zone.toml back as it was"
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
    findings.extend(learners(live, site));
    findings
}

fn learners(live: &LiveZone, site: &Site) -> Vec<Finding> {
    let judge = |member: &LiveMember| {
        let (found, remedy) = match &member.status {
            Ok(status) if status.raft_lag > LAG_NOTE => (
                format!("it is {} entries behind", status.raft_lag),
                format!(
                    "wait until it has caught up; if it does not, look at its disk and network, {}",
                    site.proposed_look_at(&member.name)
                ),
            ),
            Ok(_) => (
                "it has caught up, and does not vote yet".to_owned(),
                match member.node {
                    Some(_) => site.proposed_by_signer(&format!("member promote {}", member.name)),
                    None => site.proposed_look_at(&member.name),
                },
            ),
            Err(_) => (
                "it does not answer".to_owned(),
                format!(
                    "start it, or remove it: {}",
                    site.proposed_by_signer(&format!("member remove {}", member.reference()))
                ),
            ),
        };
        Finding::new(CheckId::Learner, Verdict::Warning, member.name.clone(), found).remedy(remedy)
    };
    let found: Vec<Finding> = live.members.iter().filter(|member| member.is_learner()).map(judge).collect();
    if found.is_empty() { vec![Finding::passed(CheckId::Learner, "cluster", "no learner")] } else { found }
}
