//! Nodes whose local config has the list: what `boot` starts, shows and waits for, and how it ends.

use nix::sys::signal::Signal;

use super::{boot, read, writer};
use crate::found_members::Machines;
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::{change_members, id_of};
use crate::harness::outcome;
use crate::harness::processes::{Running, children_of, processes_named, until};
use crate::harness::programs::write_program;

/// Machines whose local configs have the list.
pub(super) fn with_list() -> Machines {
    let machines = Machines::new(&INFRA);
    let list: Vec<String> = INFRA
        .iter()
        .map(|(name, address)| format!(r#"{{"node_name": "{name}.example.zone", "address": "{address}"}}"#))
        .collect();
    for (name, _) in INFRA {
        let file = machines.directory(name).join("node.json");
        let text = std::fs::read_to_string(&file).expect("node.json");
        let with_list = text.trim_end().trim_end_matches('}').to_owned();
        std::fs::write(file, format!("{with_list}, \"etcd\": [{}]}}", list.join(","))).expect("node.json");
        machines.boot_config(name, &writer(name));
    }
    machines
}

#[test]
fn a_removed_member_is_not_started_again() {
    isolated(|| {
        let machines = with_list();
        let mut nodes: Vec<Running> = INFRA.iter().map(|(name, _)| boot(&machines, name)).collect();
        for node in &mut nodes {
            node.wait_for_line(&["6/6 processes: started writer"]);
        }
        let client = machines.client("infra0");
        for (name, _) in INFRA {
            until("a written key", || {
                (read(&client, &format!("from-{name}")) == "example.zone").then_some(())
            });
        }
        let id = id_of(&client, "infra2");
        change_members(&client, &["remove", &id]);
        let ended = nodes[2].end();
        assert_eq!(ended.code(), Some(78), "{}", nodes[2].stderr());
        let told = nodes[2].stderr();
        assert!(told.contains("it is not started again"), "{told}");

        // The others are stopped in reverse order: the writer before etcd.
        let mut first = nodes.remove(0);
        let children = children_of(first.pid());
        assert_eq!(children.len(), 2, "etcd and the writer: {children:?}");
        first.signal(Signal::SIGTERM);
        assert_eq!(first.end().code(), Some(0), "{}", first.stderr());
        for child in children {
            assert!(!std::path::Path::new(&format!("/proc/{child}")).exists(), "{child} is left");
        }
    });
}

#[test]
fn a_node_without_a_member_waits_for_the_zone() {
    isolated(|| {
        let machines = with_list();
        // It is not in the list of its own local config, nor in those of the others.
        for (name, _) in INFRA {
            let file = machines.directory(name).join("node.json");
            let text = std::fs::read_to_string(&file).expect("node.json");
            let list = text.replace(r#"{"node_name": "infra2.example.zone", "address": "10.0.1.12"}"#, "");
            std::fs::write(file, list.replace(", ]", "]").replace(",]", "]")).expect("node.json");
        }
        let mut alone = boot(&machines, "infra2");
        alone.wait_for_line(&["waiting for the zone to take requests", "https://10.0.1.10:2379"]);
        let _members: Vec<Running> = ["infra0", "infra1"].iter().map(|name| boot(&machines, name)).collect();
        alone.wait_for_line(&["4/6 etcd: no member runs here; the zone takes requests"]);
        alone.wait_for_line(&["6/6 processes: started writer"]);
        let client = machines.client("infra0");
        until("a key of the third", || (read(&client, "from-infra2") == "example.zone").then_some(()));
        assert_eq!(children_of(alone.pid()).len(), 1, "the writer");
    });
}

#[test]
fn the_gateway_is_started_before_etcd() {
    isolated(|| {
        let machines = with_list();
        let gateway = "[gateway]\ncommand = [\"/bin/sh\", \"-c\", \"echo forwards; exec sleep 1000\"]\n";
        machines.boot_config("infra0", gateway);
        let shown = machines.command("infra0", "boot");
        let shown = outcome(&mut with(shown, &["--dry-run"])).expect_code(0).stdout;
        let order = ["starts gateway", "runs zone-etcd run --config", "waits until the zone takes requests"]
            .map(|text| shown.find(text).unwrap_or_else(|| panic!("no {text} in {shown}")));
        assert!(order.is_sorted(), "{shown}");
        let shown = machines.command("infra0", "boot");
        let shown = outcome(&mut with(shown, &["--dry-run", "-o", "json", "--until", "etcd"])).expect_code(0);
        let shown: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
        assert_eq!(shown.as_array().map(Vec::len), Some(4), "{shown:#}");
        assert_eq!((&shown[3]["number"], &shown[3]["name"]), (&4.into(), &"etcd".into()));

        // It waits for others that never come, and stops when it is told to.
        let mut node = Running::start(
            &mut with(machines.command("infra0", "boot"), &["--until", "4"]),
            machines.around(),
            "boot-infra0",
        );
        node.wait_for_line(&["gateway | forwards"]);
        node.wait_for_line(&["etcd | infra0 waits for infra1"]);
        assert_eq!(children_of(node.pid()).len(), 2, "the gateway and a start that waits");
        node.signal(Signal::SIGTERM);
        assert_eq!(node.end().code(), Some(0), "{}", node.stderr());
    });
}

#[test]
fn what_cannot_be_started_is_told_and_nothing_is_left() {
    isolated(|| {
        let machines = with_list();
        let missing = "[[process]]\nname = \"panel\"\ncommand = \"/no/such/panel\"\nready_timeout = \"1s\"\n";
        machines.boot_config("infra0", missing);
        let mut others: Vec<Running> =
            ["infra1", "infra2"].iter().map(|name| boot(&machines, name)).collect();
        let mut node = boot(&machines, "infra0");
        assert_eq!(node.end().code(), Some(69), "{}", node.stderr());
        for told in ["cannot run /no/such/panel", "panel was not ready within 1s", "next: "] {
            assert!(node.stderr().contains(told), "no {told} in {}", node.stderr());
        }
        // The member had started, and was stopped again; the others go on.
        others.iter_mut().for_each(|other| {
            other.wait_for_line(&["6/6 processes: started writer"]);
        });
        assert_eq!(machines.call("infra0", "plan").code, 0);
        machines.boot_config("infra0", "[[process]]\nname = \"a\"\nreddy = \"none\"\n");
        machines.call("infra0", "boot").expect_code(78).expect_error_with(&[
            "did you mean `ready`?",
            "`command`",
            "boot.toml:",
        ]);
    });
}

#[test]
fn signals_while_a_command_hangs() {
    isolated(|| {
        let machines = with_list();
        let hangs = |name: &str| format!("[nameservice]\nreload = \"/bin/sleep 1000\"\n{}", writer(name));
        machines.boot_config("infra0", &hangs("infra0"));
        let mut nodes: Vec<Running> = INFRA.iter().map(|(name, _)| boot(&machines, name)).collect();
        nodes[0].wait_for_line(&["4/6 etcd: the member runs"]);
        until("the command of reload", || (children_of(nodes[0].pid()).len() == 2).then_some(()));
        let children = children_of(nodes[0].pid());
        nodes[0].signal(Signal::SIGTERM);
        assert_eq!(nodes[0].end().code(), Some(0), "{}", nodes[0].stderr());
        for child in children {
            assert!(!std::path::Path::new(&format!("/proc/{child}")).exists(), "{child} is left");
        }
    });
}

#[test]
fn what_a_reload_leaves_behind_ends_with_it() {
    isolated(|| {
        let machines = with_list();
        let script = |text: &str| {
            let path = machines.around().join("reload.sh");
            write_program(&path, text);
            path.display().to_string()
        };
        let leaves = script("#!/bin/sh\ntail -f /dev/null &\n");
        machines.boot_config("infra0", &format!("[nameservice]\nreload = \"{leaves}\"\n"));
        let mut nodes: Vec<Running> = INFRA.iter().map(|(name, _)| boot(&machines, name)).collect();
        nodes[0].wait_for_line(&["5/6 provider: wrote", "reloaded by its command"]);
        assert!(processes_named("tail").is_empty());

        script("#!/bin/sh\ntail -f /dev/null & wait\n");
        nodes[0].signal(Signal::SIGHUP);
        until("the command of reload", || (!processes_named("tail").is_empty()).then_some(()));
        nodes[0].signal(Signal::SIGKILL);
        nodes[0].end();
        until("the end of the script", || processes_named("reload.sh").is_empty().then_some(()));
    });
}

/// What SIGHUP asks for while a step waits is done once the steps are.
#[test]
fn a_reload_during_a_step_is_not_lost() {
    isolated(|| {
        let machines = with_list();
        let names = ["infra0", "infra1"];
        for name in names.iter().chain(&["infra2"]) {
            let file = machines.directory(name).join("node.json");
            let text = std::fs::read_to_string(&file).expect("node.json");
            let list = text.replace(r#",{"node_name": "infra2.example.zone", "address": "10.0.1.12"}"#, "");
            assert_ne!(list, text);
            std::fs::write(file, list).expect("node.json");
        }
        let mut alone = boot(&machines, "infra2");
        alone.wait_for_line(&["waiting for the zone to take requests"]);
        machines.boot_config("infra2", &format!("[nameservice]\n{}", writer("infra2")));
        alone.signal(Signal::SIGHUP);
        let _members: Vec<Running> = names.iter().map(|name| boot(&machines, name)).collect();
        alone.wait_for_line(&["6/6 processes: started writer"]);
        alone.wait_for_line(&["5/6 provider: wrote"]);
    });
}

fn with(mut command: std::process::Command, arguments: &[&str]) -> std::process::Command {
    command.args(arguments);
    command
}
