//! `env` and `ctl`: the settings of etcdctl for a zone and one of its clients.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use time::OffsetDateTime;
use zone_pki::{Certificate, ShowPath, instant, regular_file};

use super::{binary_request, open_site, print};
use crate::cli::{CtlArgs, EnvArgs};
use crate::config::{ClientName, NameFault, Protection};
use crate::error::{Exit, Failure, Result};
use crate::etcd::binary_failure;
use crate::etcd::{
    BinaryRequest, EtcdBinary, etcdctl_settings, etcdctl_settings_as_member, etcdctl_settings_unverified,
};
use crate::plan::{CLIENT_ROLE, Plane, PlaneSecurity, clients_of};
use crate::report::{self, shell_quoted};
use crate::site::Site;
use crate::zone_directory::{Assessment, Authorities, Holder, Issuer, OfRevoked, ZoneDirectory, admit};

pub(super) fn print_environment(arguments: &EnvArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.warn_of_clock();
    let lines = settings(&site, &arguments.client, now)?
        .into_iter()
        .map(|(name, value)| format!("export {name}={}\n", shell_quoted(&value)));
    print(&lines.collect::<String>())
}

pub(super) fn run_etcdctl(arguments: CtlArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.warn_of_clock();
    let request = BinaryRequest {
        version: site.config().etcd.version,
        node_directory: site.programs_of_node(),
        ..binary_request(arguments.etcd)
    };
    let etcdctl = EtcdBinary::find_tool(&request, "etcdctl").map_err(binary_failure)?;
    let settings = settings(&site, &arguments.client, now)?;
    let mut command = Command::new(&etcdctl);
    command.args(&arguments.arguments);
    // Whatever the caller's shell has set for another cluster would win over nothing, but be mixed with ours.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ETCDCTL_")) {
        command.env_remove(name);
    }
    command.envs(settings.into_iter().filter(|(name, _)| !is_given(name, &arguments.arguments)));
    let error = command.exec();
    Err(Failure::new(Exit::for_io(&error), format!("cannot run {}", etcdctl.shown()))
        .because(&error)
        .next("name another with --etcd"))
}

/// What etcdctl is to be told.
fn settings(site: &Site, client: &str, now: OffsetDateTime) -> Result<Vec<(&'static str, String)>> {
    let (zone, endpoints) = (site.config(), site.config().client_urls());
    match (&zone.tls, site) {
        (Protection::Automatic | Protection::Plain, _) => Ok(etcdctl_settings_unverified(&endpoints)),
        (Protection::Files(_), Site::Node(directory)) => {
            let (node, paths) = (directory.node()?, &directory.paths);
            let security = PlaneSecurity::of(Plane::Client, zone, node, paths, false);
            Ok(security
                .mutual()
                .map(|mutual| etcdctl_settings_as_member(&endpoints, mutual))
                .unwrap_or_default())
        }
        (Protection::Files(_), Site::Zone(_)) => {
            let what = format!("the zone {} has no client certificates of its own", zone.name);
            Err(Failure::new(Exit::Configuration, what)
                .because("[tls.files] names those of the members alone")
                .next(format!(
                    "name one of the client CA: etcdctl --endpoints {} --cacert CA --cert CERT --key KEY endpoint status",
                    endpoints.join(",")
                )))
        }
        (Protection::Issued, _) => {
            let client = known_client(site, client)?;
            let generation = present(site, &client)?;
            warn_of_validity(site, &client, now);
            Ok(etcdctl_settings(&endpoints, &generation))
        }
    }
}

/// Whether a flag among the arguments says what the variable would: etcdctl ends at once when both do (`pkg/flags/flag.go`,
/// `verifyEnv`).
fn is_given(variable: &str, arguments: &[OsString]) -> bool {
    let flag = format!("--{}", variable.trim_start_matches("ETCDCTL_").to_ascii_lowercase());
    let mut flags =
        arguments.iter().take_while(|argument| *argument != "--").map(|argument| argument.to_string_lossy());
    flags.any(|argument| {
        argument.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// The directory with the certificate of a client, as it is: what only asks issues nothing.
pub(super) fn present(site: &Site, client: &ClientName) -> Result<PathBuf> {
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
pub(super) fn warn_of_validity(site: &Site, client: &ClientName, now: OffsetDateTime) {
    let file = site.client_generation(client).join(CLIENT_ROLE.certificate_file());
    // One that cannot be read is told of where it is used.
    let Ok(text) = regular_file::read(&file) else { return };
    let Ok(certificate) = Certificate::from_pem(&text) else { return };
    let fault = match (certificate.not_before(), certificate.not_after()) {
        (_, end) if now > end => format!("has expired at {}", instant(end)),
        (begin, _) if now < begin => format!("is not valid before {}", instant(begin)),
        _ => return,
    };
    report::warning(&format!(
        "the certificate of {client} {fault} by this machine's clock: members refuse it; if the clock is right: {}",
        issue_command(site, client)
    ));
}

fn issue_command(site: &Site, client: &ClientName) -> String {
    match site {
        Site::Zone(zone) => zone.proposed(&format!("pki issue --client {client}")),
        Site::Node(node) => site.proposed_issue(node.name.short()),
    }
}

/// Issues the administrator's certificate if it is missing or old, for an operation that changes the zone. One that is due and
/// cannot be renewed here, where the keys of the CAs may not be, is used as it is: whether it will do, the members say.
pub(super) fn bring_admin_up_to_date(site: &Site, now: OffsetDateTime) {
    if let Some(zone) = site.zone()
        && let Err(failure) = bring_holder_up_to_date(zone, Holder::Client(&ClientName::admin()), now)
    {
        report::warning(&format!("the certificate of admin is due and was not renewed: {failure}"));
    }
}

/// Issues what a node or client lacks, or has too old.
pub(super) fn bring_holder_up_to_date(
    zone: &ZoneDirectory,
    holder: Holder<'_>,
    now: OffsetDateTime,
) -> Result<()> {
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
pub(super) fn known_client(site: &Site, name: &str) -> Result<ClientName> {
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
pub(super) fn client_of_zone(zone: &ZoneDirectory, name: &str) -> Result<ClientName> {
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
