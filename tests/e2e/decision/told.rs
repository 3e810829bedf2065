//! Does what a refusal says, word for word.

use std::process::Command;

use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, bundle, outcome, program};

/// Runs the commands of a refusal's next step, down to the line where another case begins. Returns the member
/// that they start.
#[track_caller]
pub(super) fn do_as_told(zone: &TestZone, node: &str, refusal: &Outcome) -> Running {
    let next = refusal.stderr.split("next: ").nth(1).expect("a next step");
    let of_this_case = next.lines().take_while(|line| !line.trim_start().starts_with("only if"));
    let commands: Vec<&str> = of_this_case
        .map(str::trim)
        .filter(|line| line.starts_with("zone-etcd ") || line.starts_with("mv "))
        .collect();
    assert!(!commands.is_empty(), "no commands in:\n{next}");
    let (mut member, mut changing) = (None, None);
    for line in commands {
        if line.starts_with("zone-etcd member ") {
            // An operator is asked, and the command waits for the start.
            let told = line.replace("member replace ", "member replace --yes ");
            let mut first = Running::start(&mut shell(&format!("exec {told}")), zone.around(), "changing");
            first.wait_for_line(&["has to be started"]);
            changing = Some(first);
        } else if line.starts_with("zone-etcd run ") {
            let told = format!("exec {line} --end-with-parent {}", std::process::id());
            member = Some(Running::start(&mut shell(&told), zone.around(), node));
        } else {
            outcome(&mut shell(line)).expect_code(0);
        }
    }
    let mut member = member.expect("one of the commands starts the member");
    if let Some(mut changing) = changing {
        let ended = changing.end();
        assert!(ended.success(), "{}", changing.stderr());
        assert!(member.is_alive(), "the member has ended:\n{}", member.stderr());
    }
    member
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
