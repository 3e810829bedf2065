//! Whether every member that serves refuses what was revoked. Pure.

use std::collections::BTreeMap;

use super::distribution::Distribution;
use super::trial::{TriedCertificate, TriedList};
use live::{Reception, Tried};
use model::config::Node;
use model::error::Exit;

/// What is known of the lists that one member uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListInUse {
    /// The zone's: its files are here, it has taken them, or it was tried.
    Zones,
    /// It takes what was revoked.
    Older,
    /// Why it cannot be told from here.
    Unknown(String),
}

/// What is known of each member that is to have the lists, by the short name of its node.
#[derive(Debug, Default)]
pub struct Effect(BTreeMap<String, ListInUse>);

impl Effect {
    /// Concludes from what was delivered and what was tried.
    pub(super) fn of(
        serving: &[&Node],
        distribution: &Distribution,
        tried: &[TriedCertificate],
        lists: &[TriedList],
    ) -> Self {
        let names = serving.iter().map(|node| node.name.short()).filter(|name| distribution.is_meant(name));
        Self(names.map(|name| (name.to_owned(), in_use(name, distribution, tried, lists))).collect())
    }

    /// Those of which anything but the zone's lists is known.
    pub fn left(&self) -> impl Iterator<Item = (&str, &ListInUse)> {
        let all = self.0.iter().map(|(name, in_use)| (name.as_str(), in_use));
        all.filter(|(_, in_use)| **in_use != ListInUse::Zones)
    }

    /// Whether anything but the zone's lists is known of this one.
    pub fn is_left(&self, node: &str) -> bool {
        self.left().any(|(name, _)| name == node)
    }

    /// None, which is success, only if every member that serves is known to refuse what was revoked.
    pub fn exit(&self) -> Option<Exit> {
        if self.left().any(|(_, in_use)| *in_use == ListInUse::Older) {
            Some(Exit::BadInput)
        } else if self.left().next().is_some() {
            Some(Exit::Unavailable)
        } else {
            None
        }
    }
}

fn in_use(
    name: &str,
    distribution: &Distribution,
    tried: &[TriedCertificate],
    lists: &[TriedList],
) -> ListInUse {
    let of_member = |tried: &&Tried| tried.member == name;
    let probed: Vec<Option<&Reception>> = lists
        .iter()
        .map(|list| list.members.iter().flatten().find(of_member).map(|tried| &tried.reception))
        .collect();
    let certificates = tried.iter().flat_map(|tried| &tried.members).filter(of_member);
    let receptions: Vec<&Reception> =
        certificates.map(|tried| &tried.reception).chain(probed.iter().copied().flatten()).collect();
    if receptions.contains(&&Reception::Taken) {
        return ListInUse::Older;
    }
    let refuses_all_lists =
        !probed.is_empty() && probed.iter().all(|probed| *probed == Some(&Reception::Refused));
    if distribution.known.contains(name) || refuses_all_lists {
        return ListInUse::Zones;
    }
    let why = receptions.iter().find_map(|reception| match reception {
        Reception::Unknown(why) => Some(why.clone()),
        Reception::Refused | Reception::Taken => None,
    });
    ListInUse::Unknown(match why {
        _ if distribution.is_not_reached(name) => "the lists did not reach it".to_owned(),
        Some(why) => why,
        None => "nothing could be tried on it".to_owned(),
    })
}
