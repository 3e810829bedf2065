//! What each certificate of a chain has to be, and the chain as a whole: `isValid`, `CheckSignatureFrom`,
//! `checkChainForKeyUsage`.

use time::OffsetDateTime;

use super::parser::{KeyKind, Parsed};
use super::{Refusal, Rule, constraints, policy};
use crate::spec::Usage;

/// What `crypto/tls` refuses among the certificates that a peer presents.
pub(super) fn presentable(certificate: &Parsed<'_>) -> Result<(), Refusal> {
    match certificate.body.key.kind {
        KeyKind::Rsa(bits) if bits > 8192 => {
            let what = format!("has an RSA key of {bits} bits, of at most 8192");
            Err(Rule::new(what, "tls.checkKeySize", "have it made for a smaller key")
                .of(certificate.certificate))
        }
        _ => Ok(()),
    }
}

/// Whether `crypto/tls` can sign a handshake with its key (`signatureSchemesForPublicKey`).
pub(super) fn servable(leaf: &Parsed<'_>) -> Result<(), Refusal> {
    let what = match leaf.body.key.kind {
        KeyKind::Rsa(bits) if bits < 1024 => {
            return Err(weak_rsa(leaf, bits));
        }
        KeyKind::Rsa(_) | KeyKind::Ecdsa | KeyKind::Ed25519 => return Ok(()),
        KeyKind::EcdsaP224 => "has a key on P-224, for which TLS 1.3 has no signature",
        KeyKind::Other => "has a key of a kind that TLS cannot sign with",
    };
    let remedy = "have it made for a key on P-256, P-384 or P-521, for Ed25519, or for RSA";
    Err(Rule::new(what, "tls.signatureSchemesForPublicKey", remedy).of(leaf.certificate))
}

/// RSA signatures by smaller keys are refused by Go since 1.24 (`rsa.checkKeySize`).
fn weak_rsa(certificate: &Parsed<'_>, bits: usize) -> Refusal {
    let what = format!("has an RSA key of {bits} bits, of at least 1024");
    Rule::new(what, "rsa.checkKeySize", "have it made for a key of 2048 bits or more")
        .of(certificate.certificate)
}

/// `isValid` for the leaf.
pub(super) fn valid_leaf(leaf: &Parsed<'_>, now: OffsetDateTime) -> Result<(), Refusal> {
    handled(leaf)?;
    within_validity(leaf, now)
}

/// `isValid` for a CA above `below`, the leaf first. The path length counts every certificate between,
/// self-issued or not.
pub(super) fn valid_authority(
    authority: &Parsed<'_>,
    below: &[&Parsed<'_>],
    is_anchor: bool,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    handled(authority)?;
    within_validity(authority, now)?;
    if !is_anchor && !authority.basic.is_some_and(|basic| basic.is_authority) {
        return Err(not_a_ca(authority));
    }
    let between = below.len().saturating_sub(1) as u64;
    match authority.basic.and_then(|basic| basic.path_length).filter(|most| between > *most) {
        Some(most) => {
            let what = format!("allows {most} CAs below it (pathLenConstraint), and {between} stand there");
            let remedy = "have its certificate issued again with a greater path length, or have the \
                certificate issued by a CA nearer to it";
            Err(Rule::new(what, "isValid; RFC 5280, 4.2.1.9", remedy).of(authority.certificate))
        }
        None => Ok(()),
    }
}

fn handled(certificate: &Parsed<'_>) -> Result<(), Refusal> {
    let Some(first) = certificate.unhandled.first() else { return Ok(()) };
    let what = format!("has the critical extension {first}, which Go does not know");
    let remedy = "have it issued again without that extension, or with the extension not critical";
    Err(Rule::new(what, "isValid; RFC 5280, 4.2", remedy).of(certificate.certificate))
}

fn within_validity(certificate: &Parsed<'_>, now: OffsetDateTime) -> Result<(), Refusal> {
    let Some(fault) = certificate.certificate.fault(&[crate::Rule::Valid(now)]) else { return Ok(()) };
    let remedy = "have it issued again, or set this machine's clock if it is wrong";
    Err(Rule::new(fault.to_string(), "isValid; RFC 5280, 4.1.2.5", remedy).of(certificate.certificate))
}

/// `CheckSignatureFrom`, before it looks at the signature. A root of version 1 has no extensions, and may
/// sign.
pub(super) fn may_sign(authority: &Parsed<'_>) -> Result<(), Refusal> {
    let is_authority = match authority.basic {
        Some(basic) => basic.is_authority,
        None => authority.body.version != 3,
    };
    if !is_authority {
        return Err(not_a_ca(authority));
    }
    if authority.has_key_usage && !authority.may_sign {
        let remedy = "have the CA's certificate issued again with keyUsage=keyCertSign";
        let rule = Rule::new(
            "may not sign certificates: its keyUsage lacks keyCertSign",
            "CheckSignatureFrom; RFC 5280, 4.2.1.3",
            remedy,
        );
        return Err(rule.of(authority.certificate));
    }
    match authority.body.key.kind {
        KeyKind::Rsa(bits) if bits < 1024 => Err(weak_rsa(authority, bits)),
        _ => Ok(()),
    }
}

fn not_a_ca(certificate: &Parsed<'_>) -> Refusal {
    let remedy = "have the certificate issued by a CA whose own has basicConstraints=CA:TRUE";
    let rule = Rule::new(
        "is not a CA: its basicConstraints lack CA:TRUE",
        "CheckSignatureFrom, isValid; RFC 5280, 4.2.1.9",
        remedy,
    );
    rule.of(certificate.certificate)
}

/// What a chain has to satisfy as a whole, from the leaf to the anchor.
pub(super) fn whole(chain: &[&Parsed<'_>], usage: Usage) -> Result<(), Refusal> {
    policy::check(chain)?;
    for certificate in chain.iter().rev() {
        let Some(usages) = certificate.usages.filter(|usages| !usages.any && !usages.is_empty) else {
            continue;
        };
        let (is_there, name) = match usage {
            Usage::Server => (usages.server, "serverAuth"),
            Usage::Client => (usages.client, "clientAuth"),
        };
        if !is_there {
            let what = format!(
                "does not allow {usage}: it has an extendedKeyUsage without {name}, which binds all below it \
                 too"
            );
            let remedy = "have it issued again with extendedKeyUsage=serverAuth,clientAuth, or a CA's \
                without that extension";
            return Err(Rule::new(what, "checkChainForKeyUsage; RFC 5280, 4.2.1.12", remedy)
                .of(certificate.certificate));
        }
    }
    constraints::check(chain)
}
