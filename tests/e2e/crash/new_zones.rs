//! `init`: the same call goes on, or says what moves away what the interrupted one has left.

use std::fs;

use super::command::Crash;
use crate::harness::isolation::isolated;

#[test]
fn init() {
    isolated(|| {
        let arguments =
            ["init", "--name", "example.zone", "--node", "node1=10.0.1.10", "--node", "node2=10.0.1.11"];
        let crash = Crash::new("init", &arguments);
        crash.run_all(|again| {
            // It was interrupted after its last step.
            if again.code != 0 {
                assert!(again.stderr.contains("has its CAs already"), "{}", again.stderr);
            }
        });
    });
}

/// The plane CAs are made below a root that was there.
#[test]
fn init_below_a_root() {
    isolated(|| {
        let crash = Crash::new("init (below a root)", &["init"]);
        crash.make_zone();
        for file in ["peer.crt", "peer.key", "peer.crl", "client.crt", "client.key", "client.crl"] {
            fs::remove_file(crash.zone.file("ca").join(file)).expect("a file of a CA");
        }
        fs::remove_dir_all(crash.zone.file("clients")).expect("what they issued");
        fs::remove_file(crash.zone.file("issued.jsonl")).expect("the log of it");
        crash.run_all(|again| {
            if again.code != 0 && !again.stderr.contains("has its CAs already") {
                assert_eq!(again.code, 66, "{}", again.stderr);
                assert!(again.stderr.contains("if an `init` was interrupted: mv"), "{}", again.stderr);
            }
        });
    });
}
