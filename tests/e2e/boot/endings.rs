//! How a node that was started by `boot` ends.

use nix::sys::signal::Signal;

use super::{boot, read, writer};
use crate::found_members::Machines;
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, id_of};
use crate::harness::processes::{Running, children_of, until};

/// Machines whose local configs have the list.
fn with_list() -> Machines {
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
        // etcd refuses while its members were not connected for five seconds.
        let id = id_of(&client, "infra2");
        until("a removal", || (call(&client, &["member", "remove", &id]).code == 0).then_some(()));
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
