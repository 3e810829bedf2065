//! Three machines with a local config without a list, and the signed zone document on one of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use super::{boot, read, writer};
use crate::found_members::Machines;
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::call;
use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// The zone, and its signing host.
struct Zone {
    machines: Machines,
    signer: TestZone,
}

impl Zone {
    /// infra0 serves the document to the others over TLS; infra1 has a nameservice for itself, as a provider
    /// of etcd alone; infra2 has none.
    #[track_caller]
    fn new() -> Self {
        let machines = Machines::new(&INFRA);
        let nodes = INFRA.map(|(name, address)| format!("{name}={address}"));
        let signer = TestZone::init("example.zone", &nodes.each_ref().map(String::as_str));
        signer.run(&["pki", "issue", "--all"]).expect_code(0);
        let ca = machines.made.directory.join("ca.crt");
        let root = fs::read_to_string(signer.file("ca/root.crt")).expect("the root");
        fs::write(&ca, fs::read_to_string(&ca).expect("the CA") + &root).expect("both");
        let file = |file: &str| machines.made.directory.join(file).display().to_string();
        let place = "https://10.0.1.10:3456";
        let serve = format!(
            "url = [\"{place}\"]\ncommand = [\"zone-etcd\", \"nameservice\", \"serve\", \"--listen\", \
             \"10.0.1.10:3456\", \"--tls-cert\", \"{}\", \"--tls-key\", \"{}\"]\n",
            file("infra0.crt"),
            file("infra0.key")
        );
        let own = format!(
            "url = [\"{place}\", \"http://127.0.0.1:3456\"]\n\
             command = [\"zone-etcd\", \"nameservice\", \"serve\"]\nreload = \"SIGHUP\"\n"
        );
        let asks = format!("url = [\"{place}\"]\n");
        for ((name, _), settings) in INFRA.iter().zip([serve, own, asks]) {
            machines.boot_config(name, &format!("[nameservice]\n{settings}{}", writer(name)));
        }
        Self { machines, signer }
    }

    /// Puts a document by the signing host where infra0 serves it.
    #[track_caller]
    fn publish(&self, options: &[&str]) -> String {
        let out = self.signer.around().join("signed.json");
        let mut command = self.signer.command(&["nameservice", "sign"]);
        outcome(command.args(options).arg("--out").arg(&out)).expect_code(0);
        let text = fs::read_to_string(out).expect("the document");
        fs::write(self.machines.directory("infra0").join("zone.json"), &text).expect("the document");
        text
    }

    #[track_caller]
    fn boot_all(&self) -> Vec<Running> {
        ["infra2", "infra0", "infra1"].iter().map(|name| boot(&self.machines, name)).collect()
    }

    #[track_caller]
    fn wait_for_steps(nodes: &mut [Running]) {
        for node in nodes {
            node.wait_for_line(&["6/6 processes: started writer"]);
        }
    }

    /// What a nameservice says, on the machine of a node.
    #[track_caller]
    fn verified(&self, name: &str, place: &str) -> Outcome {
        let mut verify = zone_etcd(["nameservice", "verify", place, "--name", "example.zone", "--ca"]);
        verify.arg(self.machines.made.directory.join("ca.crt"));
        outcome(&mut self.machines.network.on(name, &verify))
    }

    #[track_caller]
    fn assert_serves(&self) {
        let client = self.machines.client("infra0");
        for (name, _) in INFRA {
            let key = format!("from-{name}");
            until("a key that a process has written", || {
                (read(&client, &key) == "example.zone").then_some(())
            });
        }
    }

    fn kept(&self, name: &str) -> String {
        fs::read_to_string(self.machines.directory(name).join("zone-document.json")).expect("the kept one")
    }
}

fn kill_all(nodes: Vec<Running>) {
    // Each has its member and its processes end with it.
    nodes.iter().for_each(|node| node.signal(Signal::SIGKILL));
    drop(nodes);
}

