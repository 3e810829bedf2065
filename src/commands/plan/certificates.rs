//! The certificates of a plan, wherever they come from.

use time::OffsetDateTime;
use zone_pki::{Certificate, SubjectAltNames, Usages};

use launch::Launch;
use model::plan::{Plane, days_left};
use store::site::Certificates;
use store::zone_directory::Verdict;

/// A certificate that the member presents.
pub(super) struct Listed {
    pub(super) role: &'static str,
    pub(super) file: String,
    pub(super) subject: String,
    pub(super) usages: Usages,
    pub(super) names: SubjectAltNames,
    /// None if it is to be issued.
    pub(super) days_left: Option<i64>,
    /// Why it is to be issued, if it is.
    pub(super) issue: Option<String>,
}

pub(super) struct Trusted<'l> {
    pub(super) plane: Plane,
    pub(super) authority: &'l Certificate,
}

/// The certificates that the member presents.
pub(super) fn of(launch: &Launch<'_>, now: OffsetDateTime) -> Vec<Listed> {
    match &launch.certificates {
        Certificates::Issued { assessment, .. } => assessment
            .entries
            .iter()
            .map(|entry| {
                let (subject, days_left, issue) = match entry.verdict() {
                    Verdict::Keep { certificate, .. } => {
                        (certificate.subject().to_owned(), Some(days_left(certificate, now)), None)
                    }
                    Verdict::Issue(reason) => {
                        (entry.spec.subject.to_string(), None, Some(reason.to_string()))
                    }
                    Verdict::Withheld(_) => {
                        (entry.spec.subject.to_string(), None, Some("revoked".to_owned()))
                    }
                };
                let (role, file) = (entry.role.name, entry.role.certificate_file());
                let (usages, names) = (entry.spec.usages, entry.spec.names.clone());
                Listed { role, file, subject, usages, names, days_left, issue }
            })
            .collect(),
        Certificates::Existing(existing) => Plane::ALL
            .into_iter()
            .map(|plane| {
                let leaf = existing.plane(plane).leaf();
                let protection = match plane {
                    Plane::Peer => &launch.member.peer_plane,
                    Plane::Client => &launch.member.client_plane,
                };
                let file = protection
                    .mutual()
                    .map(|mutual| mutual.serves.certificate.to_string_lossy().into_owned());
                Listed {
                    role: plane.serves_with().name,
                    file: file.unwrap_or_default(),
                    subject: leaf.subject().to_owned(),
                    usages: leaf.usages(),
                    names: leaf.names().clone(),
                    days_left: Some(days_left(leaf, now)),
                    issue: None,
                }
            })
            .collect(),
        Certificates::Unverified => Vec::new(),
    }
}

pub(super) fn trusted<'l>(launch: &'l Launch<'_>) -> Vec<Trusted<'l>> {
    let trusted = |plane| -> Vec<Trusted<'l>> {
        match &launch.certificates {
            Certificates::Issued { authorities, .. } => {
                let trusted = authorities.trusted(plane).into_iter();
                trusted.map(|authority| Trusted { plane, authority }).collect()
            }
            Certificates::Existing(existing) => existing
                .plane(plane)
                .authorities
                .iter()
                .map(|authority| Trusted { plane, authority })
                .collect(),
            Certificates::Unverified => Vec::new(),
        }
    };
    Plane::ALL.into_iter().flat_map(trusted).collect()
}
