//! Members that show certificates of another CA. What `doctor` and `status` propose is obeyed, and replaces
//! them.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{examined, failed, findings, found};
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, loopback_zone, start_alone, wait_for_quorum};
use crate::harness::next_step::{obey, proposed_command};
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome, program, zone_etcd};

/// Puts the certificates of another zone into a generation. etcd reads them at the next handshake.
#[track_caller]
fn put_foreign(current: &Path, stem: &str) {
    let other = loopback_zone(1, "");
    other.run(&["init"]).expect_code(0);
    other.run(&["pki", "issue", "--all"]).expect_code(0);
    for end in ["crt", "key"] {
        let file = format!("{stem}.{end}");
        fs::copy(other.file("nodes/node1/pki/current").join(&file), current.join(&file)).expect("copied");
    }
}

/// What `doctor` proposes for a peer certificate, and `status` for one of the client plane.
#[track_caller]
fn proposed(zone: &TestZone, stem: &str) -> String {
    if stem == "peer" {
        let finding = found(&examined(zone, 65), "served-certificate", "failed", "node1, peer plane");
        let shown = zone.run(&["status"]).expect_code(65).stdout;
        let remedy = finding["remedy"].as_str().expect("a remedy").to_owned();
        assert!(shown.split_once("\nnext: ").is_some_and(|(_, next)| next.contains(&remedy)), "{shown}");
        return remedy;
    }
    let shown = zone.run(&["status"]).expect_code(69).stdout;
    shown.split_once("\nnext: ").expect("a next step").1.to_owned()
}

/// Nothing that anybody serves, or that lies here, is of another CA any more.
#[track_caller]
fn assert_replaced(zone: &TestZone) {
    zone.run(&["status"]).expect_code(0);
    // A member that runs from another directory than the zone's has ports of this machine, which is another
    // finding.
    let findings = findings(&zone.run(&["doctor", "--format", "json"]));
    found(&findings, "served-certificate", "passed", "node1");
    assert!(!failed(&findings).contains(&"certificate-chain"), "{findings:#?}");
}

#[test]
fn replaced_in_the_zone_directory() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        for stem in ["peer", "server"] {
            put_foreign(&zone.file("nodes/node1/pki/current"), stem);
            obey(&proposed(&zone, stem), &[]).expect_code(0);
            assert_replaced(&zone);
        }
    });
}

/// The directory that a node has for itself.
fn directory() -> PathBuf {
    std::env::temp_dir().join("node1")
}

#[track_caller]
fn start(zone: &TestZone) -> Running {
    let mut run = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
    let member = Running::start(run.arg(directory().join("node.json")), zone.around(), "node1");
    wait_for_quorum(&etcdctl(zone, "https://127.0.0.1:2379"));
    member
}

#[test]
fn replaced_by_the_command_of_access() {
    isolated(|| {
        let (program, place) = (program(), std::env::temp_dir());
        let access = format!(
            "[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\nlimit = \"20s\"\n",
            program.display(),
            place.display()
        );
        let zone = loopback_zone(1, &access);
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "node1"]).expect_code(0);
        let _member = start(&zone);
        for stem in ["peer", "server"] {
            put_foreign(&directory().join("pki/current"), stem);
            obey(&proposed(&zone, stem), &[]).expect_code(0);
            assert_replaced(&zone);
        }
    });
}

#[test]
fn replaced_by_files_that_are_carried() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let out = zone.around().join("carried");
        let mut bundle = zone.command(&["bundle", "node1", "--no-encryption"]);
        outcome(bundle.arg("--out").arg(&out)).expect_code(0);
        activate(&zone, &out);
        let _member = start(&zone);
        for stem in ["peer", "server"] {
            put_foreign(&directory().join("pki/current"), stem);
            obey(&proposed(&zone, stem), &[("DIR", out.to_str().expect("UTF-8"))]).expect_code(0);
            activate(&zone, &out);
            assert_replaced(&zone);
        }

        // The node itself does not know where its zone directory is, or how its bundles are sealed.
        put_foreign(&directory().join("pki/current"), "peer");
        let mut check = zone_etcd(["check", "--format", "json", "--config"]);
        let told = findings(&outcome(check.arg(directory().join("node.json"))).expect_code(65));
        let finding = found(&told, "certificate-chain", "failed", "it was issued by another CA");
        let step = finding["remedy"].as_str().expect("a remedy");
        assert!(step.starts_with("on the signing host: zone-etcd pki renew node1 "), "{step}");
        let (carried, passphrase) = (zone.around().join("sealed"), zone.around().join("passphrase"));
        fs::write(&passphrase, "correct horse battery staple").expect("a file");
        fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).expect("its mode");
        let meant =
            [("DIR", carried.to_str().expect("UTF-8")), ("FILE", passphrase.to_str().expect("UTF-8"))];
        outcome(proposed_command(step, &meant).current_dir(zone.path())).expect_code(0);
        let mut activate = zone_etcd(["activate", "--node-dir"]);
        activate.arg(directory()).arg("--passphrase-file").arg(&passphrase);
        outcome(activate.arg(carried.join("node1.bundle"))).expect_code(0);
        assert_replaced(&zone);
    });
}

/// Activates the bundle that was carried, and brings back the answer.
#[track_caller]
fn activate(zone: &TestZone, out: &Path) {
    let root = fs::read(zone.file("ca/root.crt")).expect("the root");
    let root = zone_pki::Certificate::from_pem(&root).expect("a certificate").fingerprint_sha256();
    let mut activate = zone_etcd(["activate", "--root-fingerprint", &zone_pki::hex::encode(&root)]);
    activate.arg("--node-dir").arg(directory()).arg(out.join("node1.bundle"));
    activate.args(["--format", "json"]).stdout(File::create(out.join("node1.answer")).expect("a file"));
    assert!(activate.status().expect("it runs").success());
}
