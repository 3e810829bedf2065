//! The examples against the launch lines that they stand for, flag by flag.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::golden::compare as compare_with_golden;
use crate::harness::elsewhere::{EXAMPLES, Elsewhere, INFRA, PREFIXES, lay_out};
use crate::harness::isolation::isolated;
use crate::harness::{Outcome, bundle, outcome, zone_etcd};

/// Flags of a line that are not kept as they are, each with the reason.
const CORRECTIONS: [(&str, &str, &str); 10] = [
    ("plain-hosts", "initial-cluster", "the first member has no name"),
    ("parameters", "initial-cluster", "http beside flags for certificates"),
    ("parameters", "listen-client-urls", "http beside flags for certificates"),
    ("parameters", "advertise-client-urls", "http beside flags for certificates"),
    ("parameters", "trusted-ca-file", "the line has no path"),
    ("parameters", "peer-cert-file", "the line has no path"),
    ("local-config", "data-dir", "relative to the working directory, and named after another node"),
    ("local-config", "listen-client-urls", "127.0.0.1 as well, for programs on the node"),
    ("local-config", "initial-cluster", "other names than --name"),
    ("local-config", "initial-cluster-token", "it follows from the CA"),
];

#[test]
fn every_flag_of_a_launch_line_is_there() {
    // Nobody is at the addresses of the examples.
    isolated(|| {
        for (example, nodes) in EXAMPLES {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let zone = lay_out(example, nodes, directory.path());
            let mut first = zone_etcd(["plan", "--format", "argv", "--node", nodes[0].0, "--zone"]);
            golden(example, &outcome(first.arg(&zone)).expect_code(0), directory.path());
            for line in lines(example) {
                let name = line.get("name").map_or("infra0", String::as_str);
                let mut plan = zone_etcd(["plan", "--format", "argv", "--node", name, "--zone"]);
                let plan = outcome(plan.arg(&zone)).expect_code(0);
                compare(example, &line, &planned(&plan, directory.path(), &zone));
            }
        }
    });
}

#[test]
fn the_local_config_leads_to_its_launch_line() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // As a start wants a node directory.
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o700)).expect("its mode");
        let made = Elsewhere::new(&directory.path().join("path/to"));
        made.authority("ca").leaf("node1", "ca", "DNS:node1.example.zone,IP:10.0.1.10,IP:127.0.0.1");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/local-config/node.json");
        let text = std::fs::read_to_string(example).expect("the example");
        let config = directory.path().join("node.json");
        std::fs::write(&config, text.replace("/path/to", &made.directory.display().to_string()))
            .expect("node.json");
        let plan = outcome(zone_etcd(["plan", "--format", "argv", "--config"]).arg(&config)).expect_code(0);
        golden("local-config", &plan, directory.path());
        for line in lines("local-config") {
            compare("local-config", &line, &planned(&plan, directory.path(), directory.path()));
        }
        let allowed = "--peer-cert-allowed-hostname=node1.example.zone,node2.example.zone,node3.example.zone";
        assert!(plan.stdout.lines().any(|line| line == allowed), "{}", plan.stdout);
    });
}

/// The whole command line of the first member, with placeholders for what differs from run to run.
#[track_caller]
fn golden(example: &str, plan: &Outcome, directory: &Path) {
    let mut text = plan.stdout.replace(&bundle("3.7.3").display().to_string(), "$BUNDLE");
    for prefix in PREFIXES {
        text = text.replace(&format!("{}{prefix}", directory.display()), prefix);
    }
    text = text.replace(&directory.display().to_string(), "$DIRECTORY");
    // Without one in the description it follows from the CA, which is another each time.
    if let Some((_, token)) = text.split_once("--initial-cluster-token=example.zone-") {
        let digits: String = token.chars().take_while(char::is_ascii_hexdigit).collect();
        text = text.replace(&digits, "$CA");
    }
    compare_with_golden(&format!("examples/{example}.argv"), &text);
}

/// A flag that is corrected differs; any other is the same.
#[track_caller]
fn compare(example: &str, line: &BTreeMap<String, String>, planned: &BTreeMap<String, String>) {
    for (flag, value) in line {
        let is_same = planned.get(flag).is_some_and(|planned| in_order(planned) == in_order(value));
        let correction = CORRECTIONS.iter().find(|(of, corrected, _)| *of == example && corrected == flag);
        assert_eq!(
            is_same,
            correction.is_none(),
            "{example}: --{flag}={value}, planned {:?}",
            planned.get(flag)
        );
    }
}

/// The order of a list means nothing to etcd, nor does a slash at the end of a directory.
fn in_order(value: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = value.split(',').map(|part| part.trim_end_matches('/')).collect();
    parts.sort_unstable();
    parts
}

/// The flags of each launch line of an example.
fn lines(example: &str) -> Vec<BTreeMap<String, String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/examples/lines/{example}.txt"));
    let text = std::fs::read_to_string(file).expect("the launch lines");
    let mut text = text.replace("${node_ip}", "10.0.1.10");
    for (index, (_, address)) in INFRA.iter().enumerate() {
        text = text.replace(&format!("${{node{}_ip}}", index + 1), address);
    }
    let commands: Vec<&str> = text.split("etcd --name").collect();
    match commands.as_slice() {
        [all] => vec![flags(all)],
        [_, commands @ ..] => commands.iter().map(|command| flags(&format!("--name{command}"))).collect(),
        [] => Vec::new(),
    }
}

/// `--flag=value`, `--flag value` or `--flag`.
fn flags(command: &str) -> BTreeMap<String, String> {
    let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "\\").collect();
    let mut flags = BTreeMap::new();
    for (index, word) in words.iter().enumerate() {
        let Some(flag) = word.strip_prefix("--") else { continue };
        let (flag, value) = match (flag.split_once('='), words.get(index + 1)) {
            (Some((flag, value)), _) => (flag, value),
            (None, Some(next)) if !next.starts_with("--") && *next != "$" => (flag, *next),
            (None, _) => (flag, "true"),
        };
        flags.insert(flag.to_owned(), value.to_owned());
    }
    flags
}

/// The flags of a plan, with the directories that the launch line has.
fn planned(plan: &Outcome, directory: &Path, zone: &Path) -> BTreeMap<String, String> {
    let mut text = plan.stdout.replace(&format!("{}/ca-peer.crt", zone.display()), "ca-peer.crt");
    for prefix in PREFIXES {
        text = text.replace(&format!("{}{prefix}", directory.display()), prefix);
    }
    flags(&text)
}
