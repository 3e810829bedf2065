//! `pki rotate-ca` as far as it goes without a member that runs: `ca/`, and what is carried.

use std::fs;

use model::plan::Plane;
use serde_json::{Value, json};
use store::zone_directory::{
    CaPassphrase, Place, RotationScope, ZoneDirectory, prepare_next, retire, switch, was_taken_back,
};
use time::OffsetDateTime;
use zone_pki::Certificate;

use crate::activation::activated;
use crate::harness::clock::turn;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::{Refusal, Tree, three_members};

fn zone() -> TestZone {
    three_members()
}

/// A step that is carried in files.
#[track_caller]
fn carry(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let out = zone.around().join("out").display().to_string();
    zone.run(&[&["pki", "rotate-ca", "--no-encryption", "--out", &out][..], arguments].concat())
}

/// Every node activates its bundle, restarts its member, and answers both.
fn answer(zone: &TestZone) {
    let out = zone.around().join("out");
    for node in ["node1", "node2", "node3"] {
        let directory = zone.around().join(node);
        let told = activated(zone, &out.join(format!("{node}.bundle")), &directory);
        fs::write(out.join(format!("{node}.answer")), told.to_string()).expect("an answer");
        let trusted = |plane: &str| -> Vec<String> {
            let pem = fs::read(directory.join(format!("pki/current/{plane}-ca.crt"))).expect("the CAs");
            let cas = Certificate::chain_from_pem(&pem).expect("certificates");
            cas.iter().map(|ca| ca.subject().to_owned()).collect()
        };
        let restarted = json!({
            "node": node, "pid_before": 1, "pid_after": 2, "took_ms": 1, "leadership_moved_to": null,
            "interrupted": false, "service": null, "trusted_before": { "peer": null, "client": null },
            "trusted_after": { "peer": trusted("peer"), "client": trusted("client") },
        });
        fs::write(out.join(format!("{node}.restarted")), restarted.to_string()).expect("an answer");
    }
}

/// The roles of the CAs in `pki list`.
#[track_caller]
fn authorities(zone: &TestZone) -> Vec<String> {
    let told = zone.run(&["pki", "list", "--format", "json"]).expect_code(0).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&told).expect("JSON");
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().expect("a text").to_owned();
    rows.iter()
        .filter(|row| row["node"] == "ca")
        .map(|row| format!("{}: {}", text(row, "role"), text(row, "subject")))
        .collect()
}

#[test]
fn options_that_do_not_go_together() {
    let zone = zone();
    for arguments in [
        &["--root", "--plane", "peer"][..],
        &["--rollback", "--stop-after", "trust-both"],
        &["--status", "--rollback"],
        &["--no-encryption"],
        &["--continue"],
        &["--html", "page"],
        &["--rehearse", "--rollback"],
    ] {
        zone.run(&[&["pki", "rotate-ca"][..], arguments].concat()).expect_code(64);
    }
    assert!(!zone.file("ca/next").exists());
}

#[test]
fn the_next_cas_wait_beside_those_that_sign() {
    let zone = zone();
    let told = carry(&zone, &["--root"]).expect_code(0);
    assert!(told.stderr.contains("zone-etcd activate node1.bundle"), "{}", told.stderr);
    let listed = authorities(&zone);
    assert_eq!(listed.len(), 6, "{listed:?}");
    assert!(
        listed[3].starts_with("next root CA: ") && listed[3].contains("CN=example.zone G2 root CA"),
        "{listed:?}"
    );
    let trusted =
        fs::read_to_string(zone.file("nodes/node1/pki/current/peer-ca.crt")).expect("a file of CAs");
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 2);
    let token = fs::read_to_string(zone.file("ca/token")).expect("the token");
    let plan = zone.run(&["plan", "--node", "node1", "--format", "argv"]).expect_code(0).stdout;
    assert!(plan.contains(&format!("--initial-cluster-token={}\n", token.trim())), "{plan}");
    zone.run(&["pki", "check"]).expect_code(0);

    // The same command says the same, and begins nothing.
    carry(&zone, &["--root"]).expect_code(0);
    assert_eq!(authorities(&zone), listed);
    // Back takes the answers of all nodes: some of them may show certificates of the CA that is to go. Typing
    // it twice is no answer.
    for _ in 0..2 {
        let told = carry(&zone, &["--rollback"]).expect_code(0);
        assert!(
            told.stderr.contains("pki rotate-ca --rollback --out")
                && told.stderr.contains("--no-encryption --continue"),
            "{}",
            told.stderr
        );
        assert_eq!(authorities(&zone), listed);
    }
}

