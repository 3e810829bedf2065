//! What was revoked, and what the members make of it.

use serde::Serialize;
use zone_pki::{LogEntry, RevocationReason};

use super::handing_out::{NotReached, next_for_lists};
use super::trial::TriedCertificate;
use crate::config::Node;
use crate::live::Reception;
use crate::report::{self as output, Table};
use crate::zone_directory::{Targeted, ZoneDirectory};

/// What became of the member of a node that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Membership {
    /// There was none.
    None,
    /// It was taken out of the cluster.
    Removed,
    /// No member answers, so nobody could be asked to take it out.
    NobodyAnswers,
}

pub(super) struct Report<'r> {
    pub(super) targeted: &'r Targeted,
    pub(super) reason: RevocationReason,
    pub(super) membership: Membership,
    pub(super) tried: Vec<TriedCertificate>,
    pub(super) replaced: Option<String>,
    pub(super) not_reached: Vec<NotReached>,
}

/// A certificate that is revoked, for a program. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Row<'r> {
    serial: &'r str,
    role: &'r str,
    holder: &'r str,
    reason: String,
    member: Membership,
    /// What each member does with it; empty if its key is not here, or no member takes such certificates.
    members: Vec<MemberRow<'r>>,
}

#[derive(Serialize)]
struct MemberRow<'r> {
    member: &'r str,
    reception: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'r str>,
}

impl Report<'_> {
    fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.targeted.live.iter().chain(&self.targeted.revoked)
    }

    fn tried(&self, entry: &LogEntry) -> Option<&TriedCertificate> {
        self.tried.iter().find(|tried| tried.serial == entry.serial)
    }

    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        self.entries()
            .map(|entry| Row {
                serial: &entry.serial,
                role: &entry.role,
                holder: &entry.node,
                reason: entry.revoked.map_or(self.reason, |mark| mark.reason).to_string(),
                member: self.membership,
                members: self
                    .tried(entry)
                    .into_iter()
                    .flat_map(|tried| &tried.members)
                    .map(member_row)
                    .collect(),
            })
            .collect()
    }

    pub(super) fn text(&self) -> String {
        let mut table = Table::new(&["serial", "role", "holder", "members"]);
        for entry in self.entries() {
            let members = match self.tried(entry) {
                None => "not tried: its key is not here, or it is a server's".to_owned(),
                Some(tried) => summary(tried),
            };
            table.row([entry.serial.clone(), entry.role.clone(), entry.node.clone(), members]);
        }
        table.render()
    }

    /// Whether a member takes a certificate still.
    pub(super) fn is_taken(&self) -> bool {
        self.receptions().any(|reception| *reception == Reception::Taken)
    }

    fn receptions(&self) -> impl Iterator<Item = &Reception> {
        self.tried.iter().flat_map(|tried| &tried.members).map(|tried| &tried.reception)
    }

    /// What the operator has to know, and to do.
    pub(super) fn tell(&self, zone: &ZoneDirectory, node: Option<&Node>) {
        match (self.membership, node) {
            (Membership::Removed, Some(node)) => {
                output::message(&format!("the member of {} has left the cluster", node.name.short()));
            }
            (Membership::NobodyAnswers, Some(node)) => output::warning(&format!(
                "no member answers, so that of {} is in the cluster still, and a list does not evict it: {}",
                node.name.short(),
                zone.proposed("ctl -- member remove ID")
            )),
            _ => {}
        }
        if let Some(replaced) = &self.replaced {
            output::message(replaced);
        }
        output::message(&format!(
            "connections that are open go on until they end: etcd looks at a list when one begins. To end them: {}",
            zone.proposed("restart --rolling")
        ));
        for NotReached { node, failure } in &self.not_reached {
            output::warning(&format!("{node} has the old lists still: {failure}"));
        }
        if let Some(next) = next_for_lists(zone, &self.not_reached) {
            output::message(&format!("next: {next}"));
        } else if self.is_taken() {
            output::message(
                "next: a member that takes it reads another list: see which files it was started with",
            );
        }
    }
}

fn summary(tried: &TriedCertificate) -> String {
    let named = |wanted: fn(&Reception) -> bool| {
        let members = tried.members.iter().filter(|tried| wanted(&tried.reception));
        members.map(|tried| tried.member.as_str()).collect::<Vec<_>>().join(", ")
    };
    let refused = named(|reception| *reception == Reception::Refused);
    let taken = named(|reception| *reception == Reception::Taken);
    let unknown = named(|reception| matches!(reception, Reception::Unknown(_)));
    let parts = [("refused by", refused), ("TAKEN by", taken), ("no answer from", unknown)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {names}"))
        .collect();
    format!("{} ({})", parts.join("; "), tried.role)
}

fn member_row(tried: &crate::live::Tried) -> MemberRow<'_> {
    let (reception, why) = match &tried.reception {
        Reception::Refused => ("refused", None),
        Reception::Taken => ("taken", None),
        Reception::Unknown(why) => ("unknown", Some(why.as_str())),
    };
    MemberRow { member: &tried.member, reception, why }
}
