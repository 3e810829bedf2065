//! The zones of the golden files, and what stands in these for what differs from run to run.

use std::path::Path;

use crate::harness::{TestZone, bundle};

/// Each line of versions that is supported.
pub const VERSIONS: [&str; 3] = ["3.5.35", "3.6.16", "3.7.3"];

/// Kinds of zones, by the name of their files. No machine has their addresses (RFC 5737, RFC 3849).
pub const KINDS: [(&str, &str); 4] =
    [("ipv4", IPV4), ("ipv6", IPV6), ("host-names", HOST_NAMES), ("translated", TRANSLATED)];

const IPV4: &str = "
[[node]]
name = \"node1\"
address = \"192.0.2.1\"

[[node]]
name = \"node2\"
address = \"192.0.2.2\"

[[node]]
name = \"node3\"
address = \"192.0.2.3\"
";

const IPV6: &str = "
[[node]]
name = \"node1\"
address = \"2001:db8::1\"

[[node]]
name = \"node2\"
address = \"[2001:db8:0:0::2]\"
peer_port = 3380
client_port = 3379

[[node]]
name = \"node3\"
address = \"192.0.2.3\"
";

const HOST_NAMES: &str = "
[[node]]
name = \"node1\"

[[node]]
name = \"node2\"
address = \"machine-2.example.org\"

[[node]]
name = \"node3.rack2.example.zone\"
";

const TRANSLATED: &str = "
[[node]]
name = \"node1\"
address = \"192.0.2.1\"
nat = true

[[node]]
name = \"node2\"
protocol = \"cyfs\"

[[node]]
name = \"node3\"
address = \"192.0.2.3\"
";

/// A zone of a kind, made for a version of etcd.
pub fn zone(nodes: &str, version: &str) -> TestZone {
    let zone = TestZone::described(&format!(
        "[zone]\nname = \"example.zone\"\n{nodes}\n[etcd]\nversion = \"{version}\"\n"
    ));
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Puts placeholders in the place of directories, the token, ids, digests, and the address that stands for
/// every interface, which depends on whether the machine has IPv6.
pub fn with_placeholders(text: &str, zone: &TestZone, version: &str) -> String {
    let mut text = text.replace(&bundle(version).display().to_string(), "$BUNDLE");
    text = text.replace(&zone.path().display().to_string(), "$ZONE");
    let plan = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let word = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    for (index, member) in plan["members"].as_array().expect("a list").iter().enumerate() {
        let placeholder = format!("$MEMBER_{}", index + 1);
        text = text.replace(&word(&member["id"]), &placeholder);
        // An id has no leading zeros: a shorter one is followed by more blanks.
        while text.contains(&format!("{placeholder}   ")) {
            text = text.replace(&format!("{placeholder}   "), &format!("{placeholder}  "));
        }
    }
    for trust in plan["trust"].as_array().expect("a list") {
        text = text
            .replace(&word(&trust["sha256"]), &format!("${}_SHA256", word(&trust["plane"]).to_uppercase()));
    }
    text = text.replace(&word(&plan["cluster_id"]), "$CLUSTER").replace(&word(&plan["token"]), "$TOKEN");
    text = text.replace(&source(version), "$SOURCE");
    // Why nobody is at an address for documentation differs between machines.
    let reasons = |line: &str| match line.split_once("not there: ") {
        Some((before, _)) => format!("{before}not there: $REASON\n"),
        None => format!("{line}\n"),
    };
    text = text.lines().map(reasons).collect();
    let every = if Path::new("/proc/net/if_inet6").exists() { "https://[::]:" } else { "https://0.0.0.0:" };
    text.replace(every, "https://$EVERY_INTERFACE:")
}

/// How the bundle was made, which differs between a build and an archive.
fn source(version: &str) -> String {
    let text = std::fs::read_to_string(bundle(version).join("manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    manifest["source"].as_str().expect("the source").to_owned()
}
