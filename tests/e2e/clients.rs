//! `ctl` and `env`: etcdctl with the settings of the zone, whatever the shell is set up for.

use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_text, loopback_zone, start_alone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle, outcome, program, zone_etcd};

#[test]
fn ctl_ignores_settings_for_another_cluster() {
    isolated(|| {
        let (zone, _member) = running_zone();
        let mut command = ctl(&zone, &["put", "key", "value"]);
        command.env("ETCDCTL_ENDPOINTS", "https://192.0.2.1:2379").env("ETCDCTL_USER", "somebody:secret");
        command.env("ETCDCTL_CERT", "/nonexistent").env("ETCDCTL_DISCOVERY_SRV", "example.org");
        assert_eq!(outcome(&mut command).expect_code(0).stdout, "OK\n");
    });
}

/// etcdctl itself ends when a flag and a variable set the same thing.
#[test]
fn ctl_takes_an_endpoint_of_the_users() {
    isolated(|| {
        let (zone, _member) = running_zone();
        for flag in [&["--endpoints=https://127.0.0.1:2379"][..], &["--endpoints", "https://localhost:2379"]]
        {
            let arguments = [flag, &["endpoint", "health"]].concat();
            let result = outcome(&mut ctl(&zone, &arguments)).expect_code(0);
            let endpoint = flag.join("=").replace("--endpoints=", "");
            let endpoint = endpoint.trim_start_matches('=');
            let said = result.stdout + &result.stderr;
            assert!(said.contains(&format!("{endpoint} is healthy")), "{said}");
        }
    });
}

#[test]
fn the_code_of_etcdctl_is_passed_on() {
    isolated(|| {
        let (zone, mut member) = running_zone();
        outcome(&mut ctl(&zone, &["get"])).expect_code(128);
        member.stop();
        outcome(&mut ctl(&zone, &["get", "key", "--command-timeout=200ms"])).expect_code(1);
    });
}

/// Also where the path needs quotes, for a shell and for etcd.
#[test]
fn env_is_read_by_a_shell() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let directory = around.path().join("it's a $zone");
        std::fs::create_dir(&directory).expect("a directory");
        std::fs::write(directory.join("zone.toml"), loopback_text("example.zone", 1, "")).expect("zone.toml");
        outcome(zone_etcd(["init", "--zone"]).arg(&directory)).expect_code(0);
        let mut run = zone_etcd([
            "run",
            "--end-with-parent",
            &std::process::id().to_string(),
            "--node",
            "node1",
            "--zone",
        ]);
        let _member = Running::start(run.arg(&directory), around.path(), "node1");

        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("eval \"$(\"$1\" env --zone \"$2\")\" && {script}"), "sh"]);
            command.arg(program()).arg(&directory).arg(bundle("3.7.3").join("etcdctl"));
            command
        };
        wait_for_quorum(&shell("\"$3\" get nothing --command-timeout=2s #"));
        assert_eq!(outcome(&mut shell("\"$3\" put key value")).expect_code(0).stdout, "OK\n");
    });
}

/// The line is typed as it is printed, from a directory whose name needs quotes for the shell and for curl.
#[test]
fn curl_reads_a_key_with_the_line_that_env_prints() {
    isolated(|| {
        let (zone, _member) = running_zone();
        let directory = zone.around().join("it's $a:b\\c");
        std::os::unix::fs::symlink(zone.path(), &directory).expect("a link");
        outcome(&mut ctl(&zone, &["put", "foo", "bar"])).expect_code(0);
        let line = |client: &str| {
            let mut command = zone_etcd(["env", "--format", "curl", "--client", client, "--zone"]);
            outcome(command.arg(&directory)).expect_code(0).stdout
        };
        let typed = |line: &str| {
            let line = line.replacen("curl ", "curl --silent --show-error --max-time 10 ", 1);
            outcome(Command::new("sh").args(["-c", &line]))
        };
        let answer = typed(&line("admin")).expect_code(0).stdout;
        // `foo` and `bar` in base64.
        assert!(answer.contains("\"key\":\"Zm9v\"") && answer.contains("\"value\":\"YmFy\""), "{answer}");
        // What the older guides ask, which etcd 3.6 and later do not have.
        let of_v2 = typed(&line("admin").replace("/v3/kv/range", "/v2/keys/foo")).expect_code(0).stdout;
        assert!(of_v2.contains("404"), "{of_v2}");
        let (with, without) = (line("admin"), line("admin").replace("--cert ", "--user-agent "));
        assert_ne!(with, without);
        assert_ne!(typed(&without.replace("--key ", "--referer ")).code, 0, "without a certificate");
    });
}

fn running_zone() -> (TestZone, Running) {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    let member = start_alone(&zone);
    (zone, member)
}

fn ctl(zone: &TestZone, arguments: &[&str]) -> Command {
    let mut command = zone_etcd(["ctl", "--zone"]);
    command.arg(zone.path()).arg("--").args(arguments);
    command
}
