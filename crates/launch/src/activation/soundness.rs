//! Whether a member could work with the files of a generation: what `run` checks before each start, before
//! they are in use.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{
    Certificate, CheckError, Fault, Rule, ShowPath, SubjectAltNames, instant, regular_file, verify,
};

use super::description::Described;
use diagnosis::rules::authorities::{not_signed, own_listed};
use diagnosis::rules::certificates;
use diagnosis::rules::names::{self, Dialled};
use diagnosis::rules::remedies::Remedies;
use diagnosis::{CheckId, Finding, Verdict};
use etcd::tls;
use etcd::tls::hostname::host_of;
use host::NodeFiles;
use model::error::{Failure, Result};
use model::plan::{PEER, Plane, ROOT_FILE, Role, SERVER};

/// Refuses files that could not work, with everything that is wrong as its cause. `in_use` is the generation
/// in use.
#[tracing::instrument(skip_all, name = "check soundness")]
pub(super) fn check(
    generation: &Path,
    described: &Described,
    in_use: Option<&Path>,
    name: &str,
    now: OffsetDateTime,
) -> Result<()> {
    let files = NodeFiles::of_generation(generation, &described.node);
    let issue = format!(
        "have a new one made on the signing host: {}",
        store::bundle::proposed_elsewhere(described.node.name.short())
    );
    let remedies = Remedies { issue: issue.clone(), then: String::new() };
    let leaf_validity =
        time::Duration::try_from(described.zone.pki.leaf_validity).unwrap_or(time::Duration::MAX);
    let mut findings = certificates::judge(&files, &remedies, leaf_validity, now);
    tolerate_own_lists(&files, in_use, &remedies, &mut findings);
    findings.extend(not_valid_yet(&files, now));
    findings.extend(leads_to_root(&files, now));
    if let Some(member) = &described.member {
        let from_file = |url: &str, stem| Dialled { url: url.to_owned(), stem, source: "zone.toml" };
        let (peer, client) = (member.member.peer_url.as_str(), member.advertise_client.as_str());
        findings.extend(names::names(
            &files,
            &[from_file(peer, PEER.stem), from_file(client, SERVER.stem)],
            &remedies,
        ));
        let host = |url| host_of(url).unwrap_or_default();
        let dials_with = member.dials_peers_with;
        let handshake_cases =
            tls::handshake_cases(generation, dials_with, host(peer), host(client), &[generation.to_owned()]);
        let checked = tls::check_handshakes(generation, handshake_cases, |stem, trust| {
            tls::Side::load(generation, stem, trust)
        });
        findings.extend(names::handshakes(&checked, &findings, &remedies));
    }
    let failed: Vec<&Finding> =
        findings.iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    let mut failure =
        Failure::bad_input(format!("{} could not work with {name}", described.node.name.short()));
    failure.causes = failed.iter().map(|finding| format!("{}: {}", finding.subject, finding.found)).collect();
    Err(failure.next(first.remedy.clone().unwrap_or(issue)))
}

/// A member starts with a CA that is not valid yet and has issued nothing. Here it shows that one of the two
/// clocks is wrong, while nothing rests on that CA.
fn not_valid_yet(files: &NodeFiles, now: OffsetDateTime) -> Vec<Finding> {
    let planes = files.planes.iter().map(|plane| (plane.plane.authority_file(), &plane.authorities));
    let all = planes.chain([(ROOT_FILE, &files.roots)]);
    all.flat_map(|(file, authorities)| authorities.iter().flatten().map(move |each| (file, each)))
        .filter_map(|(file, authority)| {
            let fault = authority.fault(&[Rule::Valid(now)]);
            let fault = fault.filter(|fault| matches!(fault, Fault::NotYetValid(_)))?;
            let clock = instant(now);
            let found = format!("{} {fault}, and this machine's clock says {clock}", authority.subject());
            let finding = Finding::new(CheckId::AuthorityValidity, Verdict::Failed, file, found);
            Some(finding.remedy(
                "compare this machine's clock with the signing host's; if that one was ahead, there: \
                 zone-etcd pki rotate-ca --rollback",
            ))
        })
        .collect()
}

/// A list may have a certificate that this node uses already: others who have its key are to be refused here
/// first.
fn tolerate_own_lists(
    files: &NodeFiles,
    in_use: Option<&Path>,
    remedies: &Remedies,
    findings: &mut Vec<Finding>,
) {
    let Some(in_use) = in_use else { return };
    let is_in_use = |role: &&Role| {
        let file = role.certificate_file();
        let read = |directory: &Path| regular_file::read(&directory.join(&file)).ok();
        read(in_use).is_some_and(|present| read(&files.directory).is_some_and(|new| new == present))
    };
    for plane in &files.planes {
        let own = own_listed(files, plane);
        if own.is_empty() || !own.iter().all(is_in_use) {
            continue;
        }
        let list = files.directory.join(plane.plane.revocation_file()).shown().to_string();
        findings.retain(|finding| finding.check != CheckId::RevocationList || finding.subject != list);
        findings.extend(not_signed(files, plane, remedies));
    }
}

/// Whether what this node shows to others chains to a certificate that clients trust. Validity is judged by
/// another check.
fn leads_to_root(files: &NodeFiles, now: OffsetDateTime) -> Vec<Finding> {
    let text = regular_file::read(&files.directory.join(ROOT_FILE)).unwrap_or_default();
    // Without a root that can be read, there is a finding that says so.
    let Ok(anchors) = Certificate::chain_from_pem(&text) else { return Vec::new() };
    let of_clients = files.roles.iter().filter(|files| files.role.plane == Plane::Client);
    let leads = |chain: &[Certificate]| {
        let Some((leaf, above)) = chain.split_first() else { return Ok(()) };
        let above: Vec<&Certificate> = above.iter().collect();
        let mut last = Ok(());
        for anchor in &anchors {
            last = verify(leaf, &above, anchor, leaf.usages(), &SubjectAltNames::default(), now);
            if matches!(
                last,
                Ok(()) | Err(CheckError::Unfit { fault: Fault::Expired(_) | Fault::NotYetValid(_), .. })
            ) {
                return Ok(());
            }
        }
        last
    };
    of_clients
        .filter_map(|files| {
            let error = leads(files.chain.as_ref().ok()?).err()?;
            let found = format!("it does not chain to {ROOT_FILE}: {error}");
            let subject = files.role.certificate_file();
            Some(Finding::new(CheckId::CertificateChain, Verdict::Failed, subject, found))
        })
        .collect()
}
