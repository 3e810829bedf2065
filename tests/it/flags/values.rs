//! Values of flags: the etcd that will run judges them, before anything is started or spent.

use super::{plan, zone};
use crate::harness::{TestZone, outcome};
use crate::support::{Others, Refusal, StandIn, Tree, three_members, three_members_issued};

const VERSIONS: [&str; 3] = ["3.5.35", "3.6.16", "3.7.3"];

/// Flags with a value that etcd does not take, and what it says.
const REFUSED: [(&str, &str, &str); 8] = [
    ("log-level", "nope", "nope"),
    ("snapshot-count", "many", "many"),
    ("cipher-suites", "NOPE", "unexpected TLS cipher suite"),
    ("max-concurrent-streams", "-1", "max-concurrent-streams"),
    ("pre-vote", "perhaps", "perhaps"),
    ("grpc-keepalive-interval", "5", "grpc-keepalive-interval"),
    ("cors", "::::", "cors"),
    ("log-outputs", "default,stderr", "multi logoutput"),
];

/// What etcd passes over in silence, or finds out when it has written its data directory.
const JUDGED_HERE: [(&str, &str, &str); 4] = [
    ("metrics", "some", "basic or extensive"),
    ("backend-bbolt-freelist-type", "list", "array or map"),
    ("auth-token", "nope", "simple or jwt,"),
    ("auth-token", "jwtx,sign-method=RS256", "simple or jwt,"),
];

#[test]
fn a_value_that_etcd_does_not_take_is_refused() {
    for version in VERSIONS {
        let after_dashes = zone(version, "");
        for (name, value, said) in REFUSED.into_iter().chain(JUDGED_HERE) {
            plan(&after_dashes, &[&format!("--{name}={value}")])
                .expect_refusal(64, &["not every flag can be passed on", said, "nothing was started"]);
        }
    }
}

#[test]
fn a_value_in_the_file_is_a_fault_of_the_file() {
    for (name, value, said) in REFUSED.into_iter().chain(JUDGED_HERE) {
        let in_file = zone("3.7.3", &format!("{name} = \"{value}\""));
        plan(&in_file, &[]).expect_refusal(78, &["[etcd.flags] of zone.toml: ", said]);
        // Whatever else is wrong with the command line.
        plan(&in_file, &["--max-txn-ops=5"]).expect_refusal(78, &["[etcd.flags] of zone.toml: ", said]);
    }
}

/// Each of these is one that etcd runs with; files and rotation among them, and no file is made for the
/// question.
#[test]
fn a_value_that_etcd_takes_is_passed_on() {
    let log = tempfile::tempdir().expect("a directory");
    let outputs = format!("--log-outputs={}", log.path().join("etcd.log").display());
    let flags = [
        "--log-level=panic",
        "--snapshot-count=0x10",
        "--pre-vote=F",
        "--grpc-keepalive-interval=5s",
        "--metrics=extensive",
        "--backend-bbolt-freelist-type=map",
        "--auth-token=jwt,sign-method=RS256,pub-key=/nonexistent",
        "--enable-pprof",
        "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "--enable-log-rotation",
        &outputs,
    ];
    for version in VERSIONS {
        let zone = zone(version, "");
        plan(&zone, &flags).expect_code(0);
        plan(&zone, &[&outputs]).expect_code(0);
    }
    assert_eq!(std::fs::read_dir(log.path()).expect("the directory").count(), 0, "etcd has opened its log");
}

/// The right to bootstrap a cluster is not spent on a start that etcd would end at once.
#[test]
fn run_spends_nothing_on_it() {
    let zone = three_members();
    let before = Tree::of(&zone.path()).without_locks();
    outcome(&mut run(&zone, &["--", "--log-level=nope"]))
        .expect_refusal(64, &["nope", "nothing was started"]);
    let after = Tree::of(&zone.path()).without_locks();
    after.assert_same_as(&before, "run");
}

fn run(zone: &TestZone, arguments: &[&str]) -> std::process::Command {
    let mut command = zone.command(&["run", "--node", "node1"]);
    command.args(arguments);
    command
}

/// A start does not ask again what it has asked before, nor of what nobody gave.
#[test]
fn the_verdict_is_remembered() {
    let zone = three_members_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let start = |flags: &[&str]| {
        let _others = Others::of(&zone, "node1");
        let arguments = [&["--etcd", etcd.as_argument(), "--"], flags].concat();
        outcome(&mut run(&zone, &arguments)).expect_code(0);
        etcd.times_flags_were_judged()
    };
    assert_eq!(start(&[]), 0);
    assert_eq!(start(&["--snapshot-count=5"]), 1);
    assert_eq!(start(&["--snapshot-count=5"]), 1, "remembered");
    assert_eq!(start(&["--snapshot-count=6"]), 2, "another value");
    let plan = ["plan", "--node", "node1", "--etcd", etcd.as_argument(), "--", "--snapshot-count=6"];
    zone.run(&plan[..2]).expect_code(64);
    outcome(zone.command(&plan[..5]).args(&plan[5..])).expect_code(0);
    assert_eq!(etcd.times_flags_were_judged(), 2, "plan reads what a start remembered");
}

#[test]
fn what_gives_up_safety_is_warned_of_at_each_start() {
    let zone = zone("3.7.3", "unsafe-no-fsync = true");
    let warned = plan(&zone, &["--strict-reconfig-check=F"]).expect_code(0).stderr;
    assert!(warned.contains("warning: unsafe-no-fsync: "), "{warned}");
    assert!(warned.contains("warning: strict-reconfig-check=false: "), "{warned}");
    let quiet = plan(&zone, &["--unsafe-no-fsync=0", "--strict-reconfig-check"]).expect_code(0).stderr;
    // No machine has the address of that zone (RFC 5737), which is said too.
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    assert!(quiet.starts_with("warning: 192.0.2.1 is not an address of this machine: "), "{quiet}");
}
