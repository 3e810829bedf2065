//! A node on which a bundle is active: what it was given cannot be issued again there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, KeyAlgorithm, LeafSpec, Subject, SubjectAltName, SubjectAltNames, Usages};

use super::{chmod, each};
use crate::activation::{activated, bundle};
use crate::harness::TestZone;
use crate::support::{
    Asked, StandIn, Tree, append, authority_at, one_member, three_members_issued, write_log,
};

/// What is wrong, the exit code, a part of the message, and how it comes about in the node directory.
type Row = (&'static str, i32, &'static str, fn(&Node));

struct Node<'t> {
    zone: &'t TestZone,
    directory: &'t Path,
}

impl Node<'_> {
    fn file(&self, name: &str) -> std::path::PathBuf {
        self.directory.join(name)
    }

    /// A file of the generation in use.
    fn current(&self, name: &str) -> std::path::PathBuf {
        self.directory.join("pki/current").join(name)
    }

    /// Writes into the file of the generation that is there, so that it keeps its mode.
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.current(name), bytes).expect("written");
    }

    fn copy(&self, from: &str, to: &str) {
        self.write(to, fs::read(self.current(from)).expect("a file"));
    }

    /// Puts a certificate of the zone's own peer CA into the place of the node's.
    fn forge(&self, address: [u8; 4], issued_at: OffsetDateTime, validity: Duration) {
        let read = |end: &str| fs::read(self.zone.file(&format!("ca/peer.{end}"))).expect("the CA");
        let authority =
            Authority::load(&read("crt"), &read("key"), OffsetDateTime::now_utc()).expect("the CA");
        let mut names = SubjectAltNames::default();
        names.insert(SubjectAltName::ip(address.into()));
        let subject = Subject::with_common_name("node1.example.zone");
        let usages = Usages::BOTH;
        let spec = LeafSpec { subject, names, usages, validity, key: KeyAlgorithm::default() };
        let issued = authority.issue(&spec, issued_at).expect("a certificate");
        self.write("peer.crt", issued.chain_pem(authority.certificate()));
        self.write("peer.key", issued.key().to_pem().as_bytes());
    }

    fn make_data(&self, inside: &str, mode: u32) {
        fs::create_dir_all(self.file("data").join(inside)).expect("a directory");
        chmod(&self.file("data"), mode);
    }
}

const HERE: [u8; 4] = [127, 0, 0, 1];

