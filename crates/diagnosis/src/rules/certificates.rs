//! Certificates as they are on disk.

use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, CheckError, Fault, Rule, SubjectAltNames, instant, verify};

use super::remedies::{Remedies, SET_THE_CLOCK};
use super::{authorities, files, time_left};
use crate::{CheckId, Finding, Verdict};
use host::NodeFiles;
use model::plan::{Plane, Role, SubjectRule, days_left};

/// Everything about the files of a generation. `leaf_validity` is how long a certificate is to be valid.
pub fn judge(
    of_node: &NodeFiles,
    remedies: &Remedies,
    leaf_validity: Duration,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(files::presence(of_node, remedies));
    findings.extend(files::access(of_node));
    findings.extend(files::keys(of_node, remedies));
    for role in &of_node.roles {
        let Ok(chain) = &role.chain else { continue };
        let Some(leaf) = chain.first() else { continue };
        findings.push(chain_of(of_node, role.role, chain, remedies));
        findings.push(usage_of(role.role, leaf, remedies));
        findings.push(validity_of(role.role, leaf, remedies, now));
    }
    findings.extend(authorities::authorities(of_node, leaf_validity, now));
    for plane in &of_node.planes {
        findings.extend(authorities::revocations(of_node, plane, remedies, now));
    }
    findings
}

/// Whether the leaf chains to its plane's CA. Validity is another check, so this asks for an instant at which
/// both are valid.
fn chain_of(files: &NodeFiles, role: &Role, chain: &[Certificate], remedies: &Remedies) -> Finding {
    let subject = role.certificate_file();
    let check = CheckId::CertificateChain;
    let Some(leaf) = chain.first() else { return Finding::passed(check, subject, "") };
    let authority = match authority_of(files, role.plane, leaf) {
        Some(authority) => authority,
        // Without its own copy of the CA, as on a node without a member, the one that came with the
        // certificate is at hand.
        None => match chain.get(1) {
            Some(above) => above,
            None => return Finding::new(check, Verdict::Note, subject, "no CA is at hand to check it with"),
        },
    };
    let fail = |found: String| {
        Finding::new(check, Verdict::Failed, subject.clone(), found).remedy(remedies.reissue())
    };
    if leaf.authority_key_identifier().is_some()
        && authority.subject_key_identifier().is_some()
        && leaf.authority_key_identifier() != authority.subject_key_identifier()
    {
        return fail(format!(
            "it was issued by another CA than {}, which the members trust",
            authority.subject()
        ));
    }
    let at = leaf.not_before().max(authority.not_before());
    match verify(leaf, &[], authority, leaf.usages(), &SubjectAltNames::default(), at) {
        // A list in the wrong order, or without the CA, is refused by those who trust the root alone.
        Ok(()) if role.plane == Plane::Client && chain.get(1) != Some(authority) => fail(
            "the CA's certificate does not follow it in the file: clients trust the root alone".to_owned(),
        ),
        Ok(()) => Finding::passed(check, subject, format!("issued by {}", authority.subject())),
        Err(CheckError::Unfit { fault: Fault::Expired(_) | Fault::NotYetValid(_), .. }) => {
            fail("its CA was not valid at any time with it".to_owned())
        }
        Err(error) => fail(error.to_string()),
    }
}

/// The CA that issued a leaf; the first if none of them did.
fn authority_of<'f>(files: &'f NodeFiles, plane: Plane, leaf: &Certificate) -> Option<&'f Certificate> {
    let trusted = files.plane(plane)?.authorities.as_ref().ok()?;
    trusted.iter().find(|authority| leaf.names_issuer(authority)).or(trusted.first())
}

fn usage_of(role: &Role, leaf: &Certificate, remedies: &Remedies) -> Finding {
    let (check, subject) = (CheckId::CertificateUsage, role.certificate_file());
    let (all, no_more) = (Rule::Allows(role.usages), Rule::AllowsOnly(role.usages));
    let rules: &[Rule] = match role.subject {
        SubjectRule::Gateway => &[all, Rule::NoCommonName, no_more],
        _ => &[all, no_more],
    };
    let (verdict, found) = match leaf.fault(rules) {
        None => return Finding::passed(check, subject, leaf.usages().to_string()),
        Some(Fault::UsageExcess(surplus)) => {
            (Verdict::Warning, format!("it may also be used for {}", surplus.in_words()))
        }
        Some(Fault::CommonName) => (
            Verdict::Warning,
            "it has a common name: etcd ignores it, and the gateway should not have that of a user"
                .to_owned(),
        ),
        Some(fault) => (Verdict::Failed, format!("it {fault}")),
    };
    Finding::new(check, verdict, subject, found).remedy(remedies.reissue())
}

fn validity_of(role: &Role, leaf: &Certificate, remedies: &Remedies, now: OffsetDateTime) -> Finding {
    let (check, subject) = (CheckId::CertificateValidity, role.certificate_file());
    let (verdict, found, remedy) = match leaf.fault(&[Rule::Valid(now), Rule::Young(now)]) {
        None => return Finding::passed(check, subject, format!("{} days left", days_left(leaf, now))),
        Some(fault @ Fault::NotYetValid(_)) => {
            let found = format!("it {fault}, and this machine's clock says {}", instant(now));
            (Verdict::Failed, found, SET_THE_CLOCK.to_owned())
        }
        Some(Fault::Ageing) => {
            let found = format!("{} left, less than a third of its life", time_left(leaf, now));
            (Verdict::Warning, found, remedies.reissue())
        }
        Some(fault) => (Verdict::Failed, format!("it {fault}"), remedies.reissue()),
    };
    Finding::new(check, verdict, subject, found).remedy(remedy)
}
