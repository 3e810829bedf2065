//! CA files that are sound one by one, but do not belong together, or not to this zone.

use super::{issued_zone, refused_by, untouched};
use crate::harness::TestZone;
use crate::support::Tree;

fn copy(from: &TestZone, to: &TestZone, file: &str) {
    let bytes = std::fs::read(from.file(file)).expect("a file of the other zone");
    std::fs::write(to.file(file), bytes).expect("written into the file that is there");
}

/// Every certificate in use was issued by another CA than this one, so all of them would be issued again, and
/// no peer or client that has the old root would accept one.
#[test]
fn a_plane_certificate_of_another_zone() {
    let other = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    for stem in ["peer", "client"] {
        let (zone, etcd) = issued_zone();
        copy(&other, &zone, &format!("ca/{stem}.crt"));
        refused_by(
            &zone,
            &etcd,
            &[&["pki", "issue", "--all"]],
            65,
            &[&format!("ca/{stem}.crt is not the zone's {stem} CA"), "it was not issued by", "ca/root.crt"],
        );
        zone.run(&["pki", "check"]).expect_code(65);
    }
}

#[test]
fn the_certificates_of_both_planes_swapped() {
    let (zone, etcd) = issued_zone();
    let peer = std::fs::read(zone.file("ca/peer.crt")).expect("a certificate");
    std::fs::copy(zone.file("ca/client.crt"), zone.file("ca/peer.crt")).expect("copied");
    std::fs::write(zone.file("ca/client.crt"), peer).expect("written");
    refused_by(
        &zone,
        &etcd,
        &[&["pki", "issue", "--all"]],
        65,
        &["ca/peer.crt is not the zone's peer CA", "it is the client CA"],
    );
}

/// With the keys and lists in the other place as well each CA can sign. Members would trust each other's
/// clients as members.
#[test]
fn whole_planes_swapped() {
    let (zone, etcd) = issued_zone();
    for extension in ["crt", "key", "crl"] {
        let (peer, client) =
            (zone.file(&format!("ca/peer.{extension}")), zone.file(&format!("ca/client.{extension}")));
        let aside = zone.file("ca/aside");
        std::fs::rename(&peer, &aside).expect("renamed");
        std::fs::rename(&client, &peer).expect("renamed");
        std::fs::rename(&aside, &client).expect("renamed");
    }
    let commands: [&[&str]; 2] = [&["pki", "issue", "--all"], &["pki", "check"]];
    refused_by(
        &zone,
        &etcd,
        &commands,
        65,
        &["ca/peer.crt is not the zone's peer CA", "it is the client CA"],
    );
}

/// With another root the token is another as well, and with it every id.
#[test]
fn the_root_of_another_zone() {
    let other = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    let (zone, etcd) = issued_zone();
    copy(&other, &zone, "ca/root.crt");
    let commands: [&[&str]; 2] = [&["pki", "issue", "--all"], &["pki", "check"]];
    refused_by(
        &zone,
        &etcd,
        &commands,
        65,
        &["ca/peer.crt is not the zone's peer CA", "it was not issued by"],
    );
}

#[test]
fn a_ca_directory_without_a_root() {
    let (zone, _) = issued_zone();
    for file in ["root.crt", "root.key", "peer.crt", "peer.key"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    untouched(&zone, &["init"], 66, &["has no root CA", "put root.crt and root.key back"]);
}

#[test]
fn half_of_a_pair_is_not_completed() {
    for (missing, text) in [("root.key", "root.key"), ("root.crt", "root.crt")] {
        let (zone, _) = issued_zone();
        for file in [missing, "peer.crt", "peer.key", "peer.crl"] {
            std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
        }
        untouched(&zone, &["init"], 66, &[text, "put the file back"]);
    }
    for missing in ["peer.key", "peer.crt"] {
        let (zone, _) = issued_zone();
        std::fs::remove_file(zone.file("ca").join(missing)).expect("removed");
        let before = Tree::of(&zone.path());
        let refused = zone.run(&["init"]);
        assert_ne!(refused.code, 0, "{}", refused.stderr);
        Tree::of(&zone.path()).assert_same_as(&before, "init");
    }
}