/// What the passphrase does not open is not followed by keys that it locks.
#[test]
fn a_passphrase_that_is_not_the_zones() {
    let zone = zone();
    let file = |name: &str, text: &str| {
        let path = zone.around().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
        path.display().to_string()
    };
    let (right, wrong) = (file("right", "correct horse battery\n"), file("wrong", "correct horse bottery\n"));
    zone.run(&["ca", "lock", "--key", "peer", "--key", "client", "--ca-passphrase-file", &right])
        .expect_code(0);
    for more in [&[][..], &["--root"]] {
        let told = carry(&zone, &[&["--ca-passphrase-file", &wrong][..], more].concat());
        assert_eq!(told.code, 77, "{}", told.stderr);
        assert!(
            told.stderr.contains("ca/peer.key was not opened") && !zone.file("ca/next").exists(),
            "{}",
            told.stderr
        );
    }
    carry(&zone, &["--ca-passphrase-file", &right]).expect_code(0);
}

/// Whoever has waited for another does not take the step that the other has taken.
#[test]
fn two_that_begin_at_once() {
    let zone = zone();
    let begin = |out: &str| {
        let mut command = zone.command(&["pki", "rotate-ca", "--no-encryption"]);
        command
            .arg("--out")
            .arg(zone.around().join(out))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it starts")
    };
    let both = [begin("one"), begin("other")].map(|child| child.wait_with_output().expect("it ends"));
    let codes: Vec<Option<i32>> = both.iter().map(|output| output.status.code()).collect();
    // The second finds what the first has begun, or is told of it: there is one rotation in any case.
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 75))) && codes.contains(&Some(0)), "{codes:?}");
    assert!(authorities(&zone).iter().any(|ca| ca.contains("G2 peer CA")));
    assert!(!authorities(&zone).iter().any(|ca| ca.contains("G3")), "{:?}", authorities(&zone));
}

#[test]
fn a_link_in_the_place_of_ca() {
    let zone = zone();
    let vault = zone.around().join("vault");
    fs::rename(zone.file("ca"), &vault).expect("it moves");
    std::os::unix::fs::symlink(&vault, zone.file("ca")).expect("a link");
    carry(&zone, &[]).expect_code(65).expect_error_with(&["is a link, and cannot be exchanged"]);
    assert!(zone.file("ca").is_symlink());
}

#[test]
fn the_keys_that_wait_are_locked_with_the_others() {
    let zone = zone();
    carry(&zone, &["--plane", "client"]).expect_code(0);
    let passphrase = zone.around().join("passphrase");
    fs::write(&passphrase, "correct horse battery\n").expect("a file");
    fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    let file = passphrase.display().to_string();
    zone.run(&["ca", "lock", "--ca-passphrase-file", &file])
        .expect_code(0)
        .expect_error_with(&["next/client"]);
    let told = zone.run(&["ca", "status"]).expect_code(0).stdout;
    assert!(told.contains("next/client") && !told.contains("next/peer"), "{told}");
    let key = fs::read_to_string(zone.file("ca/next/client.key")).expect("the key");
    assert!(key.contains("ENCRYPTED"), "{told}");
    zone.run(&["ca", "unlock", "--ca-passphrase-file", &file]).expect_code(0);
    let key = fs::read_to_string(zone.file("ca/next/client.key")).expect("the key");
    assert!(!key.contains("ENCRYPTED"));
}

