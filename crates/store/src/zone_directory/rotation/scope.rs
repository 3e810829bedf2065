//! Which CAs a rotation replaces, and which are being replaced.

use crate::zone_directory::authorities::certificates::{Authorities, ROOT};
use crate::zone_directory::authorities::transition_cas::Place;
use model::plan::Plane;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationScope {
    Plane(Plane),
    /// The CAs of both planes.
    Planes,
    /// The root, and below it both.
    Root,
}

impl RotationScope {
    pub fn planes(self) -> &'static [Plane] {
        match self {
            Self::Plane(Plane::Peer) => &[Plane::Peer],
            Self::Plane(Plane::Client) => &[Plane::Client],
            Self::Planes | Self::Root => &Plane::ALL,
        }
    }

    pub fn is_one(self) -> bool {
        matches!(self, Self::Plane(_))
    }

    /// The stems of the CAs that are replaced.
    pub fn stems(self) -> Vec<&'static str> {
        let root = (self == Self::Root).then_some(ROOT);
        root.into_iter().chain(self.planes().iter().map(|plane| plane.name())).collect()
    }

    /// What is under way in these CAs, by what stands beside them.
    pub fn under_way(authorities: &Authorities) -> Option<(Self, Place)> {
        let beside = &authorities.beside;
        let rotated = match (&beside.root, &beside.peer, &beside.client) {
            (Some(_), _, _) => Self::Root,
            (None, Some(_), Some(_)) => Self::Planes,
            (None, Some(_), None) => Self::Plane(Plane::Peer),
            (None, None, Some(_)) => Self::Plane(Plane::Client),
            (None, None, None) => return None,
        };
        // All of them stand in the same place: they change it together.
        let (_, first) = beside.all().next()?;
        Some((rotated, first.place))
    }
}

impl std::fmt::Display for RotationScope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Plane(Plane::Peer) => "the CA of the peer plane",
            Self::Plane(Plane::Client) => "the CA of the client plane",
            Self::Planes => "the CAs of both planes",
            Self::Root => "the root CA and the CAs of both planes",
        })
    }
}
