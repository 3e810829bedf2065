//! `status` of a zone that is in order: the table, the fields, the metrics, and how it goes on with
//! `--watch`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, start_alone, start_on_loopback};
use crate::harness::processes::{Running, until};

pub const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// A zone of three members that all take requests.
#[track_caller]
pub fn three_members(more: &str) -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, more);
    zone.run(&["init"]).expect_code(0);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}

/// What `status` says as JSON, with this exit code.
#[track_caller]
pub fn status(zone: &TestZone, code: i32) -> Value {
    let text = zone.run(&["status", "--format", "json"]).expect_code(code).stdout;
    serde_json::from_str(&text).expect("the status is JSON")
}

/// The words of a member's row in the table.
#[track_caller]
pub fn row<'t>(table: &'t str, name: &str) -> Vec<&'t str> {
    let members = table.split("\nmembers\n").nth(1).expect("a table of members");
    let line = members.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_else(|| panic!("no row of {name} in\n{table}")).split_whitespace().collect()
}

#[track_caller]
pub fn assert_fits_a_terminal(text: &str) {
    // A command is one line, to be copied.
    for line in text.lines().filter(|line| !line.starts_with("next: ")) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line);
    }
    assert!(text.lines().count() <= 24, "more than a screen:\n{text}");
}

#[test]
fn a_healthy_zone_fits_one_screen() {
    isolated(|| {
        let (zone, _members) = three_members("");
        let shown = zone.run(&["status"]).expect_code(0);
        assert_eq!(shown.stderr, "");
        let text = shown.stdout;
        assert_fits_a_terminal(&text);
        let live = status(&zone, 0);
        let leader = live["leader"].as_str().expect("a leader");
        let first = text.lines().next().expect("a line");
        assert_eq!(first, format!("example.zone  healthy  etcd 3.7.3  leader {leader}  revision 1"));
        for name in NODES {
            let row = row(&text, name);
            assert_eq!(row[1..3], ["up", "3.7.3"], "{text}");
            assert_eq!(row[3], if name == leader { "leader" } else { "voter" }, "{text}");
            assert!(row.last() == Some(&"ms"), "{text}");
            let ends = [name, "364", "364"];
            assert!(text.lines().any(|line| line.split_whitespace().eq(ends)), "{text}");
        }
        for absent in ["next:", "alarms", "differences"] {
            assert!(!text.contains(absent), "{text}");
        }
    });
}

#[test]
fn every_line_of_etcd_tells_what_it_knows() {
    isolated(|| {
        for (version, storage) in [("3.7.3", true), ("3.6.16", true), ("3.5.35", false)] {
            let zone = loopback_zone(1, &format!("[etcd]\nversion = \"{version}\"\nquota = \"1GiB\"\n"));
            zone.run(&["init"]).expect_code(0);
            let mut running = start_alone(&zone);
            // etcd writes the version of its storage some seconds after its first start.
            let live = until("the version of the storage", || {
                let live = status(&zone, 0);
                (live["members"][0]["storage_version"].is_string() == storage).then_some(live)
            });
            let member = &live["members"][0];
            assert_eq!(member["version"], version);
            assert_eq!(member["db_quota_bytes"], if storage { Value::from(1 << 30) } else { Value::Null });
            for number in [
                "raft_term",
                "raft_index",
                "raft_applied_index",
                "revision",
                "db_size_bytes",
                "db_in_use_bytes",
            ] {
                assert!(member[number].as_u64().is_some_and(|number| number > 0), "{number} of {member}");
            }
            assert!(member["latency_seconds"].as_f64().is_some_and(|time| time > 0.0 && time < 2.0));
            assert_eq!(member["own_list_agrees"], true);
            assert_eq!(member["id"], live["leader_id"]);
            running.stop();
        }
    });
}

#[test]
fn both_planes_show_their_certificates_and_whom_they_trust() {
    isolated(|| {
        let (zone, _members) = three_members("");
        let live = status(&zone, 0);
        for (index, name) in NODES.iter().enumerate() {
            for (plane, stem) in [("client", "server"), ("peer", "peer")] {
                let planes = live["members"][index]["planes"].as_array().expect("planes");
                let shown = planes.iter().find(|shown| shown["plane"] == plane).expect("the plane");
                let file = zone.file(&format!("nodes/{name}/pki/current/{stem}.crt"));
                let certificate = zone_pki::Certificate::from_pem(&std::fs::read(file).expect("a file"))
                    .expect("a certificate");
                assert_eq!(shown["certificate"]["serial"], certificate.serial_hex());
                assert_eq!(
                    shown["certificate"]["issuer"],
                    format!("CN=example.zone {plane} CA, O=example.zone")
                );
                assert_eq!(shown["leads_to_zone"], true);
                assert_eq!(shown["failure"], Value::Null);
                assert_eq!(shown["accepts"].as_array().expect("authorities").len(), 1);
                assert_eq!(shown["accepts"][0]["is_zones"], true);
            }
        }
        assert_eq!(live["authorities"].as_array().expect("authorities").len(), 3);
    });
}

