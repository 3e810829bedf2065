//! `zone.toml`, changed by a command: in one place, and nothing of what its owner wrote is lost.

use model::config::{Edit, EtcdVersion, TemplateNode, ZoneConfig};

const ZONE: &str = "# ours\n[zone]\nname = \"example.zone\" # for ever\n\n[[node]] # the first\n\
                    name = \"a\"\n\
                    address = \"10.0.0.1\"\n\n# the second\n[[node]]\nname = \"b.example.zone\"\n\
                    address = \"10.0.0.2\"\nmember = false # for now\n\n# [pki]\n";
const N37: EtcdVersion = EtcdVersion { major: 3, minor: 7, patch: 3 };

fn parsed(text: &str) -> ZoneConfig {
    ZoneConfig::parse(text).expect("a zone").0
}

#[track_caller]
fn keeps_comments(before: &str, after: &str) {
    for line in before.lines().filter(|line| line.contains('#')) {
        let comment = &line[line.find('#').expect("a comment")..];
        assert!(after.contains(comment), "{comment} is lost:\n{after}");
    }
}

#[test]
fn a_version_is_written() {
    for (etcd, expected) in [
        (
            "[etcd] # ours\nversion = \"3.5.35\" # for now\nquota = \"1GiB\"\n",
            "version = \"3.7.3\" # for now",
        ),
        ("[etcd]\nquota = \"1GiB\"\n", "[etcd]\nquota = \"1GiB\"\nversion = \"3.7.3\"\n"),
        ("[etcd]", "[etcd]\nversion = \"3.7.3\"\n"),
        ("", "\n[etcd]\nversion = \"3.7.3\"\n"),
        (
            "# version = \"3.5.35\"\n[etcd]\n# version = \"3.5.35\"\n",
            "[etcd]\nversion = \"3.7.3\"\n# version",
        ),
        ("etcd = { quota = \"1GiB\" }\n", "version = \"3.7.3\""),
        ("[etcd.flags]\nsnapshot-count = \"5\"\n", "version = \"3.7.3\""),
    ] {
        let text = if etcd.starts_with("etcd =") { format!("{etcd}{ZONE}") } else { format!("{ZONE}{etcd}") };
        let changed = Edit::EtcdVersion(N37).apply(&text).expect("a place for it");
        assert!(changed.contains(expected), "{changed}");
        keeps_comments(&text, &changed);
        let mut before = parsed(&text);
        before.etcd.version = Some(N37);
        assert_eq!(parsed(&changed), before);
    }
}

#[test]
fn a_member_goes_and_comes() {
    let edit = |node: &str, is_member| Edit::Member { node: node.to_owned(), is_member };
    let both = edit("b.example.zone", true).apply(ZONE).expect("a place for it");
    assert!(both.contains("member = true # for now\n"), "{both}");
    keeps_comments(ZONE, &both);
    let gone = edit("a.example.zone", false).apply(&both).expect("a place for it");
    assert!(gone.contains("address = \"10.0.0.1\"\nmember = false\n"), "{gone}");
    keeps_comments(ZONE, &gone);
    assert_eq!(edit("b.example.zone", false).apply(&both).as_deref(), Ok(ZONE));
    let problems = edit("a.example.zone", false).apply(ZONE).expect_err("no member would be left");
    assert!(!problems.is_empty());
    assert_eq!(edit("c.example.zone", true).apply(ZONE), Err(Vec::new()));
}

#[test]
fn a_node_comes_after_the_last() {
    let node = |name: &str, address: &str| {
        Edit::Node(TemplateNode {
            name: name.to_owned(),
            address: Some(address.to_owned()),
            peer_port: Some(2390),
            client_port: None,
            metrics_port: None,
            names: Vec::new(),
        })
    };
    let changed = node("c", "10.0.0.3").apply(ZONE).expect("a place for it");
    assert!(
        changed.contains("[[node]]\nname = \"c\"\naddress = \"10.0.0.3\"\npeer_port = 2390\n"),
        "{changed}"
    );
    keeps_comments(ZONE, &changed);
    assert_eq!(parsed(&changed).nodes.len(), 3);
    for (name, address, named) in [
        ("a", "10.0.0.3", "two nodes are called `a`"),
        ("c", "10.0.0.1", "10.0.0.1"),
        ("c\nx = 1", "10.0.0.3", "name"),
    ] {
        let problems = node(name, address).apply(ZONE).expect_err("no zone");
        assert!(problems.iter().any(|problem| problem.what.contains(named)), "{problems:?}");
    }
}

/// Three members on one machine: what the file does not say of the others stays as it is when one goes.
#[test]
fn the_others_keep_their_metrics_ports() {
    let mut text = "[zone]\nname = \"example.zone\"\n".to_owned();
    for number in 0..3_u16 {
        let (client, peer) = (2379 + 2 * number, 2380 + 2 * number);
        text += &format!("[[node]]\nname = \"n{number}\"\naddress = \"127.0.0.1\"\n");
        text += &format!("client_port = {client}\npeer_port = {peer}\n");
    }
    let ports = |text: &str| parsed(text).nodes.iter().map(|node| node.metrics_port).collect::<Vec<_>>();
    let before = ports(&text);
    let edit = Edit::Member { node: "n0.example.zone".to_owned(), is_member: false };
    let after = edit.apply(&text).expect("a place for it");
    assert_eq!(ports(&after)[1..], before[1..], "{after}");
    assert!(after.contains("metrics_port = "), "{after}");
}
