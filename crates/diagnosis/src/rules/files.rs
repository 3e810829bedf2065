//! The files of a generation: there, private, and each key with its certificate.

use zone_pki::ShowPath;

use super::count;
use super::remedies::Remedies;
use crate::{CheckId, Finding, Verdict};
use host::{AccessFault, AccessKind, FileFault, KeyFit, NodeFiles, RevocationFault, RoleFiles};
use model::report::shell_quoted_path;

pub(super) fn presence(files: &NodeFiles, remedies: &Remedies) -> Vec<Finding> {
    let mut faults: Vec<&FileFault> = Vec::new();
    for role in &files.roles {
        faults.extend(role.chain.as_ref().err());
        faults.extend(role.key.as_ref().err().filter(|fault| !fault.is_access));
    }
    for plane in &files.planes {
        faults.extend(plane.authorities.as_ref().err());
        if let Err(RevocationFault::File(fault)) = &plane.revocations {
            faults.push(fault);
        }
    }
    faults.extend(files.roots.as_ref().err());
    let directory = files.directory.shown().to_string();
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
        Finding::new(CheckId::CertificateFiles, Verdict::Failed, fault.path.shown().to_string(), found)
            .remedy(remedies.reissue())
    };
    faults.into_iter().map(judge).collect()
}

pub(super) fn access(files: &NodeFiles) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.access.iter().map(judge_access).collect();
    for role in &files.roles {
        if let Err(fault) = &role.key
            && fault.is_access
        {
            let path = fault.path.shown().to_string();
            let remedy = format!(
                "chmod 600 {0}; if others could have read it, issue a new one",
                shell_quoted_path(&fault.path)
            );
            findings.push(
                Finding::new(CheckId::FileAccess, Verdict::Failed, path, fault.why.clone()).remedy(remedy),
            );
        }
    }
    if findings.is_empty() {
        let subject = files.directory.shown().to_string();
        findings.push(Finding::passed(
            CheckId::FileAccess,
            subject,
            "keys 0600, directories 0700, nothing writable by others",
        ));
    }
    findings
}

fn judge_access(fault: &AccessFault) -> Finding {
    let path = fault.path.shown().to_string();
    let quoted = shell_quoted_path(&fault.path);
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
        // What lies above is often not the operator's alone to change, and `run` has started from there
        // before.
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

pub(super) fn keys(files: &NodeFiles, remedies: &Remedies) -> Vec<Finding> {
    let others: Vec<&RoleFiles> = files.roles.iter().filter(|files| files.key == Ok(KeyFit::Other)).collect();
    if others.is_empty() {
        let of = |fit| files.roles.iter().filter(|files| files.key == Ok(fit)).count();
        let (here, on_node) = (of(KeyFit::Fits), of(KeyFit::OnNode));
        let subject = files.directory.shown().to_string();
        // Keys that are not there were told of before.
        return match (here, on_node) {
            (0, 0) => Vec::new(),
            (_, 0) => vec![Finding::passed(CheckId::CertificateKey, subject, count(here, "key"))],
            _ => {
                let found =
                    format!("{} on the node, which asked for their certificates", count(on_node, "key"));
                vec![Finding::passed(CheckId::CertificateKey, subject, found)]
            }
        };
    }
    let judge = |role: &RoleFiles| {
        let path = files.directory.join(&role.key_file).shown().to_string();
        let found = match role.key_file == role.role.request_file() {
            true => format!("it is not the request for {}", role.role.certificate_file()),
            false => format!("it is not the key of {}", role.role.certificate_file()),
        };
        Finding::new(CheckId::CertificateKey, Verdict::Failed, path, found).remedy(remedies.reissue())
    };
    others.into_iter().map(judge).collect()
}
