//! Certificates, keys and revocation lists as they are on disk.

use std::path::Path;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, CheckError, RevocationListError, SubjectAltNames, Usages, verify};

use super::count;
use crate::diagnosis::{CheckId, Finding, Verdict};
use crate::host::{
    AccessFault, AccessKind, FileFault, KeyFit, NodeFiles, PlaneFiles, RevocationFault, RoleFiles,
};
use crate::plan::{Plane, RENEW_AT, Role, SubjectRule, days_left};
use crate::report::shell_quoted;

/// What to type to have a node's certificates issued anew.
#[derive(Clone, Debug)]
pub struct Remedies {
    /// `zone-etcd pki issue NODE --zone DIR`.
    pub issue: String,
    /// How to copy the result to the node, if the CAs are not here.
    pub then: String,
}

impl Remedies {
    fn reissue(&self) -> String {
        format!("{}{}", self.issue, self.then)
    }
}

/// Everything about the files of a generation. `leaf_validity` is how long a certificate is to be valid.
pub fn judge(
    files: &NodeFiles,
    remedies: &Remedies,
    leaf_validity: Duration,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(presence(files, remedies));
    findings.extend(access(files));
    findings.extend(keys(files, remedies));
    for role in &files.roles {
        let Ok(chain) = &role.chain else { continue };
        let Some(leaf) = chain.first() else { continue };
        findings.push(chain_of(files, role.role, chain, remedies));
        findings.push(usage_of(role.role, leaf, remedies));
        findings.push(validity_of(role.role, leaf, remedies, now));
    }
    findings.extend(authorities(files, leaf_validity, now));
    for plane in &files.planes {
        findings.extend(revocations(files, plane, remedies, now));
    }
    findings
}

fn presence(files: &NodeFiles, remedies: &Remedies) -> Vec<Finding> {
    let mut faults: Vec<&FileFault> = Vec::new();
    for role in &files.roles {
        faults.extend(role.chain.as_ref().err());
        faults.extend(role.key.as_ref().err().filter(|fault| !fault.is_access));
    }
    for plane in &files.planes {
        faults.extend(plane.authority.as_ref().err());
        if let Err(RevocationFault::File(fault)) = &plane.revocations {
            faults.push(fault);
        }
    }
    faults.extend(files.root.as_ref().err());
    let directory = files.directory.display().to_string();
    if faults.is_empty() {
        let number = 2 * files.roles.len() + 2 * files.planes.len() + 1;
        return vec![Finding::passed(CheckId::CertificateFiles, directory, count(number, "file"))];
    }
    if faults.iter().all(|fault| fault.is_missing) && !files.directory.exists() {
        let found = format!("there is no {directory}: nothing was issued for this node here");
        return vec![
            Finding::new(CheckId::CertificateFiles, Verdict::Failed, directory, found)
                .remedy(remedies.reissue()),
        ];
    }
    let judge = |fault: &FileFault| {
        let found = if fault.is_missing {
            "it is missing".to_owned()
        } else {
            format!("it cannot be used: {}", fault.why)
        };
        Finding::new(CheckId::CertificateFiles, Verdict::Failed, fault.path.display().to_string(), found)
            .remedy(remedies.reissue())
    };
    faults.into_iter().map(judge).collect()
}

fn access(files: &NodeFiles) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.access.iter().map(judge_access).collect();
    for role in &files.roles {
        if let Err(fault) = &role.key
            && fault.is_access
        {
            let path = fault.path.display().to_string();
            let remedy =
                format!("chmod 600 {0}; if others could have read it, issue a new one", shell_quoted(&path));
            findings.push(
                Finding::new(CheckId::FileAccess, Verdict::Failed, path, fault.why.clone()).remedy(remedy),
            );
        }
    }
    if findings.is_empty() {
        let subject = files.directory.display().to_string();
        findings.push(Finding::passed(
            CheckId::FileAccess,
            subject,
            "keys 0600, directories 0700, nothing writable by others",
        ));
    }
    findings
}

fn judge_access(fault: &AccessFault) -> Finding {
    let path = fault.path.display().to_string();
    let quoted = shell_quoted(&path);
    let (verdict, found, remedy) = match fault.kind {
        AccessKind::Open => (
            Verdict::Failed,
            format!("its mode is {:04o}: others can look into it", fault.mode),
            format!("chmod 700 {quoted}"),
        ),
        AccessKind::Writable => (
            Verdict::Failed,
            format!("its mode is {:04o}: others can change it", fault.mode),
            format!("chmod go-w {quoted}"),
        ),
        // What lies above is often not the operator's alone to change, and `run` has started from there before.
        AccessKind::ParentWritable => (
            Verdict::Warning,
            format!(
                "its mode is {:04o}: others can put another directory in the place of this node's",
                fault.mode
            ),
            format!("chmod go-w {quoted}"),
        ),
        AccessKind::Owner => (
            Verdict::Warning,
            format!("it belongs to user {}", fault.owner),
            format!("chown it to the user that runs the member: chown USER {quoted}"),
        ),
    };
    Finding::new(CheckId::FileAccess, verdict, path, found).remedy(remedy)
}

