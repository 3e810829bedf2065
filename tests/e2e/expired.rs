//! Zones whose certificates have all expired: from the CA alone, from new bundles, in operation, and when the
//! CA has expired too.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, loopback_text, plan, start_on_loopback, wait_for_quorum,
};
use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const MEMBER: &str = "https://127.0.0.1:2379";
/// As long as three members may take to start on a machine that is busy.
const SHORT: &str = "[pki]\nleaf_validity = \"15s\"\n";

/// Has the certificates that come next live for a year.
fn make_valid_for_long(zone: &TestZone) {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let lines = text.lines().filter(|line| !line.contains("_validity"));
    std::fs::write(zone.file("zone.toml"), lines.fold(String::new(), |text, line| text + line + "\n"))
        .expect("zone.toml");
}

/// Waits until openssl says that a certificate has expired.
#[track_caller]
fn wait_for_the_end(certificate: &Path, zone: &TestZone, plane: &str) {
    let mut openssl = Command::new("openssl");
    openssl.arg("verify").arg("-CAfile").arg(zone.file("ca/root.crt"));
    openssl.arg("-untrusted").arg(zone.file(&format!("ca/{plane}.crt"))).arg(certificate);
    until("the end of a certificate", || {
        outcome(&mut openssl).stderr.contains("certificate has expired").then_some(())
    });
}

#[track_caller]
fn wait_for_the_end_of_all(zone: &TestZone, nodes: &[&str]) {
    for node in nodes {
        for (role, plane) in
            [("peer", "peer"), ("server", "client"), ("gateway", "client"), ("client", "client")]
        {
            wait_for_the_end(&zone.file(&format!("nodes/{node}/pki/current/{role}.crt")), zone, plane);
        }
    }
}

#[track_caller]
fn stop(members: &mut [Running]) {
    for member in members {
        member.stop();
    }
}

#[track_caller]
fn write(zone: &TestZone) {
    call(&etcdctl(zone, MEMBER), &["put", "survives", "all of it"]).expect_code(0);
}

#[track_caller]
fn assert_survived(zone: &TestZone) {
    let told = call(&etcdctl(zone, MEMBER), &["get", "survives", "--print-value-only"]).expect_code(0);
    assert_eq!(told.stdout, "all of it\n");
}

#[test]
fn a_zone_that_was_powered_off_past_all_expiry_comes_back_from_the_ca_alone() {
    isolated(|| {
        let zone = TestZone::described(&loopback_text("example.zone", 3, SHORT));
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES);
        write(&zone);
        stop(&mut members);
        wait_for_the_end_of_all(&zone, &NODES);

        // openssl counts whole seconds, and is early by as much as one.
        until("the findings", || {
            let told = zone.run(&["pki", "check"]).expect_code(65).stdout;
            let expired = |node: &&str| {
                told.lines().filter(|line| line.starts_with(*node) && line.contains("  expired  ")).count()
            };
            NODES.iter().all(|node| expired(node) == 4).then_some(())
        });
        let told = zone.run(&["status"]).expect_code(69).stdout;
        assert!(told.contains("next: start it, on node1: zone-etcd run --node node1"), "{told}");
        let told = zone.run(&["doctor"]).expect_code(65).stdout;
        assert!(
            told.contains("certificate-validity  node3: peer.crt\n               it expired at"),
            "{told}"
        );
        let told = zone.run(&["plan", "--node", "node1"]).expect_code(0).stdout;
        assert_eq!(told.matches("issue: expired").count(), 4, "{told}");
        assert!(told.contains("resume: the member goes on"), "{told}");

        make_valid_for_long(&zone);
        let members = start_on_loopback(&zone, &NODES);
        assert_survived(&zone);
        assert_ids_as_planned(&etcdctl(&zone, MEMBER), &plan(&zone, "node1"));
        for member in &members {
            assert_eq!(member.stderr().matches("(expired)").count(), 4, "{}", member.stderr());
        }
        // Clients other than the administrator have theirs when somebody asks for them.
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);
        zone.run(&["status"]).expect_code(0);
    });
}

/// Nobody stopped them, and nobody renewed. Their connections go on, and no new one is made.
#[test]
fn members_that_ran_past_all_expiry_are_healed_without_a_restart() {
    isolated(|| {
        let zone = TestZone::described(&loopback_text("example.zone", 3, SHORT));
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES);
        write(&zone);
        let pids: Vec<u32> = members.iter().map(Running::pid).collect();
        wait_for_the_end_of_all(&zone, &NODES);
        let told = zone.run(&["status", "--format", "json"]);
        assert_ne!(told.code, 0, "{}", told.stdout);
        make_valid_for_long(&zone);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        for number in 0..3 {
            wait_for_quorum(&etcdctl(&zone, &format!("https://127.0.0.1:{}", 2379 + 10 * number)));
        }
        assert_survived(&zone);
        until("a healthy zone", || (zone.run(&["status"]).code == 0).then_some(()));
        assert!(members.iter_mut().all(Running::is_alive));
        assert_eq!(members.iter().map(Running::pid).collect::<Vec<_>>(), pids);
    });
}

