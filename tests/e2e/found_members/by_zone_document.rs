//! Members by the signed zone document: found a cluster, and refused where the document is not to be
//! believed.

use std::fs;
use std::path::PathBuf;

use super::Machines;
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, listed};
use crate::harness::processes::{Running, until};
use crate::harness::{TestZone, outcome};

/// A signing host, and the machines of its zone, whose `ca` names it beside the CA of their certificates.
struct Signed {
    machines: Machines,
    zone: TestZone,
}

impl Signed {
    #[track_caller]
    fn new() -> Self {
        let machines = Machines::new(&INFRA);
        let nodes = INFRA.map(|(name, address)| format!("{name}={address}"));
        let zone = TestZone::init("example.zone", &nodes.each_ref().map(String::as_str));
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let ca = machines.made.directory.join("ca.crt");
        let root = fs::read_to_string(zone.file("ca/root.crt")).expect("the root");
        fs::write(&ca, fs::read_to_string(&ca).expect("the CA") + &root).expect("both");
        Self { machines, zone }
    }

    /// A document by this zone's signing host.
    #[track_caller]
    fn sign(zone: &TestZone, options: &[&str]) -> String {
        let out = zone.around().join("signed.json");
        let mut command = zone.command(&["nameservice", "sign"]);
        outcome(command.args(options).arg("--out").arg(&out)).expect_code(0);
        fs::read_to_string(out).expect("the document")
    }

    fn document(&self, name: &str) -> PathBuf {
        self.machines.directory(name).join("zone.json")
    }

    #[track_caller]
    fn put(&self, name: &str, document: &str) {
        fs::write(self.document(name), document).expect("the document");
    }
}

#[test]
fn three_found_a_cluster_and_need_it_once() {
    isolated(|| {
        let signed = Signed::new();
        let machines = &signed.machines;
        let document = Signed::sign(&signed.zone, &[]);
        for (name, _) in INFRA {
            // The first place does not answer, and the second has what is needed.
            machines.boot_config(name, "[nameservice]\nurl = [\"http://127.0.0.1:1\", \"file:zone.json\"]\n");
            signed.put(name, &document);
        }
        machines
            .call("infra0", "status")
            .expect_code(66)
            .expect_error_with(&["was not asked yet", "run --config"]);
        let mut members: Vec<Running> = INFRA.iter().map(|(name, _)| machines.run(name, "3.7.3")).collect();
        machines.wait_for_all(&["infra0", "infra1", "infra2"]);
        let plan = machines.call("infra0", "plan").expect_code(0).stdout;
        for (_, id, _) in listed(&machines.client("infra0")) {
            assert!(plan.contains(&id), "{id} is not planned:\n{plan}");
        }
        let kept = machines.directory("infra0").join("zone-document.json");
        assert_eq!(fs::read_to_string(kept).expect("the kept one"), document);
        call(&machines.client("infra0"), &["put", "written", "before"]).expect_code(0);

        // What it was told first is enough from then on.
        drop(members.remove(0));
        fs::remove_file(signed.document("infra0")).expect("the document");
        members.push(machines.run("infra0", "3.7.3"));
        machines.wait_for_all(&["infra0"]);
        let read = call(&machines.client("infra0"), &["get", "written", "--print-value-only"]).expect_code(0);
        assert_eq!(read.stdout.trim(), "before");
    });
}

