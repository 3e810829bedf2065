//! Files that are right, and what follows from them.

use crate::harness::TestZone;

#[track_caller]
fn plan(text: &str, node: &str) -> serde_json::Value {
    let zone = TestZone::described(text);
    zone.run(&["init"]).expect_code(0);
    let outcome = zone.run(&["plan", "--node", node, "--format", "json"]).expect_code(0);
    // The addresses of the examples are of no machine that tests run on.
    let elsewhere = |line: &&str| line.contains("is not an address of this machine: `run` is refused here");
    let warnings: Vec<&str> = outcome.stderr.lines().filter(|line| !elsewhere(line)).collect();
    assert_eq!(warnings, [""; 0], "no warnings");
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

/// The smallest file: a name and a node. Members reach it by its full name.
#[test]
fn a_name_and_a_node_are_enough() {
    let plan = plan("[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\n", "node1");
    assert_eq!(plan["initial_cluster"], "node1=https://node1.example.zone:2380");
    assert_eq!(plan["advertise_client_url"], "https://node1.example.zone:2379");
    assert_eq!(plan["listen_metrics_url"], "http://127.0.0.1:2381");
}

#[test]
fn an_empty_address_is_the_nodes_name() {
    let plan = plan("[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"\"\n", "node1");
    assert_eq!(plan["initial_cluster"], "node1=https://node1.example.zone:2380");
}

const EVERY_KEY: &str = r#"
[zone]
name = "example.zone"

[[node]]
name = "node1"
address = "10.0.1.1"
peer_port = 3380
client_port = 3379
metrics_port = 3381
protocol = "https"
nat = true
sans = ["api.example.org", "*.example.net", "10.9.9.9", "fd00::9"]
member = true

[pki]
leaf_validity = "30d"
ca_validity = "300d"
key = "p384"
clients = ["apiserver", "backup@host:1"]
server_names = ["*.etcd.example.org"]

[etcd]
version = "3.6.16"
heartbeat = "50ms"
election = "500ms"
quota = "4GiB"
auto_compaction = "30m"
token = "a-token"
tls_min_version = "1.3"

[etcd.flags]
snapshot-count = 5000
log-level = "warn"
pre-vote = true
"#;

#[test]
fn every_key_has_its_effect() {
    let plan = plan(EVERY_KEY, "node1");
    let arguments: Vec<&str> =
        plan["argv"].as_array().expect("a list").iter().filter_map(|one| one.as_str()).collect();
    for expected in [
        "--initial-cluster=node1=https://10.0.1.1:3380",
        "--listen-metrics-urls=http://127.0.0.1:3381",
        "--advertise-client-urls=https://10.0.1.1:3379",
        "--initial-cluster-token=a-token",
        "--heartbeat-interval=50",
        "--election-timeout=500",
        "--quota-backend-bytes=4294967296",
        "--auto-compaction-retention=1800s",
        "--tls-min-version=TLS1.3",
        "--snapshot-count=5000",
        "--log-level=warn",
        "--pre-vote=true",
    ] {
        assert!(arguments.contains(&expected), "no {expected} in {arguments:#?}");
    }
    assert!(
        arguments.iter().any(|argument| argument.starts_with("--peer-client-cert-file=")),
        "NAT needs peer-client"
    );
    assert_eq!(plan["etcd"]["version"], "3.6.16");
    let names = |role: &str| {
        let certificates = plan["certificates"].as_array().expect("a list");
        let certificate = certificates.iter().find(|one| one["role"] == role).expect("the role");
        certificate["names"].to_string()
    };
    for name in ["api.example.org", "*.example.net", "10.9.9.9", "fd00::9"] {
        assert!(names("peer").contains(name), "{}", names("peer"));
    }
    assert!(names("server").contains("*.etcd.example.org"));
    assert!(!names("peer").contains("*.etcd.example.org"));
    assert_eq!(names("peer-client"), "[]");
}

#[test]
fn ipv6_has_brackets_in_urls_whether_or_not_it_has_them_in_the_file() {
    for address in ["fd00::1", "[fd00::1]", "FD00:0:0::1"] {
        let text =
            format!("[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"{address}\"\n");
        let plan = plan(&text, "node1");
        assert_eq!(plan["initial_cluster"], "node1=https://[fd00::1]:2380", "{address}");
        assert_eq!(plan["listen_peer_urls"][0], "https://[fd00::1]:2380");
    }
}

#[test]
fn names_are_short_or_full_and_in_any_case() {
    for (written, asked) in [
        ("node1", "node1.example.zone"),
        ("node1.example.zone", "node1"),
        ("NODE1", "Node1"),
        ("Node1.Example.Zone", "NODE1.EXAMPLE.ZONE"),
        ("node1.example.zone.", "node1"),
    ] {
        let text = format!(
            "[zone]\nname = \"Example.Zone\"\n[[node]]\nname = \"{written}\"\naddress = \"10.0.1.1\"\n"
        );
        let plan = plan(&text, asked);
        assert_eq!(plan["node"], "node1.example.zone", "{written}");
        assert_eq!(plan["member"]["name"], "node1", "{written}");
    }
}

#[test]
fn a_host_name_is_reached_by_name_and_listens_everywhere() {
    let text =
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"Host-7.Example.ORG\"\n";
    let plan = plan(text, "node1");
    assert_eq!(plan["initial_cluster"], "node1=https://host-7.example.org:2380");
    let listen = plan["listen_peer_urls"][0].as_str().expect("a URL");
    assert!(["https://[::]:2380", "https://0.0.0.0:2380"].contains(&listen), "{listen}");
    assert!(plan["certificates"][0]["names"].to_string().contains("host-7.example.org"));
}

#[test]
fn a_node_without_a_member_has_a_client_certificate_alone() {
    let text = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n\
                [[node]]\nname = \"desk\"\naddress = \"10.0.1.2\"\nmember = false\n";
    let plan = plan(text, "node1");
    assert_eq!(plan["initial_cluster"], "node1=https://10.0.1.1:2380");
    let zone = TestZone::described(text);
    zone.run(&["pki", "issue", "desk"]).expect_code(0);
    let files = std::fs::read_dir(zone.file("nodes/desk/pki/current")).expect("a generation");
    let mut names: Vec<_> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    assert_eq!(names, ["ca.crt", "client.crt", "client.key"]);
    let refused = zone.run(&["plan", "--node", "desk"]).expect_code(78);
    assert!(refused.stderr.contains("no member runs on desk.example.zone"), "{}", refused.stderr);
}