#[test]
fn a_zone_comes_up_from_one_signed_document() {
    isolated(|| {
        let zone = Zone::new();
        let document = zone.publish(&[]);
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        zone.assert_serves();
        // The one without a document of its own has it from the zone's etcd.
        fs::remove_file(zone.machines.directory("infra1").join("zone-document.json")).expect("the kept one");
        zone.verified("infra1", "http://127.0.0.1:3456").expect_code(0);
        zone.verified("infra2", "https://10.0.1.10:3456").expect_code(0);
        let client = zone.machines.client("infra2");
        assert_eq!(read(&client, "/zone-etcd/nameservice/example.zone"), document.trim());
        let provider = zone.machines.directory("infra2").join("nameservice.json");
        let provider = fs::read_to_string(provider).expect("the provider file");
        for (_, address) in INFRA {
            assert!(provider.contains(&format!("https://{address}:2379")), "{provider}");
        }
        let mode = outcome(
            Command::new("stat")
                .args(["-c", "%a"])
                .arg(zone.machines.directory("infra2").join("nameservice.json")),
        );
        assert_eq!(mode.stdout.trim(), "600");

        // Another document is taken by a node that runs, when it is told to read again.
        let served = |node: &Running| node.stderr().matches("serving the document").count();
        let before = served(&nodes[1]);
        let newer = zone.publish(&["--address", "10.0.1.10"]);
        until("the newer document to be served", || (served(&nodes[1]) > before).then_some(()));
        let infra2 = &mut nodes[0];
        infra2.signal(Signal::SIGHUP);
        infra2.wait_for_line(&["5/6 provider"]);
        until("the newer document", || (zone.kept("infra2") == newer).then_some(()));
        until("it in etcd", || {
            (read(&client, "/zone-etcd/nameservice/example.zone") == newer.trim()).then_some(())
        });
        assert!(infra2.is_alive());

        // A second start of the same node, and a start of its member beside it, are refused.
        zone.machines
            .call("infra2", "boot")
            .expect_code(75)
            .expect_error_with(&["is started already by process"]);
        zone.machines.call("infra2", "run").expect_code(75).expect_error_with(&["is in use by process"]);

        // In reverse order, and nothing is left.
        let pid = infra2.pid();
        infra2.signal(Signal::SIGTERM);
        assert_eq!(infra2.end().code(), Some(0));
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    });
}

/// The document that was accepted is enough from then on, whatever comes instead.
#[test]
fn a_warm_start_needs_no_document() {
    isolated(|| {
        let zone = Zone::new();
        let first = zone.publish(&[]);
        let second = zone.publish(&[]);
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        zone.assert_serves();
        let client = zone.machines.client("infra0");
        let place = zone.machines.directory("infra0").join("zone.json");
        let expired = zone.publish(&["--valid", "1s"]);
        until("the end of a document", || {
            let told = zone.verified("infra0", place.to_str().expect("a path"));
            told.stderr.contains("it expired at").then_some(())
        });
        let foreign = {
            let other = TestZone::init("example.zone", &["infra0=10.0.1.10"]);
            other.run(&["pki", "issue", "--all"]).expect_code(0);
            let out = other.around().join("signed.json");
            outcome(other.command(&["nameservice", "sign"]).arg("--out").arg(&out)).expect_code(0);
            fs::read_to_string(out).expect("the document")
        };
        // What its own nameservice does not serve, one elsewhere may: infra2 reads a file for once.
        let settings = format!("[nameservice]\nurl = [\"file:{}\"]\n{}", place.display(), writer("infra2"));
        zone.machines.boot_config("infra2", &settings);
        let refusals = [
            (None, "it has no such document"),
            (Some(&first), "it is older than the last one"),
            (Some(&foreign), "not by a CA that is trusted"),
            (Some(&expired), "it expired at"),
        ];
        for (document, why) in refusals {
            match document {
                Some(document) => fs::write(&place, document).expect("a document"),
                None => fs::remove_file(&place).expect("a document"),
            }
            call(&client, &["del", "from-infra2"]).expect_code(0);
            let infra2 = nodes.remove(0);
            infra2.signal(Signal::SIGKILL);
            drop(infra2);
            let mut infra2 = boot(&zone.machines, "infra2");
            infra2.wait_for_line(&["goes on with the members of", why]);
            Zone::wait_for_steps(std::slice::from_mut(&mut infra2));
            zone.assert_serves();
            assert_eq!(zone.kept("infra2"), second);
            nodes.insert(0, infra2);
        }
    });
}

