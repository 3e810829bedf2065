//! `run`: issue what is missing, and become etcd.

use time::OffsetDateTime;

use super::binary_request;
use crate::cli::{LaunchArgs, RunArgs};
use crate::error::{Exit, Failure, Result};
use crate::etcd::become_etcd;
use crate::launch::{Launch, LaunchOptions, lock_node};
use crate::report;
use crate::zone_directory::{Authorities, Issuer, Verdict, ZoneDirectory};

pub(super) fn run(arguments: RunArgs, now: OffsetDateTime) -> Result<()> {
    if arguments.end_with_parent {
        end_with_parent()?;
    }
    let LaunchArgs { zone, node, etcd, flags } = arguments.launch;
    let zone = ZoneDirectory::open(&zone.zone)?;
    zone.report_warnings();
    let node = zone.node(&node)?;
    let paths = zone.paths.node(&node.name);
    let lock = lock_node(&paths)?;
    let authorities = zone.load_or_create_authorities(now)?;
    let options = LaunchOptions { binary: binary_request(etcd), flags };
    let launch = Launch::prepare(&zone, node, &authorities, &options, now)?;
    launch.check_ports()?;
    issue_what_is_missing(&zone, &authorities, &launch, now)?;
    launch.record(&zone, now)?;
    lock.keep_across_exec().map_err(|error| Failure::write(&paths.lock(), &error))?;
    let error = become_etcd(&launch.binary, &launch.arguments);
    Err(Failure::new(Exit::for_io(&error), format!("cannot run {}", launch.binary.path.display()))
        .because(&error)
        .next("check that the file is an etcd for this machine"))
}

fn issue_what_is_missing(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    launch: &Launch<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    let assessment = &launch.certificates;
    if assessment.is_complete() {
        return Ok(());
    }
    let _held = zone.lock()?;
    Issuer::new(&zone.paths, authorities)?.bring_up_to_date(std::slice::from_ref(assessment), now)?;
    for entry in &assessment.entries {
        if let Verdict::Issue(reason) = &entry.verdict {
            report::message(&format!(
                "issued {} for {} ({reason})",
                entry.role.certificate_file(),
                launch.member.node.short()
            ));
        }
    }
    Ok(())
}

/// Has the kernel end this process, and the etcd that it becomes, when its parent ends: `dev` leaves no member behind even
/// if it is killed. The setting survives execve(2), see PR_SET_PDEATHSIG in prctl(2).
fn end_with_parent() -> Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
        .map_err(|error| Failure::internal("cannot tie this process to its parent").because(&error))
}
