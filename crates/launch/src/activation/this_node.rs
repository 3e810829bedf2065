//! Whether a bundle is for this node. With another node's identity, two machines would be one member.

use nix::unistd::gethostname;

use model::config::{Address, Node, ZoneConfig};
use model::error::{Failure, Result};
use store::bundle::Manifest;
use store::requests::NodeKeys;

/// What says which node this is, the surest first.
#[derive(Debug)]
pub(super) enum Evidence {
    Active(String),
    Given,
    /// The requests for certificates that were made here.
    Requests(String),
    /// Nothing but the machine itself.
    Machine,
}

impl Evidence {
    pub fn gather(active: Option<&Manifest>, given: Option<&str>, requested: Option<&NodeKeys>) -> Self {
        match (active, given, requested) {
            (Some(manifest), _, _) => Self::Active(manifest.node.clone()),
            (None, Some(_), _) => Self::Given,
            (None, None, Some(requested)) => Self::Requests(requested.node.clone()),
            (None, None, None) => Self::Machine,
        }
    }

    /// Compares with what the manifest says. `given` has to agree as well, whatever else is known.
    pub fn check(&self, manifest: &Manifest, given: Option<&str>, name: &str) -> Result<()> {
        let wrong = |why: String, next: String| {
            Err(Failure::bad_input(format!("{name} is for {}", manifest.node)).because(why).next(next))
        };
        if let Some(given) = given
            && !is_named(&manifest.node, &manifest.zone, given)
        {
            return wrong(
                format!("--node says that this is {given}"),
                format!("use the bundle of {given}, or leave --node away"),
            );
        }
        match self {
            Self::Active(node) if *node != manifest.node => wrong(
                format!("this is {node}: that is active here"),
                format!("use the bundle of {node}; another node has to have another --node-dir"),
            ),
            Self::Requests(node) if *node != manifest.node => wrong(
                format!("this is {node}: its requests for certificates were made here"),
                format!("use the bundle of {node}; another node has to have another --node-dir"),
            ),
            _ => Ok(()),
        }
    }

    /// Compares with the machine, if nothing else is known: its name, and its addresses.
    pub fn check_machine(&self, zone: &ZoneConfig, node: &Node, name: &str) -> Result<()> {
        if !matches!(self, Self::Machine) {
            return Ok(());
        }
        let host = gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let elsewhere = named_after_another(zone, node, &host)
            .map(|other| format!("this machine is called {host}, as {other} is"))
            .or_else(|| at_address_of_another(zone, node));
        let Some(why) = elsewhere else { return Ok(()) };
        Err(Failure::bad_input(format!("{name} is for {}, and this seems to be another machine", node.name))
            .because(why)
            .next(format!(
                "use the bundle of this machine; if it is {} indeed: --node {0}",
                node.name.short()
            )))
    }
}

/// Whether a node's full name is what someone wrote, who may have left the zone away.
fn is_named(full: &str, zone: &str, written: &str) -> bool {
    let short = full.strip_suffix(zone).and_then(|name| name.strip_suffix('.'));
    full.eq_ignore_ascii_case(written) || short.is_some_and(|short| short.eq_ignore_ascii_case(written))
}

fn named_after_another<'z>(zone: &'z ZoneConfig, node: &Node, host: &str) -> Option<&'z str> {
    let found = zone.node(host)?;
    (found.name != node.name).then(|| found.name.full())
}

/// Only addresses tell: a name may not resolve yet. Every host has the addresses of forwards.
fn at_address_of_another(zone: &ZoneConfig, node: &Node) -> Option<String> {
    let tells = |node: &Node| matches!(node.address, Address::Ip(_)) && node.forward_address().is_none();
    let is_here = |node: &Node| tells(node) && matches!(node.address, Address::Ip(ip) if host::is_here(ip));
    if !tells(node) || is_here(node) {
        return None;
    }
    let other = zone.nodes.iter().find(|other| is_here(other))?;
    Some(format!("it has the address {} of {}, and not {}", other.address, other.name, node.address))
}
