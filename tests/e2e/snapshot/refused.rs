//! What is not as its manifest says is named.

use std::fs;

use super::{copy, manifest_of, save, status, zone_of};
use crate::harness::isolation::isolated;
use crate::harness::{TestZone, outcome};

#[test]
fn a_changed_file_is_refused_by_name() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);

        let flipped = copy(&zone, &file, "flipped");
        let mut bytes = fs::read(&flipped).expect("a snapshot");
        bytes[9000] ^= 1;
        fs::write(&flipped, &bytes).expect("a snapshot");
        status(&zone, &flipped, &[]).expect_code(65).expect_error_with(&["the last 32 bytes", "SHA-256"]);
        let path = flipped.to_str().expect("a path");
        zone.run(&["snapshot", "verify", path]).expect_code(65).expect_error_with(&["the last 32 bytes"]);

        let cut = copy(&zone, &file, "cut");
        let whole = fs::read(&cut).expect("a snapshot");
        fs::write(&cut, &whole[..whole.len() - 4096]).expect("a snapshot");
        status(&zone, &cut, &[]).expect_code(65).expect_error_with(&["bytes, and", "in the manifest"]);
        let listed = zone.run(&["snapshot", "list", zone.around().join("cut").to_str().expect("a path")]);
        assert!(listed.stdout.contains("bytes, and"), "{}", listed.stdout);

        let bare = copy(&zone, &file, "bare");
        fs::remove_file(manifest_of(&bare)).expect("a manifest");
        status(&zone, &bare, &[]).expect_code(66).expect_error_with(&["no manifest beside it"]);
        let empty = zone.around().join("nothing.db");
        status(&zone, &empty, &[]).expect_code(66);
    });
}

#[test]
fn a_changed_manifest_is_refused_by_name() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        let changed = copy(&zone, &file, "changed");
        let text = fs::read_to_string(manifest_of(&changed)).expect("a manifest");
        let text = text.replace("\"without_quorum\": false", "\"without_quorum\": true");
        fs::write(manifest_of(&changed), &text).expect("a manifest");
        status(&zone, &changed, &[]).expect_code(65).expect_error_with(&["its signature is not by the CA"]);
        // A field that only a newer version writes is signed as well.
        let more = text.replace("\"without_quorum\": true", "\"without_quorum\": false, \"new\": 1");
        fs::write(manifest_of(&changed), &more).expect("a manifest");
        status(&zone, &changed, &[]).expect_code(65).expect_error_with(&["its signature is not by the CA"]);
        fs::write(manifest_of(&changed), text.replace("\"format\": 1", "\"format\": 2")).expect("a manifest");
        status(&zone, &changed, &[]).expect_code(65).expect_error_with(&["its format is 2"]);

        let (unsigned, told) = save(&zone, &["--no-signature"]);
        assert_eq!(told["is_signed"], false);
        status(&zone, &unsigned, &[]).expect_code(0);
        status(&zone, &unsigned, &["--signed"]).expect_code(65).expect_error_with(&["not signed"]);
    });
}

#[test]
fn one_of_another_zone_is_refused() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        let other = TestZone::init("other.zone", &["node1=127.0.0.1"]);
        status(&other, &file, &[])
            .expect_code(65)
            .expect_error_with(&["it is of the zone example.zone, not of other.zone", "no CA of the zone"]);
    });
}

/// A certificate that names the zone's root as its issuer, by subject and key identifier, anyone can make:
/// both are in `ca.crt`. What it signs is signed by no CA of the zone.
#[test]
fn a_forged_signer_is_refused() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        let forged = copy(&zone, &file, "forged");
        let shell = r#"
            set -e
            subject=$(openssl x509 -in "$1" -noout -subject -nameopt RFC2253 | sed 's/^subject=//')
            key=$(openssl x509 -in "$1" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' ')
            name=/$(echo "$subject" | tr ',' '\n' | tac | paste -sd /)
            openssl ecparam -name prime256v1 -genkey -noout -out root.key
            openssl req -x509 -key root.key -subj "$name" -days 30 -out root.crt \
                -addext basicConstraints=critical,CA:TRUE -addext "subjectKeyIdentifier=$key"
            openssl ecparam -name prime256v1 -genkey -noout -out own.key
            openssl req -x509 -key own.key -subj /CN=own -days 30 -out own.crt -CA root.crt -CAkey root.key \
                -addext authorityKeyIdentifier=keyid:always
            openssl dgst -sha256 -sign own.key -out value signed
            openssl x509 -in own.crt -noout -issuer -ext authorityKeyIdentifier
        "#;
        let text = fs::read_to_string(manifest_of(&forged)).expect("a manifest");
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let object = value.as_object_mut().expect("an object");
        let mut signature = object.remove("signature").expect("a signature");
        object.insert("revision".to_owned(), 7_000_000.into());
        let around = |name: &str| zone.around().join(name);
        fs::write(around("signed"), format!("zone-etcd snapshot manifest v1\n{value}")).expect("a file");
        let mut command = std::process::Command::new("bash");
        command.args(["-c", shell, "bash"]).arg(zone.file("ca/root.crt")).current_dir(zone.around());
        let told = outcome(&mut command).expect_code(0);
        assert!(told.stdout.contains("CN"), "{}", told.stdout);
        let bytes = fs::read(around("value")).expect("a signature");
        signature["value"] = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        signature["certificate"] = fs::read_to_string(around("own.crt")).expect("PEM").into();
        let root = fs::read_to_string(zone.file("ca/root.crt")).expect("PEM");
        signature["above"] = serde_json::json!([root]);
        value.as_object_mut().expect("an object").insert("signature".to_owned(), signature);
        fs::write(manifest_of(&forged), value.to_string()).expect("a manifest");
        for more in [&[][..], &["--signed"]] {
            status(&zone, &forged, more).expect_code(65).expect_error_with(&["no CA of the zone"]);
        }
    });
}
