//! Starts a service as a system manager does, and listens to what it reports (sd_notify(3)).

use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, ExitStatus};
use std::str::FromStr;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::Signal;
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::machine::Machine;
use super::unit::Unit;
use crate::harness::processes::{Running, until};

/// A report of a service.
#[derive(Debug)]
pub struct Report {
    /// Its text.
    pub text: String,
    /// The process that sent it, as the kernel says.
    pub sender: u32,
}

/// A service that was started.
pub struct Service {
    /// What the unit file says.
    pub unit: Unit,
    /// Its main process.
    pub process: Running,
    reports: UnixDatagram,
}

impl Service {
    /// Starts `zone-etcd@INSTANCE`.
    #[track_caller]
    pub fn start(machine: &Machine, instance: &str) -> Self {
        let unit = Unit::load("zone-etcd@.service", instance);
        let (mut command, reports) = prepare(machine, &unit, instance, &[]);
        let process = Running::start(&mut command, machine.output(), instance);
        Self { unit, process, reports }
    }

    /// The next report, if there is one.
    pub fn report(&self) -> Option<Report> {
        receive(&self.reports)
    }

    /// Waits until the service is ready. Panics if it ends before, or if another process says so.
    #[track_caller]
    pub fn wait_until_ready(&mut self) {
        let report = until("a report that the service is ready", || {
            let report = self.report();
            assert!(report.is_some() || self.process.is_alive(), "{}", self.process.stderr());
            report
        });
        assert!(report.text.lines().any(|line| line == "READY=1"), "{report:?}");
        assert_eq!(
            report.sender,
            self.process.pid(),
            "NotifyAccess=main: another process is not listened to"
        );
    }

    /// Stops it as the unit says, and returns how it ended.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal(Signal::from_str(self.unit.one("KillSignal")).expect("a signal"));
        self.process.end()
    }
}

/// The command of a service, after `tracer`, and where it reports.
#[track_caller]
pub fn prepare(machine: &Machine, unit: &Unit, name: &str, tracer: &[&str]) -> (Command, UnixDatagram) {
    let path = format!("/var/lib/notify-{name}");
    // Left by an earlier start.
    let _ = fs::remove_file(&path);
    let reports = UnixDatagram::bind(&path).expect("a socket");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).expect("its mode");
    reports.set_nonblocking(true).expect("a socket that does not block");
    set_socket_passcred(&reports, true).expect("the sender's process id with each report");

    // Each of them becomes the next, so the process id stays.
    let limits = format!("umask {} && ulimit -n {} && exec \"$@\"", unit.one("UMask"), open_files(unit));
    let placed = machine.as_user(&unit.command_line("ExecStart"));
    let mut words = tracer.to_vec();
    words.extend(["sh", "-c", &limits, "sh"]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(placed.get_program()).args(placed.get_args());
    command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
    command.env("LANG", "C.UTF-8").env("NOTIFY_SOCKET", path).envs(unit.environment());
    command.current_dir(unit.one("WorkingDirectory"));
    (command, reports)
}

/// `LimitNOFILE=`, or as much of it as this machine allows to the test.
#[track_caller]
pub fn open_files(unit: &Unit) -> u64 {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit of open files");
    unit.one("LimitNOFILE").parse::<u64>().expect("a number").min(most)
}

/// A report that has come, if there is one.
pub fn receive(reports: &UnixDatagram) -> Option<Report> {
    let mut buffer = [0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let length = match recvmsg(reports, &mut [IoSliceMut::new(&mut buffer)], &mut control, RecvFlags::empty())
    {
        Ok(message) => message.bytes,
        Err(Errno::AGAIN) => return None,
        Err(error) => panic!("a report cannot be received: {error}"),
    };
    let sender = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(sender) => u32::try_from(sender.pid.as_raw_nonzero().get()).ok(),
        _ => None,
    });
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    Some(Report { text, sender: sender.expect("the sender's process id") })
}
