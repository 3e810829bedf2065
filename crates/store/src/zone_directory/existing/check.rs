//! What a CA that was made elsewhere has to be, checked before anything is issued or written.

use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, Rule, ShowPath, SubjectAltNames};

use super::read::quoted;
use crate::zone_directory::failures::validity_failure;
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, days_left, roles_of};
use model::report;

/// What a CA is to do in the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The plane CAs are issued below it.
    Root,
    Plane(Plane),
}

impl Part {
    /// How many CAs stand below it.
    fn below(self) -> u32 {
        match self {
            Self::Root => 1,
            Self::Plane(_) => 0,
        }
    }

    fn signs(self, plane: Plane) -> bool {
        match self {
            Self::Root => true,
            Self::Plane(own) => own == plane,
        }
    }
}

/// Checks a CA and what stands above it, the nearest first. `file` is where both are.
pub(super) fn check(
    file: &Path,
    certificate: &Certificate,
    above: &[&Certificate],
    part: Part,
    zone: &ZoneConfig,
    now: OffsetDateTime,
) -> Result<()> {
    check_order(file, certificate, above)?;
    check_path_length(file, certificate, part, 0)?;
    for (index, authority) in above.iter().enumerate() {
        check_authority(file, authority, now)?;
        check_path_length(file, authority, part, u32::try_from(index).unwrap_or(u32::MAX) + 1)?;
    }
    let way: Vec<&Certificate> = std::iter::once(certificate).chain(above.iter().copied()).collect();
    check_names(file, &way, part, zone)
}

/// The same for a root that lies in `ca/` already.
pub(in crate::zone_directory) fn check_root(
    file: &Path,
    root: &Certificate,
    above: &[&Certificate],
    zone: &ZoneConfig,
    now: OffsetDateTime,
) -> Result<()> {
    check(file, root, above, Part::Root, zone, now)
}

/// Each certificate has to be followed by its issuer.
fn check_order(file: &Path, certificate: &Certificate, above: &[&Certificate]) -> Result<()> {
    let mut last = certificate;
    for (index, next) in above.iter().enumerate() {
        if last.is_self_issued() || !last.names_issuer(next) {
            let elsewhere = above.iter().any(|other| last.names_issuer(other));
            let what = if elsewhere { "out of order" } else { "incomplete" };
            let wanted = if last.is_self_issued() {
                format!("nothing stands above {}, which is self-signed", last.subject())
            } else {
                format!("{} was issued by {}", last.subject(), last.issuer())
            };
            return Err(Failure::bad_input(format!("the chain in {} is {what}", file.shown()))
                .because(format!("certificate {} in it is {}", index + 2, next.subject()))
                .because(wanted)
                .next("put the CA's own certificate first, and after each the one that issued it"));
        }
        last = next;
    }
    Ok(())
}

/// A CA above: only its certificate is known, and it signs nothing here.
pub(super) fn check_authority(file: &Path, certificate: &Certificate, now: OffsetDateTime) -> Result<()> {
    let rules = [Rule::Authority, Rule::Strong, Rule::Valid(now)];
    let Some(fault) = certificate.fault(&rules) else { return Ok(()) };
    let subject = certificate.subject();
    Err(match validity_failure(file, &fault, now) {
        Some(failure) => failure.because(format!("the certificate is {subject}")),
        None => Failure::bad_input(format!("the chain in {} does not hold", file.shown()))
            .because(format!("{subject} {fault}"))
            .next("ask for a chain of CA certificates that verifiers take: openssl verify -x509_strict"),
    })
}

/// How many CAs may stand below this one, which has `between` of those that were given below itself.
fn check_path_length(file: &Path, certificate: &Certificate, part: Part, between: u32) -> Result<()> {
    let needed = between + part.below();
    let Some(fault) = certificate.fault(&[Rule::Above(needed)]) else { return Ok(()) };
    let failure = Failure::bad_input(format!("the path length in {} is too short", file.shown()))
        .because(format!("{} {fault}, and {needed} would stand there", certificate.subject()));
    if part == Part::Root && between == 0 {
        let shown = quoted(file);
        return Err(failure.because("the zone's peer and client CAs are issued below it").next(format!(
            "use it as the CA of one plane: --client-ca {shown} --client-ca-key KEY, or --peer-ca {shown} \
             --peer-ca-key KEY"
        )));
    }
    Err(failure.next(format!(
        "ask for {} to be issued again with path length {needed} or none",
        certificate.subject()
    )))
}

/// Every name that the zone wants to certify below it has to be permitted on the whole way up.
fn check_names(file: &Path, way: &[&Certificate], part: Part, zone: &ZoneConfig) -> Result<()> {
    let mut refused: Vec<String> = Vec::new();
    for node in &zone.nodes {
        let mut seen = SubjectAltNames::new();
        for role in roles_of(node).filter(|role| part.signs(role.plane)) {
            // With this the short name is left out, as it is wherever it is not permitted.
            let permitted = ["-".to_owned()];
            for name in role.node_spec(zone, node, &permitted).names.iter() {
                if seen.contains(name) {
                    continue;
                }
                seen.insert(name.clone());
                let excluded = way
                    .iter()
                    .find_map(|authority| Some((authority, authority.name_constraints().check(name).err()?)));
                if let Some((authority, why)) = excluded {
                    let subject = authority.subject();
                    refused.push(format!("{name} of {}: {why} by {subject}", node.name.short()));
                }
            }
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let mut failure =
        Failure::new(Exit::Configuration, format!("{} may not certify the zone's names", file.shown()));
    let more = refused.len().saturating_sub(SHOWN);
    failure.causes = refused.into_iter().take(SHOWN).collect();
    if more > 0 {
        failure.causes.push(format!("and {more} more"));
    }
    Err(failure.next("ask for name constraints that permit them, or call the nodes otherwise in zone.toml"))
}

/// How many names a message lists.
const SHOWN: usize = 8;

/// What works, but not for ever, or not for all clients.
pub(super) fn warn(
    file: &Path,
    certificate: &Certificate,
    above: &[Certificate],
    zone: &ZoneConfig,
    now: OffsetDateTime,
) {
    let leaf_validity = Duration::try_from(zone.pki.leaf_validity).unwrap_or(Duration::MAX);
    for authority in std::iter::once(certificate).chain(above) {
        let subject = authority.subject();
        if authority.fault(&[Rule::Young(now), Rule::Outlives(now, leaf_validity)]).is_some() {
            report::warning(&format!(
                "{subject} in {} expires in {} days: what is issued below it lives no longer",
                file.shown(),
                days_left(authority, now)
            ));
        }
        if let Some(algorithm) = authority.weak_signature() {
            report::warning(&format!(
                "{subject} in {} signed itself with {algorithm}: it is not verified, but some scanners \
                 complain",
                file.shown()
            ));
        }
    }
    let top = above.last().unwrap_or(certificate);
    if !top.is_self_issued() {
        report::warning(&format!(
            "the chain in {} ends with {}, which {} issued: clients are given that to trust, and some, such \
             as openssl, want a self-signed root",
            file.shown(),
            top.subject(),
            top.issuer()
        ));
    }
}