const ROWS: [Row; 33] = [
    ("nothing", 0, "", |_| ()),
    ("a key that others can read", 65, "its mode is 0644", |node| chmod(&node.current("peer.key"), 0o644)),
    ("a key that its group can read", 65, "its mode is 0640", |node| {
        chmod(&node.current("server.key"), 0o640)
    }),
    ("a certificate that others can write", 65, "others can change it", |node| {
        chmod(&node.current("peer.crt"), 0o666);
    }),
    ("generations that others can look into", 65, "others can look into it", |node| {
        chmod(&node.file("pki"), 0o755)
    }),
    ("a node directory that others can look into", 77, "others can use", |node| chmod(node.directory, 0o755)),
    ("the certificate of another plane", 65, "peer.crt", |node| node.copy("server.crt", "peer.crt")),
    ("a certificate of another CA", 65, "peer.crt", |node| {
        let other = authority_at("peer", OffsetDateTime::now_utc(), Duration::days(30));
        node.write("peer.crt", &other.certificate);
    }),
    ("the CA of others", 65, "by another CA", |node| {
        let other = authority_at("peer", OffsetDateTime::now_utc(), Duration::days(30));
        node.write("peer-ca.crt", &other.certificate);
    }),
    ("a certificate that has expired", 65, "it expired at", |node| {
        let before = OffsetDateTime::now_utc() - Duration::minutes(3);
        node.forge(HERE, before, Duration::minutes(3) - Duration::SECOND);
    }),
    ("a certificate that is not valid yet", 65, "it is not valid before", |node| {
        node.forge(HERE, OffsetDateTime::now_utc() + Duration::hours(1), Duration::days(30));
    }),
    ("a certificate that is old, and will do", 0, "less than a third of its life", |node| {
        node.forge(HERE, OffsetDateTime::now_utc() - Duration::minutes(3), Duration::minutes(4));
    }),
    ("a certificate for another address", 65, "127.0.0.1", |node| {
        node.forge([192, 0, 2, 1], OffsetDateTime::now_utc(), Duration::days(30));
    }),
    ("the key of another certificate", 65, "it is not the key of peer.crt", |node| {
        node.copy("server.key", "peer.key");
    }),
    ("an empty certificate", 65, "peer.crt", |node| node.write("peer.crt", "")),
    ("an empty key", 65, "peer.key", |node| node.write("peer.key", "")),
    ("a certificate that is missing", 65, "server.crt", |node| {
        fs::remove_file(node.current("server.crt")).expect("removed");
    }),
    ("a revocation list that is none", 65, "peer.crl", |node| node.write("peer.crl", "none")),
    ("an empty revocation list", 65, "client.crl", |node| node.write("client.crl", "")),
    ("a revocation list that is missing", 66, "client.crl", |node| {
        fs::remove_file(node.current("client.crl")).expect("removed");
    }),
    ("no generation in use", 66, "node.json", |node| {
        fs::remove_file(node.file("pki/current")).expect("removed")
    }),
    ("generations that lead astray", 66, "node.json", |node| {
        fs::remove_file(node.file("pki/current")).expect("removed");
        symlink("/etc", node.file("pki/current")).expect("a link");
    }),
    ("a description that is none", 78, "zone.toml", |node| append(&node.current("zone.toml"), "[[[")),
    ("flags that are ours to give", 78, "", |node| {
        append(&node.current("zone.toml"), "\n[etcd.flags]\ndata-dir = \"/tmp\"\n");
    }),
    ("a state that is damaged", 65, "state.json is damaged", |node| {
        fs::write(node.file("state.json"), "{").expect("written");
    }),
    ("a state of a later version", 65, "state.json has format 99", |node| {
        fs::write(node.file("state.json"), "{\"format\": 99}").expect("written");
    }),
    ("data that others can look into", 77, "its mode is 0755", |node| node.make_data("", 0o755)),
    ("data without a log", 65, "no write-ahead log", |node| node.make_data("member/snap", 0o700)),
    ("a data directory that is a file", 65, "data", |node| fs::write(node.file("data"), "").expect("a file")),
    ("a data directory on a disk that is not there", 66, "which is not there", |node| {
        symlink("/nowhere/data", node.file("data")).expect("a link");
    }),
    ("data of another cluster", 65, "must not start", |node| {
        write_log(&node.file("data"), 0x1234, 0xabcd);
        chmod(&node.file("data"), 0o700);
    }),
    ("a log that is damaged", 65, "is damaged", |node| {
        write_log(&node.file("data"), 0x1234, 0xabcd);
        chmod(&node.file("data"), 0o700);
        let log = node.file("data/member/wal/0000000000000000-0000000000000000.wal");
        fs::write(log, [0xff; 4096]).expect("written");
    }),
    ("a local config of another node", 78, "node9", |node| {
        let text = fs::read_to_string(node.file("node.json")).expect("node.json");
        fs::remove_file(node.file("node.json")).expect("a link");
        fs::write(node.file("node.json"), text.replace("node1", "node9")).expect("node.json");
    }),
];

#[test]
fn plan_check_and_run_agree_on_an_activated_node() {
    agree_on_node1_of(&three_members_issued());
}

/// It waits for nobody, and so goes another way.
#[test]
fn plan_check_and_run_agree_on_the_node_of_a_zone_of_one() {
    let zone = one_member();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    agree_on_node1_of(&zone);
}

fn agree_on_node1_of(zone: &TestZone) {
    let sound = zone.around().join("sound");
    activated(zone, &bundle(zone, "node1"), &sound);
    let sound = Tree::of(&sound);
    each(
        &ROWS,
        |row| row.0,
        |row| {
            let place = tempfile::tempdir().expect("a directory");
            let directory = place.path().join("node");
            sound.write_to(&directory);
            row.3(&Node { zone, directory: &directory });
            let etcd = StandIn::new(place.path(), "3.7.3");
            let run = Asked::config(&directory.join("node.json"), &etcd).beside(zone).one_verdict();
            run.expect_code(row.1).expect_error_with(&[row.2]);
        },
    );
}
