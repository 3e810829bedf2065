//! Whether the policies of a chain are valid: `policiesValid`, as far as needed.

use super::extensions::ANY_POLICY;
use super::parser::Parsed;
use super::{Refusal, Rule};

/// Refuses a chain below a CA that requires a policy (RFC 5280, 4.2.1.11) unless every certificate below the
/// anchor has one in common. Where one is required, mappings are not followed, and anyPolicy is no policy if
/// a CA inhibits it: RFC 9618 is not worth its length for what no CA for etcd has.
pub(super) fn check(chain: &[&Parsed<'_>]) -> Result<(), Refusal> {
    let Some((_, below_anchor)) = chain.split_last() else { return Ok(()) };
    let Some((leaf, above)) = below_anchor.split_first() else { return Ok(()) };
    if let Some(authority) = above.iter().find(|authority| authority.maps_any_policy) {
        let remedy = "have the CA's certificate issued again without that mapping";
        let rule = Rule::new("maps anyPolicy to another policy", "policiesValid; RFC 5280, 4.2.1.5", remedy);
        return Err(rule.of(authority.certificate));
    }
    // How many certificates may still follow, from the anchor down (RFC 5280, 6.1.4 h and i).
    let mut left = below_anchor.len() as u64 + 1;
    for authority in above.iter().rev() {
        if !authority.certificate.is_self_issued() {
            left = left.saturating_sub(1);
        }
        left = left.min(authority.explicit_policy.unwrap_or(left));
    }
    if leaf.explicit_policy != Some(0) && left > 1 {
        return Ok(());
    }
    let has_mappings = above.iter().any(|authority| authority.has_policy_mappings);
    let is_inhibited = above.iter().any(|authority| authority.inhibits_any_policy);
    let allows_any = |certificate: &&&Parsed<'_>| !is_inhibited && certificate.policies.contains(&ANY_POLICY);
    let mut common: Option<Vec<&[u8]>> = None;
    for certificate in below_anchor.iter().rev().filter(|certificate| !allows_any(certificate)) {
        let own = certificate.policies.iter().copied().filter(|policy| *policy != ANY_POLICY);
        common = Some(match common {
            None => own.collect(),
            Some(above) => own.filter(|policy| above.contains(policy)).collect(),
        });
    }
    if !has_mappings && common.is_none_or(|policies| !policies.is_empty()) {
        return Ok(());
    }
    let rule = Rule::new(
        "has no certificate policy in common with the CAs above, one of which requires it",
        "policiesValid; RFC 5280, 4.2.1.11",
        "have it made with the certificate policy that its CA requires",
    );
    Err(rule.of(leaf.certificate))
}
