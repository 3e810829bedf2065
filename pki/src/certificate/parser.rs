//! Reads the facts out of a certificate, with x509-parser: not the library that writes them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::Oid;
use x509_parser::der_parser::oid;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension};
use x509_parser::oid_registry as known;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use crate::constraints::NameConstraints;
use crate::der::whole_sequence;
use crate::name::{SubjectAltName, SubjectAltNames};
use crate::printable::Visible;
use crate::spec::Usages;

/// What is known of a certificate. The ranges are positions in its DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// 1, 2 or 3.
    pub(super) version: u32,
    pub(super) serial: Vec<u8>,
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) subject_der: Range<usize>,
    pub(super) issuer_der: Range<usize>,
    pub(super) public_key: Range<usize>,
    pub(super) common_name: Option<String>,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) key_description: String,
    pub(super) rsa_bits: Option<usize>,
    pub(super) weak_signature: Option<&'static str>,
    pub(super) names: SubjectAltNames,
    pub(super) usages: Usages,
    pub(super) authority: bool,
    pub(super) may_sign_certificates: bool,
    pub(super) path_length: Option<u32>,
    pub(super) constraints: NameConstraints,
    pub(super) subject_key_identifier: Option<Vec<u8>>,
    pub(super) authority_key_identifier: Option<Vec<u8>>,
}

/// Reads `der`, which has to be one certificate from end to end. The error is a reason, for a message.
pub(super) fn facts(der: &[u8]) -> Result<Facts, String> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes follow it", rest.len()));
    }
    // The parser does not look at the class of the tag; openssl and etcd do.
    whole_sequence(der).ok_or("it is not a sequence")?;
    let (key_description, rsa_bits) = describe_key(certificate.public_key());
    let mut facts = Facts {
        version: certificate.version().0.saturating_add(1),
        serial: without_sign(certificate.raw_serial()).to_vec(),
        subject: for_people(certificate.subject()),
        issuer: for_people(certificate.issuer()),
        subject_der: position(der, certificate.subject().as_raw()),
        issuer_der: position(der, certificate.issuer().as_raw()),
        public_key: position(der, certificate.public_key().raw),
        common_name: common_name(certificate.subject()),
        not_before: certificate.validity().not_before.to_datetime(),
        not_after: certificate.validity().not_after.to_datetime(),
        key_description,
        rsa_bits,
        weak_signature: weak_signature(&certificate.signature_algorithm.algorithm),
        names: SubjectAltNames::new(),
        usages: Usages::BOTH,
        authority: false,
        may_sign_certificates: true,
        path_length: None,
        constraints: NameConstraints::default(),
        subject_key_identifier: None,
        authority_key_identifier: None,
    };
    read_extensions(&certificate, &mut facts)?;
    Ok(facts)
}

fn read_extensions(certificate: &X509Certificate<'_>, facts: &mut Facts) -> Result<(), String> {
    let extensions = certificate.extensions();
    for (index, extension) in extensions.iter().enumerate() {
        // RFC 5280, 4.2: no more than one instance of an extension.
        if extensions[..index].iter().any(|earlier| earlier.oid == extension.oid) {
            return Err(format!("extension {} occurs twice", extension.oid));
        }
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => {
                facts.authority = constraints.ca;
                facts.path_length = constraints.path_len_constraint.filter(|_| constraints.ca);
            }
            ParsedExtension::KeyUsage(usage) => facts.may_sign_certificates = usage.key_cert_sign(),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                facts.usages = tls_usages(usage);
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                facts.names = names.general_names.iter().filter_map(alternative_name).collect();
            }
            ParsedExtension::NameConstraints(constraints) => {
                facts.constraints = NameConstraints::read(constraints)?;
            }
            ParsedExtension::SubjectKeyIdentifier(identifier) => {
                facts.subject_key_identifier = Some(identifier.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                facts.authority_key_identifier =
                    identifier.key_identifier.as_ref().map(|identifier| identifier.0.to_vec());
            }
            ParsedExtension::ParseError { .. } => {
                return Err(format!("extension {} cannot be read", extension.oid));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What an extended key usage allows in TLS.
pub(crate) fn tls_usages(usage: &ExtendedKeyUsage<'_>) -> Usages {
    Usages { server: usage.any || usage.server_auth, client: usage.any || usage.client_auth }
}

/// Where `part`, a slice of `whole`, lies in it.
pub(crate) fn position(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr()).min(whole.len());
    start..(start + part.len()).min(whole.len())
}

/// DER puts a zero byte before a positive number whose top bit is set.
fn without_sign(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => serial,
    }
}

pub(crate) fn alternative_name(name: &GeneralName<'_>) -> Option<SubjectAltName> {
    match name {
        GeneralName::DNSName(name) => Some(SubjectAltName::Dns((*name).to_owned())),
        GeneralName::IPAddress(octets) => {
            let address = match octets.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(*octets).map(Ipv4Addr::from).ok()?),
                16 => IpAddr::from(<[u8; 16]>::try_from(*octets).map(Ipv6Addr::from).ok()?),
                _ => return None,
            };
            Some(SubjectAltName::Ip(address))
        }
        _ => None,
    }
}

