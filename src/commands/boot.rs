//! `boot`: the six steps in which a node starts.

use std::process::ExitCode;

use zone_pki::ShowPath;

use crate::cli::{BootArgs, BootCommand, BootExportArgs, BootNodeArgs, Format, ServiceManager};
use crate::output::{json, print};
use boot::{Ended, Options, PlannedStep, boot, connect, preview, units, write_units};
use model::error::Result;
use model::report;

pub(super) fn run(arguments: &BootArgs) -> Result<ExitCode> {
    match &arguments.command {
        Some(BootCommand::Export(arguments)) => export(arguments)?,
        Some(BootCommand::Connect(arguments)) => connect(&arguments.config)?,
        None => return start(&arguments.node),
    }
    Ok(ExitCode::SUCCESS)
}

fn export(arguments: &BootExportArgs) -> Result<()> {
    let units = match arguments.manager {
        ServiceManager::Systemd => units(&arguments.config.config)?,
    };
    let written = write_units(&arguments.out, &units)?;
    print(&written.iter().map(|path| format!("{}\n", path.shown())).collect::<String>())
}

fn start(arguments: &BootNodeArgs) -> Result<ExitCode> {
    let options = Options {
        config: arguments.config.config.clone(),
        until: arguments.until,
        run_arguments: run_arguments(arguments),
    };
    if arguments.dry_run {
        let steps = preview(&options)?;
        print(&match arguments.format {
            Format::Text => text(&steps),
            Format::Json => json(&steps)?,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    // What collects the output may stall; the node goes on, and can be stopped.
    if let Err(error) = report::never_wait_for_readers() {
        report::warning(&format!("messages wait for their reader: {error}"));
    }
    Ok(match boot(&options)? {
        Ended::Done | Ended::Stopped => ExitCode::SUCCESS,
        Ended::Refused(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
    })
}

fn run_arguments(arguments: &BootNodeArgs) -> Vec<String> {
    let etcd = &arguments.etcd;
    let given = etcd.etcd.iter().flat_map(|path| ["--etcd".to_owned(), path.to_string_lossy().into_owned()]);
    let system = etcd.system_etcd.then(|| "--system-etcd".to_owned());
    given.chain(system).collect()
}

fn text(steps: &[PlannedStep]) -> String {
    let mut text = String::new();
    for PlannedStep { number, name, does } in steps {
        let mut lines = does.iter().map(String::as_str);
        text += &format!("{number}  {name:<13}  {}\n", lines.next().unwrap_or("nothing to do"));
        lines.for_each(|line| text += &format!("   {:<13}  {line}\n", ""));
    }
    text
}
