//! Nodes whose bundles the zone's etcd has: how far they are, in words, and what to do about one.

use time::{Duration, OffsetDateTime};
use zone_pki::instant;

use super::snapshots::shown;
use crate::{CheckId, Finding, Verdict};
use live::{OwnAnswer, SeenNode};
use model::config::NodeName;
use model::error::Failure;
use model::plan::{DeliveryKind, DeliveryState, SILENT_AFTER};
use model::report::shell_quoted;
use store::bundle;
use store::site::Site;

/// A certificate that ends sooner is named.
pub const BEFORE: Duration = Duration::days(14);

/// The answers of the nodes could not be read.
pub fn not_read(failure: &Failure) -> Finding {
    let finding = Finding::new(CheckId::NodeDeliveries, Verdict::Unreachable, "nodes", failure.to_string());
    match &failure.next {
        Some(next) => finding.remedy(next.clone()),
        None => finding,
    }
}

/// On a node that etcd has bundles for: when it has answered last.
pub fn judge_own(site: &Site, node: &NodeName, answer: &OwnAnswer, now: OffsetDateTime) -> Finding {
    let finding = |verdict, found: String| {
        Finding::new(CheckId::NodeDeliveries, verdict, node.short(), found).on(node.short())
    };
    let ask = format!("have it answer: {}", site.proposed_on("sync", node.short()));
    match answer {
        OwnAnswer::Said(heard) => {
            let found = format!(
                "has answered {} ago, {}, with bundle {}",
                shown(now - heard.at),
                instant(heard.at),
                heard.sequence
            );
            match &heard.refused {
                _ if now - heard.at > SILENT_AFTER => finding(Verdict::Warning, found).remedy(ask),
                Some((sequence, why)) if *sequence > heard.sequence => {
                    finding(Verdict::Warning, format!("{found}; has refused bundle {sequence}: {why}"))
                }
                _ => finding(Verdict::Passed, found),
            }
        }
        OwnAnswer::Nothing => finding(Verdict::Warning, "has never answered".to_owned()).remedy(ask),
        OwnAnswer::NotOwn(why) => {
            finding(Verdict::Warning, format!("what is there in its name is not its answer: {why}"))
                .remedy(ask)
        }
        OwnAnswer::Denied(why) => {
            let grants = site.proposed_by_signer("access grants --format apply");
            finding(Verdict::Warning, format!("may not read its answer: {why}"))
                .remedy(format!("have it granted: {grants}"))
        }
        OwnAnswer::NotRead(why) => finding(Verdict::Unreachable, format!("its answer cannot be read: {why}")),
    }
}

/// One finding for each kind of trouble, with the first node that has it; or that all is well.
pub fn judge(site: &Site, seen: &[SeenNode<'_>], now: OffsetDateTime) -> Vec<Finding> {
    let of_kind = |kind: DeliveryKind| seen.iter().filter(move |seen| seen.state.kind() == kind);
    let mut findings = Vec::new();
    for kind in DeliveryKind::ALL.into_iter().filter(|kind| !kind.is_well()) {
        let Some(first) = of_kind(kind).next() else { continue };
        let more = of_kind(kind).count() - 1;
        let others = if more == 0 { String::new() } else { format!("; {more} more: status --nodes") };
        let name = first.node.name.short();
        let found = format!("{}: {}{others}", kind.words(), told(first, now));
        let verdict = if kind == DeliveryKind::Behind { Verdict::Note } else { Verdict::Warning };
        let finding = Finding::new(CheckId::NodeDeliveries, verdict, name, found).on(name);
        findings.push(match remedy(site, first) {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
    }
    if findings.is_empty() {
        let found = format!("{} up to date", of_kind(DeliveryKind::UpToDate).count());
        findings.push(Finding::passed(CheckId::NodeDeliveries, "nodes", found));
    }
    findings
}

/// Why a node is not up to date, for people.
pub fn told(seen: &SeenNode<'_>, now: OffsetDateTime) -> String {
    let has = seen.heard.as_ref().map_or(0, |heard| heard.sequence);
    let latest = seen.latest.unwrap_or_default();
    match &seen.state {
        DeliveryState::UpToDate => format!("has bundle {has}"),
        DeliveryState::NotByEtcd => "its bundles come in another way".to_owned(),
        DeliveryState::Revoked => "its client certificate was revoked".to_owned(),
        DeliveryState::NeedsRestart => format!("has bundle {has}, and its member runs with what was before"),
        DeliveryState::Unrecorded => {
            format!("has bundle {has}, which is not recorded here; the latest that is: {latest}")
        }
        DeliveryState::Behind { since } => {
            let since = since.map(|at| format!(" since {}", instant(at))).unwrap_or_default();
            let missing = if seen.is_offered == Some(false) { ", which etcd has no more" } else { "" };
            format!("has bundle {has}, lacks {latest}{missing}{since}")
        }
        DeliveryState::Expiring { at } => {
            let ends = if *at <= now { "ended" } else { "ends" };
            format!("its first certificate {ends} {}", instant(*at))
        }
        DeliveryState::Refused { sequence, why } => format!("has refused bundle {sequence}: {why}"),
        DeliveryState::Silent { last: Some(last) } => {
            format!("was heard last {} ago, {}, with bundle {has}", shown(now - *last), instant(*last))
        }
        DeliveryState::Silent { last: None } => match &seen.fault {
            Some(fault) => format!("what is there in its name is not believed: {fault}"),
            None => "has never answered".to_owned(),
        },
        DeliveryState::OtherRecipient { said, recorded } => {
            format!("says the key {said}, and bundles are sealed to {recorded}")
        }
    }
}

/// The one thing to do about a node that is not up to date.
pub fn remedy(site: &Site, seen: &SeenNode<'_>) -> Option<String> {
    let name = seen.node.name.short();
    let another = |why: &str| Some(format!("{why}: {}", site.proposed(&format!("pki renew {name}"))));
    match &seen.state {
        DeliveryState::UpToDate | DeliveryState::NotByEtcd | DeliveryState::Revoked => None,
        DeliveryState::Behind { .. } if seen.is_offered == Some(false) => another("have another put there"),
        DeliveryState::Behind { .. } => {
            Some(format!("have it ask now, on {name}: {}", site.proposed_on("sync", name)))
        }
        DeliveryState::Refused { .. } => another("once the reason is out of the way, have another made"),
        DeliveryState::Expiring { .. } => another("have its certificates renewed"),
        DeliveryState::Unrecorded => another("use the newest copy of the zone directory; if this is it"),
        DeliveryState::NeedsRestart => Some(format!("on {name}: {}", site.proposed_on("restart", name))),
        DeliveryState::OtherRecipient { said, .. } => Some(format!(
            "if that is the public key in its delivery.key: {}",
            site.proposed(&format!("access recipient {name} {}", shell_quoted(said)))
        )),
        // The first comes in another way, and so does one to a node that members let in no more.
        DeliveryState::Silent { last: None } if seen.latest.is_none() || seen.fault.is_some() => {
            let zone = site.zone()?;
            Some(format!("if it stays so, carry it a bundle: {}", bundle::proposed(zone, &[name])))
        }
        DeliveryState::Silent { .. } => Some(format!(
            "see whether it is on, and what it says, on {name}: {}",
            site.proposed_on("sync", name)
        )),
    }
}
