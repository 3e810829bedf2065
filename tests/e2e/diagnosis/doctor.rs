//! `doctor` on zones with something wrong.

use std::fs;

use super::{examined, failed, found};
use crate::diverged::diverge;
use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, change_members, etcdctl, fill_database, loopback_text, loopback_zone, start, start_alone,
    start_on_loopback, wait_for_quorum, wait_until_serving,
};
use crate::harness::next_step::obey;
use crate::harness::processes::{Running, until};
use crate::harness::tls::{Client, Identity, Treatment};
use crate::harness::{TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const FIRST: &str = "https://127.0.0.1:2379";

#[track_caller]
fn three_members() -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}

/// A zone whose nodes have made their own keys, in directories of their own.
#[track_caller]
fn three_members_with_own_keys() -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let directory = |node: &str| zone.around().join(format!("{node}-there"));
    let root = fs::read(zone.file("ca/root.crt")).expect("the root");
    let root = zone_pki::Certificate::from_pem(&root).expect("the root");
    for node in NODES {
        let mut csr = zone_etcd(["pki", "csr", "--node", &format!("{node}.example.zone"), "--node-dir"]);
        let requests = outcome(csr.arg(directory(node))).expect_code(0).stdout;
        let file = zone.around().join(format!("{node}.csr"));
        fs::write(&file, requests).expect("a file");
        let mut sign = zone.command(&["pki", "sign"]);
        outcome(sign.arg(&file).arg("--out").arg(zone.around())).expect_code(0);
        let fingerprint = zone_pki::hex::encode(&root.fingerprint_sha256());
        let mut activate = zone_etcd(["activate", "--root-fingerprint", &fingerprint, "--node-dir"]);
        activate.arg(directory(node)).arg(zone.around().join(format!("{node}.bundle")));
        outcome(&mut activate).expect_code(0);
    }
    let parent = std::process::id().to_string();
    let start = |node: &str| {
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        Running::start(run.arg(directory(node).join("node.json")), zone.around(), node)
    };
    let mut members: Vec<Running> = NODES.into_iter().map(start).collect();
    wait_until_serving(&mut members);
    wait_for_quorum(&etcdctl(&zone, FIRST));
    (zone, members)
}

/// The keys are where they should be, and nothing is to be issued.
#[test]
fn keys_that_are_on_their_nodes_are_not_missing() {
    isolated(|| {
        let (zone, mut members) = three_members_with_own_keys();
        zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["nothing to issue"]);
        let findings = examined(&zone, 0);
        assert_eq!(failed(&findings), Vec::<&str>::new(), "{findings:#?}");
        for node in NODES {
            found(&findings, "certificate-key", "passed", &format!("nodes/{node}/"));
        }
        found(&findings, "source-address", "note", "node1, node2, node3");

        // What is wrong with them is told as of others: the request is that of another key.
        let current = zone.file("nodes/node1/pki/current");
        fs::copy(current.join("server.csr"), current.join("peer.csr")).expect("a copy");
        let finding = found(&examined(&zone, 65), "certificate-key", "failed", "node1/pki/current/peer.csr");
        assert!(finding["found"].as_str().expect("a text").contains("peer.crt"), "{finding:#}");
        for member in &mut members {
            member.stop();
        }
    });
}

#[test]
fn a_zone_that_is_well() {
    isolated(|| {
        let (zone, _members) = three_members();
        let findings = examined(&zone, 0);
        for check in [
            "quorum",
            "cluster-id",
            "alarm-nospace",
            "alarm-corrupt",
            "member-list",
            "learner",
            "raft-lag",
            "member-data",
        ] {
            found(&findings, check, "passed", "");
        }
        found(&findings, "served-certificate", "passed", "node1, node2, node3");
        found(&findings, "timing-equal", "passed", "heartbeat 10 ms, election 100 ms");
        let text = zone.run(&["doctor"]).expect_code(0).stdout;
        let verdict = text.lines().last().expect("a verdict");
        assert!(verdict.starts_with("example.zone: healthy"), "{text}");
    });
}

#[test]
fn member_down() {
    isolated(|| {
        let (zone, mut members) = three_members();
        members[2].stop();
        let findings = examined(&zone, 69);
        assert!(failed(&findings).is_empty(), "{findings:#?}");
        found(&findings, "member-down", "unreachable", "node3");
        // Told once, and not by each of the others.
        let told = findings.iter().filter(|finding| finding["verdict"] == "unreachable").count();
        assert_eq!(told, 1, "{findings:#?}");
    });
}

