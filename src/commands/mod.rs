//! One file a command, each a recipe of named steps.

mod activate;
mod batches;
mod bundle;
mod ca;
mod check;
mod client;
mod dev;
mod doctor;
mod findings;
mod init;
mod member_update;
mod pki_check;
mod pki_csr;
mod pki_export;
mod pki_issue;
mod pki_list;
mod pki_renew;
mod pki_revoke;
mod pki_rotate_ca;
mod pki_sign;
mod plan;
mod renewal;
mod restart;
mod run;
mod shell;
mod start_check;
mod status;
mod upgrade;

use std::path::PathBuf;
use std::process::ExitCode;

use time::OffsetDateTime;

use crate::cli::{
    CaPassphraseArgs, Cli, Command, EtcdArgs, MemberCommand, PkiCommand, SiteArgs, StartArgs, ZoneArg,
};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::etcd::BinaryRequest;
use crate::launch::LaunchOptions;
use crate::plan::{FoundingWords, SaidOfData};
use crate::report;
use crate::site::Site;
use crate::zone_directory::{CaPassphrase, ZoneDirectory};

/// Runs one command. The time is taken once, here.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let now = OffsetDateTime::now_utc();
    match cli.command {
        Command::Dev(arguments) => return dev::run(arguments, now),
        Command::Init(arguments) => init::run(&arguments, now),
        Command::Activate(arguments) => activate::run(&arguments, now),
        Command::Run(arguments) => run::run(arguments, now),
        Command::Restart(arguments) => restart::run(&arguments, now),
        Command::Upgrade(arguments) => upgrade::run(&arguments, now),
        Command::Plan(arguments) => plan::run(arguments, now),
        Command::Status(arguments) => return status::run(&arguments),
        Command::Check(arguments) => return check::run(&arguments, now),
        Command::Doctor(arguments) => return doctor::run(&arguments, now),
        Command::Ca(command) => ca::run(&command),
        Command::Pki(PkiCommand::List(arguments)) => pki_list::run(&arguments, now),
        Command::Pki(PkiCommand::Check(arguments)) => return pki_check::run(&arguments, now),
        Command::Pki(PkiCommand::Issue(arguments)) => pki_issue::run(&arguments, now),
        Command::Pki(PkiCommand::Csr(arguments)) => pki_csr::run(&arguments),
        Command::Pki(PkiCommand::Sign(arguments)) => pki_sign::run(&arguments, now),
        Command::Pki(PkiCommand::Renew(arguments)) => pki_renew::run(&arguments, now),
        Command::Pki(PkiCommand::Revoke(arguments)) => return pki_revoke::run(&arguments, now),
        Command::Pki(PkiCommand::RotateCa(arguments)) => return pki_rotate_ca::run(&arguments, now),
        Command::Member(MemberCommand::Update(arguments)) => member_update::run(&arguments, now),
        Command::Bundle(arguments) => bundle::run(&arguments, now),
        Command::Pki(PkiCommand::Export(arguments)) => pki_export::run(&arguments, now),
        Command::Env(arguments) => client::print_environment(&arguments, now),
        Command::Ctl(arguments) => client::run_etcdctl(arguments, now),
        Command::Completions(arguments) => shell::completions(&arguments),
        Command::Man(arguments) => shell::manual_page(&arguments),
        Command::ServiceAgent(arguments) => restart::serve_for_owner(&arguments),
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Opens the zone that a command line names. The passphrase's file descriptor is taken over before anything else is opened.
fn open_zone(arguments: &ZoneArg) -> Result<ZoneDirectory> {
    let passphrase = ca_passphrase(&arguments.ca_passphrase)?;
    let zone = ZoneDirectory::open(&arguments.zone, passphrase)?;
    Ok(zone.with_clock_said_right(arguments.clock_is_right))
}

fn ca_passphrase(arguments: &CaPassphraseArgs) -> Result<CaPassphrase> {
    CaPassphrase::new(arguments.ca_passphrase_file.as_deref(), arguments.ca_passphrase_fd)
}

/// Hands data to standard output.
fn print(text: &str) -> Result<()> {
    report::data(text).map_err(|error| {
        Failure::new(Exit::CannotCreate, "cannot write to standard output")
            .because(&error)
            .next("run the command again with an output that takes it; what it has done stays done")
    })
}

/// A value as indented JSON with a last line break.
fn json(value: &impl serde::Serialize) -> Result<String> {
    report::json(value).map_err(|error| Failure::internal("cannot make JSON").because(&error))
}

/// Opens the zone or node that is meant. What is on the command line comes before what is in the environment.
fn open_site(arguments: &SiteArgs) -> Result<Site> {
    open_site_with(arguments, ca_passphrase(&arguments.ca_passphrase)?)
}

fn open_site_with(arguments: &SiteArgs, passphrase: CaPassphrase) -> Result<Site> {
    let SiteArgs { zone, config, .. } = arguments;
    if zone.is_some() || config.is_some() {
        return Site::open(zone.as_deref(), config.as_deref(), passphrase);
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match (variable("ZONE_ETCD_ZONE"), variable("ZONE_ETCD_CONFIG")) {
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::Usage, "ZONE_ETCD_ZONE and ZONE_ETCD_CONFIG are both set")
                .next("say which is meant with --zone or --config"))
        }
        (zone, config) => Site::open(zone.as_deref(), config.as_deref(), passphrase),
    }
}

/// What a start is asked for, for this zone.
fn launch_options(site: &Site, node: &Node, arguments: StartArgs) -> Result<LaunchOptions> {
    let StartArgs { etcd, move_data_aside, words, flags } = arguments;
    let said = SaidOfData {
        set_aside: move_data_aside,
        is_current: words.data_is_current,
        accept_older: words.accept_older_data,
    };
    let without = words.found_without.iter().map(|name| left_out(site, node, name)).collect::<Result<_>>()?;
    let words = FoundingWords { without, never_ran: words.never_ran };
    Ok(LaunchOptions { binary: binary_request(etcd), flags, said, words })
}

/// The short name of another member of the zone.
fn left_out(site: &Site, node: &Node, name: &str) -> Result<String> {
    match site.config().node(name) {
        Some(other) if other.member && other.name != node.name => Ok(other.name.short().to_owned()),
        _ => {
            Err(Failure::new(Exit::Usage, format!("--found-without {name}: not another member of this zone"))
                .next(format!("name another member; {}", site.config().known_nodes())))
        }
    }
}

fn binary_request(arguments: EtcdArgs) -> BinaryRequest {
    BinaryRequest { given: arguments.etcd, system: arguments.system_etcd, ..BinaryRequest::default() }
}
