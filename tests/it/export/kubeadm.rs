//! The names of kubeadm.

use zone_pki::Certificate;

use super::{export, is_whole, names};
use crate::support::three_members;

#[test]
fn an_external_etcd_takes_three_files() {
    let zone = three_members();
    let out = export(&zone, &["--client", "apiserver-etcd-client", "--layout", "kubeadm"]);
    let expected = ["pki/apiserver-etcd-client.crt", "pki/apiserver-etcd-client.key", "pki/etcd/ca.crt"];
    assert_eq!(names(&out), expected);
    is_whole(&out, "pki/etcd/ca.crt", expected[0], expected[1], "sslclient");
    // A certificate of its own, which can be revoked.
    let issued = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    assert!(issued.contains("client/apiserver-etcd-client"), "{issued}");
}

#[test]
fn another_client_can_be_the_api_server() {
    let zone = three_members();
    let out = export(&zone, &["--client", "admin", "--layout", "kubeadm"]);
    let text = std::fs::read(out.join("pki/apiserver-etcd-client.crt")).expect("a certificate");
    assert_eq!(Certificate::from_pem(&text).expect("a certificate").common_name(), Some("root"));
}

#[test]
fn a_node_has_what_its_member_has_and_no_key_of_a_ca() {
    let zone = three_members();
    let out = export(&zone, &["node1", "--layout", "kubeadm"]);
    let pairs =
        ["pki/apiserver-etcd-client", "pki/etcd/healthcheck-client", "pki/etcd/peer", "pki/etcd/server"];
    let mut expected = vec!["pki/etcd/ca.crt".to_owned()];
    expected.extend(pairs.iter().flat_map(|pair| ["crt", "key"].map(|kind| format!("{pair}.{kind}"))));
    expected.sort();
    let mut found = names(&out);
    found.sort();
    assert_eq!(found, expected);
    for (pair, purpose) in pairs.iter().zip(["sslclient", "sslclient", "sslclient", "sslserver"]) {
        is_whole(&out, "pki/etcd/ca.crt", &format!("{pair}.crt"), &format!("{pair}.key"), purpose);
    }
}
