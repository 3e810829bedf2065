//! Members that `run` starts, and etcdctl beside them.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::processes::{Running, until};
use super::{Outcome, TestZone, bundle, outcome, zone_etcd};

/// `zone.toml` for members on 127.0.0.1, the first on etcd's own ports; `more` is added at its end. Loopback
/// answers at once, so the intervals are as small as etcd takes them.
pub fn loopback_zone(members: u16, more: &str) -> TestZone {
    TestZone::described(&loopback_text("example.zone", members, more))
}

/// The text for [`loopback_zone`].
pub fn loopback_text(name: &str, members: u16, more: &str) -> String {
    let mut text = format!("[zone]\nname = \"{name}\"\n");
    for number in 0..members {
        let (client, peer) = (2379 + 10 * number, 2380 + 10 * number);
        text += &format!("[[node]]\nname = \"node{}\"\naddress = \"127.0.0.1\"\n", number + 1);
        text += &format!("client_port = {client}\npeer_port = {peer}\n");
    }
    let etcd = "[etcd]\nheartbeat = \"10ms\"\nelection = \"100ms\"\n";
    if more.contains("[etcd]") { text + &more.replace("[etcd]\n", etcd) } else { text + more + etcd }
}

/// `run` for a node.
pub fn run_command(zone: &TestZone, node: &str, flags: &[&str]) -> Command {
    let mut command =
        zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--node", node, "--zone"]);
    command.arg(zone.path());
    if !flags.is_empty() {
        command.arg("--").args(flags);
    }
    command
}

/// Starts the member of a node.
#[track_caller]
pub fn start(zone: &TestZone, node: &str) -> Running {
    Running::start(&mut run_command(zone, node, &[]), zone.around(), node)
}

/// Starts the members of these nodes, all at once. `place` puts the command where the node is.
#[track_caller]
pub fn start_together(
    zone: &TestZone,
    nodes: &[&str],
    place: impl Fn(&str, Command) -> Command,
) -> Vec<Running> {
    let start = |node: &&str| {
        let mut command = place(node, run_command(zone, node, &[]));
        Running::start(&mut command, zone.around(), node)
    };
    nodes.iter().map(start).collect()
}

/// Starts the members of these nodes, which found their cluster without the others: these never ran.
#[track_caller]
pub fn found_without(zone: &TestZone, nodes: &[&str], others: &[&str]) -> Vec<Running> {
    let without: Vec<&str> = others.iter().flat_map(|other| ["--found-without", other]).collect();
    let mut members = start_together(zone, nodes, |_, mut command| {
        command.args(&without);
        command
    });
    wait_until_serving(&mut members);
    members
}

/// Ends them all at once, as a loss of power does: a leader that is asked to end hands over first, and
/// another term begins.
pub fn kill_all(mut members: Vec<Running>) {
    members.iter().for_each(|member| member.signal(Signal::SIGKILL));
    for member in &mut members {
        member.end();
    }
}

/// A zone on loopback whose members all take requests.
#[track_caller]
pub fn start_on_loopback(zone: &TestZone, nodes: &[&str]) -> Vec<Running> {
    let mut members = start_together(zone, nodes, |_, command| command);
    wait_until_serving(&mut members);
    for number in 0..nodes.len() {
        wait_for_quorum(&etcdctl(zone, &format!("https://127.0.0.1:{}", 2379 + 10 * number)));
    }
    members
}

/// Waits until the members serve clients, which they do once there is a quorum. Panics if one ends before.
#[track_caller]
pub fn wait_until_serving(members: &mut [Running]) {
    for member in members {
        member.wait_for_line(&["\"serving client traffic securely\""]);
    }
}

/// A zone of one member on loopback, which takes requests.
#[track_caller]
pub fn start_alone(zone: &TestZone) -> Running {
    start_on_loopback(zone, &["node1"]).remove(0)
}

/// etcdctl as the administrator, with the settings that `env` prints, but for one endpoint. A call costs a
/// process, so the settings are read once and cloned with [`again`].
#[track_caller]
pub fn etcdctl(zone: &TestZone, endpoint: &str) -> Command {
    let settings = zone.run(&["env"]).expect_code(0).stdout;
    let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
    for line in settings.lines() {
        let (name, value) =
            line.strip_prefix("export ").and_then(|line| line.split_once('=')).expect("a setting");
        command.env(name, value.trim_matches('\''));
    }
    command.env("ETCDCTL_ENDPOINTS", endpoint);
    command.env("ETCDCTL_DIAL_TIMEOUT", "2s").env("ETCDCTL_COMMAND_TIMEOUT", "2s");
    command
}

/// The same command once more, with further arguments.
pub fn again(command: &Command, arguments: &[&str]) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args()).args(arguments);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => copy.env(name, value),
            None => copy.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        copy.current_dir(directory);
    }
    copy
}

/// Runs a command with further arguments to its end.
#[track_caller]
pub fn call(command: &Command, arguments: &[&str]) -> Outcome {
    outcome(&mut again(command, arguments))
}

