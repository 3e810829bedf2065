//! One file a command, each a recipe of named steps.

mod access;
mod activate;
mod await_ready;
mod boot;
mod bundle;
mod ca;
mod check;
mod child;
mod client;
mod completions;
mod defrag;
mod dev;
mod discovery;
mod dns;
mod doctor;
mod explain;
mod init;
mod man;
mod member;
mod nameservice;
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
mod recover;
mod restart;
mod run;
mod self_test;
mod snapshot;
mod status;
mod sync;
mod upgrade;
mod version;

use std::process::ExitCode;

use time::OffsetDateTime;

use crate::cli::{Cli, Command, PkiCommand};
use model::error::Result;

/// Runs one command. The time is taken once, here.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let now = OffsetDateTime::now_utc();
    match cli.command {
        Command::Dev(mut arguments) => {
            arguments.verbose |= cli.log.verbosity > 0;
            return dev::run(arguments, now);
        }
        Command::SelfTest(arguments) => self_test::run(arguments),
        Command::Init(arguments) => init::run(&arguments, now),
        Command::Activate(arguments) => activate::run(&arguments, now),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Run(arguments) => run::run(arguments, now),
        Command::Boot(arguments) => return boot::run(&arguments),
        Command::Restart(arguments) => restart::run(&arguments, now),
        Command::Upgrade(arguments) => upgrade::run(&arguments, now),
        Command::Defrag(arguments) => defrag::run(&arguments, now),
        Command::Plan(arguments) => plan::run(arguments, now),
        Command::Status(arguments) => return status::run(&arguments),
        Command::Check(arguments) => return check::run(&arguments, now),
        Command::Doctor(arguments) => return doctor::run(&arguments, now),
        Command::Ca(command) => ca::run(&command),
        Command::Pki(PkiCommand::List(arguments)) => pki_list::run(&arguments, now),
        Command::Pki(PkiCommand::Check(arguments)) => return pki_check::run(&arguments, now),
        Command::Pki(PkiCommand::Issue(arguments)) => pki_issue::run(&arguments, now),
        Command::Pki(PkiCommand::Csr(arguments)) => pki_csr::run(&arguments),
        Command::Pki(PkiCommand::Sign(arguments)) => {
            pki_sign::run(&arguments, now).and_then(|bundle| bundle::run(&bundle, now))
        }
        Command::Pki(PkiCommand::Renew(arguments)) => pki_renew::run(&arguments, now),
        Command::Pki(PkiCommand::Revoke(arguments)) => return pki_revoke::run(&arguments, now),
        Command::Pki(PkiCommand::RotateCa(arguments)) => return pki_rotate_ca::run(&arguments, now),
        Command::Member(command) => member::run(&command, now),
        Command::Snapshot(command) => snapshot::run(&command, now),
        Command::Recover(arguments) => {
            recover::run(&arguments, &|restore| snapshot::restore(restore, now), now)
        }
        Command::Discovery(command) => discovery::run(&command, now),
        Command::Nameservice(command) => nameservice::run(&command, now),
        Command::Bundle(arguments) => bundle::run(&arguments, now),
        Command::Pki(PkiCommand::Export(arguments)) => pki_export::run(&arguments, now),
        Command::Access(command) => access::run(&command, now),
        Command::Dns(command) => dns::run(&command),
        Command::Env(arguments) => client::print_environment(&arguments, now),
        Command::Ctl(arguments) => client::run_etcdctl(arguments, now),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::AwaitReady(arguments) => await_ready::run(&arguments),
        Command::Child(arguments) => child::run(arguments),
        Command::ServiceAgent(arguments) => restart::serve_for_owner(&arguments),
    }
    .map(|()| ExitCode::SUCCESS)
}
