//! Whether every member that serves refuses what was revoked. Pure.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::handing_out::Brought;
use super::trial::{TriedCertificate, TriedList};
use crate::config::Node;
use crate::error::Exit;
use crate::live::{Reception, Tried};

/// What is known of the lists that one member uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InUse {
    /// The zone's: its files are here, it has taken them, or it was tried.
    Zones,
    /// It takes what was revoked.
    Older,
    /// Nobody can tell from here. Why.
    Unknown(String),
}

/// What is known of each member that is to have the lists, by the short name of its node.
#[derive(Debug)]
pub(super) struct Outcome(BTreeMap<String, InUse>);

impl Outcome {
    /// Concludes from what was brought and what was tried.
    pub(super) fn of(
        serving: &[&Node],
        brought: &Brought,
        tried: &[TriedCertificate],
        lists: &[TriedList],
    ) -> Self {
        let names = serving.iter().map(|node| node.name.short()).filter(|name| brought.is_meant(name));
        Self(names.map(|name| (name.to_owned(), in_use(name, brought, tried, lists))).collect())
    }

    /// Those of which anything but the zone's lists is known.
    pub(super) fn left(&self) -> impl Iterator<Item = (&str, &InUse)> {
        let all = self.0.iter().map(|(name, in_use)| (name.as_str(), in_use));
        all.filter(|(_, in_use)| **in_use != InUse::Zones)
    }

    /// Whether anything but the zone's lists is known of this one.
    pub(super) fn is_left(&self, node: &str) -> bool {
        self.left().any(|(name, _)| name == node)
    }

    /// Success only if every member that serves is known to refuse what was revoked.
    pub(super) fn exit_code(&self) -> ExitCode {
        if self.left().any(|(_, in_use)| *in_use == InUse::Older) {
            Exit::BadInput.into()
        } else if self.left().next().is_some() {
            Exit::Unavailable.into()
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn in_use(name: &str, brought: &Brought, tried: &[TriedCertificate], lists: &[TriedList]) -> InUse {
    let of_member = |tried: &&Tried| tried.member == name;
    let probed: Vec<Option<&Reception>> = lists
        .iter()
        .map(|list| list.members.iter().flatten().find(of_member).map(|tried| &tried.reception))
        .collect();
    let certificates = tried.iter().flat_map(|tried| &tried.members).filter(of_member);
    let receptions: Vec<&Reception> =
        certificates.map(|tried| &tried.reception).chain(probed.iter().copied().flatten()).collect();
    if receptions.contains(&&Reception::Taken) {
        return InUse::Older;
    }
    let refuses_all_lists =
        !probed.is_empty() && probed.iter().all(|probed| *probed == Some(&Reception::Refused));
    if brought.known.contains(name) || refuses_all_lists {
        return InUse::Zones;
    }
    let why = receptions.iter().find_map(|reception| match reception {
        Reception::Unknown(why) => Some(why.clone()),
        Reception::Refused | Reception::Taken => None,
    });
    InUse::Unknown(match why {
        _ if brought.is_not_reached(name) => "the lists did not reach it".to_owned(),
        Some(why) => why,
        None => "nothing could be tried on it".to_owned(),
    })
}
