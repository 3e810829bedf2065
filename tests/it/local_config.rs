//! `node.json`: every fault with its place, through the public interface of the parser; files through the
//! command line.

use std::fs;

use model::config::{LocalConfig, PemSource, Severity};

use crate::harness::{outcome, zone_etcd};

const HEAD: &str = r#""name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key""#;
const NAME: &str = r#""node_name": "n1.example.zone""#;

fn parse(text: &str) -> Result<(LocalConfig, Vec<String>), Vec<String>> {
    let render = |problems: Vec<model::config::Problem>| -> Vec<String> {
        problems.iter().map(|problem| problem.render("node.json")).collect()
    };
    LocalConfig::parse(text).map(|(config, warnings)| (config, render(warnings))).map_err(render)
}

#[test]
fn defaults_fill_what_is_not_written() {
    let text = format!(
        r#"{{{HEAD}, "etcd": [{{"node_name": "node1.example.zone", "protocol": "https", "address": ""}}]}}"#
    );
    let (config, warnings) = parse(&text).expect("a config");
    assert!(warnings.is_empty(), "{warnings:?}");
    let zone = config.zone.expect("a zone");
    assert_eq!(zone.name.as_str(), "example.zone");
    assert_eq!(zone.nodes[0].peer_url(), "https://node1.example.zone:2380");
    assert_eq!(zone.nodes[0].client_url(), "https://node1.example.zone:2379");
    assert_eq!(config.ca, PemSource::File("ca.crt".into()));
}

/// The form that the program writes which activates nodes (`zone node`, local config), with ports side by
/// side on one machine.
#[test]
fn three_members_on_one_machine_with_consecutive_ports() {
    let text = r#"{
	"name": "node1.example.zone",
    "ca": "ca.crt",
    "cert": "node.crt",
    "key": "node.key",
    "etcd": [{
            "node_name": "node1.example.zone",
            "protocol": "https",
            "address": "127.0.0.1",
            "peer_port": 35381,
            "client_port": 35378
        },{
            "node_name": "node2.example.zone",
            "protocol": "https",
            "address": "127.0.0.1",
            "peer_port": 35382,
            "client_port": 35379
        },{
            "node_name": "node3.example.zone",
            "protocol": "https",
            "address": "127.0.0.1",
            "peer_port": 35383,
            "client_port": 35380
        }]
}"#;
    let (config, _) = parse(text).expect("a config");
    let zone = config.zone.expect("a zone");
    let written = zone.render();
    let ports: Vec<&str> = written.lines().filter_map(|line| line.strip_prefix("metrics_port = ")).collect();
    assert_eq!(ports, ["35384", "35385", "35386"]);
    let urls: Vec<String> = zone.nodes.iter().map(|node| node.peer_url()).collect();
    assert_eq!(urls, [35381, 35382, 35383].map(|port| format!("https://127.0.0.1:{port}")));
}

#[test]
fn an_empty_list_counts_as_absent() {
    for list in ["", r#", "etcd": []"#, r#", "etcd": null"#] {
        let (config, _) = parse(&format!("{{{HEAD}{list}}}")).expect("a config");
        assert!(config.zone.is_none());
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("node.json");
        fs::write(&file, format!("{{{HEAD}{list}}}")).unwrap();
        outcome(zone_etcd(["plan", "--config"]).arg(&file))
            .expect_code(66)
            .expect_error_with(&["nameservice"]);
    }
}

