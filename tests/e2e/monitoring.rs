//! The metrics, the alerts and the dashboard of `packaging/prometheus`, in a Prometheus that scrapes a zone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;

use super::node_status::Nodes;
use super::status::exposition;
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, until};
use crate::harness::{debian, outcome};

const SCRAPED_AT: &str = "127.0.0.1:9100";
const PROMETHEUS_AT: &str = "127.0.0.1:9090";

fn packaged(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(packaged(file)).expect("a file of packaging/prometheus")
}

fn promtool(arguments: &[&str]) -> Command {
    let mut promtool = debian::command("prometheus", "usr/bin/promtool");
    promtool.args(arguments).current_dir(packaged(""));
    promtool
}

#[test]
fn promtool_accepts_the_alerts_and_each_has_a_test() {
    outcome(&mut promtool(&["check", "rules", "zone-etcd.rules.yml"])).expect_code(0);
    outcome(&mut promtool(&["test", "rules", "tests.yml"])).expect_code(0);
    let (rules, tests) = (read("zone-etcd.rules.yml"), read("tests.yml"));
    let alerts: Vec<&str> = values(&rules, "- alert:").collect();
    assert!(alerts.len() > 20, "{alerts:?}");
    for alert in &alerts {
        assert!(tests.contains(&format!("alertname=\"{alert}\"")), "no test has {alert} fire");
    }
    let pages: Vec<&str> = values(&rules, "page:").collect();
    assert_eq!(pages.len(), alerts.len());
    for page in pages {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(page).is_file(), "there is no {page}");
    }
    for annotation in ["summary:", "description:"] {
        assert_eq!(values(&rules, annotation).count(), alerts.len(), "{annotation}");
    }
}

/// What stands after a key of YAML, line by line.
fn values<'t>(text: &'t str, key: &'t str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| Some(line.trim().strip_prefix(key)?.trim()))
}

#[test]
fn a_prometheus_that_scrapes_a_zone_answers_every_query() {
    isolated(|| {
        let scraped = scrape();
        let lint = promtool_with_input(&["check", "metrics"], &scraped);
        assert_eq!((lint.0, lint.1.as_str()), (0, ""), "promtool check metrics");
        let samples = exposition(&scraped);
        assert_series_are_as_scraped(&samples);

        let directory = tempfile::tempdir().expect("a temporary directory");
        serve(scraped);
        let mut server = start_prometheus(directory.path());
        let zone = until("a first scrape", || {
            let found = ask("zone_etcd_health");
            found.first().map(|found| found["metric"]["zone"].as_str().expect("a zone").to_owned())
        });
        assert_eq!(zone, "example.zone");
        for (panel, query) in dashboard_queries() {
            let query = query.replace("$zone", &zone);
            let found = ask(&query);
            // In a zone that is healthy no alert fires.
            assert_eq!(found.is_empty(), query.starts_with("ALERTS"), "{panel}: {query}");
            for label in grouped_by(&query) {
                let has_it = |found: &Value| found["metric"][label].as_str().is_some();
                assert!(found.iter().all(has_it), "{panel}: no label {label}: {query}");
            }
        }
        // Some were evaluated before there was a first scrape.
        until("alerts that are all evaluated, and inactive", || {
            let told = get("/api/v1/rules", &[]);
            let rules = told["data"]["groups"][0]["rules"].as_array().expect("rules").clone();
            assert!(rules.iter().all(|rule| rule["health"] != "err"), "{rules:#?}");
            rules.iter().all(|rule| rule["health"] == "ok" && rule["state"] == "inactive").then_some(())
        });
        server.stop();
    });
}

/// The figures of a zone with a member, a snapshot that was tried, and nodes that etcd has bundles for.
#[track_caller]
fn scrape() -> String {
    let nodes = Nodes::new(1);
    nodes.say("c1", |_| {});
    nodes.zone.run(&["snapshot", "save"]).expect_code(0);
    nodes.zone.run(&["snapshot", "verify"]).expect_code(0);
    let of_zone = nodes.zone.run(&["status", "-o", "prometheus"]).expect_code(0).stdout;
    let of_nodes = nodes.zone.run(&["status", "--nodes", "-o", "prometheus"]).expect_code(0).stdout;
    of_zone + &of_nodes
}

