//! `pki revoke`: what a call that ended with 0 has revoked is listed, and no list loses what it had.

use std::fs;

use zone_pki::{IssuanceLog, RevocationList, hex};

use super::command::Crash;
use super::invariants::Picture;
use crate::harness::TestZone;
use crate::harness::isolation::isolated;

const LISTS: [&str; 2] = ["ca/peer.crl", "ca/client.crl"];

#[test]
fn of_a_client() {
    isolated(|| {
        let crash = Crash::new("pki revoke", &["pki", "revoke", "client/backup"]);
        crash.make_zone();
        crash.zone.run(&["pki", "issue", "--client", "backup", "--client", "before"]).expect_code(0);
        crash.zone.run(&["pki", "revoke", "client/before"]).expect_code(0);
        let kept = |picture: Picture| without_lists(picture).without(&["clients/backup"]);
        let files = Picture::of(&crash.zone.file("clients/backup"));
        crash.for_each_step_of(kept, |crash, when| {
            assert_listed(&crash.zone, "client/before", when);
            crash.again().expect_code(0);
            assert_listed(&crash.zone, "client/before", when);
            assert_listed(&crash.zone, "client/backup", when);
            let aside = Picture::of(&crash.zone.file("clients/backup.revoked-1"));
            assert!(aside == files, "{when}: its files are not put aside");
        });
    });
}

/// What cannot be used is kept, and what was revoked is on the list that takes its place.
#[test]
fn lists_that_are_made_again() {
    isolated(|| {
        let crash = Crash::new("pki revoke --rebuild-lists", &["pki", "revoke", "--rebuild-lists"]);
        crash.make_zone();
        crash.zone.run(&["pki", "issue", "--client", "before"]).expect_code(0);
        crash.zone.run(&["pki", "revoke", "client/before"]).expect_code(0);
        let damaged = "what is no list";
        LISTS.iter().for_each(|list| fs::write(crash.zone.file(list), damaged).expect("a list"));
        crash.for_each_step_of(without_lists, |crash, when| {
            crash.again().expect_code(0);
            assert_listed(&crash.zone, "client/before", when);
            for list in LISTS {
                let kept = fs::read_to_string(crash.zone.file(&format!("{list}.unusable-1")));
                assert_eq!(kept.expect("what was there"), damaged, "{when}");
            }
        });
    });
}

/// Lists are replaced by those that follow, and so is what tries them on members.
fn without_lists(picture: Picture) -> Picture {
    picture.without(&LISTS).without(&["ca/peer.probe", "ca/client.probe"])
}

/// Everything that was issued to a holder is on the list of clients.
#[track_caller]
pub fn assert_listed(zone: &TestZone, holder: &str, when: &str) {
    let list = fs::read(zone.file("ca/client.crl")).expect("the list");
    let list = RevocationList::from_der(&list).unwrap_or_else(|error| panic!("{when}: {error}"));
    let log = IssuanceLog::open(zone.file("issued.jsonl")).expect("the log");
    let (entries, _) = log.read().expect("the log");
    let serials: Vec<String> =
        entries.into_iter().filter(|entry| entry.node == holder).map(|entry| entry.serial).collect();
    assert!(!serials.is_empty(), "{when}: nothing was issued to {holder}");
    for serial in serials {
        let number = hex::decode(&serial).expect("a number");
        assert!(list.lists_serial(&number), "{when}: {serial} of {holder} is not listed");
    }
}
