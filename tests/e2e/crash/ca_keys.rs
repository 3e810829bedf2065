//! `ca lock` and `ca unlock`: each key is as before or as asked for, whole, and the same command finishes.

use super::command::Crash;
use super::invariants::{PASSPHRASES, Picture};
use crate::harness::isolation::isolated;
use crate::harness::outcome;

const KEYS: [&str; 3] = ["ca/root.key", "ca/peer.key", "ca/client.key"];

impl Crash {
    /// A command that is given the passphrase of the keys of CAs.
    fn of_keys(name: &'static str, arguments: &[&str]) -> Self {
        let mut crash = Self::new(name, arguments);
        crash.add("--ca-passphrase-file", &crash.private_file("passphrase", PASSPHRASES[0]));
        crash.make_zone();
        crash
    }

    #[track_caller]
    fn lock(&self) {
        let mut lock = self.zone.command(&["ca", "lock"]);
        let file = self.private_file("passphrase", PASSPHRASES[0]);
        outcome(lock.arg("--ca-passphrase-file").arg(file)).expect_code(0);
    }

    /// `ca status` says this of every key.
    #[track_caller]
    fn assert_keys_are(&self, state: &str, when: &str) {
        let told = self.zone.run(&["ca", "status"]).expect_code(0).stdout;
        assert_eq!(told.matches(state).count(), KEYS.len(), "{when}: {told}");
    }
}

#[test]
fn keys_are_locked() {
    isolated(|| {
        let crash = Crash::of_keys("ca lock", &["ca", "lock"]);
        crash.for_each_step_of(without_keys, |crash, when| {
            crash.again().expect_code(0);
            crash.assert_keys_are("locked", when);
        });
    });
}

#[test]
fn keys_get_another_passphrase() {
    isolated(|| {
        let mut crash = Crash::of_keys("ca lock (another passphrase)", &["ca", "lock"]);
        crash.lock();
        let new = crash.private_file("new-passphrase", PASSPHRASES[1]);
        crash.add("--new-passphrase-file", &new);
        crash.for_each_step_of(without_keys, |crash, when| {
            let again = crash.again();
            // It was interrupted after its last step, and the passphrase is not the old one any more.
            if again.code != 0 {
                assert_eq!(again.code, 77, "{when}: {}", again.stderr);
            }
            crash.assert_keys_are("locked", when);
            let mut unlock = crash.zone.command(&["ca", "unlock"]);
            outcome(unlock.arg("--ca-passphrase-file").arg(&new)).expect_code(0);
        });
    });
}

#[test]
fn keys_are_unlocked() {
    isolated(|| {
        let crash = Crash::of_keys("ca unlock", &["ca", "unlock"]);
        crash.lock();
        crash.for_each_step_of(without_keys, |crash, when| {
            crash.again().expect_code(0);
            crash.assert_keys_are("clear", when);
        });
    });
}

/// Keys are replaced by the same ones, locked or not.
fn without_keys(picture: Picture) -> Picture {
    picture.without(&KEYS)
}
