//! What is written: the file, its manifest, and what is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{etcdutl_status, names, save, status, zone_of};
use crate::harness::isolation::isolated;
use crate::harness::outcome;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn it_is_from_a_follower_and_is_what_etcd_s_tools_read() {
    isolated(|| {
        let (zone, _running) = zone_of(3, "");
        let (file, saved) = save(&zone, &[]);
        let manifest = &saved["manifest"];
        let members = zone.run(&["member", "list", "--format", "json"]).expect_code(0).stdout;
        let members: serde_json::Value = serde_json::from_str(&members).expect("JSON");
        let leader = members["members"].as_array().expect("members").iter();
        let leader = leader.clone().find(|member| member["role"] == "leader").expect("a leader");
        assert_ne!(manifest["from"]["name"], leader["name"]);
        assert_eq!(manifest["cluster_id"], members["cluster_id"]);
        assert_eq!(manifest["members"].as_array().expect("members").len(), 3);

        let read = etcdutl_status("3.7.3", &file);
        assert_eq!(
            (&read["revision"], &read["totalKey"]),
            (&manifest["revision"], &manifest["keys"]),
            "{manifest}"
        );
        assert!(manifest["hash_kv"]["hash"].is_u64(), "{manifest}");
        let sum = outcome(Command::new("sha256sum").arg(&file)).expect_code(0).stdout;
        assert_eq!(sum.split(' ').next(), manifest["sha256"].as_str());
        assert_eq!((mode(&file), mode(file.parent().expect("a directory"))), (0o600, 0o700));
        assert_eq!(names(&zone).len(), 2, "{:?}", names(&zone));

        let told = status(&zone, &file, &["--signed"]).expect_code(0).stdout;
        assert!(told.contains("by a CA of the zone"), "{told}");
        let listed = zone.run(&["snapshot", "list", zone.file("snapshots").to_str().expect("a path")]);
        assert_eq!(listed.expect_code(0).stdout.matches("example.zone-").count(), 1);
    });
}

/// The signature can be checked with what is at hand everywhere.
#[test]
fn openssl_verifies_the_manifest() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        let manifest = super::manifest_of(&file);
        let value: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&manifest).expect("a manifest")).expect("JSON");
        let mut signed = value.clone();
        let signature = signed.as_object_mut().expect("an object").remove("signature").expect("a signature");
        let around = |name: &str| zone.around().join(name);
        fs::write(around("signed"), format!("zone-etcd snapshot manifest v1\n{signed}")).expect("a file");
        let hex = signature["value"].as_str().expect("hexadecimal");
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        fs::write(around("signature"), bytes).expect("a file");
        let shell = "openssl x509 -in \"$1\" -noout -pubkey > key.pem && \
                     openssl dgst -sha256 -verify key.pem -signature signature signed";
        let mut command = Command::new("sh");
        command.args(["-c", shell, "sh"]).arg(zone.file("ca/root.crt")).current_dir(zone.around());
        outcome(&mut command).expect_code(0);
    });
}

#[test]
fn a_sealed_one_opens_with_its_key_alone() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        for name in ["key", "other"] {
            let mut make = Command::new("ssh-keygen");
            make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(zone.around().join(name));
            outcome(&mut make).expect_code(0);
        }
        let key = |name: &str| zone.around().join(name).to_str().expect("a path").to_owned();
        let public = fs::read_to_string(key("key.pub")).expect("a public key");
        let (plain, _) = save(&zone, &[]);
        let (file, saved) = save(&zone, &["--recipient", &public]);
        assert!(file.to_str().is_some_and(|file| file.ends_with(".db.age")), "{file:?}");
        let has_value = |file: &Path| {
            let bytes = fs::read(file).expect("a snapshot");
            bytes.windows(12).any(|bytes| bytes == b"a value that")
        };
        assert!(has_value(&plain) && !has_value(&file));
        assert_eq!(saved["manifest"]["seal"], "recipients");

        let told = status(&zone, &file, &[]).expect_code(0).stdout;
        assert!(told.contains("not opened"), "{told}");
        let told = status(&zone, &file, &["--identity", &key("key")]).expect_code(0).stdout;
        assert!(told.contains(", opened"), "{told}");
        status(&zone, &file, &["--identity", &key("other")])
            .expect_code(65)
            .expect_error_with(&["its seal cannot be opened"]);
        let path = file.to_str().expect("a path");
        zone.run(&["snapshot", "verify", path]).expect_code(64);
        zone.run(&["snapshot", "verify", path, "--identity", &key("key")]).expect_code(0);
    });
}

#[test]
fn older_ones_go_once_a_newer_one_is_whole() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (first, _) = save(&zone, &[]);
        // What is not known by its manifest stays.
        let (unknown, _) = save(&zone, &[]);
        fs::remove_file(super::manifest_of(&unknown)).expect("a manifest");
        let (second, _) = save(&zone, &["--keep", "2"]);
        assert!(first.exists());
        let (third, told) = save(&zone, &["--keep", "2"]);
        assert_eq!(told["removed"].as_array().map(Vec::len), Some(1), "{told}");
        assert!(!first.exists() && !super::manifest_of(&first).exists());
        assert!(unknown.exists() && second.exists() && third.exists());
        // The newest of this day.
        save(&zone, &["--keep-daily", "7"]);
        assert!(!second.exists() && !third.exists() && unknown.exists());
    });
}
