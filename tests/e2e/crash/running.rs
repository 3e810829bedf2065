//! Commands on a zone whose member runs on: what they write is in use at once.

use std::fs;
use std::process::Command;

use super::invariants::{Picture, assert_no_abandoned_keys, assert_sound};
use super::live_steps::{LIVE_CALLS, live_steps};
use super::revocation::assert_listed;
use super::strace::{kill_at, tracing};
use super::tally::Tally;
use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, etcdctl, loopback_text};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome};

/// What is renewed is served, and the member that serves it never ends.
#[test]
fn a_member_gets_new_certificates() {
    isolated(|| {
        let zone = Serving::start();
        let pid = zone.member.pid();
        let renew = |_| zone.zone.command(&["pki", "renew", "node1"]);
        zone.for_each_step("pki renew", renew, |_, again, when| {
            assert_eq!(again.code, 0, "{when}: {}", again.stderr);
            zone.zone.run(&["pki", "check"]).expect_code(0);
            assert_eq!(zone.member.pid(), pid, "{when}: the member was started again");
        });
    });
}

/// Each step is of the revocation of another client, which the member refuses in the end.
#[test]
fn a_member_refuses_what_is_revoked() {
    isolated(|| {
        let zone = Serving::start();
        let holder = |number: usize| format!("client/c{number}");
        let revoke = |number: usize| {
            zone.zone.run(&["pki", "issue", "--client", &format!("c{number}")]).expect_code(0);
            zone.zone.command(&["pki", "revoke", &holder(number)])
        };
        zone.for_each_step("pki revoke (a member runs)", revoke, |number, again, when| {
            assert_eq!(again.code, 0, "{when}: {}", again.stderr);
            (0..=number).for_each(|number| assert_listed(&zone.zone, &holder(number), when));
            // It was tried, with the certificate or with the probe of its list.
            assert!(again.stdout.contains("node1"), "{when}: {again:?}");
            assert!(!again.stdout.contains("TAKEN") && !again.stdout.contains("OLDER"), "{when}: {again:?}");
        });
    });
}

/// A snapshot has its name when it is whole; what an interrupted one has left goes away with the next.
#[test]
fn snapshots() {
    isolated(|| {
        let zone = Serving::start();
        call(&etcdctl(&zone.zone, ENDPOINT), &["put", "kept", "value"]).expect_code(0);
        let save = |_| zone.zone.command(&["snapshot", "save", "-o", "json"]);
        zone.for_each_step("snapshot save", save, |_, again, when| {
            assert_eq!(again.code, 0, "{when}: {}", again.stderr);
            let file = crate::snapshot::json(again)["file"].as_str().expect("a file").to_owned();
            zone.zone.run(&["snapshot", "status", &file]).expect_code(0);
            for entry in fs::read_dir(zone.zone.file("snapshots")).expect("a directory").flatten() {
                let name = entry.file_name().into_string().expect("a name");
                assert!(!name.ends_with(".part"), "{when}: {name} is left");
                if name.ends_with(".db") {
                    let whole = zone.zone.run(&["snapshot", "status", &entry.path().display().to_string()]);
                    assert_eq!(whole.code, 0, "{when}: {name} is not whole: {}", whole.stderr);
                }
            }
        });
    });
}

const ENDPOINT: &str = "https://127.0.0.1:2379";

/// A zone whose only member runs, with its data elsewhere.
struct Serving {
    zone: TestZone,
    member: Supervised,
}

impl Serving {
    #[track_caller]
    fn start() -> Self {
        let zone = TestZone::empty();
        fs::create_dir(zone.path()).expect("a directory");
        let data = zone.around().join("data");
        let text = loopback_text("example.zone", 1, "");
        let text = text.replace("peer_port", &format!("data_dir = \"{}\"\npeer_port", data.display()));
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        zone.run(&["init"]).expect_code(0);
        let member = supervise_on_loopback(&zone, &["node1"]).remove(0);
        Self { zone, member }
    }

    /// Interrupts a command, each time as `command` makes it for a number, and runs the same once more. The
    /// first, of number 0, is not interrupted.
    #[track_caller]
    fn for_each_step(
        &self,
        name: &str,
        command: impl Fn(usize) -> Command,
        judge: impl Fn(usize, &Outcome, &str),
    ) {
        let (mut tally, trace) = (Tally::of(name), self.zone.around().join("trace"));
        outcome(&mut tracing(&command(0), LIVE_CALLS, &trace, &[])).expect_code(0);
        for (step, number) in live_steps(&trace, &mut tally).iter().zip(1..) {
            let when = format!("{name}, ended at {}", step.shown);
            let command = command(number);
            let before = Picture::of(&self.zone.path());
            let was_ended = kill_at(&command, step);
            before.assert_keys_kept(&self.zone.path(), &when);
            assert_sound(&self.zone.path(), &when);
            let again = outcome(&mut again(&command, &[]));
            if was_ended {
                tally.next(again.code);
            }
            judge(number, &again, &when);
            before.assert_keys_kept(&self.zone.path(), &when);
            assert_sound(&self.zone.path(), &when);
            assert_no_abandoned_keys(&self.zone.path(), &when);
            call(&etcdctl(&self.zone, ENDPOINT), &["put", "after", &when]).expect_code(0);
        }
        tally.tell();
    }
}