/// A first start broke off after the commit, the others went on, and then the document has other members: by
/// those this node would found a second cluster, alone.
#[test]
fn no_second_cluster_by_another_document_after_the_commit() {
    isolated(|| {
        let signed = Signed::new();
        let machines = &signed.machines;
        let document = Signed::sign(&signed.zone, &[]);
        for (name, _) in INFRA {
            machines.boot_config(name, "[nameservice]\nurl = [\"file:zone.json\"]\n");
            signed.put(name, &document);
        }
        let mut members: Vec<Running> = INFRA.iter().map(|(name, _)| machines.run(name, "3.7.3")).collect();
        machines.wait_for_all(&["infra0", "infra1", "infra2"]);
        drop(members.remove(0));
        let file = |name: &str| machines.directory("infra0").join(name);
        let _ = fs::remove_file(file("high-water.json"));
        fs::remove_dir_all(file("data")).expect("the data");
        let state = fs::read_to_string(file("state.json")).expect("state.json");
        let mut state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
        state["phase"] = "committed".into();
        ["nonce", "log"].iter().for_each(|key| drop(state.as_object_mut().expect("keys").remove(*key)));
        fs::write(file("state.json"), state.to_string()).expect("state.json");

        let description = fs::read_to_string(signed.zone.file("zone.toml")).expect("zone.toml");
        let head = description.split("[[node]]").next().expect("a head");
        let alone = format!("{head}[[node]]\nname = \"infra0\"\naddress = \"10.0.1.10\"\n");
        fs::write(signed.zone.file("zone.toml"), alone).expect("zone.toml");
        signed.put("infra0", &Signed::sign(&signed.zone, &[]));
        for command in ["plan", "run", "boot"] {
            machines.call("infra0", command).expect_code(65).expect_error_with(&[
                "are not those that infra0.example.zone founds the cluster with",
                "infra1 (https://10.0.1.11:2380)",
                "there would be two clusters",
            ]);
        }
        assert!(!file("data").join("member").exists(), "etcd was started");
        assert_eq!(fs::read_to_string(file("zone-document.json")).expect("the kept one"), document);
    });
}

#[test]
fn documents_that_are_not_accepted() {
    isolated(|| {
        let signed = Signed::new();
        let machines = &signed.machines;
        let settings = "[nameservice]\nurl = [\"file:zone.json\"]\ndeadline = \"1s\"\n";
        machines.boot_config("infra0", settings);
        let refused = |document: &str, code: i32, errors: &[&str]| {
            signed.put("infra0", document);
            for command in ["plan", "run"] {
                machines.call("infra0", command).expect_code(code).expect_error_with(errors);
            }
        };
        machines.call("infra0", "plan").expect_code(66).expect_error_with(&["it has no such document"]);
        machines.call("infra0", "run").expect_code(66).expect_error_with(&["waiting for the zone document"]);
        machines.boot_config("infra0", &settings.replace("file:zone.json", "http://127.0.0.1:1"));
        machines.call("infra0", "run").expect_code(69).expect_error_with(&["no answer"]);
        machines.boot_config("infra0", &settings.replace("file:zone.json", "http://10.0.1.1\", \"ftp:x"));
        machines
            .call("infra0", "run")
            .expect_code(78)
            .expect_error_with(&["plain text to another machine", "`ftp:x`"]);
        machines.boot_config("infra0", settings);

        let others = |zone: &str, node: &str| {
            let zone = TestZone::init(zone, &[node]);
            zone.run(&["pki", "issue", "--all"]).expect_code(0);
            Signed::sign(&zone, &[])
        };
        refused(&others("example.zone", "infra0=10.0.1.10"), 65, &["not by a CA that is trusted"]);
        refused(&others("other.zone", "infra0=10.0.1.10"), 65, &["not by a CA that is trusted"]);
        let good = Signed::sign(&signed.zone, &[]);
        refused(&good.replace("10.0.1.11", "10.0.1.99"), 65, &["not over this content"]);
        let mut unsigned: serde_json::Value = serde_json::from_str(&good).expect("JSON");
        unsigned.as_object_mut().expect("an object").remove("sign");
        let unsigned = unsigned.to_string();
        refused(&unsigned, 65, &["it is not signed"]);
        let short = Signed::sign(&signed.zone, &["--valid", "1s"]);
        until("the end of a document", || {
            signed.put("infra0", &short);
            let told = machines.call("infra0", "plan");
            (told.code == 65 && told.stderr.contains("it expired at")).then_some(())
        });

        // A later one was accepted; an older one is no more.
        let older = Signed::sign(&signed.zone, &[]);
        let newer = Signed::sign(&signed.zone, &[]);
        signed.put("infra0", &newer);
        let mut waiting = machines.run("infra0", "3.7.3");
        waiting.wait_for_line(&["infra0 waits for"]);
        drop(waiting);
        refused(&older, 65, &["it is older than the last one"]);
        machines.boot_config("infra0", &(settings.to_owned() + "insecure_unsigned = true\n"));
        signed.put("infra0", &unsigned);
        machines
            .call("infra0", "plan")
            .expect_code(0)
            .expect_error_with(&["is not signed: any machine may have written it"]);
    });
}
