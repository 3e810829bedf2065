//! The CAs that are trusted beside those that sign, while one takes the place of another.
//!
//! One that is to sign waits in `ca/next/`; one that did stays in `ca/previous/` until nothing rests on it
//! any more.

use std::io;

use zone_pki::{Certificate, ShowPath, regular_file};

use crate::zone_directory::authorities::authority_files::parse_authority;
use crate::zone_directory::authorities::certificates::ROOT;
use model::error::{Failure, Result};
use model::plan::{Plane, ZonePaths};

/// Where a CA stands that is trusted and does not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Next,
    /// It has signed before.
    Previous,
}

impl Place {
    /// Both places.
    pub const ALL: [Self; 2] = [Self::Next, Self::Previous];

    pub const fn directory(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Previous => "previous",
        }
    }

    /// The stem of a CA's files there, within `ca/`.
    pub fn stem(self, of: &str) -> String {
        format!("{}/{of}", self.directory())
    }
}

/// A CA that is trusted and does not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionCa {
    pub place: Place,
    pub certificate: Certificate,
}

/// The CAs that are trusted beside the root and the CAs of the planes. Usually there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitionCas {
    pub root: Option<TransitionCa>,
    /// Beside the CA of the peer plane.
    pub peer: Option<TransitionCa>,
    /// Beside the CA of the client plane.
    pub client: Option<TransitionCa>,
}

impl TransitionCas {
    /// Reads what stands in `ca/next/` and `ca/previous/`.
    pub(in crate::zone_directory) fn load(paths: &ZonePaths) -> Result<Self> {
        let beside = Self {
            root: read(paths, ROOT)?,
            peer: read(paths, Plane::Peer.name())?,
            client: read(paths, Plane::Client.name())?,
        };
        let is_in = |place| beside.all().filter(|(_, ca)| ca.place == place).count();
        let is_mixed = Place::ALL.into_iter().all(|place| is_in(place) > 0);
        if is_mixed || (beside.root.is_some() && beside.all().count() < 3) {
            return Err(Failure::bad_input(format!("{} is not whole", paths.authorities().shown()))
                .because(
                    "the CAs of a rotation are all in next/, or all in previous/, and those of both planes \
                     with a root",
                )
                .next("put the directory back from your copy of the zone directory"));
        }
        Ok(beside)
    }

    pub fn plane(&self, plane: Plane) -> Option<&TransitionCa> {
        match plane {
            Plane::Peer => self.peer.as_ref(),
            Plane::Client => self.client.as_ref(),
        }
    }

    /// All of them, with the stems of the CAs beside which they stand.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &TransitionCa)> {
        let stems = [ROOT, Plane::Peer.name(), Plane::Client.name()];
        stems
            .into_iter()
            .zip([&self.root, &self.peer, &self.client])
            .filter_map(|(stem, ca)| Some((stem, ca.as_ref()?)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

fn read(paths: &ZonePaths, stem: &str) -> Result<Option<TransitionCa>> {
    let mut found: Option<TransitionCa> = None;
    for place in Place::ALL {
        let path = paths.authority_certificate(&place.stem(stem));
        let text = match regular_file::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        if found.is_some() {
            return Err(Failure::bad_input(format!(
                "{} and {} are both there",
                paths.authority_certificate(&Place::Next.stem(stem)).shown(),
                path.shown()
            ))
            .because("a CA takes the place of one other at a time")
            .next(format!("put {} back from your copy of the zone directory", paths.authorities().shown())));
        }
        let certificate = parse_authority(&path, &paths.authority_key(&place.stem(stem)), &text)?;
        found = Some(TransitionCa { place, certificate });
    }
    Ok(found)
}
