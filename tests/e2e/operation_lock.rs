//! The lock of an operation on a whole zone: who has it, who may take it over, and that its loss is noticed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::spawn;

use host::Process;
use live::{Credentials, on_runtime};
use nix::sys::signal::Signal;
use operations::lock::{Holder, OperationLock};
use store::site::Site;
use store::zone_directory::CaPassphrase;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, make_leader};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone};

const KEY: &[u8] = b"\0zone-etcd/operation";
const ENDPOINT: &str = "https://127.0.0.1:2379";
const ENDPOINTS: &str = "https://127.0.0.1:2379,https://127.0.0.1:2389,https://127.0.0.1:2399";

#[track_caller]
fn zone_of_one() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &["node1"]);
    (zone, members)
}

#[track_caller]
fn site(zone: &TestZone) -> Site {
    let passphrase = CaPassphrase::new(None, None).expect("no passphrase");
    Site::open(Some(&zone.path()), None, passphrase).expect("the zone")
}

/// Writes a holder as another program would, with a lease of its own.
#[track_caller]
fn write_holder(zone: &TestZone, value: &[u8]) {
    let credentials = Credentials::load(&zone.file("clients/admin/current")).expect("the administrator's");
    on_runtime(async {
        let client = credentials.connect(ENDPOINT, std::time::Duration::from_secs(2)).expect("a client");
        let lease = client.lease_grant(60).await.expect("a lease");
        client.put_if_unchanged(KEY, value, lease, 0).await.expect("an answer").expect("a free key");
    })
    .expect("a runtime");
}

#[test]
fn who_has_it_is_told_until_it_is_given_up() {
    isolated(|| {
        let (zone, members) = zone_of_one();
        let held = OperationLock::take(&site(&zone), "pki rotate-ca").expect("a free lock");
        held.still_held().expect("it was just taken");
        let own = format!("process {}", std::process::id());
        zone.run(&["restart", "--rolling"]).expect_code(75).expect_error_with(&["`pki rotate-ca`", &own]);
        assert_eq!(members[0].starts(), 1);
        drop(held);
        zone.run(&["restart", "--rolling"]).expect_code(0);
        assert_eq!(members[0].starts(), 2);
    });
}

#[test]
fn it_outlives_its_lease_and_its_loss_is_noticed() {
    isolated(|| {
        let (zone, _members) = zone_of_one();
        let held = OperationLock::take(&site(&zone), "pki rotate-ca").expect("a free lock");
        let etcdctl = etcdctl(&zone, ENDPOINT);
        let leases = || call(&etcdctl, &["lease", "list"]).expect_code(0).stdout;
        let lease = leases().lines().last().expect("a lease").trim().to_owned();
        let left = || {
            let told = call(&etcdctl, &["lease", "timetolive", &lease]).stdout;
            let seconds = told.split("remaining(").nth(1)?.split('s').next()?.parse::<u32>().ok()?;
            Some((told, seconds))
        };
        // It grows less, and then more again.
        until("time that passes", || left().filter(|(_, seconds)| *seconds <= 13));
        until("a sign of life", || left().filter(|(_, seconds)| *seconds >= 14));
        held.still_held().expect("it lives");
        call(&etcdctl, &["lease", "revoke", &lease]).expect_code(0);
        let failure = until("the loss", || held.still_held().err());
        assert_eq!(failure.exit, model::error::Exit::TryAgain);
        assert!(failure.to_string().contains("its lease has ended"), "{failure}");
    });
}

