//! Whether the policies of a chain are valid: `policiesValid`, as far as anybody needs it.

use super::parse::Parsed;
use super::{Refusal, Rule};

const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// Refuses a chain below a CA that requires a policy (RFC 5280, 4.2.1.11) unless every certificate below the anchor has one in common.
/// Mappings of policies are not followed where one is required.
pub(super) fn check(chain: &[&Parsed<'_>]) -> Result<(), Refusal> {
    let Some((_, below_anchor)) = chain.split_last() else { return Ok(()) };
    let Some((leaf, above)) = below_anchor.split_first() else { return Ok(()) };
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
    let mut common: Option<Vec<&[u8]>> = None;
    for certificate in below_anchor.iter().rev().filter(|certificate| !certificate.policies.contains(&ANY)) {
        let own = certificate.policies.iter().copied();
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
