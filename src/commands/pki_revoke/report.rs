//! What was revoked, and what the members make of it.

use serde::Serialize;
use zone_pki::{LogEntry, RevocationReason, ShowPath};

use crate::cli::{Format, PkiRevokeArgs};
use crate::output::{json, print};
use live::{Reception, Tried};
use model::config::Node;
use model::error::Result;
use model::plan::plane_of_role;
use model::report::{self as output, Table, enumerated};
use operations::revocation::{Done, ListInUse, Membership, NotReached, Target};
use store::bundle;
use store::zone_directory::{AdoptedList, RebuiltList, ZoneDirectory};

struct Report<'r> {
    target: &'r Target,
    reason: RevocationReason,
    done: &'r Done,
}

/// A certificate that is revoked, for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'r> {
    serial: &'r str,
    role: &'r str,
    holder: &'r str,
    reason: String,
    member: Membership,
    /// What each member does with it; empty if no member was tried.
    members: Vec<MemberRow<'r>>,
}

#[derive(Serialize)]
struct MemberRow<'r> {
    member: &'r str,
    reception: &'static str,
    /// What was tried: the certificate itself, or the probe of the list that it is on.
    tried: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'r str>,
}

/// Tells what was done: what was revoked, if anything was, and what is known of the members.
pub(super) fn tell(
    zone: &ZoneDirectory,
    target: Option<&Target>,
    arguments: &PkiRevokeArgs,
    done: &Done,
) -> Result<()> {
    if let Some(target) = target {
        let report = Report { target, reason: arguments.reason, done };
        print(&match arguments.format {
            Format::Text => report.text(),
            Format::Json => json(&report.rows())?,
        })?;
        report.tell(zone, target.node(zone));
    } else if arguments.rebuild_lists && done.rebuilt.is_empty() {
        output::message("nothing to rebuild: both lists are signed by their CAs");
    }
    tell_members(zone, done, target.map(|target| target.written.as_str()));
    Ok(())
}

/// The lists that were made again or taken over.
pub(super) fn tell_lists(done: &Done) {
    done.rebuilt.iter().for_each(tell_rebuilt);
    done.adopted.iter().for_each(tell_adopted);
}

fn tell_adopted(adopted: &AdoptedList) {
    let AdoptedList { plane, added, unknown } = adopted;
    match added {
        0 => output::message(&format!("the zone's {} has everything that it lists", plane.revocation_file())),
        _ => output::message(&format!("{added} more are on the zone's {} now", plane.revocation_file())),
    }
    if *unknown > 0 {
        output::warning(&format!(
            "{unknown} of them are not in issued.jsonl: their certificates are refused, and whose they were \
             is not known here"
        ));
    }
}

fn tell_rebuilt(list: &RebuiltList) {
    let RebuiltList { path, listed, kept } = list;
    let listed = match listed {
        1 => "1 certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    let kept = kept.as_ref().map_or(String::new(), |kept| format!("; what was there is {}", kept.shown()));
    output::message(&format!("{} lists {listed}, all that issued.jsonl has as revoked{kept}", path.shown()));
    output::message(
        "what was revoked in another copy of this zone directory is not in it: take it over from a node \
         that has it, with --adopt-list",
    );
}

impl Report<'_> {
    /// What the members did with a certificate, or else with the probe of its list.
    fn tried(&self, entry: &LogEntry) -> Option<(&'static str, &[Tried])> {
        if let Some(tried) = self.done.tried.iter().find(|tried| tried.serial == entry.serial) {
            return Some(("certificate", &tried.members));
        }
        let plane = plane_of_role(&entry.role)?;
        let list = self.done.lists.iter().find(|list| list.plane == plane)?;
        Some(("list", list.members.as_deref()?))
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let row = |entry| {
            let (tried, members) = self.tried(entry).unwrap_or_default();
            Row {
                serial: &entry.serial,
                role: &entry.role,
                holder: &entry.node,
                reason: entry.revoked.map_or(self.reason, |mark| mark.reason).to_string(),
                member: self.done.membership,
                members: members.iter().map(|member| member_row(member, tried)).collect(),
            }
        };
        self.done.targeted.all().map(row).collect()
    }

    fn text(&self) -> String {
        let mut table = Table::new(&["serial", "role", "holder", "members"]);
        for entry in self.done.targeted.all() {
            let members = match self.tried(entry) {
                None => "none was tried".to_owned(),
                Some((tried, members)) => summary(tried, members),
            };
            table.row([entry.serial.clone(), entry.role.clone(), entry.node.clone(), members]);
        }
        table.render()
    }

    /// What the operator has to know, and to do.
    fn tell(&self, zone: &ZoneDirectory, node: Option<&Node>) {
        if self.done.targeted.live.is_empty() {
            output::message(&format!("{} is revoked already; the lists were compared", self.target.written));
        }
        match (self.done.membership, node) {
            (Membership::Removed, Some(node)) => {
                output::message(&format!("the member of {} has left the cluster", node.name.short()));
            }
            (Membership::NobodyAnswers, Some(node)) => output::warning(&format!(
                "no member answers, so that of {} is in the cluster still, and a list does not evict it: {}",
                node.name.short(),
                zone.proposed(&format!("member remove {}", node.name.short()))
            )),
            _ => {}
        }
        if let Some(replaced) = &self.done.replaced {
            output::message(replaced);
        }
        self.warn_of_members_that_serve(zone, node);
        output::message(&format!(
            "connections that are open go on until they end: etcd looks at a list when one begins. To end \
             them: {}",
            zone.proposed("restart --rolling")
        ));
    }

    /// A member whose own certificate was revoked serves on, until the others or its clients see that.
    fn warn_of_members_that_serve(&self, zone: &ZoneDirectory, leaving: Option<&Node>) {
        for node in
            zone.config.members().filter(|node| leaving.is_none_or(|leaving| leaving.name != node.name))
        {
            let roles: Vec<&str> = self
                .done
                .targeted
                .live
                .iter()
                .filter(|entry| entry.node == node.name.full())
                .map(|entry| entry.role.as_str())
                .collect();
            if !roles.is_empty() {
                output::warning(&format!(
                    "{0} is a member still, and its {1} certificate is refused at its next connection. If \
                     {0} is trusted, have it get others: {2}; if not: {3}",
                    node.name.short(),
                    enumerated(&roles),
                    zone.proposed(&format!("pki issue {} --reinstate", node.name.short())),
                    zone.proposed(&format!("pki revoke {}", node.name.short())),
                ));
            }
        }
    }
}

