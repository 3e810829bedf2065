//! Does what a refusal says, word for word.

use std::process::Command;

use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone, bundle, outcome, program};

/// Runs the commands of a refusal's next step, down to the line where another case begins. Returns the member that they start.
#[track_caller]
pub(super) fn do_as_told(zone: &TestZone, node: &str, refusal: &Outcome) -> Running {
    let next = refusal.stderr.split("next: ").nth(1).expect("a next step");
    let of_this_case = next.lines().take_while(|line| !line.trim_start().starts_with("only if"));
    let commands: Vec<&str> = of_this_case
        .map(str::trim)
        .filter(|line| line.starts_with("zone-etcd ") || line.starts_with("mv "))
        .collect();
    assert!(!commands.is_empty(), "no commands in:\n{next}");
    let mut added = String::from("none was added");
    let mut member = None;
    for line in commands {
        let told = line.replace(" promote ID", &format!(" promote {added}"));
        if told.starts_with("zone-etcd run ") {
            let told = format!("exec {told} --end-with-parent {}", std::process::id());
            member = Some(Running::start(&mut shell(&told), zone.around(), node));
            continue;
        }
        // A cluster takes a change once its members have been connected for some seconds, and a learner when it has caught up.
        let done = until(&told, || {
            let result = outcome(&mut shell(&told));
            if let Some(member) = &mut member {
                assert!(Running::is_alive(member), "the member has ended:\n{}", member.stderr());
            }
            (result.code == 0).then_some(result)
        });
        if let Some(id) = done.stdout.strip_prefix("Member ").filter(|_| told.contains(" member add ")) {
            // A short id is padded with a space.
            added = id.trim_start().split(' ').next().expect("an id").to_owned();
        }
    }
    member.expect("one of the commands starts the member")
}

fn shell(text: &str) -> Command {
    let programs = [program().parent().expect("a directory").to_owned(), bundle("3.7.3")];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = programs.into_iter().chain(std::env::split_paths(&inherited));
    let mut command = Command::new("bash");
    command.arg("-c").arg(text).env("PATH", std::env::join_paths(path).expect("PATH")).env("NO_COLOR", "1");
    for name in ["ZONE_ETCD_ZONE", "ZONE_ETCD_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name);
    }
    command
}