#[test]
fn quorum() {
    isolated(|| {
        let (zone, mut members) = three_members();
        members[1].stop();
        members[2].stop();
        let findings = examined(&zone, 65);
        found(&findings, "quorum", "failed", "1 of 3 voters answer, 2 are needed");
        assert_eq!(failed(&findings), ["quorum"]);
        let text = zone.run(&["doctor"]).expect_code(65).stdout;
        assert!(
            text.trim_start().starts_with("failed       quorum"),
            "the most harmful comes first:\n{text}"
        );
        members[0].stop();
        found(&examined(&zone, 69), "quorum", "unreachable", "no member answers");
    });
}

#[test]
fn member_list() {
    isolated(|| {
        let (zone, _members) = three_members();
        add_member(&zone, &[]);
        let findings = examined(&zone, 65);
        found(&findings, "member-list", "failed", "never started");
        found(&findings, "member-list", "failed", "not in zone.toml");
    });
}

#[test]
fn learner() {
    isolated(|| {
        let (zone, _members) = three_members();
        add_member(&zone, &["--learner"]);
        found(&examined(&zone, 65), "learner", "warning", "it does not answer");
    });
}

#[track_caller]
fn add_member(zone: &TestZone, more: &[&str]) {
    let client = etcdctl(zone, FIRST);
    let add = ["add", "node4", "--peer-urls=https://127.0.0.1:2999"];
    change_members(&client, &[&add, more].concat());
}

/// The quota is reached by writing, and the alarm is raised by etcd itself.
#[test]
fn alarm_nospace() {
    isolated(|| {
        let (zone, _member) = filled_zone();
        let findings = examined(&zone, 65);
        let finding = found(&findings, "alarm-nospace", "failed", "the alarm NOSPACE is raised");
        assert!(
            finding["remedy"].as_str().expect("a remedy").contains("zone-etcd defrag --nospace --zone"),
            "{finding:#}"
        );
    });
}

/// On a busy machine the file grows by pages that are free again, and is full before the data is: then room
/// is made as `doctor` says.
#[test]
fn database_quota() {
    isolated(|| {
        let (zone, _member) = filled_zone();
        let client = etcdctl(&zone, FIRST);
        until("the data to be near the quota", || {
            let findings = examined(&zone, 65);
            if failed(&findings).contains(&"database-quota") {
                found(&findings, "database-quota", "failed", "in use, of a quota of 16.0 MiB");
                return Some(());
            }
            found(&findings, "database-quota", "warning", "of a quota of 16.0 MiB");
            call(&client, &["defrag"]).expect_code(0);
            call(&client, &["alarm", "disarm"]).expect_code(0);
            fill_database(&zone, &client);
            None
        });
    });
}

#[track_caller]
fn filled_zone() -> (TestZone, Running) {
    let zone = loopback_zone(1, "[etcd]\nquota = \"16MiB\"\n");
    zone.run(&["init"]).expect_code(0);
    let member = start_alone(&zone);
    fill_database(&zone, &etcdctl(&zone, FIRST));
    (zone, member)
}

/// The disk of one member has lost what was written, and etcd says nothing.
#[test]
fn member_data() {
    isolated(|| {
        let (zone, _members) = three_members();
        diverge(&zone);
        let findings = examined(&zone, 65);
        let finding = found(&findings, "member-data", "failed", "node1, node2 (hash ");
        assert_eq!(finding, findings[0], "it comes first");
        assert_eq!(failed(&findings), ["member-data"]);
    });
}

/// etcd raises this alarm itself when hashes differ; its API lets an administrator raise it too.
#[test]
fn alarm_corrupt() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        let list =
            call(&etcdctl(&zone, FIRST), &["member", "list", "--write-out", "json"]).expect_code(0).stdout;
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let id = list["members"][0]["ID"].as_u64().expect("an id");
        let body = format!("{{\"action\":\"ACTIVATE\",\"memberID\":\"{id}\",\"alarm\":\"CORRUPT\"}}");
        let request = format!(
            "POST /v3/maintenance/alarm HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let identity = Identity::load(&zone.file("clients/admin/current"), "client");
        let root = zone.file("ca/root.crt");
        let client = Client { root: &root, identity: Some(&identity), versions: rustls::ALL_VERSIONS };
        match client.ask(2379, &request) {
            Treatment::Answered(answer) if answer.starts_with("HTTP/1.1 200 ") => {}
            other => panic!("{other:?}"),
        }
        let findings = examined(&zone, 65);
        found(&findings, "alarm-corrupt", "failed", "the alarm CORRUPT is raised");
    });
}

#[test]
fn served_certificate() {
    isolated(|| {
        let (zone, other) = (loopback_zone(1, ""), loopback_zone(1, ""));
        for each in [&zone, &other] {
            each.run(&["init"]).expect_code(0);
            each.run(&["pki", "issue", "--all"]).expect_code(0);
        }
        let _member = start_alone(&zone);
        // etcd reads them again at the next handshake.
        for file in ["peer.crt", "peer.key"] {
            let place = format!("nodes/node1/pki/current/{file}");
            fs::copy(other.file(&place), zone.file(&place)).expect("copied");
        }
        let findings = examined(&zone, 65);
        found(&findings, "served-certificate", "failed", "node1, peer plane");
        found(&findings, "certificate-chain", "failed", "it was issued by another CA");
    });
}

