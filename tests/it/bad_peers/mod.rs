//! Other members that are slow, broken, or somebody else. Whatever they do, `plan` and `run` end with what
//! they should within seconds, and etcd is started only if it may be.
//!
//! The one that is asked stands before the one that asks, so that `run` has every reason to wait for it.

mod answers;
mod certificates;
mod clusters;
mod fake_peer;
mod silence;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Outcome, TestZone, outcome};
use crate::support::{StandIn, Tree, three_members_issued};

/// `plan` asks for a second; the rest is for a machine that is busy.
const PLAN_LIMIT: Duration = Duration::from_millis(2500);
/// `run` waits for those that need the operator for five; the rest is as above, and for the turns of tests
/// that go on at the same time.
const RUN_LIMIT: Duration = Duration::from_millis(9500);

/// The subject of these tests, between a member that is faked and one that is down.
const SUBJECT: &str = "node2";

/// A zone whose node2 is about to start.
struct Case {
    zone: TestZone,
    etcd: StandIn,
}

impl Case {
    fn new() -> Self {
        let zone = three_members_issued();
        let etcd = StandIn::new(zone.around(), "3.7.3");
        Self { zone, etcd }
    }

    /// The peer port of a node.
    fn port(&self, node: &str) -> u16 {
        let url = self.peer_url(node);
        url.rsplit(':').next().expect("a port").parse().expect("a number")
    }

    fn peer_url(&self, node: &str) -> String {
        let text = std::fs::read_to_string(self.zone.file("zone.toml")).expect("zone.toml");
        let mut lines = text.lines().skip_while(|line| *line != format!("name = \"{node}\""));
        let port = lines.find_map(|line| line.strip_prefix("peer_port = ")).expect("a port");
        format!("https://127.0.0.1:{port}")
    }

    /// The ids that follow from the zone description: of the cluster, and of each member.
    fn predicted(&self) -> (String, Vec<String>) {
        // Asked before there is a faked peer, so nobody's answer is in it.
        let plan = self.zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0);
        let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON");
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        let members = plan["members"].as_array().expect("members");
        (id(&plan["cluster_id"]), members.iter().map(|member| id(&member["id"])).collect())
    }

    #[track_caller]
    fn call(&self, arguments: &[&str], limit: Duration) -> Outcome {
        let started = Instant::now();
        let result = outcome(&mut self.zone.command(arguments));
        let took = started.elapsed();
        assert!(took < limit, "{arguments:?} took {took:?}:\n{}", result.stderr);
        assert!(!result.stderr.contains("panicked"), "{}", result.stderr);
        result
    }

    fn plan(&self) -> Outcome {
        self.call(&["plan", "--node", SUBJECT, "--format", "json"], PLAN_LIMIT)
    }

    fn run(&self) -> Outcome {
        self.call(&["run", "--node", SUBJECT, "--etcd", self.etcd.as_argument()], RUN_LIMIT)
    }

    /// Neither `plan` nor `run` would start the member, and both say why.
    #[track_caller]
    fn expect_refusal(&self, code: i32, texts: &[&str]) {
        let before = Tree::of(&self.zone.path()).without_locks();
        self.plan().expect_code(code).expect_error_with(texts);
        self.run().expect_code(code).expect_error_with(texts);
        assert_eq!(self.etcd.arguments(), None, "etcd was started");
        Tree::of(&self.zone.path()).without_locks().assert_same_as(&before, "a refused start");
    }
}
