//! What `pki export` writes, used against a member by the software that it is for.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, start_alone};
use crate::harness::{TestZone, bundle, outcome};

const ENDPOINT: &str = "https://127.0.0.1:2379";

#[test]
fn a_member_takes_what_was_exported_and_nothing_less() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        curl_reads_pem(&zone);
        etcdctl_is_the_api_server(&zone);
    });
}

fn export(zone: &TestZone, client: &str, layout: &str) -> PathBuf {
    let out = zone.around().join(layout);
    let mut command = zone.command(&["pki", "export", "--client", client, "--layout", layout]);
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    out
}

fn curl_reads_pem(zone: &TestZone) {
    let directory = export(zone, "admin", "pem");
    let ask = |arguments: &str| {
        let mut command = Command::new("curl");
        command.current_dir(&directory).args(["--silent", "--show-error", "--max-time", "10"]);
        outcome(command.args(arguments.split_whitespace()).arg(format!("{ENDPOINT}/version")))
    };
    // What else it answers changes while the member finds out which layout its storage has.
    for with in ["--cert client.pem", "--cert client.crt --key client.key"] {
        let answer = ask(&format!("--cacert ca.crt {with}")).expect_code(0).stdout;
        assert!(answer.contains("\"etcdserver\":\"3.7.3\""), "{with}: {answer}");
    }
    // Without the certificate, and without trust, there is no answer.
    assert_ne!(ask("--cacert ca.crt").code, 0);
    assert_ne!(ask("--cert client.pem").code, 0);
}

/// As the API server asks: with the three files of an external etcd.
fn etcdctl_is_the_api_server(zone: &TestZone) {
    let pki = export(zone, "apiserver-etcd-client", "kubeadm").join("pki");
    let call = |arguments: &[&str]| {
        let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
        command.args(["--endpoints", ENDPOINT, "--cacert"]).arg(pki.join("etcd/ca.crt"));
        command.arg("--cert").arg(pki.join("apiserver-etcd-client.crt"));
        command.arg("--key").arg(pki.join("apiserver-etcd-client.key"));
        outcome(command.args(arguments)).expect_code(0).stdout
    };
    assert_eq!(call(&["put", "/registry/pods", "one"]), "OK\n");
    assert_eq!(call(&["get", "/registry/pods"]), "/registry/pods\none\n");
}
