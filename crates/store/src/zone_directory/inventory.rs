//! Every certificate of a zone as it is on disk, for `pki list` and `pki check`.

use std::collections::HashSet;

use memchr::memmem;
use time::OffsetDateTime;
use zone_pki::{Certificate, IssuanceLog, Rule};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::authorities::ca_keys::{KeyState, key_state};
use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::failures::issuance_log_failure;
use crate::zone_directory::issuance::assessment::Assessment;
use crate::zone_directory::issuance::entry::{Entry, Verdict};
use crate::zone_directory::issuance::holder::Holder;
use crate::zone_directory::issuance::issued_files::issued_in_files;
use crate::zone_directory::revocation::record::RevocationTarget;
use model::config::{ClientName, Node};
use model::error::{Failure, Result};
use model::plan::{IssueReason, ROOT_FILE, clients_of, days_left};

#[derive(Debug)]
pub struct Listed {
    /// Its role: `root CA`, `peer CA`, `peer`, `server`, ….
    pub role: String,
    pub holder: String,
    /// The certificate, if there is one that can be read.
    pub certificate: Option<Certificate>,
}

/// Something that is wrong with a certificate or key.
#[derive(Debug)]
pub struct Finding {
    pub holder: String,
    pub role: String,
    pub what: String,
    pub next: String,
    /// Whether no more is wrong than its age.
    pub is_old: bool,
}

/// The zone's clients: those of the configuration, and those that were issued by name and are still there. A
/// directory that was copied makes no client.
pub fn all_clients(zone: &ZoneDirectory) -> Result<Vec<ClientName>> {
    let mut clients = clients_of(&zone.config);
    let failure = |error: &zone_pki::LogError| issuance_log_failure(&zone.paths, error);
    let log = IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| failure(&error))?;
    // Most lines are of nodes, and are not parsed.
    let is_client = memmem::Finder::new("client/");
    let may_be_of_one = |line: &[u8]| is_client.find(line).is_some();
    log.for_each_of(may_be_of_one, |entry| {
        let issued = entry.node.strip_prefix("client/").and_then(|name| ClientName::parse(name).ok());
        if let Some(client) = issued
            && !clients.contains(&client)
            && zone.paths.client(&client).exists()
        {
            clients.push(client);
        }
    })
    .map_err(|error| failure(&error))?;
    Ok(clients)
}

/// Whether a certificate was ever issued for a node here.
pub fn has_issued_to(zone: &ZoneDirectory, node: &Node) -> Result<bool> {
    let failure = |error: &zone_pki::LogError| issuance_log_failure(&zone.paths, error);
    let log = IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| failure(&error))?;
    let mut found = false;
    let name = node.name.full();
    let finder = memmem::Finder::new(name);
    let names_it = |line: &[u8]| finder.find(line).is_some();
    log.for_each_of(names_it, |entry| found |= entry.node == name).map_err(|error| failure(&error))?;
    Ok(found)
}

/// Every certificate: the CAs, then the nodes in the order of `zone.toml`, then the clients.
pub fn list(zone: &ZoneDirectory, authorities: &Authorities, now: OffsetDateTime) -> Result<Vec<Listed>> {
    let mut listed: Vec<Listed> = authorities
        .all()
        .into_iter()
        .map(|(stem, certificate)| Listed {
            role: format!("{stem} CA"),
            holder: "ca".to_owned(),
            certificate: Some(certificate.clone()),
        })
        .collect();
    listed.extend(authorities.beside.all().map(|(stem, ca)| Listed {
        role: format!("{} {stem} CA", ca.place.directory()),
        holder: "ca".to_owned(),
        certificate: Some(ca.certificate.clone()),
    }));
    for_each_holder(zone, |holder| {
        let assessment = Assessment::of(holder, &zone.config, &zone.paths, authorities, now)?;
        for entry in &assessment.entries {
            let certificate = present(&assessment, entry);
            listed.push(Listed {
                role: entry.role.name.to_owned(),
                holder: holder.short_name(),
                certificate,
            });
        }
        Ok(())
    })?;
    Ok(listed)
}

/// Everything that is wrong with the zone's certificates and keys.
pub fn check(zone: &ZoneDirectory, authorities: &Authorities, now: OffsetDateTime) -> Result<Vec<Finding>> {
    let mut findings = check_authorities(zone, authorities, now);
    let recorded = recorded_serials(zone)?;
    for_each_holder(zone, |holder| {
        match Assessment::of(holder, &zone.config, &zone.paths, authorities, now) {
            Ok(assessment) => {
                findings.extend(check_holder(zone, &assessment, authorities, now));
                findings.extend(check_recorded(zone, &assessment, &recorded));
            }
            Err(failure) => findings.push(finding(&holder.short_name(), "all", failure)),
        }
        Ok(())
    })?;
    findings.extend(check_unknown_clients(zone, &recorded)?);
    Ok(findings)
}

/// Clients that only their files know of.
fn check_unknown_clients(zone: &ZoneDirectory, recorded: &HashSet<String>) -> Result<Vec<Finding>> {
    let known = all_clients(zone)?;
    let entries = std::fs::read_dir(zone.paths.clients()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| ClientName::parse(&entry.file_name().into_string().ok()?).ok());
    let mut findings = Vec::new();
    for client in names.filter(|client| !known.contains(client)) {
        let holder = format!("client/{client}");
        let target = RevocationTarget::Holder(holder.clone());
        let lost =
            issued_in_files(zone, &target).into_iter().filter(|entry| !recorded.contains(&entry.serial));
        findings.extend(lost.map(|entry| Finding {
            holder: holder.clone(),
            role: entry.role,
            what: format!("issued.jsonl does not have it: serial number {}", entry.serial),
            next: zone.proposed(&format!("pki issue --client {client}")),
            is_old: false,
        }));
    }
    Ok(findings)
}

