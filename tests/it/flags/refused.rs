//! Flags that are not handed on.

use super::{flags_in_help, plan, zone};
use crate::support::Refusal;

/// What would touch identity, TLS, membership, or what `zone.toml` has a key for, by a name for each reason.
const RESERVED: [&str; 48] = [
    "name",
    "data-dir",
    "wal-dir",
    "listen-peer-urls",
    "listen-client-urls",
    "listen-client-http-urls",
    "listen-metrics-urls",
    "advertise-client-urls",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "initial-cluster-state",
    "force-new-cluster",
    "initial-cluster-token",
    "heartbeat-interval",
    "election-timeout",
    "quota-backend-bytes",
    "auto-compaction-mode",
    "auto-compaction-retention",
    "tls-min-version",
    "tls-max-version",
    "config-file",
    "enable-v2",
    "experimental-enable-v2v3",
    "proxy",
    "auto-tls",
    "peer-auto-tls",
    "self-signed-cert-validity",
    "discovery",
    "discovery-token",
    "discovery-srv",
    "cert-file",
    "key-file",
    "client-cert-file",
    "client-key-file",
    "client-cert-auth",
    "trusted-ca-file",
    "client-crl-file",
    "client-cert-allowed-hostname",
    "peer-cert-file",
    "peer-key-file",
    "peer-client-cert-auth",
    "peer-trusted-ca-file",
    "peer-crl-file",
    "peer-cert-allowed-cn",
    "peer-cert-allowed-hostname",
    "peer-client-cert-file",
    "peer-client-key-file",
    "peer-skip-client-san-verification",
];

#[test]
fn each_reserved_one_is_refused_by_name() {
    for version in ["3.5.35", "3.6.16", "3.7.3"] {
        let zone = zone(version, "");
        let flags: Vec<String> = RESERVED.iter().map(|name| format!("--{name}=x")).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        // All of them in one call: every fault is reported.
        let refused = plan(&zone, &flags).expect_refusal(64, &["nothing was started"]);
        for name in RESERVED {
            assert!(
                refused.stderr.contains(&format!("`--{name}` is not yours to give: ")),
                "{version}: {name}\n{}",
                refused.stderr
            );
        }
    }
}

#[test]
fn they_are_refused_in_the_file_as_well() {
    for (name, text) in [
        ("name", "follows from the node's name"),
        ("listen-peer-urls", "keys of [[node]]"),
        ("initial-cluster-token", "set `token` in [etcd]"),
        ("cert-file", "follow from the zone's PKI"),
    ] {
        let zone = zone("3.7.3", &format!("{name} = \"x\""));
        plan(&zone, &[]).expect_refusal(
            78,
            &["[etcd.flags] of zone.toml", &format!("`--{name}` is not yours to give"), text],
        );
    }
}

/// Every flag of the help about certificates, trust, URLs or membership is refused, so that a new version of
/// etcd does not open a hole.
#[test]
fn no_flag_that_touches_trust_is_overlooked() {
    let words =
        ["cert", "-ca-", "crl", "key-file", "tls", "-urls", "initial-", "discovery", "san-verification"];
    // They have these words in their names, and touch nothing of the kind.
    let harmless = ["initial-election-tick-advance", "experimental-initial-corrupt-check"];
    for version in ["3.5.35", "3.6.16", "3.7.3"] {
        let listed = flags_in_help(version);
        let touching = |name: &&String| {
            words.iter().any(|word| name.contains(word)) && !harmless.contains(&name.as_str())
        };
        let touching: Vec<&String> = listed.iter().filter(touching).collect();
        assert!(touching.len() > 30, "etcd {version}: {touching:?}");
        let flags: Vec<String> = touching.iter().map(|name| format!("--{name}=x")).collect();
        let refused = plan(&zone(version, ""), &flags.iter().map(String::as_str).collect::<Vec<_>>());
        for name in touching {
            assert!(
                refused.stderr.contains(&format!("`--{name}` is not yours to give")),
                "etcd {version}: --{name}"
            );
        }
    }
}

#[test]
fn unknown_ones_are_told_the_nearest() {
    let zone = zone("3.7.3", "");
    for (given, text) in [
        ("--snapshot-cout=1", "etcd has no flag `--snapshot-cout`: did you mean `snapshot-count`?"),
        ("--logger-level=debug", "etcd has no flag `--logger-level`: "),
        ("--xyz=1", "etcd has no flag `--xyz`: see `etcd --help`"),
    ] {
        plan(&zone, &[given]).expect_refusal(64, &[text]);
    }
}

#[test]
fn what_is_no_flag_is_refused() {
    let zone = zone("3.7.3", "");
    for word in ["word", "", "-", "--"] {
        plan(&zone, &[word]).expect_refusal(64, &[&format!("`{word}` is not a flag")]);
    }
}

#[test]
fn a_flag_of_another_line_is_refused_with_its_lines() {
    for (version, flag, text) in [
        (
            "3.7.3",
            "--experimental-initial-corrupt-check=true",
            "etcd 3.7.3 has no flag `--experimental-initial-corrupt-check`",
        ),
        ("3.6.16", "--enable-pprof-x=true", "etcd has no flag"),
        (
            "3.5.35",
            "--feature-gates=InitialCorruptCheck=true",
            "etcd 3.5.35 has no flag `--feature-gates`; it is one of 3.6 and later",
        ),
        ("3.5.35", "--bootstrap-defrag-threshold-megabytes=1", "it is one of 3.6 and later"),
    ] {
        plan(&zone(version, ""), &[flag]).expect_refusal(64, &[text]);
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let zone = zone("3.7.3", "name = \"x\"\nxyz = 1");
    let refused = plan(&zone, &["word", "--data-dir", "/x", "--snapshot-count"]).expect_refusal(78, &[]);
    for text in [
        "`--name` is not yours",
        "no flag `--xyz`",
        "`word` is not a flag",
        "`--data-dir` is not",
        "needs a value",
    ] {
        assert!(refused.stderr.contains(text), "no `{text}` in:\n{}", refused.stderr);
    }
    assert!(
        !refused.stderr.contains("`/x`"),
        "the value of a refused flag is not taken for an argument: {}",
        refused.stderr
    );
}
