//! A clock that is wrong: what is refused, what is named, and that nothing which only reports issues
//! anything.

use std::fs;
use std::path::PathBuf;

use time::Duration;

use crate::harness::clock::turn;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use crate::support::{Refusal, StandIn, Tree, append, ports};

fn description() -> String {
    let ports = ports(3);
    format!(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n\
         peer_port = {}\nclient_port = {}\nmetrics_port = {}\n",
        ports[0], ports[1], ports[2]
    )
}

/// What only reports, whatever it finds.
const REPORTS: [&[&str]; 10] = [
    &["status"],
    &["doctor"],
    &["check", "--node", "node1"],
    &["plan", "--node", "node1"],
    &["pki", "list"],
    &["pki", "check"],
    &["pki", "rotate-ca", "--status"],
    &["ca", "status"],
    &["env"],
    &["ctl", "--", "version"],
];

/// What issues, signs or revokes.
const ISSUES: [&[&str]; 7] = [
    &["pki", "issue", "--all"],
    &["pki", "renew", "node1"],
    &["pki", "revoke", "client/health"],
    &["pki", "rotate-ca", "--plane", "client"],
    &["bundle", "--no-encryption", "--out", "out"],
    &["init"],
    &["run", "--node", "node1"],
];

fn at(offset: Duration, zone: &TestZone, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(std::iter::empty::<&str>());
    // What follows `--` is for etcdctl.
    let (own, others) =
        arguments.split_at(arguments.iter().position(|each| *each == "--").unwrap_or(arguments.len()));
    command.args(own).arg("--zone").arg(zone.path()).args(others).current_dir(zone.around());
    outcome(turn(&mut command, offset))
}

/// A zone whose CAs are ten days old, and whose certificates are new.
#[track_caller]
fn zone() -> TestZone {
    let zone = TestZone::described(&description());
    at(Duration::days(-10), &zone, &["init"]).expect_code(0);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    zone
}

fn untouched(zone: &TestZone, what: &str, act: impl FnOnce() -> Outcome) -> Outcome {
    let before = Tree::of(&zone.path()).without_locks();
    let told = act();
    Tree::of(&zone.path()).without_locks().assert_same_as(&before, what);
    told
}

/// `status` at 400 days issued a certificate that was from the future once the clock was right again.
#[test]
fn what_only_reports_issues_nothing_and_names_a_clock_that_is_far_ahead() {
    let zone = zone();
    for command in REPORTS {
        let told = untouched(&zone, &command.join(" "), || at(Duration::days(400), &zone, command));
        let text = "every certificate that was issued last has ended";
        assert!(told.stderr.contains(text), "{}: {}", command.join(" "), told.stderr);
    }
    let told = at(Duration::days(400), &zone, &["status"]);
    assert!(told.stderr.contains("zone-etcd pki issue --client admin --zone "), "{}", told.stderr);
    // Half a year later nothing is strange.
    for command in REPORTS {
        let told = at(Duration::days(180), &zone, command);
        assert!(!told.stderr.contains("clock"), "{}: {}", command.join(" "), told.stderr);
    }
}

#[test]
fn what_only_reports_names_a_clock_that_is_behind() {
    let zone = zone();
    for command in REPORTS {
        let told = untouched(&zone, &command.join(" "), || at(Duration::days(-5), &zone, command));
        for text in ["is behind what is recorded", "issued.jsonl"] {
            assert!(told.stderr.contains(text), "{}: {}", command.join(" "), told.stderr);
        }
    }
}

/// A client that was never issued is not issued by the way either.
#[test]
fn what_only_reports_names_the_command_that_issues() {
    let zone = zone();
    fs::rename(zone.file("clients/admin"), zone.around().join("admin")).expect("put aside");
    for command in [&["status"][..], &["env"], &["ctl", "--", "version"]] {
        untouched(&zone, &command.join(" "), || at(Duration::ZERO, &zone, command)).expect_refusal(
            66,
            &["there is no certificate of admin", "zone-etcd pki issue --client admin --zone "],
        );
    }
    zone.run(&["pki", "issue", "--client", "admin"]).expect_code(0);
    zone.run(&["env"]).expect_code(0);
}

