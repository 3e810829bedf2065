//! Members by a registry in the etcd of another zone: beside bare members by `--discovery-token`, and refused
//! where a registry is not what it should be.

use std::fs;
use std::path::Path;

use super::Machines;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, listed};
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle, zone_etcd};

const MACHINES: [(&str, &str); 4] =
    [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12"), ("service", "10.0.1.20")];

/// The etcd that has the registries, and the machines of a zone to be founded.
struct Service {
    machines: Machines,
    zone: TestZone,
    _member: Running,
}

impl Service {
    #[track_caller]
    fn new() -> Self {
        let machines = Machines::new(&MACHINES);
        let zone = TestZone::init("other.zone", &["service=10.0.1.20"]);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let mut run = zone_etcd(["run", "--node", "service", "--zone"]);
        run.arg(zone.file("")).arg("--etcd").arg(bundle("3.7.3").join("etcd"));
        let mut member = Running::start(&mut machines.network.on("service", &run), zone.around(), "service");
        member.wait_for_line(&["ready to serve client requests"]);
        Self { machines, zone, _member: member }
    }

    /// A command of the zone that has the registries, on its machine.
    #[track_caller]
    fn discovery(&self, arguments: &[&str]) -> String {
        let mut ours = zone_etcd(["discovery"]);
        ours.args(arguments).arg("--zone").arg(self.zone.file(""));
        crate::harness::outcome(&mut self.machines.network.on("service", &ours)).expect_code(0).stdout
    }

    #[track_caller]
    fn create(&self, token: &str, size: &str) {
        self.discovery(&["create", "--token", token, "--size", size]);
    }

    /// Writes into a registry what others may write.
    #[track_caller]
    fn write(&self, key: &str, value: &str) {
        let mut etcdctl = crate::harness::members::etcdctl(&self.zone, "https://10.0.1.20:2379");
        etcdctl.args(["put", &format!("/_etcd/registry/{key}"), value]);
        crate::harness::outcome(&mut self.machines.network.on("service", &etcdctl)).expect_code(0);
    }

    fn access(&self) -> String {
        let file =
            |name: &str| Path::new(&self.zone.file("clients/admin/current")).join(name).display().to_string();
        format!(
            "ca = \"{}\"\ncert = \"{}\"\nkey = \"{}\"\n",
            file("ca.crt"),
            file("client.crt"),
            file("client.key")
        )
    }

    #[track_caller]
    fn configure(&self, name: &str, token: &str, size: u32, more: &str) {
        let (_, address) = MACHINES.iter().find(|(known, _)| *known == name).expect("a machine");
        let access = self.access();
        self.machines.boot_config(
            name,
            &format!(
                "[discovery]\ntoken = \"{token}\"\nendpoints = [\"https://10.0.1.20:2379\"]\nsize = {size}\n\
                 address = \"{address}\"\n{access}{more}"
            ),
        );
    }

    /// A member by etcd's own discovery.
    #[track_caller]
    fn bare(&self, name: &str, version: &str, token: &str) -> Running {
        let (_, address) = MACHINES.iter().find(|(known, _)| *known == name).expect("a machine");
        let file =
            |name: &str| Path::new(&self.zone.file("clients/admin/current")).join(name).display().to_string();
        self.machines.bare(
            name,
            version,
            &[
                format!("--initial-advertise-peer-urls=https://{address}:2380"),
                format!("--discovery-token={token}"),
                "--discovery-endpoints=https://10.0.1.20:2379".to_owned(),
                format!("--discovery-cacert={}", file("ca.crt")),
                format!("--discovery-cert={}", file("client.crt")),
                format!("--discovery-key={}", file("client.key")),
            ],
        )
    }
}

/// Two that this program starts and one that finds the others by itself are one cluster.
fn founds(version: &str, with_bare: bool) {
    let service = Service::new();
    service.create("blue", "3");
    let machines = &service.machines;
    ["infra0", "infra1", "infra2"].iter().for_each(|name| service.configure(name, "blue", 3, ""));
    machines
        .call("infra0", "plan")
        .expect_code(69)
        .expect_error_with(&["the registry blue is not complete", "no member has registered"]);
    let mut first = machines.run("infra0", version);
    first.wait_for_line(&["waiting at the registry blue", "infra0 has registered", "2 members are to come"]);
    machines.call("infra1", "plan").expect_code(69).expect_error_with(&["infra0 has registered"]);
    let mut members = vec![first];
    if with_bare {
        members.push(service.bare("infra2", version, "blue"));
    } else {
        members.push(machines.run("infra2", version));
    }
    members.push(machines.run("infra1", version));
    machines.wait_for_all(&["infra0", "infra1", "infra2"]);
    let mut names: Vec<String> =
        listed(&machines.client("infra0")).into_iter().map(|(name, ..)| name).collect();
    names.sort();
    assert_eq!(names, ["infra0", "infra1", "infra2"]);
    let plan = machines.plan("infra0", version).expect_code(0).stdout;
    for (_, id, _) in listed(&machines.client("infra0")) {
        assert!(plan.contains(&id), "{id} is not planned:\n{plan}");
    }
    // The token is used up, also for one that has lost everything and finds itself registered.
    call(&machines.client("infra1"), &["put", "written", "before"]).expect_code(0);
    drop(members.remove(0));
    for lost in ["data", "pki"] {
        let _ = fs::remove_dir_all(machines.directory("infra0").join(lost));
    }
    for lost in ["state.json", "high-water.json", "member-list.json"] {
        let _ = fs::remove_file(machines.directory("infra0").join(lost));
    }
    machines.call("infra0", "run").expect_code(65).expect_error_with(&["has run, and its data is not here"]);
}

#[test]
fn members_beside_one_of_etcds_own_discovery_on_3_7() {
    isolated(|| founds("3.7.3", true));
}

#[test]
fn members_beside_one_of_etcds_own_discovery_on_3_6() {
    isolated(|| founds("3.6.16", true));
}

/// The start that registers is the one that is decided on, also under `boot`.
#[test]
fn a_node_that_boots_registers_beside_bare_members() {
    isolated(|| {
        let service = Service::new();
        service.create("green", "3");
        let machines = &service.machines;
        service.configure("infra0", "green", 3, "");
        let mut command = machines.command("infra0", "boot");
        command.arg("--etcd").arg(bundle("3.7.3").join("etcd"));
        let mut node = Running::start(&mut command, machines.around(), "boot-infra0");
        node.wait_for_line(&["3/6 zone-document: the member registers, in step 4"]);
        node.wait_for_line(&["waiting at the registry green", "infra0 has registered"]);
        let _bare = ["infra1", "infra2"].map(|name| service.bare(name, "3.7.3", "green"));
        node.wait_for_line(&["6/6 processes"]);
        machines.wait_for_all(&["infra0", "infra1", "infra2"]);
        node.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(node.end().code(), Some(0), "{}", node.stderr());
    });
}

/// The entry proves that the member never ran to the start that has written it, and to no later one: by then
/// it may have run, and lost what it had.
#[test]
fn a_second_start_is_no_first_registration() {
    isolated(|| {
        let service = Service::new();
        service.create("red", "3");
        let machines = &service.machines;
        service.configure("infra0", "red", 3, "wait = \"1s\"\n");
        machines.call("infra0", "run").expect_code(69).expect_error_with(&["infra0 has registered"]);
        let _bare = ["infra1", "infra2"].map(|name| service.bare(name, "3.7.3", "red"));
        machines.wait_for_all(&["infra1", "infra2"]);
        machines.call("infra0", "run").expect_code(65).expect_error_with(&[
            "was bootstrapped before, and this node has no record of it",
            "--never-ran",
        ]);
        // The word of the operator, and that of both others, that it has not run.
        let _member = machines.run_with("infra0", "3.7.3", &["--never-ran"]);
        machines.wait_for_all(&["infra0"]);
    });
}

/// etcd 3.5 knows nothing of this discovery, and is given a list as well.
#[test]
fn members_of_3_5() {
    isolated(|| founds("3.5.35", false));
}

#[test]
fn registries_that_are_not_as_they_should_be() {
    isolated(|| {
        let service = Service::new();
        let machines = &service.machines;
        let refused = |token: &str, size: u32, code: i32, errors: &[&str]| {
            service.configure("infra0", token, size, "wait = \"2s\"\n");
            for command in ["plan", "run"] {
                machines.call("infra0", command).expect_code(code).expect_error_with(errors);
            }
        };
        refused("never-made", 3, 66, &["there is no registry never-made", "discovery create --size 3"]);

        service.create("other-size", "5");
        refused("other-size", 3, 65, &["it is for 5 members, and `size` is 3"]);

        service.create("closed", "3");
        service.discovery(&["close", "closed", "--yes"]);
        refused("closed", 3, 65, &["it was closed"]);

        service.write("no-size/members/1234", "infra1=https://10.0.1.11:2380");
        refused("no-size", 3, 65, &["it has no size"]);

        service.create("foreign", "3");
        service.write("foreign/members/1234", "infra1=https://10.0.1.11:2380");
        refused("foreign", 3, 65, &["infra1 is registered as 1234, and its URLs make"]);
        service.write("foreign/members/99", "\u{1b}[31m");
        refused("foreign", 3, 65, &["is no member"]);

        // The place of this node, by another name; and its name, at another place.
        service.create("taken", "3");
        service.configure("infra0", "taken", 3, "wait = \"1s\"\n");
        machines.call("infra0", "run").expect_code(69).expect_error_with(&["infra0 has registered"]);
        let registered = service.discovery_shown("taken");
        let id = registered["members"][0]["id"].as_str().expect("an id").to_owned();
        service.write(&format!("taken/members/{id}"), "infra9=https://10.0.1.10:2380");
        refused("taken", 3, 65, &[&format!("the entry {id} of this node is"), "infra9"]);

        // Full without this node.
        service.create("full", "1");
        service.configure("infra1", "full", 1, "");
        let mut one = machines.run("infra1", "3.7.3");
        machines.wait_for_all(&["infra1"]);
        refused("full", 1, 65, &["it is full, without this node: infra1"]);
        one.stop();

        // Nothing that answers, and nobody else that comes.
        service.create("alone", "2");
        service.configure("infra0", "alone", 2, "wait = \"1s\"\n");
        machines.call("infra0", "run").expect_code(69).expect_error_with(&["one member is to come"]);
        let text = fs::read_to_string(machines.directory("infra0").join("boot.toml")).expect("boot.toml");
        machines.boot_config("infra0", &text.replace("10.0.1.20:2379", "10.0.1.20:4"));
        machines
            .call("infra0", "plan")
            .expect_code(69)
            .expect_error_with(&["the discovery service does not answer", "https://10.0.1.20:4"]);
        assert!(!machines.directory("infra0").join("member-list.json").exists(), "nothing was accepted");
    });
}

impl Service {
    #[track_caller]
    fn discovery_shown(&self, token: &str) -> serde_json::Value {
        let mut ours = zone_etcd(["discovery", "show", token, "-o", "json"]);
        ours.arg("--zone").arg(self.zone.file(""));
        let told = crate::harness::outcome(&mut self.machines.network.on("service", &ours));
        serde_json::from_str(&told.stdout).expect("JSON")
    }
}
