//! `boot`: the six steps, on three machines that know nothing of each other but where to ask.

mod endings;
mod stalled;
mod whole_zone;

use std::process::Command;

use crate::found_members::Machines;
use crate::harness::bundle;
use crate::harness::processes::Running;

/// Starts a node with its `boot.toml`.
#[track_caller]
fn boot(machines: &Machines, name: &str) -> Running {
    let mut command = machines.command(name, "boot");
    command.arg("--etcd").arg(bundle("3.7.3").join("etcd"));
    Running::start(&mut command, machines.around(), &format!("boot-{name}"))
}

/// A process of step 6 that writes a key and stays.
fn writer(name: &str) -> String {
    let etcdctl = bundle("3.7.3").join("etcdctl");
    format!(
        "[[process]]\nname = \"writer\"\ncommand = \"/bin/sh\"\n\
         args = [\"-c\", \"{} put from-{name} $ZONE_NAME && echo written && exec sleep 1000\"]\n",
        etcdctl.display()
    )
}

/// What a key has.
#[track_caller]
fn read(client: &Command, key: &str) -> String {
    let read = crate::harness::members::call(client, &["get", key, "--print-value-only"]);
    read.expect_code(0).stdout.trim().to_owned()
}
