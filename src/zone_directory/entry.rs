//! One certificate that a holder has to have: what there is of it, and what is to become of it.

use time::OffsetDateTime;
use zone_pki::{Certificate, CertificateRequest, Generation, LeafSpec};

use super::authorities::Authorities;
use super::held_key::HeldKey;
use super::revoked_holders::RevokedCertificate;
use crate::plan::{IssueReason, Role, reason_to_reissue};

/// What is to become of a certificate.
#[derive(Debug)]
pub enum Verdict {
    /// It stays: its files, as they are.
    Keep {
        /// The leaf.
        certificate: Box<Certificate>,
        /// `STEM.crt`.
        chain: Vec<u8>,
        /// Its key.
        key: HeldKey,
    },
    /// It is issued.
    Issue(IssueReason),
    /// It is not issued, whatever else is true of it: its holder was revoked. What it has stays.
    Withheld(Option<Box<Present>>),
}

/// The files of a certificate, as they are.
#[derive(Debug)]
pub struct Present {
    /// `STEM.crt`.
    pub chain: Vec<u8>,
    /// Its key.
    pub key: HeldKey,
}

/// A certificate that a holder has to have.
#[derive(Debug)]
pub struct Entry {
    /// Its role.
    pub role: &'static Role,
    /// What it has to be.
    pub spec: LeafSpec,
    /// What is to become of it. That it is withheld, only [`Assessment::reinstate`](super::Assessment) takes back.
    pub(super) verdict: Verdict,
    /// The request by which it is issued, if its key is on its node.
    pub request: Option<Box<CertificateRequest>>,
}

impl Entry {
    /// What is to become of it.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether it is followed in its file by the CAs that it should be. One that is issued will be.
    pub(super) fn is_followed_by(&self, served: &[&Certificate]) -> bool {
        let Verdict::Keep { chain, .. } = &self.verdict else { return true };
        Certificate::chain_from_pem(chain).is_ok_and(|present| present[1..].iter().eq(served.iter().copied()))
    }
}

/// What a generation has for a role, read once.
pub(super) struct Found {
    role: &'static Role,
    /// The leaf with its file, or why there is none to be used.
    leaf: std::result::Result<(Certificate, Vec<u8>), IssueReason>,
    key: std::result::Result<HeldKey, String>,
}

impl Found {
    pub(super) fn read(generation: &Generation, role: &'static Role) -> Self {
        let file = role.certificate_file();
        let unusable = |why: String| IssueReason::Unusable(format!("{file}: {why}"));
        let leaf = match generation.read(&file) {
            Ok(chain) => Certificate::from_pem(&chain)
                .map(|certificate| (certificate, chain))
                .map_err(|error| unusable(error.to_string())),
            Err(_) if !generation.path.join(&file).exists() => Err(IssueReason::Missing),
            Err(error) => Err(unusable(error.to_string())),
        };
        Self { role, leaf, key: HeldKey::read(generation, role) }
    }

    /// The certificate in use, if it is on the list of its plane.
    pub(super) fn listed(&self, authorities: &Authorities) -> Option<RevokedCertificate> {
        let (certificate, _) = self.leaf.as_ref().ok()?;
        authorities.has_revoked(self.role.plane, certificate).then(|| RevokedCertificate {
            role: self.role.name.to_owned(),
            serial: certificate.serial_hex(),
            at: None,
        })
    }

    /// The request by which it was issued, if its key is on its node.
    pub(super) fn request(&self) -> Option<Box<CertificateRequest>> {
        match &self.key {
            Ok(HeldKey::OnNode(request)) => Some(request.clone()),
            _ => None,
        }
    }

    /// Its files, as they are.
    pub(super) fn into_present(self) -> Option<Box<Present>> {
        let ((_, chain), key) = (self.leaf.ok()?, self.key.ok()?);
        Some(Box::new(Present { chain, key }))
    }

    /// Whether it stays, or why not.
    pub(super) fn examine(self, spec: &LeafSpec, authority: &Certificate, now: OffsetDateTime) -> Verdict {
        let (certificate, chain) = match self.leaf {
            Ok(leaf) => leaf,
            Err(reason) => return Verdict::Issue(reason),
        };
        let role = self.role;
        let key = match self.key.and_then(|key| key.check(&certificate, role).map(|()| key)) {
            Ok(key) => key,
            Err(why) => return Verdict::Issue(IssueReason::Unusable(why)),
        };
        match reason_to_reissue(&certificate, spec, authority, now) {
            Some(reason) => Verdict::Issue(reason),
            None => Verdict::Keep { certificate: Box::new(certificate), chain, key },
        }
    }
}