#[test]
fn it_is_taken_from_a_process_here_that_has_ended_and_from_nobody_else() {
    isolated(|| {
        let (zone, _members) = zone_of_one();
        let own = Holder::own("restart --rolling", time::OffsetDateTime::now_utc());
        let ended = Process { pid: 4_000_000, started: 1 };
        let elsewhere = Holder {
            host: "elsewhere".to_owned(),
            boot_id: "another".to_owned(),
            process: ended,
            ..own.clone()
        };
        let in_a_container = Holder { pid_namespace: "pid:[1]".to_owned(), process: ended, ..own.clone() };
        let json = |holder: &Holder| serde_json::to_vec(holder).expect("JSON");
        let etcdctl = etcdctl(&zone, ENDPOINT);
        for (value, told) in [
            (json(&elsewhere), "on elsewhere, process 4000000"),
            (json(&in_a_container), "process 4000000"),
            (json(&own), "`restart --rolling`"),
            (b"not JSON".to_vec(), "cannot be read"),
        ] {
            write_holder(&zone, &value);
            zone.run(&["restart", "--rolling"]).expect_code(75).expect_error_with(&[told]);
            let leases = call(&etcdctl, &["lease", "list"]).expect_code(0).stdout;
            let lease = leases.lines().last().expect("a lease").trim().to_owned();
            assert!(leases.starts_with("found 1 leases"), "the refused one has left a lease: {leases}");
            call(&etcdctl, &["lease", "revoke", &lease]).expect_code(0);
        }
        write_holder(&zone, &json(&Holder { process: ended, ..own }));
        zone.run(&["restart", "--rolling"]).expect_code(0);
    });
}

/// Has another operation hold the lock, as if this machine had been suspended for longer than the lease
/// lives.
#[track_caller]
fn take_away(zone: &TestZone, endpoint: &str) {
    let own = Holder::own("member update node9", time::OffsetDateTime::now_utc());
    let other = Holder { host: "elsewhere".to_owned(), boot_id: "another".to_owned(), ..own };
    let value = serde_json::to_vec(&other).expect("JSON");
    let credentials = Credentials::load(&zone.file("clients/admin/current")).expect("the administrator's");
    on_runtime(async {
        let client = credentials.connect(endpoint, std::time::Duration::from_secs(2)).expect("a client");
        let held = client.get(KEY).await.expect("an answer").expect("the lock");
        let lease = client.lease_grant(60).await.expect("a lease");
        let put = client.put_if_unchanged(KEY, &value, lease, held.mod_revision).await;
        put.expect("an answer").expect("nobody else takes it");
    })
    .expect("a runtime");
}

/// What an operation says that finds another in its place.
const LOST: [&str; 2] = ["the lock of this operation is lost", "`member update node9` on elsewhere"];

#[test]
fn a_lock_that_another_has_is_lost_though_its_lease_lives() {
    isolated(|| {
        let (zone, _members) = zone_of_one();
        let held = OperationLock::take(&site(&zone), "pki rotate-ca").expect("a free lock");
        held.still_held().expect("it was just taken");
        take_away(&zone, ENDPOINT);
        let failure = held.still_held().expect_err("another has it");
        assert_eq!(failure.exit, model::error::Exit::TryAgain);
        LOST.iter().for_each(|text| assert!(failure.to_string().contains(text), "{failure}"));
    });
}

/// While it is not known whose the lock is, nothing is changed.
#[test]
fn a_lock_that_nobody_answers_for_is_not_held() {
    isolated(|| {
        let (zone, mut members) = zone_of_one();
        let held = OperationLock::take(&site(&zone), "pki rotate-ca").expect("a free lock");
        members[0].end(Signal::SIGKILL);
        let failure = held.still_held().expect_err("no member answers");
        assert!(failure.to_string().contains("no member tells whose the lock is"), "{failure}");
    });
}

#[track_caller]
fn zone_of_three() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &["node1", "node2", "node3"]);
    (zone, members)
}

/// Runs an operation, takes its lock away when it says this, and expects that it ends with nothing more done.
#[track_caller]
fn loses_it_at(zone: &TestZone, arguments: &[&str], line: &str) -> Outcome {
    let mut running = Running::start(&mut zone.command(arguments), zone.around(), "operation");
    running.wait_for_line(&[line]);
    running.signal(Signal::SIGSTOP);
    take_away(zone, "https://127.0.0.1:2399");
    running.signal(Signal::SIGCONT);
    running.outcome().expect_code(75).expect_error_with(&LOST)
}

