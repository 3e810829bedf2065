//! `env` and `ctl`: the settings of etcdctl and curl for a zone and one of its clients.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::arguments::{binary_request, open_site};
use crate::cli::{CtlArgs, EnvArgs, EnvFormat};
use crate::output::print;
use etcd::binary_failure;
use etcd::{BinaryRequest, ClientAccess, EtcdBinary};
use model::config::Protection;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, PlaneProtection};
use model::report::shell_quoted;
use store::clients::{known_client, present, warn_of_validity};
use store::site::Site;

pub(super) fn print_environment(arguments: &EnvArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.warn_of_clock();
    let access = access(&site, &arguments.client, now)?;
    print(&match arguments.format {
        EnvFormat::Shell => access
            .etcdctl_settings()
            .into_iter()
            .map(|(name, value)| format!("export {name}={}\n", shell_quoted(&value)))
            .collect(),
        EnvFormat::Curl => access.curl_command() + "\n",
    })
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
    let settings = access(&site, &arguments.client, now)?.etcdctl_settings();
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

/// What a client of the zone goes by.
fn access(site: &Site, client: &str, now: OffsetDateTime) -> Result<ClientAccess> {
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
            warn_of_validity(site, &client, now);
            Ok(ClientAccess::of_generation(endpoints, &generation))
        }
    }
}

/// Whether a flag among the arguments says what the variable would: etcdctl ends at once when both do
/// (`pkg/flags/flag.go`, `verifyEnv`).
fn is_given(variable: &str, arguments: &[OsString]) -> bool {
    let flag = format!("--{}", variable.trim_start_matches("ETCDCTL_").to_ascii_lowercase());
    let mut flags =
        arguments.iter().take_while(|argument| *argument != "--").map(|argument| argument.to_string_lossy());
    flags.any(|argument| {
        argument.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}
