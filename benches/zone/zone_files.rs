//! Zones to measure with.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use model::config::{Template, TemplateNode};

use crate::{Result, zone_etcd};

/// The zone's name. `.internal` is reserved for private use, so it resolves nowhere.
pub const ZONE_NAME: &str = "bench.internal";

/// Certificates of a member: peer, server, gateway, client.
const CERTIFICATES_OF_A_MEMBER: usize = 4;
/// Certificates of the standard clients: admin, health.
const CERTIFICATES_OF_CLIENTS: usize = 2;

/// How many certificates `pki issue --all` makes for a zone of members only.
pub fn certificates_of(nodes: usize) -> usize {
    nodes * CERTIFICATES_OF_A_MEMBER + CERTIFICATES_OF_CLIENTS
}

/// Describes a zone of members at made-up addresses: nothing is sent to them.
pub fn describe_remote(directory: &Path, nodes: usize) -> Result<()> {
    let node = |index: usize| {
        let [_, high, middle, low] = u32::try_from(index).unwrap_or_default().to_be_bytes();
        member(index, format!("10.{high}.{middle}.{low}"))
    };
    write(
        directory,
        Template {
            zone: ZONE_NAME.to_owned(),
            nodes: (1..=nodes).map(node).collect(),
            pki: Vec::new(),
            etcd: Vec::new(),
        },
    )
}

/// Describes a zone of many nodes at made-up addresses, of which the first three have members.
pub fn describe_many(directory: &Path, nodes: usize) -> Result<()> {
    let mut text = format!("[zone]\nname = \"{ZONE_NAME}\"\n");
    for index in 1..=nodes {
        let [_, high, middle, low] = u32::try_from(index).unwrap_or_default().to_be_bytes();
        let member = index <= 3;
        text.push_str(&format!(
            "\n[[node]]\nname = \"node{index}\"\naddress = \"10.{high}.{middle}.{low}\"\nmember = {member}\n"
        ));
    }
    Ok(std::fs::write(directory.join("zone.toml"), text)?)
}

/// Describes a zone of members on loopback, with free ports, heartbeat and election as given, or etcd's own.
pub fn describe_local(directory: &Path, nodes: usize, timing: Option<(&str, &str)>) -> Result<()> {
    let ports = host::free_ports(3 * nodes)?;
    let node = |(index, ports): (usize, &[u16])| TemplateNode {
        client_port: Some(ports[0]),
        peer_port: Some(ports[1]),
        metrics_port: Some(ports[2]),
        ..member(index + 1, "127.0.0.1".to_owned())
    };
    let etcd = timing.map_or_else(Vec::new, |(heartbeat, election)| {
        vec![("heartbeat".to_owned(), heartbeat.to_owned()), ("election".to_owned(), election.to_owned())]
    });
    let nodes = ports.chunks_exact(3).enumerate().map(node).collect();
    write(directory, Template { zone: ZONE_NAME.to_owned(), nodes, pki: Vec::new(), etcd })
}

fn member(number: usize, address: String) -> TemplateNode {
    TemplateNode {
        name: format!("node{number}"),
        address: Some(address),
        peer_port: None,
        client_port: None,
        metrics_port: None,
        names: Vec::new(),
    }
}

fn write(directory: &Path, template: Template) -> Result<()> {
    Ok(std::fs::write(directory.join("zone.toml"), template.render())?)
}

/// `zone-etcd pki issue --zone DIRECTORY` with further arguments, not started yet.
pub fn issue(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(zone_etcd());
    command.args(["pki", "issue", "--zone"]).arg(directory).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Issues everything that the zone needs.
pub fn issue_all(directory: &Path) -> Result<()> {
    checked(&mut issue(directory, &["--all"])).map(drop)
}

/// Runs a command to its end, and fails with what it said if it failed.
pub fn checked(command: &mut Command) -> Result<Output> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}:\n{}", command.get_program().display(), output.status, said.trim_end())
        .into())
}
