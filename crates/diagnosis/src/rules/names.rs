//! Names of certificates against what is dialled, and handshakes with the files as they are.

use crate::{CheckId, Finding, Verdict};
use etcd::tls::HandshakeCheck;
use etcd::tls::hostname::host_of;
use host::NodeFiles;
use zone_pki::go::covers;

use super::remedies::Remedies;
use model::plan::{Plane, Role};

/// A URL that is dialled, with who serves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    pub url: String,
    /// The stem of the certificate that is served there.
    pub stem: &'static str,
    /// Where the URL comes from, as `zone.toml` or `the live member list`.
    pub source: &'static str,
}

/// Whether the certificates cover every URL.
pub fn names(files: &NodeFiles, dialled: &[Dialled], remedies: &Remedies) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stem in Plane::ALL.map(|plane| plane.serves_with().stem) {
        let Some(leaf) = files.leaf(stem) else { continue };
        let urls: Vec<&Dialled> = dialled.iter().filter(|dialled| dialled.stem == stem).collect();
        let missing: Vec<&&Dialled> = urls
            .iter()
            .filter(|dialled| !host_of(&dialled.url).is_some_and(|host| covers(leaf, host)))
            .collect();
        let file = format!("{stem}.crt");
        if missing.is_empty() {
            let hosts: Vec<&str> = urls.iter().filter_map(|dialled| host_of(&dialled.url)).collect();
            findings.push(Finding::passed(CheckId::CertificateNames, file, hosts.join(", ")));
            continue;
        }
        for dialled in missing {
            let host = host_of(&dialled.url).unwrap_or(&dialled.url);
            let found = format!("it does not cover {host}, where {} has {}", dialled.source, dialled.url);
            findings
                .push(Finding::new(CheckId::CertificateNames, Verdict::Failed, file.clone(), found).remedy(
                format!(
                    "if zone.toml has the address of this node, {}; else add sans = [\"{host}\"] below its \
                     [[node]] first",
                    remedies.issue
                ),
            ));
        }
    }
    findings
}

/// The handshakes. One whose certificate was found wrong by another check says nothing new, and is left out.
pub fn handshakes(checked: &[HandshakeCheck], earlier: &[Finding], remedies: &Remedies) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut well = Vec::new();
    for HandshakeCheck { case, result } in checked {
        let who = format!("{} to {}", case.client.stem, case.server.stem);
        let Err(error) = result else {
            if !well.contains(&who) {
                well.push(who);
            }
            continue;
        };
        let is_known = earlier.iter().any(|finding| {
            let about = |role: &Role| {
                [role.certificate_file(), role.key_file()].iter().any(|file| finding.subject.ends_with(file))
            };
            finding.verdict == Verdict::Failed
                && (about(case.client)
                    || about(case.server)
                    || finding.subject.ends_with(case.server_trust)
                    || finding.subject.ends_with(case.client_trust)
                    || finding.check == CheckId::CertificateFiles)
        });
        if is_known {
            continue;
        }
        let subject = format!("{who}, as {}", case.host);
        findings.push(
            Finding::new(CheckId::Handshake, Verdict::Failed, subject, error.to_string())
                .remedy(remedies.issue.clone()),
        );
    }
    if !well.is_empty() {
        findings.insert(0, Finding::passed(CheckId::Handshake, "in memory", well.join(", ")));
    }
    findings
}
