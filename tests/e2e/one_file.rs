//! The program where nothing else is: a root directory that has it, `/proc`, `/dev/null` and `/tmp`.
//!
//! `scripts/release-checks` gives the one file of a release, which has etcd in it and is linked with nothing.
//! Without it, it is the program of the tests, with its libraries and a bundle of etcd.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::mount::{MsFlags, mount};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::isolation::isolated;
use crate::harness::name_server::NameServer;
use crate::harness::processes::Running;
use crate::harness::{bundle, outcome, program, released};

struct Empty(TempDir);

impl Empty {
    #[track_caller]
    fn new() -> Self {
        let empty = Self(tempfile::tempdir().expect("a temporary directory"));
        for directory in ["bin", "dev", "etc", "proc", "tmp"] {
            fs::create_dir(empty.at(directory)).expect("a directory");
        }
        fs::copy(program(), empty.at("bin/zone-etcd")).expect("the program");
        mount(None::<&str>, &empty.at("proc"), Some("proc"), MsFlags::empty(), None::<&str>).expect("/proc");
        File::create(empty.at("dev/null")).expect("a file");
        empty.bind(Path::new("/dev/null"), "dev/null");
        if released().is_none() {
            empty.add_what_a_release_has();
        }
        empty
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    #[track_caller]
    fn bind(&self, from: &Path, to: &str) {
        mount(Some(from), &self.at(to), None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("a mount");
    }

    #[track_caller]
    fn add_what_a_release_has(&self) {
        let linked = outcome(Command::new("ldd").arg(program())).expect_code(0).stdout;
        for library in linked.split_whitespace().filter(|word| word.starts_with('/')) {
            let place = self.at(library.trim_start_matches('/'));
            fs::create_dir_all(place.parent().expect("a directory")).expect("its directory");
            fs::copy(library, place).expect("the library");
        }
        fs::create_dir_all(self.at("libexec/zone-etcd/3.7.3")).expect("a directory");
        self.bind(&bundle("3.7.3"), "libexec/zone-etcd/3.7.3");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.0.path()).arg("/bin/zone-etcd").args(arguments);
        command.stdin(Stdio::null()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }
}

#[test]
fn a_zone_runs_where_nothing_else_is() {
    isolated(|| {
        if let Some(file) = released() {
            is_linked_with_nothing(&file);
        }
        let empty = Empty::new();
        // The second one finds what the first has unpacked.
        for cache in ["empty", "warm"] {
            let begun = Instant::now();
            let mut dev = Running::start(&mut empty.command(&["dev"]), empty.0.path(), "dev");
            dev.wait_for_line(&["is ready"]);
            eprintln!("dev, three members, cache {cache}: ready after {} ms", begun.elapsed().as_millis());
            dev.stop();
        }
        let begun = Instant::now();
        outcome(&mut empty.command(&["self-test"])).expect_code(0);
        eprintln!("self-test: passed after {} ms", begun.elapsed().as_millis());
        let left: Vec<_> = fs::read_dir(empty.at("tmp")).expect("/tmp").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

/// So the C library of a machine, old or none, is of no concern.
#[track_caller]
fn is_linked_with_nothing(file: &Path) {
    let mut readelf = Command::new("readelf");
    readelf.args(["--wide", "--program-headers", "--dynamic"]).arg(file);
    let told = outcome(&mut readelf).expect_code(0).stdout;
    assert!(told.contains("LOAD") && told.contains("Dynamic section"), "{told}");
    assert!(!told.contains("INTERP") && !told.contains("(NEEDED)"), "{told}");
}

/// By the hosts file, and by a name server that `resolv.conf` names; what neither knows is told. There is no
/// way from here to 192.0.2.0/24, which is for documentation (RFC 5737).
#[test]
fn names_resolve_where_nothing_else_is() {
    isolated(|| {
        let empty = Empty::new();
        fs::write(empty.at("etc/hosts"), "127.0.0.1 localhost infra0.example.com\n").expect("the hosts file");
        fs::write(empty.at("etc/resolv.conf"), "nameserver 127.0.0.1\n").expect("resolv.conf");
        let _server = NameServer::start_at("127.0.0.1:53", "infra1.example.com. 300 IN A 192.0.2.2\n");
        let nodes = ["infra0", "infra1", "infra2"].map(|name| format!("[[node]]\nname = \"{name}\"\n"));
        fs::create_dir(empty.at("z")).expect("a directory");
        fs::write(empty.at("z/zone.toml"), format!("[zone]\nname = \"example.com\"\n{}", nodes.concat()))
            .expect("zone.toml");
        outcome(&mut empty.command(&["init", "--zone", "/z"])).expect_code(0);
        outcome(&mut empty.command(&["pki", "issue", "--all", "--zone", "/z"])).expect_code(0);
        let arguments = ["check", "--zone", "/z", "--node", "infra0", "--format", "json"];
        let checked = outcome(&mut empty.command(&arguments)).expect_code(65).stdout;
        let report: Value = serde_json::from_str(&checked).expect("JSON");
        let found = |name: &str| {
            let findings = report["findings"].as_array().expect("findings");
            let finding = findings.iter().find(|one| one["check"] == "host-names" && one["subject"] == name);
            finding.unwrap_or_else(|| panic!("{name} is not in {checked}")).clone()
        };
        for (name, verdict, text) in [
            ("infra0.example.com", "passed", "127.0.0.1"),
            ("infra1.example.com", "passed", "192.0.2.2"),
            ("infra2.example.com", "failed", "it does not resolve"),
        ] {
            let finding = found(name);
            assert_eq!(finding["verdict"], verdict, "{finding}");
            assert!(finding.to_string().contains(text), "{finding}");
        }
    });
}
