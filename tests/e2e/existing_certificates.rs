//! Members whose certificates were made elsewhere, or that have none: the examples, and the local config of a
//! node.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::elsewhere::{EXAMPLES, Elsewhere, INFRA, lay_out};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{bundle, outcome, zone_etcd};

#[test]
fn plain_http() {
    isolated(|| run_example("plain"));
}

#[test]
fn plain_http_with_names_of_machines() {
    isolated(|| run_example("plain-hosts"));
}

#[test]
fn certificates_that_etcd_makes_up() {
    isolated(|| run_example("automatic"));
}

#[test]
fn separate_authorities() {
    isolated(|| run_example("separate-authorities"));
}

#[test]
fn one_certificate_for_all() {
    isolated(|| run_example("one-certificate"));
}

#[test]
fn a_list_of_parameters() {
    isolated(|| run_example("parameters"));
}

#[test]
fn the_local_config_on_3_7() {
    isolated(|| run_local_config("3.7.3", Names::InSubjectAltName));
}

#[test]
fn the_local_config_on_3_6() {
    isolated(|| run_local_config("3.6.16", Names::InSubjectAltName));
}

#[test]
fn the_local_config_on_3_5() {
    isolated(|| run_local_config("3.5.35", Names::InSubjectAltName));
}

/// As `openssl ecparam -name secp521r1` and some CAs make them.
#[test]
fn the_local_config_with_keys_on_p_521() {
    isolated(|| run_local_config_on("3.7.3", Names::InSubjectAltName, "P-521"));
}

/// Then the fence is `--peer-cert-allowed-cn`.
#[test]
fn the_local_config_with_common_names_on_3_7() {
    isolated(|| run_local_config("3.7.3", Names::InCommonName));
}

#[test]
fn the_local_config_with_common_names_on_3_6() {
    isolated(|| run_local_config("3.6.16", Names::InCommonName));
}

#[test]
fn the_local_config_with_common_names_on_3_5() {
    isolated(|| run_local_config("3.5.35", Names::InCommonName));
}

/// Members at the addresses of the example, each on a machine of its own that has its own copy.
#[track_caller]
fn run_example(example: &str) {
    let (_, nodes) = EXAMPLES.iter().find(|(name, _)| *name == example).expect("an example");
    let around = tempfile::tempdir().expect("a temporary directory");
    let network = Network::new(nodes);
    let laid_out = around.path().join("laid-out");
    lay_out(example, nodes, &laid_out);
    let zones: Vec<_> = nodes
        .iter()
        .map(|(name, _)| {
            let machine = around.path().join(name);
            // Each machine has the directories of the example below a directory of its own.
            outcome(Command::new("cp").arg("-a").arg(&laid_out).arg(&machine)).expect_code(0);
            let description = machine.join("zone/zone.toml");
            let text = fs::read_to_string(&description).expect("zone.toml");
            let (from, to) = (laid_out.display().to_string(), machine.display().to_string());
            fs::write(&description, text.replace(&from, &to)).expect("zone.toml");
            machine.join("zone")
        })
        .collect();
    let members: Vec<Running> = nodes
        .iter()
        .zip(&zones)
        .map(|((name, _), zone)| {
            let mut command = zone_etcd(["run", "--node", name, "--zone"]);
            Running::start(network.on(name, command.arg(zone)).env("NO_COLOR", "1"), around.path(), name)
        })
        .collect();
    let scheme = if example.starts_with("plain") { "http" } else { "https" };
    let client = |name: &str, address: &str| {
        let mut etcdctl = Command::new(bundle("3.7.3").join("etcdctl"));
        etcdctl.arg(format!("--endpoints={scheme}://{address}:2379"));
        etcdctl.args(["--dial-timeout=2s", "--command-timeout=2s"]);
        match example {
            "automatic" => drop(etcdctl.arg("--insecure-skip-tls-verify")),
            "separate-authorities" => with_certificate(&mut etcdctl, &laid_out.join("path/to"), "ca-client"),
            "parameters" => with_certificate(&mut etcdctl, &laid_out.join("path/to"), "ca"),
            "one-certificate" => with_certificate(&mut etcdctl, &laid_out.join("opt/etcd/certs"), "ca"),
            _ => {}
        }
        network.on(name, &etcdctl)
    };
    assert_forms(nodes, client);
    if let Some(word) = [
        ("plain", "insecure_no_tls"),
        ("plain-hosts", "insecure_no_tls"),
        ("automatic", "insecure_no_authentication"),
    ]
    .iter()
    .find_map(|(name, word)| (*name == example).then_some(word))
    {
        assert!(members[0].stderr().contains(&format!("{word}: any client")), "{}", members[0].stderr());
        let (name, _) = nodes[0];
        let ctl = network.on(name, zone_etcd(["ctl", "--zone"]).arg(&zones[0]));
        call(&ctl, &["--", "endpoint", "health"]).expect_code(0);
    }
    assert!(
        example != "one-certificate"
            || laid_out.parent().is_some_and(|all| all.join("pink/data/etcd/member").exists())
    );
}

