//! How far a member is, by the certificates that it shows and the CAs that it names in handshakes. Pure.
//!
//! Nothing records it: etcd reads its CAs at the start, so what it names is what the running process trusts.

use std::fmt;

use serde::Serialize;

use live::{LiveMember, PlaneView, TrustDifference};
use model::plan::Plane;
use store::zone_directory::Authorities;

/// The stages of a rotation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Only the old CA is trusted, and signs.
    Before,
    /// The new one is trusted as well.
    TrustBoth,
    /// The new one signs.
    NewLeaves,
    /// The old one is not trusted any more.
    DropOld,
}

impl Stage {
    /// All of them, in their order.
    const ALL: [Self; 4] = [Self::Before, Self::TrustBoth, Self::NewLeaves, Self::DropOld];

    /// The stage of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Before => "the old CA alone is trusted",
            Self::TrustBoth => "the new CA is trusted beside the old one",
            Self::NewLeaves => "the new CA issues every certificate",
            Self::DropOld => "the new CA alone is trusted",
        }
    }

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::TrustBoth => "trust-both",
            Self::NewLeaves => "new-leaves",
            Self::DropOld => "drop-old",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// What a server of one plane shows, against what the zone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The plane.
    pub plane: Plane,
    /// Whether its certificate was issued by the CA that signs now.
    pub is_of_signer: bool,
    /// Whom it trusts, against whom the zone does. If they differ, it has to be restarted: no etcd reads its
    /// CAs again.
    pub trust: TrustDifference,
}

/// What is known of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was seen on both planes.
    Shown(Vec<Shown>),
    /// It was not, for this reason.
    Unknown(String),
}

impl Shown {
    /// Compares a handshake with what the zone has; the inner error says why nothing can be told.
    pub fn of(view: &PlaneView, authorities: &Authorities) -> Result<Self, String> {
        let plane = view.plane;
        let Some(leaf) = view.leaf() else {
            return Err(match &view.failure {
                Some(failure) => format!("{} plane: {failure}", plane.name()),
                None => format!("it shows no certificate on the {} plane", plane.name()),
            });
        };
        let Some(trust) = view.trust.clone() else {
            return Err(format!("it asks for no certificate on the {} plane", plane.name()));
        };
        Ok(Self { plane, is_of_signer: leaf.names_issuer(authorities.plane(plane)), trust })
    }
}

impl Seen {
    /// What a member shows on these planes.
    pub fn of(member: &LiveMember, planes: &[Plane], authorities: &Authorities) -> Self {
        if let Err(why) = &member.status {
            return Self::Unknown(why.clone());
        }
        let view = |plane: &Plane| match plane {
            Plane::Client => member.client.as_deref(),
            Plane::Peer => member.peer.as_deref(),
        };
        let shown = planes.iter().map(|plane| match view(plane) {
            Some(view) => Shown::of(view, authorities),
            None => Err(format!("it is not known where its {} plane is", plane.name())),
        });
        match shown.collect::<Result<Vec<_>, _>>() {
            Ok(shown) => Self::Shown(shown),
            Err(why) => Self::Unknown(why),
        }
    }

    /// Whether it has to be restarted to trust what the zone trusts.
    pub fn needs_restart(&self) -> bool {
        matches!(self, Self::Shown(shown) if shown.iter().any(|plane| !plane.trust.is_none()))
    }

    /// Whether it shows a certificate of another CA than the one that signs.
    pub fn needs_leaves(&self) -> bool {
        matches!(self, Self::Shown(shown) if shown.iter().any(|plane| !plane.is_of_signer))
    }

    /// How far the member is, if the zone is at `zone`. The plane that is the furthest behind counts. None if
    /// it cannot be told.
    pub fn stage(&self, zone: Stage) -> Option<Stage> {
        let Self::Shown(shown) = self else { return None };
        shown.iter().map(|plane| plane.stage(zone)).min()
    }
}

impl Shown {
    fn stage(&self, zone: Stage) -> Stage {
        match zone {
            // The old CA signs, and the new one may be missing yet.
            Stage::Before | Stage::TrustBoth if !self.trust.missing.is_empty() => Stage::Before,
            // A rotation that is being taken back has left something.
            Stage::Before if !self.is_of_signer => Stage::NewLeaves,
            Stage::Before if !self.trust.surplus.is_empty() => Stage::TrustBoth,
            Stage::Before | Stage::TrustBoth => zone,
            // Both are to be trusted, and the new one signs.
            Stage::NewLeaves if self.trust.is_none() && self.is_of_signer => Stage::NewLeaves,
            Stage::NewLeaves if self.trust.is_none() => Stage::TrustBoth,
            Stage::NewLeaves => Stage::Before,
            Stage::DropOld if !self.is_of_signer => Stage::TrustBoth,
            Stage::DropOld if !self.trust.surplus.is_empty() => Stage::NewLeaves,
            Stage::DropOld => Stage::DropOld,
        }
    }
}
