//! What has to hold for every row of the role table. Its rows themselves are in `tests/golden/roles.text`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use model::config::ZoneConfig;
use model::plan::{CLIENT_ROLE, HeldBy, NODE_ROLES, NamesRule, Plane, Role, SubjectRule, roles_of};
use serde_json::Value;
use zone_pki::Usages;

use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

fn all() -> impl Iterator<Item = Role> {
    NODE_ROLES.into_iter().chain([CLIENT_ROLE])
}

#[test]
fn names_and_files_are_unique() {
    let names: BTreeSet<&str> = all().map(|role| role.name).collect();
    assert_eq!(names.len(), NODE_ROLES.len() + 1);
    let mut files: Vec<String> =
        NODE_ROLES.iter().flat_map(|role| [role.certificate_file(), role.key_file()]).collect();
    files.extend(
        Plane::ALL
            .iter()
            .flat_map(|plane| [plane.authority_file().to_owned(), plane.revocation_file().to_owned()]),
    );
    files.push(model::plan::ROOT_FILE.to_owned());
    let unique: BTreeSet<&String> = files.iter().collect();
    assert_eq!(unique.len(), files.len(), "{files:?}");
}

/// What keeps the planes apart, whatever rows are added.
#[test]
fn what_holds_for_every_row() {
    for role in all() {
        assert!(role.usages.server || role.usages.client, "{}: no usage", role.name);
        // Only what listens has names: etcd would compare those of a client with its source address.
        assert_eq!(role.usages.server, role.names != NamesRule::None, "{}: names and usage", role.name);
        assert!(
            role.usages != Usages::BOTH || role.plane == Plane::Peer,
            "{}: both usages on the client plane",
            role.name
        );
        assert_eq!(
            role.held_by == HeldBy::Client,
            role.subject == SubjectRule::Client,
            "{}: holder and subject",
            role.name
        );
    }
}

/// A new certificate is a row: what lists, issues, checks, bundles or exports certificates asks the table.
#[test]
fn no_file_but_the_table_names_a_certificate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // One of the problems is called after a gateway, and so are a table of boot.toml and its process.
    let elsewhere = [
        "crates/model/src/plan/roles.rs",
        "crates/diagnosis/src/log/pages.rs",
        "crates/model/src/config/boot.rs",
        "crates/boot/src/service.rs",
    ];
    let elsewhere = elsewhere.map(|file| root.join(file));
    // Of the words, those that mean nothing else: planes are called `peer` and `client` as well.
    let words = ["peer-client", "server", "gateway", "node-client"];
    let files = all().flat_map(|role| [role.certificate_file(), role.key_file(), role.request_file()]);
    let files: BTreeSet<String> = files.collect();
    for file in ["crates", "src"].iter().flat_map(|place| sources(&root.join(place))) {
        let text = fs::read_to_string(&file).expect("a file");
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with("//") && !elsewhere.contains(&file));
        for line in code {
            let mut literals = line.split('"').skip(1).step_by(2);
            let is_file = |literal: &str| literal.rsplit('/').next().is_some_and(|end| files.contains(end));
            let named = literals.find(|literal| words.contains(literal) || is_file(literal));
            assert_eq!(named, None, "{}: {}", file.display(), line.trim());
        }
    }
}

/// The certificates of a node wherever they are listed, as the table has them.
#[test]
fn every_list_has_the_certificates_of_the_table() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1", "node2=127.0.0.2", "node3=127.0.0.3"]);
    let text = fs::read_to_string(zone.file("zone.toml")).expect("a description");
    fs::write(zone.file("zone.toml"), text.replacen("127.0.0.1\"", "127.0.0.1\"\nnat = true", 1))
        .expect("a description");
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let (config, _) = ZoneConfig::load(&zone.file("zone.toml")).expect("a zone");
    let roles: Vec<&Role> = roles_of(config.node("node1").expect("a node")).collect();
    assert_eq!(roles.len(), NODE_ROLES.len(), "a member that is translated has all of them");
    let of = |form: fn(&Role) -> String| roles.iter().map(|role| form(role)).collect::<BTreeSet<String>>();
    let out = zone.around().join("out");
    let (out, file) = (out.to_str().expect("text"), out.join("node1.bundle"));
    zone.run(&["bundle", "node1", "--out", out, "--no-encryption"]).expect_code(0);
    let json = |outcome: Outcome| serde_json::from_str::<Value>(&outcome.stdout).expect("JSON");
    let texts = |rows: &Value, key: &str| -> BTreeSet<String> {
        rows.as_array()
            .expect("a list")
            .iter()
            .filter_map(|row| Some(row[key].as_str()?.to_owned()))
            .collect()
    };

    let listed = json(zone.run(&["pki", "list", "--format", "json"]));
    let listed: Vec<Value> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter(|row| row["node"] == "node1.example.zone" || row["node"] == "node1")
        .cloned()
        .collect();
    assert_eq!(texts(&Value::Array(listed), "role"), of(|role| role.name.to_owned()), "pki list");
    let planned = json(zone.run(&["plan", "--node", "node1", "--format", "json"]));
    assert_eq!(texts(&planned["certificates"], "role"), of(|role| role.name.to_owned()), "plan");
    let recorded: Value =
        serde_json::from_str(&fs::read_to_string(zone.file("bundles.jsonl")).expect("a log")).expect("JSON");
    assert_eq!(texts(&recorded["certificates"], "role"), of(|role| role.name.to_owned()), "bundles.jsonl");
    let inspected = json(outcome(zone_etcd(["bundle", "inspect", "--format", "json"]).arg(&file)));
    let checked = json(zone.run(&["check", "--node", "node1", "--format", "json"]));
    let chains: Vec<Value> = checked["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|row| row["check"] == "certificate-chain")
        .cloned()
        .collect();
    assert_eq!(texts(&Value::Array(chains), "subject"), of(Role::certificate_file), "check");
    zone.run(&["pki", "export", "node1", "--layout", "pem", "--out", &format!("{out}/pem")]).expect_code(0);
    let exported: BTreeSet<String> = fs::read_dir(format!("{out}/pem"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    let bundled = texts(&inspected["manifest"]["files"], "path");
    for file in of(Role::certificate_file).into_iter().chain(of(Role::key_file)) {
        assert!(bundled.contains(&format!("pki/{file}")), "{file} is not bundled");
        assert!(exported.contains(&file), "{file} is not exported");
        assert!(zone.file(&format!("nodes/node1/pki/current/{file}")).exists(), "{file} is not issued");
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let (directories, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let own = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    own.chain(directories.iter().flat_map(|below| sources(below))).collect()
}