#[test]
fn what_is_in_its_place_by_mistake_is_refused() {
    let zone = zone();
    carry(&zone, &["--plane", "peer"]).expect_code(0);
    let copy = |from: &str, to: &str| {
        fs::create_dir_all(zone.file(to).parent().expect("a parent")).expect("a directory");
        fs::copy(zone.file(from), zone.file(to)).expect("a copy");
    };
    copy("ca/next/peer.crt", "ca/previous/peer.crt");
    zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&["are both there"]);
    fs::remove_dir_all(zone.file("ca/previous")).expect("it");
    // The CA that signs on the other plane would open this one.
    copy("ca/client.crt", "ca/next/peer.crt");
    zone.run(&["pki", "check"])
        .expect_code(65)
        .expect_error_with(&["next/peer.crt is not the zone's peer CA"]);
    let other = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    fs::copy(other.file("ca/peer.crt"), zone.file("ca/next/peer.crt")).expect("a copy");
    zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&["it was not issued by the zone's root"]);
}

#[test]
fn programs_are_told_what_is_to_be_carried_and_how_far_nodes_are() {
    let zone = zone();
    let told = |arguments: &[&str], code| -> Value {
        let told = carry(&zone, &[arguments, &["-o", "json"]].concat()).expect_code(code);
        serde_json::from_str(&told.stdout).expect("JSON")
    };
    let begun = told(&["--plane", "peer"], 0);
    assert_eq!((&begun["stage"], &begun["answered"]), (&json!("trust-both"), &json!([])));
    let pending = begun["pending"].as_array().expect("bundles");
    let of = |node: &str| pending.iter().find(|bundle| bundle["node"] == node).expect("a bundle");
    assert_eq!((&of("node2")["sequence"], &of("node2")["restart"]), (&json!(1), &json!(true)));
    assert!(of("node2")["line"].as_str().expect("a line").starts_with("zone-etcd activate node2.bundle"));
    fs::write(zone.around().join("out/node1.answer"), "{}").expect("an answer");
    let answered = &told(&["--continue"], 65)["answered"];
    assert!(answered[0]["state"].as_str().expect("a state").starts_with("wrong: "), "{answered}");
    assert_eq!(answered[1], json!({ "node": "node2", "sequence": 1, "state": "open" }));
}

/// An answer counts for the bundle that it answers, and for a process that trusts what the zone trusts.
#[test]
fn answers_that_are_none() {
    let zone = zone();
    carry(&zone, &["--plane", "peer"]).expect_code(0);
    let open = carry(&zone, &["--continue"]).expect_code(0);
    assert_eq!(open.stdout.matches("open").count(), 3, "{}", open.stdout);
    let out = zone.around().join("out");
    fs::write(out.join("node1.answer"), "{}").expect("an answer");
    let wrong = carry(&zone, &["--continue"]).expect_code(65);
    assert!(wrong.stdout.contains("wrong: ") && wrong.stderr.contains("node1.answer"), "{}", wrong.stderr);
    let elsewhere = zone.around().join("elsewhere").display().to_string();
    zone.run(&["pki", "rotate-ca", "--no-encryption", "--out", &elsewhere, "--continue"]).expect_code(66);
    assert!(!zone.file("ca/previous").exists(), "nothing went on");
}

/// The keys in `ca/retired` are to be destroyed once nobody needs them; who takes a whole directory away
/// makes no room for the next.
#[test]
fn what_is_retired_follows_what_was_taken_away() {
    let zone = zone();
    let now = OffsetDateTime::now_utc();
    let rotated = RotationScope::Plane(Plane::Peer);
    let opened =
        ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none")).expect("a zone");
    let held = opened.lock().expect("the lock");
    let authorities = || held.authorities(now).expect("CAs");
    let taken_back = || was_taken_back(&opened, &authorities());

    prepare_next(&opened, &authorities(), rotated, now).expect("next");
    retire(&opened, rotated, Place::Next, &held).expect("back");
    assert!(taken_back());
    prepare_next(&opened, &authorities(), rotated, now).expect("next");
    switch(&opened, &authorities(), rotated, now).expect("switched");
    retire(&opened, rotated, Place::Previous, &held).expect("dropped");
    assert!(!taken_back());
    fs::remove_dir_all(zone.file("ca/retired/1")).expect("it is taken away");
    assert!(!taken_back());
    prepare_next(&opened, &authorities(), rotated, now).expect("next");
    retire(&opened, rotated, Place::Next, &held).expect("back");
    assert!(zone.file("ca/retired/3/peer.key").exists() && !zone.file("ca/retired/1").exists());
    assert!(taken_back(), "the last retirement tells");
}

