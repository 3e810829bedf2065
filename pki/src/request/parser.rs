//! Reads the facts out of a request, with x509-parser: not the library that writes them.

use std::ops::Range;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::RequestError;
use crate::certificate::parser::{
    alternative_name, common_name, describe_key, for_people, position, tls_usages,
};
use crate::der::{BIT_STRING, SEQUENCE, whole_sequence};
use crate::key::PublicKey;
use crate::name::SubjectAltNames;
use crate::spec::Usages;

/// What is known of a request. The ranges are positions in its DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) signed: Range<usize>,
    /// The contents of the algorithm identifier, as webpki compares them.
    pub(super) signature_algorithm: Range<usize>,
    pub(super) signature: Range<usize>,
    pub(super) public_key_info: Range<usize>,
    pub(super) public_key: PublicKey,
    pub(super) key_description: String,
    pub(super) subject: String,
    pub(super) common_name: Option<String>,
    pub(super) names: SubjectAltNames,
    pub(super) usages: Usages,
    pub(super) authority: bool,
}

/// Reads `der`, which has to be one request from end to end.
pub(super) fn facts(der: &[u8]) -> Result<Facts, RequestError> {
    let damaged = |reason: &str| RequestError::Damaged { reason: reason.to_owned() };
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|error| damaged(&error.to_string()))?;
    if !rest.is_empty() {
        return Err(damaged(&format!("{} bytes follow it", rest.len())));
    }
    let (algorithm, signature) = signature(der).ok_or_else(|| damaged("it has no signature"))?;
    let info = &request.certification_request_info;
    let public_key_info = info.subject_pki.raw;
    refuse_control_characters(info.subject.iter_attributes().filter_map(|each| each.as_str().ok()))?;
    let mut facts = Facts {
        signed: position(der, info.raw),
        signature_algorithm: position(der, algorithm),
        signature: position(der, signature),
        public_key_info: position(der, public_key_info),
        public_key: PublicKey::from_subject_public_key_info(public_key_info).map_err(RequestError::Key)?,
        key_description: describe_key(&info.subject_pki).0,
        subject: for_people(&info.subject),
        common_name: common_name(&info.subject),
        names: SubjectAltNames::new(),
        usages: Usages::NONE,
        authority: false,
    };
    for attribute in info.iter_attributes() {
        let ParsedCriAttribute::ExtensionRequest(wanted) = attribute.parsed_attribute() else { continue };
        for extension in &wanted.extensions {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    refuse_control_characters(names.general_names.iter().filter_map(text_of))?;
                    facts.names = names.general_names.iter().filter_map(alternative_name).collect();
                }
                ParsedExtension::ExtendedKeyUsage(usage) => facts.usages = tls_usages(usage),
                ParsedExtension::BasicConstraints(constraints) => facts.authority = constraints.ca,
                ParsedExtension::ParseError { .. } => {
                    return Err(damaged(&format!("extension {} cannot be read", extension.oid)));
                }
                _ => {}
            }
        }
    }
    Ok(facts)
}

/// No certificate is of use with them, and what is compared by eye must not hold any.
fn refuse_control_characters<'t>(mut texts: impl Iterator<Item = &'t str>) -> Result<(), RequestError> {
    match texts.find_map(|text| text.chars().find(|c| c.is_control())) {
        Some(character) => Err(RequestError::ControlCharacter { character }),
        None => Ok(()),
    }
}

fn text_of<'n>(name: &GeneralName<'n>) -> Option<&'n str> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => Some(text),
        _ => None,
    }
}

/// What follows the part that is signed: the contents of the algorithm identifier, and the signature.
fn signature(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut contents = whole_sequence(der)?;
    contents.take(SEQUENCE)?;
    let algorithm = contents.take(SEQUENCE)?;
    match contents.take(BIT_STRING)? {
        [0, signature @ ..] => Some((algorithm, signature)),
        _ => None,
    }
}
