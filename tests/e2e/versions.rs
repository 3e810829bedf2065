//! Three members of each supported line of etcd: what the flags ask for is in effect, whatever they are
//! called there.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, loopback_zone, plan, process_lines, start_on_loopback,
    wait_for_quorum,
};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[test]
fn etcd_3_7_forms_a_cluster() {
    isolated(|| assert_forms("3.7.3", "--feature-gates=InitialCorruptCheck=true"));
}

#[test]
fn etcd_3_6_forms_a_cluster() {
    isolated(|| assert_forms("3.6.16", "--feature-gates=InitialCorruptCheck=true"));
}

#[test]
fn etcd_3_5_forms_a_cluster() {
    isolated(|| assert_forms("3.5.35", "--experimental-initial-corrupt-check=true"));
}

#[track_caller]
fn assert_forms(version: &str, corruption_check: &str) {
    let settings = format!("[etcd]\nversion = \"{version}\"\nquota = \"1GiB\"\nauto_compaction = \"2h\"\n");
    let zone = loopback_zone(3, &settings);
    zone.run(&["init"]).expect_code(0);
    let planned = plan(&zone, "node2");
    let mut members = start_on_loopback(&zone, &NODES);

    let (first, last) = (etcdctl(&zone, "https://127.0.0.1:2379"), etcdctl(&zone, "https://127.0.0.1:2399"));
    call(&first, &["put", "written", "on node1"]).expect_code(0);
    assert_eq!(
        call(&last, &["get", "written", "--print-value-only"]).expect_code(0).stdout.trim(),
        "on node1"
    );
    assert_ids_as_planned(&first, &planned);

    for (number, member) in members.iter_mut().enumerate() {
        let started = member.wait_for_line(&["\"starting an etcd server\""]);
        assert!(started.contains(&format!("\"etcd-version\":\"{version}\"")), "{started}");
        assert!(started.contains("\"auto-compaction-mode\":\"periodic\""), "{started}");
        assert!(started.contains("\"auto-compaction-retention\":\"2h0m0s\""), "{started}");
        assert_eq!(metric(2381 + 10 * number, "etcd_server_quota_backend_bytes"), f64::from(1 << 30));
        assert!(process_lines(member.pid(), "cmdline").contains(&corruption_check.to_owned()));
    }

    // A new member has nothing to compare; one that comes back compares its data with the others'.
    members[2].stop();
    members[2] = crate::harness::members::start(&zone, "node3");
    wait_for_quorum(&last);
    members[2].wait_for_line(&["starting initial corruption check"]);
    members[2].wait_for_line(&["initial corruption checking passed"]);
}

/// A number from the metrics page, which is on loopback and without TLS.
#[track_caller]
fn metric(port: usize, name: &str) -> f64 {
    let port = u16::try_from(port).expect("a port");
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("the metrics page");
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("the request is taken");
    let mut page = String::new();
    connection.read_to_string(&mut page).expect("the page");
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in:\n{page}"))
}
