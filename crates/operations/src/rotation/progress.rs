//! Where a zone stands in a rotation, inferred from `ca/` and from what its members show. Pure.

use super::stage::{Seen, Shown, Stage};
use live::LiveZone;
use model::plan::Plane;
use store::zone_directory::{Authorities, Place, RotationScope};

/// Where a zone stands, before anything is done.
#[derive(Debug)]
pub struct Progress {
    /// Which CAs are being replaced; those of both planes where a rotation has only to be finished.
    pub rotated: Option<RotationScope>,
    /// The stage of the zone. [`Stage::Before`] if nothing is under way, or a rotation is being taken back
    /// for good.
    pub stage: Stage,
    /// The members by the short names of their nodes.
    pub members: Vec<(String, Seen)>,
}

impl Progress {
    /// Infers it from `ca/` and from what the members show. `taken_back` says which way the last rotation has
    /// ended in `ca/`.
    pub fn infer(authorities: &Authorities, live: &LiveZone, taken_back: bool) -> Self {
        let under_way = RotationScope::under_way(authorities);
        let planes = under_way.map_or(&Plane::ALL[..], |(rotated, _)| rotated.planes());
        let members: Vec<(String, Seen)> = live
            .members
            .iter()
            .map(|member| (member.name.clone(), Seen::of(member, planes, authorities)))
            .collect();
        let is_left_over = members.iter().any(|(_, seen)| seen.needs_restart() || seen.needs_leaves());
        let (rotated, stage) = match under_way {
            Some((rotated, Place::Next)) => (Some(rotated), Stage::TrustBoth),
            Some((rotated, Place::Previous)) => (Some(rotated), Stage::NewLeaves),
            None if is_left_over && taken_back => (Some(RotationScope::Planes), Stage::Before),
            None if is_left_over => (Some(RotationScope::Planes), Stage::DropOld),
            None => (None, Stage::Before),
        };
        Self { rotated, stage, members }
    }
}

impl Progress {
    /// The members of which nothing can be told, and why.
    pub fn unseen(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().filter_map(|(name, seen)| match seen {
            Seen::Unknown(why) => Some((name.as_str(), why.as_str())),
            Seen::Shown(_) => None,
        })
    }
}

/// What is not as it has to be, for people.
pub fn describe(seen: &Seen) -> String {
    let shown = match seen {
        Seen::Unknown(why) => return why.clone(),
        Seen::Shown(shown) => shown,
    };
    let mut parts = Vec::new();
    let planes = |wanted: &dyn Fn(&Shown) -> bool| {
        let names: Vec<&str> =
            shown.iter().filter(|plane| wanted(plane)).map(|plane| plane.plane.name()).collect();
        (!names.is_empty()).then(|| names.join(" and "))
    };
    for (verb, cas) in [
        ("does not trust", collected(shown, |plane| &plane.trust.missing)),
        ("still trusts", collected(shown, |plane| &plane.trust.surplus)),
    ] {
        if !cas.is_empty() {
            parts.push(format!("{verb} {}", cas.join(", ")));
        }
    }
    if let Some(names) = planes(&|plane| !plane.is_of_signer) {
        parts.push(format!("shows the other CA's certificate ({names} plane)"));
    }
    if parts.is_empty() { "shows and trusts what the zone has".to_owned() } else { parts.join("; ") }
}

/// The CAs by their common names, which say the plane.
fn collected(shown: &[Shown], of: impl Fn(&Shown) -> &Vec<String>) -> Vec<&str> {
    shown.iter().flat_map(|plane| of(plane).iter()).map(|subject| common_name(subject)).collect()
}

fn common_name(subject: &str) -> &str {
    let name = subject.split("CN=").nth(1).unwrap_or(subject);
    name.split([',', '+']).next().unwrap_or(name).trim()
}