/// Machines that hold no key of a CA.
struct Machines {
    zone: TestZone,
    bundles: u32,
}

impl Machines {
    fn new() -> Self {
        let zone = TestZone::described(&loopback_text("example.zone", 3, SHORT));
        zone.run(&["init"]).expect_code(0);
        Self { zone, bundles: 0 }
    }

    fn config(&self, node: &str) -> String {
        self.zone.around().join(node).join("node.json").display().to_string()
    }

    #[track_caller]
    fn bring_bundles(&mut self) {
        self.bundles += 1;
        let out = self.zone.around().join(format!("bundles-{}", self.bundles));
        let mut command = self.zone.command(&["bundle", "--no-encryption"]);
        outcome(command.args(NODES).arg("--out").arg(&out)).expect_code(0);
        let fingerprint = self.zone.root_fingerprint();
        for node in NODES {
            let mut command = zone_etcd(["activate", "--node", node, "--root-fingerprint", &fingerprint]);
            command.arg("--node-dir").arg(self.zone.around().join(node));
            outcome(command.arg(out.join(format!("{node}.bundle")))).expect_code(0);
        }
    }

    fn run_command(&self, node: &str) -> Command {
        let mut command =
            zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
        command.arg(self.config(node));
        command
    }

    #[track_caller]
    fn start(&self) -> Vec<Running> {
        let start = |node: &&str| Running::start(&mut self.run_command(node), self.zone.around(), node);
        let members = NODES.iter().map(start).collect();
        for number in 0..3 {
            wait_for_quorum(&etcdctl(&self.zone, &format!("https://127.0.0.1:{}", 2379 + 10 * number)));
        }
        members
    }

    fn about(&self, command: &str, node: &str) -> Outcome {
        outcome(zone_etcd([command, "--config"]).arg(self.config(node)))
    }
}

#[test]
fn nodes_with_a_directory_of_their_own_come_back_with_new_bundles() {
    isolated(|| {
        let mut machines = Machines::new();
        machines.bring_bundles();
        let mut members = machines.start();
        write(&machines.zone);
        stop(&mut members);
        for node in NODES {
            let own = machines.zone.around().join(node).join("pki/current");
            wait_for_the_end(&own.join("peer.crt"), &machines.zone, "peer");
            wait_for_the_end(&own.join("client.crt"), &machines.zone, "client");
        }
        // As above, for a start that would take place.
        until("the word of check", || {
            let told = machines.about("check", "node1").stdout;
            (told.matches("it expired at").count() == 4).then_some(())
        });
        let refused = outcome(&mut machines.run_command("node1")).expect_code(65);
        refused.expect_error_with(&[
            "node1 could not work with its certificates",
            "peer.crt: it expired at",
            "next: on the signing host: zone-etcd pki renew node1 --out DIR --passphrase-file FILE; then on \
             node1: zone-etcd activate",
        ]);
        let told = machines.about("doctor", "node2");
        assert!(
            told.stdout.contains("it expired at") && told.stdout.contains("zone-etcd pki renew node2"),
            "{}",
            told.stdout
        );

        make_valid_for_long(&machines.zone);
        machines.bring_bundles();
        let _members = machines.start();
        assert_survived(&machines.zone);
        machines.about("status", "node3").expect_code(0);
    });
}

/// What `docs/expired.md` says, step by step.
#[test]
fn a_zone_whose_cas_have_expired_goes_on_below_new_ones() {
    isolated(|| {
        let text =
            loopback_text("example.zone", 3, "[pki]\nleaf_validity = \"15s\"\nca_validity = \"15s\"\n");
        let zone = TestZone::described(&text);
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES);
        write(&zone);
        let before = plan(&zone, "node1");
        stop(&mut members);
        let refused = || zone.run(&["run", "--node", "node1"]);
        // Until then it would become etcd, and not return.
        until("the end of the CAs", || (zone.run(&["pki", "list"]).code != 0).then_some(()));
        for told in [refused(), zone.run(&["pki", "issue", "--all"]), zone.run(&["status"])] {
            told.expect_code(65).expect_error_with(&["ca/root.crt has expired", "zone-etcd explain expired"]);
        }

        let state = std::fs::read(zone.file("nodes/node1/state.json")).expect("the state");
        let state: Value = serde_json::from_slice(&state).expect("JSON");
        let token = format!("[etcd]\ntoken = {}\n", state["token"]);
        make_valid_for_long(&zone);
        let text =
            std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml").replace("[etcd]\n", &token);
        std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        for name in ["ca", "issued.jsonl"] {
            std::fs::rename(zone.file(name), zone.file(&format!("{name}.expired"))).expect("it is put aside");
        }
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &NODES);
        assert_survived(&zone);
        assert_eq!(plan(&zone, "node1")["cluster_id"], before["cluster_id"]);
        zone.run(&["pki", "check"]).expect_code(0);
        zone.run(&["status"]).expect_code(0);
    });
}
