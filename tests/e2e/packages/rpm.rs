//! The packages as rpm reads them, and what lintian says of those for Debian.

use std::path::Path;

use super::root::{self, call, files};
use crate::harness::isolation::isolated;
use crate::systemd::machine::has_other_users;

const PACKAGES: [&str; 2] = ["zone-etcd", "zone-etcd-etcd-3.7.3"];
/// Debian's rpm is told that it may, and knows nothing of what is installed by dpkg.
const RPM: [&str; 3] = ["rpm", "--force-debian", "--nodeps"];

#[track_caller]
fn rpm(action: &str, names: &[String]) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    call(&[&RPM[..], &[action], &names[..]].concat()).expect_code(0);
}

#[test]
fn an_rpm_is_installed_upgraded_and_erased() {
    if !has_other_users() {
        return;
    }
    let made = root::made();
    isolated(|| {
        root::enter(&made);
        for file in files(&PACKAGES, 1, ".rpm") {
            let told = call(&["rpm", "--checksig", &file]).expect_code(0).stdout;
            assert!(told.contains("digests OK"), "{told}");
        }
        rpm("--install", &files(&PACKAGES, 1, ".rpm"));
        let plan = ["zone-etcd", "init", "--zone", "/var/lib/zone-etcd/zone", "--name", "example.com"];
        let user = ["setpriv", "--reuid=zone-etcd", "--regid=zone-etcd", "--clear-groups"];
        call(&[&user[..], &plan, &["--node", "infra0=127.0.0.1"]].concat()).expect_code(0);
        rpm("--upgrade", &files(&PACKAGES, 2, ".rpm"));
        let told = call(&["rpm", "--query", "zone-etcd"]).expect_code(0).stdout;
        assert!(told.contains("-2."), "{told}");
        call(&["rpm", "--verify", "--nodeps", "zone-etcd"]).expect_code(0);
        let units = std::fs::read_to_string("/usr/lib/systemd/system/zone-etcd.service").expect("the unit");
        assert!(units.contains("\nExecStart=/usr/bin/zone-etcd run\n"), "{units}");
        rpm("--erase", &PACKAGES.map(str::to_owned));
        assert!(!Path::new("/usr/bin/zone-etcd").exists());
        assert!(Path::new("/var/lib/zone-etcd/zone/zone.toml").exists(), "the data stays");
    });
}

#[test]
fn lintian_finds_no_error() {
    if !has_other_users() {
        return;
    }
    let made = root::made();
    isolated(|| {
        root::enter(&made);
        let packages = files(&PACKAGES, 1, ".deb");
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        let lintian = ["lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning"];
        let suppressed = ["--suppress-tags", "initial-upload-closes-no-bugs"];
        call(&[&lintian[..], &suppressed, &packages].concat()).expect_code(0);
        // A page for every command.
        call(&[&["dpkg", "--no-triggers", "--install"], &packages[..]].concat()).expect_code(0);
        let help = call(&["zone-etcd", "--help"]).expect_code(0).stdout;
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let commands = commands.take_while(|line| !line.is_empty());
        let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
        assert!(names.len() > 20, "{help}");
        for name in names.into_iter().filter(|name| *name != "help").chain(["pki-issue", "snapshot-save"]) {
            let page = format!("/usr/share/man/man1/zone-etcd-{name}.1.gz");
            assert!(Path::new(&page).is_file(), "no {page}");
        }
        for completion in ["bash-completion/completions/zone-etcd", "zsh/vendor-completions/_zone-etcd"] {
            assert!(Path::new("/usr/share").join(completion).is_file(), "{completion}");
        }
    });
}