#[test]
fn revocation_list_in_use() {
    isolated(|| {
        let (zone, _members) = three_members();
        let list = zone.file("nodes/node3/pki/current/client.crl");
        let before = fs::read(&list).expect("a list");
        zone.run(&["pki", "revoke", "client/health"]).expect_code(0);
        fs::write(&list, before).expect("an older list");
        let findings = examined(&zone, 65);
        let finding = found(&findings, "revocation-list-in-use", "failed", "node3, client plane");
        let step = finding["remedy"].as_str().expect("a remedy");
        let told = zone.run(&["status"]).expect_code(65).stdout;
        assert!(told.contains(&format!("\nnext: bring node3 the new list: {step}\n")), "{told}");
        obey(step, &[]).expect_code(0);
        zone.run(&["status"]).expect_code(0);
    });
}

/// Two members of one description, founded apart: what a hand-written start makes.
#[test]
fn cluster_id() {
    isolated(|| {
        let zone = loopback_zone(2, "");
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let whole = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let mut members = Vec::new();
        for (node, client) in [("node1", 2379), ("node2", 2389)] {
            let apart = TestZone::empty();
            let copied =
                outcome(std::process::Command::new("cp").arg("-a").arg(zone.path()).arg(apart.path()));
            copied.expect_code(0);
            let alone = loopback_text("example.zone", 2, "");
            let others = alone.split("[[node]]\n").filter(|part| !part.contains("name = \"node"));
            let own =
                alone.split("[[node]]\n").find(|part| part.contains(&format!("\"{node}\""))).expect("a node");
            let own = own.split("[etcd]").next().expect("a part");
            let text = format!(
                "{}[[node]]\n{own}[etcd]\ntoken = \"{node}\"\n",
                others.collect::<String>().split("[etcd]").next().expect("a part")
            );
            fs::write(apart.file("zone.toml"), text).expect("written");
            members.push(start(&apart, node));
            wait_for_quorum(&etcdctl(&apart, &format!("https://127.0.0.1:{client}")));
            members.last_mut().expect("a member").wait_for_line(&["\"serving client traffic securely\""]);
            std::mem::forget(apart);
        }
        assert_eq!(fs::read_to_string(zone.file("zone.toml")).expect("zone.toml"), whole);
        let findings = examined(&zone, 65);
        found(&findings, "cluster-id", "failed", "2 clusters answer");
    });
}

#[test]
fn timing_equal() {
    isolated(|| {
        let (zone, mut members) = three_members();
        members[2].stop();
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let slower =
            text.replace("heartbeat = \"10ms\"", "heartbeat = \"20ms\"").replace("\"100ms\"", "\"200ms\"");
        fs::write(zone.file("zone.toml"), slower).expect("written");
        let mut third = start(&zone, "node3");
        third.wait_for_line(&["\"serving client traffic securely\""]);
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2399"));
        let findings = examined(&zone, 65);
        found(&findings, "timing-equal", "failed", "node3 with heartbeat 20 ms, election 200 ms");
        found(&findings, "running-flags", "note", "--heartbeat-interval is 10, zone.toml has 20");
        assert_eq!(failed(&findings), ["timing-equal"]);
    });
}

/// What etcd said is explained, from a file or standard input, without a zone.
#[test]
fn a_log_is_explained() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let member = start_alone(&zone);
        let root = zone.file("ca/root.crt");
        let client = Client { root: &root, identity: None, versions: rustls::ALL_VERSIONS };
        let _refused = client.ask(2379, "GET / HTTP/1.1\r\n\r\n");
        until("the refusal in the log", || member.stderr().contains("rejected connection").then_some(()));
        let log = zone.around().join("node1.err");
        let log = log.to_str().expect("UTF-8");
        let explained = outcome(&mut crate::harness::zone_etcd(["doctor", "--log", log]));
        assert!(
            explained.stdout.contains("zone-etcd explain problems/no-client-certificate"),
            "{}",
            explained.stdout
        );
        let mut from_input = crate::harness::zone_etcd(["doctor", "--log", "-", "--format", "json"]);
        from_input.stdin(fs::File::open(log).expect("the log"));
        let report: serde_json::Value = serde_json::from_str(&outcome(&mut from_input).stdout).expect("JSON");
        assert!(report["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
        outcome(&mut crate::harness::zone_etcd(["doctor", "--log", "/nonexistent"])).expect_code(66);
    });
}
