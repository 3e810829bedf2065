//! The clients of a zone: which there are, and their certificates.

use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::{Certificate, Fault, Rule, ShowPath, instant, regular_file};

use crate::site::Site;
use crate::zone_directory::{Assessment, Authorities, Holder, Issuer, OfRevoked, ZoneDirectory, admit};
use etcd::ClientAccess;
use model::config::{ClientName, NameFault, Protection};
use model::error::{Exit, Failure, Result};
use model::plan::{CLIENT_ROLE, Plane, PlaneProtection, clients_of};
use model::report;

/// What a client of the zone goes by.
///
/// # Errors
/// There is no such client, or it has no certificate here.
pub fn client_access(site: &Site, client: &str) -> Result<ClientAccess> {
    let (zone, endpoints) = (site.config(), site.config().client_urls());
    match (&zone.tls, site) {
        (Protection::Automatic | Protection::Plain, _) => Ok(ClientAccess::unverified(endpoints)),
        (Protection::Files(_), Site::Node(directory)) => {
            let (node, paths) = (directory.node()?, &directory.paths);
            let protection = PlaneProtection::of(Plane::Client, zone, node, paths);
            let mutual = protection
                .mutual()
                .ok_or_else(|| Failure::internal("certificates of a member that are not verified"))?;
            Ok(ClientAccess::of_member(endpoints, mutual))
        }
        (Protection::Files(_), Site::Zone(_)) => {
            let what = format!("the zone {} has no client certificates of its own", zone.name);
            Err(Failure::new(Exit::Configuration, what)
                .because("[tls.files] names those of the members alone")
                .next(format!(
                    "name one of the client CA: etcdctl --endpoints {} --cacert CA --cert CERT --key KEY \
                     endpoint status",
                    endpoints.join(",")
                )))
        }
        (Protection::Issued, _) => {
            let client = known_client(site, client)?;
            let generation = present(site, &client)?;
            Ok(ClientAccess::of_generation(endpoints, &generation))
        }
    }
}

/// The directory with the certificate of a client, as it is: what only asks issues nothing.
pub fn present(site: &Site, client: &ClientName) -> Result<PathBuf> {
    let generation = site.client_generation(client);
    let file = generation.join(CLIENT_ROLE.certificate_file());
    match file.try_exists() {
        Ok(true) => Ok(generation),
        Ok(false) => {
            let what = format!("there is no certificate of {client}");
            Err(Failure::new(Exit::MissingInput, what)
                .because(format!("{} is not there", file.shown()))
                .next(format!("issue it: {}", issue_command(site, client))))
        }
        Err(error) => Err(Failure::read(&file, &error)),
    }
}

/// Says that members refuse the certificate of a client, if it is not valid by this machine's clock.
pub fn warn_of_validity(site: &Site, client: &ClientName, now: OffsetDateTime) {
    let file = site.client_generation(client).join(CLIENT_ROLE.certificate_file());
    // One that cannot be read is told of where it is used.
    let Ok(text) = regular_file::read(&file) else { return };
    let Ok(certificate) = Certificate::from_pem(&text) else { return };
    let fault = match certificate.fault(&[Rule::Valid(now)]) {
        None => return,
        Some(Fault::Expired(end)) => format!("has expired at {}", instant(end)),
        Some(fault) => fault.to_string(),
    };
    report::warning(&format!(
        "the certificate of {client} {fault} by this machine's clock: members refuse it; if the clock is \
         right: {}",
        issue_command(site, client)
    ));
}

fn issue_command(site: &Site, client: &ClientName) -> String {
    match site {
        Site::Zone(zone) => zone.proposed(&format!("pki issue --client {client}")),
        Site::Node(node) => site.proposed_issue(node.name.short()),
    }
}

/// Issues the administrator's certificate if it is missing or old, for an operation that changes the zone.
/// One that is due and cannot be renewed here, where the keys of the CAs may not be, is used as it is:
/// whether it will do, the members say.
pub fn bring_admin_up_to_date(site: &Site, now: OffsetDateTime) {
    if let Some(zone) = site.zone()
        && let Err(failure) = bring_holder_up_to_date(zone, Holder::Client(&ClientName::admin()), now)
    {
        report::warning(&format!("the certificate of admin is due and was not renewed: {failure}"));
    }
}

/// Issues what a node or client lacks, or has too old.
pub fn bring_holder_up_to_date(zone: &ZoneDirectory, holder: Holder<'_>, now: OffsetDateTime) -> Result<()> {
    let assess =
        |authorities: &Authorities| Assessment::of(holder, &zone.config, &zone.paths, authorities, now);
    // To look needs no lock; what is issued is assessed again under it.
    if !assess(&Authorities::load(&zone.paths, now)?)?.is_complete() {
        let held = zone.lock()?;
        let authorities = held.authorities(now)?;
        let admitted = admit(zone, vec![assess(&authorities)?], OfRevoked::Refused)?;
        Issuer::new(zone, &authorities)?.bring_up_to_date(&admitted, now)?;
    }
    Ok(())
}

/// The client that is meant. An activated node asks as itself, which is what the default stands for there.
pub fn known_client(site: &Site, name: &str) -> Result<ClientName> {
    match site {
        Site::Zone(zone) => client_of_zone(zone, name),
        Site::Node(_) if name == ClientName::admin().as_str() => Ok(ClientName::admin()),
        Site::Node(node) => {
            Err(Failure::new(Exit::Usage, format!("{} has no certificate of `{name}`", node.name))
                .next("leave --client out: a node asks with its own certificate"))
        }
    }
}

/// The client of this name, if the zone has it.
pub fn client_of_zone(zone: &ZoneDirectory, name: &str) -> Result<ClientName> {
    let client = ClientName::parse(name)
        .map_err(|NameFault { what, instead }| Failure::new(Exit::Usage, what).next(instead))?;
    let is_known = clients_of(&zone.config).contains(&client) || zone.paths.client(&client).exists();
    if is_known {
        return Ok(client);
    }
    Err(Failure::new(Exit::Usage, format!("the zone {} has no client `{client}`", zone.config.name)).next(
        format!("{}; or use one of: {}", zone.proposed(&format!("pki issue --client {client}")), names(zone)),
    ))
}

fn names(zone: &ZoneDirectory) -> String {
    let names: Vec<String> = clients_of(&zone.config).iter().map(ToString::to_string).collect();
    names.join(", ")
}
