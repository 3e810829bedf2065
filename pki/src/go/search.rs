//! The chains from a certificate up to an anchor: `buildChains`.

use rustls_pki_types::SignatureVerificationAlgorithm;
use time::OffsetDateTime;

use super::parser::{KeyKind, Parsed};
use super::{Refusal, Rule, chain};
use crate::signature_cache::algorithms;

/// `maxChainSignatureChecks`.
const SIGNATURES_AT_MOST: usize = 100;

type Chain<'p, 'c> = Vec<&'p Parsed<'c>>;

struct Search<'p, 'c> {
    between: &'p [Parsed<'c>],
    anchors: &'p [Parsed<'c>],
    now: OffsetDateTime,
    left: usize,
    found: Vec<Chain<'p, 'c>>,
    /// Why the first candidate was not taken, and how far up that was.
    refusal: Option<(usize, Refusal)>,
}

/// Every chain that holds, certificate by certificate; at least one.
pub(super) fn chains<'p, 'c>(
    leaf: &'p Parsed<'c>,
    between: &'p [Parsed<'c>],
    anchors: &'p [Parsed<'c>],
    now: OffsetDateTime,
) -> Result<Vec<Chain<'p, 'c>>, Refusal> {
    // Where the certificate itself is trusted, no issuer is needed.
    if anchors.iter().any(|anchor| anchor.certificate == leaf.certificate) {
        return Ok(vec![vec![leaf]]);
    }
    let mut search =
        Search { between, anchors, now, left: SIGNATURES_AT_MOST, found: Vec::new(), refusal: None };
    search.extend(&vec![leaf]);
    match search.refusal {
        _ if !search.found.is_empty() => Ok(search.found),
        Some((_, refusal)) => Err(refusal),
        None => Err(unknown_issuer(leaf)),
    }
}

impl<'p, 'c> Search<'p, 'c> {
    fn extend(&mut self, chain: &Chain<'p, 'c>) {
        let Some(last) = chain.last() else { return };
        let mut is_issued = false;
        let (anchors, between) = (self.anchors, self.between);
        let candidates = anchors.iter().map(|anchor| (anchor, true));
        for (candidate, is_anchor) in candidates.chain(between.iter().map(|above| (above, false))) {
            if candidate.certificate.subject_der() != last.certificate.issuer_der() {
                continue;
            }
            is_issued = true;
            if is_in(chain, candidate) || self.left == 0 {
                continue;
            }
            self.left -= 1;
            let taken = chain::may_sign(candidate)
                .and_then(|()| signed_by(last, candidate))
                .and_then(|()| chain::valid_authority(candidate, chain, is_anchor, self.now));
            match taken {
                Ok(()) => {
                    let longer = [chain.as_slice(), &[candidate]].concat();
                    if is_anchor {
                        self.found.push(longer);
                    } else {
                        self.extend(&longer);
                    }
                }
                Err(refusal) => self.note(chain.len(), refusal),
            }
        }
        if !is_issued {
            self.note(chain.len(), unknown_issuer(last));
        }
    }

    /// What is furthest up says most.
    fn note(&mut self, length: usize, refusal: Refusal) {
        if self.refusal.as_ref().is_none_or(|(before, _)| *before < length) {
            self.refusal = Some((length, refusal));
        }
    }
}

/// `alreadyInChain`.
fn is_in(chain: &[&Parsed<'_>], candidate: &Parsed<'_>) -> bool {
    chain.iter().any(|other| {
        other.certificate.subject_der() == candidate.certificate.subject_der()
            && other.certificate.subject_public_key_info() == candidate.certificate.subject_public_key_info()
            && other.alternative_name == candidate.alternative_name
    })
}

/// `checkSignature`. RSA keys below 2048 bits and P-224 are not taken, though Go would: no other verifier
/// does.
fn signed_by(certificate: &Parsed<'_>, authority: &Parsed<'_>) -> Result<(), Refusal> {
    const SOURCE: &str = "checkSignature; RFC 5280, 6.1.3 (a) (1)";
    let refused = |what: String, remedy| Err(Rule::new(what, SOURCE, remedy).of(certificate.certificate));
    let key = &authority.body.key;
    if let Some(weak) = certificate.certificate.weak_signature() {
        return refused(format!("is signed with {weak}"), "have its CA sign it with SHA-256");
    }
    match key.kind {
        KeyKind::Rsa(bits) if bits < 2048 => {
            let what = format!("is signed by an RSA key of {bits} bits, of at least 2048");
            return refused(what, "have it made by a CA with a key of 2048 bits or more");
        }
        KeyKind::EcdsaP224 => {
            return refused(
                "is signed by a key on P-224".to_owned(),
                "have it made by a CA with a key on P-256",
            );
        }
        _ => {}
    }
    let fits = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.public_key_alg_id().as_ref() == key.algorithm
            && algorithm.signature_alg_id().as_ref() == certificate.body.signature_algorithm
    };
    let mut known = algorithms().iter().filter(fits).peekable();
    if known.peek().is_none() {
        let what = format!(
            "is signed with an algorithm that does not fit the key of {}",
            authority.certificate.subject()
        );
        return refused(what, "have its CA sign it with SHA-256, SHA-384 or SHA-512");
    }
    let (message, signature) = (certificate.body.signed, certificate.body.signature);
    if known.any(|algorithm| algorithm.verify_signature(key.bits, message, signature).is_ok()) {
        return Ok(());
    }
    let what = format!("was not signed by the key of {}", authority.certificate.subject());
    refused(what, "name the CA that issued it; another of the same name may have taken its place")
}

fn unknown_issuer(certificate: &Parsed<'_>) -> Refusal {
    let what =
        format!("was issued by {}, which is neither presented nor trusted", certificate.certificate.issuer());
    let remedy = "append the certificate of its issuer to the chain, or to the CAs that are trusted";
    Rule::new(what, "Certificate.Verify; RFC 5280, 6.1", remedy).of(certificate.certificate)
}
