//! The forms in which Go's flag package takes a flag, and how they are handed on.

use super::{arguments, plan, zone};
use crate::support::Refusal;

#[test]
fn every_form_is_taken() {
    let zone = zone("3.7.3", "");
    for (given, handed_on) in [
        (["--snapshot-count=5000"].as_slice(), "--snapshot-count=5000"),
        (&["-snapshot-count=5000"], "--snapshot-count=5000"),
        (&["--snapshot-count", "5000"], "--snapshot-count=5000"),
        (&["-snapshot-count", "5000"], "--snapshot-count=5000"),
        (&["--pre-vote"], "--pre-vote"),
        (&["--pre-vote=false"], "--pre-vote=false"),
        (&["--log-outputs=a=b,c"], "--log-outputs=a=b,c"),
        (&["--log-level", ""], "--log-level="),
        (&["--log-level="], "--log-level="),
        (&["--log-outputs", "--looks-like-a-flag"], "--log-outputs=--looks-like-a-flag"),
    ] {
        let arguments = arguments(&zone, given);
        assert_eq!(arguments.last().map(String::as_str), Some(handed_on), "{given:?}");
    }
}

/// A switch takes no value but after `=`: what follows it is the next argument.
#[test]
fn a_switch_does_not_take_the_next_word() {
    let zone = zone("3.7.3", "");
    let arguments = arguments(&zone, &["--pre-vote", "--snapshot-count", "7"]);
    assert!(
        arguments.ends_with(&["--pre-vote".to_owned(), "--snapshot-count=7".to_owned()]),
        "{arguments:?}"
    );
    plan(&zone, &["--pre-vote", "false"]).expect_refusal(64, &["`false` is not a flag"]);
}

#[test]
fn a_value_that_is_missing_is_missed() {
    let zone = zone("3.7.3", "");
    plan(&zone, &["--snapshot-count"]).expect_refusal(64, &["`--snapshot-count` needs a value"]);
}

#[test]
fn the_last_one_wins() {
    let zone = zone("3.7.3", "snapshot-count = 1\nlog-level = \"warn\"");
    let both = arguments(&zone, &["--snapshot-count=2", "--snapshot-count=3"]);
    let counts: Vec<&String> = both.iter().filter(|flag| flag.starts_with("--snapshot-count")).collect();
    assert_eq!(counts, ["--snapshot-count=3"], "the command line over the file, the later over the earlier");
    assert!(both.contains(&"--log-level=warn".to_owned()));
}

#[test]
fn the_users_gates_are_joined_to_ours() {
    for (given, merged) in [
        (
            "StopGRPCServiceOnDefrag=true",
            "--feature-gates=InitialCorruptCheck=true,StopGRPCServiceOnDefrag=true",
        ),
        ("InitialCorruptCheck=false", "--feature-gates=InitialCorruptCheck=false"),
        ("", "--feature-gates=InitialCorruptCheck=true"),
    ] {
        for version in ["3.6.16", "3.7.3"] {
            let zone = zone(version, &format!("feature-gates = \"{given}\""));
            let arguments = arguments(&zone, &[]);
            let gates: Vec<&String> =
                arguments.iter().filter(|flag| flag.starts_with("--feature-gates")).collect();
            assert_eq!(gates, [merged], "{version}");
        }
    }
}

#[test]
fn what_3_5_calls_its_corruption_check_can_be_set_once() {
    for (given, expected) in [("", "true"), ("experimental-initial-corrupt-check = false", "false")] {
        let arguments = arguments(&zone("3.5.35", given), &[]);
        let checks: Vec<&String> =
            arguments.iter().filter(|flag| flag.contains("initial-corrupt-check")).collect();
        assert_eq!(checks, [&format!("--experimental-initial-corrupt-check={expected}")]);
    }
}

/// `run` hands etcd what `plan` shows.
#[test]
fn run_and_plan_agree() {
    let zone = crate::support::three_members();
    let etcd = crate::support::StandIn::new(zone.around(), "3.7.3");
    let flags = ["--", "--snapshot-count", "5", "-pre-vote", "--log-outputs=a b\"c"];
    let call = |command: &[&str]| {
        let mut call = zone.command(command);
        crate::harness::outcome(call.args(["--node", "node1", "--etcd", etcd.as_argument()]).args(flags))
            .expect_code(0)
    };
    let planned = call(&["plan", "--format", "argv"]).stdout;
    let _others = crate::support::Others::of(&zone, "node1");
    call(&["run"]);
    let planned: Vec<&str> = planned.lines().skip(1).collect();
    assert_eq!(etcd.arguments().expect("it was started"), planned);
}
