//! The least that issuing costs: the same certificates out of rcgen and nothing around it.

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use zone_pki::{LeafSpec, SubjectAltName};

use crate::Result;

/// An authority that rcgen alone keeps.
#[derive(Debug)]
pub struct RawAuthority(Issuer<'static, KeyPair>);

impl RawAuthority {
    /// A self-signed one, with a P-256 key.
    pub fn generate(now: OffsetDateTime) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters.not_before = now;
        parameters.not_after = now + Duration::days(3650);
        parameters.distinguished_name = name(Some("bench CA"), Some("bench"));
        Ok(Self(Issuer::new(parameters, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)))
    }

    /// A key and its certificate, both DER: what `zone_pki::Authority::issue` makes of the same
    /// specification.
    pub fn issue(&self, spec: &LeafSpec, now: OffsetDateTime) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut serial = [0; 20];
        aws_lc_rs::rand::fill(&mut serial)?;
        serial[0] = serial[0] & 0x7f | 1;
        let mut parameters = CertificateParams::default();
        parameters.serial_number = Some(SerialNumber::from_slice(&serial));
        parameters.not_before = now - Duration::minutes(5);
        parameters.not_after = now + spec.validity;
        parameters.distinguished_name =
            name(spec.subject.common_name.as_deref(), spec.subject.organization.as_deref());
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        parameters.use_authority_key_identifier_extension = true;
        for name in spec.names.iter() {
            parameters.subject_alt_names.push(match name {
                SubjectAltName::Dns(name) => SanType::DnsName(Ia5String::try_from(name.as_str())?),
                SubjectAltName::Ip(address) => SanType::IpAddress(*address),
            });
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = parameters.signed_by(&key, &self.0)?;
        Ok((certificate.der().to_vec(), key.serialize_der()))
    }
}

fn name(common_name: Option<&str>, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in [(DnType::OrganizationName, organization), (DnType::CommonName, common_name)] {
        if let Some(value) = value {
            name.push(kind, value);
        }
    }
    name
}
