//! What docs/cfssl.md says of certificates by cfssl, with its own default profiles.

use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;
use crate::harness::{Outcome, TestZone};
use crate::support::Refusal;

/// `cfssl print-defaults config`, and the profile for peers that guides add.
const CONFIG: &str = r#"{"signing": {"default": {"expiry": "168h"}, "profiles": {
    "www": {"expiry": "8760h", "usages": ["signing", "key encipherment", "server auth"]},
    "client": {"expiry": "8760h", "usages": ["signing", "key encipherment", "client auth"]},
    "peer": {"expiry": "8760h", "usages": ["signing", "key encipherment", "server auth", "client auth"]}}}}"#;

const OF_NODE: &str = r#"["infra0", "infra0.example.com", "10.0.1.10", "127.0.0.1"]"#;

/// A zone whose one node has these certificates of cfssl: a profile and the hosts, for peers and clients.
fn planned(peer: [&str; 2], client: [&str; 2]) -> Outcome {
    let elsewhere = AuthoritiesElsewhere::new();
    let write = |name: &str, text: &str| std::fs::write(elsewhere.file(name), text).expect("a file");
    write("cfssl.json", CONFIG);
    write("ca.json", r#"{"CN": "etcd CA", "key": {"algo": "ecdsa", "size": 256}}"#);
    elsewhere.cfssl("gencert -initca ca.json", "ca");
    for (stem, [profile, hosts]) in [("peer", peer), ("server", client)] {
        let request = r#"{"CN": "infra0.example.com", "key": {"algo": "ecdsa", "size": 256},
            "names": [{"C": "US", "ST": "CA", "L": "San Francisco"}], "hosts": HOSTS}"#;
        write("leaf.json", &request.replace("HOSTS", hosts));
        let signs = "gencert -ca ca.crt -ca-key ca.key -config cfssl.json -profile";
        elsewhere.cfssl(&format!("{signs} {profile} leaf.json"), stem);
    }
    let file = |name: &str| elsewhere.file(name).display().to_string();
    let zone = TestZone::described(&format!(
        "[zone]\nname = \"example.com\"\n[tls.files]\nclient_ca = \"{ca}\"\nclient_cert = \"{}\"\n\
         client_key = \"{}\"\npeer_ca = \"{ca}\"\npeer_cert = \"{}\"\npeer_key = \"{}\"\n[[node]]\n\
         name = \"infra0\"\naddress = \"10.0.1.10\"\n",
        file("server.crt"),
        file("server.key"),
        file("peer.crt"),
        file("peer.key"),
        ca = file("ca.crt"),
    ));
    zone.run(&["plan", "--node", "infra0"])
}

#[test]
fn a_profile_with_both_usages_is_taken_as_it_is() {
    planned(["peer", OF_NODE], ["peer", OF_NODE]).expect_code(0);
}

#[test]
fn a_profile_for_servers_alone_is_refused_between_peers() {
    let told = planned(["www", OF_NODE], ["peer", OF_NODE]);
    told.expect_refusal(65, &["lacks the extended key usage clientAuth for the peer plane"]);
    let told = planned(["client", OF_NODE], ["peer", OF_NODE]);
    told.expect_refusal(65, &["lacks the extended key usage serverAuth for the peer plane"]);
}

/// It covers host names, and etcd dials addresses.
#[test]
fn a_wildcard_covers_no_address() {
    let wildcard = r#"["*.example.com", "127.0.0.1"]"#;
    planned(["peer", wildcard], ["peer", OF_NODE]).expect_refusal(65, &["10.0.1.10"]);
}
