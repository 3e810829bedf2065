//! The part of a check that rustls-webpki does.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use time::OffsetDateTime;
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
    anchor_from_trusted_cert,
};

use super::{CheckError, abide};
use crate::certificate::Certificate;
use crate::go;
use crate::name::{SubjectAltName, SubjectAltNames};
use crate::rules::{Fault, Rule};
use crate::signature_cache::algorithms;
use crate::spec::{Usage, Usages};

/// Verifies the path from the leaf to the anchor, for all usages at once.
pub(super) fn verify(
    leaf: &Certificate,
    intermediates: &[&Certificate],
    anchor: &Certificate,
    usages: Usages,
    now: OffsetDateTime,
) -> Result<(), CheckError> {
    let report = |error| explain(leaf, error);
    let end_entity = EndEntityCert::try_from(leaf.tls_der()).map_err(report)?;
    let anchors = [anchor_from_trusted_cert(anchor.tls_der()).map_err(report)?];
    let between: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    let instant = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let path = end_entity
        .verify_for_usage(algorithms(), &anchors, &between, instant, AllOf(usages), None, None)
        .map_err(report)?;
    abide(anchor, &[Rule::Authority])?;
    // webpki takes of an anchor its name, its key and its name constraints; Go and OpenSSL look at all of it.
    let used: Vec<_> = path.intermediate_certificates().map(|used| used.der()).collect();
    let used = used.iter().filter_map(|der| {
        intermediates.iter().copied().find(|certificate| certificate.der() == der.as_ref())
    });
    let chain: Vec<&Certificate> = std::iter::once(leaf).chain(used).chain([anchor]).collect();
    go::verify_chain(&chain, usages, now).map_err(|refusal| CheckError::RefusedByGo(Box::new(refusal)))
}

/// Verifies that the leaf covers each of the names.
pub(super) fn verify_names(leaf: &Certificate, names: &SubjectAltNames) -> Result<(), CheckError> {
    if names.is_empty() {
        return Ok(());
    }
    let end_entity = EndEntityCert::try_from(leaf.tls_der()).map_err(|error| explain(leaf, error))?;
    let stands_for = |name: &SubjectAltName| {
        // A name that can be dialled: for a wildcard, one that it covers.
        let dialled = match name {
            SubjectAltName::Dns(dns) => match dns.strip_prefix("*.") {
                Some(_) if !leaf.names().contains(name) => return false,
                Some(rest) => ServerName::try_from(format!("any.{rest}")),
                None => ServerName::try_from(dns.clone()),
            },
            SubjectAltName::Ip(address) => Ok(ServerName::IpAddress((*address).into())),
        };
        dialled.is_ok_and(|dialled| end_entity.verify_is_valid_for_subject_name(&dialled).is_ok())
    };
    match names.iter().find(|name| !stands_for(name)) {
        Some(name) => Err(CheckError::NameMissing { subject: leaf.subject().to_owned(), name: name.clone() }),
        None => Ok(()),
    }
}

/// All of these usages in one walk along the path; webpki's own validator takes one. As with its own, a
/// certificate without the extension allows any.
struct AllOf(Usages);

impl ExtendedKeyUsageValidator for AllOf {
    fn validate(&self, identifiers: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for identifier in identifiers {
            present.push(identifier?.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        for usage in self.0.iter() {
            let (required, number) = match usage {
                Usage::Server => (KeyUsage::server_auth(), KeyUsage::SERVER_AUTH_REPR),
                Usage::Client => (KeyUsage::client_auth(), KeyUsage::CLIENT_AUTH_REPR),
            };
            if !present.iter().any(|found| found == number) {
                let context = RequiredEkuNotFoundContext { required, present };
                return Err(Error::RequiredEkuNotFoundContext(context));
            }
        }
        Ok(())
    }
}

fn explain(leaf: &Certificate, error: Error) -> CheckError {
    let subject = leaf.subject().to_owned();
    match error {
        Error::UnknownIssuer => CheckError::UnknownIssuer { subject, issuer: leaf.issuer().to_owned() },
        Error::InvalidSignatureForPublicKey
        | Error::SignatureAlgorithmMismatch
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => CheckError::BadSignature { subject },
        Error::NameConstraintViolation => {
            CheckError::OutsideConstraints { subject, names: leaf.names().clone() }
        }
        Error::CaUsedAsEndEntity => CheckError::LeafIsAuthority { subject },
        Error::PathLenConstraintViolated => CheckError::PathLength { subject },
        Error::RequiredEkuNotFoundContext(context) => {
            let is_server = context.required == KeyUsage::server_auth();
            let missing = if is_server { Usages::SERVER } else { Usages::CLIENT };
            CheckError::Unfit { subject, fault: Fault::UsageMissing(missing) }
        }
        other => CheckError::Refused { subject, reason: format!("{other:?}") },
    }
}