#[test]
fn what_issues_is_refused_while_the_clock_is_behind_what_was_issued() {
    let zone = zone();
    let stand_in = StandIn::new(zone.around(), "3.7.3");
    // There is something to issue.
    append(&zone.file("zone.toml"), "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    for command in ISSUES {
        let mut command = command.to_vec();
        if command[0] == "run" {
            command.extend(["--etcd", stand_in.as_argument()]);
        }
        untouched(&zone, &command.join(" "), || at(Duration::days(-5), &zone, &command)).expect_refusal(
            75,
            &["is behind what is recorded", "this machine's clock says", "issued.jsonl", "--clock-is-right"],
        );
    }
    assert_eq!(stand_in.arguments(), None, "etcd was started");
    assert!(!zone.around().join("out").exists());
    // Clocks are never the same to the second.
    at(Duration::minutes(-4), &zone, &["pki", "issue", "--all"]).expect_code(0);
    at(Duration::days(-5), &zone, &["ca", "unlock"]).expect_code(0);
}

/// Whoever has issued with a clock that was ahead gets on with one that is right, and says so once for each
/// log.
#[test]
fn the_operator_can_say_that_the_clock_is_right() {
    let zone = TestZone::described(&description());
    zone.run(&["init"]).expect_code(0);
    let out = zone.around().join("out");
    let out = out.to_str().expect("UTF-8");
    at(Duration::days(30), &zone, &["bundle", "--no-encryption", "--out", out]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_refusal(75, &["bundles.jsonl", "--clock-is-right"]);
    let told = zone.run(&["pki", "issue", "--all", "--clock-is-right"]).expect_code(0);
    assert!(told.stderr.contains("issued 4 certificates"), "{}", told.stderr);
    zone.run(&["bundle", "--no-encryption", "--out", out]).expect_code(75);
    zone.run(&["bundle", "--no-encryption", "--out", out, "--clock-is-right"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["bundle", "--no-encryption", "--out", out]).expect_code(0);
    let told = zone.run(&["pki", "check"]).expect_code(0);
    assert!(!told.stderr.contains("clock"), "{}", told.stderr);
}

/// A node that was activated with the first bundle of its member, which is newer than its certificates.
fn node(zone: &TestZone) -> PathBuf {
    let mut command = zone.command(&["bundle", "--no-encryption"]);
    outcome(command.arg("--out").arg(zone.around().join("out"))).expect_code(0);
    let mut root = std::process::Command::new("openssl");
    root.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(zone.file("ca/root.crt"));
    let known =
        outcome(&mut root).expect_code(0).stdout.trim().rsplit('=').next().expect("a fingerprint").to_owned();
    let directory = zone.around().join("node1");
    let mut activate = zone_etcd(["activate", "--root-fingerprint", &known, "--node-dir"]);
    outcome(activate.arg(&directory).arg(zone.around().join("out/node1.bundle"))).expect_code(0);
    directory.join("node.json")
}

/// The right to bootstrap lapses after 30 days, and is worth nothing where a clock may be turned back.
#[test]
fn a_clock_before_the_bundle_gives_no_right_to_bootstrap() {
    let zone = TestZone::described(&description());
    at(Duration::days(-10), &zone, &["init"]).expect_code(0);
    at(Duration::days(-10), &zone, &["pki", "issue", "node1"]).expect_code(0);
    let config = node(&zone);
    let stand_in = StandIn::new(zone.around(), "3.7.3");
    let act = |command: &str, offset: Duration| {
        let mut command = zone_etcd([command, "--config"]);
        command.arg(&config).args(["--etcd", stand_in.as_argument()]);
        outcome(turn(&mut command, offset))
    };
    for command in ["plan", "run"] {
        act(command, Duration::days(-5)).expect_refusal(
            75,
            &[
                "node1 must not start",
                "this machine's clock says",
                "its bundle was made at",
                "timedatectl",
                "chronyc",
            ],
        );
    }
    assert_eq!(stand_in.arguments(), None, "etcd was started");
    act("plan", Duration::minutes(-4)).expect_code(0);
    act("plan", Duration::days(29)).expect_code(0);
    act("plan", Duration::days(31)).expect_refusal(69, &["this node's bundle is of "]);
    let told = outcome(turn(zone_etcd(["check", "--config"]).arg(&config), Duration::days(-5)));
    assert!(told.stdout.contains("its bundle was made at"), "{}", told.stdout);
}
