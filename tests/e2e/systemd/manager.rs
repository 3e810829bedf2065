//! systemd itself, as the first process of namespaces of its own, with the units of `packaging/systemd` and
//! nothing else to run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::machine::{Machine, ZONE};
use super::unit::packaged;
use crate::harness::processes::{children_of, until};
use crate::harness::{Outcome, outcome};

const SYSTEMD: &str = "/lib/systemd/systemd";
/// The only directory of units that it is told of.
const UNITS: &str = "/run/zone-units";
/// Where administrators and packages install units.
const INSTALLED: [&str; 2] = ["/etc/systemd/system", "/usr/lib/systemd/system"];
/// What services print.
const LOGS: &str = "/run/zone-logs";
/// How long the kernel may take to end what systemd has left.
const EMPTY_WITHIN: Duration = Duration::from_secs(10);
/// What the units order themselves by, without what a distribution starts there.
const TARGETS: [&str; 11] = [
    "zone-test",
    "sysinit",
    "basic",
    "local-fs",
    "local-fs-pre",
    "multi-user",
    "network-online",
    "shutdown",
    "time-sync",
    "timers",
    "umount",
];

/// Becomes a member of the control group, and then systemd, which sees that group as the top.
const BOOT: &str = r#"
echo $$ >"$0/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --cgroup --ipc --uts --pid --fork --kill-child --mount-proc sh -c '
    mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs -o mode=1777 tmpfs /tmp &&
    exec env -i container=zone-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        SYSTEMD_UNIT_PATH="$1" "$2" --unit=zone-test.target --log-target=console --show-status=0' sh "$1" "$2"
"#;

/// A machine on which systemd runs. Dropping it ends systemd and everything that it runs.
pub struct Manager {
    child: Child,
    /// systemd, by its number here.
    systemd: u32,
    /// The control group of all that.
    group: PathBuf,
}

impl Manager {
    /// Boots, and starts nothing. To be used in [`crate::harness::isolation`], after [`Machine::new`].
    #[track_caller]
    pub fn boot(machine: &Machine) -> Self {
        own_run();
        lay_out_units();
        Self::start(machine.output(), UNITS)
    }

    /// Boots with units that others install, and starts nothing. `output` is for what systemd prints.
    #[track_caller]
    pub fn boot_empty(output: &Path) -> Self {
        for place in INSTALLED {
            mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some("mode=755")).expect("a tmpfs");
        }
        own_run();
        lay_out_targets(Path::new(INSTALLED[1]));
        Self::start(output, &INSTALLED.join(":"))
    }

    #[track_caller]
    fn start(output: &Path, units: &str) -> Self {
        let groups = Path::new("/run/zone-groups");
        fs::create_dir(groups).expect("a directory");
        mount(Some("cgroup2"), groups, Some("cgroup2"), MsFlags::empty(), None::<&str>)
            .expect("control groups");
        let name = output.file_name().expect("a name").to_string_lossy();
        let group = groups.join(format!("zone-etcd-test{name}"));
        fs::create_dir(&group).expect("a control group");
        let log = fs::File::create(output.join("systemd.log")).expect("a log");
        let child = Command::new("sh")
            .args(["-euc", BOOT])
            .arg(&group)
            .args([units, SYSTEMD])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        let mut manager = Self { child, systemd: 0, group };
        manager.systemd = until("systemd", || children_of(manager.child.id()).first().copied());
        until("systemd to be up", || {
            assert!(
                matches!(manager.child.try_wait(), Ok(None)),
                "{}",
                fs::read_to_string(output.join("systemd.log")).unwrap_or_default()
            );
            (manager.call(&["systemctl", "is-active", "zone-test.target"]).code == 0).then_some(())
        });
        manager
    }

    /// A command of root's on that machine.
    pub fn call(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new("nsenter");
        command.args([
            "--target",
            &self.systemd.to_string(),
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--cgroup",
            "--",
        ]);
        command.args(words).env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG").env("NO_COLOR", "1");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
        outcome(&mut command)
    }

    /// `zone-etcd` as root, on the zone.
    pub fn zone_etcd(&self, arguments: &[&str]) -> Outcome {
        self.call(&[&["zone-etcd"], arguments, &["--zone", ZONE]].concat())
    }

    /// A property of a unit.
    #[track_caller]
    pub fn property(&self, unit: &str, name: &str) -> String {
        let told = self.call(&["systemctl", "show", "--property", name, "--value", unit]).expect_code(0);
        told.stdout.trim().to_owned()
    }

    /// What a service has printed.
    pub fn printed(&self, unit: &str) -> String {
        fs::read_to_string(Path::new(LOGS).join(unit)).unwrap_or_default()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // With the first process of a namespace go all others.
        if let Ok(systemd) = i32::try_from(self.systemd)
            && systemd > 1
        {
            let _ = kill(Pid::from_raw(systemd), Signal::SIGKILL);
        }
        let _ = self.child.wait();
        // Nothing that panics: this may be the end of a test that has failed.
        let deadline = Instant::now() + EMPTY_WITHIN;
        while remove_groups(&self.group).is_err() && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
    }
}

/// The packaged units, targets that start nothing, and a file for what each service prints, since there is no
/// journal.
#[track_caller]
fn lay_out_units() {
    fs::create_dir(LOGS).expect("a directory");
    fs::create_dir(UNITS).expect("a directory");
    let units = Path::new(UNITS);
    lay_out_targets(units);
    for entry in fs::read_dir(packaged("")).expect("the units") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".timer") || name.ends_with(".service") {
            fs::copy(&path, units.join(&name)).expect("a unit");
        }
        if name.ends_with(".service") {
            let more = units.join(format!("{name}.d"));
            fs::create_dir(&more).expect("a directory");
            let text = format!("[Service]\nStandardOutput=append:{LOGS}/%n\nStandardError=inherit\n");
            fs::write(more.join("log.conf"), text).expect("a drop-in");
        }
    }
}

#[track_caller]
fn lay_out_targets(units: &Path) {
    for target in TARGETS {
        let text = format!("[Unit]\nDescription={target}\nDefaultDependencies=no\n");
        fs::write(units.join(format!("{target}.target")), text).expect("a target");
    }
}

#[track_caller]
fn own_run() {
    for place in ["/run", "/var/tmp"] {
        mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some("mode=755")).expect("a tmpfs");
    }
}

/// Removes a control group and those below it.
fn remove_groups(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.path().is_dir() {
            remove_groups(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}
