//! `init --nodes-from`: lists of machines as people keep them.

use super::json;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::Refusal;

fn init(zone: &TestZone, list: &str) -> Outcome {
    let file = zone.around().join("machines");
    std::fs::write(&file, list).expect("a list");
    outcome(zone.command(&["init", "--name", "example.com"]).arg("--nodes-from").arg(file))
}

/// Peer URL and names of the certificate of a node, as they are planned.
fn planned(zone: &TestZone, node: &str) -> (String, Vec<String>) {
    let plan = json(&zone.run(&["plan", "--node", node, "--format", "json"]).expect_code(0).stdout);
    let certificates = plan["certificates"].as_array().expect("certificates");
    let peer = certificates.iter().find(|certificate| certificate["role"] == "peer").expect("a peer");
    let names = peer["names"].as_array().expect("names").iter();
    let names = names.map(|name| name.as_str().expect("a name").to_owned()).collect();
    (plan["member"]["peer_url"].as_str().expect("a URL").to_owned(), names)
}

/// The tables of the guides, a list in YAML, and what a spreadsheet writes.
#[test]
fn every_form_describes_the_same_zone() {
    let forms = [
        "infra0,10.0.1.10,infra0.example.org\ninfra1,10.0.1.11,infra1.example.org\n\
         infra2,10.0.1.12,infra2.example.org\n",
        "\u{feff}Name,Address,Host name\r\n\"infra0\",\"10.0.1.10\",infra0.example.org\r\n\
         infra1 , 10.0.1.11 , infra1.example.org\r\ninfra2,10.0.1.12,infra2.example.org,\r\n",
        "| NAME | ADDRESS | HOSTNAME |\n| ------ | :-------- | :------ |\n\
         | infra0 | 10.0.1.10 | infra0.example.org |\n| infra1 | 10.0.1.11 | infra1.example.org |\n\
         | infra2 | 10.0.1.12 | infra2.example.org |\n",
        "名称|地址|主机名|备注\n----|---|---|----\nInfra0|10.0.1.10|infra0.example.org\n\
         Infra1|10.0.1.11|infra1.example.org\nInfra2|10.0.1.12|infra2.example.org\n",
        "# racks 1 to 3\ninfra0   10.0.1.10\tinfra0.example.org\n\ninfra1 10.0.1.11 infra1.example.org\n\
         infra2 10.0.1.12 infra2.example.org\n",
        "Machine:\n  - Name: infra0\n    IP: 10.0.1.10\n    Hostname: infra0.example.org\n\
         \x20 - Name: infra1\n    IP: 10.0.1.11\n    Hostname: infra1.example.org\n\
         \x20 - Name: infra2\n    IP: 10.0.1.12\n    Hostname: infra2.example.org\n",
    ];
    for form in forms {
        let zone = TestZone::empty();
        init(&zone, form).expect_code(0);
        for number in 0..3 {
            let (url, names) = planned(&zone, &format!("infra{number}"));
            assert_eq!(url, format!("https://10.0.1.1{number}:2380"), "{form}");
            let host_name = format!("infra{number}.example.org");
            assert!(names.iter().any(|name| name.ends_with(&host_name)), "{form}: {names:?}");
            assert!(names.iter().all(|name| !name.contains("example.org") || name.ends_with(&host_name)));
        }
    }
}

#[test]
fn host_names_are_optional_and_may_be_several() {
    let zone = TestZone::empty();
    init(
        &zone,
        "node1 fd00::1\nnode2,node2.example.org,a.example.org b.example.org,192.0.2.9\nnode3|10.0.1.3\n",
    )
    .expect_code(0);
    assert_eq!(planned(&zone, "node1").0, "https://[fd00::1]:2380");
    let (url, names) = planned(&zone, "node2");
    assert_eq!(url, "https://node2.example.org:2380");
    for name in ["a.example.org", "b.example.org", "192.0.2.9"] {
        assert!(names.iter().any(|listed| listed.ends_with(name)), "{name}: {names:?}");
    }
    // The same call again, after one that was interrupted, is no other zone.
    init(&zone, "node1 fd00::1\n").expect_refusal(73, &["zone.toml is there already"]);
}

#[track_caller]
fn refused(list: &str, texts: &[&str]) -> Outcome {
    let zone = TestZone::empty();
    let told = init(&zone, list);
    assert!(!zone.path().exists(), "something was written");
    told.expect_code(78).expect_error_with(texts)
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    let list = "name,address,host name,port\n\
                infra0,10.0.1.10,infra0.example.org\n\
                infra1\n\
                infra_2,10.0.1.12\n\
                infra0,10.0.1.13\n\
                infra4,10.0.1.10\n\
                infra5,0.0.0.0,infra0.example.org\n\
                ,10.0.1.16\n\
                infra7,10.0.1.17,,2390\n\
                \"infra8,10.0.1.18\n\
                infra9,10.0.1.19,a_b\n";
    let told = refused(
        list,
        &[
            "machines has 10 problems",
            "machines:3:1: the machine on this line has no address",
            "machines:4:1: the node name `infra_2` has `_`",
            "machines:5:1: two nodes are called `infra0`",
            "machines:6:1: 10.0.1.10:2380 is both",
            "machines:7:1: `0.0.0.0` is no address",
            "machines:8:1: the machine on this line has no name",
            "machines:9:1: the column `port` says `2390`",
            "machines:10:1: `\"infra8` has a quotation mark",
            "machines:11:1:",
            "correct the list; nothing was written",
        ],
    );
    assert!(!told.stderr.contains("infra7,"), "{}", told.stderr);
}

#[test]
fn a_host_name_is_of_one_machine() {
    refused(
        "node1 10.0.1.1 host.example.org\nnode2 10.0.1.2\nnode3 10.0.1.3 HOST.example.org.\n",
        &["machines:3:1: the host name `HOST.example.org.` is that of node1 in line 1 as well"],
    );
}

#[test]
fn pairs_have_their_faults_as_well() {
    let list =
        "Machines:\n  - Name: node1\n    IP: 10.0.1.1\n    Rack: 7\n    IP: 10.0.1.2\n  - Name: node2\n";
    refused(
        list,
        &[
            "machines:4:1: `rack` of a machine is not read",
            "machines:5:1: `ip` is there twice",
            "machines:6:1: the machine on this line has no address",
        ],
    );
}

#[test]
fn a_list_of_nothing_and_no_list() {
    refused("# none yet\n\nname,address\n", &["names no machine"]);
    let zone = TestZone::empty();
    let call = |more: &[&str]| {
        let mut command = zone.command(&["init", "--nodes-from", "/nonexistent/machines"]);
        outcome(command.args(more))
    };
    call(&["--name", "example.com"]).expect_refusal(66, &["/nonexistent/machines"]);
    call(&[]).expect_refusal(64, &["--name example.zone"]);
    call(&["--name", "example.com", "--node", "a=10.0.0.1"]).expect_code(64);
    assert!(!zone.path().exists(), "something was written");
}