fn keys(files: &NodeFiles, remedies: &Remedies) -> Vec<Finding> {
    let others: Vec<&RoleFiles> = files.roles.iter().filter(|files| files.key == Ok(KeyFit::Other)).collect();
    if others.is_empty() {
        let fitting = files.roles.iter().filter(|files| files.key == Ok(KeyFit::Fits)).count();
        let subject = files.directory.display().to_string();
        // Keys that are not there were told of before.
        return if fitting == 0 {
            Vec::new()
        } else {
            vec![Finding::passed(CheckId::CertificateKey, subject, count(fitting, "key"))]
        };
    }
    let judge = |role: &RoleFiles| {
        let path = files.directory.join(role.role.key_file()).display().to_string();
        let found = format!("it is not the key of {}", role.role.certificate_file());
        Finding::new(CheckId::CertificateKey, Verdict::Failed, path, found).remedy(remedies.reissue())
    };
    others.into_iter().map(judge).collect()
}

/// Whether the leaf leads to its plane's CA. Validity is another check, so this asks for an instant at which both are valid.
fn chain_of(files: &NodeFiles, role: &Role, chain: &[Certificate], remedies: &Remedies) -> Finding {
    let subject = role.certificate_file();
    let check = CheckId::CertificateChain;
    let Some(leaf) = chain.first() else { return Finding::passed(check, subject, "") };
    let authority = match authority_of(files, role.plane) {
        Some(authority) => authority,
        // Without its own copy of the CA, as on a node without a member, the one that came with the certificate is at hand.
        None => match chain.get(1) {
            Some(above) => above,
            None => return Finding::new(check, Verdict::Note, subject, "no CA is at hand to check it with"),
        },
    };
    let fail = |found: String| {
        Finding::new(check, Verdict::Failed, subject.clone(), found).remedy(remedies.reissue())
    };
    if leaf.authority_key_identifier().is_some()
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
        Err(CheckError::Expired { .. } | CheckError::NotYetValid { .. }) => {
            fail("its CA was not valid at any time with it".to_owned())
        }
        Err(error) => fail(error.to_string()),
    }
}

fn authority_of(files: &NodeFiles, plane: Plane) -> Option<&Certificate> {
    files.plane(plane)?.authority.as_ref().ok()
}

fn usage_of(role: &Role, leaf: &Certificate, remedies: &Remedies) -> Finding {
    let (check, subject) = (CheckId::CertificateUsage, role.certificate_file());
    let (wanted, present) = (role.usages, leaf.usages());
    let missing: Vec<String> = Usages::BOTH
        .iter()
        .filter(|usage| wanted.contains(*usage) && !present.contains(*usage))
        .map(|usage| usage.to_string())
        .collect();
    let surplus: Vec<String> = Usages::BOTH
        .iter()
        .filter(|usage| !wanted.contains(*usage) && present.contains(*usage))
        .map(|usage| usage.to_string())
        .collect();
    let finding = |verdict, found: String| {
        Finding::new(check, verdict, subject.clone(), found).remedy(remedies.reissue())
    };
    if !missing.is_empty() {
        return finding(Verdict::Failed, format!("it may not be used for {}", missing.join(" and ")));
    }
    if role.subject == SubjectRule::Gateway && leaf.common_name().is_some() {
        return finding(
            Verdict::Failed,
            "it has a common name: etcd ends when the gateway's has one".to_owned(),
        );
    }
    if !surplus.is_empty() {
        return finding(Verdict::Warning, format!("it may also be used for {}", surplus.join(" and ")));
    }
    Finding::passed(check, subject, present.to_string())
}

fn validity_of(role: &Role, leaf: &Certificate, remedies: &Remedies, now: OffsetDateTime) -> Finding {
    let (check, subject) = (CheckId::CertificateValidity, role.certificate_file());
    let days = days_left(leaf, now);
    if now > leaf.not_after() {
        let found = format!("it expired at {}", instant(leaf.not_after()));
        return Finding::new(check, Verdict::Failed, subject, found).remedy(remedies.reissue());
    }
    if now < leaf.not_before() {
        let found = format!(
            "it is not valid before {}, and this machine's clock says {}",
            instant(leaf.not_before()),
            instant(now)
        );
        return Finding::new(check, Verdict::Failed, subject, found).remedy("set this machine's clock right");
    }
    if leaf.validity_used(now) >= RENEW_AT {
        let found = format!("{} left, less than a third of its life", time_left(leaf, now));
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedies.reissue());
    }
    Finding::passed(check, subject, format!("{days} days left"))
}