pub(crate) fn common_name(name: &X509Name<'_>) -> Option<String> {
    let value = name.iter_common_name().next()?;
    value.as_str().ok().map(str::to_owned)
}

/// A name that stands by itself, in DER.
pub(super) fn name_for_people(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, name)| for_people(&name))
}

/// The most specific attribute first, as RFC 4514, 2.1 has it. Visible as a whole: it is whatever the holder
/// wrote.
pub(crate) fn for_people(name: &X509Name<'_>) -> String {
    let attributes: Vec<_> = name.iter_attributes().collect();
    let mut text = String::with_capacity(64);
    for attribute in attributes.iter().rev() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        match short_name(attribute.attr_type()) {
            Some(short) => text.push_str(short),
            None => text.push_str(&attribute.attr_type().to_id_string()),
        }
        text.push('=');
        match attribute.as_str() {
            Ok(value) => text.push_str(value),
            Err(_) => text.push_str(&String::from_utf8_lossy(attribute.as_slice())),
        }
    }
    Visible(text).to_string()
}

fn short_name(kind: &Oid<'_>) -> Option<&'static str> {
    let names = [
        (known::OID_X509_COMMON_NAME, "CN"),
        (known::OID_X509_ORGANIZATION_NAME, "O"),
        (known::OID_X509_ORGANIZATIONAL_UNIT, "OU"),
        (known::OID_X509_COUNTRY_NAME, "C"),
        (known::OID_X509_STATE_OR_PROVINCE_NAME, "ST"),
        (known::OID_X509_LOCALITY_NAME, "L"),
        (known::OID_DOMAIN_COMPONENT, "DC"),
        (known::OID_PKCS9_EMAIL_ADDRESS, "emailAddress"),
    ];
    names.into_iter().find(|(name, _)| name == kind).map(|(_, short)| short)
}

/// The kind of key for people, and the bits of an RSA modulus.
pub(crate) fn describe_key(key: &SubjectPublicKeyInfo<'_>) -> (String, Option<usize>) {
    let algorithm = &key.algorithm.algorithm;
    if *algorithm == known::OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        return (describe_curve(curve), None);
    }
    if *algorithm == known::OID_SIG_ED25519 {
        return ("Ed25519".to_owned(), None);
    }
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let bits = bits(rsa.modulus);
            (format!("RSA {bits}"), Some(bits))
        }
        _ => (algorithm.to_id_string(), None),
    }
}

fn describe_curve(curve: Option<Oid<'_>>) -> String {
    let Some(curve) = curve else { return "ECDSA on a curve without a name".to_owned() };
    if curve == known::OID_EC_P256 {
        "ECDSA P-256".to_owned()
    } else if curve == known::OID_NIST_EC_P384 {
        "ECDSA P-384".to_owned()
    } else if curve == known::OID_NIST_EC_P521 {
        "ECDSA P-521".to_owned()
    } else {
        format!("ECDSA on curve {}", curve.to_id_string())
    }
}

/// How many bits a big-endian number has, leading zeros not counted.
pub(crate) fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &number[start..]);
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}

fn weak_signature(algorithm: &Oid<'_>) -> Option<&'static str> {
    let weak = [
        (known::OID_PKCS1_SHA1WITHRSA, "RSA with SHA-1"),
        (known::OID_SHA1_WITH_RSA, "RSA with SHA-1"),
        (known::OID_PKCS1_MD5WITHRSAENC, "RSA with MD5"),
        (oid!(1.2.840.10045.4.1), "ECDSA with SHA-1"),
    ];
    weak.into_iter().find(|(identifier, _)| identifier == algorithm).map(|(_, name)| name)
}
