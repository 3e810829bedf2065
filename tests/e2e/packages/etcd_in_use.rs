//! A version of etcd that a member runs is not removed. Without systemd, as in a chroot.

use std::process::{Command, Stdio};

use super::root::{self, call, files};
use crate::harness::isolation::isolated;
use crate::harness::outcome;
use crate::harness::processes::until;
use crate::systemd::machine::{ZONE, has_other_users};

const OLDER: &str = "zone-etcd-etcd-3.6.16";

#[track_caller]
fn assert_refused(reason: &str) {
    let told = call(&["dpkg", "--no-triggers", "--remove", OLDER]);
    assert_ne!(told.code, 0, "{}", told.stdout);
    for text in ["error: etcd 3.6.16 is not removed: ", reason, "next: "] {
        assert!(told.stderr.contains(text), "{}", told.stderr);
    }
    assert!(std::path::Path::new("/usr/libexec/zone-etcd/3.6.16/etcd").exists());
}

#[test]
fn the_etcd_of_a_member_cannot_be_removed() {
    if !has_other_users() {
        return;
    }
    let made = root::made();
    isolated(|| {
        root::enter(&made);
        let own = files(&["zone-etcd", "zone-etcd-etcd-3.7.3"], 1, ".deb");
        call(&["dpkg", "--no-triggers", "--install", &own[0], &own[1]]).expect_code(0);
        let user = ["setpriv", "--reuid=zone-etcd", "--regid=zone-etcd", "--clear-groups", "zone-etcd"];
        let zone_etcd = |words: &[&str]| call(&[&user, words, &["--zone", ZONE]].concat());
        zone_etcd(&["init", "--name", "example.com", "--node", "infra0=127.0.0.1"]).expect_code(0);
        let described = std::path::Path::new(ZONE).join("zone.toml");
        let mut text = std::fs::read_to_string(&described).expect("zone.toml");
        text.push_str("\n[etcd]\nversion = \"3.6.16\"\n");
        std::fs::write(&described, text).expect("zone.toml");
        let told = zone_etcd(&["plan", "--node", "infra0"]);
        assert!(told.code == 66 && told.stderr.contains(OLDER), "{}{}", told.stdout, told.stderr);

        call(&["dpkg", "--no-triggers", "--install", &files(&[OLDER], 1, ".deb")[0]]).expect_code(0);
        let mut member = Command::new(user[0]);
        member.args(&user[1..]).args(["run", "--node", "infra0", "--zone", ZONE]);
        let member = member.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut member = member.expect("the member starts");
        until("the member", || (zone_etcd(&["status", "--format", "json"]).code == 0).then_some(()));
        assert_refused("runs it");
        outcome(Command::new("kill").arg(member.id().to_string())).expect_code(0);
        member.wait().expect("it ends");
        assert_refused("ran it last");
        // The directory is its user's, who holds up nobody by it.
        let state = std::path::Path::new(ZONE).join("nodes/infra0/state.json");
        let aside = state.with_extension("aside");
        std::fs::rename(&state, &aside).expect("moved aside");
        nix::unistd::mkfifo(&state, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        call(&["timeout", "30", "dpkg", "--no-triggers", "--remove", OLDER]).expect_code(0);
        std::fs::rename(&aside, &state).expect("put back");
        call(&["dpkg", "--no-triggers", "--install", &files(&[OLDER], 1, ".deb")[0]]).expect_code(0);
        assert_refused("ran it last");

        // Without the launcher nothing starts it again.
        call(&["dpkg", "--no-triggers", "--remove", "zone-etcd"]).expect_code(0);
        call(&["dpkg", "--no-triggers", "--remove", OLDER]).expect_code(0);
    });
}
