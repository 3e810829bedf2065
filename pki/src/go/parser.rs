//! What Go takes for a certificate: `parseCertificate`.

use super::der::{BIT_STRING, Der, SEQUENCE, constructed, context};
use super::extensions::{self, Extensions};
use super::{Refusal, Rule, text};
use crate::certificate::Certificate;

/// A certificate as Go has it.
#[derive(Debug)]
pub(super) struct Parsed<'c> {
    /// What it was read from.
    pub(super) certificate: &'c Certificate,
    pub(super) body: Body<'c>,
}

/// What is in its DER.
#[derive(Debug)]
pub(super) struct Body<'d> {
    /// 1, 2 or 3.
    pub(super) version: u8,
    /// What is signed.
    pub(super) signed: &'d [u8],
    /// The algorithm identifier of the signature: what is inside the sequence.
    pub(super) signature_algorithm: &'d [u8],
    pub(super) signature: &'d [u8],
    pub(super) key: Key<'d>,
    pub(super) extensions: Extensions<'d>,
}

/// A public key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'d> {
    pub(super) kind: KeyKind,
    /// The algorithm identifier: what is inside the sequence.
    pub(super) algorithm: &'d [u8],
    /// What is inside the bit string.
    pub(super) bits: &'d [u8],
}

/// What Go can do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// With this many bits.
    Rsa(usize),
    /// On P-256, P-384 or P-521.
    Ecdsa,
    /// On P-224, which verifies certificates and serves no TLS.
    EcdsaP224,
    Ed25519,
    /// It reads the key and can do nothing with it in TLS, or does not know the kind.
    Other,
}

impl<'c> Parsed<'c> {
    pub(super) fn new(certificate: &'c Certificate) -> Result<Self, Refusal> {
        match parse(certificate.der()) {
            Ok(body) => Ok(Self { certificate, body }),
            Err(rule) => Err(rule.of(certificate)),
        }
    }
}

impl<'c> std::ops::Deref for Parsed<'c> {
    type Target = Extensions<'c>;

    fn deref(&self) -> &Extensions<'c> {
        &self.body.extensions
    }
}

const REISSUE: &str = "have its CA issue it again in the form of RFC 5280";

/// Reads a certificate, or says what Go does not read in it.
pub(super) fn parse(der: &[u8]) -> Result<Body<'_>, Rule> {
    let mut outer = Der(der).take(SEQUENCE).ok_or_else(|| malformed("encoding"))?;
    let signed = outer.element(SEQUENCE).ok_or_else(|| malformed("encoding"))?;
    let mut body = Der(signed).take(SEQUENCE).ok_or_else(|| malformed("encoding"))?;
    let version = version(&mut body).ok_or_else(|| malformed("version"))?;
    let serial = body.integer().ok_or_else(|| malformed("serial number"))?;
    if serial.first().is_some_and(|first| *first >= 0x80) {
        return Err(Rule::new(
            "has a negative serial number",
            "x509.ParseCertificate; RFC 5280, 4.1.2.2",
            "have it issued again with a positive serial number",
        ));
    }
    let algorithm = body.take(SEQUENCE).ok_or_else(|| malformed("signature algorithm"))?.0;
    let outside = outer.take(SEQUENCE).ok_or_else(|| malformed("signature algorithm"))?.0;
    if algorithm != outside {
        let what = "names two different signature algorithms";
        return Err(Rule::new(what, "x509.ParseCertificate; RFC 5280, 4.1.1.2", REISSUE));
    }
    Der(algorithm).identifier().ok_or_else(|| malformed("signature algorithm"))?;
    name(&mut body).ok_or_else(|| malformed("issuer"))?;
    let mut validity = body.take(SEQUENCE).ok_or_else(|| malformed("validity"))?;
    time(&mut validity).and_then(|()| time(&mut validity)).ok_or_else(|| malformed("validity"))?;
    name(&mut body).ok_or_else(|| malformed("subject"))?;
    let key = body.take(SEQUENCE).and_then(key).ok_or_else(|| malformed("public key"))?;
    let extensions = if version == 3 { extensions::read(body)? } else { Extensions::default() };
    let signature = outer.bits().ok_or_else(|| malformed("signature"))?;
    Ok(Body { version, signed, signature_algorithm: algorithm, signature, key, extensions })
}

