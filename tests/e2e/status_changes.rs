//! `status` when the cluster has other members than zone.toml describes.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{change_members, etcdctl, loopback_text, loopback_zone, start_on_loopback};
use crate::harness::processes::{Running, until};
use crate::harness::{TestZone, outcome};
use crate::status::{exposition, row, status, three_members};

fn kinds(live: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let differences = live["differences"].as_array().expect("differences").iter();
    differences.map(|difference| (text(&difference["kind"]), text(&difference["member"]))).collect()
}

fn pairs(kinds: &[(&str, &str)]) -> Vec<(String, String)> {
    kinds.iter().map(|(kind, member)| ((*kind).to_owned(), (*member).to_owned())).collect()
}

/// A node that the zone description has and the cluster does not, then added as a learner, then started, then
/// taken out of the description again.
#[test]
fn from_a_node_to_a_learner() {
    isolated(|| {
        let zone = loopback_zone(2, "");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &["node1", "node2"]);
        fs::write(zone.file("zone.toml"), loopback_text("example.zone", 3, "")).expect("zone.toml");
        zone.run(&["pki", "issue", "node3"]).expect_code(0);

        let text = zone.run(&["status"]).expect_code(65).stdout;
        assert!(text.contains("\n  node3 is in zone.toml, and no member of the cluster\n"), "{text}");
        assert_eq!(row(&text, "node3")[1], "absent", "{text}");
        assert_eq!(kinds(&status(&zone, 65)), pairs(&[("not_a_member", "node3")]));

        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        let add = ["add", "node3", "--learner", "--peer-urls=https://127.0.0.1:2400"];
        change_members(&etcdctl, &add);
        let live = status(&zone, 65);
        assert_eq!(kinds(&live), pairs(&[("unstarted", "node3"), ("learner", "node3")]));
        assert_eq!(live["members"][2]["state"], "unstarted");

        let odd_name = "no\"de\\3";
        let _learner = start_learner(&zone, odd_name);
        let live = until("a learner that answers", || {
            let text = zone.run(&["status", "--format", "json"]).stdout;
            let live: Value = serde_json::from_str(&text).expect("JSON");
            // The other members learn of its name one after the other, and until then their lists differ from
            // its own.
            let is_settled = kinds(&live) == pairs(&[("name", "node3"), ("learner", "node3")]);
            (is_settled && live["health"] == "healthy").then_some(live)
        });
        assert_eq!((&live["voters"], &live["members"][2]["learner"]), (&2.into(), &true.into()));
        let text = zone.run(&["status"]).expect_code(0).stdout;
        assert_eq!(row(&text, "node3")[1..4], ["up", "3.7.3", "learner"], "{text}");
        assert!(text.contains("\n  node3 is a learner: it does not vote\n"), "{text}");

        // A name of its own choice is no plain word, so it goes by its id.
        let id = live["members"][2]["id"].as_str().expect("an id");
        fs::write(zone.file("zone.toml"), loopback_text("example.zone", 2, "")).expect("zone.toml");
        let metrics = zone.run(&["status", "--format", "prometheus"]).expect_code(0).stdout;
        let series = format!("zone_etcd_member_is_learner{{zone=\"example.zone\",node=\"{id}\"}}");
        assert_eq!(exposition(&metrics).get(series.as_str()), Some(&1.0), "{metrics}");
    });
}

/// Starts etcd with the flags of node2, made to be those of node3 in a cluster that exists.
fn start_learner(zone: &TestZone, name: &str) -> Running {
    let argv = zone.run(&["plan", "--node", "node2", "--format", "argv"]);
    let flags = if argv.code == 0 { argv.stdout } else { panic!("{}", argv.stderr) };
    let mut lines = flags.lines();
    let mut command = Command::new(lines.next().expect("a binary"));
    for line in lines {
        let flag = match line.split_once('=').expect("a flag with a value") {
            ("--name", _) => format!("--name={name}"),
            ("--initial-cluster-state", _) => "--initial-cluster-state=existing".to_owned(),
            ("--initial-cluster", _) => format!(
                "--initial-cluster=node1=https://127.0.0.1:2380,\
                 node2=https://127.0.0.1:2390,{name}=https://127.0.0.1:2400"
            ),
            _ => line
                .replace("nodes/node2/", "nodes/node3/")
                .replace(":2389", ":2399")
                .replace(":2390", ":2400")
                .replace(":2391", ":2401"),
        };
        command.arg(flag);
    }
    Running::start(&mut command, zone.around(), "learner")
}

#[test]
fn members_that_are_not_in_the_description_are_asked_too() {
    isolated(|| {
        let (zone, _members) = three_members("");
        fs::write(zone.file("zone.toml"), loopback_text("example.zone", 2, "")).expect("zone.toml");
        let live = status(&zone, 0);
        assert_eq!(kinds(&live), pairs(&[("not_in_zone", "node3")]));
        let member = &live["members"][2];
        assert_eq!((&member["state"], &member["in_zone"]), (&"up".into(), &false.into()));
        assert_eq!(member["planes"].as_array().expect("planes").len(), 2);

        // A node whose ports are not what zone.toml says is found where the cluster says.
        let text = loopback_text("example.zone", 3, "")
            .replace("client_port = 2389\npeer_port = 2390", "client_port = 3389\npeer_port = 3390");
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        let live = status(&zone, 0);
        assert_eq!(kinds(&live), pairs(&[("peer_urls", "node2"), ("client_urls", "node2")]));
        assert_eq!(live["members"][1]["state"], "up");
        let shown = outcome(&mut zone.command(&["status"])).expect_code(0).stdout;
        assert!(
            shown.contains(
                "\n  node2 is reached by members at https://127.0.0.1:2390, not at\n  \
                 https://127.0.0.1:3390\n"
            ),
            "{shown}"
        );
    });
}
