//! One certificate that a holder has to have: what there is of it, and what is to become of it.

use time::OffsetDateTime;
use zone_pki::{Certificate, CertificateError, CertificateRequest, Generation, LeafSpec};

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::authorities::held_key::HeldKey;
use crate::zone_directory::revocation::revoked_holders::RevokedCertificate;
use model::plan::{IssueReason, Role, reason_to_reissue};

#[derive(Debug)]
pub enum Verdict {
    /// It stays: its files, as they are.
    Keep {
        certificate: Box<Certificate>,
        /// What follows it in its file.
        above: Vec<Certificate>,
        /// `STEM.crt`.
        chain: Vec<u8>,
        key: HeldKey,
    },
    Issue(IssueReason),
    /// It is not issued, whatever else is true of it: its holder was revoked. What it has stays.
    Withheld(Option<Box<Present>>),
}

/// The files of a certificate, as they are.
#[derive(Debug)]
pub struct Present {
    /// `STEM.crt`.
    pub chain: Vec<u8>,
    pub key: HeldKey,
}

/// A certificate that a holder has to have.
#[derive(Debug)]
pub struct Entry {
    pub role: &'static Role,
    pub spec: LeafSpec,
    /// What is to become of it. That it is withheld, only
    /// [`Assessment::reinstate`](crate::zone_directory::Assessment) takes
    /// back.
    pub(in crate::zone_directory) verdict: Verdict,
    /// The request by which it is issued, if its key is on its node.
    pub request: Option<Box<CertificateRequest>>,
}

impl Entry {
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether it is followed in its file by the CAs that it should be. One that is issued will be.
    pub(in crate::zone_directory) fn is_followed_by(&self, served: &[&Certificate]) -> bool {
        let Verdict::Keep { above, .. } = &self.verdict else { return true };
        above.iter().eq(served.iter().copied())
    }
}

/// What a generation has for a role, read once.
pub(in crate::zone_directory) struct Found {
    role: &'static Role,
    /// The leaf with what follows it and its file, or why there is none to be used.
    leaf: std::result::Result<(Certificate, Vec<Certificate>, Vec<u8>), IssueReason>,
    key: std::result::Result<HeldKey, String>,
}

impl Found {
    pub(in crate::zone_directory) fn read(generation: &Generation, role: &'static Role) -> Self {
        let file = role.certificate_file();
        let unusable = |why: String| IssueReason::Unusable(format!("{file}: {why}"));
        let leaf = match generation.read(&file) {
            Ok(chain) => Certificate::chain_from_pem(&chain)
                .and_then(|mut certificates| {
                    let above = certificates.split_off(1.min(certificates.len()));
                    let certificate = certificates.pop().ok_or(CertificateError::NoPem)?;
                    Ok((certificate, above, chain))
                })
                .map_err(|error| unusable(error.to_string())),
            Err(_) if !generation.path.join(&file).exists() => Err(IssueReason::Missing),
            Err(error) => Err(unusable(error.to_string())),
        };
        Self { role, leaf, key: HeldKey::read(generation, role) }
    }

    /// The certificate in use, if it is on the list of its plane.
    pub(in crate::zone_directory) fn listed(&self, authorities: &Authorities) -> Option<RevokedCertificate> {
        let (certificate, ..) = self.leaf.as_ref().ok()?;
        authorities.has_revoked(self.role.plane, certificate).then(|| RevokedCertificate {
            role: self.role.name.to_owned(),
            serial: certificate.serial_hex(),
            at: None,
        })
    }

    /// The request by which it was issued, if its key is on its node.
    pub(in crate::zone_directory) fn request(&self) -> Option<Box<CertificateRequest>> {
        match &self.key {
            Ok(HeldKey::OnNode(request)) => Some(request.clone()),
            _ => None,
        }
    }

    /// Its files, as they are.
    pub(in crate::zone_directory) fn into_present(self) -> Option<Box<Present>> {
        let ((.., chain), key) = (self.leaf.ok()?, self.key.ok()?);
        Some(Box::new(Present { chain, key }))
    }

    /// Whether it stays, or why not.
    pub(in crate::zone_directory) fn examine(
        self,
        spec: &LeafSpec,
        authority: &Certificate,
        now: OffsetDateTime,
    ) -> Verdict {
        let (certificate, above, chain) = match self.leaf {
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
            None => Verdict::Keep { certificate: Box::new(certificate), above, chain, key },
        }
    }
}
