//! The development zone before it runs: described, with all of its certificates.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::ShowPath;

use etcd::EtcdVersion;
use host::free_ports;
use model::config::{Template, TemplateNode};
use model::error::{Exit, Failure, Result};
use store::zone_directory::{
    Assessment, CaPassphrase, Holder, Issuer, NewKeys, ZoneDirectory, ZoneLock, all_clients,
    create_directory, create_file, create_missing,
};

/// The zone's name. `.internal` is reserved for private use, so it resolves nowhere.
const ZONE_NAME: &str = "dev.internal";
/// The smallest number of members that survives the loss of one.
const DEFAULT_NODES: u8 = 3;

#[derive(Clone, Debug)]
pub struct DevelopmentOptions {
    /// How many members a new zone has, if not three.
    pub nodes: Option<u8>,
    /// The version of etcd for a new zone, if not the default.
    pub etcd_version: Option<String>,
    /// A binary to run instead of a bundled one.
    pub etcd: Option<PathBuf>,
    /// Show every line of the members.
    pub verbose: bool,
    /// Show none, not even a warning.
    pub quiet: bool,
    /// The program whose `run` becomes the members, instead of this one.
    pub program: Option<PathBuf>,
}

/// Describes the zone in `directory` if nothing is there, and makes all of its certificates.
pub fn prepare(directory: &Path, options: &DevelopmentOptions, now: OffsetDateTime) -> Result<ZoneDirectory> {
    create_directory(directory)?;
    let config = directory.join("zone.toml");
    let exists = config.exists();
    if !exists {
        let text = describe(options)?;
        create_file(&config, &text)?;
    }
    let zone = ZoneDirectory::open(directory, CaPassphrase::new(None, None)?)?;
    if exists {
        refuse_to_change(&zone, options)?;
    }
    if let Some(node) = zone.config.members().find(|node| !node.address.is_loopback()) {
        return Err(Failure::new(
            Exit::Configuration,
            format!("{} is not a zone of this machine alone", directory.shown()),
        )
        .because(format!("{} has the address {}", node.name.short(), node.address))
        .next("dev runs zones on 127.0.0.1; start this one with `zone-etcd run` on its nodes"));
    }
    let held = zone.lock()?;
    create_missing(&zone.paths, &zone.config, &NewKeys::clear(&zone.ca_passphrase), now, &held)?;
    issue_all(&zone, now, &held)?;
    drop(held);
    Ok(zone)
}

/// A zone that is there stays as it is described: another number of members or another etcd is not a matter
/// of an option.
fn refuse_to_change(zone: &ZoneDirectory, options: &DevelopmentOptions) -> Result<()> {
    let members = zone.config.members().count();
    let version = zone.config.etcd.version.unwrap_or(EtcdVersion::DEFAULT).to_string();
    let difference = match (&options.nodes, &options.etcd_version) {
        (Some(nodes), _) if usize::from(*nodes) != members => {
            format!("it has {members} members, not {nodes}")
        }
        (_, Some(asked)) if *asked != version => format!("it runs etcd {version}, not {asked}"),
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, format!("{} has a zone already", zone.paths.root().shown()))
        .because(difference)
        .next("leave the option out, or choose another directory with --dir"))
}

fn describe(options: &DevelopmentOptions) -> Result<String> {
    let count = usize::from(options.nodes.unwrap_or(DEFAULT_NODES));
    let ports = free_ports(3 * count).map_err(|error| {
        Failure::new(Exit::TryAgain, "cannot find free ports")
            .because(&error)
            .next("stop something that listens on 127.0.0.1")
    })?;
    let nodes = ports.chunks_exact(3).enumerate().map(|(index, ports)| TemplateNode {
        name: format!("node{}", index + 1),
        address: Some("127.0.0.1".to_owned()),
        client_port: Some(ports[0]),
        peer_port: Some(ports[1]),
        metrics_port: Some(ports[2]),
        names: Vec::new(),
    });
    // Loopback answers in microseconds; etcd's defaults are made for a data centre.
    let mut etcd =
        vec![("heartbeat".to_owned(), "10ms".to_owned()), ("election".to_owned(), "100ms".to_owned())];
    if let Some(version) = &options.etcd_version {
        etcd.push(("version".to_owned(), version.clone()));
    }
    Ok(Template { zone: ZONE_NAME.to_owned(), nodes: nodes.collect(), pki: Vec::new(), etcd }.render())
}

fn issue_all(zone: &ZoneDirectory, now: OffsetDateTime, held: &ZoneLock) -> Result<()> {
    let authorities = held.authorities(now)?;
    let clients = all_clients(zone)?;
    let holders = zone.config.nodes.iter().map(Holder::Node).chain(clients.iter().map(Holder::Client));
    let assessments = holders
        .map(|holder| Assessment::of(holder, &zone.config, &zone.paths, &authorities, now))
        .collect::<Result<Vec<_>>>()?;
    Issuer::new(zone, &authorities)?.bring_up_to_date(&assessments, now).map(drop)
}
