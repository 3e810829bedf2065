//! Output of `boot` that is not read.

use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::endings::with_list;
use super::{boot, read, writer};
use crate::harness::bundle;
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, children_of, processes_named, until};

/// Etcd among the children of a process.
fn etcd_of(pid: u32) -> Option<u32> {
    let running = processes_named("etcd");
    children_of(pid).into_iter().find(|child| running.contains(child))
}

#[test]
fn a_reader_that_stalls_holds_nothing_up() {
    isolated(|| {
        let machines = with_list();
        let chatty = "[[process]]\nname = \"chatty\"\ncommand = \"/bin/sh\"\n\
                      args = [\"-c\", \"while :; do printf '%01000d\\\\n' 0 || exit; done\"]\n";
        machines.boot_config("infra0", &format!("{}{chatty}", writer("infra0")));
        let _others: Vec<Running> = ["infra1", "infra2"].iter().map(|name| boot(&machines, name)).collect();
        let (reader, output) = std::io::pipe().expect("a pipe");
        let mut command = machines.command("infra0", "boot");
        command.arg("--etcd").arg(bundle("3.7.3").join("etcd")).stderr(output);
        let mut node = command.spawn().expect("it starts");
        drop(command);
        let client = machines.client("infra1");
        until("a written key", || (read(&client, "from-infra0") == "example.zone").then_some(()));
        let first = until("etcd", || etcd_of(node.id()));
        until("a full pipe", || {
            (rustix::io::ioctl_fionread(&reader).expect("a count") > 60 << 10).then_some(())
        });

        kill(Pid::from_raw(first as i32), Signal::SIGKILL).expect("it runs");
        until("etcd again", || etcd_of(node.id()).filter(|again| *again != first));
        let mut lines = BufReader::new(reader.try_clone().expect("the pipe")).lines();
        let told = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("lines are lost")));
        assert!(told.is_some());

        // Nothing reads it again.
        until("a full pipe", || {
            (rustix::io::ioctl_fionread(&reader).expect("a count") > 60 << 10).then_some(())
        });
        kill(Pid::from_raw(node.id() as i32), Signal::SIGTERM).expect("it runs");
        let status = until("its end", || node.try_wait().expect("it can be waited for"));
        assert_eq!(status.code(), Some(0));
    });
}
