//! From a specification to what rcgen encodes.

use aws_lc_rs::rand;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::{IssueError, utc};
use crate::certificate::Certificate;
use crate::key::KeyError;
use crate::name::{SubjectAltName, canonical_dns};
use crate::spec::{AuthoritySpec, LeafSpec, Usages};

/// How far `notBefore` lies before the instant of issue, at most.
const BACKDATED: Duration = Duration::minutes(5);
/// The part of a short validity that `notBefore` may lie before the instant of issue: a certificate must not be past most of
/// its life when it is made.
const BACKDATED_PART: i32 = 10;

/// The parameters of an authority; `issuer` is none for a root.
pub(super) fn authority(
    spec: &AuthoritySpec,
    now: OffsetDateTime,
    issuer: Option<&Certificate>,
) -> Result<CertificateParams, IssueError> {
    let mut parameters = common(spec.validity, now, issuer)?;
    parameters.distinguished_name = spec.subject.distinguished_name()?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(spec.path_length));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if !spec.permitted_dns.is_empty() {
        let permitted = spec.permitted_dns.iter().map(|name| permitted(name)).collect::<Result<_, _>>()?;
        parameters.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    }
    Ok(parameters)
}

/// The parameters of a leaf under `issuer`.
pub(super) fn leaf(
    spec: &LeafSpec,
    now: OffsetDateTime,
    issuer: &Certificate,
) -> Result<CertificateParams, IssueError> {
    if spec.usages == Usages::NONE {
        return Err(IssueError::NoUsage);
    }
    let mut parameters = common(spec.validity, now, Some(issuer))?;
    parameters.distinguished_name = spec.subject.distinguished_name()?;
    // `NoCa` would write neither basicConstraints nor a subject key identifier.
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if spec.usages.server {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    if spec.usages.client {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    parameters.subject_alt_names = spec.names.iter().map(alternative_name).collect::<Result<_, _>>()?;
    Ok(parameters)
}

/// What every certificate has: its own serial number, an authority key identifier, and a validity within its issuer's.
fn common(
    validity: Duration,
    now: OffsetDateTime,
    issuer: Option<&Certificate>,
) -> Result<CertificateParams, IssueError> {
    let now = utc(now)?;
    let mut not_before =
        utc(now.checked_sub(BACKDATED.min(validity / BACKDATED_PART)).ok_or(IssueError::Validity)?)?;
    let mut not_after = now.checked_add(validity).ok_or(IssueError::Validity)?;
    if validity <= Duration::ZERO {
        return Err(IssueError::Validity);
    }
    if let Some(issuer) = issuer {
        if now > issuer.not_after() {
            return Err(IssueError::Expired { not_after: issuer.not_after() });
        }
        if now < issuer.not_before() {
            return Err(IssueError::NotYetValid { not_before: issuer.not_before() });
        }
        not_before = not_before.max(issuer.not_before());
        not_after = not_after.min(issuer.not_after());
    }
    let mut parameters = CertificateParams::default();
    parameters.not_before = not_before;
    parameters.not_after = not_after;
    parameters.serial_number = Some(serial_number()?);
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

/// 20 random bytes (RFC 5280, 4.1.2.2, allows no more), positive, and never shorter than that, so that every serial
/// number has the same length.
fn serial_number() -> Result<SerialNumber, IssueError> {
    let mut serial = [0; 20];
    while serial[0] == 0 {
        rand::fill(&mut serial).map_err(|_| IssueError::Key(KeyError::Library))?;
        serial[0] &= 0x7f;
    }
    Ok(SerialNumber::from_slice(&serial))
}

fn permitted(name: &str) -> Result<GeneralSubtree, IssueError> {
    Ok(GeneralSubtree::DnsName(canonical_dns(name)?))
}

/// The name for the encoder. It is checked again, for the variants of the enum can be put together by hand.
fn alternative_name(name: &SubjectAltName) -> Result<SanType, IssueError> {
    Ok(match name {
        SubjectAltName::Dns(name) => {
            let name = canonical_dns(name)?;
            SanType::DnsName(Ia5String::try_from(name).map_err(super::encoding)?)
        }
        SubjectAltName::Ip(address) => SanType::IpAddress(*address),
    })
}
