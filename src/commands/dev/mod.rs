//! `dev`: a throwaway zone here, until Ctrl-C or the end of a command.

mod command;
mod summary;

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::command::ZoneCommand;
use self::summary::summary;
use crate::cli::DevArgs;
use etcd::binary_failure;
use etcd::{BinaryRequest, ClientAccess, EtcdBinary, EtcdVersion, Origin};
use host::temporary_directory;
use launch::{lock_node, remember_verified};
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use model::report;
use rehearsal::development::{DevelopmentOptions, DevelopmentZone, Ended, Progress, prepare};
use store::zone_directory::ZoneDirectory;

/// How long a command may go on after Ctrl-C before it is ended.
const COMMAND_STOP_LIMIT: Duration = Duration::from_secs(5);

#[tracing::instrument(skip_all, name = "dev")]
pub(super) fn run(arguments: DevArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let started = std::time::Instant::now();
    let options = options(&arguments)?;
    let home = Home::choose(arguments.dir.as_deref())?;
    let zone = prepare(home.path(), &options, now)?;
    zone.report_warnings();
    let etcd = find_etcd(&zone, &arguments)?;
    // A directory that another `dev` runs is one message before anything is started, and not the log of a
    // member.
    zone.config.members().try_for_each(|node| lock_node(&zone.paths.node(&node.name)).map(drop))?;
    let options = DevelopmentOptions { etcd: binary_to_hand_on(&etcd), ..options };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot set up the supervisor").because(&error))?;
    runtime.block_on(supervise(&zone, &etcd, &options, &arguments, started, home.is_throwaway()))
}

fn options(arguments: &DevArgs) -> Result<DevelopmentOptions> {
    if let Some(version) = &arguments.etcd_version {
        EtcdVersion::parse_supported(version).map_err(|error| {
            Failure::new(Exit::Usage, error.to_string())
                .next("write a full version such as --etcd-version 3.7.3")
        })?;
    }
    Ok(DevelopmentOptions {
        nodes: arguments.nodes,
        etcd_version: arguments.etcd_version.clone(),
        etcd: None,
        verbose: arguments.verbose,
        quiet: false,
        program: None,
    })
}

/// Where the zone is kept: a temporary directory that goes with it, or the user's, which stays.
enum Home {
    Throwaway(tempfile::TempDir),
    Kept(PathBuf),
}

impl Home {
    fn choose(directory: Option<&Path>) -> Result<Self> {
        match directory {
            Some(directory) => Ok(Self::Kept(directory.to_owned())),
            None => tempfile::Builder::new()
                .prefix("zone-etcd-dev-")
                .tempdir_in(temporary_directory())
                .map(Self::Throwaway)
                .map_err(|error| Failure::write(&temporary_directory(), &error)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Throwaway(directory) => directory.path(),
            Self::Kept(directory) => directory,
        }
    }

    fn is_throwaway(&self) -> bool {
        matches!(self, Self::Throwaway(_))
    }
}

/// Found before anything is started, so that a missing bundle is one message and not one a member.
fn find_etcd(zone: &ZoneDirectory, arguments: &DevArgs) -> Result<EtcdBinary> {
    let request = BinaryRequest {
        given: arguments.etcd.etcd.clone(),
        system: arguments.etcd.system_etcd,
        version: zone.config.etcd.version,
        ..BinaryRequest::default()
    };
    let (etcd, verified) = EtcdBinary::find(&request, None).map_err(binary_failure)?;
    // Each member would take the same digest again.
    for node in zone.config.members() {
        remember_verified(&zone.paths.node(&node.name), &verified)?;
    }
    Ok(etcd)
}

/// A bundled etcd is found by each member itself.
fn binary_to_hand_on(etcd: &EtcdBinary) -> Option<PathBuf> {
    match etcd.origin {
        Origin::Bundled { .. } | Origin::Packed { .. } => None,
        Origin::Given | Origin::System => Some(etcd.path.clone()),
    }
}

enum Outcome {
    Command(ExitStatus),
    /// A signal told us to end.
    Signal(SignalKind),
    Member(Ended),
}

async fn supervise(
    zone: &ZoneDirectory,
    etcd: &EtcdBinary,
    options: &DevelopmentOptions,
    arguments: &DevArgs,
    started: std::time::Instant,
    throwaway: bool,
) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let mut running = DevelopmentZone::start(zone, options).await?;
    let progress = tokio::select! {
        progress = running.wait_until_ready() => Ok(progress),
        kind = signals.next() => Err(kind),
    };
    let outcome = match progress {
        Ok(Ok(Progress::Ready { leader })) => {
            report::message(&summary(zone, etcd, &leader, started.elapsed(), arguments.command.is_empty()));
            watch(zone, etcd, &arguments.command, &mut running, &mut signals).await
        }
        Ok(Ok(Progress::Ended(ended))) => Ok(Outcome::Member(ended)),
        Ok(Err(failure)) => Err(failure),
        Err(kind) => Ok(Outcome::Signal(kind)),
    };
    if matches!(outcome, Ok(Outcome::Signal(_))) {
        report::message("\nstopping the members");
    }
    running.stop(throwaway).await;
    match outcome? {
        Outcome::Command(status) => Ok(exit_code(status)),
        // Ctrl-C is how `dev` without a command is meant to end.
        Outcome::Signal(SignalKind { .. }) if arguments.command.is_empty() => Ok(ExitCode::SUCCESS),
        Outcome::Signal(kind) => Ok(ExitCode::from(128 + u8::try_from(kind.as_raw_value()).unwrap_or(0))),
        Outcome::Member(ended) => Err(member_failure(ended)),
    }
}

