//! Members behind gateways: where they are, and what follows for all members of the zone.

use serde_json::Value;

use super::{check, fault};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;

/// A zone with two nodes at addresses of their own, and a third one as it is written.
fn text(third: &str) -> String {
    let nodes = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n[[node]]\nname = \"node2\"\n\
                 address = \"10.0.1.2\"\n";
    format!("[zone]\nname = \"example.zone\"\n{nodes}[[node]]\nname = {third}\n")
}

fn zone(third: &str) -> TestZone {
    let zone = TestZone::described(&text(third));
    zone.run(&["init"]).expect_code(0);
    zone
}

/// `plan` binds the ports for an instant: two at once would find them in use.
fn flags(zone: &TestZone, node: &str) -> Vec<String> {
    let planned = zone.run(&["plan", "--node", node, "--format", "argv"]).expect_code(0).stdout;
    planned.lines().map(str::to_owned).collect()
}

const BEHIND: &str = "\"node3\"\naddress = \"127.0.1.4\"\nprotocol = \"cyfs\"";

#[test]
fn a_loopback_address_of_its_own_is_that_of_the_forwards() {
    isolated(|| {
        let zone = zone(BEHIND);
        let flags = flags(&zone, "node3");
        for flag in [
            "--initial-advertise-peer-urls=https://127.0.1.4:2380",
            "--listen-peer-urls=https://127.0.0.1:2380,https://127.0.1.4:2380",
            "--advertise-client-urls=https://127.0.1.4:2379",
            "--listen-client-urls=https://127.0.0.1:2379,https://127.0.1.4:2379",
            "--listen-metrics-urls=http://127.0.0.1:2381",
            "--initial-cluster=node1=https://10.0.1.1:2380,node2=https://10.0.1.2:2380,\
         node3=https://127.0.1.4:2380",
        ] {
            assert!(flags.iter().any(|each| each == flag), "no {flag} in {flags:#?}");
        }
        let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
        assert!(printed.contains("; no address of node3.example.zone: 127.0.1.4 is a forward"), "{printed}");
        assert!(printed.contains("node1.example.zone. 300 IN A 10.0.1.1\n"), "{printed}");
    });
}

/// At its name it listens where the gateways forward to, and nowhere else.
#[test]
fn a_name_is_that_of_the_forwards() {
    isolated(|| {
        let flags = flags(&zone("\"node3\"\nprotocol = \"cyfs\""), "node3");
        let listens = "--listen-peer-urls=https://127.0.0.1:2380";
        assert!(flags.iter().any(|flag| flag == listens), "{flags:#?}");
    });
}

#[test]
fn what_is_no_place_for_forwards_is_refused() {
    let fourth = "[[node]]\nname = \"node4\"\naddress = \"10.0.1.4\"";
    let shared = "address = \"127.0.1.4\"\nprotocol = \"cyfs\"";
    let marked = |third: &str| text(&format!("▸{third}"));
    check([
        fault(
            marked("\"node3\"\naddress = \"127.0.0.1\"\nprotocol = \"cyfs\""),
            &["127.0.0.1 is reached by no other machine", "such as 127.0.1.4"],
        ),
        fault(
            marked("\"node3\"\naddress = \"::1\"\nprotocol = \"cyfs\""),
            &["::1 is reached by no other machine", "such as 127.0.1.4"],
        ),
        fault(marked("\"node3\"\naddress = \"127.0.1.4\""), &["127.0.1.4 is reached by no other machine"]),
        fault(
            text(&format!(
                "{BEHIND}\n{fourth}\n[[node]]\nname = ▸\"node5\"\n{shared}\npeer_port = 3380\n\
                 client_port = 3379"
            )),
            &["127.0.1.4 is the address of node3 as well", "a loopback address of its own"],
        ),
        fault(
            text(&format!("{BEHIND}\n{fourth}\n[[node]]\nname = ▸\"node5\"\n{shared}")),
            &["127.0.1.4:2380 is both peer_port of node3 and peer_port of node5"],
        ),
    ]);
}

/// What a gateway passes on comes from an address that no certificate has, in both directions.
#[test]
fn every_member_dials_without_names() {
    let dials = |zone: &TestZone, node: &str| {
        flags(zone, node).iter().any(|flag| flag.starts_with("--peer-client-cert-file="))
    };
    for (third, expected) in [
        (BEHIND, true),
        ("\"node3\"\nprotocol = \"cyfs\"", true),
        ("\"node3\"\naddress = \"10.0.1.3\"", false),
        // On a node without a member no connection ends.
        ("\"node3\"\nmember = false\nprotocol = \"cyfs\"", false),
    ] {
        let zone = zone(third);
        for node in ["node1", "node2"] {
            assert_eq!(dials(&zone, node), expected, "{node} beside {third}");
        }
    }
}

/// A zone that gets its first member behind a gateway: what the others lack is told, issued and packed.
#[test]
fn the_others_get_what_they_lack() {
    let zone = zone("\"node3\"\naddress = \"10.0.1.3\"");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    std::fs::write(zone.file("zone.toml"), text(BEHIND)).expect("written");
    let lacks = || {
        let listed = zone.run(&["pki", "list", "--format", "json"]).expect_code(0).stdout;
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        let is_it = |row: &&Value| row["role"] == "peer-client" && row["issued"] == false;
        listed.as_array().expect("a list").iter().filter(is_it).count()
    };
    assert_eq!(lacks(), 3);
    let checked = zone.run(&["pki", "check"]);
    assert_ne!(checked.code, 0);
    assert!(checked.stdout.contains("peer-client"), "{}", checked.stdout);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    assert!(zone.file("nodes/node1/pki/current/peer-client.crt").exists());
    assert_eq!(lacks(), 2);
    // A bundle is packed with it.
    let out = zone.around().join("out");
    let out = out.to_str().expect("text");
    zone.run(&["bundle", "node2", "--out", out, "--no-encryption"]).expect_code(0);
    let mut inspect = crate::harness::zone_etcd(["bundle", "inspect"]);
    let inspected = crate::harness::outcome(inspect.arg(format!("{out}/node2.bundle"))).expect_code(0).stdout;
    assert!(inspected.contains("peer-client"), "{inspected}");
}