#[test]
fn a_node_that_is_not_in_the_list_runs_no_member() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.json");
    // A prefix is no match.
    fs::write(&file, format!(r#"{{{HEAD}, "etcd": [{{"node_name": "node10.example.zone"}}]}}"#)).unwrap();
    let run = outcome(zone_etcd(["run", "--config"]).arg(&file)).expect_code(78);
    run.expect_error_with(&["no member runs on node1.example.zone"]);
}

#[test]
fn an_unknown_key_is_passed_over_unless_it_is_a_misspelt_one() {
    let (_, warnings) = parse(&format!(r#"{{{HEAD}, "owner": "did:x"}}"#)).expect("a config");
    assert!(
        warnings.len() == 1 && warnings[0].contains("warning: `owner` in the file is not read"),
        "{warnings:?}"
    );
    let problems = parse(&format!(r#"{{{HEAD}, "etcds": []}}"#)).expect_err("a misspelt key");
    assert!(problems[0].contains("did you mean `etcd`?"), "{problems:?}");
    let member = r#""etcd": [{"node_name": "node1.example.zone", "peerPort": 1}]"#;
    let problems = parse(&format!("{{{HEAD}, {member}}}")).expect_err("a misspelt key");
    assert!(problems[0].contains("did you mean `peer_port`?"), "{problems:?}");
}

/// Short keys are like too many others, unless they are missing or only letters changed places.
#[test]
fn a_misspelt_short_key() {
    let missing = HEAD.replace("\"key\"", "\"kye\"");
    for text in [missing.as_str(), &format!(r#"{HEAD}, "kye": "x""#), &HEAD.replace("\"key\"", "\"keys\"")] {
        let problems = parse(&format!("{{{text}}}")).expect_err("a misspelt key").join("\n");
        assert!(problems.contains("unknown key") && problems.contains("did you mean `key`?"), "{problems}");
    }
    for other in ["kid", "pkcs", "keys", "car"] {
        let (_, warnings) = parse(&format!(r#"{{{HEAD}, "{other}": "x"}}"#)).expect("a config");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
}

#[test]
fn every_problem_has_its_place() {
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let cases = [
        ("", "is empty"),
        ("[]", "1:1: the file is a list, not an object"),
        ("{", "1:1: this is not JSON: unterminated object"),
        (&deep, "this is not JSON: maximum nesting depth"),
        ("{} {}", "this is not JSON"),
        ("{\"name\": \"a.b\", // no\n}", "this is not JSON: comments"),
        ("{\"name\": 1,}", "this is not JSON: trailing commas"),
        ("\u{feff}{}", "byte order mark"),
        ("{}", "1:1: the file has no `name`"),
        (&format!("{{{HEAD},\n \"name\": \"x.y\"}}"), "2:2: `name` is there twice"),
        (&format!("{{{HEAD},\n \"etcd\": {{}}}}"), "2:10: `etcd` in the file is an object"),
        (&format!("{{{HEAD},\n \"etcd\": [7]}}"), "2:11: `etcd` in the file is a number"),
        (r#"{"name": "node1", "ca": "a", "cert": "b", "key": "c"}"#, "1:10: `node1` names no zone"),
        (r#"{"name": 5, "ca": "a", "cert": "b", "key": "c"}"#, "1:10: `name` in the file is a number"),
        (r#"{"name": "n.z.y", "ca": "", "cert": "b", "key": "c"}"#, "1:25: `ca` is neither PEM nor a path"),
        (&member(r#""peer_port": 0"#), "0 is no port"),
        (&member(r#""peer_port": "2380""#), "write a whole number without quotes"),
        (&member(r#""client_port": 2380.5"#), "write a whole number without quotes"),
        (&member(r#""protocol": "http""#), "`http` is no protocol"),
        (&member(r#""address": "https://10.0.0.1""#), "is a URL, not an address"),
        (&format!(r#"{{{HEAD}, "etcd": [{{{NAME}}}, {{{NAME}}}]}}"#), "two nodes are called `n1`"),
        (
            &format!(r#"{{{HEAD}, "etcd": [{{"node_name": "n1.other.zone"}}]}}"#),
            "is outside the zone example.zone",
        ),
    ];
    for (text, expected) in cases {
        let problems = parse(text).expect_err(expected);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "no `{expected}` in {problems:#?}"
        );
    }
}

#[test]
fn an_even_number_is_warned_of() {
    let text = format!(
        r#"{{{HEAD}, "etcd": [{{"node_name": "node1", "address": "10.0.0.1"}},
            {{"node_name": "node2", "address": "10.0.0.2"}}]}}"#
    );
    let (_, problems) = LocalConfig::parse(&text).expect("a config");
    assert!(
        problems.iter().any(
            |problem| problem.severity == Severity::Warning && problem.what.contains("2 members survive")
        )
    );
}

#[test]
fn a_file_that_is_too_long_or_not_text_is_refused_unread() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.json");
    let huge = fs::File::create(&file).unwrap();
    huge.set_len(100 << 20).unwrap();
    outcome(zone_etcd(["plan", "--config"]).arg(&file))
        .expect_code(78)
        .expect_error_with(&["more than 1048576 bytes"]);
    fs::write(&file, b"{\"name\": \"\xff\"}").unwrap();
    outcome(zone_etcd(["plan", "--config"]).arg(&file))
        .expect_code(78)
        .expect_error_with(&["byte 11 is not UTF-8"]);
}

/// The text of a key is in no message.
#[test]
fn a_key_is_never_shown() {
    let text = r#"{"name": 1, "ca": 2, "cert": "b", "key": "secret\nsecret", "etcd": 3}"#;
    let problems = parse(text).expect_err("problems").join("\n");
    assert!(
        problems.contains("`key` is neither PEM nor a path") && !problems.contains("secret"),
        "{problems}"
    );
}

fn member(more: &str) -> String {
    format!(r#"{{{HEAD}, "etcd": [{{"node_name": "node1.example.zone", {more}}}]}}"#)
}