/// Where the certificates name their node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    InSubjectAltName,
    InCommonName,
}

/// Three machines, each with a local config that holds its certificate and key as PEM, of one CA for
/// everything.
#[track_caller]
fn run_local_config(version: &str, names: Names) {
    run_local_config_on(version, names, "P-256");
}

#[track_caller]
fn run_local_config_on(version: &str, names: Names, curve: &'static str) {
    let around = tempfile::tempdir().expect("a temporary directory");
    let network = Network::new(&INFRA);
    let made = Elsewhere { curve, ..Elsewhere::new(&around.path().join("made")) };
    made.authority("ca").client("client", "ca");
    let list: Vec<String> = INFRA
        .iter()
        .map(|(name, address)| {
            format!(
                r#"{{"node_name": "{name}.example.zone", "protocol": "https", "address": "{address}",
                    "peer_port": 2380, "client_port": 2379}}"#
            )
        })
        .collect();
    let mut members = Vec::new();
    for (name, address) in INFRA {
        let full = format!("{name}.example.zone");
        let alternative = match names {
            Names::InSubjectAltName => format!("subjectAltName=DNS:{full},IP:{address},IP:127.0.0.1"),
            Names::InCommonName => format!("subjectAltName=IP:{address},IP:127.0.0.1"),
        };
        made.certificate(name, &full, Some("ca"), &[&alternative, "extendedKeyUsage=serverAuth,clientAuth"]);
        let directory = around.path().join(name);
        outcome(Command::new("mkdir").args(["-m", "700"]).arg(&directory)).expect_code(0);
        let pem = |file: &str| made.read(file).replace('\n', "\\n");
        let text = format!(
            r#"{{"name": "{full}", "ca": "{}", "cert": "{}", "key": "{}", "etcd": [{}]}}"#,
            pem("ca.crt"),
            pem(&format!("{name}.crt")),
            pem(&format!("{name}.key")),
            list.join(",")
        );
        fs::write(directory.join("node.json"), text).expect("node.json");
        let mut command = zone_etcd(["run", "--config"]);
        command.arg(directory.join("node.json")).arg("--etcd").arg(bundle(version).join("etcd"));
        members.push(Running::start(&mut network.on(name, &command), around.path(), name));
    }
    let client = |name: &str, address: &str| {
        let mut etcdctl = Command::new(bundle("3.7.3").join("etcdctl"));
        etcdctl.arg(format!("--endpoints=https://{address}:2379"));
        etcdctl.args(["--dial-timeout=2s", "--command-timeout=2s"]);
        with_certificate(&mut etcdctl, &made.directory, "ca");
        network.on(name, &etcdctl)
    };
    assert_forms(&INFRA, client);
    let flag = match names {
        Names::InSubjectAltName => "--peer-cert-allowed-hostname=",
        Names::InCommonName => "--peer-cert-allowed-cn=",
    };
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", members[0].pid())).expect("it runs");
    assert!(arguments.contains(flag) && !arguments.contains("PRIVATE"), "{arguments}");
    // The private key is laid down for nobody else, and what the local config is for goes on with it.
    let key = around.path().join("infra0/pki/current/node.key");
    let mode = outcome(Command::new("stat").args(["-L", "-c", "%a"]).arg(key)).stdout;
    assert_eq!(mode.trim(), "600");
    let config = around.path().join("infra0/node.json");
    let ctl = network.on("infra0", zone_etcd(["ctl", "--config"]).arg(&config));
    call(&ctl, &["--", "endpoint", "health"]).expect_code(0);

    // A member reads the members of its peers; a client of the same CA does not. Both use the REST gateway.
    let ask = |stem: &str, port: u16, request: &str| ask(&network, &made.directory, stem, port, request);
    let list = "GET /members HTTP/1.0\\r\\n\\r\\n";
    assert!(ask("infra1", 2380, list).contains(" 200 OK"));
    let refused = ask("client", 2380, list);
    assert!(!refused.contains("HTTP/1") && !refused.contains("peerURLs"), "{refused}");
    let read = "POST /v3/kv/range HTTP/1.0\\r\\nContent-Length: 14\\r\\n\\r\\n{\\\"key\\\":\\\"YQ==\\\"}";
    assert!(ask("client", 2379, read).contains(" 200 OK"));

    // Where its data is gone, the other members are asked, by our own connections: they know it.
    drop(members.remove(0));
    let emptied = around.path().join("emptied");
    outcome(Command::new("mkdir").args(["-m", "700"]).arg(&emptied)).expect_code(0);
    fs::copy(&config, emptied.join("node.json")).expect("the local config");
    let plan =
        outcome(&mut network.on("infra0", zone_etcd(["plan", "--config"]).arg(emptied.join("node.json"))));
    plan.expect_code(65).expect_error_with(&["has run, and its data is not here"]);
}

