//! Starts: the next one starts the member, and it keeps what it has acknowledged.

use std::fs;

use nix::sys::signal::Signal;

use super::command::Crash;
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, run_command, wait_for_quorum};
use crate::harness::processes::Running;

const ENDPOINT: &str = "https://127.0.0.1:2379";
const RUN: [&str; 3] = ["run", "--node", "node1"];

#[test]
fn a_first_start_that_makes_the_cas() {
    isolated(|| {
        let crash = Crash::new("run (makes the CAs)", &RUN);
        fs::create_dir(crash.zone.path()).expect("a directory");
        // Its only member waits for nobody.
        crash.describe_one("");
        crash.run_all(|_| {});
    });
}

#[test]
fn a_start_that_issues() {
    isolated(|| {
        let crash = Crash::new("run (issues)", &RUN);
        fs::create_dir(crash.zone.path()).expect("a directory");
        // Its only member waits for nobody. The CAs have issued for clients.
        crash.describe_one("");
        crash.zone.run(&["init"]).expect_code(0);
        crash.run_all(|_| {});
    });
}

/// A member with data, whose description has changed.
#[test]
fn a_start_that_renews() {
    isolated(|| {
        let crash = Crash::new("run (renews)", &RUN);
        crash.make_member_with_data();
        crash.cut_logs();
        crash.describe_one("sans = [\"192.0.2.7\"]\n");
        crash.run_all(|_| {});
    });
}

/// A member with data and every certificate. The binary is another than before, so what is known of it is
/// written again.
#[test]
fn a_start_that_issues_nothing() {
    isolated(|| {
        let crash = Crash::new("run (issues nothing)", &RUN);
        crash.make_member_with_data();
        crash.cut_logs();
        crash.run_all(|_| {});
    });
}

/// The first start of a member with real etcd: it is bootstrapped once, and keeps what it acknowledges.
#[test]
fn a_first_start_of_etcd() {
    isolated(|| {
        let crash = Crash::with_etcd("run (first start of etcd)", &RUN);
        fs::create_dir(crash.zone.path()).expect("a directory");
        crash.describe_one("");
        crash.zone.run(&["init"]).expect_code(0);
        crash.for_each_step(|crash, when| {
            let member = crash.serve();
            crash.tell_next("serves");
            put(&crash.zone, "acknowledged");
            member.signal(Signal::SIGKILL);
            drop(member);
            let _member = crash.serve();
            assert_eq!(get(&crash.zone), "acknowledged", "{when}");
        });
    });
}

/// A member with data, whose certificates are issued again at this start.
#[test]
fn long_a_later_start_of_etcd() {
    isolated(|| {
        let crash = Crash::with_etcd("run (later start of etcd)", &RUN);
        crash.make_member_with_data();
        crash.describe_one("sans = [\"192.0.2.7\"]\n");
        crash.for_each_step(|crash, when| {
            let _member = crash.serve();
            crash.tell_next("serves");
            assert_eq!(get(&crash.zone), "acknowledged", "{when}");
        });
    });
}

impl Crash {
    /// A member that ran, acknowledged a write, and was killed.
    #[track_caller]
    fn make_member_with_data(&self) {
        fs::create_dir(self.zone.path()).expect("a directory");
        self.describe_one("");
        self.zone.run(&["init"]).expect_code(0);
        let mut member = self.serve();
        put(&self.zone, "acknowledged");
        member.signal(Signal::SIGKILL);
        member.end();
    }

    /// etcd allocates 64 MiB for each file of its log, which are copied for each kill. What was written
    /// stays.
    fn cut_logs(&self) {
        for entry in fs::read_dir(self.zone.file("nodes/node1/data/member/wal")).expect("the log").flatten() {
            let file = fs::File::options().write(true).open(entry.path()).expect("a file of the log");
            file.set_len(1 << 20).expect("its length");
        }
    }

    /// Starts the real member, and waits until it takes requests.
    #[track_caller]
    fn serve(&self) -> Running {
        let mut command = run_command(&self.zone, "node1", &[]);
        let mut member = Running::start(&mut command, self.zone.around(), "node1");
        member.wait_for_line(&["\"serving client traffic securely\""]);
        wait_for_quorum(&etcdctl(&self.zone, ENDPOINT));
        member
    }
}

#[track_caller]
fn put(zone: &TestZone, value: &str) {
    call(&etcdctl(zone, ENDPOINT), &["put", "kept", value]).expect_code(0);
}

#[track_caller]
fn get(zone: &TestZone) -> String {
    call(&etcdctl(zone, ENDPOINT), &["get", "kept", "--print-value-only"])
        .expect_code(0)
        .stdout
        .trim()
        .to_owned()
}
