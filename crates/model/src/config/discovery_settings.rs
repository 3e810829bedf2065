//! `[discovery]` of `boot.toml`: how a node finds the members of its zone where no list is written.

use std::path::PathBuf;
use std::time::Duration;

use super::address::{Address, Port};
use super::discovery_names::{ClusterSize, DiscoveryToken, ServiceSuffix};
use super::document::Table;
use super::names::{DnsName, NameFault};
use super::node::{read_address, read_port};
use super::problem::Problems;
use super::settings::{Fault, duration};

/// How long is waited for the others to register.
const WAIT: Duration = Duration::from_secs(600);

/// How the members are found, and how many they have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoverySettings {
    /// Where they are looked for.
    pub source: DiscoverySource,
    /// How many members the cluster begins with: fewer or more are refused.
    pub size: ClusterSize,
}

/// Where members are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoverySource {
    /// In SRV records.
    Dns(DnsDiscovery),
    /// In a registry of another etcd.
    Registry(RegistryDiscovery),
}

/// SRV records, as `--discovery-srv` of etcd looks them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsDiscovery {
    /// The domain that has them.
    pub domain: DnsName,
    /// What the name of the service ends with.
    pub suffix: Option<ServiceSuffix>,
}

/// A registry, as `--discovery-token` of etcd uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryDiscovery {
    /// The registry.
    pub token: DiscoveryToken,
    /// Client URLs of the etcd that has it; at least one.
    pub endpoints: Vec<String>,
    /// With what that etcd is asked, if not with the certificate of this node; relative to the file.
    pub access: Option<RegistryAccess>,
    /// Where the other members reach this one, if not by its name.
    pub address: Option<Address>,
    /// Its peer port.
    pub peer_port: Port,
    /// Its client port.
    pub client_port: Port,
    /// How long is waited until all have registered.
    pub wait: Duration,
}

/// The files with which the etcd of a registry is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryAccess {
    /// The CA of its certificate.
    pub ca: PathBuf,
    /// The certificate that is shown to it.
    pub cert: PathBuf,
    /// The key of that.
    pub key: PathBuf,
}

pub(super) fn read_discovery(table: Table<'_>, problems: &mut Problems<'_>) -> Option<DiscoverySettings> {
    table.require("size", "write size = 3, the number of members that the cluster begins with", problems);
    let size = table.integer("size", problems).and_then(|at| {
        let size = u32::try_from(at.value).ok().and_then(ClusterSize::new);
        if size.is_none() {
            let what = format!("`size` = {} is no number of members", at.value);
            problems.error(at.span, what, format!("write a number from 1 to {}", ClusterSize::LARGEST));
        }
        size
    });
    let domain = table
        .parse("srv", problems, |text| DnsName::parse("domain", text).map_err(NameFault::into_parts))
        .map(|at| at.value);
    let suffix = table.parse("srv_name", problems, |text| {
        text.parse().map_err(|what| (format!("`srv_name` = \"{text}\" is part of no service"), what))
    });
    let token = table
        .parse("token", problems, |text| {
            DiscoveryToken::parse(text)
                .map_err(|error| (format!("`token` = \"{text}\": {error}"), String::new()))
        })
        .map(|at| at.value);
    let registry = read_registry(&table, problems);
    let (has_domain, has_token) = (table.has("srv"), table.has("token"));
    let span = table.span();
    let wanted = "write srv = \"example.zone\", or token = \"…\" with endpoints = [\"https://…:2379\"]";
    match (has_domain, has_token) {
        (true, true) => problems.error(
            span,
            "[discovery] has `srv` and `token`: members are looked for in one place",
            "leave one of them out",
        ),
        (false, false) => problems.error(span, "[discovery] names no place to look for members", wanted),
        (true, false) => refuse_keys(&table, &REGISTRY_KEYS, "`token`", problems),
        (false, true) => refuse_keys(&table, &["srv_name"], "`srv`", problems),
    }
    if has_token && registry.endpoints.is_empty() {
        let what = "[discovery] has a `token` and no `endpoints`";
        problems.error(table.span(), what, "write endpoints = [\"https://10.0.0.9:2379\"]");
    }
    table.finish(problems);
    let source = match (domain, token) {
        (Some(domain), None) => {
            DiscoverySource::Dns(DnsDiscovery { domain, suffix: suffix.map(|at| at.value) })
        }
        (None, Some(token)) => DiscoverySource::Registry(RegistryDiscovery { token, ..registry }),
        _ => return None,
    };
    Some(DiscoverySettings { source, size: size? })
}

const REGISTRY_KEYS: [&str; 8] =
    ["endpoints", "ca", "cert", "key", "address", "peer_port", "client_port", "wait"];

fn refuse_keys(table: &Table<'_>, keys: &[&'static str], with: &str, problems: &mut Problems<'_>) {
    for key in keys.iter().filter(|key| table.has(key)) {
        let what = format!("`{key}` in [discovery] goes with {with} alone");
        problems.error(table.span(), what, "leave it out");
    }
}

/// All of it but the token, which is put in by the caller.
fn read_registry(table: &Table<'_>, problems: &mut Problems<'_>) -> RegistryDiscovery {
    let mut endpoints = Vec::new();
    for at in table.strings("endpoints", problems) {
        match endpoint(&at.value) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err((what, instead)) => problems.error(at.span, what, instead),
        }
    }
    let path =
        |key, problems: &mut Problems<'_>| table.string(key, problems).map(|at| PathBuf::from(&**at.value));
    let files = [path("ca", problems), path("cert", problems), path("key", problems)];
    let access = match files {
        [Some(ca), Some(cert), Some(key)] => Some(RegistryAccess { ca, cert, key }),
        [None, None, None] => None,
        _ => {
            let what = "[discovery] has only some of `ca`, `cert` and `key`";
            problems.error(
                table.span(),
                what,
                "write all three, or none to use the certificate of this node",
            );
            None
        }
    };
    let wait = table.parse("wait", problems, |text| duration("wait", text, 1000, 86_400_000));
    RegistryDiscovery {
        token: DiscoveryToken::of(0),
        endpoints,
        access,
        address: read_address(table, problems),
        peer_port: read_port(table, "peer_port", problems).unwrap_or(Port::PEER),
        client_port: read_port(table, "client_port", problems).unwrap_or(Port::CLIENT),
        wait: wait.map_or(WAIT, |at| at.value),
    }
}

/// `https://HOST:PORT`.
fn endpoint(text: &str) -> Result<String, Fault> {
    let fault = |what: &str| {
        Err((format!("`{text}` {what}"), "write a client URL such as \"https://10.0.0.9:2379\"".to_owned()))
    };
    let Some(place) = text.strip_prefix("https://") else { return fault("is no https URL") };
    let Some((host, port)) = place.trim_end_matches('/').rsplit_once(':') else {
        return fault("has no port");
    };
    let has_port = port.parse::<i64>().is_ok_and(|port| Port::from_number(port).is_ok());
    match has_port && Address::parse(host).is_ok() {
        true => Ok(format!("https://{host}:{port}")),
        false => fault("is no client URL"),
    }
}