#[test]
fn the_metrics_are_sound_and_replace_the_file() {
    isolated(|| {
        let (zone, _members) = three_members("");
        let file = zone.around().join("zone.prom");
        std::fs::write(&file, "old").expect("a file");
        let output = file.to_str().expect("UTF-8");
        let shown = zone.run(&["status", "--format", "prometheus", "--output", output]).expect_code(0);
        assert_eq!(shown.stdout, "");
        assert_eq!(file.metadata().expect("the file").permissions().mode() & 0o7777, 0o644);
        let samples = exposition(&std::fs::read_to_string(&file).expect("the file"));
        let value = |series: &str| samples.get(series).copied();
        assert_eq!(value("zone_etcd_health{zone=\"example.zone\"}"), Some(2.0));
        assert_eq!(value("zone_etcd_healthy_voters{zone=\"example.zone\"}"), Some(3.0));
        for name in NODES {
            assert_eq!(
                value(&format!("zone_etcd_member_up{{zone=\"example.zone\",node=\"{name}\"}}")),
                Some(1.0)
            );
            let ends = value(&format!(
                "zone_etcd_certificate_not_after_timestamp_seconds\
                 {{zone=\"example.zone\",node=\"{name}\",plane=\"peer\",role=\"peer\"}}"
            ));
            assert!(ends.is_some_and(|ends| ends > 1.7e9), "{ends:?}");
        }
        let leaders: f64 = samples
            .iter()
            .filter(|(series, _)| series.starts_with("zone_etcd_member_is_leader"))
            .map(|(_, value)| value)
            .sum();
        assert_eq!(leaders, 1.0);
        let left: Vec<_> = std::fs::read_dir(zone.around())
            .expect("the directory")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(".zone-etcd-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn it_goes_on_until_ctrl_c() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        let watch = |more: &[&str], name: &str| {
            let mut command = zone.command(&["status", "--watch", "1"]);
            Running::start(command.args(more), zone.around(), name)
        };
        let mut text = watch(&[], "text");
        let mut json = watch(&["--format", "json"], "json");
        until("a second look", || (text.stdout().matches("--- ").count() >= 2).then_some(()));
        until("a second line", || (json.stdout().lines().count() >= 2).then_some(()));
        text.signal(Signal::SIGINT);
        json.signal(Signal::SIGTERM);
        assert_eq!(text.outcome().code, 0);
        let shown = text.stdout();
        assert!(shown.starts_with("--- 20") && !shown.contains('\u{1b}'), "{shown}");
        for line in json.outcome().stdout.lines() {
            let live: Value = serde_json::from_str(line).expect("one object a line");
            assert_eq!(live["health"], "healthy");
        }
        // The certificates of the peer plane are looked at once a minute, since each look is a refused
        // connection.
        assert!(json.stdout().contains("\"plane\":\"peer\""));
    });
}

/// A strict reader of Prometheus' text format: every sample after the help and type of its family, families
/// in one piece, no series twice. Returns the values by series.
#[track_caller]
pub fn exposition(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut current = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a text of help");
            assert!(!words.is_empty() && families.insert(name.to_owned()), "{name} is there twice");
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
            current = name.to_owned();
            continue;
        }
        let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
        assert_eq!(name, current, "{line}");
        let labels_end = labels(rest).unwrap_or_else(|| panic!("labels: {line}"));
        let value = rest[labels_end..].strip_prefix(' ').expect("one blank").parse().expect("a number");
        let series = format!("{name}{{{}", &rest[..labels_end]);
        assert!(samples.insert(series, value).is_none(), "twice: {line}");
    }
    samples
}

/// Where the labels end, if they are well formed.
fn labels(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let name = text[at..].find("=\"")?;
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        if !is_name(&text[at..at + name]) {
            return None;
        }
        at += name + 2;
        loop {
            match text.as_bytes().get(at)? {
                b'\\' if matches!(text.as_bytes().get(at + 1)?, b'\\' | b'"' | b'n') => at += 2,
                b'\\' => return None,
                b'"' => break,
                _ => at += 1,
            }
        }
        at += 1;
        match text.as_bytes().get(at)? {
            b',' => at += 1,
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}
