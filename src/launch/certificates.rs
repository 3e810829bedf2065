//! The certificates that a member starts with.

use time::OffsetDateTime;

use crate::config::Node;
use crate::error::Result;
use crate::existing_certificates::ExistingCertificates;
use crate::site::{Material, Site};
use crate::zone_directory::{Assessment, Authorities};

/// The certificates of a member.
#[derive(Debug)]
pub enum Certificates<'z> {
    /// From the zone's CAs: what the node has, against what it has to have.
    Issued {
        /// Its certificates.
        assessment: Box<Assessment<'z>>,
        /// The CAs.
        authorities: Box<Authorities>,
    },
    /// Made elsewhere, read and sound.
    Existing(Box<ExistingCertificates>),
    /// None that anybody verifies.
    Unverified,
}

impl<'z> Certificates<'z> {
    pub(super) fn of(
        material: Material,
        site: &'z Site,
        node: &'z Node,
        now: OffsetDateTime,
    ) -> Result<Self> {
        Ok(match material {
            Material::Issued(authorities) => {
                let assessment = Box::new(site.assess(node, &authorities, now)?);
                Self::Issued { assessment, authorities }
            }
            Material::Existing(certificates) => Self::Existing(certificates),
            Material::Unverified => Self::Unverified,
        })
    }

    /// What is issued here, if anything is.
    pub fn issued(&self) -> Option<&Assessment<'z>> {
        match self {
            Self::Issued { assessment, .. } => Some(assessment),
            Self::Existing(_) | Self::Unverified => None,
        }
    }

    /// Whether nothing has to be issued before the start.
    pub fn are_complete(&self) -> bool {
        self.issued().is_none_or(Assessment::is_startable)
    }
}
