//! A certificate that is issued to be on a revocation list, and is never handed out: a member that refuses it
//! uses this list or a later one, and one that takes it uses an older one. So the list in use on a member can
//! be compared with the zone's, whatever carried it there and wherever the keys of what was revoked are.
//!
//! The last entry of a list is its probe. A list without entries has none.

use std::path::Path;

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{
    Authority, Certificate, LeafSpec, LogEntry, RevocationList, RevocationMark, RevocationReason, Revoked,
    Subject, SubjectAltNames, Usages, private_file,
};

use etcd::tls::KeyPair;
use model::config::ZoneConfig;
use model::plan::{Plane, ZonePaths, organization};

/// Its common name, and its role in the log.
const NAME: &str = "revocation-probe";

/// A probe that was issued just now.
pub(in crate::zone_directory) struct NewProbe {
    certificate: Certificate,
    /// The certificate, then its key, in PEM.
    pub(in crate::zone_directory) pem: Zeroizing<Vec<u8>>,
}

impl NewProbe {
    /// Issues one. None if the CA cannot, as one that was made elsewhere may be limited: its list is of use
    /// without.
    pub(in crate::zone_directory) fn issue(
        authority: &Authority,
        zone: &ZoneConfig,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let subject = Subject {
            common_name: Some(NAME.to_owned()),
            organization: Some(organization(zone)),
            organizational_unit: None,
        };
        let spec = LeafSpec {
            subject,
            names: SubjectAltNames::default(),
            usages: Usages::CLIENT,
            validity: authority.certificate().not_after() - now,
            key: zone.pki.key,
        };
        let (certificate, key) = authority.issue(&spec, now).ok()?.into_parts();
        let pem = Zeroizing::new([certificate.pem().as_bytes(), key.to_pem().as_bytes()].concat());
        Some(Self { certificate, pem })
    }

    pub(in crate::zone_directory) fn entry(&self, now: OffsetDateTime) -> Revoked {
        Revoked {
            serial: self.certificate.serial().to_vec(),
            at: now,
            reason: RevocationReason::CessationOfOperation,
        }
    }

    /// What is recorded of it, before the list is written.
    pub(in crate::zone_directory) fn log_entry(
        &self,
        zone: &ZoneConfig,
        plane: Plane,
        now: OffsetDateTime,
    ) -> LogEntry {
        let reason = RevocationReason::CessationOfOperation;
        let owner = owner(plane, zone);
        LogEntry {
            revoked: Some(RevocationMark { at: now, reason }),
            ..LogEntry::of(&self.certificate, NAME, &owner, now)
        }
    }
}

fn owner(plane: Plane, zone: &ZoneConfig) -> String {
    format!("{NAME}/{}.{}", plane.name(), zone.name)
}

/// The plane of a probe that is recorded; none if something else is.
pub(in crate::zone_directory) fn plane_of_probe(entry: &LogEntry, zone: &ZoneConfig) -> Option<Plane> {
    Plane::ALL.into_iter().find(|plane| entry.role == NAME && entry.node == owner(*plane, zone))
}

/// The probe of the list of a plane, if it has one that tells this list from the one before.
pub fn revocation_probe(
    paths: &ZonePaths,
    plane: Plane,
    authority: &Certificate,
    list: &RevocationList,
) -> Option<KeyPair> {
    let (certificate, key) = read(&paths.revocation_probe(plane.name()))?;
    let is_newest = list.entries().last().is_some_and(|entry| entry.serial == certificate.serial());
    if !is_newest || !certificate.names_issuer(authority) {
        return None;
    }
    KeyPair::from_pem(certificate.pem().as_bytes(), &key).ok()
}

fn read(path: &Path) -> Option<(Certificate, Zeroizing<Vec<u8>>)> {
    let text = private_file::read(path).ok()?;
    let end = memchr::memmem::find(&text, b"-----BEGIN PRIVATE KEY-----")?;
    let (certificate, key) = text.split_at_checked(end)?;
    Some((Certificate::from_pem(certificate).ok()?, Zeroizing::new(key.to_vec())))
}
