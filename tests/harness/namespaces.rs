//! Machines: a network namespace for each node, on one bridge. To be used in [`super::isolation`], which
//! takes it all away.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::mount::{MsFlags, mount};

use super::outcome;
use super::processes::{Running, until};

/// The machines of a test.
pub struct Network;

impl Network {
    /// A machine for each node, with its address.
    #[track_caller]
    pub fn new(machines: &[(&str, &str)]) -> Self {
        // ip(8) keeps names of namespaces below /run/netns; this /run is seen by this test alone.
        mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>)
            .expect("a /run of its own");
        ip("link add bridge0 type bridge");
        ip("link set bridge0 up");
        let network = Self;
        for (name, address) in machines {
            ip(&format!("netns add {name}"));
            ip(&format!("link add to-{name} type veth peer name eth0 netns {name}"));
            ip(&format!("link set to-{name} master bridge0 up"));
            ip(&format!("-n {name} link set lo up"));
            ip(&format!("-n {name} link set eth0 up"));
            network.add_address(name, address);
        }
        network
    }

    /// Gives a machine one more address.
    #[track_caller]
    pub fn add_address(&self, machine: &str, address: &str) {
        match address.parse().expect("an IP address") {
            IpAddr::V4(_) => ip(&format!("-n {machine} address add {address}/24 dev eth0")),
            // Without nodad the address could not be used for a second, while the kernel asks whether it is
            // taken.
            IpAddr::V6(_) => ip(&format!("-n {machine} address add {address}/64 dev eth0 nodad")),
        }
    }

    /// A machine with loopback alone, which has further addresses.
    #[track_caller]
    pub fn add_isolated(&self, machine: &str, addresses: &[&str]) {
        ip(&format!("netns add {machine}"));
        ip(&format!("-n {machine} link set lo up"));
        addresses.iter().for_each(|address| ip(&format!("-n {machine} address add {address}/32 dev lo")));
    }

    /// Gives this process an address on the network.
    #[track_caller]
    pub fn add_own_address(&self, own: &str) {
        ip(&format!("address add {own}/24 dev bridge0"));
    }

    /// Moves the machines apart: what one sends another has only after `delay`. This process gets an address
    /// of its own, with links that are not delayed. All links are cut when what is returned is killed.
    #[track_caller]
    pub fn far_apart(
        &self,
        machines: &[(&str, &str)],
        own: &str,
        delay: Duration,
        directory: &Path,
    ) -> Running {
        ip("link add to-this type veth peer name this0");
        ip("link set to-this up");
        ip("link set this0 up");
        ip(&format!("address add {own}/24 dev this0"));
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/delay");
        assert!(program.is_file(), "run scripts/clients first");
        let mut command = Command::new(program);
        command.arg(format!("{}ms", delay.as_millis()));
        for (name, _) in machines {
            ip(&format!("link set to-{name} nomaster"));
            command.arg(format!("to-{name}"));
        }
        let links = Running::start(command.arg("to-this"), directory, "links");
        until("the links", || links.stdout().contains("connected").then_some(()));
        links
    }

    /// Makes the connections of a machine come from another of its addresses.
    #[track_caller]
    pub fn send_from(&self, machine: &str, subnet: &str, address: &str) {
        ip(&format!("-n {machine} route replace {subnet} dev eth0 src {address}"));
    }

    /// Cuts a machine off from these addresses, both ways; its own is none of the loss.
    #[track_caller]
    pub fn cut(&self, machine: &str, from: &[&str]) {
        from.iter().for_each(|address| ip(&format!("-n {machine} route add blackhole {address}/32")));
    }

    /// Undoes [`Self::cut`].
    #[track_caller]
    pub fn heal(&self, machine: &str, from: &[&str]) {
        from.iter().for_each(|address| ip(&format!("-n {machine} route del blackhole {address}/32")));
    }

    /// The command as one of a machine. nsenter(1) becomes it, so its process id is the same.
    pub fn on(&self, machine: &str, command: &Command) -> Command {
        let mut placed = Command::new("nsenter");
        placed
            .arg(format!("--net=/run/netns/{machine}"))
            .arg("--")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => placed.env(name, value),
                None => placed.env_remove(name),
            };
        }
        placed
    }

    /// Gives this process an address on the network, at which every machine finds its name server. Their
    /// hosts file knows no other name.
    #[track_caller]
    pub fn ask_name_server_at(&self, own: &str, directory: &Path) {
        self.add_own_address(own);
        bind(&directory.join("hosts"), "127.0.0.1 localhost\n", "/etc/hosts");
        bind(&directory.join("resolv.conf"), &format!("nameserver {own}\n"), "/etc/resolv.conf");
    }

    /// Host names that every machine knows, by a hosts file which this test alone sees. No name server is
    /// known.
    #[track_caller]
    pub fn name_hosts(&self, directory: &Path, hosts: &[(&str, &str)]) {
        let lines = hosts.iter().map(|(address, name)| format!("{address} {name}\n"));
        let text: String = ["127.0.0.1 localhost\n".to_owned()].into_iter().chain(lines).collect();
        bind(&directory.join("hosts"), &text, "/etc/hosts");
        bind(&directory.join("resolv.conf"), "", "/etc/resolv.conf");
    }
}

/// Puts a file of this text over one in /etc, for this test alone.
#[track_caller]
pub fn bind(file: &Path, text: &str, over: &str) {
    fs::write(file, text).expect("a file to mount");
    mount(Some(file), over, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .expect("a mount over a file in /etc");
}

#[track_caller]
fn ip(arguments: &str) {
    let result = outcome(Command::new("ip").args(arguments.split(' ')));
    assert_eq!(result.code, 0, "ip {arguments}: {}", result.stderr);
}