fn malformed(what: &str) -> Rule {
    Rule::new(format!("has a malformed {what}"), "x509.ParseCertificate; RFC 5280, 4.1", REISSUE)
}

fn name(body: &mut Der<'_>) -> Option<()> {
    body.element(SEQUENCE).filter(|name| text::name_is_readable(name)).map(drop)
}

/// One more than what is written, which may be left out for 1.
fn version(body: &mut Der<'_>) -> Option<u8> {
    let written = match body.optional(constructed(0))? {
        Some(mut inside) => inside.unsigned()?,
        None => 0,
    };
    u8::try_from(written).ok().filter(|written| *written <= 2).map(|written| written + 1)
}

/// `parseTime`: as it would be written again. Its value has been read by another parser.
fn time(validity: &mut Der<'_>) -> Option<()> {
    let (tag, value) = validity.any()?;
    let least = match tag {
        // UTCTime, which Go reads without seconds as well, and GeneralizedTime.
        0x17 => 10,
        0x18 => 14,
        _ => return None,
    };
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_whole = digits == least || (tag == 0x17 && digits == 12);
    let zone = &value[digits..];
    let is_offset = match zone {
        [b'+' | b'-', rest @ ..] => rest.len() == 4 && rest.iter().all(u8::is_ascii_digit) && rest != b"0000",
        _ => false,
    };
    (is_whole && (zone == b"Z" || is_offset)).then_some(())
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const P224: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x21];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// `parsePublicKey`: a key of a known kind is as its kind has to be; what Go does not know it takes as it is.
fn key(mut info: Der<'_>) -> Option<Key<'_>> {
    let algorithm = info.take(SEQUENCE)?.0;
    let mut identifier = Der(algorithm);
    let number = identifier.identifier()?;
    let bits = info.peek(BIT_STRING).then(|| info.bits())??;
    let kind = match number {
        RSA => KeyKind::Rsa(rsa(bits).filter(|_| identifier.0 == [5, 0])?),
        EC => elliptic(identifier.identifier()?, bits)?,
        ED25519 if identifier.is_empty() && bits.len() == 32 => KeyKind::Ed25519,
        X25519 if identifier.is_empty() && bits.len() == 32 => KeyKind::Other,
        ED25519 | X25519 => return None,
        _ => KeyKind::Other,
    };
    Some(Key { kind, algorithm, bits })
}

fn elliptic(curve: &[u8], point: &[u8]) -> Option<KeyKind> {
    let (kind, length) = match curve {
        P224 => (KeyKind::EcdsaP224, 28),
        P256 => (KeyKind::Ecdsa, 32),
        P384 => (KeyKind::Ecdsa, 48),
        P521 => (KeyKind::Ecdsa, 66),
        _ => return None,
    };
    // Uncompressed (RFC 5480, 2.2).
    (point.first() == Some(&4) && point.len() == 1 + 2 * length).then_some(kind)
}

/// The bits of the modulus.
fn rsa(bits: &[u8]) -> Option<usize> {
    let mut key = Der(bits).take(SEQUENCE)?;
    let (modulus, exponent) = (key.integer()?, key.unsigned()?);
    let is_positive = modulus.first().is_some_and(|first| *first < 0x80) && modulus != [0] && exponent > 0;
    is_positive.then(|| crate::certificate::parser::bits(modulus))
}

/// Passes over the two identifiers that are not used (RFC 5280, 4.1.2.8).
pub(super) fn unique_identifiers(body: &mut Der<'_>) -> Option<()> {
    body.optional(context(1))?;
    body.optional(context(2))?;
    Some(())
}