fn time_left(certificate: &Certificate, now: OffsetDateTime) -> String {
    match days_left(certificate, now) {
        0 => format!("{} hours", (certificate.not_after() - now).whole_hours()),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// RFC 3339, to the second.
pub fn instant(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

fn authorities(files: &NodeFiles, leaf_validity: Duration, now: OffsetDateTime) -> Vec<Finding> {
    let planes = files
        .planes
        .iter()
        .filter_map(|plane| Some((plane.plane.authority_file(), plane.authority.as_ref().ok()?)));
    let root = files.root.as_ref().ok().map(|root| (crate::plan::ROOT_FILE, root));
    planes.chain(root).map(|(file, authority)| judge_authority(file, authority, leaf_validity, now)).collect()
}

fn judge_authority(
    file: &str,
    authority: &Certificate,
    leaf_validity: Duration,
    now: OffsetDateTime,
) -> Finding {
    let (check, subject) = (CheckId::AuthorityValidity, file.to_owned());
    let remedy = "plan for a new CA before it ends: this version cannot rotate one";
    if now > authority.not_after() {
        let found = format!("it expired at {}", instant(authority.not_after()));
        return Finding::new(check, Verdict::Failed, subject, found).remedy(remedy);
    }
    if now < authority.not_before() {
        let found = format!("it is not valid before {}", instant(authority.not_before()));
        return Finding::new(check, Verdict::Failed, subject, found).remedy("set this machine's clock right");
    }
    if !authority.is_authority() {
        return Finding::new(check, Verdict::Failed, subject, "it is not the certificate of a CA")
            .remedy("put the zone's own CA there: zone-etcd pki issue does");
    }
    if authority.not_after() < now + leaf_validity {
        let found = format!(
            "{} left, less than a certificate is to be valid: new ones end with it",
            time_left(authority, now)
        );
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedy);
    }
    Finding::passed(check, subject, format!("{} days left", days_left(authority, now)))
}

fn revocations(
    files: &NodeFiles,
    plane: &PlaneFiles,
    remedies: &Remedies,
    now: OffsetDateTime,
) -> Option<Finding> {
    let check = CheckId::RevocationList;
    let path = files.directory.join(plane.plane.revocation_file());
    let subject = plane.plane.revocation_file().to_owned();
    let fail = |found: String| {
        Finding::new(check, Verdict::Failed, path.display().to_string(), found).remedy(remedies.reissue())
    };
    let list = match &plane.revocations {
        Ok(list) => list,
        // A missing file was told of before.
        Err(RevocationFault::File(_)) => return None,
        Err(RevocationFault::List(_, error)) => return Some(fail(error.to_string())),
    };
    let own: Vec<&Role> = files
        .roles
        .iter()
        .filter(|files| files.role.plane == plane.plane)
        .filter(|files| files.chain.as_ref().is_ok_and(|chain| chain.iter().any(|each| list.lists(each))))
        .map(|files| files.role)
        .collect();
    if !own.is_empty() {
        let names: Vec<String> = own.iter().map(|role| role.certificate_file()).collect();
        let found = format!("it lists this node's own {}", names.join(", "));
        return Some(
            Finding::new(check, Verdict::Failed, path.display().to_string(), found)
                .because("whoever has this list refuses this node")
                .remedy(format!(
                    "if this node is to stay, have new certificates issued: move {} away, then {}",
                    files.directory.display(),
                    remedies.reissue()
                )),
        );
    }
    if let Some(error) = not_signed(files, plane, list) {
        return Some(fail(error.to_string()));
    }
    if let Some(next) = list.next_update().filter(|next| *next < now) {
        let found = format!("a newer one was to come by {}", instant(next));
        return Some(
            Finding::new(check, Verdict::Warning, subject, found)
                .because("etcd goes on with it, but certificates that were revoked since are accepted here")
                .remedy(remedies.reissue()),
        );
    }
    Some(Finding::passed(check, subject, format!("{} listed", count(list.len(), "certificate"))))
}

fn not_signed(
    files: &NodeFiles,
    plane: &PlaneFiles,
    list: &zone_pki::RevocationList,
) -> Option<RevocationListError> {
    let authority = plane.authority.as_ref().ok()?;
    let leaf =
        files.roles.iter().find(|files| files.role.plane == plane.plane)?.chain.as_ref().ok()?.first()?;
    list.verify(authority, leaf).err()
}

/// What this machine's clock says against what was issued. `last_issued` is the last entry of the issuance log.
pub fn clock(
    newest: Option<OffsetDateTime>,
    last_issued: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Finding {
    let (check, subject) = (CheckId::Clock, instant(now));
    let remedy = "set this machine's clock right, and keep it so with a time service";
    if let Some(newest) = newest.filter(|newest| now < *newest) {
        let found =
            format!("a certificate of this node begins at {}, which is still to come", instant(newest));
        return Finding::new(check, Verdict::Failed, subject, found).remedy(remedy);
    }
    if let Some(issued) = last_issued.filter(|issued| now < *issued) {
        let found = format!("the last certificate was issued at {}, which is still to come", instant(issued));
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedy);
    }
    Finding::passed(check, subject, "after everything that was issued")
}

/// Whether the CAs of a generation are those of the zone directory.
pub fn trust(
    file: &str,
    of_node: &Certificate,
    of_zone: &Certificate,
    path: &Path,
    remedies: &Remedies,
) -> Option<Finding> {
    if of_node == of_zone {
        return None;
    }
    let found = format!("it is not the CA that the zone has in {}", path.display());
    Some(Finding::new(CheckId::CertificateChain, Verdict::Failed, file, found).remedy(remedies.reissue()))
}
