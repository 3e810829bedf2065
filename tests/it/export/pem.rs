//! PEM, apart and together.

use model::plan::{HeldBy, NODE_ROLES};

use super::{export, is_whole, names};
use crate::support::three_members;

#[test]
fn a_client_s_files_are_whole_apart_and_together() {
    let zone = three_members();
    let out = export(&zone, &["--client", "admin", "--layout", "pem"]);
    assert_eq!(names(&out), ["ca.crt", "client.crt", "client.key", "client.pem"]);
    is_whole(&out, "ca.crt", "client.crt", "client.key", "sslclient");
    is_whole(&out, "ca.crt", "client.pem", "client.pem", "sslclient");
    let together = std::fs::read_to_string(out.join("client.pem")).expect("PEM");
    let blocks: Vec<&str> = together.lines().filter(|line| line.starts_with("-----BEGIN")).collect();
    assert_eq!(
        blocks,
        ["-----BEGIN PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"]
    );
}

#[test]
fn a_node_s_files_are_those_of_its_roles() {
    let zone = three_members();
    let out = export(&zone, &["node1", "--layout", "pem"]);
    let held = NODE_ROLES.iter().filter(|role| role.held_by != HeldBy::TranslatedMember);
    let mut expected = vec!["ca.crt".to_owned()];
    expected.extend(held.flat_map(|role| ["crt", "key", "pem"].map(|kind| format!("{}.{kind}", role.stem))));
    expected.sort();
    assert_eq!(names(&out), expected);
    for (stem, purpose) in [("server", "sslserver"), ("peer", "sslserver"), ("peer", "sslclient")] {
        is_whole(&out, "ca.crt", &format!("{stem}.pem"), &format!("{stem}.pem"), purpose);
    }
}