fn recorded_serials(zone: &ZoneDirectory) -> Result<HashSet<String>> {
    let failure = |error: &zone_pki::LogError| issuance_log_failure(&zone.paths, error);
    let log = IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| failure(&error))?;
    let mut serials = HashSet::new();
    log.for_each(|entry| {
        serials.insert(entry.serial);
    })
    .map_err(|error| failure(&error))?;
    Ok(serials)
}

/// What is in use has to be in the log, or a copy of it that was put back has lost what was issued since.
fn check_recorded(
    zone: &ZoneDirectory,
    assessment: &Assessment<'_>,
    recorded: &HashSet<String>,
) -> Vec<Finding> {
    let holder = assessment.holder.short_name();
    let lost = |entry: &Entry| {
        let certificate = present(assessment, entry)?;
        let serial = certificate.serial_hex();
        (!recorded.contains(&serial)).then(|| Finding {
            holder: holder.clone(),
            role: entry.role.name.to_owned(),
            what: format!("issued.jsonl does not have it: serial number {serial}"),
            next: zone.proposed(&match assessment.holder {
                Holder::Node(_) => format!("pki renew {holder}"),
                Holder::Client(client) => format!("pki renew --client {client}"),
            }),
            is_old: false,
        })
    };
    assessment.entries.iter().filter_map(lost).collect()
}

/// A failure that ends another command is one finding among others here.
fn finding(holder: &str, role: &str, failure: Failure) -> Finding {
    let Failure { what, causes, next, .. } = failure;
    let what = [vec![what], causes].concat().join(": ");
    let next = next.unwrap_or_default();
    Finding { holder: holder.to_owned(), role: role.to_owned(), what, next, is_old: false }
}

fn for_each_holder(zone: &ZoneDirectory, mut take: impl FnMut(Holder<'_>) -> Result<()>) -> Result<()> {
    zone.config.nodes.iter().try_for_each(|node| take(Holder::Node(node)))?;
    all_clients(zone)?.iter().try_for_each(|client| take(Holder::Client(client)))
}

fn present(assessment: &Assessment<'_>, entry: &Entry) -> Option<Certificate> {
    match &entry.verdict {
        Verdict::Keep { certificate, .. } => Some(Certificate::clone(certificate)),
        Verdict::Issue(_) | Verdict::Withheld(_) => {
            let text = assessment.current.as_ref()?.read(&entry.role.certificate_file()).ok()?;
            Certificate::from_pem(&text).ok()
        }
    }
}

fn check_authorities(zone: &ZoneDirectory, authorities: &Authorities, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (stem, certificate) in authorities.all() {
        let role = format!("{stem} CA");
        // Whether a locked key fits is seen when it is opened, not here.
        let is_locked = key_state(&zone.paths, stem).is_ok_and(|state| state == KeyState::Locked);
        // A key that is kept elsewhere is no fault of the certificates that are in effect.
        if !is_locked
            && zone.paths.authority_key(stem).exists()
            && let Err(failure) = load_authority(&zone.paths, stem, &zone.ca_passphrase, now)
        {
            findings.push(finding("ca", &role, failure));
        }
        if certificate.fault(&[Rule::Young(now)]).is_some() {
            findings.push(Finding {
                holder: "ca".to_owned(),
                role,
                what: format!("{} days left", days_left(certificate, now)),
                next: "plan for a new CA before it expires".to_owned(),
                is_old: false,
            });
        }
    }
    findings
}

fn check_holder(
    zone: &ZoneDirectory,
    assessment: &Assessment<'_>,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let holder = assessment.holder.short_name();
    let issue = zone.proposed(&match assessment.holder {
        Holder::Node(_) => format!("pki issue {holder}"),
        Holder::Client(client) => format!("pki issue --client {client}"),
    });
    let mut find = |role: &str, what: String, is_old: bool| {
        let (holder, role, next) = (holder.clone(), role.to_owned(), issue.clone());
        findings.push(Finding { holder, role, what, next, is_old });
    };
    let makes_its_keys = assessment.has_keys_elsewhere();
    for entry in &assessment.entries {
        match &entry.verdict {
            Verdict::Issue(reason) => {
                let is_old = matches!(reason, IssueReason::Ageing { .. }) && !makes_its_keys;
                find(entry.role.name, reason.to_string(), is_old);
            }
            Verdict::Withheld(_) => find(entry.role.name, "revoked".to_owned(), false),
            Verdict::Keep { certificate, .. } => {
                if let Err(error) = verify_as_clients_do(certificate, entry, authorities, now) {
                    find(entry.role.name, error, false);
                }
            }
        }
    }
    if !assessment.trust_is_current && assessment.current.is_some() {
        find(
            "trust",
            format!("{ROOT_FILE}, the plane CAs, the revocation lists or the chains differ from the zone's"),
            false,
        );
    }
    findings
}

/// The whole way to the root, as a client goes it.
fn verify_as_clients_do(
    certificate: &Certificate,
    entry: &Entry,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> std::result::Result<(), String> {
    authorities
        .verify(entry.role.plane, certificate, entry.spec.usages, &entry.spec.names, now)
        .map_err(|error| error.to_string())
}
