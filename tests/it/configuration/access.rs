//! `[access]`: every fault at its place.

use super::{Case, check, fault, zone_with};
use crate::harness::TestZone;
use crate::support::append;

fn access(body: &str, words: &'static [&'static str]) -> Case {
    fault(zone_with(&format!("[access]\n{body}\n")), words)
}

#[test]
fn a_command_is_words_with_known_places() {
    check([
        access("command = ▸\"\"", &["`command` names no program", "ssh root@{address} zone-etcd"]),
        access("command = ▸\"  \"", &["`command` names no program"]),
        access("command = ▸\"'' zone-etcd\"", &["`command` names no program"]),
        access("command = ▸\"ssh 'root@{address}\"", &["`command` has a quote without the other one"]),
        access("command = ▸\"ssh root@{host}\"", &["{host}, which stands for nothing", "{address}"]),
        access("command = ▸\"ssh root@{address\"", &["`command` has a brace without the other one"]),
        access("command = ▸\"ssh root@address}\"", &["`command` has a brace without the other one"]),
        access("command = ▸\"ssh root@{address} zone\\u0007etcd\"", &["a control character"]),
        access("command = ▸[\"ssh\"]", &["`command` in [access] is an array", "a string in quotes"]),
    ]);
    check([fault(zone_with("▸[access]\nlimit = \"5s\"\n"), &["[access] has no `command`"])]);
}

#[test]
fn a_directory_is_one_word_to_every_shell() {
    let with = |body: &str, words| access(&format!("command = \"zone-etcd\"\n{body}"), words);
    check([
        with("node_dir = ▸\"srv/{name}\"", &["no absolute path", "/srv/{name}"]),
        with("node_dir = ▸\"/\"", &["no absolute path"]),
        with("node_dir = ▸\"/srv/{node}\"", &["{node}, which stands for nothing"]),
        with("node_dir = ▸\"/srv/a b\"", &["`node_dir` has ' '", "a shell may read otherwise"]),
        with("node_dir = ▸\"/srv/$HOME\"", &["`node_dir` has '$'"]),
        with("limit = ▸\"0s\"", &["`limit` = \"0s\" is out of range", "\"1s\" to \"1h\""]),
        with("limit = ▸\"soon\"", &["`limit` = \"soon\""]),
        with(
            "▸user = \"root\"",
            &["unknown key `user` in [access]", "known here: command, limit, method, node_dir"],
        ),
    ]);
}

#[test]
fn every_fault_is_told_at_once() {
    let text = zone_with("[access]\ncommand = ▸\"ssh {x}\"\nnode_dir = ▸\"srv\"\nlimit = ▸\"1\"\n");
    check([fault(text, &["{x}"]).and(&["no absolute path"]).and(&["`limit`"])]);
}

#[test]
fn each_node_has_a_directory_of_its_own() {
    let two = "[[node]]\nname = \"node2\"\naddress = \"10.0.1.10\"\nmember = false\n";
    for command in ["zone-etcd", "ssh root@{address} zone-etcd"] {
        let text = zone_with(&format!("{two}\n▸[access]\ncommand = \"{command}\"\n"));
        check([fault(text, &["point to one directory for node1 and node2", "node_dir = \"/srv/{name}\""])]);
    }
}

#[test]
fn ways_are_known_and_have_what_they_need() {
    let way = |body: &str, words| access(body, words);
    check([
        way("method = ▸\"ssh\"", &["\"ssh\", which is no way to a node", "known here: etcd, command, files"]),
        way("method = [\"etcd\", ▸\"etcd\"]", &["has \"etcd\" twice"]),
        way("method = ▸3", &["`method` in [access] is an integer"]),
    ]);
    check([
        fault(zone_with("▸[access]\nmethod = [\"etcd\", \"command\"]\n"), &["[access] has no `command`"]),
        fault(
            zone_with("[[node]]\nname = ▸\"node2\"\nmember = false\naccess = \"command\"\n"),
            &["node2 is reached by a command, and [access] has none", "ssh root@{address} zone-etcd"],
        ),
    ]);
}

#[test]
fn ways_of_a_zone_and_of_one_node_are_read() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    let more = "\n[access]\nmethod = \"etcd\"\n\n[[node]]\nname = \"node2\"\naddress = \"127.0.0.2\"\n\
                member = false\naccess = [\"etcd\", \"files\"]\n";
    append(&zone.file("zone.toml"), more);
    zone.run(&["plan", "--node", "node1"]).expect_code(0);
}
