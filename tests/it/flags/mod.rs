//! Flags that the user hands through to etcd.

mod forms;
mod refused;
mod table;
mod values;

use crate::harness::{Outcome, TestZone, bundle, outcome};

/// A zone of one node for a version of etcd, with these lines in `[etcd.flags]`.
fn zone(version: &str, flags: &str) -> TestZone {
    let zone = TestZone::described(&format!(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"192.0.2.1\"\n\
         [etcd]\nversion = \"{version}\"\n[etcd.flags]\n{flags}\n"
    ));
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Plans with flags after `--`.
fn plan(zone: &TestZone, flags: &[&str]) -> Outcome {
    outcome(zone.command(&["plan", "--node", "node1", "--format", "argv"]).arg("--").args(flags))
}

/// The command line that comes of it, without the program.
#[track_caller]
fn arguments(zone: &TestZone, flags: &[&str]) -> Vec<String> {
    let plan = plan(zone, flags).expect_code(0);
    plan.stdout.lines().skip(1).map(str::to_owned).collect()
}

/// The names of the flags that `etcd --help` of a version lists.
fn flags_in_help(version: &str) -> Vec<String> {
    let help = outcome(std::process::Command::new(bundle(version).join("etcd")).arg("--help")).expect_code(0);
    let text = help.stdout + &help.stderr;
    let listed = text.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let names = listed.map(|line| line.split([' ', '=', '\t', ')']).next().unwrap_or_default().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}
