//! `env` and `ctl`: the settings of etcdctl and curl for a zone and one of its clients.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use time::OffsetDateTime;
use zone_pki::{ShowPath, Visible};

use crate::arguments::{binary_request, open_site};
use crate::cli::{CtlArgs, EnvArgs, EnvFormat};
use crate::output::print;
use etcd::binary_failure;
use etcd::{BinaryRequest, EtcdBinary};
use model::config::Protection;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted;
use store::clients::{client_access, known_client, warn_of_validity};
use store::site::Site;

pub(super) fn print_environment(arguments: &EnvArgs, now: OffsetDateTime) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.warn_of_clock();
    let access = client_access(&site, &arguments.client)?;
    warn_of_client(&site, &arguments.client, now);
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
    refuse_misplaced(&arguments.arguments)?;
    let site = open_site(&arguments.site)?;
    site.warn_of_clock();
    let request = BinaryRequest {
        version: site.config().etcd.version,
        node_directory: site.programs_of_node(),
        ..binary_request(arguments.etcd)
    };
    let etcdctl = EtcdBinary::find_tool(&request, "etcdctl").map_err(binary_failure)?;
    let settings = client_access(&site, &arguments.client)?.etcdctl_settings();
    warn_of_client(&site, &arguments.client, now);
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

/// etcdctl has no such options: they were meant for this program, which hands on what follows the first word
/// of etcdctl's. What is behind another `--` is data.
fn refuse_misplaced(arguments: &[OsString]) -> Result<()> {
    let is_ours = |word: &&OsString| {
        let word = word.to_string_lossy();
        ["--zone", "--config", "--client"].contains(&word.split('=').next().unwrap_or_default())
    };
    let Some(ours) = arguments.iter().take_while(|word| *word != "--").find(is_ours) else { return Ok(()) };
    let what = format!("{} stands behind the arguments of etcdctl", Visible(ours.to_string_lossy()));
    Err(Failure::new(Exit::Usage, what).next("put it before them: zone-etcd ctl --zone DIR -- get KEY"))
}

/// What is wrong with the certificate by this machine's clock, where it is one that the zone has issued.
fn warn_of_client(site: &Site, client: &str, now: OffsetDateTime) {
    if let (Protection::Issued, Ok(client)) = (&site.config().tls, known_client(site, client)) {
        warn_of_validity(site, &client, now);
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
