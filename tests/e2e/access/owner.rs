//! Root works on the zone of a user: what that user has written there is no command for root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::programs::write_program;
use crate::harness::supervised::Supervised;
use crate::harness::{outcome, program, zone_etcd};

/// Who owns the zone. No user of this machine has the number.
const OWNER: &str = "4711";

/// It says who it is, and whether it could be root.
const SCRIPT: &str = r#"#!/bin/sh
grep -E '^(Uid|Gid|Groups):' /proc/self/status >> LOG
setpriv --reuid 0 --regid 0 --clear-groups true 2> /dev/null && echo "became root" >> LOG
setpriv --regid 0 --clear-groups true 2> /dev/null && echo "became the group of root" >> LOG
exec PROGRAM "$@"
"#;

#[test]
fn no_command_of_a_user_can_become_root_again() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    isolated(|| {
        let place = std::env::temp_dir().join("nodes");
        fs::create_dir(&place).expect("a directory");
        let (script, log) = (place.join("reach"), place.join("log"));
        let access = format!(
            "[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\nlimit = \"20s\"\n",
            script.display(),
            place.display()
        );
        let zone = loopback_zone(1, &access);
        let text = SCRIPT
            .replace("LOG", &log.display().to_string())
            .replace("PROGRAM", &program().display().to_string());
        write_program(&script, text);
        for directory in zone.around().ancestors().take(2) {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        fs::write(&log, "").expect("a log");
        for owned in [&place, &zone.path()] {
            // The group of the directory stays that of root, as `chown USER` leaves it.
            outcome(Command::new("chown").args(["-R", OWNER]).arg(owned)).expect_code(0);
        }
        let mut run = Command::new("setpriv");
        run.args(["--reuid", OWNER, "--regid", OWNER, "--clear-groups", "--"]);
        let own = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
        run.arg(own.get_program()).args(own.get_args()).arg(place.join("node1/node.json"));
        let member = Supervised::start(run, zone.around().to_owned(), "node1");
        member.wait_for_line(&["\"serving client traffic securely\""]);

        zone.run(&["restart", "--rolling"]).expect_code(0);
        assert_eq!(member.starts(), 2);
        let said = fs::read_to_string(&log).expect("what it said");
        assert!(said.contains("Uid:") && !said.contains("became"), "{said}");
        for line in said.lines() {
            let (what, ids) = line.split_once(':').expect("a line of /proc/self/status");
            let expected: &[&str] = if what == "Groups" { &[] } else { &[OWNER; 4] };
            assert_eq!(ids.split_whitespace().collect::<Vec<_>>(), expected, "{said}");
        }
    });
}
