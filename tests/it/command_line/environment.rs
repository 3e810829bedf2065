//! `env`: settings that a shell evaluates, whatever the zone's directory is called.

use std::process::Command;

use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};
use crate::support::{Refusal, Tree};

/// Evaluates the output in a shell, and prints what it has set.
fn evaluated(shell: &str, zone: &std::path::Path) -> Outcome {
    let script = r#"settings=$("$PROGRAM" env --zone "$ZONE") || exit
eval "$settings"
for file in "$ETCDCTL_CACERT" "$ETCDCTL_CERT" "$ETCDCTL_KEY"; do
    test -f "$file" || { echo "no $file"; exit 1; }
done
sh -c 'printf "%s\n" "$ETCDCTL_ENDPOINTS"'
printf '%s\n' "$ETCDCTL_KEY""#;
    outcome(Command::new(shell).args(["-c", script]).env("PROGRAM", program()).env("ZONE", zone))
}

#[test]
fn a_shell_takes_it_as_it_is() {
    for name in [
        "zone",
        "with blanks",
        "it's a \"zone\"",
        "$HOME",
        "`id`",
        "back\\slash",
        "semi;colon&",
        "[x]*?",
        "line\nbreak",
        "ünï",
    ] {
        let around = tempfile::tempdir().expect("a directory");
        let zone = around.path().join(name);
        let mut init = zone_etcd(["init", "--name", "example.zone", "--node", "node1=[fd00::1]", "--zone"]);
        outcome(init.arg(&zone)).expect_code(0);
        for shell in ["sh", "bash"] {
            let shown = evaluated(shell, &zone).expect_code(0);
            let key = zone.join("clients/admin/current/client.key");
            assert_eq!(
                shown.stdout,
                format!("https://[fd00::1]:2379\n{}\n", key.display()),
                "{name:?} in {shell}"
            );
        }
    }
}

#[test]
fn every_member_is_an_endpoint() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n[[node]]\n\
         name = \"desk\"\n\
         member = false\n[[node]]\nname = \"node2\"\nclient_port = 3379\n[[node]]\nname = \"node3\"\n\
         address = \"10.0.1.3\"\n",
    );
    zone.run(&["init"]).expect_code(0);
    let shown = zone.run(&["env"]).expect_code(0).stdout;
    let endpoints = "https://10.0.1.1:2379,https://node2.example.zone:3379,https://10.0.1.3:2379";
    assert!(shown.contains(&format!("export ETCDCTL_ENDPOINTS={endpoints}\n")), "{shown}");
    assert_eq!(shown.lines().count(), 4, "{shown}");
}

#[test]
fn a_client_is_one_that_the_zone_has() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let before = Tree::of(&zone.path());
    zone.run(&["env", "--client", "nobody"]).expect_refusal(64, &["has no client `nobody`", "admin, health"]);
    zone.run(&["env", "--client", "root"]).expect_refusal(64, &["the client `admin`"]);
    Tree::of(&zone.path()).assert_same_as(&before, "env");
    zone.run(&["env", "--client", "health"]).expect_code(0);
    zone.run(&["pki", "issue", "--client", "nobody"]).expect_code(0);
    let shown = zone.run(&["env", "--client", "nobody"]).expect_code(0);
    assert!(shown.stdout.contains("clients/nobody/current/client.key"), "{}", shown.stdout);
}

/// What only prints issues nothing: a client certificate that was lost is issued again by the command that it
/// names.
#[test]
fn a_missing_certificate_is_named_with_the_command_that_issues_it() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    std::fs::remove_dir_all(zone.file("clients")).expect("removed");
    zone.run(&["env"]).expect_refusal(66, &["there is no certificate of admin", "pki issue --client admin"]);
    zone.run(&["pki", "issue", "--client", "admin"]).expect_code(0);
    zone.run(&["env"]).expect_code(0);
    assert!(zone.file("clients/admin/current/client.key").is_file());
}

/// Words of a command line, as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}; {line}");
    let printed = outcome(Command::new("sh").args(["-c", &script])).expect_code(0).stdout;
    printed.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn curl_is_one_command_line() {
    let around = tempfile::tempdir().expect("a directory");
    for name in ["zone", "it's $a:b\\c"] {
        let zone = around.path().join(name);
        let mut init = zone_etcd(["init", "--name", "example.zone", "--node", "node1=[fd00::1]", "--zone"]);
        outcome(init.arg(&zone)).expect_code(0);
        let line = outcome(zone_etcd(["env", "--format", "curl", "--zone"]).arg(&zone)).expect_code(0).stdout;
        assert_eq!(line.lines().count(), 1, "{line}");
        let current = zone.join("clients/admin/current").display().to_string();
        // curl takes what follows a colon there for a passphrase.
        let escaped = current.replace('\\', "\\\\").replace(':', "\\:");
        let expected = [
            "--cacert",
            &format!("{current}/ca.crt"),
            "--cert",
            &format!("{escaped}/client.crt"),
            "--key",
            &format!("{current}/client.key"),
            "https://[fd00::1]:2379/v3/kv/range",
            "--data",
            "{\"key\":\"Zm9v\"}",
        ];
        assert_eq!(words(&line), expected);
    }
}

/// What a zone does not verify, curl is not to look at either.
#[test]
fn curl_in_a_zone_without_verified_certificates() {
    for (tls, expected) in [
        ("insecure_no_tls", "curl http://10.0.1.1:2379/v3/kv/range --data "),
        ("insecure_no_authentication", "curl --insecure https://10.0.1.1:2379/v3/kv/range --data "),
    ] {
        let zone = TestZone::described(&format!(
            "[zone]\nname = \"example.zone\"\n[tls]\n{tls} = true\n[[node]]\nname = \"node1\"\n\
             address = \"10.0.1.1\"\n"
        ));
        let line = zone.run(&["env", "--format", "curl"]).expect_code(0).stdout;
        assert!(line.starts_with(expected), "{line}");
    }
}
