//! What members serve, against their plane's CA and what is on disk.

use std::collections::{BTreeMap, BTreeSet};

use zone_pki::{Certificate, Rule, instant};

use crate::{CheckId, Finding, Verdict};
use live::{LiveMember, LiveZone, PlaneView, PortFault};
use model::plan::{Plane, days_left};
use store::site::Site;

/// What the directory of a zone knows of its nodes: the certificates that are on disk, by node and plane.
pub type OnDisk = BTreeMap<(String, Plane), Certificate>;

/// What members serve, against their plane's CA and what is on disk here.
pub(super) fn served(live: &LiveZone, on_disk: &OnDisk, site: &Site) -> Vec<Finding> {
    let check = CheckId::ServedCertificate;
    let mut findings = Vec::new();
    let mut well = BTreeSet::new();
    let has_own_ports =
        |member: &&LiveMember| !matches!(member.port_fault(), Some(PortFault::Swapped { .. }));
    for member in live.members.iter().filter(has_own_ports) {
        for view in member.planes() {
            let subject = format!("{}, {} plane", member.name, view.plane.name());
            let renewal = match member.node {
                Some(_) => site.proposed_renewal(&member.name),
                None => "put it into zone.toml again, or remove it from the cluster".to_owned(),
            };
            let on_disk = on_disk.get(&(member.name.clone(), view.plane));
            match fault_of(view, on_disk, live, site.has_own_directory(&member.name)) {
                None if view.leaf().is_none() => {}
                None => {
                    well.insert(member.name.clone());
                }
                Some((verdict, found, to_do)) => {
                    findings
                        .push(Finding::new(check, verdict, subject, found).remedy(to_do.unwrap_or(renewal)));
                }
            }
        }
    }
    if !well.is_empty() {
        let names: Vec<String> = well.into_iter().collect();
        findings.push(Finding::passed(check, names.join(", "), "chain to their plane's CA"));
    }
    findings
}

fn fault_of(
    view: &PlaneView,
    on_disk: Option<&Certificate>,
    live: &LiveZone,
    has_own_directory: bool,
) -> Option<(Verdict, String, Option<String>)> {
    let leaf = view.leaf()?;
    if let Some(why) = &view.untrusted {
        return Some((Verdict::Failed, format!("it serves a certificate that does not hold: {why}"), None));
    }
    if let Some(why) = view.trust_fault() {
        let step = "start the member again: etcd reads the CAs that it trusts at its start alone".to_owned();
        return Some((Verdict::Failed, format!("it {why}"), Some(step)));
    }
    if leaf.fault(&[Rule::Young(live.at)]).is_some() {
        let found = format!(
            "its certificate ends at {}, in {} days",
            instant(leaf.not_after()),
            days_left(leaf, live.at)
        );
        return Some((Verdict::Warning, found, None));
    }
    let differs = on_disk.is_some_and(|here| here != leaf);
    differs.then(|| {
        let step = "copy the node's pki directory to it, or the newer one from it: etcd reads it at the next \
            handshake";
        let found = "it serves another certificate than the one in this zone directory".to_owned();
        (Verdict::Note, found, (!has_own_directory).then(|| step.to_owned()))
    })
}
