//! Whether every member that serves refuses what was revoked. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::handing_out::NotReached;
use super::trial::{TriedCertificate, TriedList};
use crate::live::Reception;

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

/// What is known of each member that serves, by the short name of its node.
pub(super) fn of_members(
    serving: &[&str],
    known: &BTreeSet<String>,
    not_reached: &[NotReached],
    tried: &[TriedCertificate],
    lists: &[TriedList],
) -> BTreeMap<String, InUse> {
    let receptions = |name: &str| -> Vec<&Reception> {
        let certificates = tried.iter().flat_map(|tried| &tried.members);
        let probes = lists.iter().flat_map(|list| list.members.iter().flatten());
        certificates
            .chain(probes)
            .filter(|tried| tried.member == name)
            .map(|tried| &tried.reception)
            .collect()
    };
    let refuses_all_lists = |name: &str| {
        let refuses = |list: &TriedList| {
            let mut members = list.members.iter().flatten();
            members.any(|tried| tried.member == name && tried.reception == Reception::Refused)
        };
        !lists.is_empty() && lists.iter().all(refuses)
    };
    let in_use = |name: &str| {
        let receptions = receptions(name);
        if receptions.iter().any(|reception| **reception == Reception::Taken) {
            return InUse::Older;
        }
        if known.contains(name) || refuses_all_lists(name) {
            return InUse::Zones;
        }
        let why = receptions.iter().find_map(|reception| match reception {
            Reception::Unknown(why) => Some(why.clone()),
            Reception::Refused | Reception::Taken => None,
        });
        let is_left = not_reached.iter().any(|left| left.node == name);
        InUse::Unknown(match (why, is_left) {
            (_, true) => "the lists did not reach it".to_owned(),
            (Some(why), false) => why,
            (None, false) => "nothing could be tried on it".to_owned(),
        })
    };
    serving.iter().map(|name| ((*name).to_owned(), in_use(name))).collect()
}
