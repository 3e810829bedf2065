//! Debian's packages under systemd: installed, upgraded while a member is written to, removed and purged.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::root::{self, files};
use crate::harness::isolation::isolated;
use crate::harness::processes::until;
use crate::systemd::machine::{ZONE, has_other_users};
use crate::systemd::manager::Manager;

const MEMBER: &str = "zone-etcd@infra0.service";
const PACKAGES: [&str; 2] = ["zone-etcd", "zone-etcd-etcd-3.7.3"];
const DATA: &str = "/var/lib/zone-etcd";

#[track_caller]
fn dpkg(manager: &Manager, action: &str, names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let told = manager
        .call(&[&["setsid", "--wait", "dpkg", "--no-triggers", action], &names[..]].concat())
        .expect_code(0);
    told.stdout + &told.stderr
}

#[track_caller]
fn install(manager: &Manager, revision: u32) {
    dpkg(manager, "--install", &files(&PACKAGES, revision, ".deb"));
}

/// `zone-etcd` as its own user, in the zone.
fn as_user(manager: &Manager, arguments: &[&str]) -> crate::harness::Outcome {
    let user = ["runuser", "-u", "zone-etcd", "--", "zone-etcd"];
    manager.call(&[&user, arguments].concat())
}

fn etcdctl(manager: &Manager, arguments: &[&str]) -> crate::harness::Outcome {
    as_user(manager, &[&["ctl", "--zone", ZONE, "--"], arguments].concat())
}

fn is_active(manager: &Manager, unit: &str) -> bool {
    manager.property(unit, "ActiveState") == "active"
}

/// A machine with the packages of the first revision, and a member that runs.
#[track_caller]
fn running(packages: &Path) -> Manager {
    root::enter(packages);
    // Its name is that of the control group as well.
    let output = tempfile::tempdir_in("/output").expect("a directory").keep();
    let manager = Manager::boot_empty(&output);
    install(&manager, 1);
    // Nothing runs or will run that was not asked for.
    let units = ["systemctl", "list-units", "--all", "--no-legend", "zone-etcd*"];
    assert_eq!(manager.call(&units).stdout, "");
    let enabled = ["systemctl", "list-unit-files", "--no-legend", "--state=enabled", "zone-etcd*"];
    assert_eq!(manager.call(&enabled).stdout, "");
    let made = manager.call(&["stat", "--format", "%U %a", DATA]).expect_code(0);
    assert_eq!(made.stdout.trim(), "zone-etcd 700");
    let init = ["init", "--zone", ZONE, "--name", "example.com", "--node", "infra0=127.0.0.1"];
    as_user(&manager, &init).expect_code(0);
    manager.call(&["systemctl", "enable", "--now", MEMBER]).expect_code(0);
    manager
}

/// The process, its program, and since when the unit is active.
fn process(manager: &Manager) -> (String, String, String) {
    let pid = manager.property(MEMBER, "MainPID");
    let program = manager.call(&["readlink", &format!("/proc/{pid}/exe")]).expect_code(0).stdout;
    (pid, program.trim().to_owned(), manager.property(MEMBER, "ActiveEnterTimestampMonotonic"))
}

#[test]
fn an_upgrade_under_load_leaves_the_member_alone() {
    if !has_other_users() {
        return;
    }
    let made = root::made();
    isolated(|| {
        let manager = running(&made);
        let (pid, program, since) = process(&manager);
        let (written, failed, is_over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let more = |count: usize| {
            let wanted = written.load(Ordering::SeqCst) + count;
            until("writes", || (written.load(Ordering::SeqCst) >= wanted).then_some(()));
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let told = etcdctl(&manager, &["put", "count", "1"]);
                    let count = if told.code == 0 { &written } else { &failed };
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
            more(3);
            install(&manager, 2);
            more(3);
            is_over.store(true, Ordering::SeqCst);
        });
        assert_eq!(failed.load(Ordering::SeqCst), 0, "writes that failed");
        let version = manager.call(&["dpkg-query", "--show", "--showformat", "${Version}", "zone-etcd"]);
        assert!(version.stdout.ends_with("-2"), "{}", version.stdout);
        // It keeps the file that it was started from.
        assert_eq!(process(&manager), (pid.clone(), format!("{program} (deleted)"), since));
        assert_eq!(manager.property(MEMBER, "NeedDaemonReload"), "no");
        manager.call(&["systemctl", "restart", MEMBER]).expect_code(0);
        let (next, now, _) = process(&manager);
        assert!(next != pid && now == program, "{next}: {now}");
        assert!(as_user(&manager, &["check", "--node", "infra0", "--zone", ZONE]).code == 0);
    });
}

#[test]
fn what_is_removed_can_be_installed_again_and_a_purge_asks() {
    if !has_other_users() {
        return;
    }
    let made = root::made();
    isolated(|| {
        let manager = running(&made);
        etcdctl(&manager, &["put", "greeting", "hello"]).expect_code(0);
        fs::write("/etc/zone-etcd/infra0.env", "# of this node\n").expect("a file");
        let packages = PACKAGES.map(str::to_owned);
        dpkg(&manager, "--remove", &packages);
        assert!(!is_active(&manager, MEMBER) && !Path::new("/usr/bin/zone-etcd").exists());
        assert!(!Path::new("/usr/libexec/zone-etcd").exists());
        assert!(Path::new(ZONE).join("nodes/infra0/state.json").exists());
        assert!(Path::new("/etc/zone-etcd/infra0.env").exists());

        install(&manager, 1);
        assert!(!is_active(&manager, MEMBER), "an installation starts nothing");
        manager.call(&["systemctl", "start", MEMBER]).expect_code(0);
        let got = etcdctl(&manager, &["get", "greeting", "--print-value-only"]);
        assert_eq!(got.stdout.trim(), "hello");

        // Nobody is there to answer.
        let told = dpkg(&manager, "--purge", &packages);
        assert!(told.contains("/var/lib/zone-etcd is kept"), "{told}");
        assert!(Path::new(ZONE).join("zone.toml").exists());
        assert!(Path::new("/etc/zone-etcd/infra0.env").exists());
        let link = Path::new("/etc/systemd/system/multi-user.target.wants").join(MEMBER);
        assert!(fs::symlink_metadata(&link).is_err(), "it is still enabled");

        for (answer, is_kept) in [("no", true), ("yes", false)] {
            install(&manager, 1);
            let purge = format!("DEBIAN_FRONTEND=teletype dpkg --no-triggers --purge {}", packages.join(" "));
            let typed = format!("echo {answer} | script --quiet --return --command '{purge}' /dev/null");
            let told = manager.call(&["sh", "-c", &typed]).expect_code(0);
            assert!(told.stdout.contains("Delete the data and the keys"), "{}", told.stdout);
            assert_eq!(Path::new(DATA).exists(), is_kept, "{}", told.stdout);
            assert_eq!(Path::new("/etc/zone-etcd").exists(), is_kept, "{}", told.stdout);
        }
    });
}
