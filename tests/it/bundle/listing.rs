//! What is in a bundle, and what is shown of it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use model::config::ZoneConfig;
use serde_json::Value;

use super::{bundle, entries_of, file, generation_files, inspect, out, plain, zone};
use crate::harness::program;
use crate::support::Tree;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[test]
fn files_and_their_directory_are_private() {
    let zone = zone();
    bundle(&zone, &["--no-encryption"]).expect_code(0);
    assert_eq!(mode(&out(&zone)), 0o700);
    let names: Vec<String> = Tree::of(&out(&zone)).paths().map(|path| path.display().to_string()).collect();
    for name in ["node1.bundle", "node2.bundle", "node3.bundle", "worker.bundle"] {
        assert!(names.iter().any(|path| path == name), "{names:?}");
        assert_eq!(mode(&out(&zone).join(name)), 0o600, "{name}");
    }
    assert!(!names.iter().any(|name| name.contains("partial")), "{names:?}");
    assert_eq!(mode(&zone.file("bundles.jsonl")), 0o600);
}

#[test]
fn the_archive_is_what_the_manifest_says() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let entries = entries_of(&file(&zone, "node1"));
    let manifest: Value = serde_json::from_slice(&entries[0].bytes).expect("the manifest");
    assert_eq!(
        [entries[0].path.as_str(), entries[1].path.as_str()],
        ["manifest.json", "manifest.sig"],
        "these come first"
    );
    let listed = manifest["files"].as_array().expect("files");
    assert_eq!(listed.len(), entries.len() - 2);
    for (entry, listed) in entries[2..].iter().zip(listed) {
        assert_eq!(listed["path"], entry.path.as_str());
        assert_eq!(listed["size"], entry.bytes.len());
        assert_eq!(listed["mode"], format!("{:04o}", entry.header.mode().expect("a mode")));
        let sha256 = zone_pki::hex::encode(digest(&SHA256, &entry.bytes).as_ref());
        assert_eq!(listed["sha256"], sha256.as_str(), "{}", entry.path);
        let wanted = if entry.path.ends_with(".key") { 0o600 } else { 0o644 };
        assert_eq!(entry.header.mode().expect("a mode"), wanted, "{}", entry.path);
    }
    let times: Vec<u64> = entries.iter().map(|entry| entry.header.mtime().expect("a time")).collect();
    assert!(times.iter().all(|time| *time == times[0]));
    for entry in &entries {
        let owner = (entry.header.uid().expect("a user"), entry.header.gid().expect("a group"));
        assert_eq!(owner, (0, 0), "{} is nobody's of this machine", entry.path);
    }
}

#[test]
fn the_files_are_those_of_the_generation() {
    let zone = zone();
    plain(&zone, &["node1", "worker"]);
    for node in ["node1", "worker"] {
        let entries = entries_of(&file(&zone, node));
        let mut compared = 0;
        for entry in &entries[2..] {
            let name = entry.path.strip_prefix("pki/").expect("a file of the generation");
            if !["zone.toml", "node.json"].contains(&name) {
                let kept = std::fs::read(zone.file(&format!("nodes/{node}/pki/current/{name}")));
                assert!(kept.expect("the same file") == entry.bytes, "{name} of {node}");
                compared += 1;
            }
        }
        assert_eq!(compared, generation_files(node), "{node}");
    }
}

/// A node knows the members and itself, and no other node.
#[test]
fn the_description_is_reduced_to_what_the_node_needs() {
    let zone = zone();
    plain(&zone, &[]);
    let read = |node: &str, name: &str| {
        let entries = entries_of(&file(&zone, node));
        let entry = entries.into_iter().find(|entry| entry.path == name).expect("the file");
        String::from_utf8(entry.bytes).expect("UTF-8")
    };
    let (of_member, _) = ZoneConfig::parse(&read("node2", "pki/zone.toml")).expect("a zone");
    let names =
        |zone: &ZoneConfig| zone.nodes.iter().map(|node| node.name.short().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&of_member), ["node1", "node2", "node3"]);
    let (of_worker, _) = ZoneConfig::parse(&read("worker", "pki/zone.toml")).expect("a zone");
    assert_eq!(names(&of_worker), ["node1", "node2", "node3", "worker"]);
    let inspected = inspect(&file(&zone, "worker"), &["--format", "json"]).expect_code(0);
    let inspected: Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    assert_eq!(of_worker.etcd.token.as_deref(), inspected["manifest"]["token"].as_str());
    assert!(inspected["manifest"].get("cluster_id").is_none(), "a node without a member is in no cluster");

    let local: Value = serde_json::from_str(&read("worker", "pki/node.json")).expect("JSON");
    assert_eq!(local["name"], "worker.example.zone");
    assert_eq!(local["key"], "pki/current/client.key");
    let members: Vec<&str> =
        local["etcd"].as_array().expect("members").iter().filter_map(|at| at["node_name"].as_str()).collect();
    assert_eq!(members, ["node1.example.zone", "node2.example.zone", "node3.example.zone"]);
    assert_eq!(local["etcd"][1]["address"], "10.0.1.2");
    assert_eq!(
        (&local["etcd"][1]["peer_port"], &local["etcd"][1]["client_port"]),
        (&2380.into(), &2379.into())
    );
}

#[test]
fn a_listing_is_the_same_each_time_and_has_no_key() {
    let zone = zone();
    plain(&zone, &[]);
    for format in ["text", "json"] {
        let first = inspect(&file(&zone, "node1"), &["--format", format]).expect_code(0).stdout;
        let second = inspect(&file(&zone, "node1"), &["--format", format]).expect_code(0).stdout;
        assert_eq!(first, second);
        assert!(first.contains("pki/peer.key") && first.contains("node1.example.zone"), "{first}");
        for key in ["peer", "server", "gateway", "client"] {
            let pem = zone.file(&format!("nodes/node1/pki/current/{key}.key"));
            let pem = std::fs::read_to_string(pem).expect("a key");
            for line in pem.lines().filter(|line| !line.is_empty()) {
                assert!(!first.contains(line), "{line} of {key}.key is shown");
            }
        }
    }
}

/// The digests of what is in the bundle are those of what this machine has, and no CA key is among it.
#[test]
fn programs_come_along_when_asked_for() {
    let zone = zone();
    plain(&zone, &["worker", "node1", "--with-binaries"]);
    let ca_keys = ["root", "peer", "client"]
        .map(|stem| std::fs::read(zone.file(&format!("ca/{stem}.key"))).expect("a key"));
    let bundled = crate::harness::bundle("3.7.3");
    for node in ["worker", "node1"] {
        let entries = entries_of(&file(&zone, node));
        let bytes = |path: &str| {
            let entry = entries.iter().find(|entry| entry.path == path);
            &entry.unwrap_or_else(|| panic!("no {path}")).bytes
        };
        assert!(*bytes("bin/zone-etcd") == std::fs::read(program()).expect("the program"));
        for name in ["etcd", "etcdctl", "etcdutl", "manifest.json"] {
            let installed = std::fs::read(bundled.join(name)).expect("a file of the bundled etcd");
            assert!(*bytes(&format!("libexec/zone-etcd/3.7.3/{name}")) == installed, "{name}");
        }
        assert!(!entries.iter().any(|entry| ca_keys.contains(&entry.bytes)));
        inspect(&file(&zone, node), &[]).expect_code(0);
    }
}