/// Sends a request to infra0 from infra1's machine, over TLS with this certificate.
fn ask(network: &Network, directory: &Path, stem: &str, port: u16, request: &str) -> String {
    let mut shell = Command::new("sh");
    let file = |stem: &str, end: &str| directory.join(format!("{stem}.{end}")).display().to_string();
    shell.arg("-c").arg(format!(
        "printf \"{request}\" | timeout 5 openssl s_client -quiet -ign_eof -connect 10.0.1.10:{port} -CAfile \
         {} -cert {} -key {} 2>&1",
        file("ca", "crt"),
        file(stem, "crt"),
        file(stem, "key")
    ));
    outcome(&mut network.on("infra1", &shell)).stdout
}

fn with_certificate(etcdctl: &mut Command, directory: &Path, authority: &str) {
    let file = |name: &str| directory.join(name).display().to_string();
    etcdctl.arg(format!("--cacert={}", file(&format!("{authority}.crt"))));
    etcdctl.arg(format!("--cert={}", file("client.crt"))).arg(format!("--key={}", file("client.key")));
}

/// What one member takes, every other one gives, through the quorum.
#[track_caller]
fn assert_forms(nodes: &[(&str, &str)], client: impl Fn(&str, &str) -> Command) {
    let clients: Vec<Command> = nodes.iter().map(|(name, address)| client(name, address)).collect();
    clients.iter().for_each(wait_for_quorum);
    call(&clients[0], &["put", "written", "on the first"]).expect_code(0);
    for client in &clients {
        let read = call(client, &["get", "written", "--print-value-only"]).expect_code(0);
        assert_eq!(read.stdout.trim(), "on the first");
        let list = call(client, &["member", "list"]).expect_code(0).stdout;
        assert_eq!(list.matches("started").count(), nodes.len(), "{list}");
    }
}