/// The signing host's clock was thirty days ahead, and is right again: CAs that nobody uses are in nobody's
/// way.
#[test]
fn cas_that_are_not_valid_yet_block_nothing() {
    let zone = zone();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let out = zone.around().join("out").display().to_string();
    let begin = ["pki", "rotate-ca", "--no-encryption", "--out", &out];
    let ahead = |arguments: &[&str]| outcome(turn(&mut zone.command(arguments), time::Duration::days(30)));
    ahead(&begin).expect_code(0);
    assert_eq!(authorities(&zone).len(), 5);
    let right = ["--clock-is-right"];
    for arguments in [&["pki", "check"][..], &["plan", "--node", "node1"], &["pki", "list"]] {
        zone.run(arguments).expect_code(0);
    }
    zone.run(&[&["pki", "issue", "--all"][..], &right].concat()).expect_code(0);
    let revoked = zone.run(&[&["pki", "revoke", "client/health"][..], &right].concat());
    assert_ne!(revoked.code, 65, "{}", revoked.stderr);
    zone.run(&["run", "--node", "node1", "--dry-run"]);
    for _ in 0..2 {
        carry(&zone, &["--rollback"]).expect_code(0);
    }
}

/// The same when they sign already.
#[test]
fn the_way_back_is_open_from_cas_that_are_not_valid_yet() {
    let zone = zone();
    let open =
        || ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none")).expect("a zone");
    let (directory, ahead) = (open(), OffsetDateTime::now_utc() + time::Duration::days(30));
    let held = directory.lock().expect("the lock");
    for step in [prepare_next, switch] {
        let authorities = held.authorities(ahead).expect("the CAs");
        step(&directory, &authorities, RotationScope::Planes, ahead).expect("a step");
    }
    drop(held);
    zone.run(&["pki", "issue", "--all"]).expect_code(65);
    carry(&zone, &["--rollback"]).expect_code(0);
    let listed = authorities(&zone);
    assert!(listed[1].contains("CN=example.zone peer CA"), "{listed:?}");
    zone.run(&["pki", "check"]).expect_code(0);
}

/// Two copies of a zone directory make the same edition: what is signed by the one is not taken for the
/// other's.
#[test]
fn copies_of_a_zone_make_cas_with_other_names() {
    let zone = zone();
    let copy = TestZone::empty();
    Tree::of(&zone.path()).write_to(&copy.path());
    let mut subjects = std::collections::BTreeSet::new();
    for zone in [&zone, &copy] {
        carry(zone, &["--root"]).expect_code(0);
        subjects.extend(authorities(zone).into_iter().skip(3));
    }
    assert_eq!(subjects.len(), 6, "{subjects:?}");
}

/// There is no answer to wait for where no bundle was written, and that is not the answer of every node.
#[test]
fn nodes_that_were_revoked_do_not_agree_to_anything() {
    let zone = zone();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    for node in ["node1", "node2", "node3"] {
        zone.run(&["pki", "revoke", node]);
    }
    for arguments in [&[][..], &["--continue"]] {
        carry(&zone, arguments).expect_refusal(65, &["no node gets a bundle", "pki issue node1 --reinstate"]);
        assert!(!zone.file("ca/previous").exists() && !zone.file("ca/retired").exists());
    }
}

#[test]
fn a_stage_to_stop_after_is_not_left() {
    let zone = zone();
    carry(&zone, &["--stop-after", "trust-both"]).expect_code(0);
    answer(&zone);
    let told = carry(&zone, &["--stop-after", "trust-both", "--continue"]).expect_code(0);
    assert!(told.stderr.contains("trust-both is in effect"), "{}", told.stderr);
    assert!(zone.file("ca/next").exists() && !zone.file("ca/previous").exists());
}