/// What the alerts and their tests name is there, and the tests have the labels that it really has.
#[track_caller]
fn assert_series_are_as_scraped(samples: &BTreeMap<String, f64>) {
    let scraped: BTreeSet<(&str, Vec<&str>)> = samples.keys().map(|series| shape(series)).collect();
    let tests = read("tests.yml");
    let tested = tests.lines().filter_map(|line| line.split_once("series: '")?.1.split_once('\''));
    for (series, _) in tested.filter(|(series, _)| series.starts_with("zone_etcd_")) {
        assert!(scraped.contains(&shape(series)), "{series} is not what a zone has");
    }
    let rules = read("zone-etcd.rules.yml");
    let names = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics: BTreeSet<&str> = names.filter(|name| name.starts_with("zone_etcd_")).collect();
    assert!(metrics.len() > 15, "{metrics:?}");
    for metric in metrics {
        assert!(scraped.iter().any(|(name, _)| *name == metric), "no zone has {metric}");
    }
    for alarm in ["NOSPACE", "CORRUPT"] {
        assert!(samples.keys().any(|series| series.contains(&format!("alarm=\"{alarm}\""))), "{alarm}");
    }
}

/// The name and the labels of a series, without that of the host which Prometheus adds.
fn shape(series: &str) -> (&str, Vec<&str>) {
    let (name, labels) = series.trim_end_matches('}').split_once('{').expect("labels");
    let mut labels: Vec<&str> =
        labels.split(',').filter_map(|label| Some(label.split_once('=')?.0)).collect();
    labels.retain(|label| *label != "instance");
    labels.sort_unstable();
    (name, labels)
}

/// Each query of the dashboard, with the title of its panel.
fn dashboard_queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&read("zone-etcd.dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let queries = panels.iter().flat_map(|panel| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let targets = panel["targets"].as_array().expect("targets");
        targets.iter().map(move |target| (text(&panel["title"]), text(&target["expr"])))
    });
    let queries: Vec<(String, String)> = queries.collect();
    assert!(queries.len() > 20, "{queries:?}");
    queries
}

/// The labels by which a query groups.
fn grouped_by(query: &str) -> Vec<&str> {
    let Some((_, labels)) = query.split_once("by (") else { return Vec::new() };
    labels.split(')').next().unwrap_or_default().split(", ").collect()
}

/// Answers each request with these figures, as an exporter does. It ends with the test's process.
#[track_caller]
fn serve(figures: String) {
    let listener = TcpListener::bind(SCRAPED_AT).expect("the address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\r\n";
            // A scrape that was given up has no answer.
            let _ = stream.write_all((head.to_owned() + &figures).as_bytes());
        }
    });
}

#[track_caller]
fn start_prometheus(directory: &Path) -> Running {
    let config = directory.join("prometheus.yml");
    let text = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{}]\nscrape_configs:\n\
         - {{job_name: zone, static_configs: [{{targets: [\"{SCRAPED_AT}\"]}}]}}\n",
        packaged("zone-etcd.rules.yml").display()
    );
    fs::write(&config, text).expect("the configuration");
    let mut prometheus = debian::command("prometheus", "usr/bin/prometheus");
    prometheus.arg(format!("--config.file={}", config.display()));
    prometheus.arg(format!("--storage.tsdb.path={}", directory.join("data").display()));
    prometheus.arg(format!("--web.listen-address={PROMETHEUS_AT}"));
    let mut running = Running::start(&mut prometheus, directory, "prometheus");
    running.wait_for_line(&["Server is ready to receive web requests"]);
    running
}

/// The series that answer a query.
#[track_caller]
fn ask(query: &str) -> Vec<Value> {
    let told = get("/api/v1/query", &["--data-urlencode", &format!("query={query}")]);
    assert_eq!(told["status"], "success", "{query}: {told:#}");
    told["data"]["result"].as_array().expect("a vector").clone()
}

#[track_caller]
fn get(path: &str, more: &[&str]) -> Value {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--get"]).args(more).arg(format!("http://{PROMETHEUS_AT}{path}"));
    serde_json::from_str(&outcome(&mut curl).expect_code(0).stdout).expect("JSON")
}

/// The exit code, and what was printed on either.
#[track_caller]
fn promtool_with_input(arguments: &[&str], input: &str) -> (i32, String) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), input).expect("the input");
    let told = outcome(promtool(arguments).stdin(file.reopen().expect("the input")));
    (told.code, told.stdout + &told.stderr)
}
