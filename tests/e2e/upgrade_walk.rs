//! `upgrade`: a zone goes to another version of etcd by one command, one minor at a time, and goes on where
//! it was interrupted.

use nix::sys::signal::Signal;

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, plan, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{TestZone, outcome};
use crate::upgrade::{ENDPOINTS, NODES, set_version, status, wait_for_storage_version, zone_of};

/// Longer than an election of another leader takes on a busy machine, and far shorter than a quorum that is
/// lost stays away: a member that is restarted is gone for a second at least.
const LONGEST_GAP_MS: f64 = 5000.0;

/// Everything that was acknowledged is there, the cluster always took requests, and all members run 3.7.3.
#[track_caller]
pub fn assert_went_well(zone: &TestZone, writer: GoWriter) {
    let told = writer.finish_unharmed();
    assert!(told["longest_gap_ms"].as_f64() < Some(LONGEST_GAP_MS), "{told:#}");
    for endpoint in ENDPOINTS {
        let client = etcdctl(zone, endpoint);
        assert_eq!(status(&client)["version"], "3.7.3");
        wait_for_storage_version(&client, "3.7.0");
        let kept = call(&client, &["get", "kept", "--print-value-only"]).expect_code(0).stdout;
        assert_eq!(kept.trim(), "here");
    }
}

/// Three members of 3.5.35 in place, with a key.
fn zone_of_3_5() -> (TestZone, Vec<Supervised>) {
    let zone = zone_of(3, "3.5.35");
    let members = supervise_on_loopback(&zone, &NODES);
    call(&etcdctl(&zone, ENDPOINTS[0]), &["put", "kept", "here"]).expect_code(0);
    (zone, members)
}

#[track_caller]
fn version_in_plan(zone: &TestZone, node: &str) -> String {
    plan(zone, node)["etcd"]["version"].as_str().expect("a version").to_owned()
}

#[test]
fn members_in_place_go_from_3_5_to_3_7_by_one_command() {
    isolated(|| {
        let (zone, members) = zone_of_3_5();
        let writer = GoWriter::start(&zone, &ENDPOINTS);
        let before = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");

        let told = zone.run(&["upgrade", "--to", "3.7.3", "--dry-run"]).expect_code(0).stdout;
        let steps: Vec<&str> = told.lines().filter(|line| line.starts_with("deliver")).collect();
        assert_eq!(steps.len(), 6, "{told}");
        assert!(steps[..3].iter().all(|line| line.contains("3.6.16")), "{told}");
        assert!(told.contains("zone.toml: version = \"3.7.3\""), "{told}");
        assert!(members.iter().all(|member| member.starts() == 1), "nothing was done");
        assert_eq!(std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml"), before);

        zone.run(&["upgrade", "--to", "3.7.3"])
            .expect_code(0)
            .expect_error_with(&["no snapshot covers", "every member of example.zone runs etcd 3.7.3"]);
        assert_went_well(&zone, writer);
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert_eq!(text, before.replace("3.5.35", "3.7.3"));
        assert_eq!(std::fs::read_to_string(zone.file("zone.toml.old-1")).expect("the file before"), before);
        assert!(NODES.iter().all(|node| !zone.file(&format!("nodes/{node}/upgrade-step.json")).exists()));

        let starts: Vec<usize> = members.iter().map(Supervised::starts).collect();
        zone.run(&["upgrade"]).expect_code(0);
        assert_eq!(
            members.iter().map(Supervised::starts).collect::<Vec<_>>(),
            starts,
            "nothing is left to do"
        );
        zone.run(&["upgrade", "--to", "3.6.16"]).expect_code(78).expect_error_with(&["downgrade enable 3.6"]);
    });
}

/// Killed after the first member of a step; meanwhile a member that ends by itself comes back, whatever
/// zone.toml names.
#[test]
fn long_an_interrupted_upgrade_goes_on_where_it_was() {
    isolated(|| {
        let (zone, members) = zone_of_3_5();
        set_version(&zone, "3.7.3");
        let mut upgrade = Running::start(&mut zone.command(&["upgrade"]), zone.around(), "upgrade");
        upgrade.wait_for_line(&["takes requests again"]);
        upgrade.signal(Signal::SIGKILL);
        upgrade.end();
        let has_3_6 = |endpoint: &str| status(&etcdctl(&zone, endpoint))["version"] == "3.6.16";
        assert!(ENDPOINTS.into_iter().any(has_3_6), "one member was upgraded");
        // One that was not is held at what its data permits.
        let place = ENDPOINTS.into_iter().position(|endpoint| !has_3_6(endpoint)).expect("another member");
        assert_eq!(version_in_plan(&zone, NODES[place]), "3.5.35");
        let starts = members[place].starts();
        members[place].signal(Signal::SIGTERM);
        until("another start", || (members[place].starts() > starts).then_some(()));
        wait_for_quorum(&etcdctl(&zone, ENDPOINTS[place]));

        let writer = GoWriter::start(&zone, &ENDPOINTS);
        zone.run(&["upgrade"]).expect_code(0);
        assert_went_well(&zone, writer);
    });
}

#[test]
fn a_member_that_is_down_keeps_the_others_as_they_are() {
    isolated(|| {
        let (zone, mut members) = zone_of_3_5();
        members[2].end(Signal::SIGTERM);
        zone.run(&["upgrade", "--to", "3.6.16"])
            .expect_code(69)
            .expect_error_with(&["node3 does not answer"]);
        assert!(members[..2].iter().all(|member| member.starts() == 1));
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert!(text.contains("3.5.35"), "{text}");
        outcome(&mut zone.command(&["upgrade", "--to", "3.8.0"])).expect_code(64);
    });
}

/// What keeps a member from being restarted is seen before zone.toml says anything else.
#[test]
fn a_gate_that_is_closed_leaves_the_description_as_it_is() {
    isolated(|| {
        let zone = zone_of(1, "3.6.16");
        let members = supervise_on_loopback(&zone, &NODES[..1]);
        let before = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let added = ["member", "add", "late", "--learner", "--peer-urls", "https://127.0.0.1:1"];
        call(&etcdctl(&zone, ENDPOINTS[0]), &added).expect_code(0);
        zone.run(&["upgrade", "--to", "3.7.3"])
            .expect_code(69)
            .expect_error_with(&["was added, and never started", "member remove"]);
        assert_eq!(std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml"), before);
        assert!(!zone.file("nodes/node1/upgrade-step.json").exists());
        assert_eq!(members[0].starts(), 1);
    });
}
