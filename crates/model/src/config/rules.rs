//! What has to hold between the nodes of a zone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::Path;

use super::address::{Address, Port, Protocol};
use super::document::At;
use super::node::Node;
use super::problem::Problems;
use super::tls::Protection;

/// More members than this slow every write down without making the zone safer in practice.
const MOST_MEMBERS: usize = 7;

/// Notes every contradiction between `nodes`.
pub fn check(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    // A node whose address was misspelt has its name for one, and would contradict nodes that are right.
    let sound = !problems.has_errors();
    check_names(nodes, problems);
    check_data_directories(nodes, problems);
    check_endpoints(nodes, problems);
    if sound {
        check_loopback(nodes, problems);
    }
    check_member_count(nodes, problems);
}

fn check_names(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let mut names = HashSet::with_capacity(nodes.len());
    for node in nodes {
        if !names.insert(node.value.name.full()) {
            let what = format!("two nodes are called `{}`", node.value.name.short());
            problems.error(node.span.clone(), what, "give each node a name of its own");
        }
    }
}

/// Certificates that were made elsewhere are shown to peers as they are: one without names, which a
/// translated address takes, is not among them.
pub fn check_translated(nodes: &[At<Node>], tls: &Protection, problems: &mut Problems<'_>) {
    if !matches!(tls, Protection::Files(_)) {
        return;
    }
    for At { value: node, span } in nodes.iter().filter(|node| node.value.nat) {
        let what = format!(
            "`nat` of {} needs a second certificate, which [tls.files] cannot name",
            node.name.short()
        );
        problems.error(
            span.clone(),
            what,
            "leave `nat` out, and have the address that the others see put into peer_cert",
        );
    }
}