/// A document that leaves out the member of a node with data: not signed, or with no earlier one to
/// hold it against.
#[test]
fn a_member_with_data_is_not_left_out_by_a_document() {
    isolated(|| {
        let zone = Zone::new();
        zone.publish(&[]);
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        let kept = |name: &str| zone.machines.directory("infra2").join(name);
        let of_others = {
            let mut document: serde_json::Value =
                serde_json::from_str(&zone.kept("infra2")).expect("a document");
            document.as_object_mut().expect("an object").remove("sign");
            let members = document["extend"]["etcd"].as_array_mut().expect("members");
            members.retain(|member| member["node_name"] != "infra2.example.zone");
            assert_eq!(members.len(), 2);
            document.to_string()
        };
        let place = zone.machines.around().join("without.json");
        fs::write(&place, of_others).expect("a document");
        let settings = format!(
            "[nameservice]\nurl = [\"file:{}\"]\ninsecure_unsigned = true\n{}",
            place.display(),
            writer("infra2")
        );
        zone.machines.boot_config("infra2", &settings);
        let list = fs::read_to_string(kept("member-list.json")).expect("the list");
        for lost in [None, Some("zone-document.json")] {
            assert_eq!(nodes.remove(0).stop(), None);
            lost.map(kept).into_iter().for_each(|lost| fs::remove_file(lost).expect("what is lost"));
            let mut infra2 = boot(&zone.machines, "infra2");
            infra2.wait_for_line(&["goes on with the members of", "is a member no more by it"]);
            infra2.wait_for_line(&["4/6 etcd: the member runs"]);
            assert_eq!(fs::read_to_string(kept("member-list.json")).expect("the list"), list);
            nodes.insert(0, infra2);
        }
        // Without a list either, the document is all that there is, and the data says that it is wrong.
        assert_eq!(nodes.remove(0).stop(), None);
        fs::remove_file(kept("member-list.json")).expect("the list");
        let mut infra2 = boot(&zone.machines, "infra2");
        assert_eq!(infra2.end().code(), Some(65), "{}", infra2.stderr());
        assert!(infra2.stderr().contains("is a member no more by it, and has data"), "{}", infra2.stderr());
    });
}

/// The list of another node in the place of its own, as by a copy of its directory.
#[test]
fn the_list_of_another_node_is_refused() {
    isolated(|| {
        let zone = Zone::new();
        zone.publish(&[]);
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        assert_eq!(nodes.remove(0).stop(), None);
        let list = |name: &str| zone.machines.directory(name).join("member-list.json");
        fs::copy(list("infra1"), list("infra2")).expect("a copy");
        for command in ["boot", "run", "plan", "status"] {
            zone.machines.call("infra2", command).expect_code(65).expect_error_with(&[
                "is the list of another node",
                "kept by infra1.example.zone, and this node is infra2.example.zone",
            ]);
        }
    });
}

/// A member that has lost everything is refused, and its node is not started over and over.
#[test]
fn a_node_that_was_wiped_is_refused() {
    isolated(|| {
        let zone = Zone::new();
        zone.publish(&[]);
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        drop(nodes.remove(0));
        for lost in ["data", "pki"] {
            let _ = fs::remove_dir_all(zone.machines.directory("infra2").join(lost));
        }
        for lost in ["state.json", "high-water.json", "member-list.json", "zone-document.json"] {
            let _ = fs::remove_file(zone.machines.directory("infra2").join(lost));
        }
        let mut infra2 = boot(&zone.machines, "infra2");
        assert_eq!(infra2.end().code(), Some(65), "{}", infra2.stderr());
        assert!(infra2.stderr().contains("has run, and its data is not here"), "{}", infra2.stderr());
    });
}

/// All machines lose power at once, again and again.
fn power_cuts(times: usize) {
    let zone = Zone::new();
    zone.publish(&[]);
    for time in 0..times {
        let mut nodes = zone.boot_all();
        Zone::wait_for_steps(&mut nodes);
        let client = zone.machines.client("infra1");
        for earlier in 0..time {
            assert_eq!(read(&client, &format!("cut-{earlier}")), "written");
        }
        call(&client, &["put", &format!("cut-{time}"), "written"]).expect_code(0);
        kill_all(nodes);
    }
}

#[test]
fn nothing_is_lost_when_the_whole_zone_loses_power() {
    isolated(|| power_cuts(3));
}

#[test]
fn long_nothing_is_lost_when_the_whole_zone_loses_power_twenty_times() {
    isolated(|| power_cuts(20));
}