/// Writes a MiB at a time until etcd takes no more and has raised the alarm.
#[track_caller]
pub fn fill_database(zone: &TestZone, etcdctl: &Command) {
    let value = zone.around().join("value");
    fs::write(&value, "x".repeat(1 << 20)).expect("a value");
    let mut key = 0;
    until("the quota to be reached", || {
        key += 1;
        let mut put = again(etcdctl, &["put", &format!("key{key}")]);
        put.stdin(fs::File::open(&value).expect("the value"));
        // On a busy machine a write may end in a time-out before it comes to that.
        outcome(&mut put).stderr.contains("database space exceeded").then_some(())
    });
    // The write is refused first, and the alarm goes through the log.
    until("the alarm", || call(etcdctl, &["alarm", "list"]).stdout.contains("NOSPACE").then_some(()));
}

/// `etcdctl member` with further arguments, until the list is as it asks for.
///
/// etcd refuses while its members have not been connected for five seconds. On a busy machine a call may also
/// end without an answer, and etcd carry it out all the same: the next one is told so
/// (`api/v3rpc/rpctypes/error.go`).
#[track_caller]
pub fn change_members(etcdctl: &Command, arguments: &[&str]) {
    const DONE: [&str; 3] =
        ["Peer URLs already exists", "member not found", "can only promote a learner member"];
    let mut asked_before = false;
    until(&format!("etcdctl member {arguments:?}"), || {
        let told = call(etcdctl, &[&["member"], arguments].concat());
        let done = asked_before && DONE.iter().any(|text| told.stderr.contains(text));
        asked_before = true;
        (told.code == 0 || done).then_some(())
    });
}

/// Waits until a read through the quorum succeeds.
#[track_caller]
pub fn wait_for_quorum(etcdctl: &Command) {
    until("a read through the quorum", || (call(etcdctl, &["get", "nothing"]).code == 0).then_some(()));
}

/// What `plan` says, as JSON.
#[track_caller]
pub fn plan(zone: &TestZone, node: &str) -> Value {
    let text = zone.run(&["plan", "--node", node, "--format", "json"]).expect_code(0).stdout;
    serde_json::from_str(&text).expect("the plan is JSON")
}

/// Asserts that the cluster has the ids that `plan` computed, and that every member of the plan is a started
/// one.
#[track_caller]
pub fn assert_ids_as_planned(etcdctl: &Command, plan: &Value) {
    let text = call(etcdctl, &["member", "list", "--write-out", "json", "--hex"]).expect_code(0).stdout;
    let listed: Value = serde_json::from_str(&text).expect("etcdctl prints JSON");
    let id = |value: &Value| {
        value.as_str().expect("an id").trim_start_matches("0x").trim_start_matches('0').to_owned()
    };
    let mut actual: Vec<(String, String)> = listed["members"]
        .as_array()
        .expect("members")
        .iter()
        // A member has a name once it has published it itself.
        .map(|member| (member["name"].as_str().expect("a started member").to_owned(), id(&member["ID"])))
        .collect();
    actual.sort();
    let planned: Vec<(String, String)> = plan["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| (member["name"].as_str().expect("a name").to_owned(), id(&member["id"])))
        .collect();
    assert_eq!(actual, planned);
    assert_eq!(id(&listed["header"]["cluster_id"]), id(&plan["cluster_id"]));
}

/// A file of `/proc/PID` whose entries end with a zero byte, as lines.
pub fn process_lines(pid: u32, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).expect("the process runs");
    let text = String::from_utf8(bytes).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// The certificate of `admin` is that of the user `root`, from whom nobody can take its role.
#[track_caller]
pub fn turn_authentication_on(zone: &TestZone) {
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    let calls: [&[&str]; 3] = [
        &["user", "add", "root", "--no-password"],
        &["user", "grant-role", "root", "root"],
        &["auth", "enable"],
    ];
    for arguments in calls {
        call(&client, arguments).expect_code(0);
    }
}

/// Its members by etcd's own list: name, id, whether it is a learner.
#[track_caller]
pub fn listed(etcdctl: &Command) -> Vec<(String, String, bool)> {
    let text = call(etcdctl, &["member", "list"]).expect_code(0).stdout;
    let fields = text.lines().map(|line| line.split(", ").map(str::to_owned).collect::<Vec<_>>());
    fields.map(|fields| (fields[2].clone(), fields[0].clone(), fields[5] == "true")).collect()
}

/// The id of the member of this name.
#[track_caller]
pub fn id_of(etcdctl: &Command, name: &str) -> String {
    let members = listed(etcdctl);
    members.into_iter().find(|(listed, ..)| listed == name).map(|(_, id, _)| id).expect("a listed member")
}

/// Has the member of this name lead. The endpoints are those of all members.
#[track_caller]
pub fn make_leader(etcdctl: &Command, name: &str) {
    let id = id_of(etcdctl, name);
    until(&format!("{name} to lead"), || {
        let told = call(etcdctl, &["move-leader", &id]);
        // It is no leader's to hand over to itself.
        (told.code == 0 || told.stderr.contains("already leader")).then_some(())
    });
}
