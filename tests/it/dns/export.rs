//! The records that are printed.

use super::{RECORDS, zone};
use crate::harness::name_server::{Manner, NameServer};
use crate::harness::{TestZone, outcome, zone_etcd};

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with([';', '#'])).map(|line| format!("{line}\n")).collect()
}

#[test]
fn members_alone_are_exported_in_a_fixed_order() {
    let zone = zone();
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert_eq!(without_comments(&printed), RECORDS);
    assert_eq!(zone.run(&["dns", "export", "--format", "zone"]).expect_code(0).stdout, printed);
    // The order of the file does not matter, and nothing has to be issued.
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let (head, nodes) = text.split_once("[[node]]").expect("a node");
    let mut nodes: Vec<&str> = nodes.split("[[node]]").collect();
    nodes.reverse();
    let other = TestZone::described(&format!("{head}[[node]]{}", nodes.join("[[node]]")));
    assert_eq!(other.run(&["dns", "export"]).expect_code(0).stdout, printed);
}

#[test]
fn dnsmasq_has_lines_of_its_own() {
    let printed = zone().run(&["dns", "export", "--format", "dnsmasq"]).expect_code(0).stdout;
    assert_eq!(
        without_comments(&printed),
        "srv-host=_etcd-server-ssl._tcp.example.zone,node1.example.zone,2380,0,0\n\
         srv-host=_etcd-server-ssl._tcp.example.zone,node2.example.zone,2380,0,0\n\
         srv-host=_etcd-server-ssl._tcp.example.zone,node3.example.zone,2480,0,0\n\
         srv-host=_etcd-client-ssl._tcp.example.zone,node1.example.zone,2379,0,0\n\
         srv-host=_etcd-client-ssl._tcp.example.zone,node2.example.zone,2379,0,0\n\
         srv-host=_etcd-client-ssl._tcp.example.zone,node3.example.zone,2479,0,0\n\
         host-record=node1.example.zone,10.0.1.10,300\n\
         host-record=node2.example.zone,fd00::11,300\n\
         host-record=node3.example.zone,10.0.1.12,300\n\
         local=/_etcd-server._tcp.example.zone/\nlocal=/_etcd-client._tcp.example.zone/\n\
         local=/node1.example.zone/\nlocal=/node2.example.zone/\nlocal=/node3.example.zone/\n"
    );
}

#[test]
fn json_has_every_record() {
    let printed = zone().run(&["dns", "export", "--format", "json"]).expect_code(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(report["domain"], "example.zone");
    let records = report["records"].as_array().expect("records");
    assert_eq!(records.len(), RECORDS.lines().count());
    assert_eq!(
        records[2],
        serde_json::json!({
            "name": "_etcd-server-ssl._tcp.example.zone.", "ttl": 300, "type": "SRV",
            "priority": 0, "weight": 0, "port": 2480, "target": "node3.example.zone.",
        })
    );
    let address = serde_json::json!({
        "name": "node2.example.zone.", "ttl": 300, "type": "AAAA", "address": "fd00::11",
    });
    assert_eq!(records[7], address);
    assert_eq!(report["left_out"], serde_json::json!([]));
}

#[test]
fn services_have_the_name_and_the_domain_that_are_asked_for() {
    let arguments = ["dns", "export", "--name", "blue", "--domain", "Discovery.Example.net."];
    let printed = zone().run(&arguments).expect_code(0).stdout;
    let first = "_etcd-server-ssl-blue._tcp.discovery.example.net. 300 IN SRV 0 0 2380 node1.example.zone.\n";
    assert!(printed.contains(first), "{printed}");
    let refused = [("--name", "a b"), ("--name", ""), ("--name", "-"), ("--domain", "a..b")];
    for (option, value) in refused {
        zone().run(&["dns", "export", &format!("{option}={value}")]).expect_code(64);
    }
    zone().run(&["dns", "export", "--name", &"x".repeat(46)]).expect_code(0);
    zone().run(&["dns", "export", "--name", &"x".repeat(47)]).expect_code(64);
}

/// The address of a forward is that of another machine everywhere else.
#[test]
fn loopback_addresses_behind_a_gateway_are_left_out() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n\
         [[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\nprotocol = \"cyfs\"\n",
    );
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert!(printed.contains("SRV 0 0 2380 node1.example.zone.\n"), "{printed}");
    assert!(!without_comments(&printed).contains("127.0.0.1"), "{printed}");
    assert!(printed.contains("; no address of node1.example.zone: 127.0.0.1 is a forward"), "{printed}");
    let dnsmasq = zone.run(&["dns", "export", "--format", "dnsmasq"]).expect_code(0).stdout;
    assert!(dnsmasq.contains("\n# no address of node1.example.zone: 127.0.0.1 is a forward"), "{dnsmasq}");
    let json = zone.run(&["dns", "export", "--format", "json"]).expect_code(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["left_out"][0]["name"], "node1.example.zone.");
    // On one machine the same address is right.
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert!(printed.ends_with("node1.example.zone. 300 IN A 127.0.0.1\n"), "{printed}");
}

/// Members are dialled by the name that zone.toml has, which the record has to say as well.
#[test]
fn a_node_at_a_host_name_has_that_name() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n\
         [[node]]\nname = \"node1\"\naddress = \"etcd1.example.net\"\n",
    );
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert!(printed.contains("SRV 0 0 2380 etcd1.example.net.\n"), "{printed}");
    assert!(printed.contains("; no address of etcd1.example.net: zone.toml has no address"), "{printed}");
    assert!(!printed.contains(" IN A"), "{printed}");
}

/// etcd looks for the other service there.
#[test]
fn a_zone_without_tls_has_the_services_without_tls() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[tls]\ninsecure_no_tls = true\n\
         [[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n",
    );
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert!(printed.contains("_etcd-server._tcp.example.zone. 300 IN SRV"), "{printed}");
    assert!(!printed.contains("-ssl"), "{printed}");
}

#[test]
fn what_is_no_zone_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let mut command = zone_etcd(["dns", "export", "--zone"]);
    outcome(command.arg(place.path().join("none"))).expect_code(66);
    let zone = TestZone::described("[zone]\nname = \"example.zone\"\n");
    zone.run(&["dns", "export"]).expect_code(78);
}

/// A node knows its members, so it is where name servers can be checked as this node sees them.
#[test]
fn an_activated_node_exports_and_checks_the_same() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11"]);
    let out = zone.around().join("bundles");
    let mut bundle = zone.command(&["bundle", "node1", "--no-encryption"]);
    outcome(bundle.arg("--out").arg(&out)).expect_code(0);
    let node = zone.around().join("node");
    zone.activate(&out.join("node1.bundle"), &node);
    let at_node = |arguments: &[&str]| {
        let mut command = zone_etcd(arguments);
        outcome(command.arg("--config").arg(node.join("node.json")))
    };
    let printed = zone.run(&["dns", "export"]).expect_code(0).stdout;
    assert_eq!(at_node(&["dns", "export"]).expect_code(0).stdout, printed);
    let server = NameServer::start(&printed, Manner::Right);
    let address = server.address.to_string();
    at_node(&["dns", "check", "--server", &address]).expect_code(0);
    let server = NameServer::start(&printed.replace("10.0.1.11", "10.0.1.12"), Manner::Right);
    let address = server.address.to_string();
    let checked = at_node(&["dns", "check", "--server", &address, "--name", "blue"]).expect_code(65);
    checked.expect_error_with(&["zone-etcd dns export --config ", "node.json --name blue"]);
}
