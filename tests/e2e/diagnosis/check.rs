//! `check` on members that run.

use std::fs;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, Certificate, RevocationReason, Revoked};

use super::{checked, failed, findings, found};
use crate::harness::isolation::isolated;
use crate::harness::members::{
    loopback_zone, start_alone, start_on_loopback, start_together, wait_until_serving,
};
use crate::harness::namespaces::Network;
use crate::harness::{TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[test]
fn a_member_that_runs_is_in_order() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = start_on_loopback(&zone, &NODES);
        let findings = checked(&zone, 0);
        let own = format!("(process {})", members[0].pid());
        for check in ["one-etcd", "listeners"] {
            found(&findings, check, "passed", &own);
        }
        found(&findings, "running-flags", "passed", "as zone.toml says");
        found(&findings, "open-files", "passed", &format!("process {}", members[0].pid()));
        for peer in ["node2 at https://127.0.0.1:2390", "node3 at https://127.0.0.1:2400"] {
            for check in ["peer-reachable", "peer-certificate", "peer-admission", "peer-clock"] {
                found(&findings, check, "passed", peer);
            }
        }
        found(&findings, "version-skew", "passed", "etcd 3.7.3");
        found(&findings, "timing", "passed", "the round trip");
        found(&findings, "source-address", "passed", "127.0.0.1 to node2, node3");
    });
}

/// A second address of the machine becomes the one that it sends from, while all members run.
#[test]
fn source_address() {
    isolated(|| {
        let machines = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
        let network = Network::new(&machines);
        let zone =
            TestZone::init("example.com", &["infra0=10.0.1.10", "infra1=10.0.1.11", "infra2=10.0.1.12"]);
        let nodes = machines.map(|(name, _)| name);
        let mut members = start_together(&zone, &nodes, |node, command| network.on(node, &command));
        wait_until_serving(&mut members);
        let call = |machine: &str, arguments: &[&str]| {
            let mut command = zone_etcd(arguments);
            command.arg("--zone").arg(zone.path());
            outcome(&mut network.on(machine, &command))
        };
        let check = ["check", "--node", "infra2", "--format", "json"];
        let before = findings(&call("infra2", &check).expect_code(0));
        found(&before, "source-address", "passed", "10.0.1.12 to infra0, infra1");

        network.add_address("infra2", "10.0.1.92");
        network.send_from("infra2", "10.0.1.0/24", "10.0.1.92");
        let line = "sans = [\"10.0.1.92\"] below the [[node]] of infra2";
        let wrong = findings(&call("infra2", &check).expect_code(65));
        let finding = found(&wrong, "source-address", "failed", "sends to infra0, infra1 from 10.0.1.92");
        assert!(finding["remedy"].as_str().expect("a remedy").contains(line), "{finding:#}");
        let refused = found(
            &wrong,
            "peer-admission",
            "failed",
            "the likely reason: this node sends to infra0, infra1 from 10.0.1.92",
        );
        assert!(refused["remedy"].as_str().expect("a remedy").contains(line), "{refused:#}");
        assert_eq!(failed(&wrong), ["peer-admission", "source-address"]);

        // doctor, on that machine, says the same; from another it says where to look.
        let there = call("infra2", &["doctor"]).expect_code(65).stdout;
        assert!(there.contains("10.0.1.92") && there.contains(line), "{there}");
        let verdict = there.lines().last().expect("a verdict");
        assert!(verdict.starts_with("example.com: unhealthy, 3 failed"), "{there}");
        let elsewhere = findings(&call("infra0", &["doctor", "--format", "json"]));
        let note = found(&elsewhere, "source-address", "note", "infra1, infra2");
        assert!(note["remedy"].as_str().expect("a remedy").contains("check --node infra1"), "{note:#}");

        // The line that is named fixes it, while the member runs.
        replace_in(
            &zone.file("zone.toml"),
            "address = \"10.0.1.12\"\n",
            "address = \"10.0.1.12\"\nsans = [\"10.0.1.92\"]\n",
        );
        zone.run(&["pki", "issue", "infra2"]).expect_code(0);
        let fixed = findings(&call("infra2", &check).expect_code(0));
        found(&fixed, "source-address", "passed", "10.0.1.92 to infra0, infra1");
        found(&fixed, "peer-admission", "passed", "it takes peer.crt from 10.0.1.92");
    });
}

/// etcd reads its revocation list at every handshake, and closes without an alert.
#[test]
fn a_peer_that_has_this_node_on_its_list_is_told_from_others() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &NODES);
        let now = OffsetDateTime::now_utc();
        let read = |file: &str| fs::read(zone.file(file)).expect("a file");
        let authority = Authority::load(&read("ca/peer.crt"), &read("ca/peer.key"), now).expect("a CA");
        let own = Certificate::from_pem(&read("nodes/node1/pki/current/peer.crt")).expect("a certificate");
        let revoked =
            [Revoked { serial: own.serial().to_vec(), at: now, reason: RevocationReason::default() }];
        let list = authority.revocation_list(&revoked, 2, now, now + Duration::DAY).expect("a list");
        fs::write(zone.file("nodes/node2/pki/current/peer.crl"), &list).expect("written");
        let findings = checked(&zone, 65);
        assert_eq!(failed(&findings), ["peer-admission"]);
        found(&findings, "peer-admission", "failed", "node2 at ");
        found(&findings, "peer-admission", "passed", "node3 at ");
        // With the list at hand, the reason is known.
        fs::write(zone.file("nodes/node1/pki/current/peer.crl"), &list).expect("written");
        found(&checked(&zone, 65), "peer-admission", "failed", "the likely reason: ");
    });
}

#[test]
fn running_flags() {
    isolated(|| {
        let zone = loopback_zone(1, "[etcd]\nquota = \"1GiB\"\n");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        found(&checked(&zone, 0), "running-flags", "passed", "as zone.toml says");
        replace_in(&zone.file("zone.toml"), "quota = \"1GiB\"", "quota = \"2GiB\"");
        let text = "--quota-backend-bytes is 1073741824, zone.toml has 2147483648";
        found(&checked(&zone, 0), "running-flags", "note", text);
    });
}

#[test]
fn disk_space() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let node = zone.file("nodes/node1");
        for (size, code, verdict, text) in [
            (
                "size=32m,mode=0700",
                65,
                "failed",
                "less than the 61.0 MiB that the next piece of the log takes",
            ),
            ("size=200m,mode=0700", 0, "warning", "may grow to the quota of 8.0 GiB"),
        ] {
            fs::create_dir_all(&node).expect("a directory");
            mount_tmpfs(&node, size);
            zone.run(&["pki", "issue", "node1"]).expect_code(0);
            found(&checked(&zone, code), "disk-space", verdict, text);
        }
    });
}

fn mount_tmpfs(place: &Path, options: &str) {
    mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some(options)).expect("a file system");
}

/// Replaces the one place where `old` stands in a file.
#[track_caller]
fn replace_in(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).expect("a text file");
    assert_eq!(text.matches(old).count(), 1, "`{old}` in:\n{text}");
    fs::write(path, text.replace(old, new)).expect("the file is written");
}
