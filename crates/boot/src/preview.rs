//! The steps as they would be, for `--dry-run`. Nothing is started or written, also at a registry.

use serde::Serialize;
use zone_pki::ShowPath;

use model::config::{LocalConfig, ProcessConfig};
use model::error::Result;
use store::node_directory::NodeDirectory;

use super::node::Node;
use super::{Options, Step, service};

/// A step, and what it would do. Fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedStep {
    /// From 1 to 6.
    pub number: usize,
    /// Its name.
    pub name: &'static str,
    /// What it would do, one thing each.
    pub does: Vec<String>,
}

/// The steps of a start.
///
/// # Errors
/// The local config or boot.toml is wrong. A list of members that is not found now is no failure: it may be
/// by then, and the step says why.
pub fn preview(options: &Options) -> Result<Vec<PlannedStep>> {
    let node = Node::read(&options.config)?;
    node.tell_warnings();
    let steps = Step::ALL.into_iter().filter(|step| *step <= options.until);
    steps
        .map(|step| {
            let does = match step {
                Step::LocalConfig => vec![node.source().to_owned()],
                Step::Nameservice => nameservice(&node)?,
                Step::ZoneDocument => vec![members(&node)],
                Step::Etcd => etcd(&node, options)?,
                Step::Provider => provider(&node)?,
                Step::Processes => node.boot.processes.iter().map(started).collect(),
            };
            Ok(PlannedStep { number: step.number(), name: step.as_str(), does })
        })
        .collect()
}

fn nameservice(node: &Node) -> Result<Vec<String>> {
    let Some(settings) = node.boot.nameservice.as_ref().filter(|_| node.looks_for_members()) else {
        return Ok(Vec::new());
    };
    Ok(service::process(settings)?.iter().map(started).collect())
}

fn started(process: &ProcessConfig) -> String {
    format!("starts {}: {}", process.name, process.command.join(" "))
}

fn members(node: &Node) -> String {
    if !node.looks_for_members() {
        return "not needed: the members are known".to_owned();
    }
    match node.find_members(false) {
        Ok(list) => {
            let names: Vec<&str> = list.members.iter().map(|member| member.name.short()).collect();
            format!("{} by {}", names.join(", "), list.source)
        }
        Err(failure) => {
            format!("not found now: {}", [vec![failure.what], failure.causes].concat().join("; "))
        }
    }
}

fn etcd(node: &Node, options: &Options) -> Result<Vec<String>> {
    let arguments: String = options.run_arguments.iter().map(|argument| format!(" {argument}")).collect();
    let runs = format!("runs zone-etcd run --config {}{arguments}", node.file.shown());
    let waits = "waits until the zone takes requests".to_owned();
    let has_member = match node.looks_for_members() {
        false => has_member(node)?,
        true => true,
    };
    let gateway = node.boot.gateway.iter().filter(|gateway| !gateway.command.is_empty());
    let mut does: Vec<String> =
        gateway.map(|gateway| started(&service::gateway(gateway.command.clone()))).collect();
    does.extend(has_member.then_some(runs));
    does.push(waits);
    Ok(does)
}

fn has_member(node: &Node) -> Result<bool> {
    let LocalConfig { name, zone, .. } = &node.local;
    match zone {
        Some(zone) => Ok(zone.node(name.as_str()).is_some()),
        None => Ok(NodeDirectory::open(&node.file)?.node()?.member),
    }
}

fn provider(node: &Node) -> Result<Vec<String>> {
    let Some(settings) = &node.boot.nameservice else { return Ok(Vec::new()) };
    let mut does = vec![format!("writes {}", node.paths.root().join(&settings.provider).shown())];
    if let Some(process) = service::process(settings)? {
        does.push(match node.looks_for_members() {
            true => format!("has {} take it into use", process.name),
            false => started(&process),
        });
    }
    Ok(does)
}
