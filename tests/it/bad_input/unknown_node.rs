//! A node that the zone does not have.

use super::{issued_zone, refused_by, untouched};

#[test]
fn the_nearest_name_is_proposed() {
    let (zone, etcd) = issued_zone();
    for (written, proposal) in [
        ("node4", "did you mean `node"),
        ("nod1", "did you mean `node1`?"),
        ("machine", "node1, node2, node3"),
    ] {
        for command in ["run", "plan"] {
            untouched(
                &zone,
                &[command, "--node", written],
                64,
                &[&format!("has no node `{written}`"), proposal],
            );
        }
        untouched(&zone, &["pki", "issue", written], 64, &[&format!("has no node `{written}`"), proposal]);
        assert!(!zone.file(&format!("nodes/{written}")).exists(), "no directory for a node that is none");
    }
    // Nothing is issued for the others either.
    untouched(&zone, &["pki", "issue", "node1", "node9"], 64, &["has no node `node9`"]);
    assert_eq!(etcd.arguments(), None);
}

#[test]
fn a_node_of_another_zone_is_unknown() {
    let (zone, _) = issued_zone();
    untouched(&zone, &["plan", "--node", "node1.other.zone"], 64, &["has no node `node1.other.zone`"]);
    untouched(&zone, &["plan", "--node", ""], 64, &["has no node ``"]);
    untouched(&zone, &["plan", "--node", "../node1"], 64, &["has no node"]);
}

#[test]
fn localhost_in_a_zone_of_three_nodes() {
    let (zone, etcd) = issued_zone();
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    std::fs::write(zone.file("zone.toml"), text.replacen("\"127.0.0.1\"", "\"localhost\"", 1))
        .expect("zone.toml");
    let readers: [&[&str]; 2] = [&["plan", "--node", "node2"], &["pki", "issue", "--all"]];
    refused_by(
        &zone,
        &etcd,
        &readers,
        78,
        &["zone.toml:6:11: `localhost` means another machine", "127.0.0.1"],
    );
}
