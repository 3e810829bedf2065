//! PKCS#12, read by OpenSSL, and by Java on a machine that has it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{export, export_to, openssl};
use crate::harness::{TestZone, outcome};
use crate::support::three_members;

fn passphrase(zone: &TestZone, content: &str) -> String {
    let path = zone.around().join("passphrase");
    std::fs::write(&path, content).expect("a passphrase");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
    path.to_str().expect("UTF-8").to_owned()
}

fn exported(zone: &TestZone) -> PathBuf {
    let file = passphrase(zone, "correct horse\n");
    export(zone, &["node1", "--layout", "pkcs12", "--pkcs12-passphrase-file", &file])
}

#[test]
fn openssl_reads_keys_and_chains_and_nothing_old_is_in_them() {
    let zone = three_members();
    let out = exported(&zone);
    for stem in ["server", "peer", "client", "gateway"] {
        let read =
            |more: &str| openssl(&out, &format!("pkcs12 -in {stem}.p12 -passin file:../passphrase {more}"));
        let info = read("-info -nokeys");
        for text in [
            "MAC: sha256, Iteration 100000",
            "PBES2, PBKDF2, AES-256-CBC, Iteration 100000",
            "hmacWithSHA256",
        ] {
            assert!(info.contains(text), "{stem}: no `{text}` in {info}");
        }
        // The leaf, the CA of its plane, and the root.
        assert_eq!(info.matches("BEGIN CERTIFICATE").count(), 3, "{info}");
        read(&format!("-nodes -nocerts -out {stem}.read.key"));
        read(&format!("-nodes -nokeys -clcerts -out {stem}.read.crt"));
        let of_key = openssl(&out, &format!("pkey -in {stem}.read.key -pubout"));
        assert_eq!(openssl(&out, &format!("x509 -in {stem}.read.crt -noout -pubkey")), of_key);
        let in_use = zone.file(&format!("nodes/node1/pki/current/{stem}.key"));
        assert_eq!(openssl(&out, &format!("pkey -in {} -pubout", in_use.display())), of_key);
    }
}

#[test]
fn the_trust_store_holds_the_root_alone_and_says_that_it_is_trusted() {
    let zone = three_members();
    let out = exported(&zone);
    let info = openssl(&out, "pkcs12 -in truststore.p12 -passin file:../passphrase -info -nodes");
    assert_eq!(info.matches("BEGIN CERTIFICATE").count(), 1, "{info}");
    assert!(!info.contains("PRIVATE KEY"), "{info}");
    // Without this attribute Java finds no trusted certificate.
    assert!(info.contains("2.16.840.1.113894.746875.1.1"), "{info}");
    openssl(&out, "pkcs12 -in truststore.p12 -passin file:../passphrase -nokeys -out root.crt");
    let fingerprint = |file: &str| openssl(&out, &format!("x509 -in {file} -noout -fingerprint -sha256"));
    assert_eq!(fingerprint("root.crt"), fingerprint(zone.file("ca/root.crt").to_str().expect("UTF-8")));
    let mut wrong = Command::new("openssl");
    wrong.current_dir(&out).args(["pkcs12", "-in", "truststore.p12", "-passin", "pass:wrong", "-nokeys"]);
    outcome(&mut wrong).expect_code(1).expect_error_with(&["invalid password"]);
}

/// OpenSSL reads the files in the tests above, on every machine. What Java sees is seen here where there is a
/// Java, and the test says whether it was.
#[test]
fn java_sees_a_trusted_certificate_and_uses_the_key() {
    let zone = three_members();
    let out = exported(&zone);
    openssl(&out, "pkcs12 -in truststore.p12 -passin file:../passphrase -nokeys -noout");
    if Command::new("keytool").arg("-help").output().is_err() {
        println!("no keytool on this machine: what Java sees was not tested");
        return;
    }
    let listed = keytool(&out, "-list -keystore truststore.p12");
    assert!(listed.contains("trustedCertEntry") && listed.contains("contains 1 entry"), "{listed}");
    let listed = keytool(&out, "-list -v -keystore server.p12");
    for text in ["PrivateKeyEntry", "Certificate chain length: 3", "Alias name: server"] {
        assert!(listed.contains(text), "no `{text}` in {listed}");
    }
    // To sign a request, it decrypts the key.
    keytool(&out, "-certreq -alias server -keystore server.p12 -file server.csr");
    let of_request = openssl(&out, "req -in server.csr -noout -verify -pubkey");
    openssl(&out, "pkcs12 -in server.p12 -passin file:../passphrase -nodes -nocerts -out read.key");
    assert!(of_request.contains(&openssl(&out, "pkey -in read.key -pubout")), "{of_request}");
}

#[track_caller]
fn keytool(directory: &Path, arguments: &str) -> String {
    let mut command = Command::new("keytool");
    command.current_dir(directory).args(["-J-Duser.language=en", "-J-Duser.country=US"]);
    command.args(arguments.split_whitespace()).args(["-storetype", "PKCS12"]);
    let done = outcome(command.args(["-storepass:file", "../passphrase"])).expect_code(0);
    done.stdout + &done.stderr
}

#[test]
fn a_passphrase_that_java_would_not_take_is_refused() {
    let zone = three_members();
    let out = zone.around().join("out");
    for (content, text) in
        [("short\n", "fewer than 6 characters"), ("пароль пароль\n", "beyond printable ASCII")]
    {
        let file = passphrase(&zone, content);
        export_to(&zone, &["node1", "--layout", "pkcs12", "--pkcs12-passphrase-file", &file], &out)
            .expect_code(65)
            .expect_error_with(&[text, "next: "]);
        assert!(!out.exists());
    }
}