async fn watch(
    zone: &ZoneDirectory,
    etcd: &EtcdBinary,
    command: &[OsString],
    running: &mut DevelopmentZone<'_>,
    signals: &mut Signals,
) -> Result<Outcome> {
    let Some((program, arguments)) = command.split_first() else {
        return tokio::select! {
            kind = signals.next() => Ok(Outcome::Signal(kind)),
            ended = running.supervise() => ended.map(Outcome::Member),
        };
    };
    let mut command = ZoneCommand::start(program, arguments, command_environment(zone, etcd)?)?;
    tokio::select! {
        status = command.wait() => status.map(Outcome::Command).map_err(|error| Failure::internal("cannot \
            wait for the command").because(&error)),
        ended = running.supervise() => ended.map(Outcome::Member),
        kind = signals.next() => {
            command.pass_on(kind);
            // A command that goes on is ended when it is dropped.
            let _ = tokio::time::timeout(COMMAND_STOP_LIMIT, command.wait()).await;
            Ok(Outcome::Signal(kind))
        }
    }
}

/// The settings of etcdctl, the zone for zone-etcd itself, and both programs first in `PATH`.
fn command_environment(zone: &ZoneDirectory, etcd: &EtcdBinary) -> Result<Vec<(&'static str, OsString)>> {
    let admin = zone.paths.client_current(&ClientName::admin());
    let access = ClientAccess::of_generation(zone.config.client_urls(), &admin);
    let mut environment: Vec<(&'static str, OsString)> =
        access.etcdctl_settings().into_iter().map(|(name, value)| (name, value.into())).collect();
    environment.push(("ZONE_ETCD_ZONE", zone.paths.root().into()));
    let ours = std::env::current_exe().ok();
    let first = [etcd.path.parent(), ours.as_deref().and_then(Path::parent)];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        first.into_iter().flatten().map(Path::to_owned).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(directories)
        .map_err(|error| Failure::internal("cannot set PATH").because(&error))?;
    environment.push(("PATH", path));
    Ok(environment)
}

fn member_failure(ended: Ended) -> Failure {
    let mut failure = Failure::new(
        Exit::Unavailable,
        format!("{} ended {}; the zone was stopped", ended.name, ended.status),
    );
    failure.causes.push(format!("the last lines of {}:", ended.name));
    failure.causes.extend(ended.last_lines.iter().map(|line| format!("  {line}")));
    failure.next("run it again with --verbose to see all that the members log")
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Ctrl-C, and what a supervisor or a closed terminal sends.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::internal("cannot listen for signals").because(&error))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hangup.recv() => SignalKind::hangup(),
        }
    }
}
