//! A zone like another one, on loopback, for the time of a rehearsal.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use time::OffsetDateTime;

use super::load::Load;
use super::measurement::Measurement;
use super::programs::Programs;
use super::supervision::Supervision;
use crate::development::prepare;
use etcd::binary_failure;
use etcd::{BinaryRequest, EtcdBinary};
use host::free_ports;
use launch::remember_verified;
use model::config::{
    Address, EtcdSettings, Node, NodeName, PkiSettings, Port, Protection, ZoneConfig, ZoneName,
};
use model::error::{Exit, Failure, Result};
use operations::event::Watch;
use store::zone_directory::{CaPassphrase, ZoneDirectory, create_file};

/// The zone's name. `.internal` is reserved for private use, so it resolves nowhere.
const ZONE_NAME: &str = "rehearsal.internal";
/// How long the load is on before anything is done, and once more after it: what the machine itself costs,
/// and what comes late.
const CALM: Duration = Duration::from_secs(1);

/// Makes a zone with as many members, the same kind of keys and the same etcd, does something to it under
/// load, and measures what that costs. Nothing of it is left, however it ends: at Ctrl-C too.
pub fn rehearse(
    like: &ZoneConfig,
    programs: &Programs,
    operate: impl FnOnce(&ZoneDirectory, &mut dyn Watch) -> Result<()>,
) -> Result<Measurement> {
    let (like, with) = (like.clone(), programs.clone());
    let supervision = Supervision::start(programs, move |home| make(home, &like, &with))?;
    let zone = ZoneDirectory::open(supervision.home(), CaPassphrase::new(None, None)?);
    let outcome = zone.and_then(|zone| under_load(&zone, operate));
    supervision.end(outcome)
}

fn under_load(
    zone: &ZoneDirectory,
    operate: impl FnOnce(&ZoneDirectory, &mut dyn Watch) -> Result<()>,
) -> Result<Measurement> {
    let load = Load::start(zone)?;
    sleep(CALM);
    operate(zone, &mut load.watch())?;
    sleep(CALM);
    load.finish()
}

fn make(home: &Path, like: &ZoneConfig, programs: &Programs) -> Result<ZoneDirectory> {
    let config = describe(like)?;
    let (_, verified) = EtcdBinary::find(
        &BinaryRequest {
            given: programs.etcd.clone(),
            version: config.etcd.version,
            ..BinaryRequest::default()
        },
        None,
    )
    .map_err(binary_failure)?;
    create_file(&home.join("zone.toml"), &config.render())?;
    let zone = prepare(home, &programs.options(), OffsetDateTime::now_utc())?;
    // Each member would take the same digest again.
    for node in zone.config.members() {
        remember_verified(&zone.paths.node(&node.name), &verified)?;
    }
    Ok(zone)
}

/// The description: what decides how long an operation takes is the same, and the rest is not there.
fn describe(like: &ZoneConfig) -> Result<ZoneConfig> {
    let name = ZoneName::parse(ZONE_NAME).map_err(|fault| Failure::internal(fault.what))?;
    let members: Vec<&Node> = like.members().collect();
    let ports = free_ports(3 * members.len()).map_err(|error| {
        Failure::new(Exit::TryAgain, "cannot find free ports")
            .because(&error)
            .next("stop something that listens on 127.0.0.1")
    })?;
    let nodes = members
        .iter()
        .zip(ports.chunks_exact(3))
        .map(|(node, ports)| here(node.name.short(), &name, [ports[0], ports[1], ports[2]]))
        .collect::<Result<Vec<_>>>()?;
    Ok(ZoneConfig {
        name,
        nodes,
        pki: PkiSettings { key: like.pki.key, ..PkiSettings::default() },
        // The zone's own flags may name files and addresses of its nodes.
        etcd: EtcdSettings {
            version: like.etcd.version,
            heartbeat: like.etcd.heartbeat,
            election: like.etcd.election,
            tls_minimum: like.etcd.tls_minimum,
            ..EtcdSettings::default()
        },
        tls: Protection::Issued,
        access: None,
    })
}

fn here(short_name: &str, zone: &ZoneName, ports: [u16; 3]) -> Result<Node> {
    let name = NodeName::parse(short_name, zone).map_err(|fault| Failure::internal(fault.what))?;
    let [client, peer, metrics] =
        ports.map(|port| Port::from_number(port.into()).map_err(|fault| Failure::internal(fault.what)));
    let address = Address::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(Node { metrics_port: Some(metrics?), ..Node::new(name, Some(address), peer?, client?) })
}