/// Two members of one machine would lock each other out of one data directory.
fn check_data_directories(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let mut taken: HashMap<(Machine<'_>, &Path), &Node> = HashMap::new();
    for At { value: node, span } in nodes {
        let Some(directory) = &node.data_directory else { continue };
        if let Some(other) = taken.get(&(Machine::of(node), directory.as_path())) {
            let what = format!("`data_dir` of {} is that of {}", node.name.short(), other.name.short());
            problems.error(span.clone(), what, "give each member of a machine a directory of its own");
        } else {
            taken.insert((Machine::of(node), directory), node);
        }
    }
}

/// Fills in what follows from all the nodes together.
pub fn fill_in(nodes: &mut [At<Node>]) {
    assign_metrics_ports(nodes);
    // What comes through a gateway comes from the gateway's address, which is in no member's certificate, and
    // that on both sides of it.
    let has_gateways = nodes.iter().any(|node| node.value.member && node.value.protocol == Protocol::Cyfs);
    for At { value: node, .. } in nodes {
        node.dials_without_names = node.nat || has_gateways;
    }
}

/// Gives every member without one a metrics port: the first after its peer port that the description does not
/// use on that machine. It is a default, so it gives way, also to nothing at all if every port up to the last
/// is taken.
fn assign_metrics_ports(nodes: &mut [At<Node>]) {
    let members = nodes.iter().filter(|node| node.value.member);
    let mut taken: BTreeSet<(Address, Port)> =
        members.flat_map(|node| sockets(&node.value)).map(|(_, address, port)| (address, port)).collect();
    for At { value: node, .. } in nodes.iter_mut().filter(|node| node.value.member) {
        if node.metrics_port.is_none() {
            let address = metrics_address(node);
            let mut following = std::iter::successors(node.peer_port.following(), |port| port.following());
            node.metrics_port = following.find(|port| taken.insert((address.clone(), *port)));
        }
    }
}

/// What a member listens on, by the keys of its ports. Addresses tell machines apart.
fn sockets(node: &Node) -> Vec<(&'static str, Address, Port)> {
    let mut sockets = vec![
        ("peer_port", node.address.clone(), node.peer_port),
        ("client_port", node.address.clone(), node.client_port),
    ];
    sockets.extend(node.metrics_port.map(|port| ("metrics_port", metrics_address(node), port)));
    sockets
}

/// Metrics are on 127.0.0.1, as clients are on any other machine beside its address.
fn metrics_address(node: &Node) -> Address {
    match Machine::of(node) {
        Machine::Here => Address::Ip(Ipv4Addr::LOCALHOST.into()),
        Machine::At(address) => address.clone(),
    }
}

/// No two listeners of one machine may share a socket. Two nodes with one address are on one machine, and so
/// are all with loopback addresses, but for those at which other machines have forwards.
fn check_endpoints(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let members: Vec<&At<Node>> = nodes.iter().filter(|node| node.value.member).collect();
    let mut taken: BTreeMap<(Address, Port), String> = BTreeMap::new();
    for (index, At { value: node, span }) in members.iter().enumerate() {
        let mut collides = false;
        for (key, address, port) in sockets(node) {
            let owner = format!("{key} of {}", node.name.short());
            if let Some(other) = taken.insert((address.clone(), port), owner) {
                let what = format!("{address}:{port} is both {other} and {key} of {}", node.name.short());
                problems.error(span.clone(), what, "give this node an address or ports of its own");
                // One message a node: its other ports most likely collide for the same reason.
                collides = true;
                break;
            }
        }
        let sharing = members[..index].iter().find(|other| other.value.address == node.address);
        let Some(sharing) = sharing.map(|other| &other.value) else { continue };
        let has_forwards = node.forward_address().is_some() || sharing.forward_address().is_some();
        if has_forwards && !collides {
            let what = format!("{} is the address of {} as well", node.address, sharing.name.short());
            problems.error(span.clone(), what, "give each cyfs member a loopback address of its own");
        } else if !node.address.is_loopback() {
            let what = format!("two members share the machine {}", node.address);
            problems.warning(
                span.clone(),
                what,
                "one failure takes both: put each member on a machine of its own",
            );
        }
    }
}

/// What tells machines apart, as far as their addresses do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Machine<'n> {
    /// This one, whichever loopback address is written.
    Here,
    At(&'n Address),
}

impl<'n> Machine<'n> {
    fn of(node: &'n Node) -> Self {
        let is_here = node.address.is_loopback() && node.forward_address().is_none();
        if is_here { Self::Here } else { Self::At(&node.address) }
    }
}

fn check_loopback(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let members = || nodes.iter().filter(|node| node.value.member);
    if members().all(|node| Machine::of(&node.value) == Machine::Here) {
        return;
    }
    for At { value: node, span } in members().filter(|node| Machine::of(&node.value) == Machine::Here) {
        let what = format!(
            "{} is reached by no other machine, but other members are on other addresses",
            node.address
        );
        let instead = match node.protocol {
            Protocol::Https => "write the address at which the other nodes reach this one",
            Protocol::Cyfs => {
                "write a loopback address that no other node has, such as 127.0.1.4, at which every other \
                 host has forwards to this one"
            }
        };
        problems.error(span.clone(), what, instead);
    }
}

fn check_member_count(nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let members: Vec<&At<Node>> = nodes.iter().filter(|node| node.value.member).collect();
    let Some(last) = members.last() else {
        if let Some(first) = nodes.first() {
            let what = "no node runs a member: every one has `member = false`";
            problems.error(
                first.span.clone(),
                what,
                "remove `member = false` from one, three or five of them",
            );
        }
        return;
    };
    let count = members.len();
    if count.is_multiple_of(2) {
        let survived = match (count - 1) / 2 {
            0 => "no failure".to_owned(),
            1 => "1 failure".to_owned(),
            failures => format!("{failures} failures"),
        };
        let what = format!("{count} members survive {survived}, as {} would", count - 1);
        problems.warning(
            last.span.clone(),
            what,
            "run an odd number: add a node, or give one `member = false`",
        );
    } else if count > MOST_MEMBERS {
        let what = format!("{count} members make every write wait for {}", count / 2 + 1);
        problems.warning(
            last.span.clone(),
            what,
            "run three or five members, and give the other nodes `member = false`",
        );
    }
}
