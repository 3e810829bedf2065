//! A machine on which the program is installed as the documents say: program, bundle, user, directories. Only
//! the mount namespace of the test sees it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use tempfile::TempDir;

use super::unit::packaged;
use crate::harness::members::call;
use crate::harness::{Outcome, bundle, outcome, program};

/// Where the units expect the program and the zone.
const PROGRAM: &str = "/usr/local/bin/zone-etcd";
const BUNDLE: &str = "/usr/local/libexec/zone-etcd/3.7.3";
/// The zone directory that the units name.
pub const ZONE: &str = "/var/lib/zone-etcd/zone";

/// A machine with a zone.
pub struct Machine {
    output: TempDir,
    user: Option<String>,
}

impl Machine {
    /// Installs everything, and makes a zone with this `zone.toml`. To be used in
    /// [`crate::harness::isolation`].
    #[track_caller]
    pub fn new(description: &str) -> Self {
        let output = tempfile::tempdir().expect("a directory");
        let (program, bundle) = (program(), fs::canonicalize(bundle("3.7.3")).expect("the bundle"));
        own_etc(output.path());
        for place in ["/usr/local", "/var/lib"] {
            mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some("mode=755")).expect("a tmpfs");
        }
        fs::create_dir_all(BUNDLE).expect("a directory");
        fs::create_dir_all("/usr/local/bin").expect("a directory");
        fs::write(PROGRAM, "").expect("a file to mount over");
        for (from, to) in [(program.as_path(), PROGRAM), (&bundle, BUNDLE)] {
            mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("a mount");
        }
        let machine = Self { output, user: has_other_users().then(|| "zone-etcd".to_owned()) };
        machine.lay_out();
        let script = format!("umask 077; mkdir {ZONE} && cat >{ZONE}/zone.toml");
        let text = machine.output().join("zone.toml");
        fs::write(&text, description).expect("zone.toml");
        let mut command = machine.as_user(&["sh".to_owned(), "-c".to_owned(), script]);
        command.stdin(fs::File::open(text).expect("zone.toml"));
        outcome(&mut command).expect_code(0);
        machine
    }

    /// User and directories, by the files that are installed for it.
    fn lay_out(&self) {
        if self.user.is_none() {
            fs::create_dir("/var/lib/zone-etcd").expect("a directory");
            fs::create_dir("/etc/zone-etcd").expect("a directory");
            return;
        }
        outcome(Command::new("systemd-sysusers").arg(packaged("zone-etcd.sysusers"))).expect_code(0);
        outcome(Command::new("systemd-tmpfiles").arg("--create").arg(packaged("zone-etcd.tmpfiles")))
            .expect_code(0);
    }

    /// For what the processes write.
    pub fn output(&self) -> &Path {
        self.output.path()
    }

    /// The user that the units name, if this test may become it.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// A command by the user of the service, with no privileges that could be taken away.
    pub fn as_user(&self, command_line: &[String]) -> Command {
        let mut command = Command::new("setpriv");
        if let Some(user) = &self.user {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        command.args(["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]).args(command_line);
        command.env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG").env("NO_COLOR", "1");
        command.current_dir("/");
        command
    }

    /// Runs the program for the zone, as its user.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let words = [PROGRAM].iter().chain(arguments).chain(&["--zone", ZONE]);
        let words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
        outcome(&mut self.as_user(&words))
    }

    /// etcdctl as the administrator of the zone.
    pub fn client(&self) -> Command {
        self.as_user(&[PROGRAM, "ctl", "--zone", ZONE, "--"].map(str::to_owned))
    }

    /// Runs [`Self::client`].
    #[track_caller]
    pub fn etcdctl(&self, arguments: &[&str]) -> Outcome {
        call(&self.client(), arguments)
    }

    /// A file of the zone.
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(ZONE).join(name)
    }
}

/// Users and groups can be added to this /etc, which has nothing but what programs need to run.
fn own_etc(place: &Path) {
    let etc = place.join("etc");
    fs::create_dir(&etc).expect("a directory");
    for file in ["passwd", "group", "nsswitch.conf", "ld.so.cache", "hosts"] {
        // Where one is missing, nothing needs it.
        let _ = fs::copy(Path::new("/etc").join(file), etc.join(file));
    }
    fs::set_permissions(&etc, PermissionsExt::from_mode(0o755)).expect("its mode");
    mount(Some(&etc), "/etc", None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("a mount over /etc");
}

/// Whether this user namespace has more users than one: not where an ordinary user made it.
pub fn has_other_users() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").expect("the map of user ids");
    map.split_whitespace().nth(2).is_some_and(|count| count != "1")
}