/// What is known of the lists that members use, and what to do where they are not the zone's. `target` is
/// what was revoked.
fn tell_members(zone: &ZoneDirectory, done: &Done, target: Option<&str>) {
    let Done { distribution, effect, .. } = done;
    for NotReached { node, failure } in &distribution.not_reached {
        let next = failure.next.as_ref().map(|next| format!("; {next}")).unwrap_or_default();
        output::warning(&format!("{node} has the old lists still: {failure}{next}"));
    }
    for (name, in_use) in effect.left() {
        match in_use {
            ListInUse::Older => {
                output::warning(&format!("{name} takes what was revoked: it uses an older list"))
            }
            ListInUse::Unknown(why) if !distribution.is_not_reached(name) => {
                output::warning(&format!("whether {name} uses the new list is not known: {why}"));
            }
            ListInUse::Unknown(_) | ListInUse::Zones => {}
        }
    }
    if let Some(next) = next(zone, done, target) {
        output::message(&format!("next: {next}"));
    }
}

fn next(zone: &ZoneDirectory, done: &Done, target: Option<&str>) -> Option<String> {
    let Done { distribution, effect, .. } = done;
    let not_reached: Vec<&str> = distribution.not_reached.iter().map(|left| left.node.as_str()).collect();
    let again = || match target {
        Some(target) => zone.proposed(&format!("pki revoke {target}")),
        None => zone.proposed("pki check"),
    };
    if !not_reached.is_empty() {
        let command = match target {
            Some(_) => again(),
            None => zone.proposed(&format!("pki renew {} --due", not_reached.join(" "))),
        };
        return Some(format!("bring them the lists when they are reached: {command}"));
    }
    let by_hand: Vec<&str> =
        distribution.by_hand.iter().map(String::as_str).filter(|node| effect.is_left(node)).collect();
    if !by_hand.is_empty() {
        return Some(format!(
            "nodes with a directory of their own have the old lists until they activate new bundles: {}",
            bundle::proposed(zone, &by_hand)
        ));
    }
    let left: Vec<&str> = effect.left().map(|(name, _)| name).collect();
    (!left.is_empty()).then(|| {
        format!("see which files {} was started with, and try again: {}", enumerated(&left), again())
    })
}

fn summary(tried: &str, members: &[Tried]) -> String {
    let named = |wanted: fn(&Reception) -> bool| {
        let members = members.iter().filter(|tried| wanted(&tried.reception));
        members.map(|tried| tried.member.as_str()).collect::<Vec<_>>().join(", ")
    };
    let refused = named(|reception| *reception == Reception::Refused);
    let taken = named(|reception| *reception == Reception::Taken);
    let unknown = named(|reception| matches!(reception, Reception::Unknown(_)));
    let parts = match tried {
        "certificate" => [("refused by", refused), ("TAKEN by", taken), ("not known of", unknown)],
        _ => {
            [("its list is used by", refused), ("an OLDER LIST is used by", taken), ("not known of", unknown)]
        }
    };
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {names}"))
        .collect();
    parts.join("; ")
}

fn member_row<'t>(tried: &'t Tried, what: &'static str) -> MemberRow<'t> {
    let (reception, why) = match &tried.reception {
        Reception::Refused => ("refused", None),
        Reception::Taken => ("taken", None),
        Reception::Unknown(why) => ("unknown", Some(why.as_str())),
    };
    MemberRow { member: &tried.member, reception, tried: what, why }
}
