//! One stage after the other.

use super::{assert_alone, named_authorities, ports, rotate, running_zone, shown_issuer, standing};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl};
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome};

fn pids(members: &[Supervised]) -> Vec<u32> {
    members.iter().map(Supervised::pid).collect()
}

/// A copy of the administrator's certificate as it is now.
fn stolen(zone: &TestZone) -> std::path::PathBuf {
    let copy = zone.around().join("stolen");
    let mut command = std::process::Command::new("cp");
    outcome(command.arg("-rL").arg(zone.file("clients/admin/current")).arg(&copy)).expect_code(0);
    copy
}

fn read_with(zone: &TestZone, generation: &std::path::Path) -> i32 {
    let mut command = etcdctl(zone, "https://127.0.0.1:2379");
    command
        .env("ETCDCTL_CERT", generation.join("client.crt"))
        .env("ETCDCTL_KEY", generation.join("client.key"));
    call(&command, &["get", "nothing"]).code
}

#[test]
fn each_stage_is_what_it_says() {
    isolated(|| {
        let (zone, members) = running_zone(3);
        let old = stolen(&zone);
        let before = pids(&members);

        let told = rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        assert!(told.stderr.contains("next: zone-etcd pki rotate-ca"), "{}", told.stderr);
        for port in ports(3).concat() {
            assert_eq!(
                named_authorities(port).matches("CN = ").count(),
                2,
                "{port} takes certificates of both"
            );
            assert!(!shown_issuer(port).contains("G2"), "{port} shows one of the old CA");
        }
        let restarted = pids(&members);
        assert!(
            before.iter().zip(&restarted).all(|(before, after)| before != after),
            "each read its CAs again"
        );
        assert_eq!(standing(&zone)["stage"], "trust-both");

        rotate(&zone, &["--stop-after", "new-leaves"]).expect_code(0);
        for port in ports(3).concat() {
            assert!(shown_issuer(port).contains("G2"), "{port}: {}", shown_issuer(port));
        }
        assert_eq!(pids(&members), restarted, "leaves are read at each handshake");
        assert_eq!(read_with(&zone, &old), 0, "who has one of the old CA still gets in");

        let told = rotate(&zone, &[]).expect_code(0);
        assert!(told.stderr.contains("copies of the old certificates of client/admin"), "{}", told.stderr);
        assert_alone(3, "G2 client CA", "G2 peer CA");
        assert_ne!(read_with(&zone, &old), 0, "who has one of the old CA does not get in");
        assert_eq!(read_with(&zone, &zone.file("clients/admin/current")), 0);
        zone.run(&["status"]).expect_code(0);
        zone.run(&["doctor"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);

        let again = rotate(&zone, &[]).expect_code(0);
        assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
        assert!(again.stderr.contains("pki rotate-ca --force"), "{}", again.stderr);
        rotate(&zone, &["--rollback"]).expect_code(0).expect_error_with(&["nothing to go back from"]);
    });
}

/// The list of a plane holds what either CA revoked, since etcd compares serial numbers alone.
#[test]
fn what_was_revoked_stays_revoked() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        zone.run(&["pki", "issue", "--client", "thief"]).expect_code(0);
        let thief = zone.around().join("thief");
        let mut copy = std::process::Command::new("cp");
        outcome(copy.arg("-rL").arg(zone.file("clients/thief/current")).arg(&thief)).expect_code(0);
        assert_eq!(read_with(&zone, &thief), 0);
        zone.run(&["pki", "revoke", "client/thief"]).expect_code(0);
        rotate(&zone, &["--plane", "client", "--stop-after", "new-leaves"]).expect_code(0);
        assert_ne!(read_with(&zone, &thief), 0, "the CA that issued it is trusted still, and it is listed");
        let text = outcome(
            std::process::Command::new("openssl")
                .args(["crl", "-inform", "DER", "-noout", "-issuer", "-CAfile"])
                .arg(zone.file("ca/client.crt"))
                .arg("-in")
                .arg(zone.file("ca/client.crl")),
        );
        assert!(text.stderr.contains("verify OK"), "the CA that signs has signed the list: {}", text.stderr);
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "peer CA");
    });
}

/// The token follows from the root's key, and the ids from the token: they stay.
#[test]
fn the_root_is_replaced_and_the_cluster_stays_the_same() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let ids = || {
            let text = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0).stdout;
            let plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            (plan["cluster_id"].clone(), plan["token"].clone(), plan["members"].clone())
        };
        let before = ids();
        let told =
            rotate(&zone, &["--root", "--trust-bundle", &zone.around().join("kit").display().to_string()])
                .expect_code(0);
        assert_eq!(ids(), before);
        assert_alone(3, "G2 client CA", "G2 peer CA");
        let kit = std::fs::read_to_string(zone.around().join("kit/trust-both/ca.crt")).expect("a kit");
        assert_eq!(kit.matches("BEGIN CERTIFICATE").count(), 2, "{}", told.stderr);
        let kit = std::fs::read_to_string(zone.around().join("kit/drop-old/ca.crt")).expect("a kit");
        assert_eq!(kit, std::fs::read_to_string(zone.file("ca/root.crt")).expect("the root"));
        // Any later member is named as the others are, and starts.
        zone.run(&["status"]).expect_code(0);
        rotate(&zone, &["--root", "--force"]).expect_code(0);
        assert_alone(3, "G3 client CA", "G3 peer CA");
        assert_eq!(ids(), before);
    });
}

/// Keys that are locked are followed by keys that are locked.
#[test]
fn long_locked_keys_stay_locked() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let passphrase = zone.around().join("passphrase");
        std::fs::write(&passphrase, "correct horse battery\n").expect("a file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&passphrase, mode).expect("its mode");
        let file = passphrase.display().to_string();
        zone.run(&["ca", "lock", "--ca-passphrase-file", &file]).expect_code(0);
        rotate(&zone, &["--ca-passphrase-file", &file, "--plane", "peer"]).expect_code(0);
        let key = std::fs::read_to_string(zone.file("ca/peer.key")).expect("a key");
        assert!(key.contains("ENCRYPTED PRIVATE KEY"));
        assert_alone(3, "client CA", "G2 peer CA");
    });
}

/// One member has to do without the others' help; it is away for a moment, and says so.
#[test]
fn a_zone_of_one_member() {
    isolated(|| {
        let (zone, _members) = running_zone(1);
        rotate(&zone, &[]).expect_code(0).expect_error_with(&["takes no requests while node1 is away"]);
        assert_alone(1, "G2 client CA", "G2 peer CA");
    });
}

#[test]
fn a_member_that_is_down_is_named_before_anything_is_done() {
    isolated(|| {
        let (zone, mut members) = running_zone(3);
        members[1].end(nix::sys::signal::Signal::SIGKILL);
        rotate(&zone, &[]).expect_code(69).expect_error_with(&["nothing was done: node2 is not well"]);
        assert!(!zone.file("ca/next").exists());
    });
}
