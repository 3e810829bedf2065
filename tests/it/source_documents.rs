//! docs/source-documents.md names tests that exist; and what the source documents have as input is taken.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use model::config::LocalConfig;

use super::command_line::json;
use crate::harness::TestZone;
use crate::support::has_test;

/// The local config as the document has it.
const LOCAL_CONFIG: &str = r#"{
	"name": "node1.example.zone",
    "ca": "根证书",
    "cert": "节点证书",
    "key": "节点私钥",
    "etcd": [{
            "node_name": "node1.example.zone",
            "protocol": "https|cyfs",
            "address": "",
            "peer_port": 2380,
            "client_port": 2379
        },{
            "node_name": "node2.example.zone",
            "protocol": "https|cyfs",
            "address": "",
            "peer_port": 2380,
            "client_port": 2379
        },{
            "node_name": "node3.example.zone",
            "protocol": "https|cyfs",
            "address": "",
            "peer_port": 2380,
            "client_port": 2379
        }]
}"#;

/// The cells of the rows of the tables that have a test in their last column.
fn rows(page: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut has_tests = false;
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            has_tests = false;
            continue;
        };
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        if cells.last().is_some_and(|cell| cell == "test") {
            has_tests = true;
        } else if has_tests && !row.starts_with("---") {
            rows.push(cells);
        }
    }
    rows
}

#[test]
fn every_row_names_a_test_that_exists_or_says_not_yet() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/source-documents.md")).expect("the page");
    let (mut faults, mut tests) = (Vec::new(), BTreeSet::new());
    let rows = rows(&page);
    for row in &rows {
        let [from, says, here, test] = &row[..] else { panic!("four columns: {row:?}") };
        if test == "not yet" {
            if !here.contains("not yet") {
                faults.push(format!("{from}: {says}: done by {here}, and no test"));
            }
            continue;
        }
        let named = test.strip_prefix('`').and_then(|test| test.strip_suffix('`'));
        let Some((file, name)) = named.and_then(|named| named.split_once("::")) else {
            faults.push(format!("{from}: {says}: `{test}` is no test"));
            continue;
        };
        let text = fs::read_to_string(root.join("tests").join(file)).unwrap_or_default();
        if !has_test(&text, name) {
            faults.push(format!("{from}: {says}: there is no {file}::{name}"));
        }
        tests.insert(name);
    }
    println!("{} rows, {} tests", rows.len(), tests.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rows.len() > 55 && tests.len() > 35, "{} rows, {} tests", rows.len(), tests.len());
    let documents: BTreeSet<&str> = rows.iter().flat_map(|row| row[0].split(", ")).collect();
    assert_eq!(documents, BTreeSet::from(["A", "B", "C", "D", "E"]));
}

/// With a choice where there are two, and without the list.
#[test]
fn the_local_config_as_it_stands() {
    for protocol in ["https", "cyfs"] {
        let text = LOCAL_CONFIG.replace("https|cyfs", protocol);
        let (config, warnings) = LocalConfig::parse(&text).expect("a config");
        assert_eq!(warnings, []);
        let zone = config.zone.expect("a list");
        assert_eq!(zone.name.as_str(), "example.zone");
        let urls: Vec<String> = zone.nodes.iter().map(|node| node.peer_url()).collect();
        assert_eq!(urls, [1, 2, 3].map(|number| format!("https://node{number}.example.zone:2380")));
    }
    // The choice itself is none.
    let problems = LocalConfig::parse(LOCAL_CONFIG).expect_err("it is for a person to choose");
    let of_protocol = problems.iter().filter(|problem| problem.what.contains("`https|cyfs` is no protocol"));
    assert_eq!((of_protocol.count(), problems.len()), (3, 3), "{problems:?}");
    let (head, _) = LOCAL_CONFIG.split_once(",\n    \"etcd\"").expect("the list");
    let (config, _) = LocalConfig::parse(&format!("{head}}}")).expect("a config without a list");
    assert!(config.zone.is_none());
}

#[test]
fn what_is_mandatory_at_activation() {
    let sound = LOCAL_CONFIG.replace("https|cyfs", "https");
    for key in ["name", "ca", "cert", "key"] {
        let start = sound.find(&format!("\"{key}\": ")).expect("the key");
        let end = start + sound[start..].find('\n').expect("its line");
        let without = format!("{}{}", &sound[..start], &sound[end..]);
        let problems = LocalConfig::parse(&without).expect_err(key);
        assert!(
            problems.iter().any(|problem| problem.what.contains(&format!("has no `{key}`"))),
            "{key}: {problems:?}"
        );
    }
    let problems = LocalConfig::parse(r#"{"etcd": []}"#).expect_err("nothing that is mandatory");
    for key in ["name", "ca", "cert", "key"] {
        assert!(problems.iter().any(|problem| problem.what.contains(&format!("`{key}`"))), "{problems:?}");
    }
}

/// From one description: ids of one cluster mean nothing to the other.
#[test]
fn each_cluster_has_a_token_of_its_own() {
    let planned = || {
        let zone = TestZone::init("example.zone", &["infra0=10.0.1.10"]);
        let plan = json(&zone.run(&["plan", "--node", "infra0", "--format", "json"]).expect_code(0).stdout);
        ["token", "cluster_id"].map(|field| plan[field].as_str().expect(field).to_owned())
    };
    let (one, other) = (planned(), planned());
    assert!(one[0] != other[0] && one[1] != other[1], "{one:?} {other:?}");
}