/// Passes connections on to the member, but ends the one on which the answer to the write of the lock comes
/// back, and refuses the next, by which its lease would be given up. Returns where it listens, and whether it
/// has ended one.
#[track_caller]
fn relay_that_loses_the_answer(zone: &TestZone) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let has_lost = Arc::new(AtomicBool::new(false));
    let (lost, admin) = (Arc::clone(&has_lost), zone.file("clients/admin/current"));
    let is_written = move || {
        let credentials = Credentials::load(&admin).expect("the administrator's");
        let client = || credentials.connect(ENDPOINT, std::time::Duration::from_secs(2)).expect("a client");
        on_runtime(async { client().get(KEY).await.expect("an answer").is_some() }).expect("a runtime")
    };
    spawn(move || {
        let mut is_refused = false;
        for from in listener.incoming() {
            let mut from = from.expect("a connection");
            if lost.load(Ordering::SeqCst) && !std::mem::replace(&mut is_refused, true) {
                continue;
            }
            let mut to = TcpStream::connect("127.0.0.1:2379").expect("the member");
            let (mut from_back, mut to_back) = (from.try_clone().expect("it"), to.try_clone().expect("it"));
            spawn(move || io::copy(&mut from, &mut to));
            let (lost, is_written) = (Arc::clone(&lost), is_written.clone());
            spawn(move || {
                let mut bytes = [0; 16_384];
                while let Ok(count @ 1..) = to_back.read(&mut bytes) {
                    if !lost.load(Ordering::SeqCst) && is_written() {
                        lost.store(true, Ordering::SeqCst);
                        break;
                    }
                    if from_back.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                let _ = (from_back.shutdown(Shutdown::Both), to_back.shutdown(Shutdown::Both));
            });
        }
    });
    (port, has_lost)
}

/// What it wrote without hearing of it is its own, and not another operation's.
#[test]
fn it_is_taken_though_the_answer_to_its_write_is_lost() {
    isolated(|| {
        let (zone, _members) = zone_of_one();
        let (port, has_lost) = relay_that_loses_the_answer(&zone);
        let path = zone.file("zone.toml");
        let text = std::fs::read_to_string(&path).expect("zone.toml");
        std::fs::write(&path, text.replace("2379", &port.to_string())).expect("zone.toml");
        let held = OperationLock::take(&site(&zone), "restart").expect("its own lock");
        assert!(has_lost.load(Ordering::SeqCst));
        held.still_held().expect("it was just taken");
        drop(held);
        OperationLock::take(&site(&zone), "restart").expect("it was given up");
    });
}

#[test]
fn nobody_is_restarted_once_it_is_lost() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        make_leader(&etcdctl(&zone, ENDPOINTS), "node1");
        // Between the move of leadership and the stop of the member.
        loses_it_at(&zone, &["restart", "--rolling", "node1"], "leadership moved from node1");
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}

#[test]
fn a_rotation_that_lost_it_restarts_no_other_member() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        loses_it_at(&zone, &["pki", "rotate-ca"], "restarted, back after");
        assert_eq!(members.iter().map(Supervised::starts).sum::<usize>(), 4, "one was restarted");
    });
}

#[test]
fn the_cluster_is_told_of_no_move_once_it_is_lost() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        make_leader(&etcdctl(&zone, ENDPOINTS), "node1");
        let path = zone.file("zone.toml");
        let text = std::fs::read_to_string(&path).expect("zone.toml");
        let (first, rest) = text.split_once("2380").expect("its peer port");
        std::fs::write(&path, format!("{first}12380{rest}")).expect("zone.toml");
        loses_it_at(&zone, &["member", "update", "node1"], "leadership moved from node1");
        let list = call(&etcdctl(&zone, ENDPOINT), &["member", "list"]).expect_code(0).stdout;
        assert!(!list.contains("12380"), "{list}");
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}
