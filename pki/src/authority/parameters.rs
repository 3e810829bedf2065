//! From a specification to what rcgen encodes.

use aws_lc_rs::rand;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::{IssueError, utc};
use crate::certificate::Certificate;
use crate::der;
use crate::key::KeyError;
use crate::name::{SubjectAltName, SubjectAltNames, canonical_dns};
use crate::rules::Rule;
use crate::spec::{AuthoritySpec, LeafSpec, Subject, Usages};

/// How far `notBefore` lies before the instant of issue, at most.
const BACKDATED: Duration = Duration::minutes(5);
/// The part of a short validity that `notBefore` may lie before the instant of issue: a certificate must not
/// be past most of its life when it is made.
const BACKDATED_PART: i32 = 10;

/// id-ce-nameConstraints (RFC 5280, 4.2.1.10).
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];

/// The parameters of an authority; `issuer` is none for a root.
pub(super) fn authority(
    spec: &AuthoritySpec,
    now: OffsetDateTime,
    issuer: Option<&Certificate>,
) -> Result<CertificateParams, IssueError> {
    let mut parameters = common(spec.validity, now, issuer)?;
    describe_authority(&mut parameters, spec)?;
    if !spec.permitted_dns.is_empty() {
        let permitted = spec.permitted_dns.iter().map(|name| permitted(name)).collect::<Result<_, _>>()?;
        parameters.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    }
    Ok(parameters)
}

/// The parameters of a request for an authority. The encoder has no name constraints in requests, so they are
/// written here.
pub(crate) fn authority_request(spec: &AuthoritySpec) -> Result<CertificateParams, IssueError> {
    let mut parameters = CertificateParams::default();
    describe_authority(&mut parameters, spec)?;
    if !spec.permitted_dns.is_empty() {
        let mut subtrees = Vec::new();
        for name in &spec.permitted_dns {
            let base = der::element(der::PRIMITIVE_CONTEXT_2, canonical_dns(name)?.as_bytes());
            subtrees.extend(der::element(der::SEQUENCE, &base));
        }
        let constraints = der::element(der::SEQUENCE, &der::element(der::CONTEXT_0, &subtrees));
        let mut extension = CustomExtension::from_oid_content(NAME_CONSTRAINTS, constraints);
        extension.set_criticality(true);
        parameters.custom_extensions.push(extension);
    }
    Ok(parameters)
}

fn describe_authority(parameters: &mut CertificateParams, spec: &AuthoritySpec) -> Result<(), IssueError> {
    parameters.distinguished_name = spec.subject.distinguished_name()?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(spec.path_length));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(())
}

/// The parameters of a leaf under `issuer`.
pub(super) fn leaf(
    spec: &LeafSpec,
    now: OffsetDateTime,
    issuer: &Certificate,
) -> Result<CertificateParams, IssueError> {
    let mut parameters = common(spec.validity, now, Some(issuer))?;
    describe_leaf(&mut parameters, &spec.subject, &spec.names, spec.usages)?;
    Ok(parameters)
}

/// The parameters of a request for a leaf.
pub(crate) fn leaf_request(
    subject: &Subject,
    names: &SubjectAltNames,
    usages: Usages,
) -> Result<CertificateParams, IssueError> {
    let mut parameters = CertificateParams::default();
    describe_leaf(&mut parameters, subject, names, usages)?;
    Ok(parameters)
}

fn describe_leaf(
    parameters: &mut CertificateParams,
    subject: &Subject,
    names: &SubjectAltNames,
    usages: Usages,
) -> Result<(), IssueError> {
    if usages == Usages::NONE {
        return Err(IssueError::NoUsage);
    }
    parameters.distinguished_name = subject.distinguished_name()?;
    // `NoCa` would write neither basicConstraints nor a subject key identifier.
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if usages.server {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    if usages.client {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    parameters.subject_alt_names = names.iter().map(alternative_name).collect::<Result<_, _>>()?;
    Ok(())
}

/// What every certificate has: its own serial number, an authority key identifier, and a validity within its
/// issuer's.
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
        if let Some(fault) = issuer.fault(&[Rule::Valid(now)]) {
            return Err(IssueError::Invalid(fault));
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

/// 20 random bytes (RFC 5280, 4.1.2.2, allows no more), positive, and never shorter than that, so that every
/// serial number has the same length.
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
